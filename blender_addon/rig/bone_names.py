# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone names taken apart: which side, which word, which numbers, whatever prefixes and separators a program uses."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


def words(text: str) -> tuple[str, ...]:
    """A list of words as it is best read."""
    return tuple(text.split())


_SIDES = {**dict.fromkeys(words("l left lft lt 左"), "Left"), **dict.fromkeys(words("r right rgt rt 右"), "Right")}
# Words that say nothing about which part of a body a bone is.
_IDLE = frozenset(words("""
    def deform base jnt bone bones skel skeleton rig bind bnd skin sk b j bip mixamorig character valvebiped cc rl neo
    armature anim geo x c m center centre mid sec adj opt drv"""))
# Bones with these words are controls, helpers or ends, never joints, unless a family knows the whole name as a joint.
_HELPERS = frozenset(words("""
    ik pole target ctrl control ctl con cnt ctr mch org wgt vis tweak master parent handle socket attach attachment
    weapon prop slot gizmo hint twist roll end nub leaf tip site effector helper corrective correctiveroot share
    sharebone dummy null ref phys physics collider dyn rot proxy twk mech aim fk vector vec 親 捩 捩り"""))
# What may follow an l or r that is written together with the word, all in small letters: "lhand", "rthigh".
_GLUED = words("""
    shoulder clavicle collar upperarm uparm arm forearm lowerarm elbow hand wrist hip thigh upleg upperleg leg lowerleg
    knee shin calf foot ankle toe toes toebase shldr fist palm uarm farm uleg""")
_PARTS = frozenset((*_GLUED, *words("finger thumb index spine head neck hips pelvis face hair")))
_PREFIX = re.compile(r"^((?i:valvebiped\.)?(?i:bip\d+)|(?i:mixamorig\d*)|(?i:character\d+)|(?i:neo))(?=[_\s.\-A-Z])")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


@dataclass(frozen=True)
class BoneName:
    """A name taken apart.

    side: "Left", "Right" or "". word: what is left, small letters, nothing between. numbers: as they follow in the
    name. helper: whether a word in it says that the bone is a control, a twist bone, an end.
    """

    side: str
    word: str
    numbers: tuple[int, ...]
    helper: bool


def take_apart(name: str, idle: frozenset[str] = frozenset()) -> BoneName:
    """One name. idle: further words that say nothing, as `shared_words` finds them."""
    text = unicodedata.normalize("NFKC", name).strip()
    text = re.split(r"[:|]", text)[-1] or text
    text = _PREFIX.sub("", text)
    text = re.sub(r"([左右])", r" \1 ", text)
    side, told, numbers, helper = "", [], [], False
    for token in _CAMEL.findall(text):
        small = token.lower()
        if small.isdigit():
            numbers.append(int(small))
        elif small in _SIDES and not side:
            side = _SIDES[small]
        elif small in idle:
            continue
        else:
            helper = helper or small in _HELPERS
            told.append(small)
    word = "".join([one for one in told if one not in _IDLE] or told)
    if not side:
        side, word = _glued_side(word)
    elif not word:
        side, word = "", side[0].lower()  # a letter and a number, as the vertebra L5
    return BoneName(side, word, tuple(numbers), helper or word.endswith(("twist", "nub", "sharebone")))


def _glued_side(word: str) -> tuple[str, str]:
    for letters in ("left", "right", "l", "r"):
        rest = word.removeprefix(letters)
        if rest != word and (rest in _GLUED or (len(letters) > 1 and rest)):
            return _SIDES[letters], rest
    return "", word


def shared_words(names: Sequence[str]) -> frozenset[str]:
    """The words with which most names of a rig begin or end, as long as they name no part or side."""
    split = [[token.lower() for token in _CAMEL.findall(unicodedata.normalize("NFKC", name)) if not token.isdigit()]
             for name in names]
    shared: set[str] = set()
    for end in (0, -1):
        for _ in range(3):  # a prefix may have several words
            counted = Counter(tokens[end] for tokens in split if len(tokens) > 1)
            if not counted or counted.most_common(1)[0][1] <= 0.6 * len(names):
                break
            word = counted.most_common(1)[0][0]
            if word in _SIDES or word in _PARTS:
                break
            shared.add(word)
            rest = slice(1, None) if end == 0 else slice(None, -1)
            split = [tokens[rest] if tokens and tokens[end] == word else tokens for tokens in split]
    return frozenset(shared)
