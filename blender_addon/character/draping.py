# SPDX-License-Identifier: GPL-3.0-or-later
"""Laying cloth over skin: off it by some ease, hanging where a limb grows thinner, taut over hollows, never inside.

The cloth is a membrane over an obstacle: every vertex is drawn to the mean of its neighbours and to where it would
hang, and kept at least a little in front of its own point of the skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cutting import Patch
from .modelling import refinement, vertex_normals
from .outlines import fallen, reach

_ROUNDS = 60


@dataclass(frozen=True, eq=False)
class Tube:
    """Rings of a limb or the torso that cloth hangs around.

    table: (R, C) vertices of the body, from where the cloth is held to where it falls. ease: (R,) metres off the skin.
    slope: how much narrower it may become, metres a metre.
    """

    table: np.ndarray
    ease: np.ndarray
    slope: float


@dataclass(frozen=True, eq=False)
class Drape:
    """How a patch is worn.

    ease, least: (V,) metres off the skin that it wants to be, and has to be. held: (V,) how stiffly it stays where it
    hangs, 0..1. tubes: where it hangs.
    """

    patch: Patch
    ease: np.ndarray
    least: np.ndarray
    held: np.ndarray
    tubes: tuple[Tube, ...]


def drape(worn: Drape, skin: np.ndarray, size: float) -> np.ndarray:
    """(V, 3) where the patch's vertices lie on a body with vertices `skin`; size: of the body, 1 for one of 1.756 m."""
    own, normals = worn.patch, _smooth_normals(skin)
    under, out = skin[own.skin], normals[own.skin]
    at = under + out * (worn.ease * size)[:, None]
    for tube in worn.tubes:
        place = own.own(tube.table)
        hung = hang(skin[tube.table], tube.ease * size, tube.slope)
        seen = place >= 0
        at[place[seen]] = hung[seen]
    goal, least = at.copy(), worn.least * size
    start, end = own.edges.T
    count = np.bincount(own.edges.ravel(), minlength=len(at))[:, None]
    sharp = vertex_normals(skin)[own.skin]
    side = np.sign(under[:, 0])
    for _ in range(_ROUNDS):
        around = np.stack([np.bincount(start, axis[end], len(at)) + np.bincount(end, axis[start], len(at))
                           for axis in at.T], axis=1) / count
        at = at + 0.5 * (around - at)
        at += worn.held[:, None] * (goal - at)
        short = np.maximum(least - np.sum((at - under) * sharp, axis=1), 0.0)
        at += sharp * short[:, None]
        # Each leg and each arm keeps to its own side.
        at[:, 0] = np.where(np.abs(under[:, 0]) < 1e-6, 0.0, side * np.maximum(side * at[:, 0], np.minimum(
            np.abs(under[:, 0]), 0.0015)))
    return at


def hang(rings: np.ndarray, ease: np.ndarray, slope: float) -> np.ndarray:
    """(R, C, 3) cloth around rings (R, C, 3): convex, `ease` (R,) off them, falling from what is widest."""
    middle = rings.mean(axis=1)
    step = np.diff(middle, axis=0)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(step, axis=1))])
    axis = step.sum(axis=0) / np.linalg.norm(step.sum(axis=0))
    right = np.cross(axis, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    plane = np.stack([right, np.cross(axis, right)], axis=1)
    flat = (rings - middle[:, None]) @ plane
    turns = np.arctan2(flat[..., 1], flat[..., 0])
    wide = np.array([reach(ring, turn, off) for ring, turn, off in zip(flat, turns, ease)])
    wide = fallen(wide, along, slope)
    moved = np.stack([np.cos(turns), np.sin(turns)], axis=2) * wide[..., None] - flat
    return rings + moved @ plane.T


def _smooth_normals(skin: np.ndarray, rounds: int = 6) -> np.ndarray:
    """(N, 3) normals without the skin's detail."""
    normals = vertex_normals(skin)
    faces = refinement().faces
    for _ in range(rounds):
        middle = normals[faces].sum(axis=1)
        normals = np.stack([np.bincount(faces.ravel(), np.repeat(axis, 4), len(normals)) for axis in middle.T], axis=1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return normals
