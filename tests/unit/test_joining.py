# SPDX-License-Identifier: GPL-3.0-or-later
"""Where actions meet: accelerations by second differences of the joints' places."""

import numpy as np
import pytest
from made_steps import standing, turn
from made_walk import made_walk

from blender_addon.motion.joining import USUAL, accelerations, smooth_joins
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.skeleton import INDEX, JOINTS, MIRROR

CALM = np.full(len(JOINTS), 30.0)


def with_a_pop(at: int = 60, frames: int = 120, radians: float = 0.5):
    """An arm that is elsewhere from one frame to the next."""
    return turn(standing(frames), "LeftArm", np.where(np.arange(frames) < at, 0.0, radians), (0.0, 1.0, 0.0))


def pulls(clip) -> np.ndarray:
    return np.linalg.norm(np.diff(joint_positions(clip), n=2, axis=0), axis=-1) * clip.fps**2


def test_accelerations_by_hand():
    clip = standing(30)
    clip.positions[:, 0] = 0.5 * 3.0 * (np.arange(30) / 30.0) ** 2
    assert np.allclose(accelerations(clip), 3.0) and accelerations(clip).shape == (28, len(JOINTS))


def test_a_pop_is_smoothed_until_it_is_none():
    clip = with_a_pop()
    assert pulls(clip).max() > 200.0
    made = smooth_joins(clip, [60], CALM)
    assert pulls(made).max() < 30.0
    apart = np.abs(joint_positions(made) - joint_positions(clip)).max(axis=(1, 2))
    assert apart[:35].max() < 1e-9 and apart[85:].max() < 1e-9 and apart[[0, -1]].max() < 1e-12


def test_no_more_than_it_takes():
    """A small pop is smoothed less than a large one; what is calm stays the same bits, and so does all else."""
    wide = []
    for radians in (0.12, 0.6):
        clip = with_a_pop(radians=radians)
        made = smooth_joins(clip, [60], CALM)
        changed = np.abs(made.rotations - clip.rotations).max(axis=(1, 2)) > 1e-3 * radians
        wide.append(changed.sum())
    assert 0 < wide[0] < wide[1]
    walk = made_walk(6.0)
    assert smooth_joins(walk, [90], np.full(len(JOINTS), 1e3)) is walk
    clip = with_a_pop()
    assert smooth_joins(clip, [20], CALM) is clip and smooth_joins(clip, [], CALM) is clip


@pytest.mark.parametrize("join", [0, 2, 60, 118, 119])
def test_a_join_near_an_end(join):
    clip = with_a_pop(at=min(max(join, 1), 119))
    made = smooth_joins(clip, [join], CALM)
    assert made.frames == 120 and np.isfinite(made.rotations).all()
    assert np.allclose(np.linalg.norm(made.rotations, axis=-1), 1.0)


@pytest.mark.parametrize("frames", [1, 3, 9])
def test_a_clip_of_a_few_frames(frames):
    assert smooth_joins(standing(frames), [1]).frames == frames


def test_what_is_usual_is_the_same_on_both_sides_and_more_further_out():
    assert USUAL.shape == (len(JOINTS),) and np.array_equal(USUAL, USUAL[list(MIRROR)])
    for inner, outer in (("Hips", "Head"), ("LeftArm", "LeftForeArm"), ("LeftForeArm", "LeftHand"),
                         ("LeftUpLeg", "LeftLeg")):
        assert USUAL[INDEX[inner]] < USUAL[INDEX[outer]]
