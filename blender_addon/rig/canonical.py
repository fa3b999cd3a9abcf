# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a motion on any humanoid skeleton to the canonical 22 joints, by its rest pose.

A segment's rotation away from the rest pose is what all skeletons share. Limbs are first turned along the canonical
T-pose by the direction of their bone at rest; trunk, head, clavicles and feet only by the way the body faces, since
an upright trunk and flat soles mean the same on every skeleton, whatever the slant of the bone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ClipError
from ..motion.bvh import BvhMotion
from ..motion.clip import Clip
from ..motion.contacts import floor_height, speeds
from ..motion.kinematics import local_rotations
from ..motion.rotations import (
    normalise,
    quat_about_z,
    quat_between,
    quat_continuous,
    quat_inverse,
    quat_multiply,
    quat_rotate,
    slerp,
)
from ..motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS, TOWARDS, Skeleton
from .mapping import map_bones
from .rest import Rest

NEEDED = ("Hips", "Head", *(f"{s}{p}" for s in ("Left", "Right") for p in ("Arm", "ForeArm", "UpLeg", "Leg", "Foot")))
_LIMBS = tuple(f"{s}{p}" for s in ("Left", "Right") for p in ("Arm", "ForeArm", "Hand", "UpLeg", "Leg"))
_TRUNK = ("Spine", "Spine1", "Spine2", "Neck", "Head")
# How far from upright, in right angles, a pose may be to pass for a rest pose.
_STANDING = 0.35
_ALIKE = np.radians(4.0)  # that flat feet may differ in how they point downwards
_SLOW = 3.0  # frames of a foot's way that count as much as its height


@dataclass(frozen=True, eq=False)
class Canonical:
    """A motion on the canonical joints, with what was learnt about its source.

    clip: on CANONICAL, floor at z = 0, metres, the source's heading kept. fitted: the same rotations on a skeleton with
    the source's own proportions, scaled so that its legs are as long as CANONICAL's. source_positions: (T, 22, 3) where
    the source has the joints, at that scale; NaN for joints it lacks. scale: metres a unit. missing: joint names.
    rest: "rest pose" or "frame N", which pose was taken for the rest. floor: height in metres, at that scale, at which
    the source has its floor.
    """

    clip: Clip
    fitted: Clip
    source_positions: np.ndarray
    scale: float
    missing: tuple[str, ...]
    rest: str
    floor: float


def to_canonical(motion: BvhMotion, name: str = "") -> Canonical:
    """Any humanoid BVH on the canonical joints; ClipError when it is no humanoid."""
    joints = joints_of(motion)
    lacking = [joint for joint in NEEDED if joint not in joints]
    if lacking:
        raise ClipError(f"{name or 'clip'}: not understood as a humanoid, no joint found for {', '.join(lacking)}")
    turned, placed, to_z_up = _in_blender_axes(motion, joints)
    rest, rest_name = _rest_pose(motion, joints, turned, placed, to_z_up)
    rest_rotations, rest_positions = rest
    relative = quat_multiply(turned, quat_inverse(rest_rotations))

    align = _alignments(joints, rest_positions)
    present = np.array([joint in joints for joint in JOINTS])
    spread = np.zeros((motion.frames, len(JOINTS), 4))
    for joint, source in joints.items():
        spread[:, INDEX[joint]] = quat_multiply(relative[:, source], quat_inverse(align[joint]))
    globals_ = _fill_missing(spread, present)
    globals_ = quat_continuous(globals_)

    scale = CANONICAL.leg_length / _leg_length(joints, placed, name)
    positions = np.full((motion.frames, len(JOINTS), 3), np.nan)
    for joint, source in joints.items():
        positions[:, INDEX[joint]] = placed[:, source] * scale
    fitted_skeleton = _fit_skeleton(globals_, _fill_positions(globals_, positions))

    rotations = local_rotations(CANONICAL, globals_)
    fitted = Clip(fitted_skeleton, rotations, positions[:, 0], motion.fps, name=name)
    # the canonical body hangs from the source's hip joints, not from its pelvis point, which skeletons place freely
    hip_joints = [INDEX["LeftUpLeg"], INDEX["RightUpLeg"]]
    drop = CANONICAL.offsets[hip_joints].mean(axis=0)
    root = positions[:, hip_joints].mean(axis=1) - quat_rotate(globals_[:, 0], drop)
    clip = Clip(CANONICAL, rotations, root, motion.fps, name=name)
    floor = floor_height(clip)
    lift = np.array([0.0, 0.0, floor])
    clip = Clip(CANONICAL, rotations, root - lift, motion.fps, name=name)
    fitted = Clip(fitted_skeleton, rotations, positions[:, 0] - lift, motion.fps, name=name)
    missing = tuple(joint for joint in JOINTS if joint not in joints)
    return Canonical(clip, fitted, positions - lift, scale, missing, rest_name, floor)


