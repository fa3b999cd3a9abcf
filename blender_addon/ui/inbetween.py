# SPDX-License-Identifier: GPL-3.0-or-later
"""The In-Between panel: fill between the keys that an artist set, take that back, complete a pose."""

from typing import TYPE_CHECKING

import bpy
from bpy.app.translations import pgettext_iface

from ..motion.requests import MAX_FRAME, MAX_SEED, MAX_TAKES, InbetweenRequest, PoseRequest
from . import device, reports, running, shown, watching
from .drawing import Sidebar, row_of, wrapped

if TYPE_CHECKING:
    from .. import api


class InbetweenSettings(bpy.types.PropertyGroup):
    """What the In-Between panel shows; `bpy.context.scene.galatea_inbetween` in scripts."""

    some_frames: bpy.props.BoolProperty(name="Only Frames", description="Fill between the keys of a part of the action")
    first: bpy.props.IntProperty(name="First", default=1, min=-MAX_FRAME, max=MAX_FRAME, description="First frame")
    last: bpy.props.IntProperty(name="Last", default=250, min=-MAX_FRAME, max=MAX_FRAME, description="Last frame")
    selected_bones: bpy.props.BoolProperty(
        name="Selected Bones", description="Fill on the bones alone that are selected in Pose Mode")
    selected_keys: bpy.props.BoolProperty(
        name="Selected Keys", description="Fill from the first selected key to the last, on the bones that have some")
    seed: bpy.props.IntProperty(
        name="Variant", min=0, max=MAX_SEED, description="0 for the likeliest motion, any other number for a variant")
    variants: bpy.props.IntProperty(
        name="Variants", default=1, min=1, max=MAX_TAKES, soft_max=8,
        description="More than one: as many copies of the action, each filled otherwise; your action is kept")
    pack: bpy.props.StringProperty(name="Pack", description="Id of the pack; empty for the one that ships")

    def request(self) -> InbetweenRequest:
        """These settings and those of the Keys panel as api.py wants them."""
        first, last = (self.first, self.last) if self.some_frames else (None, None)
        keys = self.id_data.galatea_keys
        return InbetweenRequest(
            first=first, last=last, selected_bones=self.selected_bones, selected_keys=self.selected_keys,
            seed=self.seed, variants=self.variants, device=device.wished(), pack=self.pack, keys=keys.keys,
            tolerance=round(keys.tolerance, 4), feet=keys.feet, controls=keys.controls)


def _pack_there(kind: str) -> bool:
    """Whether there is a pack of a kind, as far as is known yet."""
    catalogue = shown.now.catalogue
    return catalogue is not None and any(pack.kind == kind for pack in catalogue.packs)


class FillBetweenKeys(running.Sliced, bpy.types.Operator):
    """Fill the gaps between the keys of the rig's action; your keys stay as they are, new ones are of type Generated"""

    bl_idname = "galatea.fill_between_keys"
    bl_label = "Fill Between Keys"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if shown.now.catalogue is not None and not _pack_there("motion-inbetweener"):
            return "There is no in-between pack; install Galatea again, or see Packs & Device"
        return running.why_no_action(context)

    def request(self, context: bpy.types.Context) -> "api.InbetweenRequest":
        return context.scene.galatea_inbetween.request()

    def slices(self, rig: bpy.types.Object, request: "api.InbetweenRequest") -> running.Slices:
        from .. import api

        return api.inbetween_in_slices(rig, request)

    def told(self, result: "api.InbetweenResult") -> str:
        device.ran(result)
        left = tuple((gap.first, gap.last, gap.why) for gap in result.gaps if gap.why)
        shown.now.filled = {name: shown.Filled(
            len(result.gaps), left, int(each["keys"]), f"{result.pack} {result.pack_version}", result.provider,
            result.seconds, result.notes) for name, each in zip(result.actions, result.each)}
        filled = f"{len(result.filled)} of {len(result.gaps)} gaps filled"
        return f"{filled}, {result.keys:,} new keys" + (f" in each of {len(result.actions)} actions"
                                                        if len(result.actions) > 1 else "")


