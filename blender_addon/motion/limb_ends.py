# SPDX-License-Identifier: GPL-3.0-or-later
"""Limbs bent so that they end where they should, on bones that keep their lengths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from .clip import Clip
from .kinematics import forward_kinematics, local_rotations
from .rotations import normalise, quat_between, quat_continuous, quat_multiply
from .skeleton import INDEX, TOWARDS


def bend_to_ends(clip: Clip, limbs: Iterable[tuple[str, str]], places: np.ndarray) -> Clip:
    """A clip whose limbs (upper and lower joint) end where places (T, 22, 3), in metres, have it.

    For rigs whose solvers stretch limbs: there a limb's directions alone do not tell where it ends. The middle joint
    stays on its side of the line from root to end; what hangs from the end keeps how it is turned. What is out of reach
    is reached for.
    """
    turned, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    turned = np.array(turned)
    for upper, lower in limbs:
        root, middle, end = (placed[:, INDEX[joint]] for joint in (upper, lower, TOWARDS[lower]))
        bent = _middle(root, middle, end, places[:, INDEX[TOWARDS[lower]]])
        reached = bent + np.linalg.norm(end - middle, axis=-1, keepdims=True) * normalise(
            places[:, INDEX[TOWARDS[lower]]] - bent)
        for joint, before, after in ((upper, middle - root, bent - root), (lower, end - middle, reached - bent)):
            turned[:, INDEX[joint]] = quat_multiply(quat_between(before, after), turned[:, INDEX[joint]])
    return replace(clip, rotations=quat_continuous(local_rotations(clip.skeleton, turned)))


def _middle(root: np.ndarray, middle: np.ndarray, end: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(T, 3) where the middle joint has to be for the end to be as wanted (law of cosines)."""
    upper, lower = np.linalg.norm(middle - root, axis=-1), np.linalg.norm(end - middle, axis=-1)
    along = normalise(wanted - root)
    apart = np.clip(np.linalg.norm(wanted - root, axis=-1), np.abs(upper - lower) + 1e-6, upper + lower)
    ahead = (upper**2 - lower**2 + apart**2) / (2.0 * apart)
    across = (middle - root) - np.sum((middle - root) * along, axis=-1, keepdims=True) * along
    aside = np.sqrt(np.maximum(upper**2 - ahead**2, 0.0))
    return root + ahead[:, None] * along + aside[:, None] * normalise(across)
