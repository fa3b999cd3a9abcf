# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs found without names: pairs of mirrored chains, and which of a chain's bones are its joints.

A limb is two segments of much the same length. Chains have more bones than that: clavicles, a limb's bones cut in
two, bones of no length, fingers, toes, ends. Every choice of three joints along a chain is weighed, and the best kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import acos, degrees, log

import numpy as np

from .bone_tree import BoneTree

_LONGEST_WAY = 14  # bones along a limb
_ALIKE = 0.75  # how alike in reach the two sides of a body are at least
_SMALL = 0.1  # chains shorter than this share of the longest are fingers, faces, hair
_NOTHING = 0.02  # bones shorter than this share of their limb have no length


@dataclass(frozen=True, eq=False)
class Pair:
    """Two chains of bones that mirror each other, from the bone that hangs from the trunk to the tip.

    one, other: bones from above. parent: the bone both hang from. fan: the place on the way where fingers or toes
    spread, -1 where none do. palms: whether they spread as palm bones from one place. points: (2, K + 1, 3) where the
    bones are, and at last the tail of the last one.
    """

    parent: int
    one: tuple[int, ...]
    other: tuple[int, ...]
    fan: int
    palms: bool
    points: np.ndarray

    @property
    def bones(self) -> int:
        return len(self.one)

    @cached_property
    def apart(self) -> list[list[float]]:
        """(K + 1, K + 1) distances between the places, the mean of both sides."""
        away = self.points[:, :, None] - self.points[:, None, :]
        return np.linalg.norm(away, axis=-1).mean(axis=0).tolist()

    @cached_property
    def directions(self) -> list[list[list[tuple[float, ...]]]]:
        """[side][i][j] the unit vector from place i to place j, zeros where they are one place."""
        away = self.points[:, None, :] - self.points[:, :, None]
        length = np.linalg.norm(away, axis=-1, keepdims=True)
        return np.divide(away, length, out=np.zeros_like(away), where=length > 0.0).tolist()

    @cached_property
    def length(self) -> float:
        """Along the bones, from the first to the last."""
        return sum(self.apart[k][k + 1] for k in range(self.bones - 1))

    def angle(self, a: tuple[int, int], b: tuple[int, int]) -> float:
        """Degrees between two directions along the chain, each from place to place; the mean of both sides."""
        total = 0.0
        for side in self.directions:
            u, v = side[a[0]][a[1]], side[b[0]][b[1]]
            total += acos(max(-1.0, min(1.0, u[0] * v[0] + u[1] * v[1] + u[2] * v[2])))
        return degrees(total / 2.0)


@dataclass(frozen=True)
class Joints:
    """Places along a pair's chains that are the limb's three joints; `end` may be the tail behind the last bone."""

    start: int
    middle: int
    end: int
    score: float


def pairs_of(tree: BoneTree) -> list[Pair]:
    """Chains that hang from one bone and are much alike in length; those that are too short to be limbs left out."""
    longest = max((tree.reach[bone] for bone in tree.bones), default=0.0)
    found = []
    for parent in tree.bones:
        kids = [kid for kid in tree.children[parent] if tree.reach[kid] > _SMALL * longest]
        kids = sorted(kids, key=lambda kid: -tree.reach[kid])[:12]
        ways = {kid: _way(tree, kid) for kid in kids} if len(kids) > 1 else {}
        for one, other in combinations(sorted(kids), 2):
            if _alike(tree, one, other, ways[one][0], ways[other][0]):
                found.append(_pair(tree, parent, ways[one], ways[other]))
    return found


def _alike(tree: BoneTree, one: int, other: int, way: Sequence[int], other_way: Sequence[int]) -> bool:
    """Whether two chains may be one limb of both sides: much alike in all, or at least as far as a limb goes.

    A hand may hold a weapon that the other has not.
    """
    if min(len(way), len(other_way)) < 2:
        return False
    less, more = sorted((tree.reach[one], tree.reach[other]))
    sizes = sorted((tree.size[one], tree.size[other]))
    if less >= _ALIKE * more and sizes[1] <= 3 * sizes[0]:
        return True
    steps = [(tree.distance(*here), tree.distance(*there)) for here, there in zip(pairwise(way), pairwise(other_way))]
    return len(steps) >= 2 and all(abs(a - b) <= 0.1 * max(a, b) for a, b in steps[:3])


def _pair(tree: BoneTree, parent: int, *ways: tuple[tuple[int, ...], int]) -> Pair:
    count = min(len(way) for way, _ in ways)
    fans = {fan for _, fan in ways}
    points = np.array([[*tree.rest.heads[list(way[:count])], tree.rest.tails[way[count - 1]]] for way, _ in ways])
    fan = fans.pop() if len(fans) == 1 else -1
    fan = fan if fan < count else -1
    palms = 0 <= fan < count - 1 and all(_spreads_from_one_place(tree, way[fan], way[fan + 1]) for way, _ in ways)
    return Pair(parent, ways[0][0][:count], ways[1][0][:count], fan, palms, points)


def _spreads_from_one_place(tree: BoneTree, hand: int, middle: int) -> bool:
    """Whether most of what spreads from a bone does so in one place away from it, as palm bones do from a wrist."""
    near = [kid for kid in tree.children[hand]
            if tree.distance(middle, kid) < 0.15 * tree.distance(hand, middle)]
    return len(near) >= 2 and 2 * len(near) >= len(tree.children[hand])


