# SPDX-License-Identifier: GPL-3.0-or-later
"""The body VAE: deviations coded in a few numbers, from all measurements or from those that are known.

A conditional, masked variational autoencoder (Kingma and Welling 2014; Sohn et al. 2015) whose decoder's spread is
estimated in closed form (Rybkin et al. 2021). Encoder and decoder are a linear map and a network beside it, so that
the VAE can do whatever principal components can: it begins as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .bodies import ASKED, COUNT, Bodies, BodyShape, conditioned
from .components import Components

_DROPPED = 0.1  # of hidden numbers while training: 4,429 people are soon known by heart

FULL, TINY = BodyShape(), BodyShape(code=4, hidden=16)


def _hidden(told: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(told, width), nn.LayerNorm(width), nn.SiLU(), nn.Dropout(_DROPPED),
                         nn.Linear(width, width), nn.LayerNorm(width), nn.SiLU(), nn.Dropout(_DROPPED))


class BodyVae(Bodies):
    """See Bodies; `move` and `mix_code` put draws from the unit normal where the codes of people lie."""

    def __init__(self, shape: BodyShape):
        super().__init__(shape)
        width, code = shape.hidden, shape.code
        told = 2 * (3 + COUNT) + 2
        self.reader = _hidden(told, width)
        self.read_off = nn.Linear(width, 2 * (code + 3))
        self.read_straight = nn.Linear(told, code + 3)
        self.teller = _hidden(code + ASKED, width)
        self.tell_off = nn.Linear(width, COUNT)
        self.tell_straight = nn.Linear(code, COUNT)
        self.register_buffer("move", torch.zeros(code))
        self.register_buffer("mix_code", torch.eye(code))
        for layer in (self.read_off, self.tell_off):  # begins as the linear maps
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def deviations(self, code: Tensor, sex: Tensor, asked: Tensor) -> Tensor:
        """See Bodies; of a whitened code."""
        return self.tell(code @ self.mix_code.T + self.move, sex, asked)

    def tell(self, code: Tensor, sex: Tensor, asked: Tensor) -> Tensor:
        """Deviations (B, M) of a code before whitening."""
        return self.tell_straight(code) + self.tell_off(self.teller(torch.cat([code, sex, asked], dim=1)))

    @torch.no_grad()
    def begin_as(self, components: Components, measures: Tensor, about: Tensor) -> None:
        """Tell as principal components do, and read as they do where all is known, of these people."""
        self.tell_straight.weight.copy_(components.loadings)
        self.tell_straight.bias.zero_()
        everything = torch.ones_like(measures), about, torch.ones_like(about)
        mean = components.latent_of(measures, about)[:, 1:].double()
        told = torch.cat([self.told(measures, *everything), torch.ones(len(about), 1)], dim=1).double()
        normal = told.T @ told + 1e-3 * torch.eye(told.shape[1], dtype=torch.float64)
        solved = torch.linalg.solve(normal, told.T @ mean)
        self.read_straight.weight.copy_(solved[:-1].T)
        self.read_straight.bias.copy_(solved[-1])

    def told(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor) -> Tensor:
        """(B, 2 M + 8) what the encoder looks at; what is not known is not among it."""
        sex, seen, told = self.seen(measures, known, about, given)
        usual = self.expectation(sex, self.between(self.usual, sex))
        away = (seen[:, 3:] - usual) * 8.0  # an eighth is much
        return torch.cat([torch.cat([seen[:, :3], away], dim=1) * told, told, sex, given[:, :1]], dim=1)

    def read(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log spread (B, 3 + K) of the draws of stature, weight and age, and of the code before whitening."""
        told = self.told(measures, known, about, given)
        mean, log_spread = self.read_off(self.reader(told)).chunk(2, dim=1)
        return mean + self.read_straight(told), torch.clamp(log_spread, -6.0, 2.0)

    def encode(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor, back: Tensor | None = None
               ) -> tuple[Tensor, Tensor, Tensor]:
        """See Bodies; back: self.back, which ONNX cannot find for itself."""
        mean, log_spread = self.read(measures, known, about, given)
        back = self.back if back is None else back
        code = (mean[:, 3:] - self.move) @ back.T
        spread = 0.5 * torch.log(torch.exp(2.0 * log_spread[:, 3:]) @ (back ** 2).T)
        nothing = torch.zeros_like(mean[:, :1])
        # the detail is what the rest makes of what the code misses
        sex, seen, told = self.seen(measures, known, about, given)
        asked = self.between(self.usual, sex) + (self.between(self.mix, sex) @ mean[:, :3, None])[..., 0]
        away = (seen[:, 3:] - self.expectation(sex, asked)) / torch.clamp(self.between(self.spread, sex), min=1e-6)
        detail, _ = conditioned(self.rest.T, away - self.deviations(code, sex, asked),
                                told[:, 3:])
        return (torch.cat([nothing, mean[:, :3], code], dim=1),
                torch.cat([nothing, log_spread[:, :3], spread], dim=1), detail)

    def latent_of(self, measures: Tensor, about: Tensor) -> Tensor:
        """See Bodies."""
        mean, _ = self.read(measures, torch.ones_like(measures), about, torch.ones_like(about))
        return torch.cat([torch.zeros_like(mean[:, :1]), mean[:, :3], (mean[:, 3:] - self.move) @ self.back.T], dim=1)

    @property
    def back(self) -> Tensor:
        """(K, K) what whitens a code."""
        return torch.linalg.inv(self.mix_code)

    def draws_of(self, about: Tensor) -> Tensor:
        """(B, 3) the draws of stature, weight and age of people about whom all is known."""
        sex, asked = about[:, :1], self.standardised(about, torch.ones_like(about))
        away = (asked - self.between(self.usual, sex))[:, :, None]
        return torch.linalg.solve_triangular(self.between(self.mix, sex), away, upper=False)[..., 0]

    @torch.no_grad()
    def whiten(self, measures: Tensor, about: Tensor) -> None:
        """Set where the codes of people lie."""
        mean, log_spread = self.read(measures, torch.ones_like(measures), about, torch.ones_like(about))
        code = mean[:, 3:]
        self.move.copy_(code.mean(dim=0))
        away = code - self.move
        cover = away.T @ away / len(away) + torch.diag(torch.exp(2.0 * log_spread[:, 3:]).mean(dim=0))
        self.mix_code.copy_(torch.linalg.cholesky(cover))


