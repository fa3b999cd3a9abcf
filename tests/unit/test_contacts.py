# SPDX-License-Identifier: GPL-3.0-or-later
"""Foot contacts of feet that are known to stand, swing, slide or hop."""

from dataclasses import replace

import numpy as np
import pytest
from made_steps import compass_walk, standing, turn

from blender_addon.motion.contacts import (
    find_contacts,
    find_standing,
    foot_positions,
    runs,
    speeds,
    standing_heights,
    steady,
)
from blender_addon.motion.kinematics import forward_kinematics, local_rotations
from blender_addon.motion.legs import joints_of_legs, legs_of, reach


def test_who_stands_stands():
    assert find_contacts(standing()).all() and find_contacts(standing()).shape == (60, 4)


def test_the_order_is_left_foot_left_toe_right_foot_right_toe():
    feet = foot_positions(standing(2))
    assert np.allclose(feet[0], [[0.09, 0, 0.085], [0.09, -0.14, 0.02], [-0.09, 0, 0.085], [-0.09, -0.14, 0.02]])
    lifted = turn(standing(), "LeftUpLeg", -0.8)
    assert (find_contacts(lifted) == [False, False, True, True]).all()


def test_a_foot_in_the_air_or_on_the_slide_does_not_stand():
    assert not find_contacts(standing(height=1.2)).any()
    assert not find_contacts(standing(velocity=(0.0, -0.5, 0.0))).any()
    assert find_contacts(standing(velocity=(0.0, -0.1, 0.0))).all()


def test_the_floor_may_lie_elsewhere():
    assert find_contacts(standing(height=1.94), floor=1.0).all()
    assert not find_contacts(standing(height=1.94), floor=0.5).any()


@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_a_walk_stands_on_one_foot_after_the_other(fps):
    clip = compass_walk(step_frames=round(fps / 2), fps=fps)
    contacts = find_contacts(clip)
    middle = np.arange(clip.frames).reshape(12, -1)[:, round(fps / 5):round(fps / 5) + 3]
    for step in range(12):
        left = step % 2 == 0
        assert (contacts[middle[step]] == [left, left, not left, not left]).all()


def test_heels_lift_before_toes():
    tiptoe = turn(turn(standing(height=1.04), "LeftFoot", 0.785), "RightFoot", 0.785)
    contacts = find_contacts(tiptoe)
    assert not contacts[:, [0, 2]].any() and contacts[:, [1, 3]].all()


def test_a_flicker_of_a_frame_is_not_a_contact():
    clip = standing(40, height=1.2)
    clip.positions[20, 2] = 0.94
    assert not find_contacts(clip).any()


def test_speeds():
    places = np.arange(10.0)[:, None, None] * np.array([0.0, 0.03, 0.04])
    assert np.allclose(speeds(places, 30.0), 1.5)
    assert np.allclose(speeds(places[:1], 30.0), 0.0)


# --- with hysteresis ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_standing_holds_on_where_contacts_end(fps):
    """A foot that comes to rest and sets out again, slowly: once it stands it does until it clearly leaves."""
    time = np.arange(round(2 * fps)) / fps
    clip = standing(len(time), fps)
    clip.positions[:, 1] = -0.14 * np.abs(time - 1.0) ** 2  # 0.25 m/s at 0.89 s from the middle
    clip.positions[:, 1] *= 1.15
    stands, contacts = find_standing(clip), find_contacts(clip)
    assert (stands | ~contacts).all() and stands.sum() > contacts.sum()
    assert not find_standing(standing(60, fps, velocity=(0.0, -0.28, 0.0))).any()


def test_in_a_walk_they_agree():
    clip = compass_walk()
    stands, contacts = find_standing(clip), find_contacts(clip)
    assert (stands | ~contacts).all() and (stands == contacts).mean() > 0.95


def test_a_runner_s_foot_may_be_quicker():
    """At 0.45 m/s: beneath hips that run by it stands, beneath hips that go along it slides."""
    assert not find_standing(standing(60, velocity=(0.0, -0.45, 0.0))).any()
    running = standing(60, velocity=(0.0, -4.0, 0.0), height=0.8)
    legs = legs_of(running)
    passed = legs.hips[30] - [0.0, 0.0, legs.hips[30, 0, 2] - 0.085]
    ankles = passed + (np.arange(60) - 30)[:, None, None] * [0.0, -0.015, 0.0]
    turned, _ = forward_kinematics(running.skeleton, running.rotations, running.positions)
    thighs, shins, _, _ = joints_of_legs()
    turned[:, thighs], turned[:, shins] = reach(legs, legs.hips, ankles)
    running = replace(running, rotations=local_rotations(running.skeleton, turned))
    assert find_standing(running)[28:33].all() and not find_contacts(running).any()


@pytest.mark.parametrize("fps, gap, shortest", [(30.0, 2, 3), (60.0, 4, 6)])
def test_gaps_are_closed_and_flickers_dropped(fps, gap, shortest):
    flags = np.zeros((60, 4), dtype=bool)
    flags[5:40, 0] = True
    flags[12:12 + gap, 0] = False
    flags[20:20 + gap + 1, 0] = False
    flags[40:40 + shortest - 1, 1] = True
    flags[40:40 + shortest, 2] = True
    flags[:1, 3] = flags[-1:, 3] = True
    steadied = steady(flags, fps)
    assert runs(steadied[:, 0]).tolist() == [[5, 20], [20 + gap + 1, 40]]
    assert not steadied[:, 1].any() and steadied[:, 2].sum() == shortest
    assert runs(steadied[:, 3]).tolist() == [[0, 1], [59, 60]]
    assert flags[12:12 + gap, 0].sum() == 0  # what was given is not written to


def test_runs():
    assert runs(np.array([1, 1, 0, 1])).tolist() == [[0, 2], [3, 4]]
    assert runs(np.zeros(3)).tolist() == [] and runs(np.ones(3)).tolist() == [[0, 3]]


def test_heights_when_standing():
    assert np.allclose(standing_heights(standing().skeleton), [0.085, 0.02, 0.085, 0.02])
