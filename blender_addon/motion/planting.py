# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand at both ends of a gap between keys stand still in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .clip import Clip
from .contacts import foot_positions, standing_heights
from .foot_lock import lock_feet
from .inbetweening import Gap
from .legs import joints_of_legs

_NEAR_FLOOR = 0.08  # metres that the lowest foot of a key may be off the rig's floor for it to stand on it
_LOW = 0.04  # metres above what stands lowest
_SAME_PLACE = 0.06  # metres along the floor within which a foot has not been moved


def plant_feet(clip: Clip, own: Clip, known: np.ndarray, gaps: Sequence[Gap]) -> Clip:
    """A clip whose gaps are filled, its feet locked in those gaps at both ends of which they stand.

    clip: with the contacts that the model gave. own: what is keyed, as known (T, 23) says, and stays as it is; where
    hips or legs are not filled nothing is done. A foot that has the same place at both ends stands all the while; one
    that has not, while the model says so.
    """
    rotations, positions = np.array(clip.rotations), np.array(clip.positions)
    moving = [0, *joints_of_legs()[:3].ravel(), -1]
    for gap in gaps:
        whole = slice(gap.first - 1, gap.last + 2)
        if known[gap.first:gap.last + 1][:, moving].all(axis=0).any():
            continue
        part = clip.cut(whole.start, whole.stop)
        contacts, floor = _standing(part, own.cut(whole.start, whole.stop))
        if contacts.any():
            locked = lock_feet(part, contacts, floor).clip
            rotations[whole], positions[whole] = locked.rotations, locked.positions
    rotations = np.where(known[:, :-1, None], own.rotations, rotations)
    return replace(clip, rotations=rotations, positions=np.where(known[:, -1:], own.positions, positions))


def _standing(part: Clip, own: Clip) -> tuple[np.ndarray, float]:
    """(T, 4) who stands when between a gap's ends, and the height of the floor there."""
    ends = foot_positions(own)[[0, -1]]
    heights = ends[..., 2] - standing_heights(own.skeleton)
    floors = heights.min(axis=1)
    if np.abs(floors).max() > _NEAR_FLOOR:
        return np.zeros((part.frames, 4), dtype=bool), 0.0
    both = (heights - floors[:, None] < _LOW).all(axis=0)
    stays = np.linalg.norm(ends[1, :, :2] - ends[0, :, :2], axis=-1) < _SAME_PLACE
    model = np.zeros((part.frames, 4), dtype=bool) if part.contacts is None else np.array(part.contacts)
    model[[0, -1]] = True
    return both & (stays | model), float(floors.mean())
