# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs that tests make in the open scene, and what Blender says of their bones once they are posed."""

import addon_utils
import bpy
import numpy as np
from made_families import Family
from mathutils import Matrix

from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.rotations import matrix_from_quat
from blender_addon.motion.skeleton import INDEX, TOWARDS
from blender_addon.scene.armatures import add_human
from blender_addon.scene.rigs import read_rig

LIMBS = tuple(f"{side}{part}" for side in ("Left", "Right") for part in ("Arm", "ForeArm", "UpLeg", "Leg"))
ARMS = tuple(limb for limb in LIMBS if limb.endswith("Arm"))


def human():
    return add_human()


def metarig():
    return _rigify(bpy.ops.object.armature_human_metarig_add)


def basic_metarig():
    return _rigify(bpy.ops.object.armature_basic_human_metarig_add)


def _rigify(add):
    if "rigify" not in bpy.context.preferences.addons:
        addon_utils.enable("rigify", default_set=True)
    add()
    return bpy.context.object


def mixamo():
    """Mixamo's names in an A-pose with bent elbows, every bone with a roll of its own, below a root that turns it."""
    armature = add_human(name="Armature")
    rng = np.random.default_rng(5)

    def edit(bones):
        for side, sign in (("Left", 1.0), ("Right", -1.0)):
            _turn(bones, f"{side}Arm", "Y", sign * 0.8)
            _turn(bones, f"{side}ForeArm", "Z", -sign * 0.5)
            _turn(bones, f"{side}UpLeg", "Y", -sign * 0.1)
        for bone in bones:
            bone.roll += rng.uniform(-3.0, 3.0)
            bone.name = f"mixamorig:{bone.name.replace('Toe', 'ToeBase')}"

    edit_bones(armature, edit)
    return armature


def from_fbx():
    """As FBX importers leave a rig: centimetres, Y up, the object scaled by 0.01 and turned upright."""
    armature = add_human()
    up = Matrix.Rotation(-np.pi / 2, 4, "X") @ Matrix.Scale(100.0, 4)
    edit_bones(armature, lambda bones: _transform(bones, up))
    armature.rotation_euler = (np.pi / 2, 0.0, 0.0)
    armature.scale = (0.01, 0.01, 0.01)
    return armature


def turned_about():
    """Its bones built to face +X, the object turned, moved and made bigger."""
    armature = add_human()
    about = Matrix.Rotation(np.pi / 2, 4, "Z")
    edit_bones(armature, lambda bones: _transform(bones, about))
    armature.rotation_euler = (0.1, 0.2, 2.0)
    armature.location = (3.0, -4.0, 1.0)
    armature.scale = (1.7, 1.7, 1.7)
    return armature


def family_rig(family: Family, name: str = ""):
    """A family's rig in the open scene: its bones, rolls and modes, its object's turn and scale, its IK; no mesh."""
    armature = bpy.data.objects.new(name or family.id, bpy.data.armatures.new(name or family.id))
    bpy.context.collection.objects.link(armature)

    def edit(bones):
        for place, bone_name in enumerate(family.names):
            bone = bones.new(bone_name)
            bone.head, bone.tail = family.heads[place], family.tails[place]
            bone.roll = family.rolls[place]
            bone.use_deform = bool(family.deform[place])
            if family.parents[place] >= 0:
                bone.parent = bones[family.names[family.parents[place]]]
                bone.use_connect = bool(family.connected[place])

    edit_bones(armature, edit)
    for bone in armature.pose.bones:
        bone.rotation_mode = family.rotation_mode
    for last, target, pole, count in family.ik:
        ik = armature.pose.bones[last].constraints.new("IK")
        ik.target, ik.subtarget, ik.chain_count = armature, target, count
        if pole:
            ik.pole_target, ik.pole_subtarget = armature, pole
            ik.pole_angle = _pole_angle(armature, last, count, pole)
    armature.scale = (family.object_scale,) * 3
    armature.rotation_euler = family.object_rotation
    return armature


def _pole_angle(armature, last: str, count: int, pole: str) -> float:
    """The angle that leaves the chain as it is at rest, as riggers work it out."""
    bones = armature.data.bones
    end = bones[last]
    first = ([end, *end.parent_recursive])[count - 1]
    along = end.tail_local - first.head_local
    across = along.cross((bones[pole].head_local - first.head_local).cross(along))
    x_axis, square = first.x_axis, across - first.y_axis * across.dot(first.y_axis)
    angle_ = x_axis.angle(square)
    return -angle_ if x_axis.cross(square).dot(first.y_axis) > 0.0 else angle_


