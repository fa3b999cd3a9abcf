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
from .handles import Chain, Controls, Handle
from .ik import swivel_of
from .solving import Solution, Wanted
from .stand_in import StandIn

_FRAMES = 6  # that are looked at, beside those in which limbs are bent most
_TURNED = ("Hips", "Head", "Hand", "Foot", "Toe")  # whose direction does not say all that people see
_APART = 0.05  # metres at canonical size: joints that are nearer give no direction


@dataclass(frozen=True, eq=False)
class Seen:
    """Degrees by which each joint's bone is off in what people see, and by which it is turned otherwise, joint -> (S,).
    swivels: chain -> radians by which limbs bend away from their poles, None where they are straight."""

    off: Mapping[str, np.ndarray]
    turned: Mapping[str, np.ndarray]
    swivels: Mapping[Chain, float | None]

    def mean(self, joints: Iterable[str], of: Mapping[str, np.ndarray] | None = None) -> float:
        """The mean over frames of those joints that are there."""
        of = self.off if of is None else of
        return float(np.mean([of[joint].mean() for joint in joints if joint in of] or [0.0]))


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
    turned = {joint: np.degrees(quat_angle(quat_from_matrix(orthonormal(by_joint[joint][:, :3, :3])),
                                           wanted.turned[joint][frames])) for joint in bones}
    straight = _directions_off(by_joint, wanted, frames, rig.scale())
    return Seen({**turned, **straight}, turned, swivels)


def _frames(controls: Controls, solution: Solution) -> np.ndarray:
    count = len(next(iter(solution.wanted.places.values())))
    chosen = {int(frame) for frame in np.linspace(0, count - 1, min(count, _FRAMES))}
    for limb in controls.limbs:
        if limb.alone:
            chosen.add(int(np.argmax(np.linalg.norm(solution.bend(limb).offset, axis=1))))
    return np.array(sorted(chosen))


def _directions_off(there: Mapping[str, np.ndarray], wanted: Wanted, frames: np.ndarray, scale: float
                    ) -> dict[str, np.ndarray]:
    """Joint -> (S,) degrees between the directions to the next joint, for joints of which these say all."""
    off = {}
    for joint, after in TOWARDS.items():
        if joint.removeprefix("Left").removeprefix("Right") in _TURNED or not {joint, after} <= there.keys():
            continue
        here = there[after][:, :3, 3] - there[joint][:, :3, 3]
        should = wanted.places[after][frames] - wanted.places[joint][frames]
        if np.linalg.norm(should[0]) > _APART * scale:
            sine, cosine = np.linalg.norm(np.cross(here, should), axis=1), np.sum(here * should, axis=1)
            off[joint] = np.degrees(np.arctan2(sine, cosine))
    return off
