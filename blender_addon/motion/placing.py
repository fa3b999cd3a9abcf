# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a clip takes place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip

_SMOOTH_SECONDS = 0.5  # longer than a step, so that travel goes and the sway of the hips stays


def in_place(clip: Clip, loop: bool = False) -> Clip:
    """The same motion without its horizontal travel: the hips stay over where they start, swaying and bobbing.

    loop: the last frame is the first one again, further on in the same direction; the hips then sway on over the seam.
    """
    level = clip.positions[:, :2]
    more = clip.frames - 1 if loop else 0
    way = level[-1] - level[0]
    row = np.concatenate([level[:-1] - way, level, level[1:] + way]) if more else level
    travel = smooth_path(row, _SMOOTH_SECONDS * clip.fps)[more:more + clip.frames]
    positions = np.array(clip.positions)
    positions[:, :2] = level - travel + travel[:1]
    return replace(clip, positions=positions)


def smooth_path(values: np.ndarray, sigma: float) -> np.ndarray:
    """Columns (T, n) under a Gaussian of `sigma` frames; continued straight through both ends, so a line stays one."""
    reach = int(np.ceil(3.0 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    frames = len(values)
    if frames == 1:
        return values
    # an odd reflection about each end, as often as the kernel is longer than the clip
    at = np.arange(-reach, frames + reach)
    turns, rest = np.divmod(at, frames - 1)
    across = values[-1] - values[0]
    mirrored = turns % 2 == 1
    inner = np.where(mirrored[:, None], values[0] + values[-1] - values[np.where(mirrored, frames - 1 - rest, 0)],
                     values[rest])
    extended = inner + turns[:, None] * across
    return np.stack([np.convolve(column, kernel, mode="valid") for column in extended.T], axis=1)