class RemoveGeneratedKeys(running.OnRig, bpy.types.Operator):
    """Take the keys of type Generated out of the rig's action; yours stay as they are"""

    bl_idname = "galatea.remove_generated_keys"
    bl_label = "Remove Generated Keys"
    bl_options = {"REGISTER", "UNDO"}

    force: bpy.props.BoolProperty(
        name="All That There Is", options={"SKIP_SAVE"},
        description="Also where the action consists of nothing else, and would be empty")

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return running.why_no_action(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        settings = context.scene.galatea_inbetween
        frames = (settings.first, settings.last) if settings.some_frames else (None, None)
        try:
            count = api.remove_generated(watching.rig_in_hand(context), *frames, settings.selected_bones, self.force)
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error)
        reports.clear()
        shown.now.filled.pop(watching.rig_in_hand(context).animation_data.action.name, None)
        watching.redraw()
        self.report({"INFO"}, f"{count:,} generated keys removed")
        return {"FINISHED"}


class CompletePose(running.OnRig, bpy.types.Operator):
    """Pose the bones that are not keyed on this frame so that they go with those that are"""

    bl_idname = "galatea.complete_pose"
    bl_label = "Complete Pose"
    bl_options = {"REGISTER", "UNDO"}

    selected: bpy.props.BoolProperty(
        name="Keep Selected Bones", description="The selected bones are right, too, whether they are keyed or not")

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if shown.now.catalogue is not None and not _pack_there("pose-vae"):
            return "There is no pose pack; install Galatea again, or see Packs & Device"
        return running.why_not(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.selected = context.mode == "POSE" and bool(context.selected_pose_bones)
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        request = PoseRequest(selected=self.selected, device=device.wished(),
                              controls=context.scene.galatea_keys.controls)
        try:
            result = api.complete_pose(watching.rig_in_hand(context), request)
        except Exception as error:  # noqa: BLE001
            return reports.fail(self, error)
        reports.clear()
        device.ran(result)
        watching.redraw()
        self.report({"INFO"}, f"{len(result.bones)} bones posed after {result.known} joints"
                              + (", and keyed" if result.keyed else ""))
        return {"FINISHED"}


class InbetweenPanel(Sidebar, bpy.types.Panel):
    """Which gaps are filled, and the buttons."""

    bl_idname = "GALATEA_PT_inbetween"
    bl_label = "In-Between"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        watching.ask(context)
        settings = context.scene.galatea_inbetween
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column(heading="Only")
        column.enabled = shown.now.progress is None
        column.prop(settings, "selected_bones")
        column.prop(settings, "selected_keys")
        column.prop(settings, "some_frames", text="Frames")
        if settings.some_frames:
            frames = column.column(align=True)
            frames.prop(settings, "first")
            frames.prop(settings, "last")
        column = layout.column()
        column.enabled = shown.now.progress is None
        column.prop(settings, "seed")
        column.prop(settings, "variants")
        running.draw_button(layout, FillBetweenKeys, "IPO_EASE_IN_OUT", scale=1.5)
        layout.operator(RemoveGeneratedKeys.bl_idname, icon="KEY_DEHLT")
        if _pack_there("pose-vae"):
            layout.operator(CompletePose.bl_idname, icon="POSE_HLT")
        _draw_filled(layout, context)


def _draw_filled(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What became of the gaps of the rig's action, as they were filled last."""
    rig = watching.rig_in_hand(context)
    action = rig.animation_data.action if rig is not None and rig.animation_data else None
    told = shown.now.filled.get(action.name) if action is not None else None
    if told is None:
        return
    box = layout.box()
    column = box.column(align=True)
    row_of(column, "Gaps Filled", pgettext_iface("{} of {}").format(told.gaps - len(told.left), told.gaps))
    row_of(column, "New Keys", f"{told.keys:,}")
    row_of(column, "Made In", f"{told.seconds:.1f} s")
    row_of(column, "Provider", told.provider.removesuffix("ExecutionProvider"))
    row_of(column, "Pack", told.pack)
    for first, last, why in told.left:
        wrapped(box, context, pgettext_iface("Frames {} to {} were left: {}").format(first, last, why), icon="ERROR")
    for note in told.notes:
        wrapped(box, context, note, icon="INFO")


CLASSES = (InbetweenSettings, FillBetweenKeys, RemoveGeneratedKeys, CompletePose, InbetweenPanel)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.galatea_inbetween = bpy.props.PointerProperty(type=InbetweenSettings)


def unregister() -> None:
    """Take them from Blender; what files hold stays in them."""
    del bpy.types.Scene.galatea_inbetween
