# SPDX-License-Identifier: GPL-3.0-or-later
"""Understanding a rig: which bone is which canonical joint, and how its rest pose differs from the T-pose.

Names say which bone is meant; everything that is measured comes from the rest pose in armature space, so bone rolls,
bone axes and the object's own place, turn and scale do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import bpy
import numpy as np

from ..errors import RigError
from ..motion.rotations import frame_from_axes, matrix_from_quat, normalise, quat_between
from ..motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS, TOWARDS, Skeleton
from ..rig.joint_names import match_joints

# Without these there is no telling how to move a body; the others are left still when a rig has none.
REQUIRED = ("Hips", *(side + part for side in ("Left", "Right") for part in ("Arm", "ForeArm", "UpLeg", "Leg", "Foot")))

_SNAP = np.cos(np.radians(30.0))  # a body leaning less than this stands along an axis of its armature
_UPRIGHT = np.cos(np.radians(12.0))


@dataclass(frozen=True, eq=False)
class RigMap:
    """What a rig was taken for.

    armature: the armature object's name. family: the kind of rig. bones: canonical joint -> bone name. missing: the
    canonical joints that no bone stands for. axes: (3, 3) the canonical x, y, z as columns in armature space, so that
    `axes @ v` brings a canonical direction there. alignment: (22, 3, 3) per joint, in armature space, the turn from
    the rest pose to the T-pose (identity where unmapped). leg_length: thigh plus shin in armature units.
    pelvis: (3,) the middle of the hip joints at rest; pelvis_height: its height above the ground in the T-pose, along
    the rig's up axis from the armature's origin. Armature units.
    """

    armature: str
    family: str
    bones: Mapping[str, str]
    missing: tuple[str, ...]
    axes: np.ndarray
    alignment: np.ndarray
    leg_length: float
    pelvis: np.ndarray
    pelvis_height: float

    def scale(self, skeleton: Skeleton = CANONICAL) -> float:
        """Armature units for a metre of a clip on `skeleton`."""
        return self.leg_length / skeleton.leg_length

    def to_canonical(self, points: np.ndarray, skeleton: Skeleton = CANONICAL) -> np.ndarray:
        """Points (..., 3) of armature space in the clip's world: metres, facing -Y, the pelvis at rest over 0, 0."""
        return (points - self._ground) @ self.axes / self.scale(skeleton)

    @property
    def _ground(self) -> np.ndarray:
        """The point of the rig's ground below its pelvis, in armature space."""
        up = self.axes[:, 2]
        return self.pelvis - up * (self.pelvis @ up)


def read_rig(armature: bpy.types.Object | None) -> RigMap:
    """Understand an armature object; RigError with one line when there is none or it is not a humanoid."""
    if armature is None:
        raise RigError("no armature is selected; select the rig to animate")
    if armature.type != "ARMATURE":
        kind = armature.type.lower()
        raise RigError(f"{armature.name} is not an armature but of type {kind}; name or select the rig itself")
    if armature.mode == "EDIT":
        raise RigError(f"{armature.name} is in Edit Mode; leave it (Tab) and try again")
    family, bones = _name_bones(armature)
    missing = tuple(joint for joint in JOINTS if joint not in bones)
    lacking = [joint for joint in REQUIRED if joint in missing]
    if lacking:
        listed = ", ".join(lacking[:4]) + (f" and {len(lacking) - 4} more" if len(lacking) > 4 else "")
        raise RigError(f"{armature.name} is not understood as a humanoid: no bone was found for {listed}; "
                       "use a Galatea Human, a Rigify human meta-rig or bones with Mixamo-like names")
    _check_free(armature, bones)
    _check_hierarchy(armature, bones)
    return _measure(armature, family, bones)


# --- families: by the names of the bones ----------------------------------------------------------------------------

_RIGIFY = {
    "Hips": "spine", "Spine": "spine.001", "Spine1": "spine.002", "Spine2": "spine.003",
    "Neck": "spine.004", "Head": "spine.006",
    **{word + joint: f"{bone}.{letter}" for word, letter in (("Left", "L"), ("Right", "R")) for joint, bone in (
        ("Shoulder", "shoulder"), ("Arm", "upper_arm"), ("ForeArm", "forearm"), ("Hand", "hand"),
        ("UpLeg", "thigh"), ("Leg", "shin"), ("Foot", "foot"), ("Toe", "toe"))},
}


