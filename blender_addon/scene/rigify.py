# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of rigs that Rigify generated, by the names that it gives them in Blender 4.2 to 5.2."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import bpy
import numpy as np

from ..motion.tracks import Extra
from ..rig.rig_map import RigMap
from .handles import Chain, Controls, Handle, Limb
from .stand_in import StandIn

_TORSO = "torso"
_OWN_NAMES = {"Neck": "neck", "Head": "head"}  # controls that are not called after the bones they move
# Controls that bend the spine at both ends, which people key instead of the bones of the spine one by one.
_BENDS = {"hips": "Hips", "chest": "Spine2"}
_LIMBS = tuple((f"{side}{upper}", f"{side}{lower}", f"{side}{end}") for side in ("Left", "Right") for upper, lower, end
               in (("Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot")))


def rigify_controls(stand: StandIn, rig: RigMap, wish: str, keyed: Collection[str] | None = None) -> Controls | None:
    """What takes keys on a generated rig; None for any other.

    Limbs get FK keys unless "ik" is wished, or "now" and they are on IK: FK says what a motion is, no solver has its
    way with it. keyed: bones that people keyed, where these alone get keys: chest and hips are among them, and limbs
    keep to their poles where there are keys on these and they are in use.
    """
    bones = stand.armature.pose.bones
    if "rig_id" not in stand.armature.data or _TORSO not in bones:
        return None
    names = {joint: re.sub(r"^(DEF|ORG)-", "", bone) for joint, bone in rig.bones.items()}
    whole = [joints for joints in _LIMBS if all(joint in names for joint in joints)]
    limbs = [limb for joints in whole if _by_solver(bones, names[joints[0]], wish)
             for limb in (_limb(bones, joints, names),) if limb is not None]
    by_solver = {joint for limb in limbs for joint in limb.joints}
    ends = {joints[2]: limb.control for limb in limbs for joints in _LIMBS if limb.joints == joints[:2]}
    turning: dict[Handle, str] = {}
    for joint, name in names.items():
        if joint not in by_solver:
            handle = ends.get(joint) or _control(bones, joint, name, joint.replace("Toe", "Foot") in ends)
            turning.setdefault(handle, joint)
    turning[Handle(_TORSO)] = "Hips"  # carries all; what is between it and the hips makes up for the rest
    turning = _bent(turning, keyed) if keyed else turning
    if keyed is not None:
        limbs = [replace(limb, pole_control=None) if _is_idle(bones, names[limb.joints[0]]) else limb for limb in limbs]
    poles = {limb.joints[0] for limb in limbs
             if keyed is None or (limb.pole_control is not None and limb.pole_control.name in keyed)}
    settings = [*_follows(bones[_TORSO]), *(extra for upper, *_ in _LIMBS if upper in names for extra in
                                            _switches(bones, names[upper], upper in by_solver, upper in poles))]
    kinds = [kind for kind, some in (("FK", len(limbs) < len(whole)), ("IK", limbs)) if some]
    return Controls(turning, (Handle(_TORSO),), tuple(limbs), tuple(settings),
                    (f"Rigify: its controls got the keys, those of the limbs for {' and '.join(kinds)}",),
                    loose=False)  # its toes, which a stretched leg leaves behind, hang from its feet all the same


def _bent(turning: dict[Handle, str], keyed: Collection[str]) -> dict[Handle, str]:
    """With the spine's ends bent by their controls where people keyed these."""
    return turning | {Handle(name): joint for name, joint in _BENDS.items()
                      if name in keyed and joint in turning.values()}


def _by_solver(bones: bpy.types.bpy_prop_collection, upper: str, wish: str) -> bool:
    """Whether a limb is left to its IK."""
    holder = bones.get(_with(upper, "_parent"))
    return wish == "ik" or (wish == "now" and holder is not None and holder.get("IK_FK", 1.0) < 0.5)


def _is_idle(bones: bpy.types.bpy_prop_collection, upper: str) -> bool:
    """Whether a limb's IK bends by the turn of its first bone, whatever its pole does, as Rigify makes it."""
    holder = bones.get(_with(upper, "_parent"))
    return holder is not None and not holder.get("pole_vector", True)


def _with(name: str, ending: str) -> str:
    """A name with an ending before its side or number: "thigh.L" and "_fk" make "thigh_fk.L"."""
    stem, dot, rest = name.partition(".")
    return stem + ending + dot + rest


def _control(bones: bpy.types.bpy_prop_collection, joint: str, name: str, on_ik: bool) -> Handle:
    """The control that turns a joint's bone; on_ik: it is a toe on a foot that is keyed for IK."""
    tried = [_OWN_NAMES.get(joint, ""), *([_with(name, "_ik")] if on_ik else []), _with(name, "_fk"), name]
    return Handle(next((each for each in tried if each in bones), f"DEF-{name}"))


def _limb(bones: bpy.types.bpy_prop_collection, joints: Sequence[str], names: dict[str, str]) -> Limb | None:
    """A limb for its IK with a pole; None where it has none."""
    upper, lower, end = (names[joint] for joint in joints)
    owner, first, control = "MCH-" + _with(lower, "_ik"), _with(upper, "_ik"), _with(end, "_ik")
    if not all(each in bones for each in (owner, first, control)):
        return None
    for constraint in bones[owner].constraints:
        if constraint.type == "IK" and constraint.pole_subtarget in bones:
            pole = Handle(constraint.pole_subtarget)
            chain = Chain(owner, constraint.name, (owner, first), Handle(constraint.subtarget), pole,
                          constraint.pole_angle)
            return Limb(tuple(joints[:2]), chain, Handle(control), pole, alone=True)
    return None


def _follows(torso: bpy.types.PoseBone) -> Iterator[Extra]:
    """Neck and head follow what is below them or the torso, not something between."""
    for name in ("neck_follow", "head_follow"):
        if 0.0 < torso.get(name, 0.0) < 1.0:
            yield _kept(torso.name, name, 1.0)


def _switches(bones: bpy.types.bpy_prop_collection, upper: str, by_solver: bool, pole: bool) -> Iterator[Extra]:
    """A limb kept on FK, or on IK and there, where that is keyed, with its pole."""
    holder = _with(upper, "_parent")
    for name, value in (("IK_FK", 0.0 if by_solver else 1.0), *([("pole_vector", 1.0)] if pole else [])):
        if name in bones.get(holder, ()):
            yield _kept(holder, name, value)


def _kept(bone: str, name: str, value: float) -> Extra:
    return Extra(f'pose.bones["{bpy.utils.escape_identifier(bone)}"]["{name}"]', np.array([value]), group=bone)
