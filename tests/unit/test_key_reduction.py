# SPDX-License-Identifier: GPL-3.0-or-later
"""Few keys, judged by where joints come to be: kinematics by matrices, curves as Bezier segments of 32 bits."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_tracks import channel_values, curve_values, made_chain, noisy_walk, places, tracks_of
from made_walk import made_chaos, made_walk

from blender_addon.motion.channels import every_frame, rotation_quaternions
from blender_addon.motion.key_reduction import reduce_keys, reduce_slices
from blender_addon.motion.resampling import resample
from blender_addon.motion.rotations import quat_angle
from blender_addon.motion.skeleton import INDEX, JOINTS
from blender_addon.motion.slices import drain
from blender_addon.motion.tracks import Extra, Tracks

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def off_mm(tracks: Tracks, curves, start: int = 1) -> np.ndarray:
    """(T, N) millimetres."""
    return 1000.0 * np.linalg.norm(places(tracks, curves, start) - places(tracks), axis=-1)


def check(tracks: Tracks, tolerance: float, start: int = 1):
    """Reduce, and see to what is always promised."""
    made = reduce_keys(tracks, tolerance, start)
    off = off_mm(tracks, made.curves, start)
    assert off.max() <= tolerance and made.error_mm == pytest.approx(off.max(), abs=0.01)
    assert off[[0, -1]].max() < 0.05 * tolerance
    assert made.keys == sum(len(curve.frames) for curve in made.curves)
    assert made.keys_every_frame == sum(len(curve.frames) for curve in every_frame(tracks, start))
    for curve in made.curves:
        assert curve.frames[0] == start and curve.frames[-1] in (start, start + tracks.frames - 1)
        assert (np.diff(curve.frames) > 0).all() and len(curve.frames) == len(curve.values)
        if curve.left is not None:  # both handles and their key on one line, none beyond a third of the way
            before, after = (np.abs(side - np.column_stack([curve.frames, curve.values])).T
                             for side in (curve.left, curve.right))
            assert np.allclose(before[1] * after[0], after[1] * before[0], atol=1e-9)
            gaps = np.diff(curve.frames) / 3.0
            assert np.allclose(before[0][1:], gaps) and np.allclose(after[0][:-1], gaps)
    return made


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), frames=st.integers(1, 70), tolerance=st.floats(0.3, 60.0),
       start=st.integers(-50, 900))
def test_no_joint_is_off_by_more_than_the_tolerance(mode, seed, frames, tolerance, start):
    check(made_chain(frames, seed, mode), tolerance, start)


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), tolerance=st.floats(0.5, 30.0))
def test_a_jump_stays_a_jump(mode, seed, tolerance):
    made = check(made_chain(60, seed, mode, jump=True), tolerance)
    x = next(curve for curve in made.curves if curve.what == "location" and len(curve.frames) > 2)
    assert {30, 31} <= set(x.frames.tolist())


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_clips(mode, frames):
    made = check(made_chain(frames, 1, mode), 2.0)
    assert made.keys <= made.keys_every_frame


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_what_does_not_move_has_one_key(mode):
    clip = made_walk(seconds=2.0)
    rotations, positions = (np.repeat(array[:1], 60, axis=0) for array in (clip.rotations, clip.positions))
    made = check(tracks_of(replace(clip, rotations=rotations, positions=positions), mode), 2.0)
    assert all(len(curve.frames) == 1 for curve in made.curves)


@pytest.mark.parametrize("mode", ["XYZ", "ZYX", "YZX"])
def test_through_gimbal_lock(mode):
    """Every joint swings far beyond a right angle about any axis."""
    check(tracks_of(made_chaos(frames=80, reach=2.6), mode), 3.0)


def test_quaternions_at_keys_are_unit_and_never_jump():
    tracks = tracks_of(noisy_walk())
    made = check(tracks, 5.0)
    for (_, what), channels in channel_values(made.curves, tracks, 1).items():
        if what == "rotation_quaternion":
            values = np.stack([channels[i] for i in range(4)], axis=1)
            assert np.abs(np.linalg.norm(values, axis=1) - 1.0).max() < 0.02
            assert np.sum(values[1:] * values[:-1], axis=1).min() > 0.0
    at_keys: dict[tuple[str, int], list[float]] = {}
    for curve in made.curves:
        if curve.what == "rotation_quaternion":
            for frame, value in zip(curve.frames.tolist(), curve.values):
                at_keys.setdefault((curve.bone, frame), []).append(value)
    whole = [values for values in at_keys.values() if len(values) == 4]
    assert len(whole) > 100 and np.allclose(np.linalg.norm(whole, axis=1), 1.0, atol=1e-3)


def test_a_bone_has_its_keys_on_the_same_frames():
    made = check(tracks_of(noisy_walk()), 3.0)
    frames: dict[tuple[str, str], set] = {}
    for curve in made.curves:
        if len(curve.frames) > 1:
            frames.setdefault((curve.bone, curve.what), set()).add(tuple(curve.frames))
    assert all(len(kinds) == 1 for kinds in frames.values())


def test_keys_get_fewer_as_the_tolerance_grows():
    tracks = tracks_of(noisy_walk(noise=0.01))
    keys = [check(tracks, tolerance).keys for tolerance in (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)]
    assert keys == sorted(keys, reverse=True) and keys[0] > 4 * keys[-1]


def test_a_walk_with_the_tremor_of_capture_takes_few_keys():
    tracks = tracks_of(noisy_walk(noise=0.004))
    at_2, at_10 = check(tracks, 2.0), check(tracks, 10.0)
    assert at_2.keys < 0.4 * at_2.keys_every_frame and at_10.keys < 0.2 * at_10.keys_every_frame


def test_errors_do_not_add_up_along_a_limb():
    """A long chain of bones, each bending a little: its tip is as near as its root."""
    chain = made_chain(60, 4)
    bones = [replace(chain.bones[1 + place % 2], bone=str(place), parent=place - 1) for place in range(20)]
    check(replace(chain, bones=(replace(bones[0], parent=-1), *bones[1:])), 2.0)


def test_the_far_end_of_a_swing_has_a_key():
    angle = np.concatenate([np.linspace(0.0, 1.2, 13), np.linspace(1.2, -0.4, 25)[1:], np.linspace(-0.4, 0.5, 20)[1:]])
    clip = made_walk(seconds=2.0).cut(0, len(angle))
    rotations = np.zeros_like(clip.rotations)
    rotations[..., 0] = 1.0
    rotations[:, INDEX["LeftArm"], 0], rotations[:, INDEX["LeftArm"], 1] = np.cos(angle / 2), np.sin(angle / 2)
    made = check(tracks_of(replace(clip, rotations=rotations)), 10.0)
    arm = [curve for curve in made.curves if curve.bone == "LeftArm" and len(curve.frames) > 1]
    assert arm and all({13, 37} <= set(curve.frames.tolist()) for curve in arm)


def test_a_twist_is_kept_though_it_moves_no_joint():
    """A hand that turns about itself moves neither its wrist nor its finger tips."""
    clip = made_walk(seconds=2.0)
    angle = np.sin(np.linspace(0.0, 9.0, clip.frames))
    hand = np.column_stack([np.cos(angle / 2), np.sin(angle / 2), 0 * angle, 0 * angle])
    rotations = clip.rotations.copy()
    rotations[:, INDEX["LeftHand"]] = hand
    tracks = tracks_of(replace(clip, rotations=rotations))
    made = check(tracks, 2.0)
    channels = channel_values(made.curves, tracks, 1)["LeftHand", "rotation_quaternion"]
    values = np.stack([channels[i] for i in range(4)], axis=1)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    between = 2 * np.arccos(np.clip(np.abs(np.sum(values * hand, axis=1)), 0, 1))
    assert np.degrees(between).max() < 5.0


# --- feet -------------------------------------------------------------------------------------------------------------


def test_feet_that_stand_are_nearer_and_have_keys_where_they_come_down_and_leave():
    clip = noisy_walk()
    contacts = np.zeros((clip.frames, 4), dtype=bool)
    contacts[20:41, :2], contacts[45:60, 2:] = True, True
    tracks = tracks_of(replace(clip, contacts=contacts))
    made = check(tracks, 6.0)
    of, off = [], off_mm(tracks, made.curves)
    for track in tracks.bones:
        of += [track.bone] * (1 + len(track.points))
    for foot, toe, frames in (("LeftFoot", "LeftToe", slice(20, 41)), ("RightFoot", "RightToe", slice(45, 60))):
        columns = [column for column, bone in enumerate(of) if bone in (foot, toe)]
        assert off[frames][:, columns].max() <= 0.45 * 6.0
    for bone in ("LeftUpLeg", "LeftLeg", "LeftFoot"):
        frames = set(np.concatenate([c.frames for c in made.curves if c.bone == bone]).tolist())
        assert {21, 41} <= frames  # the clip's first frame is 1
    assert reduce_keys(replace(tracks, contacts=None), 6.0, 1).keys < made.keys


def test_feet_that_the_rig_lacks_ask_for_nothing():
    tracks = tracks_of(noisy_walk(seconds=1.0))
    contacts = np.ones((30, 4), dtype=bool)
    bare = reduce_keys(tracks, 5.0, 1)
    assert reduce_keys(replace(tracks, contacts=contacts, feet=("", "", "", "")), 5.0, 1).keys == bare.keys


# --- channels that stay out of it -----------------------------------------------------------------------------------


def test_locked_channels_get_no_keys_and_the_rest_reckons_with_them():
    tracks = tracks_of(noisy_walk(), mode="XYZ")
    locked = [replace(track, still=frozenset({("rotation_euler", 1), ("rotation_euler", 2)}))
              if track.bone == "LeftLeg" else track for track in tracks.bones]
    tracks = replace(tracks, bones=tuple(locked))
    made = reduce_keys(tracks, 4.0, 1)
    assert {curve.index for curve in made.curves if curve.bone == "LeftLeg"} == {0}
    own = [curve for curve in every_frame(tracks_of(noisy_walk(), mode="XYZ"), 1)
           if curve.bone == "LeftLeg" and curve.index > 0]
    assert off_mm(tracks, [*made.curves, *own]).max() <= 4.0


def test_only_some_bones():
    """The others do what they did, so that their own old curves can stay."""
    tracks = tracks_of(noisy_walk())
    some = {"LeftUpLeg", "LeftLeg", "LeftFoot"}
    slices = reduce_slices(tracks, 4.0, 1, some)
    with pytest.raises(StopIteration) as done:
        while True:
            next(slices)
    made = done.value.value
    assert {curve.bone for curve in made.curves} == some
    others = [curve for curve in every_frame(tracks, 1) if curve.bone not in some]
    assert off_mm(tracks, [*made.curves, *others]).max() <= 4.0


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ"])
def test_keys_that_are_asked_for_are_exact_and_passed_as_evenly_as_the_motion_passes_them(mode):
    """As somebody's own keys on one bone: what is put between them does not come to them with a step."""
    tracks, pins = tracks_of(resample(made_walk(), 60.0), mode), np.array([20, 30, 40, 70])
    what = "rotation_quaternion" if mode == "QUATERNION" else "rotation_euler"
    own, off = channel_values(every_frame(tracks, 1), tracks, 1), []
    for asked in ({}, {("LeftUpLeg", "rotation"): pins, ("Hips", "location"): pins[:2]}):
        made = drain(reduce_slices(tracks, 4.0, 1, pins=asked))
        assert off_mm(tracks, made.curves).max() <= 4.0
        values = channel_values(made.curves, tracks, 1)
        turned = [rotation_quaternions(np.column_stack(list(each["LeftUpLeg", what].values())), mode)
                  for each in (values, own)]
        moved = [np.column_stack(list(each["Hips", "location"].values())) for each in (values, own)]
        off.append((quat_angle(*turned), np.abs(moved[0] - moved[1])))
    (turned, _), (pinned, moved) = off
    assert pinned[pins].max() < 1e-3 and moved[pins[:2]].max() < 1e-6  # an angle's cosine has 32 bits
    assert pinned[[*(pins - 1), *(pins + 1)]].max() < 0.5 * turned[pins].max() < 0.02


