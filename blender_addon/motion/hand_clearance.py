# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that do not cut through hips: arms turned outward at the shoulder, as little and as smoothly as it takes.

Motion of slim people put onto broad ones has their hands within their hips. Whatever a hand is deep in, its arm turns
at the shoulder by the smallest angle that brings it out; the angles become smooth curves that are nowhere below, so
an arm eases out before it is needed and back afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .clip import Clip
from .easing import envelope
from .girths import Flesh, deepest
from .kinematics import forward_kinematics
from .rotations import (
    cross,
    normalise,
    quat_angle,
    quat_continuous,
    quat_from_axis_angle,
    quat_inverse,
    quat_multiply,
    quat_rotate,
)
from .skeleton import INDEX, PARENTS

_MARGIN = 0.006    # metres that hands are kept off, once one of them is not
_REACH = 0.2       # seconds before and after in which an arm eases out and back
_PASSES = 4
_ENOUGH = 0.001    # metres
_FURTHEST = 0.5    # radians that a pass may turn an arm
_LEVER = 0.05      # metres: pushing along an arm hardly moves its hand
_ARMS = [INDEX["LeftArm"], INDEX["RightArm"]]
_CHEST = INDEX["Spine2"]


@dataclass(frozen=True, eq=False)
class Clearance:
    """A clip whose hands are clear of the body, and what that took. depth_before, depth: metres that a hand is under
    the skin at worst, 0 for never. turned: degrees that an arm was turned at most."""

    clip: Clip
    depth_before: float
    depth: float
    turned: float


def keep_hands_clear(clip: Clip, flesh: Flesh, loop: bool = False) -> Clearance:
    """Keep the hands of a clip out of trunk and thighs. loop: its end meets its beginning, and is to go on doing so.

    A clip in which no hand gets into the body comes back as it is.
    """
    turned, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    worst = {side: deepest(flesh, side, turned, placed) for side in flesh.hands}
    before = max(0.0, *(float(depth.max()) for depth, *_ in worst.values()))
    if before <= 0.0:
        return Clearance(clip, 0.0, 0.0, 0.0)
    reach, after, rotations = max(1, round(_REACH * clip.fps)), 0.0, np.array(clip.rotations)
    for side, found in worst.items():
        arm, below = INDEX[f"{side}Arm"], [INDEX[f"{side}{part}"] for part in ("ForeArm", "Hand")]
        least = float(found[0].max())
        if least > 0.0:
            for _ in range(_PASSES):
                turns = _turns(found, turned[:, _CHEST], placed[:, arm], reach, loop)[:, None]
                turns = quat_from_axis_angle(normalise(turns), np.linalg.norm(turns, axis=-1))
                lever = placed[:, below] - placed[:, arm, None]
                placed[:, below] = placed[:, arm, None] + quat_rotate(turns, lever)
                turned[:, [arm, *below]] = quat_multiply(turns, turned[:, [arm, *below]])
                found = deepest(flesh, side, turned, placed)
                if found[0].max() < least:  # a hand that leaves one thigh may get deeper into the other
                    least = float(found[0].max())
                    rotations[:, arm] = quat_multiply(quat_inverse(turned[:, PARENTS[arm]]), turned[:, arm])
                if least <= _ENOUGH - _MARGIN:
                    break
        after = max(after, least)
    rotations[:, _ARMS] = quat_continuous(rotations[:, _ARMS])
    furthest = np.degrees(quat_angle(clip.rotations[:, _ARMS], rotations[:, _ARMS]).max())
    return Clearance(replace(clip, rotations=rotations), before, after, float(furthest))


def _turns(found: tuple[np.ndarray, np.ndarray, np.ndarray], chest: np.ndarray, shoulder: np.ndarray, reach: int,
           loop: bool) -> np.ndarray:
    """(T, 3) rotation vectors in the world that take the deepest points out, smooth over time as the chest has them."""
    depth, point, out = found
    moment = cross(point - shoulder, out)
    lever = np.linalg.norm(moment, axis=1)
    needed = np.clip(depth + _MARGIN, 0.0, None) / (lever**2 + _LEVER**2)
    needed = np.minimum(needed, _FURTHEST / np.maximum(lever, 1e-9))
    vectors = quat_rotate(quat_inverse(chest), needed[:, None] * moment)
    if loop:
        around = min(4 * reach, len(vectors) - 1)
        vectors = np.concatenate([vectors[-1 - around:-1], vectors, vectors[1:around + 1]])
    both = [envelope(np.maximum(sign * column, 0.0), reach) * sign for column in vectors.T for sign in (1.0, -1.0)]
    smooth = np.stack([both[0] + both[1], both[2] + both[3], both[4] + both[5]], axis=1)
    return quat_rotate(chest, smooth[around:len(smooth) - around] if loop else smooth)
