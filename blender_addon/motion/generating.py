# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion out of a generator pack: a plan of what is wanted when, then the graph step by step along it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .clip import Clip
from .contacts import floor_height
from .ground_path import GroundPath, path_through, straight_path
from .looping import close_loop
from .measures import energy, foot_skate, hip_height, knee_bend, steps_per_minute, travelled
from .requests import Parts
from .resampling import sample
from .rotations import normalise, quat_continuous
from .skeleton import Skeleton

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Session

__all__ = ["MotionPlan", "close_loop", "generate", "generate_slices", "motion_figures", "plan_motion"]

_CHUNK = 15           # frames between two looks at how the body keeps up with the path
_LEAD, _LAG = 0.5, 0.3  # metres that the wanted place may be ahead of or behind the body
_FADE = 10            # frames over which one action gives way to the next


@dataclass(frozen=True, eq=False)
class MotionPlan:
    """What is wanted at each frame that the model makes, and which of its moments the take shows.

    action: (T, A) weights. speed: (T,) metres a second along the path, 0 where the action finds its own way. style:
    (Y,). path: where to. heading: radians about Z at the start, 0 facing -Y. shown: (N,) rising moments, counted in the
    T frames; 0, 1, 2 ... but where an action is played quicker or slower than the model can do it. metres: how far the
    take should go along the path.
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

    @property
    def frames(self) -> int:
        """How many the model makes."""
        return len(self.speed)

    @property
    def seconds(self) -> float:
        """Length of the take."""
        return len(self.shown) / self.fps


def plan_motion(pack: Pack, parts: Parts, style: str, seconds: float, speed: float, points: np.ndarray | None,
                cyclic: bool, start: Sequence[float], heading: float) -> MotionPlan:
    """Lay out actions one after another (each for its own seconds, else `seconds`) along a path or straight ahead.

    speed: times each action's natural pace. A pace that the model does not keep is made of the nearest it does, played
    quicker or slower; so is an action without a pace of its own. points: (N, 2) metres or None. GalateaError for a path
    without length.
    """
    generator, fps = pack.content["generator"], float(pack.content["fps"])
    names, styles = generator["actions"], generator["styles"]
    counts = [max(1, round((seconds if length is None else length) * fps)) for _, length in parts]
    part = np.repeat(np.arange(len(parts)), counts)
    paces = np.array([_pace(generator, name, speed) for name, _ in parts])
    tempo = _crossfade(paces[part, 1:])[:, 0]
    shown = np.concatenate([[0.0], np.cumsum(tempo[:-1])])
    made = np.searchsorted(shown, np.arange(int(np.ceil(shown[-1] - 1e-6)) + 1) + 1e-6, side="right") - 1
    action = np.array([[name == asked for name in names] for asked, _ in parts], dtype=np.float32)
    skeleton = pack.content["skeleton"]
    return MotionPlan(
        fps=fps, action=_crossfade(action[part[made]]), speed=paces[part[made], 0],
        style=np.array([float(style == name) for name in styles], dtype=np.float32),
        path=straight_path(np.array(start), heading) if points is None else path_through(points, cyclic),
        start=np.asarray(start, dtype=np.float64), heading=heading, warmup=generator["warmup_frames"],
        ahead=np.array(generator["trajectory_seconds"]),
        skeleton=Skeleton(tuple(skeleton["joints"]), tuple(skeleton["parents"]), np.array(skeleton["offsets"])),
        shown=shown, metres=float(np.prod(paces[part], axis=1).sum() / fps))


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
    """Rows (T, n) that change abruptly change over _FADE frames instead; what summed to one still does."""
    padded = np.pad(rows, ((_FADE // 2, _FADE - 1 - _FADE // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    return ((sums[_FADE:] - sums[:-_FADE]) / _FADE).astype(rows.dtype)


def generate(session: Session, pack: Pack, plan: MotionPlan, seeds: Sequence[int], together: bool = False
             ) -> list[Clip]:
    """A clip for each seed. One at a time, so that a take is the same bits alone and among others; `together` runs
    them as one batch, several times quicker and the same but for rounding."""
    batches = [list(seeds)] if together else [[seed] for seed in seeds]
    clips: list[Clip] = []
    for batch in batches:
        slices = generate_slices(session, pack, plan, batch)
        while True:
            try:
                next(slices)
            except StopIteration as done:
                clips += done.value
                break
    return clips


def generate_slices(session: Session, pack: Pack, plan: MotionPlan, seeds: Sequence[int]
                    ) -> Iterator[float]:
    """The same in slices of one step of the model: yields the share that is done, returns the clips."""
    batch = len(seeds)
    latents = _latents(pack.content["generator"], plan, seeds)
    feedback = {name: f"next_{name}" for name in ("state", "hidden", "cell", "root")}
    stepper = session.stepper(_first_inputs(session, plan, batch), feedback)
    followed = plan.speed > 0.0

    steps = plan.warmup + plan.frames
    for frame in _warm_up(stepper, plan, latents):
        yield frame / steps
    root = stepper.inputs["root"]
    root[:, :2] = plan.start
    root[:, 2] += plan.heading

    roots = np.empty((plan.frames, batch, 3))
    heights = np.empty((plan.frames, batch))
    rotations = np.empty((plan.frames, batch, len(plan.skeleton.names), 4))
    contacts = np.empty((plan.frames, batch, 4))
    reached = np.zeros(batch)  # metres along the path
    for first in range(0, plan.frames, _CHUNK):
        last = min(first + _CHUNK, plan.frames)
        if first:
            reached = _keep_up(plan, stepper.inputs["root"], reached, first)
        wanted = _trajectories(plan, reached, first, last, followed)
        for frame in range(first, last):
            stepper.inputs["trajectory"][:] = wanted[frame - first]
            stepper.inputs["action"][:] = plan.action[frame]
            stepper.inputs["latent"][:] = latents[plan.warmup + frame]
            made = stepper.step()
            roots[frame], heights[frame] = made["next_root"], made["height"]
            rotations[frame], contacts[frame] = made["rotations"], made["contacts"]
            yield (plan.warmup + frame + 1) / steps
        reached = reached + plan.speed[first:last].sum() / plan.fps
    return [_clip(plan, roots[:, i], heights[:, i], rotations[:, i], contacts[:, i], f"{seed}")
            for i, seed in enumerate(seeds)]


def _first_inputs(session: Session, plan: MotionPlan, batch: int) -> dict[str, np.ndarray]:
    sizes = {tensor.name: tuple(batch if isinstance(size, str) else size for size in tensor.shape)
             for tensor in session.graph.inputs}
    inputs = {name: np.zeros(size, dtype=np.float32) for name, size in sizes.items()}
    inputs["style"][:] = plan.style
    return inputs


def _latents(generator: dict[str, Any], plan: MotionPlan, seeds: Sequence[int]) -> np.ndarray:
    """(warmup + T, B, Z) draws from the unit normal, each held as long as the model learnt it to hold."""
    frames, held = plan.warmup + plan.frames, generator["latent_frames"]
    draws = [np.random.default_rng(seed).standard_normal((frames // held + 1, generator["latent"])) for seed in seeds]
    return np.repeat(np.stack(draws, axis=1), held, axis=0)[:frames].astype(np.float32)


def _warm_up(stepper: Any, plan: MotionPlan, latents: np.ndarray) -> Iterator[int]:
    """Let the model find its stride on a straight path at the plan's first pace; none of it is kept. Yields steps."""
    pace = plan.speed[0]
    line = straight_path(np.zeros(2), 0.0)
    stepper.inputs["action"][:] = plan.action[0]
    for frame in range(plan.warmup):
        places, facing = line.at(pace * ((frame + 1) / plan.fps + plan.ahead))
        stepper.inputs["trajectory"][:] = np.concatenate([places, facing * (pace > 0.0)], axis=-1)
        stepper.inputs["action"][:] = plan.action[0]
        stepper.inputs["latent"][:] = latents[frame]
        stepper.step()
        yield frame + 1
    # where it got to does not matter, how it stands towards the path does
    drift = stepper.inputs["root"]
    drift[:, :2] = 0.0
    drift[:, 2] = np.clip(np.arctan2(np.sin(drift[:, 2]), np.cos(drift[:, 2])), -0.5, 0.5) * (pace > 0.0)


