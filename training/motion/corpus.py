# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clips the generator learns, under which action and style, and the windows it is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.motion.mirroring import mirror

from blender_addon.motion import state_features as features
from .clips import FPS, ClipLabel, ClipSet
from blender_addon.motion.state_features import Sequence, make_sequence
from .stitching import stitch

# Tags name whole clips. A clip trains an action when it carries that tag alone, or beside it only tags that do not
# change what is seen; the rest waits for a table of segments.
_ACTIONS: dict[str, frozenset[str]] = {
    "jump": frozenset({"turn"}),
    "dance": frozenset({"turn"}),
    "kick": frozenset({"martial"}),
    "punch": frozenset({"martial"}),
    "martial": frozenset({"turn"}),
    "wave": frozenset({"gesture"}),
}
# Actions that mean nothing without the thing they are done with or on.
_NEEDS_OBJECTS = frozenset({"climb", "uneven_terrain", "lift", "basketball", "drink_eat", "wash", "throw"})
# Cyclic actions are stitched into long sequences, and must travel: a loop on the spot has lost its root motion.
CYCLIC_SPEED = {"walk": 0.35, "run": 1.8}
# Frames drawn of an action, relative to its share of the data.
_SHARE = {"walk": 0.36, "run": 0.2}
_LEAST_SECONDS = 15.0
_SHORTEST = 24
_STITCHED = int(240 * FPS)  # frames at least of every style of a cyclic action


@dataclass(frozen=True, eq=False)
class Corpus:
    """Everything a trainer draws from.

    states (N, S) and root (N, 3) of all sequences end to end, starts (Q + 1,), action (Q,), style (Q,; -1 for none),
    actions and styles by name, mean and scale (S,), speed: metres a second of each action's median sequence,
    labels: the clips it was made of.
    """

    states: np.ndarray
    root: np.ndarray
    starts: np.ndarray
    action: np.ndarray
    style: np.ndarray
    actions: tuple[str, ...]
    styles: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    speed: dict[str, float]
    labels: tuple[ClipLabel, ...]


def action_of(label: ClipLabel) -> str:
    """The one action a clip is an example of, or ""."""
    tags = frozenset(label.actions)
    for action in sorted(tags):
        if tags - {action} <= _ACTIONS.get(action, frozenset()) and not tags & _NEEDS_OBJECTS:
            return action
    return ""


def build_corpus(clips: ClipSet, seed: int) -> Corpus:
    """Sequences of all training clips and their mirror images, the cyclic actions stitched as well."""
    rng = np.random.default_rng(seed)
    grouped: dict[tuple[str, str], list[Sequence]] = {}
    used: list[ClipLabel] = []
    for index, label in enumerate(clips.labels):
        action = action_of(label)
        if label.split != "train" or not action:
            continue
        kept = False
        for stretch in clips.stretches(index, _SHORTEST):
            for clip in (stretch, mirror(stretch)):
                sequence = make_sequence(clip)
                if travel_speed(sequence) >= CYCLIC_SPEED.get(action, 0.0):
                    grouped.setdefault((action, label.style), []).append(sequence)
                    kept = True
        if kept:
            used.append(label)
    frames = {a: sum(len(s.states) for (b, _), group in grouped.items() if b == a for s in group) for a, _ in grouped}
    actions = tuple(a for a in sorted(frames, key=frames.get, reverse=True) if frames.get(a, 0) >= _LEAST_SECONDS * FPS)
    if not actions:
        raise GalateaError(f"no action has {_LEAST_SECONDS:g} seconds of training clips, mirrored ones counted; see "
                           "the table that prepare printed")
    grouped = {key: group for key, group in grouped.items() if key[0] in actions}
    styles = tuple(sorted({style for _, style in grouped if style}))
    everything = np.concatenate([s.states for group in grouped.values() for s in group])
    mean, scale = spread(everything)

    sequences: list[Sequence] = []
    action_ids: list[int] = []
    style_ids: list[int] = []
    for (action, style), group in grouped.items():
        long = group
        if action in CYCLIC_SPEED:
            own = sum(len(s.states) for s in group)
            long = group + stitch(group, scale, max(own, _STITCHED), FPS, rng)
        for sequence in long:
            sequences.append(sequence)
            action_ids.append(actions.index(action))
            style_ids.append(styles.index(style) if style else -1)
    speed = {a: float(np.median([travel_speed(s) for (b, _), group in grouped.items() if b == a for s in group]))
             if a in CYCLIC_SPEED else 0.0 for a in actions}
    return Corpus(
        states=np.concatenate([s.states for s in sequences]).astype(np.float32),
        root=np.concatenate([s.root for s in sequences]),
        starts=np.cumsum([0] + [len(s.states) for s in sequences]),
        action=np.array(action_ids), style=np.array(style_ids), actions=actions, styles=styles,
        mean=mean.astype(np.float32), scale=scale.astype(np.float32), speed=speed, labels=tuple(used))


