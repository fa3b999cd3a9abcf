# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip in the mirror, against the mirror image of its joints."""

from dataclasses import replace

import numpy as np
import pytest
from made_steps import compass_walk
from made_walk import made_chaos, made_walk

from blender_addon.motion.contacts import find_contacts
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.rotations import quat_angle
from blender_addon.motion.skeleton import JOINTS

CLIPS = [made_walk(), made_walk(heading=1.0), made_chaos()]
OTHER = [JOINTS.index(name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left"))
         for name in JOINTS]


@pytest.mark.parametrize("clip", CLIPS, ids=["walk", "turned", "chaos"])
def test_joints_are_where_the_mirror_shows_them(clip):
    seen = joint_positions(clip)[:, OTHER] * [-1.0, 1.0, 1.0]
    assert np.allclose(joint_positions(mirror(clip)), seen)


@pytest.mark.parametrize("clip", CLIPS, ids=["walk", "turned", "chaos"])
def test_twice_is_nothing(clip):
    twice = mirror(mirror(clip))
    assert quat_angle(twice.rotations, clip.rotations).max() < 1e-9
    assert np.array_equal(twice.positions, clip.positions)


def test_contacts_change_sides():
    clip = compass_walk()
    clip = replace(clip, contacts=find_contacts(clip))
    mirrored = mirror(clip)
    assert np.array_equal(mirrored.contacts, find_contacts(mirrored))
    assert not np.array_equal(mirrored.contacts, clip.contacts)


def test_a_turn_to_the_left_is_one_to_the_right():
    mirrored = mirror(made_walk(heading=0.8))
    gone = mirrored.positions[-1] - mirrored.positions[0]
    assert np.arctan2(gone[0], -gone[1]) == pytest.approx(-0.8, abs=1e-6)
