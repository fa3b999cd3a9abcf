# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand in a gap between keys stand still, those that stand at both ends of it all the while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from .clip import Clip
from .contacts import foot_positions, runs, standing_heights
from .easing import at_least_zero, bridge, distance, envelope
from .foot_lock import EASE, EXTENSION, RADIUS
from .inbetween_features import rotation_vector
from .inbetweening import Gap
from .kinematics import forward_kinematics, local_rotations
from .legs import Legs, joints_of_legs, legs_of, reach, turned_by
from .rotations import normalise, quat_continuous, quat_inverse, quat_multiply, quat_rotate, slerp

_NEAR_FLOOR = 0.08  # metres that the lowest foot of a key may be off the rig's floor for it to stand on it
_LOW = 0.04  # metres above what stands lowest
_SAME_PLACE = 0.06  # metres within which a foot has not been moved
_AT_REST = 0.015  # metres within which a foot that is keyed between the ends has not been moved either
_SWING = 0.3  # metres a second at which a foot goes to such a key and comes from it, on average
_SHORTEST = 0.1  # seconds
_SLACK = 0.97  # of the whole leg
_IN_TIME = 0.15  # seconds before and after it is needed that the hips come down
_UNBENDING = 1.0 / 3.0  # seconds in which a leg that a key has straight comes to be bent, or straight again
_STRAIGHT = 0.01  # of the whole leg that a key's leg may be short of it and count as straight, less and less
_TOES = 0.6  # of the way from ankle to toe joint that toes reach beyond it: 7 to 8 cm on people, skin and all
_SOFT = 0.003  # metres over which the floor, and the end of a leg's reach, give way


def plant_feet(clip: Clip, own: Clip, known: np.ndarray, gaps: Sequence[Gap]) -> Clip:
    """A clip whose gaps are filled, its feet locked while they stand, and never below the floor.

    clip: with the contacts that the model gave. own: what is keyed, as known (T, 23) says, and stays as it is; where
    hips or legs are not filled nothing is done. A foot that stands in the same place at both ends stands there all the
    while; any other while the model says that it is flat on the floor, where a key has it if it comes from one or goes
    to one. One that stands on one side of a key starts slowly on the other. No foot is locked where a key is off the
    floor, and a foot that is keyed elsewhere within a gap swings there and back as the clip has it.
    """
    rotations, positions = np.array(clip.rotations), np.array(clip.positions)
    moving = [0, *joints_of_legs()[:3].ravel(), -1]
    stands = {}
    for gap in gaps:
        if not known[gap.first:gap.last + 1][:, moving].all(axis=0).any():
            part, ends = (each.cut(gap.first - 1, gap.last + 2) for each in (clip, own))
            ends = replace(ends, rotations=ends.rotations[[0, -1]], positions=ends.positions[[0, -1]])
            lone = np.array(known[gap.first - 1:gap.last + 2][:, joints_of_legs()[:3]].any(axis=1))
            lone[[0, -1]] = False
            stands[gap.first - 1, gap.last + 1] = _stand(part, ends, lone)
    from_there = {last: stand.held[-1] for (_, last), stand in stands.items()}
    on_there = {first: stand.held[0] for (first, _), stand in stands.items()}
    nobody = np.zeros(2, dtype=bool)
    for (first, last), stand in stands.items():
        beside = np.stack([from_there.get(first, nobody), on_there.get(last, nobody)])
        part = _off_floor(stand.slowed(beside).locked(), stand.floors, stand.lone)
        rotations[first:last + 1], positions[first:last + 1] = part.rotations, part.positions
    rotations = np.where(known[:, :-1, None], own.rotations, rotations)
    return replace(clip, rotations=rotations, positions=np.where(known[:, -1:], own.positions, positions))


