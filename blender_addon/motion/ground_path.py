# SPDX-License-Identifier: GPL-3.0-or-later
"""A way over the ground, measured by its length: a polyline, closed or not, or a straight line for ever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import GalateaError


@dataclass(frozen=True, eq=False)
class GroundPath:
    """points: (N, 2) metres, no two neighbours equal. lengths: (N,) metres from the start to each. cyclic: closed."""

    points: np.ndarray
    lengths: np.ndarray
    cyclic: bool

    def at(self, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions and unit directions (..., 2) after so many metres; straight on past either end."""
        whole = self.lengths[-1]
        s = np.mod(length, whole) if self.cyclic else np.asarray(length, dtype=np.float64)
        segment = np.clip(np.searchsorted(self.lengths, s, side="right") - 1, 0, len(self.points) - 2)
        step = self.points[segment + 1] - self.points[segment]
        direction = step / np.linalg.norm(step, axis=-1, keepdims=True)
        return self.points[segment] + direction * (s - self.lengths[segment])[..., None], direction

    def nearest(self, place: np.ndarray, guess: float, reach: float) -> float:
        """The length, within reach of a guess, at which the path comes nearest to a place (2,)."""
        tried = guess + np.linspace(-reach, reach, 81)
        away = np.linalg.norm(self.at(tried)[0] - place, axis=-1)
        return float(tried[np.argmin(away)])


def straight_path(start: np.ndarray, heading: float) -> GroundPath:
    """From start (2,) the way that a body with this heading faces (radians about Z, 0 is -Y)."""
    start = np.asarray(start, dtype=np.float64)
    ahead = np.array([np.sin(heading), -np.cos(heading)])
    return GroundPath(np.stack([start, start + ahead]), np.array([0.0, 1.0]), False)


def path_through(points: np.ndarray, cyclic: bool) -> GroundPath:
    """Through points (N, 2); GalateaError when they are all in one place."""
    points = np.asarray(points, dtype=np.float64)
    if cyclic and len(points):
        points = np.concatenate([points, points[:1]])
    apart = np.linalg.norm(np.diff(points, axis=0), axis=-1) > 1e-6
    points = np.concatenate([points[:1], points[1:][apart]])
    if len(points) < 2:
        raise GalateaError("the path has no length on the ground; draw a curve that leads somewhere")
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1))])
    return GroundPath(points, lengths, cyclic)
