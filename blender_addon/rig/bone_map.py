# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone stands for which canonical joint, how sure that is and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..motion.skeleton import JOINTS

# Without these there is no telling how to move a body; the others are left still when a rig has none.
REQUIRED = ("Hips", *(side + part for side in ("Left", "Right") for part in ("Arm", "ForeArm", "UpLeg", "Leg", "Foot")))


@dataclass(frozen=True)
class Match:
    """One joint's bone. confidence: 0 to 1. reason: a few words for people ("named like Mixamo's", "set by hand")."""

    bone: str
    confidence: float
    reason: str


@dataclass(frozen=True, eq=False)
class BoneMap:
    """What a rig was taken for.

    family: the kind of rig, for people. matches: canonical joint -> Match, in the order of JOINTS, without those that
    no bone stands for. points: joint -> bone whose tail is where the joint is, for ends that have no bone of their
    own (a hand without a bone, a toe). notes: what people should know, a line each.
    """

    family: str
    matches: Mapping[str, Match]
    points: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @cached_property
    def bones(self) -> dict[str, str]:
        """Canonical joint -> bone name."""
        return {joint: match.bone for joint, match in self.matches.items()}

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The canonical joints that no bone stands for."""
        return tuple(joint for joint in JOINTS if joint not in self.matches)

    @cached_property
    def lacking(self) -> tuple[str, ...]:
        """The joints without which a body cannot be moved and that were not found."""
        return tuple(joint for joint in REQUIRED if joint not in self.matches)