def _stand(part: Clip, ends: Clip, lone: np.ndarray) -> _Stand:
    """When and where feet are flat on the floor in a gap with the two poses around it. lone: (T, 2) where a leg is
    keyed in between."""
    there = foot_positions(ends)
    heights = there[..., 2] - standing_heights(ends.skeleton)
    floors = heights.min(axis=1)
    stand = _Stand(part, legs_of(part), legs_of(ends), floors, *np.zeros((2, part.frames, 2, 3)),
                   np.zeros((part.frames, 2), dtype=bool), lone, np.zeros(2, dtype=int))
    if np.abs(floors).max() > _NEAR_FLOOR:
        return stand  # in the air, or somewhere that is not known here
    low = (heights - floors[:, None] < _LOW).reshape(2, 2, 2)  # end, side, ankle and toe
    apart = np.linalg.norm(there[1] - there[0], axis=-1).reshape(2, 2)
    stays = low.all(axis=0).any(axis=-1) & (apart < _SAME_PLACE).all(axis=-1)
    flat = part.contacts.reshape(-1, 2, 2).all(axis=-1)
    flat[[0, -1]] = flat[[1, -2]] & low.all(axis=-1)
    flat[:, stays] = True
    ease = stand.ease
    away = _away(part, there, lone)
    swings = _swings(away, lone, np.where(stays, away / _SWING, 0.0) * part.fps + ease)
    flat &= ~swings
    stand.eases[:] = np.where(stays & swings.any(axis=0), part.frames, ease)
    for side in range(2):
        for first, stop in runs(flat[:, side]):
            first = first if first == 0 else max(first, ease + 1)
            stop = stop if stop == part.frames else min(stop, part.frames - 1 - ease)
            if stop - first < _SHORTEST * part.fps and not stays[side]:
                continue
            run = slice(first, stop)
            place, turn = _kept(stand, run, side)
            wanders = np.linalg.norm(place - stand.legs.ankles[run, side], axis=-1).max() > RADIUS
            if stays[side] or not (wanders or stop - first == part.frames):
                stand.hold(run, side, place, turn)
    return stand


