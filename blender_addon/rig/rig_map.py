# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig was taken for: its bone map, and what its rest pose says of its size, its ground and its T-pose.

Everything that is measured comes from the places of the joints at rest, so bone rolls, bone axes and the object's own
place, turn and scale do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import RigError
from ..motion.rotations import frame_from_axes, normalise
from ..motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS, TOWARDS, Skeleton
from .alignment import align_to_t_pose
from .bone_map import BoneMap, Match
from .rest import Rest

_SNAP = np.cos(np.radians(30.0))  # a body leaning less than this stands along an axis of its armature
# The origin of a rig lies on its ground where its ankles, in leg lengths, are no further above or below it than this.
_ON_GROUND = (-0.25, 0.6)
_A_POSE, _HANGING = 15.0, 65.0  # degrees below the horizontal from which on arms are in an A-pose, or hang


@dataclass(frozen=True, eq=False)
class RigMap:
    """What a rig was taken for. All places are in armature space.

    armature: the armature object's name. rest: its bones. map: which of them are joints, and why. places: joint ->
    (3,) where it is at rest, for all joints that have a bone or a bone's end. axes: (3, 3) the canonical x, y, z as
    columns, so that `axes @ v` brings a canonical direction there. alignment: (22, 3, 3) per joint the turn from the
    rest pose to the T-pose. leg_length: thigh plus shin. pelvis: (3,) the middle of the hip joints. ground: height,
    along the up axis, of the floor that it moves on. ankles: how high they are above the floor when it stands.
    """

    armature: str
    rest: Rest
    map: BoneMap
    places: Mapping[str, np.ndarray]
    axes: np.ndarray
    alignment: np.ndarray
    leg_length: float
    pelvis: np.ndarray
    ground: float
    ankles: float

    @property
    def family(self) -> str:
        """The kind of rig."""
        return self.map.family

    @property
    def bones(self) -> Mapping[str, str]:
        """Canonical joint -> bone name."""
        return self.map.bones

    @property
    def matches(self) -> Mapping[str, Match]:
        """Canonical joint -> bone, confidence, reason."""
        return self.map.matches

    @property
    def points(self) -> Mapping[str, str]:
        """Joints without a bone -> the bone that ends there."""
        return self.map.points

    @property
    def missing(self) -> tuple[str, ...]:
        """The canonical joints that no bone stands for."""
        return self.map.missing

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know, a line each."""
        return self.map.notes

    def scale(self, skeleton: Skeleton = CANONICAL) -> float:
        """Armature units for a metre of a clip on `skeleton`."""
        return self.leg_length / skeleton.leg_length

    def to_canonical(self, points: np.ndarray, skeleton: Skeleton = CANONICAL) -> np.ndarray:
        """Points (..., 3) of armature space in the clip's world: metres, facing -Y, the pelvis at rest over 0, 0."""
        return (points - self.origin) @ self.axes / self.scale(skeleton)

    @property
    def origin(self) -> np.ndarray:
        """The point of the rig's ground below its pelvis, in armature space."""
        up = self.axes[:, 2]
        return self.pelvis - up * (self.pelvis @ up - self.ground)

    @cached_property
    def skeleton(self) -> Skeleton:
        """The canonical joints in the T-pose with this rig's own proportions, in metres of a body with canonical legs.

        Joints that the rig lacks are put where the canonical body has them, seen from their neighbours.
        """
        return Skeleton(JOINTS, PARENTS, _own_offsets(self))

    @property
    def arms_below_horizontal(self) -> float:
        """Degrees by which the upper arms hang at rest: 0 for a T-pose, about 45 for an A-pose."""
        up = self.axes[:, 2]
        sines = [normalise(self.places[f"{side}ForeArm"] - self.places[f"{side}Arm"]) @ up for side in _SIDES]
        return float(np.degrees(np.arcsin(-np.mean(sines))))

    @property
    def knees_bent(self) -> float:
        """Degrees by which the knee that is bent further is bent at rest; much of it is a pose, not a rest."""
        bent = []
        for side in _SIDES:
            thigh, shin = (normalise(self.places[side + lower] - self.places[side + upper])
                           for upper, lower in (("UpLeg", "Leg"), ("Leg", "Foot")))
            bent.append(np.arccos(np.clip(thigh @ shin, -1.0, 1.0)))
        return float(np.degrees(max(bent)))

    @property
    def rest_pose(self) -> str:
        """ "T", "A" or "down", by the upper arms."""
        hanging = self.arms_below_horizontal
        return "down" if hanging > _HANGING else "A" if hanging > _A_POSE else "T"


_SIDES = ("Left", "Right")


def measure_rig(armature: str, rest: Rest, bones: BoneMap) -> RigMap:
    """Measure a rest pose; RigError in one line when it is no humanoid's."""
    _check(armature, rest, bones)
    places = {joint: rest.heads[rest.index[match.bone]] for joint, match in bones.matches.items()}
    places |= {joint: rest.tails[rest.index[bone]] for joint, bone in bones.points.items()}
    axes = _body_axes(armature, places)
    up, leg = axes[:, 2], sum(_leg_length(places, side) for side in _SIDES) / 2
    ground, ankles = _ground(float(np.mean([places[f"{side}Foot"] @ up for side in _SIDES])), leg)
    return RigMap(
        armature=armature, rest=rest, map=bones, places=places, axes=axes,
        alignment=align_to_t_pose(places, axes),
        leg_length=leg,
        pelvis=(places["LeftUpLeg"] + places["RightUpLeg"]) / 2,
        ground=ground,
        ankles=ankles,
    )


