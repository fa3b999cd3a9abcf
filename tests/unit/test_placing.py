# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion in place: the travel goes, the sway stays."""

from dataclasses import replace

import numpy as np
import pytest
from made_walk import made_walk

from blender_addon.motion.placing import in_place


@pytest.mark.parametrize("heading", [0.0, 1.0, -2.5])
def test_the_hips_stay_over_where_they_start_and_bob_as_before(heading):
    clip = made_walk(seconds=6.0, heading=heading)
    still = in_place(clip)
    assert np.abs(still.positions[:, :2] - clip.positions[0, :2]).max() < 0.02
    assert np.array_equal(still.positions[:, 2], clip.positions[:, 2])
    assert np.array_equal(still.rotations, clip.rotations)


def test_the_sway_of_a_step_stays_and_a_bend_in_the_way_goes():
    clip = made_walk(seconds=8.0)
    time = np.arange(clip.frames) / clip.fps
    sway = 0.03 * np.sin(2 * np.pi * time)
    positions = clip.positions + np.column_stack([sway + 0.1 * time**2, time * 0, time * 0])
    still = in_place(replace(clip, positions=positions)).positions[:, 0]
    middle = slice(60, -60)
    assert np.abs(still - sway)[middle].max() < 0.04  # the parabola is a little flattened at most
    assert np.ptp(still[middle]) == pytest.approx(0.06, abs=0.01)


def test_a_loop_still_closes():
    clip = made_walk(seconds=4.0)
    still = in_place(clip).positions
    assert np.allclose(still[0, :2], still[-1, :2], atol=1e-9)


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_clips_shorter_than_a_step(frames):
    still = in_place(made_walk().cut(0, frames))
    assert still.frames == frames and np.abs(still.positions[:, :2]).max() < 0.05


def test_a_loop_sways_on_over_its_seam():
    """Twice one after another, the hips' speed changes no more at the seam than anywhere else."""
    clip = made_walk(seconds=4.0, heading=0.7)
    time = np.arange(clip.frames) / (clip.frames - 1)
    sway = 0.05 * np.sin(2 * np.pi * (3 * time + 0.15))
    clip = replace(clip, positions=clip.positions + np.column_stack([sway, 0.5 * sway, time * 0]))
    still = in_place(clip, loop=True).positions[:, :2]
    assert np.allclose(still[0], still[-1])
    row = np.concatenate([still, still[1:]])
    changes = np.linalg.norm(np.diff(row, n=2, axis=0), axis=-1)
    assert changes[clip.frames - 2] <= 1.05 * np.percentile(changes, 95)
    assert np.ptp(still[:, 0]) > 0.08  # the sway is still there
