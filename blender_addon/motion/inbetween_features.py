# SPDX-License-Identifier: GPL-3.0-or-later
"""What an in-betweener sees of a window with gaps: interpolation between the keys, and everything told beside it.

A window is B x T frames of rotations (B, T, 22, 4), hip positions (B, T, 3) in metres at 30 fps, and `known`
(B, T, 23): which joint is keyed where, the last column for the hips' position. What is not known is never read. All
features are seen from the body as interpolation has it, frame by frame, so that where and which way it goes makes no
difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .kinematics import forward_kinematics
from .rotations import matrix_from_quat, normalise, quat_inverse, quat_multiply, slerp
from .skeleton import CANONICAL

JOINT_COUNT = len(CANONICAL.names)
CHANNELS = JOINT_COUNT + 1  # the joints' rotations and, last, the position of the hips
FPS = 30.0
# Frames within which the speed at a key dies away, in the curves that are offered to the network.
SPEED_FADES = (3.0, 12.0)
_NEAR = (1.5, 5.0, 15.0)
_LONGEST = 120.0

_PARTS = {
    "rotations": 6 * JOINT_COUNT, "joints": 3 * JOINT_COUNT, "velocities": 3 * JOINT_COUNT,
    "before": 3 * JOINT_COUNT, "after": 3 * JOINT_COUNT,
    "speed_before": 3 * CHANNELS, "speed_after": 3 * CHANNELS,
    "known": CHANNELS, "known_before": CHANNELS, "known_after": CHANNELS,
    "curves": 2 * len(SPEED_FADES), "time": 6 + 2 * len(_NEAR),
}
_EDGES = np.cumsum([0, *_PARTS.values()])
PARTS: dict[str, slice] = {name: slice(int(a), int(b)) for name, a, b in zip(_PARTS, _EDGES[:-1], _EDGES[1:])}
SIZE = int(_EDGES[-1])


@dataclass(frozen=True, eq=False)
class Layout:
    """Between which keys each channel lies: before, after (B, T, 23) frame numbers, share (B, T, 23) of the way.

    Ahead of its first key and past its last a channel has that key on both sides.
    """

    known: np.ndarray
    before: np.ndarray
    after: np.ndarray
    share: np.ndarray


def lay_out(known: np.ndarray) -> Layout:
    """Find each channel's keys on both sides; known (B, T, 23) must have one of every channel in every window."""
    frames = known.shape[1]
    at = np.arange(frames)[None, :, None]
    before = np.maximum.accumulate(np.where(known, at, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, at, frames)[:, ::-1], axis=1)[:, ::-1]
    before, after = np.where(before < 0, after, before), np.where(after >= frames, before, after)
    share = (at - before) / np.maximum(after - before, 1)
    return Layout(known, before, after, share)


def _at(values: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """values (B, T, C, n) at frames (B, T, C)."""
    return np.take_along_axis(values, frames[..., None], axis=1)


def interpolate(rotations: np.ndarray, positions: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Straight lines and great arcs between keys: rotations (B, T, 22, 4), positions (B, T, 3)."""
    joints = slice(0, JOINT_COUNT)
    turned = slerp(_at(rotations, layout.before[..., joints]), _at(rotations, layout.after[..., joints]),
                   layout.share[..., joints])
    a, b = (np.take_along_axis(positions, keys[..., JOINT_COUNT:], axis=1) for keys in (layout.before, layout.after))
    moved = a + (b - a) * layout.share[..., JOINT_COUNT:]
    return turned, moved


def headings(rotations: np.ndarray) -> np.ndarray:
    """(B, T) radians by which the hips of (B, T, 22, 4) are turned about the vertical."""
    hips = rotations[..., 0, :]
    return 2.0 * np.arctan2(hips[..., 3], hips[..., 0])


def turn_about_z(vectors: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Vectors (..., N, 3) turned by angles (...) in radians."""
    cos, sin = np.cos(angle)[..., None], np.sin(angle)[..., None]
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y, vectors[..., 2]], axis=-1)


def rotation_vector(q: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4) to axis times angle (..., 3), the shorter way."""
    q = np.where(q[..., :1] < 0.0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    return q[..., 1:] * np.where(sine > 1e-7, 2.0 * np.arctan2(sine, q[..., :1]) / np.maximum(sine, 1e-7), 2.0)


def turned_by(q: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Quaternions (..., 4) turned on, about their own axes, by rotation vectors (..., 3)."""
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    axis = vector * (0.5 * np.sinc(angle / (2.0 * np.pi)))
    return normalise(quat_multiply(q, np.concatenate([np.cos(angle / 2.0), axis], axis=-1)))


@dataclass(frozen=True, eq=False)
class Told:
    """A window as the network gets it: interpolated rotations and positions, heading (B, T), features (B, T, SIZE)."""

    layout: Layout
    rotations: np.ndarray
    positions: np.ndarray
    heading: np.ndarray
    features: np.ndarray


