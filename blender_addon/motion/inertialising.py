# SPDX-License-Identifier: GPL-3.0-or-later
"""Seams without a jump: what a motion differs by from the one before it fades away, with its speed (inertialisation).

After Bollo (Inertialization, GDC 2018): the offset at the seam starts with the difference in place and in velocity, and
dies away by itself. It does so as three equal lags in a row do, a critically damped spring (Holden 2023) of the third
order, which begins without any acceleration: a spring of the second would pull hardest at once, and the velocity would
snap a frame after the seam.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .inbetween_features import rotation_vector
from .joining import USUAL, accelerations
from .legs import turned_by
from .rotations import quat_continuous, quat_inverse, quat_multiply

HALF_LIFE = 0.1  # seconds
_HALF = 2.674060  # at which (1 + s + s^2 / 2) exp(-s) is a half
_LOOKED = 0.7    # seconds after the seam in which nothing may tear at the limbs
_ROOM = 0.8      # of what real motion does: feet are locked and keys made few afterwards
_SLOWER = 0.8 ** np.arange(6)  # how much more slowly differences may fade, tried in turn


def inertialise(clip: Clip, before: Clip, half_life: float = HALF_LIFE) -> Clip:
    """The clip, begun in the last pose of `before` and with its velocity; what it is further on it soon becomes.

    before: on the same skeleton at the same rate; its last frame is the moment of the clip's first. A difference so
    large that fading it at that half-life would tear at the limbs takes longer, up to three times as long.
    """
    turns = rotation_vector(quat_multiply(before.rotations[-1], quat_inverse(clip.rotations[0])))
    moves = before.positions[-1] - clip.positions[0]
    turning, moving = np.zeros_like(turns), np.zeros(3)
    if before.frames > 1 and clip.frames > 1:
        (spun, moved), (spins, goes) = _velocity(before, -1), _velocity(clip, 0)
        turning, moving = spun - spins, moved - goes
    seconds = np.arange(clip.frames) / clip.fps

    def faded(pull: float, frames: int) -> Clip:
        gone, at = np.exp(-pull * seconds[:frames]), pull * seconds[:frames]
        fade, drift = (1.0 + at + at * at / 2.0) * gone, seconds[:frames] * (1.0 + at) * gone
        vectors = fade[:, None, None] * turns + drift[:, None, None] * turning
        part = clip.cut(0, frames)
        return replace(part, rotations=turned_by(vectors, part.rotations),
                       positions=part.positions + fade[:, None] * moves + drift[:, None] * moving)

    looked = min(clip.frames, int(_LOOKED * clip.fps) + 1)
    pulls = _HALF / half_life * _SLOWER
    usual = _most(clip.cut(0, looked), _ROOM * USUAL)
    beyond = []
    for pull in pulls:
        beyond.append((_most(_row(before, faded(pull, looked))) - usual).max())
        if beyond[-1] <= 0.0:
            break
    made = faded(pulls[int(np.argmin(beyond))], clip.frames)
    return replace(made, rotations=quat_continuous(made.rotations))


def _velocity(clip: Clip, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Rotation vectors (J, 3) a second and metres a second (3,) at the first frame (0) or the last one (-1).

    Exact for what speeds up evenly, where there are three frames: the speed of the outermost two alone is that of half
    a frame away, and a body that speeds up on its way would seem to be held back at the seam.
    """
    turns, moves = clip.rotations[:3], clip.positions[:3]
    if end:
        turns, moves = clip.rotations[-3:], clip.positions[-3:]
    spins = rotation_vector(quat_multiply(turns[1:], quat_inverse(turns[:-1]))) * clip.fps
    goes = np.diff(moves, axis=0) * clip.fps
    if len(goes) < 2:
        return spins[0], goes[0]
    near, far = (1, 0) if end else (0, 1)
    return 1.5 * spins[near] - 0.5 * spins[far], 1.5 * goes[near] - 0.5 * goes[far]


def _row(before: Clip, clip: Clip) -> Clip:
    """The clip with the two frames before its first."""
    return replace(clip, rotations=np.concatenate([before.rotations[-3:-1], clip.rotations]),
                   positions=np.concatenate([before.positions[-3:-1], clip.positions]), contacts=None)


def _most(clip: Clip, least: np.ndarray | float = 0.0) -> np.ndarray:
    """(J,) the most that each joint speeds up, m/s^2, or `least` where that is more."""
    found = accelerations(clip)
    return np.maximum(found.max(axis=0), least) if len(found) else np.zeros(len(USUAL)) + least
