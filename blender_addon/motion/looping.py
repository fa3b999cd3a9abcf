# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the end of a clip meet its beginning, in pose and in speed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .clip import Clip
from .inbetween_features import rotation_vector
from .kinematics import joint_positions
from .legs import turned_by
from .resampling import sample
from .rotations import quat_about_z, quat_continuous, quat_inverse, quat_multiply, quat_rotate

_SEARCH_SECONDS = 1.5   # how much may be cut away at each end of a clip without frames to spare
_BLEND_SECONDS = 0.8    # in which each end bends towards the other
_STRETCH = 0.12         # share by which a cut may be longer or shorter than was asked for, and is retimed,
_STRETCH_SECONDS = 1.2  # but not by more
_PER_STRETCH = 4.0      # metres of difference, over all joints, that are better than twice the tempo
_PER_TURN = 0.6         # that are better than a radian of turning left over, of a body that is to come back
_PER_METRE = 0.6        # and than a metre of way
_PASSES = 3
_MEET = 0.0005          # metres that ends may be apart


@dataclass(frozen=True, eq=False)
class Loop:
    """A clip whose last frame is its first one, further on or in the same place, and what it took.

    first: the frame of the source that it begins with. frames: how many of the source it is made of; tempo: times as
    fast as they were. left_cm: mean distance of the joints between both ends, before they were brought together.
    turned: degrees of turning, moved: metres of way that were taken out over the whole.
    """

    clip: Clip
    first: int
    frames: int
    tempo: float
    left_cm: float
    turned: float
    moved: float


def close_loop(clip: Clip, frames: int | None = None, spare: int = 0, straight: bool = False, still: bool = False
               ) -> Loop:
    """Cut out of a clip what repeats best, and bring its ends together in pose and velocity.

    frames: of the loop, its last one among them; None for as many as there are, less what is cut. The first `spare`
    frames are where it may begin. straight: what it has turned at the end is taken out, over the whole, so that it
    goes on in the direction in which it began. still: and its way as well, so that it ends where it began. Otherwise
    way and turning go on. What is left between both ends fades in from both sides (inertialisation, Bollo 2018).
    """
    if clip.frames < 3:
        return Loop(clip.cut(0, 1), 0, 1, 1.0, 0.0, 0.0, 0.0)
    first, last, apart = _best_cut(clip, frames, spare, straight or still, still)
    part = clip.cut(first, last + 1)
    count = part.frames if frames is None else min(frames, clip.frames)
    tempo = (part.frames - 1) / max(count - 1, 1)
    if part.frames != count:
        part = sample(part, np.linspace(0.0, part.frames - 1, count))
    closed, turned, moved = _closed(part, straight or still, still)
    return Loop(closed, first, last + 1 - first, tempo, 100.0 * apart, float(np.degrees(turned)), moved)


def meet_ends(clip: Clip) -> Clip:
    """A loop whose ends have come apart a little, as they may when its feet are locked, brought together again.

    One whose ends are less than half a millimetre apart comes back as it is."""
    ends = _seen(clip.cut(0, 1))[0] - _seen(clip.cut(clip.frames - 1, clip.frames))[0]
    return clip if clip.frames < 3 or np.abs(ends).max() < _MEET else _closed(clip, False, False)[0]


# --- where to cut -------------------------------------------------------------------------------------------------


