# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops: the last frame is the first one further on, and nobody sees where they meet."""

import numpy as np
import pytest
from made_steps import compass_walk, standing, turn
from made_walk import made_chaos, made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_standing
from blender_addon.motion.foot_lock import lock_feet
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.looping import close_loop, meet_ends
from blender_addon.motion.resampling import resample
from blender_addon.motion.rotations import quat_about_z, quat_angle, quat_multiply, quat_rotate
from blender_addon.motion.skeleton import CANONICAL, INDEX


def seen(clip: Clip) -> np.ndarray:
    """(T, J, 3) joints from the ground under the hips, in the frame that faces as the hips do."""
    heading = 2.0 * np.arctan2(clip.rotations[:, 0, 3], clip.rotations[:, 0, 0])
    ground = clip.positions * [1.0, 1.0, 0.0]
    return quat_rotate(quat_about_z(-heading)[:, None], joint_positions(clip) - ground[:, None])


def walk_in_a_circle(seconds: float = 5.0, turning: float = 0.9) -> Clip:
    """made_walk, turned further with every frame and led along a circle."""
    clip = made_walk(seconds)
    angle = turning * np.arange(clip.frames) / clip.fps
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(quat_about_z(angle), rotations[:, 0])
    radius = 1.2 / turning
    positions = np.column_stack([radius * (1 - np.cos(angle)), -radius * np.sin(angle), clip.positions[:, 2]])
    return Clip(CANONICAL, rotations, positions, clip.fps)


CLIPS = {
    "walk": made_walk(5.0), "walk that way": made_walk(5.0, heading=3.0), "circle": walk_in_a_circle(),
    "compasses": compass_walk(), "chaos": made_chaos(150, reach=0.8), "standing": standing(120),
    "short": made_walk(0.7), "at 24": resample(made_walk(4.0), 24.0),
}


@pytest.mark.parametrize("name", CLIPS)
def test_the_last_pose_is_the_first(name):
    loop = close_loop(CLIPS[name]).clip
    look = seen(loop)
    assert np.abs(look[-1] - look[0]).max() < 1e-6
    assert quat_angle(loop.rotations[-1, 1:], loop.rotations[0, 1:]).max() < 1e-6


@pytest.mark.parametrize("name", CLIPS)
def test_at_most_a_second_and_a_half_is_cut_off_either_end(name):
    clip = CLIPS[name]
    loop = close_loop(clip).clip
    assert loop.fps == clip.fps and loop.skeleton is clip.skeleton
    assert clip.frames - 2 * 1.5 * clip.fps <= loop.frames <= clip.frames and loop.frames > clip.frames / 3


@pytest.mark.parametrize("name", ["walk", "walk that way", "circle", "compasses"])
def test_a_steady_walk_goes_on_over_the_seam_without_a_jerk(name):
    """Where whole cycles are there to be found the seam is like any other frame, up to half a frame's difference."""
    clip = CLIPS[name]
    loop = close_loop(clip).clip
    look = seen(loop)
    before, after = look[-1] - look[-2], look[1] - look[0]
    changes = np.linalg.norm(np.diff(seen(clip), n=2, axis=0), axis=-1).max()
    assert np.linalg.norm(after - before, axis=-1).max() <= 1.5 * changes
    pace = np.linalg.norm(np.diff(clip.positions[:, :2], axis=0), axis=1)
    made = np.linalg.norm(np.diff(loop.positions[:, :2], axis=0), axis=1)
    assert np.ptp(made) <= 1.2 * np.ptp(pace) + 1e-4  # travel is left as it was, but for next to nothing


@pytest.mark.parametrize("name", CLIPS)
def test_nothing_leaps_within(name):
    clip = CLIPS[name]
    loop = close_loop(clip).clip
    fastest = np.linalg.norm(np.diff(joint_positions(clip), axis=0), axis=-1).max()
    assert np.linalg.norm(np.diff(joint_positions(loop), axis=0), axis=-1).max() < 1.6 * fastest + 0.05
    assert np.sum(loop.rotations[1:] * loop.rotations[:-1], axis=-1).min() > 0.0


