# SPDX-License-Identifier: GPL-3.0-or-later
"""Which joint of a skeleton is which canonical joint, by the names that motion capture files use."""

from __future__ import annotations

import re

from ..motion.skeleton import JOINTS

# Spellings after `plain` has taken prefixes, separators and case away. The first one that a skeleton has is taken.
# Where a family counts its spine differently the rows of the families stand apart in _SPINES.
_LIMBS: dict[str, tuple[str, ...]] = {
    "Shoulder": ("shoulder", "collar", "clavicle"),
    "Arm": ("arm", "upperarm", "shldr", "shoulder"),
    "ForeArm": ("forearm", "lowerarm", "elbow"),
    "Hand": ("wrist", "hand"),
    "UpLeg": ("upleg", "thigh", "upperleg", "hip"),
    "Leg": ("leg", "shin", "calf", "lowerleg", "knee"),
    "Foot": ("foot", "ankle"),
    "Toe": ("toebase", "toe", "toes", "toe0", "ball"),
}
_HIPS = ("hips", "hip", "pelvis", "root")
_HEAD = ("head",)
# (Spine, Spine1, Spine2, Neck) of each family, the longest match wins; "" where the family has no such joint.
_SPINES: tuple[tuple[str, str, str, str], ...] = (
    ("lowerback", "spine", "spine1", "neck"),
    ("lowerback", "chest", "chest2", "lowerneck"),
    ("spine", "spine1", "spine3", "neck"),
    ("spine", "spine1", "spine2", "neck"),
    ("spine01", "spine02", "spine03", "neck01"),
    ("spine001", "spine002", "spine003", "neck"),
    ("abdomen", "", "chest", "neck"),
    ("spine", "", "chest", "neck"),
    ("spine", "", "chest", ""),
)


def plain(name: str) -> tuple[str, str]:
    """A name's side ("Left", "Right" or "") and what is left of it, lower case without prefixes and separators."""
    word = re.sub(r"^(mixamorig\d*[:_]|.*:|def-|neo_|bip\d*\s)", "", name.strip(), flags=re.IGNORECASE)
    for pattern, side in _SIDES:
        found = re.match(pattern, word)
        if found:
            return side, re.sub(r"[\s_.\-]", "", found["rest"]).lower()
    return "", re.sub(r"[\s_.\-]", "", word).lower()


_SIDES = tuple(
    (re.compile(pattern), side)
    for side, letter, word in (("Left", "l", "left"), ("Right", "r", "right"))
    for pattern in (
        rf"(?i:{word})[\s_.\-]?(?P<rest>.+)",
        rf"(?P<rest>.+)[\s_.\-](?i:{letter}|{word})$",
        rf"(?i:{letter})[\s_.\-](?P<rest>.+)",
        rf"{letter}(?P<rest>[A-Z].+)",
    )
)


def match_joints(names: tuple[str, ...]) -> dict[str, int]:
    """Canonical joint -> index in names, for those that are there. Missing ones are left out."""
    known: dict[tuple[str, str], int] = {}
    for index, name in enumerate(names):
        known.setdefault(plain(name), index)

    def first(side: str, spellings: tuple[str, ...], taken: dict[str, int]) -> int | None:
        for spelling in spellings:
            index = known.get((side, spelling))
            if index is not None and index not in taken.values():
                return index
        return None

    found: dict[str, int] = {}
    spine = max(_SPINES, key=lambda row: sum(bool(word) and ("", word) in known for word in row))
    for joint, word in zip(("Spine", "Spine1", "Spine2", "Neck"), spine, strict=True):
        if word and ("", word) in known:
            found[joint] = known["", word]
    for joint, spellings in (("Hips", _HIPS), ("Head", _HEAD)):
        index = first("", spellings, found)
        if index is not None:
            found[joint] = index
    for side in ("Left", "Right"):
        for part, spellings in _LIMBS.items():
            # a family without clavicles calls the upper arm "shoulder"
            if part == "Shoulder" and not any((side, w) in known for w in ("arm", "upperarm", "shldr")):
                spellings = ("collar", "clavicle")
            index = first(side, spellings, found)
            if index is not None:
                found[side + part] = index
    return {joint: found[joint] for joint in JOINTS if joint in found}
