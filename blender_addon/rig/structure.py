# SPDX-License-Identifier: GPL-3.0-or-later
"""A body found in a rig without its names: by hierarchy, mirror symmetry, lengths and places at rest alone.

Two mirrored pairs of chains are taken for legs and arms; of all ways to do so the one is kept that makes the best
body: legs that go down from the trunk's lower end, arms at its upper end with fingers, a head beyond them. Up is
from the hips to the shoulders, ahead is where feet, knees, elbows and face say it is, left follows from both.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from ..motion.rotations import normalise
from .bone_tree import BoneTree
from .limbs import Joints, Pair, arm_joints, leg_joints, pairs_of
from .symmetry import Plane, mirror_plane, mirrored_ones

_WITH_HEAD = 0.5  # how much better a body is with a head
_HEAD = 0.27  # how high above the shoulders heads begin, in trunks


@dataclass(frozen=True, eq=False)
class Body:
    """A body in a rig. Bones are indices.

    joints: canonical joint -> bone. points: joint without a bone -> bone whose tail it is. column: the bones between
    hips and neck, from below; necks: from below. up, ahead, left: unit vectors. sure_of_side: 0 to 1, how clearly feet,
    knees, elbows and face say which way is ahead. score: how good a body it is, 2.5 and more for a clear one.
    """

    joints: dict[str, int]
    points: dict[str, int]
    column: tuple[int, ...]
    necks: tuple[int, ...]
    up: np.ndarray
    ahead: np.ndarray
    left: np.ndarray
    sure_of_side: float
    score: float


@dataclass(frozen=True, eq=False)
class _Limbs:
    """A pair taken for arms or legs: `side` 1.0 where the pair's first chain lies where the plane's normal points."""

    pair: Pair
    joints: Joints
    side: float

    def at(self, place: int) -> np.ndarray:
        """(2, 3) the place on both sides, that where the normal points first."""
        points = self.pair.points[:, place]
        return points if self.side > 0 else points[::-1]

    def bones(self, place: int) -> tuple[int, int]:
        """The bones of both sides at a place, that where the normal points first."""
        pair = (self.pair.one[place], self.pair.other[place])
        return pair if self.side > 0 else pair[::-1]

    def middle(self, place: int) -> np.ndarray:
        return self.pair.points[:, place].mean(axis=0)

    def length(self) -> float:
        j = self.joints
        return self.pair.apart[j.start][j.middle] + self.pair.apart[j.middle][j.end]


def find_body(tree: BoneTree) -> Body | None:
    """The body in a rig's bones; None where no legs and arms are found."""
    pairs = pairs_of(tree)
    plane = mirror_plane(tree, pairs)
    if plane is None:
        return None
    arms, legs = [], []
    for pair in mirrored_ones(pairs, plane):
        aside = np.abs(plane.aside(pair.points)).mean(axis=0).tolist()
        side = 1.0 if plane.aside(pair.points[0, :pair.bones]).sum() > 0 else -1.0
        for found, joints_of in ((arms, arm_joints), (legs, leg_joints)):
            joints = joints_of(pair, aside)
            if joints is not None:
                found.append(_Limbs(pair, joints, side))
    fits = [(_fit(tree, plane, leg, arm), leg, arm) for leg in legs for arm in arms if leg.pair is not arm.pair]
    best, most = None, -np.inf
    for score, leg, arm in sorted(fits, key=lambda one: -one[0]):
        if score + _WITH_HEAD <= most or score == -np.inf:
            break  # those that follow are no better
        if arm.pair.fan < 0 and any(other.pair.fan >= 2 for other in arms if other.pair is not leg.pair):
            score -= 0.5  # where there are fingers, arms have them
        if _head_start(tree, plane, leg, arm) is not None:
            score += _WITH_HEAD
        if score > most:
            best, most = (leg, arm), score
    return _body(tree, plane, *best, most) if best else None


# --- which pairs make a body ----------------------------------------------------------------------------------------


