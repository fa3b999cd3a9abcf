# SPDX-License-Identifier: GPL-3.0-or-later
"""Letting what was made of bones meet the keys that are there: the same rotation, written the same way."""

from __future__ import annotations

import numpy as np

from .channels import rotation_quaternions
from .inbetween_features import lay_out
from .rotations import quat_inverse, quat_multiply, slerp

_SAME = 0.02  # radians, or of a quaternion's length: nearer is the same
_SOFT = 0.003  # metres over which a foot that is held up gives way


def meet_rotations(made: np.ndarray, own: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Rotations (T, 4) that are `own` where known (T,), and on from there what was made: by how much the two differ at
    keys is brought in between them, more and more of the next one's, and slowly beside each, so that what is made
    passes a key as quickly as it was made to."""
    rest = quat_multiply(quat_inverse(made), own)
    before, after, share = _between(known)
    met = quat_multiply(made, slerp(rest[before], rest[after], share))
    return np.where(known[:, None], own, met)


def meet_locations(made: np.ndarray, own: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The same for locations (T, 3)."""
    rest = own - made
    before, after, share = _between(known)
    return np.where(known[:, None], own, made + rest[before] + (rest[after] - rest[before]) * share[:, None])


def held_up(made: np.ndarray, met: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(T,) metres to lift a foot that meeting keys, known (T,), brings down: made and met are the heights (T, n) of its
    ankle, its toes and so on.

    A target may be keyed far below where the leg can reach, as in a jump, and the difference is brought in from the key
    before on, when the foot is still on the floor. None of its points gets lower than it was made, or than the straight
    way from one key to the next.
    """
    before, after, share = (part[:, None] for part in _apart(known))
    line = np.take_along_axis(met, before, axis=0) * (1.0 - share) + np.take_along_axis(met, after, axis=0) * share
    sunk = np.maximum(np.minimum(line, made) - met, 0.0)
    return (sunk**2 / (sunk + _SOFT)).max(axis=1)  # all of it but for some millimetres, with no corner where it begins


def _between(known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T,) the keys on both sides, and how far on the way, starting slowly and ending slowly."""
    before, after, share = _apart(known)
    return before, after, share * share * (3.0 - 2.0 * share)


def _apart(known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T,) the keys on both sides, and how far on the way."""
    layout = lay_out(np.asarray(known, dtype=bool)[None, :, None])
    return layout.before[0, :, 0], layout.after[0, :, 0], layout.share[0, :, 0]


# --- one rotation can be written in several ways ---------------------------------------------------------------------


def written_like(values: np.ndarray, mode: str, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) scales and offsets with which channel values (n,) of a rotation mode are written the way a key (n,) is.

    They leave every rotation what it is: the other sign of a quaternion, the other Euler triple, full turns.
    """
    values, key = np.asarray(values, dtype=np.float64), np.asarray(key, dtype=np.float64)
    if mode == "QUATERNION":
        return np.full(4, -1.0 if values @ key < 0.0 else 1.0), np.zeros(4)
    if mode == "AXIS_ANGLE":
        scale = np.full(4, -1.0 if values[1:] @ key[1:] < -1e-6 else 1.0)
        return scale, np.array([_turns(key[0] - scale[0] * values[0]), 0.0, 0.0, 0.0])
    middle = np.array([axis == mode[1] for axis in "XYZ"])
    scales = [np.ones(3), np.where(middle, -1.0, 1.0)]
    offsets = []
    for scale, half in zip(scales, (0.0, np.pi)):
        offsets.append(half + np.array([_turns(gap) for gap in key - scale * values - half]))
    away = [np.abs(scale * values + offset - key).sum() for scale, offset in zip(scales, offsets)]
    best = int(np.argmin(away))
    return scales[best], offsets[best]


def goes_round(first: np.ndarray, last: np.ndarray, mode: str) -> bool:
    """Whether angles lead from one key (n,) to the next by more than the shorter way, as somebody must have wanted."""
    if mode == "QUATERNION":
        return False
    if mode == "AXIS_ANGLE":
        return bool(abs(last[0] - first[0]) > 1.5 * np.pi)
    scale, offset = written_like(last, mode, first)
    near = scale * last + offset
    return bool(np.abs(near - last).max() > _SAME and _away(first, last) > _away(first, near) + np.pi)


def is_written_like(values: np.ndarray, mode: str, key: np.ndarray) -> bool:
    """Whether values (n,) are written the way a key is, so that a curve may lead from one to the other."""
    if mode == "QUATERNION":
        return bool(np.asarray(values) @ np.asarray(key) >= 0.0)
    if mode == "AXIS_ANGLE" and np.allclose(rotation_quaternions(key, mode)[0], 1.0, atol=1e-4):
        return True  # no rotation: its axis says nothing
    return bool(np.abs(np.asarray(values) - key).max() < 0.5)


def _away(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(np.asarray(a) - b).sum())


def _turns(gap: float) -> float:
    return 2.0 * np.pi * np.round(gap / (2.0 * np.pi))
