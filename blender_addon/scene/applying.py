# SPDX-License-Identifier: GPL-3.0-or-later
"""From a clip to a take on a rig: fitted to its body, its feet held, its travel where it is wanted, its keys few."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np

from ..errors import RigError
from ..motion.channels import every_frame
from ..motion.clip import Clip
from ..motion.contacts import find_standing, foot_positions, speeds, standing_heights
from ..motion.continuing import lock_feet_after
from ..motion.drifting import without_drift
from ..motion.foot_lock import lock_feet
from ..motion.hand_clearance import keep_hands_clear
from ..motion.inertialising import inertialise
from ..motion.key_reduction import reduce_slices
from ..motion.looping import meet_ends
from ..motion.placing import in_place
from ..motion.requests import KeyOptions
from ..motion.resampling import resample
from ..motion.slices import within
from ..motion.tracks import Tracks
from ..rig.retargeting import fit_to_rig
from ..rig.rig_map import RigMap
from .flesh import read_flesh
from .keys import Take, scene_fps
from .posing import clip_tracks
from .rigs import read_map_for, read_rig
from .root_path import root_track

Slices = Generator[float, None, Any]
_BODY = 0.8
_FLOOR = 0.01  # metres
_LOW, _QUICK = 0.03, 0.5  # metres, metres a second: a foot on a treadmill


@dataclass(frozen=True, eq=False)
class Applied:
    """A take, and figures of how it was made: keys, how many there would be on every frame, millimetres by which any
    joint is off, foot sliding before and after in cm/s."""

    take: Take
    figures: Mapping[str, float]
    notes: tuple[str, ...]


def read_rig_with(armature: bpy.types.Object, options: KeyOptions) -> RigMap:
    """The rig by the options' map file, else as the armature has it stored; RigError when it is not in order."""
    bpy.context.view_layer.update()  # a script may have moved or scaled it just now
    rig = read_rig(armature, read_map_for(armature, options.bone_map) if options.bone_map else None)
    if abs(armature.matrix_world.to_3x3().determinant()) < 1e-12:
        raise RigError(f"{armature.name} is scaled to nothing; give it a size")
    return rig


def apply_in_slices(armature: Callable[[], bpy.types.Object], rig: RigMap, clip: Clip, options: KeyOptions, name: str,
                    start: int, loop: bool = False, about: Mapping[str, Any] | None = None, before: Clip | None = None
                    ) -> Slices:
    """Make a take of a clip on the canonical skeleton, at the scene's rate; yields the share done, returns Applied.

    armature: returns the object, or raises when it is gone. clip: with contacts, else they are found in it. about: what
    is kept with the action. before: what the rig does until then, on its own skeleton at the scene's rate, its last
    frame at `start`; the take then begins in that pose. Nothing in the scene is changed.
    """
    clip = resample(clip, scene_fps())
    clip, rose = without_drift(clip) if options.feet else (clip, 0.0)
    fitted = fit_to_rig(clip, rig)
    if before is not None:
        fitted = inertialise(fitted, before)
    figures: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    if rose:
        notes = (f"its floor {'rose' if rose > 0.0 else 'sank'} by {abs(100.0 * rose):.0f} cm while feet stood on it; "
                 "that was taken out",)
    yield 0.02
    if options.feet and _on_treadmill(clip):
        notes = (*notes, "in place, as on a treadmill: feet that stand go backwards, and were left so")
    elif options.feet:
        # who stands is seen best on the body that the clip was made for
        contacts = find_standing(clip) if clip.contacts is None else clip.contacts
        floor = _floor(clip, contacts)
        locked = (lock_feet(fitted, contacts, floor) if before is None else
                  lock_feet_after(before, fitted, contacts, floor))
        fitted = replace(locked.clip, contacts=locked.contacts)
        if before is not None:
            fitted = inertialise(fitted, before)
        fitted = meet_ends(fitted) if loop else fitted
        figures |= {"foot_skate_before_cm_per_s": locked.skate_before, "foot_skate_cm_per_s": locked.skate_after}
        yield 0.1
    flesh = read_flesh(armature(), rig) if options.hands else None
    if flesh is not None:
        yield 0.13
        clear = keep_hands_clear(fitted, flesh, loop)
        figures |= {"hand_depth_before_cm": round(100.0 * clear.depth_before, 2),
                    "hand_depth_cm": round(100.0 * clear.depth, 2)}
        if clear.clip is not fitted:
            notes = (*notes, f"hands kept clear of the hips: arms turned by {clear.turned:.0f} degrees at most")
            fitted = clear.clip if before is None else inertialise(clear.clip, before)
        yield 0.16
    travelling = fitted
    if options.in_place or options.root == "own":
        fitted = in_place(fitted, loop)
    tracks = clip_tracks(armature(), rig, fitted, options.controls)
    yield 0.2
    split = options.root == "own" and not options.in_place
    notes = (*rig.notes, *notes, *tracks.notes)
    beside = sorted({extra.owner for extra in tracks.extras} - {""})
    if split and beside:
        split, notes = False, (*notes, f"the travel is in the hips: {', '.join(beside)} would be left behind")
        tracks = clip_tracks(armature(), rig, travelling, options.controls)
    share = _BODY if split else 1.0  # of the tolerance, which the way takes a part of
    keying = curves_in_slices(tracks, replace(options, tolerance=share * options.tolerance), start)
    curves, told = yield from within(keying, 0.2, 0.7)
    if split:
        root = _travel(armature(), rig, travelling.positions[:, :2] - fitted.positions[:, :2], tracks)
        rest = replace(options, tolerance=(1.0 - share) * options.tolerance)
        more, besides = yield from within(curves_in_slices(root, rest, start), 0.9, 0.1)
        curves, told = curves + more, {name: value + besides[name] for name, value in told.items()}
        tracks = replace(tracks, bones=(*tracks.bones, *root.bones))
    figures |= told
    return Applied(Take(name, curves, loop, dict(about or {}), start, tracks.frames, tracks), figures, notes)


