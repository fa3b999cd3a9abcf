# SPDX-License-Identifier: GPL-3.0-or-later
"""Catmull-Clark subdivision of a closed mesh of quads (Catmull and Clark 1978), prepared once for many shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Subdivision:
    """One step from a cage to a mesh with four quads for each of its own.

    quads: (F, 4) the cage. edges: (E, 2) its vertices; edge_faces: (E, 2) faces on both sides. valence: (V, 1).
    faces: (4 F, 4) the finer mesh, whose vertices are the cage's, then one an edge, then one a face; the four quads of
    cage face f are rows 4 f to 4 f + 3, and each begins at the cage's own corner.
    """

    quads: np.ndarray
    edges: np.ndarray
    edge_faces: np.ndarray
    valence: np.ndarray
    faces: np.ndarray

    def refine(self, values: np.ndarray) -> np.ndarray:
        """(V + E + F, K) the smooth finer values of the cage's (V, K): positions, weights, whatever blends."""
        middle, ends, between = self._means(values)
        return np.concatenate([self._vertices(values, middle, ends), between, middle])

    def through(self, points: np.ndarray, share: np.ndarray, rounds: int = 3) -> np.ndarray:
        """(V, 3) the cage whose finer mesh goes through `points` at the cage's vertices (Halstead et al. 1993).

        share: (V, 1) how far each is followed; at 0 the mesh smooths its own cage.
        """
        cage = points.copy()
        for _ in range(rounds):
            middle, ends, _ = self._means(cage)
            cage += (points - self._vertices(cage, middle, ends)) * share
        return cage

    def _means(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        middle = values[self.quads].mean(axis=1)
        ends = values[self.edges].mean(axis=1)
        return middle, ends, (ends + middle[self.edge_faces].mean(axis=1)) / 2.0

    def _vertices(self, values: np.ndarray, middle: np.ndarray, ends: np.ndarray) -> np.ndarray:
        n, count = self.valence, len(values)
        around, across = np.zeros_like(values), np.zeros_like(values)
        for axis in range(values.shape[1]):
            for k in range(4):
                around[:, axis] += np.bincount(self.quads[:, k], middle[:, axis], count)
            for k in range(2):
                across[:, axis] += np.bincount(self.edges[:, k], ends[:, axis], count)
        return (around / n + 2.0 * across / n + (n - 3.0) * values) / n


def subdivision(quads: np.ndarray) -> Subdivision:
    """Prepare a step for a closed mesh of quads (F, 4), counter-clockwise from outside."""
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, index = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    index = index.reshape(-1)
    order = np.argsort(index, kind="stable")
    edge_faces = (order // 4).reshape(-1, 2)
    count = int(quads.max()) + 1
    side = index.reshape(-1, 4) + count
    centre = np.arange(len(quads)) + count + len(edges)
    faces = np.stack([np.stack([quads[:, k], side[:, k], centre, side[:, k - 1]], axis=1) for k in range(4)], axis=1)
    valence = np.bincount(edges.ravel(), minlength=count)[:, None].astype(float)
    return Subdivision(quads, edges, edge_faces, valence, faces.reshape(-1, 4))
