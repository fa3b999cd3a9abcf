# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials of eyes and brows: plain ones that all characters share, so that a textured skin does not cover them."""

from __future__ import annotations

import bpy

from ..character.modelling import PARTS
from .materials import sign

EYE_MATERIALS = tuple(f"Galatea {part.title()}" for part in PARTS)
_COLOURS = ((0.62, 0.58, 0.54, 1.0), (0.105, 0.062, 0.034, 1.0), (0.006, 0.006, 0.006, 1.0), (0.035, 0.021, 0.013, 1.0))
_ROUGH = (0.12, 0.12, 0.12, 0.75)  # eyes are wet


def eye_materials() -> list[bpy.types.Material]:
    """The materials of `modelling.PARTS`, in that order; what is missing is made, what was changed by hand is kept."""
    return [bpy.data.materials.get(name) or plain_material(name, colour, rough)
            for name, colour, rough in zip(EYE_MATERIALS, _COLOURS, _ROUGH, strict=True)]


def plain_material(name: str, colour: tuple[float, float, float, float], rough: float) -> bpy.types.Material:
    """A new material of one linear colour."""
    material = bpy.data.materials.new(name)
    material.diffuse_color = colour
    material.roughness = rough
    if not material.node_tree:
        material.use_nodes = True  # before 5.0 materials start without
    shader = next((node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    if shader is not None:
        shader.inputs["Base Color"].default_value = colour
        shader.inputs["Roughness"].default_value = rough
    sign(material)
    return material
