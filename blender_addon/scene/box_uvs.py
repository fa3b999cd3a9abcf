# SPDX-License-Identifier: GPL-3.0-or-later
"""A UV map for meshes that have none, cut from six sides: what files of other programs need to carry a texture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import bpy
import numpy as np

BOX_UVS = "Galatea Box"
_FINGERPRINT = "galatea_box_uvs"  # on the mesh: tells the map as it was made from one that somebody unwrapped
_MOST = 8  # UV maps that Blender lets a mesh have
# The side that a face looks to, +X -X +Y -Y +Z -Z -> the axes that u and v go along there, and which way u goes: as
# Blender's image node lays a box (intern/cycles/kernel/svm/image.h), so that the two agree.
_AXES = np.array([[1, 2], [1, 2], [0, 2], [0, 2], [1, 0], [1, 0]])
_ALONG_U = np.array([1.0, -1.0, -1.0, 1.0, -1.0, 1.0])


def box_uvs(ob: bpy.types.Object, coordinates: str, metres: tuple[float, float, float]) -> np.ndarray:
    """UVs of a mesh object from six sides, (loops, 2) float32.

    coordinates: "Object" or "Generated", as of a Texture Coordinate node. metres: how far one unit of each of their
    axes goes in the world; one unit of u goes as far as one of x, and one of v as far as one of y.
    """
    mesh = ob.data
    points, normals = _read(mesh.vertices, "co", 3), _read(mesh.polygons, "normal", 3)
    if coordinates == "Generated":
        half = np.array(mesh.texspace_size)
        points = 0.5 + 0.5 * (points - np.array(mesh.texspace_location)) / np.where(half > 0.0, half, 1.0)
    points = points * np.array(metres)
    faces = np.repeat(np.arange(len(normals)), _read(mesh.polygons, "loop_total", 1, np.int32)[:, 0])
    largest = np.abs(normals).argmax(axis=1)
    side = (2 * largest + (normals[np.arange(len(normals)), largest] < 0.0))[faces]
    corners = points[_read(mesh.loops, "vertex_index", 1, np.int32)[:, 0]]
    uvs = np.take_along_axis(corners, _AXES[side], axis=1)
    uvs[:, 0] *= _ALONG_U[side]
    return (uvs / np.maximum(metres[:2], 1e-9)).astype(np.float32)


def _read(collection: bpy.types.bpy_prop_collection, name: str, width: int, kind: type = np.float32) -> np.ndarray:
    values = np.empty(width * len(collection), kind)
    collection.foreach_get(name, values)
    return values.reshape(-1, width)


def can_be_given(mesh: bpy.types.Mesh) -> bool:
    """Whether a mesh can take a UV map now: it is this file's, nobody edits it, and Blender has room for one more."""
    return mesh.is_editable and not mesh.is_editmode and len(mesh.uv_layers) < _MOST


def is_as_made(mesh: bpy.types.Mesh, layer: bpy.types.MeshUVLoopLayer) -> bool:
    """Whether Galatea made a UV map and nobody unwrapped the mesh into it since."""
    return layer.name.startswith(BOX_UVS) and mesh.get(_FINGERPRINT, "") == _fingerprint(_read(layer.data, "uv", 2))


def put_box_uvs(mesh: bpy.types.Mesh, uvs: np.ndarray) -> Callable[[], None]:
    """Give a mesh these UVs, in place of those that were made before; it is the map that is rendered and exported.
    Returns what takes it back."""
    active, rendered = mesh.uv_layers.active_index, [layer.active_render for layer in mesh.uv_layers]
    layer = next((layer for layer in mesh.uv_layers if is_as_made(mesh, layer)), None)
    before, told = None if layer is None else _read(layer.data, "uv", 2), mesh.get(_FINGERPRINT)
    name = (layer or mesh.uv_layers.new(name=BOX_UVS, do_init=False)).name
    layer = mesh.uv_layers[name]
    layer.data.foreach_set("uv", uvs.ravel())
    layer.active_render = True
    mesh.uv_layers.active = layer
    mesh[_FINGERPRINT] = _fingerprint(uvs)

    def undo() -> None:
        if before is None:
            mesh.uv_layers.remove(mesh.uv_layers[name])
        else:
            mesh.uv_layers[name].data.foreach_set("uv", before.ravel())
        if told is None:
            del mesh[_FINGERPRINT]
        else:
            mesh[_FINGERPRINT] = told
        for layer, was in zip(mesh.uv_layers, rendered):
            layer.active_render = was
        mesh.uv_layers.active_index = active

    return undo


def _fingerprint(uvs: np.ndarray) -> str:
    return hashlib.sha1(uvs.tobytes()).hexdigest()
