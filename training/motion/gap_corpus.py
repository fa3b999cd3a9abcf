# SPDX-License-Identifier: GPL-3.0-or-later
"""What the in-betweener learns from: clips, mirrored, played slower and quicker, with parts of them taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.motion.clip import Clip
from blender_addon.motion.inbetween_features import CHANNELS, Told, tell, turned_by
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.resampling import sample
from blender_addon.motion.rotations import normalise
from blender_addon.motion.skeleton import INDEX, JOINTS

from .clips import ClipLabel, ClipSet
from .gaps import PAST, face_forward
from .repeats import find_repeats

LONGEST_GAP = 120
_SHORTEST = 16
_TEMPOS = (0.75, 1.3)  # how much slower or quicker a clip is played for variety
_WARPED_WEIGHT = 0.5   # how often such a one is drawn, beside the clip as it is
_MIX = 0.12            # share of windows that get the upper body of another
_CARRIED = 0.5         # share in which trunk, arms and head are carried otherwise,
_OTHERWISE = np.radians(5.0)  # each joint by about so much

UPPER = [INDEX[name] for name in JOINTS if not any(part in name for part in ("Hips", "Leg", "Foot", "Toe"))]
# Groups of channels that an artist keys together; the last channel is where the hips are.
GROUPS = tuple(np.array([INDEX[name] for name in names]) for names in (
    ("LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand"), ("RightShoulder", "RightArm", "RightForeArm", "RightHand"),
    ("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToe"), ("RightUpLeg", "RightLeg", "RightFoot", "RightToe"),
    ("Spine", "Spine1", "Spine2"), ("Neck", "Head"))) + (np.array([0, CHANNELS - 1]),)


@dataclass(frozen=True, eq=False)
class GapCorpus:
    """Sequences end to end: rotations (N, 22, 4), positions (N, 3), contacts (N, 4), starts (Q + 1,), and how often a
    frame of each is drawn, weight (Q,). labels: the clips they come from."""

    rotations: np.ndarray
    positions: np.ndarray
    contacts: np.ndarray
    starts: np.ndarray
    weight: np.ndarray
    labels: tuple[ClipLabel, ...]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)


def training_clips(clips: ClipSet, share: float = 1.0, seed: int = 0) -> list[int]:
    """Numbers of the clips to train on: never one that is held out or repeats one; a random `share` of them."""
    repeats = set(find_repeats(clips))
    able = [i for i, label in enumerate(clips.labels) if label.split == "train" and i not in repeats]
    if not able:
        raise GalateaError("no clip is marked for training; see the column `split` of index.csv")
    kept = np.random.default_rng(seed).permutation(len(able))[:max(1, round(share * len(able)))]
    return [able[i] for i in sorted(kept)]


def build_gap_corpus(clips: ClipSet, which: list[int], seed: int, warps: int = 2) -> GapCorpus:
    """Every stretch of good frames of the clips, its mirror image, and `warps` random tempos of both."""
    rng = np.random.default_rng(seed)
    minutes: dict[str, float] = {}
    for i in which:
        for action in clips.labels[i].actions:
            minutes[action] = minutes.get(action, 0.0) + float(np.diff(clips.starts[i:i + 2])[0]) / 1800.0
    parts: list[Clip] = []
    weights: list[float] = []
    for i in which:
        # rare actions are drawn more often than their minutes say: the figures are means over actions
        actions = [minutes[action] for action in clips.labels[i].actions] or [2.0]
        weight = float(np.mean([(m + 0.5) ** -0.4 for m in actions]))
        for stretch in clips.stretches(i, _SHORTEST):
            for clip in (stretch, mirror(stretch)):
                parts.append(clip)
                weights.append(weight)
                for tempo in rng.uniform(*_TEMPOS, warps):
                    if clip.frames / tempo >= _SHORTEST:
                        count = int((clip.frames - 1) / tempo) + 1
                        parts.append(sample(clip, np.arange(count) * tempo))
                        weights.append(weight * _WARPED_WEIGHT * 2.0 / warps)
    if not parts:
        raise GalateaError(f"no clip for training has {_SHORTEST} good frames in a row")
    return GapCorpus(
        np.concatenate([c.rotations for c in parts]).astype(np.float32),
        np.concatenate([c.positions for c in parts]).astype(np.float32),
        np.concatenate([c.contacts for c in parts]).astype(np.float32),
        np.cumsum([0] + [c.frames for c in parts]), np.array(weights), tuple(clips.labels[i] for i in which))


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows as told to the network, and the truth: rotations (B, T, 22, 4), positions (B, T, 3), contacts
    (B, T, 4)."""

    told: Told
    rotations: np.ndarray
    positions: np.ndarray
    contacts: np.ndarray


