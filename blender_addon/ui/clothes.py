# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the Character panel about clothes, and other clothes for a character who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..character.requests import GARMENTS
from . import character, running, shown
from .character_parts import Changes
from .drawing import Sidebar

if TYPE_CHECKING:
    from .. import api


class ChangeClothes(Changes, bpy.types.Operator):
    """Give the selected character the clothes that the panel is set to, in place of those that it wears; all else
    stays"""

    bl_idname = "galatea.change_clothes"
    bl_label = "Change Clothes"
    bl_options = {"REGISTER", "UNDO"}

    def slices(self, subject: bpy.types.Object, request: api.CharacterRequest) -> running.Slices:
        from .. import api

        return api.clothes_in_slices(subject, request)

    def told(self, result: api.ClothesResult) -> str:
        for worn in result.clothes:
            if worn.material is not None:
                made = shown.Made(worn.material.seconds, worn.material.notes)
                shown.now.dressed = dict.fromkeys(worn.material.materials, made)
        names = ", ".join(worn.garment for worn in result.clothes) or "no clothes"
        return "; ".join((f"{result.armature}: {names} in {result.seconds:.1f} s", *result.notes))


class ClothesPanel(Sidebar, bpy.types.Panel):
    """What is worn, and what each garment is made of."""

    bl_idname = "GALATEA_PT_character_clothes"
    bl_label = "Clothes"
    bl_parent_id = "GALATEA_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings, layout = context.scene.galatea_character, self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.enabled = shown.now.progress is None
        for name in GARMENTS:
            row = column.row(heading=name.title(), heading_ctxt="*")
            row.prop(settings, f"{name}_worn", text="")
            made_of = row.row()
            made_of.active = getattr(settings, f"{name}_worn")
            made_of.prop(settings, f"{name}_material_choice", text="")
        character.draw_seed(column, "clothes_seed")
        running.draw_button(layout, ChangeClothes, "MOD_CLOTH")


CLASSES = (ChangeClothes, ClothesPanel)
