# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that are to lead elsewhere: two-bone IK and a foot's part in it, against matrices and brute force."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_proportions import by_matrices, put_on, skeleton_like
from made_steps import standing, turn
from made_walk import made_chaos, made_walk

from blender_addon.motion.kinematics import forward_kinematics, local_rotations
from blender_addon.motion.legs import joints_of_legs, legs_of, reach, turn_of_foot, turned_by
from blender_addon.motion.measures import knee_angles
from blender_addon.motion.rotations import matrix_from_quat, quat_angle, quat_rotate
from blender_addon.motion.skeleton import INDEX

KNEES = [INDEX["LeftLeg"], INDEX["RightLeg"]]
ANKLES = [INDEX["LeftFoot"], INDEX["RightFoot"]]


def reached(clip, ankles):
    """The clip with its legs led to ankles (T, 2, 3)."""
    legs = legs_of(clip)
    turned, _ = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    thighs, shins = reach(legs, legs.hips, ankles)
    turned[:, joints_of_legs()[0]], turned[:, joints_of_legs()[1]] = thighs, shins
    return replace(clip, rotations=local_rotations(clip.skeleton, turned))


def test_where_legs_are():
    clip = made_chaos(20)
    legs = legs_of(clip)
    turned, placed = by_matrices(clip)
    for name, (places, rotations) in {"UpLeg": ("hips", "thighs"), "Leg": ("knees", "shins"),
                                      "Foot": ("ankles", "feet"), "Toe": ("toes", "tips")}.items():
        pair = [INDEX["Left" + name], INDEX["Right" + name]]
        assert np.allclose(getattr(legs, places), placed[:, pair], atol=1e-9)
        assert np.allclose(matrix_from_quat(getattr(legs, rotations)), turned[:, pair], atol=1e-9)
    assert np.allclose(legs.whole, 0.815)


def test_poles_point_where_knees_do():
    assert np.allclose(legs_of(standing(2)).poles, [0.0, -1.0, 0.0])
    out = turn(standing(2), "LeftUpLeg", 0.7, (0.0, 0.0, 1.0))
    assert np.allclose(legs_of(out).poles[:, 0], [np.sin(0.7), -np.cos(0.7), 0.0])
    walk = legs_of(made_walk(2.0))
    ahead = walk.knees - walk.hips
    along = (walk.ankles - walk.hips) / np.linalg.norm(walk.ankles - walk.hips, axis=-1, keepdims=True)
    off_line = ahead - np.sum(ahead * along, axis=-1, keepdims=True) * along
    bent = np.linalg.norm(off_line, axis=-1) > 0.02
    assert (np.sum(off_line * walk.poles, axis=-1)[bent] > 0.0).all()
    assert np.allclose(np.sum(walk.poles * along, axis=-1), 0.0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.8, 1.25), st.integers(0, 30), st.floats(0.15, 0.99))
def test_ankles_come_where_they_are_wanted(ratio, seed, share):
    """Anywhere within reach, from any pose of a walk."""
    clip = put_on(made_walk(1.0), skeleton_like(ratio))
    rng = np.random.default_rng(seed)
    away = rng.normal(size=(clip.frames, 2, 3)) * [0.5, 0.7, 0.4] - [0.0, 0.0, 1.0]
    ankles = legs_of(clip).hips + away / np.linalg.norm(away, axis=-1, keepdims=True) * 0.815 * share
    led = reached(clip, ankles)
    assert np.allclose(by_matrices(led)[1][:, ANKLES], ankles, atol=1e-9)
    assert knee_angles(led).min() > -1e-4


def test_nothing_changes_for_an_ankle_that_stays():
    clip = made_walk(2.0)
    assert quat_angle(reached(clip, legs_of(clip).ankles).rotations, clip.rotations).max() < 1e-6
    straight = standing(3)
    assert quat_angle(reached(straight, legs_of(straight).ankles).rotations, straight.rotations).max() < 1e-6


def test_a_straight_leg_bends_forwards():
    clip = standing(10)
    up = np.linspace(0.0, 0.3, 10)[:, None, None] * np.array([0.0, 0.0, 1.0])
    led = reached(clip, legs_of(clip).ankles + up)
    assert knee_angles(led).min() > -1e-6 and knee_angles(led)[-1].min() > 60.0
    assert (by_matrices(led)[1][1:, KNEES, 1] < 0.0).all()
    assert np.allclose(by_matrices(led)[1][:, KNEES, 0], [0.09, -0.09])


