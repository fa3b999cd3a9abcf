# SPDX-License-Identifier: GPL-3.0-or-later
"""A control rig for a character, by Rigify."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import bpy


@dataclass(frozen=True)
class ControlRigResult:
    """What was made. armature: the control rig's name. character: of the armature that follows it. action: on the
    controls, "" for none. notes: what is worth knowing, a line each. seconds: the time it took."""

    armature: str
    character: str
    action: str
    notes: tuple[str, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def make_control_rig(character: bpy.types.Object) -> ControlRigResult:
    """Make Rigify's human for a character of Galatea's (its armature or its mesh), fingers included, at its own joints.

    The character's bones follow it, so that the body, what it wears and the helper bones are deformed as before; what
    the character does goes onto the controls. Deleting the control rig gives back what was there. GalateaError with one
    line when Rigify is missing or the character is not in order; the scene is then as it was.
    """
    from ..scene import control_rig

    began = time.perf_counter()
    made = control_rig.make_control_rig(character)
    return ControlRigResult(made.armature, made.character, made.action, made.notes, time.perf_counter() - began)
