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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.motion import state_features as features
from blender_addon.motion.joint_limits import measure_limits
from blender_addon.motion.skeleton import JOINTS

from .clips import FPS, load_clips
from .corpus import Corpus, build_corpus, draw_windows, in_terms_of
from .generator import FULL, TINY, TRAJECTORY_SECONDS, Critic, Generator, GeneratorShape, LatentReader
from .generator_losses import no_ends, show
from .generator_schedule import Continued, Schedule
from .generator_step import LOSSES, RecordedStep, Run, learn
from .liveliness import no_means

AHEAD = int(round(max(TRAJECTORY_SECONDS) * FPS))
COLUMNS = ("step", *LOSSES, "rollout", "rate", "frames_per_s")


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None, minutes: float = 0.0, once: Sequence[str] = (), start: Path | None = None,
          often: Mapping[str, float] | None = None, batch: int | None = None) -> None:
    """Train or go on training; leaves checkpoint.pt, losses.csv, losses.png and corpus.json in `folder`.

    minutes: of the clock, instead of steps. once: actions with a beginning and an end, besides those known to have.
    start: a run whose weights to begin with; it must know the same actions and styles. often: how many times as often
    as usual actions are drawn. batch: windows a step, where another number than the schedule's is wanted.
    """
    check_device(device)
    if batch is not None and batch < 1:
        raise GalateaError(f"--batch {batch}: give at least one window a step")
    folder.mkdir(parents=True, exist_ok=True)
    corpus = build_corpus(load_clips(data), seed, once)
    often = drawn_as_often(often or {}, corpus)
    kind = Continued if start else Schedule
    schedule = kind(steps, minutes) if size == "full" else kind(steps, batch=8, window=32, half=False)
    schedule = replace(schedule, batch=batch or schedule.batch)
    before: dict = {}
    if start:
        run, corpus, before = _start_from(start, corpus, size, seed, device)
    else:
        run = begin(_network(corpus, seed, size), size, seed, device)
    command = (f"python -m training train motion-generator --data {data} --run {folder}"
               + (f" --start {start}" if start else "")
               + told_schedule(steps, minutes, often)
               + (f" --batch {batch}" if batch else "") + (f" --device {device}" if device != "cpu" else "")
               + f" --seed {seed}")
    go_on(run, replace(corpus, often=often), schedule, folder, {"command": command, "before": before}, seed, size,
          device, checkpoint_every, stop_after)


def drawn_as_often(often: Mapping[str, float], corpus: Corpus) -> Mapping[str, float]:
    """What --often says; GalateaError where it names an action that is not learnt."""
    if unknown := [action for action in often if action not in corpus.actions]:
        raise GalateaError(f"--often {unknown[0]}: there is no such action among those that are learnt, "
                           f"{', '.join(corpus.actions)}")
    return often


def told_schedule(steps: int, minutes: float, often: Mapping[str, float]) -> str:
    """How long, and which actions more often, as a command says it."""
    length = f" --minutes {minutes:g}" if minutes else f" --steps {steps}"
    return length + (" --often " + ",".join(f"{name}={times:g}" for name, times in often.items()) if often else "")


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
    run.ends = no_ends(run.model, schedule.steady_windows(1.0))
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
    act = RecordedStep(run, schedule) if device.startswith("cuda") else partial(learn, run, schedule=schedule)
    with log, tqdm(initial=run.step, total=steps, unit="step", mininterval=2.0) as bar:
        writer = csv.writer(log)
        while run.step < last and schedule.share(run.step, run.seconds) < 1.0:
            _take_step(run, act, corpus, schedule, seed, device)
            run.step += 1
            run.seconds = time.monotonic() - began
            share = schedule.share(run.step, run.seconds)
            bar.update()
            logs, saves = run.step % _LOG_EVERY == 0, run.step % checkpoint_every == 0 or share >= 1.0
            if logs or saves:
                means = _means(run)
            if logs:
                rate = (run.step - first) * schedule.batch * schedule.window / (run.seconds - before)
                bar.set_postfix(loss=f"{means['loss']:.3f}", joints=f"{means['joints']:.3f}", frames_s=f"{rate:.0f}")
                writer.writerow([run.step, *(f"{v:.5f}" for v in means.values()), schedule.longest_rollout(share),
                                 f"{schedule.learning_rate(run.step, share):.2e}", f"{rate:.0f}"])
                log.flush()
                run.sums.zero_()
            if saves:
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
    on_device = _kept_on(device)
    optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.98), weight_decay=1e-3, **on_device)
    critic = Critic(shape.state, shape.actions + max(shape.styles, 1), 160 if size == "full" else 16).to(device)
    critic_optimiser = torch.optim.Adam(critic.parameters(), lr=4e-4, betas=(0.5, 0.9),
                                        capturable=on_device["capturable"])
    return Run(model, reader, averaged, optimiser, critic, critic_optimiser,
               no_means(shape.actions, len(JOINTS), device), torch.zeros(len(LOSSES), device=device),
               no_ends(model, 0))


def _kept_on(device: str) -> dict:
    """What an optimiser is told so that a step of it can be recorded: its numbers are kept on a CUDA device."""
    cuda = device.startswith("cuda")
    return {"lr": torch.tensor(1e-3, device=device) if cuda else 1e-3, "capturable": cuda}


