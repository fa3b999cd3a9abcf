# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of motions whose figures are known."""

import numpy as np
import pytest
from made_steps import LEG, compass_walk, standing, turn
from made_walk import made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import (
    ends_apart,
    energy,
    foot_skate,
    hip_height,
    knee_angles,
    knee_bend,
    steps_per_minute,
    travelled,
)
from blender_addon.motion.skeleton import CANONICAL, INDEX

# --- skating ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
@pytest.mark.parametrize("velocity", [(0.2, 0.0, 0.0), (0.0, -0.2, 0.0), (0.12, 0.16, 0.0)])
def test_feet_that_slide_at_20_cm_s_give_20(fps, velocity):
    assert foot_skate(standing(60, fps, velocity)) == pytest.approx(20.0)


def test_standing_gives_nothing_and_so_does_being_in_the_air():
    assert foot_skate(standing()) == 0.0
    assert foot_skate(standing(velocity=(3.0, 0.0, 0.0), height=0.94 + 0.03)) == 0.0
    assert foot_skate(standing(1)) == 0.0


def test_the_lower_the_foot_the_more_its_slide_counts():
    """One foot slides on the floor; the other, half as fast, hovers and counts for less and less."""
    def one_hovers(height):
        clip = standing(60, velocity=(0.2, 0.0, 0.0))
        knee = np.arccos(1 - height / LEG)  # straight leg swung sideways, foot kept flat
        return turn(turn(clip, "LeftUpLeg", knee, (0, 1.0, 0)), "LeftFoot", -knee, (0, 1.0, 0))

    assert foot_skate(one_hovers(0.01)) == pytest.approx(20.0, rel=0.01)
    still = standing(60)
    still.positions[::2, 2] += 0.1  # hopping on the spot is no sliding
    assert foot_skate(still) == 0.0


def test_one_foot_slides_and_the_other_stands():
    """Half of all that is down slides: 10 of 20. The left leg is pulled sideways, both feet stay flat on the floor."""
    time = np.arange(30) / 30.0
    angle = np.arcsin(np.clip(0.2 * time / LEG, 0, 1))
    clip = standing(30)
    for joint, by in (("LeftUpLeg", -angle), ("LeftFoot", angle)):
        clip = turn(clip, joint, by, (0.0, 1.0, 0.0))
    # the leg is as long as before, so the ankle rises by no more than LEG * (1 - cos): 0.6 mm in the first five frames
    assert foot_skate(clip.cut(0, 6)) == pytest.approx(10.0, rel=0.02)


def test_a_planted_walk_skates_little_and_a_walk_on_ice_much():
    walk = compass_walk()
    ice = Clip(walk.skeleton, walk.rotations, walk.positions * [1.0, 0.0, 1.0], walk.fps)
    assert foot_skate(walk) < 0.35 * foot_skate(ice)


def test_the_floor_may_lie_elsewhere():
    assert foot_skate(standing(velocity=(0.2, 0, 0), height=1.94), floor=1.0) == pytest.approx(20.0)


# --- steps and travel ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step_frames, per_minute", [(15, 60.0), (12, 75.0), (20, 45.0)])
def test_steps_of_a_walk_with_a_known_cadence(step_frames, per_minute):
    """A step every so many frames, so each foot comes down every second of them."""
    left, right = steps_per_minute(compass_walk(40, step_frames))
    assert left == pytest.approx(per_minute, rel=0.06) and right == pytest.approx(per_minute, rel=0.06)


@pytest.mark.parametrize("heading", [0.0, 1.5, 3.1, -2.0])
def test_steps_are_counted_whichever_way_it_goes(heading):
    left, right = steps_per_minute(made_walk(20.0, heading=heading))
    assert left == pytest.approx(54.0, rel=0.06) and right == pytest.approx(54.0, rel=0.06)  # 0.9 cycles a second


def test_standing_and_shuffling_are_no_steps():
    assert steps_per_minute(standing()) == (0.0, 0.0)
    assert sum(steps_per_minute(compass_walk(swing=0.05))) == 0.0  # eight centimetres


