# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips that tests make by formula: somebody who walks, and somebody who throws every joint about."""

from dataclasses import replace

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.rotations import normalise, quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS

X, Y, Z = np.eye(3)


def made_walk(seconds: float = 2.0, fps: float = 30.0, speed: float = 1.2, heading: float = 0.0) -> Clip:
    """Legs and arms swinging, knees bending, hips bobbing; towards -Y, turned by `heading` about Z."""
    frames = round(seconds * fps)
    time = np.arange(frames) / fps
    phase = 2 * np.pi * 0.9 * time
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (frames, len(JOINTS), 1))

    def turn(joint: str, axis: np.ndarray, angle: np.ndarray) -> None:
        about = quat_from_axis_angle(axis, np.broadcast_to(angle, (frames,)))
        rotations[:, INDEX[joint]] = quat_multiply(rotations[:, INDEX[joint]], about)

    turn("Hips", Z, np.full(frames, heading) + 0.08 * np.sin(phase))
    turn("Spine1", Z, -0.1 * np.sin(phase))
    turn("Neck", X, np.full(frames, 0.1))
    for side, sign, step in (("Left", 1.0, phase), ("Right", -1.0, phase + np.pi)):
        turn(f"{side}Arm", Y, np.full(frames, sign * 1.25))  # from the T-pose down to the side
        turn(f"{side}Arm", Z, sign * 0.35 * np.sin(step))
        turn(f"{side}ForeArm", Z, np.full(frames, -sign * 0.4))
        turn(f"{side}UpLeg", X, 0.4 * np.sin(step) - 0.1)
        turn(f"{side}Leg", X, 0.35 + 0.35 * np.sin(step - 1.2))
        turn(f"{side}Foot", X, -0.2 * np.sin(step))
    ahead = np.array([np.sin(heading), -np.cos(heading)])
    positions = np.column_stack([speed * time[:, None] * ahead, 0.93 + 0.02 * np.cos(2 * phase)])
    return Clip(CANONICAL, rotations, positions, fps, name="walk")


def made_chaos(frames: int = 60, fps: float = 30.0, reach: float = 2.6, seed: int = 0) -> Clip:
    """Every joint swings up to `reach` radians either way about an axis of its own, through gimbal lock and all."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0.0, 8.0, frames)[:, None]
    axes = normalise(rng.normal(size=(len(JOINTS), 3)))
    angles = reach * np.sin(time + rng.uniform(0.0, 6.0, len(JOINTS)))
    rotations = quat_from_axis_angle(np.broadcast_to(axes, (frames, len(JOINTS), 3)), angles)
    positions = np.column_stack([np.sin(time[:, 0]), -time[:, 0] / 4, 0.9 + 0.1 * np.cos(time[:, 0])])
    return Clip(CANONICAL, rotations, positions, fps, name="chaos")


def carried(clip: Clip, person: int) -> Clip:
    """The walk with the upper body held in a way of its own, so that nobody repeats another."""
    rng = np.random.default_rng(person)
    joints = list(range(1, 10)) + list(range(14, 18))
    turns = quat_from_axis_angle(normalise(rng.normal(size=(len(joints), 3))), np.full(len(joints), 0.15))
    rotations = np.array(clip.rotations)
    rotations[:, joints] = quat_multiply(rotations[:, joints], turns)
    return replace(clip, rotations=rotations)
