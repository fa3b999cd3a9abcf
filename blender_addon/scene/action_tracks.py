# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action's curves make an armature's bones do, frame by frame, as tracks: any action, by its curves alone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import bpy
import numpy as np

from ..motion.channels import rotation_property, rotation_quaternions
from ..motion.packed_tracks import Motion
from ..motion.rotations import normalise, quat_continuous
from ..motion.tracks import Extra, Track, Tracks
from .kept_motion import kept_motion
from .keys import scene_fps
from .versions import Binding, slotted_fcurves

# Directions in which the outermost of a rigid set of points are looked for: they move most when it turns.
_WAYS = normalise(np.array([way for way in product((-1.0, 0.0, 1.0), repeat=3) if any(way)]))


@dataclass(frozen=True, eq=False)
class Channel:
    """A property on every frame. values: (T, n). still: components whose curves stay as they are, or that have none.
    made: whether all curves are as Galatea made them."""

    values: np.ndarray
    still: frozenset[int]
    made: bool


Channels = dict[str, dict[str, Channel]]  # bone, "" for the object -> property -> channel


def keyed_frames(armature: bpy.types.Object) -> tuple[int, int] | None:
    """The first and the last whole frame between which curves of bones or of the object have keys; None for none."""
    ranges = [curve.range() for path, curves in _grouped(armature).items() if _moved(armature, path) is not None
              for curve in curves.values() if len(curve.keyframe_points)]
    if not ranges:
        return None
    return int(np.floor(min(start for start, _ in ranges))), int(np.ceil(max(end for _, end in ranges)))


def read_tracks(armature: Callable[[], bpy.types.Object], first: int, last: int) -> Generator[float, None, Tracks]:
    """What the armature's action says of its bones from frame `first` to `last`; yields the share done.

    Of curves that are as Galatea made them it is what they were made of, as far as that is kept; of others it is what
    they are. Bones hang from one another as at rest, and what has no keys is posed as it is now; constraints are left
    out. The object's own way is among the extras.
    """
    motion, made = kept_motion(armature().animation_data.action)
    paths = list(_grouped(armature()))
    found: Channels = {}
    for number, path in enumerate(paths):
        moved = _moved(armature(), path)
        if moved is not None:
            bone, prop = moved
            unedited = {index for at, index in made if at == path}
            found.setdefault(bone, {})[prop] = _read(armature(), path, bone, prop, unedited, first, last)
            yield 0.9 * number / len(paths)
    return _tracks(armature(), found, motion, first, last)


def _grouped(armature: bpy.types.Object) -> dict[str, dict[int, bpy.types.FCurve]]:
    """Data path -> component -> F-curve, of the armature's slot."""
    slot = Binding.of(armature).slot
    grouped: dict[str, dict[int, bpy.types.FCurve]] = {}
    for of, curve in slotted_fcurves(armature.animation_data.action):
        if of == slot:
            grouped.setdefault(curve.data_path, {})[curve.array_index] = curve
    return grouped


def _moved(armature: bpy.types.Object, path: str) -> tuple[str, str] | None:
    """The bone ("" for the object) and the property that a curve moves, in the rotation mode that is in use."""
    holder, _, prop = path.rpartition(".")
    if not holder:
        return ("", prop) if prop in ("location", rotation_property(armature.rotation_mode)) else None
    name = holder.removeprefix('pose.bones["').removesuffix('"]')
    bone = armature.pose.bones.get(bpy.utils.unescape_identifier(name))
    if bone is None or holder != f'pose.bones["{name}"]':
        return None
    connected = bone.bone.use_connect and bone.parent is not None  # such a bone ignores its location
    if prop == rotation_property(bone.rotation_mode) or (prop == "location" and not connected):
        return bone.name, prop
    return None


def _read(armature: bpy.types.Object, path: str, bone: str, prop: str, made: set[int], first: int, last: int
          ) -> Channel:
    curves = _grouped(armature).get(path, {})
    now = np.array(getattr(armature.pose.bones[bone] if bone else armature, prop))
    values = np.tile(now, (last - first + 1, 1))
    still = set(range(len(now)))
    for index, curve in curves.items():
        if curve.mute:
            continue
        values[:, index] = [curve.evaluate(frame) for frame in range(first, last + 1)]
        if len(curve.keyframe_points) and not curve.modifiers and not curve.lock:
            still.discard(index)
    if still and len(now) == 4:  # the four mean something only together
        still = set(range(4))
    return Channel(values, frozenset(still), made >= set(curves))


