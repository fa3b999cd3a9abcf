# SPDX-License-Identifier: GPL-3.0-or-later
"""A gap between keys as it is shown to an in-betweener: with what is known around it, on a grid of 30 fps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .clip import Clip
from .inbetween_features import CHANNELS, FPS, JOINT_COUNT, interpolate, lay_out, turned_by
from .passing import Speed
from .skeleton import CANONICAL

_CONTEXT = 10   # moving poses that are shown on either side, where there are
_REACH = 40     # frames at 30 fps within which lone keys further away are shown


@dataclass(frozen=True)
class Gap:
    """Frames first to last of the clip, without the keys on both sides. why: it was interpolated; empty where the
    model filled it."""

    first: int
    last: int
    why: str = ""


def find_gaps(known: np.ndarray) -> list[Gap]:
    """The stretches of (T, 23) between two frames at which everything is known."""
    whole = np.flatnonzero(known.all(axis=1))
    return [Gap(int(a) + 1, int(b) - 1) for a, b in pairwise(whole) if b - a > 1]


@dataclass(frozen=True, eq=False)
class Window:
    """A gap with what is around it, at 30 fps, on the model's body: see tell(). moments (n,): where in it the gap's own
    frames are. size: by which the model's body is larger than the clip's."""

    rotations: np.ndarray
    positions: np.ndarray
    known: np.ndarray
    moments: np.ndarray
    size: float


def window_of(clip: Clip, known: np.ndarray, gap: Gap, speeds: Mapping[int, Speed]) -> Window:
    """Lay the gap and what is known around it on a grid of 30 fps on which both ends and every key inside fall.

    Between keys time is stretched by less than half a frame for it.
    """
    rate, size = FPS / clip.fps, CANONICAL.leg_length / clip.skeleton.leg_length
    start, end = gap.first - 1, gap.last + 1
    shown = _shown(known[start:end + 1])
    keys = _turning_points(shown)
    grid = np.maximum(np.round(keys * rate), 0).astype(int)
    for i in range(1, len(grid)):  # keys closer than a thirtieth of a second still get a frame each
        grid[i] = max(grid[i], grid[i - 1] + 1)
    entries = [(int(frame), *_pose(clip, start + key), shown[key]) for frame, key in zip(grid, keys, strict=True)]
    for (key, after), (frame, stop) in zip(pairwise(keys), pairwise(grid), strict=True):
        if shown[key + 1].any() and after > key + 1:  # keys on frames running
            entries += [(int(at), *_pose(clip, start + np.interp(at, [frame, stop], [key, after])), shown[key])
                        for at in range(frame + 1, stop)]
    everything = np.ones(CHANNELS, dtype=bool)
    for key, at, way in ((start, 0, -1), (end, int(grid[-1]), 1)):
        if key in speeds:
            turning, going = (np.asarray(part) * way / FPS for part in speeds[key])
            turned, place = _pose(clip, key)
            entries.append((at + way, turned_by(turned, turning), place + going, everything))
        else:
            entries += [(at + way * far, *_pose(clip, moment), everything)
                        for far, moment in _around(known, key, way, rate)]
    entries.sort(key=lambda entry: entry[0])
    first = entries[0][0]
    length = entries[-1][0] - first + 1
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (length, JOINT_COUNT, 1))
    positions, mask = np.zeros((length, 3)), np.zeros((length, CHANNELS), dtype=bool)
    for frame, turned, place, there in entries:
        rotations[frame - first], positions[frame - first], mask[frame - first] = turned, place, there
    moments = np.interp(np.arange(gap.first, gap.last + 1) - start, keys, grid - first)
    return Window(rotations[None], positions[None] * size, mask[None], moments, size)


def _shown(known: np.ndarray) -> np.ndarray:
    """Of what is known (n, 23) of a gap and its ends what the model is shown.

    What is known throughout, a toe that nobody keyed or an arm that is animated already, only at the ends: a network
    that is told a part of the body on every frame takes every frame for a key. On people it never saw with neck and
    toes held still it is off by 5.3 instead of 5.7 cm so, with arms as they were by 4.6 instead of 4.9 (keys a second
    apart).
    """
    shown = known & ~known.all(axis=0)
    shown[[0, -1]] = True
    return shown


def _turning_points(shown: np.ndarray) -> np.ndarray:
    """Frames of keys (n, 23), but for those inside of stretches in which the same channels are keyed all along."""
    same = np.zeros(len(shown) + 1, dtype=bool)
    same[1:-1] = (shown[1:] == shown[:-1]).all(axis=1)
    return np.flatnonzero(shown.any(axis=1) & ~(same[1:] & same[:-1]))


def _around(known: np.ndarray, key: int, way: int, rate: float) -> list[tuple[int, float]]:
    """Whole poses beyond a key, `way` -1 before or 1 after it: how many frames at 30 fps away, and when in the clip.

    Moving poses where the frames beside it are known too; else the lone whole keys within reach.
    """
    whole = known.all(axis=1)
    run = key
    while 0 <= run + way < len(whole) and whole[run + way]:
        run += way
    count = min(int(abs(run - key) * rate + 1e-6), _CONTEXT - (way < 0))
    if count:
        return [(far, key + way * far / rate) for far in range(1, count + 1)]
    others = np.flatnonzero(whole)
    others = others[(others - key) * way > 0]
    found = [(int(round(abs(other - key) * rate)), float(other)) for other in others]
    return list({far: (far, other) for far, other in reversed(found) if 0 < far <= _REACH}.values())


def _pose(clip: Clip, moment: float) -> tuple[np.ndarray, np.ndarray]:
    """The pose at a moment, between two frames of the clip if need be."""
    near = int(np.floor(moment + 1e-6))
    share = moment - near
    if abs(share) < 1e-6:
        return clip.rotations[near], clip.positions[near]
    both = np.ones((1, 2, CHANNELS), dtype=bool)
    layout = replace(lay_out(both), share=np.full((1, 2, CHANNELS), share), after=np.ones((1, 2, CHANNELS), dtype=int),
                     before=np.zeros((1, 2, CHANNELS), dtype=int))
    rotations, positions = interpolate(clip.rotations[None, near:near + 2], clip.positions[None, near:near + 2], layout)
    return rotations[0, 0], positions[0, 0]
