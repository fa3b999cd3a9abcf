# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of in-betweening against cases worked out by hand, and against interpolation's own arithmetic."""

import numpy as np
import pytest

from blender_addon.motion.rotations import quat_about_z, quat_from_axis_angle, slerp

metrics = pytest.importorskip("training.motion.gap_metrics")


def test_l2p_is_the_length_over_all_joints_not_their_mean():
    true = np.zeros((1, 2, 2, 3))
    made = np.array(true)
    made[0, 0, 0] = [3.0, 0.0, 0.0]
    made[0, 0, 1] = [0.0, 4.0, 0.0]  # frame 0: sqrt(9 + 16) = 5; frame 1: 0
    assert metrics.l2p(made, true, np.ones((2, 3))) == pytest.approx([2.5])
    # a spread of 2 along x of the first joint halves its 3: sqrt(2.25 + 16) / 2
    scale = np.ones((2, 3))
    scale[0, 0] = 2.0
    assert metrics.l2p(made, true, scale) == pytest.approx([np.sqrt(18.25) / 2.0])


def test_l2p_does_not_see_where_the_mean_is():
    rng = np.random.default_rng(0)
    made, true, shift = rng.normal(size=(3, 4, 5, 3)), rng.normal(size=(3, 4, 5, 3)), rng.normal(size=(3, 1, 1, 3))
    scale = rng.uniform(0.5, 2.0, (5, 3))
    assert metrics.l2p(made + shift, true + shift, scale) == pytest.approx(metrics.l2p(made, true, scale))


def test_l2q_of_a_known_angle():
    true = np.tile([1.0, 0.0, 0.0, 0.0], (1, 3, 2, 1))
    made = np.array(true)
    made[0, :, 1] = quat_about_z(np.array(np.pi / 2))
    # |(cos 45°, 0, 0, sin 45°) - (1, 0, 0, 0)| = 2 sin(22.5°)
    assert metrics.l2q(made, true) == pytest.approx([2.0 * np.sin(np.pi / 8)])
    made[0, :, 0] = made[0, :, 1]  # two joints so: root of the sum of squares
    assert metrics.l2q(made, true) == pytest.approx([np.sqrt(2.0) * 2.0 * np.sin(np.pi / 8)])


def test_l2q_takes_no_sign_for_an_error():
    rng = np.random.default_rng(1)
    axes = rng.normal(size=(2, 6, 4, 3))
    true = quat_from_axis_angle(axes / np.linalg.norm(axes, axis=-1, keepdims=True), np.full((2, 6, 4), 0.4))
    signs = rng.choice([-1.0, 1.0], (2, 6, 4, 1))
    assert metrics.l2q(true * signs, true) == pytest.approx([0.0, 0.0], abs=1e-12)


def test_npss_of_two_frequencies():
    frames = 16
    time = np.arange(frames)

    def swing(cycles: int, size: float) -> np.ndarray:
        angle = size * np.cos(2 * np.pi * cycles * time / frames)
        return quat_from_axis_angle(np.array([1.0, 0.0, 0.0]), angle)[None, :, None]

    assert metrics.npss(swing(2, 0.3), swing(2, 0.3)) == pytest.approx(0.0, abs=1e-12)
    near, far = metrics.npss(swing(3, 0.3), swing(2, 0.3)), metrics.npss(swing(6, 0.3), swing(2, 0.3))
    assert 0.0 < near < far


def test_npss_is_the_earth_movers_distance_weighted_by_power():
    # numbers, not rotations, so that the spectrum is known: all power of the true one in frequency 1 (and 7), of the
    # made one in 2 (and 6): its share of one half is a step late at 1, and a step early from 6 on
    frames = 8
    time = 2 * np.pi * np.arange(frames) / frames
    true, made = np.cos(time), np.cos(2 * time)
    signs = metrics.same_signs
    metrics.same_signs = lambda a, b: (a, b)
    try:
        value = metrics.npss(made.reshape(1, frames, 1, 1), true.reshape(1, frames, 1, 1))
        # shares summed up: true 0 .5 .5 .5 .5 .5 .5 1, made 0 0 .5 .5 .5 .5 1 1: 0.5 apart at 1 and at 6
        assert value == pytest.approx(1.0)
        quiet = np.concatenate([true, 0.1 * true]).reshape(2, frames, 1, 1)
        both = np.concatenate([true, made]).reshape(2, frames, 1, 1)
        # the second window is wrong, but has a hundredth of the power
        assert metrics.npss(both, quiet) == pytest.approx(0.01 / 1.01)
    finally:
        metrics.same_signs = signs


def test_centimetres():
    true = np.zeros((1, 2, 2, 3))
    made = np.array(true)
    made[0, 0, 0, 2] = 0.04
    assert metrics.joint_cm(made, true) == pytest.approx([1.0])


def test_slerp_halfway_is_half_the_l2q_chord_of_the_published_baseline():
    # interpolation of a turn at constant speed is exact, so the published arithmetic gives it zero
    turn = quat_about_z(np.linspace(0.0, 1.2, 8))[None, :, None]
    even = slerp(turn[:, :1], turn[:, -1:], np.linspace(0.0, 1.0, 8)[None, :, None])
    assert metrics.l2q(even, turn) == pytest.approx([0.0], abs=1e-7)
