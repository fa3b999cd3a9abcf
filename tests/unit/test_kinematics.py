# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward kinematics against chains computed by hand and against 4x4 matrices."""

import numpy as np
from made_walk import made_chaos

from blender_addon.motion import rotations as rot
from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import forward_kinematics, joint_positions, local_rotations
from blender_addon.motion.rotations import (
    matrix_from_quat,
    quat_about_z,
    quat_angle,
    quat_from_axis_angle,
    quat_multiply,
)
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, Skeleton

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
# an arm of two metre-long bones along X, its shoulder a metre up
ARM = Skeleton(("shoulder", "elbow", "hand"), (-1, 0, 1), np.array([[0.0, 0, 1], [1, 0, 0], [1, 0, 0]]))


def test_an_arm_by_hand():
    quarter = quat_about_z(np.pi / 2)
    rotations = np.array([
        [IDENTITY, IDENTITY, IDENTITY],
        [quarter, IDENTITY, IDENTITY],
        [IDENTITY, quarter, IDENTITY],
        [quarter, quarter, IDENTITY],
    ])
    turned, placed = forward_kinematics(ARM, rotations, np.array([[0.0, 0, 1]] * 3 + [[5.0, 5, 0]]))
    assert np.allclose(placed, [
        [[0, 0, 1], [1, 0, 1], [2, 0, 1]],
        [[0, 0, 1], [0, 1, 1], [0, 2, 1]],
        [[0, 0, 1], [1, 0, 1], [1, 1, 1]],
        [[5, 5, 0], [5, 6, 0], [4, 6, 0]],
    ])
    assert np.allclose(turned[3, 2], quat_about_z(np.pi))


def test_against_products_of_matrices():
    clip = made_chaos(frames=7)
    _, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    for frame in range(clip.frames):
        world = []
        for joint, parent in enumerate(clip.skeleton.parents):
            local = np.eye(4)
            local[:3, :3] = matrix_from_quat(clip.rotations[frame, joint])
            local[:3, 3] = clip.positions[frame] if parent < 0 else clip.skeleton.offsets[joint]
            world.append(local if parent < 0 else world[parent] @ local)
        assert np.allclose(placed[frame], [matrix[:3, 3] for matrix in world])


def test_at_rest_the_canonical_body_is_where_its_rest_is():
    rotations = np.tile(IDENTITY, (3, len(JOINTS), 1))
    placed = joint_positions(Clip(CANONICAL, rotations, np.tile([0.0, 0, 0.94], (3, 1)), 30.0))
    assert np.allclose(placed, CANONICAL.rest_positions)


def test_bones_keep_their_length_and_turning_the_hips_turns_everything():
    clip = made_chaos(frames=20)
    placed = joint_positions(clip)
    parents = np.array(clip.skeleton.parents[1:])
    lengths = np.linalg.norm(placed[:, 1:] - placed[:, parents], axis=-1)
    assert np.allclose(lengths, np.linalg.norm(CANONICAL.offsets[1:], axis=-1))
    turned = np.array(clip.rotations)
    turned[:, 0] = quat_multiply(quat_about_z(np.pi / 2), turned[:, 0])
    away = placed - placed[:, :1]
    expected = np.stack([-away[..., 1], away[..., 0], away[..., 2]], axis=-1)
    again = joint_positions(Clip(CANONICAL, turned, clip.positions, 30.0))
    assert np.allclose(again - again[:, :1], expected)


def test_global_rotations_and_back():
    clip = made_chaos(frames=20)
    turned, _ = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    assert quat_angle(local_rotations(clip.skeleton, turned), clip.rotations).max() < 1e-7


def test_one_joint_moves_only_what_hangs_from_it():
    rotations = np.tile(IDENTITY, (1, len(JOINTS), 1))
    rotations[0, INDEX["LeftLeg"]] = quat_from_axis_angle(np.eye(3)[0], 0.7)
    placed = joint_positions(Clip(CANONICAL, rotations, np.array([[0.0, 0, 0.94]]), 30.0))[0]
    moved = {JOINTS[j] for j in np.flatnonzero(np.linalg.norm(placed - CANONICAL.rest_positions, axis=-1) > 1e-9)}
    assert moved == {"LeftFoot", "LeftToe"}
    # a positive turn about X brings the shin back, which is +Y: the body faces -Y
    assert placed[INDEX["LeftFoot"], 1] > 0.2


def test_float32_in_is_fine():
    clip = made_chaos(frames=3)
    small = Clip(CANONICAL, clip.rotations.astype(np.float32), clip.positions.astype(np.float32), 30.0)
    assert np.allclose(joint_positions(small), joint_positions(clip), atol=1e-5)


def test_joint_by_joint_gives_the_same_bits():
    """Generation by generation is quicker and adds nothing of its own."""
    rng = np.random.default_rng(0)
    rotations, positions = rot.normalise(rng.normal(size=(9, len(JOINTS), 4))), rng.normal(size=(9, 3))
    turned, placed = forward_kinematics(CANONICAL, rotations, positions)
    for joint, parent in enumerate(CANONICAL.parents):
        if parent < 0:
            assert np.array_equal(turned[:, joint], rotations[:, joint])
            assert np.array_equal(placed[:, joint], positions)
        else:
            assert np.array_equal(turned[:, joint], rot.quat_multiply(turned[:, parent], rotations[:, joint]))
            offset = rot.quat_rotate(turned[:, parent], CANONICAL.offsets[joint])
            assert np.array_equal(placed[:, joint], placed[:, parent] + offset)
