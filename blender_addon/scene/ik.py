# SPDX-License-Identifier: GPL-3.0-or-later
"""Limbs that a solver moves: what their IK constraints reach for, and where target and pole have to be.

Blender's solver turns the first bone of a chain about the line from the chain's root to its goal until the pole lies in
the half-plane of the direction X cos(a) + Z sin(a) of that bone, a being the pole angle (IK_QJacobianSolver). So the
pole that does a wished pose is known even where the limb is straight.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..motion.rotations import normalise, quat_from_axis_angle, quat_rotate
from .handles import Chain, Handle
from .stand_in import StandIn

_STRAIGHT = 0.06  # of a limb's length that its middle joint is off the line: below, its first bone says where it faces


def read_chains(stand: StandIn) -> list[Chain]:
    """The IK constraints of an armature that do something."""
    found = []
    for bone in stand.armature.pose.bones:
        for constraint in stand.constraints(bone.name) if bone.constraints else ():
            if constraint.type == "IK" and at_work(constraint):
                found.append(_chain(stand, bone, constraint))
    return [chain for chain in found if chain.bones]


def at_work(constraint: bpy.types.Constraint) -> bool:
    """Whether a constraint, as evaluated, does anything."""
    if constraint.mute or constraint.influence < 1e-3 or not constraint.is_valid:
        return False
    if constraint.type == "ARMATURE":
        return any(each.target is not None and each.weight > 0.0 for each in constraint.targets)
    return getattr(constraint, "target", constraint) is not None


def _chain(stand: StandIn, bone: bpy.types.PoseBone, constraint: bpy.types.Constraint) -> Chain:
    above = [bone, *bone.parent_recursive]
    above = above if constraint.use_tail else above[1:]
    bones = above[:constraint.chain_count] if constraint.chain_count else above
    return Chain(
        bone.name, constraint.name, tuple(each.name for each in bones),
        followed(stand, constraint.target, constraint.subtarget),
        followed(stand, constraint.pole_target, constraint.pole_subtarget) if constraint.pole_target else None,
        constraint.pole_angle,
    )


def followed(stand: StandIn, target: bpy.types.Object | None, subtarget: str) -> Handle | None:
    """The handle for what a constraint follows; None when it is nothing that takes keys here."""
    if target is None:
        return None
    target = target.original
    if target == stand.armature:
        return Handle(subtarget) if subtarget in stand.armature.pose.bones else None
    name = next((name for name, copy in stand.objects.items() if copy == target), None)
    return None if name is None or subtarget else Handle(name, object=True)


# --- poles ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Bend:
    """A limb of two segments over T frames: its three joints (T, 3), and faces (T, 3), the direction of its first bone
    that the solver turns to the pole."""

    root: np.ndarray
    middle: np.ndarray
    tip: np.ndarray
    faces: np.ndarray

    @property
    def along(self) -> np.ndarray:
        """(T, 3) from root to tip."""
        return normalise(self.tip - self.root)

    @property
    def length(self) -> float:
        """Of both segments."""
        return float(np.linalg.norm(self.middle[0] - self.root[0]) + np.linalg.norm(self.tip[0] - self.middle[0]))

    def across(self, vectors: np.ndarray) -> np.ndarray:
        """The part of vectors (T, 3) square to the line from root to tip."""
        return vectors - np.sum(vectors * self.along, axis=-1, keepdims=True) * self.along

    @property
    def offset(self) -> np.ndarray:
        """(T, 3) from that line to the middle joint."""
        return self.across(self.middle - self.root)


def pole_places(bend: Bend, swivel: float | None, distance: float) -> np.ndarray:
    """(T, 3) where the pole makes a limb bend as it should, `distance` from the line from root to tip.

    swivel: radians by which the solver bends the limb away from its pole, about that line; None to turn the first bone
    as it should be turned and let the middle joint be where it will.
    """
    faces = normalise(bend.across(bend.faces))
    if swivel is not None:
        there = _about(bend, bend.offset, -swivel)
        # The first bone may be turned otherwise about its length than the limb bends: by as much all along.
        faces = _about(bend, faces, _apart(bend, faces, there))
        size = np.linalg.norm(there, axis=-1, keepdims=True) / (_STRAIGHT * bend.length)
        straight = np.clip(1.0 - size, 0.0, 1.0) ** 2
        faces = normalise(there + _STRAIGHT * bend.length * straight * faces)
    return bend.root + _on_line(bend) + distance * faces


def _about(bend: Bend, vectors: np.ndarray, angle: float) -> np.ndarray:
    """Vectors (T, 3) turned about the lines from root to tip."""
    return quat_rotate(quat_from_axis_angle(bend.along, np.full(len(vectors), angle)), vectors)


def _apart(bend: Bend, these: np.ndarray, those: np.ndarray) -> float:
    """Radians from these directions to those (T, 3) about the lines from root to tip: the mean, by length."""
    sine = np.sum(np.cross(these, those) * bend.along)
    return float(np.arctan2(sine, np.sum(these * those)))


def _on_line(bend: Bend) -> np.ndarray:
    """(T, 3) from the root to the foot of the middle joint on the line from root to tip."""
    return np.sum((bend.middle - bend.root) * bend.along, axis=-1, keepdims=True) * bend.along


def swivel_of(root: np.ndarray, middle: np.ndarray, tip: np.ndarray, pole: np.ndarray) -> float | None:
    """Radians by which an evaluated limb, its joints (T, 3), bends away from its pole (T, 3), about the line from root
    to tip; None when it is never bent enough to tell."""
    bend = Bend(root, middle, tip, pole - root)
    bent = np.linalg.norm(bend.offset, axis=-1) > _STRAIGHT * bend.length
    return _apart(bend, normalise(bend.across(bend.faces)), bend.offset) if bent.any() else None
