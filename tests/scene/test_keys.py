# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips on rigs, judged by the bone matrices that Blender evaluates."""

from dataclasses import replace

import bpy
import made_rigs
import numpy as np
import pytest
from made_tracks import noisy_walk
from made_walk import made_chaos, made_walk

from blender_addon.errors import RigError
from blender_addon.motion.channels import every_frame
from blender_addon.motion.key_reduction import reduce_keys
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.skeleton import INDEX, JOINTS
from blender_addon.motion.tracks import Extra
from blender_addon.rig.retargeting import fit_to_rig
from blender_addon.scene import keys, versions
from blender_addon.scene.posing import clip_tracks
from blender_addon.scene.rigs import read_rig

MODES = ("QUATERNION", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE")


def take(armature, clip, name="take", start=1, tolerance=None, **more) -> keys.Take:
    rig = read_rig(armature)
    tracks = clip_tracks(armature, rig, fit_to_rig(clip, rig))
    curves = every_frame(tracks, start) if tolerance is None else reduce_keys(tracks, tolerance, start).curves
    return keys.Take(name, curves, start=start, frames=tracks.frames, tracks=tracks, **more)


def key(armature, clip, start=1, name="take", tolerance=None):
    return keys.key_takes(armature, [take(armature, clip, name, start, tolerance)])[0]


@pytest.mark.parametrize("make", made_rigs.RIGS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("clip", [made_walk(), made_walk(heading=2.0), made_chaos()], ids=["walk", "turned", "chaos"])
def test_the_rig_does_what_the_clip_does(empty_scene, make, clip):
    armature = make()
    key(armature, clip)
    worst = made_rigs.errors_against(armature, clip, every=3)
    assert worst["limbs"] < 0.5 and worst["turned"] < 0.5, worst
    assert worst["pelvis"] < 1e-3, worst


def test_on_the_canonical_armature_every_joint_is_where_the_clip_has_it(empty_scene):
    armature, clip = made_rigs.human(), made_chaos()
    key(armature, clip)
    places = joint_positions(clip)
    for k in range(clip.frames):
        bones = made_rigs.posed(armature, 1 + k).pose.bones
        heads = np.array([bones[joint].head for joint in JOINTS])
        assert np.abs(heads - places[k]).max() < 1e-3


@pytest.mark.parametrize("make", [made_rigs.metarig, made_rigs.from_fbx, made_rigs.turned_about])
def test_feet_stand_on_the_ground_and_go_the_way_it_faces(empty_scene, make):
    """Standing in the T-pose the ankles are as high as at rest; a walk goes ahead by its length at the rig's size."""
    armature, clip = make(), made_walk(seconds=4.0)
    rig = read_rig(armature)
    up, ahead = rig.axes[:, 2], -rig.axes[:, 1]
    feet = [rig.bones[f"{side}Foot"] for side in ("Left", "Right")]
    rest = np.array([armature.data.bones[foot].head_local for foot in feet]) @ up
    standing = clip.skeleton.rest_positions[0]
    still = clip.rotations[:2] * 0 + [1.0, 0.0, 0.0, 0.0]
    key(armature, type(clip)(clip.skeleton, still, np.tile(standing, (2, 1)), 30.0))
    bones = made_rigs.posed(armature, 1).pose.bones
    assert np.allclose(np.array([bones[foot].head for foot in feet]) @ up, rest, atol=1e-3 * rig.scale())
    key(armature, clip)
    places = [np.array(made_rigs.posed(armature, frame).pose.bones[rig.bones["Hips"]].head) for frame in (1, 120)]
    wanted = np.linalg.norm(clip.positions[-1] - clip.positions[0])
    assert (places[1] - places[0]) @ ahead == pytest.approx(wanted * rig.scale(), rel=0.02)


# --- rotation modes and bone settings ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_every_rotation_mode_is_kept_and_never_jumps(empty_scene, mode):
    armature = made_rigs.metarig()
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    clip = made_chaos(frames=240, reach=2.0)
    action = key(armature, clip)
    assert {bone.rotation_mode for bone in armature.pose.bones} == {mode}
    worst = made_rigs.errors_against(armature, clip, every=8)
    assert worst["limbs"] < 0.5 and worst["turned"] < 0.5, worst
    quick = quickest_turn(clip)
    for path, values in rotation_curves(action).items():
        if mode == "QUATERNION":
            assert np.allclose(np.linalg.norm(values, axis=1), 1.0, atol=1e-5)
            assert np.sum(values[1:] * values[:-1], axis=1).min() > 0.0, path
        elif mode == "AXIS_ANGLE":
            assert np.abs(np.diff(values[:, 0])).max() < 4 * quick, path
            assert np.sum(values[1:, 1:] * values[:-1, 1:], axis=1).min() > 0.0, path
        else:  # near gimbal lock two angles may swing quickly against one another, but none by a whole turn
            assert np.abs(np.diff(values, axis=0)).max() < np.pi + quick, path


def test_euler_angles_of_a_full_turn_go_on_beyond_it(empty_scene):
    """A limb that turns round twice has angles that reach two turns, not angles that jump back."""
    armature = made_rigs.human()
    armature.pose.bones["LeftArm"].rotation_mode = "XYZ"
    clip = made_walk(seconds=4.0)
    angle = np.linspace(0.0, 4 * np.pi, clip.frames)
    rotations = np.zeros_like(clip.rotations)
    rotations[..., 0] = 1.0
    rotations[:, INDEX["LeftArm"], 0], rotations[:, INDEX["LeftArm"], 1] = np.cos(angle / 2), np.sin(angle / 2)
    action = key(armature, type(clip)(clip.skeleton, rotations, clip.positions, 30.0))
    turned = rotation_curves(action)['pose.bones["LeftArm"].rotation_euler']
    assert np.ptp(turned, axis=0).max() == pytest.approx(4 * np.pi, abs=1e-3)
    assert np.abs(np.diff(turned, axis=0)).max() < 0.2


def rotation_curves(action) -> dict[str, np.ndarray]:
    """Data path -> (T, n) values of its keys."""
    found: dict[str, dict[int, np.ndarray]] = {}
    for curve in versions.fcurves(action):
        if "rotation" in curve.data_path:
            values = np.array([point.co[1] for point in curve.keyframe_points])
            found.setdefault(curve.data_path, {})[curve.array_index] = values
    return {path: np.stack([by[i] for i in sorted(by)], axis=1) for path, by in found.items()}


def quickest_turn(clip) -> float:
    dots = np.abs(np.sum(clip.rotations[1:] * clip.rotations[:-1], axis=-1))
    return float(2 * np.arccos(np.clip(dots, 0, 1)).max())


def _root(bones, connect):
    root = bones.new("root")
    root.head, root.tail, root.roll = (0.0, 0.3, 0.4), bones["Hips"].head, 0.7
    bones["Hips"].parent, bones["Hips"].use_connect = root, connect


def _connected(bones):
    _root(bones, True)


def _connected_twice(bones):
    _root(bones, True)
    ground = bones.new("ground")
    ground.head, ground.tail = (0.0, 0.0, 0.0), bones["root"].head
    bones["root"].parent, bones["root"].use_connect = ground, True


def _no_local_location(bones):
    _root(bones, False)
    bones["Hips"].use_local_location = False


def _no_local_location_at_the_root(bones):
    bones["Hips"].use_local_location = False


def _hinges(bones):
    for name in ("LeftArm", "Head", "Spine1", "RightLeg"):
        bones[name].use_inherit_rotation = False


def _between(bones):
    """A bone that no joint is mapped to, between two that are."""
    twist = bones.new("twist")
    twist.head, twist.tail, twist.roll = bones["LeftArm"].head, bones["LeftForeArm"].head, 1.0
    bones["LeftForeArm"].use_connect = False
    twist.parent, bones["LeftForeArm"].parent = bones["LeftArm"], twist


@pytest.mark.parametrize("edit", [_connected, _connected_twice, _no_local_location, _no_local_location_at_the_root,
                                  _hinges, _between])
def test_bones_however_they_hang_together(empty_scene, edit):
    armature = made_rigs.human()
    made_rigs.edit_bones(armature, edit)
    clip = made_chaos()
    key(armature, clip)
    worst = made_rigs.errors_against(armature, clip, every=4)
    assert worst["limbs"] < 0.5 and worst["turned"] < 0.5 and worst["pelvis"] < 1e-3, worst


def test_a_bone_posed_between_two_joints_is_reckoned_with_and_left_alone(empty_scene):
    armature = made_rigs.human()
    made_rigs.edit_bones(armature, _between)
    armature.pose.bones["twist"].rotation_mode = "XYZ"
    armature.pose.bones["twist"].rotation_euler = (0.0, 0.6, 0.0)
    clip = made_walk()
    key(armature, clip)
    assert tuple(armature.pose.bones["twist"].rotation_euler) == pytest.approx((0.0, 0.6, 0.0))
    assert made_rigs.errors_against(armature, clip, every=6)["limbs"] < 0.5


def test_names_that_need_escaping(empty_scene):
    armature = made_rigs.human()
    armature.data.bones["Spine"].name = 'Sp"i\\ne'
    armature.data.bones['Sp"i\\ne'].name = "Spine"
    armature.data.bones["LeftArm"].name = "Left_Arm"
    for bone in armature.data.bones:
        bone.name = f'a"b\\c:{bone.name}'
    clip = made_walk()
    key(armature, clip)
    assert made_rigs.errors_against(armature, clip, every=10)["limbs"] < 0.5


# --- actions --------------------------------------------------------------------------------------------------------


def test_keys_are_listed_by_bone_generated_linear_and_on_whole_frames(empty_scene):
    armature = made_rigs.metarig()
    action = key(armature, made_walk(), start=11)
    curves = versions.fcurves(action)
    groups = {curve.group.name for curve in curves}
    assert groups == set(read_rig(armature).bones.values())
    for curve in curves:
        points = curve.keyframe_points
        assert [point.co[0] for point in points] == list(range(11, 71))
        assert {point.type for point in points} == {"GENERATED"} and {p.interpolation for p in points} == {"LINEAR"}
    assert tuple(action.frame_range) == (11.0, 70.0)


def joints(armature, frame) -> np.ndarray:
    """(B, 3) where bones end in the world, as Blender evaluates it."""
    posed = made_rigs.posed(armature, frame)
    return np.array([posed.matrix_world @ bone.tail for bone in posed.pose.bones])


@pytest.mark.parametrize("mode", ["QUATERNION", "YXZ", "AXIS_ANGLE"])
@pytest.mark.parametrize("make", [made_rigs.human, made_rigs.from_fbx])
def test_few_keys_are_as_near_as_promised_by_blenders_own_evaluation(empty_scene, make, mode):
    armature, clip = make(), noisy_walk(seconds=1.5)
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    every = key(armature, clip, name="every")
    frames = range(1, clip.frames + 1)
    wanted = np.array([joints(armature, frame) for frame in frames])
    few = key(armature, clip, name="few", tolerance=3.0)
    assert armature.animation_data.action is few
    off = np.linalg.norm(np.array([joints(armature, frame) for frame in frames]) - wanted, axis=-1)
    assert off.max() < 0.003
    counts = [sum(len(curve.keyframe_points) for curve in versions.fcurves(action)) for action in (few, every)]
    assert counts[0] < 0.5 * counts[1]


def test_handles_are_where_they_were_fitted_and_stay_in_line(empty_scene):
    armature = made_rigs.metarig()
    made = take(armature, noisy_walk(), start=100, tolerance=5.0)
    action = keys.key_takes(armature, [made])[0]
    there = {(curve.data_path, curve.array_index): curve for curve in versions.fcurves(action)}
    assert len(there) == len(made.curves)
    for curve in made.curves:
        points = there[keys.data_path(curve), curve.index].keyframe_points
        assert np.allclose([point.co for point in points], np.column_stack([curve.frames, curve.values]), atol=1e-5)
        assert np.allclose([point.handle_left for point in points], curve.left, atol=1e-4)
        assert np.allclose([point.handle_right for point in points], curve.right, atol=1e-4)
        assert {point.handle_left_type for point in points} == {"ALIGNED"}
        assert {point.interpolation for point in points} == {"BEZIER"} and {p.type for p in points} == {"GENERATED"}


def test_switches_and_other_objects_take_keys_too(empty_scene):
    armature = made_rigs.human()
    armature.pose.bones["Hips"]["IK"] = 0.0
    target = bpy.data.objects.new("Target", None)
    bpy.context.collection.objects.link(target)
    made = take(armature, made_walk())
    way = np.column_stack([np.linspace(0.0, 1.0, made.frames)] * 3)
    extras = (Extra('pose.bones["Hips"]["IK"]', np.array([1.0]), "Hips"),
              Extra("location", way, "Object Transforms", "Target"))
    made = replace(made, curves=every_frame(replace(made.tracks, extras=extras), 1))
    actions = keys.key_takes(armature, [made])
    assert armature.animation_data.action is actions[0] and len(actions) == 1
    switch = next(curve for curve in versions.fcurves(actions[0]) if curve.data_path.endswith('["IK"]'))
    assert [(p.co[0], p.co[1], p.interpolation) for p in switch.keyframe_points] == [(1.0, 1.0, "CONSTANT")]
    other = target.animation_data.action
    assert other.name == "take Target" and {curve.data_path for curve in versions.fcurves(other)} == {"location"}
    bpy.context.scene.frame_set(made.frames)
    assert tuple(target.location) == pytest.approx((1.0, 1.0, 1.0)) and armature.pose.bones["Hips"]["IK"] == 1.0


def test_takes_as_strips_above_what_was_bound(empty_scene):
    """The action that was bound becomes a strip below, the first take plays, the others wait."""
    armature = made_rigs.human()
    old = key(armature, made_walk(), name="old")
    made = [take(armature, clip, name) for name, clip in (("a", made_walk(speed=2.0)), ("b", made_walk(speed=3.0)))]
    wanted = made_walk(speed=2.0)
    actions = keys.key_takes(armature, made, nla=True)
    animation = armature.animation_data
    assert animation.action is None
    assert [(t.name, t.mute, [s.action for s in t.strips]) for t in animation.nla_tracks] == [
        ("old", False, [old]), ("a", False, [actions[0]]), ("b", True, [actions[1]])]
    assert made_rigs.errors_against(armature, wanted, every=20)["pelvis"] < 1e-3


def test_only_these_curves_are_replaced(empty_scene):
    armature = made_rigs.human()
    action = key(armature, made_walk(), name="old")
    before = {line[:2]: line for line in dump(action)}
    other = take(armature, made_walk(speed=3.0), tolerance=2.0)
    few = [curve for curve in other.curves if curve.bone in ("LeftLeg", "Hips")]
    keys.replace_curves(action, few)
    after = {line[:2]: line for line in dump(action)}
    assert after.keys() == before.keys()
    changed = {place for place in after if after[place] != before[place]}
    assert changed <= {(keys.data_path(curve), curve.index) for curve in few} and len(changed) > 4


def test_only_the_hips_are_moved(empty_scene):
    action = key(made_rigs.metarig(), made_walk())
    moved = {curve.data_path for curve in versions.fcurves(action) if not curve.data_path.split(".")[-1].startswith(
        "rotation")}
    assert moved == {'pose.bones["spine"].location'}


def test_the_new_action_is_bound_with_its_slot(empty_scene):
    armature = made_rigs.human()
    action = key(armature, made_walk())
    assert armature.animation_data.action is action
    if hasattr(action, "slots"):
        assert armature.animation_data.action_slot is not None
        assert armature.animation_data.action_slot.handle == action.slots[0].handle


def test_the_old_action_is_kept_as_it_was(empty_scene):
    armature = made_rigs.human()
    armature.keyframe_insert("location", frame=1)
    armature.pose.bones["Head"].keyframe_insert("rotation_quaternion", frame=5)
    old = armature.animation_data.action
    before = dump(old)
    key(armature, made_walk())
    assert armature.animation_data.action is not old and old.name in bpy.data.actions
    assert old.use_fake_user and dump(old) == before


def dump(action) -> list:
    return [(curve.data_path, curve.array_index, [(tuple(p.co), p.type, p.interpolation, tuple(p.handle_left))
                                                  for p in curve.keyframe_points])
            for curve in versions.fcurves(action)]


def test_takes_are_actions_of_their_own_and_the_first_is_active(empty_scene):
    armature = made_rigs.human()
    clips = [made_walk(speed=1.0 + k) for k in range(3)]
    takes = [take(armature, clip, f"take {k}", loop=True, provenance={"galatea_seed": k})
             for k, clip in enumerate(clips)]
    actions = keys.key_takes(armature, takes)
    assert [action.name for action in actions] == ["take 0", "take 1", "take 2"]
    assert armature.animation_data.action is actions[0]
    assert [action["galatea_seed"] for action in actions] == [0, 1, 2]
    assert all(action.use_fake_user for action in actions[1:]) and not actions[0].use_fake_user
    assert all(action.use_cyclic and action.frame_end == 60 for action in actions)
    for action, clip in zip(actions, clips):
        versions.bind_action(armature, action)
        assert made_rigs.errors_against(armature, clip, every=20)["pelvis"] < 1e-3


@pytest.mark.parametrize("nla", [False, True])
def test_nothing_is_left_of_keys_that_fail(empty_scene, monkeypatch, nla):
    armature = made_rigs.human()
    old = key(armature, made_walk(), name="old")
    before = versions.Binding.of(armature)
    takes = [take(armature, made_walk(), name) for name in "ab"]
    whole = keys.write_curves

    def fail(action, curves):
        whole(action, curves[:3])
        if action.name == "b":
            raise RuntimeError("no more memory")

    monkeypatch.setattr(keys, "write_curves", fail)
    with pytest.raises(RuntimeError):
        keys.key_takes(armature, takes, nla)
    assert [action.name for action in bpy.data.actions] == ["old"]
    assert armature.animation_data.action is old and versions.Binding.of(armature) == before
    assert not old.use_fake_user


def test_an_nla_strip_in_tweak_mode_is_not_touched(empty_scene):
    armature = made_rigs.human()
    action = key(armature, made_walk())
    track = armature.animation_data.nla_tracks.new()
    track.strips.new("strip", 1, action)
    armature.animation_data.action = None
    track.select = True
    armature.animation_data.nla_tracks.active = track
    armature.animation_data.use_tweak_mode = True
    with pytest.raises(RigError, match="tweak mode"):
        key(armature, made_walk())
