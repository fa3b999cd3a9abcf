# SPDX-License-Identifier: GPL-3.0-or-later
"""The head: a skull of level cross-sections, with loops around the eyes, the mouth and the ears."""

from __future__ import annotations

import numpy as np

from .figure import Figure, ellipse
from .lobes import smooth_curve
from .loops import EAR, EAR_COLUMNS, EAR_ROWS, EYE, FACE, MOUTH, TORSO, rim

# A man's head of 0.2 m length, metres; z above the chin (1.524 m on a man of 1.756 m), y to the back.
# Rings: z in front, at the side, behind.
_ROWS = np.array([
    (-0.003, 0.056, 0.083), (0.001, 0.068, 0.094), (0.015, 0.072, 0.101), (0.030, 0.077, 0.107),
    (0.047, 0.083, 0.113), (0.064, 0.089, 0.119), (0.077, 0.096, 0.126), (0.090, 0.103, 0.133), (0.102, 0.111, 0.140),
    (0.117, 0.121, 0.148), (0.132, 0.133, 0.157), (0.147, 0.149, 0.168), (0.168, 0.170, 0.182),
    (0.189, 0.190, 0.196), (0.207, 0.208, 0.210),
])
# Cross-sections: z, half breadth, front, back, how square they are.
_SECTIONS = np.array([
    (-0.006, 0.030, 0.088, 0.030, 2.0), (0.003, 0.041, 0.103, 0.038, 2.0), (0.014, 0.0475, 0.108, 0.044, 2.1),
    (0.030, 0.0535, 0.1062, 0.050, 2.1), (0.047, 0.0590, 0.1055, 0.050, 2.1), (0.064, 0.0640, 0.1045, 0.052, 2.1),
    (0.085, 0.0680, 0.0990, 0.062, 2.2), (0.104, 0.0700, 0.0940, 0.078, 2.2), (0.120, 0.0710, 0.0925, 0.090, 2.25),
    (0.138, 0.0730, 0.0985, 0.097, 2.3), (0.150, 0.0745, 0.0995, 0.100, 2.3), (0.168, 0.0765, 0.0975, 0.101, 2.25),
    (0.188, 0.0735, 0.0890, 0.096, 2.2), (0.207, 0.0620, 0.0710, 0.081, 2.1), (0.222, 0.0410, 0.0430, 0.056, 2.0),
    (0.232, 0.0100, 0.0100, 0.020, 2.0),
])
_TOP = 0.232
# Breadth of the columns in front (metres from the middle), then angles to the back.
_COLUMNS = (0.0, 0.0165, 0.0315, 0.0465, 0.0590)
_ANGLES = np.radians([68.0, 93.0, 107.0, 121.0, 136.0, 151.0, 166.0, 180.0])
# Where a vertex is not on the skull: (row, column) -> x, y, z.
_NOSE = {
    (5, 0): (0.0, -0.1072, 0.0655), (6, 0): (0.0, -0.1145, 0.0745), (6, 1): (0.0150, -0.1020, 0.0760),
    (7, 0): (0.0, -0.1270, 0.0865), (7, 1): (0.0150, -0.1075, 0.0870), (8, 0): (0.0, -0.1185, 0.1010),
    (8, 1): (0.0135, -0.0960, 0.1020), (9, 0): (0.0, -0.1075, 0.1160), (9, 1): (0.0130, -0.0900, 0.1160),
    (10, 0): (0.0, -0.0995, 0.1290), (10, 1): (0.0145, -0.0940, 0.1310),
}
_EYE, _EYEBALL = np.array([0.0320, -0.0745, 0.1155]), 0.0122
_CHIN = 1.524


def head(figure: Figure) -> dict[str, np.ndarray]:
    """The head's rings and loops, in the middle and on the left: piece -> (*shape, 3) metres; trunk: the last rings."""
    size = figure.head_size
    base = np.array([0.0, 0.0, figure.head_top - _TOP * size[2]])
    return {name: points * size + base for name, points in _head(1.0 - figure.sex).items()}


