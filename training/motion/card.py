# SPDX-License-Identifier: GPL-3.0-or-later
"""A pack's model card, written from its pack.toml so that the two cannot disagree."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

CMU_CREDIT = ("The data used in this project was obtained from mocap.cs.cmu.edu. "
              "The database was created with funding from NSF EIA-0196217.")


def data_table(clips: list[dict]) -> list[dict]:
    """The [[data]] tables of a pack: one for each folder and licence that the training clips come with."""
    counted = Counter((_source(clip["file"]), clip["licence"] or "not stated") for clip in clips)
    table = []
    for (source, licence), count in sorted(counted.items()):
        entry = {"name": source, "licence": licence, "clips": count}
        if "CMU" in licence:
            entry["credit"] = CMU_CREDIT
        table.append(entry)
    return table


def _source(file: str) -> str:
    return Path(file).parent.as_posix() if Path(file).parent != Path(".") else "own clips"


def write_card(folder: Path) -> None:
    """Write README.md beside pack.toml: what it is, what it was trained on and how, and what was measured."""
    content = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    generator, training = content["generator"], content["training"]
    graph = content["graphs"][0]
    lines = [
        f"# {content['id']} {content['version']}", "",
        f"{content['title']}. An LSTM that makes motion frame by frame at {content['fps']} fps on the canonical "
        f"22 joints; {graph['bytes'] / 1e6:.1f} MB, weights {content['licence']}.", "",
        f"- Actions: {', '.join(generator['actions'])}",
        f"- Styles: {', '.join(generator['styles']) or 'none'}",
        "- Natural pace, m/s: "
        + ", ".join(f"{a} {s:g}{_learnt(generator, a)}" for a, s in generator["natural_speed"].items() if s > 0)
        + " (the others find their own way)", "",
        "## Data", "", "| source | clips | licence | credit |", "|---|---|---|---|",
        *(f"| {d['name']} | {d['clips']} | {d['licence']} | {d.get('credit', '')} |" for d in content["data"]), "",
        "Mirrored clips and stitched walks and runs were added. The hashes of all training clips are in `pack.toml`; "
        "`evaluate` refuses a clip among them.", "",
        "## Training", "",
        f"`{training['command']}`, then `python -m training export motion-generator`. "
        f"{training['steps']} steps in {training['seconds'] / 60:.0f} minutes on {training['hardware']}.", "",
    ]
    lines += _metrics(content["metrics"])
    if content.get("limits"):
        lines += ["## Limits", "", *(f"- {limit}" for limit in content["limits"]), ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _learnt(generator: dict, action: str) -> str:
    ends = generator.get("speed_range", {}).get(action)
    return f" (kept from {ends[0]:g} to {ends[1]:g}; beyond, it is played quicker or slower)" if ends else ""


def _metrics(metrics: dict) -> list[str]:
    if not metrics:
        return ["## Figures", "", "Not measured yet: run `python -m training evaluate motion-generator`.", ""]
    table = metrics["actions"]
    columns = list(dict.fromkeys(name for row in table.values() for name in row))
    lines = ["## Figures", "", f"`{metrics['command']}`", "", metrics["about"], "",
             "| action | " + " | ".join(c.replace("_", " ") for c in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for action, row in table.items():
        lines.append(f"| {action} | " + " | ".join(f"{row[c]:g}" if c in row else "-" for c in columns) + " |")
    return [*lines, ""]
