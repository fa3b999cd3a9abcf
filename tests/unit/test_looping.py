# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops: the last frame is the first one further on, and nobody sees where they meet."""

import numpy as np
import pytest
from made_steps import compass_walk, standing, turn
from made_walk import made_chaos, made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.looping import close_loop
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
    loop = close_loop(CLIPS[name])
    look = seen(loop)
    assert np.abs(look[-1] - look[0]).max() < 1e-6
    assert quat_angle(loop.rotations[-1, 1:], loop.rotations[0, 1:]).max() < 1e-6


@pytest.mark.parametrize("name", CLIPS)
def test_at_most_a_second_and_a_half_is_cut_off_either_end(name):
    clip = CLIPS[name]
    loop = close_loop(clip)
    assert loop.fps == clip.fps and loop.skeleton is clip.skeleton
    assert clip.frames - 2 * 1.5 * clip.fps <= loop.frames <= clip.frames and loop.frames > clip.frames / 3


@pytest.mark.parametrize("name", ["walk", "walk that way", "circle", "compasses"])
def test_a_steady_walk_goes_on_over_the_seam_without_a_jerk(name):
    """Where whole cycles are there to be found the seam is like any other frame, up to half a frame's difference."""
    clip = CLIPS[name]
    loop = close_loop(clip)
    look = seen(loop)
    before, after = look[-1] - look[-2], look[1] - look[0]
    changes = np.linalg.norm(np.diff(seen(clip), n=2, axis=0), axis=-1).max()
    assert np.linalg.norm(after - before, axis=-1).max() <= 1.5 * changes
    pace = np.linalg.norm(np.diff(clip.positions[:, :2], axis=0), axis=1)
    made = np.linalg.norm(np.diff(loop.positions[:, :2], axis=0), axis=1)
    assert np.ptp(made) <= np.ptp(pace) + 1e-9  # travel is left as it was


@pytest.mark.parametrize("name", CLIPS)
def test_nothing_leaps_within(name):
    clip = CLIPS[name]
    loop = close_loop(clip)
    fastest = np.linalg.norm(np.diff(joint_positions(clip), axis=0), axis=-1).max()
    assert np.linalg.norm(np.diff(joint_positions(loop), axis=0), axis=-1).max() < 1.6 * fastest + 0.05
    assert np.sum(loop.rotations[1:] * loop.rotations[:-1], axis=-1).min() > 0.0


def test_only_the_end_is_changed():
    clip = CLIPS["circle"]
    loop = close_loop(clip)
    kept = loop.frames - round(0.6 * clip.fps) - 1
    start = int(np.argmin(np.linalg.norm(clip.positions - loop.positions[0], axis=1)))
    same = clip.cut(start, start + kept)
    assert quat_angle(same.rotations, loop.rotations[:kept]).max() < 1e-9
    assert np.array_equal(same.positions, loop.positions[:kept])
    # the way over the ground and the turning of the whole stay
    whole = clip.cut(start, start + loop.frames)
    assert np.array_equal(whole.positions[:, :2], loop.positions[:, :2])


def test_a_pose_on_the_way_back_is_not_the_pose_on_the_way_there():
    """After two and a half swings an arm is where it began, but goes the other way: half a swing has to go."""
    clip = turn(standing(101), "LeftArm", 0.6 * np.sin(2 * np.pi * np.arange(101) / 40), (0.0, 0.0, 1.0))
    loop = close_loop(clip)
    assert loop.frames == 81
    speed = np.diff(seen(loop)[:, INDEX["LeftHand"]], axis=0)
    assert speed[0] @ speed[-1] > 0.0


def test_a_standing_body_is_kept_whole():
    loop = close_loop(standing(120))
    assert loop.frames == 120


def test_contacts_are_cut_with_their_frames():
    clip = made_walk(4.0)
    contacts = np.arange(clip.frames)[:, None] % 7 == np.arange(4)
    loop = close_loop(Clip(clip.skeleton, clip.rotations, clip.positions, clip.fps, contacts, "walk"))
    assert loop.contacts.shape == (loop.frames, 4) and loop.name == "walk"


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_a_clip_of_a_few_frames(frames):
    loop = close_loop(made_walk(1.0).cut(0, frames))
    assert 1 <= loop.frames <= frames and np.abs(seen(loop)[-1] - seen(loop)[0]).max() < 1e-6
    assert np.isfinite(loop.rotations).all()


def test_the_signs_of_quaternions_do_not_matter():
    clip = made_walk(4.0)
    signs = np.where(np.random.default_rng(0).random(clip.rotations.shape[:2]) < 0.5, -1.0, 1.0)[..., None]
    other = close_loop(Clip(clip.skeleton, clip.rotations * signs, clip.positions, clip.fps))
    loop = close_loop(clip)
    assert loop.frames == other.frames and quat_angle(loop.rotations, other.rotations).max() < 1e-6
