# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that lie on the thighs of somebody who sits stay there, however the trunk and the arms are held otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .easing import smooth
from .kinematics import forward_kinematics, local_rotations
from .rotations import (
    cross,
    normalise,
    quat_between,
    quat_continuous,
    quat_from_axis_angle,
    quat_multiply,
    quat_rotate,
    slerp,
)
from .skeleton import ENDS, INDEX

_LIES, _AWAY = 0.16, 0.28  # metres from a thigh's middle at which a hand rests on it, and no longer does
_RAISED = (0.5, 0.7)       # sines of how far a thigh is off the vertical, who sits: hands that hang rest nowhere
_PALM = 0.1                # metres from the wrist
_EASES = 0.4               # seconds


def keep_resting(clip: Clip, before: np.ndarray) -> Clip:
    """A clip of the canonical skeleton with its hands where they were by local rotations (T, 22, 4) that differ from
    its own above the hips, while they rested on thighs. Where none does the clip itself comes back."""
    was, stood = forward_kinematics(clip.skeleton, before, clip.positions)
    rests = {side: smooth(_rests(was, stood, f"{side}Hand")[:, None], _EASES * clip.fps)[:, 0]
             for side in ("Left", "Right")}
    if not any(share.any() for share in rests.values()):
        return clip
    turned, placed = (np.array(pose) for pose in forward_kinematics(clip.skeleton, clip.rotations, clip.positions))
    for side, share in rests.items():
        arm, elbow, hand = (INDEX[side + part] for part in ("Arm", "ForeArm", "Hand"))
        wrist = placed[:, hand] + share[:, None] * (stood[:, hand] - placed[:, hand])
        swing, fold = _reach(placed[:, arm], placed[:, elbow], placed[:, hand], wrist)
        turned[:, elbow] = quat_multiply(swing, quat_multiply(fold, turned[:, elbow]))
        turned[:, arm] = quat_multiply(swing, turned[:, arm])
        turned[:, hand] = slerp(turned[:, hand], was[:, hand], share)
    return replace(clip, rotations=quat_continuous(local_rotations(clip.skeleton, turned)))


def _rests(turned: np.ndarray, placed: np.ndarray, hand: str) -> np.ndarray:
    """(T,) 1 while a hand lies on a thigh that is raised, 0 while it does not, and what is between."""
    wrist, towards = placed[:, INDEX[hand]], quat_rotate(turned[:, INDEX[hand]], np.array(ENDS[hand][0]))
    rests = np.zeros(len(placed))
    for side in ("Left", "Right"):
        hip = placed[:, INDEX[f"{side}UpLeg"]]
        thigh = placed[:, INDEX[f"{side}Leg"]] - hip
        length = np.linalg.norm(thigh, axis=-1)
        raised = _eased((np.hypot(thigh[:, 0], thigh[:, 1]) / length - _RAISED[0]) / (_RAISED[1] - _RAISED[0]))
        for point in (wrist, wrist + _PALM * towards):
            share = np.clip(np.sum(thigh * (point - hip), axis=-1) / length**2, 0.0, 1.0)
            apart = np.linalg.norm(point - hip - share[:, None] * thigh, axis=-1)
            rests = np.maximum(rests, raised * _eased((_AWAY - apart) / (_AWAY - _LIES)))
    return rests


def _eased(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def _reach(shoulder: np.ndarray, elbow: np.ndarray, hand: np.ndarray, wrist: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray]:
    """Turns (T, 4) in the world of the whole arm, and before that of the forearm about the elbow, that bring a hand to
    where the wrist is wanted; all (T, 3) metres. The elbow bends in the plane in which it is bent."""
    upper, fore = elbow - shoulder, hand - elbow
    hinge = normalise(cross(upper, fore))
    long, short = np.linalg.norm(upper, axis=-1), np.linalg.norm(fore, axis=-1)

    def bend(apart: np.ndarray) -> np.ndarray:
        return np.arccos(np.clip((apart**2 - long**2 - short**2) / (2.0 * long * short), -1.0, 1.0))

    further = bend(np.linalg.norm(wrist - shoulder, axis=-1)) - bend(np.linalg.norm(hand - shoulder, axis=-1))
    fold = quat_from_axis_angle(hinge, further)
    return quat_between(upper + quat_rotate(fold, fore), wrist - shoulder), fold
