# SPDX-License-Identifier: GPL-3.0-or-later
"""The UV map of a body: laid anew with every other body, but for one that somebody's work hangs on."""

from __future__ import annotations

import hashlib

import bpy
import numpy as np

from .materials import is_as_made

NAME = "UVMap"
_LAYOUT = "galatea_layout"  # custom property of a body's mesh: its UV map as it was made


def put_layout(mesh: bpy.types.Mesh, uvs: np.ndarray) -> None:
    """Give a body's mesh the UV map (F, 4, 2) of its shape."""
    mesh.uv_layers[NAME].data.foreach_set("uv", np.asarray(uvs, np.float32).ravel())
    mesh[_LAYOUT] = _fingerprint(mesh)


def layout(mesh: bpy.types.Mesh) -> np.ndarray:
    """(F, 4, 2) the UV map that a body has."""
    uvs = np.empty(2 * len(mesh.loops), np.float32)
    mesh.uv_layers[NAME].data.foreach_get("uv", uvs)
    return uvs.reshape(-1, 4, 2)


def hangs_on_layout(body: bpy.types.Object) -> str:
    """What would be spoilt if a body's UV map became another, in words: a picture, hair, other UVs; "" for nothing."""
    mesh = body.data
    if NAME not in mesh.uv_layers or _fingerprint(mesh) != mesh.get(_LAYOUT):
        return "it is not the one that this Galatea makes"
    for slot in body.material_slots:
        if slot.material is not None and not is_as_made(slot.material) and _may_show_pictures(slot.material):
            return f"{slot.material.name} shows a picture on it"
    rooted = (ob for ob in bpy.data.objects if ob.type == "CURVES" and ob.data.surface == body)
    return next((f"{ob.name} is rooted in it" for ob in rooted), "")


def _may_show_pictures(material: bpy.types.Material) -> bool:
    return material.node_tree is not None and any(node.type in ("TEX_IMAGE", "GROUP") for node in
                                                  material.node_tree.nodes)


def _fingerprint(mesh: bpy.types.Mesh) -> str:
    return hashlib.sha1(layout(mesh).tobytes()).hexdigest()
