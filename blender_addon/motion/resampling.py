# SPDX-License-Identifier: GPL-3.0-or-later
"""From one frame rate to another."""

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
    at = np.linspace(0.0, clip.frames - 1, count)
    before = np.minimum(at.astype(int), clip.frames - 2)
    share = at - before
    rotations = quat_continuous(slerp(clip.rotations[before], clip.rotations[before + 1],
                                      np.broadcast_to(share[:, None], (count, clip.rotations.shape[1]))))
    positions = clip.positions[before] * (1.0 - share)[:, None] + clip.positions[before + 1] * share[:, None]
    contacts = None if clip.contacts is None else clip.contacts[np.round(at).astype(int)]
    return replace(clip, rotations=rotations, positions=positions, fps=fps, contacts=contacts)
