# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand still: on the floor, where they came down, whatever the proportions of the body.

The offline kind of foot lock: every run of contact gets a place of its own, the feet ease from one place to the next
while they are in the air, the pelvis goes along where legs are too short, and two-bone IK does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .clip import Clip
from .contacts import find_standing, floor_height, foot_positions, runs, standing_heights, steady
from .kinematics import forward_kinematics, local_rotations
from .legs import Legs, joints_of_legs, legs_of, reach
from .rotations import (
    normalise,
    quat_angle,
    quat_between,
    quat_continuous,
    quat_from_axis_angle,
    quat_inverse,
    quat_multiply,
    quat_rotate,
    quat_to_axis_angle,
)
from .skeleton import ENDS, INDEX, Skeleton

EASE = 1.0 / 6.0       # seconds: five frames at 30 fps
RADIUS = 0.2           # metres that a foot may wander within one contact before it is let go (Holden's unlock radius)
EXTENSION = 0.99       # of the whole leg; straighter only where the clip is
_SHORTEST = 0.1        # seconds of a contact that is worth a place of its own
_STILL = np.radians(35)  # a second: a flat foot that turns quicker is about to leave, or pivots
_TURN = np.radians(5)  # that a flat foot may turn in all before it is let go
_SLACK = 0.018         # metres that heel and toe of a flat foot may differ in height
_HEEL_UP = 0.015       # metres from which a foot is on its toe
_SOFT = 0.003          # metres over which the floor, and the end of a leg's reach, give way
_HEEL = 0.36           # how far the heel is behind the ankle, in lengths of the foot to the toe joint
_HEEL_LIFT = 0.012     # metres by which rolling over the heel may raise the ankle
_ON_TOP = 0.12         # metres above the floor from which a foot stands on something else
_FOLLOW = 0.15         # seconds: how slowly the pelvis follows the feet up and down
_LOWEST = 0.25         # metres


@dataclass(frozen=True, eq=False)
class FootLock:
    """A clip with its feet locked, and what that changed.

    contacts: (T, 4) who stands when, as it was used. skate: mean cm/s of what stands. sunk, floated: cm that an ankle
    or toe is below the floor at worst, and that the lower of both is above it while it stands. lowered: metres that the
    pelvis went down at most (below zero: it only rose). turned: degrees that the segment which turned most did.
    """

    clip: Clip
    contacts: np.ndarray
    floor: float
    skate_before: float
    skate_after: float
    sunk_before: float
    sunk_after: float
    floated_before: float
    floated_after: float
    lowered: float
    turned: float


def lock_feet(clip: Clip, contacts: np.ndarray | None = None, floor: float | None = 0.0, ease: float = EASE,
              radius: float = RADIUS, extension: float = EXTENSION) -> FootLock:
    """Still feet on a skeleton of 22 joints with any proportions, whose legs are about as long as CANONICAL's.

    contacts: (T, 4) bool, who stands when; the clip's own, or else found in it. floor: metres, None to find it. ease:
    seconds before and after a contact in which a foot comes to its place and leaves it. A foot that wanders further
    than `radius` metres while it stands is let go in between. extension: how straight a leg may be made.
    """
    floor = floor_height(clip) if floor is None else floor
    if contacts is None:
        contacts = find_standing(clip, floor) if clip.contacts is None else clip.contacts
    contacts = steady(contacts, clip.fps)
    locked = _locked(clip, contacts, floor, ease, radius, extension)
    return _report(clip, locked, contacts, floor)


