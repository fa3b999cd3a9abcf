# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Control Rig, below the Character panel."""

import bpy

from . import character, reports
from .drawing import Sidebar


class MakeControlRig(bpy.types.Operator):
    """Make Rigify's controls for the selected character, who follows them; what it does goes onto them. The window \
rests meanwhile"""

    bl_idname = "galatea.make_control_rig"
    bl_label = "Make Control Rig"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = character.why_not_changed(context)
        if why:
            cls.poll_message_set(why)
        return not why

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api
        from . import watching

        try:
            result = api.make_control_rig(watching.rig_in_hand(context))
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error)
        reports.clear()
        for note in result.notes:
            self.report({"INFO"}, note)
        self.report({"INFO"}, f"{result.character} follows {result.armature}, made in {result.seconds:.1f} s")
        return {"FINISHED"}


class ControlRigPanel(Sidebar, bpy.types.Panel):
    """Controls for who is selected."""

    bl_idname = "GALATEA_PT_control_rig"
    bl_label = "Control Rig"
    bl_parent_id = "GALATEA_PT_character"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator(MakeControlRig.bl_idname, icon="CON_ARMATURE")


CLASSES = (MakeControlRig, ControlRigPanel)