def _head(soft: float) -> dict[str, np.ndarray]:
    """soft: 0 for a man's features, 1 for a woman's."""
    rings = _skull(soft)
    for (row, column), place in _NOSE.items():
        x, y, z = place
        ahead = 0.16 * soft * max(-0.1000 - y, 0.0)  # a smaller nose, a little turned up
        for side in (column, -column):
            rings[row, side] = np.sign(side) * x * (1.0 - 0.10 * soft), y + ahead, z + 0.12 * ahead
    eye, pupil = _eye(soft)
    return {"trunk": rings, "crown": _crown(rings[-1]), "eye": eye, "pupil": pupil, "ear": _ear(rings),
            **_mouth(soft)}


def section(z: np.ndarray) -> list[np.ndarray]:
    """Half breadth, front, back and squareness of the skull at heights above the chin."""
    return [smooth_curve(_SECTIONS[:, 0], _SECTIONS[:, k], z) for k in range(1, 5)]


def _skull(soft: float) -> np.ndarray:
    rings = np.empty((FACE, TORSO, 3))
    for row, (front, side, back) in enumerate(_ROWS):
        wave = np.clip((np.arange(13) - 1.0) / 5.0, 0.0, 1.0)
        wave = wave * wave * (3.0 - 2.0 * wave)
        behind = np.clip((np.arange(13) - 6.0) / 6.0, 0.0, 1.0)
        z = front + (side - front) * wave + (back - side) * behind
        wide, ahead, rear, square = section(z)
        wide = wide * (1.0 - 0.09 * soft * np.clip(1.0 - z / 0.10, 0.0, 1.0))
        ahead = ahead - 0.003 * soft * np.clip(1.0 - np.abs(z - 0.012) / 0.03, 0.0, 1.0)
        angle = np.empty(13)
        columns = np.array(_COLUMNS) * np.clip(wide[:5] / 0.068, 0.55, 1.0)
        angle[:5] = np.arcsin(np.clip(columns / wide[:5], 0.0, 0.97) ** (square[:5] / 2.0))
        angle[5:] = _ANGLES
        if row == 0:  # under the chin
            wide, ahead = wide * (1.0 - 0.10 * (1.0 - wave)), ahead - 0.010 * (1.0 - wave)
        sine, cosine = ellipse(angle, square)
        half = np.stack([wide * sine, -np.where(cosine > 0.0, ahead, rear) * cosine, z], axis=1)
        rings[row, :13] = half
        rings[row, 13:] = half[11:0:-1] * (-1.0, 1.0, 1.0)
    return rings


def _crown(ring: np.ndarray) -> np.ndarray:
    """(5, 5, 3) from back to front, from left to right."""
    middle = (ring[0] + ring[12]) / 2
    points = np.empty((5, 5, 3))
    for i in range(5):
        for j in range(5):
            u, v = (j - 2.0) / 3.0, (i - 2.0) / 3.0  # to the right, forward
            x = -u * np.sqrt(1.0 - v * v / 2.0)
            y = v * np.sqrt(1.0 - u * u / 2.0)
            across = x * np.abs(ring[6, 0])
            along = middle[1] - y * (middle[1] - ring[0, 1])
            points[i, j] = across, along, _dome(np.hypot(x, y))
    return points


def _dome(away: float) -> float:
    """Height of the skull's top, `away` (0 to 1) from the middle to the last ring."""
    return 0.160 + (_TOP - 0.160) * (1.0 - (0.81 * away) ** 2.2) ** (1.0 / 2.2)


def _eye(soft: float) -> tuple[np.ndarray, np.ndarray]:
    """(3, EYE, 3) the socket, the lids' edge and what is behind it; (1, 3) the middle of the eyeball."""
    # From above the middle towards the nose, down, and outward.
    x = np.array([0.0, -0.62, -1.0, -0.62, 0.0, 0.62, 1.0, 0.62])
    upper = np.array([1.0, 0.78, 0.0, -0.60, -0.80, -0.70, 0.0, 0.84]) * (1.0 + 0.14 * soft)
    loops = np.empty((3, EYE, 3))
    for n, (wide, tall, out) in enumerate(((0.0188, 0.0118, 0.0), (0.0152, 0.0066, 0.0022), (0.0138, 0.0050, -0.0008))):
        at = np.stack([_EYE[0] + wide * x, np.zeros(EYE), _EYE[2] + tall * upper], axis=1)
        at[2, 2] -= 0.0010  # the inner corner is the lower one
        at[:, 1] = _ball(at, out)
        at[2, 1] -= 0.0035
        if n == 0:
            at[:, 1] = np.array([-0.0905, -0.0900, -0.0850, -0.0850, -0.0835, -0.0775, -0.0725, -0.0835])
        loops[n] = at
    return loops, np.array([[_EYE[0], _EYE[1] - _EYEBALL, _EYE[2]]])


