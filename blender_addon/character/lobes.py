# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounded solids that a body is modelled from, and how they melt into one another.

A lobe is a tube along a straight axis whose cross-section is made of four quarter ellipses that change along the way;
without length it is an ellipsoid. Distances are signed (negative inside) and exact enough near the surface:
d = k0 (k0 - 1) / k1 with k0 = |q / r|, k1 = |q / r^2| (I. Quilez' bound for ellipsoids). Lobes are joined by the
quadratic smooth minimum, which keeps a surface where the two are further apart than the blend and rounds the crease
where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SAMPLES = 65


@dataclass(frozen=True, eq=False)
class Lobe:
    """One solid in reference space (metres, the left side of the body).

    part: whose space it is carried by. region: whose vertices see it first. origin: (3,), axes: (3, 3) columns x, y,
    along. start, length: the stretch of the axis between the rounded ends. radii: (65, 4) half-axes towards x, -x, y,
    -y at even steps of that stretch. ends: the two end radii along the axis. blend: width of the rounding where it
    meets what came before it. carve: take away instead of adding.
    """

    part: str
    region: str
    origin: np.ndarray
    axes: np.ndarray
    start: float
    length: float
    radii: np.ndarray
    ends: tuple[float, float]
    blend: float
    carve: bool = False

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Signed distance in metres of points (N, 3) in reference space; (N,)."""
        x, y, z = ((points - self.origin) @ self.axes).T
        z = z - self.start
        inside = np.clip(z, 0.0, self.length)
        if self.length > 0.0:
            step = inside * ((_SAMPLES - 1) / self.length)
            low = np.minimum(step.astype(np.intp), _SAMPLES - 2)
            step = (step - low)[:, None]
            radii = self.radii[low] * (1.0 - step) + self.radii[low + 1] * step
            rx = np.where(x > 0.0, radii[:, 0], radii[:, 1])
            ry = np.where(y > 0.0, radii[:, 2], radii[:, 3])
        else:
            rx = np.where(x > 0.0, self.radii[0, 0], self.radii[0, 1])
            ry = np.where(y > 0.0, self.radii[0, 2], self.radii[0, 3])
        over = z - inside
        rz = np.where(over > 0.0, self.ends[1], self.ends[0])
        x, y, over = x / rx, y / ry, over / rz
        near = np.sqrt(x * x + y * y + over * over)
        slope = np.sqrt((x / rx) ** 2 + (y / ry) ** 2 + (over / rz) ** 2)
        return near * (near - 1.0) / np.maximum(slope, 1e-9)


def join(first: np.ndarray, second: np.ndarray, blend: np.ndarray | float) -> np.ndarray:
    """Smooth minimum of two distances: the union of two solids with a rounded crease."""
    near = np.maximum(blend - np.abs(first - second), 0.0)
    return np.minimum(first, second) - near * near / (4.0 * blend)


def carve(first: np.ndarray, second: np.ndarray, blend: np.ndarray | float) -> np.ndarray:
    """The first solid without the second, with a rounded edge."""
    return -join(-first, second, blend)


def tube(part: str, region: str, start: tuple, end: tuple, side: tuple, stations: list[tuple], blend: float,
         ends: tuple[float, float] = (0.02, 0.02)) -> Lobe:
    """A tube from start to end; side: direction of x; stations: (0..1 along, x, -x, y, -y half-axes)."""
    start, end = np.array(start, float), np.array(end, float)
    length = float(np.linalg.norm(end - start))
    along = (end - start) / length
    table = np.array(stations, float)
    radii = np.stack([smooth_curve(table[:, 0], table[:, i], np.linspace(0.0, 1.0, _SAMPLES)) for i in range(1, 5)], 1)
    return Lobe(part, region, start, _frame(along, side), 0.0, length, radii, ends, blend)


def rod(part: str, region: str, start: tuple, end: tuple, first: float, last: float, blend: float,
        carve: bool = False) -> Lobe:
    """A round rod whose radius goes from first to last, with rounded ends."""
    start, end = np.array(start, float), np.array(end, float)
    length = float(np.linalg.norm(end - start))
    along = (end - start) / length
    side = (0.0, 0.0, 1.0) if abs(along[2]) < 0.9 else (1.0, 0.0, 0.0)
    radii = np.repeat(np.linspace(first, last, _SAMPLES)[:, None], 4, axis=1)
    return Lobe(part, region, start, _frame(along, side), 0.0, length, radii, (first, last), blend, carve)


def ball(part: str, region: str, centre: tuple, radii: tuple, blend: float, turn: tuple = (0.0, 0.0, 0.0),
         carve: bool = False) -> Lobe:
    """An ellipsoid; turn: degrees about x, then y, then z."""
    rx, ry, rz = radii
    table = np.tile([rx, rx, ry, ry], (_SAMPLES, 1)).astype(float)
    return Lobe(part, region, np.array(centre, float), _turned(turn), 0.0, 0.0, table, (rz, rz), blend, carve)


def smooth_curve(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Monotone cubic interpolation (Fritsch and Carlson 1980, harmonic mean of the slopes); flat beyond the ends."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    width = np.diff(x)
    slope = np.diff(y) / width
    tangent = np.zeros_like(y)
    same = slope[1:] * slope[:-1] > 0.0
    safe = np.where(same, slope[1:] * slope[:-1], 1.0)
    weight = (2.0 * width[1:] + width[:-1], width[1:] + 2.0 * width[:-1])
    mean = (weight[0] * slope[1:] + weight[1] * slope[:-1]) / (weight[0] + weight[1])
    tangent[1:-1] = np.where(same, safe / np.where(same, mean, 1.0), 0.0)
    tangent[0], tangent[-1] = slope[0], slope[-1]
    at = np.clip(at, x[0], x[-1])
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    t = (at - x[left]) / width[left]
    return (y[left] * (1 + 2 * t) * (1 - t) ** 2 + y[left + 1] * t * t * (3 - 2 * t)
            + width[left] * t * (1 - t) * (tangent[left] * (1 - t) - tangent[left + 1] * t))


def _frame(along: np.ndarray, side: tuple) -> np.ndarray:
    x = np.array(side, float) - along * (along @ np.array(side, float))
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(along, x), along], axis=1)


def _turned(turn: tuple) -> np.ndarray:
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(turn)):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        matrix = step @ matrix
    return matrix
