# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion that an action's keys were made of, kept in the action itself, and which of its curves are still as made.
"""

from __future__ import annotations

import json
import zlib

import bpy
import numpy as np

from ..motion.packed_tracks import Motion, pack_tracks, unpack_tracks
from ..motion.tracks import Tracks
from .versions import slotted_fcurves

# Custom properties of an action: the motion, and a fingerprint of each curve.
_MOTION, _KEYS = "galatea_motion", "galatea_motion_keys"
# How far handles may have moved, in units of their curves: Blender itself moves some by a rounding.
_ROUNDING = 1e-3

Place = tuple[str, int]  # data path, component


def keep_motion(action: bpy.types.Action, tracks: Tracks, start: int) -> None:
    """Keep with an action the motion that its keys were just made of."""
    prints = {f"{path} {index}": print_ for (path, index), print_ in _fingerprints(action).items()}
    for name, packed in ((_MOTION, pack_tracks(tracks, start)), (_KEYS, zlib.compress(json.dumps(prints).encode()))):
        if name in action:
            del action[name]  # bytes that are there already would be overwritten up to their first zero alone
        action[name] = packed


def kept_motion(action: bpy.types.Action) -> tuple[Motion | None, set[Place]]:
    """The motion that is kept with an action, and the curves that are as they were made of it; None when there is none
    or it cannot be read."""
    try:
        motion, prints = unpack_tracks(action[_MOTION]), json.loads(zlib.decompress(action[_KEYS]))
        now = _fingerprints(action).items()
        return motion, {place for place, print_ in now if _same(print_, prints.get(f"{place[0]} {place[1]}"))}
    except (KeyError, TypeError, ValueError, zlib.error):
        return None, set()


def _fingerprints(action: bpy.types.Action) -> dict[Place, tuple[int, float]]:
    """By curve: a checksum of what Blender never changes by itself, and a mixture of where the handles are."""
    found = {}
    for _, curve in slotted_fcurves(action):
        keys = curve.keyframe_points
        count = len(keys)
        places, handles = np.empty(2 * count, np.float32), np.empty((2, 2 * count), np.float32)
        kinds = np.empty(count, np.int32)
        keys.foreach_get("co", places)
        keys.foreach_get("interpolation", kinds)
        keys.foreach_get("handle_left", handles[0])
        keys.foreach_get("handle_right", handles[1])
        rest = f"{curve.extrapolation} {len(curve.modifiers)} {curve.mute}".encode()
        weights = np.random.default_rng(count).uniform(0.5, 1.5, handles.shape)
        bent = bool((kinds > 1).any())  # handles mean nothing to straight lines
        found[curve.data_path, curve.array_index] = (
            zlib.crc32(places.tobytes() + kinds.tobytes() + rest),
            float(np.sum(weights * (handles - places))) if bent else 0.0)
    return found


def _same(now: tuple[int, float], then: list | None) -> bool:
    return then is not None and now[0] == then[0] and abs(now[1] - then[1]) < _ROUNDING
