# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies that turn over: once, over whatever of them is lowest, which stays where it is on the floor."""

import numpy as np
import pytest
import torch
from made_walk import made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.rotations import quat_angle, quat_rotate
from blender_addon.motion.skeleton import CANONICAL
from training.motion import tumbling
from training.motion.tumbling import tumble

FRAMES = 61
UP = np.array([0.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def windows() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Forty of the same walk."""
    clip = made_walk(seconds=3.0).cut(0, FRAMES)
    return tuple(torch.as_tensor(np.repeat(part[None], 40, axis=0), dtype=torch.float32) for part in
                 (clip.rotations, clip.positions, np.ones((FRAMES, 4))))


def turned_over(windows: tuple, lift: float, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, ...]:
    monkeypatch.setattr(tumbling, "_LIFT", lift)
    torch.manual_seed(3)
    rotations, positions, standing = (part.numpy().astype(float) for part in tumble(*windows, 1.0))
    joints = np.array([forward_kinematics(CANONICAL, *one)[1] for one in zip(rotations, positions, strict=True)])
    return rotations, positions, standing, joints


def test_they_turn_over_once_and_come_back_to_what_they_did(windows, monkeypatch):
    rotations, *_ = turned_over(windows, 0.0, monkeypatch)
    upright = quat_rotate(rotations[:, :, 0], UP)[..., 2]
    whole = (upright[:, 0] > 0.95) & (upright[:, -1] > 0.95)  # windows that hold all of it
    assert whole.sum() > 5 and (upright[whole].min(axis=1) < -0.8).sum() > 5
    assert np.abs(np.linalg.norm(rotations, axis=-1) - 1.0).max() < 1e-5
    for one in np.flatnonzero(whole & (upright.min(axis=1) < -0.8))[:5]:
        apart = quat_angle(rotations[one, [0, -1]], windows[0][one, [0, -1]].numpy())
        assert np.degrees(apart).max() < 25.0
    steps = np.degrees(quat_angle(rotations[:, 1:, 0], rotations[:, :-1, 0]))
    assert steps.max() < 45.0  # a frame, of a turn that takes 0.7 s at the least


def test_what_is_lowest_is_on_the_floor_and_does_not_slide(windows, monkeypatch):
    rotations, _, standing, joints = turned_over(windows, 0.0, monkeypatch)
    floor = joints[..., 2].min(axis=-1)
    was = forward_kinematics(CANONICAL, windows[0][0].numpy().astype(float),
                             windows[1][0].numpy().astype(float))[1][..., 2].min(axis=-1)
    assert np.abs(floor - was).mean() < 0.03 and np.abs(floor - was).max() < 0.3
    lowest = joints[..., 2].argmin(axis=-1)
    over = quat_rotate(rotations[:, :, 0], UP)[..., 2] < 0.7
    same = (lowest[:, 1:] == lowest[:, :-1]) & over[:, 1:] & over[:, :-1]
    moved = np.linalg.norm(np.diff(joints[..., :2], axis=1), axis=-1)
    slid = np.take_along_axis(moved, lowest[:, 1:, None], axis=-1)[..., 0]
    hips = moved[..., 0]
    assert slid[same].mean() < 0.6 * hips[same].mean()
    assert standing.mean() < windows[2].numpy().mean()


def test_flips_leave_the_floor(windows, monkeypatch):
    low, high = (turned_over(windows, lift, monkeypatch)[3][..., 2].min(axis=-1).max() for lift in (0.0, 0.7))
    assert high > low + 0.3


def test_a_share_of_the_windows_comes_first_and_the_others_stay(windows):
    torch.manual_seed(0)
    made = tumble(*windows, 0.25)
    for part, before in zip(made, windows, strict=True):
        assert part.shape == before.shape and torch.equal(part[11:], before[11:])
    assert not torch.equal(made[0][:9], windows[0][:9])
    assert all(part is before for part, before in zip(tumble(*windows, 0.0), windows, strict=True))


def test_limbs_that_are_said_of_one_side_are_mirrored_on_the_other():
    table = np.array(tumbling._angles(tumbling._SPREAD))
    rest = Clip(CANONICAL, np.tile([1.0, 0.0, 0.0, 0.0], (1, 22, 1)), CANONICAL.rest_positions[:1], 30.0)
    half = np.radians(table) / 2.0
    turned = np.concatenate([np.cos(np.linalg.norm(half, axis=-1))[:, None],
                             np.sin(np.linalg.norm(half, axis=-1))[:, None] * half
                             / np.maximum(np.linalg.norm(half, axis=-1), 1e-9)[:, None]], axis=-1)
    joints = forward_kinematics(CANONICAL, turned[None], rest.positions)[1][0]
    names = list(CANONICAL.names)
    for part, higher in (("Hand", 0.5), ("Foot", -0.6)):
        left, right = (joints[names.index(side + part)] - joints[0] for side in ("Left", "Right"))
        assert left == pytest.approx(right * [-1.0, 1.0, 1.0], abs=1e-6)
        assert (left[2] > higher) if higher > 0 else (left[2] < higher)