def _fit(tree: BoneTree, plane: Plane, leg: _Limbs, arm: _Limbs) -> float:
    """How good a body two pairs make; -inf where they make none."""
    hips, shoulders = leg.middle(leg.joints.start), arm.middle(arm.joints.start)
    trunk = float(np.linalg.norm(shoulders - hips))
    arms_above, legs_above = tree.above(arm.pair.parent), tree.above(leg.pair.parent)
    if trunk <= 0.0 or not set(arms_above) & set(legs_above):
        return -np.inf
    if set(arms_above) & {*leg.pair.one, *leg.pair.other} or set(legs_above) & {*arm.pair.one, *arm.pair.other}:
        return -np.inf
    up = (shoulders - hips) / trunk
    down = normalise(leg.middle(leg.joints.end) - hips) @ -up
    if down < 0.6 or abs(up @ plane.normal) > 0.3:
        return -np.inf
    score = leg.joints.score + arm.joints.score
    for limb, usual in ((leg, 1.7), (arm, 1.1)):  # lengths in trunks, of people
        off = abs(log(limb.length() / trunk / usual))
        score -= 0.8 * max(0.0, off - 0.35)
        if off > 2.0:
            return -np.inf
    score += 0.3 * (down - 0.8)
    # hair and capes hang down, arms seldom do
    reaching = arm.at(arm.joints.end)[0] - arm.at(arm.joints.start)[0]
    score += 0.4 * max(0.0, float(normalise(reaching) @ plane.normal))
    # what is left out should not be larger than what is taken
    score += 1.2 * (leg.length() + arm.length() + trunk) / (3.0 * tree.extent)
    common = next(bone for bone in arms_above if bone in legs_above)
    score += 0.1 * float(np.sign(arms_above.index(common) - legs_above.index(common)))
    score += 0.15 * min(2, arms_above.index(common))  # a spine
    score += 0.25 * float(np.abs(up).max() > 0.985)
    return score


def _hips(tree: BoneTree, leg: _Limbs, arm: _Limbs) -> int:
    """The bone that carries both legs and arms."""
    legs_above = set(tree.above(leg.pair.parent))
    return next(bone for bone in tree.above(arm.pair.parent) if bone in legs_above)


def _head_start(tree: BoneTree, plane: Plane, leg: _Limbs, arm: _Limbs) -> int | None:
    """The lowest bone of neck and head: one that stands in the middle, hangs from the trunk and goes up the highest."""
    up = _up(plane, leg, arm)
    heads, tails = tree.rest.heads, tree.rest.tails
    hips, shoulders = leg.middle(leg.joints.start) @ up, arm.middle(arm.joints.start) @ up
    wide = float(np.abs(plane.aside(arm.at(arm.joints.start))).mean())
    taken = {arm.pair.one[0], arm.pair.other[0], leg.pair.one[0], leg.pair.other[0]}
    column = tree.above(arm.pair.parent)
    column = column[:column.index(_hips(tree, leg, arm)) + 1]
    for bone in column:  # what hangs from the chest is nearer than what hangs from the hips
        best, highest = None, shoulders + 0.08 * (shoulders - hips)
        for kid in tree.children[bone]:
            if kid in taken or kid in column or not _is_central(tree, plane, kid, 0.3 * wide):
                continue
            top = float((heads[tree.below(kid)] @ up).max()) if tree.children[kid] else float(
                max(heads[kid] @ up, tails[kid] @ up))
            if top > highest + 1e-6 * abs(highest):
                best, highest = kid, top
        if best is not None:
            return best
    return None


def _up(plane: Plane, leg: _Limbs, arm: _Limbs) -> np.ndarray:
    """From hips to shoulders, within the mirror plane."""
    up = arm.middle(arm.joints.start) - leg.middle(leg.joints.start)
    return normalise(up - (up @ plane.normal) * plane.normal)


def _is_central(tree: BoneTree, plane: Plane, bone: int, width: float) -> bool:
    """Whether a bone stands in the middle of the body and those below it are spread evenly about it."""
    return (abs(float(plane.aside(tree.rest.heads[bone]))) < width
            and abs(float(plane.aside(tree.centres[bone]))) < 0.8 * width)


def _body(tree: BoneTree, plane: Plane, leg: _Limbs, arm: _Limbs, score: float) -> Body:
    up = _up(plane, leg, arm)
    column, necks, head = _trunk(tree, plane, leg, arm, up)
    feet = _detached_feet(tree, leg)
    ahead, sure = _ahead(tree, plane, leg, arm, up, head, feet)
    left = np.cross(up, ahead)
    order = (0, 1) if left @ plane.normal > 0 else (1, 0)
    joints = {"Hips": _hips(tree, leg, arm), **trunk_joints(column)}
    if necks:
        joints["Neck"] = necks[0]
    if head is not None:
        joints["Head"] = head
    points: dict[str, int] = {}
    for place, side in zip(order, ("Left", "Right")):
        _name_limbs(joints, points, tree, arm, side, place, ("Arm", "ForeArm", "Hand"))
        _name_limbs(joints, points, tree, leg, side, place, ("UpLeg", "Leg", "Foot"))
    for foot in feet:
        side = "Left" if plane.aside(tree.rest.heads[foot]) * (left @ plane.normal) > 0 else "Right"
        joints[side + "Foot"] = foot
        points.pop(side + "Foot", None)
    _toes(tree, joints, points, leg, order)
    _clavicles(joints, arm, order)
    return Body(joints, points, column, necks, up, ahead, left, sure, score)


