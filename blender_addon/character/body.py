# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying the mannequin's parts from reference space to anybody's rest pose, and back.

Reference space is the T-pose of the canonical skeleton (metres, Z up, facing -Y). Each part of the body has its own
map: limbs turn, stretch and thicken with their bones; the torso is stretched between hips, shoulders and head, widened
to its joints, and follows a curved spine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import RigError
from .lobes import smooth_curve

_SIDED = {
    "Shoulder": (0.03, 0.0, 1.42), "Arm": (0.18, 0.0, 1.42), "ForeArm": (0.46, 0.0, 1.42), "Hand": (0.71, 0.0, 1.42),
    "UpLeg": (0.09, 0.0, 0.90), "Leg": (0.09, 0.0, 0.49), "Foot": (0.09, 0.0, 0.085), "Toe": (0.09, -0.14, 0.02),
}
# The rest positions that the reference body is modelled around: the canonical skeleton's (a test compares them).
REFERENCE: dict[str, np.ndarray] = {
    "Hips": np.array([0.0, 0.0, 0.94]), "Spine": np.array([0.0, 0.0, 1.04]), "Spine1": np.array([0.0, 0.0, 1.16]),
    "Spine2": np.array([0.0, 0.0, 1.29]), "Neck": np.array([0.0, 0.0, 1.48]), "Head": np.array([0.0, 0.0, 1.575]),
    **{"Left" + name: np.array(at) for name, at in _SIDED.items()},
    **{"Right" + name: np.array(at) * (-1.0, 1.0, 1.0) for name, at in _SIDED.items()},
}
BODY_JOINTS: tuple[str, ...] = tuple(REFERENCE)
_HEAD_LENGTH = 0.175  # from the head's joint to its top
_FLIP = np.array([-1.0, 1.0, 1.0])

# Which part a joint carries.
PART_OF = {
    "Hips": "trunk", "Spine": "trunk", "Spine1": "trunk", "Spine2": "trunk", "Neck": "neck", "Head": "head",
    **{f"{side}{joint}": f"{part}.{side[0]}" if part != "trunk" else part for side in ("Left", "Right")
       for joint, part in (("Shoulder", "trunk"), ("Arm", "arm"), ("ForeArm", "forearm"), ("Hand", "hand"),
                           ("UpLeg", "thigh"), ("Leg", "shin"), ("Foot", "foot"), ("Toe", "foot"))},
}
PARTS: tuple[str, ...] = tuple(dict.fromkeys(PART_OF.values()))


@dataclass(frozen=True)
class Part:
    """The way of one part between its place on a body and its place in reference space.

    there: points (N, 3) of the body to reference space; back: the other way. size: how many metres of the body one
    metre across the part is in reference space. Parts of the right side come out on the left in reference space.
    """

    there: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]
    size: float


@dataclass(frozen=True)
class Body:
    """Somebody's rest pose: all 22 joints (metres), the parts' maps, the size against the reference, the ground."""

    joints: Mapping[str, np.ndarray]
    parts: Mapping[str, Part]
    size: float
    ground: float


def fit_body(joints: Mapping[str, np.ndarray], tails: Mapping[str, np.ndarray] | None = None) -> Body:
    """Measure a rest pose: T-pose, A-pose or anything between, standing, facing -Y, Z up.

    joints: positions (3,) in metres by canonical name; arms, forearms, thighs, shins, feet and hips must be there, the
    rest is made up from them. tails: where bones end, used for head and hands where it is plausible.
    """
    joints = _complete(joints)
    tails = tails or {}
    size, ground = _size_and_ground(joints)
    trunk, width = _trunk(joints, size)
    parts = {"trunk": trunk}
    head = _head_size(joints, tails, size)
    parts["neck"] = _limb(joints["Neck"], joints["Head"], "Neck", "Head", np.eye(3), size, (width * head * size) ** 0.5)
    parts["head"] = _shift(joints["Head"], REFERENCE["Head"], head)
    for side in ("Left", "Right"):
        flip = side == "Right"
        own = {name[len(side):]: at * _FLIP if flip else at for name, at in joints.items() if name.startswith(side)}
        ends = {name[len(side):]: np.asarray(at, float) * _FLIP if flip else np.asarray(at, float)
                for name, at in tails.items() if name.startswith(side)}
        for name, part in _limbs(own, ends, size, ground).items():
            parts[f"{name}.{side[0]}"] = _flipped(part) if flip else part
    return Body(joints, parts, size, ground)


