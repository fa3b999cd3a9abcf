# SPDX-License-Identifier: GPL-3.0-or-later
"""An armature that does nothing any more: its action is taken off, and what that moved is at rest again."""

from __future__ import annotations

import bpy
from mathutils import Matrix

from . import superseded
from .keys import check_editable
from .versions import fcurves


def put_to_rest(armature: bpy.types.Object) -> tuple[str, ...]:
    """Take an armature's action off and put the bones that it keys to rest; lines that are worth knowing.

    The action goes where it may (see superseded), else it stays in the file. RigError with one line when the armature
    cannot be animated; nothing is changed then.
    """
    check_editable(armature)
    animation = armature.animation_data
    action = animation.action if animation is not None else None
    above = animation is not None and any(not track.mute and track.strips for track in animation.nla_tracks)
    notes = (f"{armature.name} still does what its NLA tracks say; mute them to see it at rest",) if above else ()
    if action is None:
        return (*notes, *(() if above else (f"{armature.name} has no action; its pose stays as it is",)))
    paths = [curve.data_path for curve in fcurves(action)]
    spare = superseded.may_go(action)
    animation.action = None
    for bone in armature.pose.bones:
        before = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].'
        if any(path.startswith(before) for path in paths):
            bone.matrix_basis = Matrix()
    if spare:
        bpy.data.actions.remove(action)
        return notes
    action.use_fake_user |= action.users == 0
    return (f"{action.name} was worked on or is used elsewhere; it stays in the file", *notes)
