# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that are to stand still: on bodies of any proportions, measured by kinematics of the test's own."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_proportions import FEET, by_matrices, put_on, skeleton_like
from made_steps import IDENTITY, LEG, compass_walk, standing, turn
from made_walk import made_chaos, made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.foot_lock import RADIUS, FootLock, lock_feet
from blender_addon.motion.measures import knee_angles
from blender_addon.motion.rotations import matrix_from_quat, quat_about_z, quat_multiply
from blender_addon.motion.skeleton import INDEX

BODIES = {
    "people's": skeleton_like(),
    "short thighs": skeleton_like(0.8),
    "long thighs": skeleton_like(1.25),
    "wide hips": skeleton_like(hips=3.0),
    "narrow hips": skeleton_like(hips=0.5),
    "long feet": skeleton_like(foot=1.8),
    "short feet": skeleton_like(foot=0.6),
    "high ankles": skeleton_like(ankle=2.0),
    "low ankles": skeleton_like(ankle=0.5),
    "an ogre's": skeleton_like(1.25, 2.5, 1.8, 2.0),
}
proportions = st.builds(skeleton_like, st.floats(0.8, 1.25), st.floats(0.5, 3.0), st.floats(0.6, 1.8),
                        st.floats(0.5, 2.0))


def walking(steps: int = 8, fps: float = 30.0, **how: float) -> tuple[Clip, np.ndarray]:
    """A compass walk and who stands in it, (T, 4): the left foot in even steps, the right one in odd ones."""
    clip = compass_walk(steps, round(fps / 2), fps, **how)
    left = np.repeat(np.arange(steps), round(fps / 2)) % 2 == 0
    return clip, np.column_stack([left, left, ~left, ~left])


def striding(seconds: float = 5.0, speed: float = 1.55, **how: float) -> tuple[Clip, np.ndarray]:
    """A walk by sines, whose feet slide and hover, and who should stand in it: the foot that swings back."""
    clip = made_walk(seconds, speed=speed, **how)
    back = np.cos(2 * np.pi * 0.9 * np.arange(clip.frames) / clip.fps)
    return clip, np.stack([back, back, -back, -back], axis=1) > 0.5


def heights(clip: Clip) -> np.ndarray:
    """(T, 4) metres of ankles and toes above where they rest."""
    return by_matrices(clip)[1][:, FEET, 2] - clip.skeleton.rest_positions[FEET, 2]


def steps_between(clip: Clip, contacts: np.ndarray) -> np.ndarray:
    """Metres a frame over the floor of joints that stand before and after."""
    moved = np.linalg.norm(np.diff(by_matrices(clip)[1][:, FEET, :2], axis=0), axis=-1)
    return moved[contacts[1:] & contacts[:-1]]


def angles_to(clip: Clip, source: Clip, part: str) -> np.ndarray:
    """(T, 2) degrees between the turns of both sides' segments."""
    joints = [INDEX["Left" + part], INDEX["Right" + part]]
    a, b = (by_matrices(c)[0][:, joints] for c in (clip, source))
    trace = np.trace(np.swapaxes(a, -1, -2) @ b, axis1=-2, axis2=-1)
    return np.degrees(np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0)))


def check_sound(lock: FootLock, before: Clip) -> None:
    """What holds for every clip: its shape, unit quaternions without flips, trunk and arms turned as they were."""
    clip = lock.clip
    assert clip.rotations.shape == before.rotations.shape and clip.positions.shape == before.positions.shape
    assert np.isfinite(clip.rotations).all() and np.isfinite(clip.positions).all()
    assert np.allclose(np.linalg.norm(clip.rotations, axis=-1), 1.0)
    assert (np.sum(clip.rotations[1:] * clip.rotations[:-1], axis=-1) > 0.0).all()
    above = [INDEX[joint] for joint in ("Spine", "Spine2", "Head", "LeftHand", "RightForeArm")]
    assert np.allclose(by_matrices(clip)[0][:, above], by_matrices(before)[0][:, above], atol=1e-9)


# --- walks on bodies of all kinds ---------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(proportions, st.sampled_from([24.0, 30.0, 60.0]), st.floats(0.15, 0.35))
def test_feet_stand_where_they_came_down(body, fps, swing):
    source, contacts = walking(6, fps, swing=swing)
    before = put_on(source, body)
    lock = lock_feet(before, contacts)
    check_sound(lock, before)
    assert steps_between(lock.clip, contacts).max() < 0.0015
    standing_high = heights(lock.clip)[contacts]
    assert standing_high.min() > -0.0015 and standing_high.max() < 0.003
    assert heights(lock.clip).min() > -0.0015
    assert knee_angles(lock.clip).min() > -0.1


