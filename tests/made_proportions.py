# SPDX-License-Identifier: GPL-3.0-or-later
"""Skeletons of unusual proportions, motions put onto them, and where joints are by matrices alone."""

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.rotations import matrix_from_quat, quat_rotate
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS, Skeleton

_HIPS = [INDEX["LeftUpLeg"], INDEX["RightUpLeg"]]
FEET = [INDEX[joint] for joint in ("LeftFoot", "LeftToe", "RightFoot", "RightToe")]


def skeleton_like(thigh_to_shin: float = 1.0, hips: float = 1.0, foot: float = 1.0, ankle: float = 1.0) -> Skeleton:
    """The canonical skeleton, its legs as long as ever: thigh so many times as long as the shin, hips so many times as
    wide, feet as long and ankles as high as usual. It stands on z = 0."""
    offsets = np.array(CANONICAL.offsets)
    leg, height = CANONICAL.leg_length, 0.085 * ankle
    for side in ("Left", "Right"):
        offsets[INDEX[side + "UpLeg"], 0] *= hips
        offsets[INDEX[side + "Leg"], 2] = -leg * thigh_to_shin / (1.0 + thigh_to_shin)
        offsets[INDEX[side + "Foot"], 2] = -leg / (1.0 + thigh_to_shin)
        offsets[INDEX[side + "Toe"]] = [0.0, -0.14 * foot, min(0.02, 0.5 * height) - height]
    offsets[0, 2] = height + leg - offsets[_HIPS[0], 2]
    return Skeleton(JOINTS, PARENTS, offsets)


def put_on(clip: Clip, skeleton: Skeleton) -> Clip:
    """The same turns on another skeleton, the middle of the hip joints as far above where it stands as it was."""
    middle = clip.positions + quat_rotate(clip.rotations[:, 0], clip.skeleton.offsets[_HIPS].mean(axis=0))
    higher = skeleton.rest_positions[_HIPS[0], 2] - clip.skeleton.rest_positions[_HIPS[0], 2]
    positions = middle - quat_rotate(clip.rotations[:, 0], skeleton.offsets[_HIPS].mean(axis=0)) + [0.0, 0.0, higher]
    return Clip(skeleton, clip.rotations, positions, clip.fps, clip.contacts, clip.name)


def by_matrices(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations (T, J, 3, 3) and places (T, J, 3) of joints, one 4x4 matrix after the other."""
    matrices = np.zeros((clip.frames, len(PARENTS), 4, 4))
    for joint, parent in enumerate(PARENTS):
        local = np.zeros((clip.frames, 4, 4))
        local[:, :3, :3] = matrix_from_quat(clip.rotations[:, joint])
        local[:, :3, 3] = clip.positions if parent < 0 else clip.skeleton.offsets[joint]
        local[:, 3, 3] = 1.0
        matrices[:, joint] = local if parent < 0 else matrices[:, parent] @ local
    return matrices[..., :3, :3], matrices[..., :3, 3]
