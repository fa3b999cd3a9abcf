# SPDX-License-Identifier: GPL-3.0-or-later
"""Seams without a jump, seen by where the joints are."""

import numpy as np
import pytest
from made_steps import standing, turn
from made_walk import made_chaos, made_walk

from blender_addon.motion.inertialising import inertialise
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.rotations import quat_about_z, quat_multiply

WALK = made_walk(6.0)


def row(before, clip) -> np.ndarray:
    """(T, J, 3) joints in the world: `before` and then the clip, whose first frame is the last of `before`."""
    return np.concatenate([joint_positions(before)[:-1], joint_positions(clip)])


def at_place(clip, place):
    """The clip, begun over a place."""
    return type(clip)(clip.skeleton, clip.rotations, clip.positions - clip.positions[0] + place, clip.fps)


@pytest.mark.parametrize("clip", [WALK.cut(60, 150), made_chaos(90, reach=0.3), standing(90)],
                         ids=["walk", "chaos", "standing"])
def test_it_begins_in_the_pose_and_place_before(clip):
    before = WALK.cut(0, 40)
    clip = at_place(clip, before.positions[-1])
    made = inertialise(clip, before)
    assert made.frames == clip.frames
    assert np.abs(joint_positions(made)[0] - joint_positions(before)[-1]).max() < 1e-9
    late = round(1.5 * clip.fps)
    assert np.abs(joint_positions(made)[late:] - joint_positions(clip)[late:]).max() < 0.02  # and soon is itself


def test_the_half_life_is_a_tenth_of_a_second():
    """Of a small step in place, none in velocity: half of it is left after 0.1 s."""
    clip, before = standing(60), standing(10)
    made = inertialise(clip, type(clip)(clip.skeleton, before.rotations, before.positions + [0.05, 0, 0], 30.0))
    assert made.positions[3, 0] / 0.05 == pytest.approx(0.5, abs=1e-5)
    assert np.allclose(made.positions[:, 1:], clip.positions[:, 1:])


def test_what_fits_already_stays_as_it_is():
    made = inertialise(WALK.cut(40, 100), WALK.cut(0, 41))
    # a walk's velocity changes within a frame, and that alone is led over
    assert np.abs(joint_positions(made) - joint_positions(WALK)[40:100]).max() < 0.01
    assert np.abs(made.positions[20:] - WALK.positions[60:100]).max() < 1e-4


def test_nothing_tears_at_the_limbs_however_far_apart_they_are():
    """Out of a T-pose into a walk the other way: no joint is pulled harder than about 40 m/s^2 more than it was."""
    clip = WALK.cut(60, 180)
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(quat_about_z(np.array(1.0)), rotations[:, 0])
    clip = type(clip)(clip.skeleton, rotations, clip.positions, clip.fps)
    before = turn(standing(30), "LeftArm", 1.2, (0.0, 1.0, 0.0))
    before = at_place(before, clip.positions[0])
    pulled = np.linalg.norm(np.diff(row(before, inertialise(clip, before)), n=2, axis=0), axis=-1) * 900.0
    usual = np.linalg.norm(np.diff(joint_positions(clip), n=2, axis=0), axis=-1).max() * 900.0
    assert pulled.max() < usual + 60.0
    cut = np.linalg.norm(np.diff(row(before, clip), n=2, axis=0), axis=-1) * 900.0
    assert cut.max() > 5.0 * pulled.max()


def test_velocity_goes_on():
    """An arm that swings when the clip, in which it hangs, begins swings on a little and comes back."""
    before = turn(standing(31), "LeftArm", np.linspace(-1.0, 0.0, 31) * 3.0, (0.0, 1.0, 0.0))
    made = inertialise(standing(60), before)
    turned = 2.0 * np.arctan2(made.rotations[:, 7, 2], made.rotations[:, 7, 0])
    assert turned[0] == pytest.approx(0.0, abs=1e-9) and turned.max() > 0.05 and turned[1] > 0.04
    assert turned.argmax() in (1, 2, 3, 4) and abs(turned[45:]).max() < 1e-3


def pulled(before, clip) -> np.ndarray:
    """(F, 22) metres a second squared at the seam's own frame and the four after it."""
    end = before.frames - 1
    return np.linalg.norm(np.diff(row(before, clip)[end - 1:end + 6], n=2, axis=0), axis=-1) * clip.fps**2


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
@pytest.mark.parametrize("times", [1, 3])
def test_the_speed_does_not_snap_a_frame_after_the_seam(fps, times):
    """Into 2 m/s more, a walk into a run: the hips are pulled less than in 99 of 100 real frames (16 m/s^2), however
    often the same seam is led over. A spring that pulls hardest at once took 22 to 38."""
    clip = standing(int(2 * fps), fps=fps)
    before = type(clip)(clip.skeleton, clip.rotations[:10], clip.positions[:10], fps)
    gone = np.arange(clip.frames)[:, None] / fps * np.array([0.0, -2.0, 0.0])
    made = clip = type(clip)(clip.skeleton, clip.rotations, clip.positions + gone, fps)
    for _ in range(times):
        made = inertialise(made, before)
    assert pulled(before, clip).max() > 45.0
    assert pulled(before, made).max() < 16.2
    assert np.diff(pulled(before, made)[:, 0]).max() < 0.4 * 16.2 * 60.0 / fps  # and that comes bit by bit
    assert np.abs(made.positions[-1] - clip.positions[-1]).max() < 0.05


def test_a_body_that_speeds_up_on_its_way_is_not_held_back():
    """6 m/s^2 from long before the seam on, cut apart there: the two halves fit already, and so stay as they are."""
    clip = standing(60)
    at = np.arange(60)[:, None] / 30.0
    clip = type(clip)(clip.skeleton, clip.rotations, clip.positions + 3.0 * at * at * [0.0, -1.0, 0.0], 30.0)
    made = inertialise(clip.cut(20, 60), clip.cut(0, 21))
    assert np.abs(made.positions - clip.positions[20:]).max() < 1e-9


@pytest.mark.parametrize(("earlier", "later"), [(1, 30), (30, 1), (1, 1), (2, 2)])
def test_a_frame_is_enough(earlier, later):
    made = inertialise(standing(later), WALK.cut(0, earlier))
    assert np.abs(joint_positions(made)[0] - joint_positions(WALK)[earlier - 1]).max() < 1e-9
    assert np.isfinite(made.rotations).all() and made.frames == later
