# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest rotations that joints with locked axes can do."""

from __future__ import annotations

import numpy as np

from .rotations import IDENTITY, normalise, quat_continuous, quat_from_axis_angle, quat_multiply


def nearest_free(rotations: np.ndarray, mode: str, locked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The rotations (T, 4) nearest to those given of which some Euler angles stay as they are.

    mode: Blender's order of the angles ("XYZ"). locked: (3,) which of x, y, z stay, at held (3,) radians.

    A product of turns is linear in the half-angle's cosine and sine of each, so the best of one free angle is an
    arctangent, and the best two maximise a bilinear form of two unit vectors: cos(a - b) and cos(a + b) part.
    """
    factors = []  # Blender's "XYZ" turns about x first: z is the leftmost factor
    for axis in mode[::-1]:
        index = "XYZ".index(axis)
        turn = quat_from_axis_angle(np.eye(3)[index], np.asarray(held[index]))
        factors.append((turn,) if locked[index] else (IDENTITY, np.concatenate([[0.0], np.eye(3)[index]])))
    free = [place for place, factor in enumerate(factors) if len(factor) == 2]
    if len(free) == 3:
        return rotations
    if not free:
        return np.tile(_product(*(factor[0] for factor in factors)), (len(rotations), 1))
    if len(free) == 1:
        parts = [_product(*(factor[k if len(factor) == 2 else 0] for factor in factors)) for k in (0, 1)]
        weights = normalise(np.stack([rotations @ part for part in parts], axis=1))
        nothing = np.linalg.norm(weights, axis=1, keepdims=True) < 0.5
        return quat_continuous(np.where(nothing, parts[0], weights @ np.array(parts)))
    first, second = free
    parts = np.array([[_product(*(factor[{first: a, second: b}.get(place, 0)] for place, factor in enumerate(factors)))
                       for b in (0, 1)] for a in (0, 1)])
    form = np.einsum("tq,abq->tab", rotations, parts)
    less = np.arctan2(form[:, 1, 0] - form[:, 0, 1], form[:, 0, 0] + form[:, 1, 1])
    more = np.arctan2(form[:, 0, 1] + form[:, 1, 0], form[:, 0, 0] - form[:, 1, 1])
    a, b = (more + less) / 2, (more - less) / 2
    weights = np.stack([np.cos(a), np.sin(a)], 1)[:, :, None] * np.stack([np.cos(b), np.sin(b)], 1)[:, None]
    return quat_continuous(np.einsum("tab,abq->tq", weights, parts))


def _product(*factors: np.ndarray) -> np.ndarray:
    left, middle, right = factors
    return quat_multiply(quat_multiply(left, middle), right)