@pytest.mark.parametrize("body", BODIES)
def test_little_turns_for_it(body):
    source, contacts = walking()
    lock = lock_feet(put_on(source, BODIES[body]), contacts)
    for part, mean, most in (("UpLeg", 3.0, 10.0), ("Leg", 3.0, 10.0), ("Foot", 2.5, 8.0)):
        turned = angles_to(lock.clip, source, part)
        assert turned.mean() < mean and np.quantile(turned, 0.95) < most, part


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("speed", [1.4, 1.55])
def test_a_walk_that_slides_stands_after_it(body, speed):
    source, contacts = striding(speed=speed)
    before = put_on(source, BODIES[body])
    lock = lock_feet(before, contacts, radius=0.3)
    check_sound(lock, before)
    # a foot in the air that is twice as long as people's may graze the floor by a centimetre and a half
    toe = before.skeleton.offsets[INDEX["LeftToe"]]
    grazes = 0.018 * np.clip(np.hypot(toe[0], toe[1]) / 0.14 - 1.0, 0.0, 1.0)
    assert heights(lock.clip).min() > -0.0015 - grazes
    assert lock.skate_after < 0.25 * lock.skate_before and lock.floated_after < 1.0
    assert lock.sunk_after < 0.15 + 100.0 * grazes


@pytest.mark.parametrize("body", ["people's", "wide hips", "long feet"])
def test_nothing_jerks(body):
    """Knees and feet are accelerated little more than before; the compass walk itself starts and stops at once."""
    source, contacts = striding()
    before = put_on(source, BODIES[body])
    lock = lock_feet(before, contacts)
    joints = [*FEET, INDEX["LeftLeg"], INDEX["RightLeg"], 0]

    def jerked(clip: Clip) -> np.ndarray:
        # it sets out in the middle of a step, and how that came about nobody knows
        return np.linalg.norm(np.diff(by_matrices(clip)[1][8:, joints], 2, axis=0), axis=-1).max() * 900.0

    assert jerked(lock.clip) < jerked(before) + 35.0  # metres a second squared
    assert np.abs(np.diff(knee_angles(lock.clip)[8:], 2, axis=0)).max() < 20.0


def test_figures_are_those_of_the_clips():
    source, contacts = walking()
    before = put_on(source, BODIES["an ogre's"])
    lock = lock_feet(before, contacts)
    assert lock.skate_before == pytest.approx(steps_between(before, contacts).mean() * 30.0 * 100.0)
    assert lock.skate_after == pytest.approx(steps_between(lock.clip, contacts).mean() * 30.0 * 100.0)
    assert lock.sunk_before == pytest.approx(-100.0 * min(heights(before).min(), 0.0))
    feet = contacts[:, [0, 2]]
    assert lock.floated_before == pytest.approx(
        100.0 * max(heights(before).reshape(-1, 2, 2).min(axis=2)[feet].max(), 0.0), abs=1e-9)
    assert lock.lowered == pytest.approx((before.positions - lock.clip.positions)[:, 2].max())
    parts = [angles_to(lock.clip, before, part).max() for part in ("UpLeg", "Leg", "Foot")]
    assert lock.turned >= max(parts) - 1e-6
    assert np.array_equal(lock.contacts, contacts) and lock.floor == 0.0


# --- what need not change -----------------------------------------------------------------------------------------


def test_who_stands_is_left_alone():
    clip = standing()
    lock = lock_feet(clip)
    assert lock.contacts.all() and lock.skate_after == pytest.approx(0.0, abs=1e-6)
    assert np.abs(by_matrices(lock.clip)[1] - by_matrices(clip)[1]).max() < 0.001


def test_in_the_air_it_is_the_same_clip():
    clip = standing(height=1.4)
    lock = lock_feet(clip)
    assert lock.clip is clip and not lock.contacts.any() and lock.turned == 0.0


@pytest.mark.parametrize("body", BODIES)
def test_once_is_enough(body):
    source, contacts = walking()
    once = lock_feet(put_on(source, BODIES[body]), contacts)
    twice = lock_feet(once.clip, contacts)
    away = np.linalg.norm(by_matrices(twice.clip)[1] - by_matrices(once.clip)[1], axis=-1)
    assert away.mean() < 0.002 and np.quantile(away, 0.99) < 0.02
    assert away[:, FEET][contacts].max() < 0.005


@settings(max_examples=15, deadline=None)
@given(proportions, st.integers(1, 40), st.integers(0, 5))
def test_anything_may_come(body, frames, seed):
    """Somebody thrown about, cut to any length, with contacts that make no sense."""
    rng = np.random.default_rng(seed)
    before = put_on(made_chaos(frames, seed=seed), body)
    lock = lock_feet(before, rng.random((frames, 4)) < 0.5)
    assert np.isfinite(lock.clip.rotations).all() and np.isfinite(lock.clip.positions).all()
    assert np.allclose(np.linalg.norm(lock.clip.rotations, axis=-1), 1.0)