def told_command(about: dict, folder: str) -> str:
    """The command that a run was trained with, from its corpus.json; those of the first versions did not note it."""
    minutes = about.get("schedule_minutes")
    length = f"--minutes {minutes:g}" if minutes else f"--steps {about['steps']}"
    return about.get("command") or (f"python -m training train motion-generator --data runs/motion.npz --run {folder} "
                                    f"{length} --seed {about['seed']}")


def _start_from(folder: Path, corpus: Corpus, size: str, seed: int, device: str) -> tuple[Run, Corpus, dict]:
    """A run that begins with all that another one had learnt, the corpus in that one's words and units, and what came
    before, for the card."""
    try:
        about = json.loads((folder / "corpus.json").read_text())
    except (OSError, ValueError) as error:
        raise GalateaError(f"--start {folder}: not a training run ({type(error).__name__})") from error
    saved = _read(folder / "checkpoint.pt", device)
    if {*about["actions"]} != {*corpus.actions} or {*about["styles"]} != {*corpus.styles}:
        raise GalateaError(f"--start {folder}: knows {', '.join([*about['actions'], *about['styles']])}, the clips "
                           f"show {', '.join([*corpus.actions, *corpus.styles])}; finetune its pack instead")
    corpus = in_terms_of(corpus, about["actions"], about["styles"], saved["model"]["mean"].cpu().numpy(),
                         saved["model"]["scale"].cpu().numpy())
    run = begin(_network(corpus, seed, size), size, seed, device)
    if saved["shape"] != run.model.shape.as_dict():
        raise GalateaError(f"--start {folder}: was trained with other sizes; give the same --size")
    _load(run, saved)
    earlier = about.get("before") or {"commands": [], "steps": 0, "seconds": 0.0}
    return run, corpus, {"commands": [*earlier["commands"], told_command(about, str(folder))],
                         "steps": earlier["steps"] + saved["step"], "seconds": earlier["seconds"] + saved["seconds"]}


def _take_step(run: Run, act: Callable[..., None], corpus: Corpus, schedule: Schedule, seed: int, device: str) -> None:
    # drawn anew from seed and step, so that a resumed run sees what an unbroken one would have seen
    rng = np.random.default_rng([seed, run.step])
    torch.manual_seed(seed * 1_000_003 + run.step)
    share = schedule.share(run.step, run.seconds)
    rate = schedule.learning_rate(run.step, share)
    for group in run.optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
    windows = draw_windows(corpus, schedule.batch, schedule.window, AHEAD, rng, schedule.steady_windows(share))
    shown = show(windows, run.model.shape.styles, schedule, share, rng, device)
    kept = min(schedule.average, (1.0 + run.step) / (10.0 + run.step))
    act(shown=shown, share=share, nat=schedule.latent_weight(share), kept=kept)


def _means(run: Run) -> dict[str, float]:
    """Losses of the steps since the last row of losses.csv; GalateaError where training has come apart."""
    sums = run.sums.tolist()
    if not all(math.isfinite(value) for value in sums):
        raise GalateaError(f"training step {run.step}: the gradient is not finite; start again from the last "
                           "checkpoint with a smaller rate")
    return {name: value / _LOG_EVERY for name, value in zip(LOSSES, sums, strict=True)}


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
        "critic_optimiser": run.critic_optimiser.state_dict(), "step": run.step, "sums": run.sums, "moved": run.moved,
        "ends": run.ends,
        "seconds": run.seconds, "steps": schedule.steps, "shape": run.model.shape.as_dict()}, part)
    part.replace(path)


def _resume(run: Run, path: Path, schedule: Schedule, corpus: Corpus) -> None:
    saved = _read(path, str(run.model.mean.device))
    if saved["shape"] != run.model.shape.as_dict():
        raise GalateaError(f"{path}: was trained with other sizes or actions; use another --run folder")
    if saved["steps"] != schedule.steps:
        raise GalateaError(f"{path}: its schedule has {saved['steps']} steps, not {schedule.steps}; give --steps "
                           f"{saved['steps']} or another --run folder")
    _load(run, saved)
    run.step, run.seconds = saved["step"], saved["seconds"]
    if isinstance(saved["sums"], Tensor):  # those of the first versions were not
        run.sums.copy_(saved["sums"])
        run.ends.copy_(saved["ends"])


def _read(path: Path, device: str) -> dict:
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{path}: not a readable checkpoint ({type(error).__name__}); delete it to begin again") \
            from error


def _load(run: Run, saved: dict) -> None:
    run.model.load_state_dict(saved["model"])
    run.reader.load_state_dict(saved["reader"])
    run.averaged.load_state_dict(saved["averaged"])
    known = saved["critic"].keys() == run.critic.state_dict().keys()  # those of the first versions named nothing
    if known:
        run.critic.load_state_dict(saved["critic"])
    for name in ("optimiser", "critic_optimiser"):
        optimiser, content = getattr(run, name), saved.get(name)
        # of weights alone, as they travel, and of another critic it begins anew
        if content is None or (name == "critic_optimiser" and not known):
            continue
        for group, own in zip(content["param_groups"], optimiser.param_groups, strict=True):
            group |= {"lr": own["lr"], "capturable": own["capturable"]}
        optimiser.load_state_dict(content)
    if "moved" in saved and saved["moved"].shape == run.moved.shape:  # runs of the first versions had other ones
        run.moved.copy_(saved["moved"])


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
