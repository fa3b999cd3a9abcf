# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a rig takes keys, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..motion.tracks import Extra


@dataclass(frozen=True, order=True)
class Handle:
    """Something that can be posed: a bone of the armature, or (object) another object in the scene."""

    name: str
    object: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Chain:
    """An IK constraint that is at work. bones: from the tip, whose tail is to reach the goal, up to the first.

    target, pole: what it follows, None for a thing that cannot be keyed or is not there.
    """

    owner: str
    constraint: str
    bones: tuple[str, ...]
    target: Handle | None
    pole: Handle | None
    pole_angle: float


@dataclass(frozen=True)
class Limb:
    """A limb whose bones a solver moves. joints: whose bones these are, the upper one first.

    control, pole_control: what takes the keys for the chain's target and pole. alone: the solver needs no more than
    these; else its bones are keyed too, which is where it starts from, and it has nothing left to do.
    """

    joints: tuple[str, ...]
    chain: Chain
    control: Handle
    pole_control: Handle | None
    alone: bool


@dataclass(frozen=True, eq=False)
class Controls:
    """What takes keys. turning: what is turned -> the joint whose rotation it does (several may do one's).

    carriers: what may carry the whole body, the likeliest first. limbs: those left to their solvers. settings: what is
    kept throughout. notes: for people, a line each. bends: joint -> what else bends its bone, for people. loose:
    whether what does not hang from the segment above is moved to where that ends.
    """

    turning: Mapping[Handle, str]
    carriers: tuple[Handle, ...]
    limbs: tuple[Limb, ...] = ()
    settings: tuple[Extra, ...] = ()
    notes: tuple[str, ...] = ()
    bends: Mapping[str, str] = field(default_factory=dict)
    loose: bool = True

    @property
    def handles(self) -> tuple[Handle, ...]:
        """All that may take keys."""
        ends = [handle for limb in self.limbs for handle in (limb.control, limb.pole_control) if handle]
        return tuple(dict.fromkeys([*self.carriers[:1], *self.turning, *ends]))

    @property
    def solved(self) -> frozenset[str]:
        """The joints whose bones are moved by solvers alone."""
        return frozenset(joint for limb in self.limbs if limb.alone for joint in limb.joints)
