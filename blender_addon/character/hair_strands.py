# SPDX-License-Identifier: GPL-3.0-or-later
"""Strands of hair over the modelled man's head: a table of points, each row further from the parting."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from .cutting import model
from .hair_cuts import HairCut
from .lobes import smooth_curve
from .rooting import CHIN, MIDDLE, Roots, rooted_in_slices

LOCK = 6  # columns of a lock
_ROWS, _HEM_ROWS, _CURTAIN_ROWS = 30, 3, 9  # outside, and of the lining
_LEAST = 0.0012  # metres off the skin
_OVER, _SOFT = 0.35, 0.010  # from which rise of its ray on hair lies on the head, and how softly it leaves it
_HEM, _LINING = 0.012, 0.0035  # how far the lining goes back, and how thick it is


@dataclass(frozen=True, eq=False)
class Strands:
    """Hair on the modelled man, in two layers of columns that run from the front over the left.

    points: (R, C, 3) metres: outside from the parting to the tips, then the lining from there back under. outer: how
    many rows are outside. roots: of all R C points. hanging: (R, C) from 0, on the skull, to 1, off it. shares: (R, C)
    how far along its strand each is, 1 where the hairline is.
    """

    points: np.ndarray
    outer: int
    roots: Roots
    hanging: np.ndarray
    shares: np.ndarray


def strands_in_slices(name: str, cut: HairCut) -> Generator[float, None, Strands]:
    """The hair of a cut, without what is tied, in slices: yields the share that is done, returns it."""
    random = np.random.default_rng(crc32(name.encode()))
    columns = _columns(cut, random)
    length = np.arccos(np.clip(np.sum(columns.start * columns.end, axis=1), -1.0, 1.0)) * 0.1  # about, metres
    pointed = (4.0 * columns.within * (1.0 - columns.within)) ** 0.8 * random.uniform(0.5, 1.0, cut.locks)[columns.lock]
    over = columns.tip * pointed / np.maximum(length, 0.02)
    share = np.linspace(0.0, 1.0, _ROWS)[:, None] * (1.0 + over)
    sway = _sway(columns, cut, random)
    ways, roots, far, hanging = yield from _on_head(columns, share, sway, cut)
    height = _smooth(_height(ways, share, columns, cut), 2) + _relief(ways, share, columns, cut, random)
    outside = MIDDLE + ways * (far + np.maximum(height, _LEAST))[..., None]

    # The lining goes back under the hair, of curtains up to where they leave the skin.
    inward = np.linspace(0.0, 1.0, _CURTAIN_ROWS if cut.curtain else _HEM_ROWS)[:, None]
    deep = np.full(len(length), _HEM) / np.maximum(length, 0.02)
    if cut.curtain:
        leaves = share[np.argmax(hanging > 0.4, axis=0), np.arange(len(length))]
        under = np.where(hanging.max(axis=0) > 0.4, share[-1] - leaves + 0.06, 0.0)
        deep = np.maximum(deep, _around(under, LOCK))
    back = share[-1] - 0.0008 / np.maximum(length, 0.02) - deep * inward
    more = yield from _on_head(columns, np.maximum(back, 0.0), sway, cut)
    thin = np.minimum(0.4 * np.maximum(height[-1], _LEAST), _LINING) * (1.0 - 0.5 * inward)
    lining = MIDDLE + more[0] * (more[2] + np.maximum(thin, 0.0006))[..., None]
    corners, shares = (np.concatenate(pair) for pair in zip((roots.corners, roots.shares),
                                                            (more[1].corners, more[1].shares)))
    return Strands(np.concatenate([outside, lining]), len(outside), Roots(corners, shares),
                   np.concatenate([hanging, more[3]]), np.concatenate([share, back]))


def _on_head(columns: _Columns, share: np.ndarray, sway: np.ndarray, cut: HairCut
             ) -> Generator[float, None, tuple[np.ndarray, Roots, np.ndarray, np.ndarray]]:
    """Directions (R, C, 3) of points along their strands, their roots, how far the hair's inside is from MIDDLE, and
    how far it hangs (R, C)."""
    ways = _swayed(columns, share, sway, cut)
    roots = yield from rooted_in_slices(ways.reshape(-1, 3))
    far = np.sum((roots.on(model()) - MIDDLE) * ways.reshape(-1, 3), axis=1).reshape(share.shape)
    return ways, roots, *_hung(np.maximum(_smooth(far), far), ways, cut)


@dataclass(frozen=True, eq=False)
class _Columns:
    """start, end: (C, 3) directions. thick, tip: (C,) metres. lock, within: (C,) its number, and where in it (0..1)."""

    start: np.ndarray
    end: np.ndarray
    thick: np.ndarray
    tip: np.ndarray
    lock: np.ndarray
    within: np.ndarray


def _columns(cut: HairCut, random: np.random.Generator) -> _Columns:
    """Locks of several widths around the head, each of LOCK columns."""
    count = cut.locks * LOCK
    left = np.array(cut.left)
    right = np.array(cut.right) if cut.right else left * (-1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    around = np.concatenate([left, right[-2::-1]])
    q = np.concatenate([left[:, 3], 2.0 - right[-2::-1, 3]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(around[:, :3], axis=0), axis=1))])
    width = random.uniform(0.7, 1.3, cut.locks)
    edges = np.concatenate([[0.0], np.cumsum(width)]) / width.sum()
    at = np.interp((np.arange(count) + 0.5) / LOCK, np.arange(cut.locks + 1), edges) * along[-1]
    lock, within = np.arange(count) // LOCK, (np.arange(count) % LOCK + 0.5) / LOCK
    end = np.stack([smooth_curve(along, around[:, k], at) for k in range(3)], axis=1)
    thick, tip = (np.interp(at, along, around[:, k]) / 1000.0 for k in (4, 5))
    part = np.array(cut.parting, float)
    step = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(part, axis=0), axis=1))])
    # Evenly along both sides of the parting, half a column from its ends.
    where = smooth_curve(along, q, at)
    where = np.where(where > 1.0, 2.0 - where, where)
    even = 2.0 * np.minimum(np.arange(count) + 0.5, count - 0.5 - np.arange(count)) / count
    evenly = 1.0 if cut.tie else 0.2  # none begin at one point
    where = (where + evenly * (even - where)) * step[-1]
    start = np.stack([smooth_curve(step, part[:, k], where) for k in range(3)], axis=1)
    start, end = _ways(start), _ways(end)
    # Both sides of the parting stand a little apart; around its ends they make half a turn.
    start = start + 0.055 * _aside(start, end)
    return _Columns(start / np.linalg.norm(start, axis=1, keepdims=True), end, thick, tip, lock, within)


def _ways(points: np.ndarray) -> np.ndarray:
    off = points / 1000.0 + CHIN - MIDDLE
    return off / np.linalg.norm(off, axis=-1, keepdims=True)


def _aside(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(C, 3) unit vectors from the start of each column towards its end."""
    off = end - np.sum(end * start, axis=1)[:, None] * start
    return off / np.linalg.norm(off, axis=1, keepdims=True)


