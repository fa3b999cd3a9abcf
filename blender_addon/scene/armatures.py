# SPDX-License-Identifier: GPL-3.0-or-later
"""Galatea's own armature: the canonical 22 joints as bones, in a T-pose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np

from ..motion.skeleton import CANONICAL, ENDS, JOINTS, PARENTS, TOWARDS, Skeleton

NAME = "Galatea Human"

# Where a bone's Z axis points. Chosen so that a positive turn about X bends a knee backward, an elbow and the trunk
# forward and an ankle upward, and so that left and right mirror each other.
_FORWARD, _BACKWARD, _UPWARD = (0.0, -1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_Z_AXIS = {"UpLeg": _BACKWARD, "Leg": _BACKWARD, "Foot": _UPWARD, "Toe": _UPWARD}


def add_human(context: bpy.types.Context | None = None, skeleton: Skeleton = CANONICAL,
              name: str = NAME) -> bpy.types.Object:
    """Add the armature to the scene at the 3D cursor's place, make it active, and return its object.

    22 bones named after the joints, facing -Y, the left at +X. Limbs and spine are connected chains; what has a place
    of its own (the hips, the roots of the limbs) is not.
    """
    context = context or bpy.context
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    armature.location = context.scene.cursor.location
    context.collection.objects.link(armature)
    for other in context.selected_objects:
        other.select_set(False)
    armature.select_set(True)
    context.view_layer.objects.active = armature
    with edit_mode():
        _add_bones(armature.data.edit_bones, skeleton)
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    armature.show_in_front = True
    return armature


@contextmanager
def edit_mode() -> Iterator[None]:
    """The active armature's bones are to be had as edit_bones meanwhile."""
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        yield
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")


def _add_bones(bones: bpy.types.ArmatureEditBones, skeleton: Skeleton) -> None:
    heads = skeleton.rest_positions
    tails = _tails(heads)
    for joint, name in enumerate(JOINTS):
        bone = bones.new(name)
        bone.head, bone.tail = heads[joint], tails[joint]
        part = name.removeprefix("Left").removeprefix("Right")
        bone.align_roll(_Z_AXIS.get(part, _FORWARD))
        if PARENTS[joint] >= 0:
            bone.parent = bones[JOINTS[PARENTS[joint]]]
            bone.use_connect = bool(np.allclose(heads[joint], tails[PARENTS[joint]], atol=1e-6))


def _tails(heads: np.ndarray) -> np.ndarray:
    """(22, 3) the next joint's head, or as far on as the canonical body's ends are long."""
    tails = np.array(heads)
    for joint, name in enumerate(JOINTS):
        if name in TOWARDS:
            tails[joint] = heads[JOINTS.index(TOWARDS[name])]
        else:
            direction, length = ENDS[name]
            tails[joint] = heads[joint] + np.array(direction) * length
    return tails
