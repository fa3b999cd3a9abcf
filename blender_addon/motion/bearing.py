# SPDX-License-Identifier: GPL-3.0-or-later
"""How somebody holds themself: what is the same in all of a take, and differs from person to person.

A model that learnt its steps from few people walks like them, whatever latents it draws: ten walkers side by side
lean and carry their arms alike. So trunk, head and arms of a take are held a few degrees otherwise throughout. Those
who lean forward still look ahead and let their arms hang. Hips and legs stay as they are, with feet that stand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .rotations import cross, normalise, quat_from_axis_angle, quat_multiply, quat_rotate
from .skeleton import INDEX

# Degrees by which people differ, one standard deviation.
_LEAN, _ASIDE, _TWIST, _NOD = 5.0, 1.2, 2.0, 4.0  # of the trunk, forward, sideways and about itself; of the head
_ARMS, _EACH_ARM = 7.5, 2.5                       # before or behind, both of them; either one
_APART = (3.0, 4.0, -1.0, 9.0)                    # away from the body: mean, deviation, least and most
_ELBOWS = 0.35                                    # of their bend, how much more, where they are straight,
_FOLDED = 130.0                                   # and nothing where they are bent so far
_MOST = 0.9                                       # of that bend, at most: a bend that grows goes on growing
_LESS, _LEAST = 0.45, 0.7                         # of that share, how much less; and what is left of a bend at least
_LEVEL, _HANG = 0.5, 0.7                          # of a lean, how much the head and the arms make up for
_ALONG = np.array([1.0, 0.0, 0.0])                # of the left forearm; the right one points the other way
_PARTS = ("Spine", "Spine1", "Spine2", "Neck", "Head", "LeftArm", "RightArm")


def hold_otherwise(rotations: np.ndarray, share: np.ndarray, seed: int) -> np.ndarray:
    """Local rotations (T, 22, 4) as of another person, whom the seed draws, as far as share (T,) says: 0, 1 or more."""
    if not share.any():
        return rotations
    return _held(rotations, share, seed, _bends)


def hold_as_usual(rotations: np.ndarray, share: np.ndarray, seed: int) -> np.ndarray:
    """What hold_otherwise made these local rotations (T, 22, 4) out of."""
    if not share.any():
        return rotations
    return _held(rotations, -share, seed, _bent_before)


def _held(rotations: np.ndarray, share: np.ndarray, seed: int, bends: Callable[[np.ndarray, np.ndarray], np.ndarray]
          ) -> np.ndarray:
    turns, elbows = _draw(np.random.default_rng([seed, 1]))
    held = np.array(rotations)
    for name, vector in turns.items():
        angle = np.linalg.norm(vector)
        held[:, INDEX[name]] = quat_multiply(
            quat_from_axis_angle(vector / angle, angle * share), held[:, INDEX[name]])
    for name, more in elbows.items():
        along = quat_rotate(held[:, INDEX[name]], _ALONG)  # or the way back, whose bend is the same
        across = cross(np.broadcast_to(_ALONG, along.shape), along)
        angle = np.arctan2(np.linalg.norm(across, axis=-1), along @ _ALONG)
        further = bends(angle, np.clip(more * share, -_MOST, _MOST)) - angle
        held[:, INDEX[name]] = quat_multiply(quat_from_axis_angle(normalise(across), further), held[:, INDEX[name]])
    return held


def _bends(angle: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Bends (T,) of elbows, radians, of which there is more (T,): none backwards, none further than arms fold."""
    further = angle + more * angle * np.maximum(1.0 - angle / np.radians(_FOLDED), 0.0)
    return np.where(more < 0.0, angle * np.maximum(1.0 + _LESS * more, _LEAST), further)


def _bent_before(angle: np.ndarray, less: np.ndarray) -> np.ndarray:
    """Bends (T,) that _bends made these out of, with -less (T,): the quadratic's root."""
    folded = np.radians(_FOLDED)
    inside = np.minimum(angle, folded)
    root = np.sqrt(np.maximum((1.0 - less) ** 2 + 4.0 * less * inside / folded, 0.0))
    further = np.where(angle < folded, 2.0 * inside / np.maximum(1.0 - less + root, 1e-9), angle)
    return np.where(less > 0.0, angle / np.maximum(1.0 - _LESS * less, _LEAST), further)


def _draw(rng: np.random.Generator) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Rotation vectors (3,) of joints in their parents' frames, and shares by which elbows bend more."""
    mean, deviation, least, most = _APART
    spreads = np.array([_LEAN, _ASIDE, _TWIST, _NOD, _ARMS, deviation, _EACH_ARM, _EACH_ARM, _ELBOWS])
    draws = rng.normal(size=len(spreads))
    # in one way or another everybody is off the middle: nobody is the mean of all
    lean, aside, twist, nod, arms, apart, left, right, bend = spreads * draws * (
        np.sqrt(len(draws)) / np.linalg.norm(draws))
    apart = min(max(mean + apart, least), most)
    third = np.array([lean, aside, twist]) / 3.0
    # forward is about +X; the left arm leaves the body about -Y, the right one about +Y
    vectors = (third, third, third, [-_LEVEL * lean, 0.0, -twist], [nod, -aside, 0.0],
               [arms + left - _HANG * lean, -apart, 0.0], [arms + right - _HANG * lean, apart, 0.0])
    return dict(zip(_PARTS, np.radians(vectors), strict=True)), {"LeftForeArm": bend, "RightForeArm": bend}
