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
    turned = [None] * len(skeleton.parents)
    placed = [None] * len(skeleton.parents)
    for joint, parent in enumerate(skeleton.parents):
        if parent < 0:
            turned[joint], placed[joint] = np.asarray(rotations)[:, joint], np.asarray(positions)
        else:
            turned[joint] = quat_multiply(turned[parent], rotations[:, joint])
            placed[joint] = placed[parent] + quat_rotate(turned[parent], skeleton.offsets[joint])
    return np.stack(turned, axis=1), np.stack(placed, axis=1)


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