def test_only_the_ends_are_changed():
    clip = CLIPS["circle"]
    made = close_loop(clip)
    loop, ends = made.clip, round(0.8 * clip.fps)
    part = clip.cut(made.first, made.first + made.frames)
    assert part.frames == loop.frames and made.tempo == 1.0
    inner = slice(ends, loop.frames - ends)
    assert quat_angle(part.rotations, loop.rotations)[inner, 1:].max() < 1e-9
    assert np.abs(np.diff(part.positions, axis=0) - np.diff(loop.positions, axis=0)).max() < 2e-3
    # the way over the ground and the turning of the whole stay
    assert np.linalg.norm(part.positions - loop.positions, axis=-1).max() < 0.06


def test_a_pose_on_the_way_back_is_not_the_pose_on_the_way_there():
    """After two and a half swings an arm is where it began, but goes the other way: half a swing has to go."""
    clip = turn(standing(101), "LeftArm", 0.6 * np.sin(2 * np.pi * np.arange(101) / 40), (0.0, 0.0, 1.0))
    loop = close_loop(clip).clip
    assert loop.frames == 81
    speed = np.diff(seen(loop)[:, INDEX["LeftHand"]], axis=0)
    assert speed[0] @ speed[-1] > -1e-12


def test_a_standing_body_is_kept_whole():
    loop = close_loop(standing(120)).clip
    assert loop.frames == 120


def test_contacts_are_cut_with_their_frames():
    clip = made_walk(4.0)
    contacts = np.arange(clip.frames)[:, None] % 7 == np.arange(4)
    loop = close_loop(Clip(clip.skeleton, clip.rotations, clip.positions, clip.fps, contacts, "walk")).clip
    assert loop.contacts.shape == (loop.frames, 4) and loop.name == "walk"


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_a_clip_of_a_few_frames(frames):
    loop = close_loop(made_walk(1.0).cut(0, frames)).clip
    assert 1 <= loop.frames <= frames and np.abs(seen(loop)[-1] - seen(loop)[0]).max() < 1e-6
    assert np.isfinite(loop.rotations).all()


def test_the_signs_of_quaternions_do_not_matter():
    clip = made_walk(4.0)
    signs = np.where(np.random.default_rng(0).random(clip.rotations.shape[:2]) < 0.5, -1.0, 1.0)[..., None]
    other = close_loop(Clip(clip.skeleton, clip.rotations * signs, clip.positions, clip.fps)).clip
    loop = close_loop(clip).clip
    assert loop.frames == other.frames and quat_angle(loop.rotations, other.rotations).max() < 1e-6


# --- as long as was asked for, with frames to spare -----------------------------------------------------------------


def wandering(frames: int = 240, seed: int = 0) -> Clip:
    """Somebody who moves slowly all over, never the same twice, turns and drifts: a dance, an idle."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames) / 30.0
    clip = standing(frames)
    for joint in ("LeftArm", "RightArm", "Spine", "LeftUpLeg", "RightUpLeg", "Head", "LeftForeArm"):
        waves = sum(0.25 * rng.normal() * np.sin(2 * np.pi * rate * t + rng.uniform(0, 6)) for rate in (0.3, 0.5, 0.9))
        clip = turn(clip, joint, waves, np.eye(3)[rng.integers(3)])
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_about_z(0.2 * t + 0.1 * np.sin(2.0 * t))
    drift = np.column_stack([0.15 * t, 0.05 * np.sin(t), 0.94 + 0.02 * np.sin(3.0 * t)])
    return Clip(CANONICAL, rotations, drift, 30.0)


def twice(loop: Clip) -> np.ndarray:
    """(2 T - 1, J, 3) joints in the world while it is played twice, the second time from where the first one ends."""
    joints = joint_positions(loop)
    turned = quat_multiply(loop.rotations[-1, 0], loop.rotations[0, 0] * [1, -1, -1, -1])
    turned = turned * [1, 0, 0, 1] / np.linalg.norm(turned[[0, 3]])
    again = quat_rotate(turned, joints - loop.positions[0]) + loop.positions[-1]
    return np.concatenate([joints, again[1:]])


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("clip", [wandering(), wandering(seed=1), made_walk(9.0), walk_in_a_circle(9.0)],
                         ids=["one", "another", "walk", "circle"])
def test_the_seam_is_no_larger_a_step_than_others(clip, still):
    """In pose and in velocity, of every joint, against the 95th percentile of that joint's own steps."""
    loop = close_loop(clip, 120, clip.frames - 120, straight=still, still=still).clip
    assert loop.frames == 120
    joints, end = twice(loop), loop.frames - 1
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1)
    changes = np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1)  # changes[t] is about frame t + 1
    assert np.abs(seen(loop)[-1] - seen(loop)[0]).max() < 1e-6
    usual = np.percentile(changes[:end - 1], 95, axis=0)
    assert (changes[end - 1] <= usual + 1e-9).all()
    assert (steps[end - 1:end + 1] <= np.percentile(steps[:end], 100, axis=0) + 1e-9).all()


