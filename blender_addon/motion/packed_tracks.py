# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion that keys were made of, as few bytes: what tracks say of bones on every frame, without their rig."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .rotations import normalise
from .tracks import Tracks

_FINE = 1 << 20  # steps in a quaternion's unit: a millionth, some thousandths of a millimetre at arm's length


@dataclass(frozen=True, eq=False)
class Motion:
    """start: the first frame. rotations, locations: by bone (T, 4) and (T, 3), as in Track, but a location by the
    values of its channels. contacts, feet: as in Tracks."""

    start: int
    rotations: Mapping[str, np.ndarray]
    locations: Mapping[str, np.ndarray]
    contacts: np.ndarray | None
    feet: tuple[str, str, str, str]

    @property
    def frames(self) -> int:
        """T."""
        return next(map(len, (*self.rotations.values(), *self.locations.values())), 0)


def pack_tracks(tracks: Tracks, start: int) -> bytes:
    """What a Motion says, compressed: about 60 kB for 8 seconds of 22 bones at 30 frames a second."""
    turned = [track for track in tracks.bones if track.rotation is not None]
    moved = [track for track in tracks.bones if track.location is not None]
    about = {
        "start": start, "frames": tracks.frames, "feet": tracks.feet, "contacts": tracks.contacts is not None,
        "turned": [track.bone for track in turned], "moved": [track.bone for track in moved],
    }
    steps = np.round(_FINE * _stacked([track.rotation for track in turned], tracks.frames, 4)).astype(np.int32)
    steps[1:] = np.diff(steps, axis=0)  # small numbers, of which the upper bytes are alike
    parts = [
        np.moveaxis(steps[..., None].view(np.uint8), -1, 0).tobytes(),
        _stacked([track.location @ track.location_axes.T for track in moved], tracks.frames, 3)
        .astype(np.float32).tobytes(),
        b"" if tracks.contacts is None else np.packbits(np.asarray(tracks.contacts, dtype=bool)).tobytes(),
    ]
    return zlib.compress(b"\n".join([json.dumps(about).encode(), b"".join(parts)]), 6)


def unpack_tracks(packed: bytes) -> Motion:
    """The motion again; ValueError for bytes that pack_tracks() did not make."""
    try:
        head, _, body = zlib.decompress(packed).partition(b"\n")
        about = json.loads(head)
        frames, turned, moved = about["frames"], about["turned"], about["moved"]
        first, second = 16 * frames * len(turned), 12 * frames * len(moved)
        planes = np.frombuffer(body[:first], np.uint8).reshape(4, frames, len(turned), 4)
        steps = np.moveaxis(planes, 0, -1).copy().view(np.int32)[..., 0]
        rotations = normalise(np.cumsum(steps, axis=0, dtype=np.int64) / _FINE)
        locations = np.frombuffer(body[first:first + second], np.float32).reshape(frames, len(moved), 3).astype(float)
        contacts = None
        if about["contacts"]:
            bits = np.unpackbits(np.frombuffer(body[first + second:], np.uint8))
            contacts = bits[:4 * frames].reshape(frames, 4).astype(bool)
        return Motion(about["start"], {bone: rotations[:, i] for i, bone in enumerate(turned)},
                      {bone: locations[:, i] for i, bone in enumerate(moved)}, contacts, tuple(about["feet"]))
    except (zlib.error, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no motion is packed in this: {error}") from error


def _stacked(rows: list[np.ndarray], frames: int, width: int) -> np.ndarray:
    """(T, B, width)"""
    return np.stack(rows, axis=1) if rows else np.zeros((frames, 0, width))
