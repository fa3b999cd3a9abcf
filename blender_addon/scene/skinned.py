# SPDX-License-Identifier: GPL-3.0-or-later
"""Skinned meshes, made in slices and aside: in no scene until all of one is there, so that Blender draws it once."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import bpy
import numpy as np

from ..character.body_mesh import BodyMesh
from ..character.garments import Garment
from ..errors import GalateaError
from .holding import held

_AT_ONCE = 4000  # vertices whose weights are set in one slice, some hundredths of a second


@contextmanager
def aside() -> Iterator[list[Any]]:
    """A list for functions that return objects which are in no scene yet. What is in none at the end goes."""
    made: list[Any] = []
    try:
        yield made
    finally:
        for each in made:
            with suppress(GalateaError):
                if not each().users_collection:
                    remove(each())


def remove(ob: bpy.types.Object) -> None:
    """Remove an object, with its data where nothing else has them."""
    data = ob.data
    bpy.data.objects.remove(ob)
    if data.users == 0:
        bpy.data.batch_remove([data])


def skinned_in_slices(name: str, skin: BodyMesh | Garment, made: list[Any]) -> Generator[float, None, Any]:
    """A mesh with UVs and a vertex group for each joint; yields the share that is done, returns a function that returns
    the object. It is put into `made` at once; see `aside`."""
    mesh = _mesh(name, skin)
    again = held(bpy.data.objects.new(name, mesh))
    made.append(again)
    for joint in skin.joints:
        again().vertex_groups.new(name=joint)
    yield 0.2
    for first in range(0, len(skin.vertices), _AT_ONCE):
        some, groups = slice(first, first + _AT_ONCE), list(again().vertex_groups)
        rows = zip(skin.joint_indices[some].tolist(), skin.weights[some].tolist(), strict=True)
        for vertex, (joints, weights) in enumerate(rows, first):
            for joint, weight in zip(joints, weights, strict=True):
                if weight > 0.0:
                    groups[joint].add((vertex,), weight, "REPLACE")
        yield min(0.2 + 0.8 * (first + _AT_ONCE) / len(skin.vertices), 1.0)
    return again


def _mesh(name: str, skin: BodyMesh | Garment) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(skin.vertices))
    mesh.vertices.foreach_set("co", np.asarray(skin.vertices, np.float32).ravel())
    mesh.loops.add(skin.faces.size)
    mesh.loops.foreach_set("vertex_index", np.asarray(skin.faces, np.int32).ravel())
    mesh.polygons.add(len(skin.faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, skin.faces.size, 4, np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(skin.faces), bool))
    mesh.update(calc_edges=True)
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.asarray(skin.uvs, np.float32).ravel())
    return mesh


def wear(armature: bpy.types.Object, ob: bpy.types.Object) -> None:
    """Put a skinned mesh under an armature that deforms it, into its collections."""
    ob.modifiers.new("Armature", "ARMATURE").object = armature
    ob.parent = armature
    for collection in armature.users_collection:
        collection.objects.link(ob)
