# SPDX-License-Identifier: GPL-3.0-or-later
"""Limbs end where they should, on bones as long as they are; what is out of reach is reached for."""

from dataclasses import replace

import numpy as np
from made_walk import made_walk

from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.limb_ends import bend_to_ends
from blender_addon.motion.rotations import quat_angle
from blender_addon.motion.skeleton import INDEX

LIMBS = [("LeftUpLeg", "LeftLeg"), ("RightArm", "RightForeArm")]
ENDS = {"LeftFoot": "LeftToe", "RightHand": None}


def test_ends_are_where_they_should_be_and_bones_keep_their_lengths():
    clip = made_walk(1.0)
    wanted = joint_positions(clip)
    for end in ENDS:
        upper = {"LeftFoot": "LeftUpLeg", "RightHand": "RightArm"}[end]
        wanted[:, INDEX[end]] += 0.04 * (wanted[:, INDEX[upper]] - wanted[:, INDEX[end]]) + [0.0, 0.01, 0.02]
    bent = bend_to_ends(clip, LIMBS, wanted)
    before, (turned, after) = forward_kinematics(clip.skeleton, clip.rotations, clip.positions), forward_kinematics(
        bent.skeleton, bent.rotations, bent.positions)
    for end, below in ENDS.items():
        assert np.linalg.norm(after[:, INDEX[end]] - wanted[:, INDEX[end]], axis=-1).max() < 1e-6
        assert quat_angle(turned[:, INDEX[end]], before[0][:, INDEX[end]]).max() < 1e-6  # it is turned as it was
        if below:
            shift = after[:, INDEX[below]] - before[1][:, INDEX[below]]
            assert np.allclose(shift, after[:, INDEX[end]] - before[1][:, INDEX[end]])
    knee = INDEX["LeftLeg"]
    assert (after[:, knee, 1] < (after[:, INDEX["LeftUpLeg"], 1] + after[:, INDEX["LeftFoot"], 1]) / 2.0).all()
    other = [INDEX[joint] for joint in ("RightFoot", "LeftHand", "Head")]
    assert np.allclose(after[:, other], before[1][:, other])


def test_limbs_that_are_where_they_should_be_stay():
    clip = made_walk(1.0)
    bent = bend_to_ends(clip, LIMBS, joint_positions(clip))
    assert quat_angle(bent.rotations, clip.rotations).max() < 1e-3


def test_what_is_out_of_reach_is_reached_for():
    clip = made_walk(0.5)
    wanted = joint_positions(clip)
    away = wanted[:, INDEX["LeftFoot"]] - wanted[:, INDEX["LeftUpLeg"]]
    wanted[:, INDEX["LeftFoot"]] += 0.5 * away
    bent = bend_to_ends(clip, LIMBS[:1], wanted)
    reached = joint_positions(bent)
    found = reached[:, INDEX["LeftFoot"]] - reached[:, INDEX["LeftUpLeg"]]
    along = np.sum(found * away, axis=-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(away, axis=-1)
    assert along.min() > 0.99999 and np.allclose(reached[:, 0], joint_positions(clip)[:, 0])
    assert np.linalg.norm(found, axis=-1).min() > 0.999 * clip.skeleton.leg_length
    assert np.isfinite(bend_to_ends(replace(clip, positions=clip.positions * 0.0), LIMBS, wanted * 0.0).rotations).all()
