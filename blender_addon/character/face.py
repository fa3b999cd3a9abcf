# SPDX-License-Identifier: GPL-3.0-or-later
"""The head: a skull of level cross-sections and a face whose points are placed one by one, with loops around the eyes,
the nose, the mouth and the ears; its proportions follow what is measured of heads, and its features (`features`).
"""

from __future__ import annotations

import numpy as np

from .features import Features, features
from .figure import Figure, ellipse
from .lobes import smooth_curve
from .loops import BROW, BROW_ROWS, EYE, FACE, HEAD, MOUTH, TORSO

# A man's head of 0.2 m length, metres; z above the chin (1.524 m on a man of 1.756 m), y to the back.
# Rings: z in front, at the side, behind.
_ROWS = np.array([
    (-0.004, 0.056, 0.083), (0.001, 0.064, 0.094), (0.015, 0.069, 0.101), (0.030, 0.073, 0.107),
    (0.048, 0.077, 0.113), (0.065, 0.081, 0.119), (0.078, 0.092, 0.126), (0.090, 0.103, 0.133), (0.102, 0.114, 0.140),
    (0.118, 0.126, 0.148), (0.132, 0.137, 0.157), (0.147, 0.151, 0.168), (0.168, 0.170, 0.182),
    (0.189, 0.190, 0.196), (0.207, 0.208, 0.210),
])
# Cross-sections: z, half breadth, front, back, how square they are.
_SECTIONS = np.array([
    (-0.006, 0.050, 0.088, 0.038, 2.0), (0.014, 0.054, 0.108, 0.048, 2.1), (0.047, 0.0600, 0.1055, 0.055, 2.1),
    (0.064, 0.0640, 0.1045, 0.061, 2.1), (0.085, 0.0680, 0.0990, 0.075, 2.15), (0.104, 0.0700, 0.0940, 0.0875, 2.15),
    (0.120, 0.0715, 0.0925, 0.0945, 2.2), (0.138, 0.0738, 0.0985, 0.0985, 2.2), (0.150, 0.0755, 0.1000, 0.0990, 2.2),
    (0.168, 0.0755, 0.0985, 0.0970, 2.15), (0.188, 0.0710, 0.0905, 0.0905, 2.1), (0.207, 0.0590, 0.0735, 0.0750, 2.05),
    (0.222, 0.0390, 0.0450, 0.0515, 2.0), (0.232, 0.0100, 0.0100, 0.0190, 2.0),
])
_TOP = 0.232
# Breadth of the columns in front (metres from the middle), then angles to the back.
_COLUMNS = (0.0, 0.0165, 0.0315, 0.0465, 0.0590)
_ANGLES = np.radians([68.0, 85.0, 106.0, 121.0, 136.0, 151.0, 166.0, 180.0])
# The face in millimetres, row by row from under the chin to the forehead, columns 0 to 5: x, y, z; nan inside a hole.
_NAN = (np.nan,) * 3
_FACE = np.array([
    ((0, -80, -5), (16, -77, -4), (29, -67, 0), (39.5, -53, 6), (46, -37, 16), (52, -20, 30)),
    ((0, -99, 1), (15, -96.5, 1.5), (27.5, -85, 4), (40, -67.5, 9.5), (49, -48, 18), (55.5, -27, 33)),
    ((0, -109, 14), (15.5, -105.5, 14.5), (29.5, -92, 16.5), (42.5, -73, 21.5), (52, -51, 30), (59, -28, 45)),
    ((0, -101.5, 30.5), (16, -99.5, 30.5), (31, -89.5, 31.5), (45, -73.5, 34), (55, -52, 42), (62, -28.5, 55.5)),
    (_NAN, _NAN, (32, -92, 48.5), (46.5, -76, 49), (57.5, -54, 54.5), (64.5, -30, 65)),
    ((0, -106, 64.5), (12, -104, 65), (31, -93.5, 65.5), (47.5, -78.5, 65.5), (60, -57, 68.5), (66.5, -32, 76.5)),
    (_NAN, (20.5, -98, 75), (33, -93, 79), (48.5, -81, 78.5), (62.2, -59.5, 80), (68.8, -34, 86)),
    (_NAN, (16.5, -98.5, 90), (32, -91, 91), (49, -81.5, 90.5), (63, -60, 91.5), (69.8, -35, 96)),
    ((0, -112.5, 102.5), (12, -97.5, 102), (31.5, -88, 101), (48, -79, 102), (61.5, -57.5, 103.5), (69, -34, 107)),
    ((0, -102, 118.5), (12.5, -93, 116.5), _NAN, (51, -72, 116.5), (60, -55, 118), (68.5, -35, 120)),
    ((0, -100, 130), (9.5, -99.8, 129.5), (26.5, -98, 130.5), (44, -88.5, 130), (59.5, -60.5, 128), (69, -38.5, 131)),
    ((0, -100.5, 147), (9.5, -100, 146.5), (26, -96.5, 147.5), (43, -86, 147.5), (59, -65.5, 145), (70.5, -41.5, 147)),
]) / 1000.0
# Around the nose from the bridge down the side: bridge, beside it, beside the tip, wing, nostril, below the middle.
_NOSE = np.array([(0, -116.5, 97), (8.0, -107.5, 96.5), (11.5, -109, 88), (17.4, -106, 77.5), (8.0, -106, 77.0),
                  (0, -108.5, 69.5)]) / 1000.0
