# SPDX-License-Identifier: GPL-3.0-or-later
"""Understanding an armature in the scene: its bones at rest, and what people corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import bpy
import numpy as np

from ..errors import RigError
from ..motion.skeleton import JOINTS
from ..rig.bone_map import BoneMap
from ..rig.map_file import read_map
from ..rig.mapping import map_bones
from ..rig.rest import Rest
from ..rig.rig_map import RigMap, measure_rig

CORRECTIONS = "galatea_bones"  # custom property of the armature's data: joint -> bone name, "" for none
TO_POSE = "choose Pose Position in its Armature properties"


def read_rig(armature: bpy.types.Object | None, corrections: Mapping[str, str] | None = None) -> RigMap:
    """Understand an armature object; RigError with one line when there is none or it is not a humanoid.

    corrections: joint -> bone name, "" for none, instead of those that are stored on the armature.
    """
    check_armature(armature)
    rest = read_rest(armature)
    rig = measure_rig(armature.name, rest, _map(armature, rest, corrections))
    _check_together(armature, rig)
    return rig


def map_armature(armature: bpy.types.Object, corrections: Mapping[str, str] | None = None) -> BoneMap:
    """Which bone stands for which joint, also where too few were found for a humanoid; corrections as in read_rig."""
    check_armature(armature)
    return _map(armature, read_rest(armature), corrections)


def _map(armature: bpy.types.Object, rest: Rest, corrections: Mapping[str, str] | None) -> BoneMap:
    found = map_bones(rest, stored_corrections(armature) if corrections is None else corrections)
    if armature.data.pose_position == "REST":
        found = replace(found, notes=(*found.notes, f"in Rest Position, in which no key shows: {TO_POSE}"))
    return found


def _check_together(armature: bpy.types.Object, rig: RigMap) -> None:
    """RigError for a limb that hangs from nothing that carries the hips, too, and follows nothing: it would be left."""
    hips = _line(armature, rig.bones["Hips"])
    for joint in ("LeftArm", "RightArm", "LeftUpLeg", "RightUpLeg"):
        limb = _line(armature, rig.bones[joint])
        if not set(hips) & set(limb) and not any(armature.pose.bones[name].constraints for name in limb):
            raise RigError(f"{armature.name} is not understood as a humanoid: its bone {rig.bones[joint]} ({joint}) "
                           f"hangs from nothing that carries {rig.bones['Hips']} (Hips), too; parent it to the trunk")


def _line(armature: bpy.types.Object, name: str) -> list[str]:
    bone = armature.data.bones[name]
    return [bone.name, *(above.name for above in bone.parent_recursive)]


def check_armature(armature: bpy.types.Object | None) -> None:
    """RigError with one line when there is no armature, or one whose bones are not to be had now."""
    if armature is None:
        raise RigError("no armature is selected; select the rig to animate")
    if not isinstance(armature, bpy.types.Object):
        raise RigError(f"{armature!r} is no object of the scene; give the armature object itself")
    if armature.type != "ARMATURE":
        kind = armature.type.lower()
        raise RigError(f"{armature.name} is not an armature but of type {kind}; name or select the rig itself")
    if armature.mode == "EDIT":
        raise RigError(f"{armature.name} is in Edit Mode; leave it (Tab) and try again")


def read_rest(armature: bpy.types.Object) -> Rest:
    """The bones of an armature at rest, parents before children, in armature space."""
    bones = list(armature.data.bones)  # depth first, so parents come before their children
    place = {bone.name: index for index, bone in enumerate(bones)}
    return Rest(
        names=tuple(bone.name for bone in bones),
        parents=tuple(-1 if bone.parent is None else place[bone.parent.name] for bone in bones),
        heads=np.array([bone.head_local for bone in bones], dtype=np.float64).reshape(-1, 3),
        tails=np.array([bone.tail_local for bone in bones], dtype=np.float64).reshape(-1, 3),
        deform=np.array([bone.use_deform for bone in bones], dtype=bool),
    )


# --- what people corrected -------------------------------------------------------------------------------------------


def read_map_for(armature: bpy.types.Object, path: str | Path) -> dict[str, str]:
    """The corrections of a map file: joint -> bone name, "" for none. RigError with one line when it is no map, or
    names a bone that the armature does not have."""
    check_armature(armature)
    corrections = read_map(path)
    for joint, bone in corrections.items():
        try:
            check_bone(armature, bone)
        except RigError as error:
            raise RigError(f"{Path(path).name}, {joint}: {error}") from error
    return corrections


def check_bone(armature: bpy.types.Object, name: str) -> None:
    """RigError when an armature has no bone of that name, with the one that is called most like it; "" is none."""
    if not name or name in armature.data.bones:
        return
    there = {bone.name.casefold(): bone.name for bone in armature.data.bones}
    prefixed = [key for key in there if key.endswith(name.casefold())]
    found = get_close_matches(name.casefold(), prefixed or there, 1, cutoff=0.0 if prefixed else 0.6)
    meant = f"is {there[found[0]]!r} meant?" if found else 'give the name of one of its bones, or "" for none'
    raise RigError(f"{armature.name} has no bone {name!r}; {meant}")



def stored_corrections(armature: bpy.types.Object) -> dict[str, str]:
    """Joint -> bone name ("" for none), as people set them by hand for this armature."""
    stored = armature.data.get(CORRECTIONS)
    if not hasattr(stored, "to_dict"):
        return {}
    return {joint: bone for joint, bone in stored.to_dict().items() if joint in JOINTS and isinstance(bone, str)}


def store_corrections(armature: bpy.types.Object, corrections: Mapping[str, str]) -> None:
    """Keep corrections with the armature's data, in place of those that are there; none to forget them."""
    if not armature.data.is_editable:
        raise RigError(f"{armature.name} is linked from another file; correct its bones there, or use --map")
    if corrections:
        armature.data[CORRECTIONS] = dict(corrections)
    elif CORRECTIONS in armature.data:
        del armature.data[CORRECTIONS]
