# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips whose floor rises or sinks little by little, as those of suits without cameras do, brought back to one level.

A foot that stands does not rise. So what standing feet do in height is the drift, and steps and slopes are none: there
every foot that stands keeps its own height.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clip import Clip
from .contacts import foot_positions, speeds, standing_heights, steady
from .easing import blurred

_SPEED = 0.25   # metres a second: what is quicker does not stand
_LOWEST = 0.04  # metres above the lowest of the four joints of the feet
_SECONDS = 2.0  # over which the rate is taken to be the same
_SEEN = 0.06    # metres between the heights at which feet stand: what is less the foot lock takes for one floor
_BETTER = 0.5   # of those that must go with it, else it was something else
_ENOUGH = 10    # frames in which a foot stands


def without_drift(clip: Clip) -> tuple[Clip, float]:
    """The clip on a level floor, and metres that it rose in all (below zero: sank); as it is, and 0, if it does not.

    Contacts are to be found anew in what was brought back.
    """
    if clip.frames < 3:
        return clip, 0.0
    feet = foot_positions(clip)
    heights = feet[..., 2] - standing_heights(clip.skeleton)
    standing = steady((speeds(feet, clip.fps) < _SPEED) & (heights < heights.min(axis=1, keepdims=True) + _LOWEST),
                      clip.fps)
    if standing.sum() < _ENOUGH:
        return clip, 0.0
    rises, weight = np.gradient(heights, axis=0) * standing, standing.sum(axis=1).astype(float)
    rate = blurred((rises.sum(axis=1) / np.maximum(weight, 1.0))[:, None], weight, _SECONDS * clip.fps)[:, 0]
    drift = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2.0)])
    before, after = _spread(heights, standing), _spread(heights - drift[:, None], standing)
    if before < _SEEN or after > _BETTER * before:
        return clip, 0.0
    level = replace(clip, positions=clip.positions - drift[:, None] * [0.0, 0.0, 1.0], contacts=None)
    return level, float(drift[-1])


def _spread(heights: np.ndarray, standing: np.ndarray) -> float:
    """Metres between the heights at which feet stand, but for the highest and lowest tenth of them."""
    low, high = np.quantile(heights[standing], [0.1, 0.9])
    return float(high - low)
