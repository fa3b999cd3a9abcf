# SPDX-License-Identifier: GPL-3.0-or-later
"""Which foot stands when."""

from __future__ import annotations

import numpy as np

from .clip import Clip
from .kinematics import joint_positions
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


def floor_height(clip: Clip) -> float:
    """Height in metres at which the soles stand: a low quantile over time of the lowest of both feet."""
    rest = clip.skeleton.rest_positions[[INDEX[joint] for joint in CONTACT_JOINTS], 2]
    return float(np.quantile((foot_positions(clip)[..., 2] - rest).min(axis=1), 0.05))
