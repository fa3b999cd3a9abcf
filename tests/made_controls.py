# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs whose bones are moved by controls, made in the open scene, and how they do once the controls are posed."""

import bpy
import made_rigs
import numpy as np
from made_walk import X, made_walk
from mathutils import Matrix, Vector

from blender_addon.motion.channels import rotation_property, rotation_values
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.rotations import matrix_from_quat, quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import INDEX, TOWARDS
from blender_addon.rig.bone_map import BoneMap, Match
from blender_addon.rig.retargeting import fit_to_rig
from blender_addon.rig.rig_map import measure_rig
from blender_addon.scene.posing import clip_tracks
from blender_addon.scene.rigs import read_rest

SIDES = ("Left", "Right")


def made_kick():
    """The walk with one leg thrown up high, its knee bent far first."""
    clip = made_walk()
    time = np.linspace(0.0, 1.0, clip.frames)
    thigh, knee = -1.6 * np.sin(np.pi * time) ** 2, 1.9 * np.sin(np.pi * time**2)
    for joint, angles in (("RightUpLeg", thigh), ("RightLeg", knee)):
        turn = quat_from_axis_angle(X, angles)
        clip.rotations[:, INDEX[joint]] = quat_multiply(clip.rotations[:, INDEX[joint]], turn)
    return clip


def map_of(armature, bones=None):
    """What a rig is taken for, by bones named like joints, or joint -> bone."""
    names = bones or {joint: joint for joint in INDEX if joint in armature.data.bones}
    matches = {joint: Match(names[joint], 1.0, "by the test") for joint in INDEX if joint in names}
    return measure_rig(armature.name, read_rest(armature), BoneMap("made", matches, {}))


def rigify_map(armature):
    """The deform bones of a generated Rigify rig."""
    bones = {"Hips": "spine", "Spine": "spine.001", "Spine1": "spine.002", "Spine2": "spine.003",
             "Neck": "spine.004", "Head": "spine.006"}
    parts = {"Shoulder": "shoulder", "Arm": "upper_arm", "ForeArm": "forearm", "Hand": "hand", "UpLeg": "thigh",
             "Leg": "shin", "Foot": "foot", "Toe": "toe"}
    bones |= {side + joint: f"{bone}.{side[0]}" for side in SIDES for joint, bone in parts.items()}
    return map_of(armature, {joint: f"DEF-{bone}" for joint, bone in bones.items()})


# --- rigs -----------------------------------------------------------------------------------------------------------


def add_bone(bones, name, head, tail, parent=None):
    bone = bones.new(name)
    bone.head, bone.tail = head, tail
    bone.parent = bones[parent] if parent else None
    return bone


def human_on_root():
    """Galatea's human below a root bone."""
    armature = made_rigs.human()

    def edit(bones):
        add_bone(bones, "root", (0, 0, 0), (0, 0.3, 0))
        bones["Hips"].parent = bones["root"]
        bones["Hips"].use_connect = False

    made_rigs.edit_bones(armature, edit)
    return armature


def _bend_knees(bones, side, forward=0.03):
    """A knee a little bent at rest, as riggers leave it for the solver."""
    knee = bones[f"{side}Leg"]
    for bone in (bones[f"{side}UpLeg"], knee):
        bone.use_connect = False
    bones[f"{side}UpLeg"].tail.y -= forward
    knee.head.y -= forward
    knee.use_connect = True


def robot():
    """Legs that reach for loose feet, poles before the knees: how RobotExpressive is built."""
    armature = human_on_root()

    def edit(bones):
        for side in SIDES:
            _bend_knees(bones, side)
            bones[f"{side}Foot"].use_connect = False
            bones[f"{side}Foot"].parent = bones["root"]
            knee = bones[f"{side}Leg"].head
            add_bone(bones, f"{side}Pole", knee + Vector((0, -0.6, 0)), knee + Vector((0, -0.7, 0)), "root")

    made_rigs.edit_bones(armature, edit)
    for side in SIDES:
        add_ik(armature, f"{side}Leg", f"{side}Foot", f"{side}Pole")
    return armature


