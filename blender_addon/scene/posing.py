# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clip means for a rig's bones: all frames at once in numpy, as tracks that become keys."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import bpy
import numpy as np

from ..motion.clip import Clip
from ..motion.kinematics import forward_kinematics
from ..motion.rotations import (
    normalise,
    quat_continuous,
    quat_from_matrix,
    quat_inverse,
    quat_multiply,
    quat_rotate,
)
from ..motion.skeleton import CONTACT_JOINTS, INDEX
from ..motion.tracks import Track, Tracks
from ..rig.rig_map import RigMap

# Directions in which the outermost of a rigid set of points are looked for: they move most when it turns.
_WAYS = normalise(np.array([way for way in product((-1.0, 0.0, 1.0), repeat=3) if any(way)]))


_HANGING = ("Spine", "LeftUpLeg", "RightUpLeg", "LeftArm", "RightArm")  # from whatever carries a body


def clip_tracks(armature: bpy.types.Object, rig: RigMap, clip: Clip) -> Tracks:
    """What the bones of `armature` do, one row a frame, when the rig does what `clip` does.

    clip: on the rig's own skeleton (rig.retargeting.fit_to_rig). Rotations are without jumps and leave locked channels
    as they are now; the place of the hips is in armature space. Bones that no joint is mapped to stay as they are.
    """
    turned, places = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    wanted = _wanted_rotations(armature, rig, turned)
    posed: dict[str, np.ndarray] = {}
    bases: dict[str, np.ndarray] = {}
    for bone in armature.data.bones:  # parents come first
        if bone.name in wanted:
            unposed = _unposed(armature, bone, posed)
            basis = quat_multiply(quat_inverse(unposed), wanted[bone.name])
            bases[bone.name] = quat_continuous(_within_locks(armature.pose.bones[bone.name], basis))
            posed[bone.name] = quat_multiply(unposed, bases[bone.name])
    moves = _moves(armature, rig, places, posed)
    keyed = [bone.name for bone in armature.data.bones if bone.name in bases or bone.name in moves]
    return Tracks(
        bones=tuple(_track(armature, name, keyed, bases.get(name), moves.get(name)) for name in keyed),
        fps=clip.fps, unit=_unit(armature), contacts=clip.contacts,
        feet=tuple(rig.bones.get(joint, "") for joint in CONTACT_JOINTS),
    )


def _wanted_rotations(armature: bpy.types.Object, rig: RigMap, turned: np.ndarray) -> dict[str, np.ndarray]:
    """Bone name -> (T, 4) the rotation in armature space: turn (about the rig's axes) @ alignment @ rest."""
    axes = quat_from_matrix(rig.axes)
    wanted = {}
    for joint, name in rig.bones.items():
        there = quat_multiply(quat_multiply(axes, turned[:, INDEX[joint]]), quat_inverse(axes))
        aligned = quat_from_matrix(rig.alignment[INDEX[joint]] @ _rest(armature, name))
        wanted[name] = quat_multiply(there, aligned)
    return wanted


def _rest(armature: bpy.types.Object, name: str) -> np.ndarray:
    """(3, 3) a bone's rest rotation in armature space."""
    return np.array(armature.data.bones[name].matrix_local.to_3x3())


def _unposed(armature: bpy.types.Object, bone: bpy.types.Bone, posed: Mapping[str, np.ndarray]) -> np.ndarray:
    """The rotation in armature space, (4,) or (T, 4), that a bone has while its own channels are at rest."""
    rest = quat_from_matrix(_rest(armature, bone.name))
    if bone.parent is None or not bone.use_inherit_rotation:
        return rest
    above = bone.parent
    relative = quat_multiply(quat_inverse(quat_from_matrix(_rest(armature, above.name))), rest)
    return quat_multiply(_posed(armature, above, posed), relative)


def _posed(armature: bpy.types.Object, bone: bpy.types.Bone, posed: Mapping[str, np.ndarray]) -> np.ndarray:
    """The rotation in armature space of any bone: as keyed, else as it is posed now below keyed ones, else at rest.

    Bones above the hips carry the whole character; where the user put them is where the motion goes, so they count
    as being at rest.
    """
    if bone.name in posed:
        return posed[bone.name]
    if not any(above.name in posed for above in bone.parent_recursive):
        return quat_from_matrix(_rest(armature, bone.name))
    now = np.array(armature.pose.bones[bone.name].matrix_basis.to_quaternion())
    return quat_multiply(_unposed(armature, bone, posed), now)


# --- locked channels ------------------------------------------------------------------------------------------------


def _within_locks(bone: bpy.types.PoseBone, basis: np.ndarray) -> np.ndarray:
    """The nearest rotations (T, 4) that leave a bone's locked axes as they are: a hinge turns about its axis alone."""
    locked = np.array(bone.lock_rotation, dtype=bool)
    if not locked.any():
        return basis
    if locked.all():
        return np.tile(np.array(bone.matrix_basis.to_quaternion()), (len(basis), 1))
    kept = np.array(basis)
    kept[:, 1:][:, locked] = 0.0  # for one free axis this is the twist about it, the nearest there is
    return normalise(np.where(np.linalg.norm(kept, axis=1, keepdims=True) > 1e-6, kept, [1.0, 0.0, 0.0, 0.0]))


