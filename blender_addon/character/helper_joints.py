# SPDX-License-Identifier: GPL-3.0-or-later
"""Joints that follow others by themselves: they keep the skin's volume where a body bends and where it twists.

Half-way joints turn half as far as an elbow, knee, shoulder or hip bends, so that the skin goes round it in two steps;
twist joints hand the turn of a hand down the forearm, and keep an upper arm's and a thigh's own turn from their roots.
Half-way joints of elbows and knees lie a little below them, so that bending pushes them out as the bone of an elbow
does; those of shoulders a little towards the neck, so that they rise with an arm and go forward with one that reaches.
Each hangs from the bone that it mostly goes with: where nobody makes it follow, the skin is as without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Helper:
    """A joint that follows.

    above: the joint it hangs from. along: the segment that it lies like, by the joints at its ends; at: where on it its
    bone begins and ends, as shares of its length. halfway: the joint that it follows by half of the turn, "" for none.
    twist: of which joint it adds the turn about that one's length, and how much of it (-1 takes its own away). begins:
    another segment and the share of it, where it does not begin on the one it lies like.
    """

    name: str
    above: str
    along: tuple[str, str]
    at: tuple[float, float]
    halfway: str = ""
    twist: tuple[str, float] = ("", 0.0)
    begins: tuple[str, str, float] = ("", "", 0.0)


def _helpers(side: str) -> tuple[Helper, ...]:
    shoulder, arm, fore, hand, thigh, shin, foot = (
        side + part for part in ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot"))
    return (
        Helper(f"{side}ArmTwist1", arm, (arm, fore), (0.0, 0.3), twist=(arm, -1.0)),
        Helper(f"{side}ArmTwist2", arm, (arm, fore), (0.3, 0.6), twist=(arm, -0.5)),
        Helper(f"{side}ShoulderShare", shoulder, (arm, fore), (0.0, 0.2), halfway=f"{side}ArmTwist1",
               begins=(shoulder, arm, 0.85)),
        Helper(f"{side}ElbowShare", arm, (fore, hand), (0.065, 0.25), halfway=fore),
        Helper(f"{side}ForeArmTwist1", fore, (fore, hand), (0.4, 0.7), twist=(hand, 0.5)),
        Helper(f"{side}ForeArmTwist2", fore, (fore, hand), (0.7, 1.0), twist=(hand, 1.0)),
        Helper(f"{side}UpLegTwist", thigh, (thigh, shin), (0.0, 0.3), twist=(thigh, -1.0)),
        Helper(f"{side}HipShare", "Hips", (thigh, shin), (0.0, 0.2), halfway=f"{side}UpLegTwist"),
        Helper(f"{side}KneeShare", thigh, (shin, foot), (0.053, 0.25), halfway=shin),
    )


HELPERS: tuple[Helper, ...] = (*_helpers("Left"), *_helpers("Right"))


def helper_places(at: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Where the helpers begin, (3,) metres by name, for a body whose other joints are `at` their places."""
    places = {}
    for helper in HELPERS:
        start, end, share = helper.begins if helper.begins[0] else (*helper.along, helper.at[0])
        if start in at and end in at:
            places[helper.name] = at[start] + share * (at[end] - at[start])
    return places
