# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig does just before a take that goes on from it."""

from __future__ import annotations

from collections.abc import Callable, Generator

import bpy
import numpy as np

from ..motion.clip import Clip
from ..motion.continuing import SECONDS
from ..motion.rotations import quat_continuous, quat_inverse, quat_multiply
from ..rig.rig_map import RigMap
from .keys import scene_fps
from .reading import as_clip, bones_in_slices


def moments_before_in_slices(armature: Callable[[], bpy.types.Object], rig: RigMap, start: int
                             ) -> Generator[float, None, Clip]:
    """The last second of what the rig does before frame `start`, on its own skeleton; its last frame is `start`.

    That is how Blender has it, keys, constraints, NLA and all; a rig that nothing moves stands still in the pose in
    which it is. The last frame after the end of an action goes on as fast as the action ended: Blender would hold the
    pose there. Everything counts from where the armature object is now, because a take leaves that alone.
    """
    frames = int(np.ceil(SECONDS * scene_fps())) + 1
    ended = _end(armature()) == start - 1
    last = start - 1 if ended else start
    bones = yield from bones_in_slices(armature, rig, last - frames, last)
    clip = as_clip(armature(), rig, _object_at(armature(), last - frames) @ bones)
    return _one_more(clip) if ended else clip


def _end(armature: bpy.types.Object) -> int | None:
    """The last frame of the action that the armature has."""
    animation = armature.animation_data
    if animation is None or animation.action is None:
        return None
    return round(animation.action.frame_range[1])


def _object_at(armature: bpy.types.Object, frame: int) -> np.ndarray:
    """(4, 4) where the object is at a frame, in the space of the object as it is now."""
    scene = bpy.context.scene
    now, subframe = scene.frame_current, scene.frame_subframe
    here = np.array(armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
    try:
        scene.frame_set(frame)
        there = np.array(armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
    finally:
        scene.frame_set(now, subframe=subframe)
    return np.linalg.inv(here) @ there


def _one_more(clip: Clip) -> Clip:
    """A frame on, as fast as the last one."""
    spin = quat_multiply(clip.rotations[-1], quat_inverse(clip.rotations[-2]))
    rotations = np.concatenate([clip.rotations, quat_multiply(spin, clip.rotations[-1])[None]])
    positions = np.concatenate([clip.positions, 2.0 * clip.positions[-1:] - clip.positions[-2:-1]])
    return Clip(clip.skeleton, quat_continuous(rotations), positions, clip.fps, None, clip.name)
