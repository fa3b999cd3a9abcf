# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys into actions: whole F-curves in bulk, all of a take or nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import bpy
import numpy as np

from ..errors import GalateaError, RigError
from ..motion.tracks import Curve, Tracks
from .holding import held
from .kept_motion import keep_motion
from .nla import add_strips
from .versions import Binding, bind_action, fcurves, new_action, new_fcurve, remove_fcurve

# foreach_set takes an enumeration's numbers: bpy.types.Keyframe.interpolation, .type and .handle_left_type
_CONSTANT, _LINEAR, _BEZIER = 0, 1, 2
_GENERATED = 5
_FREE, _ALIGNED = 0, 3
_PORTION = 40_000  # keys that are written before others get a turn: some hundredths of a second


def scene_fps(scene: bpy.types.Scene | None = None) -> float:
    """Frames a second of the scene, which Galatea never changes."""
    render = (scene or bpy.context.scene).render
    return render.fps / render.fps_base


def data_path(curve: Curve) -> str:
    """Blender's data path of a curve, from the object on."""
    if curve.path:
        return curve.path
    return f'pose.bones["{bpy.utils.escape_identifier(curve.bone)}"].{curve.what}' if curve.bone else curve.what


# --- curves in bulk -------------------------------------------------------------------------------------------------


def write_curves(action: bpy.types.Action, curves: Iterable[Curve]) -> None:
    """Key curves in an action; the F-curves must not be there yet. All keys are of type GENERATED."""
    for curve in curves:
        _key(new_fcurve(action, data_path(curve), curve.index, curve.bone or "Object Transforms"), curve)


def rewrite_curve(made: bpy.types.FCurve, curve: Curve) -> None:
    """Give an F-curve other keys; all else about it stays."""
    made.keyframe_points.clear()
    _key(made, curve)


def replace_curves(action: bpy.types.Action, curves: Sequence[Curve]) -> None:
    """Write curves in place of those that an action has for the same properties."""
    gone = {(data_path(curve), curve.index) for curve in curves}
    for old in fcurves(action):
        if (old.data_path, old.array_index) in gone:
            remove_fcurve(action, old)
    write_curves(action, curves)


def _key(made: bpy.types.FCurve, curve: Curve) -> None:
    if curve.left is not None:
        _fill(made, curve, _BEZIER)
        _shape(made, curve)
    else:  # a switch that is kept has one key, and does not glide to one that is added later
        _fill(made, curve, _CONSTANT if curve.path and len(curve.frames) == 1 else _LINEAR)


def _fill(curve: bpy.types.FCurve, wanted: Curve, interpolation: int) -> None:
    count = len(wanted.frames)
    keys = curve.keyframe_points
    keys.add(count)
    keys.foreach_set("co", np.column_stack([wanted.frames, wanted.values]).astype(np.float32).ravel())
    keys.foreach_set("interpolation", np.full(count, interpolation, np.int32))
    keys.foreach_set("type", np.full(count, _GENERATED, np.int32))
    curve.update()


def _shape(curve: bpy.types.FCurve, wanted: Curve) -> None:
    """Give keys the handles that were fitted; where both lie on one line they stay so when a person moves one."""
    keys = curve.keyframe_points
    points = np.column_stack([wanted.frames, wanted.values])
    before, after = points - wanted.left, wanted.right - points
    across = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
    smooth = across < 1e-4 * np.maximum(np.abs(before[:, 0] * after[:, 0]), 1e-9)
    kinds = np.where(smooth, _ALIGNED, _FREE).astype(np.int32)
    for side, handles in (("left", wanted.left), ("right", wanted.right)):
        keys.foreach_set(f"handle_{side}_type", kinds)
        keys.foreach_set(f"handle_{side}", handles.astype(np.float32).ravel())
    curve.update()


# --- takes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Take:
    """An action to be made.

    name: its name. curves: its keys, those of other objects among them. loop: whether it repeats. provenance: where it
    comes from, plain values by name. start, frames: its first frame and how many there are. tracks: the motion that the
    keys were made of, if it is to be kept with them.
    """

    name: str
    curves: Sequence[Curve]
    loop: bool = False
    provenance: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    start: int = 1
    frames: int = 1
    tracks: Tracks | None = None

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return sum(len(curve.frames) for curve in self.curves)

    def of(self, owner: str) -> list[Curve]:
        """The curves of the armature (""), or of another object."""
        return [curve for curve in self.curves if curve.owner == owner]

    @property
    def owners(self) -> list[str]:
        """The other objects that take keys, too."""
        return sorted({curve.owner for curve in self.curves} - {""})


