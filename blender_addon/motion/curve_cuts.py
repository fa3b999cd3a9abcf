# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of fitted F-curves, to be put between keys that are there and stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .bezier_fit import between
from .tracks import Curve, Track, Tracks


def cut_tracks(tracks: Tracks, first: int, stop: int) -> Tracks:
    """Rows first to stop of tracks, the last one left out; without what else takes keys."""

    def rows(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[first:stop]

    def cut(track: Track) -> Track:
        return replace(track, rotation=rows(track.rotation), location=rows(track.location))

    return replace(tracks, bones=tuple(map(cut, tracks.bones)), contacts=rows(tracks.contacts), extras=())


def cut_curve(curve: Curve, first: int, last: int) -> Curve:
    """The same curve from one frame to another, with a key on both.

    A segment whose handles reach a third of the way is a cubic in time, and so is any part of it: value and slope at
    both ends say all.
    """
    frames = np.asarray(curve.frames, dtype=np.float64)
    inside = (frames > first + 1e-6) & (frames < last - 1e-6)
    ends = np.array([first] if last <= first else [first, last], dtype=np.float64)
    if curve.left is None:
        return replace(curve, frames=_joined(ends, frames[inside]),
                       values=_joined(np.interp(ends, frames, curve.values), curve.values[inside]))
    before, after = _slopes(curve)
    values, slopes = _at(frames, curve.values, before, after, ends)
    at = _joined(ends, frames[inside])
    made = _joined(values, curve.values[inside])
    arriving, leaving = _joined(slopes, before[inside]), _joined(slopes, after[inside])
    reach = np.diff(at) / 3.0 if len(at) > 1 else np.ones(1) / 3.0
    to_left, to_right = np.append(reach[0], reach)[:len(at)], np.append(reach, reach[-1])[-len(at):]
    return replace(curve, frames=at, values=made, left=np.column_stack([at - to_left, made - arriving * to_left]),
                   right=np.column_stack([at + to_right, made + leaving * to_right]))


def changed(curve: Curve, scale: float, offset: float) -> Curve:
    """The curve with values times a scale plus an offset."""

    def handles(there: np.ndarray | None) -> np.ndarray | None:
        return None if there is None else there * [1.0, scale] + [0.0, offset]

    return replace(curve, values=curve.values * scale + offset, left=handles(curve.left), right=handles(curve.right))


def _joined(ends: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """What is between the ends put between them."""
    return np.concatenate([ends[:1], inside, ends[1:]])


def _slopes(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """(K,) twice: value a frame with which the curve comes to its keys, and with which it leaves them."""
    points = np.column_stack([curve.frames, curve.values])
    before, after = points - curve.left, curve.right - points
    return tuple(way[:, 1] / np.maximum(way[:, 0], 1e-9) for way in (before, after))


def _at(frames: np.ndarray, values: np.ndarray, before: np.ndarray, after: np.ndarray, at: np.ndarray
        ) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes at (n,) moments; a curve goes on level outside of its keys."""
    if len(frames) == 1:
        return np.full(len(at), values[0]), np.zeros(len(at))
    of = np.clip(np.searchsorted(frames, at, side="right") - 1, 0, len(frames) - 2)
    length = frames[of + 1] - frames[of]
    u = np.clip((at - frames[of]) / length, 0.0, 1.0)
    a, b, c, d = between(u, length)
    made = a * values[of] + b * after[of] + c * values[of + 1] + d * before[of + 1]
    v = 1.0 - u
    down = -6.0 * u * v / length
    slopes = down * (values[of] - values[of + 1]) + v * (v - 2.0 * u) * after[of] + u * (u - 2.0 * v) * before[of + 1]
    return made, slopes
