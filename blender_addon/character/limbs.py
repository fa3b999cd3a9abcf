# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs: rings across their bones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .figure import Figure, ellipse
from .lobes import smooth_curve
from .loops import ARM, LEG
from .torso import half_breadth

# Level inside; how much higher the ring runs outside; half-axes outside, inside, front, back (man of 1.756 m); how far
# the middle is behind the line between the joints.
_LEG = np.array([
    (0.816, 0.092, 0.088, 0.080, 0.104, 0.108, 0.000),
    (0.786, 0.066, 0.087, 0.082, 0.104, 0.104, 0.000),
    (0.750, 0.040, 0.084, 0.081, 0.101, 0.096, 0.000),
    (0.708, 0.018, 0.080, 0.077, 0.096, 0.090, 0.000),
    (0.662, 0.004, 0.075, 0.072, 0.089, 0.083, 0.000),
    (0.618, 0.000, 0.070, 0.068, 0.081, 0.077, 0.000),
    (0.576, 0.000, 0.064, 0.065, 0.073, 0.071, 0.002),
    (0.541, 0.000, 0.060, 0.063, 0.068, 0.064, 0.004),
    (0.512, 0.000, 0.058, 0.060, 0.066, 0.058, 0.004),
    (0.486, 0.000, 0.057, 0.057, 0.064, 0.055, 0.003),
    (0.460, 0.000, 0.055, 0.054, 0.060, 0.056, 0.003),
    (0.430, 0.000, 0.054, 0.054, 0.056, 0.062, 0.004),
    (0.394, 0.000, 0.056, 0.056, 0.053, 0.071, 0.006),
    (0.352, 0.000, 0.057, 0.056, 0.050, 0.077, 0.008),
    (0.308, 0.000, 0.054, 0.052, 0.047, 0.073, 0.010),
    (0.260, 0.000, 0.047, 0.044, 0.043, 0.061, 0.012),
    (0.212, 0.000, 0.040, 0.037, 0.040, 0.049, 0.013),
    (0.166, 0.000, 0.034, 0.032, 0.038, 0.042, 0.013),
    (0.128, 0.000, 0.0315, 0.0305, 0.038, 0.040, 0.010),
])
_LEG_ROWS = np.array([0.814, 0.778, 0.735, 0.685, 0.631, 0.582, 0.544, 0.514, 0.487, 0.459, 0.425, 0.384, 0.335, 0.275,
                      0.205, 0.135])
# Along the arm: shares of the upper arm (0..1) and of the forearm (1..2); half-axes up, down, front, back (metres).
_ARM = np.array([
    (0.42, 0.050, 0.050, 0.052, 0.052),
    (0.55, 0.049, 0.048, 0.049, 0.049),
    (0.68, 0.046, 0.045, 0.046, 0.045),
    (0.80, 0.043, 0.042, 0.043, 0.040),
    (0.90, 0.041, 0.040, 0.043, 0.038),
    (0.97, 0.041, 0.039, 0.044, 0.037),
    (1.04, 0.042, 0.040, 0.046, 0.038),
    (1.14, 0.045, 0.042, 0.048, 0.040),
    (1.28, 0.045, 0.043, 0.048, 0.042),
    (1.44, 0.041, 0.040, 0.045, 0.041),
    (1.60, 0.035, 0.034, 0.039, 0.037),
    (1.76, 0.028, 0.027, 0.033, 0.032),
    (1.90, 0.0230, 0.0220, 0.0300, 0.0290),
    (1.985, 0.0215, 0.0205, 0.0300, 0.0285),
])
_ARM_ROWS = np.array([0.42, 0.58, 0.74, 0.86, 0.95, 1.04, 1.16, 1.32, 1.50, 1.68, 1.86, 1.985])


