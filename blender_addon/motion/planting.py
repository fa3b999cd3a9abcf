# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand at both ends of a gap between keys stand still in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .clip import Clip
from .contacts import foot_positions, standing_heights
from .foot_lock import lock_feet
from .inbetweening import Gap
from .kinematics import forward_kinematics, local_rotations
from .legs import Legs, joints_of_legs, legs_of, reach
from .rotations import quat_continuous, quat_inverse, quat_multiply, slerp

_NEAR_FLOOR = 0.08  # metres that the lowest foot of a key may be off the rig's floor for it to stand on it
_LOW = 0.04  # metres above what stands lowest
_SAME_PLACE = 0.06  # metres within which a foot has not been moved
_STRETCH = 0.999  # of the whole leg


def plant_feet(clip: Clip, own: Clip, known: np.ndarray, gaps: Sequence[Gap]) -> Clip:
    """A clip whose gaps are filled, its feet locked in those gaps at both ends of which they stand.

    clip: with the contacts that the model gave. own: what is keyed, as known (T, 23) says, and stays as it is; where
    hips or legs are not filled nothing is done. A foot that has the same place at both ends stands there all the while;
    one that has not stands while the model says so.
    """
    rotations, positions = np.array(clip.rotations), np.array(clip.positions)
    moving = [0, *joints_of_legs()[:3].ravel(), -1]
    for gap in gaps:
        whole = slice(gap.first - 1, gap.last + 2)
        if known[gap.first:gap.last + 1][:, moving].all(axis=0).any():
            continue
        part, ends = clip.cut(whole.start, whole.stop), own.cut(whole.start, whole.stop)
        ends = replace(ends, rotations=ends.rotations[[0, -1]], positions=ends.positions[[0, -1]])
        part = _stood(part, ends)
        rotations[whole], positions[whole] = part.rotations, part.positions
    rotations = np.where(known[:, :-1, None], own.rotations, rotations)
    return replace(clip, rotations=rotations, positions=np.where(known[:, -1:], own.positions, positions))


def _stood(part: Clip, ends: Clip) -> Clip:
    """A gap with the two poses around it, its feet locked."""
    there = foot_positions(ends)
    heights = there[..., 2] - standing_heights(ends.skeleton)
    floors = heights.min(axis=1)
    if np.abs(floors).max() > _NEAR_FLOOR:
        return part  # in the air, or somewhere that is not known here
    stands = (heights - floors[:, None] < _LOW).all(axis=0)
    stays = stands.reshape(2, 2).any(axis=1) & (
        np.linalg.norm(there[1] - there[0], axis=-1).reshape(2, 2) < _SAME_PLACE).all(axis=1)
    steps = stands & ~np.repeat(stays, 2)
    if steps.any() and part.contacts is not None:
        contacts = part.contacts & steps
        contacts[[0, -1]] = steps
        if contacts[1:-1].any():
            part = lock_feet(part, contacts, float(floors.mean())).clip
    return _held(part, ends, stays) if stays.any() else part


def _held(part: Clip, ends: Clip, stays: np.ndarray) -> Clip:
    """Feet that stay (2,) are where both ends have them; the hips come down where a leg would be too short for it."""
    legs, limits = legs_of(part), legs_of(ends)
    share = np.linspace(0.0, 1.0, part.frames)[:, None]
    places = limits.ankles[0] + (limits.ankles[1] - limits.ankles[0]) * share[..., None]
    turned = slerp(limits.feet[:1], limits.feet[1:], np.repeat(share, 2, axis=1))
    ankles = np.where(stays[:, None], places, legs.ankles)
    feet = np.where(stays[:, None], turned, legs.feet)
    down = _shortage(legs, ankles)[:, stays].max(axis=1)
    shift = np.stack([np.zeros_like(down), np.zeros_like(down), -down], axis=-1)
    thighs, shins = reach(legs, legs.hips + shift[:, None], ankles)
    tips = quat_multiply(feet, quat_multiply(quat_inverse(legs.feet), legs.tips))
    globals_, _ = forward_kinematics(part.skeleton, part.rotations, part.positions)
    globals_ = np.array(globals_)
    for joints, segments in zip(joints_of_legs(), (thighs, shins, feet, tips)):
        globals_[:, joints] = segments
    rotations = local_rotations(part.skeleton, globals_)
    return replace(part, rotations=quat_continuous(rotations), positions=part.positions + shift)


def _shortage(legs: Legs, ankles: np.ndarray) -> np.ndarray:
    """(T, 2) metres that the hips have to come down for each ankle to be within reach."""
    away = legs.hips - ankles
    room = (_STRETCH * legs.whole) ** 2 - np.sum(away[..., :2] ** 2, axis=-1)
    return np.maximum(away[..., 2] - np.sqrt(np.maximum(room, 0.0)), 0.0)
