# SPDX-License-Identifier: GPL-3.0-or-later
"""A floor that drifts is found and taken out; walks, steps and slopes are none."""

from dataclasses import replace

import numpy as np
import pytest
from made_steps import compass_walk, standing
from made_walk import made_walk

from blender_addon.motion.drifting import without_drift


def risen(clip, by):
    """The clip with its hips higher by (T,) metres."""
    return replace(clip, positions=clip.positions + np.asarray(by)[:, None] * [0.0, 0.0, 1.0])


@pytest.mark.parametrize("total", [0.3, -0.25, 0.1])
@pytest.mark.parametrize("make", [compass_walk, lambda: standing(240)])
def test_a_floor_that_drifts_is_brought_back(make, total):
    clip = make()
    drift = total * np.linspace(0.0, 1.0, clip.frames) ** 1.5
    level, found = without_drift(risen(clip, drift))
    assert found == pytest.approx(total, abs=0.15 * abs(total)) and level.contacts is None
    assert np.abs(level.positions - clip.positions).max() < 0.15 * abs(total)


@pytest.mark.parametrize("make", [compass_walk, lambda: made_walk(8.0), lambda: made_walk(8.0, speed=0.3)])
def test_what_does_not_drift_is_left_as_it_is(make):
    clip = make()
    same, found = without_drift(clip)
    assert same is clip and found == 0.0


@pytest.mark.parametrize("step", [0.17, -0.17, 0.05])
def test_steps_are_no_drift(step):
    """Feet that stand keep their heights; the way up is made from one to the other."""
    clip = compass_walk()
    same, found = without_drift(risen(clip, step * (np.arange(clip.frames) // 15)))
    assert found == 0.0 and same.frames == clip.frames
