# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs of a family changed as people change them: other names, another order, turned, scaled, parts gone or added."""

from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
from made_families import Family, renamed

from blender_addon.motion.rotations import matrix_from_quat, normalise


def with_random_names(family: Family, seed: int) -> Family:
    """The same rig, its bones called by random letters and digits."""
    rng = np.random.default_rng(seed)
    letters = list(string.ascii_letters + string.digits)
    return renamed(family, {name: "".join(rng.choice(letters, 9)) + str(place)
                            for place, name in enumerate(family.names)})


def shuffled(family: Family, seed: int) -> Family:
    """The same rig, its bones in another order, parents still before children."""
    rng = np.random.default_rng(seed)
    order: list[int] = []
    ready = [bone for bone, parent in enumerate(family.parents) if parent < 0]
    while ready:
        bone = ready.pop(int(rng.integers(len(ready))))
        order.append(bone)
        ready += [child for child, parent in enumerate(family.parents) if parent == bone]
    return _picked(family, order)


def turned(family: Family, seed: int, scale: float = 1.0) -> Family:
    """The same rig, turned any way and scaled in its armature space."""
    rng = np.random.default_rng(seed)
    turn = matrix_from_quat(normalise(rng.normal(size=4))) * scale
    return replace(family, heads=family.heads @ turn.T, tails=family.tails @ turn.T)


def without(family: Family, *joints: str, below: bool = True) -> Family:
    """The rig without some joints' bones; with what hangs from them, or hung from the bone above."""
    gone = {family.names.index(family.truth[joint]) for joint in joints if family.truth[joint]}
    if below:
        for bone, parent in enumerate(family.parents):
            if parent in gone:
                gone.add(bone)
    return _picked(family, [bone for bone in range(len(family.names)) if bone not in gone])


def with_chain(family: Family, name: str, joint: str, start: tuple[float, float, float],
               steps: tuple[tuple[float, float, float], ...], sides: bool = False) -> Family:
    """The rig with a further chain of bones (on both sides) hung from a joint's bone.

    start and steps: left, ahead and up, in lengths of the trunk; start from the bone's head.
    """
    def head(of: str) -> np.ndarray:
        return family.heads[family.names.index(family.truth[of])]

    trunk = head("LeftArm") + head("RightArm") - head("LeftUpLeg") - head("RightUpLeg")
    size, up = np.linalg.norm(trunk) / 2.0, normalise(trunk)
    across = head("LeftUpLeg") - head("RightUpLeg")
    left = normalise(across - (across @ up) * up)
    axes = np.array([left, np.cross(left, up), up]) * size
    names, parents = list(family.names), list(family.parents)
    heads, tails = list(family.heads), list(family.tails)
    for side, letter in ((1.0, "a"), (-1.0, "b")) if sides else ((1.0, ""),):
        here, parent = head(joint) + np.array(start) * [side, 1, 1] @ axes, names.index(family.truth[joint])
        for number, step in enumerate(steps):
            names.append(f"{name}{number}{letter}")
            parents.append(parent)
            heads.append(here)
            here = here + np.array(step) * [side, 1, 1] @ axes
            tails.append(here)
            parent = len(names) - 1
    more = len(names) - len(family.names)
    return replace(family, names=tuple(names), parents=tuple(parents), heads=np.array(heads), tails=np.array(tails),
                   rolls=np.append(family.rolls, np.zeros(more)), deform=np.append(family.deform, [True] * more),
                   connected=np.append(family.connected, [False] * more))


def _picked(family: Family, bones: list[int]) -> Family:
    """The rig's bones that are listed, in that order; those whose parent is not hang from the next above that is."""
    place = {bone: at for at, bone in enumerate(bones)} | {-1: -1}

    def parent(bone: int) -> int:
        above = family.parents[bone]
        while above not in place:
            above = family.parents[above]
        return place[above]

    names = tuple(family.names[bone] for bone in bones)
    return replace(
        family, names=names, parents=tuple(map(parent, bones)), heads=family.heads[bones], tails=family.tails[bones],
        rolls=family.rolls[bones], deform=family.deform[bones], connected=family.connected[bones],
        truth={joint: bone if bone in names else None for joint, bone in family.truth.items()},
        accept={joint: tuple(b for b in some if b in names or b is None) for joint, some in family.accept.items()},
        points={joint: bone for joint, bone in family.points.items() if bone in names})
