# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion out of a generator pack: the graph step by step along a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .bearing import hold_as_usual, hold_otherwise
from .clip import Clip
from .contacts import floor_height
from .continuing import Lead, seen
from .ground_path import straight_path
from .measures import energy, foot_skate, hip_height, knee_bend, steps_per_minute, travelled
from .planning import MotionPlan, plan_motion
from .resampling import sample
from .resting_hands import keep_resting
from .rotations import normalise, quat_continuous
from .slices import drain
from .stance import stand_as_usual, stand_otherwise

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Session

__all__ = ["CARRIED", "MotionPlan", "generate", "generate_slices", "motion_figures", "plan_motion"]

# Inputs that a step hands on to the next; held, the latent that holds now, is not in every graph.
CARRIED = ("state", "hidden", "cell", "root", "held")
_CHUNK = 15           # frames between two looks at how the body keeps up with the path
_LEAD, _LAG = 0.5, 0.3  # metres that the wanted place may be ahead of or behind the body


def generate(session: Session, pack: Pack, plan: MotionPlan, seeds: Sequence[int], together: bool = False
             ) -> list[Clip]:
    """A clip for each seed. One at a time, so that a take is the same bits alone and among others; `together` runs
    them as one batch, several times quicker and the same but for rounding."""
    batches = [list(seeds)] if together else [[seed] for seed in seeds]
    clips: list[Clip] = []
    for batch in batches:
        clips += drain(generate_slices(session, pack, plan, batch))
    return clips


def generate_slices(session: Session, pack: Pack, plan: MotionPlan, seeds: Sequence[int]
                    ) -> Iterator[float]:
    """The same in slices of one step of the model: yields the share that is done, returns the clips."""
    batch = len(seeds)
    draws = _Draws(pack.content["generator"], plan, seeds)
    inputs = _first_inputs(session, plan, batch)
    stepper = session.stepper(inputs, {name: f"next_{name}" for name in CARRIED if name in inputs})
    followed = plan.speed > 0.0
    held, stood = (plan.action @ _by_action(pack.content["generator"], name, 0.0) for name in ("bearing", "stance"))
    leads = _leads(pack.content["generator"], plan, held[0], stood[0], seeds)

    before = plan.warmup if plan.lead is None else len(plan.lead.states) - 2
    steps = before + plan.frames
    for frame in _warm_up(stepper, plan, draws) if plan.lead is None else _follow_lead(stepper, plan, leads, draws):
        yield frame / steps
    root = stepper.inputs["root"]
    if plan.lead is None:
        root[:, :2] = plan.start
        root[:, 2] += plan.heading
    else:
        root[:] = [lead.root[-2] for lead in leads]

    roots = np.empty((plan.frames, batch, 3))
    heights = np.empty((plan.frames, batch))
    rotations = np.empty((plan.frames, batch, len(plan.skeleton.names), 4))
    contacts = np.empty((plan.frames, batch, 4))
    reached = np.full(batch, _joined(plan))  # metres along the path, a frame before the take
    if plan.lead is not None:
        reached -= plan.speed[0] / plan.fps
    for first in range(0, plan.frames, _CHUNK):
        last = min(first + _CHUNK, plan.frames)
        if first:
            reached = _keep_up(plan, stepper.inputs["root"], reached, first)
        wanted = _trajectories(plan, reached, first, last, followed)
        for frame in range(first, last):
            stepper.inputs["trajectory"][:] = wanted[frame - first]
            stepper.inputs["action"][:] = plan.action[frame]
            draws.put(stepper.inputs, before + frame)
            made = stepper.step()
            roots[frame], heights[frame] = made["next_root"], made["height"]
            rotations[frame], contacts[frame] = made["rotations"], made["contacts"]
            yield (before + frame + 1) / steps
        reached = reached + plan.speed[first:last].sum() / plan.fps
    return [_clip(plan, roots[:, i], heights[:, i], rotations[:, i], contacts[:, i], held, stood, seed)
            for i, seed in enumerate(seeds)]


def _by_action(generator: dict[str, Any], name: str, usual: float) -> np.ndarray:
    """(A,) what a table of the pack says of each action; `usual` of those that it does not name."""
    told = generator.get(name, {})
    return np.array([told.get(action, usual) for action in generator["actions"]], dtype=np.float32)


def _first_inputs(session: Session, plan: MotionPlan, batch: int) -> dict[str, np.ndarray]:
    sizes = {tensor.name: tuple(batch if isinstance(size, str) else size for size in tensor.shape)
             for tensor in session.graph.inputs}
    inputs = {name: np.zeros(size, dtype=np.float32) for name, size in sizes.items()}
    inputs["style"][:] = plan.style
    return inputs


