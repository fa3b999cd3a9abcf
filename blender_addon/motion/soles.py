# SPDX-License-Identifier: GPL-3.0-or-later
"""Soles that are flat on the floor: how a source's feet are rolled at rest is known only once they stand.

Capture skeletons have no mesh, and many have their feet rolled outwards in the rest pose without a word. Somebody who
stands stands on the whole width of the foot; by how much the feet are rolled then is the rest pose's fault.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .kinematics import forward_kinematics, local_rotations
from .rotations import quat_continuous, quat_from_axis_angle, quat_multiply, quat_rotate
from .skeleton import INDEX

_ENOUGH = 6  # flat frames, of one foot, that say something
_LEAST, _MOST = np.radians(2.0), np.radians(40.0)
_FORWARD = np.array([0.0, -1.0, 0.0])


def level_soles(clip: Clip, contacts: np.ndarray) -> Clip:
    """The same clip with both feet rolled alike about their length, so that flat soles are level in the median.

    contacts: (T, 4) who stands when. Where no foot is flat on the floor for long enough the clip is as it was.
    """
    turned, _ = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    outwards = _rolled_outwards(turned, contacts)
    if not _LEAST < abs(outwards) < _MOST:
        return clip
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        roll = quat_from_axis_angle(_FORWARD, np.array(sign * outwards))
        for joint in (INDEX[f"{side}Foot"], INDEX[f"{side}Toe"]):
            turned[:, joint] = quat_multiply(turned[:, joint], roll)
    return replace(clip, rotations=quat_continuous(local_rotations(clip.skeleton, turned)))


def _rolled_outwards(turned: np.ndarray, contacts: np.ndarray) -> float:
    """Radians by which the outer edges of flat feet are down, in the median; 0 where too little is known.

    turned: (T, 22, 4) global rotations."""
    found = []
    for side, sign, column in (("Left", -1.0, 0), ("Right", 1.0, 2)):
        flat = contacts[:, column] & contacts[:, column + 1]
        if flat.sum() >= _ENOUGH:
            across = quat_rotate(turned[flat, INDEX[f"{side}Foot"]], np.array([1.0, 0.0, 0.0]))
            found.append(sign * np.median(np.arcsin(np.clip(across[:, 2], -1.0, 1.0))))
    return float(np.mean(found)) if found else 0.0
