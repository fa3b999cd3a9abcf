# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes keys on any rig, from its constraints.

A bone that copies another one hands over to that one; bones that a solver moves hand over to its target and pole, or
the solver is switched off. Whatever else has a hand in a bone is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import bpy
import numpy as np

from ..errors import RigError
from ..motion.channels import rotation_property, rotation_values
from ..motion.tracks import Extra
from ..rig.rig_map import RigMap
from .handles import Chain, Controls, Handle, Limb
from .ik import at_work, followed, read_chains
from .locks import cannot_move, cannot_turn, driven_channels
from .stand_in import StandIn
from .switches import keep_influence
from .versions import fcurves

LIMITS = {"LIMIT_ROTATION": "turn", "LIMIT_LOCATION": "be", "LIMIT_DISTANCE": "be", "FLOOR": "be"}
_HARMLESS = {"COPY_SCALE", "LIMIT_SCALE", "MAINTAIN_VOLUME", "COPY_LOCATION", *LIMITS}
_AIMS = {"STRETCH_TO", "DAMPED_TRACK", "LOCKED_TRACK", "TRACK_TO"}
_COPIES = {"rotation": ("COPY_ROTATION", "COPY_TRANSFORMS"), "location": ("COPY_LOCATION", "COPY_TRANSFORMS")}
_PARENTS = ("CHILD_OF", "ARMATURE")
_AT_REST = 1e-3  # radians
_NEAR = 0.1  # of a bone's length: two bones with heads no further apart are one thing
_END = {"LeftLeg": "LeftFoot", "RightLeg": "RightFoot", "LeftForeArm": "LeftHand", "RightForeArm": "RightHand"}


def followed_controls(stand: StandIn, rig: RigMap, wish: str, off: Mapping[Chain, str]) -> Controls:
    """What takes keys. wish: "auto", "fk", "ik" or "now". off: solvers not to be left on, and why.

    RigError in one line when one that should be off cannot be switched.
    """
    return _Reader(stand, rig, wish, off).read()


