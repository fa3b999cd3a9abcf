# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs: where they are, and how hip, knee and foot must turn for the foot to be elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .clip import Clip
from .kinematics import forward_kinematics
from .rotations import cross, normalise, quat_between, quat_from_axis_angle, quat_multiply, quat_rotate
from .skeleton import INDEX

_LATERAL = np.array([1.0, 0.0, 0.0])
_FOOT = 0.59  # how readily a foot turns, beside thigh and shin
_STIFF = 0.03  # square metres: how unwilling a leg is to move at all; a straight one could do nothing else


def joints_of_legs() -> np.ndarray:
    """(4, 2) indices into JOINTS: hip, knee, ankle and toe joints, left and right."""
    return np.array([[INDEX[side + part] for side in ("Left", "Right")] for part in ("UpLeg", "Leg", "Foot", "Toe")])


@dataclass(frozen=True, eq=False)
class Legs:
    """Both legs of a clip in the world, the left one first.

    hips, knees, ankles, toes: (T, 2, 3) joint positions in metres. thighs, shins, feet, tips: (T, 2, 4) global
    rotations of the segments that begin there.
    """

    hips: np.ndarray
    knees: np.ndarray
    ankles: np.ndarray
    toes: np.ndarray
    thighs: np.ndarray
    shins: np.ndarray
    feet: np.ndarray
    tips: np.ndarray

    @cached_property
    def whole(self) -> np.ndarray:
        """(T, 2) metres from hip to ankle of a straight leg."""
        return np.linalg.norm(self.knees - self.hips, axis=-1) + np.linalg.norm(self.ankles - self.knees, axis=-1)

    @cached_property
    def poles(self) -> np.ndarray:
        """(T, 2, 3) unit vectors across the line from hip to ankle, towards where the knee points: the thigh's own
        front, which a straight leg has too. What the pole target of an IK leg wants."""
        return normalise(cross(self.ankles - self.hips, quat_rotate(self.thighs, _LATERAL)))

    @cached_property
    def hinges(self) -> np.ndarray:
        """(T, 2, 3) unit vectors about which the knees turn: the thighs' own lateral axes, square to the thighs."""
        along = normalise(self.knees - self.hips)
        hinge = quat_rotate(self.thighs, _LATERAL)
        return normalise(hinge - _dot(hinge, along) * along)

    @cached_property
    def bends(self) -> np.ndarray:
        """(T, 2) radians by which the knees are bent about their hinges; below zero where they are overstretched."""
        along, shin = normalise(self.knees - self.hips), self.ankles - self.knees
        return np.arctan2(_dot(cross(along, shin), self.hinges), _dot(along, shin))[..., 0]


def legs_of(clip: Clip) -> Legs:
    """Where the legs of a clip are."""
    return legs_in(*forward_kinematics(clip.skeleton, clip.rotations, clip.positions))


def legs_in(turned: np.ndarray, placed: np.ndarray) -> Legs:
    """The legs of a body whose joints are turned (T, 22, 4) and placed (T, 22, 3) so."""
    joints = joints_of_legs()
    return Legs(*(placed[:, pair] for pair in joints), *(turned[:, pair] for pair in joints))


def reach(legs: Legs, hips: np.ndarray, ankles: np.ndarray, way: np.ndarray | float = 1.0
          ) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations of thighs and shins (T, 2, 4) with which the legs lead from hips to ankles (T, 2, 3).

    The knee turns about its hinge, the thigh's own lateral axis, which is known for a straight leg too; then the whole
    leg swings the shortest way. So the knee goes on pointing where it pointed, bends forwards only (way: 1; -1 for
    knees that are to stay overstretched, or (T, 2) of both), and a leg whose ends keep their distance keeps its bend.
    What is out of reach is reached for.
    """
    thigh, shin = legs.knees - legs.hips, legs.ankles - legs.knees
    across = shin - _dot(shin, legs.hinges) * legs.hinges  # the part of the shin that the hinge turns
    upper, lower = np.linalg.norm(thigh, axis=-1), np.linalg.norm(shin, axis=-1)
    apart = np.linalg.norm(ankles - hips, axis=-1)
    ahead = (apart**2 - upper**2 - lower**2) / np.maximum(2.0 * upper * np.linalg.norm(across, axis=-1), 1e-9)
    fold = quat_from_axis_angle(legs.hinges, way * np.arccos(np.clip(ahead, -1.0, 1.0)) - legs.bends)
    swing = quat_between(thigh + quat_rotate(fold, shin), ankles - hips)
    return quat_multiply(swing, legs.thighs), quat_multiply(swing, quat_multiply(fold, legs.shins))


def turn_of_foot(legs: Legs, lever: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Rotation vectors (T, 2, 3), radians, for feet whose toes are wanted elsewhere by (T, 2, 3) metres.

    Of all ways in which thigh, shin and foot could bring the toe there together, the one with the least turning
    (damped least squares, Wampler 1986; solved for the pull at the toe): a long foot does much of it, a short one
    little. A turned foot is seen sooner than a bent knee, so it does a share only. lever: (T, 2, 3) from ankle to toe.
    """
    resists = _STIFF * np.eye(3)
    for bone, share in ((legs.knees - legs.hips, 1.0), (legs.ankles - legs.knees, 1.0), (lever, _FOOT)):
        resists = resists + share * (_dot(bone, bone)[..., None] * np.eye(3) - bone[..., :, None] * bone[..., None, :])
    return _FOOT * cross(lever, np.linalg.solve(resists, wanted[..., None])[..., 0])


def turned_by(vectors: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Rotations (..., 4), turned further about vectors (..., 3) by their length in radians."""
    return quat_multiply(quat_from_axis_angle(normalise(vectors), np.linalg.norm(vectors, axis=-1)), rotations)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1, keepdims=True)
