# SPDX-License-Identifier: GPL-3.0-or-later
"""The torso and neck: rings around the spine, from the groin to the throat."""

from __future__ import annotations

import numpy as np

from .figure import Figure, ellipse
from .lobes import smooth_curve
from .loops import BELLY, TORSO
from .measurements import average

# Level in front of a ring below the shoulders; how much higher it runs at the sides.
_LEVELS = np.array([
    (0.862, 0.105), (0.892, 0.088), (0.922, 0.068), (0.955, 0.045), (0.990, 0.025), (1.025, 0.010), (1.0565, 0.0),
    (1.090, 0.0), (1.125, 0.0), (1.160, 0.0), (1.195, 0.0), (1.230, 0.0), (1.262, 0.0), (1.293, 0.0),
])
# Level; half breadth, front and back of a man; of a woman.
_SECTIONS = np.array([
    (0.850, 0.170, 0.102, 0.116, 0.183, 0.096, 0.114),
    (0.872, 0.170, 0.104, 0.124, 0.183, 0.098, 0.122),
    (0.900, 0.169, 0.107, 0.128, 0.180, 0.100, 0.125),
    (0.930, 0.167, 0.110, 0.126, 0.175, 0.102, 0.121),
    (0.960, 0.164, 0.112, 0.117, 0.168, 0.103, 0.111),
    (0.990, 0.161, 0.114, 0.106, 0.160, 0.105, 0.098),
    (1.025, 0.158, 0.116, 0.096, 0.151, 0.105, 0.085),
    (1.0565, 0.155, 0.117, 0.089, 0.141, 0.103, 0.077),
    (1.090, 0.152, 0.116, 0.086, 0.134, 0.099, 0.074),
    (1.125, 0.150, 0.115, 0.088, 0.129, 0.096, 0.075),
    (1.160, 0.152, 0.115, 0.095, 0.130, 0.095, 0.081),
    (1.195, 0.158, 0.117, 0.104, 0.136, 0.096, 0.089),
    (1.230, 0.167, 0.120, 0.113, 0.144, 0.098, 0.097),
    (1.262, 0.174, 0.123, 0.119, 0.151, 0.100, 0.103),
    (1.293, 0.178, 0.125, 0.125, 0.154, 0.100, 0.107),
])
# Beside the arm hole: level in front, at the side, behind; half breadth, front, back of a man; of a woman.
_SHOULDER = np.array([
    (1.325, 1.322, 1.325, 0.172, 0.123, 0.1300, 0.150, 0.097, 0.1110),
    (1.353, 1.355, 1.358, 0.180, 0.115, 0.1295, 0.156, 0.092, 0.1120),
    (1.379, 1.388, 1.388, 0.186, 0.103, 0.1265, 0.161, 0.083, 0.1095),
    (1.402, 1.419, 1.417, 0.190, 0.089, 0.1210, 0.165, 0.072, 0.1050),
    (1.421, 1.446, 1.443, 0.188, 0.075, 0.1120, 0.165, 0.060, 0.0970),
    (1.433, 1.463, 1.469, 0.150, 0.064, 0.1005, 0.132, 0.052, 0.0870),
    (1.442, 1.480, 1.492, 0.113, 0.055, 0.0875, 0.098, 0.045, 0.0760),
    (1.451, 1.501, 1.513, 0.080, 0.050, 0.0750, 0.066, 0.042, 0.0650),
])
# The neck: the same, and where its middle is (metres to the back).
_NECK = np.array([
    (1.466, 1.515, 1.530, 0.0660, 0.050, 0.066, 0.054, 0.043, 0.058),
    (1.483, 1.528, 1.545, 0.0620, 0.053, 0.058, 0.049, 0.046, 0.050),
    (1.498, 1.541, 1.560, 0.0612, 0.057, 0.053, 0.049, 0.050, 0.046),
    (1.510, 1.556, 1.580, 0.0615, 0.064, 0.052, 0.050, 0.057, 0.046),
])
_FACTORS = (("hip", 0.90), ("waist", 1.0565), ("chest", 1.291), ("neck", 1.50))


