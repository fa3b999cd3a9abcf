# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig's bones do, frame by frame, before it becomes keys: independent of Blender, complete for kinematics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Track:
    """One keyed bone.

    parent: the place in Tracks.bones of the nearest keyed bone above it, -1 for none. offset: (4, 4) its rest frame
    seen from that bone's frame (from armature space for -1), everything between them being still; so in armature
    space frame = parent's frame @ offset @ move(location) @ turn(rotation). mode: Blender's rotation mode of the bone
    ("QUATERNION", "AXIS_ANGLE", "XYZ" ...). rotation: (T, 4) unit quaternions w x y z without jumps, or None where the
    bone's rotation is not keyed. location: (T, 3) along the axes of its rest frame, or None. location_axes: (3, 3)
    turns such a location into values of location channels (identity but for bones without "local location").
    points: (P, 3) in the bone's frame, what is rigid with it and whose place counts: joints, ends, what hangs from it
    unkeyed. still: channels that get no keys because they are locked or driven, as (property, index) in Blender's
    words, ("rotation_euler", 1). values: (T, n) of the rotation's channels, where it matters which of the many that
    mean the same rotation; None for any without jumps.
    """

    bone: str
    parent: int
    offset: np.ndarray
    mode: str
    rotation: np.ndarray | None
    location: np.ndarray | None
    location_axes: np.ndarray
    points: np.ndarray
    still: frozenset[tuple[str, int]] = frozenset()
    values: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Extra:
    """Keys on something that is no bone's transform: a switch, a constraint's influence, an object a limb reaches for.

    path: Blender's data path from the object on, ready for an F-curve ('pose.bones["thigh_parent.L"]["IK_FK"]').
    values: (n,) what its n components keep throughout, one key each without interpolation; or (T, n) a row a frame.
    group: the name it is listed under. owner: the object's name, "" for the armature itself. reach: metres in the scene
    that something is moved by when a value changes by one, by which rows may be thinned out.
    """

    path: str
    values: np.ndarray
    group: str = ""
    owner: str = ""
    reach: float = 1.0


@dataclass(frozen=True, eq=False)
class Tracks:
    """All keyed bones, parents before children. unit: metres in the scene for a unit of the armature's space.

    contacts: (T, 4) bool or None: LeftFoot, LeftToe, RightFoot, RightToe stand on the floor. feet: the bones of these
    four joints, "" where there is none. extras: what else takes keys in the same action. notes: what people should
    know of what could not be met, a line each.
    """

    bones: tuple[Track, ...]
    fps: float
    unit: float
    contacts: np.ndarray | None = None
    feet: tuple[str, str, str, str] = ("", "", "", "")
    extras: tuple[Extra, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """T."""
        keyed = (values for track in self.bones for values in (track.rotation, track.location) if values is not None)
        beside = (np.atleast_2d(extra.values) for extra in self.extras)  # an action may move the object alone
        return next(map(len, keyed), max(map(len, beside), default=0))


@dataclass(frozen=True, eq=False)
class Curve:
    """The keys of one F-curve.

    bone: its name, "" for the object itself. what: Blender's property ("rotation_quaternion", "location"). index: which
    component. frames, values: (K,). left, right: (K, 2) frame and value of the handles of Bezier keys, which lie on one
    line with their key; None for straight lines between keys. path: of what is no bone's transform, the whole data
    path, `bone` being the name it is listed under and `owner` the name of the object, "" for the armature.
    """

    bone: str
    what: str
    index: int
    frames: np.ndarray
    values: np.ndarray
    left: np.ndarray | None = None
    right: np.ndarray | None = None
    path: str = ""
    owner: str = ""