def _keep_up(plan: MotionPlan, root: np.ndarray, reached: np.ndarray, frame: int) -> np.ndarray:
    """How far along the path (B,) the wanted place goes on from: where it is, but not far from the body."""
    kept = np.array(reached)
    for i, place in enumerate(root[:, :2]):
        own = plan.path.nearest(place, reached[i], 4.0)
        kept[i] = own if plan.speed[frame - 1] == 0.0 else np.clip(reached[i], own - _LAG, own + _LEAD)
    return kept


def _trajectories(plan: MotionPlan, reached: np.ndarray, first: int, last: int, followed: np.ndarray) -> np.ndarray:
    """(last - first, B, K, 4) wanted places and facings, as the graph's trajectory input has them."""
    frames = np.arange(first, last)
    pace = np.concatenate([plan.speed, np.full(int(plan.ahead[-1] * plan.fps) + 2, plan.speed[-1])])
    travelled_by = np.concatenate([[0.0], np.cumsum(pace)]) / plan.fps
    at = frames[:, None] + 1 + plan.ahead * plan.fps
    lengths = np.interp(at, np.arange(len(travelled_by)), travelled_by) - travelled_by[first]
    places, facing = plan.path.at(reached[:, None] + lengths[:, None])
    return np.concatenate([places, facing * followed[frames, None, None, None]], axis=-1).astype(np.float32)


def _clip(plan: MotionPlan, root: np.ndarray, height: np.ndarray, rotations: np.ndarray, contacts: np.ndarray,
          name: str) -> Clip:
    positions = np.concatenate([root[:, :2], height[:, None]], axis=1)
    clip = Clip(plan.skeleton, quat_continuous(normalise(rotations)), positions, plan.fps, contacts > 0.5, name)
    # clips of capture stand a little above or below their floor, and a style that comes from few of them does too
    clip = replace(clip, positions=clip.positions - [0.0, 0.0, floor_height(clip)])
    as_made = len(plan.shown) == clip.frames and np.allclose(plan.shown, np.arange(clip.frames), atol=1e-6)
    return clip if as_made else sample(clip, plan.shown)


def motion_figures(clip: Clip, plan: MotionPlan) -> dict[str, Any]:
    """What can be said of a take in numbers, before it is looped, held in place or resampled."""
    left, right = steps_per_minute(clip)
    low, high = hip_height(clip)
    far = travelled(clip)
    figures = {
        "asked_m_per_s": plan.metres / plan.seconds, "asked_m": plan.metres, "travelled_m": far,
        "steps_per_minute_left": left, "steps_per_minute_right": right, "foot_skate_cm_per_s": foot_skate(clip),
        "hip_height_min": low, "hip_height_max": high, "knee_bend_min_deg": knee_bend(clip),
        "energy_j_per_kg": energy(clip),
    }
    if plan.metres > 0.0:
        figures["travel_ratio"] = far / plan.metres
    figures["tempo"] = plan.frames / len(plan.shown)
    return {name: round(float(value), 4) for name, value in figures.items()}