def test_it_begins_and_ends_in_the_same_place_where_it_is_to_stay():
    clip = wandering()
    loop = close_loop(clip, 150, 90, still=True)
    assert np.allclose(loop.clip.positions[-1], loop.clip.positions[0], atol=1e-9)
    assert quat_angle(loop.clip.rotations[-1], loop.clip.rotations[0]).max() < 1e-6
    assert abs(loop.turned) > 10.0 and loop.moved > 0.3  # what had to be taken out is told
    assert loop.first > 0 or loop.frames != 150


def test_a_walk_straight_ahead_goes_straight_on():
    clip = walk_in_a_circle(9.0, turning=0.05)
    made = close_loop(clip, 150, 100, straight=True)
    loop = made.clip
    turned = quat_multiply(loop.rotations[-1, 0], loop.rotations[0, 0] * [1, -1, -1, -1])
    assert abs(turned[3]) < 1e-9
    gone = np.linalg.norm(loop.positions[-1] - loop.positions[0])
    assert gone == pytest.approx(1.2 * 149 / 30 * made.tempo, rel=0.01)


@pytest.mark.parametrize("frames", [90, 101, 137, 150])
def test_whatever_length_was_asked_for_whole_steps_are_taken_for_it(frames):
    """made_walk takes 54 strides a minute: no such length is whole strides, the tempo gives way."""
    clip = made_walk(9.0)
    made = close_loop(clip, frames, clip.frames - frames, straight=True)
    assert made.clip.frames == frames and 0.85 < made.tempo < 1.15 and made.left_cm < 3.0
    strides = (made.frames - 1) / 30.0 * 54.0 / 60.0
    assert abs(strides - round(strides)) < 0.05


def test_feet_that_stand_at_one_end_alone_do_not_tear_a_loop_apart():
    """Who stands at the first frame stands at the last one, which is the same moment."""
    loop = close_loop(made_walk(9.0), 120, 150, straight=True).clip
    contacts = find_standing(loop)
    for column in range(4):
        contacts[:3, column], contacts[-3:, column] = column % 2 == 0, column % 2 == 1
    locked = lock_feet(loop, contacts).clip
    assert np.abs(seen(locked)[-1] - seen(locked)[0]).max() < 1e-3


def test_ends_that_came_apart_are_brought_together_and_others_left_alone():
    loop = close_loop(made_walk(9.0), 120, 150, straight=True).clip
    assert meet_ends(loop) is loop
    rotations = np.array(loop.rotations)
    apart = turn(standing(120), "LeftUpLeg", np.linspace(0.0, 0.05, 120)).rotations[:, INDEX["LeftUpLeg"]]
    rotations[:, INDEX["LeftUpLeg"]] = quat_multiply(apart, rotations[:, INDEX["LeftUpLeg"]])
    torn = Clip(CANONICAL, rotations, loop.positions, loop.fps)
    assert np.abs(seen(torn)[-1] - seen(torn)[0]).max() > 0.02
    met = meet_ends(torn)
    assert np.abs(seen(met)[-1] - seen(met)[0]).max() < 1e-6
    assert np.abs(joint_positions(met) - joint_positions(torn)).max() < 0.03
