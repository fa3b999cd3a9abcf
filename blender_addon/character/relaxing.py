# SPDX-License-Identifier: GPL-3.0-or-later
"""A chart relaxed until its quads are as large in the picture as they are on a body, with angles kept as far as may be.

A quad's diagonals are carried from its own plane into the picture by a 2 x 2 matrix J, which as complex numbers is
z -> a z + b conj(z). What it does to lengths and angles costs the symmetric Dirichlet energy |J|^2 + |J^-1|^2 (Smith
and Schaefer 2015, "Bijective parameterization with free boundaries"), what it does to the area (det J - 1 / det J)^2
besides; the sum is squared, so that the worst quads count most. It has no bound where a quad turns over: from a layout
without folds none is ever reached. It is brought down by L-BFGS (Liu and Nocedal 1989); each way is smoothed as a sheet
of rubber would smooth it, solved on the cage and, quad by quad, between the cage's points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

_MOST = 150  # rounds
_FEW, _PATIENCE = 6, 12  # so many quads that are still uneven weigh more after so many rounds
_EVEN = 0.2  # how much coarser or finer than the chart a quad may be at the end
_KEPT = 8  # rounds that L-BFGS remembers
_CORNER = 0.1  # what it costs to flatten a corner
_GAP = 0.1  # of a gap's weight
_WARP = 0.05  # what it costs to bend a quad's sides, beside its diagonals


@dataclass(frozen=True, eq=False)
class Chart:
    """quads: (Q, 4) numbers of its N points; the last `gaps` of them are no part of it but keep others apart, such as
    fingers. cage: (N, 4) of the cage's C points those in whose middle each lies. on_axis: (N,) whether a point stays on
    the picture's axis u = 0, along which the chart meets its mirror image."""

    quads: np.ndarray
    gaps: int
    cage: np.ndarray
    on_axis: np.ndarray


@dataclass(frozen=True, eq=False)
class Shapes:
    """What a chart's quads are on a body. area: (Q,). weight: (Q,), 1 in all. parts: (Q, 3, 4) complex; of a quad's
    corners in the picture they make a, b and how far its sides are bent against its diagonals."""

    area: np.ndarray
    weight: np.ndarray
    parts: np.ndarray


def shapes(corners: np.ndarray, gaps: int = 0) -> Shapes:
    """The shapes of quads (Q, 4, 3), metres; gaps: of how many of them, the last, little depends."""
    one, two = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    bend = corners[:, 0] - corners[:, 1] + corners[:, 2] - corners[:, 3]
    area = np.maximum(np.linalg.norm(np.cross(one, two), axis=1) / 2.0, 1e-12)
    length = np.maximum(np.linalg.norm(one, axis=1), 1e-9)
    one_one, one_two, two_two = length ** 2, np.sum(one * two, axis=1), np.sum(two * two, axis=1)
    along = (one_two + 2j * area) / length  # the second diagonal in the quad's plane, the first along its x axis
    of_one, of_two = (1j * np.stack(each) / (4.0 * area) for each in ([along.conj(), -along], [-length, length]))
    # how much of each diagonal is in the bend of the sides
    flat = np.maximum(one_one * two_two - one_two ** 2, 1e-3 * one_one * two_two)
    with_one, with_two = np.sum(bend * one, axis=1), np.sum(bend * two, axis=1)
    first = (two_two * with_one - one_two * with_two) / flat
    second = (one_one * with_two - one_two * with_one) / flat
    parts = np.empty((len(area), 3, 4), complex)
    parts[:, :2] = np.stack([-of_one, -of_two, of_one, of_two], axis=2).transpose(1, 0, 2)
    parts[:, 2] = np.stack([1.0 + first, second - 1.0, 1.0 - first, -1.0 - second], axis=1)
    parts[:, 2] *= np.sqrt(_WARP / area)[:, None]
    weight = np.sqrt(area)  # between every quad and every square metre alike
    weight[len(weight) - gaps:] *= _GAP
    return Shapes(area, weight / weight.sum(), parts)


