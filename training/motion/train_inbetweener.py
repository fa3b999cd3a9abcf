# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the in-betweener:

    python -m training train motion-inbetweener --data runs/motion.npz --run runs/motion-inbetweener

Run the same command again after a stop: it goes on from the last checkpoint. What is minimised is what is judged: joint
positions in units of their spread and global rotations, as a share of interpolation's error; every few hundred steps
the averaged weights are judged on the held-out clips, and those that did best are the ones that are exported.
"""

from __future__ import annotations

import csv
import json
import math
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.motion.inbetween_features import turn_about_z, turned_by

from .clips import FPS, ClipSet, load_clips
from .gap_corpus import Batch, GapCorpus, build_gap_corpus, draw_batch, training_clips
from .gap_losses import away_from_interpolation, gap_losses, tensors
from .gap_scores import Poses, by_interpolation, score
from .gaps import MISSING, Gaps, gaps_of, spread_of
from .inbetweener import FULL, TINY, Inbetweener, InbetweenerShape
from .pack_weights import load_inbetweener
from .train_generator import _hardware as hardware_of
from .train_variants import train_variants

LOSSES = ("loss", "joints", "rotations", "velocity", "feet", "contacts")
_LOG_EVERY = 25
_RATE = 1.5e-3
_IN_TURN = 4
_VARIANT_STEPS = 1500  # of the second stage, see train_variants


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: so many steps, or, where minutes are given, so many minutes (a shared machine does not do
    the same number of steps every day). frames: of a step, in all its windows."""

    steps: int
    minutes: float = 0.0
    frames: int = 2400
    rate: float = _RATE
    average: float = 0.9995
    uses: int = 1  # how many steps a batch is used for (data echoing, Choi et al. 2019), where drawing is what lasts
    judge_every: int = 500
    half: bool = True  # bfloat16 products, twice the speed on processors that have them; everything else float32

    def progress(self, step: int, seconds: float) -> float:
        """0 at the start, 1 at the end."""
        return min(1.0, seconds / 60.0 / self.minutes if self.minutes else step / self.steps)

    def batch_of(self, step: int) -> int:
        """Number of the batch of a step: so many batches in turn, then the same ones again."""
        turn, place = divmod(step, _IN_TURN * self.uses)
        return turn * _IN_TURN + place % _IN_TURN

    def learning_rate(self, step: int, seconds: float) -> float:
        """Warm up over 300 steps, then a cosine down to a hundredth."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * self.progress(step, seconds)))
        return self.rate * min(1.0, (step + 1) / 300) * (0.01 + 0.99 * cosine)


@dataclass
class Run:
    """Everything that a checkpoint holds."""

    model: Inbetweener
    averaged: Inbetweener
    optimiser: torch.optim.Optimizer
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LOSSES, 0.0))
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf


@dataclass(frozen=True, eq=False)
class Judge:
    """The held-out windows, told once, with interpolation's figures; scale (22, 3) the spread of L2P."""

    gaps: dict[int, Gaps]
    told: dict[int, Batch]
    baseline: dict[int, dict[str, dict[str, float]]]
    clips: ClipSet
    scale: np.ndarray


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None, share: float = 1.0, minutes: float = 0.0, start: Path | None = None,
          rate: float = _RATE) -> None:
    """Train or go on training; leaves checkpoint.pt, best.pt, losses.csv, heldout.csv and corpus.json in `folder`.

    share: of the training clips, for the curve of error against data. minutes: of the clock, instead of steps. start: a
    run whose best weights are trained on, or a pack; rate: of learning, at its highest.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise GalateaError("--device cuda: torch finds no CUDA device here; leave it out to train on the CPU")
    folder.mkdir(parents=True, exist_ok=True)
    clips = load_clips(data)
    which = training_clips(clips, share, seed)
    corpus = build_gap_corpus(clips, which, seed)
    tiny = size != "full"
    # what was trained before needs few steps more: batches do for two each, averages need not reach back as far
    more = {"uses": 2, "average": 0.998} if start else {}
    schedule = (Schedule(steps, frames=400, rate=rate, judge_every=8, half=False, **more) if tiny
                else Schedule(steps, minutes, rate=rate, **more))
    mean, scale = spread_of(clips, which)
    judge = make_judge(clips, scale)
    run = _start(corpus, seed, device, TINY if tiny else FULL)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        _resume(run, checkpoint, schedule)
    elif start:
        _start_from(run, start)
    captured = float(np.sum(np.diff(clips.starts)[which]) / FPS / 60.0)
    about = {"seed": seed, "size": size, "steps": steps, "device": device, "hardware": hardware_of(device),
             "minutes": round(captured, 2), "schedule_minutes": minutes, "share": share, "rate": rate,
             "start": start.as_posix() if start else "",
             "spread_mean": mean.tolist(), "spread": scale.tolist(),
             "clips": [{"file": c.file, "sha256": c.sha256, "licence": c.licence} for c in corpus.labels]}
    (folder / "corpus.json").write_text(json.dumps(about, indent=1))
    print(f"{len(which)} clips, {captured:.0f} minutes, {len(corpus.rotations) / FPS / 60:.0f} with mirrored ones and "
          f"other tempos; {len(judge.gaps[MISSING[0]])} held-out windows; step {run.step} of {steps}", flush=True)

    unit = torch.as_tensor(scale, dtype=torch.float32, device=device)
    losses, held = (_open_log(folder / name, run.step, columns) for name, columns in (
        ("losses.csv", ("step", *LOSSES, "seconds")),
        ("heldout.csv", ("step", "seconds", *(f"l2p_{n}" for n in MISSING), *(f"l2q_{n}" for n in MISSING), "mean"))))
    began = time.monotonic() - run.seconds
    last = steps if stop_after is None else min(steps, run.step + stop_after)
    done = run.step >= steps or schedule.progress(run.step, run.seconds) >= 1.0
    with tqdm(initial=run.step, total=steps, unit="step", mininterval=10.0) as bar, losses, held:
        for batch in _batches(corpus, schedule, seed, range(run.step, run.step if done else last), wanted=not tiny):
            for name, value in train_step(run, batch, schedule, unit, device).items():
                run.sums[name] += value / _LOG_EVERY
            run.step += 1
            run.seconds = time.monotonic() - began
            bar.update()
            if run.step % _LOG_EVERY == 0:
                bar.set_postfix({name: f"{value:.3f}" for name, value in run.sums.items()})
                csv.writer(losses).writerow([run.step, *(f"{v:.5f}" for v in run.sums.values()), round(run.seconds)])
                losses.flush()
                run.sums = dict.fromkeys(run.sums, 0.0)
            done = run.step == steps or schedule.progress(run.step, run.seconds) >= 1.0
            if run.step % schedule.judge_every == 0 or done:
                ratios = held_out_ratios(run.averaged, judge)
                mean_ratio = float(np.mean([ratios[f"l2p_{n}"] for n in MISSING if f"l2p_{n}" in ratios]))
                csv.writer(held).writerow([run.step, round(run.seconds), *(f"{v:.4f}" for v in ratios.values()),
                                           f"{mean_ratio:.4f}"])
                held.flush()
                if mean_ratio < run.best:
                    run.best = mean_ratio
                    _write(folder / "best.pt", {"averaged": run.averaged.state_dict(), "step": run.step,
                                                "seconds": run.seconds, "shape": run.model.shape.as_dict()})
            if run.step % checkpoint_every == 0 or done:
                _save(run, checkpoint, schedule)
            if done:
                break
    if done and share == 1.0:
        steps = 4 if tiny else _VARIANT_STEPS // 4 if start else _VARIANT_STEPS  # they, too, begin with what there is
        train_variants(folder, corpus, unit, steps, schedule.frames, seed, schedule.half)
    print(f"best mean ratio of L2P to interpolation on held-out clips: {run.best:.3f}")


def _batches(corpus: GapCorpus, schedule: Schedule, seed: int, steps: range, wanted: bool) -> Iterator[Batch]:
    """Batches drawn anew from seed and step, so that a resumed run sees what an unbroken one would have seen; made in
    a process of their own, `wanted`, while the network learns."""
    if not wanted:
        for step in steps:
            yield draw_batch(corpus, schedule.frames, np.random.default_rng([seed, schedule.batch_of(step)]))
        return
    with ProcessPoolExecutor(1, get_context("fork"), _keep, (corpus, schedule.frames, seed)) as pool:
        drawn: dict[int, Future] = {}
        for step in steps:
            ahead = range(step, min(step + _IN_TURN * schedule.uses, steps.stop))
            wanted_now = dict.fromkeys(schedule.batch_of(other) for other in ahead)
            drawn = {number: drawn.get(number) or pool.submit(_draw, number) for number in wanted_now}
            yield drawn[schedule.batch_of(step)].result()


_kept: tuple[GapCorpus, int, int]


def _keep(*corpus: object) -> None:
    global _kept  # what the drawing process works on: sent once, not with every batch
    _kept = corpus


def _draw(number: int) -> Batch:
    corpus, frames, seed = _kept
    return draw_batch(corpus, frames, np.random.default_rng([seed, number]))


def _start(corpus: GapCorpus, seed: int, device: str, sizes: dict[str, int]) -> Run:
    torch.manual_seed(seed)
    batches = [draw_batch(corpus, 2000, np.random.default_rng([seed, 1 << 20, i])) for i in range(24)]
    features = np.concatenate([b.told.features.reshape(-1, b.told.features.shape[-1]) for b in batches])
    scale = features.std(axis=0)
    # the output's unit: how far from interpolation the body really is
    away = np.concatenate([away_from_interpolation(b)[~b.told.layout.known.all(-1)] for b in batches])
    unit = np.maximum(np.sqrt(np.mean(away ** 2, axis=0)), 0.01)
    model, averaged = (Inbetweener(InbetweenerShape(**sizes), features.mean(axis=0), np.maximum(scale, 0.05), unit)
                       .to(device) for _ in range(2))
    averaged.load_state_dict(model.state_dict())
    own = [p for name, p in model.named_parameters() if not name.startswith("variant")]
    return Run(model, averaged.eval(), torch.optim.AdamW(own, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01))


def train_step(run: Run, batch: Batch, schedule: Schedule, scale: Tensor, device: str) -> dict[str, float]:
    """One gradient step; the losses by name."""
    for group in run.optimiser.param_groups:
        group["lr"] = schedule.learning_rate(run.step, run.seconds)
    run.model.train()
    torch.manual_seed(run.step)
    x = tensors(batch, device)
    with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=schedule.half):
        turns, shifts, standing = run.model(x["features"], x["before"], x["after"], x["share"], None)
    losses = gap_losses(turns, shifts, standing, x, scale)
    loss = sum(losses.values())
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    if not torch.isfinite(norm):
        raise GalateaError(f"training step {run.step}: the gradient is not finite; run the command again to go on "
                           "from the last checkpoint, or lower the rate")
    run.optimiser.step()
    decay = min(schedule.average, (1.0 + run.step) / (10.0 + run.step))
    with torch.no_grad():
        for slow, fast in zip(run.averaged.parameters(), run.model.parameters(), strict=True):
            slow.lerp_(fast, 1.0 - decay)
    return {"loss": loss.item(), **{name: value.item() for name, value in losses.items()}}


# --- judging ----------------------------------------------------------------------------------------------------


def make_judge(clips: ClipSet, scale: np.ndarray) -> Judge:
    """The held-out clips' test windows."""
    from blender_addon.motion.inbetween_features import tell

    held = [i for i, label in enumerate(clips.labels) if label.split != "train"]
    gaps = {n: found for n in MISSING if len(found := gaps_of(clips, held, n))}
    if not gaps:
        raise GalateaError("no clip is held out to judge on; mark some in the column `split` of index.csv")
    told = {n: Batch(tell(g.rotations, g.positions, g.known), g.rotations, g.positions,
                     np.zeros((*g.positions.shape[:2], 4), dtype=np.float32)) for n, g in gaps.items()}
    baseline = {n: score(by_interpolation(g), g, clips.labels, scale) for n, g in gaps.items()}
    return Judge(gaps, told, baseline, clips, scale)


