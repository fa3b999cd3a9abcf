# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the pose VAE:

    python -m training train pose-vae --data runs/motion.npz --run runs/pose-vae

Run the same command again after a stop: it goes on from the last checkpoint. Poses of the training clips, mirrored
ones among them; the averaged weights that did best on held-out clips are the ones that are exported.
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
from blender_addon.motion.inbetween_features import headings
from blender_addon.motion.rotations import quat_about_z, quat_multiply
from blender_addon.motion.skeleton import MIRROR

from ..runs import descend, follow, log_row, open_log, read, write
from .clips import FPS, ClipSet, load_clips
from .gap_corpus import UPPER, training_clips
from .pose import FULL, JOINT_COUNT, TINY, PoseShape, PoseVae, joints_of, losses, masks, matrix_kinematics, sixd_of
from .train_generator import _hardware as hardware_of

COLUMNS = ("step", "loss", "joints", "rotations", "latent", "held_mm", "seconds")
_FLIP = np.array([1.0, 1.0, -1.0, -1.0])
_MIXED = 0.1  # share of poses that get the upper body of another


@dataclass(frozen=True)
class Schedule:
    """How long and how fast; information: what a nat of the latent costs, in the end."""

    steps: int
    batch: int = 512
    rate: float = 2e-3
    information: float = 1.5e-3
    average: float = 0.999
    judge_every: int = 500

    def learning_rate(self, step: int) -> float:
        """Warm up over 200 steps, then a cosine down to a hundredth."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(step / self.steps, 1.0)))
        return self.rate * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * cosine)


@dataclass
class Run:
    """Everything that a checkpoint holds."""

    model: PoseVae
    averaged: PoseVae
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf


def poses_of(clips: ClipSet, which: list[int], every: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Good poses (N, 22, 4) of the clips, hips without their heading, and how often each is to be drawn (N,).

    Rare actions come more often than their share of frames.
    """
    minutes: dict[str, float] = {}
    for i in which:
        for action in clips.labels[i].actions:
            minutes[action] = minutes.get(action, 0.0) + float(np.diff(clips.starts[i:i + 2])[0]) / 1800.0
    parts, weights = [], []
    for i in which:
        at = slice(clips.starts[i], clips.starts[i + 1])
        own = clips.rotations[at][clips.good[at]][::every].astype(np.float64)
        actions = [minutes[action] for action in clips.labels[i].actions] or [2.0]
        parts.append(own)
        weights.append(np.full(len(own), np.mean([(m + 0.5) ** -0.4 for m in actions])))
    if not parts or not sum(map(len, parts)):
        raise GalateaError("there is no good frame to take poses from; see the table that prepare printed")
    return without_heading(np.concatenate(parts)).astype(np.float32), np.concatenate(weights)


def without_heading(rotations: np.ndarray) -> np.ndarray:
    """Local rotations (N, 22, 4) with the hips turned about the vertical to face -Y."""
    rotations = np.array(rotations)
    rotations[:, 0] = quat_multiply(quat_about_z(-headings(rotations)), rotations[:, 0])
    return rotations


