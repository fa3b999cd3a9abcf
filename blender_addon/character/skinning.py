# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights: which joints carry a vertex, and how much; worked out once, on the reference body."""

from __future__ import annotations

import numpy as np

from .body import BODY_JOINTS, PART_OF
from .cage import cage
from .surface import mean_of_neighbours

INFLUENCES = 4
_AT = {name: n for n, name in enumerate(BODY_JOINTS)}


def _rise(value: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def part_weights(reference: np.ndarray) -> dict[str, np.ndarray]:
    """(V,) by part of the body: how much of a vertex moves with it from the reference to another body."""
    weights = joint_weights(reference)
    parts: dict[str, np.ndarray] = {}
    for joint, part in PART_OF.items():
        parts[part] = parts.get(part, 0.0) + weights[:, _AT[joint]]
    return parts


def joint_weights(reference: np.ndarray) -> np.ndarray:
    """(V, 22) weights in the order of BODY_JOINTS; rows sum to 1, at most four are not zero."""
    skin = cage()
    regions = np.array([name.split(".")[0] for name in skin.region_names])[skin.regions]
    weights = np.zeros((len(reference), len(BODY_JOINTS)))
    _trunk(weights, reference)
    middle = regions == "trunk"
    legs = np.isin(regions, ("leg", "foot"))
    sides = {side: (reference * (sign, 1.0, 1.0), np.char.endswith(skin.region_names, side[0])[skin.regions])
             for side, sign in (("Left", 1.0), ("Right", -1.0))}
    for side, (own, here) in sides.items():
        _arm(weights, own, side, here & ~legs, middle & (own[:, 0] > 0.0))
    whole = weights.copy()  # of the crotch both legs take alike
    for side, (own, here) in sides.items():
        _leg(weights, whole, own, side, here & legs, middle)
    rigid = np.isin(regions, ("head", "hand", "thumb", "finger1", "finger2", "finger3", "finger4"))
    for _ in range(5):
        weights = np.where(rigid[:, None], weights, 0.5 * weights + 0.5 * mean_of_neighbours(weights))
    weights[weights < np.sort(weights, axis=1)[:, -INFLUENCES, None]] = 0.0
    weights[weights < 0.004] = 0.0
    return weights / weights.sum(axis=1, keepdims=True)


def _chain(weights: np.ndarray, names: list[str], steps: list[np.ndarray], share: np.ndarray) -> None:
    """Add `share`, handed down a chain: steps[i] of what names[i] has goes on to names[i + 1]."""
    rest = share
    for name, step in zip(names, [*steps, None]):
        kept = rest if step is None else rest * (1.0 - step)
        weights[:, _AT[name]] += kept
        rest = rest - kept


def _trunk(weights: np.ndarray, at: np.ndarray) -> None:
    x, y, z = at.T
    base = z - 0.7 * np.maximum(np.abs(x) - 0.05, 0.0)  # the shoulders' slope is no neck
    tilted = z - 0.46 * y  # from under the chin to the nape
    steps = [_rise(z, 0.985, 1.085), _rise(z, 1.10, 1.22), _rise(z, 1.225, 1.345),
             _rise(base, 1.445, 1.530), _rise(tilted, 1.520, 1.570)]
    _chain(weights, ["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"], steps, np.ones(len(at)))


def _take(weights: np.ndarray, whole: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Take `share` of what every vertex had in `whole` off `weights`; returns how much was taken."""
    weights -= whole * share[:, None]
    return whole.sum(axis=1) * share


def _arm(weights: np.ndarray, at: np.ndarray, side: str, here: np.ndarray, torso: np.ndarray) -> None:
    x, _, z = at.T
    up = _rise(z, 1.30, 1.40)
    share = np.where(here, 1.0, np.where(torso, 0.85 * _rise(x, 0.03, 0.13) * up, 0.0))
    reach = np.where(here | torso, _rise(x, 0.125, 0.235), 0.0)
    steps = [np.where(here, reach, reach * up), _rise(x, 0.420, 0.500), _rise(x, 0.680, 0.732)]
    _chain(weights, [side + name for name in ("Shoulder", "Arm", "ForeArm", "Hand")], steps,
           _take(weights, weights.copy(), share))


def _leg(weights: np.ndarray, whole: np.ndarray, at: np.ndarray, side: str, here: np.ndarray,
         torso: np.ndarray) -> None:
    x, y, z = at.T
    below = 0.82 * (0.90 + 0.7 * (np.minimum(x, 0.17) - 0.09) - z)  # depth under the fold of the groin
    share = np.where(here | torso, _rise(below, -0.08, 0.08) * _rise(x, -0.02, 0.03), 0.0)
    share = np.where(here, np.maximum(share, _rise(0.80 - z, -0.02, 0.06)), share)
    steps = [_rise(-z, -0.545, -0.440), _rise(-z - 0.25 * y, -0.125, -0.070), _rise(-y, 0.118, 0.162)]
    _chain(weights, [side + name for name in ("UpLeg", "Leg", "Foot", "Toe")], steps, _take(weights, whole, share))
