# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair: strands from a parting over the head to their tips, sculpted as one skin of locks, and what is tied of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .body_weights import JOINTS
from .cutting import model
from .hair_cuts import CUTS, HairCut
from .hair_strands import LOCK, Strands, strands_in_slices
from .hair_ties import tied
from .loops import loops
from .modelling import refinement, vertex_normals
from .rooting import MIDDLE, Roots, placed, rooted_in_slices
from .sewing import Sewing
from .tailoring import Cut, Sewn, Wearer

_PANEL = LOCK  # columns of a chart
_INSIDE = 0.004  # metres within the hairline from where skin is hidden
_BEHIND = 0.045  # the same under a curtain, which one can look behind
_CLEAR = 0.006  # metres that hair keeps off neck and back


@dataclass(frozen=True, eq=False)
class _Grown:
    """Hair on the modelled man. points: (N, 3) metres. roots: of each. follow: (N,) how far it goes with its root.
    weights: (N, J). tables: name -> numbers of points, rows from root to tip. covered: (K,) skin."""

    points: np.ndarray
    roots: Roots
    follow: np.ndarray
    weights: np.ndarray
    tables: Mapping[str, np.ndarray]
    covered: np.ndarray


def haircut(cut: Cut) -> str:
    """Which of `hair_cuts.CUTS` a cut stands for: three short, three long."""
    return tuple(CUTS)[3 * int(cut.length >= 0.5) + round(2.0 * cut.fit)]


