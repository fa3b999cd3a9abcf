# SPDX-License-Identifier: GPL-3.0-or-later
"""What folds out below the Character panel: style, the body's material, the action; each can be changed alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..character.requests import SHAPES
from . import character, device, running, shown
from .drawing import Sidebar

if TYPE_CHECKING:
    from .. import api


class Changes(running.Sliced):
    """An operator for the selected character."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return character.why_not_changed(context)

    def request(self, context: bpy.types.Context) -> api.CharacterRequest:
        return context.scene.galatea_character.request()


class ChangeMaterial(Changes, bpy.types.Operator):
    """Make the body of the selected character of the material that the panel is set to, which may be plain clay"""

    bl_idname = "galatea.change_material"
    bl_label = "Change Material"
    bl_options = {"REGISTER", "UNDO"}

    def slices(self, subject: bpy.types.Object, request: api.CharacterRequest) -> running.Slices:
        from .. import api

        return api.skin_in_slices(subject, request)

    def told(self, result: api.MaterialResult | api.PlainResult) -> str:
        from .. import api

        if isinstance(result, api.PlainResult):
            return _plain(result)
        device.ran(result.texture)
        shown.now.dressed = dict.fromkeys(result.materials, shown.Made(result.seconds, result.notes))
        return f"{result.materials[0]} on {result.objects[0]} in {result.seconds:.1f} s"


class ChangeMotion(Changes, bpy.types.Operator):
    """Let the selected character do what the panel is set to, or stand at rest; all else stays"""

    bl_idname = "galatea.change_motion"
    bl_label = "Change Motion"
    bl_options = {"REGISTER", "UNDO"}

    def slices(self, subject: bpy.types.Object, request: api.CharacterRequest) -> running.Slices:
        from .. import api

        return api.doing_in_slices(subject, request)

    def told(self, result: api.MotionResult | api.PlainResult) -> str:
        from .. import api

        if isinstance(result, api.PlainResult):
            return _plain(result)
        device.ran(result)
        shown.now.made = dict.fromkeys(result.actions, shown.Made(result.seconds, result.notes))
        return f"{', '.join(result.actions)}: {result.frames} frames in {result.seconds:.1f} s"


def _plain(result: api.PlainResult) -> str:
    return "; ".join((f"{result.object} is {result.now}", *result.notes))


class ResetStyle(bpy.types.Operator):
    """Set all sliders of style back to the person as drawn"""

    bl_idname = "galatea.reset_style"
    bl_label = "Reset Style"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        for name in SHAPES:
            context.scene.galatea_character.property_unset(f"shape_{name}")
        return {"FINISHED"}


class _Part(Sidebar):
    """A part of the Character panel."""

    bl_parent_id = "GALATEA_PT_character"

    def column(self) -> bpy.types.UILayout:
        """Where its settings go."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        column = self.layout.column()
        column.enabled = shown.now.progress is None
        return column


class CharacterStylePanel(_Part, bpy.types.Panel):
    """Sliders that no measured person answers for; Create Character and Change Body take them."""

    bl_idname = "GALATEA_PT_character_style"
    bl_label = "Style (beyond the data)"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        column = self.column()
        for name in SHAPES:
            column.prop(context.scene.galatea_character, f"shape_{name}")
        column.operator(ResetStyle.bl_idname, icon="LOOP_BACK")


class CharacterMaterialPanel(_Part, bpy.types.Panel):
    """What the body is made of."""

    bl_idname = "GALATEA_PT_character_material"
    bl_label = "Material"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        column, settings = self.column(), context.scene.galatea_character
        column.prop(settings, "material_choice")
        if settings.material:
            character.draw_seed(column, "material_seed")
        running.draw_button(self.layout, ChangeMaterial, "MATERIAL")


class CharacterActionPanel(_Part, bpy.types.Panel):
    """What is done."""

    bl_idname = "GALATEA_PT_character_action"
    bl_label = "Action"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        column, settings = self.column(), context.scene.galatea_character
        column.prop(settings, "action_choice")
        if settings.action:
            column.prop(settings, "seconds")
            character.draw_seed(column, "motion_seed")
        running.draw_button(self.layout, ChangeMotion, "ACTION")


CLASSES = (ChangeMaterial, ChangeMotion, ResetStyle, CharacterStylePanel, CharacterMaterialPanel, CharacterActionPanel)
