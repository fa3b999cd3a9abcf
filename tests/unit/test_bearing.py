# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes are held differently, each the same throughout, by legs that stay as they were."""

from dataclasses import replace

import numpy as np
import pytest
from made_walk import made_walk
from made_walker import PACK, Walker, plan

from blender_addon.motion.bearing import hold_as_usual, hold_otherwise
from blender_addon.motion.clip import Clip
from blender_addon.motion.generating import generate
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.rotations import normalise, quat_angle, quat_from_axis_angle, quat_rotate
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS

SEEDS = range(300)
LEGS = [INDEX[name] for name in JOINTS if name == "Hips" or any(part in name for part in ("Leg", "Foot", "Toe"))]


def standing(seed: int) -> np.ndarray:
    """(22, 3) of somebody who stood with arms hanging, held otherwise; faces -Y."""
    rotations = np.zeros((1, 22, 4))
    rotations[..., 0] = 1.0
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        half = sign * np.pi / 4.0  # the left arm leaves +X for -Z about +Y
        rotations[0, INDEX[f"{side}Arm"]] = [np.cos(half), 0.0, np.sin(half), 0.0]
    held = hold_otherwise(rotations, np.ones(1), seed)
    return joint_positions(Clip(CANONICAL, held, CANONICAL.rest_positions[:1], 30.0))[0]


def test_a_take_is_held_the_same_throughout_and_its_legs_stay():
    clip = made_walk(seconds=2.0)
    held = hold_otherwise(clip.rotations, np.ones(clip.frames), 3)
    angle = np.degrees(quat_angle(held, clip.rotations))
    assert (held[:, LEGS] == clip.rotations[:, LEGS]).all()
    trunk = angle[:, [INDEX[name] for name in ("Spine", "Spine1", "Spine2", "Neck", "Head", "LeftArm")]]
    assert np.ptp(trunk, axis=0).max() < 1e-3 and trunk.min() > 0.01 and angle.max() < 40.0
    assert np.array_equal(held, hold_otherwise(clip.rotations, np.ones(clip.frames), 3))
    assert np.array_equal(hold_otherwise(clip.rotations, np.zeros(clip.frames), 3), clip.rotations)


def test_as_far_as_is_asked_frame_by_frame():
    clip = made_walk(seconds=1.0)
    share = np.linspace(0.0, 1.0, clip.frames)
    arm = np.degrees(quat_angle(hold_otherwise(clip.rotations, share, 5), clip.rotations)[:, INDEX["RightArm"]])
    assert arm == pytest.approx(arm[-1] * share, abs=1e-3) and arm[-1] > 0.5


def test_people_differ_by_a_few_degrees_and_keep_their_arms_off_their_bodies():
    people = np.stack([standing(seed) for seed in SEEDS])
    trunk = people[:, INDEX["Neck"]] - people[:, INDEX["Hips"]]
    lean, aside = (np.degrees(np.arctan2(trunk[:, axis], trunk[:, 2])) for axis in (1, 0))
    assert 2.0 < lean.std() < 6.0 and 0.3 < aside.std() < 2.0 and abs(lean.mean()) < 1.0
    # who leans forward still looks ahead and lets the arms hang: a stiff body has 1.7 for both
    head = people[:, INDEX["Head"]] - people[:, INDEX["Neck"]]
    arm = people[:, INDEX["LeftHand"]] - people[:, INDEX["LeftArm"]]
    look, hang = (np.degrees(np.arctan2(part[:, 1], np.abs(part[:, 2]))) for part in (head, arm))
    assert np.polyfit(lean, look, 1)[0] < 1.2 and abs(np.polyfit(lean, hang, 1)[0]) < 1.2
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        out = sign * (people[:, INDEX[f"{side}Hand"]] - people[:, INDEX[f"{side}Arm"]])[:, 0]
        assert out.mean() > 0.02 and out.min() > -0.06


@pytest.mark.parametrize("name,out", [("LeftForeArm", 1.0), ("RightForeArm", -1.0)])
def test_elbows_never_bend_backwards_and_fold_no_further_than_arms_do(name, out):
    """A runner's elbows, bent by 120 degrees, were bent beyond half a turn by those who bend theirs more."""
    asked = np.arange(0.0, 146.0, 5.0)
    rotations = np.zeros((len(asked), 22, 4))
    rotations[..., 0] = 1.0
    rotations[:, INDEX[name]] = quat_from_axis_angle(np.array([0.0, 0.6 * out, -0.8 * out]), np.radians(asked))
    away = np.array([out, 0.0, 0.0])
    for seed in range(200):
        held = hold_otherwise(rotations, np.full(len(asked), 1.5), seed)[:, INDEX[name]]
        along, before = quat_rotate(held, away), quat_rotate(rotations[:, INDEX[name]], away)
        bend = np.degrees(np.arccos(np.clip(along @ away, -1.0, 1.0)))
        assert (np.diff(bend) > 0.0).all() and bend.max() < 146.0 and np.abs(bend - asked).max() < 60.0
        # in the plane in which it was bent
        assert np.abs(np.sum(np.cross(away, before) * along, axis=-1)).max() < 1e-6


@pytest.mark.parametrize("share", [0.5, 1.0, 1.5])
def test_what_was_held_otherwise_can_be_held_as_usual_again(share):
    rotations = normalise(np.random.default_rng(1).normal(size=(40, 22, 4)))
    for seed in range(30):
        held = hold_otherwise(rotations, np.full(40, share), seed)
        assert np.degrees(quat_angle(hold_as_usual(held, np.full(40, share), seed), rotations)).max() < 1e-3
    assert hold_as_usual(rotations, np.zeros(40), 1) is rotations


def test_a_pack_says_which_actions_are_held_otherwise(monkeypatch):
    made = plan((("walk", 1.0), ("idle", 1.0)))
    plain = generate(Walker(), PACK, made, [3])[0]
    monkeypatch.setitem(PACK.content["generator"], "bearing", {"walk": 1.0})
    held = generate(Walker(), PACK, made, [3])[0]
    angle = np.degrees(quat_angle(held.rotations, plain.rotations)[:, INDEX["LeftArm"]])
    assert angle[:20].min() > 0.3 and angle[-20:].max() < 1e-3
    assert np.array_equal(replace(held, rotations=plain.rotations).positions, plain.positions)
