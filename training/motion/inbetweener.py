# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-betweener: a bidirectional LSTM that says how a body really goes from key to key, beyond interpolation.

The difference to interpolation is what is learnt (Oreshkin et al. 2022 found it best); the network sees a whole window,
every key in it, and both ways in time. What it says at a key is taken off again, evenly over the frames to the next
key, so that keys are met exactly and nothing jumps beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blender_addon.motion.inbetween_features import CHANNELS, JOINT_COUNT, PARTS, SIZE, SPEED_FADES
from blender_addon.motion.skeleton import CANONICAL


@dataclass(frozen=True)
class InbetweenerShape:
    """The sizes of the network."""

    hidden: int = 256
    layers: int = 2
    decoder: int = 256
    latent: int = 8

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


FULL, TINY = {}, {"hidden": 16, "decoder": 16, "latent": 4}
_CURVES = 2 * len(SPEED_FADES)
_DROPOUT = 0.25


class Inbetweener(nn.Module):
    """features (B, T, F), keys and share (B, T, 23), latent (B, Z) -> turns, shifts, contacts.

    turns (B, T, 22, 3): rotation vectors about the joints' own axes, on top of interpolation; shifts (B, T, 3): metres
    that the hips move on top of it, as the body is turned; contacts (B, T, 4): logits.
    """

    def __init__(self, shape: InbetweenerShape, mean: np.ndarray, scale: np.ndarray, unit: np.ndarray):
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float32))
        # how far from interpolation each number usually is, (23, 3): the output's unit
        self.register_buffer("unit", torch.as_tensor(unit, dtype=torch.float32))
        hidden, decoder = shape.hidden, shape.decoder
        self.encoder = nn.Linear(SIZE, hidden)
        self.lstms = nn.ModuleList(nn.LSTM(hidden if layer == 0 else 2 * hidden, hidden, batch_first=True,
                                           bidirectional=True) for layer in range(shape.layers))
        self.decoder = nn.Linear(2 * hidden, decoder)
        self.output = nn.Linear(decoder, CHANNELS * 3)
        self.gates = nn.Linear(decoder, CHANNELS * _CURVES)
        self.contacts = nn.Linear(decoder, 4)
        # the latent acts here alone, and not at all where it is zero: variants around the best guess
        self.variant = nn.Linear(2 * hidden + shape.latent, decoder)
        self.variant_output = nn.Linear(decoder, CHANNELS * 3, bias=False)
        nn.init.uniform_(self.output.weight, -0.01, 0.01)
        nn.init.zeros_(self.output.bias)
        nn.init.constant_(self.gates.bias, -1.0)
        nn.init.uniform_(self.variant_output.weight, -0.01, 0.01)

    def read(self, features: Tensor) -> Tensor:
        """What the LSTM makes of a window, (B, T, 2 H)."""
        normal = torch.clamp((features - self.mean) / self.scale, -6.0, 6.0)
        signal = functional.elu(self.encoder(normal))
        for lstm in self.lstms:
            signal = self.drop(lstm(signal)[0])
        return signal

    def drop(self, signal: Tensor) -> Tensor:
        """Dropout, the same numbers in every frame of a window (Gal and Ghahramani 2016)."""
        if not self.training:
            return signal
        kept = (torch.rand(len(signal), 1, signal.shape[-1], device=signal.device) > _DROPOUT).to(signal.dtype)
        return signal * kept / (1.0 - _DROPOUT)

    def forward(self, features: Tensor, before: Tensor, after: Tensor, share: Tensor, latent: Tensor | None
                ) -> tuple[Tensor, Tensor, Tensor]:
        """Turns, shifts and contacts; see the class."""
        return self.say(self.read(features), features, before, after, share, latent)

    def say(self, signal: Tensor, features: Tensor, before: Tensor, after: Tensor, share: Tensor,
            latent: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """The outputs from what the LSTM made of the window."""
        inner = functional.elu(self.decoder(signal))
        change = self.output(inner).float()
        if latent is not None:
            change = change + self.vary(signal, latent)
        change = change.unflatten(-1, (CHANNELS, 3)) * self.unit
        gates = torch.sigmoid(self.gates(inner).float()).unflatten(-1, (CHANNELS, _CURVES))
        weights = gates * features[..., None, PARTS["curves"]]
        half = len(SPEED_FADES)
        for name, part in (("speed_before", weights[..., :half]), ("speed_after", weights[..., half:])):
            change = change + features[..., PARTS[name]].unflatten(-1, (CHANNELS, 3)) * part.sum(-1, keepdim=True)
        change = meet_keys(change, before, after, share)
        return change[:, :, :JOINT_COUNT], change[:, :, JOINT_COUNT], self.contacts(inner).float()

    def vary(self, signal: Tensor, latent: Tensor) -> Tensor:
        """What a latent (B, Z) changes, (B, T, 69); nothing where it is zero."""
        latent = latent[:, None].expand(-1, signal.shape[1], -1)
        with_it, without = (functional.elu(self.variant(torch.cat([signal, part], dim=-1)))
                            for part in (latent, torch.zeros_like(latent)))
        return functional.linear(with_it - without, self.variant_output.weight)


class Together(nn.Module):
    """The mean of what networks of one size say, which is nearer to the truth than what each of them says; variants
    are the first one's."""

    def __init__(self, models: Sequence[Inbetweener]):
        super().__init__()
        self.models = nn.ModuleList(models)
        self.shape = models[0].shape

    def forward(self, features: Tensor, before: Tensor, after: Tensor, share: Tensor, latent: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """As an Inbetweener's."""
        signals = [model.read(features) for model in self.models]
        said = [model.say(signal, features, before, after, share, None)
                for model, signal in zip(self.models, signals, strict=True)]
        turns, shifts, contacts = (torch.stack(part).mean(0) for part in zip(*said, strict=True))
        first = self.models[0]
        varied = first.vary(signals[0], latent).unflatten(-1, (CHANNELS, 3)) * first.unit
        varied = meet_keys(varied, before, after, share)
        return turns + varied[:, :, :JOINT_COUNT], shifts + varied[:, :, JOINT_COUNT], contacts


def network_of(saved: dict) -> Inbetweener:
    """The network of a best.pt; what it needs to be told at its beginning is among the weights."""
    model = Inbetweener(InbetweenerShape(**saved["shape"]), np.zeros(SIZE), np.ones(SIZE), np.ones((CHANNELS, 3)))
    model.load_state_dict(saved["averaged"])
    return model


def meet_keys(change: Tensor, before: Tensor, after: Tensor, share: Tensor) -> Tensor:
    """Changes (B, T, 23, 3) without what they are at the keys on both sides: zero at every key, with no jump."""
    at_before, at_after = (torch.gather(change, 1, keys[..., None].expand(-1, -1, -1, 3)) for keys in (before, after))
    share = share[..., None]
    return change - (at_before * (1.0 - share) + at_after * share)


# --- kinematics -------------------------------------------------------------------------------------------------


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Quaternions (..., 4): b first, then a."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack([aw * bw - ax * bx - ay * by - az * bz, aw * bx + ax * bw + ay * bz - az * by,
                        aw * by - ax * bz + ay * bw + az * bx, aw * bz + ax * by - ay * bx + az * bw], dim=-1)


