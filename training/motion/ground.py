# SPDX-License-Identifier: GPL-3.0-or-later
"""Ground that is level: some captures were calibrated so that the floor rises by centimetres from end to end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import foot_positions, standing_heights

_LEAST_TRAVEL = 1.5   # metres that the feet must cover before their heights say anything about the floor
_SLOPES = (0.008, 0.04)  # metres a metre: less is noise, more is a hill
_SLOW = 0.35          # m/s of a foot that rests


def level_ground(clip: Clip) -> Clip:
    """The clip with the tilt of its floor taken out, where resting feet show one; else the clip as it is.

    The floor is a plane fitted to the heights of resting feet, robustly: twice, the second time without what lies
    3 cm off.
    """
    feet = foot_positions(clip)
    height = feet[..., 2] - standing_heights(clip.skeleton)
    speed = np.linalg.norm(np.gradient(feet, axis=0), axis=-1) * clip.fps
    rests = speed < _SLOW
    places, heights = feet[rests][:, :2], height[rests]
    if len(places) < 12 or np.ptp(places, axis=0).max() < _LEAST_TRAVEL:
        return clip
    middle = places.mean(axis=0)
    kept = np.abs(heights - np.median(heights)) < 0.15
    slope = np.zeros(2)
    for _ in range(2):
        if kept.sum() < 12:
            return clip
        # a straight path says nothing about the slope across it: the smallest slope that explains the heights
        table = np.column_stack([places[kept] - middle, np.full(kept.sum(), 10.0)])
        *slope, level = np.linalg.lstsq(table, heights[kept], rcond=0.02)[0]
        kept = np.abs(heights - (places - middle) @ slope - 10.0 * level) < 0.03
    if not _SLOPES[0] < np.hypot(*slope) < _SLOPES[1]:
        return clip
    # resting feet are flat at times and on their toes at others: the lower ones say where the floor is
    floor = np.percentile(heights - (places - middle) @ slope, 15)
    tilt = (clip.positions[:, :2] - middle) @ slope + floor
    return replace(clip, positions=clip.positions - np.column_stack([np.zeros((clip.frames, 2)), tilt]))
