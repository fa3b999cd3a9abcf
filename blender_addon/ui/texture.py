# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply Texture, and the dice for its seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import bpy

from . import device, running, shown

if TYPE_CHECKING:
    from .. import api


def why_no_texture(context: bpy.types.Context) -> str:
    """Why no texture can be made now; "" when one can."""
    if shown.now.progress is not None:
        return "Something is being made; Esc cancels it"
    if shown.now.catalogue is not None and shown.now.catalogue.textures() is None:
        return "There is no texture pack; install Galatea again, or see Packs & Device"
    return ""


def meshes_in_hand(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected meshes, or the active one when there are none."""
    chosen = [ob for ob in context.selected_objects if ob.type == "MESH"]
    active = context.active_object
    return chosen or ([active] if active is not None and active.type == "MESH" else [])


class ApplyTexture(running.Sliced, bpy.types.Operator):
    """Make a texture with the settings of the Galatea tab and put it on the selected meshes as a material"""

    bl_idname = "galatea.apply_texture"
    bl_label = "Apply Texture"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        why = why_no_texture(context)
        if why:
            return why
        if context.mode != "OBJECT":
            return "Switch to Object Mode first"
        return "" if meshes_in_hand(context) else "Select the meshes that the texture is for"

    def request(self, context: bpy.types.Context) -> api.TextureRequest:
        from .. import api

        settings = context.scene.galatea_texture
        return settings.request(api.count_slots(meshes_in_hand(context), "all") if settings.slots == "each" else 1)

    def subject(self, context: bpy.types.Context) -> Any:
        return meshes_in_hand(context), context.scene.galatea_texture.options()

    def slices(self, subject: Any, request: api.TextureRequest) -> running.Slices:
        from .. import api

        return api.material_in_slices(subject[0], request, subject[1])

    def told(self, result: api.MaterialResult) -> str:
        device.ran(result.texture)
        shown.now.dressed = dict.fromkeys(result.materials, shown.Made(result.seconds, result.notes))
        others = f" and {len(result.materials) - 1} more" if len(result.materials) > 1 else ""
        where = result.objects[0] if len(result.objects) == 1 else f"{len(result.objects)} objects"
        return f"{result.materials[0]}{others} on {where} in {result.seconds:.1f} s"


class RollTextureSeed(bpy.types.Operator):
    """Choose another seed by chance, for another texture"""

    bl_idname = "galatea.roll_texture_seed"
    bl_label = "Roll Seed"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.galatea_texture.seed = random.randrange(100_000)
        return {"FINISHED"}


class ResetDirections(bpy.types.Operator):
    """Set all directions back to nothing"""

    bl_idname = "galatea.reset_directions"
    bl_label = "Reset Directions"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.galatea_texture.directions = ""
        return {"FINISHED"}


CLASSES = (ApplyTexture, RollTextureSeed, ResetDirections)
