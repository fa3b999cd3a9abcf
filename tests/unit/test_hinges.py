# SPDX-License-Identifier: GPL-3.0-or-later
"""Joints with locked axes do the nearest there is."""

import numpy as np
from made_walk import made_chaos

from blender_addon.motion.hinges import nearest_free
from blender_addon.motion.rotations import euler_to_quat, quat_angle


def test_two_free_axes_are_the_nearest_there_is():
    """No other pair of angles comes nearer: tried on a grid."""
    wanted = made_chaos(frames=12).rotations[:, 5]
    grid = np.radians(np.arange(-180, 180, 4.0))
    a, b = (axis.ravel() for axis in np.meshgrid(grid, grid))
    for mode in ("XYZ", "YZX"):
        for locked in range(3):
            held = np.zeros(3)
            held[locked] = 0.2
            mask = np.arange(3) == locked
            done = nearest_free(wanted, mode, mask, held)
            angles = np.zeros((len(a), 3))
            angles[:, locked] = 0.2
            angles[:, [axis for axis in range(3) if axis != locked]] = np.column_stack([a, b])
            tried = euler_to_quat(angles[:, ["XYZ".index(axis) for axis in mode[::-1]]], mode[::-1])
            best = quat_angle(wanted[:, None], tried[None]).min(axis=1)
            assert (quat_angle(wanted, done) <= best + 1e-9).all()


def test_a_hinge_keeps_its_turn_and_nothing_else():
    wanted = made_chaos(frames=12).rotations[:, 5]
    done = nearest_free(wanted, "XYZ", np.array([False, True, True]), np.zeros(3))
    grid = euler_to_quat(np.radians(np.arange(-180, 180, 0.5))[:, None] * [1.0, 0.0, 0.0], "XYZ")
    assert (quat_angle(wanted, done) <= quat_angle(wanted[:, None], grid[None]).min(axis=1) + 1e-9).all()
    assert np.abs(done[:, 2:]).max() < 1e-12


def test_nothing_locked_and_all_locked():
    wanted = made_chaos(frames=4).rotations[:, 5]
    assert nearest_free(wanted, "XYZ", np.zeros(3, bool), np.zeros(3)) is wanted
    held = np.array([0.1, 0.2, 0.3])
    assert np.allclose(nearest_free(wanted, "XYZ", np.ones(3, bool), held), euler_to_quat(held[::-1], "ZYX"))