# --- one thing at a time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("higher", [0.04, -0.04])
def test_the_pelvis_goes_along_and_knees_stay_as_they_are(higher):
    bent = turn(turn(turn(standing(90), "LeftUpLeg", -0.4), "LeftLeg", 0.8), "LeftFoot", -0.4)
    bent = turn(turn(turn(bent, "RightUpLeg", -0.4), "RightLeg", 0.8), "RightFoot", -0.4)
    down = LEG - by_matrices(bent)[1][0, INDEX["LeftUpLeg"], 2] + by_matrices(bent)[1][0, INDEX["LeftFoot"], 2]
    before = replace(bent, positions=bent.positions - [0.0, 0.0, down - higher])
    lock = lock_feet(before, np.ones((90, 4), dtype=bool))
    assert lock.lowered == pytest.approx(higher, abs=0.004)
    assert np.abs(heights(lock.clip)).max() < 0.002
    assert np.abs(knee_angles(lock.clip) - knee_angles(before))[15:-15].max() < 3.0


def test_a_leg_that_is_too_short_brings_the_pelvis_down_in_time():
    """The left foot is held where the leg does not reach: the pelvis sinks smoothly, and no knee is straightened."""
    clip = turn(turn(standing(90), "LeftUpLeg", -0.5), "LeftFoot", 0.5)
    contacts = np.zeros((90, 4), dtype=bool)
    contacts[40:60, :2] = True
    lock = lock_feet(clip, contacts, radius=1.0)
    assert lock.lowered > 0.06
    assert heights(lock.clip)[40:60, :2].max() < 0.003 and steps_between(lock.clip, contacts).max() < 1e-3
    drop = np.diff(lock.clip.positions[:, 2], 2) * 900.0
    assert np.abs(drop).max() < 30.0 and lock.clip.positions[0, 2] == pytest.approx(0.94, abs=1e-3)


def test_a_foot_turns_about_its_toe():
    """On tiptoe, once round in two seconds: the toe stays, the ankle goes round it, the foot turns as it did."""
    frames = 60
    clip = turn(turn(standing(frames, height=1.04), "LeftFoot", 0.785), "RightUpLeg", -0.8)
    toe = by_matrices(clip)[1][0, INDEX["LeftToe"]] * [1.0, 1.0, 0.0]
    yaw = quat_about_z(np.linspace(0.0, np.pi, frames))
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(yaw, rotations[:, 0])
    round_it = toe + np.einsum("tij,tj->ti", matrix_from_quat(yaw), clip.positions - toe)
    drifting = round_it + np.linspace(0.0, 0.05, frames)[:, None] * np.array([1.0, 0.0, 0.0])
    contacts = np.zeros((frames, 4), dtype=bool)
    contacts[:, 1] = True
    before = Clip(clip.skeleton, rotations, drifting, clip.fps)
    lock = lock_feet(before, contacts)
    assert steps_between(before, contacts).max() > 0.0008
    assert steps_between(lock.clip, contacts).max() < 1e-4
    assert np.abs(heights(lock.clip)[:, 1]).max() < 0.002
    assert angles_to(lock.clip, before, "Foot")[:, 0].max() < 6.0
    ankle = by_matrices(lock.clip)[1][:, INDEX["LeftFoot"]]
    assert np.linalg.norm((ankle[-1] - ankle[0])[:2]) > 0.1


def test_who_slides_is_let_go():
    """Half a metre on ice: no foot is held further back than it may be."""
    before = standing(120, velocity=(0.0, -0.15, 0.0))
    lock = lock_feet(before, np.ones((120, 4), dtype=bool))
    away = np.linalg.norm((by_matrices(lock.clip)[1] - by_matrices(before)[1])[:, FEET, :2], axis=-1)
    assert away.max() < 1.5 * RADIUS
    assert np.median(steps_between(lock.clip, lock.contacts)) < 1e-4


@pytest.mark.parametrize("pitch", [0.0, 0.5, 1.0])
def test_a_swinging_foot_clears_the_floor(pitch):
    """The left leg swings through the floor; nothing of it is below, not even the ends of the toes."""
    through = 0.25 * np.sin(np.linspace(0.0, np.pi, 60))
    clip = turn(turn(turn(standing(60), "LeftUpLeg", -through), "LeftLeg", through), "LeftFoot", pitch * through * 4)
    clip = replace(clip, positions=clip.positions - [0.0, 0.0, 0.03])
    contacts = np.zeros((60, 4), dtype=bool)
    contacts[:, 2:] = True
    contacts[[0, 1, 2, 57, 58, 59], :2] = True
    lock = lock_feet(clip, contacts)
    turned, placed = by_matrices(lock.clip)
    toe = INDEX["LeftToe"]
    tip = placed[:, toe] + turned[:, toe] @ np.array([0.0, -0.07, 0.0])
    assert heights(lock.clip).min() > -0.0015 and tip[:, 2].min() > 0.02 - 0.002


