# SPDX-License-Identifier: GPL-3.0-or-later
"""What the generator learns from: sequences with an action in every frame, and the windows it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.motion import state_features as features
from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_standing
from blender_addon.motion.foot_lock import lock_feet
from blender_addon.motion.inbetween_features import turned_by
from blender_addon.motion.measures import foot_skate
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.resampling import sample
from blender_addon.motion.skeleton import INDEX, JOINTS
from blender_addon.motion.soles import level_soles
from blender_addon.motion.state_features import make_sequence

from .clips import FPS, ClipLabel, ClipSet, runs
from .ground import level_ground
from .repeats import find_repeats
from .stitching import Piece, stitch

# Cyclic actions must travel: a loop on the spot has lost its root motion.
CYCLIC_SPEED = {"walk": 0.35, "run": 1.8}
# Actions with a beginning and an end: entered at the beginning, and then they are over.
ONCE = ("jump", "kick", "punch", "sit", "cartwheel")
# Those that find their own way. Any other, of somebody's own clips, follows a path when it goes this fast, m/s.
ON_THE_SPOT = frozenset({*ONCE, "dance", "gesture", "idle", "laugh", "martial", "stand", "stretch", "turn", "wave"})
_TRAVELS = 0.5
# Frames drawn of an action; the rest goes by the root of its own frames.
_SHARE = {"walk": 0.2, "run": 0.1}
LEAST_SECONDS = 15.0
_SHORTEST = 20
_BESIDE = 15           # frames before and after a segment that are kept with it
_STITCHED = int(240 * FPS)  # frames of every action, as others go over into it and it into them
_TEMPOS = {"walk": (0.8, 1.2), "run": (0.8, 1.2)}
_OTHER_TEMPOS = (0.9, 1.12)
_OTHERWISE = {("Shoulder", "Arm", "Hand"): 5.0, ("Spine", "Neck", "Head"): 2.5}  # degrees by which another holds them
_FADE = 10             # frames over which one action gives way to the next, as when generating


@dataclass(frozen=True, eq=False)
class Corpus:
    """Everything a trainer draws from.

    states (N, S) of all sequences end to end, starts (Q + 1,), action (N,) and style (N,), -1 for none; actions and
    styles by name, once: those actions that have a beginning and an end, mean and scale (S,), minutes: as captured, by
    action; speed: metres a second of each action's median segment, labels: the clips it was made of, poses (P, 22, 4)
    local rotations as captured, the hips' too. often: how many times as often as usual actions are drawn, 1 for most.
    """

    states: np.ndarray
    starts: np.ndarray
    action: np.ndarray
    style: np.ndarray
    actions: tuple[str, ...]
    styles: tuple[str, ...]
    once: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    minutes: dict[str, float]
    speed: dict[str, float]
    labels: tuple[ClipLabel, ...]
    poses: np.ndarray
    often: Mapping[str, float] = field(default_factory=dict)


def build_corpus(clips: ClipSet, seed: int, once: Sequence[str] = ()) -> Corpus:
    """Sequences of all training clips, their mirror images, both at another tempo by another body, and all of them
    stitched together.

    once: actions that have a beginning and an end, besides those that are known to. GalateaError when no action has
    enough clips, or there is none of such a name.
    """
    rng = np.random.default_rng(seed)
    taken = list(_segments(clips))
    seconds = _seconds(taken)
    actions = tuple(a for a in sorted(seconds, key=seconds.get, reverse=True) if seconds[a] >= LEAST_SECONDS)
    if not actions:
        raise GalateaError(f"no action has {LEAST_SECONDS:g} seconds of training clips, mirrored ones counted; see "
                           "the table that prepare printed")
    taken = [item for item in taken if item[1] in actions]
    styles = tuple(sorted({clips.labels[index].style for index, _, _ in taken} - {""}))

    pieces: list[Piece] = []
    poses: list[np.ndarray] = []
    for index, clip, shown in _pieces(clips, taken, actions):
        poses.append(clip.rotations.astype(np.float32))
        style = styles.index(clips.labels[index].style) if clips.labels[index].style else -1
        for one in (clip, mirror(clip)):
            pieces.append(_piece(one, shown, style))
            tempo = rng.uniform(*_TEMPOS.get(actions[shown.max()], _OTHER_TEMPOS))
            at = np.arange(int((one.frames - 1) / tempo) + 1) * tempo
            pieces.append(_piece(_another_body(sample(one, at), rng), shown[np.round(at).astype(int)], style))
    mean, scale = spread(np.concatenate([piece.states for piece in pieces]))
    unknown = [action for action in once if action not in actions]
    if unknown:
        raise GalateaError(f"--once {unknown[0]}: there is no such action among those that are learnt, "
                           f"{', '.join(actions)}")
    once = tuple(action for action in actions if action in (*ONCE, *once))
    beginning = [actions.index(action) for action in once]
    sequences = pieces + stitch(pieces, scale, len(actions), beginning, _STITCHED, rng)
    speed = {a: float(np.median([travel_speed(clip) for _, b, clip in taken if b == a])) for a in actions}
    speed = {a: pace if a in CYCLIC_SPEED or (a not in (*ON_THE_SPOT, *once) and pace > _TRAVELS) else 0.0
             for a, pace in speed.items()}
    used = sorted({index for index, _, _ in taken})
    return Corpus(
        states=np.concatenate([s.states for s in sequences]),
        starts=np.cumsum([0] + [len(s.states) for s in sequences]),
        action=np.concatenate([s.action for s in sequences]),
        style=np.concatenate([s.style for s in sequences]),
        actions=actions, styles=styles, once=once, mean=mean.astype(np.float32), scale=scale.astype(np.float32),
        minutes={a: round(seconds[a] / 120.0, 2) for a in actions}, speed=speed,
        labels=tuple(clips.labels[i] for i in used),
        poses=np.concatenate(poses))


def in_terms_of(corpus: Corpus, actions: Sequence[str], styles: Sequence[str], mean: np.ndarray, scale: np.ndarray
                ) -> Corpus:
    """The corpus with these actions and styles first and its own after them, and these units of the state (S,)."""
    actions = tuple(dict.fromkeys([*actions, *corpus.actions]))
    styles = tuple(dict.fromkeys([*styles, *corpus.styles]))
    number, style = (np.array([*(words.index(word) for word in there), -1]) for words, there in
                     ((actions, corpus.actions), (styles, corpus.styles)))
    return replace(corpus, action=number[corpus.action], style=style[corpus.style], actions=actions, styles=styles,
                   speed={action: corpus.speed.get(action, 0.0) for action in actions},
                   minutes={action: corpus.minutes.get(action, 0.0) for action in actions},
                   mean=np.asarray(mean, dtype=np.float32), scale=np.asarray(scale, dtype=np.float32))


def seconds_of(clips: ClipSet) -> dict[str, float]:
    """How long each action is seen in what may train, mirrored clips counted."""
    return _seconds(_segments(clips))


def _seconds(taken: list[tuple[int, str, Clip]]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for _, action, clip in taken:
        seconds[action] = seconds.get(action, 0.0) + 2.0 * clip.seconds
    return seconds


def _segments(clips: ClipSet) -> list[tuple[int, str, Clip]]:
    """(number of the clip, action, clip) of what may train: nothing held out, no repeat of it, no loop on the spot."""
    repeats = set(find_repeats(clips))
    return [(index, action, clip) for index, label in enumerate(clips.labels)
            if label.split == "train" and index not in repeats
            for action, clip in clips.segments(index, _SHORTEST)
            if travel_speed(clip) >= CYCLIC_SPEED.get(action, 0.0)]


def _pieces(clips: ClipSet, taken: list[tuple[int, str, Clip]], actions: tuple[str, ...]
            ) -> list[tuple[int, Clip, np.ndarray]]:
    """(number of the clip, stretch of good frames, what each frame shows): every segment with what lies beside it."""
    known = {name: actions.index(name) for name in actions}
    number = np.array([known.get(name, -1) for name in clips.actions] + [-1])
    found = []
    for index in sorted({index for index, _, _ in taken}):
        at = slice(clips.starts[index], clips.starts[index + 1])
        shown = number[clips.action[at]]
        near = np.convolve(shown >= 0, np.ones(2 * _BESIDE + 1), mode="same") > 0.5 if (shown < 0).any() \
            else np.ones(len(shown), dtype=bool)
        whole = clips.clip(index)
        for start, stop in runs(near & clips.good[at]):
            if stop - start >= _SHORTEST and (shown[start:stop] >= 0).any():
                found.append((index, levelled(whole.cut(start, stop)), shown[start:stop]))
    slow = {name for name in CYCLIC_SPEED if name in known}
    return [(index, clip, shown) for index, clip, shown in found
            if not any((shown == known[name]).all() and travel_speed(clip) < CYCLIC_SPEED[name] for name in slow)]


def _another_body(clip: Clip, rng: np.random.Generator) -> Clip:
    """The same motion as of another person, who holds trunk, arms and head a little otherwise; what is learnt from few
    people would else be those people. Legs stay: feet that stand would slide."""
    rotations = np.array(clip.rotations)
    for parts, spread in _OTHERWISE.items():
        joints = [INDEX[name] for name in JOINTS if any(part in name for part in parts)]
        rotations[:, joints] = turned_by(rotations[:, joints], rng.normal(0.0, np.radians(spread), (1, len(joints), 3)))
    return replace(clip, rotations=rotations)


def _piece(clip: Clip, shown: np.ndarray, style: int) -> Piece:
    return Piece(make_sequence(clip).states.astype(np.float32), shown, np.full(clip.frames, style))


def levelled(clip: Clip) -> Clip:
    """A clip on level ground whose feet stand flat and still, as the add-on leaves them: those of capture skeletons are
    rolled at rest, and creep by centimetres a second where people stood as if nailed down. Feet that slide less as they
    are, as those that roll over in a walk, are not locked."""
    clip = level_ground(clip)
    standing = find_standing(clip)
    clip = replace(level_soles(clip, standing), contacts=standing)
    locked = lock_feet(clip, standing, floor=None)
    return min(clip, replace(locked.clip, contacts=locked.contacts), key=lambda one: foot_skate(one, locked.floor))


def travel_speed(clip: Clip) -> float:
    """Mean speed in m/s along the path of the hips over the ground."""
    return float(np.linalg.norm(np.diff(clip.positions[:, :2], axis=0), axis=1).mean() * clip.fps)


def spread(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale (S,) of the state; a number that hardly varies takes a share of its group's scale."""
    mean, scale = states.mean(axis=0, dtype=np.float64), states.std(axis=0, dtype=np.float64)
    for group in (features.ROTATIONS, features.POSITIONS, features.VELOCITIES, features.CONTACTS):
        scale[group] = np.maximum(scale[group], 0.3 * np.sqrt(np.mean(scale[group] ** 2)))
    mean[features.CONTACTS] = 0.0
    scale[features.CONTACTS] = 1.0
    return mean, np.maximum(scale, 1e-3)


