# SPDX-License-Identifier: GPL-3.0-or-later
"""How thick a body is: its trunk and thighs as radii around its bones, and points on the skin of its hands.

A capsule with a radius of its own for every height and direction, so that a trunk is broad and not deep. Depths are
first-order distances (Taubin 1994): how far a radius is exceeded, over the slope of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .rotations import quat_inverse, quat_rotate
from .skeleton import CANONICAL, ENDS, INDEX, TOWARDS

THICK = ("Hips", "Spine", "Spine1", "Spine2", "LeftUpLeg", "RightUpLeg")  # what hands are kept out of
_HEIGHTS, _ANGLES = 10, 24
_OUTWARD = 8  # power of the mean of radii: what sticks out counts for more
_FEWEST = 12  # points that a girth is made of
_LEVERS = 16  # points of a hand and forearm that are looked at
_FOREARM = 0.4  # of a forearm, from the wrist on; the elbow's crook touches anyway


@dataclass(frozen=True, eq=False)
class Girth:
    """The skin around one bone. joint: index into JOINTS. axes: (3, 3) rows: across, across, along it, in the joint's
    frame. low, high: metres along. radii: (H, A) metres by height and angle, 0 where there is no skin."""

    joint: int
    axes: np.ndarray
    low: float
    high: float
    radii: np.ndarray

    @cached_property
    def largest(self) -> float:
        """Metres from the joint beyond which there is none of it."""
        return float(np.hypot(self.radii.max(), max(abs(self.low), abs(self.high))))

    @cached_property
    def _table(self) -> np.ndarray:
        """(H, A + 1, 3) radius, its slope along the bone, and its slope by angle; the last angle is the first."""
        step = (self.high - self.low) / (len(self.radii) - 1)
        closed = np.concatenate([self.radii[:, -1:], self.radii, self.radii[:, :2]], axis=1)
        by_angle = (closed[:, 2:] - closed[:, :-2]) / (4.0 * np.pi / self.radii.shape[1])
        return np.stack([closed[:, 1:-1], np.gradient(self.radii, step, axis=0)[:, [*range(self.radii.shape[1]), 0]],
                         by_angle], axis=-1)

    def depths(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) metres that points (N, 3) in the joint's frame are under the skin, below zero outside; (N, 3) which way
        is out. -inf where there is no skin at that height."""
        x, y, z = self.axes @ points.T
        radius = np.maximum(np.hypot(x, y), 1e-6)
        count, table = len(self.radii), self._table
        height = (z - self.low) / (self.high - self.low) * (count - 1)
        row = np.clip(height.astype(int), 0, count - 2)
        turn = np.arctan2(y, x) / (2.0 * np.pi) % 1.0 * self.radii.shape[1]
        column = np.minimum(turn.astype(int), self.radii.shape[1] - 1)
        up, on = (height - row)[:, None], (turn - column)[:, None]
        skin, along, by_angle = ((1.0 - up) * ((1.0 - on) * table[row, column] + on * table[row, column + 1])
                                 + up * ((1.0 - on) * table[row + 1, column] + on * table[row + 1, column + 1])).T
        out = np.stack([(x + y * by_angle / radius) / radius, (y - x * by_angle / radius) / radius, -along], axis=1)
        steep = np.linalg.norm(out, axis=1)
        there = (height >= 0.0) & (height <= count - 1) & (skin > 0.0)
        return np.where(there, (skin - radius) / steep, -np.inf), (out / steep[:, None]) @ self.axes


@dataclass(frozen=True, eq=False)
class Flesh:
    """What of a body can get into what. girths: of trunk and thighs. hands: for both sides joints (P,), as indices into
    JOINTS, and points (P, 3) of the skin of hand and forearm in these joints' frames, metres."""

    girths: tuple[Girth, ...]
    hands: Mapping[str, tuple[np.ndarray, np.ndarray]]


def flesh_of(meshes: list[Mapping[str, np.ndarray]]) -> Flesh | None:
    """Girths and hands of meshes, each as the points (N, 3) that follow a joint, in the joint's frame in the T-pose.

    The outermost counts, such as clothes over skin. None when there are no hands, or nothing that they could get into.
    """
    if not meshes:
        return None
    girths = []
    for joint in THICK:
        parts = [mesh[joint] for mesh in meshes if len(mesh.get(joint, ())) >= _FEWEST]
        if parts:
            girths.append(_girth(joint, parts))
    hands = {side: hand for side in ("Left", "Right") for hand in (_hand(side, meshes),) if hand is not None}
    return Flesh(tuple(girths), hands) if girths and hands else None


