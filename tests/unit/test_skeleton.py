# SPDX-License-Identifier: GPL-3.0-or-later
"""The canonical skeleton: the 22 joints that everything else relies on, and a person's measures."""

import numpy as np
import pytest

from blender_addon.motion import skeleton
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, MIRROR, PARENTS, TOWARDS, Skeleton


def test_the_22_joints_of_the_design():
    sides = [side + part for side in ("Left", "Right")
             for part in ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "Toe")]
    assert sorted(JOINTS) == sorted(["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", *sides])
    assert JOINTS[0] == "Hips" and PARENTS[0] == -1
    assert all(-1 < parent < joint for joint, parent in enumerate(PARENTS) if joint)
    assert CANONICAL.names == JOINTS and CANONICAL.parents == PARENTS


@pytest.mark.parametrize("joint, parent", [
    ("Spine2", "Spine1"), ("Neck", "Spine2"), ("LeftShoulder", "Spine2"), ("RightHand", "RightForeArm"),
    ("LeftUpLeg", "Hips"), ("RightToe", "RightFoot"), ("Head", "Neck"),
])
def test_who_hangs_from_whom(joint, parent):
    assert PARENTS[INDEX[joint]] == INDEX[parent]


def test_it_stands_in_a_t_pose_and_faces_minus_y():
    rest = CANONICAL.rest_positions
    left, right = rest[INDEX["LeftHand"]], rest[INDEX["RightHand"]]
    assert left[0] > 0.6 and left[2] == right[2] == rest[INDEX["LeftArm"], 2]  # its left is +X, arms level
    assert rest[INDEX["LeftToe"], 1] < rest[INDEX["LeftFoot"], 1]
    assert np.allclose(rest[INDEX["LeftUpLeg"]][:2], rest[INDEX["LeftFoot"]][:2])  # legs straight down


def test_a_person_of_1_75_metres():
    rest = CANONICAL.rest_positions
    assert rest[INDEX["Head"], 2] + skeleton.ENDS["Head"][1] == pytest.approx(1.75, abs=0.005)
    span = rest[INDEX["LeftHand"], 0] - rest[INDEX["RightHand"], 0] + 2 * skeleton.ENDS["LeftHand"][1]
    assert span == pytest.approx(1.75, abs=0.06)
    assert CANONICAL.hip_height == pytest.approx(0.94)
    assert CANONICAL.leg_length == pytest.approx(0.90 - 0.085)
    assert rest[:, 2].min() >= 0.0


def test_left_mirrors_right():
    assert sorted(MIRROR) == list(range(22)) and all(MIRROR[MIRROR[j]] == j for j in range(22))
    assert JOINTS[MIRROR[INDEX["LeftToe"]]] == "RightToe" and MIRROR[INDEX["Neck"]] == INDEX["Neck"]
    assert np.allclose(CANONICAL.rest_positions[list(MIRROR)] * [-1, 1, 1], CANONICAL.rest_positions)


def test_segments_point_to_a_child():
    for joint, towards in TOWARDS.items():
        assert PARENTS[INDEX[towards]] == INDEX[joint]
    assert {*JOINTS} - {*TOWARDS} == {*skeleton.ENDS}


def test_rest_positions_add_up_along_the_chain():
    small = Skeleton(("a", "b", "c"), (-1, 0, 1), np.array([[0.0, 0, 1], [0, 2, 0], [3, 0, 0]]))
    assert np.allclose(small.rest_positions, [[0, 0, 1], [0, 2, 1], [3, 2, 1]])
    assert small.hip_height == 1.0
