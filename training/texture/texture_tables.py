# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of textures as tables in Markdown, for the report and for a pack's card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PARTS = ((False, "Classes of real pictures"), (True, "Classes of pictures that Galatea baked (procedural)"))


def texture_tables(metrics: Mapping[str, Any]) -> list[str]:
    """Distances, then the other figures, then verdicts, each for real and for procedural classes apart."""
    lines = []
    for procedural, title in _PARTS:
        rows = {name: row for name, row in metrics["classes"].items() if row["procedural"] == procedural}
        if rows:
            lines += [f"### {title}", "", *_distances(rows, "", "albedo"),
                      *_distances(rows, "_lit", "lit from the side"), *_others(rows)]
    lines += _verdicts(metrics["classes"])
    if metrics["unmeasured"]:
        lines += [f"Not measured, for want of pictures: {', '.join(metrics['unmeasured'])}.", ""]
    return lines


def _distances(rows: Mapping[str, Mapping[str, Any]], ending: str, words: str) -> list[str]:
    rows = {name: row for name, row in rows.items() if row.get(f"kid_real{ending}") is not None}
    if not rows:
        return []
    names = ("kid", "kid_real", "kid_quilting", "kid_other_class")
    return [f"KID × 1000 from held-out pictures, {words} (± spread):", "",
            "| class | sets to learn from, held out | generated | real | quilting | nearest other class |",
            "|---|---|---|---|---|---|",
            *(f"| {name} | {row['training_sets']}, {row['held_out_sets']} | "
              + " | ".join(_distance(row, each + ending) for each in names)
              + (f" ({row[f'other_class{ending}']})" if row.get(f"other_class{ending}") else "") + " |"
              for name, row in rows.items()), ""]


def _distance(row: Mapping[str, Any], name: str) -> str:
    return f"{_number(row.get(name), 1000.0)} ± {_number(row.get(f'{name}_spread'), 1000.0)}" if (
        row.get(name) is not None) else "-"


def _others(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = {name: row for name, row in rows.items() if row.get("made")}
    if not rows:
        return []
    return ["Distances are of features; those of quilting in brackets.", "",
            "| class | named rightly | real | ratio | distance to the nearest training picture / held-out pictures' | "
            "nearer than all held-out | diversity / real | strongest seam | seams above 1 |", "|---" * 9 + "|",
            *(_other(name, row) for name, row in rows.items()), ""]


def _other(name: str, row: Mapping[str, Any]) -> str:
    quilting = row.get("quilting", {})
    cells = [_number(row.get("class_accuracy")), _number(row.get("class_accuracy_real")),
             _number(row.get("class_accuracy_ratio")),
             f"{_number(row.get('nearest_ratio'))} ({_number(quilting.get('nearest_ratio'))})",
             f"{_number(row.get('too_near'))} of {row['made']} ({_number(quilting.get('too_near'))})",
             f"{_number(row.get('diversity_ratio'))} ({_number(quilting.get('diversity_ratio'))})",
             _number(row.get("seam_max")), _number(row.get("seam_share"))]
    return f"| {name} | " + " | ".join(cells) + " |"


def _verdicts(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = ["### Verdicts", "", "| class | verdict | why not, or what is weak |", "|---|---|---|"]
    for name, row in rows.items():
        word = "good enough" if row["ships"] else "not good enough" if row["in_pack"] else "waits"
        lines.append(f"| {name} | {word} | {'; '.join([*row['stops'], *row['weak']])} |")
    return [*lines, ""]


def _number(value: float | None, times: float = 1.0) -> str:
    return "-" if value is None else f"{times * value:.3g}"
