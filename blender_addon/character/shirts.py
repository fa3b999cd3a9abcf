# SPDX-License-Identifier: GPL-3.0-or-later
"""Shirts: they lie on the shoulders, fall from chest and back over the belt, and have short or long sleeves."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from .cutting import Patch, arm_rings, below, finer, level_row, model, patch, torso_rings
from .draping import Drape, Tube
from .loops import BELLY, SHOULDER, TORSO
from .sewing import Sewing
from .tailoring import Cut, Sewn, Wearer, hidden, hung_rings, mixed, outward, worn_patch

_WAIST, _TUCKED, _TAIL = 0.995, 1.03, 0.895  # heights on the modelled man: where the skin's rings end, and the shirt
_SHORT, _LONG = 1.255, 1.02  # where sleeves end
_COLLAR, _HEM, _CUFF = 0.020, 0.024, 0.022
_NECK = BELLY + SHOULDER - 1  # the last ring of the shoulders


def sew_shirt(wearer: Wearer, cut: Cut) -> Sewn:
    """A shirt; its sleeves are long where the cut's length is a half or more."""
    sewing, long, size = Sewing(), cut.length >= 0.5, wearer.size
    cloth, waist, neck, arms = _pieces(long, cut.tucked)
    numbers = worn_patch(sewing, _drape(long, cut.fit, cut.tucked), wearer)
    sewing.sew_patch(cloth, numbers, *_charts(long, cut.tucked))
    points = sewing.place()
    if not cut.tucked:
        _sew_tail(sewing, wearer, numbers[cloth.own(waist)], cut)
    collar = numbers[cloth.own(neck[0])]
    up = wearer.skin[neck[1]] - wearer.skin[neck[0]] + (0.0, 0.0, 0.004 * size)
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    sewing.hem(collar, up, outward(points[collar], up), _COLLAR * size, "collar", 0.0018, deep=0.016)
    borders = [cloth.own(neck[0])] + [cloth.own(waist)] * cut.tucked
    for side, arm in arms.items():
        borders.append(cloth.own(arm[-1]))
        edge = numbers[borders[-1]]
        along = wearer.skin[arm[-1]].mean(axis=0) - wearer.skin[arm[-5]].mean(axis=0)
        along = np.tile(along / np.linalg.norm(along), (len(edge), 1))
        sewing.hem(edge, along, outward(points[edge], along), _CUFF * size, f"cuff {side}", flip=side == "right")
    return Sewn(sewing, hidden(cloth, borders, 3))


def _sew_tail(sewing: Sewing, wearer: Wearer, border: np.ndarray, cut: Cut) -> None:
    """What hangs over the belt, from the border (C,) down."""
    tail = _tail(wearer, sewing.place()[border], cut)
    rings = np.concatenate([border[None], sewing.add(tail)])
    sewing.sew_rings(rings[:, ::-1], "tail", 2)
    down = tail[-1] - tail[-2]
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    sewing.hem(rings[-1], down, outward(tail[-1], down), _HEM * wearer.size, "hem", flip=True)


def _tail(wearer: Wearer, border: np.ndarray, cut: Cut) -> np.ndarray:
    """(R, C, 3) rings below the last of the skin's, columns as that has them."""
    middle = border.mean(axis=0)
    turns = np.arctan2(border[:, 1] - middle[1], border[:, 0] - middle[0])
    first = np.linalg.norm(border[:, :2] - middle[:2], axis=1)
    waist, end = border[:, 2].mean(), wearer.skin[_lowest()][2] + (_TAIL - _WAIST) * wearer.size
    heights = np.linspace(waist, end, 6)
    ease = np.full(6, mixed((0.025, 0.033), cut.fit)) * wearer.size
    rings = hung_rings(wearer.skin[below(_WAIST + 0.06)], heights, turns, middle[:2], ease, 0.05, first)
    # From the border, which is not level, to level rings.
    share = np.linspace(0.0, 1.0, 6)[1:, None]
    rings[1:, :, 2] = border[:, 2] + (heights[-1] - border[:, 2]) * share
    rings[1:] += (border - rings[0])[None] * ((1.0 - share) ** 2)[..., None] * (1.0, 1.0, 0.0)
    return rings[1:]


