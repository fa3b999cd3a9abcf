# SPDX-License-Identifier: GPL-3.0-or-later
"""From one frame rate to another, against a turn and a path that are known at every time."""

import numpy as np
import pytest
from made_steps import standing, turn
from made_walk import made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.resampling import resample
from blender_addon.motion.rotations import normalise, quat_angle, quat_from_axis_angle
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS

AXIS = normalise(np.array([0.3, -0.5, 0.8]))
RATES = [12.0, 23.976, 24.0, 25.0, 29.97, 50.0, 60.0, 120.0]


def spinning(frames: int = 91):
    """Two and a half radians a second about one axis, travelling at 1.5 m/s."""
    time = np.arange(frames) / 30.0
    return turn(standing(frames, velocity=(1.5, 0.0, 0.0)), "Hips", 2.5 * time, AXIS)


@pytest.mark.parametrize("fps", RATES)
def test_a_steady_turn_stays_one(fps):
    clip = spinning()
    again = resample(clip, fps)
    assert again.fps == fps and again.frames == round(3.0 * fps) + 1
    time = np.linspace(0, 3.0, again.frames)
    assert quat_angle(again.rotations[:, 0], quat_from_axis_angle(AXIS, 2.5 * time)).max() < 2e-5  # 0.001 degrees
    assert np.allclose(again.positions[:, 0], 1.5 * time)
    # the same motion in the same time, to half a frame of the new rate
    assert (again.frames - 1) / fps == pytest.approx((clip.frames - 1) / clip.fps, abs=0.5 / fps + 1e-9)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("frames", [2, 3, 31, 32, 34, 100])
def test_the_ends_stay_the_ends_and_no_frame_stumbles(fps, frames):
    clip = spinning(frames)
    again = resample(clip, fps)
    for end in (0, -1):
        assert quat_angle(again.rotations[end], clip.rotations[end]).max() < 1e-7
        assert np.allclose(again.positions[end], clip.positions[end])
    steps = np.linalg.norm(np.diff(again.positions, axis=0), axis=1)
    assert np.allclose(steps, steps[0])


def test_there_and_back():
    clip = made_walk(seconds=121 / 30)
    back = resample(resample(clip, 60.0), 30.0)
    assert back.frames == clip.frames
    assert quat_angle(back.rotations, clip.rotations).max() < 1e-6
    slow = resample(resample(clip, 24.0), 30.0)
    assert slow.frames == clip.frames
    assert np.abs(joint_positions(slow) - joint_positions(clip)).max() < 0.02
    assert np.abs(joint_positions(slow) - joint_positions(clip))[[0, -1]].max() < 1e-6


def test_twice_the_rate_keeps_every_frame():
    clip = made_walk()
    double = resample(clip, 60.0)
    assert double.frames == 2 * clip.frames - 1
    assert quat_angle(double.rotations[::2], clip.rotations).max() < 1e-7
    assert np.allclose(double.positions[::2], clip.positions)


def test_quaternions_do_not_flip_and_are_unit():
    clip = spinning()
    flipped = np.array(clip.rotations)
    flipped[::3] *= -1.0
    again = resample(type(clip)(clip.skeleton, flipped, clip.positions, clip.fps), 60.0)
    assert np.sum(again.rotations[1:] * again.rotations[:-1], axis=-1).min() > 0.9
    assert np.allclose(np.linalg.norm(again.rotations, axis=-1), 1.0)
    assert quat_angle(again.rotations[:, 0], resample(clip, 60.0).rotations[:, 0]).max() < 1e-6


def test_contacts_go_with_their_frames():
    clip = made_walk(seconds=1.0)
    contacts = np.zeros((30, 4), dtype=bool)
    contacts[10:20, 2] = True
    again = resample(type(clip)(clip.skeleton, clip.rotations, clip.positions, 30.0, contacts, "w"), 60.0)
    assert again.contacts.dtype == bool and again.contacts.shape == (59, 4) and again.name == "w"
    assert again.contacts[21:38, 2].all() and not again.contacts[:19].any() and not again.contacts[40:].any()
    assert resample(clip, 60.0).contacts is None


def test_nothing_to_do():
    clip = made_walk()
    assert resample(clip, 30.0) is clip
    one = resample(clip.cut(0, 1), 24.0)
    assert one.frames == 1 and one.fps == 24.0
    assert np.allclose(one.rotations[0, INDEX["LeftArm"]], clip.rotations[0, INDEX["LeftArm"]])


def test_twice_the_rate_is_as_smooth_as_the_motion():
    """Straight lines between frames would put all the acceleration on every other one."""
    time = np.arange(60) / 30.0
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (60, len(JOINTS), 1))
    rotations[:, 1] = quat_from_axis_angle(AXIS, 0.8 * np.sin(2 * np.pi * time))
    positions = np.column_stack([np.sin(2 * np.pi * time), np.zeros(60), np.full(60, 0.9)])
    again = resample(Clip(CANONICAL, rotations, positions, 30.0), 60.0)
    exact = np.linspace(0.0, time[-1], again.frames)
    wanted = -((2 * np.pi) ** 2) * np.sin(2 * np.pi * exact)
    made = np.gradient(np.gradient(again.positions[:, 0], 1 / 60.0), 1 / 60.0)
    assert np.abs(made - wanted)[6:-6].max() < 0.12 * (2 * np.pi) ** 2
    turned = quat_angle(again.rotations[:, 1], quat_from_axis_angle(AXIS, 0.8 * np.sin(2 * np.pi * exact)))
    assert turned[4:-4].max() < 1e-3
