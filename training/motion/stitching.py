# SPDX-License-Identifier: GPL-3.0-or-later
"""Long sequences of a cyclic action out of short clips, joined where two moments look alike.

Captured walks last three seconds and runs little more than one; a recurrent model must see what comes after. So clips
are played one after the other along a motion graph (Kovar et al. 2002): near a clip's end, jump to the most similar
frame of another, and let the difference fade out (inertialisation, Bollo 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blender_addon.motion import state_features as features
from blender_addon.motion.state_features import Sequence, integrate

_EXIT_FRAMES = 12     # how near its end a clip may be left
_AFTER = 20           # frames that must remain where another is entered
_FADE = 6.0           # frames; the difference halves about every four
_CANDIDATES = 4
_JUDGED = np.r_[features.MOVE, features.HEIGHT, features.POSITIONS, features.VELOCITIES]


@dataclass(frozen=True, eq=False)
class _MotionGraph:
    """Clips and where one may go over into another.

    usable: indices of clips long enough to be played. enter_clip, enter_frame: (E,) every frame that may be gone to.
    exits: for each usable clip the best (frame to leave at, entry to go to).
    """

    sequences: list[Sequence]
    usable: list[int]
    enter_clip: np.ndarray
    enter_frame: np.ndarray
    exits: dict[int, list[tuple[int, int]]]


def stitch(sequences: list[Sequence], scale: np.ndarray, frames: int, fps: float, rng: np.random.Generator
           ) -> list[Sequence]:
    """Sequences of about 20 s each, `frames` frames in all, joined from those given.

    scale: (S,) spread of each number of the state, by which differences are judged.
    """
    usable = [i for i, sequence in enumerate(sequences) if len(sequence.states) > _AFTER + 2]
    if not usable:
        return []
    graph = _motion_graph(sequences, usable, scale)
    made: list[Sequence] = []
    total = 0
    while total < frames:
        states = _play(graph, int(20 * fps), rng)
        made.append(Sequence(states, integrate(states[:, features.MOVE], np.zeros(3), fps)))
        total += len(states)
    return made


def _motion_graph(sequences: list[Sequence], usable: list[int], scale: np.ndarray) -> _MotionGraph:
    counts = [len(sequences[i].states) - _AFTER for i in usable]
    look = np.concatenate([sequences[i].states[:count] for i, count in zip(usable, counts)])
    look = (look / scale)[:, _JUDGED]
    return _MotionGraph(
        sequences, usable, np.repeat(usable, counts), np.concatenate([np.arange(count) for count in counts]),
        {i: _best_exits(sequences[i].states, scale, look) for i in usable})


def _best_exits(states: np.ndarray, scale: np.ndarray, look: np.ndarray) -> list[tuple[int, int]]:
    """The best (frame to leave at, entry to go to) of a clip, nearest first."""
    first = max(len(states) - _EXIT_FRAMES, 1)
    leaving = (states[first:] / scale)[:, _JUDGED]
    distance = (leaving ** 2).sum(1)[:, None] - 2.0 * leaving @ look.T + (look ** 2).sum(1)[None]
    count = min(_CANDIDATES, len(look) - 1)
    nearest = np.argpartition(distance, count, axis=1)[:, :count]
    found = sorted((distance[i, j], first + i, int(j)) for i in range(len(leaving)) for j in nearest[i])
    return [(frame, entry) for _, frame, entry in found[:12]]


def _play(graph: _MotionGraph, length: int, rng: np.random.Generator) -> np.ndarray:
    """States (T, S), at least `length` of them, along a random way through the graph."""
    clip, at = graph.usable[rng.integers(len(graph.usable))], 0
    parts: list[np.ndarray] = []
    difference = np.zeros(features.SIZE)
    total = 0
    while total < length:
        exits = graph.exits[clip]
        frame, entry = exits[rng.integers(len(exits))]
        if frame <= at:
            frame = len(graph.sequences[clip].states) - 1
        part = np.array(graph.sequences[clip].states[at:frame])
        fade = np.exp(-np.arange(len(part)) / _FADE)[:, None] * difference
        fade[:, features.CONTACTS] = 0.0
        part += fade
        parts.append(part)
        total += len(part)
        entered, entered_at = int(graph.enter_clip[entry]), int(graph.enter_frame[entry])
        difference = graph.sequences[clip].states[frame] - graph.sequences[entered].states[entered_at]
        clip, at = entered, entered_at
    return np.concatenate(parts)