def check_editable(armature: bpy.types.Object) -> None:
    """RigError with one line when no action can be bound to an object."""
    if not armature.is_editable:
        raise RigError(f"{armature.name} is linked from another file; make a library override of it to animate it")
    if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
        raise RigError(f"{armature.name} is in NLA tweak mode; leave it (Tab in the NLA editor) and try again")


def key_takes(armature: bpy.types.Object, takes: Sequence[Take], nla: bool = False) -> list[bpy.types.Action]:
    """Make a new action of each take and bind the first to the armature; or, with `nla`, put each on a track above.

    The action that was bound stays as it is; it and the other takes get a fake user where nothing else would keep
    them. Should anything fail, the armature has its old action and nothing is left of the new ones.
    """
    slices = key_takes_in_slices(armature, takes, nla)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


def key_takes_in_slices(armature: bpy.types.Object, takes: Sequence[Take], nla: bool = False
                        ) -> Generator[float, None, list[bpy.types.Action]]:
    """The same in slices: yields the share that is done. The armature changes in the last; close() takes all back."""
    check_editable(armature)
    rig = held(armature)
    others = {name: held(_other(name)) for take in takes for name in take.owners}
    keys, written = sum(take.keys for take in takes) or 1, 0
    made: list[tuple[Callable[[], bpy.types.Object], Callable[[], bpy.types.Action]]] = []
    try:
        for take in takes:
            action = held(new_action(rig(), take.name))
            made.append((rig, action))
            for portion in _portions(take.of("")):
                write_curves(action(), portion)
                written += sum(len(curve.frames) for curve in portion)
                yield written / keys
            _describe(action(), take)
            for name in take.owners:
                made.append((others[name], held(new_action(others[name](), f"{take.name} {name}"))))
                write_curves(made[-1][1](), take.of(name))
        actions = [(owner(), action()) for owner, action in made]
        (add_strips if nla else bind_all)(actions)
    except BaseException:
        for _, action in made:
            with suppress(GalateaError):  # undone meanwhile
                bpy.data.actions.remove(action())
        raise
    return [action for owner, action in actions if owner == rig()]


def _other(name: str) -> bpy.types.Object:
    found = bpy.context.scene.objects.get(name)
    if found is None:
        raise RigError(f"{name}, which the rig's IK reaches for, is not in this scene; link it to the scene")
    check_editable(found)
    return found


def bind_kept(owner: bpy.types.Object, action: bpy.types.Action) -> None:
    """Make an action an object's own; the one it had is kept. Should that fail everything is as it was."""
    bind_all([(owner, action)])


def bind_all(actions: Sequence[tuple[bpy.types.Object, bpy.types.Action]]) -> None:
    """Bind each object's first action, and keep its old one and its others; all of them or none."""
    before: dict[bpy.types.Object, Binding] = {}
    try:
        for owner, action in actions:
            if owner not in before:
                check_editable(owner)
                before[owner] = Binding.of(owner)
                bind_action(owner, action)
    except BaseException:
        for owner, binding in before.items():
            binding.bind(owner)
        raise
    for action in (*(binding.action for binding in before.values()), *(action for _, action in actions)):
        if action is not None and action.users == 0:
            action.use_fake_user = True


def _portions(curves: Iterable[Curve]) -> Iterator[list[Curve]]:
    """Curves in as many groups as it takes for each to be written quickly."""
    portion: list[Curve] = []
    for curve in curves:
        portion.append(curve)
        if sum(len(each.frames) for each in portion) >= _PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _describe(action: bpy.types.Action, take: Take) -> None:
    for name, value in take.provenance.items():
        action[name] = value
    if take.tracks is not None:
        keep_motion(action, take.tracks, take.start)
    if take.loop:
        action.use_frame_range, action.use_cyclic = True, True
        action.frame_start, action.frame_end = take.start, take.start + take.frames - 1
