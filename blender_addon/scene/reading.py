# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a rig does back into a clip, as Blender evaluates it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing

import bpy
import numpy as np

from ..errors import ClipError
from ..motion.clip import Clip
from ..motion.kinematics import local_rotations
from ..motion.rotations import quat_continuous, quat_from_matrix, quat_rotate
from ..motion.skeleton import INDEX, JOINTS, PARENTS
from ..motion.slices import drain
from ..rig.rig_map import RigMap
from .rigs import TO_POSE

_TURN = 0.04  # seconds in which another frame may be begun before others get a turn
LONGEST = 100_000  # frames; an action that is longer is a mistake


def action_frames(armature: bpy.types.Object, whole: bool = False) -> tuple[int, int]:
    """First and last whole frame of the armature's action, or of all its keys; ClipError when it has none."""
    animation = armature.animation_data
    if animation is None or animation.action is None:
        raise ClipError(f"{armature.name} has no action; give it one, or name another armature")
    first, last = animation.action.curve_frame_range if whole else animation.action.frame_range
    first, last = int(np.floor(first)), int(np.ceil(last))
    if last - first > LONGEST:
        raise ClipError(f"the action {animation.action.name} is {last - first} frames long; shorten it")
    return first, last


def read_motion(armature: bpy.types.Object, rig: RigMap, first: int, last: int) -> Clip:
    """The motion from frame `first` to `last` on the rig's own skeleton (RigMap.skeleton), constraints and all.

    The armature object's own motion counts from where it is at `first`. The scene's frame is the same afterwards.
    """
    return drain(read_in_slices(lambda: armature, rig, first, last))


def read_in_slices(armature: Callable[[], bpy.types.Object], rig: RigMap, first: int, last: int
                   ) -> Generator[float, None, Clip]:
    """The same in slices, for windows: with every frame Blender evaluates whatever else is in the scene, too.

    armature: returns the object, or raises when it is gone. Between slices the scene is at its own frame.
    """
    bones = yield from bones_in_slices(armature, rig, first, last)
    return as_clip(armature(), rig, bones)


def bones_in_slices(armature: Callable[[], bpy.types.Object], rig: RigMap, first: int, last: int
                    ) -> Generator[float, None, np.ndarray]:
    """The same before it is a clip: the matrices (T, N, 4, 4) of the mapped bones in armature space."""
    if armature().data.pose_position == "REST":
        raise ClipError(f"{armature().name} is in Rest Position, in which nothing moves: {TO_POSE}")
    names = list(rig.bones.values())
    bones, worlds = [], []
    while len(bones) <= last - first:
        until = time.perf_counter() + _TURN
        with closing(_evaluated(armature(), names, first + len(bones), last)) as frames:
            for posed, world in frames:
                bones.append(posed)
                worlds.append(world)
                if time.perf_counter() > until:
                    break
        yield len(bones) / (last - first + 1)
    own = np.linalg.inv(worlds[:1]) @ np.array(worlds)  # the object's own motion
    return own[:, None] @ np.array(bones)


def joint_places(rig: RigMap, bones: np.ndarray) -> np.ndarray:
    """(T, 22, 3) metres: where the mapped bones begin, in the frame of as_clip; NaN for joints without a bone."""
    places = np.full((len(bones), len(JOINTS), 3), np.nan)
    for column, joint in enumerate(rig.bones):
        places[:, INDEX[joint]] = rig.to_canonical(bones[:, column, :3, 3])
    return places


def as_clip(armature: bpy.types.Object, rig: RigMap, bones: np.ndarray) -> Clip:
    """The motion of a rig's mapped bones, (T, N, 4, 4) in armature space, on the rig's own skeleton."""
    names = list(rig.bones.values())
    rest = np.array([armature.data.bones[name].matrix_local for name in names])
    away = _orthonormal(bones[..., :3, :3] @ np.swapaxes(rest[:, :3, :3], -1, -2))
    turned = np.zeros((len(bones), len(JOINTS), 4))
    turned[..., 0] = 1.0
    for column, joint in enumerate(rig.bones):
        turns = rig.axes.T @ away[:, column] @ rig.alignment[INDEX[joint]].T @ rig.axes
        turned[:, INDEX[joint]] = quat_continuous(quat_from_matrix(turns))
    for joint, name in enumerate(JOINTS):
        if joint and name not in rig.bones:
            turned[:, joint] = turned[:, PARENTS[joint]]
    rotations = quat_continuous(local_rotations(rig.skeleton, turned))
    return Clip(rig.skeleton, rotations, _root(rig, names, bones, rest, turned[:, 0]), _fps(), name=armature.name)


def _root(rig: RigMap, names: list[str], bones: np.ndarray, rest: np.ndarray, hips: np.ndarray) -> np.ndarray:
    """(T, 3) where the hips of the rig's skeleton are, so that the middle of the hip joints is where the rig has it."""
    thighs = [names.index(rig.bones[f"{side}UpLeg"]) for side in ("Left", "Right")]
    middle = rig.to_canonical(bones[:, thighs][..., :3, 3].mean(axis=1))
    below = np.mean([rig.skeleton.offsets[INDEX[f"{side}UpLeg"]] for side in ("Left", "Right")], axis=0)
    return middle - quat_rotate(hips, below)


def _evaluated(armature: bpy.types.Object, names: list[str], first: int, last: int
               ) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
    """Per frame the bones' matrices (N, 4, 4) in armature space and the object's (4, 4) in the world."""
    scene = bpy.context.scene
    now, subframe = scene.frame_current, scene.frame_subframe
    try:
        for frame in range(first, last + 1):
            scene.frame_set(frame)
            evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
            bones = evaluated.pose.bones
            yield np.array([bones[name].matrix for name in names]), np.array(evaluated.matrix_world)
    finally:
        scene.frame_set(now, subframe=subframe)


def _orthonormal(matrices: np.ndarray) -> np.ndarray:
    """The nearest rotations to matrices (..., 3, 3) that a scale has stretched."""
    u, _, v = np.linalg.svd(matrices)
    return u @ v


def _fps() -> float:
    render = bpy.context.scene.render
    return render.fps / render.fps_base
