# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the motion generator:

    python -m training train motion-generator --data runs/motion.npz --run runs/motion-generator

Run the same command again after a stop: it goes on from the last checkpoint, to the same losses as an unbroken run.
The network is shown its own motion from early on (scheduled sampling, then free roll-outs of growing length), because
it will see nothing else when it generates. Later on a share of every batch runs on drawn latents, as generating does:
no capture says what should come of them, so a critic does, which learns to tell them from captures.
"""

from __future__ import annotations

import copy
import csv
import json
import math
import os
import pickle
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.motion import state_features as features
from blender_addon.motion.joint_limits import measure_limits
from blender_addon.motion.skeleton import CONTACT_JOINTS, INDEX

from .clips import FPS, load_clips
from .corpus import Corpus, Windows, build_corpus, draw_windows
from .generator import (
    FULL,
    LATENT_FRAMES,
    TINY,
    TRAJECTORY_SECONDS,
    Critic,
    Generator,
    GeneratorShape,
    LatentReader,
    local_joints,
)

AHEAD = int(round(max(TRAJECTORY_SECONDS) * FPS))
LOSSES = ("loss", "state", "joints", "velocity", "feet", "root", "latent", "nats", "fooled", "critic")
COLUMNS = ("step", *LOSSES, "rollout", "rate", "frames_per_s")


@dataclass(frozen=True)
class Schedule:
    """How long, how fast, how far: so many gradient steps or, where minutes are given, so many minutes (a shared
    machine does not do the same number of steps every day). What changes goes by the share of it that is done."""

    steps: int
    minutes: float = 0.0
    batch: int = 48
    window: int = 96
    rate: float = 1e-3
    warm_up: int = 8
    information: float = 4e-3   # what a nat in a latent costs in the end
    foretold: float = 4e-3      # what a nat costs by which the prior misses a latent
    drawn: float = 0.4          # of a batch runs on drawn latents
    fooling: float = 0.06       # what it is worth that the critic takes that for a capture
    lively: float = 0.3         # what it costs that joints move e times less or more than in the captures
    average: float = 0.999
    half: bool = True   # bfloat16 products, twice the speed on processors that have them; everything else float32

    def share(self, step: int, seconds: float) -> float:
        """0 at the start, 1 at the end."""
        return min(1.0, seconds / 60.0 / self.minutes if self.minutes else step / self.steps)

    def longest_rollout(self, share: float) -> int:
        """Frames on its own between two looks at the data: 1 at first, the whole window after two fifths.

        Each step draws a length up to it; over a long one alone, phases drift apart and an average would pay.
        """
        if share < 0.08:
            return 1
        if share > 0.4:
            return self.window
        return int(round(2 + (self.window - 2) * ((share - 0.08) / 0.32) ** 1.5))

    def latent_weight(self, share: float) -> float:
        """The cost of a nat: a tenth at first, so that the latent is found useful, full after two fifths."""
        return self.information * min(1.0, 0.1 + 2.25 * share)

    def drawn_windows(self, share: float) -> int:
        """How many of a batch run on drawn latents: none in the first quarter, while nothing good can come of them."""
        return int(round(self.batch * self.drawn)) if share >= 0.25 else 0

    def learning_rate(self, step: int, share: float) -> float:
        """Warm up over 200 steps, then a cosine down to a hundredth."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * share))
        return self.rate * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * cosine)


@dataclass
class Run:
    """Everything that a checkpoint holds."""

    model: Generator
    reader: LatentReader
    averaged: Generator
    optimiser: torch.optim.Optimizer
    critic: Critic
    critic_optimiser: torch.optim.Optimizer
    sums: dict[str, float]  # of the losses since the last row of losses.csv
    step: int = 0
    seconds: float = 0.0


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None, minutes: float = 0.0, once: Sequence[str] = ()) -> None:
    """Train or go on training; leaves checkpoint.pt, losses.csv, losses.png and corpus.json in `folder`.

    minutes: of the clock, instead of steps. once: actions with a beginning and an end, besides those known to have.
    """
    check_device(device)
    folder.mkdir(parents=True, exist_ok=True)
    corpus = build_corpus(load_clips(data), seed, once)
    schedule = Schedule(steps, minutes) if size == "full" else Schedule(steps, batch=8, window=32, half=False)
    run = begin(_network(corpus, seed, size), size, seed, device)
    go_on(run, corpus, schedule, folder, {}, seed, size, device, checkpoint_every, stop_after)


