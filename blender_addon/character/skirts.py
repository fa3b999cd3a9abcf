# SPDX-License-Identifier: GPL-3.0-or-later
"""Skirts: level rings from the waist, taut around the hips, falling in folds from there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .cutting import below, model
from .sewing import Sewing
from .tailoring import Cut, Sewn, Wearer, hung_rings, mixed, outward

_COLUMNS = 96
_WAIST = 1.048  # heights on the modelled man
_SHORT, _LONG = 0.61, 0.49
_HIDDEN = 0.965  # from where on nobody looks under it
_BAND, _HEM = 0.034, 0.022
_STEP = 0.026  # between rings


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
    from .relief import modelled_man

    return float(modelled_man().joints[joint][2])


def _shares(points: np.ndarray, skin: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights from those of the skin nearby: what legs have is handed from one to the other across the middle, and
    further down in front partly from the thigh to the shin, so that cloth hangs from a raised knee."""
    legs = {name for name in skin if any(part in name for part in ("Leg", "Knee", "Foot", "Toe"))
            and "Twist" not in name}
    leg = np.clip(sum(skin[name] for name in legs), 0.0, 1.0)
    rest = {name: share for name, share in skin.items() if name not in legs}
    left = _rise(points[:, 0] / 0.14 + 0.5)
    hip, knee = model_height("LeftUpLeg"), model_height("LeftLeg")
    ahead = _rise(0.5 - points[:, 1] / 0.16)  # behind, a thigh would come through
    shin = 0.35 * ahead * _rise((hip - points[:, 2]) / (hip - knee) - 0.35)
    for name in ("HipShare", "UpLegTwist"):
        both = rest[f"Left{name}"] + rest[f"Right{name}"]
        rest |= {f"Left{name}": both * left, f"Right{name}": both * (1.0 - left)}
    return rest | {"LeftUpLeg": leg * left * (1.0 - shin), "RightUpLeg": leg * (1.0 - left) * (1.0 - shin),
                   "LeftLeg": leg * left * shin, "RightLeg": leg * (1.0 - left) * shin}


def _rise(value: np.ndarray) -> np.ndarray:
    t = np.clip(value, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