def _locked(clip: Clip, contacts: np.ndarray, floor: float, ease: float, radius: float, extension: float) -> Clip:
    legs = legs_of(clip)
    foot = _Foot.of(clip.skeleton)
    frames = max(1, round(ease * clip.fps))
    flat = contacts[:, 0::2] & contacts[:, 1::2]

    feet = np.stack([_hold_still(legs.feet[:, side], flat[:, side], foot.to_toe[side], frames, clip.fps)
                     for side in range(2)], axis=1)
    standing, target = _standing_places(legs, feet, contacts, foot, floor, frames, clip.fps, radius)
    if not standing.any() and _lowest(legs.ankles, feet, foot).min() >= floor:
        return clip

    rise = _pelvis_height(legs, standing, target, clip.fps, extension)[:, None]
    up = np.array([0.0, 0.0, 1.0])
    hips, ankles = legs.hips + rise[..., None] * up, legs.ankles + rise[..., None] * up
    offset = np.stack([_bridge((target - ankles)[:, side], standing[:, side], frames) for side in range(2)], axis=1)
    ankles = ankles + offset
    soft = _SOFT * np.stack([_away(standing[:, side], frames) for side in range(2)], axis=1)
    under = _lowest(ankles, feet, foot) - floor
    ankles = ankles + np.where(standing, 0.0, _at_least_zero(under, soft) - under)[..., None] * up
    ankles = _within_reach(legs, hips, ankles, soft, extension)

    thighs, shins = reach(legs, hips, ankles)
    toes = ankles + quat_rotate(feet, foot.to_toe)
    tips = _lift_tips(legs.tips, toes[..., 2] - foot.toe_height - floor, foot.tip)
    turned, _ = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    for pair, rotations in zip(joints_of_legs(), (thighs, shins, feet, tips), strict=True):
        turned[:, pair] = rotations
    rotations = quat_continuous(local_rotations(clip.skeleton, turned))
    return replace(clip, rotations=rotations, positions=clip.positions + rise * up)


@dataclass(frozen=True, eq=False)
class _Foot:
    """Both feet of a skeleton at rest, in metres.

    to_toe, to_heel: (2, 3) from the ankle to the toe joint and to where the heel meets the floor. ankle_height,
    toe_height: (2,) above the floor. tip: (2, 3) from the toe joint to the end of the toes.
    """

    to_toe: np.ndarray
    to_heel: np.ndarray
    tip: np.ndarray
    ankle_height: np.ndarray
    toe_height: np.ndarray

    @classmethod
    def of(cls, skeleton: Skeleton) -> _Foot:
        ankle, toe = standing_heights(skeleton).reshape(2, 2).T
        to_toe = skeleton.offsets[[INDEX["LeftToe"], INDEX["RightToe"]]]
        length = np.hypot(to_toe[:, 0], to_toe[:, 1])
        to_heel = np.column_stack([np.zeros(2), _HEEL * length, -ankle])
        direction, canonical = ENDS["LeftToe"]
        return cls(to_toe, to_heel, length[:, None] * np.array(direction) * canonical / 0.14, ankle, toe)


# --- where feet stand ---------------------------------------------------------------------------------------------


def _hold_still(feet: np.ndarray, flat: np.ndarray, to_toe: np.ndarray, ease: int, fps: float) -> np.ndarray:
    """Rotations (T, 4) of one foot: constant, and level but for a little, while it is flat on the floor."""
    offset, held = np.zeros((len(feet), 3)), np.zeros(len(feet), dtype=bool)
    turning = quat_angle(feet[np.minimum(np.arange(len(feet)) + 1, len(feet) - 1)], feet[np.maximum(np.arange(len(feet)) - 1, 0)])
    for run in runs(flat & (turning * fps / 2.0 < _STILL)):
        middle = normalise(quat_continuous(feet[slice(*run)]).mean(axis=0))
        for first, stop in _stretches(_rotation_vectors(feet, middle), *run, _TURN, ease, fps):
            still = normalise(quat_continuous(feet[first:stop]).mean(axis=0))
            still = quat_multiply(_levelling(quat_rotate(still, to_toe), to_toe), still)
            offset[first:stop] = _rotation_vectors(still, feet[first:stop])
            held[first:stop] = True
    offset = _bridge(offset, held, ease)
    angle = np.linalg.norm(offset, axis=-1)
    return quat_multiply(quat_from_axis_angle(normalise(offset), angle), feet)


def _levelling(lever: np.ndarray, at_rest: np.ndarray) -> np.ndarray:
    """The turn (4,) of a foot whose toe joint is too high or too low beside its ankle."""
    apart = lever[2] - at_rest[2]
    height = np.clip(at_rest[2] + _SLACK * np.tanh(apart / _SLACK), -np.linalg.norm(lever), np.linalg.norm(lever))
    level = normalise(lever * [1.0, 1.0, 0.0]) * np.sqrt(np.maximum(lever @ lever - height**2, 0.0))
    return quat_between(lever, level + [0.0, 0.0, height])


