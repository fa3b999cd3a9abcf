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
    digits = 5 - int(np.floor(np.log10(max(float(np.abs(rest.heads).max(initial=0.0)), 1e-9))))
    twins = {_lying(rest, bone, digits): bone for bone in sorted(kept, reverse=True)}
    parents = [-1] * len(rest.names)
    for bone in sorted(kept):
        above = rest.parents[bone]
        while above >= 0:
            stand_in = above if above in kept else twins.get(_lying(rest, above, digits), -1)
            if stand_in >= 0 and not _hangs_from(parents, stand_in, bone):
                parents[bone] = stand_in
                break
            above = rest.parents[above]
    depth = {-1: 0}

    def depth_of(bone: int) -> int:
        line = []
        while bone not in depth:
            line.append(bone)
            bone = parents[bone]
        for one in reversed(line):
            depth[one] = depth[parents[one]] + 1
        return depth[line[0]] if line else depth[bone]

    return BoneTree(rest, tuple(sorted(kept, key=lambda bone: (depth_of(bone), bone))), tuple(parents))


def _lying(rest: Rest, bone: int, digits: int) -> tuple[float, ...]:
    return tuple(np.round(np.concatenate([rest.heads[bone], rest.tails[bone]]), digits).tolist())


def _hangs_from(parents: list[int], bone: int, other: int) -> bool:
    """Whether a bone is another or hangs from it."""
    while bone >= 0:
        if bone == other:
            return True
        bone = parents[bone]
    return False
