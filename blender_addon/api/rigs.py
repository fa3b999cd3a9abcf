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

    from ..rig.rig_map import RigMap


def describe_rig(armature: bpy.types.Object | None, bone_map: str | Path = "") -> RigMap:
    """What a rig is taken for: which bone is which joint and why, what is missing. RigError when it is no humanoid.

    bone_map: a file of corrections, "" for those that are stored on the armature.
    """
    from ..rig.map_file import read_map
    from ..scene import rigs

    return rigs.read_rig(armature, read_map(Path(bone_map)) if bone_map else None)


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


def correct_rig(armature: bpy.types.Object, corrections: Mapping[str, str]) -> RigMap:
    """Say by hand which bone stands for a joint ("" for none) and keep that with the armature; the map it then has.

    Corrections that are there already stay, but for the same joints. RigError, and nothing is kept, when a joint or a
    bone does not exist or the rig would no longer be understood.
    """
    from ..motion.skeleton import JOINTS
    from ..scene import rigs

    rigs.check_armature(armature)
    for joint, bone in corrections.items():
        if joint not in JOINTS:
            raise RigError(f"there is no joint {joint!r}; there are {', '.join(JOINTS)}")
        if bone and bone not in armature.data.bones:
            raise RigError(f"{armature.name} has no bone {bone!r}; give the name of one of its bones, or none")
    whole = {**rigs.stored_corrections(armature), **corrections}
    rig = rigs.read_rig(armature, whole)
    rigs.store_corrections(armature, whole)
    return rig


def forget_corrections(armature: bpy.types.Object) -> None:
    """Take the rig as Galatea understands it by itself again."""
    from ..scene import rigs

    rigs.check_armature(armature)
    rigs.store_corrections(armature, {})


def save_map(armature: bpy.types.Object, path: str | Path) -> None:
    """Write the rig's bone map as a small TOML file, to be read by load_map and --map."""
    from ..rig.map_file import write_map
    from ..scene import files

    rig = describe_rig(armature)
    files.check_target(Path(path), (".toml",))
    with files.staged(Path(path)) as there:
        write_map(there, rig.map, armature.name)


def load_map(armature: bpy.types.Object, path: str | Path) -> RigMap:
    """Read a bone map and keep it with the armature, in place of what was corrected before."""
    from ..rig.map_file import read_map
    from ..scene import rigs

    rigs.check_armature(armature)
    corrections = read_map(Path(path))
    rig = rigs.read_rig(armature, corrections)
    rigs.store_corrections(armature, corrections)
    return rig


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
