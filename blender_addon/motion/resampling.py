# SPDX-License-Identifier: GPL-3.0-or-later
"""From one frame rate, or tempo, to another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .rotations import normalise, quat_continuous


def resample(clip: Clip, fps: float) -> Clip:
    """The same motion at another rate: first and last pose stay the ends.

    Where its length is no whole number of new frames it is stretched by less than half of one, evenly: a loop still
    closes, and no frame stumbles.
    """
    if abs(fps - clip.fps) < 1e-9 or clip.frames < 2:
        return replace(clip, fps=fps) if clip.frames < 2 else clip
    count = max(2, int(round((clip.frames - 1) * fps / clip.fps)) + 1)
    return replace(sample(clip, np.linspace(0.0, clip.frames - 1, count)), fps=fps)


def sample(clip: Clip, at: np.ndarray) -> Clip:
    """The poses at moments (T,), counted in frames of a clip of at least two; its rate stays, so its tempo changes.

    Between frames by a cubic through the four around (Catmull-Rom), for positions and for quaternions laid end to end
    alike: straight lines would change direction at every frame of the source, which shows at twice its rate.
    """
    at = np.asarray(at, dtype=np.float64)
    positions = _cubic(clip.positions, at)
    rotations = quat_continuous(normalise(_cubic(quat_continuous(clip.rotations), at)))
    contacts = None if clip.contacts is None else clip.contacts[np.round(at).astype(int)]
    return replace(clip, rotations=rotations, positions=positions, contacts=contacts)


def _cubic(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows (T, ...) at moments (N,); beyond the ends the line goes on straight."""
    ended = np.concatenate([[2.0 * values[0] - values[1]], values, [2.0 * values[-1] - values[-2]]])
    before = np.minimum(at.astype(int), len(values) - 2)
    t = (at - before).reshape(-1, *[1] * (values.ndim - 1))
    a, b, c, d = (ended[before + i] for i in range(4))
    return b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
