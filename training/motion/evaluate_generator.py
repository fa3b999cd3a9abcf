# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a motion-generator pack: `python -m training evaluate motion-generator --data DIR --out REPORT`.

The pack runs through the same code that runs in Blender. Real clips that it was not trained on are measured beside it
with the same figures, and so are other ways of making motion: training clips played one after another, other packs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from tqdm import tqdm

from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.motion.clip import Clip
from blender_addon.motion.measures import energy, foot_skate, hip_height, knee_bend, steps_per_minute

from .card import write_card
from .clips import ClipSet
from .evaluate_inbetweener import prepared_clips
from .generator_metrics import (
    as_many,
    bone_error_mm,
    diversity,
    frechet_seen,
    halves,
    jerk,
)
from .generator_report import write_report
from .nearest_clips import TrainingWindows, nearest_cm, training_windows
from .obedience import LongRun, long_run, path_errors, speed_ratios
from .real_motion import RealMotion, Stretch, real_motion, refuse_trained_on
from .recogniser import STEPS, Recogniser, Seen, cached_recogniser, see, together
from .takes import Way, conditions, way_of_clips, way_of_pack

Measure = Callable[[Clip], float]
_SPLITS = 12  # of real motion in halves


@dataclass(frozen=True)
class Effort:
    """How much is generated: seconds of takes of each action, long runs of an action and their frames, takes of each
    path and pace, and the steps that the recogniser is trained for."""

    seconds: float
    long_takes: int
    long_frames: int
    obedient: int
    recogniser_steps: int = STEPS


FULL = Effort(seconds=200.0, long_takes=4, long_frames=10_000, obedient=8)
QUICK = Effort(seconds=60.0, long_takes=2, long_frames=2_000, obedient=2)


