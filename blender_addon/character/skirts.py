# SPDX-License-Identifier: GPL-3.0-or-later
"""Skirts: level rings from the waist, taut around the hips, falling in folds from there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .cutting import below, model
from .relief import modelled_man
from .sewing import Sewing
from .tailoring import Cut, Sewn, Wearer, hung_rings, mixed, outward

_COLUMNS = 96
_WAIST = 1.048  # heights on the modelled man
_SHORT, _LONG = 0.61, 0.49
_HIDDEN = 0.965  # from where on nobody looks under it
_BAND, _HEM = 0.034, 0.022
_STEP = 0.026  # between rings
_RAISED = np.radians(120.0)  # so far a thigh goes up before it is at the cloth
_CLEAR = 0.022  # metres off it
_SHIN = 0.5


def sew_skirt(wearer: Wearer, cut: Cut) -> Sewn:
    """A skirt; from above the knee to below it."""
    sewing, size = Sewing(), wearer.size
    rings = _rings(wearer, cut)
    numbers = sewing.add(rings)
    sewing.sew_rings(numbers[::-1], "skirt", 4)
    up = np.tile([0.0, 0.0, 1.0], (_COLUMNS, 1))
    sewing.hem(numbers[0], up, outward(rings[0], up), _BAND * size, "waistband", 0.0022, 0.018)
    down = rings[-1] - rings[-2]
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    sewing.hem(numbers[-1], down, outward(rings[-1], down), _HEM * size, "hem", flip=True)
    height = model()[:, 2]
    trunk = below(_WAIST + 0.01)
    return Sewn(sewing, trunk[height[trunk] > _HIDDEN], _shares)


def _rings(wearer: Wearer, cut: Cut) -> np.ndarray:
    size, high, low = wearer.size, _WAIST, mixed((_SHORT, _LONG), cut.length)
    count = int(round((high - low) / _STEP)) + 1
    knee, hip, waist = (wearer.joints[name][2] for name in ("LeftLeg", "LeftUpLeg", "Spine"))
    own = (model_height("LeftLeg"), model_height("LeftUpLeg"), model_height("Spine"))
    levels = np.linspace(high, low, count)
    heights = np.interp(levels, own, (knee, hip, waist))
    heights += np.where(levels > own[2], (levels - own[2]) * size, 0.0)
    heights += np.where(levels < own[0], (levels - own[0]) * size, 0.0)
    turns = np.arange(_COLUMNS) * (2.0 * np.pi / _COLUMNS) - np.pi / 2.0  # from the front over the left
    skin = wearer.skin[below(high + 0.08)]
    ease = np.interp(levels, [0.5, 0.95, high], [0.020, 0.016, 0.012]) * size
    middle = np.array([0.0, wearer.joints["Hips"][1]])
    rings = hung_rings(skin, heights, turns, middle, ease, -mixed((0.03, 0.15), cut.fit))
    # Folds grow from the hips down.
    grown = np.clip((0.95 - levels) / 0.35, 0.0, 1.0)[:, None]
    folds = 9 + 2 * round(cut.fit)
    wave = mixed((0.005, 0.013), cut.fit) * size * grown * (1.0 + np.cos(folds * (turns + np.pi / 2.0)))
    rings[..., 0] += np.cos(turns) * wave
    rings[..., 1] += np.sin(turns) * wave
    return rings


def model_height(joint: str) -> float:
    """Where a joint of the modelled man is."""
    return float(modelled_man().joints[joint][2])


def _shares(points: np.ndarray, skin: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights from those of the skin nearby: what legs have is handed from one to the other across the middle. In front
    cloth that hangs ahead of the thighs stays behind a little, by the hips' weight, where they are raised, so that it
    comes to lie on them; further down it goes partly with the shins, so that it hangs from a raised knee."""
    ahead = _rise(0.5 - points[:, 1] / 0.16)  # behind, a thigh would come through
    skin = _spanned(points, skin, ahead)
    legs = {name for name in skin if any(part in name for part in ("Leg", "Knee", "Foot", "Toe"))
            and "Twist" not in name}
    leg, shares = sum(skin[name] for name in legs), {name: skin[name] for name in skin if name not in legs}
    hip, knee = model_height("LeftUpLeg"), model_height("LeftLeg")
    shin = _SHIN * ahead * _rise(((hip - points[:, 2]) / (hip - knee) - 0.6) / 0.6)
    lag = np.minimum(0.6 * _ahead(points), 0.3) * (1.0 - shin / _SHIN)
    shares["Hips"] = shares["Hips"] + leg * lag
    left = _rise(points[:, 0] / (0.14 - 0.07 * ahead) + 0.5)
    half, twist = (skin[f"Left{name}"] + skin[f"Right{name}"] for name in ("HipShare", "UpLegTwist"))
    merged = twist * ahead * _rise((0.05 - np.abs(points[:, 0])) / 0.04)  # in the middle there are four without it
    for side, share in (("Left", left), ("Right", 1.0 - left)):
        shares[f"{side}HipShare"], shares[f"{side}UpLegTwist"] = share * half, share * (twist - merged)
        shares[f"{side}UpLeg"] = share * (leg * (1.0 - lag - shin) + merged)
        shares[f"{side}Leg"] = share * leg * shin
    return shares


def _spanned(points: np.ndarray, skin: Mapping[str, np.ndarray], ahead: np.ndarray) -> dict[str, np.ndarray]:
    """Weights (V,) by joint that in front, between the thighs, are those of the same height over them: cloth spans from
    one to the other, and does not stay with the lap below it."""
    across, height = np.abs(points[:, 0]), points[:, 2]
    over = (ahead > 0.8) & (across > 0.06) & (across < 0.12)
    levels = np.linspace(height.min(), height.max(), 30)
    near = np.exp(-((height[over] - levels[:, None]) / 0.015) ** 2)
    near /= near.sum(axis=1, keepdims=True)
    share = ahead * _rise((0.09 - across) / 0.05)
    return {name: weight + share * (np.interp(height, levels, near @ weight[over]) - weight)
            for name, weight in skin.items()}


def _ahead(points: np.ndarray) -> np.ndarray:
    """(V,) by which angle points (V, 3) hang ahead of the front of the thighs, seen from the hip; 0 behind it."""
    hip, skin = modelled_man().joints["LeftUpLeg"][2], model()
    legs = skin[(np.abs(skin[:, 0]) < 0.2) & (skin[:, 2] < hip)]
    levels = np.arange(_LONG - 0.03, hip, 0.02)
    front = [legs[np.abs(legs[:, 2] - level) < 0.02, 1].min() for level in levels]
    out = np.interp(points[:, 2], levels, front) - _CLEAR - points[:, 1]
    return np.arctan2(np.maximum(out, 0.0), np.maximum(hip - points[:, 2], 0.1))


def _rise(value: np.ndarray) -> np.ndarray:
    t = np.clip(value, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