def test_a_flat_foot_does_not_tremble():
    noise = np.random.default_rng(3).normal(0.0, 0.02, 90)
    before = turn(standing(90), "LeftFoot", noise)
    lock = lock_feet(before, np.ones((90, 4), dtype=bool))
    foot = by_matrices(lock.clip)[0][:, INDEX["LeftFoot"]]
    assert np.abs(foot - foot[0]).max() < 0.01
    assert np.abs(np.diff(knee_angles(lock.clip), axis=0)).max() < 1.0


def test_who_stands_on_a_box_stays_on_it():
    before = standing(60, velocity=(0.1, 0.0, 0.0), height=0.94 + 0.3)
    lock = lock_feet(before, np.ones((60, 4), dtype=bool), radius=0.3)
    assert np.allclose(heights(lock.clip), 0.3, atol=0.002)
    assert steps_between(lock.clip, lock.contacts).max() < 1e-4


# --- what it is told ----------------------------------------------------------------------------------------------


def test_contacts_are_the_given_ones_or_the_clip_s_or_found():
    clip, contacts = walking()
    none = np.zeros_like(contacts)
    assert np.array_equal(lock_feet(replace(clip, contacts=none), contacts).contacts, contacts)
    assert not lock_feet(replace(clip, contacts=none)).contacts.any()
    found = lock_feet(clip).contacts
    assert (found == contacts).mean() > 0.9


def test_the_floor_may_lie_elsewhere_or_be_found():
    clip, contacts = walking()
    up = replace(clip, positions=clip.positions + [0.0, 0.0, 0.5])
    for floor in (0.5, None):
        lock = lock_feet(put_on(up, BODIES["long thighs"]), contacts, floor)
        assert lock.floor == pytest.approx(0.5, abs=0.03)
        assert np.abs(heights(lock.clip)[contacts] - lock.floor).max() < 0.003


@pytest.mark.parametrize("body", ["wide hips", "an ogre's"])
def test_a_loop_stays_one(body):
    """Nine periods in ten seconds, so that the last frame is the first one further on."""
    source, contacts = striding(10.0 + 1.0 / 30.0, heading=0.3)
    lock = lock_feet(put_on(source, BODIES[body]), contacts)
    assert lock.skate_after < 0.3 * lock.skate_before
    assert np.abs(np.sum(lock.clip.rotations[0] * lock.clip.rotations[-1], axis=-1)).min() > np.cos(np.radians(0.05))
    assert lock.clip.positions[0, 2] == pytest.approx(lock.clip.positions[-1, 2], abs=5e-4)
    speed = np.diff(lock.clip.positions[:, 2])
    assert abs(speed[0] - speed[-1]) < 1.2 * np.abs(np.diff(speed)).max()


def test_quick_enough():
    source, contacts = striding(100.0)
    before = put_on(source, BODIES["an ogre's"])
    begun = time.process_time()
    lock_feet(before, contacts)
    assert before.frames == 3000 and time.process_time() - begun < 1.5  # a quarter of a second on an idle machine


def test_the_root_is_not_turned_but_where_hips_are_wide():
    source, contacts = walking()
    lock = lock_feet(source, contacts)
    assert np.abs(lock.clip.rotations[:, 0] - IDENTITY).max() < 0.02


def test_toes_that_pushed_off_straighten_no_quicker_than_a_foot_leaves():
    """A foot on its toe, its toes bent by the floor, goes up at once: the toes take their quarter of a second."""
    clip = standing(60)
    pitched = np.where((np.arange(60) >= 10) & (np.arange(60) < 25), 0.7, 0.0)
    clip = turn(clip, "LeftFoot", pitched)  # the ankle stays; the toe end would be deep in the floor
    thigh = -0.8 * np.clip((np.arange(60) - 22) / 4.0, 0.0, 1.0)
    clip = turn(turn(clip, "LeftUpLeg", thigh), "LeftLeg", -2.0 * thigh)
    contacts = np.zeros((60, 4), dtype=bool)
    contacts[:, 2:] = True
    contacts[:22, 1] = True
    contacts[:10, 0] = True
    locked = lock_feet(clip, contacts)
    turned = by_matrices(locked.clip)[0]
    bend = turned[:, INDEX["LeftFoot"]].swapaxes(-1, -2) @ turned[:, INDEX["LeftToe"]]
    angle = np.degrees(np.arccos(np.clip((np.trace(bend, axis1=1, axis2=2) - 1.0) / 2.0, -1.0, 1.0)))
    assert angle[:22].max() > 20.0 and angle[45:].max() < 0.5
    assert np.diff(angle)[21:].min() > -1.6 * angle.max() / 7.5
