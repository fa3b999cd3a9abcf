# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs of many families as plain data: each with its real bone names, hierarchy, rest pose, units and extra bones.

`family(id)` builds one of FAMILIES. The tables of names are in made_family_engines.py and made_family_characters.py;
a body of its own proportions (made_bodies.py) stands behind each, so that no two families are one rig under two sets
of names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from made_family_forms import Make
from made_family_names import MAKES

from blender_addon.motion.skeleton import JOINTS
from blender_addon.rig.rest import Rest

# armature space from the body's own frame (X left, -Y ahead, Z up)
SPACES = {
    "Z": np.eye(3),
    "Y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),  # Y up, facing +Z: BVH, glTF, FBX without conversion
    "X": np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]]),  # X up, facing +Z
    "Z, facing +Y": np.diag([-1.0, -1.0, 1.0]),
    "Z, facing +X": np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]),
}


@dataclass(frozen=True, eq=False)
class Family:
    """One rig.

    parents: -1 for none, parents stand before children. heads, tails: (N, 3) in armature space. rolls: (N,) radians
    from Blender's roll 0. connected: (N,) bones whose head Blender should hold at the parent's tail (where it is).
    truth: each of the 22 joints -> bone or None. accept: joint -> further answers that are right too. points: joint ->
    bone whose tail is the joint. object_scale, object_rotation: of the armature object, the latter XYZ Euler radians;
    together they bring the rig upright, facing -Y and to metres.
    rotation_mode: of all pose bones. ik: (last bone of the chain, target bone, pole bone or "", bones in the chain).
    """

    id: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: np.ndarray
    tails: np.ndarray
    rolls: np.ndarray
    deform: np.ndarray
    connected: np.ndarray
    truth: dict[str, str | None]
    accept: dict[str, tuple[str | None, ...]]
    points: dict[str, str]
    object_scale: float
    object_rotation: tuple[float, float, float]
    rotation_mode: str
    ik: tuple[tuple[str, str, str, int], ...] = ()

    @property
    def rest(self) -> Rest:
        return Rest(self.names, self.parents, self.heads, self.tails, self.deform)

    def right(self, joint: str, bone: str | None) -> bool:
        """Whether a bone (None: no bone) is a right answer for a joint."""
        return bone == self.truth[joint] or bone in self.accept.get(joint, ())


@dataclass(frozen=True)
class _Bone:
    name: str
    parent: str
    head: str
    tail: str
    joint: str
    deform: bool
    side: str


def build(family: str, make: Make) -> Family:
    """The family as data. ValueError for a table that names a parent which does not stand above."""
    bones = [bone for line in make.table.strip().splitlines() if line.strip() for bone in _rows(line, make)]
    names = tuple(bone.name for bone in bones)
    index = {name: place for place, name in enumerate(names)}
    if len(index) != len(names):
        raise ValueError(f"{family}: a bone is named twice: {sorted(n for n in names if names.count(n) > 1)}")
    parents = tuple(index[bone.parent] if bone.parent else -1 for bone in bones)
    if any(parent >= place for place, parent in enumerate(parents)):
        raise ValueError(f"{family}: a bone stands above its parent")
    marks = make.body.places()
    heads = np.array([_place(bone.head, bone.side, marks, make.body.stature) for bone in bones])
    ends = np.array([_place(bone.tail, bone.side, marks, make.body.stature) for bone in bones])
    tails = heads + _pointing(ends - heads, make.bone_axis)
    space = SPACES[make.space] * make.unit
    heads, tails = heads @ space.T, tails @ space.T
    near = 1e-4 * make.body.stature * make.unit
    connected = np.array([make.connect and p >= 0 and np.linalg.norm(heads[b] - tails[p]) < near
                          for b, p in enumerate(parents)])
    truth: dict[str, str | None] = dict.fromkeys(JOINTS)
    truth.update({bone.joint: bone.name for bone in bones if bone.joint})
    return Family(
        id=family, names=names, parents=parents, heads=heads, tails=tails, rolls=_rolls(make.roll, len(names), family),
        deform=np.array([bone.deform for bone in bones]), connected=connected, truth=truth,
        accept=_accepted(make), points=_sided(make.points, make), object_scale=1.0 / make.unit,
        object_rotation=_upright(make.space), rotation_mode=make.rotation_mode,
        ik=tuple((_named(last, *side), _named(target, *side), _named(pole, *side), count)
                 for last, target, pole, count in make.ik for side in _spellings(make)))


def _spellings(make: Make) -> tuple[tuple[str, str, str], ...]:
    """(canonical side, %, ^) of both sides."""
    return (("Left", make.sides[0], make.letters[0]), ("Right", make.sides[1], make.letters[1]))


