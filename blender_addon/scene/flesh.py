# SPDX-License-Identifier: GPL-3.0-or-later
"""The thickness of a character in the scene, read from what its armature moves: skin, and clothes over it."""

from __future__ import annotations

import bpy
import numpy as np

from ..motion.girths import THICK, Flesh, flesh_of
from ..motion.skeleton import INDEX
from ..rig.rig_map import RigMap

_SOME = 3000  # vertices of a mesh that are looked at
_SHARES = 0.3  # weight from which a vertex belongs to a joint's girth
_JOINTS = (*THICK, "LeftForeArm", "RightForeArm", "LeftHand", "RightHand")


def read_flesh(armature: bpy.types.Object, rig: RigMap) -> Flesh | None:
    """The trunk, thighs and hands of a character that Galatea made, in metres of `rig.skeleton`; None for other rigs,
    and for one that has no body."""
    if "galatea_character" not in armature:
        return None
    meshes = [_by_joint(ob, armature, rig) for ob in armature.children if ob.type == "MESH"
              and any(m.type == "ARMATURE" and m.object == armature for m in ob.modifiers)]
    return flesh_of(meshes)


def _by_joint(ob: bpy.types.Object, armature: bpy.types.Object, rig: RigMap) -> dict[str, np.ndarray]:
    """Joint -> the points (N, 3) of a mesh that follow it, in the joint's frame in the T-pose."""
    places = np.empty(3 * len(ob.data.vertices), np.float32)
    ob.data.vertices.foreach_get("co", places)
    there = np.array(armature.matrix_world.inverted() @ ob.matrix_world)
    places = places.reshape(-1, 3) @ there[:3, :3].T + there[:3, 3]
    joint_of = [_joint(group.name, armature, rig) for group in ob.vertex_groups]
    found: dict[str, list[int]] = {joint: [] for joint in _JOINTS}
    for vertex in range(0, len(places), max(1, len(places) // _SOME)):
        shares: dict[str, float] = {}
        for group in ob.data.vertices[vertex].groups:
            joint = joint_of[group.group] if group.group < len(joint_of) else ""
            shares[joint] = shares.get(joint, 0.0) + group.weight
        for joint, share in shares.items():
            if share >= _SHARES and joint in found:
                found[joint].append(vertex)
    turns = rig.axes.T @ rig.alignment @ rig.axes
    return {joint: (places[chosen] - rig.places[joint]) @ rig.axes / rig.scale() @ turns[INDEX[joint]].T
            for joint, chosen in found.items() if chosen}


def _joint(group: str, armature: bpy.types.Object, rig: RigMap) -> str:
    """The joint that a vertex group follows: of its bone, or of the nearest bone above that is one."""
    joints = {bone: joint for joint, bone in rig.bones.items()}
    bone = armature.data.bones.get(group)
    while bone is not None and bone.name not in joints:
        bone = bone.parent
    return joints[bone.name] if bone is not None else ""