def with_targets(pole=True, arms=False):
    """Legs (and arms) that reach for targets of their own, whose turn the feet (and hands) copy."""
    armature = human_on_root()
    limbs = [("UpLeg", "Leg", "Foot", -0.03)] + ([("Arm", "ForeArm", "Hand", 0.03)] if arms else [])

    def edit(bones):
        for side in SIDES:
            for upper, lower, end, forward in limbs:
                joint = bones[side + lower]
                joint.use_connect = False
                bones[side + upper].use_connect = False
                bones[side + upper].tail.y += forward
                joint.head.y += forward
                joint.use_connect = True
                bones[side + end].use_connect = False
                ankle = bones[side + end].head.copy()
                add_bone(bones, f"{side}{end}IK", ankle, ankle + Vector((0, 0.2, 0)), "root")
                if pole:
                    at = joint.head + Vector((0, 20 * forward, 0))
                    add_bone(bones, f"{side}{lower}Pole", at, at + Vector((0, 0, 0.1)), "root")

    made_rigs.edit_bones(armature, edit)
    for side in SIDES:
        for _, lower, end, _ in limbs:
            add_ik(armature, side + lower, f"{side}{end}IK", f"{side}{lower}Pole" if pole else "")
            copy = armature.pose.bones[side + end].constraints.new("COPY_ROTATION")
            copy.target, copy.subtarget = armature, f"{side}{end}IK"
            # the bone's own rest differs from the target's, as it does for riggers who turn targets level
            armature.data.bones[f"{side}{end}IK"].use_deform = False
    made_rigs.edit_bones(armature, lambda bones: [_as(bones[f"{side}{end}IK"], bones[side + end])
                                                  for side in SIDES for _, _, end, _ in limbs])
    return armature


def _as(bone, other):
    bone.tail, bone.roll = other.tail.copy(), other.roll


def with_objects():
    """Legs that reach for empties, with empties for poles."""
    armature = human_on_root()
    made_rigs.edit_bones(armature, lambda bones: [_bend_knees(bones, side) for side in SIDES])
    for side in SIDES:
        ik = armature.pose.bones[f"{side}Leg"].constraints.new("IK")
        ik.chain_count = 2
        bone = armature.data.bones[f"{side}Leg"]
        ik.target = add_empty(f"{side} Target", armature.matrix_world @ bone.tail_local)
        ik.pole_target = add_empty(f"{side} Pole", armature.matrix_world @ (bone.head_local + Vector((0, -0.6, 0))))
        ik.pole_angle = pole_angle(armature, f"{side}Leg", bone.head_local + Vector((0, -0.6, 0)))
    return armature


def add_empty(name, place):
    empty = bpy.data.objects.new(name, None)
    empty.location = place
    bpy.context.collection.objects.link(empty)
    return empty


def add_ik(armature, bone, target, pole="", count=2):
    ik = armature.pose.bones[bone].constraints.new("IK")
    ik.target, ik.subtarget, ik.chain_count = armature, target, count
    if pole:
        ik.pole_target, ik.pole_subtarget = armature, pole
        ik.pole_angle = pole_angle(armature, bone, armature.data.bones[pole].head_local)
    return ik


def pole_angle(armature, bone, pole):
    """The pole angle that leaves a chain of two as it is at rest."""
    last = armature.data.bones[bone]
    first = last.parent
    along = last.tail_local - first.head_local
    across = along.cross((pole - first.head_local).cross(along))
    square = across - first.y_axis * across.dot(first.y_axis)
    angle = first.x_axis.angle(square)
    return -angle if first.x_axis.cross(square).dot(first.y_axis) > 0.0 else angle