def _check(armature: str, rest: Rest, bones: BoneMap) -> None:
    lacking = [joint for joint in bones.lacking if joint not in bones.points]
    if lacking:
        listed = ", ".join(lacking[:4]) + (f" and {len(lacking) - 4} more" if len(lacking) > 4 else "")
        raise RigError(f"{armature} is not understood as a humanoid: no bone was found for {listed}; "
                       "name its bones in the Rig panel, or in a file for --map")
    used: dict[str, str] = {}
    for joint, match in bones.matches.items():
        if match.bone in used:
            raise RigError(f"{armature}: the bone {match.bone} is named for {used[match.bone]} and for {joint}; "
                           "give each joint a bone of its own")
        used[match.bone] = joint


def _leg_length(places: Mapping[str, np.ndarray], side: str) -> float:
    hip, knee, ankle = (places[side + part] for part in ("UpLeg", "Leg", "Foot"))
    return float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))


def _body_axes(name: str, places: Mapping[str, np.ndarray]) -> np.ndarray:
    """The canonical axes as columns in armature space: to the left, backward, up."""
    pelvis = (places["LeftUpLeg"] + places["RightUpLeg"]) / 2
    feet = (places["LeftFoot"] + places["RightFoot"]) / 2
    up = normalise(pelvis - feet)
    # Rigs are built along the axes of their armature; a body that leans does not tip the ground it stands on.
    nearest = np.zeros(3)
    nearest[np.argmax(np.abs(up))] = np.sign(up[np.argmax(np.abs(up))])
    if up @ nearest > _SNAP:
        up = nearest
    left = sum(places[f"Left{part}"] - places[f"Right{part}"] for part in ("UpLeg", "Leg", "Arm"))
    left = left - up * (left @ up)
    if np.linalg.norm(left) < 1e-6 or np.linalg.norm(pelvis - feet) < 1e-6:
        raise RigError(f"{name} is not understood as a humanoid: its left and right limbs are in the same place")
    return frame_from_axes(_snapped(normalise(left)), np.cross(up, left))


def _snapped(left: np.ndarray) -> np.ndarray:
    """A direction within a few degrees of an axis is that axis: hand-made rigs are a little askew."""
    nearest = np.zeros(3)
    nearest[np.argmax(np.abs(left))] = np.sign(left[np.argmax(np.abs(left))])
    return nearest if left @ nearest > np.cos(np.radians(3.0)) else left


def _ground(ankle: float, leg: float) -> tuple[float, float]:
    """Height of the floor, and of the ankles above it, from where those are at rest.

    Rigs stand on their origin. Motion capture files have the hips there at rest and move on the origin's floor all the
    same; a rig that rests far above its origin has its floor up there.
    """
    usual = CANONICAL.rest_positions[INDEX["LeftFoot"], 2] * leg / CANONICAL.leg_length
    if ankle / leg < _ON_GROUND[0]:
        return 0.0, usual
    return (0.0, ankle) if ankle / leg < _ON_GROUND[1] else (ankle - usual, usual)


# --- the T-pose on the rig's own proportions -------------------------------------------------------------------------


def _own_offsets(rig: RigMap) -> np.ndarray:
    """(22, 3) offsets in metres at canonical leg length, in canonical axes; the root's is where it stands."""
    here = {joint: rig.axes.T @ place / rig.scale() for joint, place in rig.places.items()}
    turns = rig.axes.T @ rig.alignment @ rig.axes
    stands = np.zeros((len(JOINTS), 3))
    for joint, name in enumerate(JOINTS):
        if joint and name in here:
            above = PARENTS[joint]
            while JOINTS[above] not in here:
                above = PARENTS[above]
            stands[joint] = stands[above] + turns[above] @ (here[name] - here[JOINTS[above]])
    for joint, name in enumerate(JOINTS):
        if name not in here:
            stands[joint] = _stand_in(name, joint, stands, here)
    stands += _standing(rig, stands)
    return np.array([stands[joint] - (stands[parent] if parent >= 0 else 0.0) for joint, parent in enumerate(PARENTS)])


def _stand_in(name: str, joint: int, stands: np.ndarray, here: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where a joint would be that the rig lacks: on the way to the next one, else where the canonical body has it."""
    parent, after = PARENTS[joint], TOWARDS.get(name)
    while after is not None and after not in here:
        after = TOWARDS.get(after)
    if after is None:
        return stands[parent] + CANONICAL.offsets[joint]
    rest = CANONICAL.rest_positions
    before, whole = rest[joint] - rest[parent], rest[INDEX[after]] - rest[parent]
    share = np.linalg.norm(before) / (np.linalg.norm(before) + np.linalg.norm(whole - before))
    return stands[parent] + share * (stands[INDEX[after]] - stands[parent])


def _standing(rig: RigMap, stands: np.ndarray) -> np.ndarray:
    """The move that puts the T-pose over the origin, its ankles as high above the floor as they should be."""
    hips = (stands[INDEX["LeftUpLeg"]] + stands[INDEX["RightUpLeg"]]) / 2
    feet = np.mean([stands[INDEX[f"{side}Foot"], 2] for side in _SIDES])
    return np.array([-hips[0], -hips[1], rig.ankles / rig.scale() - feet])
