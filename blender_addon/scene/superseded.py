# SPDX-License-Identifier: GPL-3.0-or-later
"""An action that Galatea made for one body and makes again for another: whether the old one may go.

It may when no key of it was touched, nothing else uses it and nobody gave it another name; else it stays in the file.
"""

from __future__ import annotations

import hashlib

import bpy

from .key_table import Keys
from .versions import slotted_fcurves

_FINGERPRINT = "galatea_fingerprint"  # custom property of an action: how it was made


def sign(action: bpy.types.Action) -> None:
    """Remember how an action was made, for may_go."""
    action[_FINGERPRINT] = _fingerprint(action)


def may_go(action: bpy.types.Action) -> bool:
    """Whether one user alone has an action, and it is as Galatea made it."""
    marked = action.use_fake_user or action.asset_data is not None or len(action.pose_markers) > 0
    return (not marked and action.library is None and action.users == 1
            and action.get(_FINGERPRINT, "") == _fingerprint(action))


def is_unused(action: bpy.types.Action) -> bool:
    """Whether nothing but a fake user has an action."""
    return action.users - int(action.use_fake_user) == 0


def replace_action(old: bpy.types.Action, new: bpy.types.Action) -> None:
    """Take an action out of the file, and give its name to the one that came after it under a numbered one."""
    name = old.name
    bpy.data.actions.remove(old)
    if new.name.rpartition(".")[0] == name:
        new.name = name


def _fingerprint(action: bpy.types.Action) -> str:
    told = hashlib.sha1(repr(action.name).encode())
    for slot, curve in slotted_fcurves(action):
        told.update(repr((slot, curve.data_path, curve.array_index, curve.mute, curve.lock, curve.extrapolation,
                          [modifier.type for modifier in curve.modifiers])).encode())
        keys = Keys.of(curve).values
        for name in ("co", "handle_left", "handle_right", "handle_left_type", "handle_right_type", "interpolation",
                     "easing", "type"):
            told.update(keys[name].tobytes())
    return told.hexdigest()
