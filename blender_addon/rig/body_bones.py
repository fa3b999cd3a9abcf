# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones of a body: where they begin and end, what they hang from, and which way they bend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..character.body_mesh import BodyMesh
from ..character.helper_joints import HELPERS
from ..motion.skeleton import INDEX, PARENTS, TOWARDS
from ..motion.skeleton import JOINTS as CANONICAL_JOINTS

_FORWARD, _BACKWARD, _UPWARD = (0.0, -1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_HELPERS = {helper.name: helper for helper in HELPERS}
# Ends go on as far as the skin that follows them.
_ENDS = {"Head": _UPWARD, "Toe": _FORWARD, "Jaw": (0.0, -0.9, -0.4359)}


@dataclass(frozen=True, eq=False)
class Bones:
    """The B bones of a body, parents before children; metres, in the body's own frame.

    names: those of its joints. parents: -1 for the root. heads, tails: (B, 3). bends: (B, 3) unit vectors, where each
    bone's Z axis points to: a positive turn about its X axis bends a knee backward, an elbow and the trunk forward, an
    ankle upward, a finger into the palm.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: np.ndarray
    tails: np.ndarray
    bends: np.ndarray


def bones_of(body: BodyMesh) -> Bones:
    """The bones between a body's joints, those of fingers and jaw and those that follow others among them."""
    place = {name: n for n, name in enumerate(body.joints)}
    at = {name: body.positions[n] for name, n in place.items()}
    parents = tuple(place[_parent(name)] if name != "Hips" else -1 for name in body.joints)
    tails = np.array([_tail(name, at, body, place) for name in body.joints])
    return Bones(body.joints, parents, np.array(body.positions), tails, np.array([_bend(name, at) for name in at]))


def _sides(name: str) -> tuple[str, str]:
    """ "LeftArm" as ("Left", "Arm"), "Hips" as ("", "Hips")."""
    side = next((side for side in ("Left", "Right") if name.startswith(side)), "")
    return side, name.removeprefix(side)


def _parent(name: str) -> str:
    if name in _HELPERS:
        return _HELPERS[name].above
    if name in INDEX:
        return CANONICAL_JOINTS[PARENTS[INDEX[name]]]
    if name == "Jaw":
        return "Head"
    side, part = _sides(name)
    number = int(part[-1])
    return f"{side}Hand" if number == 1 else f"{side}{part[:-1]}{number - 1}"


def _tail(name: str, at: dict[str, np.ndarray], body: BodyMesh, place: dict[str, int]) -> np.ndarray:
    if name in _HELPERS:
        helper = _HELPERS[name]
        return at[name] + (helper.at[1] - helper.at[0]) * (at[helper.along[1]] - at[helper.along[0]])
    side, part = _sides(name)
    following = TOWARDS.get(name) or (f"{side}HandMiddle1" if part == "Hand" else f"{name[:-1]}{int(name[-1]) + 1}"
                                      if part[-1].isdigit() else "")
    if following in at:
        return at[following]
    head = at[name]
    direction = np.array(_ENDS[part]) if part in _ENDS else head - at[_parent(name)]
    direction = direction / np.linalg.norm(direction)
    skin = body.vertices[body.joint_indices[:, 0] == place[name]]
    return head + direction * float(((skin - head) @ direction).max())


def _bend(name: str, at: dict[str, np.ndarray]) -> np.ndarray:
    if name in _HELPERS:  # it lies as the bone that it follows
        return _bend(_HELPERS[name].along[0], at)
    side, part = _sides(name)
    if part in ("UpLeg", "Leg"):
        return np.array(_BACKWARD)
    if part in ("Foot", "Toe"):
        return np.array(_UPWARD)
    if part == "Jaw":
        return np.array([0.0, 0.4359, -0.9])  # it opens
    if part.startswith("Hand") and part != "Hand":
        return _into_palm(side, "Thumb" in part, at)
    return np.array(_FORWARD)


def _into_palm(side: str, thumb: bool, at: dict[str, np.ndarray]) -> np.ndarray:
    """Out of the palm of the hand, or for the thumb half of that way and half towards the little finger."""
    along = at[f"{side}HandMiddle1"] - at[f"{side}Hand"]
    across = at[f"{side}HandIndex1"] - at[f"{side}HandPinky1"]
    palm = np.cross(along, across) * (1.0 if side == "Left" else -1.0)
    palm /= np.linalg.norm(palm)
    bend = palm - across / np.linalg.norm(across) if thumb else palm
    return bend / np.linalg.norm(bend)