# --- measuring ------------------------------------------------------------------------------------------------------

_NEEDED = ("Hips", *(side + joint for side in ("Left", "Right")
                     for joint in ("Arm", "ForeArm", "UpLeg", "Leg", "Foot")))


def _complete(joints: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    known = {name: np.asarray(at, float) for name, at in joints.items() if name in REFERENCE}
    lacking = [name for name in _NEEDED if name not in known]
    if lacking:
        raise RigError(f"no body fits a rest pose without {', '.join(lacking)}; map these joints to bones")
    if not all(at.shape == (3,) and np.isfinite(at).all() for at in known.values()):
        raise RigError("no body fits a rest pose with joints that are not three finite numbers; check the armature")
    for side in ("Left", "Right"):
        for a, b in (("Arm", "ForeArm"), ("UpLeg", "Leg"), ("Leg", "Foot")):
            if np.linalg.norm(known[side + a] - known[side + b]) < 1e-4:
                raise RigError(f"no body fits a rest pose whose {side + a} has no length; check the armature")
    hips = (known["LeftUpLeg"] + known["RightUpLeg"]) / 2
    shoulders = (known["LeftArm"] + known["RightArm"]) / 2
    torso = max(shoulders[2] - hips[2], 1e-3) / (1.42 - 0.90)
    filled = {"Hips": hips + (0, 0, 0.04 * torso), "Neck": shoulders + (0, 0, 0.06 * torso)}
    filled |= {"Head": known.get("Neck", filled["Neck"]) + (0, 0, 0.095 * torso)}
    low, high = REFERENCE["Hips"][2], REFERENCE["Neck"][2]
    start, end = known.get("Hips", filled["Hips"]), known.get("Neck", filled["Neck"])
    for name in ("Spine", "Spine1", "Spine2"):
        filled[name] = start + (end - start) * ((REFERENCE[name][2] - low) / (high - low))
    for side in ("Left", "Right"):
        filled[side + "Shoulder"] = shoulders + (known[side + "Arm"] - shoulders) / 6.0
        fore = known[side + "ForeArm"] - known[side + "Arm"]
        filled[side + "Hand"] = known[side + "ForeArm"] + fore * (0.25 / 0.28)
        foot = known[side + "Foot"]
        leg = np.linalg.norm(known[side + "Leg"] - foot) / 0.405
        filled[side + "Toe"] = foot + np.array([0.0, -0.14, -0.065]) * leg
    return {name: known.get(name, filled.get(name)) for name in BODY_JOINTS}


def _size_and_ground(joints: Mapping[str, np.ndarray]) -> tuple[float, float]:
    feet = [joints[f"{side}Foot"][2] for side in ("Left", "Right")]
    toes = [joints[f"{side}Toe"][2] for side in ("Left", "Right")]
    size = (joints["Head"][2] - min(*feet)) / (REFERENCE["Head"][2] - 0.085)
    if not size > 0.0:
        raise RigError("no body fits a rest pose whose head is not above its feet; check the rig's rest pose")
    ground = min(min(toes) - 0.02 * size, min(feet) - 0.085 * size)
    # Soles stand on the floor of the scene when the ankles are about as high above it as ankles are.
    if abs(ground) < 0.05 * size and min(feet) > 0.03 * size:
        ground = 0.0
    return size, ground


def _head_size(joints: Mapping[str, np.ndarray], tails: Mapping[str, np.ndarray], size: float) -> float:
    usual = size ** 0.8  # heads of small people are large for their body
    if "Head" in tails:
        length = (np.asarray(tails["Head"], float) - joints["Head"])[2] / _HEAD_LENGTH
        if 0.75 * usual < length < 1.3 * usual:
            return float(length)
    return float(usual)


def _stout(ratio: float, power: float = 0.5) -> float:
    """How much thicker a part is that is `ratio` times as long; unlikely rigs make no balloons."""
    return float(np.clip(ratio, 0.4, 2.5) ** power)


# --- the torso ------------------------------------------------------------------------------------------------------


def _trunk(joints: Mapping[str, np.ndarray], size: float) -> tuple[Part, float]:
    hips = (joints["LeftUpLeg"] + joints["RightUpLeg"]) / 2
    shoulders = (joints["LeftArm"] + joints["RightArm"]) / 2
    heights = np.array([0.90, 1.42, 1.575])
    places = np.array([hips[2], shoulders[2], joints["Head"][2]])
    if np.any(np.diff(places) <= 0.02 * size):
        raise RigError("no body fits a rest pose whose hips, shoulders and head are not one above the other; "
                       "check the rig's rest pose")
    # Straight on above and below, with the slope of a body of this size.
    heights = np.array([heights[0] - 1.0, *heights, heights[-1] + 1.0])
    places = np.array([places[0] - size, *places, places[-1] + size])

    broad = [abs(joints[f"Left{name}"][0] - joints[f"Right{name}"][0]) / (2 * size) for name in ("UpLeg", "Arm")]
    hip, shoulder = _stout(broad[0] / 0.09, 0.6), _stout(broad[1] / 0.18, 0.9)
    levels = np.array([0.90, 1.00, 1.30, 1.42])
    widths = np.array([hip, 0.7 * hip + 0.3 * shoulder, 0.25 * hip + 0.75 * shoulder, shoulder]) * size
    depths = np.sqrt(widths * size)
    lean = _centre_line(joints, hips, shoulders, size)

    def there(points: np.ndarray) -> np.ndarray:
        z = np.interp(points[:, 2], places, heights)
        x, y = ((points[:, i] - smooth_curve(lean[2], lean[i], points[:, 2])) for i in range(2))
        return np.stack([x / smooth_curve(levels, widths, z), y / smooth_curve(levels, depths, z), z], axis=1)

    def back(points: np.ndarray) -> np.ndarray:
        z = np.interp(points[:, 2], heights, places)
        x = points[:, 0] * smooth_curve(levels, widths, points[:, 2]) + smooth_curve(lean[2], lean[0], z)
        y = points[:, 1] * smooth_curve(levels, depths, points[:, 2]) + smooth_curve(lean[2], lean[1], z)
        return np.stack([x, y, z], axis=1)

    across = float(np.mean(widths + depths) / 2)
    return Part(there, back, across), shoulder


def _centre_line(joints: Mapping[str, np.ndarray], hips: np.ndarray, shoulders: np.ndarray,
                 size: float) -> np.ndarray:
    """(3, K) x, y, z of the line that the torso's cross-sections are centred on.

    It goes from the hip joints to the base of the neck and bends half as far as the spine's joints: some rigs have
    these in the middle of the body, some along the back.
    """
    top = (shoulders + joints["Neck"]) / 2
    points = [hips]
    for name in ("Spine", "Spine1", "Spine2"):
        t = (joints[name][2] - hips[2]) / (top[2] - hips[2])
        if 0.1 < t < 0.9 and joints[name][2] > points[-1][2] + 0.02 * size:
            points.append((joints[name] + hips + (top - hips) * t) / 2)
    return np.array([*points, top]).T


# --- limbs: worked out on the left ----------------------------------------------------------------------------------


def _limbs(own: Mapping[str, np.ndarray], tails: Mapping[str, np.ndarray], size: float,
           ground: float) -> dict[str, Part]:
    arm = _turn(own["ForeArm"] - own["Arm"], np.array([1.0, 0.0, 0.0]), np.eye(3))
    fore = _turn(own["Hand"] - own["ForeArm"], np.array([1.0, 0.0, 0.0]), arm)
    hand = fore
    if "Hand" in tails:
        along = tails["Hand"] - own["Hand"]
        if along @ fore[:, 0] > 0.6 * np.linalg.norm(along):
            hand = _turn(along, np.array([1.0, 0.0, 0.0]), fore)
    thigh = _turn(own["Leg"] - own["UpLeg"], np.array([0.0, 0.0, -1.0]), np.eye(3))
    shin = _turn(own["Foot"] - own["Leg"], np.array([0.0, 0.0, -1.0]), thigh)
    upper = np.linalg.norm(own["ForeArm"] - own["Arm"]) / (0.28 * size)
    lower = np.linalg.norm(own["Hand"] - own["ForeArm"]) / (0.25 * size)
    leg = np.linalg.norm(own["Foot"] - own["UpLeg"]) / (0.815 * size)
    arms, legs = _stout((upper + lower) / 2) * size, _stout(leg) * size
    return {
        "arm": _limb(own["Arm"], own["ForeArm"], "LeftArm", "LeftForeArm", arm, size, arms),
        "forearm": _limb(own["ForeArm"], own["Hand"], "LeftForeArm", "LeftHand", fore, size, arms),
        "hand": _affine(own["Hand"], REFERENCE["LeftHand"], hand, np.full(3, arms), arms),
        "thigh": _limb(own["UpLeg"], own["Leg"], "LeftUpLeg", "LeftLeg", thigh, size, legs),
        "shin": _limb(own["Leg"], own["Foot"], "LeftLeg", "LeftFoot", shin, size, legs),
        "foot": _foot(own["Foot"], own["Toe"], ground, legs),
    }


def _foot(ankle: np.ndarray, toe: np.ndarray, ground: float, thick: float) -> Part:
    """A foot flat on the ground that points where its toes do."""
    forward = (toe - ankle) * (1.0, 1.0, 0.0)
    length = np.linalg.norm(forward)
    forward = forward / length if length > 0.3 * 0.14 * thick else np.array([0.0, -1.0, 0.0])
    turn = np.stack([np.cross([0.0, 0.0, 1.0], -forward) * -1.0, -forward, [0.0, 0.0, 1.0]], axis=1)
    stretch = np.array([thick, thick * float(np.clip(length / (0.14 * thick), 0.75, 1.35)),
                        max(ankle[2] - ground, 0.03 * thick) / 0.085])
    return _affine(np.array([ankle[0], ankle[1], ground]), np.array([0.09, 0.0, 0.0]), turn, stretch, thick)


def _limb(start: np.ndarray, end: np.ndarray, first: str, last: str, turn: np.ndarray, size: float,
          thick: float) -> Part:
    bone = REFERENCE[last] - REFERENCE[first]
    axis = int(np.argmax(np.abs(bone)))
    stretch = np.full(3, thick)
    stretch[axis] = max(np.linalg.norm(end - start), 0.02 * size) / abs(bone[axis])
    if first == "Neck":
        turn = _turn(end - start, np.array([0.0, 0.0, 1.0]), turn)
    return _affine(start, REFERENCE[first], turn, stretch, thick)


def _turn(along: np.ndarray, axis: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(3, 3) the shortest turn after `start` that brings reference direction `axis` along a bone."""
    here = start @ axis
    length = np.linalg.norm(along)
    there = along / length if length > 1e-9 else here
    cross, cosine = np.cross(here, there), float(here @ there)
    if cosine < -0.999:
        return start
    skew = np.array([[0, -cross[2], cross[1]], [cross[2], 0, -cross[0]], [-cross[1], cross[0], 0]])
    return (np.eye(3) + skew + skew @ skew / (1.0 + cosine)) @ start


def _affine(here: np.ndarray, reference: np.ndarray, turn: np.ndarray, stretch: np.ndarray, thick: float) -> Part:
    return Part(
        there=lambda points: (points - here) @ turn / stretch + reference,
        back=lambda points: ((points - reference) * stretch) @ turn.T + here,
        size=float(thick),
    )


def _shift(here: np.ndarray, reference: np.ndarray, size: float) -> Part:
    return _affine(here, reference, np.eye(3), np.full(3, size), size)


def _flipped(part: Part) -> Part:
    return Part(lambda points: part.there(points * _FLIP), lambda points: part.back(points) * _FLIP, part.size)