@dataclass(frozen=True, eq=False)
class Made:
    """What one way made: takes by action, the same cleaned up and as the recogniser sees them, and its long runs."""

    way: Way
    takes: dict[str, list[Clip]]
    cleaned: dict[str, list[Clip]]
    seen: dict[str, Seen]
    long: dict[str, LongRun]


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What everything is measured by: real motion, as seen by the recogniser too (judged; learnt; alike: all of it in
    the styles that are judged), the windows trained on, and how far in cm the windows of each held-out stretch are from
    those."""

    real: RealMotion
    recogniser: Recogniser
    judged: dict[str, Seen]
    learnt: dict[str, Seen]
    alike: dict[str, Seen]
    windows: TrainingWindows
    nearest: dict[str, list[np.ndarray]]


def evaluate(data: Path, pack_folder: Path | None, out: Path, record: bool = False, quick: bool = False,
             baselines: Sequence[Path] = ()) -> None:
    """Write metrics.json, report.md, plots and contact sheets into `out`; with `record`, the figures into the pack too.

    quick: fewer takes and shorter runs. baselines: folders of packs to measure beside this one.
    """
    out.mkdir(parents=True, exist_ok=True)
    effort = QUICK if quick else FULL
    pack = read_pack(pack_folder or models_folder() / "motion-generator")
    others = [read_pack(folder) for folder in baselines]
    clips = prepared_clips(data, out)
    refuse_trained_on(clips, pack)
    yardstick = make_yardstick(clips, out, effort)
    ways = [way_of_pack(pack, "model"), way_of_clips(yardstick.real),
            *(way_of_pack(other, folder.name) for other, folder in zip(others, baselines, strict=True))]
    made = [make_all(way, yardstick, effort) for way in ways]

    model, pace = made[0], ways[0].pace
    metrics = figures_of(model, yardstick, effort, pace)
    metrics["baselines"] = {other.way.name: figures_of(other, yardstick, effort, pace) for other in made[1:]}
    metrics["real"] = figures_of_real(yardstick)
    metrics["shared"] = on_shared_actions(made, yardstick)
    quickly = " --quick" if quick else ""
    metrics["command"] = (f"python -m training evaluate motion-generator --data {data.name} --out {out.name}{quickly}"
                          + "".join(f" --baseline {folder.name}" for folder in baselines))
    metrics["about"] = about(yardstick, effort)
    metrics = rounded(metrics)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    write_report(out, metrics, made, yardstick)
    if record:
        content = {**pack.content, "metrics": said(metrics)}
        (pack.folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
        write_card(pack.folder)


def make_yardstick(clips: ClipSet, out: Path, effort: Effort) -> Yardstick:
    """Sort the real motion and train the recogniser, or take the one that lies in `out`."""
    real = real_motion(clips)
    learnt = real.learnt
    recogniser = cached_recogniser(learnt, out, steps=effort.recogniser_steps)

    def look(stretches: Sequence[Stretch], action: str) -> Seen:
        return see(recogniser, [s.clip for s in stretches], action, [s.number for s in stretches], mirrored=True)

    windows = training_windows([s.clip for s in real.train])
    judged = {action: look(group, action) for action, group in real.judged.items()}
    return Yardstick(
        real, recogniser, judged,
        {action: look([s for s in learnt if s.action == action], action) for action in real.actions},
        {action: together([judged[action], look([s for s in learnt if s.action == action and s.style in
                                                 {own.style for own in group}], action)])
         for action, group in real.judged.items()}, windows,
        {action: [nearest_cm(windows, s.clip) for s in group] for action, group in real.judged.items()
         if action not in real.borrowed})


def make_all(way: Way, yardstick: Yardstick, effort: Effort) -> Made:
    """All takes and long runs of a way, for the actions that it and the real motion share."""
    takes: dict[str, list[Clip]] = {}
    cleaned: dict[str, list[Clip]] = {}
    seen: dict[str, Seen] = {}
    long: dict[str, LongRun] = {}
    shared = [action for action in yardstick.real.actions if action in way.actions]
    for action in tqdm(shared, desc=way.name, unit="action"):
        asked = conditions(yardstick.real.judged[action], effort.seconds)
        made = [(clip, condition) for i, condition in enumerate(asked) for clip in way.make(condition, 1000 * i)]
        takes[action] = [clip for clip, _ in made]
        cleaned[action] = [way.clean(clip, condition) for clip, condition in made]
        seen[action] = see(yardstick.recogniser, takes[action], action, range(len(takes[action])))
        long[action] = long_run(way, yardstick.recogniser, action, effort.long_frames, effort.long_takes, 77)
    return Made(way, takes, cleaned, seen, long)


# --- figures --------------------------------------------------------------------------------------------------------


def figures_of(made: Made, yardstick: Yardstick, effort: Effort, pace: dict[str, float]) -> dict:
    """All figures of one way; `pace` is the natural one of the pack that is evaluated, in m/s, for every way alike."""
    actions = {action: action_figures(made, action, yardstick) for action in made.takes}
    moving = {action: own for action, own in pace.items() if own > 0.0 and action in made.takes}
    off, speeds = {}, {}
    for action, own in moving.items():
        off[action] = path_errors(made.way, action, own, effort.obedient, 500)
        speeds[action] = speed_ratios(made.way, action, own, effort.obedient, 600)
    nearest = {action: nearest_figures(made.takes[action], yardstick.windows, yardstick.nearest[action])
               for action in made.takes if action in yardstick.nearest}
    for action, figures in nearest.items():
        actions[action] |= figures
    whole = together(list(made.seen.values()))
    ends = [together([getattr(run, end) for run in made.long.values()]) for end in ("early", "late")]
    held = list(nearest)
    return {
        "actions": actions,
        "accuracy": mean(actions, "accuracy"),
        "accuracy_ratio": mean(actions, "accuracy") / max(mean(actions, "accuracy_real"), 1e-9),
        **distribution(whole, yardstick, tuple(made.takes)), **ends_distances(*ends, yardstick),
        "diversity_ratio": mean(actions, "diversity_ratio"),
        "jerk_ratio": mean(actions, "jerk_ratio"),
        "bone_error_mm": max(bone_error_mm(clip) for clips in made.takes.values() for clip in clips),
        "path_error_m_per_10m": max((row["then"] for rows in off.values() for row in rows.values()), default=0.0),
        "path_error_cleaned": max((row["then_cleaned"] for rows in off.values() for row in rows.values()), default=0.0),
        "path_errors": off,
        "speed_ratios": speeds,
        "nearest_train_ratio": float(np.mean([nearest[a]["nearest_cm"] / max(nearest[a]["nearest_real_cm"], 1e-9)
                                              for a in held])) if held else 0.0,
        "takes_too_near": float(np.mean([nearest[a]["takes_too_near"] for a in held])) if held else 0.0,
    }


def action_figures(made: Made, action: str, yardstick: Yardstick) -> dict[str, float]:
    """The figures of one action over its takes; ratios are to real motion of the action."""
    takes, long, seen = made.takes[action], made.long[action], made.seen[action]
    real, real_seen = yardstick.real.judged[action], yardstick.judged[action]
    rng = np.random.default_rng(0)
    real_energy, real_skate = weighted(real, energy), weighted(real, foot_skate)
    skate, cleaned = over(takes, foot_skate), over(made.cleaned[action], foot_skate)
    heights = np.array([hip_height(clip) for clip in takes])
    n = min(len(seen), len(real_seen))
    ratios = long.late_energy / max(real_energy, 1e-9)
    row = {
        "survived_frames": float(long.survived.min()),
        "energy_ratio": ratios.mean(), "energy_ratio_least": ratios.min(), "energy_ratio_most": ratios.max(),
        "skate_cm_s": skate, "skate_real_cm_s": real_skate,
        "skate_ratio": skate / max(real_skate, 1e-3), "skate_ratio_cleaned": cleaned / max(real_skate, 1e-3),
        "skate_late_ratio": long.late_skate.mean() / max(real_skate, 1e-3),
        "accuracy": seen.right.mean(), "accuracy_real": real_seen.right.mean(),
        "diversity_ratio": diversity(seen, rng) / max(diversity(yardstick.alike[action], rng), 1e-9),
        "jerk_ratio": over(takes, jerk) / max(weighted(real, jerk), 1e-9),
        "frechet": frechet_seen(*(part.only(rng.permutation(len(part))[:n]) for part in (seen, real_seen))),
        "hips_lowest": heights[:, 0].min(), "hips_highest": heights[:, 1].max(),
        "knee_least_deg": min(knee_bend(clip) for clip in takes),
    }
    if made.way.pace.get(action, 0.0) > 0.0:
        row["steps_ratio"] = (over(takes, lambda clip: float(np.mean(steps_per_minute(clip))))
                              / max(weighted(real, lambda clip: float(np.mean(steps_per_minute(clip)))), 1e-9))
    return row


def figures_of_real(yardstick: Yardstick) -> dict:
    """The real motion's own figures, by action."""
    return {"actions": {action: {
        "seconds": sum(s.clip.seconds for s in group), "clips": len({s.number for s in group}),
        "held_out": action not in yardstick.real.borrowed, "energy": weighted(group, energy),
        "skate_cm_s": weighted(group, foot_skate), "jerk": weighted(group, jerk),
        "accuracy": yardstick.judged[action].right.mean()} for action, group in yardstick.real.judged.items()}}


