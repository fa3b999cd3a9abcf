# SPDX-License-Identifier: GPL-3.0-or-later
"""The canonical skeleton: 22 joints in a T-pose, and the frozen description that any other skeleton takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Rest positions in metres of a person 1.75 m tall, in Blender's frame: Z up, facing -Y, the left side at +X.
# Segment lengths follow the means of the CMU subjects scaled to this stature, rounded to the centimetre.
_REST = {
    "Hips": (None, (0.0, 0.0, 0.94)),
    "Spine": ("Hips", (0.0, 0.0, 1.04)),
    "Spine1": ("Spine", (0.0, 0.0, 1.16)),
    "Spine2": ("Spine1", (0.0, 0.0, 1.29)),
    "Neck": ("Spine2", (0.0, 0.0, 1.48)),
    "Head": ("Neck", (0.0, 0.0, 1.575)),
    "LeftShoulder": ("Spine2", (0.03, 0.0, 1.42)),
    "LeftArm": ("LeftShoulder", (0.18, 0.0, 1.42)),
    "LeftForeArm": ("LeftArm", (0.46, 0.0, 1.42)),
    "LeftHand": ("LeftForeArm", (0.71, 0.0, 1.42)),
    "LeftUpLeg": ("Hips", (0.09, 0.0, 0.90)),
    "LeftLeg": ("LeftUpLeg", (0.09, 0.0, 0.49)),
    "LeftFoot": ("LeftLeg", (0.09, 0.0, 0.085)),
    "LeftToe": ("LeftFoot", (0.09, -0.14, 0.02)),
    "RightShoulder": ("Spine2", (-0.03, 0.0, 1.42)),
    "RightArm": ("RightShoulder", (-0.18, 0.0, 1.42)),
    "RightForeArm": ("RightArm", (-0.46, 0.0, 1.42)),
    "RightHand": ("RightForeArm", (-0.71, 0.0, 1.42)),
    "RightUpLeg": ("Hips", (-0.09, 0.0, 0.90)),
    "RightLeg": ("RightUpLeg", (-0.09, 0.0, 0.49)),
    "RightFoot": ("RightLeg", (-0.09, 0.0, 0.085)),
    "RightToe": ("RightFoot", (-0.09, -0.14, 0.02)),
}

JOINTS: tuple[str, ...] = tuple(_REST)
INDEX: dict[str, int] = {name: i for i, name in enumerate(JOINTS)}
PARENTS: tuple[int, ...] = tuple(-1 if parent is None else INDEX[parent] for parent, _ in _REST.values())

# The joint that a segment points to; the segment's direction is what retargeting keeps. Ends have none.
TOWARDS: dict[str, str] = {
    "Hips": "Spine",
    "Spine": "Spine1",
    "Spine1": "Spine2",
    "Spine2": "Neck",
    "Neck": "Head",
    **{f"{side}{a}": f"{side}{b}" for side in ("Left", "Right") for a, b in (
        ("Shoulder", "Arm"), ("Arm", "ForeArm"), ("ForeArm", "Hand"),
        ("UpLeg", "Leg"), ("Leg", "Foot"), ("Foot", "Toe"))},
}

# Segments that carry a pair of limbs are aligned by two axes: towards the next joint, and from right to left.
LATERAL: dict[str, tuple[str, str]] = {"Hips": ("LeftUpLeg", "RightUpLeg"), "Spine2": ("LeftArm", "RightArm")}

# Where the ends point in the rest pose, and how long they are on the canonical body (metres).
ENDS: dict[str, tuple[tuple[float, float, float], float]] = {
    "Head": ((0.0, 0.0, 1.0), 0.175),
    "LeftHand": ((1.0, 0.0, 0.0), 0.18),
    "RightHand": ((-1.0, 0.0, 0.0), 0.18),
    "LeftToe": ((0.0, -1.0, 0.0), 0.07),
    "RightToe": ((0.0, -1.0, 0.0), 0.07),
}

CONTACT_JOINTS: tuple[str, ...] = ("LeftFoot", "LeftToe", "RightFoot", "RightToe")
MIRROR: tuple[int, ...] = tuple(
    INDEX[n.replace("Left", "Right") if n.startswith("Left") else n.replace("Right", "Left")] for n in JOINTS
)


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Joints in order, parents before children.

    names: J joint names. parents: J indices, -1 for the root. offsets: (J, 3) metres, each joint's rest position
    relative to its parent's; the root's own offset is its rest position above the ground.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray

    @cached_property
    def rest_positions(self) -> np.ndarray:
        """(J, 3) joint positions in the rest pose, metres."""
        positions = np.array(self.offsets, dtype=np.float64)
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                positions[joint] += positions[parent]
        return positions

    @cached_property
    def generations(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Joints and their parents as indices, those next to the root first, then theirs, and so on."""
        depth = np.zeros(len(self.parents), dtype=int)
        for joint, parent in enumerate(self.parents):
            depth[joint] = depth[parent] + 1 if parent >= 0 else 0
        parents = np.array(self.parents)
        found = [np.flatnonzero(depth == level) for level in range(1, depth.max() + 1)]
        return tuple((joints, parents[joints]) for joints in found)

    @cached_property
    def leg_length(self) -> float:
        """Thigh plus shin in metres, the mean of both sides; the measure by which root motion is scaled."""
        bones = [f"{side}{part}" for side in ("Left", "Right") for part in ("Leg", "Foot")]
        return float(sum(np.linalg.norm(self.offsets[self.names.index(bone)]) for bone in bones) / 2)

    @property
    def hip_height(self) -> float:
        """Height in metres of the hips above the soles in the rest pose."""
        return float(self.rest_positions[0, 2])


def _canonical() -> Skeleton:
    rest = np.array([position for _, position in _REST.values()])
    offsets = np.array([rest[i] - (rest[p] if p >= 0 else 0.0) for i, p in enumerate(PARENTS)])
    return Skeleton(JOINTS, PARENTS, offsets)


CANONICAL = _canonical()