RIGS = (human, metarig, basic_metarig, mixamo, from_fbx, turned_about)


def edit_bones(armature, edit) -> None:
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    edit(armature.data.edit_bones)
    bpy.ops.object.mode_set(mode="OBJECT")


def _turn(bones, name: str, axis: str, angle: float) -> None:
    """Turn a bone and all that hangs from it about its head."""
    head = bones[name].head.copy()
    about = Matrix.Translation(head) @ Matrix.Rotation(angle, 4, axis) @ Matrix.Translation(-head)
    _transform([bones[name], *bones[name].children_recursive], about)


def _transform(bones, matrix: Matrix) -> None:
    for bone in bones:  # all before any: a connected bone would be pulled along twice
        bone.use_connect = False
    for bone in bones:
        bone.transform(matrix)


def posed(armature, frame: int):
    """The armature as Blender evaluates it at a frame of the scene."""
    whole, part = divmod(frame, 1)
    bpy.context.scene.frame_set(int(whole), subframe=part)
    return armature.evaluated_get(bpy.context.evaluated_depsgraph_get())


def errors_against(armature, clip, start: int = 1, step: float = 1.0, every: int = 1, limbs=LIMBS
                   ) -> dict[str, float]:
    """How far the keyed rig is from the clip, by evaluated bone matrices; frame k of the clip is at start + k * step.

    limbs: the worst angle in degrees between a limb's direction on the rig and in the clip. turned: between how far
    trunk, head and feet are turned from their rest on the rig and in the clip. pelvis: the worst distance in metres at
    canonical size between the middles of the hip joints, level with the ground, from the first frame on.
    """
    rig = read_rig(armature)
    axes = rig.axes
    rotations, places = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    worst = {"limbs": 0.0, "turned": 0.0, "pelvis": 0.0}
    for k in range(0, clip.frames, every):
        bones = posed(armature, start + k * step).pose.bones
        heads = {joint: np.array(bones[name].head) for joint, name in rig.bones.items()}
        for joint in limbs:
            if TOWARDS[joint] in heads:
                here = axes.T @ (heads[TOWARDS[joint]] - heads[joint])
                there = places[k, INDEX[TOWARDS[joint]]] - places[k, INDEX[joint]]
                worst["limbs"] = max(worst["limbs"], angle(here, there))
        for joint in ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "LeftFoot", "RightFoot"):
            if joint in rig.bones and np.allclose(rig.alignment[INDEX[joint]], np.eye(3), atol=1e-5):
                rest = np.array(armature.data.bones[rig.bones[joint]].matrix_local)[:3, :3]
                away = axes.T @ np.array(bones[rig.bones[joint]].matrix)[:3, :3] @ rest.T @ axes
                there = matrix_from_quat(rotations[k, INDEX[joint]])
                for axis in np.eye(3):
                    worst["turned"] = max(worst["turned"], angle(away @ axis, there @ axis))
        middle = rig.to_canonical((heads["LeftUpLeg"] + heads["RightUpLeg"]) / 2)
        wanted = (places[k, INDEX["LeftUpLeg"]] + places[k, INDEX["RightUpLeg"]]) / 2
        worst["pelvis"] = max(worst["pelvis"], float(np.abs(middle - wanted)[:2].max()))
    return worst


def angle(a, b) -> float:
    """Degrees between two directions; exact for small angles too."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b))))


def add_skin(armature):
    """A mesh that hangs on the rig: a small triangle for each bone, moved by that bone alone."""
    corners, faces = [], []
    for bone in armature.data.bones:
        faces.append(range(len(corners), len(corners) + 3))
        corners += [bone.head_local, bone.tail_local, bone.head_local + bone.x_axis * bone.length * 0.2]
    mesh = bpy.data.meshes.new("Skin")
    mesh.from_pydata(corners, [], faces)
    skin = bpy.data.objects.new("Skin", mesh)
    bpy.context.collection.objects.link(skin)
    skin.parent = armature
    for bone, face in zip(armature.data.bones, faces):
        skin.vertex_groups.new(name=bone.name).add(list(face), 1.0, "REPLACE")
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    return skin
