# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a texture generator: tables and plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from .texture_tables import texture_tables

_SOURCES = {"kid_real": "real", "kid_quilting": "quilting", "kid": "generated",
            "kid_other_class": "nearest other class"}
_PLOTS = {"kid": "KID from held-out pictures", "taken_for": "What generated pictures are taken for",
          "copying": "Distance to training pictures and diversity"}


def write_report(out: Path, metrics: dict[str, Any]) -> None:
    """tables.md, kid.png, taken_for.png and copying.png into `out`; the tables to the terminal as well."""
    tables = "\n".join(texture_tables(metrics))
    drawn = [plot_kid(out / "kid.png", metrics), plot_taken_for(out / "taken_for.png", metrics),
             plot_copying(out / "copying.png", metrics)]
    pictures = "\n\n".join(f"![{words}]({name}.png)" for (name, words), there in zip(_PLOTS.items(), drawn) if there)
    (out / "tables.md").write_text(f"# Texture generator\n\n`{metrics['command']}`\n\n{metrics['about']}\n\n{tables}\n"
                                   f"{pictures}\n", encoding="utf-8")
    print(f"{metrics['about']}\n\n{tables}\n-> {out}")


def plot_kid(path: Path, metrics: dict[str, Any]) -> bool:
    """Bars of KID for each class and source, in albedo and lit, with spreads; whether there was anything to draw."""
    rows = {name: row for name, row in metrics["classes"].items() if row["kid_real"] is not None}
    if not rows:
        return False
    figure, axes = plt.subplots(2, 1, figsize=(1.5 + 0.9 * len(rows), 6.4), squeeze=False, sharex=True)
    for axis, ending, words in zip(axes.flat, ("", "_lit"), ("albedo", "lit from the side")):
        for at, (source, label) in enumerate(_SOURCES.items()):
            values = [row[source + ending] for row in rows.values()]
            spreads = [row[f"{source}{ending}_spread"] or 0.0 for row in rows.values()]
            axis.bar(np.arange(len(rows)) + 0.2 * (at - 1.5), [np.nan if v is None else v for v in values], 0.2,
                     yerr=spreads, label=label, error_kw={"lw": 0.6})
        axis.axhline(0.0, color="0.5", lw=0.6)
        axis.set(ylabel=f"KID, {words}")
    axes.flat[0].legend(fontsize=8)
    axes.flat[1].set_xticks(range(len(rows)), list(rows), rotation=45, ha="right")
    _save(figure, path)
    return True


def plot_taken_for(path: Path, metrics: dict[str, Any]) -> bool:
    """What share of each class's generated pictures the classifier takes for each class."""
    names = metrics["classifier"]["classes"]
    rows = {name: row["taken_for"] for name, row in metrics["classes"].items() if row["taken_for"]}
    if not rows:
        return False
    table = np.array([[seen.get(name, 0.0) for name in names] for seen in rows.values()])
    figure, axis = plt.subplots(figsize=(2.5 + 0.45 * len(names), 1.8 + 0.35 * len(rows)))
    axis.imshow(table, vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto")
    for row, column in np.argwhere(table >= 0.05):
        axis.text(column, row, f"{100 * table[row, column]:.0f}", ha="center", va="center", fontsize=7,
                  color="white" if table[row, column] > 0.6 else "black")
    axis.set(xlabel="taken for", ylabel="generated")
    axis.set_xticks(range(len(names)), names, rotation=90)
    axis.set_yticks(range(len(rows)), list(rows))
    _save(figure, path)
    return True


def plot_copying(path: Path, metrics: dict[str, Any]) -> bool:
    """For each class, distance to the nearest training picture and diversity, both as shares of real pictures'."""
    figure, axis = plt.subplots(figsize=(6.4, 4.8))
    points = [(f"{name}{words}", own["nearest_ratio"], own["diversity_ratio"], colour)
              for name, row in metrics["classes"].items()
              for own, words, colour in ((row, "", "tab:orange"), (row["quilting"], " (quilting)", "tab:green"))
              if own.get("nearest_ratio") is not None]
    for words, near, varied, colour in points:
        axis.scatter(near, varied, color=colour, s=16)
        axis.annotate(words, (near, varied), fontsize=7, xytext=(3, 3), textcoords="offset points")
    axis.axvline(1.0, color="0.7", lw=0.8)
    axis.axhline(1.0, color="0.7", lw=0.8)
    axis.set(xlabel="distance to the nearest training picture / that of held-out pictures",
             ylabel="distance between pictures / that of real ones")
    _save(figure, path)
    return bool(points)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
