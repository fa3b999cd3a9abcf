# SPDX-License-Identifier: GPL-3.0-or-later
"""The plane that mirrors a rig, and the pairs of chains that it mirrors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion.rotations import normalise
from .bone_tree import BoneTree
from .limbs import Pair

_MIRRORED = 0.12  # how far, as a share of its length, a limb may be from its mirror image
_MOST_PAIRS = 16


@dataclass(frozen=True, eq=False)
class Plane:
    """normal: (3,) unit vector. point: (3,) anywhere on the plane."""

    normal: np.ndarray
    point: np.ndarray

    def aside(self, points: np.ndarray) -> np.ndarray:
        """Signed distances (...) of points (..., 3)."""
        return (points - self.point) @ self.normal

    def mirrored(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) on the other side."""
        return points - 2.0 * self.aside(points)[..., None] * self.normal


def mirror_plane(tree: BoneTree, pairs: list[Pair]) -> Plane | None:
    """The plane, out of those between two chains, that mirrors most of what stands far from it onto something else."""
    every = tree.rest.heads[list(tree.bones)]
    heads = every[:: len(every) // 150 + 1]  # enough to tell planes apart
    best, most = None, 0.0
    tried: list[Plane] = []
    for pair in sorted(pairs, key=lambda pair: -pair.length)[:20]:
        heads_of = pair.points[:, :pair.bones]  # tails may point anywhere
        across = (heads_of[0] - heads_of[1]).sum(axis=0)
        if np.linalg.norm(across) < 1e-3 * pair.length:
            continue
        plane = Plane(normalise(across), heads_of.mean(axis=(0, 1)))
        if any(abs(plane.normal @ other.normal) > 0.999 and abs(plane.aside(other.point)) < 0.01 * tree.extent
               for other in tried):
            continue
        tried.append(plane)
        mirrored = plane.mirrored(heads)
        squares = (mirrored**2).sum(axis=1)[:, None] + (every**2).sum(axis=1) - 2.0 * mirrored @ every.T
        away = np.sqrt(np.maximum(squares.min(axis=1), 0.0))
        aside = np.abs(plane.aside(heads))
        near = np.clip(1.0 - away / (0.05 * tree.extent), 0.0, 1.0)
        if (worth := float((aside * near).sum() - 0.5 * (aside * (near <= 0.0)).sum())) > most:
            best, most = plane, worth
    return best


def mirrored_ones(pairs: list[Pair], plane: Plane) -> list[Pair]:
    """The pairs that the plane mirrors, each chain in one of them only, the longest that may be limbs."""
    off = []
    for place, pair in enumerate(pairs):
        heads = pair.points[:, :pair.bones]
        away = float(np.linalg.norm(plane.mirrored(heads[0]) - heads[1], axis=-1).mean())
        size = max(pair.length, float(np.abs(plane.aside(heads)).max()))
        if away < _MIRRORED * size:
            off.append((round(away / size, 3), place))
    taken: set[int] = set()
    found = []
    for _, place in sorted(off):
        pair = pairs[place]
        if not {pair.one[0], pair.other[0]} & taken:
            taken |= {pair.one[0], pair.other[0]}
            found.append(pair)
    return sorted(found, key=lambda pair: -pair.length)[:_MOST_PAIRS]
