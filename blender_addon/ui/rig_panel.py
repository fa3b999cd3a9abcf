# SPDX-License-Identifier: GPL-3.0-or-later
"""The Rig panel: the rig in hand, what it was taken for, and each joint's bone."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface

from . import rigs, shown, watching
from .drawing import Sidebar, letters, row_of, wrapped

_FIELD = 0.63  # of the width is the field with a bone's name
_POSES = {"T": "T-pose", "A": "A-pose", "down": "Arms down"}


class RigPanel(Sidebar, bpy.types.Panel):
    """The rig in hand and what it was taken for."""

    bl_idname = "GALATEA_PT_rig"
    bl_label = "Rig"

    def draw(self, context: bpy.types.Context) -> None:
        watching.ask(context)
        layout = self.layout
        rig = watching.rig_in_hand(context)
        if rig is None:
            active = context.active_object
            wrapped(layout, context, "Select the rig to animate" if active is None else
                    pgettext_iface("{} is no armature; select the rig to animate").format(active.name), icon="INFO")
            layout.operator("galatea.add_human", icon="ADD")
            return
        layout.label(text=rig.name, icon="ARMATURE_DATA", translate=False)
        told = watching.last_known(rig)
        if told is None:
            layout.label(text="Looking at its bones")
        elif told.problem:
            _draw_problem(layout, context, told)
        else:
            _draw_summary(layout, context, told)


def _draw_summary(layout: bpy.types.UILayout, context: bpy.types.Context, told: shown.Rig) -> None:
    wrapped(layout, context, told.family)
    column = layout.column(align=True)
    row_of(column, "Rest Pose", pgettext_iface(_POSES.get(told.rest_pose, told.rest_pose)))
    row_of(column, "Joints", pgettext_iface("{} of {}").format(len(told.joints) - len(told.missing), len(told.joints)))
    if told.missing:
        wrapped(layout, context, pgettext_iface("Left still: {}").format(", ".join(told.missing)))
    for note in told.notes:
        wrapped(layout, context, note, icon="INFO")


def _draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context, told: shown.Rig) -> None:
    """What is wrong, and fields for what has to be named."""
    wrapped(layout, context, told.problem, icon="ERROR")
    rig = watching.rig_in_hand(context)
    for part, names in rigs.PARTS.items():
        lacking = {joint: name for joint, name in names.items() if joint in told.lacking}
        if lacking:
            layout.label(text=part)
            _draw_joints(layout, context, rig, told, lacking)
    layout.operator("galatea.look_again", icon="FILE_REFRESH")


class BonesPanel(Sidebar, bpy.types.Panel):
    """Each joint's bone, by part of the body, to be looked at and put right."""

    bl_idname = "GALATEA_PT_rig_bones"
    bl_parent_id = RigPanel.bl_idname
    bl_label = "Bones"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        rig = watching.rig_in_hand(context)
        told = watching.last_known(rig) if rig is not None else None
        return told is not None and bool(told.joints)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        rig = watching.rig_in_hand(context)
        told = watching.last_known(rig)
        for part, names in rigs.PARTS.items():
            header, body = layout.panel(f"galatea_rig_{part}")
            header.label(text=part)
            if body is not None:
                _draw_joints(body, context, rig, told, names)
        row = layout.row(align=True)
        row.operator("galatea.save_map", icon="FILE_TICK")
        row.operator("galatea.load_map", icon="FILE_FOLDER")
        if told.corrected:
            layout.operator("galatea.forget_corrections", icon="LOOP_BACK")


def _draw_joints(layout: bpy.types.UILayout, context: bpy.types.Context, rig: bpy.types.Object, told: shown.Rig,
                 names: dict[str, str]) -> None:
    """A row each: how sure, the joint, its bone, a button to take the selected one; below it why it is unsure.

    Two rows each where bones have names that would be cut off.
    """
    fields, selected = context.scene.galatea_joints, context.mode == "POSE" and context.active_pose_bone is not None
    room = letters(context, _FIELD, 100.0 if selected else 80.0)
    stacked = any(len(found.bone) > room for found in told.joints.values())
    column = layout.column()
    for joint, name in names.items():
        found = told.joints[joint]
        row = column.column(align=True) if stacked else column.split(factor=1.0 - _FIELD, align=True)
        left = row.row(align=True)
        left.operator("galatea.show_bone", text="", icon=found.mark, emboss=False).joint = joint
        left.label(text=name)
        right = row.row(align=True)
        right.prop_search(fields, joint, rig.data, "bones", text="")
        if selected:
            right.operator("galatea.take_bone", text="", icon="RESTRICT_SELECT_OFF").joint = joint
        if found.mark == "QUESTION":
            wrapped(column, context, found.why, icon="BLANK1")


CLASSES = (RigPanel, BonesPanel)
