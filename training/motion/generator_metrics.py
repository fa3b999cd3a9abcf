# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of generated motion: how far its distribution is from real motion's, how varied, rough and obedient it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.skeleton import CANONICAL

from .recogniser import Seen

_FROZEN = 0.005   # metres that something moves in a second, at the least
_PAIRS = 4000


def frechet(a: np.ndarray, b: np.ndarray, a_weights: np.ndarray | None = None, b_weights: np.ndarray | None = None
            ) -> float:
    """Fréchet distance (squared 2-Wasserstein distance of normal distributions) between rows (n, D) and (m, D).

    Dowson and Landau 1982, as scores of generated images use it (Heusel et al. 2017). Weights (n,), (m,) of the rows;
    all alike by default.
    """
    (mean_a, spread_a), (mean_b, spread_b) = _moments(a, a_weights), _moments(b, b_weights)
    values, vectors = np.linalg.eigh(spread_a)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    both = np.sqrt(np.clip(np.linalg.eigvalsh(root @ spread_b @ root), 0.0, None)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(spread_a) + np.trace(spread_b) - 2.0 * both)


def _moments(rows: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    share = np.full(len(rows), 1.0) if weights is None else np.asarray(weights, dtype=np.float64)
    share = share / share.sum()
    mean = share @ rows
    away = rows - mean
    return mean, (away * share[:, None]).T @ away


def frechet_seen(a: Seen, b: Seen) -> float:
    """Between windows of the same actions, where each action counts as much as any other."""
    return frechet(a.features, b.features, _balanced(a.action), _balanced(b.action))


def _balanced(action: np.ndarray) -> np.ndarray:
    counts = np.bincount(action)
    return 1.0 / counts[action]


def as_many(sets: Sequence[Seen], rng: np.random.Generator) -> list[Seen]:
    """The sets thinned out at random to equally many windows of every action that they all show.

    The distance between finite samples is too large by about 1/n; with equal n it is so for all that are compared.
    """
    shown = sorted(set.intersection(*(set(seen.action.tolist()) for seen in sets)))
    counts = {action: min(int((seen.action == action).sum()) for seen in sets) for action in shown}
    return [seen.only(np.concatenate([np.zeros(0, dtype=int)] + [
        rng.permutation(np.flatnonzero(seen.action == action))[:counts[action]] for action in shown]))
        for seen in sets]


def halves(real: Seen, rng: np.random.Generator) -> tuple[Seen, Seen]:
    """Two parts of real windows without a clip in common; the only clip of an action is cut in the middle of its
    time."""
    first, second = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    for action in np.unique(real.action):
        own = real.action == action
        takes = rng.permutation(np.unique(real.take[own]))
        if len(takes) > 1:
            for take in takes:
                smaller = first if (first & own).sum() <= (second & own).sum() else second
                smaller |= own & (real.take == take)
        else:
            middle = np.median(real.start[own])
            first |= own & (real.start < middle)
            second |= own & (real.start >= middle)
    return real.only(first), real.only(second)


def diversity(seen: Seen, rng: np.random.Generator) -> float:
    """Mean distance of features between two windows of one action out of two takes (Guo et al. 2020); out of one,
    where there are no two."""
    pairs = rng.integers(len(seen), size=(_PAIRS, 2))
    if len(set(seen.take)) > 1:
        pairs = pairs[seen.take[pairs[:, 0]] != seen.take[pairs[:, 1]]]
    return float(np.linalg.norm(seen.features[pairs[:, 0]] - seen.features[pairs[:, 1]], axis=1).mean())


def jerk(clip: Clip) -> float:
    """Mean over joints and time of how fast acceleration changes, m/s³."""
    if clip.frames < 4:
        return 0.0
    return float(np.linalg.norm(np.diff(joint_positions(clip), 3, axis=0), axis=-1).mean() * clip.fps ** 3)


def bone_error_mm(clip: Clip) -> float:
    """How much the length of any bone differs, at most, from the canonical skeleton's, in mm."""
    places = joint_positions(clip)
    worst = 0.0
    for joint, parent in enumerate(CANONICAL.parents):
        if parent >= 0:
            lengths = np.linalg.norm(places[:, joint] - places[:, parent], axis=-1)
            worst = max(worst, float(np.abs(lengths - np.linalg.norm(CANONICAL.offsets[joint])).max()))
    return worst * 1000.0


def survived(clip: Clip) -> int:
    """Frames until a number is not finite, the hips leave 0.1 to 2 of their standing height, or nothing moves."""
    finite = np.isfinite(clip.rotations).all(axis=(1, 2)) & np.isfinite(clip.positions).all(axis=1)
    heights = clip.positions[:, 2] / clip.skeleton.hip_height
    alive = finite & (heights > 0.1) & (heights < 2.0)
    places = joint_positions(clip)
    moved = np.linalg.norm(places[30:] - places[:-30], axis=-1).max(axis=-1) if clip.frames > 30 else np.ones(1)
    frozen = np.flatnonzero(moved < _FROZEN)
    dead = np.flatnonzero(~alive)
    return int(min([clip.frames, *dead[:1], *frozen[:1]]))


def path_error(clip: Clip, asked: np.ndarray) -> tuple[float, float]:
    """Mean metres between the hips and where they were asked to be at each moment, asked (T, 2), and between the hips
    and the nearest of those places."""
    hips = clip.positions[:, :2]
    then = np.linalg.norm(hips - asked, axis=1).mean()
    nearest = np.linalg.norm(hips[:, None] - asked[None], axis=-1).min(axis=1).mean()
    return float(then), float(nearest)
