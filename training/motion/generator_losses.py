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

_CREEP = 0.02  # m/s from which on it hardly matters how fast a foot slides that should stand


@dataclass(frozen=True, eq=False)
class Shown:
    """Windows as tensors, all that a step needs: states (B, T, S) as they are, root (B, T, 3), ahead (B, T - 1, K, 4)
    the points and headings of the wanted path that each frame is shown, shows (B, T, A) the actions in them, action
    (B, T, A) and style (B, T, Y) what is asked for, as weights, follow (B, 1) whether the path is shown, look (T - 1,)
    whether the data is looked at again after a frame, goes_on (B, 1) whether a window begins where the one at its place
    ended the step before, as steady ones mostly do."""

    states: Tensor
    root: Tensor
    ahead: Tensor
    shows: Tensor
    action: Tensor
    style: Tensor
    follow: Tensor
    look: Tensor
    goes_on: Tensor


def show(windows: Windows, styles: int, schedule: Schedule, share: float, rng: np.random.Generator, device: str
         ) -> Shown:
    """Windows on the device; how long the model is left on its own, whether it is shown its path and told its style is
    drawn here."""
    batch, length = windows.states.shape[:2]
    offsets = np.array([int(round(s * FPS)) for s in TRAJECTORY_SECONDS])
    ahead = windows.path[:, np.arange(1, length)[:, None] + offsets]
    turn = ahead[..., 2:]
    longest = schedule.longest_rollout(share)
    rollout = int(rng.integers(max(1, longest // 4), longest + 1))
    frame = np.arange(length - 1)
    # a style is left out often, so that an action without one is a mixture of all: nearly all kicks are karate
    plain = rng.random(batch) < schedule.plain
    style = (windows.style[..., None] == np.arange(max(styles, 1))) & ~plain[:, None, None]
    # steady windows are asked for one thing throughout, what they were drawn for, and led as generating leads it; of
    # the others, most are shown their path, and without it the model must find its own way
    steady = np.arange(batch)[:, None] < schedule.steady_windows(share)
    follow = np.where(steady, windows.travels[:, None], rng.random((batch, 1)) < 0.75)
    drawn = (windows.drawn[:, 0], np.where(plain, -1, windows.drawn[:, 1]))
    action, style = (np.where(steady[..., None], one[:, None, None] == np.arange(part.shape[-1]), part)
                     for one, part in zip(drawn, (windows.action, style), strict=True))
    goes_on = steady & (rng.random((batch, 1)) < schedule.going_on)
    return Shown(*(_on(part, device) for part in (
        windows.states, windows.root, np.concatenate([ahead[..., :2], np.sin(turn), -np.cos(turn)], axis=-1),
        windows.action, action, style, follow, (frame < schedule.warm_up - 1) | ((frame + 1) % rollout == 0), goes_on)))


def _on(array: np.ndarray, device: str) -> Tensor:
    """As float32 on the device; nobody waits until it has arrived."""
    tensor = torch.as_tensor(np.asarray(array, dtype=np.float32))
    return tensor.pin_memory().to(device, non_blocking=True) if device.startswith("cuda") else tensor.to(device)


@dataclass(frozen=True, eq=False)
class RolledOut:
    """Windows as the model makes them and as they were: states (B, T - 1, S) normalised, roots (B, T - 1, 3).

    The first `drawn` windows ran on drawn latents, for them nothing was wanted, and the first `steady` of these kept to
    one action; shows (B, T - 1, A) as in Shown, asked (B, T - 1, A + Y) its action and style. latents: mean and log
    spread (B, C, Z) as read off the windows, then as expected by the prior. ends: (steady, S + 2 L H) pose and memory
    with which the steady ones ended.
    """

    states: Tensor
    roots: Tensor
    wanted_states: Tensor
    wanted_roots: Tensor
    shows: Tensor
    asked: Tensor
    latents: tuple[Tensor, Tensor, Tensor, Tensor]
    drawn: int
    steady: int
    ends: Tensor


def no_ends(model: Generator, steady: int) -> Tensor:
    """RolledOut.ends to begin with: the average pose, and nothing remembered."""
    return torch.zeros(steady, model.shape.state + 2 * model.shape.layers * model.shape.hidden,
                       device=model.mean.device)


def roll_out(model: Generator, reader: LatentReader, shown: Shown, ends: Tensor, schedule: Schedule, share: float
             ) -> RolledOut:
    """Windows as the model makes them: warmed up on the data, then on its own poses from look to look; on drawn latents
    all the way. ends: as RolledOut's, of the step before."""
    batch, length = shown.states.shape[:2]
    device = shown.states.device
    x = (shown.states - model.mean) / model.scale
    paths, asked = shown.root, torch.cat([shown.action, shown.style], dim=-1)
    meaning = model.meaning(shown.action, shown.style)
    drawn = torch.zeros(batch, 1, device=device)
    drawn[:schedule.drawn_windows(share)] = 1.0

    read_mean, read_spread = reader(x)
    eps = torch.randn_like(read_mean)
    expected: list[tuple[Tensor, Tensor]] = []
    steady = schedule.steady_windows(share)
    before = functional.pad(ends[:steady], (0, 0, 0, batch - steady)) * shown.goes_on
    began, *memory = before.split([model.shape.state, *[model.shape.hidden] * (2 * model.shape.layers)], dim=-1)
    hidden, cell = memory[:model.shape.layers], memory[model.shape.layers:]
    goes_on = shown.goes_on > 0.5
    pose, root = torch.where(goes_on, began, x[:, 0]), paths[:, 0]
    # some windows begin from the average pose, as generating does: from it, too, a model must come to life
    alone = schedule.longest_rollout(share) > 8
    cold = torch.rand(batch, 1, device=device) < (0.1 + 0.3 * drawn if alone else 0.0 * drawn)
    cold = cold & ~goes_on
    pose = torch.where(cold, torch.zeros_like(pose), pose)
    # so that it learns to find back; not where its liveliness is judged, which noise would make up for it
    noise = torch.randn(length, batch, model.shape.state, device=device) * 0.05 * (1.0 - drawn)
    made, roots = [], []
    for t in range(length - 1):
        goal = model.goal(root, shown.ahead[:, t], shown.follow)
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
        looks = (shown.look[t] > 0.5) & ~goes_on
        if t >= schedule.warm_up - 1:
            looks = looks & (drawn < 0.5)
        pose = torch.where(looks & ~cold, x[:, t + 1], pose)
        root = torch.where(looks, paths[:, t + 1], root)
    prior = [torch.stack(parts, 1) for parts in zip(*expected, strict=True)]
    return RolledOut(torch.stack(made, 1).float(), torch.stack(roots, 1).float(), x[:, 1:], paths[:, 1:length],
                     shown.shows[:, 1:], asked[:, 1:], (read_mean, read_spread, *prior),
                     schedule.drawn_windows(share), steady,
                     torch.cat([pose, *hidden, *cell], dim=-1)[:steady].detach().float())


def losses_of(model: Generator, made: RolledOut, schedule: Schedule, nat: float | Tensor) -> dict[str, Tensor]:
    """How far the windows are from what they should have been, those on drawn latents left out, and what latents cost,
    at `nat` each."""
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
    slide = _of_standing(_slides(joints, roots), wanted[..., features.CONTACTS])
    away = (roots - paths)
    apart_root = away[..., :2].abs().mean() + (1.0 - torch.cos(away[..., 2])).mean()

    read = [part[made.drawn:] for part in made.latents[:2]]
    expected = [part[made.drawn:] for part in made.latents[2:]]
    # the prior is to find what is read, and what is read to stay near what was expected, each at its own price
    foretold = _divergence([part.detach() for part in read], expected)
    kept = torch.clamp(_divergence(read, [part.detach() for part in expected]), min=1.0)
    return {"state": state, "joints": 4.0 * apart, "velocity": 0.25 * velocity, "feet": 0.3 * slide,
            "root": 0.5 * apart_root, "latent": nat * kept + schedule.foretold * foretold,
            "nats": foretold.detach()}


def _joints(model: Generator, x: Tensor) -> Tensor:
    """Joint positions (B, T, 22, 3) in the heading frame, by forward kinematics."""
    raw = x * model.scale + model.mean
    return local_joints(raw[..., features.ROTATIONS].reshape(-1, 132),
                        raw[..., features.HEIGHT].reshape(-1, 1)).reshape(*x.shape[:2], 22, 3)


def _slides(joints: Tensor, roots: Tensor) -> Tensor:
    """(B, T - 1, 4) m/s over the ground of the joints that may stand."""
    cos, sin = torch.cos(roots[..., 2:]), torch.sin(roots[..., 2:])
    x, y, z = torch.stack([joints[:, :, INDEX[name]] for name in CONTACT_JOINTS], dim=2).unbind(-1)
    world = torch.stack([cos * x - sin * y + roots[..., :1], sin * x + cos * y + roots[..., 1:2], z], dim=-1)
    return (torch.diff(world, dim=1).square().sum(-1) + 1e-8).sqrt() * FPS


def _of_standing(values: Tensor, contacts: Tensor) -> Tensor:
    """Mean of values (B, T - 1, 4) over the joints that stand in both frames, contacts (B, T, 4)."""
    stands = contacts[:, 1:] * contacts[:, :-1]
    return (values * stands).sum() / (stands.sum() + 1.0)


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
    own, asked, actions = made.states[:made.drawn], made.asked[:made.drawn], made.shows.shape[-1]
    scores, logits = critic(own, asked)
    joints = _joints(model, own)
    with torch.no_grad():
        captured = _joints(model, made.wanted_states)
    by_action, moved = energy_apart(joints, asked[..., :actions], captured, made.shows, FPS, moved)
    began_from = captured[made.steady:made.drawn]
    lively = by_action + (_speeds(joints[made.steady:]) / _speeds(began_from)).log().abs().mean()
    # a foot that creeps beside one that should be nailed down shows as much as one that slides beside one that rolls
    creeps = _CREEP * (_slides(joints, made.roots[:made.drawn]) / _CREEP).log1p()
    slide = _of_standing(creeps, own[..., features.CONTACTS].detach().clamp(0.0, 1.0).round())
    return (-schedule.fooling * scores.mean() + schedule.named * misnamed(logits, asked, actions)
            + schedule.lively * lively + schedule.planted * slide), moved


def misnamed(logits: Tensor, asked: Tensor, actions: int) -> Tensor:
    """Cross entropy of what windows seem to show, logits (B, A + Y), against what was asked for, (B, T, A + Y): of the
    action, and where there is a style, of that."""
    wanted = asked.mean(1)
    parts = zip(*(part.split([actions, part.shape[-1] - actions], dim=-1) for part in (logits, wanted)), strict=True)
    return -sum((functional.log_softmax(seen, dim=-1) * share).sum(-1).mean() for seen, share in parts)


def _speeds(joints: Tensor) -> Tensor:
    """(B, 22) mean m/s of joints (B, T, 22, 3) about the body; never quite 0."""
    return torch.diff(joints, dim=1).square().sum(-1).add(1e-8).sqrt().mean(1) * FPS + 0.03
