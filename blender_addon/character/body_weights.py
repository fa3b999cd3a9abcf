# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of bodies: which joints carry a vertex and how much; worked out once, on the modelled man's cage."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .extremities import FINGER_JOINTS
from .helper_joints import HELPERS
from .loops import HEAD, SIZES, loops
from .modelling import modelled_points, refinement
from .relief import modelled_man

INFLUENCES = 4
FINGER_NAMES = ("Index", "Middle", "Ring", "Pinky")
DIGITS = tuple(f"{side}Hand{name}{n}" for side in ("Left", "Right") for name in ("Thumb", *FINGER_NAMES)
               for n in (1, 2, 3))
_LIMBS = ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "Toe")
# The canonical 22 joints by their names, then those of hands and face, then those that follow others.
JOINTS: tuple[str, ...] = ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head",
                           *(f"{side}{part}" for side in ("Left", "Right") for part in _LIMBS), "Jaw", *DIGITS,
                           *(helper.name for helper in HELPERS))
_AT = {name: n for n, name in enumerate(JOINTS)}
MIRRORED = tuple(_AT[name.replace("Left", "Right") if name.startswith("Left") else name.replace("Right", "Left")]
                 for name in JOINTS)


@lru_cache(maxsize=1)
def influences() -> tuple[np.ndarray, np.ndarray]:
    """(N, 4) indices into JOINTS, largest weight first, and (N, 4) weights whose rows sum to 1."""
    weights = np.clip(refinement().refine(_cage_weights()), 0.0, None)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    kept = np.take_along_axis(weights, order, axis=1)
    kept[kept < 0.004] = 0.0
    return order.astype(np.int32), kept / kept.sum(axis=1, keepdims=True)


def _cage_weights() -> np.ndarray:
    """(V, J) smooth weights of the cage's vertices."""
    own = loops()
    points = modelled_points()
    left = _left(points, own.left)
    mirrored = left[own.mirror][:, MIRRORED]
    # The left's weights where x > 0, their mirror image where x < 0, both alike in the middle.
    x = points[:, :1]
    weights = np.where(np.abs(x) < 1e-7, (left + mirrored) / 2.0, np.where(x > 0.0, left, mirrored))
    rigid = np.zeros(len(points), bool)
    for name in SIZES:
        if name.startswith(("finger", "thumb", "mouth", "nose", "eye", "pupil", "brow", "ear")):
            for side in (own.left, own.right):
                ids = side[name]
                rigid[ids[ids >= 0]] = True
    edges, count = refinement().edges, refinement().valence
    for _ in range(2):
        around = np.stack([np.bincount(edges.ravel(), column[edges[:, ::-1].ravel()], len(points))
                           for column in weights.T], axis=1) / count
        weights = np.where(rigid[:, None], weights, 0.6 * weights + 0.4 * around)
    return weights / weights.sum(axis=1, keepdims=True)


