# SPDX-License-Identifier: GPL-3.0-or-later
"""How somebody places their feet who stays where they are: apart, one ahead of the other, on bent knees.

Those who stand, talk or wave in captures do so on feet placed by each in their own way, and a model that learnt it from
few of them knows few ways. So the feet of a take are placed elsewhere, where they come down for as long as they stand;
hips go along and come down as far as legs want, and two-bone IK does the rest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .contacts import runs
from .easing import envelope, smooth
from .kinematics import forward_kinematics, local_rotations
from .legs import joints_of_legs, legs_in, legs_of, reach
from .rotations import quat_inverse, quat_rotate

# Metres by which people differ, one standard deviation.
_APART, _AHEAD, _ASIDE = 0.03, 0.035, 0.02  # each foot outwards; one ahead of the other, each; hips to one side
_SUNK = 0.015                               # hips lower, where they are lower at all
_FURTHEST = 0.06                            # ahead, each: who is to stand does not lunge
_NEAREST = -0.02                            # outwards, at the least,
_BESIDE = 0.13                              # from ankle to ankle across: feet do not go through one another
_LESS = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)      # of what is between both feet, tried until there is room
_STRAIGHT = 0.985                           # of a leg, unless it is straighter already
_FOLLOW = 0.5                               # seconds in which the hips go along


def stand_otherwise(clip: Clip, share: np.ndarray, seed: int, before: Clip | None = None) -> Clip:
    """A clip of the canonical skeleton as of another person, whom the seed draws, as far as share (T,) says: 0, 1 or
    more. Its contacts say who stands when. before: what the body did until then, if the clip goes on from that as
    stand_as_usual has it, with the clip's first share."""
    if not share.any():
        return clip
    if before is None or share[0] == 0.0:
        return _placed(clip, share, *_drawn(seed, clip, share))
    return _placed(clip, share, *_drawn(seed, before, np.full(before.frames, -share[0])))


def stand_as_usual(clip: Clip, share: float, seed: int) -> Clip:
    """What stand_otherwise would make this clip out of, about."""
    less = np.full(clip.frames, -share)
    return clip if share == 0.0 else _placed(clip, less, *_drawn(seed, clip, less))


def _drawn(seed: int, clip: Clip, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres by which the feet (2, 3), the left one first, and the hips (3,) of a body that faces -Y are elsewhere: as
    far as leaves room between feet that stand."""
    rng = np.random.default_rng([seed, 2])
    left, right = np.maximum(rng.normal(0.0, _APART, 2), _NEAREST)
    ahead, aside, sunk = rng.normal(0.0, (_AHEAD, _ASIDE, _SUNK))
    ahead = np.clip(ahead, -_FURTHEST, _FURTHEST)
    feet = np.array([[left, -ahead, 0.0], [-right, ahead, 0.0]])
    middle = feet.mean(axis=0)
    stand = _standing(clip).all(axis=1)
    ankles = legs_of(clip).ankles[stand]
    back = quat_inverse(_heading(clip.rotations[stand, 0]))
    for less in _LESS if stand.any() else ():
        own = middle + less * (feet - middle)
        moved = ankles + _moves(clip, share, own)[stand]
        if _gap(quat_rotate(back, moved[:, 0] - moved[:, 1])) >= min(
                _BESIDE, _gap(quat_rotate(back, ankles[:, 0] - ankles[:, 1]))) - 1e-6:
            feet = own
            break
    return feet, np.array([aside, 0.0, -max(sunk, 0.0)])


def _moves(clip: Clip, share: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Moves (T, 2, 3) of feet that are elsewhere by own (2, 3), as the body faces and as far as share (T,) says, each
    the same for as long as the foot stands."""
    facing, stands = _heading(clip.rotations[:, 0]), _standing(clip)
    return np.stack([_while_standing(share[:, None] * quat_rotate(facing, own[foot]), stands[:, foot])
                     for foot in (0, 1)], axis=1)


def _gap(between: np.ndarray) -> float:
    """Metres of room at the least between feet that are so far (N, 3) from another, across and ahead: they are some two
    times as long as broad."""
    return float(np.hypot(between[:, 0], between[:, 1] / 2.0).min())


def _standing(clip: Clip) -> np.ndarray:
    """(T, 2) whether the left and the right foot stand."""
    return clip.contacts.reshape(clip.frames, 2, 2).any(axis=-1)


def _placed(clip: Clip, share: np.ndarray, own: np.ndarray, middle: np.ndarray) -> Clip:
    """Feet moved by own (2, 3) metres for as long as they stand, the hips along and by middle (3,), as the body faces
    and as far as share (T,) says."""
    turned, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    legs = legs_in(turned, placed)
    feet = _moves(clip, share, own)
    along = feet.mean(axis=1) + share[:, None] * quat_rotate(_heading(clip.rotations[:, 0]), middle * [1.0, 1.0, 0.0])
    hips = smooth(along, _FOLLOW * clip.fps)
    ankles = legs.ankles + feet
    hips[:, 2] += share * middle[2] - _lowered(
        legs.hips + hips[:, None], ankles, np.linalg.norm(legs.ankles - legs.hips, axis=-1), legs.whole, clip.fps)
    thighs, shins = reach(legs, legs.hips + hips[:, None], ankles)
    up, knee, *_ = joints_of_legs()
    turned = np.array(turned)
    turned[:, up], turned[:, knee] = thighs, shins
    return replace(clip, rotations=local_rotations(clip.skeleton, turned), positions=clip.positions + hips)


def _heading(hips: np.ndarray) -> np.ndarray:
    """Turns about the vertical (T, 4) that hips (T, 4) are turned by."""
    flat = hips * [1.0, 0.0, 0.0, 1.0]
    return flat / np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 1e-9)


def _while_standing(moved: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """Moves (T, 3) of a foot, each the same for as long as it stands (T,), eased from one to the next."""
    found = runs(stands)
    if not len(found):
        return moved
    at = np.array([frame for first, stop in found for frame in (first, stop - 1)], dtype=float)
    places = np.array([moved[first:stop].mean(axis=0) for first, stop in found for _ in (0, 1)])
    frames = np.arange(len(moved), dtype=float)
    after = np.clip(np.searchsorted(at, frames, side="right"), 1, len(at) - 1) if len(at) > 1 else 1
    begin, length = at[after - 1], np.maximum(at[after] - at[after - 1], 1e-9)
    way = np.clip((frames - begin) / length, 0.0, 1.0)
    way = (way * way * (3.0 - 2.0 * way))[:, None]
    return places[after - 1] + (places[after] - places[after - 1]) * way


def _lowered(hips: np.ndarray, ankles: np.ndarray, before: np.ndarray, whole: np.ndarray, fps: float) -> np.ndarray:
    """(T,) metres by which hips (T, 2, 3) must come down for ankles to be within reach; before: (T, 2) how far they
    were from them."""
    limit = np.maximum(_STRAIGHT * whole, before)
    level = np.linalg.norm((hips - ankles)[..., :2], axis=-1)
    highest = np.sqrt(np.maximum(limit**2 - level**2, 0.0))
    needed = np.maximum((hips - ankles)[..., 2] - highest, 0.0).max(axis=-1)
    return envelope(needed, max(1, round(0.25 * fps)))
