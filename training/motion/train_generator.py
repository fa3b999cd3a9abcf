# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the motion generator:

    python -m training train motion-generator --data runs/motion.npz --run runs/motion-generator

Run the same command again after a stop: it goes on from the last checkpoint, to the same losses as an unbroken run.
The network is shown its own motion from early on (scheduled sampling, then free roll-outs of growing length), because
it will see nothing else when it generates.
"""

from __future__ import annotations

import csv
import json
import math
import os
import pickle
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.motion.skeleton import CONTACT_JOINTS, INDEX

from blender_addon.motion import state_features as features
from .clips import FPS, load_clips
from .corpus import Corpus, Windows, build_corpus, draw_windows
from .generator import (
    FULL,
    LATENT_FRAMES,
    TINY,
    TRAJECTORY_SECONDS,
    Generator,
    GeneratorShape,
    LatentReader,
    local_joints,
)

AHEAD = int(round(max(TRAJECTORY_SECONDS) * FPS))
COLUMNS = ("step", "loss", "state", "joints", "velocity", "feet", "root", "latent", "rollout", "rate", "frames_per_s")


@dataclass(frozen=True)
class Schedule:
    """How long, how fast, how far. Steps are gradient steps."""

    steps: int
    batch: int = 64
    window: int = 64
    rate: float = 1e-3
    warm_up: int = 8
    information: float = 5e-4   # what a nat in the latent of half a second costs in the end
    average: float = 0.999
    half: bool = True   # bfloat16 products, twice the speed on processors that have them; everything else float32

    def longest_rollout(self, step: int) -> int:
        """Frames on its own between two looks at the data: 1 at first, the whole window after two fifths of the steps.

        Each step draws a length up to it; over a long one alone, phases drift apart and an average would pay.
        """
        share = step / self.steps
        if share < 0.08:
            return 1
        if share > 0.4:
            return self.window
        return int(round(2 + (self.window - 2) * ((share - 0.08) / 0.32) ** 1.5))

    def latent_weight(self, step: int) -> float:
        """The cost of a nat: a tenth at first, so that the latent is found useful, full after two fifths."""
        return self.information * min(1.0, 0.1 + 2.25 * step / self.steps)

    def learning_rate(self, step: int) -> float:
        """Warm up over 200 steps, then a cosine down to a hundredth."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(step / self.steps, 1.0)))
        return self.rate * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * cosine)


