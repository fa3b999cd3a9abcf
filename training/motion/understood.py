# SPDX-License-Identifier: GPL-3.0-or-later
"""What was understood of a folder of clips: a table of all clips, and what it comes to by skeleton and by action."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blender_addon.motion.clip import Clip

from .clips import FPS, ClipLabel

_PRINTED = 60  # clips; of more the table is in its file alone
_COLUMNS = {"file": "clip", "skeleton": "skeleton", "lacks": "lacks", "rest": "rest", "fps": "fps",
            "seconds": "seconds", "action": "action", "style": "style", "split": "split", "own_cm": "own",
            "standard_cm": "standard", "bad_frames": "bad frames", "left_out": "left out because"}


@dataclass(frozen=True, eq=False)
class Taken:
    """A clip that was understood, at 30 fps.

    good: (T,) False where it is not to be learnt from. error_own, error_standard: how far hands, feet and head lie from
    the source's, cm on a body of 1.75 m, with its own proportions and on the standard body. fps: the source's. missing:
    joints it lacks. rest: the pose that was taken for its rest. action: what the whole clip was said to show, "" where
    its tags are to say.
    """

    label: ClipLabel
    clip: Clip
    good: np.ndarray
    error_own: float
    error_standard: float
    fps: float
    missing: tuple[str, ...]
    rest: str
    action: str


def clip_table(taken: list[Taken], actions: list[np.ndarray], left: list[tuple[str, str]]) -> list[dict[str, str]]:
    """A row for each clip in the order of the files; actions: (T,) names by frame, "" for none."""
    rows = [{"file": file, "left_out": why} for file, why in left]
    for item, shown in zip(taken, actions, strict=True):
        rows.append({
            "file": item.label.file, "skeleton": item.label.skeleton, "lacks": " ".join(item.missing),
            "rest": item.rest, "fps": f"{item.fps:g}", "seconds": f"{item.clip.frames / FPS:.1f}",
            "action": _seen_in(shown), "style": item.label.style, "split": item.label.split,
            "own_cm": f"{item.error_own:.2f}", "standard_cm": f"{item.error_standard:.2f}",
            "bad_frames": str(int((~item.good).sum()))})
    return [{name: row.get(name, "") for name in _COLUMNS} for row in sorted(rows, key=lambda row: row["file"])]


def _seen_in(shown: np.ndarray) -> str:
    """ "walk", or "walk 2.1 s, jump 0.9 s" where not every frame shows the same."""
    names, frames = np.unique(shown.astype(str), return_counts=True)
    if len(names) == 1:
        return names[0]
    parts = sorted(zip(frames, names), reverse=True)
    return ", ".join(f"{name} {count / FPS:.1f} s" for count, name in parts if name)


def write_clip_table(path: Path, rows: list[dict[str, str]]) -> None:
    """The table as CSV, for spreadsheets."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(_COLUMNS))
        writer.writeheader()
        writer.writerows(rows)


def tables(taken: list[Taken], actions: list[np.ndarray], left: list[tuple[str, str]], rows: list[dict[str, str]]
           ) -> str:
    """Everything that is printed."""
    lines = []
    if len(rows) <= _PRINTED:
        lines += ["", "Clip by clip (own, standard: see below):", *_columns(rows)]
    lines += _skeletons(taken) + _tags(taken) + _seen(taken, actions)
    masked = sum(int((~t.good).sum()) for t in taken)
    lines += ["", f"bad frames masked: {masked} of {sum(len(t.good) for t in taken)}"]
    unnamed = [t.label.file for t, shown in zip(taken, actions, strict=True) if not (shown != "").any()]
    if unnamed:
        lines += [f"without an action, so no generator learns from them: {len(unnamed)}, such as {unnamed[0]}"]
    if left:
        lines += ["", f"left out: {len(left)}"] + [f"  {file}: {why}" for file, why in left]
    return "\n".join(lines)


def _columns(rows: list[dict[str, str]]) -> list[str]:
    told = [name for name in _COLUMNS if name != "left_out" and any(row[name] for row in rows)]
    cells = [[_COLUMNS[name] for name in told], *([row[name] or "-" for name in told] for row in rows
                                                  if not row["left_out"])]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]


def _skeletons(taken: list[Taken]) -> list[str]:
    lines = ["", "Hands, feet and head against the source, cm on a body of 1.75 m (mean; worst clip):",
             f"{'skeleton':44s} {'clips':>5s} {'minutes':>7s} {'own proportions':>16s} {'standard body':>16s}  lacks"]
    kinds: dict[str, list[Taken]] = defaultdict(list)
    for item in taken:
        kinds[item.label.skeleton].append(item)
    for kind, items in sorted(kinds.items(), key=lambda k: -len(k[1])):
        own, standard = [t.error_own for t in items], [t.error_standard for t in items]
        lacks = ", ".join(sorted({m for t in items for m in t.missing})) or "-"
        minutes = sum(t.clip.frames for t in items) / FPS / 60
        lines.append(f"{kind:44s} {len(items):5d} {minutes:7.1f} {np.mean(own):8.2f}; {max(own):6.2f} "
                     f"{np.mean(standard):8.2f}; {max(standard):6.2f}  {lacks}")
    return lines


def _tags(taken: list[Taken]) -> list[str]:
    minutes: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for item in taken:
        for action in item.label.actions or ("(none)",):
            minutes[action][item.label.split != "train"] += item.clip.frames / FPS / 60
    head = f"{'action':20s} {'train':>8s} {'held out':>8s}   minutes (a clip can carry several)"
    return ["", head, *_by_size(minutes)]


def _seen(taken: list[Taken], actions: list[np.ndarray]) -> list[str]:
    """Minutes of what is seen frame by frame, which is what the generator learns."""
    minutes: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for item, shown in zip(taken, actions, strict=True):
        for action in set(shown) - {""}:
            minutes[action][item.label.split != "train"] += float(((shown == action) & item.good).sum()) / FPS / 60
    return ["", f"{'seen, frame by frame':20s} {'train':>8s} {'held out':>8s}   minutes", *_by_size(minutes)]


def _by_size(minutes: dict[str, list[float]]) -> list[str]:
    return [f"{name:20s} {train:8.2f} {held:8.2f}" for name, (train, held) in
            sorted(minutes.items(), key=lambda m: -m[1][0])]
