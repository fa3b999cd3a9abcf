# SPDX-License-Identifier: GPL-3.0-or-later
"""What tailors share: who wears it, how it is cut, patches sewn onto somebody, rings hung around somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .cutting import Patch
from .draping import Drape, drape
from .outlines import around, fallen, reach
from .sewing import Sewing

_STATURE = 1.7562  # of the body that lengths are written for


@dataclass(frozen=True, eq=False)
class Wearer:
    """Whom a garment is made for. skin: (N, 3) the body's vertices, metres. joints: name -> (3,)."""

    skin: np.ndarray
    joints: Mapping[str, np.ndarray]

    @cached_property
    def size(self) -> float:
        """Against somebody of 1.756 m."""
        return float(np.ptp(self.skin[:, 2])) / _STATURE


@dataclass(frozen=True)
class Cut:
    """How a garment is cut. length: 0, short, to 1, long. fit: 0, slim, to 1, wide. tucked: worn inside another."""

    length: float
    fit: float
    tucked: bool = False


@dataclass(frozen=True, eq=False)
class Sewn:
    """A garment on somebody. covered: (K,) the body's vertices that it hides. shares: makes its weights (V,) by joint
    out of its points (V, 3) and the skin's weights there; None where they are the skin's."""

    sewing: Sewing
    covered: np.ndarray
    shares: Callable[[np.ndarray, Mapping[str, np.ndarray]], dict[str, np.ndarray]] | None = None


def worn_patch(sewing: Sewing, worn: Drape, wearer: Wearer) -> np.ndarray:
    """Numbers (V,) of a patch's vertices, laid over the wearer."""
    return sewing.add(drape(worn, wearer.skin, wearer.size), worn.patch.skin)


def hidden(patch: Patch, borders: list[np.ndarray], steps: int) -> np.ndarray:
    """The body's vertices under a patch that are at least `steps` edges from its borders."""
    near = np.zeros(len(patch.skin), bool)
    for border in borders:
        near[border] = True
    for _ in range(steps - 1):
        touched = patch.edges[near[patch.edges].any(axis=1)]
        near[touched.ravel()] = True
    return patch.skin[~near]


def mixed(pair: tuple[float, float], share: float) -> float:
    """Between two values."""
    return pair[0] + (pair[1] - pair[0]) * share


def outward(points: np.ndarray, down: np.ndarray) -> np.ndarray:
    """(C, 3) unit vectors away from the middle of a ring (C, 3), across `down` (C, 3)."""
    out = points - points.mean(axis=0)
    out -= np.sum(out * down, axis=1)[:, None] * down
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def hung_rings(skin: np.ndarray, heights: np.ndarray, turns: np.ndarray, middle: np.ndarray, ease: np.ndarray,
               slope: float, first: np.ndarray | None = None, band: float = 0.02) -> np.ndarray:
    """(R, C, 3) level rings around all that a body has at `heights` (R,), falling.

    skin: (N, 3) what they go around. turns: (C,) directions from `middle` (2,). ease: (R,) metres. first: (C,) the
    least reach of the first ring. band: how far above and below the skin counts for a ring, metres.
    """
    reaches = []
    for height, off in zip(heights, ease):
        level = skin[np.abs(skin[:, 2] - height) < band][:, :2] - middle
        reaches.append(reach(level, turns, off))
    wide = np.array(reaches)
    if first is not None:
        wide[0] = np.maximum(wide[0], first)
    wide = fallen(wide, heights[0] - heights, slope)
    rings = np.empty((*wide.shape, 3))
    rings[..., 0] = middle[0] + np.cos(turns) * wide
    rings[..., 1] = middle[1] + np.sin(turns) * wide
    rings[..., 2] = heights[:, None]
    return around(around(rings))
