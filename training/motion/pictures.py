# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of stick figures: rows of motions, columns of moments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

_SIDES = {"Left": "tab:red", "Right": "tab:blue"}


@dataclass(frozen=True, eq=False)
class Row:
    """One motion: (T, J, 3) joint positions in metres, Z up, with the joints' names and parents."""

    title: str
    positions: np.ndarray
    names: tuple[str, ...]
    parents: tuple[int, ...]


def stick_figure_sheet(path: str | Path, rows: list[Row], columns: int = 8, azimuth: float = 35.0) -> None:
    """Draw each row at evenly spaced moments, seen from the front left; left limbs red, right ones blue."""
    turn = np.radians(azimuth)
    figure, axes = plt.subplots(len(rows), columns, figsize=(1.5 * columns, 2.0 * len(rows)), squeeze=False)
    for row, line in zip(rows, axes, strict=True):
        for moment, axis in zip(np.linspace(0, len(row.positions) - 1, columns).astype(int), line, strict=True):
            pose = row.positions[moment]
            centre = np.nanmean(pose, axis=0)
            across = (pose[:, 0] - centre[0]) * np.cos(turn) + (pose[:, 1] - centre[1]) * np.sin(turn)
            depth = -(pose[:, 0] - centre[0]) * np.sin(turn) + (pose[:, 1] - centre[1]) * np.cos(turn)
            height = pose[:, 2] + 0.18 * depth
            for joint, parent in enumerate(row.parents):
                if parent >= 0:
                    colour = next((c for s, c in _SIDES.items() if row.names[joint].startswith(s)), "0.2")
                    axis.plot(across[[parent, joint]], height[[parent, joint]], color=colour, lw=1.6)
            axis.axhline(0.0, color="0.8", lw=0.6, zorder=0)
            axis.set(xlim=(-1.0, 1.0), ylim=(-0.35, 2.1), aspect="equal")
            axis.axis("off")
            axis.text(-0.95, -0.33, str(moment), fontsize=6, color="0.5")
        line[0].set_title(row.title, fontsize=8, loc="left")
    figure.subplots_adjust(left=0.01, right=0.99, top=1.0 - 0.2 / len(rows), bottom=0.01, wspace=0.0, hspace=0.12)
    figure.savefig(path, dpi=90)
    plt.close(figure)
