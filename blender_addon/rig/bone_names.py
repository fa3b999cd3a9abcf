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
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


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


def take_apart(name: str, prefix: Sequence[str] = (), suffix: Sequence[str] = ()) -> BoneName:
    """One name. prefix, suffix: words that it may begin and end with and that say nothing (see `shared_ends`)."""
    text = _PREFIX.sub("", _last_of(name))
    side, told, numbers, helper = "", [], [], False
    for token in _without_ends(_tokens(text), prefix, suffix):
        if token.isdigit():
            numbers.append(int(token))
        elif token in _SIDES and not side:
            side = _SIDES[token]
        else:
            helper = helper or token in _HELPERS
            told.append(token)
    word = "".join([one for one in told if one not in _IDLE] or told)
    if not side:
        side, word = _glued_side(word)
    elif not word:
        side, word = "", side[0].lower()  # a letter and a number, as the vertebra L5
    return BoneName(side, word, tuple(numbers), helper or word.endswith(("twist", "nub", "sharebone", "捩")))


def shared_ends(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words with which most names of a rig begin and those with which most end, unless they name a part or side."""
    split = [_tokens(_last_of(name)) for name in names]
    ends = []
    for end in (0, -1):
        left, shared = split, []
        while len(shared) < 4:
            counted = Counter(tokens[end] for tokens in left if len(tokens) > 1)
            word, count = counted.most_common(1)[0] if counted else ("", 0)
            if count <= (0.95 if word.isdigit() and end else 0.6) * len(names) or word in _SIDES or word in _PARTS:
                break
            shared.append(word)
            left = [(tokens[1:] if end == 0 else tokens[:-1]) for tokens in left if tokens and tokens[end] == word]
        ends.append(tuple(shared))
    return ends[0], ends[1]


def _last_of(name: str) -> str:
    """A name without its namespace."""
    text = unicodedata.normalize("NFKC", name).strip()
    return re.split(r"[:|]", text)[-1] or text


def _tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(re.sub(r"([左右])", r" \1 ", text))]


def _without_ends(tokens: list[str], prefix: Sequence[str], suffix: Sequence[str]) -> list[str]:
    for word in prefix:
        tokens = tokens[1:] if len(tokens) > 1 and tokens[0] == word else tokens
    for word in suffix:
        tokens = tokens[:-1] if len(tokens) > 1 and tokens[-1] == word else tokens
    return tokens


def _glued_side(word: str) -> tuple[str, str]:
    for letters in ("left", "right", "l", "r"):
        rest = word.removeprefix(letters)
        if rest != word and (rest in _GLUED or (len(letters) > 1 and rest)):
            return _SIDES[letters], rest
    return "", word