_RIDGE = np.array([(0, -125, 85.5), (0, -118.5, 75.5)]) / 1000.0  # the tip and below it
# The eye from above its middle towards the nose, down, and outward.
_EYE, _EYEBALL, _IRIS = np.array([0.0320, -0.0735, 0.1145]), 0.0125, 0.0064
_SOCKET = np.array([(32.5, -86.8, 125.6), (21.5, -87.5, 123.2), (14, -88.5, 113.5), (21, -87.2, 105.2),
                    (32.5, -86.5, 103.4), (43, -82, 105.2), (49.8, -74.5, 114.5), (44.5, -82.2, 123.2)]) / 1000.0
_LIDS = np.array([(32.5, 119.9), (23.5, 118.4), (16.8, 112.4), (24, 109.7), (32.5, 108.4), (40.5, 110.0), (46.4, 115.4),
                  (41.5, 118.9)]) / 1000.0
# The brow from above its first third towards the nose, along below and back: x, z; how far it stands out.
_BROW = np.array([(26.0, 141.2), (12.8, 139.4), (12.4, 133.2), (26.0, 134.6), (40.0, 136.6), (52.6, 132.8),
                  (53.2, 135.2), (40.0, 141.8)]) / 1000.0
_BROW_UP = 0.0012
# The mouth from above its middle to the left corner and below: share of the half breadth, y, z of the lips' border, of
# their ridge and of where they meet.
_MOUTH = np.array([
    (0.00, -110.0, 56.6, -113.9, 52.9, -111.2, 49.9), (0.26, -110.3, 58.4, -113.2, 53.9, -110.4, 50.5),
    (0.66, -105.6, 55.4, -107.8, 52.8, -105.4, 50.7), (1.00, -96.3, 49.8, -96.2, 49.9, -95.5, 49.6),
    (0.66, -104.4, 43.8, -107.2, 46.9, -105.0, 49.7), (0.34, -106.8, 41.2, -111.2, 45.6, -110.0, 49.4),
    (0.00, -106.9, 40.8, -111.9, 45.2, -110.7, 49.0),
])
_MOUTH[:, 1:] /= 1000.0
_LIPS = 0.0258  # half the mouth's breadth
# The ear from its top in front, down and up behind: y and z from its middle and how far out, millimetres; its back, the
# helix, the groove inside it, the antihelix (in front the tragus), the hollow.
_EAR_MIDDLE = np.array([0.0712, 0.0085, 0.1060])
_EAR = np.array([
    ((-3, 19, 2.5), (-10, 12, 1), (-11, 2, 0.8), (-10, -9, 0.8), (-8.5, -21, 0.6), (-2, -24, 0.8), (5, -17, 2.2),
     (11, -2, 4), (12, 9, 5), (6, 19.5, 5)),
    ((-6, 27, 7.5), (-14, 15, 4.5), (-14.5, 3, 3), (-13, -11, 3.2), (-11, -24.5, 3.0), (-3, -28, 4.4), (6.5, -21, 8.2),
     (14, -4, 14), (17.5, 14, 15.5), (8.5, 28, 12.5)),
    ((-4.5, 22, 6.5), (-9.5, 12.5, 4.5), (-10, 3, 4), (-9, -8.5, 7.5), (-8.5, -22.5, 6.2), (-3, -25.6, 8), (5, -18, 9),
     (10.5, -2, 10.5), (13, 11.5, 11.5), (6, 23, 10)),
    ((-2.5, 16, 8), (-6.5, 9.5, 5), (-7.5, 2.5, 4), (-6.5, -6.5, 5), (-4, -13, 7), (0, -15.5, 9.5), (3.5, -11, 11.5),
     (6.5, -1.5, 13.5), (8, 8.5, 14), (3, 16.5, 11.5)),
    ((-1.5, 9, 3), (-4.5, 6.5, 2), (-5.5, 1.5, 0), (-4.5, -4.5, 0), (-2.5, -9, 2), (0, -10, 3), (2, -7, 3.5),
     (3.5, -1, 4), (4, 5, 4), (1, 9.5, 4)),
]) / 1000.0


