# SPDX-License-Identifier: GPL-3.0-or-later
"""Other keys for an action that is there, without making its motion again."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import replace

import bpy
import numpy as np

from ..errors import ClipError, GalateaError
from ..motion.channels import every_frame
from ..motion.key_reduction import reduce_slices
from ..motion.slices import within
from ..motion.tracks import Curve, Track, Tracks
from .action_tracks import keyed_frames, read_tracks
from .holding import held
from .kept_motion import keep_motion
from .keys import check_editable, data_path, rewrite_curve
from .versions import Binding, slotted_fcurves

_LONGEST = 100_000  # frames; an action that is longer is a mistake
_NAMED = re.compile(r" (every frame|[\d.e-]+ mm)(\.\d{3})?$")
_BODY = 0.8  # of the tolerance, where the object has a way of its own that takes the rest
_PORTION = 40_000  # keys that are written before others get a turn: some hundredths of a second


def refit_in_slices(armature: bpy.types.Object, tolerance: float | None
                    ) -> Generator[float, None, tuple[bpy.types.Action, Mapping[str, float]]]:
    """Make a new action that does what the armature's action does, and bind it; yields the share done.

    tolerance: millimetres in the scene that joints may be off; None for keys on every frame. Returns the action and
    figures: keys, how many there would be on every frame, millimetres that any joint is off. Curves that move no bone
    or that modifiers change are copied as they are. The old action is kept; after an error, or close(), all is as it
    was.
    """
    check_editable(armature)
    rig, old = held(armature), held(_action(armature))
    first, last = _frames(armature)
    tracks = yield from within(read_tracks(rig, first, last), 0.0, 0.3)
    curves, figures = yield from within(_fit(tracks, tolerance, first), 0.3, 0.5)
    binding = replace(Binding.of(rig()), fresh=False)
    copy = held(old().copy())
    try:
        suffix = "every frame" if tolerance is None else f"{tolerance:g} mm"
        copy().name = f"{_NAMED.sub('', old().name)[:50]} {suffix}"
        yield from within(_rewrite(copy, binding.slot, curves), 0.8, 0.2)
        _describe(copy(), tolerance, figures)
        keep_motion(copy(), _with_own_way(tracks), first)
        check_editable(rig())
        before = Binding.of(rig())
        try:
            replace(binding, number=copy().session_uid).bind(rig())
        except BaseException:
            before.bind(rig())
            raise
    except BaseException:
        with suppress(GalateaError):  # undone meanwhile
            bpy.data.actions.remove(copy())
        raise
    if old().users == 0:
        old().use_fake_user = True
    return copy(), figures


def _action(armature: bpy.types.Object) -> bpy.types.Action:
    animation = armature.animation_data
    if animation is None or animation.action is None:
        raise ClipError(f"{armature.name} has no action; give it one in the Action Editor and try again")
    return animation.action


def _frames(armature: bpy.types.Object) -> tuple[int, int]:
    """The first and the last frame of the armature's action; ClipError in one line when there is nothing to fit."""
    name, frames = armature.animation_data.action.name, keyed_frames(armature)
    if frames is None:
        raise ClipError(f"the action {name} moves no bone of {armature.name}; choose another in the Action Editor")
    if frames[1] - frames[0] > _LONGEST:
        raise ClipError(f"the action {name} is {frames[1] - frames[0]} frames long; shorten it")
    return frames


def _fit(tracks: Tracks, tolerance: float | None, start: int
         ) -> Generator[float, None, tuple[list[Curve], dict[str, float]]]:
    if tolerance is None:
        curves = every_frame(tracks, start)
        count = sum(len(curve.frames) for curve in curves)
        return curves, {"keys": count, "keys_every_frame": count, "key_error_mm": 0.0}
    if tracks.extras:
        own = [replace(extra, reach=extra.reach * _BODY / (1.0 - _BODY)) for extra in tracks.extras]
        tracks, tolerance = replace(tracks, extras=tuple(own)), _BODY * tolerance
    made = yield from reduce_slices(tracks, tolerance, start)
    return made.curves, {"keys": made.keys, "keys_every_frame": made.keys_every_frame, "key_error_mm": made.error_mm}


def _with_own_way(tracks: Tracks) -> Tracks:
    """With the object's own way as a track, as it is kept."""
    ways = [extra.values for extra in tracks.extras if extra.path == "location"]
    own = [Track("", -1, np.eye(4), "", None, way, np.eye(3), np.zeros((0, 3))) for way in ways]
    return replace(tracks, bones=(*tracks.bones, *own))


def _rewrite(action: Callable[[], bpy.types.Action], slot: str, curves: list[Curve]) -> Generator[float, None, None]:
    """Give F-curves of a slot their new keys."""
    left = list(curves)
    while left:
        there = {(curve.data_path, curve.array_index): curve for of, curve in slotted_fcurves(action()) if of == slot}
        written = 0
        while left and written < _PORTION:
            curve = left.pop()
            rewrite_curve(there[data_path(curve), curve.index], curve)
            written += len(curve.frames)
        yield 1.0 - len(left) / len(curves)


def _describe(action: bpy.types.Action, tolerance: float | None, figures: Mapping[str, float]) -> None:
    action["galatea_keys"] = "every" if tolerance is None else "sparse"
    if tolerance is not None:
        action["galatea_tolerance"] = tolerance
    for name, value in figures.items():
        action[f"galatea_figure_{name}"] = value