def _named(name: str, side: str, word: str, letter: str) -> str:
    return name.replace("%", word).replace("^", letter)


def _rows(line: str, make: Make) -> list[_Bone]:
    """A line of a table as bones: one, or one of each side, and of each finger where it has braces."""
    name, parent, place, *rest = (cell.strip() for cell in line.split("|"))
    joint = rest[0] if rest else ""
    deform = joint != "no deform"
    joint = joint if deform else ""
    head, tail = (part.strip() for part in place.split(">"))
    sided = "%" in name or "^" in name
    bones = []
    for side, word, letter in _spellings(make) if sided else (("", "", ""),):
        bones.append(_Bone(_named(name, side, word, letter), _named(parent, side, word, letter), head, tail,
                           side + joint if joint else "", deform, side))
    return bones


def _place(text: str, side: str, marks: dict[str, np.ndarray], stature: float) -> np.ndarray:
    """A place as tables write it: `Mark`, `Mark:0.3:Mark` on the way, `Mark+x,y,z` beside (x outwards, per stature)."""
    text, _, beside = text.partition("+")
    parts = text.split(":")

    def mark(word: str) -> np.ndarray:
        return marks[side + word] if side + word in marks else marks[word]

    place = mark(parts[0])
    if len(parts) == 3:
        place = place + float(parts[1]) * (mark(parts[2]) - place)
    if beside:
        away = np.array([float(number) for number in beside.split(",")]) * stature
        place = place + away * [-1.0 if side == "Right" else 1.0, 1.0, 1.0]
    return place


def _pointing(along: np.ndarray, axis: str) -> np.ndarray:
    """Tails relative to heads, for bones that point where the table says, across it, or all upwards."""
    if axis == "along":
        return along
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    if axis == "up":
        return length * np.array([0.0, 0.0, 1.0])
    other = np.where(np.abs(along[:, 1:2]) > 0.8 * length, [0.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    across = np.cross(along, other)
    return across / np.linalg.norm(across, axis=-1, keepdims=True) * length


def _rolls(kind: str, count: int, family: str) -> np.ndarray:
    rng = np.random.default_rng(sum(map(ord, family)))
    if kind == "zero":
        return np.zeros(count)
    turns = rng.integers(-1, 3, count) * np.pi / 2
    return turns if kind == "quarter" else rng.uniform(-np.pi, np.pi, count)


def _upright(space: str) -> tuple[float, float, float]:
    """The object's XYZ Euler angles that stand a body of this space up, facing -Y."""
    return {"Z": (0.0, 0.0, 0.0), "Y": (np.pi / 2, 0.0, 0.0), "X": (np.pi / 2, 0.0, np.pi / 2),
            "Z, facing +Y": (0.0, 0.0, np.pi), "Z, facing +X": (0.0, 0.0, -np.pi / 2)}[space]


def _sided(words: dict[str, str], make: Make) -> dict[str, str]:
    """{joint: bone} for both sides where the bone has a % or ^."""
    out = {}
    for joint, bone in words.items():
        for side, word, letter in _spellings(make) if "%" in bone or "^" in bone else (("", "", ""),):
            out[side + joint] = _named(bone, side, word, letter)
    return out


def _accepted(make: Make) -> dict[str, tuple[str | None, ...]]:
    """{joint: answers}; in tables the answers stand in one line, parted by spaces' bar, - for no bone."""
    out: dict[str, tuple[str | None, ...]] = {}
    for joint, line in make.accept.items():
        answers = [answer.strip() for answer in line.split("|")]
        for side, word, letter in _spellings(make):
            key = side + joint if side + joint in JOINTS else joint
            out[key] = tuple(None if a == "-" else _named(a, side, word, letter) for a in answers)
    return out


def renamed(family: Family, names: dict[str, str]) -> Family:
    """The same rig under other bone names; those that `names` lacks stay."""
    def to(name: str | None) -> str | None:
        return names.get(name, name) if name else name

    return replace(
        family, names=tuple(to(name) for name in family.names), truth={j: to(b) for j, b in family.truth.items()},
        accept={j: tuple(map(to, answers)) for j, answers in family.accept.items()},
        points={j: to(b) for j, b in family.points.items()},
        ik=tuple((to(last), to(target), to(pole), count) for last, target, pole, count in family.ik))


FAMILIES: tuple[str, ...] = tuple(MAKES)


@cache
def family(name: str) -> Family:
    """One of FAMILIES."""
    return build(name, MAKES[name])
