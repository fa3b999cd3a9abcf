# SPDX-License-Identifier: GPL-3.0-or-later
"""The prepared data set: canonical clips at 30 fps with labels, in one .npz file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.motion.clip import Clip
from blender_addon.motion.skeleton import CANONICAL

from .segments import frame_actions

FPS = 30.0


@dataclass(frozen=True)
class ClipLabel:
    """What is known of a clip besides its motion. sha256 is that of the source file."""

    file: str
    sha256: str
    actions: tuple[str, ...]
    style: str
    split: str
    subject: str
    skeleton: str
    licence: str


@dataclass(frozen=True, eq=False)
class ClipSet:
    """C clips end to end.

    rotations (N, 22, 4), positions (N, 3) metres, contacts (N, 4) bool, good (N,) bool, starts (C + 1,). action (N,):
    the number in `actions` of what a frame shows, -1 for nothing that has a name.
    """

    labels: tuple[ClipLabel, ...]
    rotations: np.ndarray
    positions: np.ndarray
    contacts: np.ndarray
    good: np.ndarray
    starts: np.ndarray
    actions: tuple[str, ...]
    action: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def clip(self, index: int) -> Clip:
        at = slice(self.starts[index], self.starts[index + 1])
        return Clip(CANONICAL, self.rotations[at], self.positions[at], FPS, self.contacts[at], self.labels[index].file)

    def stretches(self, index: int, shortest: int) -> Iterator[Clip]:
        """The runs of good frames of a clip that are at least `shortest` frames long."""
        clip = self.clip(index)
        for start, stop in runs(self.good[self.starts[index]:self.starts[index + 1]]):
            if stop - start >= shortest:
                yield clip.cut(start, stop)

    def segments(self, index: int, shortest: int) -> Iterator[tuple[str, Clip]]:
        """Each action of a clip with a run of good frames, at least `shortest` of them, that shows it alone."""
        clip = self.clip(index)
        at = slice(self.starts[index], self.starts[index + 1])
        for number in np.unique(self.action[at]):
            for start, stop in runs((self.action[at] == number) & self.good[at] & (number >= 0)):
                if stop - start >= shortest:
                    yield self.actions[number], clip.cut(start, stop)


def together(one: ClipSet, other: ClipSet) -> ClipSet:
    """The clips of both, one set's after the other's."""
    names = tuple(dict.fromkeys([*one.actions, *other.actions]))
    number = np.array([names.index(name) for name in other.actions] + [-1])  # the last stands for no action, -1
    arrays = {name: np.concatenate([getattr(one, name), getattr(other, name)])
              for name in ("rotations", "positions", "contacts", "good")}
    return ClipSet(one.labels + other.labels, **arrays,
                   starts=np.concatenate([one.starts, other.starts[1:] + one.starts[-1]]), actions=names,
                   action=np.concatenate([one.action, number[other.action]]))


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Start and stop of every run of True in a mask (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def save_clips(path: Path, labels: list[ClipLabel], clips: list[Clip], good: list[np.ndarray],
               actions: list[np.ndarray] | None = None) -> None:
    """Write a prepared file; good holds a mask (T,) for each clip, actions the names (T,) of what its frames show, by
    default what its tags say."""
    if actions is None:
        actions = [frame_actions(label.actions, clip.frames, None) for label, clip in zip(labels, clips, strict=True)]
    shown = np.concatenate(actions).astype(str)
    names = sorted({*shown} - {""})
    numbers = {name: number for number, name in enumerate(names)} | {"": -1}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        labels=json.dumps([asdict(label) for label in labels]),
        rotations=np.concatenate([c.rotations for c in clips]).astype(np.float32),
        positions=np.concatenate([c.positions for c in clips]).astype(np.float32),
        contacts=np.concatenate([c.contacts for c in clips]),
        good=np.concatenate(good),
        starts=np.cumsum([0] + [c.frames for c in clips]),
        actions=json.dumps(names), action=np.array([numbers[name] for name in shown], dtype=np.int16),
    )


def load_clips(path: str | Path) -> ClipSet:
    """Read a prepared file; GalateaError when it is none."""
    try:
        with np.load(path, allow_pickle=False) as data:
            labels = tuple(
                ClipLabel(**{**row, "actions": tuple(row["actions"])}) for row in json.loads(str(data["labels"])))
            return ClipSet(labels, data["rotations"].astype(np.float64), data["positions"].astype(np.float64),
                           data["contacts"], data["good"], data["starts"],
                           tuple(json.loads(str(data["actions"]))), data["action"].astype(int))
    except (OSError, KeyError, ValueError) as error:
        raise GalateaError(f"{path}: not a prepared data set ({error}); make one with "
                           "`python -m training prepare motion --data DIR --out FILE`") from error