@torch.no_grad()
def held_out_ratios(model: Inbetweener, judge: Judge) -> dict[str, float]:
    """L2P and L2Q as ratios to interpolation, means over actions, at every length there are windows for."""
    model.eval()
    device = next(model.parameters()).device
    found = {}
    for n, gaps in judge.gaps.items():
        x = tensors(judge.told[n], str(device))
        turns, shifts, _ = model(x["features"], x["before"], x["after"], x["share"], None)
        made = apply(judge.told[n], turns.cpu().numpy(), shifts.cpu().numpy())
        found[n] = score(made, gaps, judge.clips.labels, judge.scale)["mean"]
    return {f"{name}_{n}": found[n][name] / judge.baseline[n]["mean"][name] for name in ("l2p", "l2q") for n in found}


def apply(batch: Batch, turns: np.ndarray, shifts: np.ndarray) -> Poses:
    """Interpolation with the network's changes on top, as the add-on does it."""
    told = batch.told
    moved = told.positions + turn_about_z(shifts[:, :, None].astype(np.float64), told.heading)[:, :, 0]
    return turned_by(told.rotations, turns.astype(np.float64)), moved


# --- keeping ----------------------------------------------------------------------------------------------------


def _write(path: Path, content: dict) -> None:
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)


def _save(run: Run, path: Path, schedule: Schedule) -> None:
    _write(path, {"model": run.model.state_dict(), "averaged": run.averaged.state_dict(),
                  "optimiser": run.optimiser.state_dict(), "step": run.step, "sums": run.sums, "seconds": run.seconds,
                  "best": run.best, "steps": schedule.steps, "shape": run.model.shape.as_dict()})