def test_other_rows_are_thinned_out_by_their_reach():
    moving = np.column_stack([np.sin(np.linspace(0, 6, 60)), np.linspace(0, 1, 60)])
    extras = (Extra("location", moving, "target", "target", reach=1.0), Extra('["IK"]', np.array([0.5])))
    made = reduce_keys(replace(tracks_of(made_walk()), extras=extras), 5.0, 11)
    curves = [curve for curve in made.curves if curve.path == "location"]
    assert [curve.owner for curve in curves] == ["target"] * 2 and len(curves[0].frames) < 20
    for curve in curves:
        assert np.abs(curve_values(curve, np.arange(11, 71)) - moving[:, curve.index]).max() <= 0.005
    switch, = (curve for curve in made.curves if curve.path == '["IK"]')
    assert list(switch.frames) == [11] and list(switch.values) == [0.5]


# --- time -------------------------------------------------------------------------------------------------------------


def test_in_slices_that_leave_a_window_awake():
    tracks = tracks_of(noisy_walk(seconds=20.0))
    slices, shares, longest = reduce_slices(tracks, 2.0, 1), [0.0], 0.0
    while True:
        began = time.process_time()
        try:
            shares.append(next(slices))
        except StopIteration as done:
            made = done.value
            break
        finally:
            longest = max(longest, time.process_time() - began)
    assert shares == sorted(shares) and shares[-1] <= 1.0
    assert longest < 0.1
    assert [len(c.frames) for c in made.curves] == [len(c.frames) for c in reduce_keys(tracks, 2.0, 1).curves]


def test_the_names_of_joints_do_not_matter():
    tracks = tracks_of(noisy_walk(seconds=1.0))
    names = dict(zip(JOINTS, (f'"{place}\\' for place in range(len(JOINTS)))))
    other = replace(tracks, bones=tuple(replace(track, bone=names[track.bone]) for track in tracks.bones))
    found, renamed = ([curve.bone for curve in reduce_keys(those, 3.0, 1).curves] for those in (tracks, other))
    assert renamed == [names[bone] for bone in found]
