# SPDX-License-Identifier: GPL-3.0-or-later
"""Style beyond what was measured of anybody: sliders that carry a body to heroes, children and cartoons.

What girths and breadths can say is said by changed measurements, before the skin is grown; lengths, heads, hands, feet
and faces are stretched about their joints afterwards, each vertex as its weights have it, so that faces, texture
coordinates and weights stay those of every body. Amounts of several sliders add up; 0 changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from .figure import Figure

# What an amount of 1 does, as the logarithm of the factor; -1 does the opposite.
_RATES: dict[str, dict[str, float]] = {
    "head": {"head": 0.45},
    "limbs": {"leg": 0.20, "arm": 0.17, "hand": 0.05, "foot": 0.05},
    "muscle": {"upper arm": 0.22, "forearm": 0.13, "wrist": 0.03, "shoulders": 0.07, "chest": 0.07, "neck girth": 0.10,
               "thigh": 0.10, "knee": 0.05, "calf": 0.09, "waist": 0.01, "hips": 0.02},
    "heroic": {"all": 0.05, "head": -0.09, "leg": 0.09, "arm": 0.04, "upper arm": 0.10, "forearm": 0.08,
               "shoulders": 0.12, "chest": 0.10, "waist": -0.07, "neck girth": 0.06, "thigh": 0.04, "calf": 0.04,
               "hand": 0.05, "foot": 0.03},
    # About a child of six: "all" for the stature, the others for what differs at the same stature.
    "childlike": {"all": -0.42, "head": 0.29, "leg": -0.09, "arm": -0.07, "shoulders": -0.10, "chest": -0.16,
                  "waist": -0.12, "hips": -0.15, "neck girth": -0.04, "upper arm": -0.14, "forearm": -0.12,
                  "wrist": -0.03, "thigh": -0.21, "knee": -0.10, "calf": -0.10, "ankle": -0.02, "hand": -0.02},
    "toon": {"head": 0.56, "hand": 0.30, "foot": 0.28, "leg": -0.42, "arm": -0.14, "torso": -0.16, "shoulders": -0.16,
             "chest": -0.14, "waist": -0.12, "hips": -0.10, "neck girth": -0.06, "upper arm": -0.30, "forearm": -0.22,
             "wrist": -0.12, "thigh": -0.22, "knee": -0.20, "calf": -0.22, "ankle": -0.12},
}
# The same for what is no factor: how far eyes grow, a face sits low on its skull, and muscles stand out.
_ADDED: dict[str, dict[str, float]] = {
    "muscle": {"relief": 1.0},
    "heroic": {"relief": 0.5},
    "childlike": {"eyes": 0.35, "low face": 0.26, "nose": -0.35, "relief": -0.8},
    "toon": {"eyes": 0.90, "low face": 0.28, "nose": -0.25, "relief": -0.7},
}
# Smallest and largest that sliders together make.
_ENDS = {"head": (0.6, 2.4), "hand": (0.6, 1.8), "foot": (0.7, 1.8), "leg": (0.6, 1.5), "arm": (0.7, 1.4),
         "torso": (0.75, 1.2), "all": (0.6, 1.1)}
_GIRTH_ENDS = (0.62, 1.5)
_MEASURED: dict[str, tuple[str, ...]] = {
    "shoulders": ("biacromialbreadth", "bideltoidbreadth"),
    "chest": ("chestcircumference", "chestbreadth", "chestdepth"),
    "waist": ("waistcircumference", "waistbreadth", "waistdepth"),
    "hips": ("buttockcircumference", "hipbreadth", "buttockdepth"),
    "neck girth": ("neckcircumference",), "upper arm": ("bicepscircumferenceflexed",),
    "forearm": ("forearmcircumferenceflexed",), "wrist": ("wristcircumference",), "thigh": ("thighcircumference",),
    "knee": ("lowerthighcircumference",), "calf": ("calfcircumference",), "ankle": ("anklecircumference",),
}
# Joints that carry parts, and what each hangs from; fingers, jaw and helpers go with the part that they are in.
_ABOVE = {"Hips": "", "Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Neck": "Spine2", "Head": "Neck",
          "Shoulder": "Spine2", "Arm": "Shoulder", "ForeArm": "Arm", "Hand": "ForeArm", "UpLeg": "Hips",
          "Leg": "UpLeg", "Foot": "Leg", "Toe": "Foot"}
_PART = {"Spine": "torso", "Spine1": "torso", "Spine2": "torso", "Head": "head", "Hand": "hand", "Foot": "foot",
         "Toe": "foot", "Arm": "arm", "ForeArm": "arm", "UpLeg": "leg", "Leg": "leg"}
_OPENED = np.array([0.7, 0.5, 1.0])  # eyes get rounder: broader, deeper, taller
_LOWEST_FACE = 0.5
_NECK_LONGER = 0.4  # the neck's length for each time that the head is larger
_NEXT = {"Spine": "Spine1", "Spine1": "Spine2", "Spine2": "Neck", "Neck": "Head", "Arm": "ForeArm", "ForeArm": "Hand",
         "UpLeg": "Leg", "Leg": "Foot"}


def factor(shape: Mapping[str, float], part: str) -> float:
    """How many times as large a part gets."""
    low, high = _ENDS.get(part, _GIRTH_ENDS)
    rate = sum(amount * _RATES[name].get(part, 0.0) for name, amount in shape.items())
    return float(np.clip(np.exp(rate), low, high))


def added(shape: Mapping[str, float], what: str) -> float:
    """How far eyes grow, a face sits low or muscles stand out; 0 for as they are."""
    return sum(amount * _ADDED.get(name, {}).get(what, 0.0) for name, amount in shape.items())


def restyled_figure(figure: Figure, shape: Mapping[str, float]) -> Figure:
    """The figure with the girths and breadths that a style has; boys and girls differ little."""
    measured = dict(figure.measured)
    for part, names in _MEASURED.items():
        for name in names:
            measured[name] = measured[name] * factor(shape, part)
    young = float(np.clip(shape.get("childlike", 0.0), 0.0, 1.0))
    return replace(figure, measured=measured, sex=figure.sex + 0.9 * young * (0.3 - figure.sex),
                   muscle=added(shape, "relief"), bust=max(1.0 - 2.0 * young - 0.4 * shape.get("toon", 0.0), 0.0))


def restyled(points: np.ndarray, joints: Sequence[str], positions: np.ndarray,
             influences: tuple[np.ndarray, np.ndarray], pupils: np.ndarray, shape: Mapping[str, float]
             ) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (N, 3) and joints (J, 3) in metres as a style has them, the soles where they were.

    influences: (N, 4) indices into joints and (N, 4) weights. pupils: (2, 3) where the eyes are.
    """
    indices, weights = influences
    heads = [n for n, name in enumerate(joints) if name in ("Head", "Jaw")]
    face = _face(points, np.sum(weights * np.isin(indices, heads), axis=1), positions[joints.index("Head")], shape)
    points = face(_with_features(points, pupils, shape), np.sum(weights * np.isin(indices, heads), axis=1))
    positions = face(positions, np.array([float(name == "Jaw") for name in joints]))
    at = {name: positions[n] for n, name in enumerate(joints)}
    moves = _moves(at, shape)
    own = [moves[_carrier(name, at)] for name in joints]
    turns = np.array([turn for _, _, turn in own])
    offsets = np.array([to - turn @ start for start, to, turn in own])
    result = np.zeros_like(points)
    for k in range(indices.shape[1]):
        moved = np.einsum("nij,nj->ni", turns[indices[:, k]], points) + offsets[indices[:, k]]
        result += weights[:, k, None] * moved
    places = np.einsum("nij,nj->ni", turns, positions) + offsets
    lift = np.array([0.0, 0.0, points[:, 2].min() - result[:, 2].min()])
    return (result + lift) * factor(shape, "all"), (places + lift) * factor(shape, "all")


