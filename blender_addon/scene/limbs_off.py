# SPDX-License-Identifier: GPL-3.0-or-later
"""Limbs that a rig's solvers bend otherwise than was meant, seen on the pose as Blender evaluates it."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from ..motion.clip import Clip
from ..motion.inbetweening import Gap
from ..motion.kinematics import joint_positions
from ..motion.skeleton import INDEX, TOWARDS
from ..motion.tracks import Tracks
from ..rig.rig_map import RigMap
from .handles import Handle, Limb
from .keyed_motion import KeyedMotion
from .stand_in import StandIn

_FRAMES = 4   # that are looked at, in all gaps together
_TOLD = 10.0  # degrees; people hardly see less


def limbs_off(armature: bpy.types.Object, rig: RigMap, own: KeyedMotion, tracks: Tracks, clip: Clip,
              gaps: Sequence[Gap], first: int) -> list[str]:
    """A line for limbs that are bent by ten degrees and more otherwise than was meant at one of some frames of gaps.

    tracks: what the controls do. clip: what was meant, in the world. first: the scene's frame of the first row.
    """
    limbs = [limb for limb in own.limbs if (limb.control.name, "location") in own.values
             and {*limb.joints, TOWARDS[limb.joints[1]]} <= rig.bones.keys()]
    if not limbs:
        return []
    frames = _frames(gaps)
    with StandIn(armature) as stand:
        seen = np.array([_posed(stand, tracks, own, row, rig, limbs) for row in frames])
    onto, found = own.onto_controls(rig)[frames, None, :3, :3], []
    meant = (onto @ joint_positions(clip)[frames][..., None])[..., 0]  # directions alone
    for column, limb in enumerate(limbs):
        root, middle, end = (meant[:, INDEX[joint]] for joint in (*limb.joints, TOWARDS[limb.joints[1]]))
        off = np.max([_apart(seen[:, column, 1] - seen[:, column, 0], middle - root),
                      _apart(seen[:, column, 2] - seen[:, column, 1], end - middle)], axis=0)
        worst = int(off.argmax())
        if off[worst] >= _TOLD:
            found.append(f"{_name(limb)} by {off[worst]:.0f} degrees (frame {frames[worst] + first})")
    if not found:
        return []
    return [f"IK bends {', '.join(found)} otherwise than was meant: where its pole has it, or to keys out of reach"]


def _frames(gaps: Sequence[Gap]) -> np.ndarray:
    """Rows inside of gaps, evenly spread over all of them."""
    inside = np.concatenate([np.arange(gap.first, gap.last + 1) for gap in gaps])
    some = np.linspace(0, len(inside) - 1, 2 * _FRAMES + 1)[1::2]
    return np.unique(inside[np.round(some).astype(int)])


def _posed(stand: StandIn, tracks: Tracks, own: KeyedMotion, row: int, rig: RigMap, limbs: Sequence[Limb]
           ) -> np.ndarray:
    """(N, 3, 3) where the root, the middle and the end of limbs are."""
    for track in tracks.bones:
        moves = track.location is not None and (track.bone, "location") in own.values
        turns = track.rotation is not None and (track.bone, "rotation") in own.values
        stand.set(Handle(track.bone), track.location_axes @ track.location[row] if moves else None,
                  track.rotation[row] if turns else None)
    stand.update()
    joints = [rig.bones[joint] for limb in limbs for joint in (*limb.joints, TOWARDS[limb.joints[1]])]
    return stand.frames(map(Handle, joints))[:, :3, 3].reshape(-1, 3, 3)


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Degrees between directions (n, 3)."""
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(one, other), axis=-1), np.sum(one * other, axis=-1)))


def _name(limb: Limb) -> str:
    side = "left" if limb.joints[0].startswith("Left") else "right"
    return f"the {side} {'leg' if limb.joints[0].endswith('Leg') else 'arm'}"