def _canonical_names(names: tuple[str, ...]) -> dict[str, str]:
    return {joint: joint for joint in JOINTS if joint in names}


def _rigify_names(names: tuple[str, ...]) -> dict[str, str]:
    return {joint: bone for joint, bone in _RIGIFY.items() if bone in names}


def _known_names(names: tuple[str, ...]) -> dict[str, str]:
    return {joint: names[index] for joint, index in match_joints(names).items()}


# The first family that knows all required bones is taken, else the one that knows most of them.
_FAMILIES: tuple[tuple[str, Callable[[tuple[str, ...]], dict[str, str]]], ...] = (
    ("Galatea Human", _canonical_names),
    ("Rigify meta-rig", _rigify_names),
    ("known bone names", _known_names),
)


def _name_bones(armature: bpy.types.Object) -> tuple[str, dict[str, str]]:
    names = tuple(armature.data.bones.keys())
    best: tuple[str, dict[str, str]] = ("", {})
    for family, find in _FAMILIES:
        bones = find(names)
        if all(joint in bones for joint in REQUIRED):
            return family, bones
        if len(bones) > len(best[1]):
            best = family, bones
    return best


def _check_free(armature: bpy.types.Object, bones: Mapping[str, str]) -> None:
    """RigError when constraints move a mapped bone: its keys would do nothing."""
    for joint, name in bones.items():
        driving = [c.name for c in armature.pose.bones[name].constraints if c.enabled and c.influence > 0.0]
        if driving:
            raise RigError(f"{armature.name} cannot be keyed: its bone {name} ({joint}) follows the constraint "
                           f"{driving[0]!r}; switch its constraints off, or use the rig's meta-rig")


def _check_hierarchy(armature: bpy.types.Object, bones: Mapping[str, str]) -> None:
    """RigError when a mapped bone does not hang from the mapped one above it."""
    for joint, parent in enumerate(PARENTS):
        if parent < 0 or JOINTS[joint] not in bones:
            continue
        ancestor = _mapped_ancestor(bones, joint)
        above = armature.data.bones[bones[ancestor]]
        if above not in armature.data.bones[bones[JOINTS[joint]]].parent_recursive:
            raise RigError(f"{armature.name} is not understood as a humanoid: its bone {bones[JOINTS[joint]]} "
                           f"({JOINTS[joint]}) does not hang from {above.name} ({ancestor})")


def _mapped_ancestor(bones: Mapping[str, str], joint: int) -> str:
    parent = PARENTS[joint]
    while JOINTS[parent] not in bones:
        parent = PARENTS[parent]  # ends at the hips, which every rig that comes here has
    return JOINTS[parent]


# --- the rest pose --------------------------------------------------------------------------------------------------


def _measure(armature: bpy.types.Object, family: str, bones: Mapping[str, str]) -> RigMap:
    rest = armature.data.bones
    heads = {joint: np.array(rest[name].head_local) for joint, name in bones.items()}
    pelvis = (heads["LeftUpLeg"] + heads["RightUpLeg"]) / 2
    axes = _body_axes(armature.name, heads)
    alignment = _alignment(heads, axes)
    return RigMap(
        armature=armature.name,
        family=family,
        bones=MappingProxyType(dict(bones)),
        missing=tuple(joint for joint in JOINTS if joint not in bones),
        axes=axes,
        alignment=alignment,
        leg_length=sum(_leg(heads, side) for side in ("Left", "Right")) / 2,
        pelvis=pelvis,
        pelvis_height=_pelvis_height(heads, axes[:, 2], alignment),
    )


def _leg(heads: Mapping[str, np.ndarray], side: str) -> float:
    hip, knee, ankle = (heads[side + part] for part in ("UpLeg", "Leg", "Foot"))
    return float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))


def _body_axes(name: str, heads: Mapping[str, np.ndarray]) -> np.ndarray:
    """The canonical axes as columns in armature space: to the left, backward, up."""
    pelvis = (heads["LeftUpLeg"] + heads["RightUpLeg"]) / 2
    feet = (heads["LeftFoot"] + heads["RightFoot"]) / 2
    up = normalise(pelvis - feet)
    # Rigs are built along the axes of their armature; a body that leans does not tip the ground it stands on.
    nearest = np.zeros(3)
    nearest[np.argmax(np.abs(up))] = np.sign(up[np.argmax(np.abs(up))])
    if up @ nearest > _SNAP:
        up = nearest
    left = sum(heads[f"Left{part}"] - heads[f"Right{part}"] for part in ("UpLeg", "Leg", "Arm"))
    left = left - up * (left @ up)
    if np.linalg.norm(left) < 1e-6 or np.linalg.norm(pelvis - feet) < 1e-6:
        raise RigError(f"{name} is not understood as a humanoid: its left and right limbs are in the same place")
    return frame_from_axes(normalise(left), np.cross(up, left))