def check_device(device: str) -> None:
    """GalateaError when torch cannot train on it."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise GalateaError("--device cuda: torch finds no CUDA device here; leave it out to train on the CPU")


def go_on(run: Run, corpus: Corpus, schedule: Schedule, folder: Path, about: dict, seed: int, size: str, device: str,
          checkpoint_every: int, stop_after: int | None) -> None:
    """Train from the run's checkpoint in `folder`, where there is one, to the end of the schedule.

    about: what corpus.json is to say besides.
    """
    steps = schedule.steps
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        _resume(run, checkpoint, schedule, corpus)
    description = _describe(corpus, schedule, seed, size, str(device)) | about
    (folder / "corpus.json").write_text(json.dumps(description, indent=1))
    print(f"{len(corpus.labels)} clips, {len(corpus.states) / FPS / 60:.0f} minutes with mirrored and stitched ones; "
          f"actions {', '.join(corpus.actions)}; step {run.step} of {steps}")

    log = _open_log(folder / "losses.csv", run.step)
    began, before, first = time.monotonic() - run.seconds, run.seconds, run.step
    last = steps if stop_after is None else min(steps, run.step + stop_after)
    with log, tqdm(initial=run.step, total=steps, unit="step", mininterval=2.0) as bar:
        writer = csv.writer(log)
        while run.step < last and schedule.share(run.step, run.seconds) < 1.0:
            figures = _train_step(run, corpus, schedule, seed, device)
            for name, value in figures.items():
                run.sums[name] += value / _LOG_EVERY
            run.step += 1
            run.seconds = time.monotonic() - began
            share = schedule.share(run.step, run.seconds)
            bar.update()
            if run.step % _LOG_EVERY == 0:
                rate = (run.step - first) * schedule.batch * schedule.window / (run.seconds - before)
                bar.set_postfix(loss=f"{run.sums['loss']:.3f}", joints=f"{run.sums['joints']:.3f}",
                                frames_s=f"{rate:.0f}")
                writer.writerow([run.step, *(f"{v:.5f}" for v in run.sums.values()), schedule.longest_rollout(share),
                                 f"{schedule.learning_rate(run.step, share):.2e}", f"{rate:.0f}"])
                log.flush()
                run.sums = dict.fromkeys(run.sums, 0.0)
            if run.step % checkpoint_every == 0 or share >= 1.0:
                _save(run, checkpoint, schedule)
                before, first = run.seconds, run.step
    plot_losses(folder / "losses.csv", folder / "losses.png")


_LOG_EVERY = 10


def _network(corpus: Corpus, seed: int, size: str) -> Generator:
    torch.manual_seed(seed)
    shape = GeneratorShape(len(corpus.actions), len(corpus.styles), **(FULL if size == "full" else TINY))
    normal = (corpus.states - corpus.mean) / corpus.scale
    delta = np.ones(features.SIZE, dtype=np.float32)
    change = np.diff(normal, axis=0).std(axis=0)
    for part in (features.HEIGHT, features.ROTATIONS, features.POSITIONS):
        delta[part] = change[part]
    return Generator(shape, corpus.mean, corpus.scale, delta)


def begin(model: Generator, size: str, seed: int, device: str) -> Run:
    """A run that begins with a network: what only training has is made anew."""
    torch.manual_seed(seed)
    shape, model = model.shape, model.to(device)
    averaged = copy.deepcopy(model)
    reader = LatentReader(shape.state, shape.latent, 192 if size == "full" else 24).to(device)
    parameters = [*model.parameters(), *reader.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-3)
    critic = Critic(shape.state, shape.actions, 160 if size == "full" else 16).to(device)
    critic_optimiser = torch.optim.Adam(critic.parameters(), lr=4e-4, betas=(0.5, 0.9))
    return Run(model, reader, averaged, optimiser, critic, critic_optimiser, dict.fromkeys(LOSSES, 0.0))


def _train_step(run: Run, corpus: Corpus, schedule: Schedule, seed: int, device: str) -> dict[str, float]:
    # drawn anew from seed and step, so that a resumed run sees what an unbroken one would have seen
    rng = np.random.default_rng([seed, run.step])
    torch.manual_seed(seed * 1_000_003 + run.step)
    share = schedule.share(run.step, run.seconds)
    for group in run.optimiser.param_groups:
        group["lr"] = schedule.learning_rate(run.step, share)
    windows = draw_windows(corpus, schedule.batch, schedule.window, AHEAD, rng)
    with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=schedule.half):
        made = roll_out(run.model, run.reader, windows, schedule, share, rng, device)
    losses = losses_of(run.model, made, schedule, share)
    if made.drawn:
        losses |= _fooling(run, made, schedule)
    nats = losses.pop("nats")
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
    critic = _teach_critic(run, made) if made.drawn else 0.0
    return {"loss": loss.item(), "nats": nats.item(), "critic": critic,
            **{name: value.item() for name, value in losses.items()}}


@dataclass(frozen=True, eq=False)
class RolledOut:
    """Windows as the model makes them and as they were: states (B, T - 1, S) normalised, roots (B, T - 1, 3).

    The first `drawn` windows ran on drawn latents, for them nothing was wanted; action (B, T - 1, A). latents: mean and
    log spread (B, C, Z) as read off the windows, then as expected by the prior.
    """

    states: Tensor
    roots: Tensor
    wanted_states: Tensor
    wanted_roots: Tensor
    action: Tensor
    latents: tuple[Tensor, Tensor, Tensor, Tensor]
    drawn: int


def roll_out(model: Generator, reader: LatentReader, windows: Windows, schedule: Schedule, share: float,
             rng: np.random.Generator, device: str) -> RolledOut:
    """Windows as the model makes them: warmed up on the data, then on its own poses for `rollout` frames at a time; on
    drawn latents all the way."""
    batch, length = windows.states.shape[:2]
    x = torch.as_tensor(windows.states, device=device)
    x = (x - model.mean) / model.scale
    wanted = torch.as_tensor(windows.path, dtype=torch.float32, device=device)
    paths = torch.as_tensor(windows.root, dtype=torch.float32, device=device)
    action = torch.as_tensor(windows.action, device=device)
    follow = torch.as_tensor(_follow(model, windows, rng), dtype=torch.float32, device=device)
    meaning = model.meaning(action, _styles(model, windows, device))
    drawn = torch.zeros(batch, 1, device=device)
    drawn[:schedule.drawn_windows(share)] = 1.0

    read_mean, read_spread = reader(x)
    eps = torch.randn_like(read_mean)
    expected: list[tuple[Tensor, Tensor]] = []
    offsets = torch.tensor([int(round(s * FPS)) for s in TRAJECTORY_SECONDS], device=device)
    hidden = [torch.zeros(batch, model.shape.hidden, device=device) for _ in range(model.shape.layers)]
    cell = list(hidden)
    pose, root = x[:, 0], paths[:, 0]
    longest = schedule.longest_rollout(share)
    rollout = int(rng.integers(max(1, longest // 4), longest + 1))
    # some windows begin from the average pose, as generating does: from it, too, a model must come to life
    cold = torch.rand(batch, 1, device=device) < (0.1 + 0.3 * drawn if longest > 8 else 0.0 * drawn)
    pose = torch.where(cold, torch.zeros_like(pose), pose)
    noise = torch.randn(length, batch, model.shape.state, device=device) * 0.05
    made, roots = [], []
    for t in range(length - 1):
        ahead = wanted[:, t + 1 + offsets]
        trajectory = torch.cat([ahead[..., :2], torch.sin(ahead[..., 2:]), -torch.cos(ahead[..., 2:])], dim=-1)
        goal = model.goal(root, trajectory, follow)
        if t % LATENT_FRAMES == 0:
            block = t // LATENT_FRAMES
            mean, spread = model.latent_prior(hidden[-1], pose, goal, meaning[:, t + 1])
            expected.append((mean, spread))
            mean = drawn * mean + (1.0 - drawn) * read_mean[:, block]
            spread = drawn * spread + (1.0 - drawn) * read_spread[:, block]
            latent = mean + eps[:, block] * torch.exp(spread)
        both, gain, shift = model.condition(meaning[:, t + 1], latent)
        pose, root, hidden, cell = model.step(pose + noise[t], root, goal, both, gain, shift, hidden, cell)
        made.append(pose)
        roots.append(root)
        if t < schedule.warm_up - 1 or (t + 1) % rollout == 0:
            given = (drawn if t >= schedule.warm_up - 1 else torch.zeros_like(drawn)) > 0.5
            pose = torch.where(cold | given, pose, x[:, t + 1])
            root = torch.where(given, root, paths[:, t + 1])
    prior = [torch.stack(parts, 1) for parts in zip(*expected, strict=True)]
    return RolledOut(torch.stack(made, 1).float(), torch.stack(roots, 1).float(), x[:, 1:], paths[:, 1:length],
                     action[:, 1:], (read_mean, read_spread, *prior), schedule.drawn_windows(share))


def _styles(model: Generator, windows: Windows, device: str) -> Tensor:
    """(B, T, Y) weights; a style is left out now and then, so that an action without one is a mixture of all."""
    number = torch.as_tensor(windows.style, device=device)
    style = torch.zeros(*number.shape, max(model.shape.styles, 1), device=device)
    if model.shape.styles:
        style[number >= 0] = functional.one_hot(number[number >= 0], model.shape.styles).float()
    return style * (torch.rand(len(number), 1, 1, device=device) > 0.1)


def _follow(model: Generator, windows: Windows, rng: np.random.Generator) -> np.ndarray:
    """(B, 1) whether the path is shown: mostly; without it the model must find its own way."""
    return (rng.random((len(windows.action), 1)) < 0.75).astype(np.float32)


def losses_of(model: Generator, made: RolledOut, schedule: Schedule, share: float) -> dict[str, Tensor]:
    """How far the windows are from what they should have been, those on drawn latents left out, and what latents
    cost."""
    own, wanted = made.states[made.drawn:], made.wanted_states[made.drawn:]
    roots, paths = made.roots[made.drawn:], made.wanted_roots[made.drawn:]
    weight = torch.ones(features.SIZE, device=own.device)
    weight[features.MOVE] = 4.0
    weight[features.HEIGHT] = 4.0
    state = ((own - wanted).abs() * weight).mean()

    joints = _joints(model, own)
    with torch.no_grad():
        true = _joints(model, wanted)
    apart = (joints - true).abs().mean()
    velocity = (torch.diff(joints, dim=1) - torch.diff(true, dim=1)).abs().mean() * FPS
    slide = _sliding(joints, roots, wanted[..., features.CONTACTS])
    away = (roots - paths)
    apart_root = away[..., :2].abs().mean() + (1.0 - torch.cos(away[..., 2])).mean()

    read = [part[made.drawn:] for part in made.latents[:2]]
    expected = [part[made.drawn:] for part in made.latents[2:]]
    # the prior is to find what is read, and what is read to stay near what was expected, each at its own price
    foretold = _divergence([part.detach() for part in read], expected)
    kept = torch.clamp(_divergence(read, [part.detach() for part in expected]), min=1.0)
    return {"state": state, "joints": 4.0 * apart, "velocity": 0.25 * velocity, "feet": 0.3 * slide,
            "root": 0.5 * apart_root, "latent": schedule.latent_weight(share) * kept + schedule.foretold * foretold,
            "nats": foretold.detach()}


def _joints(model: Generator, x: Tensor) -> Tensor:
    """Joint positions (B, T, 22, 3) in the heading frame, by forward kinematics."""
    raw = x * model.scale + model.mean
    return local_joints(raw[..., features.ROTATIONS].reshape(-1, 132),
                        raw[..., features.HEIGHT].reshape(-1, 1)).reshape(*x.shape[:2], 22, 3)


def _sliding(joints: Tensor, roots: Tensor, contacts: Tensor) -> Tensor:
    """Mean speed in m/s over the ground of feet that stand."""
    feet = [INDEX[name] for name in CONTACT_JOINTS]
    cos, sin = torch.cos(roots[..., 2:]), torch.sin(roots[..., 2:])
    x, y, z = joints[:, :, feet].unbind(-1)
    world = torch.stack([cos * x - sin * y + roots[..., :1], sin * x + cos * y + roots[..., 1:2], z], dim=-1)
    stands = contacts[:, 1:] * contacts[:, :-1]
    sliding = (torch.diff(world, dim=1).square().sum(-1) + 1e-8).sqrt() * FPS
    return (sliding * stands).sum() / (stands.sum() + 1.0)


def _divergence(one: list[Tensor], other: list[Tensor]) -> Tensor:
    """Kullback-Leibler divergence in nats a latent between diagonal Gaussians, each a mean and a log spread."""
    (mean, spread), (other_mean, other_spread) = one, other
    ratio = torch.exp(2.0 * (spread - other_spread))
    gap = ((mean - other_mean) * torch.exp(-other_spread)).square()
    return 0.5 * (ratio + gap - 1.0 - torch.log(ratio)).sum(dim=-1).mean()


def _fooling(run: Run, made: RolledOut, schedule: Schedule) -> dict[str, Tensor]:
    """What motion on drawn latents is told: by the critic, by how much the captures it began as move, without which it
    comes to rest, and by its own contacts where its feet stand."""
    own = made.states[:made.drawn]
    scores = run.critic(own, made.action[:made.drawn])
    joints = _joints(run.model, own)
    with torch.no_grad():
        speeds = _speeds(_joints(run.model, made.wanted_states[:made.drawn]))
    own_speeds = _speeds(joints)
    # over all windows, and window by window too, or else small gestures would not count beside leaps
    lively = ((own_speeds.mean(0) / speeds.mean(0)).log().abs().mean()
              + (own_speeds / speeds).log().abs().mean())
    slide = _sliding(joints, made.roots[:made.drawn], own[..., features.CONTACTS].detach().clamp(0.0, 1.0).round())
    return {"fooled": -schedule.fooling * scores.mean() + schedule.lively * lively + 0.1 * slide}


def _speeds(joints: Tensor) -> Tensor:
    """(B, 22) mean m/s of joints (B, T, 22, 3) about the body; never quite 0."""
    return torch.diff(joints, dim=1).square().sum(-1).add(1e-8).sqrt().mean(1) * FPS + 0.03


def _teach_critic(run: Run, made: RolledOut) -> float:
    """One step of the critic (hinge loss)."""
    real = run.critic(made.wanted_states[made.drawn:], made.action[made.drawn:])
    fake = run.critic(made.states[:made.drawn].detach(), made.action[:made.drawn])
    loss = functional.relu(1.0 - real).mean() + functional.relu(1.0 + fake).mean()
    run.critic_optimiser.zero_grad(set_to_none=True)
    loss.backward()
    run.critic_optimiser.step()
    return loss.item()


def _describe(corpus: Corpus, schedule: Schedule, seed: int, size: str, device: str) -> dict:
    return {
        "actions": corpus.actions, "styles": corpus.styles, "once": corpus.once, "speed": corpus.speed,
        "minutes": corpus.minutes, "joint_limits": measure_limits(corpus.poses).as_dict(), "seed": seed, "size": size,
        "device": device, "hardware": _hardware(device), "steps": schedule.steps,
        "schedule_minutes": schedule.minutes, "batch": schedule.batch, "window": schedule.window,
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


def _save(run: Run, path: Path, schedule: Schedule) -> None:
    part = path.with_suffix(".part")
    torch.save({
        "model": run.model.state_dict(), "reader": run.reader.state_dict(), "averaged": run.averaged.state_dict(),
        "optimiser": run.optimiser.state_dict(), "critic": run.critic.state_dict(),
        "critic_optimiser": run.critic_optimiser.state_dict(), "step": run.step, "sums": run.sums,
        "seconds": run.seconds, "steps": schedule.steps, "shape": run.model.shape.as_dict()}, part)
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
    run.critic.load_state_dict(saved["critic"])
    run.critic_optimiser.load_state_dict(saved["critic_optimiser"])
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
    for name in LOSSES[:8]:
        axis.plot([int(r["step"]) for r in rows], [float(r[name]) for r in rows], label=name, lw=0.9)
    axis.set(yscale="log", xlabel="step", ylabel="loss")
    axis.legend(ncols=4, fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, dpi=100)
    plt.close(figure)