def _best_cut(clip: Clip, frames: int | None, spare: int, straight: bool, still: bool) -> tuple[int, int, float]:
    """First and last frame of the best part, and metres between its ends in the mean over joints."""
    starts, ends = _choice(clip, frames, spare)
    yaw, ground, seen = heading(clip.rotations[:, 0]), clip.positions * np.array([1.0, 1.0, 0.0]), _seen(clip)
    look = np.concatenate([seen, 0.2 * np.gradient(seen, 1.0 / clip.fps, axis=0)], axis=-1).reshape(clip.frames, -1)
    begin, end = np.meshgrid(starts, ends, indexing="ij")
    wanted = (clip.frames if frames is None else frames) - 1
    period = end - begin
    limit = min(_STRETCH * wanted, _STRETCH_SECONDS * clip.fps)
    allowed = (period > max(1, wanted // 3)) & ((frames is None) | (np.abs(period - wanted) <= max(limit, 0.5)))
    apart = np.sqrt(np.maximum(np.sum(look[starts] ** 2, axis=-1)[:, None] + np.sum(look[ends] ** 2, axis=-1)
                               - 2.0 * look[starts] @ look[ends].T, 0.0))
    # among cuts nearly as good, the longest, or the one whose tempo changes least
    cost = apart + (0.002 * (wanted - period) if frames is None else
                    _PER_STRETCH * np.abs(np.log(np.maximum(period, 1) / wanted)))
    if straight:
        turn = yaw[ends] - yaw[starts][:, None]
        cost = cost + _PER_TURN * np.abs(turn - 2.0 * np.pi * np.round(turn / (2.0 * np.pi)))
    if still:
        cost = cost + _PER_METRE * np.linalg.norm(ground[ends] - ground[starts][:, None], axis=-1)
    best = np.unravel_index(np.argmin(np.where(allowed, cost, np.inf)), cost.shape)
    first, last = int(begin[best]), int(end[best])
    return first, last, float(np.linalg.norm(seen[first] - seen[last], axis=-1).mean())


def _seen(clip: Clip) -> np.ndarray:
    """(T, J, 3) metres: the joints from the ground under the hips, as the body faces."""
    ground = clip.positions * np.array([1.0, 1.0, 0.0])
    return quat_rotate(quat_about_z(-heading(clip.rotations[:, 0]))[:, None], joint_positions(clip) - ground[:, None])


def _choice(clip: Clip, frames: int | None, spare: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames at which a loop may begin, and may end."""
    if frames is None:
        reach = max(min(int(_SEARCH_SECONDS * clip.fps), (clip.frames - 2) // 3), 0)
        return np.arange(reach + 1), np.arange(clip.frames - 1 - reach, clip.frames)
    limit = int(min(_STRETCH * (frames - 1), _STRETCH_SECONDS * clip.fps))
    last = min(frames, clip.frames) - 1
    return np.arange(min(spare, clip.frames - 1 - last) + 1), np.arange(max(last - limit, 1), clip.frames)


# --- bringing the ends together -----------------------------------------------------------------------------------


def _closed(clip: Clip, straight: bool, still: bool) -> tuple[Clip, float, float]:
    """The clip with its last pose like its first, and its velocities there; radians and metres taken out of the way."""
    frames = max(1, min(round(_BLEND_SECONDS * clip.fps), (clip.frames - 1) // 2))
    yaw = heading(clip.rotations[:, 0])
    local = np.array(clip.rotations)
    local[:, 0] = quat_multiply(quat_about_z(-yaw), clip.rotations[:, 0])
    steps = np.empty((clip.frames - 1, 3))  # along the heading of the frame before, and turning
    steps[:, :2] = quat_rotate(quat_about_z(-yaw[:-1]), np.diff(clip.positions * [1.0, 1.0, 0.0], axis=0))[:, :2]
    steps[:, 2] = np.diff(yaw)
    height = np.array(clip.positions[:, 2:])

    for _ in range(_PASSES):  # turns do not simply add up
        local = _meet(local, frames)
        slope = (height[1] - height[0]) - (height[-1] - height[-2])
        height = height + _bends(height[0] - height[-1], slope, clip.frames, frames)
    leap = steps[0] - steps[-1]
    steps = steps + _bends(leap, np.zeros(3), len(steps), frames)
    turned = moved = 0.0
    if straight:
        total = steps[:, 2].sum()
        turned = total - 2.0 * np.pi * np.round(total / (2.0 * np.pi))
        steps[:, 2] -= turned / len(steps)
    yaw = yaw[0] + np.concatenate([[0.0], np.cumsum(steps[:, 2])])
    flat = np.concatenate([steps[:, :2], np.zeros((len(steps), 1))], axis=1)
    way = quat_rotate(quat_about_z(yaw[:-1]), flat)
    if still:
        moved = float(np.linalg.norm(way.sum(axis=0)))
        way = way - way.mean(axis=0)
    positions = clip.positions[:1] + np.concatenate([np.zeros((1, 3)), np.cumsum(way, axis=0)])
    positions[:, 2] = height[:, 0]
    local[:, 0] = quat_multiply(quat_about_z(yaw), local[:, 0])
    return replace(clip, rotations=quat_continuous(local), positions=positions), float(turned), moved


def _meet(local: np.ndarray, frames: int) -> np.ndarray:
    """Rotations (T, J, 4) whose last frame is like the first and turns as quickly."""
    apart = rotation_vector(quat_multiply(local[0], quat_inverse(local[-1])))
    leaves, comes = (rotation_vector(quat_multiply(local[b], quat_inverse(local[a]))) for a, b in ((0, 1), (-2, -1)))
    return turned_by(_bends(apart, leaves - comes, len(local), frames), local)


def _bends(apart: np.ndarray, faster: np.ndarray, count: int, frames: int) -> np.ndarray:
    """(count, ...) to add to a curve so that its ends meet: each does half, over so many frames (cubics, Hermite).

    apart: (...) the first value less the last one. faster: (...) the first step less the last one.
    """
    share = np.arange(frames + 1) / frames
    value, slope = (1.0 + 2.0 * share) * (1.0 - share) ** 2, share * (1.0 - share) ** 2
    half, speed = np.asarray(apart) / 2.0, np.asarray(faster) / 2.0
    # so that the step next to the seam is right, not only the cubic's slope in the seam
    own = half * (1.0 - value[1])
    slope = slope / max(slope[1], 1e-9)
    bent = np.zeros((count, *np.shape(half)))
    bent[count - frames - 1:] += (np.tensordot(value, half, 0) + np.tensordot(slope, own - speed, 0))[::-1]
    bent[:frames + 1] -= np.tensordot(value, half, 0) + np.tensordot(slope, own + speed, 0)
    return bent


def heading(hips: np.ndarray) -> np.ndarray:
    """(T,) turn about Z in each rotation (T, 4), without leaps: the twist of its swing-twist split."""
    return np.unwrap(2.0 * np.arctan2(hips[:, 3], hips[:, 0]), period=2.0 * np.pi)