def trunk_rings(figure: Figure) -> np.ndarray:
    """(BELLY + SHOULDER + NECK, TORSO, 3) the rings up to the throat, metres; column 0 in front, 6 on the left."""
    turn = np.arange(TORSO) * (2.0 * np.pi / TORSO)
    table = np.concatenate([_SHOULDER, _NECK])
    levels = np.concatenate([np.column_stack([_LEVELS[:, 0], _LEVELS.sum(axis=1), _LEVELS[:, 0]]), table[:, :3]])
    at = np.stack([_level(turn, *own) for own in levels])
    sizes = np.empty((len(levels), TORSO, 3))
    own = figure.mixed(_SECTIONS[:, 4:], _SECTIONS[:, 1:4])
    sizes[:BELLY] = np.stack([smooth_curve(_SECTIONS[:, 0], column, at[:BELLY]) for column in own.T], axis=2)
    sizes[BELLY:] = figure.mixed(table[:, 6:9], table[:, 3:6])[:, None]
    sizes *= _widened(figure, at)
    rings = np.empty((len(levels), TORSO, 3))
    for row, side in enumerate(levels[:, 1]):
        # columns beside the arm hole stand apart
        beside = np.clip((side - 1.16) / 0.15, 0.0, 1.0) * np.clip((1.53 - side) / 0.06, 0.0, 1.0)
        square = float(np.interp(side, [0.9, 1.05, 1.3, 1.45, 1.5], [2.4, 2.4, 2.5, 2.2, 2.0]))
        sine, cosine = ellipse(turn - 0.125 * beside * np.sin(2.0 * turn), square)
        rings[row, :, 0] = sizes[row, :, 0] * sine
        rings[row, :, 1] = -np.where(cosine > 0.0, sizes[row, :, 1], sizes[row, :, 2]) * cosine
    rings[..., 2] = figure.height(at)
    # Between the thighs and the buttocks the middle lies back.
    low = np.clip((0.955 - levels[:BELLY, :1]) / 0.093, 0.0, 1.0) ** 1.5
    for middle, width, depth in ((0.0, 0.45, 0.20), (np.pi, 0.30, 0.34)):
        away = np.abs((turn - middle + np.pi) % (2.0 * np.pi) - np.pi)
        rings[:BELLY, :, 1] *= 1.0 - depth * low * np.exp(-(away / width) ** 2)
    return rings


def half_breadth(figure: Figure, levels: np.ndarray) -> np.ndarray:
    """(*levels.shape,) metres from the middle to the side below the shoulders."""
    own = figure.mixed(_SECTIONS[:, 4], _SECTIONS[:, 1])
    return smooth_curve(_SECTIONS[:, 0], own, levels) * _widened(figure, levels)[..., 0]


def crotch(figure: Figure, lowest: np.ndarray) -> np.ndarray:
    """(3, 3) the points between the legs, from front to back; `lowest`: (TORSO, 3) the torso's lowest ring."""
    front, back = lowest[0], lowest[TORSO // 2]
    share = np.array([0.25, 0.5, 0.75])[:, None]
    points = front + (back - front) * share
    points[:, 2] = figure.height(0.874) - 0.014 * figure.size * np.array([0.75, 1.0, 0.75])
    return points


def _level(turn: np.ndarray, front: float, side: float, back: float) -> np.ndarray:
    along = np.cos(turn)
    bend = np.abs(np.sin(turn)) ** 1.6
    return (front + back) / 2 + (front - back) / 2 * along + (side - (front + back) / 2) * bend


def _widened(figure: Figure, levels: np.ndarray) -> np.ndarray:
    """(*levels.shape, 3) factors on half breadth, front and back."""
    own = figure
    across = {"hip": own.ratio("hipbreadth"), "waist": own.ratio("waistbreadth"), "chest": own.ratio("chestbreadth"),
              "neck": own.ratio("neckcircumference")}
    deep = {"hip": own.ratio("buttockdepth"), "waist": own.ratio("waistdepth"), "chest": own.ratio("chestdepth"),
            "neck": own.ratio("neckcircumference")}
    at = [level for _, level in _FACTORS]
    curves = []
    for ratios in (across, deep, deep):
        values = [ratios[name] * own.factor(name) for name, _ in _FACTORS]
        heights = at
        if ratios is across:  # what is broad at the waist hangs over in front and behind, not beside the hip bones
            heights = [at[0], 0.975, *at[1:]]
            values.insert(1, values[0] + (values[1] - values[0]) * 0.34)
        curves.append(smooth_curve(heights, values, levels))
    result = np.stack(curves, axis=-1)
    shoulder = own.shoulder_breadth / average(own.sex)["biacromialbreadth"]
    # At the height of the shoulders the breadth follows the bones.
    bones = np.clip((levels - 1.30) / 0.10, 0.0, 1.0) * np.clip((1.515 - levels) / 0.045, 0.0, 1.0)
    result[..., 0] += (shoulder - result[..., 0]) * bones
    return result
