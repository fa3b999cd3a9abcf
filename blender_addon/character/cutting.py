# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting cloth from a body's own skin: pieces of its cage by name, as tables of rings and as patches of faces.

Everything is named through `loops`, so that a body that is laid out otherwise is cut alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from .loops import BELLY, NECK, SHOULDER, loops
from .modelling import refinement, skin
from .relief import modelled_man


@dataclass(frozen=True, eq=False)
class Patch:
    """Some of the skin's faces, with vertices of their own.

    quads: (Q,) which faces of the cage. faces: (4 Q, 4) the finer faces. skin: (V,) the body's vertex behind each
    vertex. edges: (E, 2) pairs of vertices.
    """

    quads: np.ndarray
    faces: np.ndarray
    skin: np.ndarray
    edges: np.ndarray

    def own(self, skin: np.ndarray) -> np.ndarray:
        """The patch's vertices in front of some of the body's; -1 where it has none."""
        place = np.full(len(refinement().faces) * 2, -1)
        place[self.skin] = np.arange(len(self.skin))
        return place[skin]


def patch(rings: list[np.ndarray]) -> Patch:
    """The faces of the cage all of whose corners lie on `rings` (tables of the cage's vertices)."""
    chosen = np.zeros(len(loops().mirror), bool)
    for ring in rings:
        chosen[ring[ring >= 0]] = True
    quads = np.flatnonzero(chosen[loops().quads].all(axis=1))
    fine = refinement().faces[(4 * quads[:, None] + np.arange(4)).ravel()]
    skin, faces = np.unique(fine, return_inverse=True)
    faces = faces.reshape(-1, 4)
    sides = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2)
    return Patch(quads, faces, skin, np.unique(np.sort(sides, axis=1), axis=0))


@lru_cache(maxsize=1)
def model() -> np.ndarray:
    """(N, 3) the vertices of the modelled man, the cage's first: what is cut is chosen on him."""
    return skin(modelled_man())


# --- rings of the cage ------------------------------------------------------------------------------------------------


def torso_rings() -> np.ndarray:
    """(BELLY + SHOULDER + NECK, TORSO) from the groin to the throat, column 0 in front, 6 on the left; -1 where there
    is a hole for an arm."""
    return loops().left["trunk"][: BELLY + SHOULDER + NECK]


def leg_rings(side: str) -> np.ndarray:
    """(rows, LEG) from the groin down over the ankle to the toes; the first is shared with the torso."""
    own = getattr(loops(), side)
    first = np.concatenate([own["trunk"][0, :13], own["crotch"][::-1]])
    return np.concatenate([first[None], own["leg"], own["foot"]])


def arm_rings(side: str) -> np.ndarray:
    """(rows, ARM) from the shoulder to the wrist."""
    return getattr(loops(), side)["arm"]


def level_row(rings: np.ndarray, height: float) -> int:
    """The row whose mean height on the modelled man is nearest to a height."""
    middle = model()[rings].mean(axis=1)[:, 2]
    return int(np.argmin(np.abs(middle - height)))


def below(height: float, side: float = 0.0) -> np.ndarray:
    """The body's vertices lower than a height on the modelled man, of legs and trunk; side: 1 the left alone, -1 the
    right."""
    x, _, z = model().T
    return np.flatnonzero((z < height) & (np.abs(x) < 0.24 + 0.02 * (z > 1.0)) & (side * x >= 0.0))


def finer(rings: np.ndarray) -> np.ndarray:
    """(2 R - 1, 2 C) the vertices of the smooth skin on closed rings (R, C) of the cage and between them."""
    edge, face = _places()
    rows, columns = rings.shape
    table = np.empty((2 * rows - 1, 2 * columns), int)
    following = np.roll(rings, -1, axis=1)
    table[::2, ::2] = rings
    for r, (near, far) in enumerate(zip(rings, following)):
        table[2 * r, 1::2] = [edge[_pair(a, b)] for a, b in zip(near, far)]
    for r, (low, high) in enumerate(pairwise(rings)):
        table[2 * r + 1, ::2] = [edge[_pair(a, b)] for a, b in zip(low, high)]
        table[2 * r + 1, 1::2] = [face[tuple(sorted(map(int, quad)))]
                                  for quad in zip(low, high, np.roll(high, -1), np.roll(low, -1))]
    return table


def _pair(a: int, b: int) -> tuple[int, int]:
    return (int(a), int(b)) if a < b else (int(b), int(a))


@lru_cache(maxsize=1)
def _places() -> tuple[dict[tuple[int, int], int], dict[tuple[int, ...], int]]:
    """The vertices of the smooth skin in the middle of the cage's edges and faces."""
    step = refinement()
    count = len(step.valence)
    edge = {(int(a), int(b)): count + n for n, (a, b) in enumerate(step.edges)}
    start = count + len(step.edges)
    face = {tuple(sorted(map(int, quad))): start + n for n, quad in enumerate(step.quads)}
    return edge, face