def mirrored(rotations: np.ndarray) -> np.ndarray:
    """Poses (N, 22, 4) seen in a mirror."""
    return rotations[:, list(MIRROR)] * _FLIP.astype(rotations.dtype)


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None) -> None:
    """Train or go on training; leaves checkpoint.pt, best.pt, losses.csv and corpus.json in `folder`."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise GalateaError("--device cuda: torch finds no CUDA device here; leave it out to train on the CPU")
    folder.mkdir(parents=True, exist_ok=True)
    clips = load_clips(data)
    which = training_clips(clips)
    poses, weights = poses_of(clips, which)
    held = [i for i, label in enumerate(clips.labels) if label.split != "train"]
    if not held:
        raise GalateaError("no clip is held out to judge on; mark some in the column `split` of index.csv")
    judged = torch.as_tensor(poses_of(clips, held, every=5)[0], device=device)
    tiny = size != "full"
    schedule = Schedule(steps, batch=64, judge_every=8) if tiny else Schedule(steps)
    torch.manual_seed(seed)
    model, averaged = (PoseVae(PoseShape(**(TINY if tiny else FULL))).to(device) for _ in range(2))
    both = torch.as_tensor(np.concatenate([poses[::3], mirrored(poses[::3])]))
    for net in (model, averaged):
        net.mean.copy_(sixd_of(both).flatten(1).mean(dim=0))
        net.places.copy_(joints_of(both).mean(dim=0))
    averaged.load_state_dict(model.state_dict())
    run = Run(model, averaged.eval(), torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3))
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        _resume(run, checkpoint, schedule)
    about = {"seed": seed, "size": size, "steps": steps, "device": device, "hardware": hardware_of(device),
             "minutes": round(float(np.sum(np.diff(clips.starts)[which]) / FPS / 60.0), 2),
             "clips": [{"file": c.file, "sha256": c.sha256, "licence": c.licence}
                       for c in (clips.labels[i] for i in which)]}
    (folder / "corpus.json").write_text(json.dumps(about, indent=1))
    print(f"{len(which)} clips, {len(poses)} poses and as many mirrored; step {run.step} of {steps}", flush=True)

    edges = np.cumsum(weights)
    began = time.monotonic() - run.seconds
    last = steps if stop_after is None else min(steps, run.step + stop_after)
    with open_log(folder / "losses.csv", COLUMNS, run.step) as log, tqdm(
            initial=run.step, total=steps, unit="step", mininterval=10.0) as bar:
        while run.step < last:
            batch = draw(poses, edges, schedule.batch, np.random.default_rng([seed, run.step]))
            figures = train_step(run, torch.as_tensor(batch, device=device), schedule, seed)
            run.step += 1
            run.seconds = time.monotonic() - began
            bar.update()
            if run.step % schedule.judge_every == 0 or run.step == steps:
                error = reconstruction_mm(run.averaged, judged)
                log_row(log, [run.step, *(f"{v:.5f}" for v in figures.values()), f"{error:.3f}", round(run.seconds)])
                # the latent is still finding its place early on
                if run.step > steps // 2 and error < run.best:
                    run.best = error
                    write(folder / "best.pt", {"averaged": run.averaged.state_dict(), "step": run.step,
                                               "seconds": run.seconds, "shape": model.shape.as_dict()})
            if run.step % checkpoint_every == 0 or run.step == steps:
                write(checkpoint, {"model": model.state_dict(), "averaged": averaged.state_dict(),
                                   "optimiser": run.optimiser.state_dict(), "step": run.step,
                                   "seconds": run.seconds, "best": run.best, "steps": steps,
                                   "shape": model.shape.as_dict()})
    if run.step == steps:
        sample = np.concatenate([poses[::4], mirrored(poses[::4])])
        np.save(folder / "poses.npy", sample)  # export measures on them what is usual
        whiten(folder, sample)
    print(f"reconstruction of held-out poses: {run.best:.1f} mm")


def draw(poses: np.ndarray, edges: np.ndarray, batch: int, rng: np.random.Generator) -> np.ndarray:
    """(B, 22, 4) random poses, half of them mirrored, some with the upper body of another."""
    chosen = poses[np.searchsorted(edges, rng.random(batch) * edges[-1], side="right")]
    flip = rng.random(batch) < 0.5
    chosen[flip] = mirrored(chosen[flip])
    mixed = np.flatnonzero(rng.random(batch) < _MIXED)
    chosen[np.ix_(mixed, UPPER)] = chosen[np.ix_(rng.permutation(batch)[mixed], UPPER)]
    return chosen


def train_step(run: Run, rotations: Tensor, schedule: Schedule, seed: int) -> dict[str, float]:
    """One gradient step; the losses by name."""
    for group in run.optimiser.param_groups:
        group["lr"] = schedule.learning_rate(run.step)
    source = torch.Generator().manual_seed(seed * 1_000_003 + run.step)
    known, placed = (mask.to(rotations.device) for mask in masks(len(rotations), source))
    noise = torch.randn(len(rotations), run.model.shape.latent, generator=source).to(rotations.device)
    joints = joints_of(rotations)
    mean, log_spread = run.model.encode(rotations, known, joints, placed)
    made = run.model.decode(mean + noise * torch.exp(log_spread))
    parts = losses(made, rotations, joints, mean, log_spread,
                   schedule.information * min(1.0, 4.0 * run.step / schedule.steps))
    loss = sum(parts.values())
    descend(run.optimiser, loss, run.model, 1.0, run.step)
    follow(run.averaged, run.model, run.step, schedule.average)
    return {"loss": loss.item(), **{name: value.item() for name, value in parts.items()}}


@torch.no_grad()
def reconstruction_mm(model: PoseVae, poses: Tensor) -> float:
    """Mean distance in mm of the joints of poses (N, 22, 4) after encoding (the mean) and decoding."""
    made = matrix_kinematics(model.decode(encode_whole(model, poses)[0]))[1]
    return float((made - joints_of(poses)).norm(dim=-1).mean()) * 1000.0


def encode_whole(model: PoseVae, poses: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log spread (N, Z) of poses (N, 22, 4) that are known by all their rotations."""
    whole = torch.ones(len(poses), JOINT_COUNT, device=poses.device)
    return model.encode(poses, whole, torch.zeros(len(poses), JOINT_COUNT, 3, device=poses.device), 0.0 * whole)


@torch.no_grad()
def whiten(folder: Path, poses: np.ndarray) -> None:
    """Write into best.pt where the latents of training poses lie, so that unit normal draws can be put there."""
    saved = torch.load(folder / "best.pt", map_location="cpu", weights_only=True)
    model = PoseVae(PoseShape(**saved["shape"])).eval()
    model.load_state_dict(saved["averaged"])
    mean, log_spread = encode_whole(model, torch.as_tensor(poses))
    centre = mean.mean(dim=0)
    away = mean - centre
    spread = away.T @ away / len(poses) + torch.diag(torch.exp(2.0 * log_spread).mean(dim=0))
    saved["averaged"]["move"].copy_(centre)
    saved["averaged"]["mix"].copy_(torch.linalg.cholesky(spread))
    write(folder / "best.pt", saved)


def _resume(run: Run, path: Path, schedule: Schedule) -> None:
    saved = read(path, run.model.mean.device)
    if saved["shape"] != run.model.shape.as_dict() or saved["steps"] != schedule.steps:
        raise GalateaError(f"{path}: was trained with other sizes or steps; use another --run folder")
    run.model.load_state_dict(saved["model"])
    run.averaged.load_state_dict(saved["averaged"])
    run.optimiser.load_state_dict(saved["optimiser"])
    run.step, run.seconds, run.best = saved["step"], saved["seconds"], saved["best"]