def trunk_joints(column: tuple[int, ...]) -> dict[str, int]:
    """Which of the bones between hips and neck, from below, are the spine's joints."""
    if not column:
        return {}
    if len(column) == 1:
        return {"Spine": column[0]}
    joints = {"Spine": column[0], "Spine2": column[-1]}
    if len(column) > 2:
        joints["Spine1"] = column[(len(column) - 1) // 2]
    return joints


def _trunk(tree: BoneTree, plane: Plane, leg: _Limbs, arm: _Limbs, up: np.ndarray
           ) -> tuple[tuple[int, ...], tuple[int, ...], int | None]:
    """The spine's bones, the neck's and the head."""
    column = tree.above(arm.pair.parent)
    column = column[:column.index(_hips(tree, leg, arm))][::-1]
    hips, shoulders = leg.middle(leg.joints.start) @ up, arm.middle(arm.joints.start) @ up
    start = _head_start(tree, plane, leg, arm)
    if start is None:
        return tuple(column), (), None
    above = [start]
    wide = float(np.abs(plane.aside(arm.at(arm.joints.start))).mean())
    while (after := _next_of_neck(tree, plane, above[-1], up, shoulders - hips, wide)) is not None:
        above.append(after)
    # old rigs hang the clavicles from the neck
    if len(column) > 1 and tree.parents[start] == column[-1] and tree.rest.heads[column[-1]] @ up >= shoulders:
        above.insert(0, column.pop())
    end: tuple[int, ...] = ()
    while len(above) > 1 and tree.children[above[-1]] == end and _is_end_of_head(tree, above, up, hips, shoulders):
        end = (above.pop(),)
    while len(above) > 2 and tree.rest.heads[above[0]] @ up < shoulders - 0.25 * (shoulders - hips):
        column.append(above.pop(0))
    return tuple(column), tuple(above[:-1]), above[-1]


def _next_of_neck(tree: BoneTree, plane: Plane, bone: int, up: np.ndarray, trunk: float, wide: float) -> int | None:
    """The bone that goes on the neck, None where there is none or a face begins."""
    kids = tree.children[bone]
    if not kids:
        return None
    kid = max(kids, key=lambda one: tree.size[one])
    away = tree.rest.heads[kid] - tree.rest.heads[bone]
    length = float(np.linalg.norm(away))
    if 2 * tree.size[kid] < tree.size[bone] - 1 or length < 0.005 * trunk or (
            away @ up < (0.4 if tree.children[kid] else 0.8) * length):
        return None
    if not _is_central(tree, plane, kid, 0.3 * wide):
        return None
    return kid


def _is_end_of_head(tree: BoneTree, above: list[int], up: np.ndarray, hips: float, shoulders: float) -> bool:
    """Whether the last of neck and head is only the end of a head.

    Two are a neck and a head unless the upper one is very high. Of more, the head is the one at a head's usual height,
    or the last one if it is long.
    """
    heads, last = tree.rest.heads, above[-1]
    high = [float(heads[bone] @ up - shoulders) / float(shoulders - hips) for bone in above[-2:]]
    if len(above) == 2:
        return high[1] > 0.8
    if (tree.rest.tails[last] - heads[last]) @ up > 1.4 * tree.distance(last, above[-2]):
        return False
    return abs(high[1] - _HEAD) > abs(high[0] - _HEAD) + 0.02


def _ahead(tree: BoneTree, plane: Plane, leg: _Limbs, arm: _Limbs, up: np.ndarray, head: int | None,
           feet: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """Which of the two ways across the body is ahead, and how sure that is: feet say most, then knees and elbows."""
    ahead = normalise(np.cross(plane.normal, up))
    votes = []  # weight, and how far ahead, in lengths that are clear enough
    j, a, heads, tails = leg.joints, arm.joints, tree.rest.heads, tree.rest.tails
    length = leg.length()
    if feet:
        votes.append((1.5, sum((tails[foot] - heads[foot]) @ ahead for foot in feet) / (0.2 * length)))
    elif j.end + 1 < leg.pair.bones:
        votes.append((3.0, (leg.middle(min(j.end + 2, leg.pair.bones)) - leg.middle(j.end)) @ ahead / (0.2 * length)))
    if j.end < leg.pair.bones and leg.pair.angle((j.middle, j.end), (j.end, j.end + 1)) > 35.0:
        # tails tell less than bones, and nothing where they only go on
        soles = sum(tails[foot] - heads[foot] for foot in leg.bones(j.end))
        votes.append((0.7 if j.end + 1 < leg.pair.bones else 1.5, soles @ ahead / (0.2 * length)))
    knee = leg.middle(j.middle) - (leg.middle(j.start) + leg.middle(j.end)) / 2.0
    votes.append((1.0, knee @ ahead / (0.04 * length)))
    elbow = arm.middle(a.middle) - (arm.middle(a.start) + arm.middle(a.end)) / 2.0
    votes.append((0.7, -elbow @ ahead / (0.04 * length)))
    if head is not None and tree.children[head]:
        face = heads[tree.below(head)[1:]].mean(axis=0) - heads[head]
        votes.append((0.7, face @ ahead / (0.05 * length)))
    total = sum(weight * float(np.clip(vote, -1.0, 1.0)) for weight, vote in votes)
    return (ahead if total >= 0.0 else -ahead), min(1.0, abs(total) / 2.0)


def _name_limbs(joints: dict[str, int], points: dict[str, int], tree: BoneTree, limb: _Limbs, side: str, place: int,
                names: tuple[str, str, str]) -> None:
    j = limb.joints
    for name, at in zip(names, (j.start, j.middle, j.end)):
        if at < limb.pair.bones:
            joints[side + name] = limb.bones(at)[place]
        else:
            points[side + name] = limb.bones(limb.pair.bones - 1)[place]


def _detached_feet(tree: BoneTree, leg: _Limbs) -> tuple[int, ...]:
    """Feet that do not hang from their shins but stand where those end; they follow an IK target, mostly."""
    j = leg.joints
    if j.end < leg.pair.bones:
        return ()
    mine = {*leg.pair.one, *leg.pair.other}
    others = [bone for bone in tree.bones if bone not in mine and leg.pair.parent not in tree.above(bone)]
    feet = []
    for place in (0, 1):
        hip, knee, end = (leg.at(k)[place] for k in (j.start, j.middle, j.end))
        near = {bone: miss for bone in others if (miss := off_the_ankle(hip, knee, end, tree.rest.heads[bone])) < 1.0}
        feet += [min(near, key=near.__getitem__)] if near else []
    return tuple(feet) if len(set(feet)) == 2 else ()


def off_the_ankle(hip: np.ndarray, knee: np.ndarray, end: np.ndarray, foot: np.ndarray) -> float:
    """How far a bone is from being the foot of a leg whose shin ends at `end`, as far as tails can be believed: below 1
    it may be, near 0 it is at that end, up to 1 it goes on from the knee as an ankle would."""
    thigh = np.linalg.norm(knee - hip)
    if thigh <= 0.0:
        return np.inf
    if (miss := np.linalg.norm(foot - end) / thigh) < 0.15:
        return float(miss)
    shin = foot - knee
    size = np.linalg.norm(shin) / thigh
    if not 0.4 < size < 2.2:
        return np.inf
    turn = np.degrees(np.arccos(np.clip(shin @ (knee - hip) / (thigh * size * thigh), -1.0, 1.0)))
    return 0.2 + float(turn) / 50.0


def _toes(tree: BoneTree, joints: dict[str, int], points: dict[str, int], leg: _Limbs, order: tuple[int, int]) -> None:
    pair, ankle = leg.pair, leg.joints.end
    for place, side in zip(order, ("Left", "Right")):
        foot = joints.get(side + "Foot")
        if foot is None:
            continue
        way = [leg.bones(k)[place] for k in range(ankle + 1, pair.bones)] if ankle < pair.bones else []
        if not way:
            points[side + "Toe"] = foot
            continue
        toe = way[0]
        # a midfoot bone before the toes
        if len(way) > 1 and pair.apart[ankle][ankle + 1] < 0.5 * pair.apart[ankle][ankle + 2] and (
                len(way) > 2 or len(tree.children[way[1]]) > 1):
            toe = way[1]
        joints[side + "Toe"] = toe


def _clavicles(joints: dict[str, int], arm: _Limbs, order: tuple[int, int]) -> None:
    before = range(arm.joints.start)
    if before:
        longest = max(before, key=lambda k: (round(arm.pair.apart[k][k + 1] / arm.pair.length, 2), k))
        for place, side in zip(order, ("Left", "Right")):
            joints[side + "Shoulder"] = arm.bones(longest)[place]
