# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion generator: an LSTM that makes the next pose from the last, a goal, and a latent.

A conditional variational autoencoder over time (a variational recurrent network, Chung et al. 2015). The recurrent core
is a two-layer LSTM; a decoder modulated by action, style and latent (FiLM, Perez et al. 2018) adds the change of the
pose. A latent says how the next quarter of a second is done. While training it is read off that quarter itself;
afterwards it is drawn where the prior expects it, which has learnt what usually follows what the body is doing: a kick
that has begun goes on. One module is the step that trains and the step that ships.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blender_addon.motion import state_features as features
from blender_addon.motion.skeleton import CANONICAL

# When the wanted path is looked at, seconds from the pose that the step makes.
TRAJECTORY_SECONDS = (1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1.0)
# How long a latent holds: often enough that nothing comes to rest, seldom enough that nothing jitters.
LATENT_FRAMES = 8
_HALVINGS = 3


@dataclass(frozen=True)
class GeneratorShape:
    """The sizes of the network."""

    actions: int
    styles: int
    hidden: int = 384
    layers: int = 2
    decoder: int = 384
    latent: int = 16
    condition: int = 32
    prior: int = 192
    state: int = features.SIZE

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


FULL, TINY = {}, {"hidden": 32, "decoder": 32, "latent": 4, "condition": 8, "prior": 16}


