# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose and keys of bones carried to bones that lie at rest as they do: value for value, handle for handle."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from .versions import new_fcurve, own_slot, slotted_fcurves

_CHANNELS = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale")
# Of a key: how many numbers, and of which kind; an enumeration's are its numbers.
_KEY = {"co": (2, np.float32), "handle_left": (2, np.float32), "handle_right": (2, np.float32),
        "handle_left_type": (1, np.int32), "handle_right_type": (1, np.int32), "interpolation": (1, np.int32),
        "easing": (1, np.int32), "type": (1, np.int32), "amplitude": (1, np.float32), "back": (1, np.float32),
        "period": (1, np.float32)}


def carry_pose(armature: bpy.types.Object, rig: bpy.types.Object, bones: Mapping[str, str]) -> None:
    """Pose bones of a rig as an armature's are posed. bones: the armature's -> the rig's."""
    for ours, theirs in bones.items():
        bone, other = armature.pose.bones[ours], rig.pose.bones[theirs]
        other.rotation_mode = bone.rotation_mode
        for channel in _CHANNELS:
            setattr(other, channel, getattr(bone, channel))


def carry_keys(armature: bpy.types.Object, action: bpy.types.Action, bones: Mapping[str, str]) -> None:
    """Give another action the keys that an armature's own has for bones, as keys of others, which have none there."""
    slot, animation = own_slot(armature), armature.animation_data
    paths = {f'pose.bones["{bpy.utils.escape_identifier(ours)}"].{channel}': (theirs, channel)
             for ours, theirs in bones.items() for channel in _CHANNELS}
    for owner, curve in slotted_fcurves(animation.action):
        if owner == slot and curve.data_path in paths:
            theirs, channel = paths[curve.data_path]
            path = f'pose.bones["{bpy.utils.escape_identifier(theirs)}"].{channel}'
            _copy(curve, new_fcurve(action, path, curve.array_index, theirs))


def _copy(curve: bpy.types.FCurve, made: bpy.types.FCurve) -> None:
    made.keyframe_points.add(len(curve.keyframe_points))
    for name, (size, kind) in _KEY.items():
        values = np.empty(size * len(curve.keyframe_points), kind)
        curve.keyframe_points.foreach_get(name, values)
        made.keyframe_points.foreach_set(name, values)
    made.extrapolation, made.mute = curve.extrapolation, curve.mute
    made.update()
