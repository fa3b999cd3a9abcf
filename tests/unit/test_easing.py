# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves that are known in places: what is known stays, what is not leads smoothly on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.motion.easing import (
    at_least_zero,
    blurred,
    bridge,
    distance,
    envelope,
    hann,
    released,
    smooth,
    stretches,
)

flags = st.lists(st.booleans(), min_size=1, max_size=80).map(np.array)


@settings(max_examples=60, deadline=None)
@given(flags, st.integers(1, 8), st.integers(0, 9))
def test_what_is_known_stays_and_the_rest_fades(known, ease, seed):
    values = np.random.default_rng(seed).normal(size=(len(known), 3))
    bridged = bridge(values, known, ease)
    assert np.array_equal(bridged[known], values[known])
    assert np.isfinite(bridged).all()
    at = np.flatnonzero(known)
    far = np.array([not len(at) or np.abs(at - i).min() > ease for i in range(len(known))])
    gaps = np.array([bool(((at < i) & (at >= i - 2 * ease - 1)).any() and ((at > i) & (at <= i + 2 * ease + 1)).any())
                     for i in range(len(known))])
    assert np.allclose(bridged[far & ~gaps], 0.0)


def test_bridges_are_smooth():
    """A parabola that is known for a while: neither place nor slope jumps, before, after or across a short gap."""
    t = np.arange(60.0)
    values = (0.002 * (t - 30.0) ** 2 + 0.05 * t)[:, None]
    known = ((t > 14) & (t < 26)) | ((t > 32) & (t < 44))
    bridged = bridge(values, known, 5)[:, 0]
    assert np.abs(np.diff(bridged, 2)).max() < 0.7 and np.abs(np.diff(bridged)).max() < 1.0
    assert np.allclose(bridged[:10], 0.0) and np.allclose(bridged[49:], 0.0)
    assert abs(bridged[14] - (2 * bridged[15] - bridged[16])) < 0.25  # nearly straight on
    assert bridged[29] == pytest.approx(values[29, 0], abs=0.03)  # across the gap the cubic knows no better


def test_distance():
    known = np.zeros(20, dtype=bool)
    known[8:10] = True
    away = distance(known, 4)
    assert np.allclose(away[[8, 9]], 0.0) and np.allclose(away[[0, 4, 13, 19]], 1.0)
    assert np.allclose(away[[6, 11]], 0.5) and np.all(np.diff(away[9:14]) > 0.0)
    assert np.allclose(distance(np.zeros(5, dtype=bool), 4), 1.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), st.integers(0, 9), st.floats(0.01, 2.0), st.integers(1, 5), st.integers(0, 5))
def test_stretches_keep_within_their_radius(count, seed, radius, shortest, gap):
    path = np.cumsum(np.random.default_rng(seed).normal(size=(count + 10, 2)) * 0.1, axis=0)
    parts = stretches(path, 5, 5 + count, radius, shortest, gap)
    edges = np.array(parts).reshape(-1)
    assert (np.diff(edges) >= 0).all() and (edges >= 5).all() and (edges <= 5 + count).all()
    for first, stop in parts:
        assert stop - first >= shortest
        part = path[first:stop]
        assert stop - first < 4 or np.linalg.norm(part - part.mean(axis=0), axis=-1).max() <= radius


def test_stretches_are_cut_where_it_jumps():
    path = np.concatenate([np.zeros((20, 2)), np.ones((10, 2))]) + np.linspace(0, 0.01, 30)[:, None]
    assert stretches(path, 0, 30, 0.2, 3, 0) == [(0, 20), (20, 30)]
    assert stretches(path, 0, 30, 0.2, 3, 2) == [(0, 18), (22, 30)]
    assert stretches(path, 0, 30, 2.0, 3, 2) == [(0, 30)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60).map(np.array), st.integers(1, 8))
def test_an_envelope_is_nowhere_below(values, reach):
    over = envelope(values, reach)
    assert over.shape == values.shape and (over >= values - 1e-9).all() and over.max() <= values.max() + 1e-9


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=40), st.integers(1, 12))
def test_what_is_released_falls_off_slowly_and_does_not_begin_earlier(values, frames):
    values = np.array(values)[:, None]
    eased = released(values, frames)
    assert (eased >= values).all() and eased[0] == values[0]
    if len(values) > 1:
        assert (np.diff(eased[:, 0]) >= -1.5 / frames * eased[:-1, 0].max() * (1.0 + 1.0 / frames) - 1e-9).all()
    alone = released(np.array([0.0, 0.0, 1.0, *np.zeros(frames)])[:, None], frames)[:, 0]
    assert (alone[:2] == 0.0).all() and alone[2] == 1.0 and alone[2 + frames] == 0.0


def test_blurring_weighs():
    values = np.concatenate([np.full((50, 1), 2.0), np.full((50, 1), 7.0)])
    weight = (np.arange(100) < 50) * 1.0
    mean = blurred(values, weight, 4.0)[:, 0]
    assert mean[25] == pytest.approx(2.0, rel=0.02) and mean[49] == pytest.approx(2.0, rel=0.05)
    assert mean[90] == 0.0
    assert blurred(values, np.ones(100), 4.0)[49:51].mean() == pytest.approx(4.5, rel=0.02)


@pytest.mark.parametrize("frames", [0.5, 3.0, 6.0])
def test_smoothing_leaves_straight_lines(frames):
    line = np.arange(40.0)[:, None] * [1.0, -2.0]
    assert np.allclose(smooth(line, frames)[8:-8], line[8:-8])
    noise = np.random.default_rng(0).normal(size=(400, 1))
    assert smooth(noise, frames).std() <= noise.std()


def test_at_least_zero():
    values = np.linspace(-1.0, 1.0, 2001)
    bent = at_least_zero(values, 0.1)
    assert (bent >= 0.0).all() and (bent >= values).all() and bent.max() == 1.0
    assert np.allclose(bent[values > 0.1], values[values > 0.1]) and np.allclose(bent[values < -0.1], 0.0)
    assert np.abs(np.diff(bent, 2)).max() < 1e-5  # no corner
    assert np.allclose(at_least_zero(values, 0.0), np.maximum(values, 0.0))


def test_bells_sum_to_one():
    assert np.allclose(hann(0), [1.0]) and hann(3).sum() == pytest.approx(1.0) and len(hann(3)) == 7