@dataclass(frozen=True, eq=False)
class Windows:
    """A batch: states (B, T, S) as they are, root (B, T, 3), the path that would have been asked for (B, T + ahead, 3),
    action (B, T, A) weights, style (B, T; -1 for none); drawn (B, 2) action and style that each was drawn for, travels
    (B,) whether that action follows a path when generating."""

    states: np.ndarray
    root: np.ndarray
    path: np.ndarray
    action: np.ndarray
    style: np.ndarray
    drawn: np.ndarray
    travels: np.ndarray


def draw_windows(corpus: Corpus, batch: int, length: int, ahead: int, rng: np.random.Generator, steady: int = 0
                 ) -> Windows:
    """Random windows, each around a frame of an action drawn by action_shares; a sequence too short is left out.

    The first `steady` ones are of all actions in turn, the same action at the same place in every batch.

    Within an action, styles are drawn by the root of their frames: three seconds of an exaggerated walk among minutes
    of plain ones would not be heard. Walks and runs are bent half of the time: the same steps along an arc, so that the
    model learns to turn. Up to 0.5 rad/s the feet slide by a few cm/s for it, under the capture's own noise.
    """
    frames, shares = _by_style(corpus, length)
    of_action = np.array([action for action, _ in frames])
    known = np.unique(of_action)
    chosen = rng.choice(len(frames), size=batch, p=shares)
    for i in range(steady):
        own = np.flatnonzero(of_action == known[i % len(known)])
        chosen[i] = rng.choice(own, p=shares[own] / shares[own].sum()) if shares[own].sum() > 0.0 else own[0]
    drawn = [frames[i][0] for i in chosen]
    middle = np.array([frames[i][1][rng.integers(len(frames[i][1]))] for i in chosen])
    of = np.searchsorted(corpus.starts, middle, side="right") - 1
    first = np.clip(middle - rng.integers(0, length, batch), corpus.starts[of], corpus.starts[of + 1] - length)
    at = first[:, None] + np.arange(length)
    states = corpus.states[at]
    root = np.empty((batch, length + ahead, 3))
    for i, (start, stop) in enumerate(zip(first, corpus.starts[of + 1], strict=True)):
        last = min(start + length + ahead, stop)
        moves = corpus.states[start:last, features.MOVE].astype(np.float64)
        if corpus.actions[drawn[i]] in CYCLIC_SPEED and rng.random() < 0.5:
            bend = rng.uniform(-0.5, 0.5)
            moves[:, 2] += bend
            states[i, :, 2] += bend
        missing = length + ahead - len(moves)
        if missing:  # past the end of a clip the body is taken to go on as it did over its last half second
            moves = np.concatenate([moves, np.repeat(moves[-15:].mean(axis=0, keepdims=True), missing, axis=0)])
        root[i] = features.integrate(moves, np.zeros(3), FPS)
    return Windows(states, root[:, :length], smooth_path(root), _weights(corpus.action[at], len(corpus.actions)),
                   corpus.style[at], np.stack([drawn, corpus.style[middle]], axis=1),
                   np.array([corpus.speed[corpus.actions[action]] > 0.0 for action in drawn]))


