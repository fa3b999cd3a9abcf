# SPDX-License-Identifier: GPL-3.0-or-later
"""Muscles, bones and hollows: strokes on the skin of the modelled man, carried to every body by its vertices.

A stroke raises the skin along its normals around a line (in metres; on the left, its mirror image on the right). The
height is one for men and one for women, mixed by sex.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from .extremities import digit_joints, hand_frame
from .figure import Figure
from .limbs import arm_frame
from .measurements import average

# Points; radius; height on a man, on a woman.
_BODY = (
    # chest and belly
    (((0.055, -0.125, 1.300), (0.125, -0.105, 1.335)), 0.092, 0.0120, 0.0000),
    (((0.020, -0.130, 1.258), (0.100, -0.120, 1.252), (0.150, -0.085, 1.290)), 0.026, -0.0060, 0.0000),
    (((0.000, -0.125, 1.250), (0.000, -0.110, 1.390)), 0.026, -0.0070, -0.0060),
    (((0.012, -0.060, 1.436), (0.090, -0.060, 1.445), (0.150, -0.032, 1.455)), 0.018, 0.0060, 0.0055),
    (((0.050, -0.085, 1.408), (0.130, -0.060, 1.425)), 0.024, -0.0045, -0.0035),
    (((0.045, -0.045, 1.470), (0.100, -0.030, 1.475)), 0.024, -0.0050, -0.0050),
    (((0.000, -0.060, 1.447),), 0.024, -0.0080, -0.0060),
    (((0.000, -0.120, 1.235), (0.000, -0.120, 1.080)), 0.022, -0.0045, -0.0030),
    (((0.036, -0.118, 1.230), (0.036, -0.118, 1.010)), 0.036, 0.0040, 0.0015),
    (((0.030, -0.120, 1.240), (0.085, -0.105, 1.180), (0.130, -0.070, 1.140)), 0.024, 0.0040, 0.0020),
    (((0.060, -0.115, 1.170), (0.115, -0.085, 1.110)), 0.034, -0.0050, -0.0030),
    (((0.140, -0.060, 1.015), (0.165, 0.000, 1.040)), 0.045, 0.0025, 0.0020),
    (((0.000, -0.100, 0.897),), 0.060, 0.0110, 0.0090),
    (((0.000, -0.118, 1.052),), 0.017, -0.0080, -0.0080),
    # back and buttocks
    (((0.000, 0.120, 1.420), (0.000, 0.130, 1.290), (0.000, 0.090, 1.100), (0.000, 0.100, 1.010)), 0.032, -0.0110,
     -0.0090),
    (((0.040, 0.100, 1.220), (0.038, 0.088, 1.040)), 0.040, 0.0060, 0.0040),
    (((0.080, 0.125, 1.405), (0.105, 0.125, 1.310)), 0.062, 0.0080, 0.0045),
    (((0.058, 0.120, 1.400), (0.066, 0.120, 1.300)), 0.026, -0.0030, -0.0020),
    (((0.100, 0.120, 1.285),), 0.038, 0.0040, 0.0020),
    (((0.160, 0.070, 1.330), (0.145, 0.075, 1.200)), 0.078, 0.0100, 0.0010),
    (((0.030, 0.080, 1.480), (0.100, 0.048, 1.474)), 0.045, 0.0080, 0.0010),
    (((0.082, 0.110, 0.868),), 0.115, 0.0280, 0.0320),
    (((0.110, 0.095, 0.925),), 0.090, 0.0040, 0.0050),
    (((0.000, 0.110, 0.960), (0.000, 0.110, 0.840)), 0.036, -0.0160, -0.0170),
    (((0.045, 0.100, 0.800), (0.115, 0.105, 0.806)), 0.034, -0.0060, -0.0060),
    (((0.176, 0.030, 0.915),), 0.050, -0.0045, 0.0000),
    (((0.050, 0.100, 1.010),), 0.022, -0.0035, -0.0040),
    # neck
    (((0.056, 0.004, 1.578), (0.040, -0.035, 1.515), (0.016, -0.056, 1.455)), 0.020, 0.0055, 0.0030),
    (((0.000, -0.066, 1.492),), 0.022, 0.0055, 0.0000),
    # thigh and knee
    (((0.165, -0.040, 0.720), (0.160, -0.040, 0.640)), 0.080, 0.0050, 0.0030),
    (((0.110, -0.105, 0.770), (0.112, -0.090, 0.600)), 0.055, 0.0050, 0.0030),
    (((0.080, -0.055, 0.548),), 0.050, 0.0080, 0.0035),
    (((0.150, -0.060, 0.560),), 0.040, 0.0040, 0.0015),
    (((0.110, -0.064, 0.494),), 0.034, 0.0070, 0.0055),
    (((0.112, -0.062, 0.446),), 0.024, 0.0040, 0.0030),
    (((0.158, -0.035, 0.496),), 0.030, -0.0040, -0.0030),
    (((0.066, -0.035, 0.492),), 0.026, -0.0030, -0.0020),
    (((0.150, 0.060, 0.600), (0.155, 0.045, 0.510)), 0.030, 0.0040, 0.0030),
    (((0.075, 0.055, 0.560), (0.070, 0.045, 0.500)), 0.030, 0.0040, 0.0030),
    (((0.112, 0.060, 0.500),), 0.040, -0.0050, -0.0045),
    # shin, calf and ankle
    (((0.095, 0.080, 0.385), (0.092, 0.075, 0.330)), 0.050, 0.0070, 0.0050),
    (((0.145, 0.075, 0.400), (0.145, 0.072, 0.350)), 0.048, 0.0060, 0.0040),
    (((0.120, 0.095, 0.380), (0.120, 0.080, 0.290)), 0.020, -0.0035, -0.0020),
    (((0.112, -0.048, 0.430), (0.120, -0.030, 0.200)), 0.020, 0.0035, 0.0025),
    (((0.158, 0.026, 0.078),), 0.024, 0.0065, 0.0060),
    (((0.088, 0.014, 0.088),), 0.024, 0.0060, 0.0055),
    (((0.150, 0.048, 0.120), (0.147, 0.050, 0.170)), 0.024, -0.0045, -0.0045),
    (((0.098, 0.048, 0.120), (0.100, 0.050, 0.170)), 0.024, -0.0045, -0.0045),
)
# The same, beside the arm: how far along (0..1 the upper arm, 1..2 the forearm), to the front, up (metres).
_ARM = (
    (((0.18, 0.020, 0.050), (0.30, -0.010, 0.050)), 0.085, 0.0065, 0.0020),
    (((0.47, 0.005, 0.050),), 0.040, -0.0030, -0.0015),
    (((0.40, 0.052, -0.005), (0.72, 0.046, -0.004)), 0.050, 0.0080, 0.0015),
    (((0.34, -0.052, 0.010), (0.66, -0.046, 0.004)), 0.050, 0.0080, 0.0025),
    (((0.62, 0.000, 0.044), (0.86, 0.000, 0.042)), 0.022, -0.0030, -0.0010),
    (((1.00, -0.038, 0.004),), 0.024, 0.0050, 0.0045),
    (((0.96, 0.030, 0.036), (1.22, 0.036, 0.028)), 0.036, 0.0050, 0.0010),
    (((1.06, 0.030, -0.034), (1.30, 0.030, -0.030)), 0.034, 0.0035, 0.0010),
    (((1.93, -0.022, 0.022),), 0.016, 0.0040, 0.0035),
)
# A breast: forward and a little outward and down, fuller below.
_BREAST = ((((0.078, -0.105, 1.282),), 0.096, 0.0300), (((0.084, -0.135, 1.254),), 0.066, 0.0170))
_OF_MUSCLES = 0.009  # what stands out further, or lies deeper, does so by fat or bones
_FORWARD = np.array([0.16, -1.0, -0.10])


@lru_cache(maxsize=1)
def modelled_man() -> Figure:
    """The man that strokes are written for."""
    return Figure(average(1.0), 1.0)


def heights(points: np.ndarray) -> np.ndarray:
    """(N, 3) metres for the modelled man's skin `points` (N, 3): along the normal for men, for women, and breasts."""
    own = np.column_stack([np.abs(points[:, 0]), points[:, 1:]])
    result = np.zeros((len(points), 3))
    for line, radius, man, woman in (*_BODY, *_arm_strokes()):
        share = _around(own, np.array(line), radius)
        result[:, 0] += man * share
        result[:, 1] += woman * share
    for line, radius, height in _BREAST:
        result[:, 2] += height * _around(own, np.array(line), radius)
    return result