# --- tracks -----------------------------------------------------------------------------------------------------------


def _tracks(armature: bpy.types.Object, found: Channels, motion: Motion | None, first: int, last: int) -> Tracks:
    keyed = [bone.name for bone in armature.data.bones if bone.name in found]  # parents come first
    bones = tuple(_track(armature, name, keyed, found[name], motion, first, last) for name in keyed)
    unit = float(np.cbrt(abs(np.linalg.det(np.array(armature.matrix_world)[:3, :3]))))
    whole = motion is not None and (motion.start, motion.start + motion.frames - 1) == (first, last)
    own = dict(found.get("", {}))
    if "location" in own:
        rows = _kept(motion and motion.locations.get(""), own["location"], motion, np.arange(first, last + 1))
        own["location"] = own["location"] if rows is None else replace(own["location"], values=rows)
    return Tracks(bones, scene_fps(), unit, motion.contacts if whole else None,
                  motion.feet if whole else ("", "", "", ""), _own_way(armature, own, unit))


def _track(armature: bpy.types.Object, name: str, keyed: list[str], channels: Mapping[str, Channel],
           motion: Motion | None, first: int, last: int) -> Track:
    bone, mode = armature.data.bones[name], armature.pose.bones[name].rotation_mode
    above, offset = _hanging(armature, bone, keyed)
    axes_of = bone if bone.use_local_location else bone.parent
    axes = (np.eye(3) if axes_of is None else _rest(axes_of).T) @ _rest(bone)
    frames = np.arange(first, last + 1)
    turning, moving = channels.get(rotation_property(mode)), channels.get("location")
    rotation, location = None, None
    if turning is not None:
        rotation = _kept(motion and motion.rotations.get(name), turning, motion, frames)
        if rotation is None:
            rotation = quat_continuous(rotation_quaternions(turning.values, mode))
    if moving is not None:
        values = _kept(motion and motion.locations.get(name), moving, motion, frames)
        location = (moving.values if values is None else values) @ np.linalg.inv(axes).T
    still = frozenset((prop, index) for prop, channel in channels.items() for index in channel.still)
    return Track(name, keyed.index(above) if above else -1, offset, mode, rotation, location, axes,
                 _points(bone, set(keyed)), still, None if turning is None else turning.values)


def _kept(rows: np.ndarray | None, channel: Channel, motion: Motion | None, frames: np.ndarray) -> np.ndarray | None:
    """(T, n) of what is kept, for a channel whose curves are as they were made of it."""
    if rows is None or not channel.made or motion.start < frames[0] or motion.start + motion.frames - 1 > frames[-1]:
        return None
    return rows[np.clip(frames - motion.start, 0, motion.frames - 1)]


def _hanging(armature: bpy.types.Object, bone: bpy.types.Bone, keyed: list[str]) -> tuple[str, np.ndarray]:
    """The nearest keyed bone above, "" for none, and (4, 4) the bone's frame seen from there, or in armature space."""
    offset, above = np.eye(4), bone
    while above.parent is not None:
        if not above.use_inherit_rotation:
            return "", np.array(bone.matrix_local)
        offset = np.array(above.parent.matrix_local.inverted() @ above.matrix_local) @ offset
        above = above.parent
        if above.name in keyed:
            return above.name, offset
        offset = np.array(armature.pose.bones[above.name].matrix_basis) @ offset
    return "", np.array(above.matrix_local) @ offset


def _rest(bone: bpy.types.Bone) -> np.ndarray:
    """(3, 3) a bone's rest rotation in armature space."""
    return np.array(bone.matrix_local.to_3x3())


def _points(bone: bpy.types.Bone, keyed: set[str]) -> np.ndarray:
    """(P, 3) the outermost joints and ends that move with a bone, in its rest frame."""
    found = [bone.tail_local]
    below = list(bone.children)
    while below:
        child = below.pop()
        found.append(child.head_local)
        if child.name not in keyed:
            found.append(child.tail_local)
            below += child.children
    local = (np.array(found) - np.array(bone.head_local)) @ _rest(bone)
    return local[np.unique(np.argmax(local @ _WAYS.T, axis=0))]


def _own_way(armature: bpy.types.Object, channels: Mapping[str, Channel], unit: float) -> tuple[Extra, ...]:
    """The object's own curves; all of the body moves with it."""
    size = unit * max((bone.head_local.length for bone in armature.data.bones), default=1.0)
    return tuple(Extra(prop, channel.values, "Object Transforms", "", 1.0 if prop == "location" else size)
                 for prop, channel in channels.items() if not channel.still)