def travel_speed(sequence: Sequence) -> float:
    """Mean speed in m/s along the path of the hips over the ground."""
    return float(np.linalg.norm(sequence.states[:, :2], axis=1).mean())


def spread(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale (S,) of the state; a number that hardly varies takes a share of its group's scale."""
    mean, scale = states.mean(axis=0), states.std(axis=0)
    for group in (features.ROTATIONS, features.POSITIONS, features.VELOCITIES, features.CONTACTS):
        scale[group] = np.maximum(scale[group], 0.3 * np.sqrt(np.mean(scale[group] ** 2)))
    mean[features.CONTACTS] = 0.0
    scale[features.CONTACTS] = 1.0
    return mean, np.maximum(scale, 1e-3)


@dataclass(frozen=True, eq=False)
class Windows:
    """A batch: states (B, T, S) as they are, root (B, T, 3), the path that would have been asked for (B, T + ahead, 3),
    action (B,), style (B,; -1 for none)."""

    states: np.ndarray
    root: np.ndarray
    path: np.ndarray
    action: np.ndarray
    style: np.ndarray


def draw_windows(corpus: Corpus, batch: int, length: int, ahead: int, rng: np.random.Generator) -> Windows:
    """Random windows, actions in the shares that _SHARE asks; a sequence too short is left out.

    Walks and runs are bent half of the time: the same steps along an arc, so that the model learns to turn. Up to 0.5
    rad/s the feet slide by a few cm/s for it, under the capture's own noise.
    """
    lengths = np.diff(corpus.starts)
    room = lengths - length
    shares = action_shares(corpus)
    states = np.empty((batch, length, features.SIZE), dtype=np.float32)
    root = np.empty((batch, length + ahead, 3))
    path = np.empty_like(root)
    action = rng.choice(len(corpus.actions), size=batch, p=shares)
    style = np.empty(batch, dtype=int)
    for i in range(batch):
        able = np.flatnonzero((corpus.action == action[i]) & (room > 0))
        if not len(able):
            able = np.flatnonzero(room > 0)
        sequence = able[_weighted(rng, room[able])]
        first = corpus.starts[sequence] + rng.integers(room[sequence])
        last = min(first + length + ahead, corpus.starts[sequence + 1])
        moves = corpus.states[first:last, features.MOVE].astype(np.float64)
        states[i] = corpus.states[first:first + length]
        if corpus.actions[action[i]] in CYCLIC_SPEED and rng.random() < 0.5:
            bend = rng.uniform(-0.5, 0.5)
            moves[:, 2] += bend
            states[i, :, 2] += bend
        missing = length + ahead - len(moves)
        if missing:  # past the end of a clip the body is taken to go on as it did over its last half second
            moves = np.concatenate([moves, np.repeat(moves[-15:].mean(axis=0, keepdims=True), missing, axis=0)])
        root[i] = features.integrate(moves, np.zeros(3), FPS)
        path[i] = smooth_path(root[i])
        action[i], style[i] = corpus.action[sequence], corpus.style[sequence]
    return Windows(states, root[:, :length], path, action, style)


def smooth_path(root: np.ndarray) -> np.ndarray:
    """Root (T, 3) without the sway of each step: what an artist would have drawn."""
    reach = 24
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / 8.0) ** 2)
    kernel /= kernel.sum()
    # ends are continued straight on, so that a walk does not seem to slow down there
    before = root[0] - np.arange(reach, 0, -1)[:, None] * (root[10] - root[0]) / 10.0
    after = root[-1] + np.arange(1, reach + 1)[:, None] * (root[-1] - root[-11]) / 10.0
    padded = np.concatenate([before, root, after])
    return np.stack([np.convolve(padded[:, i], kernel, mode="valid") for i in range(3)], axis=-1)


def _weighted(rng: np.random.Generator, weights: np.ndarray) -> int:
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))


def action_shares(corpus: Corpus) -> np.ndarray:
    """(A,) the probability of each action: fixed for those in _SHARE, the rest by the root of its frames."""
    frames = np.zeros(len(corpus.actions))
    np.add.at(frames, corpus.action, np.diff(corpus.starts))
    weights = np.sqrt(frames)
    fixed = np.array([_SHARE.get(a, 0.0) for a in corpus.actions])
    free = fixed == 0.0
    if not free.any():
        return fixed / fixed.sum()
    weights[~free] = 0.0
    return fixed + weights / weights.sum() * (1.0 - fixed.sum())
