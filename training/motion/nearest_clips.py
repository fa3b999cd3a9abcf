# SPDX-License-Identifier: GPL-3.0-or-later
"""How near a motion comes to what was trained on: a model that plays back its clips is told from one that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blender_addon.motion import state_features as state
from blender_addon.motion.clip import Clip
from blender_addon.motion.mirroring import mirror

from .recogniser import seen_numbers

WINDOW = 24   # frames, 0.8 s: the shortest clips have no more
_EVERY = 3    # of those frames one is compared
_JOINTS = 22
_PLACES = slice(3, 4 + state.POSITIONS.stop - state.POSITIONS.start)  # hips' height and joints, of what is seen


@dataclass(frozen=True, eq=False)
class TrainingWindows:
    """Frames (N, 64) of training clips and of their mirror images end to end, and which of them may begin a window."""

    frames: np.ndarray
    squares: np.ndarray
    begins: np.ndarray


def training_windows(clips: Sequence[Clip]) -> TrainingWindows:
    """Every place in time of every clip that is long enough, mirrored too."""
    looks = [_look(one) for clip in clips if clip.frames >= WINDOW for one in (clip, mirror(clip))]
    begins = [np.arange(len(look)) <= len(look) - WINDOW for look in looks]
    frames = np.concatenate(looks)
    return TrainingWindows(frames, (frames ** 2).sum(axis=1), np.concatenate(begins))


def nearest_cm(windows: TrainingWindows, clip: Clip, every: int = WINDOW) -> np.ndarray:
    """(n,) cm from each window of a clip to the training window most like it: root of the mean square distance of the
    22 joints, as seen from the ground under the hips and their heading."""
    look = _look(clip)
    steps = np.arange(0, WINDOW, _EVERY)
    last = len(windows.frames) - steps[-1]
    found = []
    for first in range(0, len(look) - WINDOW + 1, every):
        rows = look[first + steps]
        apart = (rows ** 2).sum(axis=1)[:, None] - 2.0 * rows @ windows.frames.T + windows.squares
        sums = np.zeros(last, dtype=np.float32)
        for row, step in zip(apart, steps, strict=True):
            sums += row[step:step + last]
        best = int(np.argmin(np.where(windows.begins[:last], sums, np.inf)))
        # again without the rounding of a difference of large numbers
        away = rows.astype(np.float64) - windows.frames[best + steps]
        found.append(100.0 * np.sqrt((away ** 2).sum(axis=1).mean() / _JOINTS))
    return np.array(found)


def _look(clip: Clip) -> np.ndarray:
    return np.ascontiguousarray(seen_numbers(clip)[:, _PLACES])
