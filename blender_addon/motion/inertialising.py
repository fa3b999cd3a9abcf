# SPDX-License-Identifier: GPL-3.0-or-later
"""Seams without a jump: what a motion differs by from the one before it fades away, with its speed (inertialisation).

After Bollo (Inertialization, GDC 2018), in the form of a critically damped spring (Holden 2023): the offset at the seam
starts with the difference in place and in velocity, and dies away by itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .inbetween_features import rotation_vector
from .kinematics import joint_positions
from .legs import turned_by
from .rotations import quat_continuous, quat_inverse, quat_multiply

HALF_LIFE = 0.1  # seconds
_PULL = 40.0     # metres a second squared, as a hand is pulled in real motion now and then


def inertialise(clip: Clip, before: Clip, half_life: float = HALF_LIFE) -> Clip:
    """The clip, begun in the last pose of `before` and with its velocity; what it is further on it soon becomes.

    before: on the same skeleton at the same rate; its last frame is the moment of the clip's first. A difference so
    large that fading it at that half-life would tear at the limbs takes longer.
    """
    turns = rotation_vector(quat_multiply(before.rotations[-1], quat_inverse(clip.rotations[0])))
    moves = before.positions[-1] - clip.positions[0]
    turning, moving = np.zeros_like(turns), np.zeros(3)
    if before.frames > 1 and clip.frames > 1:
        spins = [quat_multiply(q[1], quat_inverse(q[0])) for q in (before.rotations[-2:], clip.rotations[:2])]
        turning = (rotation_vector(spins[0]) - rotation_vector(spins[1])) * clip.fps
        moving = (np.diff(before.positions[-2:], axis=0) - np.diff(clip.positions[:2], axis=0))[0] * clip.fps
    pull = _pull(clip, before, half_life)
    seconds = np.arange(clip.frames) / clip.fps
    gone = np.exp(-pull * seconds)
    fade, drift = (1.0 + pull * seconds) * gone, seconds * gone
    vectors = fade[:, None, None] * turns + drift[:, None, None] * turning
    return replace(clip, rotations=quat_continuous(turned_by(vectors, clip.rotations)),
                   positions=clip.positions + fade[:, None] * moves + drift[:, None] * moving)


def _pull(clip: Clip, before: Clip, half_life: float) -> float:
    """How quickly differences fade, 1/s: as the half-life says, or as slowly as keeps every joint below _PULL.

    A spring that pulls with y on something d metres and v m/s off begins with y * y * d + 2 * y * v.
    """
    wanted = 2.0 * np.log(2.0) / half_life
    last = before.cut(max(before.frames - 2, 0), before.frames)
    old, new = joint_positions(last), joint_positions(clip.cut(0, 2))
    away, speed = np.linalg.norm(old[-1] - new[0], axis=-1).max(), 0.0
    if len(old) > 1 and len(new) > 1:
        speed = np.linalg.norm(old[1] - old[0] - (new[1] - new[0]), axis=-1).max() * clip.fps
    return float(min(wanted, _PULL / max(speed + np.sqrt(speed**2 + _PULL * away), 1e-9)))