def _resume(run: Run, path: Path, schedule: Schedule) -> None:
    try:
        saved = torch.load(path, map_location=run.model.mean.device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{path}: not a readable checkpoint ({type(error).__name__}); delete it to begin again") \
            from error
    if saved["shape"] != run.model.shape.as_dict():
        raise GalateaError(f"{path}: was trained with other sizes; use another --run folder")
    if saved["steps"] != schedule.steps:
        raise GalateaError(f"{path}: its schedule has {saved['steps']} steps, not {schedule.steps}; give --steps "
                           f"{saved['steps']} or another --run folder")
    run.model.load_state_dict(saved["model"])
    run.averaged.load_state_dict(saved["averaged"])
    run.optimiser.load_state_dict(saved["optimiser"])
    run.step, run.seconds, run.sums, run.best = (saved[name] for name in ("step", "seconds", "sums", "best"))


def _start_from(run: Run, other: Path) -> None:
    """Take over the best weights of another run or those of a pack."""
    try:
        if (other / "pack.toml").is_file():
            weights = load_inbetweener(read_pack(other)).state_dict()
        else:
            weights = torch.load(other / "best.pt", map_location=run.model.mean.device, weights_only=True)["averaged"]
        for model in (run.model, run.averaged):
            model.load_state_dict(weights)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{other}: holds no best.pt of a network of this size ({type(error).__name__}); name the "
                           "--run folder of an earlier training, or a pack's") from error


def _open_log(path: Path, step: int, columns: tuple[str, ...]):  # noqa: ANN202 - an open text file
    """A table to append to, without the rows after the checkpoint, which will be made again."""
    kept: list[list[str]] = []
    if path.is_file() and step:
        with path.open(newline="") as file:
            kept = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= step]
    file = path.open("w", newline="")
    csv.writer(file).writerows([columns, *kept])
    file.flush()
    return file


