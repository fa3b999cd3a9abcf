# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that keys belong on because something happens there: a swing turns back, a foot comes down or leaves."""

from __future__ import annotations

import numpy as np

from .rotations import normalise, quat_continuous, quat_inverse, quat_multiply
from .track_kinematics import upward
from .tracks import Tracks

_SPAN = 0.2  # seconds on either side in which a turning point is the outermost
_STANDING = 0.2  # the share of the tolerance that a foot that stands may be off, and the bones that carry it


def turning_points(values: np.ndarray, least: np.ndarray, fps: float) -> np.ndarray:
    """(R, T) where values (R, T) are highest or lowest for a while, by at least `least` (R,) beyond both sides."""
    span = max(2, round(_SPAN * fps))
    found = np.zeros(values.shape, dtype=bool)
    for signed in (values, -values):
        backward = signed[:, ::-1]
        top = (signed >= _highest(signed, span)) & (signed >= _highest(backward, span)[:, ::-1])
        lower_sides = np.maximum(-_highest(-signed, span), -_highest(-backward, span)[:, ::-1])
        found |= top & (signed - lower_sides > least[:, None])
    found[:, 1:] &= ~found[:, :-1]  # of a plateau the first frame
    found[:, [0, -1]] = False
    return found


def _highest(values: np.ndarray, span: int) -> np.ndarray:
    """The highest of each frame and the `span` frames after it, along the last axis."""
    frames = values.shape[-1]
    padded = np.pad(values, ((0, 0), (0, span)), mode="edge")
    done = 1
    while done <= span:  # what covers `done` frames and the same further on cover up to twice as many
        step = min(done, span + 1 - done)
        padded[:, :-step] = np.maximum(padded[:, :-step], padded[:, step:])
        done += step
    return padded[:, :frames]


def swing(quaternions: np.ndarray) -> np.ndarray:
    """(R, T) radians: how far rotations (R, T, 4) are turned about the axis about which each row turns most."""
    rows = np.moveaxis(quat_continuous(np.moveaxis(quaternions, 0, 1)), 0, 1)
    away = quat_multiply(quat_inverse(normalise(rows.mean(axis=1)))[:, None], rows)[..., 1:]
    away = 2.0 * (away - away.mean(axis=1, keepdims=True))
    axes = np.linalg.eigh(np.einsum("rti,rtj->rij", away, away))[1]
    return np.einsum("rti,ri->rt", away, axes[..., -1])


def standing(tracks: Tracks) -> tuple[np.ndarray, np.ndarray]:
    """What contacts ask for: (B, T) keys that must be there, (B, T) shares of the tolerance.

    The bones of a leg get keys where the foot comes down and where it leaves. While it stands there is less tolerance
    for it and for the bones above it: what a thigh is off along the shin, the shin cannot make up for.
    """
    shape = (len(tracks.bones), tracks.frames)
    asked, share = np.zeros(shape, dtype=bool), np.ones(shape)
    if tracks.contacts is None:
        return asked, share
    places = {track.bone: place for place, track in enumerate(tracks.bones)}
    lines = [upward(tracks, places[foot]) if foot in places else [] for foot in tracks.feet]
    trunk = set(lines[0] + lines[1]) & set(lines[2] + lines[3])
    for line, stands in zip(lines, np.asarray(tracks.contacts, dtype=bool).T):
        changes = np.flatnonzero(stands[1:] != stands[:-1])
        first_or_last = np.where(stands[changes + 1], changes + 1, changes)  # of the frames on which it stands
        for bone in line:
            share[bone, stands] = _STANDING
            if bone not in trunk:
                asked[bone, first_or_last] = True
    return asked, share

