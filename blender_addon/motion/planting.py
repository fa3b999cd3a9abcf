# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand in a gap between keys stand still, those that stand at both ends of it all the while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .clip import Clip
from .contacts import foot_positions, runs, standing_heights
from .easing import at_least_zero, bridge, distance, envelope
from .foot_lock import EASE, EXTENSION, RADIUS
from .inbetween_features import rotation_vector
from .inbetweening import Gap
from .kinematics import forward_kinematics, local_rotations
from .legs import Legs, joints_of_legs, legs_of, reach, turned_by
from .rotations import normalise, quat_continuous, quat_inverse, quat_multiply, slerp

_NEAR_FLOOR = 0.08  # metres that the lowest foot of a key may be off the rig's floor for it to stand on it
_LOW = 0.04  # metres above what stands lowest
_SAME_PLACE = 0.06  # metres within which a foot has not been moved
_SHORTEST = 0.1  # seconds
_IN_TIME = 0.15  # seconds before and after it is needed that the hips come down
_SOFT = 0.003  # metres over which the end of a leg's reach gives way


def plant_feet(clip: Clip, own: Clip, known: np.ndarray, gaps: Sequence[Gap]) -> Clip:
    """A clip whose gaps are filled, its feet locked while they stand.

    clip: with the contacts that the model gave. own: what is keyed, as known (T, 23) says, and stays as it is; where
    hips or legs are not filled nothing is done. A foot that stands in the same place at both ends stands there all the
    while; any other while the model says that it is flat on the floor, where a key has it if it comes from one or goes
    to one. Nothing is done where a key is off the floor.
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
    """A gap with the two poses around it, its feet locked while they are flat on the floor."""
    there = foot_positions(ends)
    heights = there[..., 2] - standing_heights(ends.skeleton)
    floors = heights.min(axis=1)
    if np.abs(floors).max() > _NEAR_FLOOR:
        return part  # in the air, or somewhere that is not known here
    low = (heights - floors[:, None] < _LOW).reshape(2, 2, 2)  # end, side, ankle and toe
    apart = np.linalg.norm(there[1] - there[0], axis=-1).reshape(2, 2)
    stays = low.all(axis=0).any(axis=-1) & (apart < _SAME_PLACE).all(axis=-1)
    flat = part.contacts.reshape(-1, 2, 2).all(axis=-1)
    flat[[0, -1]] = flat[[1, -2]] & low.all(axis=-1)
    flat[:, stays] = True
    return _held(part, ends, flat, stays)


def _held(part: Clip, ends: Clip, flat: np.ndarray, stays: np.ndarray) -> Clip:
    """Feet that are flat (T, 2) keep one place and turn each time: that of a key where they come from one or go to one,
    else they are let go in time to be where the key has them; stays (2,): those that are where both have them. The hips
    come down where a leg would be too short for it."""
    legs, limits = legs_of(part), legs_of(ends)
    ease = max(1, round(EASE * part.fps))
    offset, turns = np.zeros((2, part.frames, 2, 3))
    held = np.zeros((part.frames, 2), dtype=bool)
    for side in range(2):
        for first, stop in runs(flat[:, side]):
            first = first if first == 0 else max(first, ease + 1)
            stop = stop if stop == part.frames else min(stop, part.frames - 1 - ease)
            if stop - first < _SHORTEST * part.fps and not stays[side]:
                continue
            run = slice(first, stop)
            place, turn = _kept(legs, limits, run, side)
            gap = place - legs.ankles[run, side]
            wanders = np.linalg.norm(gap, axis=-1).max() > RADIUS
            if stays[side] or not (wanders or stop - first == part.frames):
                offset[run, side], held[run, side] = gap, True
                turns[run, side] = rotation_vector(quat_multiply(turn, quat_inverse(legs.feet[run, side])))
    if not held.any():
        return part
    keys = np.zeros(part.frames, dtype=bool)
    keys[[0, -1]] = True
    known = held | keys[:, None]  # a key, whether its feet stand or not
    ankles = legs.ankles + np.stack([bridge(offset[:, side], known[:, side], ease) for side in range(2)], axis=1)
    feet = turned_by(np.stack([bridge(turns[:, side], known[:, side], ease) for side in range(2)], axis=1), legs.feet)
    short = np.where(held, _shortage(legs, ankles), 0.0).max(axis=1)
    down = np.maximum(envelope(short, max(1, round(_IN_TIME * part.fps))) * distance(keys, ease), short)
    return _posed(part, legs, ankles, feet, np.outer(down, [0.0, 0.0, -1.0]))


def _kept(legs: Legs, limits: Legs, run: slice, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the ankle of a foot is and how the foot is turned while it is flat: (n, 3) and (n, 4), or one for all."""
    start, end = run.start == 0, run.stop == len(legs.ankles)
    if start and end:
        share = np.linspace(0.0, 1.0, run.stop)
        places, turned = limits.ankles[:, side], limits.feet[:, side]
        return places[0] + (places[1] - places[0]) * share[:, None], slerp(turned[:1], turned[1:], share)
    if start or end:
        return limits.ankles[0 if start else 1, side], limits.feet[0 if start else 1, side]
    return legs.ankles[run, side].mean(axis=0), normalise(quat_continuous(legs.feet[run, side]).mean(axis=0))


def _posed(part: Clip, legs: Legs, ankles: np.ndarray, feet: np.ndarray, shift: np.ndarray) -> Clip:
    """The clip with its hips moved by shift (T, 3), its ankles at (T, 2, 3) or as near as legs reach without knees that
    snap straight, and its feet turned as (T, 2, 4). Knees that are overstretched throughout stay so, as in the keys."""
    hips = legs.hips + shift[:, None]
    away, longest = ankles - hips, _longest(legs)
    apart = np.linalg.norm(away, axis=-1)
    ankles = hips + away * ((longest - at_least_zero(longest - apart, _SOFT)) / np.maximum(apart, 1e-9))[..., None]
    thighs, shins = reach(legs, hips, ankles, np.where((legs.bends < 0.0).all(axis=0), -1.0, 1.0))
    tips = quat_multiply(feet, quat_multiply(quat_inverse(legs.feet), legs.tips))
    turned = np.array(forward_kinematics(part.skeleton, part.rotations, part.positions)[0])
    for joints, segments in zip(joints_of_legs(), (thighs, shins, feet, tips)):
        turned[:, joints] = segments
    return replace(part, rotations=quat_continuous(local_rotations(part.skeleton, turned)),
                   positions=part.positions + shift)


def _longest(legs: Legs) -> np.ndarray:
    """(T, 2) metres that a leg may be long: nearly all of it, or as long as it is."""
    return np.maximum(EXTENSION * legs.whole, np.linalg.norm(legs.ankles - legs.hips, axis=-1))


def _shortage(legs: Legs, ankles: np.ndarray) -> np.ndarray:
    """(T, 2) metres that the hips have to come down for each ankle to be within reach."""
    away = legs.hips - ankles
    room = _longest(legs) ** 2 - np.sum(away[..., :2] ** 2, axis=-1)
    return np.maximum(away[..., 2] - np.sqrt(np.maximum(room, 0.0)), 0.0)