def _sway(columns: _Columns, cut: HairCut, random: np.random.Generator) -> np.ndarray:
    """(2, C) how far each column leans aside, and where its wave begins: alike in neighbours."""
    own = random.uniform(-1.0, 1.0, cut.locks)
    phase = np.cumsum(0.55 * own)
    return np.stack([_around(values[columns.lock], 2 * LOCK) for values in (own, phase)])


def _swayed(columns: _Columns, share: np.ndarray, sway: np.ndarray, cut: HairCut) -> np.ndarray:
    """(R, C, 3) directions along each strand, which bends down as it falls and waves a little."""
    start, end = columns.start, columns.end
    turn = np.arccos(np.clip(np.sum(start * end, axis=1), -1.0, 1.0))
    up = (np.array([0.0, 0.0, 1.0]) - end * end[:, 2:]) * (cut.fall * np.clip(turn - 0.25, 0.0, 1.0))[:, None]
    one, two = share[..., None], 1.0 - share[..., None]
    ways = two * two * start + one * two * (start + end + 2.0 * up) + one * one * end
    ways = ways / np.linalg.norm(ways, axis=2, keepdims=True)
    across = np.cross(start, end)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    lean, phase = sway
    wave = np.sin(5.5 * share * (turn / 1.6) + phase) - np.sin(phase) + 1.2 * lean
    grown = share * np.clip(1.6 - share, 0.0, 1.0)
    ways = ways + across * (cut.sway / 100.0 * grown * wave)[..., None]
    return ways / np.linalg.norm(ways, axis=2, keepdims=True)


