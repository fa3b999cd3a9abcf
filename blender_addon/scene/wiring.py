# SPDX-License-Identifier: GPL-3.0-or-later
"""How the controls of a rig hang together, found by posing a stand-in: no need to know what is inside the rig."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..motion.rotations import IDENTITY, quat_from_matrix
from ..rig.hanging import Hanging, find_carriers, orthonormal, random_turns
from ..rig.rig_map import RigMap
from .following import LIMITS
from .handles import Controls, Handle
from .ik import at_work, read_chains
from .stand_in import StandIn

_POSES, _MOST = 4, 0.6  # poses of chance beside the one at rest; radians
_BODY = ("Spine", "LeftUpLeg", "RightUpLeg", "LeftArm", "RightArm")  # what the whole body hangs by


@dataclass(frozen=True, eq=False)
class Wiring:
    """How what takes keys hangs together.

    carrier: what moves the whole body, None when nothing can. hanging: how each handle is carried, by the places in
    `carriers`. frames: (4, 4) where things are while their own channels are at rest. lead: (4, 4) where the rig's body
    is carried to from its rest by what takes no keys.
    """

    carrier: Handle | None
    carriers: tuple[Handle, ...]
    hanging: Mapping[Handle, Hanging]
    frames: Mapping[Handle, np.ndarray]
    lead: np.ndarray

    def turn(self, handle: Handle) -> np.ndarray:
        """(4,) how something is turned while its channels are at rest."""
        return quat_from_matrix(orthonormal(self.frames[handle][:3, :3]))


def find_wiring(stand: StandIn, rig: RigMap, controls: Controls) -> Wiring:
    """Pose the stand-in to see what hangs from what; what takes keys is left at rest."""
    bones = {joint: Handle(bone) for joint, bone in rig.bones.items()}
    given = [bones[joint] for joint in bones if joint in controls.solved or joint not in controls.turning.values()]
    with _unlimited(stand, controls.handles):
        return _find(stand, rig, controls, bones, given)


def _find(stand: StandIn, rig: RigMap, controls: Controls, bones: Mapping[str, Handle], given: Sequence[Handle]
          ) -> Wiring:
    carrier = _carrier(stand, rig, controls, bones)
    keyed = tuple(dict.fromkeys([*([carrier] if carrier else []), *controls.handles]))
    ends = [Handle(bone) for limb in controls.limbs for bone in limb.chain.bones]
    targets = [handle for limb in controls.limbs for handle in (limb.chain.target, limb.chain.pole) if handle]
    seen = tuple(dict.fromkeys([*keyed, *bones.values(), *ends, *targets]))
    hung = tuple(dict.fromkeys([*keyed, *given]))
    frames, unposed, axes = _pose_by_chance(stand, rig, controls, keyed, seen, hung)
    hanging = {}
    for column, handle in enumerate(hung):
        allowed, sure = _likely(stand, handle, hung)
        hanging[handle] = find_carriers(unposed[:, column], axes[:, column], frames[:, [seen.index(h) for h in hung]],
                                        allowed, sure, rig.leg_length)
    lead = np.eye(4)
    if carrier is not None and not carrier.object:
        rest = np.array(stand.armature.data.bones[carrier.name].matrix_local)
        lead = unposed[0, hung.index(carrier)] @ np.linalg.inv(rest)
    return Wiring(carrier, hung, hanging, dict(zip(seen, frames[0])), lead)


def _set_rest(stand: StandIn, controls: Controls, carrier: Handle | None) -> None:
    """Leave what takes keys at rest, the channels that take none as they are."""
    for handle in controls.turning:
        stand.set(handle, rotation=IDENTITY)
    for handle in _moved(controls, carrier):
        if not handle.object:  # where an object is at rest nobody knows
            stand.set(handle, location=np.zeros(3))


def _moved(controls: Controls, carrier: Handle | None) -> list[Handle]:
    ends = [handle for limb in controls.limbs for handle in (limb.control, limb.pole_control) if handle]
    return list(dict.fromkeys([*([carrier] if carrier else []), *ends]))


@contextmanager
def _unlimited(stand: StandIn, handles: Iterable[Handle]) -> Iterator[None]:
    """Meanwhile no constraint limits where handles can go."""
    muted = [constraint for handle in handles for constraint in stand.pose(handle).constraints
             if constraint.type in LIMITS and not constraint.mute]
    for constraint in muted:
        constraint.mute = True
    yield
    for constraint in muted:
        constraint.mute = False


def _carrier(stand: StandIn, rig: RigMap, controls: Controls, bones: Mapping[str, Handle]) -> Handle | None:
    """The first of those that may carry the body with which all of it moves; else the first that there is."""
    body = [bones[joint] for joint in _BODY if joint in bones]
    _set_rest(stand, controls, None)
    stand.update()
    rest = stand.frames(body)[:, :3, 3]
    for handle in controls.carriers:
        kept = np.array(stand.pose(handle).location)
        stand.set(handle, location=kept + np.array([0.2, 0.1, -0.2]) * rig.leg_length)
        stand.update()
        moved = stand.frames(body)[:, :3, 3] - rest
        stand.set(handle, location=kept)
        if np.linalg.norm(moved[0]) > 0.01 * rig.leg_length and np.ptp(moved, axis=0).max() < 1e-3 * rig.leg_length:
            return handle
    return controls.carriers[0] if controls.carriers else None


def _pose_by_chance(stand: StandIn, rig: RigMap, controls: Controls, keyed: Sequence[Handle], seen: Sequence[Handle],
                    hung: Sequence[Handle]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P, seen, 4, 4) frames, (P, hung, 4, 4) unposed frames and (P, hung, 3, 3) location axes; at rest afterwards.

    Limbs that reach for a target are posed by chance, too: what hangs from them must be told from what does not.
    """
    rng = np.random.default_rng(7)
    chained = {bone for chain in read_chains(stand) for bone in chain.bones}
    own = [not handle.object and handle.name not in chained and any(
        at_work(constraint) and constraint.type not in LIMITS for constraint in stand.constraints(handle.name))
        for handle in hung]
    moved = _moved(controls, keyed[0] if keyed else None)
    home = {handle: np.array(stand.pose(handle).location) if handle.object else np.zeros(3) for handle in moved}
    frames, unposed, axes = [], [], []
    for pose in [*range(1, _POSES + 1), 0]:
        for handle, turn in zip(keyed, random_turns(rng, len(keyed), _MOST)):
            if handle in controls.turning:
                stand.set(handle, rotation=turn if pose else IDENTITY)
            if handle in moved:
                away = 0.1 * rig.leg_length * rng.normal(size=3)
                stand.set(handle, location=home[handle] + (away if pose else 0.0))
        stand.update()
        there = stand.frames(seen)
        hangs = [stand.unposed(handle, there[seen.index(handle)], mine) for handle, mine in zip(hung, own)]
        frames.append(there)
        unposed.append([rest for rest, _ in hangs])
        axes.append([along for _, along in hangs])
    last_first = [_POSES, *range(_POSES)]
    return np.array(frames)[last_first], np.array(unposed)[last_first], np.array(axes)[last_first]


def _likely(stand: StandIn, handle: Handle, hung: Sequence[Handle]) -> tuple[list[int], int]:
    """The places in `hung` of what something may hang from, the bones above it first; and how many these are."""
    above = [] if handle.object else [Handle(bone.name) for bone in stand.pose(handle).parent_recursive]
    first = [hung.index(each) for each in above if each in hung]
    others = [place for place, each in enumerate(hung) if each != handle and place not in first]
    return first + others, len(first)
