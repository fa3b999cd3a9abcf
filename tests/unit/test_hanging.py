# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control hangs from is told by a few poses."""

import numpy as np

from blender_addon.motion.rotations import matrix_from_quat
from blender_addon.rig.hanging import find_carriers, random_turns


def _frames(rng, poses):
    frames = np.tile(np.eye(4), (poses, 1, 1))
    frames[:, :3, :3] = matrix_from_quat(random_turns(rng, poses, 0.6))
    frames[:, :3, 3] = rng.normal(size=(poses, 3))
    return frames


def test_turn_and_place_are_found_apart():
    """Turned with the first, carried along by the second, which is scaled, as a head that keeps level does."""
    rng = np.random.default_rng(1)
    carriers = np.stack([_frames(rng, 5) for _ in range(4)], axis=1)
    carriers[:, 2, :3, :3] *= 1.3
    apart = _frames(rng, 1)[0]
    unposed = np.tile(np.eye(4), (5, 1, 1))
    unposed[:, :3, :3] = carriers[:, 1, :3, :3] @ apart[:3, :3]
    unposed[:, :3, 3] = (carriers[:, 2] @ np.append(apart[:3, 3], 1.0))[:, :3]
    found = find_carriers(unposed, carriers[:, 2, :3, :3], carriers, [0, 1, 2, 3], 2, 1.0)
    assert (found.turned_by, found.placed_by) == (1, 2)
    assert np.allclose(matrix_from_quat(found.turn), apart[:3, :3])
    assert np.allclose(found.place, 1.3 * apart[:3, 3]) and np.allclose(found.axes, 1.3 * np.eye(3))
    assert found.turn_off < 1e-6 and found.place_off < 1e-9


def test_what_does_not_move_hangs_from_the_armature():
    rng = np.random.default_rng(2)
    carriers = np.stack([_frames(rng, 5) for _ in range(2)], axis=1)
    still = np.tile(_frames(rng, 1), (5, 1, 1))
    found = find_carriers(still, still[:, :3, :3], carriers, [0, 1], 1, 1.0)
    assert (found.turned_by, found.placed_by) == (-1, -1)


def test_what_follows_several_hangs_from_what_surely_carries_it_and_says_how_far_it_is_off():
    rng = np.random.default_rng(3)
    carriers = np.stack([_frames(rng, 5) for _ in range(3)], axis=1)
    found = find_carriers(_frames(rng, 5), np.tile(np.eye(3), (5, 1, 1)), carriers, [2, 0, 1], 1, 1.0)
    assert found.turned_by in (-1, 2) and found.turn_off > 0.1 and found.place_off > 0.1
