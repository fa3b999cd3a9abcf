# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at what a rig does once its controls are posed, as Blender evaluates it, against what it should do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..motion.rotations import normalise, quat_angle, quat_from_matrix
from ..motion.skeleton import TOWARDS
from ..rig.hanging import orthonormal
from ..rig.rig_map import RigMap
from .handles import Controls, Handle
from .ik import swivel_of
from .solving import Solution, Wanted
from .stand_in import StandIn

_FRAMES = 6  # that are looked at, beside those in which limbs are bent most
_BY_PLACES = ("Arm", "ForeArm", "UpLeg", "Leg")  # whose direction says all that people see


@dataclass(frozen=True, eq=False)
class Seen:
    """Degrees by which each joint's bone is off, joint -> (S,); what limbs with poles do: chain -> radians by which
    they bend away from their poles, None where they are straight."""

    off: Mapping[str, np.ndarray]
    swivels: Mapping[object, float | None]

    def mean(self, joints: Iterable[str]) -> float:
        """The mean over frames of those joints that are there."""
        return float(np.mean([self.off[joint].mean() for joint in joints if joint in self.off] or [0.0]))


def look(stand: StandIn, rig: RigMap, controls: Controls, solution: Solution) -> Seen:
    """Pose the stand-in at some frames and see."""
    wanted = solution.wanted
    frames = _frames(controls, solution)
    bones = {joint: Handle(bone) for joint, bone in rig.bones.items()}
    limbs = [limb for limb in controls.limbs if limb.alone]
    poles = [limb.chain.pole for limb in limbs]
    seen = []
    for frame in frames:
        for handle in dict.fromkeys([*solution.rotations, *solution.locations]):
            stand.set(handle, *(None if values is None else values[frame] for values in (
                solution.locations.get(handle), solution.rotations.get(handle))))
        stand.update()
        seen.append(stand.frames([*bones.values(), *poles]))
    there = np.array(seen)
    by_joint = {joint: there[:, column] for column, joint in enumerate(bones)}
    swivels = {}
    for limb, pole in zip(limbs, np.moveaxis(there[:, len(bones):, :3, 3], 1, 0)):
        upper, lower = (by_joint[joint] for joint in limb.joints)
        length = stand.armature.data.bones[limb.chain.bones[0]].length
        swivels[limb.chain] = swivel_of(upper[:, :3, 3], lower[:, :3, 3],
                                        lower[:, :3, 3] + length * normalise(lower[:, :3, 1]), pole)
    return Seen({joint: _off(joint, by_joint, wanted, frames) for joint in bones}, swivels)


def _frames(controls: Controls, solution: Solution) -> np.ndarray:
    count = len(next(iter(solution.wanted.places.values())))
    chosen = {int(frame) for frame in np.linspace(0, count - 1, min(count, _FRAMES))}
    for limb in controls.limbs:
        if limb.alone:
            chosen.add(int(np.argmax(np.linalg.norm(solution.bend(limb).offset, axis=1))))
    return np.array(sorted(chosen))


def _off(joint: str, there: Mapping[str, np.ndarray], wanted: Wanted, frames: np.ndarray) -> np.ndarray:
    """(S,) degrees: between the directions to the next joint for limbs, else between rotations."""
    after = TOWARDS.get(joint)
    if joint.removeprefix("Left").removeprefix("Right") in _BY_PLACES and after in there:
        here = normalise(there[after][:, :3, 3] - there[joint][:, :3, 3])
        should = normalise(wanted.places[after][frames] - wanted.places[joint][frames])
        return np.degrees(np.arctan2(np.linalg.norm(np.cross(here, should), axis=1), np.sum(here * should, axis=1)))
    turned = quat_from_matrix(orthonormal(there[joint][:, :3, :3]))
    return np.degrees(quat_angle(turned, wanted.turned[joint][frames]))
