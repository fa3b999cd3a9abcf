# SPDX-License-Identifier: GPL-3.0-or-later
"""Plots of in-betweening: error against the length of the gap, and against the place in it."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

_COLOURS = {"zero_velocity": "0.6", "interpolation": "tab:blue", "model": "tab:red"}


def plot_lengths(path: Path, mean: dict[str, dict]) -> None:
    """L2P, L2Q, NPSS and centimetres of each way against the missing frames; mean is that of metrics.json."""
    figure, axes = plt.subplots(1, 4, figsize=(14, 3.4))
    lengths = [int(n) for n in mean]
    for axis, name in zip(axes, ("l2p", "l2q", "npss", "joint_cm"), strict=True):
        for way, colour in _COLOURS.items():
            axis.plot(lengths, [mean[str(n)][way][name] for n in lengths], "o-", color=colour,
                      label=way.replace("_", " "))
        axis.set(xlabel="missing frames", title={"joint_cm": "joints, cm"}.get(name, name.upper()), xticks=lengths)
        axis.set_ylim(bottom=0.0)
    axes[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def plot_by_frame(path: Path, errors: dict[int, dict[str, np.ndarray]]) -> None:
    """Joint error in cm at each missing frame, a plot for each length."""
    figure, axes = plt.subplots(1, len(errors), figsize=(3.5 * len(errors), 3.2), squeeze=False)
    for axis, (missing, ways) in zip(axes[0], errors.items(), strict=True):
        for way, values in ways.items():
            if way != "zero_velocity":
                axis.plot(np.arange(1, missing + 1), values, color=_COLOURS[way], label=way)
        axis.set(xlabel="frame of the gap", ylabel="joints, cm", title=f"{missing} missing")
        axis.set_ylim(bottom=0.0)
    axes[0, 0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
