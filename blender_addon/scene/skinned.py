# SPDX-License-Identifier: GPL-3.0-or-later
"""Skinned meshes: bodies and what they wear, put under their armature. Quick, because a window waits for it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import bmesh
import bpy
import numpy as np

from ..character.body_mesh import BodyMesh
from ..character.garments import Garment
from ..errors import GalateaError
from .holding import held


@contextmanager
def spare_meshes() -> Iterator[list[Any]]:
    """A list for meshes that no object has yet, as functions that return them; what none has at the end is gone."""
    made: list[Any] = []
    try:
        yield made
    finally:
        for each in made:
            with suppress(GalateaError):
                if each().users == 0:
                    bpy.data.meshes.remove(each())


def meshes_in_slices(skins: Sequence[BodyMesh | Garment], made: list[Any]) -> Generator[float, None, None]:
    """Make a mesh of each skin for skinned(), into a list of spare_meshes(): yields the share that is done."""
    for n, skin in enumerate(skins):
        made.append(held(_mesh_of(skin)))
        yield (n + 1) / len(skins)


def skinned(armature: bpy.types.Object, name: str, skin: BodyMesh | Garment,
            mesh: bpy.types.Mesh | None = None) -> bpy.types.Object:
    """Add a skin's mesh, which may be there already, under the armature that deforms it, in its collections."""
    mesh = mesh or _mesh_of(skin)
    mesh.name = name
    ob = bpy.data.objects.new(name, mesh)
    for joint in skin.joints:
        ob.vertex_groups.new(name=joint)
    ob.modifiers.new("Armature", "ARMATURE").object = armature
    ob.parent = armature
    for collection in armature.users_collection:
        collection.objects.link(ob)
    return ob


def _mesh_of(skin: BodyMesh | Garment) -> bpy.types.Mesh:
    """Faces, UVs and weights."""
    mesh = bpy.data.meshes.new("Galatea")
    mesh.vertices.add(len(skin.vertices))
    mesh.vertices.foreach_set("co", np.asarray(skin.vertices, np.float32).ravel())
    mesh.loops.add(skin.faces.size)
    mesh.loops.foreach_set("vertex_index", np.asarray(skin.faces, np.int32).ravel())
    mesh.polygons.add(len(skin.faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, skin.faces.size, 4, np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(skin.faces), bool))
    mesh.update(calc_edges=True)
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.asarray(skin.uvs, np.float32).ravel())
    _weigh(mesh, skin)
    return mesh


def _weigh(mesh: bpy.types.Mesh, skin: BodyMesh | Garment) -> None:
    """Give vertices the weights of their joints, by number: three times as fast as vertex groups take them."""
    fine = bmesh.new()
    fine.from_mesh(mesh)
    layer = fine.verts.layers.deform.verify()
    for vertex, joints, weights in zip(fine.verts, skin.joint_indices.tolist(), skin.weights.tolist(), strict=True):
        own = vertex[layer]
        for joint, weight in zip(joints, weights, strict=True):
            if weight > 0.0:
                own[joint] = weight
    fine.to_mesh(mesh)
    fine.free()
