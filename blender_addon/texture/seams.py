# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality figures of maps: whether they repeat without a seam, whether normals are unit vectors, what is constant."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from .generating import MAPS, TextureMaps

CONSTANT = 1.0 / 255.0  # a map whose values lie closer together is one grey in eight bits


def seam_ratio(plane: np.ndarray, axis: int) -> float:
    """How hard a map (H, W) changes where it meets itself along an axis, as a multiple of the 95th percentile of what
    it changes from one of its lines to the next; 0 for one that does not change."""
    wrap, lines = line_changes(plane, axis)
    usual = float(np.percentile(lines, 95.0))
    return float(wrap) / usual if usual > 0.0 else 0.0


def line_changes(plane: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean absolute difference between the last line and the first, and between each of the others (N - 1,)."""
    plane = np.moveaxis(plane, axis, 0)
    return np.abs(plane[0] - plane[-1]).mean(), np.abs(np.diff(plane, axis=0)).mean(axis=1)


def figures_in_slices(maps: TextureMaps) -> Generator[float, None, dict[str, Any]]:
    """In slices of one channel: yields the share that is done, returns {seam_max: the greatest seam_ratio of all maps
    and both axes, normal_error: how far a normal is from unit length at most, constant: names of constant maps}."""
    seams, constant = [], []
    for number, name in enumerate(MAPS):
        plane = getattr(maps, name)
        channels = [plane] if plane.ndim == 2 else np.moveaxis(plane, 2, 0)
        if all(np.ptp(channel) < CONSTANT for channel in channels):
            constant.append(name)
        for channel in channels:
            for axis in (0, 1):
                seams.append(seam_ratio(channel, axis))
                yield number / len(MAPS)
    squared = np.einsum("hwc,hwc->hw", maps.normal, maps.normal)
    error = float(np.abs(np.sqrt(squared) - 1.0).max())
    return {"seam_max": round(max(seams), 4), "normal_error": float(f"{error:.2g}"), "constant": tuple(constant)}
