# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that tell how good a motion is: sliding feet, travel, steps, energy, hips and knees."""

from __future__ import annotations

import numpy as np

from .clip import Clip
from .contacts import foot_positions, speeds
from .kinematics import joint_positions
from .rotations import quat_rotate
from .skeleton import CONTACT_JOINTS, INDEX


def foot_skate(clip: Clip, floor: float = 0.0) -> float:
    """Mean speed in cm/s over the floor of toes and ankles while they are down (within 2.5 cm of where they rest).

    A figure for comparing motions, not for finding contacts: it looks at height alone, so that a foot which slides
    fast still counts.
    """
    positions = foot_positions(clip)
    rest = clip.skeleton.rest_positions[[INDEX[joint] for joint in CONTACT_JOINTS], 2]
    height = positions[..., 2] - rest - floor
    slide = np.linalg.norm(np.diff(positions[..., :2], axis=0), axis=-1) * clip.fps * 100.0
    # weight fades with height, as in the skating measure of Zhang et al. (mode-adaptive networks, 2018)
    weight = np.clip(2.0 - 2.0 ** (np.clip(np.maximum(height[1:], height[:-1]), 0.0, None) / 0.025), 0.0, 1.0)
    total = weight.sum()
    return float((slide * weight).sum() / total) if total > 0 else 0.0


def steps_per_minute(clip: Clip) -> tuple[float, float]:
    """How often the left and the right foot come down in a minute, from the heights of ankle against ankle.

    A step is counted when one foot passes the other along the heading of the hips with at least 10 cm to spare since
    the last time, which holds for walking and running alike and needs no contact threshold.
    """
    places = joint_positions(clip)
    heading = quat_rotate(clip.rotations[:, 0], np.array([0.0, -1.0, 0.0])) * np.array([1.0, 1.0, 0.0])
    lead = np.sum((places[:, INDEX["LeftFoot"]] - places[:, INDEX["RightFoot"]]) * heading, axis=-1)
    left = right = 0
    state = 0
    for value in lead:
        if value > 0.1 and state != 1:
            left, state = left + 1, 1
        elif value < -0.1 and state != -1:
            right, state = right + 1, -1
    minutes = clip.frames / clip.fps / 60.0
    return left / minutes, right / minutes


def travelled(clip: Clip) -> float:
    """Metres that the hips went over the ground, the sway of single steps smoothed away."""
    window = max(1, int(round(clip.fps)))
    if clip.frames <= window:
        return float(np.linalg.norm(clip.positions[-1, :2] - clip.positions[0, :2]))
    sums = np.cumsum(np.pad(clip.positions[:, :2], ((1, 0), (0, 0))), axis=0)
    smooth = (sums[window:] - sums[:-window]) / window
    # the moving mean is shorter by a window; the rest is taken at its own mean pace
    return float(np.linalg.norm(np.diff(smooth, axis=0), axis=1).sum() * (clip.frames - 1) / max(len(smooth) - 1, 1))


def hip_height(clip: Clip) -> tuple[float, float]:
    """Lowest and highest hips, relative to their height in the rest pose."""
    heights = clip.positions[:, 2] / clip.skeleton.hip_height
    return float(heights.min()), float(heights.max())


def knee_angles(clip: Clip) -> np.ndarray:
    """(T, 2) degrees by which the left and the right knee are bent; negative when the shin points ahead of the thigh.

    The hinge is the thigh's own lateral axis, which is X at rest.
    """
    shins = clip.rotations[:, [INDEX["LeftLeg"], INDEX["RightLeg"]]]
    down = quat_rotate(shins, np.array([0.0, 0.0, -1.0]))
    return np.degrees(np.arctan2(down[..., 1], -down[..., 2]))


def knee_bend(clip: Clip) -> float:
    """The smallest knee angle in degrees; below about -5 a knee bends backwards."""
    return float(knee_angles(clip).min())


def ends_apart(clip: Clip, places: np.ndarray) -> float:
    """Mean distance in cm of hands, feet and head from places (T, 22, 3) in metres, NaN for joints not to be judged."""
    away = joint_positions(clip)[:, _ENDS] - places[:, _ENDS]
    return float(np.nanmean(np.linalg.norm(away, axis=-1)) * 100.0)


_ENDS = [INDEX[joint] for joint in ("LeftHand", "RightHand", "LeftFoot", "RightFoot", "Head")]


def energy(clip: Clip) -> float:
    """Mean kinetic energy a kilogram in J/kg over the joints, each with the same share of the mass."""
    return float(0.5 * (speeds(joint_positions(clip), clip.fps) ** 2).mean())
