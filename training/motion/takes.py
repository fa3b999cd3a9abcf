# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of every way of making motion, and the ways: a pack, or training clips played one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from blender_addon.inference.packs import Pack
from blender_addon.inference.sessions import open_session
from blender_addon.motion.cleaning import clean_up
from blender_addon.motion.clip import Clip
from blender_addon.motion.easing import smooth
from blender_addon.motion.foot_lock import lock_feet
from blender_addon.motion.generating import MotionPlan, generate, plan_motion
from blender_addon.motion.ground_path import path_through
from blender_addon.motion.measures import travelled

from .clip_player import play_clips
from .clips import FPS
from .corpus import CYCLIC_SPEED
from .real_motion import SHORTEST, RealMotion, Stretch

_LONGEST = 8.0     # seconds of a take
_MOST = 30         # conditions of an action
_BATCH = 32
_PACES = (0.3, 2.0)  # times the natural one; what lies beyond was no clip that shows the action
FORMERLY = {"stand": "idle"}  # an action that a pack may know under another name


@dataclass(frozen=True, eq=False)
class Condition:
    """What is asked: an action and a style for so many seconds, at a pace in m/s (0: its own), along points (N, 2) or
    straight ahead to -Y, so many times."""

    action: str
    style: str
    seconds: float
    pace: float = 0.0
    points: np.ndarray | None = None
    takes: int = 1


@dataclass(frozen=True, eq=False)
class Way:
    """A way of making motion: the actions it can do, their natural pace in m/s, make(condition, first seed), which is
    before any clean-up, and clean(take, condition), which is what an artist gets."""

    name: str
    actions: tuple[str, ...]
    pace: dict[str, float]
    make: Callable[[Condition, int], list[Clip]]
    clean: Callable[[Clip, Condition], Clip]


def conditions(stretches: Sequence[Stretch], seconds: float, seed: int = 0) -> list[Condition]:
    """An action's real stretches as things to ask for: same style and length, and for those that travel the same pace
    and way, half of them in a mirror. About `seconds` of motion in all, shared out as the stretches' own lengths are.
    """
    rng = np.random.default_rng(seed)
    if len(stretches) > _MOST:
        stretches = [stretches[i] for i in rng.permutation(len(stretches))[:_MOST]]
    whole = sum(s.clip.seconds for s in stretches)
    found = []
    for i, stretch in enumerate(stretches):
        length = min(stretch.clip.seconds, _LONGEST)
        takes = max(1, round(seconds * stretch.clip.seconds / whole / length))
        if stretch.action in CYCLIC_SPEED:
            points = _way_of(stretch.clip) * (1.0 if i % 2 else np.array([-1.0, 1.0]))
            pace = travelled(stretch.clip) / stretch.clip.seconds
            found.append(Condition(stretch.action, stretch.style, length, pace, points, takes))
        else:
            found.append(Condition(stretch.action, stretch.style, length, takes=takes))
    return found


def _way_of(clip: Clip) -> np.ndarray:
    """(T, 2) of the hips over the ground without the sway of steps, from the origin towards -Y."""
    way = smooth(clip.positions[:, :2], FPS)
    way = way - way[0]
    off = way[min(len(way) - 1, SHORTEST // 2)]
    angle = -np.pi / 2.0 - np.arctan2(off[1], off[0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return way @ turn.T


def way_of_pack(pack: Pack, name: str) -> Way:
    """A pack run through the code that runs in Blender, in batches."""
    session = open_session(pack, device="cpu")
    words, generator = pack.words("actions"), pack.content["generator"]
    called = {new: old for new, old in FORMERLY.items() if new not in words and old in words}
    actions = tuple(sorted(({*words} - {*called.values()}) | {*called}))
    pace = {action: generator["natural_speed"][called.get(action, action)] for action in actions}

    def plan(condition: Condition) -> MotionPlan:
        return plan_of(pack, called.get(condition.action, condition.action), condition)

    def make(condition: Condition, first_seed: int) -> list[Clip]:
        wanted, seeds = plan(condition), range(first_seed, first_seed + condition.takes)
        return [clip for first in range(0, len(seeds), _BATCH)
                for clip in generate(session, pack, wanted, seeds[first:first + _BATCH], together=True)]

    def clean(clip: Clip, condition: Condition) -> Clip:
        return clean_up(clip, plan(condition), generator).clip

    return Way(name, actions, pace, make, clean)


def plan_of(pack: Pack, action: str, condition: Condition) -> MotionPlan:
    """A condition as the add-on plans it; a style that the pack does not know is its plain one."""
    style = condition.style if condition.style in pack.words("styles") else ""
    natural = pack.content["generator"]["natural_speed"][action]
    factor = float(np.clip(condition.pace / natural, *_PACES)) if condition.pace > 0.0 and natural > 0.0 else 1.0
    return plan_motion(pack, ((action, None),), style, condition.seconds, factor, condition.points, False, (0.0, 0.0),
                       0.0)


def way_of_clips(real: RealMotion) -> Way:
    """Training clips of the action, and of the style where there are any, played one after another."""
    pace = {action: float(np.median([travelled(s.clip) / s.clip.seconds for s in real.train if s.action == action]))
            if action in CYCLIC_SPEED else 0.0 for action in real.actions}

    def make(condition: Condition, first_seed: int) -> list[Clip]:
        clips = [s.clip for s in real.train if s.action == condition.action]
        styled = [s.clip for s in real.train if s.action == condition.action and s.style == condition.style]
        path = None if condition.points is None else path_through(condition.points, False)
        frames = max(2, round(condition.seconds * FPS))
        return [play_clips(styled or clips, frames, np.random.default_rng(seed), path, condition.pace)
                for seed in range(first_seed, first_seed + condition.takes)]

    return Way("clips", real.actions, pace, make, lambda clip, condition: lock_feet(clip).clip)
