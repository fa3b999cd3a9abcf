# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the end of a clip meet its beginning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .kinematics import joint_positions
from .rotations import quat_about_z, quat_continuous, quat_inverse, quat_multiply, quat_rotate, slerp

_SEARCH_SECONDS = 1.5  # how much may be cut away at each end
_FADE_SECONDS = 0.6    # how long the end takes to become the beginning


def close_loop(clip: Clip) -> Clip:
    """A cut whose last frame is its first one, further on: pose, height and lean agree, travel and turning stay.

    The two most similar moments near the ends are chosen, by joint positions and velocities as the body sees them;
    what they differ by fades in over the last part (inertialisation, Bollo 2018).
    """
    if clip.frames < 2:
        return clip
    first, last = _best_cut(clip)
    clip = clip.cut(first, last + 1)
    frames = min(int(round(_FADE_SECONDS * clip.fps)), clip.frames - 1)
    share = np.zeros(clip.frames)
    ramp = np.linspace(0.0, 1.0, frames + 1)[1:]
    share[-frames:] = ramp * ramp * (3.0 - 2.0 * ramp)

    heading = _heading(clip.rotations[:, 0])
    local = np.array(clip.rotations)
    local[:, 0] = quat_multiply(quat_about_z(-heading), clip.rotations[:, 0])
    difference = quat_multiply(local[0], quat_inverse(local[-1]))
    identity = np.broadcast_to(np.array([1.0, 0.0, 0.0, 0.0]), local.shape)
    fade = slerp(identity, np.broadcast_to(difference, local.shape),
                 np.broadcast_to(share[:, None], local.shape[:2]))
    local = quat_multiply(fade, local)
    local[:, 0] = quat_multiply(quat_about_z(heading), local[:, 0])
    positions = np.array(clip.positions)
    positions[:, 2] += share * (positions[0, 2] - positions[-1, 2])
    return replace(clip, rotations=quat_continuous(local), positions=positions)


def _best_cut(clip: Clip) -> tuple[int, int]:
    reach = min(int(_SEARCH_SECONDS * clip.fps), (clip.frames - 2) // 3)
    if reach < 1:
        return 0, clip.frames - 1
    heading = _heading(clip.rotations[:, 0])
    ground = clip.positions * np.array([1.0, 1.0, 0.0])
    seen = quat_rotate(quat_about_z(-heading)[:, None], joint_positions(clip) - ground[:, None])
    look = np.concatenate([seen, 0.2 * np.gradient(seen, 1.0 / clip.fps, axis=0)], axis=-1).reshape(clip.frames, -1)
    starts, ends = np.arange(reach + 1), np.arange(clip.frames - 1 - reach, clip.frames)
    apart = np.linalg.norm(look[starts][:, None] - look[ends][None], axis=-1)
    # among cuts nearly as good, the longest
    apart += 0.002 * (starts[:, None] + (clip.frames - 1 - ends)[None])
    best = np.unravel_index(np.argmin(apart), apart.shape)
    return int(starts[best[0]]), int(ends[best[1]])


def _heading(hips: np.ndarray) -> np.ndarray:
    """(T,) turn about Z in each rotation (T, 4): the twist of its swing-twist split."""
    return 2.0 * np.arctan2(hips[:, 3], hips[:, 0])
