# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward kinematics: from local rotations to where every joint is."""

from __future__ import annotations

import numpy as np

from .clip import Clip
from .rotations import quat_multiply, quat_rotate
from .skeleton import Skeleton


def forward_kinematics(
    skeleton: Skeleton, rotations: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations (T, J, 4) and joint positions (T, J, 3) in metres.

    rotations: (T, J, 4) local quaternions; positions: (T, 3) of the root.
    """
    rotations, positions = np.asarray(rotations), np.asarray(positions)
    turned = np.array(rotations, dtype=np.result_type(rotations, np.float32))
    placed = np.empty((*turned.shape[:-1], 3), dtype=np.result_type(turned, positions, skeleton.offsets))
    placed[:, [joint for joint, parent in enumerate(skeleton.parents) if parent < 0]] = positions[:, None]
    for joints, parents in skeleton.generations:  # all joints as far from the root at once
        above = turned[:, parents]
        turned[:, joints] = quat_multiply(above, rotations[:, joints])
        placed[:, joints] = placed[:, parents] + quat_rotate(above, skeleton.offsets[joints])
    return turned, placed


def joint_positions(clip: Clip) -> np.ndarray:
    """(T, J, 3) metres."""
    return forward_kinematics(clip.skeleton, clip.rotations, clip.positions)[1]


def local_rotations(skeleton: Skeleton, global_rotations: np.ndarray) -> np.ndarray:
    """The local quaternions (T, J, 4) that make up global ones."""
    parents = np.array(skeleton.parents)
    inverse = global_rotations[:, np.maximum(parents, 0)] * np.array([1.0, -1.0, -1.0, -1.0])
    local = quat_multiply(inverse, global_rotations)
    roots = parents < 0
    local[:, roots] = global_rotations[:, roots]
    return local
