# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of any proportions in a rest pose: where their joints and other landmarks are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDES = (("Left", 1.0), ("Right", -1.0))


@dataclass(frozen=True)
class Body:
    """A body in a rest pose. Lengths are shares of the stature, angles in degrees.

    leg: height of the hip joints. arm: shoulder to wrist. arms_down: upper arms below the horizontal; forearms_down
    and forearms_ahead: how the forearms go on from there. spread: thighs outwards. toes_out: feet outwards.
    """

    stature: float = 1.75
    leg: float = 0.515
    arm: float = 0.31
    head: float = 0.13
    neck: float = 0.05
    shoulders: float = 0.1
    hips: float = 0.052
    foot: float = 0.085
    ankle: float = 0.045
    curve: float = 0.012
    arms_down: float = 0.0
    arms_ahead: float = 0.0
    forearms_down: float = 0.0
    forearms_ahead: float = 0.0
    spread: float = 0.0
    toes_out: float = 0.0
    knee_ahead: float = 0.01

    def places(self) -> dict[str, np.ndarray]:
        """Landmarks in metres; those of the limbs as Left... and Right..."""
        at = {"Origin": np.zeros(3)}
        top = 1.0 - self.head
        for name, share in (("Hips", 0.04), ("Spine", 0.16), ("Spine1", 0.4), ("Spine2", 0.62), ("Chest", 0.86),
                            ("Neck", 1.0)):
            along = self.leg + share * (top - self.neck - self.leg)
            at[name] = np.array([0.0, self.curve * np.sin(3.0 * share), along])
        at["Head"] = np.array([0.0, -0.3 * self.curve, top])
        at["HeadTop"] = np.array([0.0, -0.3 * self.curve, 1.0])
        for side, sign in SIDES:
            for name, place in self._limbs(at).items():
                at[side + name] = place * [sign, 1.0, 1.0]
        return {name: place * self.stature for name, place in at.items()}

    def _limbs(self, at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The left limbs' landmarks, per unit of stature."""
        collar = at["Chest"]
        limb = {"Shoulder": collar + [0.012, -0.01, 0.01], "Arm": collar + [self.shoulders, 0.006, 0.012]}
        upper = _direction(self.arms_down, self.arms_ahead)
        lower = _direction(self.arms_down + self.forearms_down, self.arms_ahead + self.forearms_ahead)
        limb["ForeArm"] = limb["Arm"] + 0.53 * self.arm * upper
        limb["Hand"] = limb["ForeArm"] + 0.47 * self.arm * lower
        limb["Knuckles"] = limb["Hand"] + 0.17 * self.arm * lower
        limb["HandEnd"] = limb["Hand"] + 0.33 * self.arm * lower
        sideways = np.cross([0.0, 0.0, 1.0], lower)
        sideways = sideways / max(np.linalg.norm(sideways), 0.2) if abs(lower[2]) < 0.98 else np.array([0.0, 1.0, 0.0])
        limb["Thumb"] = limb["Hand"] + self.arm * (0.05 * lower - 0.07 * sideways)
        limb["ThumbEnd"] = limb["Hand"] + self.arm * (0.2 * lower - 0.17 * sideways)
        for place, finger in enumerate(("Index", "Middle", "Ring", "Pinky")):
            across = (place - 1.2) * 0.042 * self.arm * sideways
            limb[finger] = limb["Knuckles"] + across
            limb[finger + "End"] = limb["HandEnd"] + 1.3 * across - (place == 3) * 0.04 * self.arm * lower
        out = np.radians(self.spread)
        length = self.leg - self.ankle
        thigh = np.array([np.sin(out), 0.0, -np.cos(out)])
        limb["UpLeg"] = np.array([self.hips, 0.0, self.leg])
        limb["Foot"] = limb["UpLeg"] + length * thigh + [0.0, 0.012, 0.0]
        limb["Leg"] = limb["UpLeg"] + 0.5 * length * thigh + [0.0, -self.knee_ahead, 0.0]
        yaw = np.radians(self.toes_out)
        ahead = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
        ground = limb["Foot"] * [1.0, 1.0, 0.0]
        limb["Toe"] = ground + ahead * self.foot + [0.0, 0.0, 0.25 * self.ankle]
        limb["ToeEnd"] = ground + ahead * 1.5 * self.foot + [0.0, 0.0, 0.2 * self.ankle]
        limb["Heel"] = ground - ahead * 0.4 * self.foot
        return limb


def _direction(down: float, ahead: float) -> np.ndarray:
    down, ahead = np.radians(down), np.radians(ahead)
    return np.array([np.cos(down) * np.cos(ahead), -np.cos(down) * np.sin(ahead), -np.sin(down)])
