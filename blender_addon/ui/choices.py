# SPDX-License-Identifier: GPL-3.0-or-later
"""Menus of words out of a pack.

A choice is stored as a word, not as its place in a list: other packs have other lists, and a pack may be gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import bpy

from . import shown

Words = Callable[[shown.Catalogue, bpy.types.PropertyGroup], Sequence[str]]
Tips = Callable[[shown.Catalogue, bpy.types.PropertyGroup], Mapping[str, str]]


def choice(stored: str, words_of: Words, plain: str = "", put: Callable[[bpy.types.PropertyGroup], None] | None = None,
           tips_of: Tips | None = None, **about: str) -> bpy.props.EnumProperty:
    """A menu of words that is kept in the text property `stored`. plain: what "" is called. put: called with the
    settings after another word was chosen. tips_of: what is told of a word where the mouse is over it. A stored "" that
    is no word stands for the first one."""

    def words(settings: bpy.types.PropertyGroup) -> tuple[str, ...]:
        return tuple(words_of(shown.now.catalogue or shown.Catalogue(), settings))

    def items(settings: bpy.types.PropertyGroup, context: bpy.types.Context | None) -> list[tuple[str, str, str, int]]:
        tips = tips_of(shown.now.catalogue or shown.Catalogue(), settings) if tips_of else {}
        there = words(settings)
        return _items(there, tuple(tips.get(word, "") for word in there), getattr(settings, stored), plain)

    def get(settings: bpy.types.PropertyGroup) -> int:
        word, there = getattr(settings, stored), words(settings)
        if there and not word and "" not in there:
            return 0
        return there.index(word) if word in there else len(there)

    def choose(settings: bpy.types.PropertyGroup, at: int) -> None:
        there = words(settings)
        if at < len(there):
            setattr(settings, stored, there[at])
            if put is not None:
                put(settings)

    return bpy.props.EnumProperty(items=items, get=get, set=choose, **about)


@cache  # Blender keeps no text of its own for these items: they have to stay
def _items(words: tuple[str, ...], tips: tuple[str, ...], stored: str, plain: str) -> list[tuple[str, str, str, int]]:
    named = [(word or "PLAIN", word.replace("_", " ").title() or plain, tip, at)
             for at, (word, tip) in enumerate(zip(words, tips))]
    if stored not in words and (stored or not words):  # of a pack that is not here, or before the packs were read
        named.append((stored or "NONE", f"{stored.replace('_', ' ').title()} (missing)" if words else stored, "",
                      len(named)))
    return named
