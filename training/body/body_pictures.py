# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of measurements of real people beside drawn ones."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from blender_addon.character.measurements import INDEX, WEIGHT

from .survey import Survey

PAIRS = (("stature", WEIGHT), ("stature", "crotchheight"), ("waistcircumference", "chestcircumference"),
         ("buttockcircumference", "thighcircumference"), ("stature", "span"), ("bideltoidbreadth", "hipbreadth"),
         ("handlength", "footlength"), ("headcircumference", "neckcircumference"))
_SEXES = ((0.0, "tab:red", "women"), (1.0, "tab:blue", "men"))
_SHOWN = 700  # points of each sex, so that neither hides the other


def draw_pairs(path: Path, survey: Survey, drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Eight pairs: the survey's people above, drawn ones (measures (N, 93), sex (N,)) below, on the same axes."""
    figure, axes = plt.subplots(4, 4, figsize=(14, 14))
    rng = np.random.default_rng(0)
    for at, (across, up) in enumerate(PAIRS):
        real, made = axes[2 * (at // 4), at % 4], axes[2 * (at // 4) + 1, at % 4]
        for axis, measures, sexes in ((real, survey.measures, survey.about[:, 0]), (made, *drawn)):
            for sex, colour, label in _SEXES:
                chosen = rng.permutation(np.flatnonzero(sexes == sex))[:_SHOWN]
                axis.scatter(measures[chosen, INDEX[across]], measures[chosen, INDEX[up]], s=4, color=colour,
                             alpha=0.35, linewidths=0, label=label)
            axis.set_xlabel(_words(across), fontsize=8)
            axis.set_ylabel(_words(up), fontsize=8)
            axis.tick_params(labelsize=7)
        real.set_title("people of the survey", fontsize=9)
        made.set_title("drawn people", fontsize=9)
        for name, side in ((across, "x"), (up, "y")):
            values = survey.measures[:, INDEX[name]]
            ends = values.min() - 0.05 * np.ptp(values), values.max() + 0.05 * np.ptp(values)
            for axis in (real, made):
                axis.set(**{f"{side}lim": ends})
    axes[0, 0].legend(fontsize=8, markerscale=3)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    plt.close(figure)


def _words(name: str) -> str:
    return "weight, kg" if name == WEIGHT else f"{name}, m"