def _around(values: np.ndarray, wide: int) -> np.ndarray:
    """(C,) values smoothed along the closed row of columns."""
    kernel = np.hanning(2 * wide + 1)
    padded = np.concatenate([values[-wide:], values, values[:wide]])
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def _smooth(far: np.ndarray, rounds: int = 4) -> np.ndarray:
    """(R, C) smoothed along and across; the first and the last row stay nearer to what they were."""
    for _ in range(rounds):
        inner = far.copy()
        inner[1:-1] = (far[:-2] + far[2:]) / 2.0
        far = (2.0 * far + inner + (np.roll(far, 1, axis=1) + np.roll(far, -1, axis=1)) / 2.0) / 4.0
    return far


def _hung(far: np.ndarray, ways: np.ndarray, cut: HairCut) -> tuple[np.ndarray, np.ndarray]:
    """(R, C) how far the hair's inside is from MIDDLE, and how far it hangs."""
    if not cut.curtain:
        return far, np.zeros(far.shape)
    wide, front, back = np.array(cut.curtain) / 1000.0
    level = np.maximum(np.linalg.norm(ways[..., :2], axis=2), 1e-6)
    x, y = np.moveaxis(ways[..., :2], 2, 0) / level
    oval = np.abs(x / wide) ** 2.4 + np.abs(y / np.where(y > 0.0, back, front)) ** 2.4
    out = np.where(ways[..., 2] < _OVER, oval ** (-1.0 / 2.4) / level, 0.0)  # upright below the head's widest part
    soft = _SOFT * np.log1p(np.exp((out - far) / _SOFT))  # the further out of the two, without an edge
    hung = np.where(out > 0.0, far + soft, far)
    return _smooth(hung, 6), np.clip((hung - far) / _SOFT - 0.5, 0.0, 1.0)


def _height(ways: np.ndarray, share: np.ndarray, columns: _Columns, cut: HairCut) -> np.ndarray:
    """(R, C) metres that hair stands off without its locks: full in the middle, rounded off towards the hairline."""
    x, y, z = np.moveaxis(ways**2, 2, 0)
    top, side, back, front, below = np.array(cut.volume) / 1000.0
    up = ways[..., 2] > 0.0
    volume = z * np.where(up, top, below) + x * side + y * np.where(ways[..., 1] > 0.0, back, front)
    rise = np.clip(share / cut.rise, 0.0, 1.0)
    volume = volume * (cut.low + (1.0 - cut.low) * (1.0 - (1.0 - rise) ** 2))
    alike = ways.reshape(-1, 3) @ columns.end.T
    near = np.argmax(alike, axis=1)
    away = 0.1 * np.arccos(np.clip(alike[np.arange(len(near)), near], -1.0, 1.0)).reshape(share.shape)
    away = np.where(share < 1.0, away, 0.0)
    thick = np.where(share < 1.0, columns.thick[near].reshape(share.shape), columns.thick)
    height = thick + (volume - thick) * np.sqrt(1.0 - np.clip(1.0 - away / (cut.edge / 1000.0), 0.0, 1.0) ** 2)
    tip = np.clip((share - 1.0) / np.maximum(share.max(axis=0) - 1.0, 1e-6), 0.0, 1.0)
    return height * (1.0 - 0.75 * tip)


def _relief(ways: np.ndarray, share: np.ndarray, columns: _Columns, cut: HairCut, random: np.random.Generator
            ) -> np.ndarray:
    """(R, C) metres that locks and the strands in them stand out or in."""
    lock, within, locks = columns.lock, columns.within, cut.locks
    bump = (np.sin(np.pi * within**0.8)) ** 0.7 - 0.6
    layer = random.uniform(-0.5, 0.5, locks)[lock]
    grown = np.clip((share - 0.04) / 0.3, 0.0, 1.0)
    relief = cut.relief * grown * (bump + 0.6 * layer * np.clip(2.0 * bump + 1.2, 0.0, 1.0))
    random_fine = random.uniform(-1.0, 1.0, len(lock))
    phase = random.uniform(0.0, 6.3, len(lock))
    relief = relief + cut.fine * grown * random_fine * np.sin(3.0 * share + phase)
    if cut.curls:
        relief = relief + cut.curls * _curls(ways, random)
    return relief / 1000.0


def _curls(ways: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(R, C) bumps as large as curls, -1 to 1, in directions (R, C, 3): by how near the nearest of many points is."""
    spots = random.normal(size=(900, 3))
    spots /= np.linalg.norm(spots, axis=1, keepdims=True)
    far = np.arccos(np.clip(np.max(ways.reshape(-1, 3) @ spots.T, axis=1), -1.0, 1.0)).reshape(ways.shape[:2])
    return 1.0 - 2.0 * np.clip(far / 0.10, 0.0, 1.0) ** 1.6
