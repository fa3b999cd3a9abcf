# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling between keys that were set on Rigify's controls as people set them: torso, hips, chest, hands and feet."""

import re

import bpy
import made_fills
import made_keys
import made_rigs
import numpy as np
import pytest
from made_inbetweener import write_inbetweener
from mathutils import Quaternion

from blender_addon import api
from blender_addon.errors import ClipError
from blender_addon.inference.packs import read_pack
from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.rotations import quat_angle
from blender_addon.motion.skeleton import INDEX
from blender_addon.scene import filling
from blender_addon.scene.posing import clip_tracks
from blender_addon.scene.versions import fcurves

X = (1.0, 0.0, 0.0)
POSES = {1: 0.0, 21: 0.2, 41: -0.1}  # frame -> radians that torso, hips and chest are bent forward by


@pytest.fixture(scope="module")
def rig_file(tmp_path_factory):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made_rigs.basic_metarig()
    bpy.ops.pose.rigify_generate()
    rig = bpy.data.objects["rig"]
    for frame, bent in POSES.items():
        key(rig, "torso", frame, (0.0, -0.3 * bent, -abs(bent) * 0.4), bent)
        key(rig, "hips", frame, None, -bent)
        key(rig, "chest", frame, None, bent)
        for name in ("foot_ik.L", "foot_ik.R", "hand_ik.L", "hand_ik.R"):
            key(rig, name, frame, (0.0, -bent, 0.0) if "hand" in name else (0.0, 0.0, 0.0), 0.0)
    path = str(tmp_path_factory.mktemp("rigify") / "rig.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    return path


def key(rig, name, frame, location, turn):
    pose = rig.pose.bones[name]
    pose.rotation_quaternion = Quaternion(X, turn)
    pose.keyframe_insert("rotation_quaternion", frame=frame)
    if location is not None:
        pose.location = location
        pose.keyframe_insert("location", frame=frame)


@pytest.fixture
def rig(rig_file, tmp_path):
    bpy.ops.wm.open_mainfile(filepath=rig_file)
    with made_fills.only_pack(read_pack(write_inbetweener(tmp_path / "made-inbetweener", turn=0.1, shift=0.02))):
        yield bpy.data.objects["rig"]


def test_chest_and_hips_are_filled_and_do_what_was_meant(rig, monkeypatch):
    meant = {}

    def and_keep(target, rig_map, clip, *others):
        meant["clip"] = clip
        return clip_tracks(target, rig_map, clip, *others)

    monkeypatch.setattr(filling, "clip_tracks", and_keep)
    authored = made_keys.all_keys()
    result = api.inbetween(rig, api.InbetweenRequest(feet=False, keys="every"))
    assert [(gap.first, gap.last, gap.why) for gap in result.gaps] == [(2, 20, ""), (22, 40, "")]
    assert made_keys.all_keys() == authored
    made = {path.split('"')[1] for _, _, path, _ in made_keys.all_keys(generated=True)}
    assert made == {"torso", "hips", "chest", "foot_ik.L", "foot_ik.R", "hand_ik.L", "hand_ik.R"}
    seen = forward_kinematics(*parts(api.read_motion(rig, 1, 41)))[0]
    wanted = forward_kinematics(*parts(meant["clip"]))[0]
    for joint, degrees in (("Hips", 1.0), ("Spine2", 3.0)):
        away = np.degrees(quat_angle(seen[:, INDEX[joint]], wanted[:, INDEX[joint]]))
        assert away.max() < degrees, (joint, away.round(1))


def test_limbs_that_ik_bends_otherwise_are_named_with_by_how_much(rig, monkeypatch):
    """Hands that come from low in front to high: without a pole elbows are where the solver has them."""
    meant = {}

    def and_keep(target, rig_map, clip, *others):
        meant["clip"] = clip
        return clip_tracks(target, rig_map, clip, *others)

    monkeypatch.setattr(filling, "clip_tracks", and_keep)
    for frame, high in ((1, -0.5), (21, 0.4), (41, -0.5)):
        key(rig, "hand_ik.L", frame, (-0.45, -0.3, high), 0.0)
    line, = [note for note in api.inbetween(rig, api.InbetweenRequest(keys="every")).notes if "IK bends" in note]
    found = re.search(r"the left arm by (\d+) degrees \(frame (\d+)\)", line)
    degrees, frame = map(int, found.groups())
    bones, joints = made_rigs.posed(rig, frame).pose.bones, joint_positions(meant["clip"])[frame - 1]
    line = ("LeftArm", "upper_arm"), ("LeftForeArm", "forearm"), ("LeftHand", "hand")
    seen = np.diff([bones[f"DEF-{name}.L"].head for _, name in line], axis=0)
    wanted = np.diff([joints[INDEX[joint]] for joint, _ in line], axis=0)
    assert degrees == pytest.approx(max(map(made_rigs.angle, seen, wanted)), abs=1.5) and degrees >= 10
    assert "leg" not in found.string


def parts(clip):
    return clip.skeleton, clip.rotations, clip.positions


def test_poles_that_nobody_keyed_are_not_spoken_of_but_what_is_left_is(rig):
    for frame, bent in POSES.items():
        key(rig, "tweak_spine.003", frame, (0.0, 0.1 * bent, 0.0), 0.0)
    notes = api.inbetween(rig, api.InbetweenRequest()).notes
    assert not [note for note in notes if "pole" in note or "degrees off" in note or "IK bends" in note]
    assert [note for note in notes if note == "left to their own keys: tweak_spine.003"]


def test_poles_that_are_keyed_are_filled_where_they_are_in_use(rig):
    poles = ("thigh_ik_target.L", "thigh_ik_target.R")
    for frame in POSES:
        for pole in poles:
            key(rig, pole, frame, (0.0, -0.1, 0.0), 0.0)
    holder = rig.pose.bones["thigh_parent.L"]
    holder["pole_vector"] = type(holder["pole_vector"])(True)
    notes = api.inbetween(rig, api.InbetweenRequest()).notes
    made = bones_of(made_keys.all_keys(generated=True))
    assert poles[0] in made and poles[1] not in made and not [note for note in notes if "shows" in note]
    assert f"left to their own keys: {poles[1]}" in notes


def test_switches_that_stand_otherwise_are_told_in_one_line(rig):
    for side in "LR":
        rig.pose.bones[f"thigh_parent.{side}"]["IK_FK"] = 1.0
    notes = api.inbetween(rig, api.InbetweenRequest()).notes
    assert [note for note in notes if "shows" in note] == [
        "what was filled shows where IK_FK of thigh_parent.L, thigh_parent.R is 0; it is 1 now"]


def bones_of(keys):
    return {path.split('"')[1] for _, _, path, *_ in keys}


def test_toes_turn_on_their_feet_and_stay_on_them(rig):
    """Where somebody keyed the location of all controls, and legs are too short for where their feet go."""
    for name in ("upper_arm_parent", "thigh_parent"):
        for side in "LR":
            rig.pose.bones[f"{name}.{side}"]["IK_Stretch"] = 0.0
    for frame, bent in POSES.items():
        key(rig, "torso", frame, (0.0, -2.0 * bent, 0.03), bent)
        for side in "LR":
            key(rig, f"foot_ik.{side}", frame, (0.0, -2.0 * bent, 0.0), 0.0)
            key(rig, f"toe_ik.{side}", frame, (0.0, 0.002 if bent else 0.0, 0.0), 0.5 * bent)
    before = feet(rig)
    api.inbetween(rig, api.InbetweenRequest())
    made = {(path.split('"')[1], path.rpartition(".")[2]) for _, _, path, _ in made_keys.all_keys(generated=True)}
    assert ("toe_ik.L", "rotation_quaternion") in made and ("foot_ik.L", "location") in made
    assert not [name for name, what in made if what == "location" and name.startswith("toe")]
    assert np.abs(feet(rig) - before).max() < 0.02


def feet(rig):
    """(T, 2) how long both feet are, of what they are at rest, as Blender shows them."""
    found = []
    for frame in range(1, 42):
        bpy.context.scene.frame_set(frame)
        bones = [rig.pose.bones[f"DEF-foot.{side}"] for side in "LR"]
        found.append([bone.length / bone.bone.length for bone in bones])
    return np.array(found)


def test_a_take_of_generated_keys_alone_is_named(rig):
    for action in bpy.data.actions:
        for curve in fcurves(action):
            for point in curve.keyframe_points:
                point.type = "GENERATED"
    with pytest.raises(ClipError, match="all keys there are generated"):
        api.inbetween(rig, api.InbetweenRequest())


def test_a_root_that_moves_carries_what_is_filled(rig):
    """Nothing but the root's constraints says that it does: in a rig of Rigify's no control hangs from it."""
    root, seen = rig.pose.bones["root"], []
    for far in (0.0, 2.0):
        for frame in (1, 41):
            root.location = (0.3, far * (frame > 1), 0.0)
            root.keyframe_insert("location", frame=frame)
        for curve in fcurves(rig.animation_data.action):
            for point in curve.keyframe_points if '"root"' in curve.data_path else ():
                point.interpolation = "LINEAR"
        api.inbetween(rig, api.InbetweenRequest(feet=False, keys="every"))
        seen.append([[made_rigs.posed(rig, frame).pose.bones["root"].matrix.inverted() @
                      made_rigs.posed(rig, frame).pose.bones[name].head for name in ("DEF-spine", "DEF-foot.L")]
                     for frame in range(1, 42)])
    still, carried = np.array(seen)
    assert np.ptp(still[1:20, 0, 1]) > 0.01  # the stub moves the hips
    assert np.abs(carried - still).max() < 0.003


def test_feet_that_are_keyed_out_of_reach_do_not_go_through_the_floor(rig):
    """A jump: the torso half a metre up, the feet keyed 15 cm up, which stretched legs as they are reach, or do not."""
    for frame, torso, foot, pointed in ((1, -0.3, 0.0, 0.0), (21, 0.5, 0.15, 0.7), (41, -0.3, 0.0, 0.0)):
        key(rig, "torso", frame, (0.0, 0.0, torso), 0.0)
        for side in "LR":
            key(rig, f"foot_ik.{side}", frame, (0.0, 0.0, foot), pointed)
    for stretch in (1.0, 0.0):
        for side in "LR":
            rig.pose.bones[f"thigh_parent.{side}"]["IK_Stretch"] = stretch
        keyed = soles(rig, (1, 41)).min()
        api.inbetween(rig, api.InbetweenRequest(keys="every"))
        assert soles(rig, range(1, 42)).min() > keyed - 0.01
        assert np.abs(np.diff(soles(rig, range(1, 42)), 2, axis=0)).max() < (0.03 if stretch else 0.08)


def soles(rig, frames):
    """(n, 6) metres that ankles, balls and toes' tips are above the floor as Blender shows them."""
    found = []
    for frame in frames:
        bones = made_rigs.posed(rig, frame).pose.bones
        feet = [(bones[f"DEF-foot.{side}"], bones[f"DEF-toe.{side}"]) for side in "LR"]
        found.append([place.z for foot, toe in feet for place in (foot.head, toe.head, toe.tail)])
    return np.array(found)


def test_hips_go_evenly_where_neck_and_toes_are_not_keyed(rig):
    """At 24 frames a second; every frame was taken for a key there, and brought onto a whole frame of 30."""
    assert bpy.context.scene.render.fps == 24
    api.inbetween(rig, api.InbetweenRequest(feet=False, keys="every"))
    hips = api.read_motion(rig, 1, 41).positions
    steps = np.linalg.norm(np.diff(hips[1:20], axis=0), axis=-1)
    assert np.abs(np.diff(steps, 2)).max() < 0.15 * steps.max()
