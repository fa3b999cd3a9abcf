# SPDX-License-Identifier: GPL-3.0-or-later
"""Joint limits: measured on motion, and a soft end of the way that leaves all else alone."""

import numpy as np
import pytest
from made_steps import standing, turn
from made_walk import made_chaos, made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.joint_limits import JointLimits, beyond, keep_within, measure_limits, swing_twist
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import knee_angles
from blender_addon.motion.rotations import quat_angle, quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, MIRROR

WALK = made_walk(20.0)
X, Y, Z = np.eye(3)


@pytest.fixture(scope="module")
def limits() -> JointLimits:
    return measure_limits(WALK.rotations)


def swept(joint: str, axis: np.ndarray, low: float, high: float, frames: int = 200) -> Clip:
    """Somebody who stands and turns one joint evenly, degrees."""
    return turn(standing(frames), joint, np.radians(np.linspace(low, high, frames)), axis)


def test_a_pure_swing_and_a_pure_twist_by_hand():
    rotations = np.tile([1.0, 0, 0, 0], (3, len(JOINTS), 1))
    rotations[0, INDEX["LeftLeg"]] = quat_from_axis_angle(X, np.array(0.7))     # the shin points down: across
    rotations[1, INDEX["LeftLeg"]] = quat_from_axis_angle(-Z, np.array(-0.4))   # along
    rotations[2, INDEX["LeftForeArm"]] = quat_from_axis_angle(Z, np.array(-1.1))
    bends = swing_twist(rotations)
    assert np.allclose(bends[:2, INDEX["LeftLeg"]], [[0.7, 0, 0], [0, 0, -0.4]])
    assert np.allclose(bends[2, INDEX["LeftForeArm"]], [0, -1.1, 0])
    assert np.array_equal(swing_twist(-rotations), bends)  # the sign of a quaternion means nothing


def test_what_lies_within_is_the_same_bits(limits):
    kept, share = keep_within(WALK, limits)
    assert share == (beyond(WALK, limits) > 0.0).any(axis=1).mean()
    inside = beyond(WALK, limits) == 0.0
    assert inside.mean() > 0.97
    assert np.array_equal(np.abs(kept.rotations[inside]), np.abs(WALK.rotations[inside]))
    chaos = made_chaos(60, reach=3.0)
    assert keep_within(chaos, JointLimits.from_dict({})) == (chaos, 0.0)


def test_nothing_is_left_far_beyond(limits):
    kept, share = keep_within(made_chaos(300, reach=1.0), limits)
    assert share == 1.0
    assert np.degrees(beyond(kept, limits).max()) <= 3.0 + 1e-6
    assert np.array_equal(kept.rotations[:, 0], made_chaos(300, reach=1.0).rotations[:, 0])  # hips have no limits


@pytest.mark.parametrize(("joint", "axis", "low", "high"), [
    ("LeftLeg", X, -60, 150), ("RightForeArm", Z, -80, 140), ("LeftUpLeg", X, -170, 100), ("Spine", Z, -300, 300),
    ("LeftArm", X, -200, 200), ("RightFoot", X, -90, 90),
])
def test_the_end_of_the_way_is_soft(limits, joint, axis, low, high):
    """Evenly on through the limit, and through full turns: no step gets larger than it was, and no speed leaps."""
    clip = swept(joint, axis, low, high)
    kept, _ = keep_within(clip, limits)
    column = INDEX[joint]
    before = quat_angle(clip.rotations[1:, column], clip.rotations[:-1, column])
    after = quat_angle(kept.rotations[1:, column], kept.rotations[:-1, column])
    assert after.max() <= before.max() * 1.01 + 1e-9
    assert np.abs(np.diff(after)).max() < 0.7 * before.max()
    assert after.min() < 0.1 * before.max()  # it did come to an end


def test_knees_and_elbows_never_bend_backwards_whatever_the_data_say():
    """Seen by where the joints are: the ankle is never ahead of the thigh's line, nor the hand behind the arm's."""
    wrong = swept("LeftLeg", X, -40, 90)
    for joint, axis in (("RightLeg", X), ("LeftForeArm", -Z), ("RightForeArm", Z)):
        angles = np.radians(np.linspace(-40, 90, wrong.frames))
        wrong = turn(wrong, joint, angles, axis)
    limits = measure_limits(wrong.rotations)
    assert knee_angles(wrong).min() < -39
    kept, _ = keep_within(wrong, limits)
    assert knee_angles(kept).min() > -4.0 and knee_angles(kept).max() > 89
    placed = joint_positions(kept)
    for side in ("Left", "Right"):
        elbow, hand = placed[:, INDEX[f"{side}ForeArm"]], placed[:, INDEX[f"{side}Hand"]]
        behind = np.degrees(np.arcsin((hand - elbow)[:, 1] / np.linalg.norm(hand - elbow, axis=-1)))
        assert behind.max() < 4.0 and behind.min() < -85  # it faces -Y


def test_both_sides_share_their_data():
    one_sided = measure_limits(swept("LeftArm", Y, -30, 80).rotations)
    for part in ("Arm", "ForeArm", "UpLeg", "Foot"):
        left, right = INDEX[f"Left{part}"], INDEX[f"Right{part}"]
        for limits in (one_sided, measure_limits(WALK.rotations)):
            mirrored = np.tile([1.0, 0, 0, 0], (8, len(JOINTS), 1))
            for corner in range(8):  # every corner of the left side's box, mirrored, is on the edge of the right's
                at = [(limits.lower, limits.upper)[corner >> k & 1][left, k] for k in range(3)]
                mirrored[corner] = _posed(left, at)[MIRROR, :] * [1.0, 1.0, -1.0, -1.0]
            assert np.allclose(swing_twist(mirrored)[:, right].min(axis=0), limits.lower[right], atol=1e-6)
            assert np.allclose(swing_twist(mirrored)[:, right].max(axis=0), limits.upper[right], atol=1e-6)


def _posed(joint: int, bends: list[float]) -> np.ndarray:
    """(22, 4): one joint turned by numbers as swing_twist has them, everything else at rest."""
    along = CANONICAL.offsets[next(i for i, p in enumerate(CANONICAL.parents) if p == joint)]
    along = along / np.linalg.norm(along)
    first = Y if abs(along[0]) > 0.9 else X
    swing = bends[0] * first + bends[1] * np.cross(along, first)
    angle = np.linalg.norm(swing)
    pose = np.tile([1.0, 0, 0, 0], (len(JOINTS), 1))
    pose[joint] = quat_multiply(quat_from_axis_angle(swing / max(angle, 1e-12), np.array(angle)),
                                quat_from_axis_angle(along, np.array(bends[2])))
    return pose


def test_limits_as_a_table_and_back(limits):
    table = limits.as_dict()
    assert len(table) == 21 and "Hips" not in table and all(len(six) == 6 for six in table.values())
    again = JointLimits.from_dict(table)
    assert np.abs(again.lower[1:] - limits.lower[1:]).max() < np.radians(0.06)
    assert np.abs(again.upper[1:] - limits.upper[1:]).max() < np.radians(0.06)
    assert again.as_dict() == table and np.isinf(again.lower[0]).all()
    some = JointLimits.from_dict({"LeftLeg": table["LeftLeg"], "Tail": [0, 1, 0, 1, 0, 1]})
    assert np.isinf(some.upper[INDEX["Head"]]).all() and np.isfinite(some.upper[INDEX["LeftLeg"]]).all()