def _still(bone: bpy.types.PoseBone) -> frozenset[tuple[str, int]]:
    """The channels of a bone that get no keys, because they are locked or something else drives them."""
    what = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(bone.rotation_mode,
                                                                                          "rotation_euler")
    locks = np.flatnonzero(bone.lock_rotation)
    still = {("location", int(axis)) for axis in np.flatnonzero(bone.lock_location)}
    if what == "rotation_euler":
        still |= {(what, int(axis)) for axis in locks}
    elif len(locks) == 3:
        still |= {(what, index) for index in range(4)}
    return frozenset(still | _driven(bone))


def _driven(bone: bpy.types.PoseBone) -> set[tuple[str, int]]:
    """The channels of a bone that have drivers."""
    animation = bone.id_data.animation_data
    path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].'
    drivers = animation.drivers if animation else ()
    return {(driver.data_path.removeprefix(path), driver.array_index) for driver in drivers
            if driver.data_path.startswith(path) and not driver.mute}


# --- places ---------------------------------------------------------------------------------------------------------


def _moves(armature: bpy.types.Object, rig: RigMap, places: np.ndarray, posed: Mapping[str, np.ndarray]
           ) -> dict[str, np.ndarray]:
    """Bone name -> (T, 3) how far it goes from its rest place, in armature space: the bone that carries the body.

    The hips bone itself may lie anywhere in a pelvis; the legs hang from the middle of the hip joints, and with that in
    place the feet land where they should.
    """
    middle = (places[:, INDEX["LeftUpLeg"]] + places[:, INDEX["RightUpLeg"]]) / 2
    there = rig.origin + rig.scale() * middle @ rig.axes.T
    carrier = carrying_bone(armature, rig)
    if carrier is None:
        return {}
    hips = rig.bones["Hips"]
    if carrier.name != hips and carrier.name not in (b.name for b in armature.data.bones[hips].parent_recursive):
        hips = carrier.name
    # what is between the carrier and the hips stays as it is at rest
    head = np.array(armature.data.bones[hips].head_local)
    from_rest = quat_multiply(posed[hips], quat_inverse(quat_from_matrix(_rest(armature, hips))))
    return {carrier.name: there - quat_rotate(from_rest, rig.pelvis - head) - head}


def carrying_bone(armature: bpy.types.Object, rig: RigMap) -> bpy.types.Bone | None:
    """The lowest bone that the whole body hangs from and that may be moved: the hips, or a bone above them.

    A connected bone ignores its location; where trunk and legs part above the hips (as in MikuMikuDance's models) the
    bone that both hang from carries them.
    """
    hips = armature.data.bones[rig.bones["Hips"]]
    body = [armature.data.bones[rig.bones[joint]] for joint in _HANGING if joint in rig.bones]
    for bone in (hips, *hips.parent_recursive):
        whole = all(bone == other or bone in other.parent_recursive for other in body)
        if whole and (bone.parent is None or not bone.use_connect):
            return bone
    return hips if hips.parent is None or not hips.use_connect else None


# --- tracks ---------------------------------------------------------------------------------------------------------


def _track(armature: bpy.types.Object, name: str, keyed: list[str], basis: np.ndarray | None,
           move: np.ndarray | None) -> Track:
    bone, pose = armature.data.bones[name], armature.pose.bones[name]
    above = next((other.name for other in bone.parent_recursive if other.name in keyed), "")
    if not bone.use_inherit_rotation:
        above = ""
    rest = np.array(bone.matrix_local)
    # Blender reads a location along the bone's own rest axes or, without "local location", along its parent's
    axes_of = bone if bone.use_local_location else bone.parent
    return Track(
        bone=name,
        parent=keyed.index(above) if above else -1,
        offset=_offset(armature, bone, above) if above else rest,
        mode=pose.rotation_mode,
        rotation=basis,
        location=None if move is None else move @ rest[:3, :3],
        location_axes=(np.eye(3) if axes_of is None else _rest(armature, axes_of.name).T) @ rest[:3, :3],
        points=_points(armature, bone, set(keyed)),
        still=_still(pose),
    )


def _offset(armature: bpy.types.Object, bone: bpy.types.Bone, above: str) -> np.ndarray:
    """(4, 4) a bone's unposed frame seen from a keyed bone above it, what is between them being posed as it is now."""
    offset = np.array(bone.parent.matrix_local.inverted() @ bone.matrix_local)
    between = bone.parent
    while between.name != above:
        now = armature.pose.bones[between.name].matrix_basis
        offset = np.array(between.parent.matrix_local.inverted() @ between.matrix_local @ now) @ offset
        between = between.parent
    return offset


def _points(armature: bpy.types.Object, bone: bpy.types.Bone, keyed: set[str]) -> np.ndarray:
    """(P, 3) the outermost joints and ends that are rigid with a bone, and the joints of what hangs from it, in its
    rest frame."""
    found = [bone.tail_local]
    below = list(bone.children)
    while below:
        child = below.pop()
        found.append(child.head_local)
        if child.name not in keyed:
            found.append(child.tail_local)
            below += child.children
    local = (np.array(found) - np.array(bone.head_local)) @ _rest(armature, bone.name)
    return local[np.unique(np.argmax(local @ _WAYS.T, axis=0))]


def _unit(armature: bpy.types.Object) -> float:
    """Metres in the scene for a unit of armature space."""
    return float(np.cbrt(abs(np.linalg.det(np.array(armature.matrix_world)[:3, :3]))))
