# SPDX-License-Identifier: GPL-3.0-or-later
"""One gradient step of the motion generator: all that happens on the device, with nothing read back from it.

A window is made frame by frame, so that a step is some 20,000 small operations, and a GPU waits for their launches.
They are the same in every step: there they are recorded once and played again as a CUDA graph.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

from .generator import Critic, Generator, LatentReader
from .generator_losses import RolledOut, Shown, fooling, losses_of, misnamed, roll_out
from .generator_schedule import Schedule

LOSSES = ("loss", "state", "joints", "velocity", "feet", "root", "latent", "nats", "fooled", "critic")
_WARM_UP = 3  # steps before a recording, as torch asks for


@dataclass
class Run:
    """Everything that a checkpoint holds."""

    model: Generator
    reader: LatentReader
    averaged: Generator
    optimiser: torch.optim.Optimizer
    critic: Critic
    critic_optimiser: torch.optim.Optimizer
    moved: Tensor  # how much was moved, by action (liveliness.py)
    sums: Tensor   # (LOSSES,) of the losses since the last row of losses.csv
    ends: Tensor   # pose and memory with which steady windows ended (RolledOut.ends)
    step: int = 0
    seconds: float = 0.0


def learn(run: Run, shown: Shown, schedule: Schedule, share: float, nat: float | Tensor, kept: float | Tensor) -> None:
    """One gradient step of the model, one of the critic where windows ran on drawn latents; the losses are added to
    run.sums, a gradient that is not finite shows there.

    nat: the price of a nat; kept: of the average from step to step.
    """
    kind = shown.states.device.type
    run.optimiser.zero_grad(set_to_none=True)
    run.critic_optimiser.zero_grad(set_to_none=True)
    with torch.autocast(kind, torch.bfloat16, enabled=schedule.half and kind == "cpu"):
        made = roll_out(run.model, run.reader, shown, run.ends, schedule, share)
    losses = losses_of(run.model, made, schedule, nat)
    if made.drawn:
        losses["fooled"], moved = fooling(run.model, run.critic, run.moved, made, schedule)
    nats = losses.pop("nats")
    loss = sum(losses.values())
    loss.backward()
    if made.drawn:
        run.moved.copy_(moved)
        run.ends[:made.steady].copy_(made.ends)
    norm = torch.nn.utils.clip_grad_norm_([*run.model.parameters(), *run.reader.parameters()], 1.0)
    run.optimiser.step()
    with torch.no_grad():
        for slow, fast in zip(run.averaged.parameters(), run.model.parameters(), strict=True):
            slow.lerp_(fast, 1.0 - kept)
    told = {"loss": loss + 0.0 * norm, "nats": nats} | losses
    if made.drawn:
        told["critic"] = _teach_critic(run, made)
    run.sums.add_(torch.stack([told[name].detach() if name in told else torch.zeros_like(nats) for name in LOSSES]))


def _teach_critic(run: Run, made: RolledOut) -> Tensor:
    """One step of the critic (hinge loss), which learns to name captures, too."""
    run.critic_optimiser.zero_grad(set_to_none=True)  # of what fooling it told it
    asked = made.asked[made.drawn:]
    real, logits = run.critic(made.wanted_states[made.drawn:], asked)
    fake, _ = run.critic(made.states[:made.drawn].detach(), made.asked[:made.drawn])
    loss = functional.relu(1.0 - real).mean() + functional.relu(1.0 + fake).mean()
    loss = loss + misnamed(logits, asked, made.shows.shape[-1])
    loss.backward()
    run.critic_optimiser.step()
    return loss


class RecordedStep:
    """`learn` on a CUDA device, recorded once for windows of one size and played from then on.

    The first call takes a few steps more on its windows. Another number of windows on drawn latents is another
    recording.
    """

    def __init__(self, run: Run, schedule: Schedule):
        torch.set_float32_matmul_precision("high")  # TensorFloat-32: no casts to launch, unlike bfloat16
        self.run, self.schedule = run, schedule
        self.kind: tuple[int, bool] | None = None

    def __call__(self, shown: Shown, share: float, nat: float, kept: float) -> None:
        """As `learn`."""
        kind = (self.schedule.drawn_windows(share), self.schedule.longest_rollout(share) > 8)
        if kind != self.kind:
            self._record(shown, share, nat, kept)
            self.kind = kind
        for mine, theirs in zip(_parts(self.shown), _parts(shown), strict=True):
            mine.copy_(theirs)
        self.nat.fill_(nat)
        self.kept.fill_(kept)
        self.graph.replay()

    def _record(self, shown: Shown, share: float, nat: float, kept: float) -> None:
        device = shown.states.device
        self.shown = Shown(*(part.clone() for part in _parts(shown)))
        self.nat, self.kept = torch.tensor(nat, device=device), torch.tensor(kept, device=device)
        asked = (self.run, self.shown, self.schedule, share, self.nat, self.kept)
        beside = torch.cuda.Stream(device)
        beside.wait_stream(torch.cuda.current_stream(device))
        sums = self.run.sums.clone()
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UP):
                learn(*asked)
        torch.cuda.current_stream(device).wait_stream(beside)
        self.run.sums.copy_(sums)
        self.run.optimiser.zero_grad(set_to_none=True)
        self.run.critic_optimiser.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            learn(*asked)


def _parts(shown: Shown) -> tuple[Tensor, ...]:
    """Its tensors, not copied."""
    return tuple(getattr(shown, field.name) for field in fields(shown))
