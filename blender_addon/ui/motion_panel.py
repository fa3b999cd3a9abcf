# SPDX-License-Identifier: GPL-3.0-or-later
"""The Motion panel and what folds out below it."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface

from . import reports, shown, watching
from .drawing import row_of, wrapped

TAB = "Galatea"


class Sidebar:
    """Where Galatea's panels are."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB


class MotionPanel(Sidebar, bpy.types.Panel):
    """The rig in hand, what it is to do, and the button."""

    bl_idname = "GALATEA_PT_motion"
    bl_label = "Motion"

    def draw(self, context: bpy.types.Context) -> None:
        watching.ask(context)
        settings = context.scene.galatea_motion
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_rig(layout, context)
        if shown.now.catalogue is not None and shown.now.catalogue.generator("") is None:
            wrapped(layout, context, "There is no motion pack; install Galatea again, or see Packs & Device", "ERROR")
        column = layout.column()
        column.enabled = shown.now.progress is None
        action = column.column()
        action.active = not settings.sequence
        action.prop(settings, "action_choice")
        column.prop(settings, "style_choice")
        column.prop(settings, "seconds")
        column.prop(settings, "speed")
        row = column.row(align=True)
        row.prop(settings, "seed")
        row.operator("galatea.roll_seed", text="", icon="FILE_REFRESH")
        row = column.row(heading="Motion", heading_ctxt="*")
        row.prop(settings, "in_place", toggle=True)
        row.prop(settings, "loop", toggle=True)
        if shown.now.progress is None:
            button = layout.row()
            button.scale_y = 1.5
            button.operator("galatea.generate_motion", icon="PLAY")
        else:
            text = pgettext_iface("{:.0f} %, Esc cancels").format(100.0 * shown.now.progress)
            bar = layout.row()
            bar.scale_y = 1.5
            bar.progress(factor=shown.now.progress, text=text)
        reports.draw_failure(layout, context)


def _draw_rig(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    box = layout.box()
    rig = watching.rig_in_hand(context)
    if rig is None:
        active = context.active_object
        wrapped(box, context, "Select the rig to animate" if active is None else
                pgettext_iface("{} is no armature; select the rig to animate").format(active.name), icon="INFO")
        box.operator("galatea.add_human", icon="ADD")
        return
    box.label(text=rig.name, icon="ARMATURE_DATA", translate=False)
    told = watching.known(rig)
    if told is None:
        box.label(text="Looking at its bones")
    elif told.problem:
        wrapped(box, context, told.problem, icon="ERROR")
        box.operator("galatea.look_again", icon="FILE_REFRESH")
    else:
        count = pgettext_iface("{} of {} joints").format(told.joints, told.joints + len(told.missing))
        wrapped(box, context, f"{pgettext_iface(told.family)}, {count}")
        if told.missing:
            wrapped(box, context, pgettext_iface("Left still: {}").format(", ".join(told.missing)))


class PathPanel(Sidebar, bpy.types.Panel):
    """Where the motion goes."""

    bl_idname = "GALATEA_PT_motion_path"
    bl_parent_id = MotionPanel.bl_idname
    bl_label = "Path"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(context.scene.galatea_motion, "path")
        if context.scene.galatea_motion.path is None:
            wrapped(layout, context, "Straight ahead from where the rig stands", icon="INFO")


class TakesPanel(Sidebar, bpy.types.Panel):
    """How many, from where on, several actions."""

    bl_idname = "GALATEA_PT_motion_takes"
    bl_parent_id = MotionPanel.bl_idname
    bl_label = "Take Options"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.galatea_motion
        column = layout.column()
        column.prop(settings, "sequence")
        column.prop(settings, "takes")
        column.prop(settings, "start")
        if settings.sequence:
            wrapped(layout, context, "The sequence says what is done and how long", icon="INFO")


def _made(context: bpy.types.Context) -> bpy.types.Action | None:
    """The action of the rig in hand, when Galatea made it."""
    rig = watching.rig_in_hand(context)
    action = rig.animation_data.action if rig is not None and rig.animation_data else None
    return action if action is not None and "galatea_pack" in action else None


class ResultPanel(Sidebar, bpy.types.Panel):
    """Where the rig's action comes from, and its figures."""

    bl_idname = "GALATEA_PT_motion_result"
    bl_parent_id = MotionPanel.bl_idname
    bl_label = "Last Result"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _made(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        action = _made(context)
        first, last = action.frame_range
        took = shown.now.took.get(action.name)
        column = self.layout.column(align=True)
        row_of(column, "Action", action.name)
        row_of(column, "Frames", f"{last - first + 1:.0f}")
        _figure(column, action, "Foot Skate", "foot_skate_cm_per_s", "{:.1f} cm/s")
        _figure(column, action, "Travelled", "travelled_m", "{:.1f} m")
        _figure(column, action, "Wanted", "asked_m", "{:.1f} m")
        if took is not None:
            row_of(column, "Made In", f"{took:.1f} s")
        row_of(column, "Provider", str(action.get("galatea_provider", "")).removesuffix("ExecutionProvider"))
        row_of(column, "Pack", f"{action['galatea_pack']} {action.get('galatea_pack_version', '')}")
        row_of(column, "Seed", str(action.get("galatea_seed", "")))


def _figure(column: bpy.types.UILayout, action: bpy.types.Action, name: str, figure: str, form: str) -> None:
    value = action.get(f"galatea_figure_{figure}")
    if value is not None:
        row_of(column, name, form.format(value))


CLASSES = (MotionPanel, PathPanel, TakesPanel, ResultPanel)
