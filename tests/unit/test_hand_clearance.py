# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands kept out of hips: on bodies that are columns of a known shape, so that depths are known without the code."""

from dataclasses import replace

import numpy as np
import pytest
from made_walk import made_walk

from blender_addon.motion import hand_clearance
from blender_addon.motion.girths import THICK, flesh_of
from blender_addon.motion.hand_clearance import keep_hands_clear
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.rotations import quat_continuous, quat_inverse, quat_rotate
from blender_addon.motion.skeleton import CANONICAL, INDEX

TRUNK = [joint for joint in THICK if "UpLeg" not in joint]
FINGERS = np.array([[0.0, 0.0, 0.0], [0.1, 0.04, 0.0], [0.1, -0.04, 0.0], [0.18, 0.0, 0.0], [0.1, 0.0, 0.015]])


def column(broad, deep, low=-0.25, high=0.2):
    """(N, 3) the skin of a column around a bone that points up."""
    turn, height = np.meshgrid(np.linspace(0.0, 2.0 * np.pi, 90, endpoint=False), np.linspace(low, high, 30))
    return np.stack([broad * np.cos(turn), deep * np.sin(turn), height], axis=-1).reshape(-1, 3)


def body(broad, deep):
    """A trunk that is a column from the thighs to the shoulders, and two hands."""
    mesh = {joint: column(broad, deep) for joint in TRUNK}
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        mesh[f"{side}Hand"] = FINGERS * [sign, 1.0, 1.0]
        mesh[f"{side}ForeArm"] = np.array([[0.1 * sign, 0.0, 0.0], [0.25 * sign, 0.0, 0.0]])
    return mesh


def inside(clip, broad, deep):
    """(T,) metres that a hand is within the column along X at worst, by the ellipse's own equation."""
    turned, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    worst = np.zeros(clip.frames)
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        hand = INDEX[f"{side}Hand"]
        points = placed[:, hand, None] + quat_rotate(turned[:, hand, None], FINGERS * [sign, 1.0, 1.0])
        for joint in TRUNK:
            place = INDEX[joint]
            x, y, z = np.moveaxis(quat_rotate(quat_inverse(turned[:, place, None]), points - placed[:, place, None]),
                                  -1, 0)
            across = broad * np.sqrt(np.maximum(1.0 - (y / deep) ** 2, 0.0))
            into = np.where((z > -0.25) & (z < 0.2) & (np.abs(y) < deep), across - np.abs(x), -1.0)
            worst = np.maximum(worst, into.max(axis=1))
    return worst


def hands(clip):
    """(T, 2, 3) where the hands are."""
    return forward_kinematics(clip.skeleton, clip.rotations, clip.positions)[1][:, [INDEX["LeftHand"],
                                                                                   INDEX["RightHand"]]]


def strongest(clip):
    """Metres a second squared that a hand is pulled by at most."""
    return np.linalg.norm(np.diff(hands(clip), 2, axis=0), axis=-1).max() * clip.fps**2


def test_depths_are_those_of_the_shape():
    girth = flesh_of([body(0.24, 0.14)]).girths[0]
    rng = np.random.default_rng(3)
    turn = rng.uniform(0.0, 2.0 * np.pi, 400)
    points = np.stack([rng.uniform(0.75, 1.25, 400) * 0.24 * np.cos(turn),
                       rng.uniform(0.75, 1.25, 400) * 0.14 * np.sin(turn), rng.uniform(-0.2, 0.15, 400)], axis=1)
    fine = np.linspace(0.0, 2.0 * np.pi, 4000)
    skin = np.stack([0.24 * np.cos(fine), 0.14 * np.sin(fine)], axis=1)
    away = np.linalg.norm(points[:, None, :2] - skin, axis=2)
    true = away.min(axis=1) * np.where((points[:, 0] / 0.24) ** 2 + (points[:, 1] / 0.14) ** 2 < 1.0, 1.0, -1.0)
    depth, out = girth.depths(points)
    near = np.abs(true) < 0.02
    assert np.abs(depth - true)[near].max() < 0.006 and np.all((depth > 0.006) <= (true > 0.0))
    ways = (skin[away.argmin(axis=1)] - points[:, :2]) * np.sign(true)[:, None]
    agree = np.sum(out[:, :2] * ways, axis=1) / np.linalg.norm(ways, axis=1)
    assert agree[near & (np.abs(true) > 0.004)].min() > 0.9


