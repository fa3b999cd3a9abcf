# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs from a hair tie, or is wound up there: tubes of locks along a line, metres, on the modelled man's head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .hair_cuts import HairCut
from .lobes import smooth_curve
from .rooting import CHIN

_AROUND = 36
_LOBES = 7
# Along the middle: y, z above the chin, radius across and deep, millimetres.
_TAIL = np.array([(78, 172, 12, 12), (98, 178, 13, 13), (118, 182, 17, 16), (134, 174, 23, 20), (144, 150, 28, 24),
                  (147, 115, 31, 26), (144, 75, 31, 25), (138, 35, 27, 21), (132, 0, 20, 15), (129, -22, 12, 9),
                  (127, -38, 4, 3)], float)
_BUN = np.array([(80, 190, 20, 20), (92, 199, 33, 33), (102, 206, 39, 39), (113, 213, 39, 39), (123, 219, 33, 33),
                 (130, 223, 21, 21), (132.5, 225, 7, 7)], float)


@dataclass(frozen=True, eq=False)
class Tied:
    """points: (R, C, 3), rings from the head outward. share: (R, C) how far along, 0 to 1."""

    name: str
    points: np.ndarray
    share: np.ndarray


def tied(cut: HairCut) -> list[Tied]:
    """The tubes of a cut: none, or what is tied and the tie."""
    if not cut.tie:
        return []
    line, rows, twist, relief = (_TAIL, 26, 0.9, 0.10) if cut.tie == "tail" else (_BUN, 18, 2.4, 0.13)
    tube = _tube(line, rows, twist, relief)
    parts = [Tied(f"tip of the {cut.tie}", tube, np.broadcast_to(np.linspace(0, 1, rows)[:, None], tube.shape[:2]))]
    if cut.tie == "tail":
        band = np.array([(96, 178, 10, 10), (96, 178, 16, 16), (98, 178.6, 17.5, 17.5), (103, 179.8, 17.5, 17.5),
                         (105, 180.3, 16, 16), (105, 180.3, 10, 10)], float)
        ring = _tube(band, len(band), 0.0, 0.0, exact=True)
        parts.append(Tied("tie", ring, np.zeros(ring.shape[:2])))
    return parts


def _tube(line: np.ndarray, rows: int, twist: float, relief: float, exact: bool = False) -> np.ndarray:
    """(R, C, 3) rings around a line in the middle of the head, with lobes that wind around it; column 0 below."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1) + 1e-6)])
    at = along if exact else np.linspace(0.0, along[-1], rows)
    y, z, wide, deep = line.T if exact else (smooth_curve(along, column, at) for column in line.T)
    dy, dz = np.gradient(y), np.gradient(z)
    if exact:
        dy, dz = np.full(len(y), line[-1, 0] - line[0, 0]), np.full(len(y), line[-1, 1] - line[0, 1])
    length = np.hypot(dy, dz)
    up_y, up_z = -dz / length, dy / length  # across the line, upward where it goes backward
    turn = np.arange(_AROUND) * (2.0 * np.pi / _AROUND)
    share = np.linspace(0.0, 1.0, len(y))[:, None]
    lobes = np.abs(np.sin((_LOBES * turn + 2.0 * np.pi * twist * share * 1.5) / 2.0)) ** 0.7
    size = 1.0 + relief * (lobes - 0.7) * np.sin(np.pi * np.clip(share * 1.5, 0.0, 0.5))
    x = wide[:, None] * np.sin(turn) * size
    off = deep[:, None] * -np.cos(turn) * size
    points = np.stack([x, y[:, None] + off * up_y[:, None], z[:, None] + off * up_z[:, None]], axis=2)
    return points / 1000.0 + CHIN
