# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlines that cloth takes around a body: it spans hollows as a tape does, and falls from what is widest.

A convex outline is known by its support h(t), how far it reaches towards every direction t; a ray from inside leaves
it after min over t of h(t) / cos(t - s), where s is the ray's direction. Moving the outline out by some ease adds it
to h and rounds its corners.
"""

from __future__ import annotations

import numpy as np

_DIRECTIONS = 96


def reach(flat: np.ndarray, turns: np.ndarray, ease: np.ndarray | float = 0.0) -> np.ndarray:
    """(K,) how far from the origin rays in directions `turns` (radians) leave the convex outline of points (N, 2).

    ease: metres that the outline is moved out, one or one a ray. The origin lies inside.
    """
    every = np.arange(_DIRECTIONS) * (2.0 * np.pi / _DIRECTIONS)
    support = (flat @ np.stack([np.cos(every), np.sin(every)])).max(axis=0)
    cosine = np.cos(every[None, :] - turns[:, None])
    ahead = cosine > 0.05
    length = (support[None, :] + np.reshape(ease, (-1, 1))) / np.where(ahead, cosine, 1.0)
    return np.where(ahead, length, np.inf).min(axis=1)


def fallen(reaches: np.ndarray, along: np.ndarray, slope: float) -> np.ndarray:
    """(R, K) reaches of rings one after the other (R, K) that shrink by no more than `slope` metres a metre.

    along: (R,) metres from the first ring on. With a negative slope they grow from each ring to the next.
    """
    result = reaches.copy()
    for row in range(1, len(result)):
        result[row] = np.maximum(result[row], result[row - 1] - slope * (along[row] - along[row - 1]))
    return result


def around(rings: np.ndarray) -> np.ndarray:
    """(R, K, 3) closed rings a little smoother along themselves."""
    return 0.5 * rings + 0.25 * (np.roll(rings, 1, axis=1) + np.roll(rings, -1, axis=1))