def joints_of(motion: BvhMotion) -> dict[str, int]:
    """Canonical joint -> joint of a BVH file, for those that are there."""
    heads = _zero_pose(motion)
    tails = np.array([_tail(motion, heads, joint) for joint in range(len(motion.names))])
    # a file may name two joints alike
    names = tuple(name if name not in motion.names[:place] else f"{name}#{place}"
                  for place, name in enumerate(motion.names))
    rest = Rest(names, motion.parents, heads, tails, np.ones(len(names), dtype=bool))
    return {joint: rest.index[name] for joint, name in map_bones(rest).bones.items()}


def _tail(motion: BvhMotion, heads: np.ndarray, joint: int) -> np.ndarray:
    """Where a joint's bone ends: at the joints that hang from it, on average, or at its end site."""
    below = [child for child, parent in enumerate(motion.parents) if parent == joint]
    if below:
        return heads[below].mean(axis=0)
    return heads[joint] + np.nan_to_num(motion.ends[joint])


def _in_blender_axes(motion: BvhMotion, joints: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Global rotations and positions with Z up, and the rotation that made it so.

    The up axis is the one along which the rest pose stands; where the pose of zero rotations is nobody standing, the
    one from feet to head over most frames. The rest goes first because a clip may lie on the floor from end to end.
    """
    turned, placed = motion.forward()
    upright = np.array([0.0, 0.0, 1.0])
    to_z_up = quat_between(_nearest_axis(_feet_to_head(joints, _zero_pose(motion)[None])), upright)
    if _unlike_standing(joints, quat_rotate(to_z_up, _zero_pose(motion))[None])[0] > _STANDING:
        to_z_up = quat_between(_nearest_axis(_feet_to_head(joints, placed)), upright)
    return quat_multiply(np.broadcast_to(to_z_up, turned.shape), turned), quat_rotate(to_z_up, placed), to_z_up


def _feet_to_head(joints: dict[str, int], placed: np.ndarray) -> np.ndarray:
    feet = (placed[:, joints["LeftFoot"]] + placed[:, joints["RightFoot"]]) / 2.0
    return np.median(normalise(placed[:, joints["Head"]] - feet), axis=0)


def _nearest_axis(direction: np.ndarray) -> np.ndarray:
    axis = int(np.argmax(np.abs(direction)))
    return np.sign(direction[axis]) * np.eye(3)[axis]


def _zero_pose(motion: BvhMotion) -> np.ndarray:
    """(J, 3) joint positions at zero rotations, in the file's own axes and units."""
    zero = np.zeros((len(motion.names), 3))
    for joint, parent in enumerate(motion.parents):
        if parent >= 0:
            zero[joint] = zero[parent] + motion.offsets[joint]
    return zero


def _rest_pose(motion: BvhMotion, joints: dict[str, int], turned: np.ndarray, placed: np.ndarray, to_z_up: np.ndarray
               ) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    """The pose taken for the rest: that of zero rotations when a person stands so, else the frame nearest to standing.

    Returns ((J, 4) global rotations, (J, 3) positions) and its name.
    """
    zero = quat_rotate(to_z_up, _zero_pose(motion))
    if _unlike_standing(joints, zero[None])[0] < _STANDING:
        return (np.broadcast_to(to_z_up, (len(motion.names), 4)), zero), "rest pose"
    best = int(np.argmin(_unlike_standing(joints, placed)))
    rotations, positions = np.array(turned[best]), np.array(placed[best])
    feet = [[joints[side + part] for part in ("Foot", "Toe") if side + part in joints] for side in ("Left", "Right")]
    if all(len(foot) == 2 for foot in feet) and _unlike_each_other(positions[feet]):  # one is on its way meanwhile
        for foot in feet:
            flat = _flattest(placed[:, foot])
            rotations[foot] = turned[flat, foot]
            positions[foot] = placed[best, foot[0]] + placed[flat, foot] - placed[flat, foot[0]]
    return (rotations, positions), f"frame {best}"


def _unlike_each_other(feet: np.ndarray) -> bool:
    """Whether feet, their ankles and toes (2, 2, 3), point downwards differently."""
    along = normalise(feet[:, 1] - feet[:, 0])
    return bool(abs(np.arcsin(along[0, 2]) - np.arcsin(along[1, 2])) > _ALIKE)


def _flattest(foot: np.ndarray) -> int:
    """The frame in which a foot stands flat, by its ankle and toe (T, 2, 3): where both are low and slow."""
    heights = foot[..., 2] - np.quantile(foot[..., 2], 0.05, axis=0)
    return int(np.argmin((np.abs(heights) + _SLOW * speeds(foot, 1.0)).sum(axis=1)))


def _unlike_standing(joints: dict[str, int], placed: np.ndarray) -> np.ndarray:
    """(T,) how far each pose is from standing upright with level hips; 0 is upright, 1 is a right angle off."""
    down = np.array([0.0, 0.0, -1.0])
    cost = []
    for side in ("Left", "Right"):
        for upper, lower in (("UpLeg", "Leg"), ("Leg", "Foot")):
            cost.append(_angle(placed[:, joints[side + lower]] - placed[:, joints[side + upper]], down))
    cost.append(_angle(placed[:, joints["Head"]] - placed[:, joints["Hips"]], -down))
    lateral = placed[:, joints["LeftUpLeg"]] - placed[:, joints["RightUpLeg"]]
    cost.append(np.pi / 2.0 - _angle(lateral, down))
    return np.max(np.abs(cost), axis=0) / (np.pi / 2.0)


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.arccos(np.clip(np.sum(normalise(a) * normalise(b), axis=-1), -1.0, 1.0))


def _alignments(joints: dict[str, int], rest: np.ndarray) -> dict[str, np.ndarray]:
    """For every joint that is there the rotation from its rest pose to the canonical one."""
    lateral = rest[joints["LeftUpLeg"]] - rest[joints["RightUpLeg"]]
    shoulders = rest[joints["LeftArm"]] - rest[joints["RightArm"]]
    facing = quat_about_z(-np.arctan2(lateral[1], lateral[0]))
    chest = quat_about_z(-np.arctan2(shoulders[1], shoulders[0]))
    trunk_tilt = _trunk_tilt(joints, rest, facing)
    align = {}
    for joint in joints:
        if joint in _LIMBS and TOWARDS.get(joint) in joints:
            align[joint] = _limb_alignment(joint, joints, rest, facing)
        elif joint in _LIMBS:
            # where an end points is not known: an arm that hangs at rest turns the hand with it
            align[joint] = align[JOINTS[PARENTS[INDEX[joint]]]]
        elif joint in _TRUNK or "Shoulder" in joint:
            align[joint] = quat_multiply(trunk_tilt, chest if joint == "Spine2" or "Shoulder" in joint else facing)
        else:
            align[joint] = facing
    for side in ("Left", "Right"):
        foot = side + "Foot"
        if side + "Toe" in joints:
            ahead = quat_rotate(facing, rest[joints[side + "Toe"]] - rest[joints[foot]])
            if np.hypot(ahead[0], ahead[1]) > 1e-6:
                align[foot] = quat_multiply(quat_about_z(-np.arctan2(ahead[0], -ahead[1])), facing)
                align[side + "Toe"] = align[foot]
    return align


def _trunk_tilt(joints: dict[str, int], rest: np.ndarray, facing: np.ndarray) -> np.ndarray:
    """The turn that stands a leaning trunk upright; none for a lean under 12 degrees, which is the rest's own curve."""
    lean = quat_rotate(facing, rest[joints["Head"]] - rest[joints["Hips"]])
    up = np.array([0.0, 0.0, 1.0])
    return quat_between(lean, up) if _angle(lean, up) > np.radians(12.0) else np.array([1.0, 0.0, 0.0, 0.0])


def _limb_alignment(joint: str, joints: dict[str, int], rest: np.ndarray, facing: np.ndarray) -> np.ndarray:
    towards = TOWARDS[joint]
    bone = quat_rotate(facing, rest[joints[towards]] - rest[joints[joint]])
    canonical = CANONICAL.offsets[INDEX[towards]]
    return quat_multiply(quat_between(bone, canonical), facing)


def _fill_missing(globals_: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Global rotations of missing joints: a trunk joint between its neighbours, any other with its parent."""
    filled = np.array(globals_)
    for joint, parent in enumerate(PARENTS):
        if present[joint]:
            continue
        after = INDEX[TOWARDS[JOINTS[joint]]] if JOINTS[joint] in _TRUNK and JOINTS[joint] in TOWARDS else None
        if after is not None and present[after]:
            filled[:, joint] = slerp(filled[:, parent], filled[:, after], np.full(len(filled), 0.5))
        else:
            filled[:, joint] = filled[:, parent]
    return filled


def _fill_positions(globals_: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Positions of missing joints: where the canonical skeleton has them, seen from their parent."""
    filled = np.array(positions)
    for joint, parent in enumerate(PARENTS):
        gaps = np.isnan(filled[:, joint, 0])
        if gaps.any():
            after = TOWARDS.get(JOINTS[joint])
            if after and not np.isnan(positions[0, INDEX[after], 0]):
                here, whole = (np.linalg.norm(CANONICAL.offsets[j]) for j in (joint, INDEX[after]))
                share = here / (here + whole)
                filled[:, joint] = filled[:, parent] + share * (positions[:, INDEX[after]] - filled[:, parent])
            else:
                filled[:, joint] = filled[:, parent] + quat_rotate(globals_[:, parent], CANONICAL.offsets[joint])
    return filled


def _fit_skeleton(globals_: np.ndarray, positions: np.ndarray) -> Skeleton:
    """The rigid offsets that put the joints nearest to where the source has them (least squares over time)."""
    offsets = np.array(CANONICAL.offsets)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            away = positions[:, joint] - positions[:, parent]
            offsets[joint] = quat_rotate(quat_inverse(globals_[:, parent]), away).mean(axis=0)
    return Skeleton(JOINTS, PARENTS, offsets)


def _leg_length(joints: dict[str, int], placed: np.ndarray, name: str) -> float:
    total = 0.0
    for side in ("Left", "Right"):
        for upper, lower in (("UpLeg", "Leg"), ("Leg", "Foot")):
            gap = placed[:, joints[side + lower]] - placed[:, joints[side + upper]]
            total += float(np.median(np.linalg.norm(gap, axis=-1))) / 2.0
    if total <= 0.0:
        raise ClipError(f"{name or 'clip'}: not understood as a humanoid, its legs have no length")
    return total
