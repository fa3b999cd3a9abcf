# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions as people key them by hand, at random: every rotation mode, handle, interpolation and kind of key, on whole
and on half frames, in several actions and slots; and what all their keys are, read one property at a time."""

import bpy
import numpy as np

from blender_addon.motion.channels import rotation_property, rotation_values
from blender_addon.motion.rotations import quat_from_axis_angle, quat_multiply

MODES = ("QUATERNION", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE")
_KINDS = ("KEYFRAME", "BREAKDOWN", "EXTREME", "JITTER", "MOVING_HOLD")
_HANDLES = ("FREE", "ALIGNED", "VECTOR", "AUTO", "AUTO_CLAMPED")
_WAYS = ("BEZIER", "BEZIER", "BEZIER", "LINEAR", "CONSTANT", "SINE", "BACK", "BOUNCE", "ELASTIC", "CUBIC")
_EASINGS = ("AUTO", "EASE_IN", "EASE_OUT", "EASE_IN_OUT")
_PROPERTIES = ("co", "handle_left", "handle_right", "handle_left_type", "handle_right_type", "interpolation", "easing",
               "back", "amplitude", "period", "type", "select_control_point", "select_left_handle",
               "select_right_handle")


def all_keys(generated: bool = False) -> dict:
    """(action, slot, path, component) -> the keys of all actions in the file, those that are generated or the others.
    """
    found = {}
    for action in bpy.data.actions:
        for slot, curve in _curves(action):
            rows = [tuple(_plain(getattr(key, name)) for name in _PROPERTIES) for key in curve.keyframe_points
                    if (key.type == "GENERATED") == generated]
            if rows:
                found[action.name, slot, curve.data_path, curve.array_index] = rows
    return found


def curve_settings() -> dict:
    """What else is set on curves that have keys of a person."""
    return {(action.name, slot, curve.data_path, curve.array_index): (
        curve.extrapolation, curve.lock, curve.mute, curve.hide, curve.select, curve.auto_smoothing,
        curve.group.name if curve.group else "", tuple(modifier.type for modifier in curve.modifiers))
        for action in bpy.data.actions for slot, curve in _curves(action)
        if any(key.type != "GENERATED" for key in curve.keyframe_points)}


def _plain(value: object) -> object:
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _curves(action: bpy.types.Action) -> list:
    if not hasattr(action, "slots"):
        return [("", curve) for curve in action.fcurves]
    return [(bag.slot.identifier if hasattr(bag, "slot") else bag.slot_handle, curve) for layer in action.layers
            for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves]


def new_curve(action: bpy.types.Action, owner: bpy.types.ID, path: str, index: int, group: str = "") -> object:
    """An F-curve in the owner's slot, made the way of this Blender."""
    if not hasattr(action, "slots"):
        return action.fcurves.new(path, index=index, action_group=group)
    slot = next(slot for slot in action.slots if slot.name_display == owner.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    bag = strip.channelbag(slot, ensure=True)
    curve = bag.fcurves.new(path, index=index)
    if group:
        curve.group = bag.groups.get(group) or bag.groups.new(group)
    return curve


def new_action(owner: bpy.types.ID, name: str) -> bpy.types.Action:
    """An action that is bound to an owner."""
    action = bpy.data.actions.new(name)
    owner.animation_data_create().action = action
    if hasattr(action, "slots"):
        owner.animation_data.action_slot = action.slots.new(owner.id_type, owner.name)
    return action


def set_keys(curve: object, frames: np.ndarray, values: np.ndarray, rng: np.random.Generator | None = None) -> None:
    """Keys with everything about them at random, or as Blender makes them."""
    points = curve.keyframe_points
    points.add(len(frames))
    for point, frame, value in zip(points, frames, values):
        point.co = frame, value
    curve.update()
    if rng is None:
        return
    for point in points:
        point.interpolation, point.easing = rng.choice(_WAYS), rng.choice(_EASINGS)
        point.handle_left_type, point.handle_right_type = rng.choice(_HANDLES), rng.choice(_HANDLES)
        point.type = rng.choice(_KINDS)
        point.back, point.amplitude, point.period = rng.uniform(0.1, 3.0, 3)
        point.select_control_point, point.select_left_handle = rng.random() < 0.3, rng.random() < 0.3
    curve.update()
    for point in points:
        for side, sign in (("left", -1.0), ("right", 1.0)):
            if getattr(point, f"handle_{side}_type") in ("FREE", "ALIGNED") and rng.random() < 0.7:
                away = sign * rng.uniform(0.3, 12.0), rng.normal(0.0, 0.5)
                setattr(point, f"handle_{side}", (point.co[0] + away[0], point.co[1] + away[1]))


def random_turn(rng: np.random.Generator, most: float) -> np.ndarray:
    """A unit quaternion, turned by up to so many radians."""
    axis = rng.normal(size=3)
    return quat_from_axis_angle(axis / np.linalg.norm(axis), np.array(rng.uniform(0.0, most)))


def key_by_hand(armature: bpy.types.Object, bones: list[str], hips: str, rng: np.random.Generator,
                action: bpy.types.Action) -> np.ndarray:
    """Key a rig at random into its slot of an action; returns the frames of the key poses."""
    poses = np.cumsum(rng.integers(3, 13, rng.integers(2, 5))) + rng.integers(-20, 40)
    style = rng.choice(["whole", "partial", "offset"])
    for bone in bones:
        pose = armature.pose.bones[bone]
        pose.rotation_mode = rng.choice(MODES)
        prop, path = rotation_property(pose.rotation_mode), f'pose.bones["{bpy.utils.escape_identifier(bone)}"].'
        frames = _frames(poses, style, rng)
        base, turns = random_turn(rng, 0.3), []
        for _ in frames:
            turns.append(quat_multiply(base, random_turn(rng, rng.choice([0.4, 2.5], p=[0.9, 0.1]))))
        values = rotation_values(np.array(turns), pose.rotation_mode)
        if rng.random() < 0.15:  # written another way, or never made a unit
            values = values * rng.choice([-1.0, 2.0]) if prop == "rotation_quaternion" else values + 2.0 * np.pi * (
                np.arange(values.shape[1]) == 0)
        leave_out = rng.random() < 0.15
        for index in range(values.shape[1]):
            if leave_out and index == rng.integers(values.shape[1]):
                continue
            some = rng.random(len(frames)) < (0.7 if rng.random() < 0.2 else 2.0)
            if some.any():
                curve = new_curve(action, armature, path + prop, index, bone)
                set_keys(curve, frames[some], values[some, index], rng)
                _settings(curve, rng)
        if bone == hips or rng.random() < 0.05:
            frames = _frames(poses, style, rng)
            for index in range(3):
                curve = new_curve(action, armature, path + "location", index, bone)
                set_keys(curve, frames, rng.normal(0.0, 0.1, len(frames)), rng)
    return poses


def _frames(poses: np.ndarray, style: str, rng: np.random.Generator) -> np.ndarray:
    if style == "whole":
        return poses
    if style == "partial":
        kept = poses[rng.random(len(poses)) < 0.8]
        return kept if len(kept) else poses[:1]
    return np.unique(poses + rng.choice([0, 0, 0, 1, -1, 0.5, -0.25], len(poses)))


def _settings(curve: object, rng: np.random.Generator) -> None:
    chance = rng.random()
    if chance < 0.03:
        curve.modifiers.new("NOISE")
    elif chance < 0.05:
        curve.lock = True
    elif chance < 0.07:
        curve.mute = True
    elif chance < 0.12:
        curve.extrapolation = "LINEAR"
