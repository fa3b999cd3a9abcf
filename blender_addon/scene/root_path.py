# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a character over the ground as curves of its own, apart from what its hips do."""

from __future__ import annotations

import bpy
import numpy as np

from ..motion.tracks import Track
from ..rig.rig_map import RigMap
from .posing import carrying_bone


def root_track(armature: bpy.types.Object, rig: RigMap, path: np.ndarray) -> Track:
    """The track that carries a rig along a path (T, 2), metres at canonical size from where it stands at rest.

    On the rig's root bone where all of the rig hangs from one above its hips, else on the armature object.
    """
    away = rig.scale() * np.column_stack([path, np.zeros(len(path))]) @ rig.axes.T  # in armature space
    bone = root_bone(armature, rig)
    if bone is None:
        own = np.array(armature.matrix_basis)
        values = own[:3, 3] + away @ own[:3, :3].T
        return Track("", -1, np.eye(4), "", None, values, np.eye(3), np.zeros((0, 3)))
    rest = np.array(bone.matrix_local)
    # a bone without a parent and without "local location" is moved along the axes of the armature
    axes = rest[:3, :3] if not bone.use_local_location else np.eye(3)
    return Track(bone.name, -1, rest, armature.pose.bones[bone.name].rotation_mode, None, away @ rest[:3, :3], axes,
                 np.zeros((0, 3)))


def root_bone(armature: bpy.types.Object, rig: RigMap) -> bpy.types.Bone | None:
    """The one bone that all others hang from, when it is above the bone that carries the body; else None."""
    if rig.family == "Rigify" and "root" in armature.data.bones:  # what it carries hangs from it by constraints
        return armature.data.bones["root"]
    tops = [bone for bone in armature.data.bones if bone.parent is None]
    carrier = carrying_bone(armature, rig)
    alone = len(tops) == 1 and carrier is not None and tops[0] != carrier
    return tops[0] if alone else None
