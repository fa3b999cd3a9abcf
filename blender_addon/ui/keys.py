# SPDX-License-Identifier: GPL-3.0-or-later
"""The Keys panel: how motion becomes keys, and cleaning up an action that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from . import running, shown
from .drawing import Sidebar

if TYPE_CHECKING:
    from .. import api


class LockFeet(running.Sliced, bpy.types.Operator):
    """Copy the rig's action and let its feet stand still while they stand; only legs and hips get new keys"""

    bl_idname = "galatea.lock_feet"
    bl_label = "Lock Feet"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return running.why_no_action(context)

    def request(self, context: bpy.types.Context) -> api.FeetRequest:
        return context.scene.galatea_keys.feet_request()

    def slices(self, rig: bpy.types.Object, request: api.FeetRequest) -> running.Slices:
        from .. import api

        return api.lock_feet_in_slices(rig, request)

    def told(self, result: api.FeetResult) -> str:
        shown.now.made = {result.action: shown.Made(result.seconds, result.notes)}
        return f"{result.action}: {running.key_words(result.figures)}"


class RefitKeys(running.Sliced, bpy.types.Operator):
    """Copy the rig's action with other keys for the same motion, as many as the tolerance asks for"""

    bl_idname = "galatea.refit_keys"
    bl_label = "Refit Keys"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return running.why_no_action(context)

    def request(self, context: bpy.types.Context) -> api.KeyOptions:
        return context.scene.galatea_keys.refit_options()

    def slices(self, rig: bpy.types.Object, request: api.KeyOptions) -> running.Slices:
        from .. import api

        return api.refit_in_slices(rig, request)

    def told(self, result: api.RefitResult) -> str:
        shown.now.made = {result.action: shown.Made(result.seconds)}
        return f"{result.action}: {running.key_words(result.figures)}"


class KeysPanel(Sidebar, bpy.types.Panel):
    """How motion becomes keys."""

    bl_idname = "GALATEA_PT_keys"
    bl_label = "Keys"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.galatea_keys
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.enabled = shown.now.progress is None
        row = column.row()
        row.use_property_split = False  # the whole width
        row.prop(settings, "keys", expand=True)
        row = column.row()
        row.active = settings.keys == "sparse"
        row.prop(settings, "tolerance")
        column.prop(settings, "controls")
        row = column.row()
        row.active = not settings.in_place
        row.prop(settings, "root")
        column = column.column(heading="New Motion")
        column.prop(settings, "feet")
        column.prop(settings, "hands")
        column.prop(settings, "in_place")
        column.prop(settings, "nla")


class CleanUpPanel(Sidebar, bpy.types.Panel):
    """What can be done to the action that the rig has."""

    bl_idname = "GALATEA_PT_keys_clean_up"
    bl_parent_id = KeysPanel.bl_idname
    bl_label = "Clean Up the Action"

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.galatea_keys
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        running.draw_button(layout, RefitKeys, "IPO_BEZIER")
        running.draw_button(layout, LockFeet, "CON_FLOOR")
        column = layout.column(align=True)
        column.prop(settings, "some_frames")
        if settings.some_frames:
            column.prop(settings, "first")
            column.prop(settings, "last")


CLASSES = (LockFeet, RefitKeys, KeysPanel, CleanUpPanel)
