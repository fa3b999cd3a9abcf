# SPDX-License-Identifier: GPL-3.0-or-later
"""How feet stand: what of them meets the floor, where, and how they are turned meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .contacts import runs, standing_heights
from .easing import at_least_zero, bridge, distance, released, smooth, stretches
from .legs import turned_by
from .rotations import (
    cross,
    normalise,
    quat_angle,
    quat_between,
    quat_continuous,
    quat_from_axis_angle,
    quat_inverse,
    quat_multiply,
    quat_rotate,
    quat_to_axis_angle,
    slerp,
)
from .skeleton import CANONICAL, ENDS, INDEX, Skeleton

_SHORTEST = 0.1         # seconds of a contact that is worth a place of its own
_TREMBLES = 0.1         # seconds: what trembles quicker in a standing foot would else shake the knee
_MEANS = 0.2            # seconds that a turn must last to be meant
_STILL = np.radians(25)  # a second: a flat foot that turns quicker is about to leave, or pivots
_TURNS = np.radians(5)  # that a flat foot may turn in all before it is let go
_SLACK = 0.018          # metres that heel and toe of a flat foot may differ in height
_HEEL_UP = 0.015        # metres from which a flat foot is on its toe
_ROLLS = 0.004          # metres over which the foot goes from standing flat to rolling
_SOFT = 0.003           # metres over which the slack ends
_ON_TOP = 0.12          # metres above the floor from which a foot stands on something else


@dataclass(frozen=True, eq=False)
class Feet:
    """Both feet of a skeleton at rest, in metres.

    to_toe: (2, 3) from the ankle to the toe joint. tip: (2, 3) from there to the end of the toes. ankle_height,
    toe_height: (2,) above the floor. size: (2,) how many times as long as people's.
    """

    to_toe: np.ndarray
    tip: np.ndarray
    ankle_height: np.ndarray
    toe_height: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, skeleton: Skeleton) -> Feet:
        """The tips, which no joint tells of, are in proportion to the feet as people's are."""
        toes = [INDEX["LeftToe"], INDEX["RightToe"]]
        ankle, toe = standing_heights(skeleton).reshape(2, 2).T
        to_toe, usual = skeleton.offsets[toes], CANONICAL.offsets[toes]
        along = np.hypot(to_toe[:, :1], to_toe[:, 1:2])
        direction, length = ENDS["LeftToe"]
        size = along / np.hypot(usual[:, :1], usual[:, 1:2])
        return cls(to_toe, size * length * np.array(direction), ankle, toe, size[:, 0])

    def heights(self, ankles: np.ndarray, turned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T, 2) each: metres of ankle and toe joint above where they are when the foot stands on z = 0."""
        toes = ankles[..., 2] + quat_rotate(turned, self.to_toe)[..., 2]
        return ankles[..., 2] - self.ankle_height, toes - self.toe_height

    def lowest(self, ankles: np.ndarray, turned: np.ndarray) -> np.ndarray:
        """(T, 2) the lower of both."""
        return np.minimum(*self.heights(ankles, turned))

    def raised(self, turned: np.ndarray) -> np.ndarray:
        """(T, 2) metres that the ankle is higher than at rest when the foot, so turned (T, 2, 4), stands on its toe."""
        rolled = np.maximum(self.to_toe[:, 2] - quat_rotate(turned, self.to_toe)[..., 2], 0.0)
        share = np.minimum(rolled / _ROLLS, 1.0)
        return rolled * share * share * (3.0 - 2.0 * share)

    def tips_up(self, tips: np.ndarray, height: np.ndarray, soft: float, slow: int) -> np.ndarray:
        """Toes (T, 2, 4) turned up about their lateral axis as far as their ends would be below the floor.

        height: (T, 2) of the toe joints above where they rest. slow: frames in which toes that pushed off go back.
        """
        ahead, lateral = quat_rotate(tips, self.tip), quat_rotate(tips, np.array([1.0, 0.0, 0.0]))
        sine, cosine = ahead[..., 2], cross(ahead, lateral)[..., 2]
        angle = np.arctan2(sine, cosine)
        wanted = at_least_zero(sine + height, soft) - height
        turn = np.arcsin(np.clip(wanted / np.maximum(np.hypot(sine, cosine), 1e-9), -1.0, 1.0)) - angle
        lifts = (np.abs(angle) < np.pi / 2) & (wanted > sine)
        return quat_multiply(quat_from_axis_angle(lateral, -released(np.where(lifts, turn, 0.0), slow)), tips)


def hold_still(turned: np.ndarray, contacts: np.ndarray, feet: Feet, ease: int, fps: float) -> np.ndarray:
    """Rotations (T, 2, 4) of feet that do not tremble while they stand (T, 4), and do not turn while they are flat.

    A flat foot is level, too, but for a little.
    """
    return np.stack([_hold(turned[:, side], contacts[:, 2 * side], contacts[:, 2 * side + 1], feet.to_toe[side],
                           feet.size[side], ease, fps) for side in range(2)], axis=1)


def _hold(turned: np.ndarray, ankle: np.ndarray, toe: np.ndarray, to_toe: np.ndarray, size: float, ease: int,
          fps: float) -> np.ndarray:
    calm = normalise(smooth(quat_continuous(turned), _TREMBLES * fps))
    turned = slerp(calm, turned, distance(ankle | toe, ease))
    turned = slerp(_as_low_as(turned, to_toe, size), turned, distance(ankle & toe, ease)) if size > 1.0 else turned
    offset, from_mean = np.zeros((len(turned), 3)), np.zeros((len(turned), 3))
    goal, parts = np.array(turned), []
    held = np.zeros(len(turned), dtype=bool)
    meant = normalise(smooth(quat_continuous(turned), _MEANS * fps))
    flat = ankle & toe & (_turning(meant, fps) < _STILL)
    for run in runs(flat):
        goal[slice(*run)] = _mean(turned[slice(*run)])
    from_mean[flat] = _rotation_vectors(turned[flat], goal[flat])
    for run in runs(flat):
        parts += stretches(from_mean, *run, _TURNS, _least(fps), ease)
    if parts:
        level = _levelled(np.array([_mean(turned[slice(*part)]) for part in parts]), to_toe)
        for part, still in zip(parts, level, strict=True):
            held[slice(*part)], goal[slice(*part)] = True, still
        offset[held] = _rotation_vectors(goal[held], turned[held])
    return turned_by(bridge(offset, held, ease), turned)


def _as_low_as(turned: np.ndarray, to_toe: np.ndarray, size: float) -> np.ndarray:
    """Rotations (T, 4) of a long foot whose heel rises little more than that of people's feet would."""
    apart = quat_rotate(turned, to_toe)[:, 2] - to_toe[2]
    return _with_toe_at(turned, to_toe, apart - (1.0 - 1.0 / size) * _beyond(apart))


