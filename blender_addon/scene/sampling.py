# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what an armature does, frame by frame, as Blender evaluates it."""

from __future__ import annotations

import bpy
import numpy as np

from ..motion.clip import Clip
from ..motion.kinematics import local_rotations
from ..motion.rotations import quat_continuous, quat_from_matrix
from ..motion.skeleton import Skeleton


def sample_clip(armature: bpy.types.Object, root: str, first: int, last: int, scene: bpy.types.Scene) -> Clip:
    """The bone `root` and all that hang from it, from frame `first` to `last`, as a clip on the rig's own skeleton.

    World space in metres: rotations away from the rig's rest pose, with constraints and drivers. The scene's current
    frame is the same afterwards.
    """
    bones = [armature.data.bones[root], *armature.data.bones[root].children_recursive]
    names = tuple(bone.name for bone in bones)
    rest = np.array([bone.matrix_local for bone in bones])
    now = scene.frame_current
    posed, places = [], []
    try:
        for frame in range(first, last + 1):
            scene.frame_set(frame)
            evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
            posed.append([np.array(evaluated.pose.bones[name].matrix) for name in names])
            places.append(np.array(evaluated.matrix_world @ evaluated.pose.bones[root].head))
    finally:
        scene.frame_set(now)
    away = np.array(posed)[:, :, :3, :3] @ np.swapaxes(rest[:, :3, :3], -1, -2)
    parents = tuple(-1 if bone.name == root else names.index(bone.parent.name) for bone in bones)
    linear = np.array(armature.matrix_world)[:3, :3]
    turn = np.array(armature.matrix_world.to_quaternion().to_matrix())
    turned = quat_continuous(quat_from_matrix(turn @ _orthonormal(away) @ turn.T))
    heads = rest[:, :3, 3] @ linear.T
    offsets = np.array([heads[i] - (heads[p] if p >= 0 else 0.0) for i, p in enumerate(parents)])
    skeleton = Skeleton(names, parents, offsets)
    fps = scene.render.fps / scene.render.fps_base
    return Clip(skeleton, local_rotations(skeleton, turned), np.array(places), fps, name=armature.name)


def _orthonormal(matrices: np.ndarray) -> np.ndarray:
    """The nearest rotations to matrices (..., 3, 3) that a scale has stretched."""
    u, _, v = np.linalg.svd(matrices)
    return u @ v
