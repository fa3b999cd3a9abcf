# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing feet for an action that is there: a copy of it with other keys where legs and hips change."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ..errors import ClipError, GalateaError
from ..motion.clip import Clip
from ..motion.contacts import find_standing
from ..motion.foot_lock import EASE, lock_feet
from ..motion.requests import FeetRequest
from ..motion.rotations import quat_continuous, slerp
from ..motion.slices import within
from ..motion.tracks import Track, Tracks
from ..rig.rig_map import RigMap
from .applying import curves_in_slices
from .holding import held
from .keys import bind_kept, replace_curves
from .posing import clip_tracks
from .reading import action_frames, read_in_slices

_MOVED, _TURNED = 1e-5, 1e-5  # of leg length; of a quaternion: less is no change


@dataclass(frozen=True, eq=False)
class Locked:
    """The new action's name, the bones that got new keys, figures, notes, and how many frames there are."""

    action: str
    bones: tuple[str, ...]
    figures: Mapping[str, float]
    notes: tuple[str, ...]
    frames: int


def lock_in_slices(armature: Callable[[], bpy.types.Object], rig: RigMap, request: FeetRequest
                   ) -> Generator[float, None, Locked]:
    """Lock the feet of the armature's action in a copy of it, which becomes the active one.

    Only bones that have to move otherwise get new keys, over the whole action; every other curve is the old one's.
    """
    first, last = action_frames(armature())
    if armature().animation_data.use_tweak_mode:
        raise GalateaError(f"{armature().name} is in NLA tweak mode; leave it (Tab in the NLA editor) and try again")
    own = yield from within(read_in_slices(armature, rig, first, last), 0.0, 0.3)
    found = lock_feet(own, _wanted(own, first, request))
    if not found.contacts.any():
        raise ClipError(f"no foot stands in {armature().animation_data.action.name}; there is nothing to lock")
    yield 0.4
    before = clip_tracks(armature(), rig, own, request.controls)
    mended = replace(_within(own, found.clip, first, request), contacts=found.contacts)
    after = clip_tracks(armature(), rig, mended, request.controls)
    changed = _changed(before, after, rig.leg_length)
    yield 0.5
    curves, figures = yield from within(curves_in_slices(after, request, first), 0.5, 0.5)
    curves = [curve for curve in curves if curve.bone in changed]
    figures |= {"keys": sum(len(curve.frames) for curve in curves), "keys_every_frame": own.frames * len(curves),
                "foot_skate_before_cm_per_s": found.skate_before, "foot_skate_cm_per_s": found.skate_after}
    old = armature().animation_data.action
    copy = held(old.copy())
    try:
        copy().name = f"{old.name} feet"
        replace_curves(copy(), curves)
        for name, value in figures.items():
            copy()[f"galatea_figure_{name}"] = value
        bind_kept(armature(), copy())
    except BaseException:
        with suppress(GalateaError):
            bpy.data.actions.remove(copy())
        raise
    return Locked(copy().name, tuple(changed), figures, (*rig.notes, *after.notes), last - first + 1)


def _wanted(clip: Clip, first: int, request: FeetRequest) -> np.ndarray:
    """(T, 4) who stands when, nobody outside the frames that were asked for."""
    contacts = find_standing(clip)
    frames = np.arange(first, first + clip.frames)
    if request.first is not None:
        contacts[frames < request.first] = False
    if request.last is not None:
        contacts[frames > request.last] = False
    return contacts


def _within(own: Clip, locked: Clip, first: int, request: FeetRequest) -> Clip:
    """The locked clip in the frames that were asked for and its own beyond, each easing into the other."""
    if request.first is None and request.last is None:
        return locked
    frames = np.arange(first, first + own.frames)
    begins = first if request.first is None else request.first
    ends = first + own.frames if request.last is None else request.last
    outside = np.maximum(np.maximum(begins - frames, frames - ends), 0) / (EASE * own.fps)
    share = np.clip(1.0 - outside, 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share)
    rotations = slerp(own.rotations, locked.rotations, np.broadcast_to(share[:, None], own.rotations.shape[:2]))
    positions = own.positions + share[:, None] * (locked.positions - own.positions)
    return replace(locked, rotations=quat_continuous(rotations), positions=positions)


def _changed(before: Tracks, after: Tracks, leg: float) -> list[str]:
    """The bones that do something else than before."""
    return [new.bone for old, new in zip(before.bones, after.bones) if _differ(old, new, leg)]


def _differ(old: Track, new: Track, leg: float) -> bool:
    moved = new.location is not None and np.abs(new.location - old.location).max() > _MOVED * leg
    turned = new.rotation is not None and np.abs(np.abs(np.sum(new.rotation * old.rotation, axis=1)) - 1).max() > (
        _TURNED ** 2)
    return bool(moved or turned)