def _way(tree: BoneTree, bone: int) -> tuple[tuple[int, ...], int]:
    """The way from a bone down to the tip of its limb, and where on it fingers or toes spread (-1: nowhere)."""
    way, fan = [bone], -1
    while tree.children[way[-1]] and len(way) < _LONGEST_WAY:
        here = way[-1]
        kids = tree.children[here]
        spread = [kid for kid in kids if tree.size[kid] >= 2]
        if fan < 0 and len(way) > 1 and (
                (len(spread) >= 2 and _finger_like(tree, here, spread)) or (
                    len(kids) >= 4 and _finger_like(tree, here, kids))):
            fan = len(way) - 1
            way.append(_middle_one(tree, here, kids))
        else:
            way.append(max(kids, key=lambda kid: (tree.distance(here, kid) + tree.reach[kid])
                           * (1.0 + log(tree.size[kid]))))
    return tuple(way), fan


def _finger_like(tree: BoneTree, hand: int, kids: Sequence[int]) -> bool:
    """Whether chains are as many and as alike as fingers: none goes on much farther than the next, none
    spreads again."""
    far = sorted((tree.distance(hand, kid) + tree.reach[kid] for kid in kids), reverse=True)
    return far[1] > 0.4 * far[0] and all(tree.tips[kid] <= 2 for kid in kids)


def _middle_one(tree: BoneTree, hand: int, kids: Sequence[int]) -> int:
    """Of the bones that spread from a hand or foot the one whose tip is nearest to all other tips."""
    far = {kid: tree.distance(hand, kid) + tree.reach[kid] for kid in kids}
    long_ones = [kid for kid in kids if far[kid] > 0.4 * max(far.values())]
    tips = {}
    for kid in long_ones:
        tips[kid] = kid
        while tree.children[tips[kid]]:
            tips[kid] = tree.children[tips[kid]][0]
    if len(long_ones) < 3:
        return max(long_ones, key=far.__getitem__)
    return min(long_ones, key=lambda kid: sum(tree.distance(tips[kid], tip) for tip in tips.values()))


# --- which of the bones are the joints -----------------------------------------------------------------------------


def arm_joints(pair: Pair, aside: Sequence[float]) -> Joints | None:
    """Shoulder, elbow and wrist of a pair taken for arms. aside: each place's distance from the mirror plane."""
    hand = _hand(pair)
    best = None
    for start, middle, end in combinations(range(pair.bones + 1), 3):
        score = _two_segments(pair, start, middle, end)
        if score is None:
            continue
        if (middle - start > 1) != (end - middle > 1):
            score -= 0.35  # a rig that cuts one of them in two cuts both
        if hand >= 0:
            score += 0.6 if end == hand else -0.6
        elif end < pair.bones and sum(pair.apart[k][k + 1] for k in range(end, pair.bones - 1)) > 1.1 * (
                pair.apart[middle][end]):
            score -= 0.4
        if aside[start] < 0.25 * aside[start + 1]:
            score -= 0.5  # a clavicle
        best = _better(best, Joints(start, middle, end, score))
    return best


def _hand(pair: Pair) -> int:
    """The place of the hand where fingers tell it, else -1.

    Fingers spread from the hand, or from the forearm where every finger has a palm bone of its own.
    """
    if pair.palms and pair.apart[pair.fan][pair.fan + 1] > 0.5 * pair.apart[pair.fan - 1][pair.fan]:
        return pair.fan + 1
    return pair.fan if pair.fan >= 2 else -1


def leg_joints(pair: Pair, aside: Sequence[float]) -> Joints | None:
    """Hip, knee and ankle of a pair taken for legs. aside: each place's distance from the mirror plane."""
    best = None
    for start, middle, end in combinations(range(pair.bones + 1), 3):
        score = _two_segments(pair, start, middle, end)
        if score is None or aside[start] < 0.15 * max(aside):
            continue  # what hangs from the middle of the body is no thigh
        if pair.angle((start, middle), (middle, end)) > 60.0:
            score -= 0.5
        if end + 1 < pair.bones and pair.apart[end][end + 1] > 0.1 * pair.apart[middle][end]:
            turn = pair.angle((middle, end), (end, end + 1))
            score += 0.5 if turn > 35.0 else -0.3 if turn < 15.0 else 0.1
        best = _better(best, Joints(start, middle, end, score))
    return best


def _better(best: Joints | None, other: Joints) -> Joints:
    return other if best is None or other.score > best.score + 1e-9 else best


def _two_segments(pair: Pair, start: int, middle: int, end: int) -> float | None:
    """How well three places serve as a limb's joints; None where they cannot."""
    apart = pair.apart
    upper, lower = apart[start][middle], apart[middle][end]
    if min(upper, lower) < max(0.1 * pair.length, 0.3 * max(upper, lower)) or min(upper, lower) <= 0.0:
        return None
    for place in (start, middle):
        if place + 1 < pair.bones and apart[place][place + 1] < _NOTHING * (upper + lower):
            return None  # of several bones in one place the last one is the joint
    score = 0.8 * min(1.0, (upper + lower) / pair.length) - 0.8 * abs(log(upper / lower))
    if end == pair.bones:
        score -= 0.6  # a tail may point anywhere
    if sum(apart[place][place + 1] for place in range(start)) > 1.5 * upper:
        score -= 0.5  # what is before a limb is short
    for first, last in ((start, middle), (middle, end)):
        for place in range(first, last):
            if last - first > 1:
                score -= 0.03
                if apart[place][place + 1] > 0.03 * apart[first][last]:
                    turn = pair.angle((place, place + 1), (first, last))
                    score -= 0.0 if turn < 20.0 else 0.3 if turn < 40.0 else 0.8
    return score
