# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig's bones as a tree of points, without those that move no mesh."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .rest import Rest


@dataclass(frozen=True, eq=False)
class BoneTree:
    """The bones of a rig that can be joints of a body, and who hangs from whom among them.

    rest: the rig. bones: the kept ones, parents first. parents: all N bones' parents, -1 for roots and for bones that
    are not kept.
    """

    rest: Rest
    bones: tuple[int, ...]
    parents: tuple[int, ...]

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        below: list[list[int]] = [[] for _ in self.parents]
        for bone in sorted(self.bones):
            if self.parents[bone] >= 0:
                below[self.parents[bone]].append(bone)
        return tuple(map(tuple, below))

    @cached_property
    def places(self) -> list[tuple[float, float, float]]:
        """Each bone's head as plain numbers, which are quicker than arrays one at a time."""
        return [tuple(head) for head in self.rest.heads.tolist()]

    @cached_property
    def reach(self) -> list[float]:
        """How far it is from each bone's head along the bones to the farthest head below it."""
        reach = [0.0] * len(self.parents)
        for bone in reversed(self.bones):
            parent = self.parents[bone]
            if parent >= 0:
                reach[parent] = max(reach[parent], reach[bone] + self.distance(parent, bone))
        return reach

    @cached_property
    def size(self) -> list[int]:
        """How many bones hang from each, itself among them."""
        size = [1] * len(self.parents)
        for bone in reversed(self.bones):
            if self.parents[bone] >= 0:
                size[self.parents[bone]] += size[bone]
        return size

    @cached_property
    def tips(self) -> list[int]:
        """How many ends the bones below each have."""
        tips = [0] * len(self.parents)
        for bone in reversed(self.bones):
            tips[bone] = max(tips[bone], 1)
            if self.parents[bone] >= 0:
                tips[self.parents[bone]] += tips[bone]
        return tips

    @cached_property
    def centres(self) -> np.ndarray:
        """(N, 3) the mean of the heads below each bone, its own among them."""
        totals = np.array(self.rest.heads, dtype=np.float64)
        for bone in reversed(self.bones):
            if self.parents[bone] >= 0:
                totals[self.parents[bone]] += totals[bone]
        return totals / np.array(self.size)[:, None]

    @cached_property
    def extent(self) -> float:
        """The largest side of the box around the heads."""
        heads = self.rest.heads[list(self.bones)]
        return float(np.ptp(heads, axis=0).max()) if len(heads) else 0.0

    def distance(self, a: int, b: int) -> float:
        (ax, ay, az), (bx, by, bz) = self.places[a], self.places[b]
        return ((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2) ** 0.5

    def above(self, bone: int) -> list[int]:
        """A bone and those above it, nearest first."""
        line = []
        while bone >= 0:
            line.append(bone)
            bone = self.parents[bone]
        return line

    def below(self, bone: int) -> list[int]:
        """A bone and all below it."""
        line = [bone]
        for one in line:
            line.extend(self.children[one])
        return line


def bone_tree(rest: Rest, keep: Collection[int]) -> BoneTree:
    """The tree of the bones to keep.

    A bone whose parent is not kept hangs from the next one above that is, or from the kept one that lies exactly where
    the parent lies: control rigs hang their deform bones from such twins.
    """
    kept = set(keep)
    parents = [parent if bone in kept and parent in kept else -1 for bone, parent in enumerate(rest.parents)]
    lost = [bone for bone in sorted(kept) if parents[bone] < 0 <= rest.parents[bone]]
    if lost:
        lying = _lying(rest)
        twins = {lying[bone]: bone for bone in sorted(kept, reverse=True)}
        for bone in lost:
            parents[bone] = _stand_in(rest, bone, kept, twins, lying, parents)
    depth = {-1: 0}
    for bone in sorted(kept):
        line = []
        while bone not in depth:
            line.append(bone)
            bone = parents[bone]
        for one in reversed(line):
            depth[one] = depth[parents[one]] + 1
    return BoneTree(rest, tuple(sorted(kept, key=lambda bone: (depth[bone], bone))), tuple(parents))


def _lying(rest: Rest) -> list[tuple[float, ...]]:
    """Where each bone begins and ends, rounded so that what lies in one place is equal."""
    size = max(float(np.abs(rest.heads).max(initial=0.0)), 1e-9)
    return [tuple(line) for line in np.round(np.hstack([rest.heads, rest.tails]) / size, 5).tolist()]


def _stand_in(rest: Rest, bone: int, kept: set[int], twins: dict[tuple[float, ...], int],
              lying: list[tuple[float, ...]], parents: list[int]) -> int:
    """The next bone above that is kept, or the kept one that lies where it lies; -1 for none."""
    above = rest.parents[bone]
    while above >= 0:
        stand_in = above if above in kept else twins.get(lying[above], -1)
        if stand_in >= 0 and not _hangs_from(parents, stand_in, bone):
            return stand_in
        above = rest.parents[above]
    return -1


def _hangs_from(parents: list[int], bone: int, other: int) -> bool:
    """Whether a bone is another or hangs from it."""
    while bone >= 0:
        if bone == other:
            return True
        bone = parents[bone]
    return False
