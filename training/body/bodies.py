# SPDX-License-Identifier: GPL-3.0-or-later
"""What the VAE of bodies and its baseline, principal components, have in common.

Both work on logarithms, in which bodies are more nearly normal and lengths never negative. The measurements that
stature, weight, age and sex lead one to expect are linear in those; what a body is beside them, its deviation, is coded
in a few numbers, and what the code cannot say (the rest) is normal beside it. Of stature, weight and age
those that are not asked for are drawn, given those that are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from blender_addon.character.measurements import INDEX, NAMES, WEIGHT

COUNT = len(NAMES)
EXACT = (INDEX["stature"], INDEX[WEIGHT])
ASKED = 4  # sex, stature, weight, age: as many draws lead the latent
_YOUNGEST, AGES = 15.0, (17.0, 58.0)  # years; the logarithm of those past fifteen is nearly normal
_SURE = 0.05  # of a spread: about what two who measure the same person differ by
_SMALL = 24  # rows
_AT_ONCE = 100  # people, so that their matrices stay small
_STEPS = 26  # of Newton's iteration: enough for variances that differ by 1e5, as 96 rows so sure have at most
_DRAWS = 10  # of a code for each person, to find what codes lack


@dataclass(frozen=True)
class BodyShape:
    """The sizes of a model of bodies: numbers of the code, and of each hidden layer of the VAE."""

    code: int = 24
    hidden: int = 128

    @property
    def latent(self) -> int:
        return ASKED + self.code

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class Bodies(nn.Module):
    """Latent (B, Z), detail (B, M), about (B, 4) and what of it is given (B, 4) -> measures (B, M) in metres and kg.

    Buffers with a leading 2 are of women and of men; a sex between them mixes.
    """

    def __init__(self, shape: BodyShape):
        super().__init__()
        self.shape = shape
        for name, size in {"centre": (3,), "scale": (3,),  # of the logs of stature, weight and years past fifteen
                           "usual": (2, 3), "mix": (2, 3, 3),  # of those three, standardised
                           "expected": (2, 4, COUNT),  # logs of measures: of 1 and those three
                           "spread": (2, COUNT),  # of deviations, in logs
                           "weights": (COUNT,)}.items():  # of deviations
            self.register_buffer(name, torch.zeros(size))
        # what the code cannot say, in spreads, of independent details
        self.rest = nn.Parameter(torch.zeros(COUNT, COUNT), requires_grad=False)

    def deviations(self, code: Tensor, sex: Tensor, asked: Tensor) -> Tensor:
        """(B, M) in spreads, of a code (B, K)."""
        raise NotImplementedError

    def encode(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and log spread (B, Z) of the latent and mean (B, M) of the detail, given the known (B, M) of measures
        (B, M) and the given of about (B, 4); a sex that is not given counts as 0.5."""
        raise NotImplementedError

    def decode(self, latent: Tensor, detail: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Measures (B, M), and about (B, 4) with what was not given filled in."""
        sex, asked = self.complete(latent[:, :ASKED], about, given)
        deviation = self.deviations(latent[:, ASKED:], sex, asked) + detail @ self.rest
        measures = torch.exp(self.expectation(sex, asked) + self.between(self.spread, sex) * deviation)
        raw = torch.exp(asked * self.scale + self.centre)
        years = torch.clamp(raw[:, 2:] + _YOUNGEST, *AGES)
        return measures, torch.cat([sex, raw[:, :2], years], dim=1)

    def latent_of(self, measures: Tensor, about: Tensor) -> Tensor:
        """Latents (B, Z) of people of whom all is known."""
        return torch.cat([self.encode(some, torch.ones_like(some), who, torch.ones_like(who))[0] for some, who in
                          zip(measures.split(_AT_ONCE), about.split(_AT_ONCE), strict=True)])

    def seen(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sex (B, 1); standardised stature, weight and age, then logs of measures (B, 3 + M), and which are known.

        Stature and weight count once, whether they are given or among the known measures.
        """
        sex = torch.where(given[:, :1] > 0.5, about[:, :1], torch.full_like(about[:, :1], 0.5))
        own = torch.zeros(COUNT)
        own[list(EXACT)] = 1.0
        told = torch.cat([given[:, :1], torch.maximum(given[:, 1:3], known[:, list(EXACT)]), given[:, 3:]], dim=1)
        who = torch.cat([about[:, :1], torch.where(given[:, 1:3] > 0.5, about[:, 1:3], measures[:, list(EXACT)]),
                         about[:, 3:]], dim=1)
        logs = torch.log(torch.clamp(torch.where(known > 0.5, measures, torch.ones_like(measures)), min=1e-4))
        return (sex, torch.cat([self.standardised(who, told), logs], dim=1),
                torch.cat([told[:, 1:], known * (1.0 - own)], dim=1))

    def complete(self, draws: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Sex (B, 1) and the standardised logs (B, 3) of stature, weight and age: as given, or drawn given the others.

        A draw of all three is corrected, one at a time, by what was given (Matheron's rule for a normal).
        """
        sex = torch.where(given[:, :1] > 0.5, about[:, :1], (draws[:, :1] > 0.0).float())
        wanted = self.standardised(about, given)
        mix = self.between(self.mix, sex)
        asked = self.between(self.usual, sex) + (mix @ draws[:, 1:, None])[..., 0]
        cover = mix @ mix.transpose(1, 2)
        for at in range(3):
            gain = cover[:, :, at] / cover[:, at, at:at + 1] * given[:, at + 1:at + 2]
            asked = asked + gain * (wanted - asked)[:, at:at + 1]
            cover = cover - gain[:, :, None] * cover[:, at:at + 1]
        return sex, asked

    def standardised(self, about: Tensor, given: Tensor) -> Tensor:
        """(B, 3) standardised logs of stature, weight and years past fifteen; 0 where not given."""
        shift = torch.tensor([0.0, 0.0, _YOUNGEST])
        logs = torch.log(torch.clamp(about[:, 1:] - shift, min=1e-3))
        return (logs - self.centre) / self.scale * given[:, 1:]

    def expectation(self, sex: Tensor, asked: Tensor) -> Tensor:
        """(B, M) logs of measures."""
        told = torch.cat([torch.ones_like(sex), asked], dim=1)
        return (told[:, None] @ self.between(self.expected, sex))[:, 0]

    def between(self, both: Tensor, sex: Tensor) -> Tensor:
        """Of a buffer (2, ...) what sex (B, 1) makes of it, (B, ...)."""
        return both[0] + (both[1] - both[0]) * sex.reshape(-1, *(1,) * (both.dim() - 1))

    @torch.no_grad()
    def fit_expected(self, measures: np.ndarray, about: np.ndarray) -> None:
        """Set what is expected, the spreads and the weights from people (N, 93) and (N, 4)."""
        logs, sex = np.log(measures), about[:, 0].round().astype(int)
        raw = np.log(about[:, 1:] - [0.0, 0.0, _YOUNGEST])
        self.centre.copy_(torch.as_tensor(raw.mean(axis=0)))
        self.scale.copy_(torch.as_tensor(raw.std(axis=0)))
        asked = (raw - raw.mean(axis=0)) / raw.std(axis=0)
        for kind in (0, 1):
            told = np.column_stack([np.ones(len(asked)), asked])[sex == kind]
            solved = np.linalg.lstsq(told, logs[sex == kind], rcond=None)[0]
            away = logs[sex == kind] - told @ solved
            away[:, list(EXACT)] = 0.0
            self.expected[kind] = torch.as_tensor(solved)
            self.spread[kind] = torch.as_tensor(away.std(axis=0))
            self.usual[kind] = torch.as_tensor(told[:, 1:].mean(axis=0))
            self.mix[kind] = torch.as_tensor(np.linalg.cholesky(np.cov(told[:, 1:].T, bias=True)))
        self.spread[:, list(EXACT)] = 0.0
        metres = self.spread.mean(dim=0) * torch.as_tensor(measures.mean(axis=0), dtype=torch.float32)
        # between all alike, so that hands and heads are seen, and by their millimetres
        roots = torch.sqrt(metres)
        self.weights.copy_(roots / roots.sum() * (COUNT - len(EXACT)))

    def deviation_of(self, measures: Tensor, about: Tensor) -> Tensor:
        """(B, M) the deviations, in spreads, of people about whom all is known; 0 for stature and weight."""
        sex, asked = about[:, :1], self.standardised(about, torch.ones_like(about))
        away = torch.log(measures) - self.expectation(sex, asked)
        spread = self.between(self.spread, sex)
        return torch.where(spread > 0.0, away / torch.clamp(spread, min=1e-6), torch.zeros_like(away))

    @torch.no_grad()
    def fit_rest(self, measures: np.ndarray, about: np.ndarray) -> None:
        """Set the rest so that deviations spread, and go together, as among these people: what drawn codes lack."""
        people = torch.as_tensor(about, dtype=torch.float32)
        true = self.deviation_of(torch.as_tensor(measures, dtype=torch.float32), people).double()
        sex, asked = people[:, :1], self.standardised(people, torch.ones_like(people))
        many = _DRAWS * len(people)
        draws = torch.randn(many, self.shape.code, generator=torch.Generator().manual_seed(7))
        made = self.deviations(draws, sex.repeat(_DRAWS, 1), asked.repeat(_DRAWS, 1)).double()
        values, axes = torch.linalg.eigh(true.T @ true / len(people) - made.T @ made / many)
        self.rest.copy_(axes * torch.sqrt(torch.clamp(values, min=0.0)) @ axes.T)


def conditioned(slopes: Tensor, seen: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Of unit normals (B, D), given the known (B, R) of what is seen (B, R), their slopes (B, R, D) or (R, D): the
    mean and the variance (B, D) that is left. What is seen is taken to be sure to `_SURE` of its spread."""
    spread = torch.clamp(slopes.square().sum(dim=-1, keepdim=True).sqrt(), min=1e-6)
    slopes, seen = (slopes / spread * known[:, :, None]).double(), seen / spread[..., 0]
    doubt = torch.eye(known.shape[1]) * (_SURE ** 2 * known + 1.0 - known)[:, None]
    gain = inverse(slopes @ slopes.transpose(1, 2) + doubt.double()) @ slopes
    mean = (gain.transpose(1, 2) @ (seen * known)[:, :, None].double())[..., 0]
    return mean.float(), torch.clamp(1.0 - (gain * slopes).sum(dim=1), min=1e-6).float()


def inverse(positive: Tensor) -> Tensor:
    """Of positive definite matrices (B, R, R), by halves, and small ones by Newton's iteration (Schulz 1933): ONNX has
    no operator for it."""
    size = positive.shape[-1]
    if size <= _SMALL:
        identity = torch.eye(size, dtype=positive.dtype)
        found = identity / positive.abs().sum(dim=-1).amax(dim=-1)[:, None, None]
        for _ in range(_STEPS):
            found = found @ (2.0 * identity - positive @ found)
        return found
    half = size // 2
    beside = positive[:, :half, half:]
    first = inverse(positive[:, :half, :half])
    across = first @ beside
    second = inverse(positive[:, half:, half:] - beside.transpose(1, 2) @ across)
    corner = -across @ second
    return torch.cat([torch.cat([first - corner @ across.transpose(1, 2), corner], dim=2),
                      torch.cat([corner.transpose(1, 2), second], dim=2)], dim=1)
