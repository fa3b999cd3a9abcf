# SPDX-License-Identifier: GPL-3.0-or-later
"""Which foot stands when."""

from __future__ import annotations

import numpy as np

from .clip import Clip
from .kinematics import joint_positions
from .skeleton import CONTACT_JOINTS, INDEX, Skeleton

# A joint counts as standing while it is slow and low. Speed as in the motion-matching code of Holden (0.15 m/s there,
# on clean capture at 60 Hz); a little more here, because the clips come at 30 Hz from many bodies.
_SPEED = 0.25
_HEIGHT = 0.06
_WINDOW = 5

# With hysteresis: what stands may be this quick and high before it no longer does.
_LEAVES_SPEED = 0.3
_LEAVES_HEIGHT = 0.07
# A runner's foot is never as slow as a walker's: it may have a share of what the hips do beyond walking.
_SHARE_OF_HIPS, _WALKING = 0.15, 1.6
_SHORTEST = 0.1    # seconds: three frames at 30 fps
_SHORT_GAP = 0.07  # two


def foot_positions(clip: Clip) -> np.ndarray:
    """(T, 4, 3) positions in metres of LeftFoot, LeftToe, RightFoot, RightToe."""
    return joint_positions(clip)[:, [INDEX[joint] for joint in CONTACT_JOINTS]]


def standing_heights(skeleton: Skeleton) -> np.ndarray:
    """(4,) metres above the floor at which the ankles and toes rest, in the order of CONTACT_JOINTS."""
    return skeleton.rest_positions[[INDEX[joint] for joint in CONTACT_JOINTS], 2]


def speeds(positions: np.ndarray, fps: float) -> np.ndarray:
    """(T, N) metres a second of (T, N, 3) points, centred differences, one-sided at the ends."""
    if len(positions) < 2:
        return np.zeros(positions.shape[:-1])
    return np.linalg.norm(np.gradient(positions, 1.0 / fps, axis=0), axis=-1)


def find_contacts(clip: Clip, floor: float = 0.0) -> np.ndarray:
    """(T, 4) True while a foot joint stands on the floor: slow, low, and so for most of five frames."""
    positions = foot_positions(clip)
    height = positions[..., 2] - standing_heights(clip.skeleton) - floor
    return _slow_and_low(speeds(positions, clip.fps), height)


def _slow_and_low(speed: np.ndarray, height: np.ndarray) -> np.ndarray:
    return _majority((height < _HEIGHT) & (speed < _SPEED), _WINDOW)


def find_standing(clip: Clip, floor: float = 0.0) -> np.ndarray:
    """(T, 4) True while a foot joint stands, from touching down until it clearly leaves (hysteresis).

    It starts to stand as in find_contacts, or while it is slow beside quick hips; it goes on for as long as it is not
    quicker or higher than a second, wider pair of limits. Every run lasts a tenth of a second or more.
    """
    positions = foot_positions(clip)
    height = positions[..., 2] - standing_heights(clip.skeleton) - floor
    speed = speeds(positions, clip.fps)
    quicker = _SHARE_OF_HIPS * np.maximum(speeds(clip.positions[:, None], clip.fps) - _WALKING, 0.0)
    starts = _slow_and_low(speed, height) | ((height < _HEIGHT) & (speed < _SPEED + quicker))
    goes_on = (height < _LEAVES_HEIGHT) & (speed < _LEAVES_SPEED + quicker)
    stands = np.zeros_like(starts)
    for joint in range(stands.shape[1]):
        for first, stop in runs(starts[:, joint] | goes_on[:, joint]):
            stands[first:stop, joint] = starts[first:stop, joint].any()
    return steady(stands, clip.fps)


def steady(contacts: np.ndarray, fps: float) -> np.ndarray:
    """(T, N) the same without gaps of one or two frames and then without runs of fewer than three (at 30 fps).

    A run that touches an end of the clip is kept however short it is: nobody knows how long it was.
    """
    contacts = np.array(contacts, dtype=bool)
    shortest, gap = round(_SHORTEST * fps), round(_SHORT_GAP * fps)
    for column in contacts.T:
        for first, stop in runs(~column):
            if stop - first <= gap and first > 0 and stop < len(column):
                column[first:stop] = True
        for first, stop in runs(column):
            if stop - first < shortest and first > 0 and stop < len(column):
                column[first:stop] = False
    return contacts


def runs(flags: np.ndarray) -> np.ndarray:
    """(R, 2) first frame and the one after the last of every stretch of True in (T,)."""
    between = np.zeros(len(flags) + 2, dtype=bool)
    between[1:-1] = flags
    return np.flatnonzero(between[1:] != between[:-1]).reshape(-1, 2)


def _majority(flags: np.ndarray, window: int) -> np.ndarray:
    """The more frequent value within a centred window, along axis 0."""
    padded = np.pad(flags.astype(int), ((window // 2, window // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0)
    return sums[window:] - sums[:-window] > window / 2.0


def floor_height(clip: Clip) -> float:
    """Height in metres at which the soles stand: a low quantile over time of the lowest of both feet."""
    return float(np.quantile((foot_positions(clip)[..., 2] - standing_heights(clip.skeleton)).min(axis=1), 0.05))
