# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones that are locked, driven, inherit otherwise or were posed by hand: what can be met is, the rest is said."""

import bpy
import made_controls as made
import made_rigs
import numpy as np
import pytest
from made_walk import made_chaos, made_walk


def _keyed(tracks, what):
    return {track.bone for track in tracks.bones if getattr(track, what) is not None}


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "QUATERNION"])
def test_locked_axes_stay_and_the_rest_does_its_best(empty_scene, mode):
    armature = made.human_on_root()
    knee = armature.pose.bones["LeftLeg"]
    knee.rotation_mode = mode
    knee.lock_rotation = (False, True, True)
    tracks, fitted, rig = made.tracks_of(armature, made.made_kick())
    found = made.errors(armature, tracks, fitted, rig)
    assert made.worst(found, ("RightLeg", "LeftUpLeg", "LeftArm", "LeftLeg"))[0] < 0.05  # the walk's knees are hinges
    tracks, *_ = made.tracks_of(armature, made_chaos())
    assert any("LeftLeg turns about X alone" in note for note in tracks.notes)
    track = next(track for track in tracks.bones if track.bone == "LeftLeg")
    assert np.abs(track.rotation[:, 2:]).max() < 1e-6


def test_driven_rotations_are_left_to_their_drivers(empty_scene):
    armature = made.human_on_root()
    driver = armature.pose.bones["Head"].driver_add("rotation_quaternion", 1)
    driver.driver.expression = "0.1"
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert "Head" not in _keyed(tracks, "rotation")
    assert any("Head (Head) was left as it is: a driver turns it" in note for note in tracks.notes)
    found = made.errors(armature, tracks, fitted, rig)
    assert made.worst({joint: rows for joint, rows in found.items() if joint != "Head"})[1] < 0.2


def test_a_driven_influence_is_seen_as_it_is(empty_scene):
    armature = made.human_on_root()
    copy = armature.pose.bones["Head"].constraints.new("COPY_ROTATION")
    copy.target, copy.subtarget = armature, "LeftFoot"
    copy.driver_add("influence").driver.expression = "0.0"
    bpy.context.view_layer.update()
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert made.worst(made.errors(armature, tracks, fitted, rig))[1] < 0.2


@pytest.mark.parametrize("change", ["no_rotation", "no_scale", "world_location", "scaled", "posed_between", "rest"])
def test_inheritance_and_poses_by_hand_are_reckoned_with(empty_scene, change):
    armature = made.human_on_root()
    bones, pose = armature.data.bones, armature.pose.bones
    if change == "no_rotation":
        for name in ("Hips", "Head", "LeftArm", "RightUpLeg"):
            bones[name].use_inherit_rotation = False
    elif change == "no_scale":
        pose["Spine"].scale = (1.2, 1.2, 1.2)
        for name in ("LeftShoulder", "Neck"):
            bones[name].inherit_scale = "NONE"
    elif change == "world_location":
        bones["Hips"].use_local_location = False
    elif change == "scaled":
        pose["LeftArm"].scale = (1.0, 1.0, 1.0)
        pose["Head"].scale = (1.4, 1.4, 1.4)
    elif change == "posed_between":
        made_rigs.edit_bones(armature, _insert_between)
        made.turn_bone(armature, "between", "X", 0.3)
    elif change == "rest":
        armature.data.pose_position = "REST"
    tracks, fitted, rig = made.tracks_of(armature, made_chaos())
    armature.data.pose_position = "POSE"
    found = made.errors(armature, tracks, fitted, rig)
    assert made.worst(found)[1] < 0.2
    if change in ("world_location", "no_rotation", "scaled", "rest"):
        assert made.worst(found)[2] < 0.1


def _insert_between(bones):
    made.add_bone(bones, "between", bones["Spine1"].head.copy(), bones["Spine1"].tail.copy(), "Spine")
    bones["Spine1"].use_connect = False
    bones["Spine1"].parent = bones["between"]


def test_connected_hips_leave_the_way_to_what_they_hang_from(empty_scene):
    armature = made.human_on_root()

    def edit(bones):
        bones["root"].tail = bones["Hips"].head
        bones["Hips"].use_connect = True

    made_rigs.edit_bones(armature, edit)
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert _keyed(tracks, "location") == {"root"} and "root" not in _keyed(tracks, "rotation")
    assert made.worst(made.errors(armature, tracks, fitted, rig))[2] < 0.1


def test_a_locked_location_leaves_the_way_to_what_is_above(empty_scene):
    armature = made.human_on_root()
    armature.pose.bones["Hips"].lock_location = (True, True, True)
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert _keyed(tracks, "location") == {"root"}
    assert made.worst(made.errors(armature, tracks, fitted, rig))[2] < 0.1
    armature.pose.bones["root"].lock_location = (True, True, True)
    tracks, *_ = made.tracks_of(armature, made_walk())
    assert _keyed(tracks, "location") == set()
    assert any("Hips cannot be moved" in note for note in tracks.notes)


def test_the_motion_goes_where_people_put_the_rig(empty_scene):
    """A root that was moved and turned by hand carries everything, targets of the legs too."""
    armature = made.robot()
    root = armature.pose.bones["root"]
    root.location, root.rotation_mode, root.rotation_euler = (1.0, 2.0, 0.5), "XYZ", (0.1, 0.2, 1.0)
    root.scale = (0.8, 0.8, 0.8)
    bpy.context.view_layer.update()
    moved = np.array(root.matrix) @ np.linalg.inv(np.array(armature.data.bones["root"].matrix_local))
    tracks, *_ = made.tracks_of(armature, made_walk())
    assert "root" not in _keyed(tracks, "location") | _keyed(tracks, "rotation")
    made.pose(armature, tracks, 20)
    there = {bone.name: np.linalg.inv(moved) @ np.array(bone.matrix) for bone in armature.pose.bones}
    for bone in ("root", "Hips", "LeftFoot", "LeftLeg"):  # the same as on a root at rest
        there[bone] = there[bone][:3, 3].copy()
    root.location, root.rotation_euler, root.scale = (0, 0, 0), (0, 0, 0), (1, 1, 1)
    tracks, *_ = made.tracks_of(armature, made_walk())
    made.pose(armature, tracks, 20)
    for bone in ("Hips", "LeftFoot", "LeftLeg"):
        assert np.allclose(there[bone], np.array(armature.pose.bones[bone].head), atol=2e-3), bone
