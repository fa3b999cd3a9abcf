# SPDX-License-Identifier: GPL-3.0-or-later
"""Boots: level rings around the foot and up the leg, on a sole with a heel."""

from __future__ import annotations

import numpy as np

from .cutting import below, model
from .outlines import around, reach
from .sewing import Sewing
from .tailoring import Cut, Sewn, Wearer, mixed, outward

_COLUMNS = 40
_TOP = (0.165, 0.255)  # how high they are on the modelled man
_SOLE, _UNDER = 0.016, -0.003  # where the sole ends above, and below
_END = 3  # columns from the tip of the toe to its corner, and at the heel
_HEEL = 0.30  # of the foot's length, from behind
_NOTCH = 0.0027  # no higher than the skin of a flat foot
_BOX = 0.022  # room above the toes


def sew_boots(wearer: Wearer, cut: Cut) -> Sewn:
    """A pair of boots, from the ankle up to the calf."""
    sewing, covered = Sewing(), []
    top = mixed(_TOP, cut.length)
    for side in (1.0, -1.0):
        foot = below(0.40, side)
        _sew_one(sewing, wearer.skin[foot] * (side, 1.0, 1.0), wearer.size, top, cut.fit, side)
        covered.append(foot[model()[foot][:, 2] < top - 0.02])
    return Sewn(sewing, np.concatenate(covered))


def _sew_one(sewing: Sewing, leg: np.ndarray, size: float, top: float, fit: float, side: float) -> None:
    rings, first = _rings(leg, size, top, fit)
    mirror = np.array([side, 1.0, 1.0])
    name, flip = ("left", False) if side > 0.0 else ("right", True)
    numbers = sewing.add(rings * mirror)

    half = _COLUMNS // 2
    sewn = np.roll(numbers[:, ::-1], 1, axis=1) if flip else numbers  # from the toe
    sewing.sew_rings(sewn[: first + 1], f"sole edge {name}", 2)
    sewing.sew_rings(sewn[first:], f"upper {name}", 2, bent=True)
    across = np.arange(1, 2 * _END) / (2 * _END)
    right, left = rings[0, _COLUMNS - _END - 1: half + _END: -1], rings[0, _END + 1: half - _END]
    inner = right[:, None] + (left - right)[:, None] * across[:, None]
    middle = sewing.add(inner * mirror)
    sewing.sew_faces(_sole(numbers[0], middle, flip), f"sole {name}")
    up = np.tile([0.0, 0.0, 1.0], (_COLUMNS, 1))
    sewing.hem(numbers[-1], up, outward(rings[-1], up) * mirror, 0.012 * size, f"top {name}", 0.0015, 0.02, flip=flip)


def _sole(ring: np.ndarray, middle: np.ndarray, flip: bool) -> np.ndarray:
    """(F, 4) the underside, seen from below: rows across, from the toe (around column 0) to the heel.

    middle: the vertices inside the ring, row by row, from the inner side of the foot to the outer.
    """
    half, around = len(ring) // 2, np.arange(-_END, _END + 1)
    left, right = ring[_END: half - _END + 1], ring[np.arange(-_END, _END - half - 1, -1)]
    table = np.empty((len(left), len(around)), int)
    table[:, 0], table[:, -1] = right, left
    table[0], table[-1] = ring[around], ring[half - around]
    table[1:-1, 1:-1] = middle
    quads = np.stack([table[:-1, :-1], table[1:, :-1], table[1:, 1:], table[:-1, 1:]], axis=2).reshape(-1, 4)
    return quads[:, ::-1] if flip else quads


def _rings(leg: np.ndarray, size: float, top: float, fit: float) -> tuple[np.ndarray, int]:
    """(R, C, 3) rings of the left boot from the ground up, column 0 in front; and which the upper begins with."""
    length = np.ptp(leg[leg[:, 2] < 0.05 * size][:, 1])
    toe = leg[:, 1].min()
    # The toes get a box: what lies in front counts as higher than it is.
    ahead = np.clip((toe + 0.36 * length - leg[:, 1]) / (0.30 * length), 0.0, 1.0)
    foot = leg + np.outer(ahead * _BOX * size * (leg[:, 2] > 0.01 * size), (0.0, 0.0, 1.0))
    edge = ((_UNDER, 0.0060), (_UNDER + 0.0015, 0.0075), (_SOLE - 0.0015, 0.0075), (_SOLE, 0.0060))
    levels = [*np.arange(_SOLE + 0.0005, 0.06, 0.007), *np.arange(0.064, top - 0.005, 0.0155), top]
    tight = np.interp(levels, [0.02, 0.08, 0.16], [0.0035, 0.005, mixed((0.007, 0.010), fit)])
    heights = np.array([*(height for height, _ in edge), *levels]) * size
    ease = np.array([*(off for _, off in edge), *tight]) * size
    spread = np.arange(_COLUMNS) * (2.0 * np.pi / _COLUMNS)
    rings = np.empty((len(heights), _COLUMNS, 3))
    heel = max(0.16 * length / size - 0.039, 0.004)  # the larger the feet, the further down a heel comes out
    for n, (height, off) in enumerate(zip(heights, ease)):
        low = max(height, 0.012 * size)
        under, over = (heel, max(0.13 - low / size, 0.0)) if low < 0.10 * size else (0.024, 0.024)
        above = foot[(foot[:, 2] > low - under * size) & (foot[:, 2] < low + over * size)][:, :2]
        middle, wide = (above.max(axis=0) + above.min(axis=0)) / 2.0, np.ptp(above, axis=0)
        turns = np.arctan2(-wide[1] * np.cos(spread), wide[0] * np.sin(spread))
        out = reach(above - middle, turns, off)
        rings[n, :, 0], rings[n, :, 1] = middle[0] + np.cos(turns) * out, middle[1] + np.sin(turns) * out
        rings[n, :, 2] = height
    first = len(edge)
    _smooth(rings, first)
    share = (rings[:2, :, 1] - toe) / length
    arch = np.clip((share - 0.40) / 0.06, 0.0, 1.0) * np.clip((1.0 - _HEEL - share) / 0.03, 0.0, 1.0)
    rings[:2, :, 2] += _NOTCH * size * arch
    return around(rings), first


def _smooth(rings: np.ndarray, first: int) -> None:
    """Rings of the upper run into one another."""
    for _ in range(4):
        inner = rings[first + 1: -1]
        inner[..., :2] += 0.5 * ((rings[first: -2] + rings[first + 2:])[..., :2] / 2.0 - inner[..., :2])
