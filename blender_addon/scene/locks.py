# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels that people locked or that drivers move: they get no keys, and the others do the best they can."""

from __future__ import annotations

import bpy
import numpy as np

from ..motion.channels import rotation_property
from ..motion.hinges import nearest_free
from ..motion.rotations import normalise, quat_continuous

Channels = frozenset[tuple[str, int]]  # (Blender's property, index)


def still_channels(pose: bpy.types.PoseBone | bpy.types.Object, driven: Channels) -> Channels:
    """The location and rotation channels that get no keys."""
    what = rotation_property(pose.rotation_mode)
    still = {("location", int(axis)) for axis in np.flatnonzero(pose.lock_location)}
    if what == "rotation_euler":
        still |= {(what, int(axis)) for axis in np.flatnonzero(pose.lock_rotation)}
    elif pose.lock_rotations_4d:
        locks = [pose.lock_rotation_w, *pose.lock_rotation]
        still |= {(what, int(index)) for index in np.flatnonzero(locks)}
    elif all(pose.lock_rotation):
        still |= {(what, index) for index in range(4)}
    return frozenset(still | driven)


def driven_channels(owner: bpy.types.Object, bone: str = "") -> Channels:
    """The channels of a bone, or of an object itself, that drivers move."""
    animation = owner.animation_data
    path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"].' if bone else ""
    drivers = animation.drivers if animation else ()
    found = ((driver.data_path.removeprefix(path), driver.array_index) for driver in drivers
             if driver.data_path.startswith(path) and not driver.mute)
    return frozenset(channel for channel in found if channel[0].startswith(("location", "rotation_")))


def cannot_turn(pose: bpy.types.PoseBone | bpy.types.Object, driven: Channels) -> bool:
    """Whether no rotation can be keyed: all of it is locked, or a driver has a hand in it that keys would fight."""
    what = rotation_property(pose.rotation_mode)
    still = still_channels(pose, driven)
    if what == "rotation_euler":
        return all((what, axis) in still for axis in range(3))
    return any(of == what for of, _ in driven) or all((what, index) in still for index in range(4))


def cannot_move(pose: bpy.types.PoseBone | bpy.types.Object, driven: Channels) -> bool:
    """Whether no location can be keyed."""
    still = still_channels(pose, driven)
    connected = isinstance(pose, bpy.types.PoseBone) and pose.parent is not None and pose.bone.use_connect
    return connected or all(("location", axis) in still for axis in range(3))


def within_locks(pose: bpy.types.PoseBone | bpy.types.Object, rotations: np.ndarray, driven: Channels) -> np.ndarray:
    """The rotations (T, 4) nearest to those given that leave locked and driven channels as they are now."""
    what = rotation_property(pose.rotation_mode)
    still = still_channels(pose, driven)
    now = pose.matrix_basis.to_quaternion()
    if cannot_turn(pose, driven):
        return np.tile(np.array(now), (len(rotations), 1))
    if what == "rotation_euler":
        locked = np.array([(what, axis) in still for axis in range(3)])
        held = np.array(pose.rotation_euler)
        return nearest_free(rotations, pose.rotation_mode, locked, held) if locked.any() else rotations
    if not any(pose.lock_rotation) and not (pose.lock_rotations_4d and pose.lock_rotation_w):
        return rotations
    if not pose.lock_rotations_4d:  # Blender protects the Euler angles of such bones, too
        return nearest_free(rotations, "XYZ", np.array(pose.lock_rotation), np.array(now.to_euler("XYZ")))
    locked = np.array([(what, index) in still for index in range(4)])
    if what == "rotation_axis_angle":  # the axis is one thing: it stays as it is when any part of it does
        axis = normalise(np.array(pose.rotation_axis_angle)[1:])
        about = quat_continuous(rotations)
        return normalise(np.column_stack([about[:, 0], (about[:, 1:] @ axis)[:, None] * axis]))
    return _components(rotations, locked, np.array(now))


def _components(rotations: np.ndarray, locked: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Unit quaternions nearest to (T, 4) of which some components are held."""
    signs = np.sign(rotations @ now)[:, None]
    kept = rotations * np.where(signs == 0.0, 1.0, signs)
    room = np.sqrt(max(0.0, 1.0 - float(np.sum(now[locked] ** 2))))
    kept[:, ~locked] = room * normalise(kept[:, ~locked])
    kept[:, locked] = now[locked]
    return kept


def free_axes(pose: bpy.types.PoseBone | bpy.types.Object, driven: Channels) -> str:
    """The axes that a rotation may be about, for people: "X alone", "X and Z"."""
    still = still_channels(pose, driven)
    if pose.rotation_mode in ("QUATERNION", "AXIS_ANGLE"):
        locked = list(pose.lock_rotation)
    else:
        locked = [("rotation_euler", axis) in still for axis in range(3)]
    free = [name for name, lock in zip("XYZ", locked) if not lock]
    return f"{free[0]} alone" if len(free) == 1 else " and ".join(free)
