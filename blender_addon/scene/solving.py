# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a rig's segments are to do to what its controls do, all frames at once in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import bpy
import numpy as np

from ..motion.clip import Clip
from ..motion.kinematics import forward_kinematics
from ..motion.rotations import (
    matrix_from_quat,
    normalise,
    quat_angle,
    quat_continuous,
    quat_from_matrix,
    quat_inverse,
    quat_multiply,
    quat_rotate,
)
from ..motion.skeleton import INDEX
from ..rig.hanging import orthonormal
from ..rig.rig_map import RigMap
from .handles import Controls, Handle, Limb
from .ik import Bend, pole_places
from .locks import cannot_move, driven_channels, within_locks
from .wiring import Wiring

_ABOVE = {side + below: side + above for side in ("Left", "Right") for below, above in (
    ("ForeArm", "Arm"), ("Hand", "ForeArm"), ("Leg", "UpLeg"), ("Foot", "Leg"), ("Toe", "Foot"))}
_FAR = 0.5, 3.0  # of a limb's length: how near and how far poles are put


@dataclass(frozen=True, eq=False)
class Wanted:
    """Where a rig's joints are to be in armature space. turned: joint -> (T, 4) its bone's rotation. places: joint ->
    (T, 3). scale: by which what carries the rig makes it larger than at rest."""

    turned: Mapping[str, np.ndarray]
    places: Mapping[str, np.ndarray]
    scale: float


def wanted_poses(armature: bpy.types.Object, rig: RigMap, clip: Clip, lead: np.ndarray) -> Wanted:
    """What a clip on the rig's own skeleton means for its bones: turn (about the rig's axes) @ alignment @ rest.

    lead: (4, 4) where the whole of it is carried to.
    """
    turned, places = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    axes = quat_from_matrix(rig.axes)
    leading = quat_from_matrix(orthonormal(lead[:3, :3]))
    rotations = {}
    for joint, name in rig.bones.items():
        rest = np.array(armature.data.bones[name].matrix_local)[:3, :3]
        there = quat_multiply(quat_multiply(axes, turned[:, INDEX[joint]]), quat_inverse(axes))
        aligned = quat_from_matrix(rig.alignment[INDEX[joint]] @ rest)
        rotations[joint] = quat_multiply(leading, quat_multiply(there, aligned))
    there = rig.origin + rig.scale() * places @ rig.axes.T
    there = there @ lead[:3, :3].T + lead[:3, 3]
    return Wanted(rotations, {joint: there[:, INDEX[joint]] for joint in INDEX},
                  float(np.cbrt(np.linalg.det(lead[:3, :3]))))


