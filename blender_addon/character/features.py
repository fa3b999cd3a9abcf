# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes one face differ from another: proportions that are measured, and features that are made up.

Nobody measured noses and lips. So that everybody has a face of their own, which they keep when only their weight is
changed, those follow proportions that have next to nothing to do with build, with one another or with sex (over 800
drawn people no two correlate by more than 0.3): of palm to hand, of ball to foot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .figure import Figure
from .measurements import average

_SELLION, _TOP = 0.1226, 0.232  # heights above the chin of the root of the nose and of the head that was modelled
# Features by the ratio of two measurements, and how much that differs from person to person of one sex.
_RATIOS: dict[str, tuple[str, str, float]] = {
    "nose": ("palmlength", "handlength", 0.0205), "lips": ("handcircumference", "handbreadth", 0.0500),
    "bridge": ("balloffootlength", "footlength", 0.0143), "wings": ("footbreadthhorizontal", "footlength", 0.0165),
    "brow": ("lateralmalleolusheight", "footlength", 0.0203), "eyes": ("handbreadth", "handlength", 0.0200),
    "chin": ("radialestylionlength", "acromionradialelength", 0.0340),
    "cheeks": ("headcircumference", "headlength", 0.0620),
}
_MOST = 2.0  # of a spread, that a feature goes
# Where the face moves with a feature of one spread; of a woman; of somebody of ten kg/m² more than the usual.
# Millimetres on the modelled head: middle, radius, way (x outward).
_MOVES: dict[str, tuple[tuple[tuple[float, float, float], float, tuple[float, float, float]], ...]] = {
    "nose": (((0, -124, 84), 27, (0, -1.7, -0.7)),),
    "bridge": (((0, -111, 106), 17, (0, -1.3, 0)),),
    "wings": (((17, -104, 79), 16, (1.2, 0, 0)),),
    "brow": (((22, -97, 134), 27, (0, -1.2, -0.9)),),
    "chin": (((0, -106, 12), 34, (0, -1.7, -0.6)), ((54, -25, 34), 45, (1.3, 0, -0.8))),
    "cheeks": (((47, -78, 86), 30, (1.2, -1.3, 0.4)), ((48, -66, 50), 30, (-0.9, 0.6, 0))),
    "woman": (((56, -28, 30), 60, (-6.5, 0, 4.5)), ((0, -104, 8), 34, (0, 3.0, 3.5)), ((28, -84, 8), 32, (-7, 1, 3.5)),
              ((44, -66, 22), 34, (-4, 1, 2.5)), ((20, -97, 131), 30, (0, 4.2, 2.4)), ((0, -99, 130), 18, (0, 2, 0)),
              ((0, -97, 168), 52, (0, -3.0, 0)), ((0, -124, 84), 25, (0, 5.0, 2.4)), ((0, -111, 104), 20, (0, 3.4, 0)),
              ((17, -104, 79), 15, (-2.4, 0, 0)), ((44, -80, 78), 30, (0.8, -2.4, 1.4)),
              ((50, -62, 52), 30, (-2.0, 1.2, 0))),
    "weight": (((50, -58, 44), 46, (5.0, -1.5, -1.5)), ((18, -68, -4), 44, (0, -2.0, -5.0))),
}


@dataclass(frozen=True)
class Features:
    """How a head differs from the one that was modelled.

    moves: how far along each of _MOVES. eyes, lips, mouth: how much higher the eyes open, how much fuller the lips and
    broader the mouth is, as shares. brows, arch: how thick the brows are against the usual and how much higher they
    rise (metres). slant: of the eyes, rise over run. apart: how much further the eyes are from the middle (metres).
    broad, tall: the face's breadth and height against the head's, ear: the ears' length.
    """

    moves: dict[str, float]
    eyes: float
    slant: float
    lips: float
    mouth: float
    brows: float
    arch: float
    apart: float
    broad: float
    tall: float
    ear: float

    def shaped(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) where points of the modelled head lie on this one."""
        own = np.abs(points[..., 0]) * 1000.0, points[..., 1] * 1000.0, points[..., 2] * 1000.0
        side = np.clip(points[..., 0] / 0.006, -1.0, 1.0)
        moved = points.copy()
        for name, amount in self.moves.items():
            for middle, radius, way in _MOVES[name]:
                away = sum((axis - at) ** 2 for axis, at in zip(own, middle))
                share = amount * np.clip(1.0 - away / radius**2, 0.0, None) ** 2 / 1000.0
                for axis, step in enumerate(way):
                    moved[..., axis] += share * step * (side if axis == 0 else 1.0)
        near = np.exp(-(((own[0] - 32.0) / 14.0) ** 2 + ((own[2] - 114.5) / 18.0) ** 2)) * (own[1] < -40.0)
        moved[..., 0] += side * near * self.apart
        lower = np.clip((0.150 - points[..., 2]) / 0.045, 0.0, 1.0)
        moved[..., 0] *= 1.0 + (self.broad - 1.0) * lower * lower * (3.0 - 2.0 * lower)
        moved[..., 2] = self.height(moved[..., 2])
        return moved

    def height(self, z: np.ndarray) -> np.ndarray:
        """Heights above the chin of a face that is `tall` for its head."""
        root = _SELLION * self.tall
        above = (_TOP - root) / (_TOP - _SELLION)
        over = np.log1p(np.exp((np.asarray(z) - _SELLION) / 0.008)) * 0.008  # a soft bend
        return self.tall * z + (above - self.tall) * over


def features(figure: Figure) -> Features:
    """Somebody's features."""
    m, usual = figure.measured, average(figure.sex)
    found = {}
    for name, (one, other, spread) in _RATIOS.items():
        off = (m[one] / m[other] - usual[one] / usual[other]) / spread
        found[name] = float(np.clip(off, -_MOST, _MOST))
    soft = 1.0 - figure.sex
    bmi = m["weightkg"] / m["stature"] ** 2
    moves = {name: value for name, value in found.items() if name in _MOVES}
    moves |= {"woman": soft, "weight": float(np.clip((bmi - 25.5) / 10.0, -0.7, 1.5))}
    size = figure.head_size
    apart = m["interpupillarybreadth"] / 2.0 / size[0] - 0.0320
    return Features(
        moves, eyes=0.19 * soft + 0.05 * found["eyes"], slant=0.02 * soft + 0.025 * found["eyes"],
        lips=0.38 * soft + 0.10 * found["lips"], mouth=-0.09 * soft + 0.03 * found["wings"],
        brows=1.06 - 0.24 * soft + 0.14 * found["brow"], arch=0.0012 * soft + 0.0006 * found["bridge"],
        apart=float(np.clip(apart, -0.004, 0.004)),
        broad=float(np.clip(m["bizygomaticbreadth"] / 0.1426 / size[0], 0.92, 1.08)),
        tall=float(np.clip(m["mentonsellionlength"] / _SELLION / size[2], 0.92, 1.08)),
        ear=float(np.clip(m["earlength"] / 0.0642 / size[2], 0.85, 1.15)))