def head(figure: Figure) -> dict[str, np.ndarray]:
    """The head's rings and loops, in the middle and on the left: piece -> (*shape, 3) metres; trunk: the last rings."""
    size = figure.head_size
    base = np.array([0.0, 0.0, figure.head_top - _TOP * size[2]])
    return {name: points * size + base for name, points in _head(features(figure)).items()}


def _head(own: Features) -> dict[str, np.ndarray]:
    rings = _skull()
    pieces = {"trunk": rings, "crown": _crown(rings[-1]), "nose": _both(_NOSE)[None], "nose ridge": _RIDGE,
              **_mouth(own)}
    eye, pupil = _eye(own)
    pieces["brow"] = _brow(rings, own)
    pieces = {name: own.shaped(points) for name, points in pieces.items()}
    # Eyeballs stay round, ears keep their form.
    there, beside = own.shaped(_EYE) - _EYE, own.shaped(_EAR_MIDDLE) - _EAR_MIDDLE
    eye[0], eye[1:] = own.shaped(eye[0]), eye[1:] + there
    return pieces | {"eye": eye, "pupil": pupil + there, "ear": _ear(own) + beside}


def section(z: np.ndarray) -> list[np.ndarray]:
    """Half breadth, front, back and squareness of the skull at heights above the chin."""
    return [smooth_curve(_SECTIONS[:, 0], _SECTIONS[:, k], z) for k in range(1, 5)]


def _skull() -> np.ndarray:
    rings = np.empty((FACE, TORSO, 3))
    for row, (front, side, back) in enumerate(_ROWS):
        wave = np.clip((np.arange(13) - 1.0) / 5.0, 0.0, 1.0)
        wave = wave * wave * (3.0 - 2.0 * wave)
        behind = np.clip((np.arange(13) - 6.0) / 6.0, 0.0, 1.0)
        z = front + (side - front) * wave + (back - side) * behind
        wide, ahead, rear, square = section(z)
        angle = np.empty(13)
        columns = np.array(_COLUMNS) * np.clip(wide[:5] / 0.068, 0.55, 1.0)
        angle[:5] = np.arcsin(np.clip(columns / wide[:5], 0.0, 0.97) ** (square[:5] / 2.0))
        angle[5:] = _ANGLES
        sine, cosine = ellipse(angle, square)
        half = np.stack([wide * sine, -np.where(cosine > 0.0, ahead, rear) * cosine, z], axis=1)
        if row < len(_FACE):
            half[:6] = np.where(np.isnan(_FACE[row]), half[:6], _FACE[row])
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


