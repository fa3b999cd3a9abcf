# SPDX-License-Identifier: GPL-3.0-or-later
"""How a table of bones is written, and the pieces that most rigs share.

A line of a table is `bone | parent | head > tail | joint`. % and ^ in a name stand for the side ("Left", "L" and so
on; both sides are built from one line). A place is a landmark of the body (made_bodies.py; those of the limbs without
their side), `Mark:0.3:Mark` on the way from one to another, with `+x,y,z` beside it in shares of the stature, x
outwards. The last cell is the canonical joint (limbs without their side), `no deform` for a control, or missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from made_bodies import Body


@dataclass(frozen=True)
class Make:
    """How a family is built from a table.

    sides: what % stands for on the left and right; letters: what ^ stands for. accept: joint -> further right
    answers, parted by |, - for no bone. space: a key of made_families.SPACES. unit: armature units for a metre.
    bone_axis: "along" bones point to the place that the table says; "across" as FBX files of other programs leave
    them, at a right angle to it; "up" all one way, as glTF files leave them. roll: "zero", "random" or "quarter"
    turns. connect: heads at the tails of their parents are connected. points: joint without a bone -> bone whose tail
    it is. ik: see Family.
    """

    table: str
    sides: tuple[str, str]
    body: Body
    letters: tuple[str, str] = ("L", "R")
    accept: dict[str, str] = field(default_factory=dict)
    space: str = "Z"
    unit: float = 1.0
    bone_axis: str = "along"
    roll: str = "zero"
    rotation_mode: str = "QUATERNION"
    connect: bool = False
    points: dict[str, str] = field(default_factory=dict)
    ik: tuple[tuple[str, str, str, int], ...] = ()


def human(hips: str, spines: str, necks: str, head: str, arm: str, leg: str, above: str = "") -> str:
    """The usual bones, from the hips on. Lists are parted by commas.

    spines: from below, `bone=joint` for those that are joints. necks: from below, the first is the joint. arm: clavicle
    (empty: none), upper arm, forearm, hand. leg: thigh, shin, foot, toe. above: the bone that the hips hang from.
    """
    lines = [f"{hips} | {above} | Hips > Spine | Hips"]
    column = [cell.strip().partition("=") for cell in spines.split(",") if cell.strip()]
    top = hips
    for place, (bone, _, joint) in enumerate(column):
        start, end = (0.72 * k / max(len(column) - 1, 1) if k < len(column) else 1.0 for k in (place, place + 1))
        lines.append(f"{bone} | {top} | Spine:{start:.3f}:Neck > Spine:{end:.3f}:Neck | {joint}")
        top = bone
    chest = top
    throat = [bone.strip() for bone in necks.split(",") if bone.strip()]
    for place, bone in enumerate(throat):
        start, end = place / len(throat), (place + 1) / len(throat)
        lines.append(f"{bone} | {top} | Neck:{start:.3f}:Head > Neck:{end:.3f}:Head | {'' if place else 'Neck'}")
        top = bone
    if head:
        lines.append(f"{head} | {top} | Head > HeadTop | Head")
    lines += chain(chest, arm, "Shoulder > Arm, Arm > ForeArm, ForeArm > Hand, Hand > Knuckles")
    lines += chain(hips, leg, "UpLeg > Leg, Leg > Foot, Foot > Toe, Toe > ToeEnd")
    return "\n".join(lines) + "\n"


def chain(parent: str, bones: str, places: str) -> list[str]:
    """Lines for bones that hang from one another; the joint is the landmark at the head. Empty names are left out."""
    lines = []
    for bone, place in zip(bones.split(","), places.split(",")):
        if bone.strip():
            lines.append(f"{bone.strip()} | {parent} | {place} | {place.split('>')[0].strip()}")
            parent = bone.strip()
    return lines


def fingers(parent: str, names: dict[str, str], numbers: str = "1,2,3", thumb: str = "") -> str:
    """Lines for fingers. names: landmark ("Thumb", "Index"...) -> bone name, # for what is counted along the finger.

    numbers: what # stands for, from the palm on; thumb: the same for the thumb where it differs.
    """
    lines = []
    for mark, name in names.items():
        along = (thumb or numbers if mark == "Thumb" else numbers).split(",")
        above = parent
        for place, number in enumerate(along):
            bone = name.replace("#", number)
            start, end = place / len(along), (place + 1) / len(along)
            lines.append(f"{bone} | {above} | {mark}:{start:.3f}:{mark}End > {mark}:{end:.3f}:{mark}End")
            above = bone
    return "\n".join(lines) + "\n"


def five(form: str, names: str = "Thumb,Index,Middle,Ring,Pinky") -> dict[str, str]:
    """Finger names for `fingers`; * in the form stands for the finger."""
    return {mark: form.replace("*", name) for mark, name in zip(("Thumb", "Index", "Middle", "Ring", "Pinky"),
                                                                names.split(","))}


def strands(parent: str, name: str, start: str, ways: tuple[str, ...]) -> str:
    """Lines for a chain of hair or cloth. name: with # for the number. ways: places from start on."""
    lines, above, here = [], parent, start
    for number, there in enumerate(ways, 1):
        bone = name.replace("#", str(number))
        lines.append(f"{bone} | {above} | {here} > {there}")
        above, here = bone, there
    return "\n".join(lines) + "\n"


def prefixed(table: str, prefix: str) -> str:
    """A table whose bones all have a prefix."""
    lines = []
    for line in filter(str.strip, table.splitlines()):
        bone, parent, rest = line.split("|", 2)
        lines.append(f"{prefix}{bone} | {prefix if parent.strip() else ''}{parent.strip()} |{rest}")
    return "\n".join(lines)
