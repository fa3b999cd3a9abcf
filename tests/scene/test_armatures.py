# SPDX-License-Identifier: GPL-3.0-or-later
"""Galatea's own armature: where its bones are and which way they bend."""

import bpy
import numpy as np
import pytest

from blender_addon.motion.skeleton import CANONICAL, JOINTS, PARENTS
from blender_addon.scene.armatures import add_human


@pytest.fixture
def human(empty_scene):
    return add_human()


def test_its_bones_are_the_canonical_joints_in_the_t_pose(human):
    assert set(human.data.bones.keys()) == set(JOINTS)
    bones = [human.data.bones[joint] for joint in JOINTS]
    heads = np.array([bone.head_local for bone in bones])
    assert np.allclose(heads, CANONICAL.rest_positions, atol=1e-6)
    parents = [bone.parent.name if bone.parent else None for bone in bones]
    assert parents == [None if parent < 0 else JOINTS[parent] for parent in PARENTS]
    assert all(bone.length > 0.03 for bone in bones)


def test_chains_are_connected_and_the_hips_can_be_moved(human):
    connected = {bone.name for bone in human.data.bones if bone.use_connect}
    assert {"Spine", "LeftForeArm", "RightHand", "LeftLeg", "RightToe"} <= connected
    assert not connected & {"Hips", "LeftUpLeg", "RightUpLeg", "LeftShoulder", "RightShoulder"}


@pytest.mark.parametrize(("bone", "tip", "moves"), [
    ("Leg", "Foot", (0, 1, 0)), ("UpLeg", "Leg", (0, 1, 0)), ("ForeArm", "Hand", (0, -1, 0)),
    ("Foot", "Toe", (0, 0, 1)),
])
def test_a_positive_turn_about_x_bends_both_sides_alike(human, bone, tip, moves):
    for side in ("Left", "Right"):
        gone = _moved(human, side + bone, side + tip)
        assert np.dot(gone / np.linalg.norm(gone), moves) > 0.9, side


def test_the_trunk_bends_forward(human):
    assert _moved(human, "Spine", "Head") @ (0, -1, 0) > 0.1


def _moved(armature, bone, tip) -> np.ndarray:
    armature.pose.bones[bone].rotation_quaternion = (np.cos(0.15), np.sin(0.15), 0.0, 0.0)
    bpy.context.view_layer.update()
    gone = np.array(armature.pose.bones[tip].head - armature.data.bones[tip].head_local)
    armature.pose.bones[bone].rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
    return gone


def test_left_and_right_bones_mirror_each_other(human):
    """So that Blender's own mirrored paste of poses works."""
    for bone in human.data.bones:
        if bone.name.startswith("Left"):
            other = human.data.bones[bone.name.replace("Left", "Right")]
            mirrored = np.diag([-1, 1, 1]) @ np.array(bone.matrix_local)[:3, :3] @ np.diag([-1, 1, 1])
            assert np.allclose(mirrored, np.array(other.matrix_local)[:3, :3], atol=1e-5), bone.name


def test_it_stands_at_the_3d_cursor_and_is_the_only_thing_selected(empty_scene):
    empty_scene.cursor.location = (1.0, 2.0, 0.0)
    first, second = add_human(), add_human()
    assert tuple(second.location) == (1.0, 2.0, 0.0) and second.name != first.name
    assert bpy.context.selected_objects == [second] and bpy.context.object == second
