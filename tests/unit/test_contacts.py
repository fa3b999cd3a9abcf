# SPDX-License-Identifier: GPL-3.0-or-later
"""Foot contacts of feet that are known to stand, swing, slide or hop."""

import numpy as np
import pytest
from made_steps import compass_walk, standing, turn

from blender_addon.motion.contacts import find_contacts, foot_positions, speeds


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
