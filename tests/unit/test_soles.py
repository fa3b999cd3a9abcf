# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that a rest pose has rolled stand flat; feet that stand flat are left alone."""

import numpy as np
import pytest
from made_steps import compass_walk

from blender_addon.motion.contacts import find_standing
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.rotations import quat_angle, quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import INDEX
from blender_addon.motion.soles import level_soles


def rolled(degrees):
    """A walk whose feet are rolled outwards by so much in its source's rest pose."""
    clip = compass_walk()
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        roll = quat_from_axis_angle(np.array([0.0, -1.0, 0.0]), np.array(-sign * np.radians(degrees)))
        clip.rotations[:, INDEX[f"{side}Foot"]] = quat_multiply(clip.rotations[:, INDEX[f"{side}Foot"]], roll)
    return clip


@pytest.mark.parametrize("degrees", [26.0, 12.0, -9.0])
def test_rolled_feet_stand_flat(degrees):
    clip = rolled(degrees)
    level = level_soles(clip, find_standing(compass_walk()))
    before = forward_kinematics(clip.skeleton, compass_walk().rotations, clip.positions)[0]
    after = forward_kinematics(level.skeleton, level.rotations, level.positions)[0]
    assert np.degrees(quat_angle(after, before)).max() < 0.5


@pytest.mark.parametrize("degrees", [0.0, 1.0, 60.0])
def test_flat_feet_and_what_is_no_rest_pose_are_left_alone(degrees):
    clip = rolled(degrees)
    assert level_soles(clip, find_standing(compass_walk())) is clip


def test_nobody_stands_nothing_is_known():
    clip = rolled(20.0)
    assert level_soles(clip, np.zeros((clip.frames, 4), dtype=bool)) is clip