def copying(kind="COPY_TRANSFORMS"):
    """Deform bones without parents, each following a control of its own; the controls have other rolls."""
    armature = human_on_root()

    def edit(bones):
        for joint in [joint for joint in INDEX if joint in bones]:
            bone = bones.new(f"DEF-{joint}")
            bone.head, bone.tail, bone.roll = bones[joint].head, bones[joint].tail, bones[joint].roll
        for bone in bones:
            if bone.name in INDEX:
                bone.use_deform = False

    made_rigs.edit_bones(armature, edit)
    for joint in INDEX:
        pose = armature.pose.bones[f"DEF-{joint}"]
        if kind == "CHILD_OF":
            follow = pose.constraints.new("CHILD_OF")
            follow.target, follow.subtarget = armature, joint
            follow.inverse_matrix = armature.data.bones[joint].matrix_local.inverted()
        elif kind == "ARMATURE":
            follow = pose.constraints.new("ARMATURE")
            target = follow.targets.new()
            target.target, target.subtarget = armature, joint
        else:
            for each in [kind] + (["COPY_LOCATION"] if kind == "COPY_ROTATION" else []):
                follow = pose.constraints.new(each)
                follow.target, follow.subtarget = armature, joint
    return armature


def copying_map(armature):
    return map_of(armature, {joint: f"DEF-{joint}" for joint in INDEX})


def mmd(lowest=0.0, highest=3.1):
    """Legs as MikuMikuDance has them: knees that bend one way within limits, no poles, feet that reach for toes."""
    armature = human_on_root()

    def edit(bones):
        for side in SIDES:
            _bend_knees(bones, side, 0.01)
            ankle, toe = bones[f"{side}Foot"].head.copy(), bones[f"{side}Foot"].tail.copy()
            add_bone(bones, f"{side}LegIK", ankle, ankle + Vector((0, 0.1, 0)), "root")
            add_bone(bones, f"{side}ToeIK", toe, toe + Vector((0, 0, -0.05)), f"{side}LegIK")

    made_rigs.edit_bones(armature, edit)
    for side in SIDES:
        add_ik(armature, f"{side}Leg", f"{side}LegIK").iterations = 200
        add_ik(armature, f"{side}Foot", f"{side}ToeIK", count=1)
        knee = armature.pose.bones[f"{side}Leg"]
        knee.lock_ik_y = knee.lock_ik_z = knee.use_ik_limit_x = True
        knee.ik_min_x, knee.ik_max_x = lowest, highest
    return armature


def switched():
    """Legs in three: FK controls, a chain for IK, and the mapped bones, which copy either by a property of the root."""
    armature = with_targets()

    def edit(bones):
        for side in SIDES:
            for joint in (f"{side}UpLeg", f"{side}Leg"):
                for kind in ("FK", "IK"):
                    bone = bones.new(f"{kind}-{joint}")
                    bone.head, bone.tail, bone.roll = bones[joint].head, bones[joint].tail, bones[joint].roll
                    above = f"{kind}-{side}UpLeg" if joint.endswith("UpLeg") is False else "Hips"
                    bone.parent = bones[above]

    made_rigs.edit_bones(armature, edit)
    armature.pose.bones["root"]["leg_ik"] = 1.0
    for side in SIDES:
        leg = armature.pose.bones[f"{side}Leg"]
        leg.constraints.remove(leg.constraints["IK"])
        add_ik(armature, f"IK-{side}Leg", f"{side}FootIK", f"{side}LegPole")
        for joint in (f"{side}UpLeg", f"{side}Leg"):
            for kind in ("FK", "IK"):
                copy = armature.pose.bones[joint].constraints.new("COPY_TRANSFORMS")
                copy.name, copy.target, copy.subtarget = kind, armature, f"{kind}-{joint}"
            driver = copy.driver_add("influence").driver
            driver.type = "SUM"
            variable = driver.variables.new()
            variable.targets[0].id = armature
            variable.targets[0].data_path = 'pose.bones["root"]["leg_ik"]'
    bpy.context.view_layer.update()
    return armature