def rotate(q: Tensor, vector: Tensor) -> Tensor:
    """Vectors (..., 3) turned by unit quaternions (..., 4)."""
    axis = q[..., 1:]
    twice = 2.0 * torch.linalg.cross(axis, vector.expand(axis.shape))
    return vector + q[..., :1] * twice + torch.linalg.cross(axis, twice)


def turned_by(q: Tensor, vector: Tensor) -> Tensor:
    """Quaternions (..., 4) turned on by rotation vectors (..., 3)."""
    half = 0.5 * (vector.square().sum(-1, keepdim=True) + 1e-12).sqrt()
    return functional.normalize(multiply(q, torch.cat([torch.cos(half), 0.5 * vector * torch.sin(half) / half], -1)),
                                dim=-1)


def _levels() -> list[tuple[list[int], list[int]]]:
    """Joints by depth, with their parents: a level is computed at once."""
    depth = [0] * JOINT_COUNT
    for joint, parent in enumerate(CANONICAL.parents):
        depth[joint] = 0 if parent < 0 else depth[parent] + 1
    return [([j for j in range(JOINT_COUNT) if depth[j] == d],
             [CANONICAL.parents[j] for j in range(JOINT_COUNT) if depth[j] == d]) for d in range(1, max(depth) + 1)]


_LEVELS = _levels()


@lru_cache
def numbers(values: tuple, device: torch.device) -> Tensor:
    """A list of indices or a vector as a tensor, sent to a device once: sending makes it wait for what it has to do."""
    return torch.tensor(values, device=device)


@lru_cache
def _offsets(joints: tuple[int, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """(N, 3) metres from their parents."""
    return torch.as_tensor(CANONICAL.offsets[list(joints)], dtype=dtype, device=device)


def kinematics(rotations: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Global rotations (..., 22, 4) and joint positions (..., 22, 3) from local rotations and the hips' position."""
    turned: dict[int, Tensor] = {0: rotations[..., 0, :]}
    placed: dict[int, Tensor] = {0: positions}
    for joints, parents in _LEVELS:
        offsets = _offsets(tuple(joints), rotations.device, rotations.dtype)
        carrying = torch.stack([turned[p] for p in parents], dim=-2)
        places = torch.stack([placed[p] for p in parents], dim=-2) + rotate(carrying, offsets)
        turns = multiply(carrying, rotations.index_select(-2, numbers(tuple(joints), rotations.device)))
        for i, joint in enumerate(joints):
            turned[joint], placed[joint] = turns[..., i, :], places[..., i, :]
    order = range(JOINT_COUNT)
    return torch.stack([turned[j] for j in order], dim=-2), torch.stack([placed[j] for j in order], dim=-2)