@dataclass(frozen=True, eq=False)
class _Stand:
    """Feet of a gap with its keys. limits: the legs of the keys. floors (2,): how far the lowest foot of each key is
    off the floor. While a foot is held (T, 2) it is elsewhere by offset (T, 2, 3) and turned on by turns (T, 2, 3).
    Where its leg is keyed alone, lone (T, 2), it is as it is. eases (2,): frames within which it gets there."""

    part: Clip
    legs: Legs
    limits: Legs
    floors: np.ndarray
    offset: np.ndarray
    turns: np.ndarray
    held: np.ndarray
    lone: np.ndarray
    eases: np.ndarray

    @property
    def ease(self) -> int:
        """Frames in which a foot comes to rest or starts."""
        return max(1, round(EASE * self.part.fps))

    def hold(self, run: slice, side: int, place: np.ndarray, turn: np.ndarray) -> None:
        """Keep a foot's ankle at a place (n, 3) and the foot turned (n, 4) for a run of n frames, or (3,) and (4,)."""
        self.held[run, side] = True
        self.offset[run, side] = place - self.legs.ankles[run, side]
        self.turns[run, side] = rotation_vector(quat_multiply(turn, quat_inverse(self.legs.feet[run, side])))

    def slowed(self, beside: np.ndarray) -> _Stand:
        """With feet that stand beside the gap, before and after it (2, 2), held for a frame more: so they start slowly.
        Not where the leg would be stretched by it, as when somebody jumps: knees would snap."""
        stand = replace(self, offset=self.offset.copy(), turns=self.turns.copy(), held=self.held.copy())
        for end, side in np.argwhere(beside & ~self.held[[0, -1]]):
            run = slice(0, 2) if end == 0 else slice(self.part.frames - 2, self.part.frames)
            place = self.limits.ankles[end, side]
            there, longer = np.linalg.norm(place - self.legs.hips[run, side], axis=-1)[::1 - 2 * end]
            stretched = longer > max(_SLACK * self.legs.whole[0, side], 1.001 * there)
            if self.part.frames > 3 * self.ease and not (stretched or self.held[run, side].any()):
                stand.hold(run, side, place, self.limits.feet[end, side])
        return stand

    def locked(self) -> Clip:
        """The gap with held feet where they are held and bridges in between. The hips come down where a leg would be
        too short for it."""
        if not self.held.any():
            return self.part
        part, legs, ease = self.part, self.legs, self.ease
        keys = np.zeros(part.frames, dtype=bool)
        keys[[0, -1]] = True
        keys = keys[:, None] | self.lone
        known = self.held | keys  # a key, whether its feet stand or not
        moved, turned = (np.stack([bridge(values[:, side], known[:, side], self.eases[side]) for side in range(2)],
                                  axis=1) for values in (self.offset, self.turns))
        ankles = legs.ankles + moved
        short = np.where(self.held, _shortage(legs, ankles), 0.0).max(axis=1)
        down = np.maximum(envelope(short, max(1, round(_IN_TIME * part.fps))) * distance(keys.any(axis=1), ease), short)
        up = self.straightened(ankles, down) - down
        return _posed(part, legs, ankles, turned_by(turned, legs.feet), np.outer(up, [0.0, 0.0, 1.0]))

    def straightened(self, ankles: np.ndarray, down: np.ndarray) -> np.ndarray:
        """(T,) metres that hips which come down by `down` (T,) are to be higher beside keys with straight legs on which
        they stand, ankles (T, 2, 3): a leg bends by the root of what it is shortened by, so that knees would start at
        once where hips sink evenly."""
        legs, last = self.legs, self.part.frames - 1
        away = legs.hips - down[:, None, None] * [0.0, 0.0, 1.0] - ankles
        short = np.maximum(legs.whole - np.linalg.norm(away, axis=-1), 0.0)
        less = np.zeros_like(short)
        for side, (key, way) in product(range(2), ((0, 1), (last, -1))):
            held = self.held[::way, side]
            frames = min(round(_UNBENDING * self.part.fps), int(np.argmin(held)) or last, last // 2) if held[0] else 0
            if not frames:
                continue
            at, share = key + way * np.arange(frames), np.arange(frames) / frames
            left = (1.0 - share) ** 2 * (1.0 + 2.0 * share)
            straight = max(1.0 - short[key, side] / (_STRAIGHT * legs.whole[key, side]), 0.0)
            less[at, side] = straight * left * np.maximum(short[at, side] - short[key, side], 0.0)
        sideways = np.sum(away[..., :2] ** 2, axis=-1)
        room = np.sqrt(np.maximum((legs.whole - short + less) ** 2 - sideways, 0.0)) - away[..., 2]
        most = np.sqrt(np.maximum(legs.whole**2 - sideways, 0.0)) - away[..., 2]
        return np.maximum(np.minimum(room.max(axis=1), np.where(self.held, most, np.inf).min(axis=1)), 0.0)


def _off_floor(part: Clip, floors: np.ndarray, lone: np.ndarray) -> Clip:
    """The gap without feet below the floor, which is the rig's, or lower where a key (2,) is, or deeper than its keys,
    lone (T, 2) ones too, have them: toes are turned up, which bends no knee, and ankles lifted where that is not
    enough. Tips of toes, which have no joint, are turned up as well, but lift no ankle: toes bend."""
    floor = np.minimum(np.linspace(*floors, part.frames), 0.0)
    legs, resting = legs_of(part), standing_heights(part.skeleton).reshape(2, 2) + floor[:, None, None]
    points = points_of_feet(part)
    sunk = resting[..., [0, 1, 1]] - points[..., 2]  # (T, side, 3)
    sunk = sunk - _deep_in_keys(np.maximum(sunk, 0.0), lone)
    if sunk.max() < _SOFT:
        return part
    up = np.array([0.0, 0.0, 1.0])
    levers = points[:, :, 1:] - legs.ankles[:, :, None]
    across = np.sum(levers[..., :2] ** 2, axis=-1, keepdims=True)
    turns = (np.cross(levers, _brought_up(sunk[..., 1:])[..., None] * up)
             / np.maximum(np.maximum(across, 0.25 * np.sum(levers**2, axis=-1, keepdims=True)), 1e-9))
    more = np.linalg.norm(turns, axis=-1).argmax(axis=-1)[..., None, None]
    turned = turned_by(np.take_along_axis(turns, more, axis=2)[:, :, 0], legs.feet)
    by = quat_multiply(turned, quat_inverse(legs.feet))[:, :, None]
    left = sunk[..., 1] - (quat_rotate(by, levers) - levers)[:, :, 0, 2] - _SOFT
    lift = _brought_up(np.maximum(sunk[..., 0], left))
    return _posed(part, legs, legs.ankles + lift[..., None] * up, turned, np.zeros((part.frames, 3)))


def points_of_feet(clip: Clip) -> np.ndarray:
    """(T, 2, 3, 3) where the ankle of each foot is, its toe joint and the tip of its toes, the left foot first."""
    legs, sole = legs_of(clip), clip.skeleton.rest_positions[joints_of_legs()[2:]] * [1.0, 1.0, 0.0]
    return np.stack([legs.ankles, legs.toes, legs.toes + quat_rotate(legs.tips, _TOES * (sole[1] - sole[0]))], axis=2)


def _deep_in_keys(sunk: np.ndarray, lone: np.ndarray) -> np.ndarray:
    """(T, 2, n) how deep feet (T, 2, n) are in their keys, at both ends and lone (T, 2), and evenly in between."""
    deep, frames = np.empty_like(sunk), np.arange(len(sunk))
    for side in range(2):
        keys = np.unique([0, *np.flatnonzero(lone[:, side]), len(sunk) - 1])
        deep[:, side] = np.stack([np.interp(frames, keys, values) for values in sunk[keys, side].T], axis=-1)
    return deep


def _brought_up(sunk: np.ndarray) -> np.ndarray:
    """How far what has sunk by so much is brought up: all of it but for some millimetres, with no corner where it
    begins."""
    sunk = np.maximum(sunk, 0.0)
    return sunk**2 / (sunk + _SOFT)


def _away(part: Clip, ends: np.ndarray, lone: np.ndarray) -> np.ndarray:
    """(T, 2) metres that feet (2, 4, 3 at both ends) are away from where they would stand, at lone keys (T, 2)."""
    between = ends[0] + (ends[1] - ends[0]) * np.linspace(0.0, 1.0, part.frames)[:, None, None]
    away = np.linalg.norm(foot_positions(part) - between, axis=-1).reshape(-1, 2, 2).max(axis=-1)
    return np.where(lone, away, 0.0)


def _swings(away: np.ndarray, lone: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """(T, 2) True for so many frames around keys of a foot that is not at rest, but for keys where it is."""
    swings = np.zeros_like(lone)
    rests = lone & (away <= _AT_REST)
    for key, side in np.argwhere(lone & ~rests):
        at = np.flatnonzero(rests[:, side])
        first, last = max([0, *(at[at < key] + 1)]), min([len(lone) - 1, *(at[at > key] - 1)])
        swings[max(first, key - int(reach[key, side])):min(last, key + int(reach[key, side])) + 1, side] = True
    return swings


def _kept(stand: _Stand, run: slice, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the ankle of a foot is and how the foot is turned while it is flat, (n, 3) and (n, 4), or one for all:
    where its keys have it, and else where it is on average."""
    legs, limits = stand.legs, stand.limits
    places, turned = np.array(legs.ankles[:, side]), np.array(legs.feet[:, side])
    places[[0, -1]], turned[[0, -1]] = limits.ankles[:, side], limits.feet[:, side]
    keys = np.flatnonzero(stand.lone[:, side])
    keys = np.array([key for key in (0, *keys, len(places) - 1) if run.start <= key < run.stop])
    if not len(keys):
        return places[run].mean(axis=0), normalise(quat_continuous(turned[run]).mean(axis=0))
    if len(keys) == 1:
        return places[keys[0]], turned[keys[0]]
    moments = np.interp(np.arange(run.start, run.stop), keys, np.arange(len(keys)))
    before = np.minimum(moments.astype(int), len(keys) - 2)
    share = moments - before
    from_there, on_there = keys[before], keys[before + 1]
    return (places[from_there] + (places[on_there] - places[from_there]) * share[:, None],
            slerp(turned[from_there], turned[on_there], share))


def _posed(part: Clip, legs: Legs, ankles: np.ndarray, feet: np.ndarray, shift: np.ndarray) -> Clip:
    """The clip with its hips moved by shift (T, 3), its ankles at (T, 2, 3) or as near as legs reach without knees that
    snap straight, and its feet turned as (T, 2, 4). Knees that are overstretched throughout stay so, as in the keys."""
    hips = legs.hips + shift[:, None]
    away, longest = ankles - hips, _longest(legs)
    apart = np.linalg.norm(away, axis=-1)
    soft = np.minimum(legs.whole - longest, _SOFT)  # nothing where legs are straight: half a millimetre bends a knee
    ankles = hips + away * ((longest - at_least_zero(longest - apart, soft)) / np.maximum(apart, 1e-9))[..., None]
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
