# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking away the keys that Galatea made, and none of a person's."""

from __future__ import annotations

import bpy
import numpy as np

from ..errors import ClipError, GalateaError
from .key_table import Keys, has_generated, unharmed
from .keyed_channels import check_action
from .versions import is_bone_selected, remove_fcurve, slotted_fcurves


def remove_generated(armature: bpy.types.Object, first: int | None, last: int | None, selected_bones: bool, force: bool
                     ) -> int:
    """Remove keys of type GENERATED from the armature's action; returns how many.

    Curves that are locked stay. A curve that had no other keys goes, and what it moved stays as it was at its start.
    """
    action, slot = check_action(armature)
    curves = [curve for of, curve in slotted_fcurves(action) if of == slot]
    if selected_bones:
        prefixes = tuple(f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].' for bone in armature.pose.bones
                         if is_bone_selected(bone))
        if not prefixes:
            raise GalateaError("no bone is selected; select some in Pose Mode, or take the keys of all")
        curves = [curve for curve in curves if curve.data_path.startswith(prefixes)]
    found = [(curve, keys, _gone(keys, first, last)) for curve in curves if not curve.lock
             for keys in (Keys.of(curve),)]
    count = sum(int(gone.sum()) for _, _, gone in found)
    if count == 0:
        raise ClipError(f"{action.name} has no generated keys there")
    if not force and all(Keys.of(curve).generated.all() for _, curve in slotted_fcurves(action)):
        raise ClipError(f"{action.name} consists of generated keys alone; take the action from the rig if it is to go")
    with unharmed(action):
        for curve, keys, gone in found:
            if gone.all() and len(keys):
                _leave(armature, curve)
                remove_fcurve(action, curve)
            elif gone.any():
                keys[~gone].put(curve)
    if not any(has_generated(curve) for _, curve in slotted_fcurves(action)):
        for name in [name for name, _ in action.items() if name.startswith("galatea_inbetween")]:
            del action[name]
    armature.update_tag()
    return count


def other_actions(action: bpy.types.Action) -> tuple[str, ...]:
    """The names of other actions with keys of type GENERATED beside a person's."""
    return tuple(other.name for other in bpy.data.actions if other != action
                 and any(name.startswith("galatea_inbetween") for name, _ in other.items()))


def _gone(keys: Keys, first: int | None, last: int | None) -> np.ndarray:
    gone = keys.generated
    if first is not None:
        gone = gone & (keys.frames > first - 0.5)
    if last is not None:
        gone = gone & (keys.frames < last + 0.5)
    return gone


def _leave(armature: bpy.types.Object, curve: bpy.types.FCurve) -> None:
    """Give what a curve moves the value that it had before there was one."""
    value = curve.keyframe_points[0].co[1]
    try:
        there = armature.path_resolve(curve.data_path)
    except ValueError:
        return  # a bone that is gone
    try:
        there[curve.array_index] = value
    except TypeError:  # no vector: a custom property or a single number, which nothing of ours has curves for
        return
