# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of motion as the generator makes them, and how far they are from what they should have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from blender_addon.motion import state_features as features
from blender_addon.motion.skeleton import CONTACT_JOINTS, INDEX

from .clips import FPS
from .corpus import Windows
from .generator import LATENT_FRAMES, TRAJECTORY_SECONDS, Critic, Generator, LatentReader, local_joints
from .generator_schedule import Schedule
from .liveliness import energy_apart


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
    # so that it learns to find back; not where its liveliness is judged, which noise would make up for it
    noise = torch.randn(length, batch, model.shape.state, device=device) * 0.05 * (1.0 - drawn)
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


def fooling(model: Generator, critic: Critic, moved: Tensor, made: RolledOut, schedule: Schedule
            ) -> tuple[Tensor, Tensor]:
    """What motion on drawn latents is told: by the critic, by how much captures of the same actions and those it began
    from move, without which it comes to rest, and by its own contacts where its feet stand. And the new `moved`, as
    liveliness.py keeps it."""
    own = made.states[:made.drawn]
    scores = critic(own, made.action[:made.drawn])
    joints = _joints(model, own)
    with torch.no_grad():
        captured = _joints(model, made.wanted_states[:made.drawn])
    by_action, moved = energy_apart(joints, captured, made.action[:made.drawn], FPS, moved)
    lively = by_action + (_speeds(joints) / _speeds(captured)).log().abs().mean()
    slide = _sliding(joints, made.roots[:made.drawn], own[..., features.CONTACTS].detach().clamp(0.0, 1.0).round())
    return -schedule.fooling * scores.mean() + schedule.lively * lively + schedule.planted * slide, moved


def _speeds(joints: Tensor) -> Tensor:
    """(B, 22) mean m/s of joints (B, T, 22, 3) about the body; never quite 0."""
    return torch.diff(joints, dim=1).square().sum(-1).add(1e-8).sqrt().mean(1) * FPS + 0.03