def distribution(seen: Seen, yardstick: Yardstick, actions: Sequence[str]) -> dict[str, float | None]:
    """Fréchet distances over these actions, all between equally many windows, means over splits of the real motion.

    frechet: made against one half of the held-out motion; frechet_real: that half against the other; frechet_train:
    training motion against it. None where no action has windows enough to be halved.
    """
    rng = np.random.default_rng(0)
    real, train = (together([part[action] for action in actions]) for part in (yardstick.judged, yardstick.learnt))
    rows = []
    for _ in range(_SPLITS):
        half, other, learnt, own = as_many([*halves(real, rng), train, seen], rng)
        if len(half):
            rows.append([frechet_seen(part, half) for part in (own, other, learnt)]
                        + [len(half), len(set(half.action.tolist()))])
    far, floor, from_train, count, several = np.mean(rows, axis=0) if rows else (None,) * 5
    return {"frechet": far, "frechet_real": floor, "frechet_ratio": far / max(floor, 1e-9) if rows else None,
            "frechet_train": from_train, "frechet_windows": count, "frechet_actions": several}


def ends_distances(early: Seen, late: Seen, yardstick: Yardstick) -> dict[str, float | None]:
    """Fréchet distance from held-out motion of the beginnings and of the ends of long runs; None where nothing was
    left of them."""
    rng = np.random.default_rng(0)
    names = yardstick.recogniser.actions
    shared = sorted(set(early.action.tolist()) & set(late.action.tolist()))
    if not shared:
        return dict.fromkeys(("frechet_early", "frechet_late", "frechet_late_ratio"))
    real = together([yardstick.judged[names[action]] for action in shared])
    rows = []
    for _ in range(_SPLITS):
        one, other, held = as_many([early, late, real], rng)
        rows.append([frechet_seen(one, held), frechet_seen(other, held)])
    first, last = np.mean(rows, axis=0)
    return {"frechet_early": first, "frechet_late": last, "frechet_late_ratio": last / max(first, 1e-9)}