def sew_hair(wearer: Wearer, cut: Cut) -> Sewn:
    """A head of hair; short or long, and which, by the cut's length and fit."""
    for _ in grown_in_slices(cut):
        pass
    grown = _kept[haircut(cut)]
    points = placed(grown.points, grown.roots, grown.follow, wearer.skin)
    loose = np.flatnonzero(grown.follow < 0.9)
    points[loose] = _kept_off(points[loose], wearer.skin)
    sewing = Sewing()
    nearest = grown.roots.corners[np.arange(len(points)), np.argmax(grown.roots.shares, axis=1)]
    sewing.add(points, nearest)
    for name, table in grown.tables.items():
        panels = max(table.shape[1] // _PANEL, 1)
        sewing.sew_rings(table[::-1], name, panels, combed=name != "lining")
        if name == "outside" or name.startswith("tip"):
            end = table[0] if name == "outside" else table[-1, ::-1]
            sewing.sew_faces(_closed(end), f"{name} end", bent=True)
    return Sewn(sewing, grown.covered, lambda _, skin: dict(zip(JOINTS, grown.weights.T)))


def _closed(ring: np.ndarray) -> np.ndarray:
    """(C / 2 - 1, 4) quads across a flat ring (C,), seen from where it runs counter-clockwise."""
    k, last = np.arange(len(ring) // 2 - 1), len(ring) - 1
    return np.stack([ring[k], ring[k + 1], ring[last - 1 - k], ring[last - k]], axis=1)


_kept: dict[str, _Grown] = {}


def grown_in_slices(cut: Cut) -> Generator[float, None, _Grown]:
    """Hair on the modelled man, worked out once, in slices of some hundredths of a second."""
    name = haircut(cut)
    if name not in _kept:
        _kept[name] = yield from _grown(CUTS[name], name)
    return _kept[name]


def _grown(cut: HairCut, name: str) -> Generator[float, None, _Grown]:
    cap = yield from strands_in_slices(name, cut)
    rows, columns = cap.hanging.shape
    numbers = np.arange(rows * columns).reshape(rows, columns)
    tables = {"outside": numbers[: cap.outer], "lining": numbers[cap.outer - 1:]}
    hanging = cap.hanging.ravel()
    weights = _on_head(cap.roots.weights(), hanging)
    yield 0.6
    points, roots, follow = [cap.points.reshape(-1, 3)], [cap.roots], [1.0 - hanging]
    for part in tied(cut):
        flat = part.points.reshape(-1, 3)
        tables[part.name] = sum(map(len, points)) + np.arange(len(flat)).reshape(part.points.shape[:2])
        off = flat - MIDDLE
        points.append(flat)
        roots.append((yield from rooted_in_slices(off / np.linalg.norm(off, axis=1, keepdims=True))))
        follow.append(np.zeros(len(flat)))
        weights = np.concatenate([weights, _hanging_down(part.share.ravel())])
    corners, shares = (np.concatenate([getattr(each, field) for each in roots]) for field in ("corners", "shares"))
    covered = _covered(cap, bool(cut.curtain))
    yield 0.9
    return _Grown(np.concatenate(points), Roots(corners, shares), np.concatenate(follow), weights, tables, covered)


def _on_head(weights: np.ndarray, hanging: np.ndarray) -> np.ndarray:
    """(N, J) weights without the jaw's, those of the head alone where hair hangs."""
    head = JOINTS.index("Head")
    weights = weights * (1.0 - hanging)[:, None]
    for name in ("Jaw", *(joint for joint in JOINTS if "Shoulder" in joint)):
        weights[:, JOINTS.index(name)] = 0.0
    weights[:, head] += 1.0 - weights.sum(axis=1)
    return weights


def _hanging_down(share: np.ndarray) -> np.ndarray:
    """(N, J) weights of a tail, `share` (N,) from its tie to its tip: the tip lags behind the head."""
    weights = np.zeros((len(share), len(JOINTS)))
    lag = np.clip(share, 0.0, 1.0) ** 1.5
    weights[:, JOINTS.index("Neck")], weights[:, JOINTS.index("Spine2")] = 0.35 * lag, 0.25 * lag
    weights[:, JOINTS.index("Head")] = 1.0 - 0.6 * lag
    return weights


def _covered(cap: Strands, ears: bool) -> np.ndarray:
    """The skin under hair, but for what is near its edge; with the ears where hair hangs over them."""
    own, outside = loops(), cap.points[: cap.outer]
    quads = np.flatnonzero(own.charts == own.chart_names.index("head"))
    faces = refinement().faces[(4 * quads[:, None] + np.arange(4)).ravel()]
    off = model() - MIDDLE
    off /= np.linalg.norm(off, axis=1, keepdims=True)
    ways = np.concatenate([outside[:-1:2, ::2], outside[-1:, ::2]]) - MIDDLE
    ways /= np.linalg.norm(ways, axis=2, keepdims=True)
    skin, under = np.unique(faces), np.zeros(len(off), bool)
    alike = off[skin] @ ways.reshape(-1, 3).T
    near = np.argmax(alike, axis=1)
    inside = (alike.max(axis=1) > np.cos(0.12)) & (_at(cap.hanging, cap.outer)[near] < 0.5)
    inside &= (off[skin] @ ways[-1].T).max(axis=1) < np.cos((_BEHIND if ears else _INSIDE) / 0.1)
    under[skin[inside & (_at(cap.shares, cap.outer)[near] < 0.99)]] = True
    under[faces[~under[faces].all(axis=1)]] = False  # the mask hides faces with all their corners
    covered = np.flatnonzero(under)
    if ears:
        sides = [side["ear"] for side in (own.left, own.right)]
        grown = np.isin(refinement().quads, np.concatenate([side.ravel() for side in sides])).any(axis=1)
        fine = refinement().faces[(4 * np.flatnonzero(grown)[:, None] + np.arange(4)).ravel()]
        covered = np.concatenate([covered, np.unique(fine)])
    return np.unique(covered)


def _at(values: np.ndarray, outer: int) -> np.ndarray:
    """What a table (R, C) of the hair has where `_covered` looks: every other row and column outside, and the tips."""
    return np.concatenate([values[: outer - 1: 2, ::2], values[outer - 1: outer, ::2]]).ravel()


def _kept_off(points: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Points (N, 3) moved out of neck, shoulders and back."""
    around = _around_neck()
    at, normals = skin[around], vertex_normals(skin)[around]
    for _ in range(3):
        for some in np.array_split(np.arange(len(points)), 8):
            square = ((at**2).sum(axis=1) - 2.0 * points[some] @ at.T)
            near = np.argmin(square, axis=1)
            deep = _CLEAR - np.sum((points[some] - at[near]) * normals[near], axis=1)
            points[some] += normals[near] * np.clip(deep, 0.0, 0.03)[:, None]
    return points


@lru_cache(maxsize=1)
def _around_neck() -> np.ndarray:
    """The body's vertices that long hair could go into: not those of ears, nor of what is over them."""
    at = model()
    x, _, z = at.T
    chosen = (z > 1.36) & (np.abs(x) < 0.22)
    own = loops()
    for side in (own.left, own.right):
        chosen[side["ear"].ravel()] = False
    quads = np.isin(refinement().quads, np.concatenate([side["ear"].ravel() for side in (own.left, own.right)]))
    fine = refinement().faces[(4 * np.flatnonzero(quads.any(axis=1))[:, None] + np.arange(4)).ravel()]
    chosen[np.unique(fine)] = False
    return np.flatnonzero(chosen)