@dataclass
class Run:
    """Everything that a checkpoint holds."""

    model: Generator
    reader: LatentReader
    averaged: Generator
    optimiser: torch.optim.Optimizer
    sums: dict[str, float]  # of the losses since the last row of losses.csv
    step: int = 0
    seconds: float = 0.0


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None) -> None:
    """Train or go on training; leaves checkpoint.pt, losses.csv, losses.png and corpus.json in `folder`."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise GalateaError("--device cuda: torch finds no CUDA device here; leave it out to train on the CPU")
    folder.mkdir(parents=True, exist_ok=True)
    corpus = build_corpus(load_clips(data), seed)
    schedule = Schedule(steps=steps) if size == "full" else Schedule(steps=steps, batch=8, window=32, half=False)
    run = _start(corpus, seed, device, size)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        _resume(run, checkpoint, schedule, corpus)
    (folder / "corpus.json").write_text(json.dumps(_describe(corpus, schedule, seed, size, str(device)), indent=1))
    print(f"{len(corpus.labels)} clips, {len(corpus.states) / FPS / 60:.0f} minutes with mirrored and stitched ones; "
          f"actions {', '.join(corpus.actions)}; step {run.step} of {steps}")

    log = _open_log(folder / "losses.csv", run.step)
    began, first = time.monotonic(), run.step
    last = steps if stop_after is None else min(steps, run.step + stop_after)
    with log, tqdm(initial=run.step, total=steps, unit="step", mininterval=2.0) as bar:
        writer = csv.writer(log)
        while run.step < last:
            figures = _train_step(run, corpus, schedule, seed, device)
            for name, value in figures.items():
                run.sums[name] += value / _LOG_EVERY
            run.step += 1
            bar.update()
            if run.step % _LOG_EVERY == 0:
                rate = (run.step - first) * schedule.batch * schedule.window / (time.monotonic() - began)
                bar.set_postfix(loss=f"{run.sums['loss']:.3f}", joints=f"{run.sums['joints']:.3f}",
                                frames_s=f"{rate:.0f}")
                writer.writerow([run.step, *(f"{v:.5f}" for v in run.sums.values()), schedule.longest_rollout(run.step),
                                 f"{schedule.learning_rate(run.step):.2e}", f"{rate:.0f}"])
                log.flush()
                run.sums = dict.fromkeys(run.sums, 0.0)
            if run.step % checkpoint_every == 0 or run.step == steps:
                _save(run, checkpoint, schedule, time.monotonic() - began)
                began, first = time.monotonic(), run.step
    plot_losses(folder / "losses.csv", folder / "losses.png")


_LOG_EVERY = 10


def _start(corpus: Corpus, seed: int, device: str, size: str) -> Run:
    torch.manual_seed(seed)
    shape = GeneratorShape(len(corpus.actions), len(corpus.styles), **(FULL if size == "full" else TINY))
    normal = (corpus.states - corpus.mean) / corpus.scale
    delta = np.ones(features.SIZE, dtype=np.float32)
    change = np.diff(normal, axis=0).std(axis=0)
    for part in (features.HEIGHT, features.ROTATIONS, features.POSITIONS):
        delta[part] = change[part]
    model, averaged = (Generator(shape, corpus.mean, corpus.scale, delta).to(device) for _ in range(2))
    averaged.load_state_dict(model.state_dict())
    reader = LatentReader(shape.state, shape.latent, 192 if size == "full" else 24).to(device)
    parameters = [*model.parameters(), *reader.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-3)
    return Run(model, reader, averaged, optimiser, dict.fromkeys(COLUMNS[1:8], 0.0))


def _train_step(run: Run, corpus: Corpus, schedule: Schedule, seed: int, device: str) -> dict[str, float]:
    # drawn anew from seed and step, so that a resumed run sees what an unbroken one would have seen
    rng = np.random.default_rng([seed, run.step])
    torch.manual_seed(seed * 1_000_003 + run.step)
    for group in run.optimiser.param_groups:
        group["lr"] = schedule.learning_rate(run.step)
    windows = draw_windows(corpus, schedule.batch, schedule.window, AHEAD, rng)
    with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=schedule.half):
        made = roll_out(run.model, run.reader, windows, schedule, run.step, rng, device)
    losses = _losses(run.model, *made, schedule, run.step)
    loss = sum(losses.values())
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_([*run.model.parameters(), *run.reader.parameters()], 1.0)
    if not torch.isfinite(norm):
        raise GalateaError(f"training step {run.step}: the gradient is not finite; start again from the last "
                           "checkpoint with a smaller rate")
    run.optimiser.step()
    decay = min(schedule.average, (1.0 + run.step) / (10.0 + run.step))
    with torch.no_grad():
        for slow, fast in zip(run.averaged.parameters(), run.model.parameters(), strict=True):
            slow.lerp_(fast, 1.0 - decay)
    return {"loss": loss.item(), **{name: value.item() for name, value in losses.items()}}


def roll_out(model: Generator, reader: LatentReader, windows: Windows, schedule: Schedule, step: int,
             rng: np.random.Generator, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor, list[Tensor]]:
    """A window as the model makes it: warmed up on the data, then on its own poses for `rollout` frames at a time.

    Returns states made (B, T - 1, S), normalised, and roots (B, T - 1, 3), the same as they should be, and mean and
    log spread of the latents as read off the window (B, C, Z) and as expected before (B, Z).
    """
    batch, length = windows.states.shape[:2]
    x = torch.as_tensor(windows.states, device=device)
    x = (x - model.mean) / model.scale
    wanted = torch.as_tensor(windows.path, dtype=torch.float32, device=device)
    paths = torch.as_tensor(windows.root, dtype=torch.float32, device=device)
    action = functional.one_hot(torch.as_tensor(windows.action, device=device), model.shape.actions).float()
    style = torch.zeros(batch, max(model.shape.styles, 1), device=device)
    styled = torch.as_tensor(windows.style, device=device)
    if model.shape.styles:
        style[styled >= 0] = functional.one_hot(styled[styled >= 0], model.shape.styles).float()
        # a style is left out now and then, so that an action without one is a mixture of all
        style = style * (torch.rand(batch, 1, device=device) > 0.1)
    follow = torch.as_tensor(_follow(model, windows, rng), dtype=torch.float32, device=device)

    meaning = model.meaning(action, style)
    read, prior = reader(x), model.latent_prior(meaning)
    latents = read[0] + torch.randn_like(read[0]) * torch.exp(read[1])

    offsets = torch.tensor([int(round(s * FPS)) for s in TRAJECTORY_SECONDS], device=device)
    hidden = [torch.zeros(batch, model.shape.hidden, device=device) for _ in range(model.shape.layers)]
    cell = list(hidden)
    pose, root = x[:, 0], paths[:, 0]
    longest = schedule.longest_rollout(step)
    rollout = int(rng.integers(max(1, longest // 4), longest + 1))
    # some windows begin from the average pose, as generating does
    cold = torch.rand(batch, 1, device=device) < (0.1 if longest > 8 else 0.0)
    pose = torch.where(cold, torch.zeros_like(pose), pose)
    noise = torch.randn(length, batch, model.shape.state, device=device) * 0.05
    made, roots = [], []
    for t in range(length - 1):
        if t % LATENT_FRAMES == 0:
            both, gain, shift = model.condition(meaning, latents[:, t // LATENT_FRAMES])
        ahead = wanted[:, t + 1 + offsets]
        trajectory = torch.cat([ahead[..., :2], torch.sin(ahead[..., 2:]), -torch.cos(ahead[..., 2:])], dim=-1)
        pose, root, hidden, cell = model.step(pose + noise[t], root, model.goal(root, trajectory, follow), both, gain,
                                              shift, hidden, cell)
        made.append(pose)
        roots.append(root)
        if t < schedule.warm_up - 1 or (t + 1) % rollout == 0:
            pose = torch.where(cold, pose, x[:, t + 1])
            root = paths[:, t + 1]
    return (torch.stack(made, 1).float(), torch.stack(roots, 1).float(), x[:, 1:], paths[:, 1:length],
            [part.float() for part in (*read, *prior)])


def _follow(model: Generator, windows: Windows, rng: np.random.Generator) -> np.ndarray:
    """(B, 1) whether the path is shown: mostly; without it the model must find its own way."""
    return (rng.random((len(windows.action), 1)) < 0.75).astype(np.float32)


def _losses(model: Generator, made: Tensor, roots: Tensor, wanted: Tensor, paths: Tensor,
            latents: list[Tensor], schedule: Schedule, step: int) -> dict[str, Tensor]:
    batch, length = made.shape[:2]
    weight = torch.ones(features.SIZE, device=made.device)
    weight[features.MOVE] = 4.0
    weight[features.HEIGHT] = 4.0
    state = ((made - wanted).abs() * weight).mean()

    def joints(x: Tensor) -> Tensor:
        raw = x * model.scale + model.mean
        return local_joints(raw[..., features.ROTATIONS].reshape(-1, 132),
                            raw[..., features.HEIGHT].reshape(-1, 1)).reshape(batch, length, 22, 3)

    own = joints(made)
    with torch.no_grad():
        true = joints(wanted)
    apart = (own - true).abs().mean()
    velocity = (torch.diff(own, dim=1) - torch.diff(true, dim=1)).abs().mean() * FPS

    # feet that stand in the data must stand in the world
    feet = [INDEX[name] for name in CONTACT_JOINTS]
    cos, sin = torch.cos(roots[..., 2:]), torch.sin(roots[..., 2:])
    x, y, z = own[:, :, feet].unbind(-1)
    world = torch.stack([cos * x - sin * y + roots[..., :1], sin * x + cos * y + roots[..., 1:2], z], dim=-1)
    stands = wanted[:, 1:, features.CONTACTS] * wanted[:, :-1, features.CONTACTS]
    sliding = (torch.diff(world, dim=1).square().sum(-1) + 1e-8).sqrt() * FPS
    slide = (sliding * stands).sum() / (stands.sum() + 1.0)

    away = (roots - paths)
    apart_root = away[..., :2].abs().mean() + (1.0 - torch.cos(away[..., 2])).mean()

    mean, spread, prior_mean, prior_spread = latents
    prior_mean, prior_spread = prior_mean[:, None], prior_spread[:, None]
    ratio = torch.exp(2.0 * (spread - prior_spread))
    gap = ((mean - prior_mean) * torch.exp(-prior_spread)).square()
    latent = torch.clamp(0.5 * (ratio + gap - 1.0 - torch.log(ratio)).sum(dim=-1).mean(), min=1.0)
    return {"state": state, "joints": 4.0 * apart, "velocity": 0.25 * velocity, "feet": 0.3 * slide,
            "root": 0.5 * apart_root, "latent": schedule.latent_weight(step) * latent}


def _describe(corpus: Corpus, schedule: Schedule, seed: int, size: str, device: str) -> dict:
    return {
        "actions": corpus.actions, "styles": corpus.styles, "speed": corpus.speed, "seed": seed, "size": size,
        "device": device, "hardware": _hardware(device), "steps": schedule.steps, "batch": schedule.batch,
        "window": schedule.window,
        "clips": [{"file": c.file, "sha256": c.sha256, "licence": c.licence} for c in corpus.labels],
    }


def _hardware(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    try:
        names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                 if line.startswith("model name")]
    except OSError:
        names = []
    return f"{os.cpu_count()} cores of {names[0] if names else platform.processor() or platform.machine()}"


def _save(run: Run, path: Path, schedule: Schedule, seconds: float) -> None:
    run.seconds += seconds
    part = path.with_suffix(".part")
    torch.save({
        "model": run.model.state_dict(), "reader": run.reader.state_dict(), "averaged": run.averaged.state_dict(),
        "optimiser": run.optimiser.state_dict(), "step": run.step, "sums": run.sums, "seconds": run.seconds,
        "steps": schedule.steps, "shape": run.model.shape.as_dict()}, part)
    part.replace(path)


def _resume(run: Run, path: Path, schedule: Schedule, corpus: Corpus) -> None:
    try:
        saved = torch.load(path, map_location=run.model.mean.device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{path}: not a readable checkpoint ({type(error).__name__}); delete it to begin again") \
            from error
    if saved["shape"] != run.model.shape.as_dict():
        raise GalateaError(f"{path}: was trained with other sizes or actions; use another --run folder")
    if saved["steps"] != schedule.steps:
        raise GalateaError(f"{path}: its schedule has {saved['steps']} steps, not {schedule.steps}; give --steps "
                           f"{saved['steps']} or another --run folder")
    run.model.load_state_dict(saved["model"])
    run.reader.load_state_dict(saved["reader"])
    run.averaged.load_state_dict(saved["averaged"])
    run.optimiser.load_state_dict(saved["optimiser"])
    run.step, run.seconds, run.sums = saved["step"], saved["seconds"], saved["sums"]


def _open_log(path: Path, step: int) -> TextIO:
    """losses.csv to append to, without the rows after the checkpoint, which will be made again."""
    kept: list[list[str]] = []
    if path.is_file() and step:
        with path.open(newline="") as file:
            kept = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= step]
    file = path.open("w", newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(kept)
    return file


def plot_losses(table: Path, picture: Path) -> None:
    """Draw losses.csv."""
    from matplotlib import pyplot as plt

    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    figure, axis = plt.subplots(figsize=(8, 4))
    for name in COLUMNS[1:8]:
        axis.plot([int(r["step"]) for r in rows], [float(r[name]) for r in rows], label=name, lw=0.9)
    axis.set(yscale="log", xlabel="step", ylabel="loss")
    axis.legend(ncols=4, fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, dpi=100)
    plt.close(figure)