def raise_skin(points: np.ndarray, normals: np.ndarray, raised: np.ndarray, figure: Figure) -> np.ndarray:
    """(N, 3) the skin with its relief; normals: (N, 3) unit; raised: what `heights` found."""
    bmi = figure.measured["weightkg"] / figure.measured["stature"] ** 2
    lean = np.clip(1.0 - 0.03 * (bmi - 27.0), 0.55, 1.1)  # fat hides muscles and bones
    manly = figure.sex + 0.45 * (1.0 - figure.sex) * np.clip(figure.muscle, 0.0, 1.0)
    stands = raised[:, 1] + (raised[:, 0] - raised[:, 1]) * manly
    stands = stands + np.clip(0.8 * figure.muscle, -0.9, 1.0) * np.clip(stands, -_OF_MUSCLES, _OF_MUSCLES)
    along = stands * figure.size * lean
    bust = raised[:, 2] * (1.0 - figure.sex) * figure.size * figure.bust
    forward = _FORWARD * np.column_stack([np.clip(points[:, 0] / 0.02, -1.0, 1.0), np.ones((len(points), 2))])
    return points + normals * along[:, None] + forward * bust[:, None]


def _around(points: np.ndarray, line: np.ndarray, radius: float) -> np.ndarray:
    """(N,) 1 on the line, 0 a radius away."""
    near = np.full(len(points), np.inf)
    if len(line) == 1:
        near = np.sum((points - line[0]) ** 2, axis=1)
    for start, end in pairwise(line):
        way = end - start
        along = np.clip((points - start) @ way / (way @ way), 0.0, 1.0)
        near = np.minimum(near, np.sum((points - start - along[:, None] * way) ** 2, axis=1))
    return np.clip(1.0 - near / radius**2, 0.0, None) ** 2


def _arm_strokes() -> list[tuple]:
    joints = [modelled_man().joints[name] for name in ("LeftArm", "LeftForeArm", "LeftHand")]
    strokes = []
    for line, radius, man, woman in _ARM:
        points = []
        for along, front, up in line:
            k = int(along > 1.0)
            frame = arm_frame(modelled_man(), joints[k + 1] - joints[k])
            middle = joints[k] + (joints[k + 1] - joints[k]) * (along - k)
            points.append(middle + frame[:, 1] * front + frame[:, 2] * up)
        strokes.append((points, radius, man, woman))
    up = hand_frame(modelled_man())[:, 2]
    for name, at in digit_joints(modelled_man()).items():  # knuckles
        if name.endswith("1") and "Thumb" not in name:
            strokes.append(([at + up * 0.012], 0.0130, 0.0040, 0.0028))
        elif name.endswith("2"):
            strokes.append(([at + up * 0.009], 0.0105, 0.0018, 0.0012))
    return strokes