def _alignment(heads: Mapping[str, np.ndarray], axes: np.ndarray) -> np.ndarray:
    """(22, 3, 3) the turn that brings each mapped bone from the rest pose to the T-pose, in armature space.

    As `rig.canonical` has it for sources: limbs by the direction of their bones, each turned with the one above it
    and then the shortest way, so that an elbow bent at rest unbends like a hinge; hands with their forearms. Trunk,
    head, clavicles and feet only by the way they face, since an upright trunk and flat soles mean the same on every
    rig, whatever the slant of the bone.
    """
    left, up = axes[:, 0], axes[:, 2]
    trunk = _stand_upright(heads, up)
    chest = _face(heads["LeftArm"] - heads["RightArm"], left, up) @ trunk
    pelvis = _face(heads["LeftUpLeg"] - heads["RightUpLeg"], left, up) @ trunk
    turns = np.tile(np.eye(3), (len(JOINTS), 1, 1))
    for joint, name in enumerate(JOINTS):
        part = name.removeprefix("Left").removeprefix("Right")
        if part == "Hips":
            turns[joint] = pelvis
        elif part in ("Spine2", "Shoulder"):
            turns[joint] = chest
        elif part in ("Spine", "Spine1", "Neck", "Head"):
            turns[joint] = trunk
        elif part == "Foot":
            ahead = heads.get(name.replace("Foot", "Toe"), heads[name]) - heads[name]
            turns[joint] = _face(ahead, -axes[:, 1], up)
        else:
            turns[joint] = turns[PARENTS[joint]]
            if part in _BY_DIRECTION and TOWARDS[name] in heads:
                here = turns[joint] @ (heads[TOWARDS[name]] - heads[name])
                there = axes @ CANONICAL.offsets[INDEX[TOWARDS[name]]]
                turns[joint] = matrix_from_quat(quat_between(here, there)) @ turns[joint]
    return turns


_BY_DIRECTION = ("Arm", "ForeArm", "UpLeg", "Leg")


def _stand_upright(heads: Mapping[str, np.ndarray], up: np.ndarray) -> np.ndarray:
    """The turn (3, 3) that stands a leaning trunk upright; none for a small lean, which is the body's own curve."""
    top = heads.get("Head", heads.get("Neck", (heads["LeftArm"] + heads["RightArm"]) / 2))
    lean = normalise(top - (heads["LeftUpLeg"] + heads["RightUpLeg"]) / 2)
    return np.eye(3) if lean @ up > _UPRIGHT else matrix_from_quat(quat_between(lean, up))


def _face(direction: np.ndarray, wanted: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The turn (3, 3) about `up` that brings the level part of a direction onto `wanted`; none for a vertical one."""
    level = direction - up * (direction @ up)
    if np.linalg.norm(level) < 1e-6:
        return np.eye(3)
    return matrix_from_quat(quat_between(level, wanted))


def _pelvis_height(heads: Mapping[str, np.ndarray], up: np.ndarray, alignment: np.ndarray) -> float:
    """Height of the hip joints when the rig stands in the T-pose with its feet as high as they are at rest.

    Where the rest pose hangs far below the ground (motion capture files put the hips at the origin) it stands on it.
    """
    heights = []
    for side in ("Left", "Right"):
        hip, knee, ankle = (heads[side + part] for part in ("UpLeg", "Leg", "Foot"))
        thigh, shin = (alignment[INDEX[side + part]] for part in ("UpLeg", "Leg"))
        leg, foot = np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle), up @ ankle
        if foot < -0.25 * leg:
            foot = CANONICAL.rest_positions[INDEX["LeftFoot"], 2] * leg / CANONICAL.leg_length
        heights.append(foot + up @ (thigh @ (hip - knee) + shin @ (knee - ankle)))
    return float(np.mean(heights))
