# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip seen in a mirror: left and right change sides across the X axis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .skeleton import MIRROR

# Mirroring x keeps a rotation's angle and turns the parts of its axis that lie in the mirror.
_FLIP_ROTATION = np.array([1.0, 1.0, -1.0, -1.0])
_FLIP_POSITION = np.array([-1.0, 1.0, 1.0])


def mirror(clip: Clip) -> Clip:
    """The mirrored clip; its skeleton must be symmetric, as the canonical one is."""
    contacts = None if clip.contacts is None else clip.contacts[:, [2, 3, 0, 1]]
    return replace(clip, rotations=clip.rotations[:, list(MIRROR)] * _FLIP_ROTATION,
                   positions=clip.positions * _FLIP_POSITION, contacts=contacts)
