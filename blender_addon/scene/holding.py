# SPDX-License-Identifier: GPL-3.0-or-later
"""Holding on to a data-block while others have their turn: undo and deletion may take it away."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ..errors import GalateaError

_KINDS = {"OBJECT": "objects", "ACTION": "actions", "MESH": "meshes"}


def held(block: bpy.types.Object | bpy.types.Action | bpy.types.Mesh) -> Callable[[], bpy.types.ID]:
    """A function that returns the data-block again, or raises GalateaError when it is gone.

    It is found by the number that Blender gives a data-block for the session, which undo and renaming leave alone.
    """
    name, number = block.name_full, block.session_uid
    kind = _KINDS[block.id_type]

    def again() -> bpy.types.ID:
        for other in getattr(bpy.data, kind):
            if other.session_uid == number:
                return other
        raise GalateaError(f"{name} was deleted while it was worked on; nothing was changed, try again")

    return again
