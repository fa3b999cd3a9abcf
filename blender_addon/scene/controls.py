# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones of a rig take keys: the mapped ones, or what they follow.

A bone that copies another one's rotation hands over to that one; bones that a solver moves hand over to its target and
pole, or the solver is switched off. Whatever else bends a bone is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import bpy
import numpy as np

from ..errors import RigError
from ..motion.tracks import Extra
from ..rig.rig_map import RigMap
from .ik import Chain, at_work, followed, read_chains
from .locks import cannot_move, cannot_turn, driven_channels
from .stand_in import Handle, StandIn

LIMITS = {"LIMIT_ROTATION": "turn", "LIMIT_LOCATION": "be", "LIMIT_DISTANCE": "be", "FLOOR": "be"}
_HARMLESS = {"COPY_SCALE", "LIMIT_SCALE", "MAINTAIN_VOLUME", "COPY_LOCATION", *LIMITS}
_COPIES = {"rotation": ("COPY_ROTATION", "COPY_TRANSFORMS"), "location": ("COPY_LOCATION", "COPY_TRANSFORMS")}
_PARENTS = ("CHILD_OF", "ARMATURE")
_NEAR = 0.1  # of a bone's length: two bones with heads no further apart are one thing
_END = {"LeftLeg": "LeftFoot", "RightLeg": "RightFoot", "LeftForeArm": "LeftHand", "RightForeArm": "RightHand"}


@dataclass(frozen=True)
class Limb:
    """A limb whose bones a solver moves. joints: whose bones these are, the upper one first.

    control, pole_control: what takes the keys for the chain's target and pole. alone: the solver needs no more than
    these; else its bones are keyed too, which is where it starts from, and it has nothing left to do.
    """

    joints: tuple[str, ...]
    chain: Chain
    control: Handle
    pole_control: Handle | None
    alone: bool


@dataclass(frozen=True, eq=False)
class Controls:
    """What takes keys. turning: what is turned -> the joint whose rotation it does (several may do one's).

    carriers: what may carry the whole body, the likeliest first. limbs: those left to their solvers. settings: what is
    kept throughout. notes: for people, a line each. bends: joint -> what else bends its bone, for people.
    """

    turning: Mapping[Handle, str]
    carriers: tuple[Handle, ...]
    limbs: tuple[Limb, ...] = ()
    settings: tuple[Extra, ...] = ()
    notes: tuple[str, ...] = ()
    bends: Mapping[str, str] = field(default_factory=dict)

    @property
    def handles(self) -> tuple[Handle, ...]:
        """All that may take keys."""
        ends = [handle for limb in self.limbs for handle in (limb.control, limb.pole_control) if handle]
        return tuple(dict.fromkeys([*self.carriers[:1], *self.turning, *ends]))

    @property
    def solved(self) -> frozenset[str]:
        """The joints whose bones are moved by solvers alone."""
        return frozenset(joint for limb in self.limbs if limb.alone for joint in limb.joints)


def read_controls(armature: bpy.types.Object, rig: RigMap, wish: str = "auto") -> Controls:
    """What takes keys on a rig. wish: "auto", "fk" to switch solvers off, "ik" to key their targets.

    RigError in one line when a joint that is needed follows something that cannot be keyed.
    """
    with StandIn(armature) as stand:
        return controls_of(stand, rig, wish)


def controls_of(stand: StandIn, rig: RigMap, wish: str, off: Mapping[Chain, str] = MappingProxyType({})) -> Controls:
    """The same, with a stand-in at hand. off: solvers to be switched off, and why."""
    return _Reader(stand, rig, wish, off).read()


