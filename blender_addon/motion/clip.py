# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion clip: what a skeleton does over time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class Clip:
    """T frames of one character.

    rotations: (T, J, 4) local quaternions relative to the rest pose. positions: (T, 3) the root joint in the world,
    metres. contacts: (T, 4) whether LeftFoot, LeftToe, RightFoot, RightToe stand, or None where nobody judged it.
    """

    skeleton: Skeleton
    rotations: np.ndarray
    positions: np.ndarray
    fps: float
    contacts: np.ndarray | None = None
    name: str = ""

    @property
    def frames(self) -> int:
        return len(self.positions)

    @property
    def seconds(self) -> float:
        return self.frames / self.fps

    def cut(self, start: int, stop: int) -> Clip:
        """Frames start to stop, the last one left out."""
        contacts = None if self.contacts is None else self.contacts[start:stop]
        return replace(self, rotations=self.rotations[start:stop], positions=self.positions[start:stop],
                       contacts=contacts)
