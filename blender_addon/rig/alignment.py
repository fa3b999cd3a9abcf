# SPDX-License-Identifier: GPL-3.0-or-later
"""From a rest pose to the T-pose: how each segment has to be turned.

Limbs are turned by the direction of their bones, each with the one above it and then the shortest way, so that an elbow
bent at rest unbends like a hinge; hands go with their forearms. Trunk, head, clavicles and feet are turned only by the
way they face: an upright trunk and flat soles mean the same on every rig, whatever the slant of the bone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..motion.rotations import matrix_from_quat, normalise, quat_between
from ..motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS, TOWARDS

_UPRIGHT = np.cos(np.radians(12.0))  # a lean under this is the body's own curve
_BY_DIRECTION = ("Arm", "ForeArm", "UpLeg", "Leg")


def align_to_t_pose(places: Mapping[str, np.ndarray], axes: np.ndarray) -> np.ndarray:
    """(22, 3, 3) the turn that brings each segment from the rest pose to the T-pose, in the space of the rest pose.

    places: joint -> (3,) at rest, for the joints that are there. axes: (3, 3) the canonical x, y, z as columns.
    """
    left, up = axes[:, 0], axes[:, 2]
    trunk = _stand_upright(places, up)
    chest = _face(places["LeftArm"] - places["RightArm"], left, up) @ trunk
    pelvis = _face(places["LeftUpLeg"] - places["RightUpLeg"], left, up) @ trunk
    turns = np.tile(np.eye(3), (len(JOINTS), 1, 1))
    for joint, name in enumerate(JOINTS):
        part = name.removeprefix("Left").removeprefix("Right")
        if part == "Hips":
            turns[joint] = pelvis
        elif part in ("Spine2", "Shoulder"):
            turns[joint] = chest
        elif part in ("Spine", "Spine1", "Neck", "Head"):
            turns[joint] = trunk
        elif part == "Foot":
            ahead = places.get(name.replace("Foot", "Toe"), places[name]) - places[name]
            turns[joint] = _face(ahead, -axes[:, 1], up)
        else:
            turns[joint] = turns[PARENTS[joint]]
            if part in _BY_DIRECTION and TOWARDS[name] in places:
                here = turns[joint] @ (places[TOWARDS[name]] - places[name])
                there = axes @ CANONICAL.offsets[INDEX[TOWARDS[name]]]
                turns[joint] = matrix_from_quat(quat_between(here, there)) @ turns[joint]
    return turns


def _stand_upright(places: Mapping[str, np.ndarray], up: np.ndarray) -> np.ndarray:
    """The turn (3, 3) that stands a leaning trunk upright; none for a small lean."""
    top = places.get("Head", places.get("Neck", (places["LeftArm"] + places["RightArm"]) / 2))
    lean = normalise(top - (places["LeftUpLeg"] + places["RightUpLeg"]) / 2)
    return np.eye(3) if lean @ up > _UPRIGHT else matrix_from_quat(quat_between(lean, up))


def _face(direction: np.ndarray, wanted: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The turn (3, 3) about `up` that brings the level part of a direction onto `wanted`; none for a vertical one."""
    level = direction - up * (direction @ up)
    if np.linalg.norm(level) < 1e-6:
        return np.eye(3)
    return matrix_from_quat(quat_between(level, wanted))
