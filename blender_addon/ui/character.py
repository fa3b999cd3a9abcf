# SPDX-License-Identifier: GPL-3.0-or-later
"""The Character panel: who is wanted, what they wear and do, and another body for one who is there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import bpy

from . import device, running, shown, watching
from .drawing import Sidebar, row_of, wrapped

if TYPE_CHECKING:
    from .. import api

_SEEDS = ("seed", "material_seed", "clothes_seed", "motion_seed")
_NO_PACK = "There is no body pack; install Galatea again, or see Packs & Device"
# of a person's measurements, what is shown
_SHOWN = (("Chest", "chestcircumference"), ("Waist", "waistcircumference"), ("Hip", "buttockcircumference"),
          ("Inseam", "crotchheight"))


def _why_none(context: bpy.types.Context) -> str:
    """Why no body can be made now; "" when one can."""
    if shown.now.progress is not None:
        return "Something is being made; Esc cancels it"
    if shown.now.catalogue is not None and shown.now.catalogue.bodies() is None:
        return _NO_PACK
    return "" if context.mode == "OBJECT" else "Switch to Object Mode first"


def why_not_changed(context: bpy.types.Context) -> str:
    """Why the character in hand cannot be changed now; "" when it can."""
    if _in_hand(context) is None:
        return watching.only_shown(context.active_object) or "Select a character that Galatea made"
    return _why_none(context)


class CreateCharacter(running.Sliced, bpy.types.Operator):
    """Make a person who does not exist, at the 3D cursor: a skinned body on a rig, as the Galatea tab is set"""

    bl_idname = "galatea.create_character"
    bl_label = "Create Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        there = context.collection.is_editable and context.view_layer.active_layer_collection.is_visible
        return _why_none(context) or ("" if there else
                                      "The collection in hand is linked from another file, hidden or excluded")

    def request(self, context: bpy.types.Context) -> api.CharacterRequest:
        return context.scene.galatea_character.request()

    def subject(self, context: bpy.types.Context) -> Any:
        return None

    def slices(self, subject: Any, request: api.CharacterRequest) -> running.Slices:
        from .. import api

        return api.character_in_slices(request)

    def told(self, result: api.CharacterResult) -> str:
        return _remember(result)


class ChangeBody(running.Sliced, bpy.types.Operator):
    """Give the selected character the body that the panel is set to; material, clothes and what it does stay"""

    bl_idname = "galatea.change_body"
    bl_label = "Change Body"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_not_changed(context)

    def request(self, context: bpy.types.Context) -> api.CharacterRequest:
        return context.scene.galatea_character.request()

    def slices(self, subject: Any, request: api.CharacterRequest) -> running.Slices:
        from .. import api

        return api.body_in_slices(subject, request)

    def told(self, result: api.CharacterResult) -> str:
        return _remember(result)


def _remember(result: api.CharacterResult) -> str:
    device.ran(result.motion or result)
    if result.motion is not None:
        shown.now.made = dict.fromkeys(result.motion.actions, shown.Made(result.motion.seconds, result.motion.notes))
    if result.material is not None:
        made = shown.Made(result.material.seconds, result.material.notes)
        shown.now.dressed = dict.fromkeys(result.material.materials, made)
    about = result.measurements
    high = bpy.data.objects[result.armature]["galatea_character"].get("stands", about["stature"])
    return f"{result.armature}: {high:.2f} m, {about['weightkg']:.0f} kg in {result.seconds:.1f} s"


def _in_hand(context: bpy.types.Context) -> bpy.types.Object | None:
    """The armature of the character that is active, or whose body, clothes or control rig are."""
    from ..scene.metarigs import follower_of

    rig = watching.rig_in_hand(context)
    if rig is not None and "galatea_character" not in rig:
        rig = follower_of(rig)
    return rig if rig is not None and "galatea_character" in rig else None


class RollCharacterSeed(bpy.types.Operator):
    """Choose another seed by chance"""

    bl_idname = "galatea.roll_character_seed"
    bl_label = "Roll Seed"
    bl_options = {"REGISTER", "UNDO"}

    which: bpy.props.EnumProperty(name="Seed", items=[(name, name, "") for name in _SEEDS],
                                  description="Whose seed: the person's, their material's, clothes' or motion's")

    def execute(self, context: bpy.types.Context) -> set[str]:
        setattr(context.scene.galatea_character, self.which, random.randrange(100_000))
        return {"FINISHED"}


class CharacterPanel(Sidebar, bpy.types.Panel):
    """Who, and the buttons; style, clothes, material and action fold out below."""

    bl_idname = "GALATEA_PT_character"
    bl_label = "Character"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        watching.ask(context)
        settings, layout = context.scene.galatea_character, self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        if shown.now.catalogue is not None and shown.now.catalogue.bodies() is None:
            wrapped(layout, context, _NO_PACK, "ERROR")
            return
        column = layout.column()
        column.enabled = shown.now.progress is None
        draw_seed(column, "seed")
        for name, heading in (("sex", "Sex"), ("stature", "Stature"), ("weight", "Weight"), ("age", "Age")):
            row = column.row(heading=heading, heading_ctxt="*")
            row.prop(settings, f"{name}_given", text="")
            value = row.row()
            value.active = getattr(settings, f"{name}_given")
            value.prop(settings, name, text="")
        column.prop(settings, "variety")
        running.draw_button(layout, CreateCharacter, "OUTLINER_OB_ARMATURE", scale=1.5)
        running.draw_button(layout, ChangeBody, "FILE_REFRESH")


def draw_seed(column: bpy.types.UILayout, which: str) -> None:
    """A seed and the button that rolls it."""
    row = column.row(align=True)
    row.prop(bpy.context.scene.galatea_character, which)
    row.operator(RollCharacterSeed.bl_idname, text="", icon="FILE_REFRESH").which = which


class MeasurementsPanel(Sidebar, bpy.types.Panel):
    """Who the active character is; read from its armature."""

    bl_idname = "GALATEA_PT_character_measurements"
    bl_label = "Measurements"
    bl_parent_id = "GALATEA_PT_character"
    bl_order = 3
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _in_hand(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        rig = _in_hand(context)
        about = rig["galatea_character"]
        measured, column = about["measurements"], self.layout.column(align=True)
        row_of(column, "Character", rig.name)
        row_of(column, "Seed", str(about["seed"]))
        row_of(column, "Stature", f"{measured['stature']:.2f} m")
        row_of(column, "Weight", f"{measured['weightkg']:.0f} kg")
        for name, of in _SHOWN:
            row_of(column, name, f"{100.0 * measured[of]:.0f} cm")
        if "shape" in about:
            row_of(column, "Stands", f"{about['stands']:.2f} m")
            for name, amount in about["shape"].items():
                row_of(column, name.title(), f"{amount:g}")
        row_of(column, "Pack", f"{about['pack']} {about['pack_version']}")
        row_of(column, "Licence", str(about["licence"]))


CLASSES = (CreateCharacter, ChangeBody, RollCharacterSeed, CharacterPanel, MeasurementsPanel)
