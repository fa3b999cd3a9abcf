# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips whose figures are known beforehand: somebody who stands, and somebody who walks like a pair of compasses."""

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.rotations import quat_from_axis_angle
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS

LEG = 0.815  # hip joint to ankle
IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
X = np.array([1.0, 0.0, 0.0])


def standing(frames: int = 60, fps: float = 30.0, velocity=(0.0, 0.0, 0.0), height: float = 0.94) -> Clip:
    """The T-pose, carried along as it is (m/s)."""
    positions = np.arange(frames)[:, None] / fps * np.array(velocity) + [0.0, 0.0, height]
    return Clip(CANONICAL, np.tile(IDENTITY, (frames, len(JOINTS), 1)), positions, fps, name="standing")


def turn(clip: Clip, joint: str, angle, axis=X) -> Clip:
    """The clip with one joint turned, by radians (T) or a number, instead of what it did."""
    rotations = np.array(clip.rotations)
    rotations[:, INDEX[joint]] = quat_from_axis_angle(np.array(axis), np.broadcast_to(angle, (clip.frames,)))
    return Clip(clip.skeleton, rotations, clip.positions, clip.fps, clip.contacts, clip.name)


def compass_walk(steps: int = 12, step_frames: int = 15, fps: float = 30.0, swing: float = 0.35) -> Clip:
    """Towards -Y, the left leg first to carry: straight, its flat foot where it came down, exactly, for a whole step.

    The hips go over it as on a pendulum; meanwhile the other leg swings forward with a bent knee. A step is
    2 * LEG * sin(swing) metres long.
    """
    share = np.tile(np.arange(step_frames) / step_frames, steps)
    number = np.repeat(np.arange(steps), step_frames)
    carries = swing * (2 * share - 1)  # a positive turn about X brings the leg back
    bent = 0.9 * np.sin(np.pi * share)
    clip = standing(len(share), fps)
    for side, turns in (("Left", number % 2 == 0), ("Right", number % 2 == 1)):
        thigh = np.where(turns, carries, -carries - bent / 2)
        knee = np.where(turns, 0.0, bent)
        clip = turn(turn(turn(clip, f"{side}UpLeg", thigh), f"{side}Leg", knee), f"{side}Foot", -thigh - knee)
    ankle = -2 * LEG * np.sin(swing) * number
    clip.positions[:, 1] = ankle - LEG * np.sin(carries)
    clip.positions[:, 2] = 0.085 + LEG * np.cos(carries) + 0.04
    return clip