def stretchy():
    """Deform bones that begin at a control and stretch to the next one."""
    armature = copying()
    for joint, after in TOWARDS.items():
        pose = armature.pose.bones[f"DEF-{joint}"]
        if "UpLeg" in joint or "Arm" in joint:
            pose.constraints.remove(pose.constraints[0])
            copy = pose.constraints.new("COPY_LOCATION")
            copy.target, copy.subtarget = armature, joint
        if joint.startswith(("Left", "Right")):
            stretch = pose.constraints.new("STRETCH_TO")
            stretch.target, stretch.subtarget = armature, after
            stretch.rest_length = armature.data.bones[joint].length
    return armature


# --- posing and measuring -------------------------------------------------------------------------------------------


def tracks_of(armature, clip, controls="auto", rig=None):
    """(tracks, the clip as the rig can do it, the map)."""
    rig = rig or map_of(armature)
    fitted = fit_to_rig(clip, rig)
    return clip_tracks(armature, rig, fitted, controls), fitted, rig


def pose(armature, tracks, frame):
    """Give the rig's channels the values that the keys of a frame would, and nothing else."""
    for track in tracks.bones:
        bone = armature.pose.bones[track.bone]
        if track.location is not None:
            _set(bone, "location", (track.location_axes @ track.location[frame]), track.still)
        if track.rotation is not None:
            what = rotation_property(track.mode)
            _set(bone, what, rotation_values(track.rotation, track.mode)[frame], track.still)
    for extra in tracks.extras:
        owner = bpy.data.objects[extra.owner] if extra.owner else armature
        values = extra.values if extra.values.ndim == 1 else extra.values[frame]
        if extra.path.endswith('"]'):
            holder, _, name = extra.path[:-2].rpartition('["')
            holder = owner.path_resolve(holder)
            holder[name] = type(holder[name])(values[0])
        else:
            holder, _, name = extra.path.rpartition(".")
            holder = owner.path_resolve(holder) if holder else owner
            setattr(holder, name, values[0] if len(values) == 1 else values)
    armature.update_tag()
    bpy.context.view_layer.update()


def _set(bone, what, values, still):
    kept = list(getattr(bone, what))
    setattr(bone, what, [kept[index] if (what, index) in still else value for index, value in enumerate(values)])


def errors(armature, tracks, fitted, rig, every=4):
    """Joint -> (T, 3): degrees between directions to the next joint (NaN where there is none) and between rotations,
    and centimetres between places, of what Blender evaluates and what the clip does."""
    turned, places = forward_kinematics(fitted.skeleton, fitted.rotations, fitted.positions)
    out = {joint: [] for joint in rig.bones}
    for frame in range(0, fitted.frames, every):
        pose(armature, tracks, frame)
        there = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        heads = {joint: np.array(there[bone].head) for joint, bone in rig.bones.items()}
        for joint, bone in rig.bones.items():
            rest = np.array(armature.data.bones[bone].matrix_local)[:3, :3]
            now = np.array(there[bone].matrix)[:3, :3]
            now = now / np.linalg.norm(now, axis=0)
            away = rig.axes.T @ now @ rest.T @ rig.alignment[INDEX[joint]].T @ rig.axes
            apart = away.T @ matrix_from_quat(turned[frame, INDEX[joint]])
            direction, after = np.nan, TOWARDS.get(joint)
            if after in heads:
                direction = made_rigs.angle(rig.axes.T @ (heads[after] - heads[joint]),
                                            places[frame, INDEX[after]] - places[frame, INDEX[joint]])
            off = rig.to_canonical(heads[joint]) - places[frame, INDEX[joint]]
            out[joint].append((direction, np.degrees(np.arccos(np.clip((np.trace(apart) - 1) / 2, -1, 1))),
                               100 * np.linalg.norm(off)))
    return {joint: np.array(rows) for joint, rows in out.items()}


def worst(found, joints=None):
    """The largest direction error (degrees), rotation error (degrees) and place error (cm) of joints."""
    rows = np.concatenate([rows for joint, rows in found.items() if joints is None or joint in joints])
    return np.nanmax(rows, axis=0)


def turn_bone(armature, name, axis, angle):
    """Pose a bone by hand."""
    bone = armature.pose.bones[name]
    bone.matrix_basis = bone.matrix_basis @ Matrix.Rotation(angle, 4, axis)
