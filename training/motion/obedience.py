# SPDX-License-Identifier: GPL-3.0-or-later
"""Does it go where and as fast as it is told: paths of ten metres, three paces; and does it live for 10,000 frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.ground_path import path_through
from blender_addon.motion.measures import energy, foot_skate, travelled

from .clips import FPS
from .generator_metrics import path_error, survived
from .recogniser import Recogniser, Seen, see
from .takes import Condition, Way

LENGTH = 10.0  # metres of every path
PACES = (0.7, 1.0, 1.3)  # times the natural one
ENDS = 1000    # frames at the beginning and at the end of a long run that are compared
_RADIUS = {"walk": 2.5, "run": 5.0}  # metres; others bend like walks
_SPEED_SECONDS = 8.0


def paths(action: str) -> dict[str, np.ndarray]:
    """Ways (N, 2) of ten metres, from the origin towards -Y: straight, a bend, and an S of two bends."""
    turning = LENGTH / _RADIUS.get(action, 2.5)
    along = np.linspace(0.0, 1.0, 201)
    headings = {"straight": 0.0 * along, "curved": turning * along,
                "s": turning * np.where(along < 0.5, along, 1.0 - along)}
    found = {}
    for name, heading in headings.items():
        steps = np.stack([np.sin(heading), -np.cos(heading)], axis=-1)[:-1] * LENGTH / 200
        found[name] = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return found


def path_errors(way: Way, action: str, pace: float, takes: int, seed: int) -> dict[str, dict[str, float]]:
    """By the shape of the path, means over takes in metres: from where the hips should be at each moment and from the
    path, as made, and the first of these after clean-up."""
    found = {}
    for shape, points in paths(action).items():
        condition = Condition(action, "", LENGTH / pace, pace, points, takes)
        rows = []
        for clip in way.make(condition, seed):
            done = np.minimum((np.arange(clip.frames) + 1) / FPS * pace, LENGTH + 1.0)
            asked = path_through(points, False).at(done)[0]
            rows.append([*path_error(clip, asked), path_error(way.clean(clip, condition), asked)[0]])
        found[shape] = dict(zip(("then", "off", "then_cleaned"), np.mean(rows, axis=0)))
    return found


def speed_ratios(way: Way, action: str, natural: float, takes: int, seed: int) -> dict[str, float]:
    """Travelled by asked metres, the mean over takes, by the factor on the natural pace."""
    found = {}
    for factor in PACES:
        made = way.make(Condition(action, "", _SPEED_SECONDS, natural * factor, None, takes), seed)
        found[f"{factor:g}"] = float(np.mean([travelled(clip) / (natural * factor * clip.seconds) for clip in made]))
    return found


@dataclass(frozen=True, eq=False)
class LongRun:
    """Takes of one action for thousands of frames: how long each lived, energy in J/kg of each second (takes, seconds),
    of the last ENDS frames (takes,) and foot skate there, and the windows of the first and the last ENDS frames."""

    survived: np.ndarray
    energies: np.ndarray
    late_energy: np.ndarray
    late_skate: np.ndarray
    early: Seen
    late: Seen


def long_run(way: Way, recogniser: Recogniser, action: str, frames: int, takes: int, seed: int) -> LongRun:
    """At the action's own pace, straight ahead, without a style."""
    made = way.make(Condition(action, "", frames / FPS, way.pace.get(action, 0.0), None, takes), seed)
    ends = min(ENDS, frames // 2)
    early = [clip.cut(0, ends) for clip in made]
    late = [clip.cut(clip.frames - ends, clip.frames) for clip in made]
    return LongRun(
        np.array([survived(clip) for clip in made]), np.array([_by_second(clip) for clip in made]),
        np.array([energy(clip) for clip in late]), np.array([foot_skate(clip) for clip in late]),
        *(_see_finite(recogniser, part, action) for part in (early, late)))


def _by_second(clip: Clip) -> list[float]:
    second = round(FPS)
    return [energy(clip.cut(first, first + second)) for first in range(0, clip.frames - second + 1, second)]


def _see_finite(recogniser: Recogniser, clips: Sequence[Clip], action: str) -> Seen:
    whole = [clip for clip in clips if np.isfinite(clip.rotations).all() and np.isfinite(clip.positions).all()]
    return see(recogniser, whole, action, range(len(whole)))
