# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs: where they are, and how hip and knee must turn for an ankle to be elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clip import Clip
from .kinematics import forward_kinematics
from .rotations import normalise, quat_between, quat_from_axis_angle, quat_multiply, quat_rotate
from .skeleton import INDEX

SIDES = ("Left", "Right")
_PARTS = ("UpLeg", "Leg", "Foot", "Toe")


@dataclass(frozen=True, eq=False)
class Legs:
    """Both legs of a clip in the world, the left one first.

    hips, knees, ankles, toes: (T, 2, 3) joint positions in metres. thighs, shins, feet, tips: (T, 2, 4) global
    rotations of the segments that begin there. poles: (T, 2, 3) unit vectors along which the knees point.
    """

    hips: np.ndarray
    knees: np.ndarray
    ankles: np.ndarray
    toes: np.ndarray
    thighs: np.ndarray
    shins: np.ndarray
    feet: np.ndarray
    tips: np.ndarray

    @property
    def poles(self) -> np.ndarray:
        """Across the line from hip to ankle, in the plane that the knee bends in: the way the thigh faces."""
        along = normalise(self.ankles - self.hips)
        ahead = np.cross(along, quat_rotate(self.thighs, np.array([1.0, 0.0, 0.0])))
        return normalise(ahead)


def joints_of_legs() -> np.ndarray:
    """(4, 2) indices into JOINTS: hip, knee, ankle and toe joints, left and right."""
    return np.array([[INDEX[side + part] for side in SIDES] for part in _PARTS])


def legs_of(clip: Clip) -> Legs:
    """Where the legs of a clip are: what targets and poles of an IK rig are keyed with."""
    turned, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    joints = joints_of_legs()
    return Legs(*(placed[:, pair] for pair in joints), *(turned[:, pair] for pair in joints))


def reach(legs: Legs, hips: np.ndarray, ankles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations of thighs and shins (T, 2, 4) with which the legs lead from hips to ankles (T, 2, 3).

    The knee turns about its hinge, the thigh's own lateral axis, which is known for a straight leg too; then the whole
    leg swings the shortest way. So the knee goes on pointing where it pointed, bends forwards only, and a leg whose
    ends keep their distance keeps its bend. What is out of reach is reached for.
    """
    thigh, shin = legs.knees - legs.hips, legs.ankles - legs.knees
    hinge = quat_rotate(legs.thighs, np.array([1.0, 0.0, 0.0]))
    along = normalise(thigh)
    hinge = normalise(hinge - _dot(hinge, along) * along)
    across = shin - _dot(shin, hinge) * hinge  # the part of the shin that the hinge turns
    bend = np.arctan2(_dot(np.cross(along, across), hinge), _dot(along, across))[..., 0]

    distance = np.linalg.norm(ankles - hips, axis=-1)
    upper, lower = np.linalg.norm(thigh, axis=-1), np.linalg.norm(shin, axis=-1)
    ahead = (distance**2 - upper**2 - lower**2) / np.maximum(2.0 * upper * np.linalg.norm(across, axis=-1), 1e-9)
    bent = np.arccos(np.clip(ahead, -1.0, 1.0))
    fold = quat_from_axis_angle(hinge, bent - bend)
    swing = quat_between(thigh + quat_rotate(fold, shin), ankles - hips)
    return quat_multiply(swing, legs.thighs), quat_multiply(swing, quat_multiply(fold, legs.shins))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1, keepdims=True)