def _moves(at: Mapping[str, np.ndarray], shape: Mapping[str, float]
           ) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Canonical joint -> where it is, where it gets, and how what it carries is stretched (3, 3)."""
    head = factor(shape, "head")
    moves: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
    for side in ("Left", "Right"):
        for part, above in _ABOVE.items():
            name, parent = (each if each in at else side + each for each in (part, above))
            start, to = at[name], at[name]
            if parent in moves:
                origin, moved, turn = moves[parent]
                to = moved + turn @ (start - origin)
            size, along = np.eye(3), np.zeros((3, 3))
            if part in _NEXT:
                following = _NEXT[part] if _NEXT[part] in at else side + _NEXT[part]
                way = (at[following] - start) / np.linalg.norm(at[following] - start)
                along = np.outer(way, way)
            if part == "Neck":  # as much longer as the chin comes down, and thicker under a large head
                size = size * head**0.55 + along * (_NECK_LONGER * (head - 1.0) + 1.0 - head**0.55)
            elif part in _NEXT:
                size = size + along * (factor(shape, _PART[part]) - 1.0)
            elif part in _PART:
                size = size * factor(shape, _PART[part])
            moves[name] = start, to, size
    return moves


def _carrier(name: str, at: Mapping[str, np.ndarray]) -> str:
    """The canonical joint whose part a joint is in: the longest that its name begins with, or else the nearest."""
    side = next((side for side in ("Left", "Right") if name.startswith(side)), "")
    own = name.removeprefix(side)
    if own == "Jaw":
        return "Head"
    fits = [part for part in _ABOVE if own.startswith(part) and side + part in at]
    if fits:
        return side + max(fits, key=len)
    return min((side + part for part in _ABOVE if side + part in at),
               key=lambda each: float(np.linalg.norm(at[each] - at[name])))


def _with_features(points: np.ndarray, pupils: np.ndarray, shape: Mapping[str, float]) -> np.ndarray:
    """The skin with larger, rounder eyes, as through lenses that end at the bridge of the nose, and a smaller nose."""
    eyes, nose = min(added(shape, "eyes"), 1.0), max(added(shape, "nose"), -0.5)  # beyond these the skin folds
    apart = float(np.linalg.norm(pupils[0] - pupils[1]))
    between = pupils.mean(axis=0)
    face = (np.abs(points[:, 0]) < 0.2 * apart) & (np.abs(points[:, 2] - between[2] + 0.45 * apart) < 0.4 * apart)
    tip = points[np.flatnonzero(face)[np.argmin(points[face, 1])]] * (0.0, 1.0, 1.0)
    for middle, reach, larger in ((pupils[0], 0.475, eyes * _OPENED), (pupils[1], 0.475, eyes * _OPENED),
                                  (tip + (0.0, 0.35 * apart, 0.0), 0.75, np.full(3, nose))):
        away = np.linalg.norm(points - middle, axis=1) / (reach * apart)
        points = points + (np.clip(1.0 - away**2, 0.0, None) ** 2)[:, None] * (points - middle) * larger
    return points


def _face(points: np.ndarray, of_head: np.ndarray, middle: np.ndarray, shape: Mapping[str, float]
          ) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """What lowers a face on its skull and makes the skull rounder: of points (N, 3) and how far each is of the head."""
    low = min(added(shape, "low face"), _LOWEST_FACE)
    heights = points[of_head > 0.999, 2]
    bottom, tall = heights.min(), np.ptp(heights)

    def moved(some: np.ndarray, share: np.ndarray) -> np.ndarray:
        up = np.clip((some[:, 2] - bottom) / tall, 0.0, 1.0)
        deep = low * (0.40 * up - 0.20)  # a small jaw under a large skull, but a round chin
        wide = low * (0.30 * up + 0.40 * np.exp(-(((up - 0.18) / 0.17) ** 2)))
        way = np.column_stack([some[:, 0] * wide, (some[:, 1] - middle[1]) * deep, -low * up * (1.0 - up) * tall])
        return some + way * share[:, None]

    return moved