def _ball(at: np.ndarray, out: float) -> np.ndarray:
    radius = _EYEBALL + out
    away = (at[:, 0] - _EYE[0]) ** 2 + (at[:, 2] - _EYE[2]) ** 2
    return _EYE[1] - np.sqrt(np.maximum(radius**2 - away, 0.02 * radius**2))


def _mouth(soft: float) -> dict[str, np.ndarray]:
    """(3, MOUTH, 3) the lips' border, their ridge and where they meet; (3, 3) behind that, from right to left."""
    # From the middle of the upper lip to the right corner, below, and back: shares of the half breadth.
    x = np.array([0.0, -0.40, -0.80, -1.0, -0.80, -0.40, 0.0, 0.40, 0.80, 1.0, 0.80, 0.40])
    border = np.array([0.0078, 0.0090, 0.0042, 0.0, -0.0066, -0.0102, -0.0110, -0.0102, -0.0066, 0.0, 0.0042, 0.0090])
    border = border * (1.0 + 0.15 * soft)
    middle = 0.0500
    loops = np.empty((3, MOUTH, 3))
    for n, (wide, share, lip) in enumerate(((0.0262, 1.0, 0.0), (0.0252, 0.36, 0.0050), (0.0244, 0.05, 0.0030))):
        loops[n, :, 0] = wide * x * (1.0 - 0.06 * soft)
        curve = -0.1085 + 0.010 * x**2 + 0.002 * x**4  # the teeth's arch
        loops[n, :, 1] = curve - lip * (1.0 - 0.8 * np.abs(x) ** 3)
        loops[n, :, 2] = middle + border * share - 0.0006 * (n < 2) * np.abs(x) ** 3
        lower = border < 0.0
        loops[n, lower, 1] += 0.0012 if n == 0 else 0.0008
    inside = np.stack([[-0.0123, 0.0, 0.0123], np.full(3, -0.0990), np.full(3, middle)], axis=1)
    return {"mouth": loops, "mouth inside": inside}


def _ear(rings: np.ndarray) -> np.ndarray:
    """(3, EAR, 3) the root, the helix and its inner edge on the left."""
    root = np.array([rings[r - _first(), c] for r, c in rim(EAR_COLUMNS, EAR_ROWS)])
    # Around the ear as it is seen from the side: forward and up from its middle.
    angle = np.radians([112, 158, 180, 202, 238, 288, 336, 6, 36, 70])
    # 0 is backward, 90 up; rows of the rim: top front, down the front, bottom, up the back
    ahead, up = -np.cos(angle), np.sin(angle)
    middle = np.array([0.0700, 0.008, 0.1080])
    loops = np.empty((3, EAR, 3))
    for n, (tall, long, out) in enumerate(((0.026, 0.0150, 0.004), (0.031, 0.0175, 0.0140), (0.0215, 0.0090, 0.0045))):
        lean = 0.22 * up * tall
        back = -ahead * long * (1.0 - 0.25 * (up < -0.3)) + lean
        flare = out * np.clip(0.62 + 0.55 * -ahead, 0.12, 1.1)
        loops[n, :, 0] = middle[0] + flare - 0.002 * (up < -0.6)
        loops[n, :, 1] = middle[1] + back + (0.004 if n else 0.0)
        loops[n, :, 2] = middle[2] + up * tall
    loops[0, :, 0] = root[:, 0] * 0.3 + loops[0, :, 0] * 0.7
    return loops


def _first() -> int:
    from .loops import HEAD

    return HEAD