def stiffness(shape: Shapes) -> np.ndarray:
    """(Q, 4, 4) of each quad as a sheet of rubber."""
    parts = shape.parts * np.sqrt(shape.weight[:, None] * (8.0, 8.0, 1.0))[:, :, None]
    return np.einsum("qki,qkj->qij", parts.conj(), parts).real


def solver(chart: Chart, shape: Shapes) -> np.ndarray:
    """(C, C) the inverse of the stiffness of the cage's points."""
    count, size = len(chart.cage), int(chart.cage.max()) + 1
    matrix, between = np.zeros((count, count)), np.zeros((count, size))
    np.add.at(matrix, (chart.quads[:, :, None], chart.quads[:, None, :]), stiffness(shape))
    np.add.at(between, (np.arange(count)[:, None], chart.cage), 0.25)
    matrix = between.T @ matrix @ between
    return np.linalg.inv(matrix + np.diag(1e-4 * np.diag(matrix)))  # it may lie anywhere


def relaxed(chart: Chart, shape: Shapes, solve: np.ndarray, plane: np.ndarray,
            rounds: int = 12) -> Iterator[np.ndarray]:
    """(N,) complex: the places of a chart's points, metres, from those of another body (N,), better every round.

    solve: `solver` of any body. rounds: how many it takes at least. The same input gives the same places, bit for bit.
    """
    skin = np.where(np.arange(len(shape.area)) < len(shape.area) - chart.gaps, shape.area, 0.0)
    plane = plane * np.sqrt(skin.sum() / _turned(*_carried(chart, shape, plane)[:2]).dot(skin))
    stiff = np.bincount(chart.quads.ravel(), np.einsum("qii->qi", stiffness(shape)).ravel())

    def smooth(slope: np.ndarray) -> np.ndarray:
        way = _summed(chart.cage, np.repeat(slope[:, None] / 4.0, 4, axis=1), len(solve))
        way = (solve @ way.view(float).reshape(-1, 2)) @ (1.0, 1j)
        return _on_axis(chart, slope / (2.0 * stiff) + way[chart.cage].mean(axis=1))

    cost, slope = _cost(chart, shape, plane)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for done in range(_MOST):
        way = _way(slope, kept, smooth)
        step, fall = min(1.0, 0.8 * _furthest(chart, plane, way)), _dot(way, slope)
        while True:
            there = plane + step * way
            cheaper, next_slope = _cost(chart, shape, there)
            if cheaper <= cost + 1e-4 * step * fall:
                break
            step /= 2.0
            if step < 1e-9:
                yield plane
                return
        if _dot(there - plane, next_slope - slope) > 0.0:
            kept = [*kept[1 - _KEPT:], (there - plane, next_slope - slope)]
        plane, cost, slope = there, cheaper, next_slope
        yield plane
        if done + 1 >= rounds:
            fine = np.sqrt(_turned(*_carried(chart, shape, plane)[:2]))
            off = np.where(skin > 0.0, np.abs(fine / fine.dot(skin) * skin.sum() - 1.0), 0.0)
            if off.max() < _EVEN:
                return
            few = (off >= _EVEN).sum() <= _FEW  # small ones that too little depends on
            if few and (done + 1 - rounds) % _PATIENCE == _PATIENCE - 1:
                shape = replace(shape, weight=shape.weight * np.where(off < _EVEN, 1.0, 4.0))
                (cost, slope), kept = _cost(chart, shape, plane), []


def _carried(chart: Chart, shape: Shapes, plane: np.ndarray) -> np.ndarray:
    """(3, Q) a, b and the bend of every quad."""
    return np.einsum("qki,qi->kq", shape.parts, plane[chart.quads])


