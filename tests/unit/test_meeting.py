# SPDX-License-Identifier: GPL-3.0-or-later
"""What was made of bones meets the keys that are there, and is written as they are."""

import numpy as np
import pytest

from blender_addon.motion.channels import rotation_quaternions, rotation_values
from blender_addon.motion.meeting import (
    goes_round,
    held_up,
    is_written_like,
    meet_locations,
    meet_rotations,
    written_like,
)
from blender_addon.motion.rotations import normalise, quat_angle, quat_continuous, quat_from_axis_angle

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def random_rotations(rng, count):
    return normalise(rng.normal(size=(count, 4)))


def test_keys_are_met_and_a_constant_difference_stays_one():
    rng = np.random.default_rng(0)
    made = quat_continuous(random_rotations(rng, 20))
    own = random_rotations(rng, 20)
    known = np.zeros(20, dtype=bool)
    known[[0, 7, 19]] = True
    met = meet_rotations(made, own, known)
    assert np.array_equal(met[known], own[known])
    assert np.allclose(quat_angle(meet_rotations(made, made, known), made), 0.0, atol=1e-6)
    places = rng.normal(size=(20, 3))
    assert np.allclose(meet_locations(places, places + 2.0, known), places + 2.0)
    moved = meet_locations(places, rng.normal(size=(20, 3)), known)
    way = (moved - places)[:8]
    share = np.arange(8)[:, None] / 7.0
    assert np.allclose(way, way[:1] + (way[7:] - way[:1]) * share**2 * (3.0 - 2.0 * share), atol=1e-12)


def test_a_key_that_is_elsewhere_is_passed_as_quickly_as_what_was_made():
    """An IK target with a key of its own halfway, where the body has moved on meanwhile: no corner in its way."""
    frames = np.arange(61.0)
    made = frames[:, None] * [0.02, 0.0, 0.01]
    own = made + np.where((frames > 15) & (frames < 45), 1.0, 0.0)[:, None] * [0.0, 0.4, -0.3]
    known = np.isin(frames, [0, 30, 60])
    steps = np.diff(meet_locations(made, own, known), axis=0)
    assert np.linalg.norm(np.diff(steps, axis=0), axis=-1).max() < 0.005 < 0.5 / 30.0  # the step that lines would have
    turned = quat_from_axis_angle(np.array([0.0, 0.0, 1.0]), 0.02 * frames)
    other = quat_from_axis_angle(np.array([0.0, 0.0, 1.0]), 0.02 * frames + np.where(own[:, 1] > 0.0, 0.5, 0.0))
    met = meet_rotations(turned, other, known)
    steps = quat_angle(met[1:], met[:-1])
    assert np.abs(np.diff(steps)).max() < 0.005


def test_a_foot_is_not_brought_lower_than_it_was_made_or_than_the_way_between_its_keys():
    """It stands, then rises with a body whose leg is at its end; its next key is 30 cm below where that ends."""
    frames = np.arange(41.0)
    made = np.maximum(frames[:, None] - 15.0, 0.0) * 0.02 + [0.0, 0.08]  # toes and ankle
    known = np.isin(frames, [0, 40])
    own = made - np.where(frames > 20, 0.3, 0.0)[:, None]
    met = np.stack([meet_locations(*(part[:, [k]] for part in (made, own)), known)[:, 0] for k in range(2)], axis=-1)
    lift = held_up(made, met, known)
    assert met.min() < -0.06 and (met + lift[:, None]).min() > -0.003 and not lift[known].any()
    line = np.linspace(met[0], met[-1], 41)
    assert (met + lift[:, None] > np.minimum(line, made) - 0.003).all()
    assert np.abs(np.diff(met + lift[:, None], 2, axis=0)).max() < 2.0 * np.abs(np.diff(made, 2, axis=0)).max()
    assert not held_up(made, made, known).any() and not held_up(made, made + 0.1 * (1.0 - known[:, None]), known).any()


@pytest.mark.parametrize("mode", MODES)
def test_the_same_rotation_is_written_as_the_key_is(mode):
    rng = np.random.default_rng(1)
    for rotation in random_rotations(rng, 60):
        key = rotation_values(rotation[None], mode)[0]
        if mode == "QUATERNION":
            key = key * rng.choice([-1.0, 1.0])
        elif mode == "AXIS_ANGLE":
            key = key * rng.choice([-1.0, 1.0]) + [2.0 * np.pi * rng.integers(-2, 3), 0.0, 0.0, 0.0]
        else:
            key = key + 2.0 * np.pi * rng.integers(-2, 3, 3)
            if rng.random() < 0.5:  # the other triple
                middle = np.array([axis == mode[1] for axis in "XYZ"])
                key = np.where(middle, np.pi - key, key + np.pi)
        assert quat_angle(rotation_quaternions(key, mode), rotation) < 1e-6
        values = rotation_values(rotation[None], mode)[0]
        scale, offset = written_like(values, mode, key)
        assert np.allclose(scale * values + offset, key, atol=1e-6)
        assert quat_angle(rotation_quaternions(scale * values + offset, mode), rotation) < 1e-6
        assert is_written_like(scale * values + offset, mode, key)


def test_full_turns_are_somebodys_wish():
    first = np.array([0.1, 0.2, 0.3])
    assert not goes_round(first, first + [0.5, -0.3, 0.2], "XYZ")
    assert not goes_round(np.array([3.0, 0.0, 0.0]), np.array([3.4, 0.1, 0.0]), "XYZ")
    assert goes_round(first, first + [0.0, 0.0, 2.0 * np.pi], "XYZ")
    assert goes_round(np.array([0.0, 0.0, 1.0, 0.0]), np.array([6.3, 0.0, 1.0, 0.0]), "AXIS_ANGLE")
    assert not goes_round(np.array([1.0, 0.0, 0.0, 0.0]), np.array([-1.0, 0.1, 0.0, 0.0]), "QUATERNION")
