# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig is taken for, and putting it right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RigError

if TYPE_CHECKING:
    import bpy

    from ..rig.bone_map import BoneMap
    from ..rig.rig_map import RigMap


def map_rig(armature: bpy.types.Object | None, bone_map: str | Path = "") -> BoneMap:
    """Which bone stands for which joint and why, also where too few were found for a humanoid (see `lacking`).

    bone_map: a file of corrections, "" for those that are stored on the armature.
    """
    from ..scene import rigs

    return rigs.map_armature(armature, rigs.read_map_for(armature, bone_map) if bone_map else None)


def describe_rig(armature: bpy.types.Object | None, bone_map: str | Path = "") -> RigMap:
    """What a rig is taken for: which bone is which joint and why, what is missing. RigError when it is no humanoid.

    bone_map: a file of corrections, "" for those that are stored on the armature.
    """
    from ..scene import rigs

    return rigs.read_rig(armature, rigs.read_map_for(armature, bone_map) if bone_map else None)


def rig_report(armature: bpy.types.Object, bone_map: str | Path = "") -> dict[str, Any]:
    """The same as plain values for JSON, places and directions in the scene's world."""
    import numpy as np

    from ..motion.skeleton import JOINTS

    rig = describe_rig(armature, bone_map)
    world = np.array(armature.matrix_world)[:3, :3]
    ahead = world @ -rig.axes[:, 1]
    return {
        "armature": rig.armature,
        "family": rig.family,
        "mapping": {joint: rig.bones.get(joint) for joint in JOINTS},
        "matches": {joint: asdict(match) for joint, match in rig.matches.items()},
        "points": {joint: [bone, "tail"] for joint, bone in rig.points.items()},
        "missing": list(rig.missing),
        "rest_pose": rig.rest_pose,
        "upper_arm_below_horizontal_deg": round(rig.arms_below_horizontal, 1),
        "facing_world": [round(float(value), 4) for value in ahead / np.linalg.norm(ahead)],
        "leg_length_world": float(rig.leg_length * np.cbrt(abs(np.linalg.det(world)))),
        "bones": len(rig.rest.names),
        "notes": list(rig.notes),
    }


def correct_rig(armature: bpy.types.Object, corrections: Mapping[str, str]) -> BoneMap:
    """Say by hand which bone stands for a joint ("" for none) and keep that with the armature; the map it then has.

    Corrections that are there already stay, but for the same joints. They are kept even where the rig is not understood
    with them, so that it can be corrected joint by joint: `lacking` says what is still to be named. RigError, and
    nothing is kept, when a joint or a bone does not exist.
    """
    from ..motion.skeleton import JOINTS
    from ..scene import rigs

    rigs.check_armature(armature)
    for joint, bone in corrections.items():
        if joint not in JOINTS:
            raise RigError(f"there is no joint {joint!r}; there are {', '.join(JOINTS)}")
        rigs.check_bone(armature, bone)
    rigs.store_corrections(armature, {**rigs.stored_corrections(armature), **corrections})
    return map_rig(armature)


def corrections_of(armature: bpy.types.Object) -> dict[str, str]:
    """What was said by hand so far: joint -> bone, "" for none."""
    from ..scene import rigs

    return rigs.stored_corrections(armature)


def forget_corrections(armature: bpy.types.Object) -> None:
    """Take the rig as Galatea understands it by itself again."""
    from ..scene import rigs

    rigs.check_armature(armature)
    rigs.store_corrections(armature, {})


def save_map(armature: bpy.types.Object, path: str | Path, bone_map: str | Path = "") -> None:
    """Write the rig's bone map as a small TOML file, to be read by load_map and --map; also of a rig not understood.

    bone_map: a file of corrections to go by, "" for those that are stored on the armature.
    """
    from ..rig.map_file import write_map
    from ..scene import files

    found = map_rig(armature, bone_map)
    files.check_target(Path(path), (".toml",))
    with files.staged(Path(path)) as there:
        write_map(there, found, armature.name)


def load_map(armature: bpy.types.Object, path: str | Path) -> BoneMap:
    """Read a bone map and keep it with the armature, in place of what was corrected before; the map it then has.

    RigError, and nothing is kept, when the file is no bone map or names a bone that the rig does not have.
    """
    from ..scene import rigs

    rigs.check_armature(armature)
    rigs.store_corrections(armature, rigs.read_map_for(armature, path))
    return map_rig(armature)


def open_rig(rig: str) -> bpy.types.Object:
    """Open `FILE` or `FILE:ARMATURE` in place of what is open, and return the armature object."""
    from ..scene import files

    return files.open_rig(rig)


def add_human(mannequin: bool = True) -> bpy.types.Object:
    """Add Galatea's own armature at the 3D cursor, with a mannequin's skin, and return it, selected and active."""
    from ..scene.armatures import add_human as add_armature
    from ..scene.mannequin import add_mannequin

    armature = add_armature()
    if mannequin:
        add_mannequin(armature, describe_rig(armature))
    return armature