class Solution:
    """What each handle's own channels do. rotations: handle -> (T, 4). locations: handle -> (T, 3), channel values.

    short: handle -> degrees (T,) that locked channels leave it off.
    """

    def __init__(self, armature: bpy.types.Object, rig: RigMap, controls: Controls, wiring: Wiring, wanted: Wanted):
        self.armature, self.rig, self.controls, self.wiring, self.wanted = armature, rig, controls, wiring, wanted
        self.rotations: dict[Handle, np.ndarray] = {}
        self.locations: dict[Handle, np.ndarray] = {}
        self.short: dict[Handle, np.ndarray] = {}
        self._turned: dict[Handle, np.ndarray] = {}
        self._placed: dict[Handle, np.ndarray] = {}
        self._bones = {joint: Handle(bone) for joint, bone in rig.bones.items()}
        self._solved = {self._bones[joint]: joint for joint in controls.solved}
        self._turner = {joint: handle for handle, joint in reversed(controls.turning.items())}

    def solve(self, swivels: Mapping[Limb, float]) -> None:
        """Work out all of it. swivels: by how much solvers bend limbs away from their poles, where that is known."""
        for handle in self.controls.turning:
            self.turned(handle)
        if self.wiring.carrier is not None:
            self._carry()
        for limb in self.controls.limbs:
            self._reach(limb)
        for joint in self._loose() if self.controls.loose else ():
            self._attach(joint)
        for limb in self.controls.limbs:
            if limb.pole_control is not None:
                self._point(limb, swivels.get(limb))

    # --- rotations ---

    def turned(self, handle: Handle) -> np.ndarray:
        """(T, 4) or (4,) the rotation of a handle in armature space."""
        if handle not in self._turned:
            self._turned[handle] = self._turn(handle)
        return self._turned[handle]

    def _turn(self, handle: Handle) -> np.ndarray:
        if handle in self._solved:
            return self.wanted.turned[self._solved[handle]]
        unposed = self.unposed(handle)
        joint = self.controls.turning.get(handle)
        if joint is None:
            own = np.array(self._pose(handle).matrix_basis.to_quaternion())
            return quat_multiply(unposed, own)
        wanted = quat_multiply(quat_inverse(unposed), self._wanted(handle, joint))
        done = within_locks(self._pose(handle), quat_continuous(wanted), self._driven(handle))
        self.rotations[handle] = quat_continuous(done)
        self.short[handle] = np.degrees(quat_angle(done, wanted))
        return quat_multiply(unposed, self.rotations[handle])

    def unposed(self, handle: Handle) -> np.ndarray:
        """(T, 4) or (4,) its rotation while its own channels are at rest."""
        hangs = self.wiring.hanging[handle]
        if hangs.turned_by < 0:
            return hangs.turn
        return quat_multiply(self.turned(self.wiring.carriers[hangs.turned_by]), hangs.turn)

    def _wanted(self, handle: Handle, joint: str) -> np.ndarray:
        """(T, 4) how a handle has to be turned for a joint's bone to be turned as it should."""
        apart = quat_multiply(quat_inverse(self.wiring.turn(self._bones[joint])), self.wiring.turn(handle))
        return quat_multiply(self.wanted.turned[joint], apart)

    def _pose(self, handle: Handle) -> bpy.types.PoseBone | bpy.types.Object:
        return bpy.data.objects[handle.name] if handle.object else self.armature.pose.bones[handle.name]

    def _driven(self, handle: Handle) -> frozenset[tuple[str, int]]:
        if handle.object:
            return driven_channels(self._pose(handle))
        return driven_channels(self.armature, handle.name)

    # --- places ---

    def placed(self, handle: Handle) -> np.ndarray:
        """(T, 3) or (3,) where a handle is in armature space."""
        if handle not in self._placed:
            origin, axes = self.reach(handle)
            own = self.locations.get(handle)
            own = np.array(self._pose(handle).location) if own is None and handle not in self._solved else own
            self._placed[handle] = origin if own is None else origin + (axes @ own[..., None])[..., 0]
        return self._placed[handle]

    def reach(self, handle: Handle) -> tuple[np.ndarray, np.ndarray]:
        """Where a handle is without a location of its own, (T, 3) or (3,), and the axes that one moves it along."""
        hangs = self.wiring.hanging[handle]
        if hangs.placed_by < 0:
            return hangs.place, hangs.axes
        above = self.wiring.carriers[hangs.placed_by]
        turned = self.turned(above)
        return self.placed(above) + quat_rotate(turned, hangs.place), matrix_from_quat(turned) @ hangs.axes

    def _move(self, handle: Handle, place: np.ndarray) -> None:
        """Give a handle the location that puts it at (T, 3), but for channels that are locked."""
        origin, axes = self.reach(handle)
        values = np.linalg.solve(np.broadcast_to(axes, (len(place), 3, 3)), (place - origin)[..., None])[..., 0]
        self.locations[handle] = values
        self._placed.clear()

    def _away(self, handle: Handle, point: np.ndarray) -> np.ndarray:
        """(T, 3) from a handle to something that is at `point` (3,) and rigid with it while all is at rest."""
        frame = self.wiring.frames[handle]
        seen = quat_rotate(quat_inverse(self.wiring.turn(handle)), point - frame[:3, 3])
        return quat_rotate(self.turned(handle), seen)

    def joint_place(self, joint: str) -> np.ndarray:
        """(T, 3) where a joint's bone begins."""
        bone = self._bones[joint]
        handle = bone if bone in self._solved else self._turner.get(joint, bone)
        if handle not in self.wiring.hanging:
            return self.wanted.places[joint]
        return self.placed(handle) + self._away(handle, self.wiring.frames[bone][:3, 3])

    # --- what has a place of its own ---

    def _carry(self) -> None:
        """Move the body so that the middle of its hip joints, from which the legs hang, is where it should be."""
        carrier = self.wiring.carrier
        self.locations[carrier] = np.zeros(3)
        self._placed.clear()
        joints = ("LeftUpLeg", "RightUpLeg")
        if not all(self._hangs_from(self._handle(joint), {carrier}) for joint in joints):
            joints = ("Hips",)
        here = sum(self.joint_place(joint) for joint in joints) / len(joints)
        there = sum(self.wanted.places[joint] for joint in joints) / len(joints)
        origin, _ = self.reach(carrier)
        self._move(carrier, origin + there - here)

    def _handle(self, joint: str) -> Handle:
        return self._bones[joint] if self._bones[joint] in self._solved else self._turner.get(joint,
                                                                                              self._bones[joint])

    def _hangs_from(self, handle: Handle, above: set[Handle]) -> bool:
        """Whether something is carried along by one of others, or is one of them."""
        while handle not in above:
            hangs = self.wiring.hanging.get(handle)
            if hangs is None or hangs.placed_by < 0:
                return False
            handle = self.wiring.carriers[hangs.placed_by]
        return True

    def _loose(self) -> list[str]:
        """The joints whose controls do not hang from the segment above and that are free to go to where it ends."""
        carrier = {self.wiring.carrier} - {None}
        found = []
        for joint, handle in self._turner.items():
            above = _ABOVE.get(joint)
            holds = {self._handle(above)} if above in self._bones else carrier
            if not holds or handle in self.locations or self._hangs_from(handle, holds):
                continue
            if not cannot_move(self._pose(handle), self._driven(handle)):
                found.append(joint)
        return found

    def _attach(self, joint: str) -> None:
        handle = self._turner[joint]
        away = self._away(handle, self.wiring.frames[self._bones[joint]][:3, 3])
        self._move(handle, self.wanted.places[joint] - away)

    # --- solvers ---

    def _reach(self, limb: Limb) -> None:
        """Put a limb's target where the tip of its chain ends."""
        tip = self.tip(limb)
        away = self._away(limb.control, self.wiring.frames[limb.chain.target][:3, 3])
        self._move(limb.control, tip - away)

    def tip(self, limb: Limb) -> np.ndarray:
        """(T, 3) where the last bone of a chain should end."""
        joint = limb.joints[-1]
        bone, last = self.armature.data.bones[self.rig.bones[joint]], self.armature.data.bones[limb.chain.bones[0]]
        local = np.array(bone.matrix_local.to_3x3()).T @ np.array(last.tail_local - bone.head_local)
        return self.wanted.places[joint] + quat_rotate(self.wanted.turned[joint], local * self.wanted.scale)

    def bend(self, limb: Limb) -> Bend:
        """What a limb with a pole should do."""
        upper, first = limb.joints[0], Handle(limb.chain.bones[-1])
        apart = quat_multiply(quat_inverse(self.wiring.turn(self._bones[upper])), self.wiring.turn(first))
        turned = quat_multiply(self.wanted.turned[upper], apart)
        faces = np.array([np.cos(limb.chain.pole_angle), 0.0, np.sin(limb.chain.pole_angle)])
        return Bend(self.wanted.places[upper], self.wanted.places[limb.joints[-1]], self.tip(limb),
                    quat_rotate(turned, faces))

    def pole_place(self, limb: Limb, swivel: float | None) -> np.ndarray:
        """(T, 3) where a limb's pole has to be."""
        return pole_places(self.bend(limb), swivel, self._pole_distance(limb))

    def _pole_distance(self, limb: Limb) -> float:
        """As far from the line from the limb's root to its tip as it is now at rest, within reason."""
        frames, bones = self.wiring.frames, limb.chain.bones
        root = frames[Handle(bones[-1])][:3, 3]
        tip = frames[Handle(bones[0])] @ [0.0, self.armature.data.bones[bones[0]].length, 0.0, 1.0]
        along, away = normalise(tip[:3] - root), frames[limb.chain.pole][:3, 3] - root
        length = self.bend(limb).length
        return float(np.clip(np.linalg.norm(away - along * (away @ along)), *(far * length for far in _FAR)))

    def _point(self, limb: Limb, swivel: float | None) -> None:
        away = self._away(limb.pole_control, self.wiring.frames[limb.chain.pole][:3, 3])
        self._move(limb.pole_control, self.pole_place(limb, swivel) - away)
