# SPDX-License-Identifier: GPL-3.0-or-later
"""Skinned meshes. They are made in slices, used by no object until all of them are there: Blender draws them once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress

import bmesh
import bpy
import numpy as np

from ..character.body_mesh import BodyMesh
from ..character.garments import Garment
from ..errors import GalateaError
from .holding import held

Made = list[Callable[[], bpy.types.Mesh]]


@contextmanager
def aside() -> Iterator[Made]:
    """A list for meshes, as functions that return them, which no object has yet. What none has at the end goes."""
    made: Made = []
    try:
        yield made
    finally:
        for each in made:
            with suppress(GalateaError):
                if each().users == 0:
                    bpy.data.meshes.remove(each())


def mesh_in_slices(name: str, skin: BodyMesh | Garment, made: Made
                   ) -> Generator[float, None, Callable[[], bpy.types.Mesh]]:
    """A mesh with UVs and weights, which `skinned` gives names; yields the share that is done, returns a function that
    returns it. It is put into `made` at once; see `aside`."""
    mesh = bpy.data.meshes.new(name)
    again = held(mesh)
    made.append(again)
    mesh.vertices.add(len(skin.vertices))
    mesh.vertices.foreach_set("co", np.asarray(skin.vertices, np.float32).ravel())
    mesh.loops.add(skin.faces.size)
    mesh.loops.foreach_set("vertex_index", np.asarray(skin.faces, np.int32).ravel())
    mesh.polygons.add(len(skin.faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, skin.faces.size, 4, np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(skin.faces), bool))
    mesh.update(calc_edges=True)
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.asarray(skin.uvs, np.float32).ravel())
    yield 0.4
    _weigh(again(), skin)
    yield 1.0
    return again


def _weigh(mesh: bpy.types.Mesh, skin: BodyMesh | Garment) -> None:
    """Give vertices the weights of their joints, by number. Vertex groups, which have the names, are an object's."""
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


def skinned(armature: bpy.types.Object, mesh: bpy.types.Mesh, name: str, joints: Sequence[str]) -> bpy.types.Object:
    """An object with such a mesh under the armature that deforms it, in its collections. joints: of its weights."""
    mesh.name = name
    ob = bpy.data.objects.new(name, mesh)
    for joint in joints:
        ob.vertex_groups.new(name=joint)
    ob.modifiers.new("Armature", "ARMATURE").object = armature
    ob.parent = armature
    for collection in armature.users_collection:
        collection.objects.link(ob)
    return ob
