# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing feet for an action that is there: a copy of it with other keys where legs and hips change."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
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
from ..motion.tracks import Curve, Track, Tracks
from ..rig.rig_map import RigMap
from .applying import curves_in_slices
from .holding import held
from .keys import bind_all, data_path, replace_curves
from .posing import clip_tracks
from .reading import action_frames, read_in_slices
from .versions import fcurves, new_action

# what feet have no say in, though locked channels there may be written another way
_ABOVE = ("Spine1", "Spine2", "Neck", "Head", *(side + part for side in ("Left", "Right")
                                                for part in ("Shoulder", "Arm", "ForeArm", "Hand")))
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
    first, last = action_frames(armature(), whole=True)
    if armature().animation_data.use_tweak_mode:
        raise GalateaError(f"{armature().name} is in NLA tweak mode; leave it (Tab in the NLA editor) and try again")
    own = yield from within(read_in_slices(armature, rig, first, last), 0.0, 0.3)
    found = lock_feet(own, _wanted(own, first, request))
    if not found.contacts.any():
        frames = f"frames {request.first or first}-{request.last or last} of "
        raise ClipError(f"no foot stands in {frames}{armature().animation_data.action.name}; there is nothing to lock")
    yield 0.4
    # limbs are keyed the way they are switched, else keys would be added that nothing looks at
    wish = "now" if request.controls == "auto" else request.controls
    before = clip_tracks(armature(), rig, own, wish)
    yield 0.45
    mended = replace(_within(own, found.clip, first, request), contacts=found.contacts)
    after = clip_tracks(armature(), rig, mended, wish)
    above = {("", rig.bones[joint]) for joint in _ABOVE if joint in rig.bones}
    yield 0.5
    changed = _changed(before, after, rig.leg_length) - above
    bones = {name for owner, name in changed if not owner}
    curves, figures = yield from within(curves_in_slices(after, request, first, bones), 0.5, 0.5)
    curves = [curve for curve in curves if (curve.owner, curve.path or curve.bone) in changed]
    figures |= {"keys": sum(len(curve.frames) for curve in curves), "keys_every_frame": own.frames * len(curves),
                "foot_skate_before_cm_per_s": found.skate_before, "foot_skate_cm_per_s": found.skate_after}
    _check_plain(armature(), curves)
    name = _write(armature(), curves, figures)
    bones = tuple(dict.fromkeys(curve.bone for curve in curves))
    return Locked(name, bones, figures, (*rig.notes, *after.notes), last - first + 1)


def _check_plain(armature: bpy.types.Object, curves: Sequence[Curve]) -> None:
    """GalateaError for a curve that would lose its modifiers."""
    wanted = {(data_path(curve), curve.index) for curve in curves if not curve.owner}
    for curve in fcurves(armature.animation_data.action):
        if (curve.data_path, curve.array_index) in wanted and any(not modifier.mute for modifier in curve.modifiers):
            raise GalateaError(f"the curve {curve.data_path} has modifiers, which new keys would not follow; bake or "
                               "remove them first")


def _write(armature: bpy.types.Object, curves: Sequence[Curve], figures: Mapping[str, float]) -> str:
    """Put curves into copies of the actions of the armature and of its targets, and bind those; the new one's name."""
    made: list[tuple[bpy.types.Object, Callable[[], bpy.types.Action]]] = []
    try:
        for name in ("", *sorted({curve.owner for curve in curves} - {""})):
            owner = bpy.context.scene.objects[name] if name else armature
            old = owner.animation_data.action if owner.animation_data else None
            copy = held(old.copy() if old else new_action(owner, f"{owner.name} feet"))
            made.append((owner, copy))
            copy().name = f"{old.name if old else owner.name} feet"
            replace_curves(copy(), [curve for curve in curves if curve.owner == name])
        for figure, value in figures.items():
            made[0][1]()[f"galatea_figure_{figure}"] = value
        bind_all([(owner, copy()) for owner, copy in made])
    except BaseException:
        for _, copy in made:
            with suppress(GalateaError):
                bpy.data.actions.remove(copy())
        raise
    return made[0][1]().name


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


def _changed(before: Tracks, after: Tracks, leg: float) -> set[tuple[str, str]]:
    """What does something else than before: (other object or "", bone or data path)."""
    tracks = {track.bone: track for track in before.bones}
    extras = {(extra.owner, extra.path): extra.values for extra in before.extras}
    changed = {("", track.bone) for track in after.bones
               if track.bone not in tracks or _differ(tracks[track.bone], track, leg)}
    return changed | {(extra.owner, extra.path) for extra in after.extras
                      if not np.array_equal(extras.get((extra.owner, extra.path)), extra.values)}


def _differ(old: Track, new: Track, leg: float) -> bool:
    if (old.location is None) != (new.location is None) or (old.rotation is None) != (new.rotation is None):
        return True
    moved = new.location is not None and np.abs(new.location - old.location).max() > _MOVED * leg
    turned = new.rotation is not None and np.abs(np.abs(np.sum(new.rotation * old.rotation, axis=1)) - 1).max() > (
        _TURNED ** 2)
    return bool(moved or turned)
