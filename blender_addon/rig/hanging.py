# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control of a rig hangs from, learnt from a few poses: how rigs are wired inside need not be known.

A control that is turned and moved rigidly with a segment in poses of chance is carried by it in all poses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..motion.rotations import normalise, quat_angle, quat_from_matrix, quat_inverse, quat_multiply, quat_rotate

RIGID_TURN, RIGID_PLACE = np.radians(0.1), 1e-3  # radians; of the leg length


@dataclass(frozen=True, eq=False)
class Hanging:
    """How something is carried while its own channels are at rest.

    turned_by, placed_by: places in the list of carriers, -1 for the armature itself. turn: (4,) seen from the first;
    place: (3,) and axes: (3, 3), what a location moves along, seen from the second. turn_off: radians, place_off: units
    by which this does not hold (it follows more than one, or something bends it).
    """

    turned_by: int
    placed_by: int
    turn: np.ndarray
    place: np.ndarray
    axes: np.ndarray
    turn_off: float
    place_off: float


def find_carriers(unposed: np.ndarray, axes: np.ndarray, carriers: np.ndarray, allowed: Sequence[int], sure: int,
                  leg: float) -> Hanging:
    """What carries something in P poses, the first being the one to keep to.

    unposed: (P, 4, 4) its frames without its own channels; axes: (P, 3, 3). carriers: (P, N, 4, 4) the frames that it
    may hang from; allowed: which of them, the likeliest first, of which the first `sure` do not depend on it: one of
    these is taken where it hangs rigidly from nothing. leg: length of a leg, by which places are judged.
    """
    frames = np.concatenate([carriers, np.broadcast_to(np.eye(4), (len(carriers), 1, 4, 4))], axis=1)
    tried = [-1, *allowed]
    turns = quat_from_matrix(orthonormal(frames[:, tried][..., :3, :3]))
    own = quat_from_matrix(orthonormal(unposed[:, :3, :3]))
    relative = quat_multiply(quat_inverse(turns), own[:, None])
    turn_off = quat_angle(relative[:1], relative).max(axis=0)
    places = quat_rotate(quat_inverse(turns), unposed[:, None, :3, 3] - frames[:, tried][..., :3, 3])
    place_off = np.linalg.norm(places - places[:1], axis=-1).max(axis=0)
    turned = _first(turn_off, RIGID_TURN, sure + 1)
    placed = _first(place_off, RIGID_PLACE * leg, sure + 1)
    inverse = quat_inverse(turns[0, placed])
    return Hanging(
        turned_by=tried[turned], placed_by=tried[placed], turn=relative[0, turned], place=places[0, placed],
        axes=np.column_stack([quat_rotate(inverse, axis) for axis in axes[0].T]),
        turn_off=float(turn_off[turned]), place_off=float(place_off[placed]),
    )


def _first(off: np.ndarray, enough: float, sure: int) -> int:
    """The first that is good enough, else the best of the first `sure`."""
    good = np.flatnonzero(off < enough)
    return int(good[0]) if len(good) else int(np.argmin(off[:sure]))


def orthonormal(matrices: np.ndarray) -> np.ndarray:
    """The nearest rotations to matrices (..., 3, 3) that a scale has stretched."""
    u, _, v = np.linalg.svd(matrices)
    return u @ v


def random_turns(rng: np.random.Generator, count: int, most: float) -> np.ndarray:
    """(count, 4) turns of between half of `most` radians and all of it, about axes of chance."""
    axes = normalise(rng.normal(size=(count, 3)))
    half = most * rng.uniform(0.5, 1.0, (count, 1)) / 2
    return np.concatenate([np.cos(half), np.sin(half) * axes], axis=1)
