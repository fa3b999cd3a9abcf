# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the body VAE:

    python -m training train body-vae --data runs/bodies.npz --run runs/body-vae

Run the same command again after a stop: it goes on from the last checkpoint. The averaged weights that did best on
people set aside for judging are the ones that are exported, with principal components of the same people beside them.
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

from ..motion.train_generator import _hardware as hardware_of
from ..runs import descend, follow, log_row, open_log, read, write
from .bodies import EXACT, Bodies
from .body_vae import FULL, TINY, BodyVae, losses, masks
from .components import Components
from .survey import load_survey

COLUMNS = ("step", "measures", "code", "partly", "missed", "judged_mm", "seconds")
_BENT_DECAY = 1.0
_SOME = 400  # people are enough to find a linear map by


@dataclass(frozen=True)
class Schedule:
    """How long and how fast."""

    steps: int
    batch: int = 256
    rate: float = 1e-3
    average: float = 0.998
    judge_every: int = 250

    def learning_rate(self, step: int) -> float:
        """Warm up over 100 steps, then a cosine down to a hundredth."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(step / self.steps, 1.0)))
        return self.rate * min(1.0, (step + 1) / 100) * (0.01 + 0.99 * cosine)


@dataclass
class Run:
    """Everything that a checkpoint holds; doubt: variance of the decoder, a running mean."""

    model: BodyVae
    averaged: BodyVae
    optimiser: torch.optim.Optimizer
    doubt: Tensor
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None) -> None:
    """Train or go on training; leaves checkpoint.pt, best.pt, losses.csv and corpus.json in `folder`."""
    if device != "cpu":
        raise GalateaError(f"--device {device}: bodies are learnt on the CPU, in a minute or two; leave it out")
    folder.mkdir(parents=True, exist_ok=True)
    survey = load_survey(data)
    people, judges = survey.of("train"), survey.of("judge")
    measures, about = (torch.as_tensor(array, dtype=torch.float32) for array in people)
    tiny = size != "full"
    schedule = Schedule(steps, batch=32, judge_every=8) if tiny else Schedule(steps)
    torch.manual_seed(seed)
    model, averaged = (BodyVae(TINY if tiny else FULL) for _ in range(2))
    components = Components(model.shape).fit(*people)
    model.fit_expected(*people)
    model.begin_as(components, measures[:_SOME], about[:_SOME])
    averaged.load_state_dict(model.state_dict())
    run = Run(model, averaged.eval(), torch.optim.AdamW(_groups(model)), torch.tensor(1.0))
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        _resume(run, checkpoint, schedule)
    about_run = {"seed": seed, "size": size, "steps": steps, "hardware": hardware_of("cpu"),
                 "people": len(about), "women": int((about[:, 0] < 0.5).sum()), "judges": len(judges[0]),
                 "mean": people[0].mean(axis=0).round(4).tolist(), "spread": people[0].std(axis=0).round(5).tolist(),
                 "ranges": {name: [float(people[1][:, at].min().round(2)), float(people[1][:, at].max().round(2))]
                            for name, at in (("stature", 1), ("weight", 2))}}
    (folder / "corpus.json").write_text(json.dumps(about_run, indent=1))
    print(f"{len(about)} people, {len(judges[0])} to judge on; step {run.step} of {steps}", flush=True)

    baseline = {name: error(components, *judges) for name, error in ERRORS.items()}
    began = time.monotonic() - run.seconds
    last = steps if stop_after is None else min(steps, run.step + stop_after)
    with open_log(folder / "losses.csv", COLUMNS, run.step) as log, tqdm(
            initial=run.step, total=steps, unit="step", mininterval=10.0) as bar:
        while run.step < last:
            source = torch.Generator().manual_seed(seed * 1_000_003 + run.step)
            torch.manual_seed(seed * 1_000_003 + run.step)  # of what is dropped
            chosen = torch.randint(len(about), (schedule.batch,), generator=source)
            figures = train_step(run, measures[chosen], about[chosen], schedule, source)
            run.step += 1
            run.seconds = time.monotonic() - began
            bar.update()
            if run.step % schedule.judge_every == 0 or run.step == steps:
                error = reconstruction_mm(run.averaged, *judges)
                log_row(log, [run.step, *(f"{v:.5f}" for v in figures.values()), f"{error:.4f}", round(run.seconds)])
                if run.step > steps // 2 and error < run.best:
                    run.best = error
                    _keep_best(folder / "best.pt", run, components, people, judges, baseline)
            if run.step % checkpoint_every == 0 or run.step == steps:
                write(checkpoint, {"model": model.state_dict(), "averaged": averaged.state_dict(), "doubt": run.doubt,
                                   "optimiser": run.optimiser.state_dict(), "step": run.step,
                                   "seconds": run.seconds, "best": run.best, "steps": steps,
                                   "shape": model.shape.as_dict()})
    if run.step == steps:
        judged = torch.load(folder / "best.pt", weights_only=True)["judged"]
        for name, words in (("predicted_mm", "from stature, weight and sex"), ("recon_mm", "again from their code")):
            print(f"people to judge on, {words}: {judged[name]['vae']:.2f} mm by the VAE, "
                  f"{judged[name]['pca']:.2f} mm by principal components")


def _groups(model: BodyVae) -> list[dict]:
    """Parameters and how they decay: the networks towards nothing, so that where they do not help, the linear maps
    are left."""
    straight = [value for name, value in model.named_parameters() if "_straight" in name]
    bent = [value for name, value in model.named_parameters() if "_straight" not in name]
    return [{"params": straight, "weight_decay": 0.0}, {"params": bent, "weight_decay": _BENT_DECAY}]


def train_step(run: Run, measures: Tensor, about: Tensor, schedule: Schedule, source: torch.Generator
               ) -> dict[str, float]:
    """One gradient step; the losses by name."""
    for group in run.optimiser.param_groups:
        group["lr"] = schedule.learning_rate(run.step)
    known, given = masks(len(about), source)
    noise = torch.randn(len(about), run.model.shape.code, generator=source)
    parts, missed = losses(run.model, measures, about, known, given, noise, run.doubt)
    loss = sum(parts.values())
    descend(run.optimiser, loss, run.model, 100.0, run.step)
    follow(run.averaged, run.model, run.step, schedule.average)
    run.doubt = run.doubt.lerp(missed.detach(), 0.05)
    return {**{name: value.item() for name, value in parts.items()}, "missed": missed.item()}


@torch.no_grad()
def reconstruction_mm(model: Bodies, measures: np.ndarray, about: np.ndarray) -> float:
    """Mean absolute error in mm of lengths (all but stature) of people, encoded and decoded."""
    true, told = (torch.as_tensor(array, dtype=torch.float32) for array in (measures, about))
    made, _ = model.decode(model.latent_of(true, told), torch.zeros_like(true), told, torch.ones_like(told))
    return _error_mm(made, true)


@torch.no_grad()
def prediction_mm(model: Bodies, measures: np.ndarray, about: np.ndarray) -> float:
    """The same of what is predicted from stature, weight and sex alone."""
    true, told = (torch.as_tensor(array, dtype=torch.float32) for array in (measures, about))
    given = torch.tensor([1.0, 1.0, 1.0, 0.0]).expand_as(told)
    latent = torch.zeros(len(told), model.shape.latent)
    return _error_mm(model.decode(latent, torch.zeros_like(true), told, given)[0], true)


ERRORS = {"predicted_mm": prediction_mm, "recon_mm": reconstruction_mm}


def _error_mm(made: Tensor, true: Tensor) -> float:
    lengths = [at for at in range(true.shape[1]) if at not in EXACT]
    return float((made - true)[:, lengths].abs().mean()) * 1000.0


def _keep_best(path: Path, run: Run, components: Components, people: tuple[np.ndarray, np.ndarray],
               judges: tuple[np.ndarray, np.ndarray], baseline: dict[str, float]) -> None:
    """Write the averaged weights, ready to draw from, with the principal components beside them."""
    vae = BodyVae(run.model.shape)
    vae.load_state_dict(run.averaged.state_dict())
    vae.eval().whiten(*(torch.as_tensor(array, dtype=torch.float32) for array in people))
    vae.fit_rest(*people)
    judged = {name: {"vae": round(error(vae, *judges), 3), "pca": round(baseline[name], 3)}
              for name, error in ERRORS.items()}
    write(path, {"vae": vae.state_dict(), "components": components.state_dict(), "step": run.step,
                 "seconds": run.seconds, "shape": run.model.shape.as_dict(), "judged": judged})


def _resume(run: Run, path: Path, schedule: Schedule) -> None:
    saved = read(path)
    if saved["shape"] != run.model.shape.as_dict() or saved["steps"] != schedule.steps:
        raise GalateaError(f"{path}: was trained with other sizes or steps; use another --run folder")
    run.model.load_state_dict(saved["model"])
    run.averaged.load_state_dict(saved["averaged"])
    run.optimiser.load_state_dict(saved["optimiser"])
    run.doubt = saved["doubt"]
    run.step, run.seconds, run.best = saved["step"], saved["seconds"], saved["best"]
