# SPDX-License-Identifier: GPL-3.0-or-later
"""Which action is seen in which frame of a clip.

Tags name whole clips; what happens when is said by a table (columns file, first, last, action; frames at 30 fps from 0,
last included). Galatea's own, segments.csv beside this file, was made by looking at contact sheets; a folder of clips
may bring another. A clip with rows counts in those frames alone, one without counts as its tags say.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from blender_addon.errors import GalateaError

OWN_TABLE = Path(__file__).with_name("segments.csv")
COLUMNS = ("file", "first", "last", "action")
NONE = "none"  # a row that only takes a clip out

# Beside an action's own tag, these change nothing that is seen.
_BESIDE: dict[str, frozenset[str]] = {
    "jump": frozenset({"turn"}),
    "dance": frozenset({"turn"}),
    "kick": frozenset({"martial"}),
    "punch": frozenset({"martial"}),
    "martial": frozenset({"turn"}),
    "wave": frozenset({"gesture"}),
}
# Tags of what means nothing without the thing it is done with or on.
_NEEDS_OBJECTS = frozenset({"climb", "uneven_terrain", "lift", "basketball", "drink_eat", "wash", "throw"})


@dataclass(frozen=True)
class Segment:
    """Frames first to last, both included, that show an action."""

    first: int
    last: int
    action: str


def read_segments(path: Path) -> dict[str, tuple[Segment, ...]]:
    """Segments by file, in the order of their frames; GalateaError for a table that says nonsense."""
    found: dict[str, list[Segment]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise GalateaError(f"{path}: has no column '{missing[0]}'; it needs {', '.join(COLUMNS)}")
        for number, row in enumerate(rows, start=2):
            try:
                segment = Segment(int(row["first"]), int(row["last"]), row["action"].strip().lower())
            except (TypeError, ValueError):
                raise GalateaError(f"{path}, line {number}: first and last are to be frame numbers") from None
            if not segment.action or segment.first < 0 or segment.last < segment.first:
                raise GalateaError(f"{path}, line {number}: needs an action, and frames from 0 that rise")
            found[row["file"].strip()].append(segment)
    for name, segments in found.items():
        segments.sort(key=lambda segment: segment.first)
        for one, next_one in pairwise(segments):
            if next_one.first <= one.last:
                raise GalateaError(f"{path}: two segments of {name} overlap at frame {next_one.first}")
    return {name: tuple(segments) for name, segments in found.items()}


def segments_for(data: Path) -> dict[str, tuple[Segment, ...]]:
    """The table of a folder of clips: its own segments.csv, else Galatea's, which names files of its own data alone."""
    own = data / "segments.csv"
    return read_segments(own if own.is_file() else OWN_TABLE)


def frame_actions(tags: tuple[str, ...], frames: int, segments: tuple[Segment, ...] | None) -> np.ndarray:
    """(frames,) the action of each frame, "" for none."""
    if segments is None:
        return np.full(frames, one_action(tags), dtype=object)
    actions = np.full(frames, "", dtype=object)
    for segment in segments:
        if segment.action != NONE:
            actions[segment.first:segment.last + 1] = segment.action
    return actions


def one_action(tags: tuple[str, ...]) -> str:
    """The one action that a whole clip with these tags is an example of, or ""."""
    found = frozenset(tags)
    for action in sorted(found):
        if found - {action} <= _BESIDE.get(action, frozenset()) and not found & _NEEDS_OBJECTS:
            return action
    return ""