def tell(rotations: np.ndarray, positions: np.ndarray, known: np.ndarray, poses: np.ndarray | None = None) -> Told:
    """Interpolate and gather the features of windows; shapes as in the module's own words.

    poses: (B, T) the frames from which time is reckoned and whose joints are shown as the poses before and after; None
    for all on which anything is keyed. With whole poses alone the network passes a key of one arm without a jerk.
    """
    batch, frames = known.shape[:2]
    layout = lay_out(known)
    turned, moved = interpolate(rotations, positions, layout)
    heading = headings(turned)
    _, places = forward_kinematics(CANONICAL, turned.reshape(-1, JOINT_COUNT, 4), moved.reshape(-1, 3))
    places = places.reshape(batch, frames, JOINT_COUNT, 3)
    ground = moved * [1.0, 1.0, 0.0]

    def seen(points: np.ndarray) -> np.ndarray:
        """World points (B, T, N, 3) from the ground under the hips, turned to face -Y."""
        return turn_about_z(points - ground[:, :, None], -heading)

    matrices = matrix_from_quat(turned)
    cos, sin = np.cos(-heading), np.sin(-heading)
    zero, one = np.zeros_like(cos), np.ones_like(cos)
    upright = np.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one], axis=-1).reshape(batch, frames, 3, 3)
    matrices[:, :, 0] = upright @ matrices[:, :, 0]

    between = lay_out((known.any(axis=-1) if poses is None else poses)[..., None])
    last, following = between.before, between.after
    far_places = [np.take_along_axis(places, keys[..., None], axis=1) for keys in (last, following)]
    velocity = np.gradient(places, axis=1) if frames > 1 else np.zeros_like(places)
    speed_before, speed_after = _speeds_at_keys(rotations, positions, layout, turned, moved, heading)
    frame = np.arange(frames)[None, :, None]
    since, until = (np.minimum(np.abs(gap), _LONGEST).astype(np.float64) for gap in (frame - last, following - frame))
    length = np.maximum(since + until, 1.0)
    share = since / length
    time = [share, share * (1.0 - share) * 4.0, np.log1p(since) / 3.0, np.log1p(until) / 3.0, np.log1p(length) / 3.0,
            ((since > 0) & (until > 0)).astype(float)]
    time += [np.exp(-gap / near) for near in _NEAR for gap in (since, until)]
    parts = {
        "rotations": matrices[..., :2].swapaxes(-1, -2), "joints": seen(places),
        "velocities": turn_about_z(velocity, -heading) * FPS,
        "before": seen(far_places[0]), "after": seen(far_places[1]),
        "speed_before": speed_before, "speed_after": speed_after,
        "known": known, "known_before": np.take_along_axis(known, np.repeat(last, CHANNELS, 2), axis=1),
        "known_after": np.take_along_axis(known, np.repeat(following, CHANNELS, 2), axis=1),
        "curves": _speed_curves(since, until), "time": np.concatenate(time, axis=-1),
    }
    features = np.empty((batch, frames, SIZE), dtype=np.float32)
    for name, part in parts.items():
        features[..., PARTS[name]] = part.reshape(batch, frames, -1)
    return Told(layout, turned, moved, heading, features)


def _speed_curves(since: np.ndarray, until: np.ndarray) -> np.ndarray:
    """(B, T, 4) how many frames' worth of a key's own speed the body has gone beyond interpolation: Hermite's cubic,
    fading. First from the key before at each rate, then (negative) to the key after."""
    share = since / np.maximum(since + until, 1.0)
    start = [since * (1.0 - share) ** 2 * np.exp(-since / fade) for fade in SPEED_FADES]
    end = [-until * share ** 2 * np.exp(-until / fade) for fade in SPEED_FADES]
    return np.concatenate([*start, *end], axis=-1)


def _speeds_at_keys(rotations: np.ndarray, positions: np.ndarray, layout: Layout, turned: np.ndarray,
                    moved: np.ndarray, heading: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much quicker than interpolation each channel is at the keys on both sides, a frame: (B, T, 23, 3) twice.

    Rotation vectors, and metres as the body is turned. Zero where two frames running are not known, so that there is
    no speed.
    """
    known, frames = layout.known, layout.known.shape[1]
    both = known[:, 1:] & known[:, :-1]
    step = np.zeros((*known.shape, 3))  # from the frame before
    step[:, 1:, :JOINT_COUNT] = rotation_vector(quat_multiply(quat_inverse(turned[:, :-1]), turned[:, 1:]))
    step[:, 1:, JOINT_COUNT] = moved[:, 1:] - moved[:, :-1]
    able = np.zeros(known.shape, dtype=bool)
    able[:, 1:] = both
    outside = ~known & (layout.after > layout.before)
    # within a gap interpolation moves evenly: its step there is that of its first frame
    first = np.minimum(layout.before + 1, frames - 1)
    even = _at(step, first)
    before = _at(step, layout.before) - even
    after = _at(step, np.minimum(layout.after + 1, frames - 1)) - even
    before *= (outside & np.take_along_axis(able, layout.before, axis=1))[..., None]
    later = layout.after + 1
    ahead = np.take_along_axis(able, np.minimum(later, frames - 1), axis=1) & (later < frames)
    after *= (outside & ahead)[..., None]
    for part in (before, after):
        part[:, :, JOINT_COUNT] = turn_about_z(part[:, :, JOINT_COUNT:], -heading)[:, :, 0]
    return before, after
