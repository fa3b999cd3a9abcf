# SPDX-License-Identifier: GPL-3.0-or-later
"""Add ▸ Armature ▸ Galatea Human."""

import bpy

from . import reports


class AddHuman(bpy.types.Operator):
    """Add Galatea's own armature at the 3D cursor, with a mannequin to show how it moves"""

    bl_idname = "galatea.add_human"
    bl_label = "Add Galatea Human"
    bl_options = {"REGISTER", "UNDO"}

    mannequin: bpy.props.BoolProperty(name="Mannequin", default=True, description="With a body, not bones alone")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Switch to Object Mode first")
        if context.mode != "OBJECT":
            return False
        cls.poll_message_set("The collection in hand is linked from another file, hidden or excluded")
        return context.collection.is_editable and context.view_layer.active_layer_collection.is_visible

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        try:
            armature = api.add_human(self.mannequin)
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error)
        reports.clear()
        self.report({"INFO"}, f"Added {armature.name}")
        return {"FINISHED"}


CLASSES = (AddHuman,)