def _levelled(still: np.ndarray, to_toe: np.ndarray) -> np.ndarray:
    """Rotations (N, 4) of a foot, each turned so that the toe joint is little higher or lower than at rest."""
    apart = quat_rotate(still, to_toe)[:, 2] - to_toe[2]
    return _with_toe_at(still, to_toe, apart - _beyond(apart))


def _beyond(apart: np.ndarray) -> np.ndarray:
    """What there is above +-_SLACK."""
    return np.sign(apart) * at_least_zero(np.abs(apart) - _SLACK, _SOFT)


def _with_toe_at(turned: np.ndarray, to_toe: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Rotations (..., 4) of a foot pitched so that toe and ankle differ from their heights at rest by so much (...)."""
    lever, length = quat_rotate(turned, to_toe), np.linalg.norm(to_toe)
    height = np.clip(to_toe[2] + apart, -length, length)[..., None]
    level = normalise(lever * [1.0, 1.0, 0.0]) * np.sqrt(length**2 - height**2)
    return quat_multiply(quat_between(lever, level + height * [0.0, 0.0, 1.0]), turned)


def standing_places(ankles: np.ndarray, turned: np.ndarray, contacts: np.ndarray, feet: Feet, floor: float,
                    radius: float, ease: int, fps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which feet are locked when (T, 2), where their ankles are then (T, 2, 3), and how much they are on their toes,
    0 to 1 (T, 2).

    A standing foot rolls: over the ankle while only that stands, over the toe while only the toe does. Take that roll
    out of the ankle's path, and a foot that stands is a point; its mean is where the foot should stand.
    """
    locked, places = np.zeros(turned.shape[:2], dtype=bool), np.array(ankles)
    lever, heights = quat_rotate(turned, feet.to_toe), feet.ankle_height + floor + feet.raised(turned)
    on_toe = np.zeros(turned.shape[:2])
    for side in range(2):
        ankle, toe = contacts[:, 2 * side], contacts[:, 2 * side + 1]
        heel_up = np.clip((feet.to_toe[side, 2] - lever[:, side, 2]) / _HEEL_UP, -1.0, 1.0)
        share = 0.5 + 0.5 * np.where(toe & ankle, heel_up, 1.0 * toe - ankle)
        for first, stop in runs(ankle | toe):
            share[first:stop] = smooth(share[first:stop, None], ease)[:, 0]
        steps = np.diff(lever[:, side, :2], axis=0) * (share[1:] + share[:-1])[:, None] / 2.0
        roll = -np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        pivot = ankles[:, side, :2] - roll
        for run in runs(ankle | toe):
            for part in stretches(pivot, *run, radius * max(1.0, feet.size[side]), _least(fps), ease):
                here = slice(*part)
                above = float(np.median(ankles[here, side, 2] - heights[here, side]))
                locked[here, side] = True
                places[here, side, :2] = pivot[here].mean(axis=0) + roll[here]
                places[here, side, 2] = heights[here, side] + (above if above > _ON_TOP else 0.0)
                on_toe[here, side] = np.clip(2.0 * share[here] - 1.0, 0.0, 1.0)
    return locked, places, on_toe


def _least(fps: float) -> int:
    return max(2, round(_SHORTEST * fps))


def _turning(turned: np.ndarray, fps: float) -> np.ndarray:
    """(T,) radians a second."""
    at = np.arange(len(turned))
    before, after = np.maximum(at - 1, 0), np.minimum(at + 1, len(turned) - 1)
    return quat_angle(turned[before], turned[after]) * fps / np.maximum(after - before, 1)


def _mean(rotations: np.ndarray) -> np.ndarray:
    """(4,) of rotations (T, 4) that are not far apart."""
    return normalise(quat_continuous(rotations).mean(axis=0))


def _rotation_vectors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 3) radians about an axis: the turn from b to a, the shorter way."""
    axis, angle = quat_to_axis_angle(quat_multiply(a, quat_inverse(b)))
    return axis * angle[..., None]