def draw_batch(corpus: GapCorpus, frames: int, rng: np.random.Generator) -> Batch:
    """About `frames` frames of random windows of one length, with random keys."""
    longest = int(corpus.lengths.max())
    length = min(draw_length(rng), longest)
    batch = max(2, frames // length)
    rotations, positions, contacts = draw_windows(corpus, batch, length, rng)
    if rng.random() < 0.5:
        rotations = mix_upper_bodies(rotations, rng)
    rotations = carry_otherwise(rotations, rng)
    rotations, positions = face_forward(normalise(rotations), positions, min(PAST - 1, length - 2))
    known = np.stack([draw_keys(length, rng) for _ in range(batch)])
    keyed_rotations, keyed_positions = _mistime(rotations, positions, known, rng)
    return Batch(tell(keyed_rotations, keyed_positions, known), rotations, positions, contacts)


def draw_length(rng: np.random.Generator) -> int:
    """Frames of a window: mostly for gaps of up to 50 frames, now and then for very short or very long ones."""
    kind = rng.random()
    if kind < 0.15:
        missing = int(rng.integers(1, 10))
    elif kind < 0.92:
        missing = int(rng.integers(4, 51))
    else:
        missing = int(rng.integers(50, LONGEST_GAP + 1))
    return PAST + missing + 1


def draw_windows(corpus: GapCorpus, batch: int, length: int, rng: np.random.Generator
                 ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations, positions and contacts of windows that lie anywhere in sequences long enough."""
    room = np.maximum(corpus.lengths - length + 1, 0)
    edges = np.cumsum(room * corpus.weight)
    sequence = np.searchsorted(edges, rng.random(batch) * edges[-1], side="right")
    at = (corpus.starts[sequence] + (rng.random(batch) * room[sequence]).astype(int))[:, None] + np.arange(length)
    return corpus.rotations[at].astype(np.float64), corpus.positions[at].astype(np.float64), corpus.contacts[at]


def mix_upper_bodies(rotations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some windows get the trunk, arms and head of another: more combinations than were captured."""
    mixed = np.array(rotations)
    chosen = np.flatnonzero(rng.random(len(rotations)) < 2.0 * _MIX)
    mixed[chosen[:, None], :, UPPER] = rotations[rng.permutation(len(rotations))[chosen][:, None], :, UPPER]
    return mixed


def carry_otherwise(rotations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """In some windows each joint of trunk, arms and head is turned on by something of its own, the same throughout: as
    if another person, who holds himself otherwise, moved so. Legs stay: feet that stand would slide."""
    carried = np.array(rotations)
    chosen = np.flatnonzero(rng.random(len(rotations)) < _CARRIED)
    turn = rng.normal(0.0, _OTHERWISE, (len(chosen), 1, len(UPPER), 3))
    carried[chosen[:, None], :, UPPER] = np.swapaxes(turned_by(rotations[chosen][:, :, UPPER], turn), 1, 2)
    return carried


def draw_keys(length: int, rng: np.random.Generator) -> np.ndarray:
    """(T, 23) what is known: half of the time as in the test, else few keys far apart, whole or of parts of the body.

    The first and the last frame are always whole.
    """
    known = np.zeros((length, CHANNELS), dtype=bool)
    known[0] = known[-1] = True
    kind = rng.random()
    if kind < 0.65:  # one gap, moving poses before it and, less often, after it
        past = PAST if rng.random() < 0.85 else int(rng.integers(1, PAST + 1))
        after = 1 if rng.random() < 0.8 else int(rng.choice([2, 2, 3, 10]))
        known[:min(past, length - 2)] = True
        known[max(length - after, min(past, length - 2) + 1):] = True
        return known
    if rng.random() < 0.5:
        known[:min(PAST, length - 2)] = True
    keys = np.flatnonzero(rng.random(length) < 1.0 / rng.uniform(4.0, 40.0))
    known[keys] = True
    if kind < 0.82:
        return known
    for key in keys:  # partial keys: some of the groups are not keyed there
        for group in GROUPS:
            if rng.random() < 0.5:
                known[key, group] = False
    known[0] = known[-1] = True
    if rng.random() < 0.25:  # or whole limbs are animated already
        for group in GROUPS:
            if rng.random() < 0.3:
                known[:, group] = True
    return known


def _mistime(rotations: np.ndarray, positions: np.ndarray, known: np.ndarray, rng: np.random.Generator
             ) -> tuple[np.ndarray, np.ndarray]:
    """In a few windows the whole keys inside come a frame or two early or late, as an artist's do."""
    length = known.shape[1]
    at = np.repeat(np.arange(length)[None], len(known), axis=0)
    alone = known.all(axis=-1)
    alone[:, 1:-1] &= ~(known.all(axis=-1)[:, :-2] | known.all(axis=-1)[:, 2:])
    alone[:, [0, -1]] = False
    shift = rng.integers(-2, 3, at.shape) * (rng.random((len(at), 1)) < 0.15)
    at = np.where(alone, np.clip(at + shift, 0, length - 1), at)
    return np.take_along_axis(rotations, at[..., None, None], axis=1), np.take_along_axis(positions, at[..., None], 1)