@lru_cache(maxsize=1)
def _by_style(corpus: Corpus, length: int) -> tuple[list[tuple[int, np.ndarray]], np.ndarray]:
    """(action, numbers of frames of it in one style), in sequences long enough; and how often each is drawn."""
    lengths = np.diff(corpus.starts)
    able = np.repeat(lengths >= length, lengths)
    frames, shares = [], []
    for action, share in enumerate(action_shares(corpus)):
        shown = np.flatnonzero(able & (corpus.action == action))
        parts = [shown[corpus.style[shown] == style] for style in np.unique(corpus.style[shown])]
        roots = np.sqrt([len(part) for part in parts])
        frames += [(action, part) for part in parts]
        shares += list(share * roots / roots.sum()) if parts else []
    return frames, np.array(shares) / sum(shares)


def _weights(shown: np.ndarray, actions: int) -> np.ndarray:
    """(B, T, A) weights out of numbers (B, T), fading from one to the next as they do when generating."""
    weights = (shown[..., None] == np.arange(actions)).astype(np.float32)
    padded = np.pad(weights, ((0, 0), (_FADE // 2, _FADE - 1 - _FADE // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0), (0, 0))), axis=1)
    return (sums[:, _FADE:] - sums[:, :-_FADE]) / _FADE


def smooth_path(root: np.ndarray) -> np.ndarray:
    """Roots (..., T, 3) without the sway of each step: what an artist would have drawn."""
    reach = 24
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / 8.0) ** 2)
    kernel /= kernel.sum()
    # ends are continued straight on, so that a walk does not seem to slow down there
    first, last = root[..., :1, :], root[..., -1:, :]
    before = first - np.arange(reach, 0, -1)[:, None] * (root[..., 10:11, :] - first) / 10.0
    after = last + np.arange(1, reach + 1)[:, None] * (last - root[..., -11:-10, :]) / 10.0
    padded = np.concatenate([before, root, after], axis=-2)
    return np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=-2) @ kernel


def action_shares(corpus: Corpus) -> np.ndarray:
    """(A,) the probability of each action: fixed for those in _SHARE, the rest by the root of its minutes; then times
    how often it is wanted."""
    weights = np.sqrt([corpus.minutes[a] for a in corpus.actions])
    fixed = np.array([_SHARE.get(a, 0.0) for a in corpus.actions])
    free = fixed == 0.0
    weights[~free] = 0.0
    shares = fixed + weights / max(weights.sum(), 1e-9) * (1.0 - fixed.sum())
    shares *= [corpus.often.get(a, 1.0) for a in corpus.actions]
    return shares / shares.sum()