def _eye(own: Features) -> tuple[np.ndarray, np.ndarray]:
    """(4, EYE, 3) the socket, the lids' edge, where they meet the eyeball, the iris; (1, 3) the middle of the iris."""
    loops = np.empty((4, EYE, 3))
    loops[0] = _SOCKET
    opened = _LIDS - _EYE[[0, 2]]
    opened[:, 1] *= 1.0 + own.eyes
    opened[:, 1] += own.slant * opened[:, 0]
    for n, (share, out) in enumerate(((1.0, 0.0017), (0.955, 0.0001))):
        at = np.zeros((EYE, 3))
        at[:, [0, 2]] = _EYE[[0, 2]] + opened * share
        loops[n + 1] = _on_ball(at, out)
    loops[1, 2, 1], loops[2, 2, 1] = -0.0868, -0.0848  # the inner corner stands out from the ball
    turn = np.arange(EYE) * (2.0 * np.pi / EYE)
    middle = _EYE + (-0.0004, 0.0, 0.0003)
    high, low = loops[2, 0, 2] - 0.0005 - middle[2], middle[2] - loops[2, 4, 2] - 0.0004  # between the lids
    up = np.cos(turn)
    iris = np.tile(middle, (EYE, 1))
    iris[:, 0] -= _IRIS * np.sin(turn)
    iris[:, 2] += up * np.where(up > 0.0, min(_IRIS, high), min(_IRIS, low))
    loops[3] = _on_ball(iris, 0.0)
    return loops, (middle - (0.0, _EYEBALL + 0.0002, 0.0))[None]


def _brow(rings: np.ndarray, own: Features) -> np.ndarray:
    """(2, BROW, 3) its outline on the forehead, whose rings (FACE, TORSO, 3) are, and its raised middle."""
    line = ((_BROW[[0, 1, 7, 6]] + _BROW[[3, 2, 4, 5]]) / 2.0)[[0, 1, 1, 0, 2, 3, 3, 2]]
    outline = line + (_BROW - line) * (1.0, own.brows)
    arch = (0.0, own.arch) * np.interp(line[:, :1], (0.013, 0.026, 0.040, 0.053), (0.4, 0.8, 1.0, 0.4))
    inset = np.array([0.0, 0.005, 0.005, 0.0, 0.0, -0.004, -0.004, 0.0])[:, None] * (1.0, 0.0)
    low, high = (rings[row - HEAD, :6] for row in BROW_ROWS)
    brow = np.empty((2, BROW, 3))
    for n, (at, out) in enumerate(((outline, 0.0), (line + inset + (outline - line) * 0.62, _BROW_UP))):
        at = at + arch
        below, above = (smooth_curve(ring[:, 0], ring[:, 1], at[:, 0]) for ring in (low, high))
        y = below + (above - below) * (at[:, 1] - low[0, 2]) / (high[0, 2] - low[0, 2])
        brow[n] = np.stack([at[:, 0], y - out, at[:, 1]], axis=1)
    return brow


def _on_ball(at: np.ndarray, out: float) -> np.ndarray:
    radius = _EYEBALL + out
    away = (at[:, 0] - _EYE[0]) ** 2 + (at[:, 2] - _EYE[2]) ** 2
    at[:, 1] = _EYE[1] - np.sqrt(np.maximum(radius**2 - away, 0.02 * radius**2))
    return at


def _both(half: np.ndarray) -> np.ndarray:
    """(2 N - 2, 3) a loop across the middle of its half (N, 3) on the left, which begins and ends in the middle.

    It runs from the middle of its top down the right.
    """
    return np.concatenate([half[:1], half[1:-1] * (-1.0, 1.0, 1.0), half[-1:], half[-2:0:-1]])


def _mouth(own: Features) -> dict[str, np.ndarray]:
    """(3, MOUTH, 3) the lips' border, their ridge and where they meet; (3, 3) behind that, from right to left."""
    loops = np.empty((3, MOUTH, 3))
    middle = _MOUTH[:, 6]
    for n, wide in enumerate((1.0, 0.97, 0.94)):
        y, z = _MOUTH[:, 1 + 2 * n], middle + (_MOUTH[:, 2 + 2 * n] - middle) * (1.0 + own.lips)
        y = y - 0.0020 * own.lips * (1.0 - _MOUTH[:, 0] ** 2)
        loops[n] = _both(np.stack([_LIPS * wide * (1.0 + own.mouth) * _MOUTH[:, 0], y, z], axis=1))
    inside = np.stack([[-0.0123, 0.0, 0.0123], np.full(3, -0.0990), np.full(3, 0.0493)], axis=1)
    return {"mouth": loops, "mouth inside": inside}


def _ear(own: Features) -> np.ndarray:
    """(5, EAR, 3) the ear on the left."""
    points = _EAR[..., [2, 0, 1]] * (0.68, own.ear, own.ear)
    return _EAR_MIDDLE + points
