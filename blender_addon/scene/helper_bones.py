# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones that follow others by constraints alone, so that a body bends well in any Blender, with Galatea or without."""

from __future__ import annotations

import math

import bpy

from ..character.helper_joints import HELPERS

COLLECTION = "Helpers"


def add_helpers(armature: bpy.types.Object) -> None:
    """Make an armature's helper bones follow. They stay out of sight, in a bone collection: nobody has to pose them."""
    collection = armature.data.collections.new(COLLECTION)
    collection.is_visible = False
    for helper in HELPERS:
        pose = armature.pose.bones[helper.name]
        collection.assign(pose.bone)
        if helper.halfway:
            _go_halfway(pose, armature, helper.halfway)
        else:
            _twist(pose, armature, *helper.twist)


def _go_halfway(pose: bpy.types.PoseBone, armature: bpy.types.Object, bone: str) -> None:
    """Turn half-way from the bone above to another one, which lies the same way at rest."""
    constraint = pose.constraints.new("COPY_ROTATION")
    constraint.name = "Half-way"
    constraint.target, constraint.subtarget = armature, bone
    constraint.influence = 0.5


def _twist(pose: bpy.types.PoseBone, armature: bpy.types.Object, bone: str, share: float) -> None:
    """Turn about the own length by a share of what another bone turns about its own."""
    constraint = pose.constraints.new("TRANSFORM")
    constraint.name = "Twist"
    constraint.target, constraint.subtarget = armature, bone
    constraint.owner_space = constraint.target_space = "LOCAL"
    constraint.map_from = constraint.map_to = "ROTATION"
    constraint.from_rotation_mode, constraint.mix_mode_rot = "SWING_TWIST_Y", "ADD"
    constraint.map_to_y_from = "Y"
    constraint.from_min_y_rot, constraint.from_max_y_rot = -math.pi, math.pi
    constraint.to_min_y_rot, constraint.to_max_y_rot = -share * math.pi, share * math.pi
