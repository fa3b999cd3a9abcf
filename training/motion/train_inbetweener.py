# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the in-betweener:

    python -m training train motion-inbetweener --data runs/motion.npz --run runs/motion-inbetweener

Run the same command again after a stop: it goes on from the last checkpoint. What is minimised is what is judged: joint
positions in units of their spread and global rotations, as a share of interpolation's error; every few hundred steps
the averaged weights are judged on the held-out clips, and those that did best are the ones that are exported.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import PACK_FILE, read_pack

from ..runs import follow, log_row, open_log, read, write
from .clips import FPS, load_clips
from .gap_corpus import build_gap_corpus, training_clips
from .gap_drawing import Pool, draw, draw_length, pool_of
from .gap_judge import held_out_ratios, make_judge
from .gap_losses import away_from_interpolation, gap_losses
from .gaps import spread_of
from .inbetweener import FULL, TINY, Inbetweener, InbetweenerShape, network_of
from .pack_weights import load_inbetweener
from .train_generator import _hardware as hardware_of
from .train_variants import train_variants

LOSSES = ("joints", "rotations", "velocity", "feet", "contacts")
_LOG_EVERY = 25
_RATE = 1.5e-3
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
    judge_every: int = 500
    half: bool = True  # bfloat16 products, twice the speed on processors that have them; everything else float32

    def progress(self, step: int, seconds: float) -> float:
        """0 at the start, 1 at the end."""
        return min(1.0, seconds / 60.0 / self.minutes if self.minutes else step / self.steps)

    def learning_rate(self, step: int, seconds: float) -> float:
        """Warm up over 300 steps, then a cosine down to a hundredth."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * self.progress(step, seconds)))
        return self.rate * min(1.0, (step + 1) / 300) * (0.01 + 0.99 * cosine)


@dataclass
class Run:
    """Everything that a checkpoint holds. sums: of the losses and of the gradient's length since they were last told;
    they stay on the device, which would have to wait for whoever looks at them."""

    model: Inbetweener
    averaged: Inbetweener
    optimiser: torch.optim.Optimizer
    sums: Tensor
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None, share: float = 1.0, minutes: float = 0.0, start: Path | None = None,
          rate: float = _RATE, network: int = 0) -> None:
    """Train or go on training; leaves checkpoint.pt, best.pt, losses.csv, heldout.csv and corpus.json in `folder`.

    share: of the training clips, for the curve of error against data. minutes: of the clock, instead of steps. start: a
    run whose best weights are trained on, or a pack, of which network says which of its several; rate: of learning, at
    its highest.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise GalateaError("--device cuda: torch finds no CUDA device here; leave it out to train on the CPU")
    folder.mkdir(parents=True, exist_ok=True)
    clips = load_clips(data)
    which = training_clips(clips, share, seed)
    corpus = build_gap_corpus(clips, which)
    pool = pool_of(corpus, device)
    tiny = size != "full"
    mean, spread = spread_of(clips, which)
    scale = torch.as_tensor(spread, dtype=torch.float32, device=device)
    judge = make_judge(clips, device)
    schedule = _schedule(steps, minutes, rate, device, tiny, bool(start))
    run = _begin(pool, seed, device, TINY if tiny else FULL)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        _resume(run, checkpoint, schedule)
    elif start:
        _start_from(run, start, network)
    captured = float(np.sum(np.diff(clips.starts)[which]) / FPS / 60.0)
    about = {"seed": seed, "size": size, "steps": steps, "device": device, "hardware": hardware_of(device),
             "minutes": round(captured, 2), "schedule_minutes": minutes, "share": share, "rate": rate,
             "start": start.as_posix() if start else "", "network": network,
             "spread_mean": mean.tolist(), "spread": spread.tolist(),
             "clips": [{"file": c.file, "sha256": c.sha256, "licence": c.licence} for c in corpus.labels]}
    (folder / "corpus.json").write_text(json.dumps(about, indent=1))
    print(f"{len(which)} clips, {captured:.0f} minutes; step {run.step} of {steps}", flush=True)

    losses, held = (open_log(folder / name, columns, run.step) for name, columns in (
        ("losses.csv", ("step", *LOSSES, "seconds")),
        ("heldout.csv", ("step", "seconds", *(f"l2p_{n}" for n in judge), "mean"))))
    began = time.monotonic() - run.seconds
    last = steps if stop_after is None else min(steps, run.step + stop_after)
    done = run.step >= steps or schedule.progress(run.step, run.seconds) >= 1.0
    with tqdm(initial=run.step, total=steps, unit="step", mininterval=10.0) as bar, losses, held:
        while run.step < last and not done:
            train_step(run, pool, schedule, scale, seed)
            run.seconds = time.monotonic() - began
            bar.update()
            done = run.step == steps or schedule.progress(run.step, run.seconds) >= 1.0
            judged = run.step % schedule.judge_every == 0 or done
            kept = run.step % checkpoint_every == 0 or done
            if run.step % _LOG_EVERY == 0 or judged or kept:
                _check(run)
            if run.step % _LOG_EVERY == 0:
                means = [value / _LOG_EVERY for value in run.sums[:-1].tolist()]
                bar.set_postfix({name: f"{value:.3f}" for name, value in zip(LOSSES, means, strict=True)})
                log_row(losses, [run.step, *(f"{value:.5f}" for value in means), round(run.seconds)])
                run.sums.zero_()
            if judged:
                ratios = held_out_ratios(run.averaged, judge, scale)
                whole = float(np.mean(list(ratios.values())))
                log_row(held, [run.step, round(run.seconds), *(f"{v:.4f}" for v in ratios.values()), f"{whole:.4f}"])
                if whole < run.best:
                    run.best = whole
                    write(folder / "best.pt", {"averaged": run.averaged.state_dict(), "step": run.step,
                                               "seconds": run.seconds, "shape": run.model.shape.as_dict()})
            if kept:
                _save(run, checkpoint, schedule)
    if done and share == 1.0:
        more = 4 if tiny else _VARIANT_STEPS // 4 if start else _VARIANT_STEPS  # they, too, begin with what there is
        train_variants(folder, pool, scale, more, schedule.frames, seed, schedule.half)
    print(f"best mean ratio of L2P to interpolation on held-out clips: {run.best:.3f}")


