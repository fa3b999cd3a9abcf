# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing feet on any action: other keys where legs have to change, all other curves as they were."""

import bpy
import made_rigs
import numpy as np
import pytest
from made_steps import compass_walk

from blender_addon import api
from blender_addon.errors import GalateaError
from blender_addon.motion.bvh import write_bvh
from blender_addon.motion.kinematics import joint_positions
from blender_addon.scene.versions import fcurves


@pytest.fixture
def walker(empty_scene, tmp_path):
    """A meta-rig that walks a little too slowly for its legs, so that its feet slide, and waves by hand-set keys."""
    empty_scene.render.fps = 30
    armature = made_rigs.metarig()
    slow = compass_walk()
    slow.positions[:, 1] *= 0.85
    write_bvh(tmp_path / "slow.bvh", slow)
    api.retarget(armature, api.RetargetRequest(clips=(str(tmp_path / "slow.bvh"),), keys="every", feet=False))
    hand = armature.pose.bones["hand.L"]
    hand.rotation_quaternion = (0.9, 0.3, 0.3, 0.1)
    hand.keyframe_insert("rotation_quaternion", frame=7)
    armature["mood"] = 0.5
    armature.keyframe_insert('["mood"]', frame=3)
    return armature


def keys(action):
    return {(curve.data_path, curve.array_index): [(tuple(k.co), tuple(k.handle_left), tuple(k.handle_right), k.type,
                                                    k.interpolation) for k in curve.keyframe_points]
            for curve in fcurves(action)}


def test_feet_stand_and_nothing_else_changes(walker):
    old = walker.animation_data.action
    before, was = keys(old), api.read_motion(walker)
    result = api.lock_feet(walker, api.FeetRequest(tolerance=1.0))
    assert keys(old) == before and old.use_fake_user
    new = keys(walker.animation_data.action)
    assert walker.animation_data.action.name == result.action != old.name
    assert {bone.split(".")[0] for bone in result.bones} <= {"spine", "thigh", "shin", "foot", "toe"}
    changed = {path for path in before if new[path] != before[path]}
    assert changed and all(any(f'"{bone}"' in path for bone in result.bones) for path, _ in changed)
    assert new['pose.bones["hand.L"].rotation_quaternion', 0] == before['pose.bones["hand.L"].rotation_quaternion', 0]
    assert new['["mood"]', 0] == before['["mood"]', 0]
    assert result.figures["foot_skate_cm_per_s"] < 0.3 * result.figures["foot_skate_before_cm_per_s"]
    assert np.abs(joint_positions(api.read_motion(walker)) - joint_positions(was)).max() < 0.35


def test_only_the_frames_that_were_asked_for(walker):
    was = joint_positions(api.read_motion(walker))
    api.lock_feet(walker, api.FeetRequest(first=1, last=60, tolerance=0.5))
    now = joint_positions(api.read_motion(walker))
    assert np.abs(now - was)[:60].max() > 0.01
    assert np.abs(now - was)[75:].max() < 0.002


def test_without_an_action_it_is_one_line(empty_scene):
    armature = made_rigs.human()
    with pytest.raises(GalateaError, match="has no action"):
        api.lock_feet(armature)


def test_an_action_in_which_nobody_stands_is_left_alone(walker):
    for curve in fcurves(walker.animation_data.action):
        if "location" in curve.data_path and curve.array_index == 1:
            for key in curve.keyframe_points:
                key.co.y += 2.0
    actions = set(bpy.data.actions.keys())
    with pytest.raises(GalateaError, match="no foot stands"):
        api.lock_feet(walker)
    assert set(bpy.data.actions.keys()) == actions


def test_keys_outside_of_a_frame_range_that_was_set_by_hand_stay(walker):
    action = walker.animation_data.action
    action.use_frame_range = True
    action.frame_start, action.frame_end = 10, 40
    was = joint_positions(api.read_motion(walker, 1, 100))
    api.lock_feet(walker, api.FeetRequest(tolerance=0.5))
    now = joint_positions(api.read_motion(walker, 1, 100))
    assert np.abs(now - was).max() < 0.35


def test_a_curve_with_modifiers_is_named_and_nothing_happens(walker):
    for curve in fcurves(walker.animation_data.action):
        if "thigh.L" in curve.data_path:
            curve.modifiers.new("CYCLES")
    actions = set(bpy.data.actions.keys())
    with pytest.raises(GalateaError, match="has modifiers"):
        api.lock_feet(walker)
    assert set(bpy.data.actions.keys()) == actions
