# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of what is wanted of a generator, frame by frame: actions one after another, their pace, where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .continuing import Lead
from .ground_path import GroundPath, path_through, straight_path
from .requests import Parts
from .skeleton import Skeleton

if TYPE_CHECKING:
    from ..inference.packs import Pack

FADE = 10              # frames over which one action gives way to the next
_SETTLES = 1.0         # seconds that a body has for coming to stand after what is done once
_STANDING = ("stand", "idle")


@dataclass(frozen=True, eq=False)
class MotionPlan:
    """What is wanted at each frame that the model makes, and which of its moments the take shows.

    action: (T, A) weights. speed: (T,) metres a second along the path, 0 where the action finds its own way. style:
    (Y,). path: where to. heading: radians about Z at the start, 0 facing -Y. shown: (N,) rising moments, counted in the
    T frames; 0, 1, 2 ... but where an action is played quicker or slower than the model can do it. metres: how far the
    take should go along the path. joins: frames of the take at which one action has half given way to the next. spare:
    how many of the N frames are beyond what was asked for, so that a loop can choose. led: whether the path was asked
    for, or is just straight ahead. lead: the moments before the take, where it goes on from a pose.
    """

    fps: float
    action: np.ndarray
    speed: np.ndarray
    style: np.ndarray
    path: GroundPath
    start: np.ndarray
    heading: float
    warmup: int
    ahead: np.ndarray
    skeleton: Skeleton
    shown: np.ndarray
    metres: float
    joins: tuple[int, ...] = ()
    spare: int = 0
    led: bool = False
    lead: Lead | None = None

    @property
    def frames(self) -> int:
        """How many the model makes."""
        return len(self.speed)

    @property
    def seconds(self) -> float:
        """Length of the take, without what is spare."""
        return (len(self.shown) - self.spare) / self.fps


def plan_motion(pack: Pack, parts: Parts, style: str, seconds: float, speed: float, points: np.ndarray | None,
                cyclic: bool, start: Sequence[float], heading: float, spare: float = 0.0,
                lead: Lead | None = None) -> MotionPlan:
    """Lay out actions one after another (each for its own seconds, else `seconds`) along a path or straight ahead.

    speed: times each action's natural pace. A pace that the model does not keep is made of the nearest it does, played
    quicker or slower; so is an action without a pace of its own. points: (N, 2) metres or None. spare: seconds of the
    first action once more, after the last. lead: what the body did just before; start and heading are then its own.
    GalateaError for a path without length.
    """
    generator, fps = pack.content["generator"], float(pack.content["fps"])
    names, styles = generator["actions"], generator["styles"]
    counts = [max(1, round((seconds if length is None else length) * fps)) for _, length in parts]
    asked, beyond = sum(counts), round(spare * fps)
    if beyond:
        parts, counts = (*parts, parts[0]), [*counts, beyond]
    part = np.repeat(np.arange(len(parts)), counts)
    paces = np.array([_pace(generator, name, speed) for name, _ in parts])
    tempo = _crossfade(paces[part, 1:])[:, 0]
    shown = np.concatenate([[0.0], np.cumsum(tempo[:-1])])
    made = np.searchsorted(shown, np.arange(int(np.ceil(shown[-1] - 1e-6)) + 1) + 1e-6, side="right") - 1
    action = np.array([[name == wanted for name in names] for wanted, _ in parts], dtype=np.float32)[part]
    joins = [edge for edge in np.cumsum(counts)[:-1] if parts[part[edge]][0] != parts[part[edge - 1]][0]]
    standing = next((name for name in _STANDING if name in names), "")
    if standing and not beyond and parts[-1][0] in generator.get("once", ()):
        settled = max(len(part) - round(_SETTLES * fps), len(part) - counts[-1] // 2)
        action[settled:] = np.array([name == standing for name in names])
        joins.append(settled)
    skeleton = pack.content["skeleton"]
    if lead is not None:
        start, heading = lead.root[-1, :2], float(lead.root[-1, 2])
    return MotionPlan(
        fps=fps, action=_crossfade(action[made]), speed=paces[part[made], 0],
        style=np.array([float(style == name) for name in styles], dtype=np.float32),
        path=straight_path(np.array(start), heading) if points is None else path_through(points, cyclic),
        start=np.asarray(start, dtype=np.float64), heading=heading, warmup=generator["warmup_frames"],
        ahead=np.array(generator["trajectory_seconds"]),
        skeleton=Skeleton(tuple(skeleton["joints"]), tuple(skeleton["parents"]), np.array(skeleton["offsets"])),
        shown=shown, metres=float(np.prod(paces[part[:asked]], axis=1).sum() / fps), joins=tuple(map(int, joins)),
        spare=beyond, led=points is not None, lead=lead)


def _pace(generator: dict[str, Any], action: str, speed: float) -> tuple[float, float]:
    """Metres a second for the model to make, and how much quicker to play what it makes."""
    natural = generator["natural_speed"][action]
    if natural == 0.0:
        return 0.0, speed
    asked = natural * speed
    slowest, quickest = generator.get("speed_range", {}).get(action, (asked, asked))
    kept = min(max(asked, slowest), quickest)
    return kept, asked / kept


def _crossfade(rows: np.ndarray) -> np.ndarray:
    """Rows (T, n) that change abruptly change over FADE frames instead; what summed to one still does."""
    padded = np.pad(rows, ((FADE // 2, FADE - 1 - FADE // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    return ((sums[FADE:] - sums[:-FADE]) / FADE).astype(rows.dtype)
