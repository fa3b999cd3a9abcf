# SPDX-License-Identifier: GPL-3.0-or-later
"""The Motion panel and what folds out below it."""

from __future__ import annotations

import bpy

from . import running, shown, watching
from .drawing import Sidebar, wrapped
from .motion import GenerateMotion


class MotionPanel(Sidebar, bpy.types.Panel):
    """What the rig is to do, and the button."""

    bl_idname = "GALATEA_PT_motion"
    bl_label = "Motion"

    def draw(self, context: bpy.types.Context) -> None:
        watching.ask(context)
        settings = context.scene.galatea_motion
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
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
        row.prop(context.scene.galatea_keys, "in_place", toggle=True)
        row.prop(settings, "loop", toggle=True)
        running.draw_button(layout, GenerateMotion, "PLAY", scale=1.5)


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
        row = column.row()
        row.active = not settings.loop  # which begins with its own end
        row.prop(settings, "from_pose")
        if settings.sequence:
            wrapped(layout, context, "The sequence says what is done and how long", icon="INFO")


CLASSES = (MotionPanel, PathPanel, TakesPanel)