def _along(joint: str) -> np.ndarray:
    """(3,) the direction of a segment in the T-pose."""
    way = CANONICAL.offsets[INDEX[TOWARDS[joint]]] if joint in TOWARDS else np.array(ENDS[joint][0])
    return way / np.linalg.norm(way)


def _girth(joint: str, parts: list[np.ndarray]) -> Girth:
    z = _along(joint)
    x = np.array([1.0, 0.0, 0.0])
    axes = np.stack([x, np.cross(z, x), z])
    every = np.concatenate(parts) @ z
    low, high = float(every.min()), float(every.max())
    return Girth(INDEX[joint], axes, low, high, np.max([_radii(part @ axes.T, low, high) for part in parts], axis=0))


def _radii(points: np.ndarray, low: float, high: float) -> np.ndarray:
    """(H, A) how far points (N, 3) are from the Z axis, a power mean under bells as wide as the steps of the table."""
    x, y, z = points.T
    step = (high - low) / (_HEIGHTS - 1)
    by_height = np.exp(-0.5 * ((z[:, None] - np.linspace(low, high, _HEIGHTS)) / (0.5 * step)) ** 2)
    away = np.arctan2(y, x)[:, None] - np.arange(_ANGLES) * (2.0 * np.pi / _ANGLES)
    away = (away + np.pi) % (2.0 * np.pi) - np.pi
    by_angle = np.exp(-0.5 * (away / (np.pi / _ANGLES)) ** 2)
    total = by_height.T @ by_angle
    mean = by_height.T @ (np.hypot(x, y)[:, None] ** _OUTWARD * by_angle) / np.maximum(total, 1e-9)
    return np.where(total > 0.05, mean ** (1.0 / _OUTWARD), 0.0)


def _hand(side: str, meshes: list[Mapping[str, np.ndarray]]) -> tuple[np.ndarray, np.ndarray] | None:
    joints, points = [], []
    fore = np.concatenate([mesh.get(f"{side}ForeArm", np.zeros((0, 3))) for mesh in meshes])
    if len(fore):
        along = fore @ _along(f"{side}ForeArm")
        fore = fore[along > (1.0 - _FOREARM) * along.max()]
    for joint, some in ((f"{side}Hand", np.concatenate([mesh.get(f"{side}Hand", np.zeros((0, 3))) for mesh in meshes])),
                        (f"{side}ForeArm", fore)):
        if len(some):
            chosen = some[_spread(some, _LEVERS if joint.endswith("Hand") else _LEVERS // 2)]
            joints += [INDEX[joint]] * len(chosen)
            points.append(chosen)
    return (np.array(joints), np.concatenate(points)) if points else None


def _spread(points: np.ndarray, count: int) -> np.ndarray:
    """Indices of so many points (N, 3) that are far from each other (farthest-point sampling, Gonzalez 1985)."""
    chosen = [int(np.argmax(np.linalg.norm(points - points.mean(axis=0), axis=1)))]
    away = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen)


def deepest(flesh: Flesh, side: str, turned: np.ndarray, placed: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each frame the point of a hand that is deepest in the body: (T,) metres, below zero outside, -inf where it is
    far away; (T, 3) where it is and (T, 3) which way out is, both in the world.

    turned: (T, 22, 4), placed: (T, 22, 3), as forward_kinematics gives them.
    """
    joints, own = flesh.hands[side]
    points = placed[:, joints] + quat_rotate(turned[:, joints], own)
    frames, count = points.shape[:2]
    depth, out = np.full((frames, count), -np.inf), np.zeros((frames, count, 3))
    for girth in flesh.girths:
        away = points - placed[:, girth.joint, None]
        t, p = np.nonzero(np.einsum("tpi,tpi->tp", away, away) < girth.largest**2)
        if not len(t):
            continue
        frame = turned[t, girth.joint]
        deep, way = girth.depths(quat_rotate(quat_inverse(frame), away[t, p]))
        more = deep > depth[t, p]
        t, p = t[more], p[more]
        depth[t, p], out[t, p] = deep[more], quat_rotate(frame[more], way[more])
    at, worst = np.arange(frames), depth.argmax(axis=1)
    return depth[at, worst], points[at, worst], out[at, worst]
