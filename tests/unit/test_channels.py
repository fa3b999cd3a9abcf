# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel values against matrices written out by hand, in every rotation mode."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tracks import made_chain, matrix_of, places

from blender_addon.motion.channels import every_frame, rotation_quaternions, rotation_values
from blender_addon.motion.tracks import Extra

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
seeds = st.integers(0, 10_000)


def turning(seed: int, frames: int = 90) -> np.ndarray:
    """(T, 4) unit quaternions that turn about anything, as far as they like."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / 30.0
    values = np.sin(time * rng.uniform(0.3, 3.0, 4) + rng.uniform(0.0, 6.0, 4)) + 0.05
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.mark.parametrize("mode", MODES)
@given(seed=seeds)
def test_values_do_what_the_quaternions_do_and_back(mode, seed):
    q = turning(seed)
    values = rotation_values(q, mode)
    there = matrix_of("QUATERNION", q)
    assert np.allclose(matrix_of(mode, values), there, atol=1e-7)
    back = rotation_quaternions(values, mode)
    assert np.allclose(np.linalg.norm(back, axis=1), 1.0)
    assert np.allclose(matrix_of("QUATERNION", back), there, atol=1e-7)


@pytest.mark.parametrize("mode", MODES)
def test_many_bones_at_once_are_as_one_by_one(mode):
    q = np.stack([turning(seed) for seed in range(5)], axis=1)
    together = rotation_values(q, mode)
    assert np.allclose(together, np.stack([rotation_values(q[:, i], mode) for i in range(5)], axis=1))
    assert np.allclose(rotation_quaternions(together, mode)[:, 2], rotation_quaternions(together[:, 2], mode))


@pytest.mark.parametrize("mode", MODES)
@given(seed=seeds)
def test_signs_of_quaternions_do_not_matter(mode, seed):
    q = turning(seed)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (len(q), 1))
    signs[0] = 1.0
    assert np.allclose(rotation_values(signs * q, mode), rotation_values(q, mode))


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "QUATERNION"])
def test_two_turns_about_an_axis_go_on_and_do_not_jump(mode):
    angle = np.linspace(0.0, 4.0 * np.pi, 120)
    for axis in np.eye(3):
        q = np.column_stack([np.cos(angle / 2), np.outer(np.sin(angle / 2), axis)])
        values = rotation_values(q, mode)
        assert np.abs(np.diff(values, axis=0)).max() < 0.2
        assert np.ptp(values, axis=0).max() == pytest.approx(4.0 * np.pi)


def test_an_axis_keeps_its_side_when_the_rotation_passes_through_none():
    angle = np.linspace(-0.5, 0.5, 21)
    q = np.column_stack([np.cos(angle / 2), np.sin(angle / 2), 0 * angle, 0 * angle])
    values = rotation_values(q, "AXIS_ANGLE")
    assert np.abs(np.diff(values, axis=0)).max() < 0.06


def test_no_rotation_at_all():
    q = np.tile([1.0, 0.0, 0.0, 0.0], (3, 1))
    for mode in MODES:
        assert np.allclose(rotation_quaternions(rotation_values(q, mode), mode), q)
    assert np.allclose(rotation_quaternions(np.zeros((2, 4)), "QUATERNION"), q[:2])
    assert np.allclose(rotation_quaternions(np.array([[2.0, 0.0, 0.0, 0.0]]), "AXIS_ANGLE"), q[:1])


@pytest.mark.parametrize("mode", MODES)
def test_values_that_are_not_unit_mean_the_same_rotation(mode):
    values = rotation_values(turning(3), mode)
    longer = values * (3.0 if mode == "QUATERNION" else 1.0)
    if mode == "AXIS_ANGLE":
        longer[:, 1:] *= 0.2
    assert np.allclose(rotation_quaternions(longer, mode), rotation_quaternions(values, mode))


@pytest.mark.parametrize("mode", MODES)
def test_a_key_on_every_frame_is_the_motion(mode):
    tracks = made_chain(40, seed=5, mode=mode)
    curves = every_frame(tracks, start=-7)
    assert np.allclose(places(tracks, curves, start=-7), places(tracks), atol=1e-5)
    assert all(list(curve.frames) == list(range(-7, 33)) and curve.left is None for curve in curves)
    per_bone = 3 if mode not in ("QUATERNION", "AXIS_ANGLE") else 4
    assert len(curves) == 3 + 4 * per_bone


def test_what_is_still_gets_no_keys():
    tracks = made_chain(10, seed=0, mode="XYZ")
    first = replace(tracks.bones[0], still=frozenset({("location", 1), ("rotation_euler", 2)}))
    curves = every_frame(replace(tracks, bones=(first, *tracks.bones[1:])), 1)
    keyed = {(curve.what, curve.index) for curve in curves if curve.bone == "bone 0"}
    assert keyed == {("location", 0), ("location", 2), ("rotation_euler", 0), ("rotation_euler", 1)}
    assert {curve.bone for curve in every_frame(tracks, 1, only=("bone 2",))} == {"bone 2"}


def test_switches_have_one_key_and_other_rows_one_a_frame():
    extras = (Extra('pose.bones["a"]["IK_FK"]', np.array([1.0]), "a"),
              Extra("location", np.arange(30.0).reshape(10, 3), owner="Target"))
    curves = [c for c in every_frame(replace(made_chain(10, seed=0), extras=extras), 5) if c.path]
    assert [(c.path, c.owner, c.index, len(c.frames), c.frames[0]) for c in curves] == [
        ('pose.bones["a"]["IK_FK"]', "", 0, 1, 5), *(("location", "Target", i, 10, 5) for i in range(3))]
    assert curves[0].values[0] == 1.0 and list(curves[2].values[:2]) == [1.0, 4.0]


@pytest.mark.parametrize("mode", MODES)
@given(seed=seeds)
def test_values_like_others_that_mean_nearly_the_same(mode, seed):
    """Whichever of the many ways to write a rotation somebody chose, it is kept to."""
    q = turning(seed)
    usual = rotation_values(q, mode)
    rng = np.random.default_rng(seed)
    chosen = usual.copy()
    if mode == "QUATERNION":
        chosen = -usual
    elif mode == "AXIS_ANGLE":
        chosen = np.where(rng.random() < 0.5, -usual, usual) + [2 * np.pi * rng.integers(-2, 3), 0.0, 0.0, 0.0]
    else:
        middle = "XYZ".index(mode[1])
        if rng.random() < 0.5:
            chosen = usual + np.pi
            chosen[:, middle] = np.pi - usual[:, middle]
        chosen = chosen + 2 * np.pi * rng.integers(-2, 3, 3)
    near = chosen + rng.normal(scale=1e-3, size=chosen.shape)
    assert np.allclose(rotation_values(q, mode, like=near), chosen)