class _Reader:
    """Reads any rig's controls from its constraints."""

    def __init__(self, stand: StandIn, rig: RigMap, wish: str, off: Mapping[Chain, str]):
        self.stand, self.rig, self.wish, self.off = stand, rig, wish, off
        self.bones = stand.armature.pose.bones
        self.claimed = set(rig.bones.values())
        self.notes: list[str] = []
        self.bends: dict[str, str] = {}
        self.settings: list[Extra] = []

    def read(self) -> Controls:
        leaders = {joint: self._follow(bone, "rotation", joint) for joint, bone in self.rig.bones.items()}
        limbs = self._limbs(leaders)
        solved = {joint for limb in limbs if limb.alone for joint in limb.joints}
        turning: dict[Handle, str] = {}
        for joint, handle in leaders.items():
            if joint in solved:
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

    def _follow(self, bone: str, what: str, joint: str) -> Handle:
        """The bone or object that decides a bone's rotation, or location."""
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
        pose = self.bones[bone]
        for constraint in reversed(self.stand.constraints(bone)):
            if not at_work(constraint) or constraint.type == "IK":
                continue
            leader = self._copied(pose, constraint, what)
            if leader is not None:
                return leader
            if what == "rotation":
                self._name(bone, constraint, joint)
        above = pose.parent
        if what == "rotation" and all(pose.lock_rotation) and above is not None and self._same_place(pose, above):
            return Handle(above.name)  # a helper that only hangs there
        return None

    def _copied(self, pose: bpy.types.PoseBone, constraint: bpy.types.Constraint, what: str) -> Handle | None:
        """What a constraint makes a bone follow altogether."""
        if constraint.influence < 0.999:
            return None
        if constraint.type in _COPIES[what]:
            if getattr(constraint, "mix_mode", "REPLACE") != "REPLACE":
                return None
            if constraint.type != "COPY_TRANSFORMS" and not (
                    constraint.use_x and constraint.use_y and constraint.use_z
                    and not (constraint.invert_x or constraint.invert_y or constraint.invert_z)):
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
        driven = driven_channels(self.stand.armature if not handle.object else self.stand.pose(handle),
                                 "" if handle.object else handle.name)
        if not cannot_turn(self.stand.pose(handle), driven):
            return True
        why = "a driver turns it" if any(of.startswith("rotation") for of, _ in driven) else "its rotation is locked"
        self.notes.append(f"{handle} ({joint}) was left as it is: {why}")
        return False

    # --- solvers ---

    def _limbs(self, leaders: Mapping[str, Handle]) -> list[Limb]:
        limbs = []
        for chain in read_chains(self.stand):
            joints = tuple(joint for bone in reversed(chain.bones) for joint, handle in leaders.items()
                           if handle == Handle(bone))
            if not joints:
                continue
            limb = self._limb(chain, joints, leaders)
            if limb is None:
                self._switch_off(chain)
            else:
                limbs.append(limb)
                self._tell(limb)
        return limbs

    def _limb(self, chain: Chain, joints: tuple[str, ...], leaders: Mapping[str, Handle]) -> Limb | None:
        """A limb left to its solver; None where that is not wished or what it follows cannot be keyed."""
        if self.wish == "fk" or chain in self.off:
            return None
        control = self._mover(chain.target)
        pole = self._mover(chain.pole) if chain.pole else None
        if control is None or (chain.pole is not None and pole is None):
            self.notes.append(f"what the constraint {chain.constraint!r} of {chain.owner} follows cannot be keyed")
            return None
        whole = len(joints) == 2 and leaders[joints[0]] == Handle(chain.bones[-1])
        if pole is not None and not whole:
            self.notes.append(f"the chain of the constraint {chain.constraint!r} of {chain.owner} is not one limb")
            return None
        return Limb(joints, chain, control, pole, alone=pole is not None)

    def _mover(self, target: Handle | None) -> Handle | None:
        """What takes the location keys for a target: itself, what it follows, or what a locked helper hangs from."""
        if target is None or target.object:
            free = target and not self.stand.pose(target).constraints and not cannot_move(
                self.stand.pose(target), driven_channels(self.stand.pose(target)))
            return target if free else None
        handle = self._follow(target.name, "location", "")
        while not handle.object:
            pose = self.bones[handle.name]
            if not cannot_move(pose, driven_channels(self.stand.armature, handle.name)):
                return handle
            if pose.parent is None:
                return None
            handle = self._follow(pose.parent.name, "location", "")
        return handle

    def _switch_off(self, chain: Chain) -> None:
        extra = influence_off(self.stand, chain)
        if extra is None:
            raise RigError(f"{self.rig.armature}: {chain.owner} follows the constraint {chain.constraint!r}, which a "
                           "driver switches on; mute the constraint and try again")
        self.settings.append(extra)
        why = f": {self.off[chain]}" if chain in self.off else ""
        self.notes.append(f"the constraint {chain.constraint!r} of {chain.owner} is off while this action plays{why}")

    def _tell(self, limb: Limb) -> None:
        bones = " and ".join(self.rig.bones[joint] for joint in limb.joints)
        ends = " and ".join(str(handle) for handle in (limb.control, limb.pole_control) if handle)
        also = "" if limb.alone else ", with the bones themselves for how they bend"
        self.notes.append(f"{bones} reach for {limb.chain.target}: {ends} got the keys{also}")

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
        if hips.object:
            return (hips,)
        chain = [hips.name, *(bone.name for bone in self.bones[hips.name].parent_recursive)]
        free = [Handle(name) for name in chain
                if not cannot_move(self.bones[name], driven_channels(self.stand.armature, name))]
        if not free:
            self.notes.append(f"{hips} cannot be moved, its location is locked; the body stays where it is")
        whole = [handle for handle in free if not any(self.bones[handle.name].lock_location)]
        return tuple(dict.fromkeys([*whole, *free]))


def influence_off(stand: StandIn, chain: Chain) -> Extra | None:
    """What has to be kept throughout an action for a solver to be off in it; None when a driver decides that."""
    bone, name = (bpy.utils.escape_identifier(part) for part in (chain.owner, chain.constraint))
    path = f'pose.bones["{bone}"].constraints["{name}"].influence'
    animation = stand.armature.animation_data
    if animation and any(driver.data_path == path for driver in animation.drivers):
        return None
    return Extra(path, np.array([0.0]), group=chain.owner)