def _sampled(table: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The table's columns at other rows of its first."""
    table = table[np.argsort(table[:, 0])]
    return np.stack([smooth_curve(table[:, 0], column, rows) for column in table.T], axis=1)


def leg_rings(figure: Figure) -> np.ndarray:
    """(16, LEG, 3) rings of the left leg from below the groin to the ankle; column 6 outside, 2 in front."""
    hip, knee, foot = (figure.joints[name] for name in ("LeftUpLeg", "LeftLeg", "LeftFoot"))
    turn = (np.arange(LEG) - 6) * (2.0 * np.pi / LEG)
    table = _sampled(_LEG, _LEG_ROWS)
    level, raised = table[:, :1], table[:, 1:2]
    heights = figure.height(level + raised * (0.5 + 0.5 * np.cos(turn)))
    sizes = table[:, 2:6] * _leg_factors(figure, (level + 0.5 * raised)[:, 0])[:, None]
    middle = figure.height(level + raised * 0.5)
    line_x = np.interp(middle, [foot[2], knee[2], hip[2]], [foot[0], knee[0], hip[0]])
    line_y = np.interp(middle, [foot[2], knee[2], hip[2]], [foot[1] - 0.008, knee[1], hip[1]])
    line_y = line_y + table[:, 6:7] * figure.size
    sizes = _narrowed(figure, sizes, level)
    # Thighs grow outward where there is no more room between them.
    inner = line_x - sizes[:, 1:2]
    room = 0.006 * figure.size + 0.045 * np.clip(figure.height(0.84) - middle, 0.0, None)
    line_x = line_x + np.maximum(room - inner, 0.0)
    # Outside, the thigh goes on where the hip ends.
    outer = level + raised
    hips = half_breadth(figure, outer) - line_x
    out = sizes[:, :1] + (hips - sizes[:, :1]) * np.clip((outer - 0.77) / 0.09, 0.0, 1.0)
    sine, cosine = ellipse(turn, 2.1)
    rings = np.empty((len(table), LEG, 3))
    rings[..., 0] = line_x + cosine * np.where(cosine > 0.0, out, sizes[:, 1:2])
    rings[..., 1] = line_y + sine * np.where(sine < 0.0, sizes[:, 2:3], sizes[:, 3:4])
    rings[..., 2] = heights
    return rings


def _narrowed(figure: Figure, sizes: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Half-axes of thighs that are no broader than half the hips, and deeper instead."""
    room = half_breadth(figure, np.array(0.87)) * 1.02 - 0.008 * figure.size
    half, deep = sizes[:, :2].mean(axis=1, keepdims=True), sizes[:, 2:].mean(axis=1, keepdims=True)
    less = 1.0 - np.clip(1.0 - room / 2.0 / half, 0.0, 1.0) * np.clip((level - 0.52) / 0.15, 0.0, 1.0)
    more = np.sqrt(1.0 + (half / deep) ** 2 * (1.0 - less**2))  # the girth stays much the same
    return np.concatenate([sizes[:, :2] * less, sizes[:, 2:] * more], axis=1)


def _leg_factors(figure: Figure, levels: np.ndarray) -> np.ndarray:
    girths = (("ankle", 0.115, "anklecircumference", 0.2293), ("calf", 0.345, "calfcircumference", 0.3923),
              ("knee", 0.52, "lowerthighcircumference", 0.4093), ("thigh", 0.80, "thighcircumference", 0.6251))
    at = [level for _, level, _, _ in girths]
    values = [figure.factor(name) * figure.measured[measure] / usual for name, _, measure, usual in girths]
    hip = figure.factor("hip") * figure.measured["buttockcircumference"] / 1.0195
    return smooth_curve([*at, 0.90], [*values, (hip + values[-1]) / 2.0], levels)


def arm_frame(figure: Figure, along: np.ndarray) -> np.ndarray:
    """(3, 3) columns along, front and up of the left arm, hanging as far as it does."""
    along = along / np.linalg.norm(along)
    up = np.array([np.sin(np.arccos(np.clip(along[0], -1, 1))), 0.0, along[0]])
    front = np.cross(along, up)
    front /= np.linalg.norm(front)
    return np.stack([along, front, np.cross(front, along)], axis=1)


def arm_rings(figure: Figure, hole: np.ndarray) -> np.ndarray:
    """(15, ARM, 3) rings of the left arm from the shoulder to the wrist; column 0 above, 3 in front.

    hole: (ARM, 3) the rim of the torso that the arm grows from.
    """
    joints = [figure.joints[name] for name in ("LeftArm", "LeftForeArm", "LeftHand")]
    upper, fore = (arm_frame(figure, end - start) for start, end in pairwise(joints))
    turn = np.arange(ARM) * (2.0 * np.pi / ARM)
    table = _sampled(_ARM, _ARM_ROWS)
    sizes = table[:, 1:] * _arm_factors(figure, table[:, 0])[:, None]
    sine, cosine = ellipse(turn, 2.1)
    rings = []
    for share, (up, down, front, back) in zip(_ARM_ROWS, sizes):
        bend = np.clip((share - 0.9) / 0.2, 0.0, 1.0)
        frame = upper * (1.0 - bend) + fore * bend
        middle = joints[0] + (joints[1] - joints[0]) * min(share, 1.0) + (joints[2] - joints[1]) * max(share - 1.0, 0.0)
        middle = middle - frame[:, 2] * 0.004 * figure.size
        rings.append(middle + np.outer(sine * np.where(sine > 0.0, front, back), frame[:, 1])
                     + np.outer(cosine * np.where(cosine > 0.0, up, down), frame[:, 2]))
    return np.concatenate([_deltoid(figure, hole, np.array(rings[:2])), rings])


def _deltoid(figure: Figure, hole: np.ndarray, below: np.ndarray) -> np.ndarray:
    """(3, ARM, 3) rings between the torso and the arm: cubics that leave the torso outward and meet the arm along."""
    turn = np.arange(ARM) * (2.0 * np.pi / ARM)
    reach = np.linalg.norm(below[0] - hole, axis=1)[:, None]
    over = np.cos(turn)[:, None]
    side = np.sin(turn)[:, None]
    leave = np.concatenate([0.80 + 0.25 * over, np.where(side > 0.0, -0.30, 0.30) * np.abs(side), 0.24 * over - 0.40],
                           axis=1)
    leave *= reach * (0.88 + 0.10 * over) * figure.factor("shoulder")
    meet = below[1] - below[0]
    meet = meet / np.linalg.norm(meet, axis=1, keepdims=True) * reach * 0.95
    rings = []
    for t in (0.22, 0.48, 0.75):
        rings.append((2 * t**3 - 3 * t**2 + 1) * hole + (t**3 - 2 * t**2 + t) * leave
                     + (3 * t**2 - 2 * t**3) * below[0] + (t**3 - t**2) * meet)
    return np.array(rings)


def _arm_factors(figure: Figure, shares: np.ndarray) -> np.ndarray:
    girths = (("upper arm", 0.6, "bicepscircumferenceflexed", 0.3581),
              ("forearm", 1.25, "forearmcircumferenceflexed", 0.3101), ("wrist", 1.95, "wristcircumference", 0.1759))
    at = [share for _, share, _, _ in girths]
    values = [figure.factor(name) * figure.measured[measure] / usual for name, _, measure, usual in girths]
    return smooth_curve([0.40, *at], [values[0] * figure.factor("shoulder") ** 0.4, *values], shares)
