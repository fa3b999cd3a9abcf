# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet of a take are placed otherwise and stand as still as before; legs reach them, and knees bend forwards."""

from dataclasses import replace

import numpy as np
import pytest
from made_walk import made_walk
from made_walker import PACK, Walker, plan

from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_standing, runs
from blender_addon.motion.generating import generate
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import foot_skate, knee_bend
from blender_addon.motion.rotations import quat_about_z, quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import CANONICAL, INDEX
from blender_addon.motion.stance import stand_as_usual, stand_otherwise

FRAMES = 60
ANKLES = [INDEX["LeftFoot"], INDEX["RightFoot"]]


def standing(heading: float = 0.0) -> Clip:
    """Somebody on slightly bent knees, whose trunk turns from side to side; both feet stand."""
    rotations = np.zeros((FRAMES, 22, 4))
    rotations[..., 0] = 1.0
    bend = np.radians(12.0)
    x = np.array([1.0, 0.0, 0.0])
    for side in ("Left", "Right"):
        for part, angle in (("UpLeg", -bend), ("Leg", 2.0 * bend), ("Foot", -bend)):
            rotations[:, INDEX[side + part]] = quat_from_axis_angle(x, np.array(angle))
    rotations[:, INDEX["Spine"]] = quat_about_z(0.3 * np.sin(np.linspace(0.0, 6.0, FRAMES)))
    rotations[:, 0] = quat_multiply(quat_about_z(np.full(FRAMES, heading)), rotations[:, 0])
    clip = Clip(CANONICAL, rotations, np.tile(CANONICAL.rest_positions[0], (FRAMES, 1)), 30.0)
    low = joint_positions(clip)[0, ANKLES, 2].min() - CANONICAL.rest_positions[ANKLES[0], 2]
    return replace(clip, positions=clip.positions - [0.0, 0.0, low], contacts=np.ones((FRAMES, 4), dtype=bool))


@pytest.mark.parametrize("seed", range(12))
def test_feet_stand_elsewhere_and_as_still_as_they_did(seed):
    clip = standing()
    made = stand_otherwise(clip, np.full(FRAMES, 1.5), seed)
    before, after = joint_positions(clip), joint_positions(made)
    moved = after[:, ANKLES] - before[:, ANKLES]
    assert np.ptp(moved, axis=0).max() < 2e-3 and np.abs(moved[..., 2]).max() < 2e-3
    assert np.linalg.norm(moved[0, :, :2], axis=-1).max() > 0.005
    assert foot_skate(made) < foot_skate(clip) + 0.1
    assert knee_bend(made) > -1.0 and (made.positions[:, 2] <= clip.positions[:, 2] + 1e-9).all()
    assert (after[:, ANKLES[0], 0] - after[:, ANKLES[1], 0]).min() > 0.05  # not one through the other


def test_people_differ_by_centimetres_and_the_body_above_does_not():
    clip = standing()
    takes = [stand_otherwise(clip, np.ones(FRAMES), seed) for seed in range(60)]
    left = np.array([joint_positions(take)[0, ANKLES[0], :2] - take.positions[0, :2] for take in takes])
    assert (left.std(axis=0) > 0.015).all() and (left.std(axis=0) < 0.08).all()
    above = [INDEX[name] for name in ("Spine", "Head", "LeftHand")]
    for take in takes[:5]:
        assert np.allclose(joint_positions(take)[:, above] - take.positions[:, None],
                           joint_positions(clip)[:, above] - clip.positions[:, None], atol=1e-6)


def test_moves_go_with_the_body_that_is_turned():
    ahead, aside = (joint_positions(stand_otherwise(one, np.ones(FRAMES), 4))[:, ANKLES] - joint_positions(one)[
        :, ANKLES] for one in (standing(), standing(np.pi / 2.0)))
    assert np.allclose(np.stack([-ahead[..., 1], ahead[..., 0]], axis=-1), aside[..., :2], atol=2e-3)


def test_a_foot_that_steps_stands_still_each_time_while_it_stands():
    clip = made_walk(seconds=3.0)
    clip = replace(clip, contacts=find_standing(clip))
    share = np.linspace(0.0, 2.0, clip.frames)  # grows all the time: what stands must not grow with it
    made = stand_otherwise(clip, share, 7)
    moved = (joint_positions(made) - joint_positions(clip))[:, ANKLES, :2]
    for foot, contact in enumerate((clip.contacts[:, :2], clip.contacts[:, 2:])):
        for first, stop in runs(contact.any(axis=1)):
            assert np.ptp(moved[first:stop, foot], axis=0).max() < 0.01
    assert np.linalg.norm(np.diff(moved, axis=0), axis=-1).max() < 0.06  # from one place to the next without a jump


@pytest.mark.parametrize("width", [0.06, 0.10, 0.14])
def test_feet_that_stand_close_together_do_not_come_closer(width):
    clip = standing()
    thigh = [INDEX["LeftUpLeg"], INDEX["RightUpLeg"]]
    tilt = np.arcsin((0.18 - width) / 2.0 / 0.8)
    for joint, sign in zip(thigh, (1.0, -1.0)):
        turn = quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), np.array(sign * tilt))
        clip.rotations[:, joint] = quat_multiply(turn, clip.rotations[:, joint])
    across = np.diff(joint_positions(clip)[0, ANKLES[::-1], 0])[0]
    for seed in range(60):
        made = joint_positions(stand_otherwise(clip, np.full(FRAMES, 1.5), seed))[:, ANKLES]
        assert made[:, 0, 0].min() > made[:, 1, 0].max()
        # beside one another, or one so far ahead that half of a foot is as far
        assert np.hypot(*(made[:, 0] - made[:, 1])[:, :2].T / [[1.0], [2.0]]).min() > min(across, 0.13) - 3e-3


@pytest.mark.parametrize("seed", range(8))
def test_feet_as_they_would_have_been(seed):
    clip = standing()
    made = stand_otherwise(clip, np.full(FRAMES, 1.5), seed)
    again = stand_as_usual(made, 1.5, seed)
    assert np.abs((joint_positions(again) - joint_positions(clip))[:, ANKLES]).max() < 0.005
    assert stand_as_usual(clip, 0.0, seed) is clip
    # what goes on from it is where it was
    on = stand_otherwise(again, np.full(FRAMES, 1.5), seed, made)
    assert np.abs((joint_positions(on) - joint_positions(made))[:, ANKLES]).max() < 0.005


def test_nothing_asked_nothing_done():
    clip = standing()
    assert stand_otherwise(clip, np.zeros(FRAMES), 3) is clip
    again = [stand_otherwise(clip, np.ones(FRAMES), 3).rotations for _ in range(2)]
    assert np.array_equal(*again)


def test_a_pack_says_which_actions_stand_otherwise(monkeypatch):
    made = plan((("idle", 1.0),))
    plain = generate(Walker(), PACK, made, [3])[0]
    monkeypatch.setitem(PACK.content["generator"], "stance", {"idle": 1.0})
    other = generate(Walker(), PACK, made, [3])[0]
    apart = np.linalg.norm((joint_positions(other) - joint_positions(plain))[:, ANKLES], axis=-1)
    assert apart.max() > 0.005
