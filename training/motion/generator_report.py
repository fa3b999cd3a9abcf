# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a generator: tables, plots, contact sheets of real motion beside generated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from .generator_tables import generator_tables

_PLOTS = {"energy": "Energy over long runs", "frechet": "Fréchet distances", "confusion": "What takes are taken for"}

if TYPE_CHECKING:
    from .evaluate_generator import Made, Yardstick


def write_report(out: Path, metrics: dict, made: Sequence[Made], yardstick: Yardstick) -> None:
    """report.md, energy.png, frechet.png and confusion.png into `out`; the tables to the terminal as well."""
    tables = "\n".join(generator_tables(metrics))
    pictures = "\n\n".join(f"![{words}]({name}.png)" for name, words in _PLOTS.items())
    (out / "report.md").write_text(f"# Motion generator\n\n`{metrics['command']}`\n\n{metrics['about']}\n\n{tables}\n\n"
                                   f"{pictures}\n", encoding="utf-8")
    plot_energy(out / "energy.png", made[0], metrics)
    plot_frechet(out / "frechet.png", metrics)
    plot_confusion(out / "confusion.png", made[0], yardstick)
    print(metrics["about"] + "\n\n" + tables)
    print(f"-> {out}")


def plot_energy(path: Path, made: Made, metrics: dict) -> None:
    """Energy over the long runs of each action, as a share of real motion's, with the band that is asked for."""
    columns = 4
    lines = -(-len(made.long) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(12, 2.0 * lines), squeeze=False, sharex=True)
    for axis, (action, run) in zip(axes.flat, made.long.items()):
        real = max(metrics["real"]["actions"][action]["energy"], 1e-9)
        for energies in run.energies:
            reach = min(10, len(energies))
            axis.plot(np.convolve(energies / real, np.full(reach, 1.0 / reach), mode="valid"), lw=0.7)
        axis.axhspan(0.8, 1.25, color="0.9", zorder=0)
        axis.set(title=action, ylim=(0.0, 2.5))
    for axis in list(axes.flat)[len(made.long):]:
        axis.axis("off")
    figure.supxlabel("seconds")
    figure.supylabel("energy / real, mean of 10 s")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def plot_frechet(path: Path, metrics: dict) -> None:
    """Fréchet distances of every way from held-out motion, with real motion's own as the floor."""
    ways = {"real, other half": metrics["frechet_real"], "training clips": metrics["frechet_train"],
            "model": metrics["frechet"],
            **{name: way["frechet"] for name, way in metrics["baselines"].items()},
            "model, first of long runs": metrics["frechet_early"], "model, last of long runs": metrics["frechet_late"]}
    ways = {name: value for name, value in ways.items() if value is not None}
    figure, axis = plt.subplots(figsize=(8, 0.45 * len(ways) + 0.9))
    axis.barh(list(ways)[::-1], list(ways.values())[::-1], color="tab:blue")
    axis.axvline(5.0 * (metrics["frechet_real"] or 0.0), color="0.5", lw=0.8, ls="--")
    axis.set(xlabel="Fréchet distance from held-out motion (dashed: five times real against real)")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def plot_confusion(path: Path, made: Made, yardstick: Yardstick) -> None:
    """What windows of each action are taken for: held-out motion on the left, generated on the right."""
    names = yardstick.recogniser.actions
    figure, axes = plt.subplots(1, 2, figsize=(6.0 + 0.5 * len(names), 1.5 + 0.32 * len(names)))
    for axis, title, seen in ((axes[0], "held out", yardstick.judged), (axes[1], "generated", made.seen)):
        table = np.full((len(names), len(names)), np.nan)
        for row, action in enumerate(names):
            if action in seen:
                guesses = np.bincount(seen[action].probabilities.argmax(axis=1), minlength=len(names))
                table[row] = guesses / max(guesses.sum(), 1)
        axis.imshow(table, vmin=0.0, vmax=1.0, cmap="Blues")
        for row, column in np.argwhere(np.nan_to_num(table) >= 0.05):
            axis.text(column, row, f"{100 * table[row, column]:.0f}", ha="center", va="center", fontsize=6,
                      color="white" if table[row, column] > 0.6 else "black")
        axis.set(title=title, xlabel="taken for", xticks=range(len(names)), yticks=range(len(names)))
        axis.set_xticklabels(names, rotation=90, fontsize=7)
        axis.set_yticklabels(names, fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