@lru_cache(maxsize=1)
def _lowest() -> int:
    """The vertex of the skin in front on the border's ring."""
    torso = torso_rings()
    return int(torso[level_row(torso[:14], _WAIST), 0])


@lru_cache(maxsize=4)
def _pieces(long: bool, tucked: bool) -> tuple[Patch, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The cloth, the body's vertices at its lower border, (2, C) at the neck and above, and the rings of each arm."""
    torso = torso_rings()
    waist = level_row(torso[:14], _TUCKED if tucked else _WAIST)
    last = level_row(arm_rings("left"), _LONG if long else _SHORT)
    arms = {side: arm_rings(side)[: last + 1] for side in ("left", "right")}
    return (patch([torso[waist: _NECK + 1], *arms.values()]), finer(torso[waist: waist + 1])[0],
            finer(torso[_NECK: _NECK + 2])[[0, 2]], {side: finer(rings) for side, rings in arms.items()})


@lru_cache(maxsize=12)
def _drape(long: bool, fit: float, tucked: bool) -> Drape:
    cloth, waist, neck, arms = _pieces(long, tucked)
    torso = torso_rings()
    low = level_row(torso[:14], _TUCKED if tucked else _WAIST)
    height = model()[cloth.skin][:, 2]
    levels = (0.98, 1.06, 1.15, 1.30, 1.38, 1.45, 1.50)
    slim, wide = (0.022, 0.021, 0.015, 0.010, 0.008, 0.006, 0.005), (0.030, 0.030, 0.026, 0.018, 0.012, 0.007, 0.005)
    eases = [mixed(pair, fit) for pair in zip(slim, wide)]
    if tucked:
        eases[:3] = 0.005, 0.006, 0.014
    held, tubes = np.full(len(height), 0.05), []
    table = finer(torso[low: BELLY + 1])[::-1]
    slope = 0.8 if tucked else mixed((0.40, 0.12), fit)
    tubes.append(Tube(table, np.interp(model()[table].mean(axis=1)[:, 2], levels, eases), slope))
    for n, row in enumerate(cloth.own(table)):
        held[row] = min(0.05 + 0.02 * n, 0.25)
    for rings in arms.values():
        table = rings[6:]
        ease = np.linspace(mixed((0.010, 0.018), fit), mixed((0.014, 0.026), fit) * (0.9 if long else 1.0), len(table))
        tubes.append(Tube(table, ease, 0.10 if long else 0.03))
        for n, row in enumerate(cloth.own(table)):
            held[row] = min(0.05 + 0.04 * n, 0.30)
        held[cloth.own(rings[-1])] = 0.6
    held[cloth.own(neck[0])] = 0.8
    held[cloth.own(waist)] = 0.6
    over = (0.004, 0.004) if tucked else (0.018, 0.017)  # the belt
    least = np.interp(height, [0.98, 1.09, 1.16, 1.45], [*over, 0.006, 0.0045])
    least[np.isin(cloth.skin, np.concatenate([ring.ravel() for ring in arms.values()]))] = 0.006
    return Drape(cloth, np.interp(height, levels, eases), least, held, tuple(tubes))


def _charts(long: bool, tucked: bool) -> tuple[dict[str, np.ndarray], frozenset[tuple[int, int]]]:
    """Front, back and sleeves, and the seams under the sleeves."""
    cloth, _, _, _ = _pieces(long, tucked)
    torso, quarter = torso_rings(), TORSO // 4
    corners = cloth.skin[cloth.faces.reshape(-1, 4, 4)[:, :, 0]]
    charts = {"front": np.isin(corners, torso[:, np.arange(-quarter, quarter + 1)]).all(axis=1),
              "back": np.isin(corners, torso[:, np.arange(quarter, 3 * quarter + 1)]).all(axis=1)}
    sleeve = ~(charts["front"] | charts["back"])
    x, seams = model()[corners].mean(axis=1)[:, 0], set()
    charts |= {"left sleeve": sleeve & (x > 0.0), "right sleeve": sleeve & (x < 0.0)}
    for side, column in (("left", quarter), ("right", -quarter)):
        under = [torso[BELLY, column], *arm_rings(side)[:, 6]]
        seams |= {(min(pair), max(pair)) for pair in pairwise(map(int, under))}
    return charts, frozenset(seams)
