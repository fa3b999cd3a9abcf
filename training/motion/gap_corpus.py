# SPDX-License-Identifier: GPL-3.0-or-later
"""What the in-betweener learns from: clips and their mirror images, end to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.motion.inbetween_features import CHANNELS
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.skeleton import INDEX, JOINTS

from .clips import ClipLabel, ClipSet
from .gap_scores import NO_ACTION
from .repeats import find_repeats

LONGEST_GAP = 120
_SHORTEST = 16
_USUAL = 50   # frames of a usual window
_EVEN = 0.65  # how much more often rare actions are drawn, see build_gap_corpus

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


def build_gap_corpus(clips: ClipSet, which: list[int], even: float = _EVEN) -> GapCorpus:
    """Every stretch of good frames of the clips, and its mirror image; even: see `drawn_weights`."""
    stretches = [(i, stretch) for i in which for stretch in clips.stretches(i, _SHORTEST)]
    weights = drawn_weights([clips.labels[i].actions or (NO_ACTION,) for i, _ in stretches],
                            np.array([stretch.frames for _, stretch in stretches]), even)
    parts = [clip for _, stretch in stretches for clip in (stretch, mirror(stretch))]
    if not parts:
        raise GalateaError(f"no clip for training has {_SHORTEST} good frames in a row")
    return GapCorpus(
        np.concatenate([c.rotations for c in parts]).astype(np.float32),
        np.concatenate([c.positions for c in parts]).astype(np.float32),
        np.concatenate([c.contacts for c in parts]).astype(np.float32),
        np.cumsum([0] + [c.frames for c in parts]), np.repeat(weights, 2), tuple(clips.labels[i] for i in which))


def drawn_weights(actions: list[tuple[str, ...]], frames: np.ndarray, even: float) -> np.ndarray:
    """How often a frame of each stretch is drawn, by what it shows: the figures are means over actions, so of rarer
    ones more is drawn than there is. even: 0 as much as there is, 1 of every action alike."""
    names = sorted({name for shown in actions for name in shown})
    shows = np.array([[name in shown for shown in actions] for name in names], dtype=float)
    room = np.maximum(frames - _USUAL, 10.0)
    wanted = (shows @ room) ** (1.0 - even)
    weights = np.ones(len(frames))
    for _ in range(30):  # a stretch may show several, so that one is evened out after the other, again and again
        off = wanted / (shows @ (weights * room))
        weights *= (off @ shows) / shows.sum(axis=0)
    return weights / weights.mean()