def _standing_places(legs: Legs, feet: np.ndarray, contacts: np.ndarray, foot: _Foot, floor: float, ease: int,
                     fps: float, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Who is locked when (T, 2), and to where the ankles are then (T, 2, 3).

    A standing foot rolls: over the ankle while only that stands, over the toe while only the toe does. Subtract that
    roll from the ankle's path and a foot that stands is a point; its mean is where the foot should stand.
    """
    lever = quat_rotate(feet, foot.to_toe)
    locked, target = np.zeros(feet.shape[:2], dtype=bool), np.array(legs.ankles)
    for side in range(2):
        ankle, toe = contacts[:, 2 * side], contacts[:, 2 * side + 1]
        heel_up = np.clip((foot.to_toe[side, 2] - lever[:, side, 2]) / _HEEL_UP, -1.0, 1.0)
        on_toe = _spread(0.5 + 0.5 * np.where(toe & ankle, heel_up, 1.0 * toe - ankle), ankle | toe, ease)
        steps = np.diff(lever[:, side, :2], axis=0) * (on_toe[1:] + on_toe[:-1])[:, None] / 2.0
        rolled = -np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        raised = foot.ankle_height[side] + floor + _raised(feet[:, side], lever[:, side], foot, side)
        pivot = legs.ankles[:, side, :2] - rolled
        for run in runs(ankle | toe):
            for first, stop in _stretches(pivot, *run, radius, ease, fps):
                here = slice(first, stop)
                on_top = float(np.median(legs.ankles[here, side, 2] - raised[here]))
                locked[here, side] = True
                target[here, side, :2] = pivot[here].mean(axis=0) + rolled[here]
                target[here, side, 2] = raised[here] + (on_top if on_top > _ON_TOP else 0.0)
    return locked, target


def _raised(feet: np.ndarray, lever: np.ndarray, foot: _Foot, side: int) -> np.ndarray:
    """(T,) metres that the ankle is higher than at rest when the foot (T, 4) stands on its toe or its heel."""
    on_toe = foot.to_toe[side, 2] - lever[:, 2]
    on_heel = foot.to_heel[side, 2] - quat_rotate(feet, foot.to_heel[side])[:, 2]
    on_heel = _HEEL_LIFT * np.tanh(np.maximum(on_heel, 0.0) / _HEEL_LIFT)
    return _at_least_zero(np.maximum(on_toe, on_heel), _SOFT)


def _lowest(ankles: np.ndarray, feet: np.ndarray, foot: _Foot) -> np.ndarray:
    """(T, 2) metres of the ankle or the toe joint, whichever is lower, above where it is when standing."""
    toes = ankles[..., 2] + quat_rotate(feet, foot.to_toe)[..., 2]
    return np.minimum(ankles[..., 2] - foot.ankle_height, toes - foot.toe_height)


def _stretches(path: np.ndarray, first: int, stop: int, radius: float, ease: int, fps: float
               ) -> list[tuple[int, int]]:
    """Parts of frames first to stop in which a path (T, n) keeps within a radius of its mean.

    Where it does not, it is cut in the two that are most alike in themselves, and time is left between them.
    """
    part = path[first:stop]
    count = len(part)
    if count == 0 or (count < max(2, round(_SHORTEST * fps)) and first > 0 and stop < len(path)):
        return []
    if np.linalg.norm(part - part.mean(axis=0), axis=-1).max() <= radius or count < 4:
        return [(first, stop)]
    # least squares about two means: the most that the sums of both parts, squared and shared out, can be
    centred = np.cumsum(part - part.mean(axis=0), axis=0)[:-1]
    number = np.arange(1, count)
    cut = first + 1 + int(np.argmax(np.sum(centred**2, axis=-1) * (1.0 / number + 1.0 / (count - number))))
    left, right = min(ease, (cut - first) // 3), min(ease, (stop - cut) // 3)
    return [*_stretches(path, first, cut - left, radius, ease, fps),
            *_stretches(path, cut + right, stop, radius, ease, fps)]


# --- from one place to the next -----------------------------------------------------------------------------------


def _bridge(values: np.ndarray, known: np.ndarray, ease: int) -> np.ndarray:
    """Values (T, n) where they are known (T,), and cubics elsewhere that take them to zero and back within `ease`
    frames, or from one known stretch straight to the next when there is no time for both. Ends agree in slope too."""
    bridged = np.zeros_like(values)
    bridged[known] = values[known]
    places = runs(known)
    if not len(places):
        return bridged
    slopes = [(_slope(values, first, stop, first), _slope(values, first, stop, stop - 1)) for first, stop in places]
    zero = np.zeros(values.shape[1])
    for i, (first, stop) in enumerate(places):
        before = places[i - 1][1] if i else -2 * ease - 2
        after = places[i + 1][0] if i + 1 < len(places) else len(values) + 2 * ease + 2
        if first - before > 2 * ease:
            _fill(bridged, first - ease - 1, first, zero, zero, values[first], slopes[i][0])
        if after - stop > 2 * ease:
            _fill(bridged, stop - 1, stop + ease, values[stop - 1], slopes[i][1], zero, zero)
        else:
            _fill(bridged, stop - 1, after, values[stop - 1], slopes[i][1], values[after], slopes[i + 1][0])
    return bridged


def _slope(values: np.ndarray, first: int, stop: int, at: int) -> np.ndarray:
    """Change a frame at one end of a known stretch, from within."""
    if stop - first < 2:
        return np.zeros(values.shape[1])
    return values[first + 1] - values[first] if at == first else values[stop - 1] - values[stop - 2]


def _fill(values: np.ndarray, first: int, last: int, start: np.ndarray, start_slope: np.ndarray, end: np.ndarray,
          end_slope: np.ndarray) -> None:
    """A cubic between two frames (Hermite), which may lie outside; they themselves stay."""
    frames = np.arange(max(first + 1, 0), min(last, len(values)))
    t, length = ((frames - first) / (last - first))[:, None], last - first
    values[frames] = ((1 + 2 * t) * (1 - t) ** 2 * start + t * (1 - t) ** 2 * length * start_slope
                      + t**2 * (3 - 2 * t) * end - t**2 * (1 - t) * length * end_slope)


def _spread(values: np.ndarray, known: np.ndarray, ease: int) -> np.ndarray:
    """(T,) what holds in known stretches, smoothed over a few frames within each of them."""
    spread = np.array(values, dtype=np.float64)
    window = np.hanning((ease | 1) + 2)[1:-1]
    window /= window.sum()
    for first, stop in runs(known):
        padded = np.pad(spread[first:stop], len(window) // 2, mode="edge")
        spread[first:stop] = np.convolve(padded, window, mode="valid")
    return spread


def _away(known: np.ndarray, ease: int) -> np.ndarray:
    """(T,) 0 in known stretches, rising smoothly to 1 at `ease` frames from them."""
    at = np.arange(len(known))
    places = np.flatnonzero(known)
    if not len(places):
        return np.ones(len(known))
    after = np.searchsorted(places, at)
    distance = np.minimum(np.abs(places[np.minimum(after, len(places) - 1)] - at),
                          np.abs(places[np.maximum(after - 1, 0)] - at))
    t = np.minimum(distance / ease, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _at_least_zero(height: np.ndarray, soft: np.ndarray | float) -> np.ndarray:
    """Heights, with what is below zero brought up to it; bends within +-soft instead of at a corner."""
    soft = np.broadcast_to(soft, height.shape)
    bend = (height + soft) ** 2 / (4.0 * np.maximum(soft, 1e-12))
    return np.where(height >= soft, height, np.where(height <= -soft, 0.0, bend))


# --- pelvis and reach ---------------------------------------------------------------------------------------------


def _pelvis_height(legs: Legs, standing: np.ndarray, target: np.ndarray, fps: float, extension: float) -> np.ndarray:
    """(T,) metres that the pelvis goes up or down.

    It slowly follows what the standing feet have to do, so that knees keep their bend; and goes down in time, and no
    further than it must, where a leg would be too short all the same.
    """
    weight = standing.sum(axis=1).astype(np.float64)
    wanted = np.sum(np.where(standing, (target - legs.ankles)[..., 2], 0.0), axis=1)
    sigma = _FOLLOW * fps
    bell = np.exp(-0.5 * (np.arange(-int(4 * sigma), int(4 * sigma) + 1) / sigma) ** 2)
    follow = _convolve(wanted, bell) / (_convolve(weight, bell) + 0.01 * bell.sum())

    hips = legs.hips + follow[:, None, None] * np.array([0.0, 0.0, 1.0])
    away = target - hips
    longest = _longest(legs, extension)
    apart = np.minimum(np.hypot(away[..., 0], away[..., 1]), 0.95 * longest)
    short = np.where(standing, -away[..., 2] - np.sqrt(longest**2 - apart**2), 0.0)
    short = np.clip(short.max(axis=1), 0.0, _LOWEST)
    return follow - _envelope(short, max(1, round(EASE * fps)))


def _longest(legs: Legs, extension: float) -> np.ndarray:
    """(T, 2) metres that a leg may be long: nearly all of it, or as long as the clip has it."""
    whole = np.linalg.norm(legs.knees - legs.hips, axis=-1) + np.linalg.norm(legs.ankles - legs.knees, axis=-1)
    return np.maximum(extension * whole, np.linalg.norm(legs.ankles - legs.hips, axis=-1))


def _within_reach(legs: Legs, hips: np.ndarray, ankles: np.ndarray, soft: np.ndarray, extension: float) -> np.ndarray:
    """Ankles (T, 2, 3) no further from the hips than a leg is long."""
    away = ankles - hips
    distance = np.linalg.norm(away, axis=-1)
    longest = _longest(legs, extension)
    return hips + away * ((longest - _at_least_zero(longest - distance, soft)) / np.maximum(distance, 1e-9))[..., None]


def _envelope(values: np.ndarray, reach_frames: int) -> np.ndarray:
    """A smooth curve (T,) that is nowhere below: the highest within reach, then a bell's mean over the same reach."""
    padded = np.pad(values, 2 * reach_frames, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach_frames + 1).max(axis=1)
    bell = np.hanning(2 * reach_frames + 3)[1:-1]
    return np.convolve(highest, bell / bell.sum(), mode="valid")


def _convolve(values: np.ndarray, bell: np.ndarray) -> np.ndarray:
    return np.convolve(np.pad(values, len(bell) // 2), bell, mode="valid")


def _lift_tips(tips: np.ndarray, height: np.ndarray, tip: np.ndarray) -> np.ndarray:
    """Toes (T, 2, 4) turned up about their lateral axis as far as their ends would be below the floor.

    height: (T, 2) of the toe joints above where they rest.
    """
    ahead = quat_rotate(tips, tip)[..., 2]
    lateral = quat_rotate(tips, np.array([1.0, 0.0, 0.0]))
    upward = np.cross(quat_rotate(tips, tip), lateral)[..., 2]
    swing, angle = np.hypot(ahead, upward), np.arctan2(ahead, upward)
    wanted = _at_least_zero(ahead + height, _SOFT) - height
    turn = np.arcsin(np.clip(wanted / np.maximum(swing, 1e-9), -1.0, 1.0)) - angle
    possible = (np.abs(angle) < np.pi / 2) & (wanted > ahead)
    return quat_multiply(quat_from_axis_angle(lateral, np.where(possible, -turn, 0.0)), tips)


# --- figures ------------------------------------------------------------------------------------------------------


def _rotation_vectors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 3) radians about an axis: the turn from b to a, the shorter way."""
    axis, angle = quat_to_axis_angle(quat_multiply(a, quat_inverse(b)))
    return axis * angle[..., None]


def _report(before: Clip, after: Clip, contacts: np.ndarray, floor: float) -> FootLock:
    turned = [forward_kinematics(c.skeleton, c.rotations, c.positions)[0] for c in (before, after)]
    figures = [_figures(clip, contacts, floor) for clip in (before, after)]
    return FootLock(after, contacts, floor, figures[0][0], figures[1][0], figures[0][1], figures[1][1], figures[0][2],
                    figures[1][2], float((before.positions - after.positions)[:, 2].max()),
                    float(np.degrees(quat_angle(*turned)).max()))


def _figures(clip: Clip, contacts: np.ndarray, floor: float) -> tuple[float, float, float]:
    """Skate in cm/s, worst sinking and worst floating in cm."""
    places = foot_positions(clip)
    height = (places[..., 2] - standing_heights(clip.skeleton) - floor) * 100.0
    slide = np.linalg.norm(np.diff(places[..., :2], axis=0), axis=-1) * clip.fps * 100.0
    stays = contacts[1:] & contacts[:-1]
    stands = contacts.reshape(-1, 2, 2).any(axis=2)
    lower = height.reshape(-1, 2, 2).min(axis=2)
    return (float(slide[stays].mean()) if stays.any() else 0.0, float(np.maximum(-height, 0.0).max()),
            float(np.maximum(lower[stands], 0.0).max()) if stands.any() else 0.0)
