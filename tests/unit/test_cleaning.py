# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is done to a take after the model made it, one thing after another."""

import numpy as np
import pytest
from made_steps import compass_walk
from made_walk import made_chaos, made_walk
from made_walker import plan

from blender_addon.motion.cleaning import clean_up
from blender_addon.motion.contacts import find_standing
from blender_addon.motion.foot_lock import lock_feet
from blender_addon.motion.joining import USUAL, accelerations
from blender_addon.motion.joint_limits import JointLimits, beyond, measure_limits
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import knee_bend
from blender_addon.motion.skeleton import CONTACT_JOINTS, INDEX

WALK = made_walk(20.0)
TABLE = {"joint_limits": measure_limits(WALK.rotations).as_dict()}
FEET = [INDEX[joint] for joint in CONTACT_JOINTS]


def slides(clip, contacts) -> float:
    """Mean cm/s over the floor of what stands."""
    places = joint_positions(clip)[:, FEET, :2]
    moves = np.linalg.norm(np.diff(places, axis=0), axis=-1) * clip.fps * 100.0
    return float(moves[contacts[1:] & contacts[:-1]].mean())


def test_feet_that_stand_stay():
    clip = compass_walk(16)
    contacts = find_standing(clip)
    clip.positions[:, 1] *= 1.08  # every foot slides while it stands
    wanted = plan(seconds=8.0)
    made = clean_up(clip, wanted, {})
    before, after = slides(clip, contacts), slides(made.clip, contacts)
    assert before > 5.0 and after < 0.2 * before
    assert made.figures["foot_skate_before_cm_per_s"] == pytest.approx(before, rel=0.2)
    assert made.figures["foot_skate_cm_per_s"] < 1.5
    left = clean_up(clip, wanted, {}, feet=False)
    assert slides(left.clip, contacts) == pytest.approx(before)
    assert "foot_skate_cm_per_s" not in left.figures


def test_raw_is_what_the_model_made():
    clip = WALK.cut(0, 90)
    made = clean_up(clip, plan(seconds=3.0), TABLE, raw=True)
    assert made.clip is clip and not made.figures


def test_joints_come_back_within_their_limits_and_are_counted():
    clip = made_chaos(90, reach=0.8)
    limits = JointLimits.from_dict(TABLE["joint_limits"])
    made = clean_up(clip, plan((("idle", None),), seconds=3.0), TABLE, feet=False)
    assert np.degrees(beyond(made.clip, limits)).max() < 3.01 and knee_bend(made.clip) > -5.0
    assert made.figures["beyond_limits_share"] == (beyond(clip, limits) > 0).any(axis=1).mean() > 0.5
    assert made.figures["joint_change_max_deg"] > 10.0
    calm = clean_up(WALK.cut(0, 90), plan(seconds=3.0), TABLE, feet=False)
    assert calm.figures["beyond_limits_share"] < 0.2 and calm.figures["joint_change_max_deg"] < 3.0


def test_where_actions_meet_no_joint_is_torn_along():
    wanted = plan((("walk", 2.0), ("idle", 2.0)))
    clip = WALK.cut(0, 120)
    rotations = np.array(clip.rotations)
    rotations[60:, INDEX["LeftArm"]] = [0.9, 0.0, np.sqrt(1.0 - 0.81), 0.0]
    popped = type(clip)(clip.skeleton, rotations, clip.positions, clip.fps)
    made = clean_up(popped, wanted, TABLE | {"joint_limits": {}}, feet=False).clip
    assert (accelerations(popped)[50:70] > 5.0 * USUAL).any()
    assert (accelerations(made)[48:70] <= USUAL).all()


@pytest.mark.parametrize("parts", [(("walk", None),), (("idle", None),), (("walk", 2.0), ("idle", 2.0))])
def test_a_loop_stays_one_with_its_feet_locked(parts):
    """As long as was asked for, begun where the take was to begin; its last pose is its first."""
    wanted = plan(parts, seconds=4.0, spare=4.0)
    made = clean_up(made_walk(len(wanted.shown) / 30.0, heading=0.5), wanted, TABLE, loop=True)
    clip = made.clip
    assert clip.frames == 120 and {"loop_tempo", "loop_apart_cm", "loop_left_out_s"} <= set(made.figures)
    here = joint_positions(clip)
    turned = here - clip.positions[:, None] * [1.0, 1.0, 0.0]
    assert np.abs(turned[-1] - turned[0]).max() < 0.002
    assert np.abs(clip.positions[0, :2]).max() < 0.06
    leap = np.linalg.norm((here[1] - here[0]) - (here[-1] - here[-2]), axis=-1)
    usual = np.percentile(np.linalg.norm(np.diff(here, n=2, axis=0), axis=-1), 95, axis=0)
    assert (leap <= 1.05 * usual + 1e-3).all()
    gone = np.linalg.norm(clip.positions[-1, :2] - clip.positions[0, :2])
    assert gone == pytest.approx(0.0, abs=0.02) if parts[0][0] == "idle" else gone > 2.0


def test_quick_feet_in_the_air_keep_clear_of_the_floor():
    """A walker who drags the feet lifts them, but neither where they stand nor where they are about to."""
    clip = compass_walk(16)
    heights = joint_positions(clip)[:, FEET, 2] - [0.085, 0.02, 0.085, 0.02]
    drags = (heights[..., [0, 2]] < 0.02) & (heights[..., [1, 3]] < 0.02)
    assert drags.mean() > 0.5
    lifted = {clearance: lock_feet(clip, clearance=clearance) for clearance in (0.005, 0.03)}
    quick = np.linalg.norm(np.gradient(joint_positions(clip)[:, FEET, :2], 1 / 30.0, axis=0), axis=-1) > 1.2
    low, high = ((joint_positions(lock.clip)[:, FEET, 2] - [0.085, 0.02, 0.085, 0.02])[quick]
                 for lock in lifted.values())
    assert np.percentile(low, 15) < 0.015 and np.percentile(high, 15) > 0.018 and np.percentile(high, 50) > 0.025
    apart = np.abs(joint_positions(lifted[0.03].clip) - joint_positions(lifted[0.005].clip))[:, FEET]
    assert apart[lifted[0.03].contacts].max() < 2e-3 and apart.max() > 0.015
    calm = [np.percentile(accelerations(lock.clip), 99) for lock in lifted.values()]
    assert calm[1] < 1.25 * calm[0] + 5.0