def test_hopping_on_one_leg_is_one_foot_only():
    hop = turn(standing(150, velocity=(0, -1.0, 0)), "LeftUpLeg", -0.6)
    left, right = steps_per_minute(hop)
    assert left == pytest.approx(60 / 5.0) and right == 0.0  # it is ahead once, and stays there


@pytest.mark.parametrize("steps", [5, 12, 30])
def test_travel_of_a_walk_is_its_steps(steps):
    walk = compass_walk(steps)
    length = 2 * LEG * np.sin(0.35)
    assert travelled(walk) == pytest.approx(steps * length, rel=0.1 if steps < 12 else 0.03)


@pytest.mark.parametrize("seconds", [0.5, 3.0, 20.0])
def test_travel_straight_ahead_is_exact(seconds):
    clip = standing(round(30 * seconds) + 1, velocity=(0.9, -1.2, 0.3))
    assert travelled(clip) == pytest.approx(1.5 * seconds)


def test_sway_is_no_travel_but_a_circle_is():
    time = np.arange(601) / 30.0
    sway = standing(601, velocity=(0.0, -1.0, 0.0))
    sway.positions[:, 0] += 0.03 * np.sin(2 * np.pi * time)  # once a second, as hips do
    assert travelled(sway) == pytest.approx(20.0, rel=1e-3)
    assert travelled(standing(601)) == 0.0
    circle = standing(601)
    circle.positions[:, 0], circle.positions[:, 1] = 2 * np.cos(time / 2), 2 * np.sin(time / 2)
    assert travelled(circle) == pytest.approx(20.0, rel=0.02)


# --- hips, knees, energy ------------------------------------------------------------------------------------------


def test_hip_height_is_relative_to_standing():
    clip = standing(10)
    clip.positions[3, 2], clip.positions[7, 2] = 0.47, 1.88
    assert hip_height(clip) == pytest.approx((0.5, 2.0))


@pytest.mark.parametrize("angle", [-60.0, -5.0, 0.0, 5.0, 45.0, 90.0, 140.0])
@pytest.mark.parametrize("side", [0, 1])
def test_knees(angle, side):
    """A turn of the shin about X that brings the foot back, +Y, is what a knee does; the other way it cannot."""
    clip = turn(standing(5), ("LeftLeg", "RightLeg")[side], np.radians(angle))
    angles = knee_angles(clip)
    assert np.allclose(angles[:, side], angle) and np.allclose(angles[:, 1 - side], 0.0)
    assert knee_bend(clip) == pytest.approx(min(angle, 0.0))


def test_a_knee_s_angle_does_not_depend_on_the_thigh():
    clip = turn(turn(standing(4), "LeftLeg", 0.5), "LeftUpLeg", -1.2, (0.6, 0.0, 0.8))
    assert np.allclose(knee_angles(clip)[:, 0], np.degrees(0.5))


@pytest.mark.parametrize("fps", [30.0, 120.0])
def test_energy_of_a_body_that_is_carried_along(fps):
    assert energy(standing(60, fps, (3.0, 4.0, 0.0))) == pytest.approx(12.5)
    assert energy(standing()) == 0.0


def test_energy_of_one_swinging_leg():
    """Only knee, ankle and toe move; each at the rate of the turn times its distance from the hip joint."""
    rate = 2.0
    clip = turn(standing(31), "LeftUpLeg", rate * np.arange(31) / 30.0)
    rest = CANONICAL.rest_positions
    hip = rest[CANONICAL.names.index("LeftUpLeg")]
    radii = [np.linalg.norm((rest[CANONICAL.names.index(j)] - hip)[1:]) for j in ("LeftLeg", "LeftFoot", "LeftToe")]
    assert energy(clip) == pytest.approx(0.5 * sum((rate * r) ** 2 for r in radii) / 22, rel=0.01)


def test_ends_apart_is_how_far_hands_feet_and_head_are_off():
    clip = made_walk(1.0)
    places = joint_positions(clip)
    places[:, INDEX["LeftHand"]] += [0.0, 0.03, 0.04]
    places[:, INDEX["LeftArm"]] += 1.0  # no end
    assert np.isclose(ends_apart(clip, places), 5.0 / 5)
    places[:, INDEX["Head"]] = np.nan  # not to be judged
    assert np.isclose(ends_apart(clip, places), 5.0 / 4)
