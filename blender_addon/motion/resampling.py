# SPDX-License-Identifier: GPL-3.0-or-later
"""From one frame rate, or tempo, to another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .rotations import quat_continuous, slerp


def resample(clip: Clip, fps: float) -> Clip:
    """The same motion at another rate: rotations by slerp, positions linearly; first and last pose stay the ends.

    Where its length is no whole number of new frames it is stretched by less than half of one, evenly: a loop still
    closes, and no frame stumbles.
    """
    if abs(fps - clip.fps) < 1e-9 or clip.frames < 2:
        return replace(clip, fps=fps) if clip.frames < 2 else clip
    count = max(2, int(round((clip.frames - 1) * fps / clip.fps)) + 1)
    return replace(sample(clip, np.linspace(0.0, clip.frames - 1, count)), fps=fps)


def sample(clip: Clip, at: np.ndarray) -> Clip:
    """The poses at moments (T,), counted in frames of a clip of at least two; its rate stays, so its tempo changes."""
    before = np.minimum(np.asarray(at).astype(int), clip.frames - 2)
    share = at - before
    rotations = quat_continuous(slerp(clip.rotations[before], clip.rotations[before + 1],
                                      np.broadcast_to(share[:, None], (len(at), clip.rotations.shape[1]))))
    positions = clip.positions[before] * (1.0 - share)[:, None] + clip.positions[before + 1] * share[:, None]
    contacts = None if clip.contacts is None else clip.contacts[np.round(at).astype(int)]
    return replace(clip, rotations=rotations, positions=positions, contacts=contacts)