class _Reader:
    """Goes through a rig once, collecting what is to be said of it."""

    def __init__(self, stand: StandIn, rig: RigMap, wish: str, off: Mapping[Chain, str]):
        self.stand, self.rig, self.wish, self.off = stand, rig, wish, off
        self.bones = stand.armature.pose.bones
        self.claimed = set(rig.bones.values())
        self.notes: list[str] = []
        self.bends: dict[str, str] = {}
        self.settings: list[Extra] = []

    def read(self) -> Controls:
        if self.wish in ("fk", "ik"):
            self._switch()
        leaders = {joint: self._follow(bone, "rotation", joint) for joint, bone in self.rig.bones.items()}
        limbs = self._limbs(leaders)
        by_solver = {joint for limb in limbs if limb.alone for joint in limb.joints}
        turning: dict[Handle, str] = {}
        for joint, handle in leaders.items():
            if joint in by_solver:
                continue
            if handle in turning:
                self.notes.append(f"{self.rig.bones[joint]} follows {handle}, which already turns "
                                  f"{self.rig.bones[turning[handle]]}; {joint} goes with it")
            elif self._may_turn(handle, joint):
                turning[handle] = joint
        self._hand_over_ends(limbs, turning)
        return Controls(turning, self._carriers(leaders["Hips"]), tuple(limbs), tuple(self.settings),
                        tuple(dict.fromkeys(self.notes)), self.bends)

    # --- following what a bone copies ---

    def _follow(self, bone: str, what: str, joint: str = "") -> Handle:
        """The bone or object that decides a bone's rotation, or location. joint: whose it is, to name what else does.
        """
        seen = set()
        while bone not in seen:
            seen.add(bone)
            leader = self._leader(bone, what, joint)
            if leader is None:
                break
            if leader.object:
                return leader
            bone = leader.name
        return Handle(bone)

    def _leader(self, bone: str, what: str, joint: str) -> Handle | None:
        """What decides, of all that a bone follows by itself; None when it does."""
        pose, aims = self.bones[bone], False
        for constraint in reversed(self.stand.constraints(bone)):
            if not at_work(constraint) or constraint.type == "IK":
                continue
            leader = self._copied(pose, constraint, what, aims)
            if leader is not None and constraint.influence > 0.999:
                return leader
            aims |= constraint.type in _AIMS
            if joint:
                self._name(bone, constraint, joint)
        above = pose.parent
        if what == "rotation" and all(pose.lock_rotation) and above is not None and self._same_place(pose, above):
            return Handle(above.name)  # a helper that only hangs there
        return None

    def _copied(self, pose: bpy.types.PoseBone, constraint: bpy.types.Constraint, what: str, aims: bool
                ) -> Handle | None:
        """What a constraint makes a bone follow altogether. aims: the bone is then aimed at something, for which where
        it begins is turned by the same control."""
        if constraint.type in _COPIES[what] or (aims and constraint.type == "COPY_LOCATION"):
            whole = constraint.type == "COPY_TRANSFORMS" or (
                constraint.use_x and constraint.use_y and constraint.use_z
                and not (constraint.invert_x or constraint.invert_y or constraint.invert_z))
            if not whole or getattr(constraint, "mix_mode", "REPLACE") != "REPLACE":
                return None
            return followed(self.stand, constraint.target, constraint.subtarget)
        if constraint.type in _PARENTS:
            targets = [(constraint.target, constraint.subtarget)] if constraint.type == "CHILD_OF" else [
                (each.target, each.subtarget) for each in constraint.targets if each.weight > 0.999]
            leader = followed(self.stand, *targets[0]) if len(targets) == 1 else None
            if leader and not leader.object and self._same_place(pose, self.bones[leader.name]):
                return leader
        return None

    def _same_place(self, pose: bpy.types.PoseBone, other: bpy.types.PoseBone) -> bool:
        gap = (pose.bone.head_local - other.bone.head_local).length
        return gap < _NEAR * pose.bone.length and other.name not in self.claimed

    def _name(self, bone: str, constraint: bpy.types.Constraint, joint: str) -> None:
        """Keep what else has a hand in a bone, for people."""
        called = f"the constraint {constraint.name!r} of {bone}"
        if constraint.type in LIMITS:
            self.notes.append(f"{called} limits where it can {LIMITS[constraint.type]}")
        elif constraint.type not in _HARMLESS:
            self.bends[joint] = called

    def _may_turn(self, handle: Handle, joint: str) -> bool:
        driven = self._driven(handle)
        if not cannot_turn(self.stand.pose(handle), driven):
            return True
        why = "a driver turns it" if any(of.startswith("rotation") for of, _ in driven) else "its rotation is locked"
        self.notes.append(f"{handle} ({joint}) was left as it is: {why}")
        return False

    def _driven(self, handle: Handle) -> frozenset[tuple[str, int]]:
        return driven_channels(self.stand.pose(handle) if handle.object else self.stand.armature,
                               "" if handle.object else handle.name)

    # --- limbs with both FK and IK ---

    def _switch(self) -> None:
        """Bring what copies either of two chains to the wished one, by the property that people switch with."""
        chained = {bone for chain in read_chains(self.stand) for bone in chain.bones}
        for bone in self.claimed:
            pose = self.bones[bone]
            copies = [(constraint.name, leader) for constraint in self.stand.constraints(bone)
                      for leader in (self._copied(pose, constraint, "rotation", False),)
                      if leader is not None and not leader.object and not constraint.mute]
            if len(copies) < 2:
                continue
            solved = [self._follow(leader.name, "rotation").name in chained for _, leader in copies]
            wished = [place for place, by_solver in enumerate(solved) if by_solver == (self.wish == "ik")]
            if not wished or len(wished) == len(copies):
                continue
            for place, (name, _) in enumerate(copies[wished[-1]:]):  # what comes later decides
                self._keep(bone, name, 0.0 if place else 1.0)

    def _keep(self, bone: str, constraint: str, influence: float) -> None:
        if abs(self.stand.constraints(bone)[constraint].influence - influence) > 1e-3:
            extra = keep_influence(self.stand, bone, constraint, influence)
            self.settings += [extra] if extra else []

    # --- solvers ---

    def _limbs(self, leaders: Mapping[str, Handle]) -> list[Limb]:
        limbs: list[Limb] = []
        for chain in read_chains(self.stand):
            joints = tuple(joint for bone in reversed(chain.bones) for joint, handle in leaders.items()
                           if handle == Handle(bone))
            if not joints:
                continue
            if self.stand.armature.pose.ik_solver == "ITASC":
                raise RigError(f"{self.rig.armature}: {chain.owner} is moved by the solver iTaSC, which starts from "
                               "where it was; choose the standard solver under Inverse Kinematics in its Data tab")
            limb = None if self.wish == "fk" else self._limb(chain, joints, leaders)
            if (limb is None or chain in self.off) and self._switch_off(chain):
                continue
            if limb is None:
                raise RigError(f"{self.rig.armature}: {chain.owner} follows the constraint {chain.constraint!r}, which "
                               "a driver switches on; mute the constraint and try again")
            limbs.append(limb)
            self._tell(limb)
        self.settings += [extra for limb in limbs if limb.alone for extra in self._started(limb)]
        return limbs

    def _started(self, limb: Limb) -> Iterator[Extra]:
        """Rotations to keep for bones from which a solver starts: at rest, if anybody ever turned them."""
        turned = {path for action in bpy.data.actions for path in (curve.data_path for curve in fcurves(action))
                  if "].rotation_" in path}
        for name in limb.chain.bones:
            pose = self.bones[name]
            what = rotation_property(pose.rotation_mode)
            path = f'pose.bones["{bpy.utils.escape_identifier(name)}"].{what}'
            if path in turned or pose.matrix_basis.to_quaternion().angle > _AT_REST:
                yield Extra(path, rotation_values(np.array([[1.0, 0.0, 0.0, 0.0]]), pose.rotation_mode)[0], group=name)

    def _limb(self, chain: Chain, joints: tuple[str, ...], leaders: Mapping[str, Handle]) -> Limb | None:
        """A limb left to its solver; None where what it follows cannot be keyed."""
        control = self._mover(chain.target)
        pole = self._mover(chain.pole) if chain.pole else None
        if control is None or (chain.pole is not None and pole is None):
            self.notes.append(f"what the constraint {chain.constraint!r} of {chain.owner} follows cannot be keyed")
            return None
        whole = leaders[joints[0]] == Handle(chain.bones[-1]) and "Hips" not in joints
        if not whole or (pole is not None and len(joints) != 2):
            self.notes.append(f"the chain of the constraint {chain.constraint!r} of {chain.owner} is not one limb")
            return None
        return Limb(joints, chain, control, pole, alone=pole is not None)

    def _mover(self, target: Handle | None) -> Handle | None:
        """What takes the location keys for a target: itself, what it follows, or what a locked helper hangs from."""
        if target is None or target.object:
            free = target and not self.stand.pose(target).constraints and not cannot_move(
                self.stand.pose(target), self._driven(target))
            return target if free else None
        handle = self._follow(target.name, "location")
        while not handle.object:
            pose = self.bones[handle.name]
            if not cannot_move(pose, self._driven(handle)):
                return handle
            if pose.parent is None:
                return None
            handle = self._follow(pose.parent.name, "location")
        return handle

    def _switch_off(self, chain: Chain) -> bool:
        """Switch a solver off for the action, if anything does."""
        extra = keep_influence(self.stand, chain.owner, chain.constraint, 0.0)
        if extra is None:
            return False
        self.settings.append(extra)
        why = f": {self.off[chain]}" if chain in self.off else ""
        self.notes.append(f"the constraint {chain.constraint!r} of {chain.owner} is off while this action plays{why}")
        return True

    def _tell(self, limb: Limb) -> None:
        bones = " and ".join(self.rig.bones[joint] for joint in limb.joints)
        ends = " and ".join(str(handle) for handle in (limb.control, limb.pole_control) if handle)
        also = "" if limb.alone else ", with the bones themselves for how they bend"
        reach = "reach" if len(limb.joints) > 1 else "reaches"
        self.notes.append(f"{bones} {reach} for {limb.chain.target}: {ends} got the keys{also}")

    def _hand_over_ends(self, limbs: list[Limb], turning: dict[Handle, str]) -> None:
        """A foot or hand that hangs from its limb's target stays as it is on it; the target is turned."""
        for limb in limbs:
            end = _END.get(limb.joints[-1], "")
            handle = next((handle for handle, joint in turning.items() if joint == end), None)
            if handle is None or handle.object or limb.control.object or limb.control in turning:
                continue
            if limb.control.name in (bone.name for bone in self.bones[handle.name].parent_recursive):
                del turning[handle]
                turning[limb.control] = end

    # --- what carries the body ---

    def _carriers(self, hips: Handle) -> tuple[Handle, ...]:
        """What may carry it: hips and what is above them, if it can be moved; first what can be moved any way."""
        if hips.object:
            return (hips,)
        chain = [Handle(bone.name) for bone in (self.bones[hips.name], *self.bones[hips.name].parent_recursive)]
        free = [handle for handle in chain if not cannot_move(self.stand.pose(handle), self._driven(handle))]
        if not free:
            self.notes.append(f"{hips} cannot be moved, its location is locked; the body stays where it is")
        whole = [handle for handle in free if not any(self.bones[handle.name].lock_location)]
        return tuple(dict.fromkeys([*whole, *free]))
