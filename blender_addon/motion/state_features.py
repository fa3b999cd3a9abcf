# SPDX-License-Identifier: GPL-3.0-or-later
"""What the generator sees of a clip: a state a frame, relative to where the body is and faces.

State, S = 266 numbers in SI units: 0-2 the move since the frame before (m/s sideways and along in the heading frame of
the frame before, rad/s of turning), 3 the hips' height, 4-135 6D rotations of the 22 joints (the hips' relative to the
heading; two first columns of the matrix, Zhou et al. 2019), 136-198 positions of the 21 other joints from the ground
under the hips, 199-261 their velocities, 262-265 contacts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clip import Clip
from .kinematics import forward_kinematics
from .rotations import (
    matrix_from_quat,
    normalise,
    quat_about_z,
    quat_inverse,
    quat_multiply,
    quat_rotate,
)
from .skeleton import INDEX

MOVE = slice(0, 3)
HEIGHT = slice(3, 4)
ROTATIONS = slice(4, 136)
POSITIONS = slice(136, 199)
VELOCITIES = slice(199, 262)
CONTACTS = slice(262, 266)
SIZE = 266
# Frames over which the heading is smoothed, so that hips swaying in a walk do not make the path wiggle.
_HEADING_SIGMA = 5.0


@dataclass(frozen=True, eq=False)
class Sequence:
    """Features of one stretch: states (T, S) and root (T, 3): x, y in metres, heading in rad about Z, unwrapped."""

    states: np.ndarray
    root: np.ndarray


def heading_of(clip: Clip, joints: np.ndarray) -> np.ndarray:
    """(T,) rad about Z by which the body is turned from facing -Y, from hips and shoulders, smoothed."""
    lateral = sum(joints[:, INDEX[f"Left{part}"]] - joints[:, INDEX[f"Right{part}"]] for part in ("UpLeg", "Arm"))
    flat = normalise(lateral[:, :2])
    reach = int(3 * _HEADING_SIGMA)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _HEADING_SIGMA) ** 2)
    padded = np.pad(flat, ((reach, reach), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(padded[:, i], kernel / kernel.sum(), mode="valid") for i in (0, 1)], axis=-1)
    return np.unwrap(np.arctan2(smooth[:, 1], smooth[:, 0]))


def make_sequence(clip: Clip) -> Sequence:
    """Features of a canonical clip; its first frame's move is taken from the second."""
    _, joints = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    heading = heading_of(clip, joints)
    to_local = quat_inverse(quat_about_z(heading))
    ground = clip.positions * np.array([1.0, 1.0, 0.0])

    move = np.empty((clip.frames, 3))
    steps = quat_rotate(to_local[:-1], np.diff(ground, axis=0)) * clip.fps
    move[1:, :2], move[1:, 2] = steps[:, :2], np.diff(heading) * clip.fps
    move[0] = move[1]

    local = np.array(clip.rotations)
    local[:, 0] = quat_multiply(to_local, local[:, 0])
    sixd = matrix_from_quat(local)[..., :2].swapaxes(-1, -2).reshape(clip.frames, -1)
    others = joints[:, 1:]
    positions = quat_rotate(to_local[:, None], others - ground[:, None])
    velocities = quat_rotate(to_local[1:, None], np.diff(others, axis=0)) * clip.fps
    velocities = np.concatenate([velocities[:1], velocities])
    states = np.concatenate([
        move, clip.positions[:, 2:], sixd, positions.reshape(clip.frames, -1), velocities.reshape(clip.frames, -1),
        clip.contacts.astype(np.float64)], axis=1)
    return Sequence(states, np.concatenate([ground[:, :2], heading[:, None]], axis=1))


def integrate(moves: np.ndarray, start: np.ndarray, fps: float) -> np.ndarray:
    """Root (T, 3) after each of the moves (T, 3), from start (3,) before the first."""
    heading = start[2] + np.cumsum(moves[:, 2]) / fps
    before = np.concatenate([[start[2]], heading[:-1]])
    cos, sin = np.cos(before), np.sin(before)
    steps = np.stack([cos * moves[:, 0] - sin * moves[:, 1], sin * moves[:, 0] + cos * moves[:, 1]], axis=-1) / fps
    return np.concatenate([start[:2] + np.cumsum(steps, axis=0), heading[:, None]], axis=1)
