# SPDX-License-Identifier: GPL-3.0-or-later
"""What names and structure say of a rig's bones, before it is decided which of them are the joints."""

from __future__ import annotations

from dataclasses import dataclass, field

from .bone_names import BoneName, shared_ends, take_apart
from .bone_tree import BoneTree, bone_tree
from .families import ARM, LEG, NameFamily, by_words, recognise
from .rest import Rest
from .structure import Body, find_body

SIDES = ("Left", "Right")
LIMBS = tuple((side, parts) for side in SIDES for parts in (ARM, LEG))
# Where a joint is in the body, for people; "left" or "right" and the limb are put before it.
_PLACES = {
    "Hips": "the bone that carries legs and trunk", "Spine": "the lowest bone of the trunk",
    "Spine1": "a bone in the middle of the trunk", "Spine2": "the bone of the trunk that carries the arms",
    "Neck": "the bone between chest and head", "Head": "the bone at the top, in the middle",
    "Shoulder": "between chest and {} arm", "Arm": "first long bone of the {} arm", "ForeArm": "second of the {} arm",
    "Hand": "at the end of the {} forearm", "UpLeg": "first long bone of the {} leg", "Leg": "second of the {} leg",
    "Foot": "at the end of the {} shin", "Toe": "at the front of the {} foot",
}
_SURE_OF_SIDE = 0.6


@dataclass
class Evidence:
    """All that is known of a rig while it is mapped.

    named: joint -> bones named for it, the likeliest first. body: what structure says, roles the same by bone.
    by_hand: joint -> bone or -1 for none.
    """

    rest: Rest
    tree: BoneTree
    parts: tuple[BoneName, ...]
    family: NameFamily | None
    named: dict[str, list[int]]
    body: Body | None
    by_hand: dict[str, int]
    notes: list[str] = field(default_factory=list)
    found: dict[str, tuple[int, float, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roles = {bone: joint for joint, bone in self.body.joints.items()} if self.body else {}

    def hangs(self, bone: int, above: int) -> bool:
        """Whether a bone hangs from another, or is it."""
        return above in self.tree.above(bone) or above in self.rest.ancestors(bone)

    def take(self, joint: str, bone: int) -> None:
        """Take a bone for a joint, with the confidence and the reason that names and structure give it."""
        place = _PLACES[part_of(joint)].format("left" if joint.startswith("Left") else "right")
        as_named = self.family is not None and is_of(self.family, joint, self.parts[bone])
        placed = self.roles.get(bone) == joint
        if as_named:
            reason = f"named as in {self.family.name}" + (", and placed so" if placed else "")
            self.found[joint] = bone, 0.98 if placed else 0.85, reason
        elif bone in self.named.get(joint, ()):
            self.found[joint] = bone, 0.95 if placed else 0.75, "by its name" + (" and its place" if placed else "")
        else:
            sure = 0.85 if self.body is not None and self.body.score > 2.5 else 0.7
            self.found[joint] = bone, sure if placed else 0.6, f"by its place: {place}"


def gather(rest: Rest, keep: list[int], by_hand: dict[str, int], notes: list[str]) -> Evidence:
    """What names and structure say of the bones to keep."""
    prefix, suffix = shared_ends([rest.names[bone] for bone in keep])
    parts = tuple(take_apart(name, prefix, suffix) for name in rest.names)
    kept = [parts[bone] for bone in keep]
    family, exact = recognise([rest.names[bone] for bone in keep], kept)
    taken = {k for bones in exact.values() for k in bones}
    usual = {joint: [k for k in bones if k not in taken] for joint, bones in by_words(kept).items()}
    tree = bone_tree(rest, keep)
    for joint in ("LeftHand", "RightHand", "LeftToe", "RightToe"):  # of wrist and hand, of ball and toe, the first
        usual.get(joint, []).sort(key=lambda k: len(tree.above(keep[k])))
    named = {joint: [keep[k] for k in (*exact.get(joint, ()), *usual.get(joint, ()))] for joint in usual | exact}
    return Evidence(rest, tree, parts, family, named, find_body(tree), by_hand, list(notes))


def agree_on_sides(evidence: Evidence) -> None:
    """Where names and feet disagree on which side is the left one, clear feet win; unclear ones give way."""
    body = evidence.body
    if body is None:
        return
    agreed = swapped = 0
    for side, parts in LIMBS:
        for part in parts:
            for bone in evidence.named.get(side + part, [])[:1]:
                role = evidence.roles.get(bone, "")
                agreed += role == side + part
                swapped += role == _other(side + part)
    if swapped > agreed:
        if body.sure_of_side < _SURE_OF_SIDE:
            joints = {_other(joint): bone for joint, bone in body.joints.items()}
            points = {_other(joint): bone for joint, bone in body.points.items()}
            evidence.body = Body(joints, points, body.column, body.necks, body.up, -body.ahead, -body.left,
                                 body.sure_of_side, body.score)
            evidence.roles = {bone: joint for joint, bone in joints.items()}
        else:
            evidence.named = {_other(joint): bones for joint, bones in evidence.named.items()}
            evidence.family = None
            evidence.notes.append("the names say left and right the other way round than the feet point; "
                                  "the feet are believed")


def is_of(family: NameFamily, joint: str, part: BoneName) -> bool:
    """Whether a family calls a joint, or one of its spine's bones, so."""
    return (joint in family.joints and same(family.joints[joint], part)) or (
        joint.startswith("Spine") and any(same(spine, part) for spine in family.spines))


def same(one: BoneName, other: BoneName) -> bool:
    """Whether two names say the same."""
    return (one.side, one.word, one.numbers) == (other.side, other.word, other.numbers)


def part_of(joint: str) -> str:
    """A joint without its side."""
    return joint.removeprefix("Left").removeprefix("Right")


def _other(joint: str) -> str:
    """The joint on the other side."""
    if joint.startswith("Left"):
        return "Right" + joint[4:]
    return "Left" + joint[5:] if joint.startswith("Right") else joint
