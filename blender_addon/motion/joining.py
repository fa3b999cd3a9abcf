# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one action gives way to the next: no joint is torn along harder than real motion tears at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .clip import Clip
from .kinematics import joint_positions
from .rotations import normalise, quat_continuous
from .skeleton import JOINTS

# Metres a second squared that joints stay below for 99 of 100 frames of real motion, each by itself and none above what
# holds for all together: measured with accelerations() on both sides of the training clips (runs/motion.npz, 30 fps).
_USUAL = {"Hips": 16.2, "Spine": 16.1, "Spine1": 15.7, "Spine2": 16.9, "Neck": 20.8, "Head": 22.8, "Shoulder": 19.2,
          "Arm": 23.1, "ForeArm": 34.6, "Hand": 36.1, "UpLeg": 18.5, "Leg": 36.1, "Foot": 36.1, "Toe": 36.1}
USUAL = np.array([_USUAL[joint.removeprefix("Left").removeprefix("Right")] for joint in JOINTS])
_AROUND = 0.4   # seconds on both sides of a join that are looked at, and smoothed
_FADES = 0.25   # seconds more in which smoothing ends
_ROOM = 0.8     # of what real motion does: feet are locked and keys made few afterwards
_WIDTHS = np.array([0.75, 1.0, 1.5, 2.0, 2.75, 3.5, 4.5]) / 30.0  # seconds: how far smoothing reaches, tried in turn


def accelerations(clip: Clip) -> np.ndarray:
    """(T - 2, 22) metres a second squared of every joint in the world, by second differences."""
    return np.linalg.norm(np.diff(joint_positions(clip), n=2, axis=0), axis=-1) * clip.fps**2


def smooth_joins(clip: Clip, joins: Sequence[int], most: np.ndarray = USUAL) -> Clip:
    """The clip, smoothed around each of the frames `joins` as little as keeps every joint below `most` (22,) m/s^2."""
    if clip.frames < 8:
        return clip
    for join in joins:
        clip = _smooth_join(clip, int(join), _ROOM * most)
    return clip


def _smooth_join(clip: Clip, join: int, most: np.ndarray) -> Clip:
    around, fades = round(_AROUND * clip.fps), round(_FADES * clip.fps)
    reach = around + fades + 4 * int(np.ceil(_WIDTHS[-1] * clip.fps))
    first, last = max(join - reach, 0), min(join + reach + 1, clip.frames)
    part = clip.cut(first, last)
    if part.frames < 8:
        return clip
    away = np.abs(np.arange(first, last) - join)
    near = (away <= around)[1:-1]
    share = np.clip((around + fades - away) / fades, 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share)
    made = part
    for width in _WIDTHS:
        if (accelerations(made)[near] <= most).all():
            break
        made = _smoothed(part, share, width * clip.fps)
    if made is part:
        return clip
    rotations, positions = np.array(clip.rotations), np.array(clip.positions)
    rotations[first:last], positions[first:last] = made.rotations, made.positions
    return replace(clip, rotations=quat_continuous(rotations), positions=positions)


def _smoothed(clip: Clip, share: np.ndarray, sigma: float) -> Clip:
    """Under a Gaussian of sigma frames, by its share (T,); both ends are held."""
    reach = int(np.ceil(4.0 * sigma))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    bell /= bell.sum()

    def mean(values: np.ndarray) -> np.ndarray:
        flat = np.pad(values.reshape(len(values), -1), ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
        windows = np.lib.stride_tricks.sliding_window_view(flat, len(bell), axis=0)
        return (windows @ bell).reshape(values.shape)

    rotations = quat_continuous(clip.rotations)
    turned = normalise(rotations + share[:, None, None] * (mean(rotations) - rotations))
    return replace(clip, rotations=turned, positions=clip.positions + share[:, None] * (mean(clip.positions)
                                                                                        - clip.positions))
