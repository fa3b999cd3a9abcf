# SPDX-License-Identifier: GPL-3.0-or-later
"""Which foot stands when, and how much a standing foot slides."""

from __future__ import annotations

import numpy as np

from .clip import Clip
from .kinematics import joint_positions
from .rotations import quat_rotate
from .skeleton import CONTACT_JOINTS, INDEX

# A joint counts as standing while it is slow and low. Speed as in the motion-matching code of Holden (0.15 m/s there,
# on clean capture at 60 Hz); a little more here, because the clips come at 30 Hz from many bodies.
_SPEED = 0.25
_HEIGHT = 0.06
_WINDOW = 5


def foot_positions(clip: Clip) -> np.ndarray:
    """(T, 4, 3) positions in metres of LeftFoot, LeftToe, RightFoot, RightToe."""
    return joint_positions(clip)[:, [INDEX[joint] for joint in CONTACT_JOINTS]]


def speeds(positions: np.ndarray, fps: float) -> np.ndarray:
    """(T, N) metres a second of (T, N, 3) points, centred differences, one-sided at the ends."""
    if len(positions) < 2:
        return np.zeros(positions.shape[:-1])
    return np.linalg.norm(np.gradient(positions, 1.0 / fps, axis=0), axis=-1)


def find_contacts(clip: Clip, floor: float = 0.0) -> np.ndarray:
    """(T, 4) True while a foot joint stands on the floor: slow, low, and so for most of five frames."""
    positions = foot_positions(clip)
    rest = clip.skeleton.rest_positions[[INDEX[joint] for joint in CONTACT_JOINTS], 2]
    low = positions[..., 2] - rest - floor < _HEIGHT
    stands = low & (speeds(positions, clip.fps) < _SPEED)
    return _majority(stands, _WINDOW)


def _majority(flags: np.ndarray, window: int) -> np.ndarray:
    """The more frequent value within a centred window, along axis 0."""
    padded = np.pad(flags.astype(int), ((window // 2, window // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0)
    return sums[window:] - sums[:-window] > window / 2.0


def foot_skate(clip: Clip, floor: float = 0.0) -> float:
    """Mean speed in cm/s over the floor of toes and ankles while they are down (within 5 cm of where they rest).

    A figure for comparing motions, not for finding contacts: it looks at height alone, so that a foot which slides
    fast still counts.
    """
    positions = foot_positions(clip)
    rest = clip.skeleton.rest_positions[[INDEX[joint] for joint in CONTACT_JOINTS], 2]
    height = positions[..., 2] - rest - floor
    slide = np.linalg.norm(np.diff(positions[..., :2], axis=0), axis=-1) * clip.fps * 100.0
    # weight fades with height, as in the skating measure of Zhang et al. (mode-adaptive networks, 2018)
    weight = np.clip(2.0 - 2.0 ** (np.clip(np.maximum(height[1:], height[:-1]), 0.0, None) / 0.05), 0.0, 1.0)
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
