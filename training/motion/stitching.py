# SPDX-License-Identifier: GPL-3.0-or-later
"""Long sequences of a cyclic action out of short clips, joined where two moments look alike.

Captured walks last three seconds and runs little more than one; a recurrent model must see what comes after. So clips
are played one after the other along a motion graph (Kovar et al. 2002): near a clip's end, jump to the most similar
frame of another, and let the difference fade out (inertialisation, Bollo 2018).
"""

from __future__ import annotations

import numpy as np

from . import features
from .features import Sequence, integrate

_EXIT_FRAMES = 12     # how near its end a clip may be left
_AFTER = 20           # frames that must remain where another is entered
_FADE = 6.0           # frames; the difference halves about every four
_CANDIDATES = 4


def stitch(sequences: list[Sequence], scale: np.ndarray, frames: int, fps: float, rng: np.random.Generator
           ) -> list[Sequence]:
    """Sequences of about 20 s each, `frames` frames in all, joined from those given.

    scale: (S,) spread of each number of the state, by which differences are judged.
    """
    lengths = [len(s.states) for s in sequences]
    usable = [i for i, length in enumerate(lengths) if length > _AFTER + 2]
    if not usable:
        return []
    enter_clip = np.concatenate([np.full(max(lengths[i] - _AFTER, 0), i) for i in usable])
    enter_frame = np.concatenate([np.arange(max(lengths[i] - _AFTER, 0)) for i in usable])
    look = np.concatenate([sequences[i].states[: max(lengths[i] - _AFTER, 0)] for i in usable])
    look = (look / scale)[:, _JUDGED]
    exits = {i: _best_exits(sequences[i].states, scale, look) for i in usable}

    made: list[Sequence] = []
    total = 0
    while total < frames:
        states = _walk(sequences, exits, enter_clip, enter_frame, usable, int(20 * fps), rng)
        made.append(Sequence(states, integrate(states[:, features.MOVE], np.zeros(3), fps)))
        total += len(states)
    return made


_JUDGED = np.r_[features.MOVE, features.HEIGHT, features.POSITIONS, features.VELOCITIES]


def _best_exits(states: np.ndarray, scale: np.ndarray, look: np.ndarray) -> list[tuple[int, int]]:
    """The best (frame to leave at, entry to go to) of a clip, nearest first."""
    first = max(len(states) - _EXIT_FRAMES, 1)
    leaving = (states[first:] / scale)[:, _JUDGED]
    distance = (leaving ** 2).sum(1)[:, None] - 2.0 * leaving @ look.T + (look ** 2).sum(1)[None]
    nearest = np.argpartition(distance, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    found = sorted((distance[i, j], first + i, int(j)) for i in range(len(leaving)) for j in nearest[i])
    return [(frame, entry) for _, frame, entry in found[:12]]


def _walk(sequences, exits, enter_clip, enter_frame, usable, length, rng) -> np.ndarray:
    clip = usable[rng.integers(len(usable))]
    at = 0
    parts: list[np.ndarray] = []
    difference = np.zeros(features.SIZE)
    total = 0
    while total < length:
        frame, entry = exits[clip][rng.integers(len(exits[clip]))]
        if frame <= at:
            frame = len(sequences[clip].states) - 1
        part = np.array(sequences[clip].states[at:frame])
        fade = np.exp(-np.arange(len(part)) / _FADE)[:, None] * difference
        fade[:, features.CONTACTS] = 0.0
        part += fade
        parts.append(part)
        total += len(part)
        arriving = sequences[enter_clip[entry]].states[enter_frame[entry]]
        difference = sequences[clip].states[frame] - arriving
        clip, at = int(enter_clip[entry]), int(enter_frame[entry])
    return np.concatenate(parts)