class Generator(nn.Module):
    """x, root, trajectory, action, style, latent, (h, c) -> next x, next root, (h, c); x is normalised."""

    def __init__(self, shape: GeneratorShape, mean: np.ndarray, scale: np.ndarray, delta: np.ndarray):
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float32))
        # what the pose changes by from frame to frame, in units of its own spread: the output's unit
        self.register_buffer("delta", torch.as_tensor(delta, dtype=torch.float32))
        carried = torch.zeros(shape.state)
        for part in (features.HEIGHT, features.ROTATIONS, features.POSITIONS):
            carried[part] = 1.0
        self.register_buffer("carried", carried)
        self.action = nn.Linear(shape.actions, shape.condition, bias=False)
        self.style = nn.Linear(max(shape.styles, 1), shape.condition, bias=False)
        goal = 4 * len(TRAJECTORY_SECONDS) + 1
        self.encoder = nn.Linear(shape.state + goal + shape.condition + shape.latent, shape.hidden)
        self.cells = nn.ModuleList(nn.LSTMCell(shape.hidden, shape.hidden) for _ in range(shape.layers))
        self.film = nn.Linear(shape.condition + shape.latent, 2 * shape.decoder)
        self.decoder = nn.Linear(shape.hidden, shape.decoder)
        self.output = nn.Linear(shape.decoder, shape.state)
        nn.init.normal_(self.action.weight, std=0.5)
        nn.init.normal_(self.style.weight, std=0.5)
        nn.init.uniform_(self.output.weight, -0.01, 0.01)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        # where the next latent lies, given what the body does and is asked to do: a draw from the unit normal is moved
        # and stretched there
        self.prior = nn.Sequential(
            nn.Linear(shape.hidden + shape.state + goal + shape.condition, shape.prior), nn.ELU(),
            nn.Linear(shape.prior, 2 * shape.latent))
        nn.init.zeros_(self.prior[2].weight)
        nn.init.zeros_(self.prior[2].bias)

    def meaning(self, action: Tensor, style: Tensor) -> Tensor:
        """What is asked for, (B, C)."""
        return self.action(action) + self.style(style)

    def latent_prior(self, memory: Tensor, x: Tensor, goal: Tensor, meaning: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log of the spread (B, Z) of the next latent; memory (B, H) is the last layer's."""
        mean, log_spread = self.prior(torch.cat([memory, x, goal, meaning], dim=-1)).float().chunk(2, dim=-1)
        return mean, torch.clamp(log_spread, -4.0, 1.0)

    def condition(self, meaning: Tensor, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What does not change while action, style and latent do not: (B, C + Z) and FiLM's scale and shift."""
        both = torch.cat([meaning, latent], dim=-1)
        gain, shift = self.film(both).chunk(2, dim=-1)
        return both, gain + 1.0, shift

    def goal(self, root: Tensor, trajectory: Tensor, follow: Tensor) -> Tensor:
        """The wanted path (B, K, 4) in the world, as seen from root (B, 3); zero where it is not to be followed."""
        cos, sin = torch.cos(root[:, 2:]), torch.sin(root[:, 2:])
        away = trajectory[..., :2] - root[:, None, :2]
        # past two metres only the direction matters: a path far ahead must not leave what was trained
        away = away / torch.clamp(away.square().sum(-1, keepdim=True).sqrt() / 4.0, min=1.0)
        seen = []
        for part in (away, trajectory[..., 2:]):
            x, y = part[..., 0], part[..., 1]
            seen += [cos * x + sin * y, cos * y - sin * x]
        return torch.cat([torch.cat(seen, dim=-1) * follow, follow], dim=-1)

    def step(self, x: Tensor, root: Tensor, goal: Tensor, both: Tensor, gain: Tensor, shift: Tensor,
             hidden: list[Tensor], cell: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
        """One frame on. x (B, S) normalised; root (B, 3); hidden, cell: a (B, H) a layer."""
        signal = self.encode(x, goal, both)
        after_hidden, after_cell = [], []
        for lstm, h, c in zip(self.cells, hidden, cell, strict=True):
            h, c = lstm(signal, (h, c))
            after_hidden.append(h)
            after_cell.append(c)
            signal = h
        x = self.decode(x, signal, gain, shift)
        return x, self.move(x, root), after_hidden, after_cell

    def encode(self, x: Tensor, goal: Tensor, both: Tensor) -> Tensor:
        """What the LSTM is told, (B, H)."""
        return functional.elu(self.encoder(torch.cat([x, goal, both], dim=-1)))

    def decode(self, x: Tensor, signal: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
        """The next state (B, S) from the one before and what the LSTM says (B, H)."""
        signal = functional.elu(self.decoder(signal) * gain + shift)
        x = x * self.carried + self.output(signal) * self.delta
        # five spreads: nothing in the data lies further out, and nothing can run away
        return torch.clamp(x, -5.0, 5.0)

    def move(self, x: Tensor, root: Tensor) -> Tensor:
        """Root (B, 3) after the move that a normalised state (B, S) holds."""
        move = (x[:, features.MOVE] * self.scale[features.MOVE] + self.mean[features.MOVE]) / 30.0
        cos, sin = torch.cos(root[:, 2]), torch.sin(root[:, 2])
        return torch.stack([root[:, 0] + cos * move[:, 0] - sin * move[:, 1],
                            root[:, 1] + sin * move[:, 0] + cos * move[:, 1], root[:, 2] + move[:, 2]], dim=-1)


class LatentReader(nn.Module):
    """How each stretch of a window was done: (B, T, S) normalised -> mean and log spread (B, T / LATENT_FRAMES, Z).

    Used in training only. T must be a multiple of LATENT_FRAMES. A stretch is seen with about half a second on both
    sides.
    """

    def __init__(self, state: int, latent: int, width: int = 192):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(state if i == 0 else width, width, 5, stride=2, padding=2) for i in range(_HALVINGS))
        self.out = nn.Linear(width, 2 * latent)
        with torch.no_grad():
            # sure of itself to begin with: a latent that starts as noise is never listened to
            self.out.bias[latent:] = -2.0

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log spread of each stretch."""
        half = LATENT_FRAMES // 2  # so that what is read lies around the middle of a stretch, not around its start
        signal = torch.cat([x[:, half:], x[:, -1:].expand(-1, half, -1)], dim=1).transpose(1, 2)
        for layer in self.layers:
            signal = functional.elu(layer(signal))
        mean, log_spread = self.out(signal.transpose(1, 2)).float().chunk(2, dim=-1)
        return mean, torch.clamp(log_spread, -4.0, 1.0)


class Critic(nn.Module):
    """Whether a quarter of a second or so of motion looks captured, and what the whole of it seems to show.

    (B, T, S), what is asked for (B, T, W) -> scores (B, T / 8) and logits (B, W); W are the actions, then the styles.
    Used in training only, on motion out of drawn latents, for which no capture says what it should have been
    (spectral normalisation: Miyato et al. 2018; conditioned by projection: Miyato and Koyama 2018; telling what it
    sees: Odena et al. 2017).
    """

    def __init__(self, state: int, words: int, width: int = 160):
        super().__init__()
        self.layers = nn.ModuleList(nn.utils.parametrizations.spectral_norm(
            nn.Conv1d(state if i == 0 else width, width, 5, stride=2, padding=2)) for i in range(_HALVINGS))
        self.out = nn.utils.parametrizations.spectral_norm(nn.Linear(width, 1))
        self.asked = nn.Linear(words, width, bias=False)
        nn.init.normal_(self.asked.weight, std=0.05)
        self.names = nn.Linear(2 * width, words)

    def forward(self, x: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Scores, high for what looks captured, and logits of what it shows."""
        signal = x.transpose(1, 2)
        for layer in self.layers:
            signal = functional.leaky_relu(layer(signal), 0.2)
        signal = signal.transpose(1, 2).float()
        wanted = functional.avg_pool1d(asked.transpose(1, 2), 8, ceil_mode=True).transpose(1, 2)[:, :signal.shape[1]]
        scores = self.out(signal).squeeze(-1) + (self.asked(wanted) * signal).mean(-1)
        return scores, self.names(torch.cat([signal.mean(1), signal.amax(1)], dim=-1))


def sixd_to_matrix(sixd: Tensor) -> Tensor:
    """(..., 6) two columns to (..., 3, 3) by Gram-Schmidt (Zhou et al. 2019)."""
    a, b = sixd[..., :3], sixd[..., 3:]
    x = functional.normalize(a, dim=-1, eps=1e-6)
    y = functional.normalize(b - (x * b).sum(-1, keepdim=True) * x, dim=-1, eps=1e-6)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)


@lru_cache
def _offsets(kind: torch.dtype, device: torch.device) -> Tensor:
    return torch.as_tensor(CANONICAL.offsets, dtype=kind, device=device)  # brought there once


def local_joints(sixd: Tensor, height: Tensor) -> Tensor:
    """Joint positions (N, 22, 3) in the heading frame, from 6D rotations (N, 132) and hip height (N, 1)."""
    local = sixd_to_matrix(sixd.reshape(-1, 22, 6))
    offsets = _offsets(sixd.dtype, sixd.device)
    turned: list[Tensor] = []
    placed: list[Tensor] = []
    for joint, parent in enumerate(CANONICAL.parents):
        if parent < 0:
            turned.append(local[:, joint])
            placed.append(torch.cat([torch.zeros_like(height), torch.zeros_like(height), height], dim=-1))
        else:
            turned.append(turned[parent] @ local[:, joint])
            placed.append(placed[parent] + turned[parent] @ offsets[joint])
    return torch.stack(placed, dim=1)
