# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows on which in-betweeners are judged: ten frames before a gap, one after it, as on LAFAN1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.inbetween_features import CHANNELS, headings, turn_about_z
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.rotations import quat_about_z, quat_continuous, quat_multiply

from .clips import ClipSet

PAST = 10
MISSING = (5, 15, 30, 45)
WINDOW, OFFSET = 65, 40  # frames of a test window, and between the starts of two
_TRAIN_WINDOW, _TRAIN_OFFSET = 50, 20  # of the windows that the spread is taken from


@dataclass(frozen=True, eq=False)
class Gaps:
    """Windows of W stretches: rotations (W, T, 22, 4), positions (W, T, 3), clip (W,) its number, start (W,) frame.

    The first PAST frames and the last are given, those between are to be filled.
    """

    missing: int
    rotations: np.ndarray
    positions: np.ndarray
    clip: np.ndarray
    start: np.ndarray

    def __len__(self) -> int:
        return len(self.clip)

    def every(self, step: int) -> Gaps:
        """Every step-th window."""
        return Gaps(self.missing, self.rotations[::step], self.positions[::step], self.clip[::step],
                    self.start[::step])

    @property
    def known(self) -> np.ndarray:
        """(W, T, 23) what is given."""
        known = np.zeros((*self.positions.shape[:2], CHANNELS), dtype=bool)
        known[:, :PAST] = known[:, -1:] = True
        return known

    @property
    def gap(self) -> slice:
        return slice(PAST, PAST + self.missing)


def gaps_of(clips: ClipSet, which: list[int], missing: int) -> Gaps:
    """The test windows of clips: 65 frames every 40, in stretches of good frames, the gap right after the tenth.

    The windows begin at the same frames for every length. A stretch shorter than 65 frames gives one window at its
    beginning, where it is long enough for this length: else a run across the room would never be judged.
    """
    long = PAST + missing + 1
    found: list[tuple[int, int, Clip]] = []
    for index in which:
        begin = int(clips.starts[index])
        good = clips.good[begin:int(clips.starts[index + 1])]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(int), [0]])))
        for first, stop in edges.reshape(-1, 2):
            starts = range(first, stop - WINDOW + 1, OFFSET) if stop - first >= WINDOW else [first]
            found += [(index, start, clips.clip(index).cut(start, start + long))
                      for start in starts if start + long <= stop]
    rotations = np.array([quat_continuous(clip.rotations) for *_, clip in found]).reshape(-1, long, CHANNELS - 1, 4)
    positions = np.array([clip.positions for *_, clip in found], dtype=np.float64).reshape(-1, long, 3)
    rotations, positions = face_forward(rotations, positions, PAST - 1)
    return Gaps(missing, rotations, positions, np.array([f[0] for f in found], dtype=int),
                np.array([f[1] for f in found], dtype=int))


def face_forward(rotations: np.ndarray, positions: np.ndarray, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn windows (W, T, ...) about the vertical so that the hips face -Y at `frame`, and put them above the origin
    there."""
    angle = -headings(rotations[:, frame])
    rotations = np.array(rotations)
    rotations[:, :, 0] = quat_multiply(quat_about_z(angle)[:, None], rotations[:, :, 0])
    away = positions - positions[:, frame:frame + 1] * [1.0, 1.0, 0.0]
    return rotations, turn_about_z(away, angle)


def spread_of(clips: ClipSet, which: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread (22, 3) of the joints over training windows: 50 frames every 20, facing -Y at the tenth, the
    hips' mean over the ground at the origin."""
    everything = []
    for index in which:
        for stretch in clips.stretches(index, _TRAIN_WINDOW):
            for start in range(0, stretch.frames - _TRAIN_WINDOW + 1, _TRAIN_OFFSET):
                part = stretch.cut(start, start + _TRAIN_WINDOW)
                rotations, positions = face_forward(part.rotations[None].astype(float), part.positions[None],
                                                    PAST - 1)
                _, joints = forward_kinematics(part.skeleton, rotations[0], positions[0])
                everything.append(joints - positions[0].mean(axis=0) * [1.0, 1.0, 0.0])
    joints = np.concatenate(everything)
    return joints.mean(axis=0), joints.std(axis=0)