def _rise(value: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _left(points: np.ndarray, ids: dict[str, np.ndarray]) -> np.ndarray:
    """(V, J) weights by what is true on the left and in the middle."""
    joints = modelled_man().joints
    part = np.full(len(points), "", dtype=object)
    for name in SIZES:
        part[ids[name][ids[name] >= 0]] = name
    weights = np.zeros((len(points), len(JOINTS)))
    _middle(weights, points, part)
    _leg(weights, points, joints, np.isin(part, ("leg", "foot", "toe webs", *(f"toe{n}" for n in range(5)))),
         np.isin(part, ("trunk", "crotch")))
    arm = np.isin(part, ("arm", "palm", "webs", "thumb", "thumb tip", *(f"finger{n}" for n in range(4))))
    _arm(weights, points, joints, arm, (part == "trunk") & (points[:, 0] > 0.0))
    _digits(weights, ids)
    _jaw(weights, points, ids)
    return weights


def _chain(weights: np.ndarray, names: list[str], steps: list[np.ndarray], share: np.ndarray) -> None:
    """Add `share`, handed down a chain: steps[i] of what names[i] has goes on to names[i + 1]."""
    rest = share
    for name, step in zip(names, [*steps, None]):
        kept = rest if step is None else rest * (1.0 - step)
        weights[:, _AT[name]] += kept
        rest = rest - kept


def _middle(weights: np.ndarray, points: np.ndarray, part: np.ndarray) -> None:
    x, y, z = points.T
    base = z - 0.6 * np.maximum(np.abs(x) - 0.05, 0.0)  # the shoulders' slope is no neck
    tilted = z - 0.42 * y  # from under the chin to the nape
    head = np.isin(part, ("crown", "mouth", "mouth inside", "nose", "nose ridge", "eye", "pupil", "brow", "ear"))
    steps = [_rise(z, 0.990, 1.100), _rise(z, 1.105, 1.215), _rise(z, 1.220, 1.340), _rise(base, 1.450, 1.535),
             np.where(head, 1.0, _rise(tilted, 1.525, 1.580))]
    _chain(weights, ["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"], steps, np.ones(len(points)))


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((value - low) / (high - low), 0.0, 1.0)


def _two_steps(way: np.ndarray) -> list[np.ndarray]:
    """A way from one bone to another (0..1) as two steps: to what is half-way between them, and on."""
    return [_rise(way, 0.0, 0.5), _rise(way, 0.5, 1.0)]


def _arm(weights: np.ndarray, points: np.ndarray, joints: dict, here: np.ndarray, torso: np.ndarray) -> None:
    shoulder, elbow, wrist = (joints[f"Left{name}"] for name in ("Arm", "ForeArm", "Hand"))
    upper, fore = elbow - shoulder, wrist - elbow
    lengths = np.linalg.norm(upper), np.linalg.norm(fore)
    upper, fore = upper / lengths[0], fore / lengths[1]
    across = upper + (0.9, 0.0, 0.0)
    across /= np.linalg.norm(across)
    x, _, z = points.T
    reach = _ramp((points - shoulder) @ across, -0.075, 0.075)
    up = _rise(z, 1.30, 1.41)
    share = np.where(here, 1.0, np.where(torso, np.maximum(0.85 * _rise(x, 0.03, 0.13) * up,
                                                           _rise(reach, 0.0, 1.0) * _rise(z, 1.275, 1.345)), 0.0))
    share = share * np.where(here, 1.0, _rise(1.53 - z, 0.0, 0.05))
    reach = np.where(here, np.maximum(reach, _ramp((points - shoulder) @ upper, -0.03, 0.10)), reach)
    bend = upper + fore
    bend /= np.linalg.norm(bend)
    along = (points - shoulder) @ upper / lengths[0]
    down = (points - elbow) @ fore / lengths[1]
    # Under the arm there is no half-way: blended at once the skin lies closer to the joint, as an armpit does when the
    # arm is raised.
    under = _rise((points - shoulder) @ np.array([upper[2], 0.0, -upper[0]]), 0.0, 0.05)
    first, second = _two_steps(reach)
    steps = [first + (_rise(reach, 0.1, 0.9) - first) * under, second + (1.0 - second) * under,
             _rise(along, 0.25, 0.50), _rise(along, 0.50, 0.78),
             *_two_steps(_ramp((points - elbow) @ bend / (0.034 + 0.3 * np.clip(points[:, 1] - elbow[1], -0.04, 0.05)),
                                -1.0, 1.0)),  # outside a bend the skin has a longer way
             _rise(down, 0.22, 0.52), _rise(down, 0.52, 0.85), _rise((points - wrist) @ fore, -0.035, 0.020)]
    steps = steps[:2] + [np.where(here, step, 0.0) for step in steps[2:]]
    weights *= (1.0 - share)[:, None]
    _chain(weights, [f"Left{name}" for name in (
        "Shoulder", "ShoulderShare", "ArmTwist1", "ArmTwist2", "Arm", "ElbowShare", "ForeArm", "ForeArmTwist1",
        "ForeArmTwist2", "Hand")], steps, share)


def _leg(weights: np.ndarray, points: np.ndarray, joints: dict, here: np.ndarray, torso: np.ndarray) -> None:
    x, y, z = points.T
    hip, knee, foot, toe = (joints[f"Left{name}"] for name in ("UpLeg", "Leg", "Foot", "Toe"))
    below = 0.82 * (hip[2] + 0.005 + 0.7 * (np.clip(x, -0.02, 0.17) - hip[0]) - z)  # under the fold of the groin
    way = _ramp(below, -0.070, 0.085)
    way = np.where(here, np.maximum(way, _ramp(0.815 - z, -0.02, 0.06)), way)
    middle = np.where(here & (z < 0.80), 1.0, _rise(x, -0.02, 0.03))
    to_half, to_thigh = _two_steps(way)
    share = np.where(here | torso, to_half * middle, 0.0)
    along = (hip[2] - z) / (hip[2] - knee[2])
    steps = [to_thigh, *(np.where(here, step, 0.0) for step in (
        _rise(along, 0.30, 0.75), *_two_steps(_ramp((knee[2] - z) / (0.045 - 0.25 * np.clip(y - knee[1], -0.06, 0.06)),
                                                         -1.0, 1.0)),
        _rise(foot[2] - z - 0.25 * (y - foot[1]), -0.030, 0.030), _rise(toe[1] - y, -0.022, 0.022)))]
    weights *= (1.0 - share)[:, None]
    _chain(weights, [f"Left{name}" for name in ("HipShare", "UpLegTwist", "UpLeg", "KneeShare", "Leg", "Foot", "Toe")],
           steps, share)


def _digits(weights: np.ndarray, ids: dict[str, np.ndarray]) -> None:
    """Fingers and thumb by their rings; the hand keeps the knuckles."""
    hand = _AT["LeftHand"]

    def put(vertices: np.ndarray, shares: dict[str, float]) -> None:
        weights[vertices.ravel()] = 0.0
        weights[vertices.ravel(), hand] = 1.0 - sum(shares.values())
        for name, share in shares.items():
            weights[vertices.ravel(), _AT[f"LeftHand{name}"]] = share

    middle, last = FINGER_JOINTS
    for n, name in enumerate(FINGER_NAMES):
        for row, share in enumerate((0.10, 0.27, 0.42, 0.58, 0.73, 0.95)):
            first, second = (float(_rise(np.array(share), at - 0.09, at + 0.09)) for at in (middle, last))
            of_hand = 0.15 if row == 0 else 0.0
            put(ids[f"finger{n}"][row], {f"{name}1": (1.0 - first) * (1.0 - of_hand),
                                         f"{name}2": first * (1.0 - second), f"{name}3": first * second})
    edge = ids["palm"][-1]
    for n, name in enumerate(FINGER_NAMES):  # each web follows both its fingers a little
        for columns in ((1 - n) % 12, (2 - n) % 12, 4 + n, 5 + n):
            weights[edge[columns], hand] -= 0.22
            weights[edge[columns], _AT[f"LeftHand{name}1"]] += 0.22
        for web in {n - 1, n} & {0, 1, 2}:
            weights[ids["webs"][web], hand] -= 0.22
            weights[ids["webs"][web], _AT[f"LeftHand{name}1"]] += 0.22
    for row, shares in enumerate(((0.62, 0.28, 0.0), (0.15, 0.85, 0.0), (0.0, 0.72, 0.28), (0.0, 0.15, 0.85),
                                  (0.0, 0.0, 1.0), (0.0, 0.0, 1.0))):
        put(ids["thumb"][row], {f"Thumb{k + 1}": share for k, share in enumerate(shares)})
    put(ids["thumb tip"], {"Thumb3": 1.0})
    for row, column, share in ((0, 3, 0.2), (0, 2, 0.15), (0, 4, 0.2), (1, 2, 0.5), (1, 3, 0.6), (1, 4, 0.5),
                               (2, 2, 0.45), (2, 3, 0.45), (2, 4, 0.45), (1, 5, 0.25)):
        vertex = ids["palm"][row, column]
        if vertex >= 0:
            weights[vertex, hand] -= share
            weights[vertex, _AT["LeftHandThumb1"]] += share


def _jaw(weights: np.ndarray, points: np.ndarray, ids: dict[str, np.ndarray]) -> None:
    """The lower lip and what is under the line from the ears to the corners of the mouth."""
    head, jaw = _AT["Head"], _AT["Jaw"]
    _, y, z = points.T
    line = 1.574 - 0.10 * (y + 0.10) + 0.26 * np.clip(y + 0.10, 0.0, 0.1)
    share = _rise(line - z, -0.004, 0.016) * _rise(-y, 0.015, 0.055) * _rise(z - 0.55 * (-y - 0.08), 1.505, 1.520)
    mouth = ids["mouth"]
    corner = np.array([0.0, 0.0, 0.0, 0.45, 1.0, 1.0, 1.0, 1.0, 1.0, 0.45, 0.0, 0.0])
    share[mouth] = corner
    share[ids["mouth inside"]] = 0.5
    share[ids["trunk"][HEAD + 5:]] = 0.0
    weights[:, jaw] = weights[:, head] * share
    weights[:, head] *= 1.0 - share