@pytest.mark.parametrize(("broad", "deep"), [(0.40, 0.22), (0.46, 0.30), (0.38, 0.20)])
def test_hands_come_out_of_a_broad_body(broad, deep):
    clip = made_walk(4.0)
    before = inside(clip, broad, deep).max()
    done = keep_hands_clear(clip, flesh_of([body(broad, deep)]))
    assert before > 0.01 and inside(done.clip, broad, deep).max() < 0.003
    assert done.depth_before > 0.01 and done.depth <= 0.001 and 0.0 < done.turned < 25.0
    others = [joint for joint in range(22) if joint not in (INDEX["LeftArm"], INDEX["RightArm"])]
    assert np.array_equal(done.clip.rotations[:, others], clip.rotations[:, others])
    assert np.array_equal(done.clip.positions, clip.positions)
    # no further than it takes, and no pops
    moved = np.linalg.norm(hands(done.clip) - hands(clip), axis=-1).max()
    assert moved < 1.6 * before + 0.03 and strongest(done.clip) < 1.25 * strongest(clip) + 0.5


def test_hands_that_are_clear_stay_as_they_are():
    clip = made_walk(2.0)
    assert keep_hands_clear(clip, flesh_of([body(0.18, 0.12)])).clip is clip


def test_an_arm_that_is_clear_stays_the_same_bits():
    clip = made_walk(2.0)
    away = np.array(clip.rotations)
    away[:, INDEX["RightArm"]] = [1.0, 0.0, 0.0, 0.0]  # stretched out
    away = replace(clip, rotations=away)
    done = keep_hands_clear(away, flesh_of([body(0.42, 0.25)])).clip
    assert not np.array_equal(done.rotations[:, INDEX["LeftArm"]], away.rotations[:, INDEX["LeftArm"]])
    assert np.array_equal(done.rotations[:, INDEX["RightArm"]], away.rotations[:, INDEX["RightArm"]])


def test_a_loop_stays_one():
    clip = made_walk(10.0 / 9.0 * 3.0 + 1.0 / 30.0)  # three whole cycles, and the first frame again
    loop = keep_hands_clear(clip, flesh_of([body(0.42, 0.25)]), loop=True).clip
    assert np.abs(clip.rotations[0] - clip.rotations[-1]).max() < 1e-9
    assert np.abs(loop.rotations[0] - loop.rotations[-1]).max() < 1e-9
    turns = loop.rotations[:, INDEX["LeftArm"]]
    row = np.concatenate([turns[-3:-1], turns[:3]])
    assert np.abs(np.diff(row, 2, axis=0)).max() < 2.0 * np.abs(np.diff(turns, 2, axis=0)).max()


def test_a_hand_dips_in_once_and_its_arm_eases_out_and_back():
    clip = made_walk(6.0)
    quiet = np.array(clip.rotations)
    quiet[:60] = quiet[120:] = [1.0, 0.0, 0.0, 0.0]
    blend = replace(clip, rotations=quiet)
    done = keep_hands_clear(blend, flesh_of([body(0.42, 0.25)])).clip
    changed = np.flatnonzero(np.any(done.rotations != blend.rotations, axis=(1, 2)))
    assert changed.min() > 40 and changed.max() < 140


def test_clothes_add_to_the_body():
    clip, skin = made_walk(2.0), body(0.30, 0.18)
    coat = {joint: column(0.40, 0.24) for joint in TRUNK}
    bare, dressed = (keep_hands_clear(clip, flesh_of(meshes)) for meshes in ([skin], [skin, coat]))
    assert dressed.depth_before > bare.depth_before + 0.02
    assert inside(dressed.clip, 0.40, 0.24).max() < 0.003


def test_what_has_no_hands_or_no_trunk_is_no_flesh():
    mesh = body(0.3, 0.2)
    assert flesh_of([{joint: points for joint, points in mesh.items() if joint in TRUNK}]) is None
    assert flesh_of([{joint: points for joint, points in mesh.items() if joint not in TRUNK}]) is None
    assert flesh_of([]) is None


def test_thighs_count_as_they_swing():
    thigh = column(0.28, 0.28, -0.05, 0.42)  # around its own bone, which points down
    mesh = body(0.1, 0.1) | {f"{side}UpLeg": thigh * [1.0, 1.0, -1.0] for side in ("Left", "Right")}
    clip = made_walk(3.0)
    done = keep_hands_clear(clip, flesh_of([mesh]))
    assert done.depth_before > 0.01 and done.depth <= 0.001
    assert CANONICAL is done.clip.skeleton


def test_turns_that_take_a_hand_deeper_are_not_kept(monkeypatch):
    """Out of one thigh may be into the other; here every turn is the wrong way round."""
    clip, turns = made_walk(seconds=1.0), hand_clearance._turns
    monkeypatch.setattr(hand_clearance, "_turns", lambda *told: -turns(*told))
    made = keep_hands_clear(clip, flesh_of([body(0.46, 0.30)]))
    assert made.depth_before > 0.05 and made.depth == made.depth_before
    assert np.array_equal(made.clip.rotations, quat_continuous(clip.rotations))
