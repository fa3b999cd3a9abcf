# SPDX-License-Identifier: GPL-3.0-or-later
"""Walking over the mannequin's skin: neighbours, means and normals."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .cage import cage


@lru_cache(maxsize=1)
def neighbours() -> tuple[np.ndarray, np.ndarray]:
    """(V, 8) vertices that share an edge, the vertex itself where there are fewer; (V, 1) how many there are."""
    edges = _edges()
    order = np.argsort(edges[:, 0], kind="stable")
    start, end = edges[order].T
    count = np.bincount(start)
    slot = np.arange(len(start)) - np.repeat(np.cumsum(count) - count, count)
    table = np.tile(np.arange(len(count))[:, None], (1, int(count.max())))
    table[start, slot] = end
    return table, count[:, None]


def _edges() -> np.ndarray:
    """(E, 2) every edge in both directions."""
    faces = cage().faces
    one = np.stack([faces.ravel(), np.roll(faces, -1, axis=1).ravel()], axis=1)
    return np.unique(np.concatenate([one, one[:, ::-1]]), axis=0)


def mean_of_neighbours(values: np.ndarray) -> np.ndarray:
    """(V, K) the mean of each vertex' neighbours."""
    table, count = neighbours()
    return (values[table].sum(axis=1) - values * (table.shape[1] - count)) / count


def vertex_normals(vertices: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, outward, weighted by the area of the faces around."""
    a, b, c, d = vertices[cage().faces.T]
    flat = np.cross(c - a, d - b)
    corners = cage().faces.ravel()
    normals = np.stack([np.bincount(corners, np.repeat(axis, 4), len(vertices)) for axis in flat.T], axis=1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
