# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-betweener's second stage: what else a body might have done between the same keys.

The network that makes the best guess is left as it is. A reader looks at how real gaps differ from that guess and puts
it into a few numbers; the variant layers learn to make that difference out of them (a conditional variational
autoencoder). Afterwards the numbers are drawn; zeros are the best guess, to the last bit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from blender_addon.motion.inbetween_features import CHANNELS

from ..runs import write
from .gap_drawing import Pool, draw, draw_length
from .gap_losses import away_from_interpolation, gap_losses
from .inbetweener import network_of

_INFORMATION = 0.004  # what a nat costs in the end; nothing at first, so that the latent is found useful
_FREE = 0.05          # nats a number that cost nothing
_RATE = 1e-3


class GapReader(nn.Module):
    """What the LSTM made of windows (B, T, 2 H) and how they differ from the guess (B, T, 69) -> mean and log spread
    (B, Z). Used in training only."""

    def __init__(self, signal: int, latent: int, width: int = 128):
        super().__init__()
        self.look = nn.Linear(signal + 3 * CHANNELS, width)
        self.out = nn.Linear(width, 2 * latent)
        with torch.no_grad():
            # sure of itself to begin with: a latent that starts as noise is never listened to
            self.out.bias[latent:] = -2.0

    def forward(self, signal: Tensor, away: Tensor, missing: Tensor) -> tuple[Tensor, Tensor]:
        """Means over the missing (B, T) frames."""
        seen = functional.elu(self.look(torch.cat([signal, away], dim=-1))) * missing[..., None]
        pooled = seen.sum(dim=1) / missing.sum(dim=1, keepdim=True).clamp(min=1.0)
        mean, log_spread = self.out(pooled).chunk(2, dim=-1)
        return mean, torch.clamp(log_spread, -4.0, 1.0)


def train_variants(folder: Path, pool: Pool, scale: Tensor, steps: int, frames: int, seed: int, half: bool
                   ) -> None:
    """Train the variant layers of best.pt and write them back; done once, so that a second call does nothing."""
    path = folder / "best.pt"
    saved = torch.load(path, map_location=scale.device, weights_only=True)
    if saved.get("variants"):
        return
    model = network_of(saved).to(scale.device).eval().requires_grad_(False)
    own = [*model.variant.parameters(), *model.variant_output.parameters()]
    for parameter in own:
        parameter.requires_grad_(True)
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 1])
    reader = GapReader(2 * model.shape.hidden, model.shape.latent).to(scale.device)
    optimiser = torch.optim.AdamW([*own, *reader.parameters()], lr=_RATE, weight_decay=1e-3)
    kind = scale.device.type
    with tqdm(total=steps, unit="step", desc="variants", mininterval=10.0) as bar:
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = _RATE * (1.0 - 0.99 * step / steps)
            length = draw_length(rng)
            with torch.no_grad():
                x = draw(pool, length, max(2, frames // length))
            keys = (x["before"], x["after"], x["share"])
            with torch.no_grad(), torch.autocast(kind, torch.bfloat16, enabled=half):
                signal = model.read(x["features"])
                turns, shifts, _ = model.say(signal, x["features"], *keys, None)
            signal = signal.float()
            guess = torch.cat([turns, shifts[:, :, None]], dim=2)
            away = away_from_interpolation(x) - guess
            mean, log_spread = reader(signal, (away / model.unit).flatten(2).clamp(-5.0, 5.0), x["missing"].float())
            latent = mean + torch.randn_like(mean) * torch.exp(log_spread)
            turns, shifts, standing = model.say(signal, x["features"], *keys, latent)
            losses = gap_losses(turns, shifts, standing, x, scale)
            cost = 0.5 * (mean.square() + torch.exp(2.0 * log_spread) - 1.0 - 2.0 * log_spread).mean(dim=0)
            nats = torch.clamp(cost, min=_FREE).sum()
            price = _INFORMATION * min(1.0, 1.5 * step / steps)
            loss = losses["joints"] + losses["rotations"] + losses["velocity"] + price * nats
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*own, *reader.parameters()], 1.0)
            optimiser.step()
            bar.update()
            if (step + 1) % 25 == 0:
                bar.set_postfix(joints=f"{losses['joints'].item():.3f}", nats=f"{cost.sum().item():.1f}")
    saved["averaged"] = model.state_dict()
    write(path, saved | {"variants": steps})
