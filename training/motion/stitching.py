# SPDX-License-Identifier: GPL-3.0-or-later
"""Long sequences out of short clips, joined where two moments look alike, from action to action.

Captured walks last three seconds, kicks and runs little more than one; a recurrent model must see what comes after. So
clips are played one after the other along a motion graph (Kovar et al. 2002): near a clip's end, jump to one of the
most similar frames of another, and let the difference fade out (inertialisation, Bollo 2018). An action that happens
once is entered at its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blender_addon.motion import state_features as features

_EXIT_FRAMES = 12     # how near its end a clip may be left
_AFTER = 20           # frames that must remain where another is entered
_BEGINNING = 12       # frames of a clip at which what happens once is entered
_EVERY = 2            # frames between two that may be entered
_FADE = 6.0           # frames; the difference halves about every four
_CANDIDATES = 4
_STAY = 90.0          # frames after which another action has mostly come
_LENGTH = 600         # frames of a sequence
_FAR = 1.0            # a join between actions may be this unlike: mean square, in units of the spread
_JUDGED = np.r_[features.MOVE, features.HEIGHT, features.POSITIONS, features.VELOCITIES]


@dataclass(frozen=True, eq=False)
class Piece:
    """One stretch: states (T, S), and for each frame the number of its action and style (T,), -1 for none."""

    states: np.ndarray
    action: np.ndarray
    style: np.ndarray

    @property
    def main(self) -> int:
        """The action that most of its labelled frames show."""
        return int(np.bincount(self.action[self.action >= 0]).argmax())


@dataclass(frozen=True, eq=False)
class _Entries:
    """Frames at which the pieces of one action may be entered: piece (E,), frame (E,), look (E, D) in units of the
    spread."""

    piece: np.ndarray
    frame: np.ndarray
    look: np.ndarray


def stitch(pieces: list[Piece], scale: np.ndarray, actions: int, once: list[int], frames: int,
           rng: np.random.Generator) -> list[Piece]:
    """Sequences of 20 s, `frames` frames beginning with each action, joined from the pieces given.

    scale: (S,) spread of each number of the state, by which differences are judged. once: actions entered at their
    beginning alone.
    """
    usable = [i for i, piece in enumerate(pieces) if len(piece.states) > _AFTER + 2]
    entries = {a: _entries(pieces, [i for i in usable if pieces[i].main == a], scale, a in once)
               for a in range(actions)}
    entries = {a: found for a, found in entries.items() if len(found.piece)}
    exits: dict[tuple[int, int], list[tuple[float, int, int]]] = {}
    made: list[Piece] = []
    for action in entries:
        for _ in range(max(1, frames // _LENGTH)):
            made.append(_play(pieces, entries, exits, action, scale, rng))
    return made


def _entries(pieces: list[Piece], usable: list[int], scale: np.ndarray, once: bool) -> _Entries:
    at = [(i, frame) for i in usable
          for frame in range(0, min(len(pieces[i].states) - _AFTER, _BEGINNING if once else 1 << 30), _EVERY)]
    look = np.array([(pieces[i].states[frame] / scale)[_JUDGED] for i, frame in at], dtype=np.float32)
    where = np.array(at, dtype=int).reshape(-1, 2)
    return _Entries(where[:, 0], where[:, 1], look.reshape(-1, len(_JUDGED)))


def _best_exits(piece: Piece, entries: _Entries, scale: np.ndarray) -> list[tuple[float, int, int]]:
    """The best (how unlike, frame to leave at, number of the entry to go to) of a piece, nearest first."""
    first = max(len(piece.states) - _EXIT_FRAMES, 1)
    leaving = (piece.states[first:] / scale)[:, _JUDGED].astype(np.float32)
    apart = (leaving ** 2).sum(1)[:, None] - 2.0 * leaving @ entries.look.T + (entries.look ** 2).sum(1)
    apart = np.maximum(apart, 0.0) / len(_JUDGED)
    count = min(_CANDIDATES, apart.shape[1])
    nearest = np.argpartition(apart, count - 1, axis=1)[:, :count]
    found = sorted((float(apart[i, j]), first + i, int(j)) for i in range(len(leaving)) for j in nearest[i])
    return found[:12]


def _play(pieces: list[Piece], entries: dict[int, _Entries], exits: dict, action: int, scale: np.ndarray,
          rng: np.random.Generator) -> Piece:
    """A sequence of at least _LENGTH frames along a random way through the graph, beginning with an action."""
    start = entries[action]
    piece, at = int(rng.choice(start.piece)), 0
    parts: list[Piece] = []
    difference = np.zeros(features.SIZE)
    total = 0
    while total < _LENGTH:
        one = pieces[piece]
        left, entered = _go_on(pieces, entries, exits, piece, at, scale, rng)
        states = np.array(one.states[at:left])
        fade = np.exp(-np.arange(len(states)) / _FADE)[:, None] * difference
        fade[:, features.CONTACTS] = 0.0
        parts.append(Piece((states + fade).astype(np.float32), one.action[at:left], one.style[at:left]))
        total += len(states)
        difference = one.states[left] - pieces[entered[0]].states[entered[1]]
        piece, at = entered
    return Piece(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("states", "action", "style")))


def _go_on(pieces: list[Piece], entries: dict[int, _Entries], exits: dict, piece: int, at: int, scale: np.ndarray,
           rng: np.random.Generator) -> tuple[int, tuple[int, int]]:
    """The frame to leave a piece at, and (piece, frame) to go on with."""
    own = pieces[piece].main
    stays = rng.random() < np.exp(-len(pieces[piece].states) / _STAY)
    wanted = own if stays else int(rng.choice(list(entries)))
    for action in (wanted, own):
        if (piece, action) not in exits:
            exits[piece, action] = _best_exits(pieces[piece], entries[action], scale)
        able = [found for found in exits[piece, action] if found[1] > at and (found[0] < _FAR or action == own)]
        if able:
            _, frame, entry = able[rng.integers(len(able))]
            return frame, (int(entries[action].piece[entry]), int(entries[action].frame[entry]))
    entry = rng.integers(len(entries[own].piece))
    return len(pieces[piece].states) - 1, (int(entries[own].piece[entry]), int(entries[own].frame[entry]))