class _Draws:
    """The latents of takes, a draw from the unit normal for each stretch of frames, and where stretches begin."""

    def __init__(self, generator: dict[str, Any], plan: MotionPlan, seeds: Sequence[int]) -> None:
        self.held = generator["latent_frames"]
        before = plan.warmup if plan.lead is None else len(plan.lead.states)
        count = (before + plan.frames) // self.held + 1
        draws = [np.random.default_rng(seed).standard_normal((count, generator["latent"])) for seed in seeds]
        self.latents = np.stack(draws, axis=1).astype(np.float32)  # (blocks, B, Z)
        self.temperature = _by_action(generator, "temperature", 1.0)

    def put(self, inputs: dict[str, np.ndarray], frame: int) -> None:
        """Tell a step its latent, drawn as widely as its action wants, and where the graph wants to know, whether it is
        a new one."""
        block, within = divmod(frame, self.held)
        inputs["latent"][:] = self.latents[block] * (inputs["action"] @ self.temperature)[:, None]
        if "fresh" in inputs:
            inputs["fresh"][:] = within == 0


def _warm_up(stepper: Any, plan: MotionPlan, draws: _Draws) -> Iterator[int]:
    """Let the model find its stride on a straight path at the plan's first pace; none of it is kept. Yields steps."""
    pace = plan.speed[0]
    line = straight_path(np.zeros(2), 0.0)
    for frame in range(plan.warmup):
        places, facing = line.at(pace * ((frame + 1) / plan.fps + plan.ahead))
        stepper.inputs["trajectory"][:] = np.concatenate([places, facing * (pace > 0.0)], axis=-1)
        stepper.inputs["action"][:] = plan.action[0]
        draws.put(stepper.inputs, frame)
        stepper.step()
        yield frame + 1
    # where it got to does not matter, how it stands towards the path does
    drift = stepper.inputs["root"]
    drift[:, :2] = 0.0
    drift[:, 2] = np.clip(np.arctan2(np.sin(drift[:, 2]), np.cos(drift[:, 2])), -0.5, 0.5) * (pace > 0.0)


def _leads(generator: dict[str, Any], plan: MotionPlan, held: float, stood: float, seeds: Sequence[int]) -> list[Lead]:
    """What the body did before, for each seed as if it did not hold itself otherwise and stand otherwise, as takes do
    not until they are made: what the model goes on with then is where it was."""
    lead = plan.lead
    if lead is None or (held == 0.0 and stood == 0.0):
        return [lead] * len(seeds) if lead is not None else []
    share = np.full(lead.clip.frames, held)
    clips = [stand_as_usual(lead.clip, stood, seed) for seed in seeds]
    return [seen(keep_resting(replace(clip, rotations=hold_as_usual(clip.rotations, share, seed)), clip.rotations),
                 generator) for clip, seed in zip(clips, seeds)]


def _follow_lead(stepper: Any, plan: MotionPlan, leads: Sequence[Lead], draws: _Draws) -> Iterator[int]:
    """Show the model what the body did until a frame before the take, as if it had made that itself. Yields steps.

    The way it is told of is the way the body went, and the plan's from the take on.
    """
    lead, pace = plan.lead, plan.speed[0]
    count = len(lead.states) - 1  # the last one is the take's own first
    start = _joined(plan)
    past = np.arange(-count, 1) / plan.fps
    for frame in range(count):
        stepper.inputs["state"][:] = [one.states[frame] for one in leads]
        stepper.inputs["root"][:] = [one.root[frame] for one in leads]
        if frame == count - 1:
            break
        at = past[frame + 1] + plan.ahead
        x, y, heading = (np.interp(at, past, column) for column in lead.root.T)
        places, facing = plan.path.at(start + pace * np.maximum(at, 0.0))
        gone = (at <= 0.0)[:, None]
        places = np.where(gone, np.stack([x, y], axis=-1), places)
        facing = np.where(gone, np.stack([np.sin(heading), -np.cos(heading)], axis=-1), facing)
        stepper.inputs["trajectory"][:] = np.concatenate([places, facing * (pace > 0.0)], axis=-1)
        stepper.inputs["action"][:] = plan.action[0]
        draws.put(stepper.inputs, frame)
        stepper.step()
        yield frame + 1


def _joined(plan: MotionPlan) -> float:
    """Metres along the path at which the take begins: at its start, or where a body that is on its way is nearest."""
    if plan.lead is None or not plan.led:
        return 0.0
    whole = plan.path.lengths[-1]
    guess = reach = whole / 2.0
    while reach > 0.01:
        guess = float(np.clip(plan.path.nearest(plan.start, guess, reach), 0.0, whole))
        reach /= 20.0
    return guess


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
          held: np.ndarray, stood: np.ndarray, seed: int) -> Clip:
    positions = np.concatenate([root[:, :2], height[:, None]], axis=1)
    rotations = quat_continuous(normalise(rotations))
    clip = Clip(plan.skeleton, hold_otherwise(rotations, held, seed), positions, plan.fps, contacts > 0.5, f"{seed}")
    if held.any():
        clip = keep_resting(clip, rotations)
    # clips of capture stand a little above or below their floor, and a style that comes from few of them does too
    clip = replace(clip, positions=clip.positions - [0.0, 0.0, floor_height(clip)])
    clip = stand_otherwise(clip, stood, seed, None if plan.lead is None else plan.lead.clip)
    as_made = len(plan.shown) == clip.frames and np.allclose(plan.shown, np.arange(clip.frames), atol=1e-6)
    return clip if as_made else sample(clip, plan.shown)


def motion_figures(clip: Clip, plan: MotionPlan) -> dict[str, Any]:
    """What can be said of a take in numbers, before it is held in place or resampled."""
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