def _schedule(steps: int, minutes: float, rate: float, device: str, tiny: bool, again: bool) -> Schedule:
    """again: what was trained before needs few steps more, so averages need not reach back as far."""
    average = 0.998 if again else Schedule.average
    if tiny:
        return Schedule(steps, frames=400, rate=rate, average=average, judge_every=8, half=False)
    # a GPU is as quick over three times as many, and gains nothing by halves here
    gpu = {"frames": 7200, "average": min(average, 0.999), "half": False} if device != "cpu" else {"average": average}
    return Schedule(steps, minutes, rate=rate, **gpu)


def _begin(pool: Pool, seed: int, device: str, sizes: dict[str, int]) -> Run:
    """A network that knows the range of what it sees and of what it is to say."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    lengths = [draw_length(rng) for _ in range(24)]
    drawn = [draw(pool, length, max(2, 2000 // length)) for length in lengths]
    features = torch.cat([x["features"].flatten(0, 1) for x in drawn])
    # the output's unit: how far from interpolation the body really is
    away = torch.cat([away_from_interpolation(x)[x["missing"]] for x in drawn])
    unit = away.square().mean(0).sqrt().clamp(min=0.01)
    told = [part.cpu().numpy() for part in (features.mean(0), features.std(0).clamp(min=0.05), unit)]
    model, averaged = (Inbetweener(InbetweenerShape(**sizes), *told).to(device) for _ in range(2))
    averaged.load_state_dict(model.state_dict())
    own = [p for name, p in model.named_parameters() if not name.startswith("variant")]
    return Run(model, averaged.eval(), torch.optim.AdamW(own, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.03),
               torch.zeros(len(LOSSES) + 1, device=device))


def train_step(run: Run, pool: Pool, schedule: Schedule, scale: Tensor, seed: int) -> None:
    """One gradient step on a batch that is drawn from seed and step, so that a resumed run sees what an unbroken one
    would have seen."""
    for group in run.optimiser.param_groups:
        group["lr"] = schedule.learning_rate(run.step, run.seconds)
    run.model.train()
    torch.manual_seed((seed << 32) + run.step)
    length = draw_length(np.random.default_rng([seed, run.step]))
    with torch.no_grad():
        x = draw(pool, length, max(2, schedule.frames // length))
    with torch.autocast(pool.weight.device.type, torch.bfloat16, enabled=schedule.half):
        said = run.model(x["features"], x["before"], x["after"], x["share"], None)
    found = gap_losses(*said, x, scale)
    losses = torch.stack([found[name] for name in LOSSES])
    run.optimiser.zero_grad(set_to_none=True)
    losses.sum().backward()
    norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    follow(run.averaged, run.model, run.step, schedule.average)
    run.sums += torch.cat([losses.detach(), norm[None]])
    run.step += 1


def _check(run: Run) -> None:
    if not torch.isfinite(run.sums).all():
        raise GalateaError(f"training step {run.step}: a gradient before it is not finite; run the command again to go "
                           "on from the last checkpoint, or lower the rate")


# --- keeping ----------------------------------------------------------------------------------------------------


def _save(run: Run, path: Path, schedule: Schedule) -> None:
    write(path, {"model": run.model.state_dict(), "averaged": run.averaged.state_dict(),
                 "optimiser": run.optimiser.state_dict(), "step": run.step, "sums": run.sums, "seconds": run.seconds,
                 "best": run.best, "steps": schedule.steps, "shape": run.model.shape.as_dict()})


def _resume(run: Run, path: Path, schedule: Schedule) -> None:
    saved = read(path, run.sums.device)
    if saved["shape"] != run.model.shape.as_dict():
        raise GalateaError(f"{path}: was trained with other sizes; use another --run folder")
    if saved["steps"] != schedule.steps:
        raise GalateaError(f"{path}: its schedule has {saved['steps']} steps, not {schedule.steps}; give --steps "
                           f"{saved['steps']} or another --run folder")
    run.model.load_state_dict(saved["model"])
    run.averaged.load_state_dict(saved["averaged"])
    run.optimiser.load_state_dict(saved["optimiser"])
    run.step, run.seconds, run.sums, run.best = (saved[name] for name in ("step", "seconds", "sums", "best"))


def load_best(folder: Path, device: str, network: int = 0) -> Inbetweener:
    """The best weights of a run, or those of one of a pack's networks."""
    if (folder / PACK_FILE).is_file():
        return load_inbetweener(read_pack(folder), network).to(device).eval()
    saved = read(folder / "best.pt", device, "name the --run folder of an earlier training, or a pack's")
    return network_of(saved).to(device).eval()


def _start_from(run: Run, other: Path, network: int) -> None:
    found = load_best(other, str(run.sums.device), network)
    if found.shape != run.model.shape:
        raise GalateaError(f"{other}: holds a network of another size; begin anew without --start")
    for model in (run.model, run.averaged):
        model.load_state_dict(found.state_dict())
