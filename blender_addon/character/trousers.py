# SPDX-License-Identifier: GPL-3.0-or-later
"""Trousers and shorts: they sit on the hips, span what is between the legs, and fall straight from the thighs."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from .cutting import Patch, below, finer, leg_rings, level_row, model, patch, torso_rings
from .draping import Drape, Tube, drape
from .outlines import reach
from .sewing import Sewing
from .tailoring import Cut, Sewn, Wearer, hidden, mixed, outward

_WAIST = 1.025  # heights on the modelled man: where the band sits, where legs end
_SHORTS, _LONG = 0.60, 0.094
_BAND, _HEM = 0.036, 0.026
_LEVELS = (0.09, 0.50, 0.75, 0.90, 1.025)
_SLIM, _WIDE = (0.020, 0.014, 0.009, 0.009, 0.008), (0.036, 0.032, 0.018, 0.010, 0.008)


def sew_trousers(wearer: Wearer, cut: Cut) -> Sewn:
    """Trousers, or shorts where the cut's length is below a half."""
    sewing, long = Sewing(), cut.length >= 0.5
    cloth, waist, legs = _pieces(long)
    size = wearer.size
    at = drape(_drape(long, cut.fit), wearer.skin, size)
    if long:
        for side, leg in legs.items():
            _clear_foot(at, cloth.own(leg), wearer.skin[below(0.3, 1.0 if side == "left" else -1.0)], size)
    numbers = sewing.add(at, cloth.skin)
    sewing.sew_patch(cloth, numbers, *_charts(long))
    points = sewing.place()
    top = numbers[cloth.own(waist)]
    up = np.tile([0.0, 0.0, 1.0], (len(top), 1))
    out = outward(points[top], up)
    rise = wearer.skin[_above_waist()] - wearer.skin[waist]
    lean = np.clip(np.sum(rise * out, axis=1) / rise[:, 2], -0.4, 0.1) - 0.06
    sewing.hem(top, _leaning(up, out, lean[:, None]), out, _BAND * size, "waistband", 0.0022)
    borders = [cloth.own(waist)]
    for side, leg in legs.items():
        borders.append(cloth.own(leg[-1]))
        edge = numbers[borders[-1]]
        along = points[edge].mean(axis=0) - points[numbers[cloth.own(leg[-5])]].mean(axis=0)
        down = np.tile(along / np.linalg.norm(along), (len(edge), 1))
        out = outward(points[edge], down)
        width = _HEM * (1.0 - 0.25 * (1.0 - out[:, 1]))  # shorter over the instep
        sewing.hem(edge, down, out, width * size, f"hem {side}", flip=side == "left")
    return Sewn(sewing, hidden(cloth, borders, 3))


def _clear_foot(at: np.ndarray, rings: np.ndarray, leg: np.ndarray, size: float) -> None:
    """Widen the end of a leg's rings (R, C) of vertices `at`, in place, until a boot has room under it."""
    edge = at[rings[-1]]
    middle, height = edge.mean(axis=0), edge[:, 2].min()
    there = leg[(leg[:, 2] > height - 0.016 * size) & (leg[:, 2] < height + 0.05 * size)][:, :2] - middle[:2]
    off = edge[:, :2] - middle[:2]
    far = np.linalg.norm(off, axis=1)
    more = np.maximum(reach(there, np.arctan2(off[:, 1], off[:, 0]), 0.014 * size) - far, 0.0) / far
    for row, share in zip(rings[-4:], (0.25, 0.5, 0.75, 1.0)):
        at[row, :2] += (at[row, :2] - at[row, :2].mean(axis=0)) * (more * share)[:, None]


@lru_cache(maxsize=1)
def _above_waist() -> np.ndarray:
    """The body's vertices a ring above those at the upper border."""
    torso = torso_rings()
    return finer(torso[level_row(torso[:14], _WAIST) + 1:][:1])[0]


def _leaning(way: np.ndarray, out: np.ndarray, share: np.ndarray) -> np.ndarray:
    lean = way + share * out
    return lean / np.linalg.norm(lean, axis=1, keepdims=True)


@lru_cache(maxsize=2)
def _pieces(long: bool) -> tuple[Patch, np.ndarray, dict[str, np.ndarray]]:
    """The cloth, the body's vertices of its upper border, and the fine rings of each leg from the groin to the hem."""
    torso = torso_rings()
    waist = level_row(torso[:14], _WAIST)
    last = level_row(leg_rings("left"), _LONG if long else _SHORTS)
    legs = {side: leg_rings(side)[: last + 1] for side in ("left", "right")}
    return (patch([torso[: waist + 1], *legs.values()]), finer(torso[waist: waist + 1])[0],
            {side: finer(rings) for side, rings in legs.items()})


@lru_cache(maxsize=8)
def _drape(long: bool, fit: float) -> Drape:
    cloth, waist, legs = _pieces(long)
    height = model()[cloth.skin][:, 2]
    eases = [mixed(pair, fit) for pair in zip(_SLIM, _WIDE)]
    held, tubes = np.full(len(height), 0.06), []
    for rings in legs.values():
        table = rings[6:]
        at = model()[table].mean(axis=1)[:, 2]
        ease = np.interp(at, _LEVELS, eases) if long else np.linspace(mixed((0.010, 0.018), fit), 0.022, len(at))
        tubes.append(Tube(table, ease, mixed((0.10, 0.035), fit)))
        for n, row in enumerate(cloth.own(table)):
            held[row] = min(0.06 + 0.04 * n, 0.35)
        held[cloth.own(rings[-1])] = 0.6
    held[cloth.own(waist)] = 0.6
    least = np.interp(height, [0.09, 0.35, 0.80, 1.025], [0.015, 0.011, 0.006, 0.006])
    return Drape(cloth, np.interp(height, _LEVELS, eases), least, held, tuple(tubes))


def _charts(long: bool) -> tuple[dict[str, np.ndarray], frozenset[tuple[int, int]]]:
    """A half for each leg, and the seams inside the legs."""
    cloth, _, _ = _pieces(long)
    middle = model()[cloth.skin][cloth.faces.reshape(-1, 16)].mean(axis=1)
    seams = set()
    for side in ("left", "right"):
        rings = leg_rings(side)
        seams |= {(min(pair), max(pair)) for pair in pairwise(map(int, rings[:, 14]))}
    return {"left": middle[:, 0] > 0.0, "right": middle[:, 0] < 0.0}, frozenset(seams)
