# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig's bones at rest, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Rest:
    """Bones in order, parents before children; any unit, any up axis, but one space for all.

    names: N. parents: (N,) indices, -1 for none. heads, tails: (N, 3). deform: (N,) False for bones that the file says
    move no mesh (controls, helpers); all True where it does not say.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: np.ndarray
    tails: np.ndarray
    deform: np.ndarray

    @cached_property
    def index(self) -> dict[str, int]:
        """Bone name -> place."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Bone -> the bones that hang from it directly."""
        below: list[list[int]] = [[] for _ in self.names]
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                below[parent].append(bone)
        return tuple(map(tuple, below))

    def ancestors(self, bone: int) -> tuple[int, ...]:
        """The bones above one, nearest first."""
        above = []
        while (bone := self.parents[bone]) >= 0:
            above.append(bone)
        return tuple(above)
