# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in until the real one is there: by names alone."""

from __future__ import annotations

from collections.abc import Mapping

from ..motion.skeleton import JOINTS
from .bone_map import BoneMap, Match
from .joint_names import match_joints
from .rest import Rest

_RIGIFY = {
    "Hips": "spine", "Spine": "spine.001", "Spine1": "spine.002", "Spine2": "spine.003",
    "Neck": "spine.004", "Head": "spine.006",
    **{word + joint: f"{bone}.{letter}" for word, letter in (("Left", "L"), ("Right", "R")) for joint, bone in (
        ("Shoulder", "shoulder"), ("Arm", "upper_arm"), ("ForeArm", "forearm"), ("Hand", "hand"),
        ("UpLeg", "thigh"), ("Leg", "shin"), ("Foot", "foot"), ("Toe", "toe"))},
}


def map_bones(rest: Rest, corrections: Mapping[str, str] = {}) -> BoneMap:
    names = rest.names
    if "Hips" in names and "LeftArm" in names:
        found = {j: j for j in JOINTS if j in names}
    elif "spine.003" in names:
        found = {j: b for j, b in _RIGIFY.items() if b in names}
    else:
        found = {j: names[i] for j, i in match_joints(names).items()}
    found |= corrections
    return BoneMap("stand-in", {j: Match(found[j], 1.0, "name") for j in JOINTS if found.get(j)}, {})