def _travel(armature: bpy.types.Object, rig: RigMap, path: np.ndarray, tracks: Tracks) -> Tracks:
    """Tracks for the way alone. The object's own location is in the space of its parent, not in that of its bones."""
    root, above = root_track(armature, rig, path), armature.parent
    outside = 1.0 if above is None else float(np.cbrt(abs(above.matrix_world.determinant())))
    return Tracks((root,), tracks.fps, tracks.unit if root.bone else outside)


def _on_treadmill(clip: Clip) -> bool:
    """Whether somebody walks without getting anywhere: what is low is quick, and the hips are not."""
    feet = foot_positions(clip)
    low = feet[..., 2] - standing_heights(clip.skeleton) < _LOW
    quick = speeds(feet, clip.fps)
    hips = speeds(clip.positions[:, None] * [1.0, 1.0, 0.0], clip.fps)
    return bool(low.any() and np.median(quick[low]) > _QUICK and np.median(hips) < 0.5 * _QUICK)


def _floor(clip: Clip, contacts: np.ndarray) -> float:
    """Height in metres of the floor that a clip was made for: where its feet stand, if that is all but zero.

    Nobody sees a centimetre, and a body need not be lowered for it.
    """
    height = (foot_positions(clip)[..., 2] - standing_heights(clip.skeleton)).reshape(-1, 2, 2).min(axis=2)
    standing = contacts[:, 0::2] | contacts[:, 1::2]
    return float(np.clip(np.median(height[standing]), -_FLOOR, _FLOOR)) if standing.any() else 0.0


def curves_in_slices(tracks: Tracks, options: KeyOptions, start: int, only: Collection[str] | None = None,
                     pins: Mapping[tuple[str, str], np.ndarray] | None = None) -> Slices:
    """The keys of tracks as the options want them; yields the share done, returns (curves, figures).

    only: the bones that get keys, while others do exactly what their tracks say; None for all. pins: see reduce_slices.
    """
    if options.keys == "every":
        curves = every_frame(tracks, start, only)
        count = sum(len(curve.frames) for curve in curves)
        return list(curves), {"keys": count, "keys_every_frame": count, "key_error_mm": 0.0}
    reduced = yield from reduce_slices(tracks, options.tolerance, start, only, pins)
    return list(reduced.curves), {"keys": reduced.keys, "keys_every_frame": reduced.keys_every_frame,
                                  "key_error_mm": reduced.error_mm}
