# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture coordinates of bodies: the charts of the cage cut open, flattened and packed; the same for every body."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise

import numpy as np

from .flattening import cut, flatten, pack, upright
from .loops import EAR_ROWS, HEAD, TRUNK, loops
from .modelling import modelled_points


@lru_cache(maxsize=1)
def texture_coordinates() -> np.ndarray:
    """(F, 4, 2) of every corner of the smooth mesh, within 0..1, charts upright, none upon another."""
    own = loops()
    corners = np.zeros((len(own.quads), 4, 2))
    placed = {name: chart(name) for name in charts()}
    sizes, names = [], []
    for name, flat in placed.items():
        for one in (name, name[:-1] + "R") if name.endswith(".L") else (name,):
            names.append(one)
            sizes.append(np.ptp(flat.reshape(-1, 2), axis=0))
    corner, side = pack(sizes)
    for name, low in zip(names, corner):
        n = own.chart_names.index(name)
        faces = np.flatnonzero(own.charts == n)
        if name.endswith(".R"):
            flat = placed[name[:-1] + "L"] * (-1.0, 1.0)
            faces, flat = _opposite(np.flatnonzero(own.charts == own.chart_names.index(name[:-1] + "L")), flat)
        else:
            flat = placed[name]
        corners[faces] = (flat - flat.reshape(-1, 2).min(axis=0) + low) / side
    return _finer(corners)


def charts() -> list[str]:
    """The names of those that are flattened; those on the right mirror the left."""
    return [name for name in loops().chart_names if not name.endswith(".R")]


@cache
def chart(name: str) -> np.ndarray:
    """(F, 4, 2) a chart of the cage laid flat and upright, metres. Some take a tenth of a second, once."""
    own = loops()
    faces = np.flatnonzero(own.charts == own.chart_names.index(name))
    numbers, origin = cut(own.quads[faces], _seams())
    at = modelled_points()[origin]
    plane = upright(flatten(at, numbers), _up(name, at))
    return plane[numbers] * np.sqrt(_area(at, numbers) / _flat_area(plane, numbers))


def _finer(corners: np.ndarray) -> np.ndarray:
    """(4 F, 4, 2) the coordinates of the four quads of each face of the cage (F, 4, 2)."""
    middle = corners.mean(axis=1)
    after = (corners + np.roll(corners, -1, axis=1)) / 2.0
    quads = [np.stack([corners[:, k], after[:, k], middle, after[:, k - 1]], axis=1) for k in range(4)]
    return np.stack(quads, axis=1).reshape(-1, 4, 2)


def _opposite(faces: np.ndarray, chart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The faces on the other side of some, and what belongs to their corners, in their order."""
    own = loops()
    find = {tuple(sorted(quad)): n for n, quad in enumerate(own.quads.tolist())}
    theirs = own.mirror[own.quads[faces]]
    opposite = np.array([find[tuple(sorted(quad))] for quad in theirs.tolist()])
    match = np.argmax(own.quads[opposite][:, :, None] == theirs[:, None, :], axis=2)
    return opposite, np.take_along_axis(chart, match[:, :, None], axis=1)


@lru_cache(maxsize=1)
def _seams() -> frozenset[tuple[int, int]]:
    """Where charts are cut open: behind the head, from the ears down, inside arms and legs, at the heel and toes."""
    left, trunk, crown = loops().left, loops().left["trunk"], loops().left["crown"]
    lines = [[*trunk[HEAD - 3: TRUNK, 12], *crown[:3, 2]]]
    lines += [list(trunk[HEAD - 3: EAR_ROWS[0] + 1, column]) for column in (7, -7)]
    for own in (left, loops().right):
        legs = np.concatenate([own["leg"], own["foot"]])
        ankle = len(own["leg"])
        lines += [[own["crotch"][1], *legs[: ankle + 1, 14]], list(legs[ankle: ankle + 5, 10])]
        lines += [[own["foot"][9, 12 - n], *own[f"toe{n}"][:, 4]] for n in range(5)]
        lines += [[trunk[EAR_ROWS[0], 6 if own is left else -6], *own["ear"][:2, 4]]]
        lines += [[trunk[14, 6 if own is left else -6], *own["arm"][:, 6]]]
    pairs = [pair for line in lines for pair in pairwise(int(vertex) for vertex in line)]
    return frozenset((min(pair), max(pair)) for pair in pairs)


def _area(points: np.ndarray, quads: np.ndarray) -> float:
    a, b, c, d = points[quads.T]
    return float(np.linalg.norm(np.cross(c - a, d - b), axis=1).sum() / 2.0)


def _flat_area(plane: np.ndarray, quads: np.ndarray) -> float:
    a, b, c, d = plane[quads.T]
    across, along = c - a, d - b
    return float(np.sum(across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]) / 2.0)


def _up(name: str, points: np.ndarray) -> np.ndarray:
    """(N,) what should grow upward in the picture: heads and shoulders, fingertips, toes."""
    kind = name.split(".")[0]
    if kind.startswith(("foot", "sole", "toe")):
        return -points[:, 1]
    return -points[:, 2] if kind in ("hand", "palm") else points[:, 2]