def _turned(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(Q,) how many times as large quads are in the picture; below 0 they are turned over."""
    return _square(a) - _square(b)


def _corners(sides: np.ndarray) -> np.ndarray:
    """(Q, 4) of quads' sides (Q, 4), complex: twice the area of the triangle at each corner, below 0 where it turns."""
    return (np.roll(sides, 1, axis=1).conj() * sides).imag


def _sides(chart: Chart, plane: np.ndarray) -> np.ndarray:
    corners = plane[chart.quads]
    return np.roll(corners, -1, axis=1) - corners


def _cost(chart: Chart, shape: Shapes, plane: np.ndarray) -> tuple[float, np.ndarray]:
    """What a layout costs, and how that rises with every point (N,)."""
    sides = _sides(chart, plane)
    corner = _corners(sides) / shape.area[:, None]
    if corner.min() <= 0.0:
        return np.inf, plane
    carried = _carried(chart, shape, plane)
    a, b, bend = _square(carried)
    large, length = a - b, a + b
    over = 1.0 / large ** 2
    each = length * (1.0 + over) + (large ** 2 + over) / 2.0 - 2.0  # 1 where nothing is changed
    cost = float(shape.weight.dot((each ** 2 + bend) / 2.0 + _CORNER * np.sum(1.0 / corner, axis=1)))
    by_length, by_area = 1.0 + over, large - (2.0 * length + 1.0) * over / large
    rise = shape.weight * np.stack([2.0 * each * (by_length + by_area), 2.0 * each * (by_length - by_area),
                                    np.ones(len(large))])
    slope = np.einsum("qki,kq->qi", shape.parts.conj(), rise * carried)
    # a corner lies between the side after it and the one before
    sharp = -1j * _CORNER * (shape.weight / shape.area)[:, None] / corner ** 2
    by_side = sharp * np.roll(sides, 1, axis=1) - np.roll(sharp * sides, -1, axis=1)
    slope += np.roll(by_side, 1, axis=1) - by_side
    return cost, _on_axis(chart, _summed(chart.quads, slope, len(plane)))


def _furthest(chart: Chart, plane: np.ndarray, way: np.ndarray) -> float:
    """How many times `way` the points may go until a quad's corner turns over."""
    sides, there = _sides(chart, plane), _sides(chart, way)
    before = np.roll(sides, 1, axis=1).conj()
    now, then = (before * sides).imag, _corners(there)
    half = ((before * there).imag + (np.roll(there, 1, axis=1).conj() * sides).imag) / 2.0
    inside = half ** 2 - then * now
    # of now + 2 half t + then t^2 = 0 the smallest t above 0
    return float(1.0 / max(np.max(np.where(inside > 0.0, np.sqrt(np.maximum(inside, 0.0)) - half, 0.0) / now), 1e-9))


def _way(slope: np.ndarray, kept: list[tuple[np.ndarray, np.ndarray]],
         smooth: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(N,) where to go: Newton's way as far as the last steps and what they changed in the slope tell of it."""
    way, shares = slope, []
    for step, change in reversed(kept):
        shares.append(_dot(step, way) / _dot(step, change))
        way = way - shares[-1] * change
    way = smooth(way)
    if kept:
        step, change = kept[-1]
        way = way * (_dot(step, change) / _dot(change, smooth(change)))
    for (step, change), share in zip(kept, reversed(shares), strict=True):
        way = way + (share - _dot(change, way) / _dot(step, change)) * step
    return -way


def _square(values: np.ndarray) -> np.ndarray:
    """|z|^2; np.abs of complex numbers differs in its last digit with where they lie in memory."""
    return values.real ** 2 + values.imag ** 2


def _dot(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.vdot(one, two).real)


def _on_axis(chart: Chart, way: np.ndarray) -> np.ndarray:
    return np.where(chart.on_axis, 1j * way.imag, way)


def _summed(numbers: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    flat = numbers.ravel()
    return np.bincount(flat, values.real.ravel(), count) + 1j * np.bincount(flat, values.imag.ravel(), count)