def on_shared_actions(made: Sequence[Made], yardstick: Yardstick) -> dict:
    """Fréchet distance and accuracy of every way over the actions that all of them can do."""
    actions = [action for action in made[0].takes if all(action in other.takes for other in made)]
    if not actions:
        return {"actions": []}
    return {"actions": actions, **{other.way.name: {
        **distribution(together([other.seen[action] for action in actions]), yardstick, actions),
        "accuracy": np.mean([other.seen[action].right.mean() for action in actions])} for other in made}}


def nearest_figures(takes: Sequence[Clip], windows: TrainingWindows, real: Sequence[np.ndarray]) -> dict[str, float]:
    """How near takes and held-out clips come to training clips: medians over windows in cm, and the share of takes
    whose windows lie nearer, in the median, than those of any held-out clip."""
    own = [found for clip in takes if len(found := nearest_cm(windows, clip))]
    least = min(float(np.median(found)) for found in real)
    return {"nearest_cm": float(np.median(np.concatenate(own))),
            "nearest_real_cm": float(np.median(np.concatenate(real))),
            "takes_too_near": float(np.mean([np.median(found) < least for found in own]))}


def about(yardstick: Yardstick, effort: Effort) -> str:
    """How it was measured, in words, for the report and the card."""
    real = yardstick.real
    held = ", ".join(f"{action} ({sum(s.clip.seconds for s in real.judged[action]):.0f} s)"
                     for action in real.actions if action not in real.borrowed)
    text = (f"Takes as long as real stretches and, for walks and runs, at their pace along their way: about "
            f"{effort.seconds:.0f} s an action. Runs of {effort.long_frames} frames, {effort.long_takes} an action, "
            f"straight ahead. Real motion is held out: {held}")
    return text + (f"; for {', '.join(sorted(real.borrowed))} there is none, and training clips that the recogniser "
                   "was not trained on stand in." if real.borrowed else ".")


def weighted(stretches: Sequence[Stretch], measure: Measure) -> float:
    """Mean of a measure over real stretches, by their length."""
    return float(np.average([measure(s.clip) for s in stretches], weights=[s.clip.frames for s in stretches]))


def over(clips: Sequence[Clip], measure: Measure) -> float:
    """The same over generated clips."""
    return float(np.average([measure(clip) for clip in clips], weights=[clip.frames for clip in clips]))


def mean(actions: dict[str, dict[str, float]], name: str) -> float:
    """Mean over actions of a figure."""
    return float(np.mean([row[name] for row in actions.values()]))


def rounded(value: Any) -> Any:
    """Numbers of nested dicts to four figures behind the point, as plain Python's."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if value is None or isinstance(value, (bool, str, list, int)):
        return value
    return round(float(value), 4)


def said(value: Any) -> Any:
    """Nested dicts without what could not be measured: TOML has no word for it."""
    return {key: said(inner) for key, inner in value.items() if inner is not None} if isinstance(value, dict) else value
