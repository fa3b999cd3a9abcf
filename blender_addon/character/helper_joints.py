# SPDX-License-Identifier: GPL-3.0-or-later
"""Joints that follow others by themselves: they keep the skin's volume where a body bends and where it twists.

Half-way joints turn half as far as an elbow, knee, shoulder or hip bends, so that the skin goes round it in two steps;
twist joints hand the turn of a hand down the forearm, and keep an upper arm's and a thigh's own turn from their roots.
Each hangs from the bone that it mostly goes with: where nobody makes it follow, the skin is as without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Helper:
    """A joint that follows.

    above: the joint it hangs from. along: the segment that it lies on, by the joints at its ends; at: where on it its
    bone begins and ends, as shares of its length. halfway: the joint that it follows by half of the turn, "" for none.
    twist: of which joint it adds the turn about that one's length, and how much of it (-1 takes its own away).
    """

    name: str
    above: str
    along: tuple[str, str]
    at: tuple[float, float]
    halfway: str = ""
    twist: tuple[str, float] = ("", 0.0)


def _helpers(side: str) -> tuple[Helper, ...]:
    shoulder, arm, fore, hand, thigh, shin, foot = (
        side + part for part in ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot"))
    return (
        Helper(f"{side}ArmTwist1", arm, (arm, fore), (0.0, 0.3), twist=(arm, -1.0)),
        Helper(f"{side}ArmTwist2", arm, (arm, fore), (0.3, 0.6), twist=(arm, -0.5)),
        Helper(f"{side}ShoulderShare", shoulder, (arm, fore), (0.0, 0.2), halfway=f"{side}ArmTwist1"),
        Helper(f"{side}ElbowShare", arm, (fore, hand), (0.0, 0.2), halfway=fore),
        Helper(f"{side}ForeArmTwist1", fore, (fore, hand), (0.4, 0.7), twist=(hand, 0.5)),
        Helper(f"{side}ForeArmTwist2", fore, (fore, hand), (0.7, 1.0), twist=(hand, 1.0)),
        Helper(f"{side}UpLegTwist", thigh, (thigh, shin), (0.0, 0.3), twist=(thigh, -1.0)),
        Helper(f"{side}HipShare", "Hips", (thigh, shin), (0.0, 0.2), halfway=f"{side}UpLegTwist"),
        Helper(f"{side}KneeShare", thigh, (shin, foot), (0.0, 0.2), halfway=shin),
    )


HELPERS: tuple[Helper, ...] = (*_helpers("Left"), *_helpers("Right"))


def helper_places(at: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Where the helpers begin, (3,) metres by name, for a body whose other joints are `at` their places."""
    places = {}
    for helper in HELPERS:
        if all(end in at for end in helper.along):
            start, end = (at[name] for name in helper.along)
            places[helper.name] = start + helper.at[0] * (end - start)
    return places
