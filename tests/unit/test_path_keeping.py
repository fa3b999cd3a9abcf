# SPDX-License-Identifier: GPL-3.0-or-later
"""A way that strayed is led back to its path."""

import numpy as np
import pytest
from made_walk import made_walk

from blender_addon.motion.ground_path import path_through, straight_path
from blender_addon.motion.path_keeping import keep_to_path

STRAIGHT = straight_path(np.zeros(2), 0.0)
ALWAYS = np.ones(300, dtype=bool)


def strayed(beside: np.ndarray):
    """Ten seconds of walking straight ahead, and so many metres (T,) to the side."""
    clip = made_walk(10.0)
    clip.positions[:, 0] += beside
    return clip


def test_what_keeps_to_it_comes_back_as_it_is():
    clip = strayed(0.1 * np.sin(np.arange(300) / 9.0))
    assert keep_to_path(clip, STRAIGHT, ALWAYS) == (clip, 0.0)


def test_what_strays_is_led_back_slowly():
    clip = strayed(1.5 * (np.arange(300) / 300.0) ** 2)
    made, moved = keep_to_path(clip, STRAIGHT, ALWAYS)
    assert np.abs(made.positions[:, 0]).max() < 0.45 and moved == pytest.approx(1.3, abs=0.3)
    assert np.abs(np.diff(made.positions[:, 0] - clip.positions[:, 0])).max() * 30.0 < 0.5  # metres a second
    assert np.allclose(made.positions[:, 1:], clip.positions[:, 1:], atol=0.06)
    assert np.array_equal(made.rotations, clip.rotations) and np.allclose(made.positions[0], clip.positions[0])


def test_only_where_it_was_to_be_followed():
    clip = strayed(np.where(np.arange(300) < 150, 0.0, 1.0))
    follows = np.arange(300) < 90
    assert keep_to_path(clip, STRAIGHT, follows) == (clip, 0.0)
    assert keep_to_path(clip, STRAIGHT, np.zeros(300, dtype=bool)) == (clip, 0.0)


def test_a_bend_of_the_path_is_followed_from_where_it_was_joined():
    angle = np.linspace(0.0, np.pi, 100)
    path = path_through(np.column_stack([4.0 * (1.0 - np.cos(angle)), -4.0 * np.sin(angle)]), False)
    at, _ = path.at(3.0 + 1.0 * np.arange(300) / 30.0 * 0.9)
    clip = made_walk(10.0)
    clip.positions[:, :2] = at + [0.6, 0.0]
    made, moved = keep_to_path(clip, path, ALWAYS, began=3.0)
    beside = np.array([np.linalg.norm(path.at(np.linspace(2.0, 13.0, 4000))[0] - place, axis=1).min()
                       for place in made.positions[60:-30, :2]])
    assert beside.max() < 0.25 and moved > 0.3


@pytest.mark.parametrize("frames", [1, 5, 29, 40])
def test_a_clip_of_a_few_frames(frames):
    clip = strayed(np.full(300, 0.5)).cut(0, frames)
    made, _ = keep_to_path(clip, STRAIGHT, ALWAYS[:frames])
    assert made.frames == frames and np.isfinite(made.positions).all()
