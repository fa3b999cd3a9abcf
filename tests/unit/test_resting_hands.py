# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands on the thighs of a sitter stay on them when the sitter leans; hands that rest nowhere do as the arms do."""

from dataclasses import replace

import numpy as np
import pytest

from blender_addon.motion.bearing import hold_otherwise
from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.resting_hands import keep_resting
from blender_addon.motion.rotations import quat_angle, quat_between, quat_from_axis_angle, quat_inverse, quat_multiply
from blender_addon.motion.skeleton import CANONICAL, INDEX

FRAMES = 40
HANDS = [INDEX["LeftHand"], INDEX["RightHand"]]
SIDES = (("Left", 1.0), ("Right", -1.0))


def somebody(raised: float) -> Clip:
    """Thighs so many degrees off the vertical, upper arms hanging, forearms forwards and down: on the thighs of who
    sits."""
    rotations = np.zeros((FRAMES, 22, 4))
    rotations[..., 0] = 1.0
    x = np.array([1.0, 0.0, 0.0])
    for side, out in SIDES:
        away = np.array([out, 0.0, 0.0])
        arm = quat_between(away, np.array([0.1 * out, 0.0, -1.0]))
        fore = quat_between(away, np.array([-0.2 * out, -0.8, -0.5]))
        rotations[:, INDEX[f"{side}Arm"]] = arm
        rotations[:, INDEX[f"{side}ForeArm"]] = quat_multiply(quat_inverse(arm), fore)
        rotations[:, INDEX[f"{side}UpLeg"]] = quat_from_axis_angle(x, np.radians(-raised))
        rotations[:, INDEX[f"{side}Leg"]] = quat_from_axis_angle(x, np.radians(raised))
    return Clip(CANONICAL, rotations, np.tile([0.0, 0.0, 0.55], (FRAMES, 1)), 30.0)


@pytest.mark.parametrize("seed", range(20))
def test_hands_of_a_sitter_stay_where_they_lay(seed):
    clip = somebody(90.0)
    held = replace(clip, rotations=hold_otherwise(clip.rotations, np.full(FRAMES, 1.5), seed))
    made = keep_resting(held, clip.rotations)
    before, moved, after = (joint_positions(one) for one in (clip, held, made))
    assert np.linalg.norm((after - before)[:, HANDS], axis=-1).max() < 0.005
    assert np.linalg.norm((moved - before)[:, HANDS], axis=-1).max() > 0.01
    arms = [joint for name, joint in INDEX.items() if any(part in name for part in ("Arm", "Hand"))
            and "Shoulder" not in name]
    others = [joint for joint in range(22) if joint not in arms]
    assert np.abs(quat_angle(made.rotations, held.rotations)[:, others]).max() < 1e-6
    for side, _ in SIDES:  # elbows bend the way they did
        bend = [np.cross(pose[0, INDEX[f"{side}ForeArm"]] - pose[0, INDEX[f"{side}Arm"]],
                         pose[0, INDEX[f"{side}Hand"]] - pose[0, INDEX[f"{side}ForeArm"]]) for pose in (before, after)]
        assert bend[0] @ bend[1] > 0.0


def test_hands_of_those_who_stand_rest_nowhere():
    clip = somebody(15.0)
    held = replace(clip, rotations=hold_otherwise(clip.rotations, np.full(FRAMES, 1.5), 3))
    assert keep_resting(held, clip.rotations) is held


def test_a_hand_is_let_go_smoothly_as_its_owner_stands_up():
    clip, up = somebody(90.0), np.linspace(90.0, 0.0, FRAMES)
    for side, _ in SIDES:
        for part, sign in (("UpLeg", -1.0), ("Leg", 1.0)):
            clip.rotations[:, INDEX[side + part]] = quat_from_axis_angle(np.array([1.0, 0.0, 0.0]),
                                                                         np.radians(sign * up))
    for seed in range(10):
        held = replace(clip, rotations=hold_otherwise(clip.rotations, np.full(FRAMES, 1.5), seed))
        made = keep_resting(held, clip.rotations)
        hands = joint_positions(made)[:, HANDS] - joint_positions(clip)[:, HANDS]
        assert np.linalg.norm(hands[0], axis=-1).max() < 0.005
        assert np.abs(joint_positions(made)[-1] - joint_positions(held)[-1]).max() < 0.005
        assert np.linalg.norm(np.diff(hands, axis=0), axis=-1).max() < 0.03
