# SPDX-License-Identifier: GPL-3.0-or-later
"""Between rotations and the values of Blender's channels, in every rotation mode, without jumps."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from .rotations import (
    IDENTITY,
    euler_continuous,
    euler_to_quat,
    normalise,
    quat_continuous,
    quat_from_axis_angle,
    quat_to_euler,
)
from .tracks import Curve, Extra, Track, Tracks

_PROPERTIES = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


def rotation_property(mode: str) -> str:
    """Blender's property for a rotation mode: "rotation_quaternion" for "QUATERNION"."""
    return _PROPERTIES.get(mode, "rotation_euler")


def rotation_values(quaternions: np.ndarray, mode: str, like: np.ndarray | None = None) -> np.ndarray:
    """Channel values (T, ..., n) that do unit quaternions (T, ..., 4), frames along axis 0, as continuous as can be.

    n is 4 for "QUATERNION" (w x y z) and "AXIS_ANGLE" (angle, x, y, z), 3 for an order of Euler angles (x y z, whatever
    the order). like: (T, ..., n) values to which they are to be the nearest of all that mean the same.
    """
    values = _continuous(quaternions, mode)
    return values if like is None else _nearest(values, mode, like)


def _continuous(quaternions: np.ndarray, mode: str) -> np.ndarray:
    quaternions = quat_continuous(quaternions)
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        rows = quaternions.reshape(len(quaternions), -1, 4)
        return np.stack([_axis_angle(rows[:, i]) for i in range(rows.shape[1])], axis=1).reshape(quaternions.shape)
    # Blender's "XYZ" turns about X first, so it is Rz @ Ry @ Rx; the values stand in the order x, y, z all the same
    order = mode[::-1]
    return euler_continuous(quat_to_euler(quaternions, order))[..., [order.index(axis) for axis in "XYZ"]]


def _nearest(values: np.ndarray, mode: str, like: np.ndarray) -> np.ndarray:
    """Of the values (..., n) that mean the same rotations those that are nearest to others."""
    if mode == "QUATERNION":
        return np.where(np.sum(values * like, axis=-1, keepdims=True) < 0.0, -values, values)
    if mode == "AXIS_ANGLE":
        flipped = np.sum(values[..., 1:] * like[..., 1:], axis=-1, keepdims=True) < 0.0
        values = np.where(flipped, -values, values)
        turns = np.round((like[..., :1] - values[..., :1]) / (2.0 * np.pi))
        return np.concatenate([values[..., :1] + 2.0 * np.pi * turns, values[..., 1:]], axis=-1)
    middle = "XYZ".index(mode[1])
    other = values + np.pi
    other[..., middle] = np.pi - values[..., middle]
    same, other = (each + 2.0 * np.pi * np.round((like - each) / (2.0 * np.pi)) for each in (values, other))
    nearer = [np.abs(each - like).sum(axis=-1, keepdims=True) for each in (same, other)]
    return np.where(nearer[1] < nearer[0], other, same)


def rotation_quaternions(values: np.ndarray, mode: str) -> np.ndarray:
    """The unit quaternions (..., 4) that Blender makes of channel values (..., n); n as in rotation_values."""
    values = np.asarray(values, dtype=np.float64)
    if mode == "QUATERNION":
        zero = np.linalg.norm(values, axis=-1, keepdims=True) < 1e-12
        return normalise(np.where(zero, IDENTITY, values))
    if mode == "AXIS_ANGLE":
        axis = values[..., 1:]
        no_axis = np.linalg.norm(axis, axis=-1) < 1e-12
        return quat_from_axis_angle(normalise(axis), np.where(no_axis, 0.0, values[..., 0]))
    order = mode[::-1]
    return euler_to_quat(values[..., ["XYZ".index(axis) for axis in order]], order)


def _axis_angle(q: np.ndarray) -> np.ndarray:
    """Continuous quaternions (T, 4) as continuous rows (T, 4) of angle, x, y, z.

    The axis may not flip and the angle not jump between frames: where the rotation passes through none the axis
    stays on its side and the angle changes sign instead.
    """
    sine = np.linalg.norm(q[:, 1:], axis=1)
    known = np.flatnonzero(sine > 1e-6)
    if len(known) == 0:
        return np.tile([0.0, 0.0, 1.0, 0.0], (len(q), 1))
    # a rotation of next to nothing has the axis of the frame before it
    source = known[np.maximum(np.searchsorted(known, np.arange(len(q)), side="right") - 1, 0)]
    axis = q[source, 1:] / sine[source, None]
    flips = np.where(np.sum(axis[1:] * axis[:-1], axis=1) < 0.0, -1.0, 1.0)
    axis[1:] *= np.cumprod(flips)[:, None]
    angle = 2.0 * np.arctan2(np.sum(q[:, 1:] * axis, axis=1), q[:, 0])
    return np.column_stack([np.unwrap(angle), axis])


def property_of(track: Track, what: str) -> str:
    """Blender's property for a track's "location" or "rotation"."""
    return "location" if what == "location" else rotation_property(track.mode)


def still_channels(track: Track, what: str) -> np.ndarray:
    """(n,) bool, which channels of a track's "location" or "rotation" get no keys."""
    name = property_of(track, what)
    count = 3 if name in ("location", "rotation_euler") else 4
    return np.array([(name, index) in track.still for index in range(count)])


def track_values(track: Track) -> Iterator[tuple[str, np.ndarray]]:
    """ "location" and "rotation", whichever a track has, with Blender's channel values (T, n)."""
    if track.location is not None:
        yield "location", track.location @ track.location_axes.T
    if track.rotation is not None:
        yield "rotation", rotation_values(track.rotation, track.mode, track.values)


def every_frame(tracks: Tracks, start: int, only: Collection[str] | None = None) -> list[Curve]:
    """A key on every frame from `start` on, straight lines between; none for channels that are still.

    only: the bones that get keys, None for all. What never changes beside the bones has one key.
    """
    frames = np.arange(start, start + tracks.frames)
    curves = [Curve(track.bone, property_of(track, what), int(index), frames, values[:, index])
              for track in tracks.bones if only is None or track.bone in only
              for what, values in track_values(track)
              for index in np.flatnonzero(~still_channels(track, what))]
    for extra in tracks.extras:
        for index, values in enumerate(np.atleast_2d(extra.values).T):
            curves.append(extra_curve(extra, index, frames[:len(values)], values))
    return curves


def extra_curve(extra: Extra, index: int, frames: np.ndarray, values: np.ndarray, left: np.ndarray | None = None,
                right: np.ndarray | None = None) -> Curve:
    """The keys of a component of something that is no bone's transform."""
    return Curve(extra.group, "", index, frames, values, left, right, path=extra.path, owner=extra.owner)
