# SPDX-License-Identifier: GPL-3.0-or-later
"""The same motion on another body: segments keep how they are turned, the pelvis goes where the legs carry it.

Every joint's rest frame has the world's axes in the T-pose of any skeleton, so a segment's turn is the same numbers on
all of them. Bodies are in metres of legs as long as the canonical ones, so a stride is as long on each.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..motion.clip import Clip
from ..motion.kinematics import forward_kinematics, local_rotations
from ..motion.rotations import normalise, quat_continuous, quat_rotate, slerp
from ..motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS, TOWARDS, Skeleton
from .rig_map import RigMap

_HIP_JOINTS = [INDEX["LeftUpLeg"], INDEX["RightUpLeg"]]
_TRUNK = ("Spine", "Spine1", "Spine2", "Neck")
_COLUMN = _TRUNK[:3]


def fit_to_rig(clip: Clip, rig: RigMap) -> Clip:
    """A clip on the canonical joints as the rig can do it, on the rig's own skeleton.

    What the rig has no bone for moves with the segment above it.
    """
    turned, _ = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    turned = turned[:, [clip.skeleton.names.index(joint) for joint in JOINTS]]
    _share_trunk(turned, rig)
    for joint, name in enumerate(JOINTS):
        if joint and name not in rig.bones:
            turned[:, joint] = turned[:, PARENTS[joint]]
    return _on_skeleton(clip, turned, rig.skeleton)


def _share_trunk(turned: np.ndarray, rig: RigMap) -> None:
    """A trunk bone that stands for several joints turns as they do in the mean, so that the chest is where it was."""
    there = [INDEX[name] for name in _COLUMN if name in rig.bones]
    for first, after in zip(there, [*there[1:], INDEX["Spine2"] + 1]):
        together = turned[:, first:after]
        same = np.where(np.sum(together * together[:, :1], axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
        turned[:, first] = normalise(np.sum(same * together, axis=1))


def to_canonical_body(clip: Clip, rig: RigMap) -> Clip:
    """A clip on a rig's own skeleton brought back to the canonical body.

    Trunk joints that the rig lacks share the bend between their neighbours; other missing ones go with their parent.
    """
    turned, _ = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    for joint, name in enumerate(JOINTS):
        if name in rig.bones:
            continue
        after = TOWARDS.get(name) if name in _TRUNK else None
        turned[:, joint] = turned[:, PARENTS[joint]]
        if after in rig.bones:
            turned[:, joint] = slerp(turned[:, PARENTS[joint]], turned[:, INDEX[after]], np.full(len(turned), 0.5))
    return _on_skeleton(clip, turned, CANONICAL)


def _on_skeleton(clip: Clip, turned: np.ndarray, skeleton: Skeleton) -> Clip:
    """Global rotations (T, 22, 4) on a skeleton, the middle of the hip joints where the clip has it; its height differs
    by as much as the two stand differently high."""
    turned = normalise(turned)
    rotations = quat_continuous(local_rotations(skeleton, turned))
    middle = clip.positions + quat_rotate(turned[:, 0], _below_root(clip.skeleton))
    higher = _standing_height(skeleton) - _standing_height(clip.skeleton)
    positions = middle + [0.0, 0.0, higher] - quat_rotate(turned[:, 0], _below_root(skeleton))
    return replace(clip, skeleton=skeleton, rotations=rotations, positions=positions)


def _below_root(skeleton: Skeleton) -> np.ndarray:
    """(3,) from the root to the middle of the hip joints."""
    return np.mean([skeleton.offsets[skeleton.names.index(JOINTS[joint])] for joint in _HIP_JOINTS], axis=0)


def _standing_height(skeleton: Skeleton) -> float:
    """Height in metres of the hip joints above the floor in the T-pose."""
    return float(np.mean([skeleton.rest_positions[skeleton.names.index(JOINTS[joint]), 2] for joint in _HIP_JOINTS]))