def test_a_knee_that_bent_backwards_does_not_any_more():
    clip = turn(standing(3), "LeftLeg", -0.2)
    led = reached(clip, legs_of(clip).ankles)
    assert np.allclose(knee_angles(led)[:, 0], np.degrees(0.2))
    assert np.allclose(by_matrices(led)[1][:, ANKLES], by_matrices(clip)[1][:, ANKLES])


def test_what_is_too_far_is_reached_for():
    clip = made_walk(1.0)
    there = legs_of(clip).hips + [0.3, -1.0, -1.5]
    led = reached(clip, there)
    away = by_matrices(led)[1][:, ANKLES] - legs_of(clip).hips
    assert np.allclose(np.linalg.norm(away, axis=-1), 0.815)
    assert np.allclose(np.cross(away, there - legs_of(clip).hips), 0.0, atol=1e-9)


def test_a_small_move_is_a_small_turn():
    """A millimetre, and a leg that is bent: neither thigh nor shin turn by more than a degree; twist stays."""
    clip = turn(turn(standing(1), "LeftUpLeg", -0.6), "LeftLeg", 1.1)
    led = reached(clip, legs_of(clip).ankles + [0.001, 0.001, 0.001])
    left = joints_of_legs()[:, 0]
    assert np.degrees(quat_angle(led.rotations, clip.rotations))[:, left].max() < 1.0


# --- the part of the foot -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("long", [0.5, 1.0, 3.0])
def test_all_turn_as_little_as_can_be(long):
    """Thigh, shin and foot, each by the same pull but the foot less readily, bring the toe near to where it is wanted;
    any other way that ends in the same place turns more."""
    clip = turn(turn(standing(1), "LeftUpLeg", -0.7), "LeftLeg", 1.2)
    legs = legs_of(clip)
    lever = quat_rotate(legs.feet, np.array([0.0, -0.14 * long, -0.065]))
    wanted = np.zeros((1, 2, 3))
    wanted[0, 0] = [0.004, 0.01, 0.006]
    foot = turn_of_foot(legs, lever, wanted)[0, 0]
    bones = [(legs.knees - legs.hips)[0, 0], (legs.ankles - legs.knees)[0, 0], lever[0, 0]]
    pull = np.cross(foot, lever[0, 0])  # the part of the pull that is square to the foot moves the toe
    assert pull @ wanted[0, 0] > 0.0
    # the same by the weighted pseudo-inverse of the turns' effect on the toe, damped
    effect = np.hstack([_cross_matrix(bone) for bone in bones])
    ready = np.diag([1.0] * 6 + [0.59] * 3)
    turns = ready @ effect.T @ np.linalg.solve(effect @ ready @ effect.T + 0.03 * np.eye(3), wanted[0, 0])
    assert np.allclose(foot, turns[6:], atol=1e-12)
    assert np.allclose(turn_of_foot(legs, lever, wanted)[0, 1], 0.0)


def _cross_matrix(bone):
    """(3, 3) from a small rotation vector to what it moves the end of the bone by."""
    x, y, z = bone
    return np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])


def test_long_feet_do_more_of_it():
    clip = turn(turn(standing(1), "LeftUpLeg", -0.7), "LeftLeg", 1.2)
    legs = legs_of(clip)
    wanted = np.full((1, 2, 3), 0.01)
    shares = []
    for long in (0.5, 1.0, 2.0, 4.0):
        to_toe = np.array([0.0, -0.14 * long, -0.065])
        lever = quat_rotate(legs.feet, to_toe)
        turned = turned_by(turn_of_foot(legs, lever, wanted), legs.feet)
        shares.append(np.linalg.norm((quat_rotate(turned, to_toe) - lever)[0, 0]))
    assert np.all(np.diff(shares) > 0.0) and shares[0] < 0.003


def test_turned_by_nothing_is_the_same():
    rotations = made_walk(1.0).rotations[:, :2]
    assert np.allclose(turned_by(np.zeros((30, 2, 3)), rotations), rotations)
    quarter = turned_by(np.array([0.0, 0.0, np.pi / 2]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert np.allclose(quat_rotate(quarter, np.array([1.0, 0.0, 0.0])), [0.0, 1.0, 0.0])
