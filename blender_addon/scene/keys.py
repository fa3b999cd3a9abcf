# SPDX-License-Identifier: GPL-3.0-or-later
"""From a clip to keys on a rig: all frames at once in numpy, then whole F-curves in bulk."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ..errors import GalateaError, RigError
from ..motion.clip import Clip
from ..motion.rotations import (
    euler_continuous,
    quat_to_euler,
)
from ..rig.retargeting import fit_to_rig
from ..rig.rig_map import RigMap
from .holding import held
from .posing import clip_tracks
from .versions import Binding, bind_action, new_action, new_fcurve

_LINEAR = 1  # bpy.types.Keyframe.interpolation; foreach_set takes an enumeration's numbers
_GENERATED = 5  # bpy.types.Keyframe.type
_PORTION = 40_000  # keys that are written before others get a turn: some hundredths of a second


@dataclass(frozen=True, eq=False)
class Channels:
    """Keys of one property. path: its data path. group: the name it is listed under. values: (T, n) a row a frame."""

    path: str
    group: str
    values: np.ndarray


# --- what a clip means for a rig's bones ----------------------------------------------------------------------------


def clip_channels(armature: bpy.types.Object, rig: RigMap, clip: Clip) -> list[Channels]:
    """The keys that make `armature` do what `clip` does, one row for each of its frames."""
    tracks = clip_tracks(armature, rig, fit_to_rig(clip, rig))
    channels: list[Channels] = []
    by_mode: dict[str, dict[str, np.ndarray]] = {}
    for track in tracks.bones:
        if track.location is not None:
            values = track.location @ track.location_axes.T
            channels.append(Channels(_path(track.bone, "location"), track.bone, values))
        if track.rotation is not None:
            by_mode.setdefault(track.mode, {})[track.bone] = track.rotation
    return [*channels, *(keyed for mode, bases in by_mode.items() for keyed in _rotation_channels(mode, bases))]


def _rotation_channels(mode: str, bases: Mapping[str, np.ndarray]) -> list[Channels]:
    """Keys of bones' rotations (T, 4) by name, as their rotation mode wants them; all at once, which is quicker."""
    if mode == "QUATERNION":
        what, values = "rotation_quaternion", list(bases.values())
    elif mode == "AXIS_ANGLE":
        what, values = "rotation_axis_angle", [_axis_angle(basis) for basis in bases.values()]
    else:
        # Blender's "XYZ" turns about X first, so it is Rz @ Ry @ Rx; the values stand in the order x, y, z all the same
        order = mode[::-1]
        angles = euler_continuous(quat_to_euler(np.stack(list(bases.values()), axis=1), order))
        in_xyz = angles[..., [order.index(axis) for axis in "XYZ"]]
        what, values = "rotation_euler", list(np.moveaxis(in_xyz, 1, 0))
    return [Channels(_path(name, what), name, value) for name, value in zip(bases, values)]


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


def _path(bone: str, what: str) -> str:
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{what}'


def scene_fps(scene: bpy.types.Scene | None = None) -> float:
    """Frames a second of the scene, which Galatea never changes."""
    render = (scene or bpy.context.scene).render
    return render.fps / render.fps_base


# --- keys in bulk ---------------------------------------------------------------------------------------------------


def write_keys(action: bpy.types.Action, channels: Iterable[Channels], frames: Sequence[float]) -> None:
    """Key `channels` at `frames` (T) in an action; the F-curves must not be there yet.

    There is a key on every frame, so straight lines between them are what was generated, without overshoot.
    """
    count = len(frames)
    points = np.empty((count, 2), np.float32)
    points[:, 0] = frames
    linear = np.full(count, _LINEAR, np.int32)
    generated = np.full(count, _GENERATED, np.int32)
    for channel in channels:
        for index in range(channel.values.shape[1]):
            curve = new_fcurve(action, channel.path, index, channel.group)
            points[:, 1] = channel.values[:, index]
            keys = curve.keyframe_points
            keys.add(count)
            keys.foreach_set("co", points.ravel())
            keys.foreach_set("interpolation", linear)
            keys.foreach_set("type", generated)
            curve.update()


@dataclass(frozen=True, eq=False)
class Take:
    """An action to be made: its name, its keys, whether it repeats, and where it comes from (plain values by name)."""

    name: str
    channels: Sequence[Channels]
    loop: bool = False
    provenance: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        return len(self.channels[0].values)


def check_editable(armature: bpy.types.Object) -> None:
    """RigError with one line when no action can be bound to an armature."""
    if not armature.is_editable:
        raise RigError(f"{armature.name} is linked from another file; make a library override of it to animate it")
    if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
        raise RigError(f"{armature.name} is in NLA tweak mode; leave it (Tab in the NLA editor) and try again")


def key_takes(armature: bpy.types.Object, takes: Sequence[Take], start: int) -> list[bpy.types.Action]:
    """Make a new action of each take, keyed on every frame from `start` on, and bind the first to the armature.

    The action that was bound stays as it is; it and the other takes get a fake user where nothing else would keep
    them. Should anything fail, the armature has its old action and nothing is left of the new ones.
    """
    return drain(key_takes_in_slices(armature, takes, start))


def drain(slices: Generator[float, None, Any]) -> Any:
    """Run slices to their end and return what they return."""
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


def key_takes_in_slices(armature: bpy.types.Object, takes: Sequence[Take], start: int
                        ) -> Generator[float, None, list[bpy.types.Action]]:
    """The same in slices: yields the share that is done. The armature changes in the last; close() takes all back."""
    check_editable(armature)
    rig = held(armature)
    keys = sum(take.frames * channel.values.shape[1] for take in takes for channel in take.channels)
    written = 0
    made = []
    try:
        for take in takes:
            made.append(held(new_action(rig(), take.name)))
            for portion in _portions(take):
                write_keys(made[-1](), portion, np.arange(start, start + take.frames))
                written += sum(take.frames * channel.values.shape[1] for channel in portion)
                yield written / keys
            _describe(made[-1](), take, start)
        armature, actions = rig(), [action() for action in made]
        check_editable(armature)
        before = Binding.of(armature)
        try:
            bind_action(armature, actions[0])
        except BaseException:
            before.bind(armature)
            raise
    except BaseException:
        for action in made:
            with suppress(GalateaError):  # undone meanwhile
                bpy.data.actions.remove(action())
        raise
    for action in (before.action, *actions[1:]):
        if action is not None and action.users == 0:
            action.use_fake_user = True
    return actions


def _portions(take: Take) -> Iterator[list[Channels]]:
    """A take's channels in as many groups as it takes for each to be written quickly."""
    size = max(1, _PORTION // (4 * take.frames))
    for first in range(0, len(take.channels), size):
        yield list(take.channels[first:first + size])


def _describe(action: bpy.types.Action, take: Take, start: int) -> None:
    for name, value in take.provenance.items():
        action[name] = value
    if take.loop:
        action.use_frame_range, action.use_cyclic = True, True
        action.frame_start, action.frame_end = start, start + take.frames - 1
