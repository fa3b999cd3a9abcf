# SPDX-License-Identifier: GPL-3.0-or-later
"""What panels share: the tab, and text; labels cut what is too long for them, so lines are broken before."""

from __future__ import annotations

import textwrap
from functools import lru_cache

import bpy
from bpy.app.translations import pgettext_iface

TAB = "Galatea"


class Sidebar:
    """Where Galatea's panels are."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB


_LETTER = 6.6  # pixels that a letter of Blender's font takes on average, at a resolution scale of one
_EDGES = 58.0  # pixels that a panel, a box and an icon take


@lru_cache(maxsize=256)
def _lines(text: str, letters: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(text, letters))


def wrapped(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """A text over as many labels as it needs in this region; the icon stands before the first."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(_lines(pgettext_iface(text), max(16, letters(context)))):
        blank = "BLANK1" if icon != "NONE" else "NONE"
        column.label(text=line, icon=blank if number else icon, translate=False)


def letters(context: bpy.types.Context, share: float = 1.0, edges: float = _EDGES) -> int:
    """How many letters there is room for in a share of this region's width, less so many pixels."""
    width = context.region.width / context.preferences.system.ui_scale if context.region else 250.0
    return int((share * width - edges) / _LETTER)


def row_of(layout: bpy.types.UILayout, name: str, value: str) -> None:
    """A name on the left and its value on the right, as properties have them."""
    split = layout.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=name)
    split.label(text=value, translate=False)
