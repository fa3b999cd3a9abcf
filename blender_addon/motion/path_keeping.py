# SPDX-License-Identifier: GPL-3.0-or-later
"""The way over the ground, led back to the path where a model strayed from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .ground_path import GroundPath
from .placing import smooth_path

_STRAYED = 0.15  # metres beside the path that nobody minds
_SLOWLY = 0.7    # seconds over which it is led back, so that no foot slides far while it stands
_BEGINS = 1.0    # seconds from the start on in which it is not led yet
_LOOKS = 24      # frames between two looks
_REACH = 4.0     # metres along the path in which its nearest point is looked for


def keep_to_path(clip: Clip, path: GroundPath, follows: np.ndarray, began: float = 0.0) -> tuple[Clip, float]:
    """The clip with its hips no further than a step beside the path, and by how many metres it was moved at most.

    follows: (T,) whether the path is to be followed at each frame. began: metres along the path at the first frame.
    Where the clip keeps to the path it comes back as it is.
    """
    if clip.frames < 2 * _LOOKS or not follows.any():
        return clip, 0.0
    at = np.unique(np.append(np.arange(0, clip.frames, _LOOKS), clip.frames - 1))
    at = at[follows[at]]
    if len(at) < 2:
        return clip, 0.0
    ground = smooth_path(clip.positions[:, :2], 0.5 * clip.fps)[at]
    beside, reached = np.zeros((len(at), 2)), began
    for look, place in enumerate(ground):
        reached = path.nearest(place, reached, _REACH)
        beside[look] = path.at(np.array(reached))[0] - place
    away = np.linalg.norm(beside, axis=-1)
    if away.max() <= _STRAYED:
        return clip, 0.0
    beside *= np.maximum(1.0 - _STRAYED / np.maximum(away, 1e-9), 0.0)[:, None]
    moved = np.stack([np.interp(np.arange(clip.frames), at, column) for column in beside.T], axis=1)
    moved = smooth_path(moved, _SLOWLY * clip.fps)
    seconds = np.arange(clip.frames) / clip.fps
    moved -= np.exp(-0.5 * (seconds / _BEGINS) ** 2)[:, None] * moved[0]  # it begins where it began
    positions = np.array(clip.positions)
    positions[:, :2] += moved
    return replace(clip, positions=positions), float(np.linalg.norm(moved, axis=-1).max())
