# SPDX-License-Identifier: GPL-3.0-or-later
"""What a body is built by: its landmarks and how its girths compare with those of the figure that was modelled.

The tables of `torso`, `limbs`, `extremities` and `face` describe an average man and woman at the heights of a man of
1.756 m; a Figure carries them to anybody's heights, lengths and girths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from .lobes import smooth_curve
from .measurements import average

# The heights that the tables are written in, by measurement (metres; means of the survey's men).
LEVELS: dict[str, float] = {
    "lateralmalleolusheight": 0.0729, "kneeheightmidpatella": 0.4884, "crotchheight": 0.8459,
    "waistheightomphalion": 1.0565, "chestheight": 1.2911, "acromialheight": 1.4407, "cervicaleheight": 1.5173,
}
ARM_DOWN = np.radians(45.0)  # arms hang this much below the level, so that shoulders and armpits bend both ways
_JOINT_BELOW = 0.045  # from the acromion to the middle of the shoulder joint on a man of 1.756 m
STANCE = 0.035  # how much further apart the ankles are than the hip joints, each side


@dataclass(frozen=True)
class Figure:
    """A body's measurements (metres) and the factors by which its tables are widened.

    widths: name of a girth -> factor on breadth and depth, found by `fitting`; 1 where it is not named. shift: how much
    further out the shoulder joints are than usual (metres on somebody of 1.756 m). reach: how much longer the upper
    arms are than usual (metres). muscle: how far muscles stand out beyond the usual, -1 for not at all. bust: breasts
    against the usual.
    """

    measured: Mapping[str, float]
    sex: float
    widths: Mapping[str, float] = field(default_factory=dict)
    shift: float = 0.0
    reach: float = 0.0
    muscle: float = 0.0
    bust: float = 1.0

    def widened(self, widths: Mapping[str, float], shift: float, reach: float) -> Figure:
        """The same measurements with other widths and lengths of bones."""
        return replace(self, widths=dict(widths), shift=shift, reach=reach)

    def ratio(self, name: str) -> float:
        """A measurement against that of the average of the same sex."""
        return self.measured[name] / average(self.sex)[name]

    def factor(self, girth: str) -> float:
        return self.widths.get(girth, 1.0)

    @cached_property
    def size(self) -> float:
        return self.measured["stature"] / 1.7562

    def mixed(self, women: np.ndarray, men: np.ndarray) -> np.ndarray:
        """Between the two tables by sex."""
        return women + (np.asarray(men) - women) * self.sex

    def height(self, level: np.ndarray | float) -> np.ndarray:
        """Heights in metres of levels that are written for a man of 1.756 m, from the floor to the neck."""
        levels = [0.0, *LEVELS.values()]
        heights = [0.0, *(self.measured[name] for name in LEVELS)]
        # straight on above, with the slope of the whole body
        levels, heights = [*levels, levels[-1] + 1.0], [*heights, heights[-1] + self.size]
        return np.interp(level, levels, heights) * 0.5 + smooth_curve(levels, heights, np.asarray(level, float)) * 0.5

    @cached_property
    def joints(self) -> dict[str, np.ndarray]:
        """Where the joints of the middle and the left are, by canonical name (metres)."""
        size, half = self.size, self.shoulder_breadth / 2.0
        hip_x = 0.088 * self.measured["hipbreadth"] / 0.3457 * 0.5 + 0.088 * size * 0.5
        feet = hip_x + STANCE * size
        knee_z, ankle_z = float(self.height(0.492)), self.measured["lateralmalleolusheight"] * 1.08
        hip_z = float(self.height(0.905))
        share = (hip_z - knee_z) / (hip_z - ankle_z)
        shoulder = np.array([half - (0.020 - self.shift) * size, 0.004 * size,
                             self.measured["acromialheight"] - _JOINT_BELOW * size])
        along = np.array([np.cos(ARM_DOWN), 0.0, -np.sin(ARM_DOWN)])
        upper = self.measured["acromionradialelength"] - 0.036 * size + self.reach
        elbow = shoulder + along * upper
        forward = np.array([np.cos(ARM_DOWN), -0.10, -np.sin(ARM_DOWN)])
        forward /= np.linalg.norm(forward)
        hand = elbow + forward * self.measured["radialestylionlength"]
        foot = np.array([feet, 0.022 * size, ankle_z])
        middle = {name: np.array([0.0, y * size, float(self.height(z))]) for name, y, z in (
            ("Hips", 0.010, 0.955), ("Spine", 0.022, 1.045), ("Spine1", 0.020, 1.160), ("Spine2", 0.030, 1.280),
            ("Neck", 0.020, 1.492))}
        return middle | {
            "Jaw": np.array([0.0, -0.012 * size, self.head_top - 0.160 * self.head_size[2]]),
            "Head": np.array([0.0, -0.002 * size, self.head_top - 0.176 * self.head_size[2]]),
            "LeftShoulder": np.array([0.022 * size, -0.015 * size, float(self.height(1.432))]), "LeftArm": shoulder,
            "LeftForeArm": elbow, "LeftHand": hand,
            "LeftUpLeg": np.array([hip_x, 0.004 * size, hip_z]),
            "LeftLeg": np.array([hip_x + (feet - hip_x) * share, 0.002 * size, knee_z]), "LeftFoot": foot,
            "LeftToe": foot + (0.012 * size, -0.72 * self.measured["balloffootlength"], 0.022 * size - ankle_z),
        }

    @property
    def shoulder_breadth(self) -> float:
        """From acromion to acromion, but no more than leaves room for the deltoids (metres)."""
        return min(self.measured["biacromialbreadth"], 0.915 * self.measured["bideltoidbreadth"])

    @property
    def head_top(self) -> float:
        return self.measured["stature"]

    @cached_property
    def head_size(self) -> np.ndarray:
        """(3,) the head against the one that was modelled: breadth, length, height."""
        m = self.measured
        return np.array([m["headbreadth"] / 0.1543, m["headlength"] / 0.1995,
                         0.5 * m["mentonsellionlength"] / 0.1226 + 0.5 * m["tragiontopofhead"] / 0.1311])


def ellipse(angle: np.ndarray, square: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of a superellipse with exponent `square` (2 is round) at angles (radians)."""
    sine, cosine = np.sin(angle), np.cos(angle)
    power = 2.0 / np.asarray(square, float)
    return np.sign(sine) * np.abs(sine) ** power, np.sign(cosine) * np.abs(cosine) ** power