def losses(model: BodyVae, measures: Tensor, about: Tensor, known: Tensor, given: Tensor, noise: Tensor,
           doubt: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """The losses by name, in nats a person, and the mean square (a scalar) of what the code misses.

    noise (B, K): unit normal. doubt: variance of the decoder, in weighted spreads. Of people of whom all is seen, what
    is decoded and what the code costs; of the same people seen in part, by known (B, 93) and given (B, 4), how likely
    their whole code, and the draws of their stature, weight and age, seem to be.
    """
    everything = torch.ones_like(known), about, torch.ones_like(given)
    mean, log_spread = (part[:, 3:] for part in model.read(measures, *everything))
    sex, asked = about[:, :1], model.standardised(about, everything[2])
    code = mean + noise * torch.exp(log_spread)
    missed = ((model.tell(code, sex, asked) - model.deviation_of(measures, about)) * model.weights).square()
    information = 0.5 * (mean.square() + torch.exp(2.0 * log_spread) - 1.0 - 2.0 * log_spread)
    guess, unsure = model.read(measures, known, about, given)
    off = (torch.cat([model.draws_of(about), code.detach()], dim=1) - guess) * torch.exp(-unsure)
    return {"measures": 0.5 * missed.sum(dim=1).mean() / doubt, "code": information.sum(dim=1).mean(),
            "partly": (0.5 * off.square() + unsure).sum(dim=1).mean()}, missed.mean()


def masks(batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """known (B, 93) and given (B, 4): everything in half of the people, else a random share."""
    whole = torch.rand(batch, 1, generator=generator) < 0.5
    share = torch.rand(batch, 1, generator=generator) ** 2
    known = whole | (torch.rand(batch, COUNT, generator=generator) < share)
    given = whole | (torch.rand(batch, ASKED, generator=generator) < 0.6)
    return known.float(), given.float()
