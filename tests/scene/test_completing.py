# SPDX-License-Identifier: GPL-3.0-or-later
"""Completing a pose: what is keyed or selected stays, the rest is the model's, a person's keys stay as they are."""

import bpy
import made_controls
import made_keys
import made_rigs
import numpy as np
import pytest
from made_pose_pack import TURN, write_pose_pack
from mathutils import Quaternion

from blender_addon import api
from blender_addon.api import packs
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.motion.rotations import quat_to_axis_angle
from blender_addon.motion.skeleton import INDEX
from blender_addon.scene.versions import fcurves, select_bone


@pytest.fixture
def human(empty_scene, tmp_path, monkeypatch):
    pack = read_pack(write_pose_pack(tmp_path / "made-poses"))
    monkeypatch.setattr(packs, "pick_pack", lambda kind, name="", folder="": packs.choose_pack([pack], [], kind, name))
    armature = made_rigs.human()
    for bone in armature.pose.bones:
        select_bone(bone, False)
    return armature


def turns(armature):
    """Joint -> degrees by which its bone is turned from the one above, as Blender evaluates it."""
    frame = bpy.context.scene.frame_current
    clip = api.read_motion(armature, frame, frame)
    return {joint: np.degrees(quat_to_axis_angle(clip.rotations[0, INDEX[joint]])[1]) for joint in INDEX}


def test_what_is_selected_stays_and_the_rest_is_posed(human):
    arm = human.pose.bones["LeftArm"]
    arm.rotation_quaternion = Quaternion((1.0, 0.0, 0.0), 0.9)
    select_bone(arm, True)
    result = api.complete_pose(human, api.PoseRequest(selected=True))
    made = turns(human)
    assert made["LeftArm"] == pytest.approx(np.degrees(0.9), abs=0.01)
    assert all(made[joint] == pytest.approx(np.degrees(TURN), abs=0.01) for joint in INDEX if joint != "LeftArm")
    assert result.known == 1 and not result.keyed and "LeftArm" not in result.bones
    assert human.animation_data is None


def test_where_bones_are_keyed_the_others_get_ordinary_keys(human):
    bpy.context.scene.frame_set(10)
    for bone, frames in (("LeftArm", (1, 10, 30)), ("Spine", (1, 30))):
        for frame in frames:
            human.pose.bones[bone].rotation_quaternion = Quaternion((0.0, 1.0, 0.0), 0.01 * frame)
            human.pose.bones[bone].keyframe_insert("rotation_quaternion", frame=frame)
    bpy.context.scene.frame_set(10)
    before = made_keys.all_keys()
    result = api.complete_pose(human)
    after = made_keys.all_keys()
    for place, rows in before.items():
        assert [row for row in after[place] if row in rows] == rows
    assert result.keyed and not made_keys.all_keys(generated=True)
    arm = next(place for place in before if "LeftArm" in place[2])
    spine = next(place for place in before if '"Spine"' in place[2])
    assert len(after[arm]) == 3 and [row[0][0] for row in after[spine]] == [1.0, 10.0, 30.0]
    bpy.context.scene.frame_set(1)
    bpy.context.scene.frame_set(10)
    made = turns(human)
    assert [made["Spine"], made["RightLeg"]] == pytest.approx([np.degrees(TURN)] * 2, abs=0.01)
    assert made["LeftArm"] == pytest.approx(np.degrees(0.1), abs=0.01)
    assert len(fcurves(human.animation_data.action)) > 60


def test_limbs_that_reach_stay_where_their_targets_are(human):
    armature = made_controls.with_targets()
    for bone in armature.pose.bones:
        select_bone(bone, bone.name in ("LeftFootIK", "RightFootIK"))
    there = {name: np.array(armature.pose.bones[name].matrix) for name in ("LeftFootIK", "RightFootIK")}
    api.complete_pose(armature, api.PoseRequest(selected=True))
    posed = made_rigs.posed(armature, 1).pose.bones
    for name, matrix in there.items():
        assert np.allclose(np.array(posed[name].matrix), matrix, atol=1e-5)


def test_nothing_known_or_everything_is_one_line(human):
    with pytest.raises(GalateaError, match="nothing is known"):
        api.complete_pose(human, api.PoseRequest(selected=True))
    for bone in human.pose.bones:
        select_bone(bone, True)
    with pytest.raises(GalateaError, match="nothing to complete"):
        api.complete_pose(human, api.PoseRequest(selected=True))
