# SPDX-License-Identifier: GPL-3.0-or-later
"""From what controls do to tracks, which know enough of the rig to become keys without Blender."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import bpy
import numpy as np

from ..motion.channels import rotation_property, rotation_values
from ..motion.clip import Clip
from ..motion.rotations import matrix_from_quat, normalise
from ..motion.skeleton import CONTACT_JOINTS
from ..motion.tracks import Extra, Track, Tracks
from ..rig.rig_map import RigMap
from .handles import Controls, Handle
from .locks import driven_channels, still_channels
from .solving import Solution
from .wiring import Wiring

# Directions in which the outermost of a rigid set of points are looked for: they move most when it turns.
_WAYS = normalise(np.array([way for way in product((-1.0, 0.0, 1.0), repeat=3) if any(way)]))


def make_tracks(armature: bpy.types.Object, rig: RigMap, controls: Controls, wiring: Wiring, done: Solution,
                clip: Clip, notes: Sequence[str]) -> Tracks:
    """Tracks for the bones that take keys; what else takes keys is among the extras."""
    keyed = [handle for handle in wiring.carriers if handle in done.rotations or handle in done.locations]
    bones = _in_order([handle for handle in keyed if not handle.object], wiring)
    ends = set(rig.bones.values()) | {handle.name for handle in bones}
    objects = [handle for handle in keyed if handle.object]
    turner = {joint: handle.name for handle, joint in reversed(controls.turning.items()) if not handle.object}
    return Tracks(
        bones=tuple(_track(armature, rig, controls, wiring, done, handle, bones, ends) for handle in bones),
        fps=clip.fps, unit=_unit(armature), contacts=clip.contacts,
        feet=tuple(turner.get(joint, "") for joint in CONTACT_JOINTS),
        extras=(*controls.settings, *(extra for handle in objects for extra in _object_keys(armature, done, handle))),
        notes=tuple(dict.fromkeys(notes)),
    )


def _in_order(handles: list[Handle], wiring: Wiring) -> list[Handle]:
    """Parents first."""
    ordered: list[Handle] = []

    def add(handle: Handle) -> None:
        above = _parent(handle, wiring)
        if above is not None and above in handles and above not in ordered:
            add(above)
        if handle not in ordered:
            ordered.append(handle)

    for handle in handles:
        add(handle)
    return ordered


def _parent(handle: Handle, wiring: Wiring) -> Handle | None:
    hangs = wiring.hanging[handle]
    return None if hangs.turned_by < 0 else wiring.carriers[hangs.turned_by]


def _track(armature: bpy.types.Object, rig: RigMap, controls: Controls, wiring: Wiring, done: Solution, handle: Handle,
           keyed: list[Handle], ends: set[str]) -> Track:
    hangs, above = wiring.hanging[handle], _parent(handle, wiring)
    offset = np.eye(4)
    offset[:3, :3] = matrix_from_quat(hangs.turn)
    if hangs.placed_by == hangs.turned_by:
        offset[:3, 3] = hangs.place
    elif above is not None:
        offset[:3, 3] = matrix_from_quat(wiring.turn(above)).T @ (
            wiring.frames[handle] - wiring.frames[above])[:3, 3]
    if above is not None and above not in keyed:  # a segment that a solver moves
        frame = np.eye(4)
        frame[:3, :3], frame[:3, 3] = matrix_from_quat(wiring.turn(above)), wiring.frames[above][:3, 3]
        offset = frame @ offset
    # values of a location's channels -> along the axes of the frame
    along = offset[:3, :3].T @ hangs.axes if hangs.placed_by == hangs.turned_by else np.eye(3)
    pose = armature.pose.bones[handle.name]
    moves = done.locations.get(handle)
    return Track(
        bone=handle.name,
        parent=keyed.index(above) if above in keyed else -1,
        offset=offset,
        mode=pose.rotation_mode,
        rotation=done.rotations.get(handle),
        location=None if moves is None else moves @ along.T,
        location_axes=np.linalg.inv(along),
        points=_points(armature, rig, controls, wiring, handle, ends),
        still=still_channels(pose, driven_channels(armature, handle.name)),
    )


def _points(armature: bpy.types.Object, rig: RigMap, controls: Controls, wiring: Wiring, handle: Handle,
            ends: set[str]) -> np.ndarray:
    """(P, 3) the outermost joints and ends that a control carries, and the joints of what hangs from these, in its
    rest frame."""
    joint = controls.turning.get(handle)
    if joint is None and handle != wiring.carrier:
        return np.zeros((1, 3))
    bone = armature.data.bones[handle.name if joint is None else rig.bones[joint]]
    found = [bone.tail_local]
    below = list(bone.children)
    while below:
        child = below.pop()
        found.append(child.head_local)
        if child.name not in ends:
            found.append(child.tail_local)
            below += child.children
    local = (np.array(found) - np.array(bone.head_local)) @ np.array(bone.matrix_local.to_3x3())
    if joint is not None and bone.name != handle.name:
        mapped, own = (wiring.frames[each] for each in (Handle(bone.name), handle))
        seen = local @ mapped[:3, :3].T + mapped[:3, 3] - own[:3, 3]
        local = seen @ matrix_from_quat(wiring.turn(handle))
    return local[np.unique(np.argmax(local @ _WAYS.T, axis=0))]


def _object_keys(armature: bpy.types.Object, done: Solution, handle: Handle) -> list[Extra]:
    """The keys of an object that a limb reaches for."""
    target = bpy.data.objects[handle.name]
    still = still_channels(target, driven_channels(target))
    size = _unit(armature)
    found = []
    if handle in done.locations:
        found.append(("location", done.locations[handle], 1.0))
    if handle in done.rotations:
        mode = target.rotation_mode
        found.append((rotation_property(mode), rotation_values(done.rotations[handle], mode),
                      0.3 * done.rig.leg_length * size))
    return [Extra(what, values, group="Object Transforms", owner=target.name, reach=reach)
            for what, values, reach in found if not any(of == what for of, _ in still)]


def _unit(armature: bpy.types.Object) -> float:
    """Metres in the scene for a unit of armature space."""
    return float(np.cbrt(abs(np.linalg.det(np.array(armature.matrix_world)[:3, :3]))))
