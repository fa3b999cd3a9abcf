# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a texture-generator pack, written from its pack.toml so that the two cannot disagree."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .texture_tables import texture_tables

KIND = "texture-generator"


def write_card(folder: Path) -> None:
    """Write README.md beside pack.toml: what it is, what it was trained on and how, and what was measured."""
    content = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    (folder / "README.md").write_text("\n".join(card(content)), encoding="utf-8")


def card(content: Mapping[str, Any]) -> list[str]:
    """The lines of a card, from what pack.toml holds."""
    size = sum(graph["bytes"] for graph in content["graphs"]) / 1e6
    metrics = content.get("metrics", {})
    lines = [
        f"# {content['id']} {content['version']}", "",
        f"{content['title']}. A GAN that makes seamless materials: albedo, normal, roughness, metallic and height of "
        "any multiple of 32 pixels, exactly seamless because it computes on a torus; the same material again from the "
        "same seed, and the like of a picture through its encoder. "
        f"{size:.1f} MB, weights {content['licence']}.", "",
        *_classes(content["texture"], metrics), "",
        "## Data", "", "| source | pictures | licence | credit |", "|---|---|---|---|",
        *(f"| {each['name']} | {each.get('pictures', '')} | {each['licence']} | {each.get('credit', '')} |"
          for each in content["data"]), "",
        "The hashes of all training pictures are in `pack.toml`; `evaluate` refuses a held-out picture among them.", "",
    ]
    lines += _training(content.get("training", {}))
    lines += ["## Figures", ""]
    if metrics:
        lines += [f"`{metrics['command']}`", "", metrics["about"], "", *texture_tables(_whole(metrics))]
    else:
        lines += [f"Not measured yet: run `python -m training evaluate {KIND}`.", ""]
    if content.get("limits"):
        lines += ["## Limits", "", *(f"- {limit}" for limit in content["limits"]), ""]
    return lines


def _classes(texture: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[str]:
    """What it makes, and what it does not yet make."""
    lines, rows = [], metrics.get("classes", {})
    for procedural, words in ((False, "Learnt from real pictures"), (True, "Learnt from pictures that Galatea baked")):
        names = [name for name in texture["classes"] if texture["looks"][name].get("procedural", False) == procedural]
        if names:
            lines.append(f"- {words}: {', '.join(names)}")
    doubtful = [name for name in texture["classes"] if name in rows and not rows[name]["ships"]]
    waiting = [name for name, row in rows.items() if name not in texture["classes"]]
    if doubtful:
        lines.append(f"- In it although not good enough by the rule below: {', '.join(doubtful)}")
    if waiting:
        lines.append("- Waiting: " + "; ".join(f"{name} ({', '.join(rows[name]['stops'])})" for name in waiting))
    if texture.get("directions"):
        lines.append(f"- Directions: {', '.join(each['name'] for each in texture['directions'])}")
    lines += ["", "A class is good enough with at least 12 sets to learn from and 3 held out, and a KID from held-out "
              "pictures nearer to that of real ones than to that of the nearest other class."] if rows else []
    return lines


def _training(training: Mapping[str, Any]) -> list[str]:
    if not training:
        return []
    shown = f", {training['pictures_shown']:,} pictures shown," if training.get("pictures_shown") else ""
    return ["## Training", "", f"`{training['command']}`, then `python -m training export {KIND}`. "
            f"{training['steps']} steps{shown} in {training['seconds'] / 60:.0f} minutes on {training['hardware']}.",
            ""]


def _whole(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """TOML has no word for what could not be measured: those figures are absent in pack.toml."""
    return {**metrics, "classes": {name: {"stops": [], "weak": [], "quilting": {}, **row}
                                   for name, row in metrics["classes"].items()}}
