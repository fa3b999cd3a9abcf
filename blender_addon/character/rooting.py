# SPDX-License-Identifier: GPL-3.0-or-later
"""Points that are rooted in the skin of the modelled man's head, and where they are on anybody else's."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .body_weights import JOINTS, influences
from .cutting import model
from .loops import loops
from .modelling import refinement

# A head of 0.232 m from chin to top, whose chin is at this height; what it is seen from.
CHIN = np.array([0.0, 0.0, 1.524])
MIDDLE = CHIN + (0.0, 0.003, 0.120)
_NEAR, _AROUND = 3, 8  # vertices of the skin that are tried for a ray, and faces at each


@dataclass(frozen=True, eq=False)
class Roots:
    """Where points are rooted: corners (N, 3) vertices of the body, shares (N, 3) of each."""

    corners: np.ndarray
    shares: np.ndarray

    def on(self, skin: np.ndarray) -> np.ndarray:
        """(N, 3) the roots on a body with vertices `skin`."""
        return np.einsum("nk,nkx->nx", self.shares, skin[self.corners])

    def weights(self) -> np.ndarray:
        """(N, J) the skin's weights there."""
        indices, weights = influences()
        dense = np.zeros((len(weights), len(JOINTS)))
        np.put_along_axis(dense, indices.astype(np.intp), weights, axis=1)
        return np.einsum("nk,nkj->nj", self.shares, dense[self.corners])


def rooted_in_slices(ways: np.ndarray) -> Generator[float, None, Roots]:
    """Where rays from MIDDLE in directions `ways` (N, 3) meet the skin of the modelled man's head, in slices of some
    hundredths of a second: yields the share that is done, returns the roots.

    Rays are met with triangles as Moller and Trumbore (1997) do; into an ear they end at its rim.
    """
    vertices, around = _scalp()
    off = model()[vertices] - MIDDLE
    off /= np.linalg.norm(off, axis=1, keepdims=True)
    parts, found = np.array_split(ways, max(len(ways) // 512, 1)), []
    for n, some in enumerate(parts):
        found.append(_meet(some, vertices, around, off))
        yield n / len(parts)
    return Roots(*(np.concatenate(parts) for parts in zip(*found)))


def _meet(ways: np.ndarray, vertices: np.ndarray, around: np.ndarray, off: np.ndarray
          ) -> tuple[np.ndarray, np.ndarray]:
    alike, near = ways @ off.T, np.empty((len(ways), _NEAR), int)
    for n in range(_NEAR):
        near[:, n] = np.argmax(alike, axis=1)
        alike[np.arange(len(ways)), near[:, n]] = -2.0
    quads = refinement().faces[around[near].reshape(len(ways), -1)]
    corners = np.concatenate([quads[..., [0, 1, 2]], quads[..., [0, 2, 3]]], axis=1)
    a, b, c = np.moveaxis(model()[corners] - MIDDLE, 2, 0)
    one, two = b - a, c - a
    across = np.cross(ways[:, None], two)
    volume = np.sum(one * across, axis=2)
    volume = np.where(np.abs(volume) < 1e-15, 1e-15, volume)
    u = -np.sum(a * across, axis=2) / volume
    turned = np.cross(-a, one)
    v = np.sum(ways[:, None] * turned, axis=2) / volume
    far = np.sum(two * turned, axis=2) / volume
    shares = np.stack([1.0 - u - v, u, v], axis=2)
    least = shares.min(axis=2)
    # The outermost of those that are met, else the one that is nearest to being met.
    fit = np.where(least > -1e-6, 1.0 + far, least)
    best = np.argmax(np.where(far > 0.0, fit, -np.inf), axis=1)[:, None, None]
    shares = np.clip(np.take_along_axis(shares, best, axis=1)[:, 0], 0.0, 1.0)
    return np.take_along_axis(corners, best, axis=1)[:, 0], shares / shares.sum(axis=1, keepdims=True)


@lru_cache(maxsize=1)
def _scalp() -> tuple[np.ndarray, np.ndarray]:
    """(V,) the vertices of the head's skin without ears, and (V, _AROUND) the faces at each, some twice."""
    own = loops()
    quads = np.flatnonzero(own.charts == own.chart_names.index("head"))
    fine = (4 * quads[:, None] + np.arange(4)).ravel()
    faces = refinement().faces[fine]
    vertices = np.unique(faces)
    place = np.full(len(model()), -1)
    place[vertices] = np.arange(len(vertices))
    around: list[list[int]] = [[] for _ in vertices]
    for number, face in zip(fine.tolist(), place[faces].tolist()):
        for corner in face:
            around[corner].append(number)
    return vertices, np.array([(some * _AROUND)[:_AROUND] for some in around])


@lru_cache(maxsize=1)
def skull() -> np.ndarray:
    """The body's vertices that go with the head alone and lie on the skull: they say how a head is stretched."""
    vertices, _ = _scalp()
    at = model()[vertices] - CHIN
    return vertices[(at[:, 2] > 0.09) & ((at[:, 1] > -0.02) | (at[:, 2] > 0.15))]


def stretched(points: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(N, 3) points about the modelled man's head, about the head of a body with vertices `skin`: by the linear map
    that carries the one skull closest to the other."""
    mine, theirs = model()[skull()], skin[skull()]
    middle, other = mine.mean(axis=0), theirs.mean(axis=0)
    turn = np.linalg.lstsq(mine - middle, theirs - other, rcond=None)[0]
    return (points - middle) @ turn + other


def placed(points: np.ndarray, roots: Roots, follow: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(N, 3) where points (N, 3) of the modelled man are on a body with vertices `skin`.

    follow: (N,) from 0, stretched with the skull alone, to 1, as far from their root as they were.
    """
    here = stretched(np.concatenate([points, roots.on(model())]), skin)
    at, root = here[: len(points)], here[len(points):]
    return at + follow[:, None] * (roots.on(skin) - root)
