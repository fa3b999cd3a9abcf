# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline of the body VAE: principal components, with the same graphs.

Probabilistic principal components (Tipping and Bishop 1999) of the deviations, weighted by the root of how many
millimetres each is. With everything normal and linear, the encoder is exact for any measurements that are known.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .bodies import COUNT, EXACT, Bodies, BodyShape

_SURE = 0.03  # of a spread: how sure stature, weight and age are when they are known


class Components(Bodies):
    """Deviations are a linear map of the code."""

    def __init__(self, shape: BodyShape):
        super().__init__(shape)
        self.loadings = nn.Parameter(torch.zeros(COUNT, shape.code), requires_grad=False)  # spreads a number
        self.register_buffer("doubt", torch.ones(COUNT))  # of a known measurement, in spreads

    def deviations(self, code: Tensor, sex: Tensor, asked: Tensor) -> Tensor:
        """See Bodies."""
        return code @ self.loadings.T

    def encode(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and log spread of the normal that is left of the latent, given what is known."""
        sex = torch.where(given[:, :1] > 0.5, about[:, :1], torch.full_like(about[:, :1], 0.5))
        usual, mix = self.between(self.usual, sex), self.between(self.mix, sex)
        spread = self.between(self.spread, sex)
        exact = 1.0 - torch.sign(spread)
        # logs of measures, and beside them stature, weight and age as far as they were asked for, each linear in the
        # latent (a, z): seen = slopes (a, z)
        slopes = torch.cat([self.between(self.expected, sex)[:, 1:].transpose(1, 2) @ mix,
                            spread[:, :, None] * self.loadings], dim=2)
        slopes = torch.cat([slopes, torch.nn.functional.pad(mix, (0, self.shape.code))], dim=1)
        logs = torch.log(torch.clamp(torch.where(known > 0.5, measures, torch.ones_like(measures)), min=1e-4))
        seen = torch.cat([logs - self.expectation(sex, usual), self.standardised(about, given) - usual], dim=1)
        sure = _SURE * self.between(self.expected, sex)[:, 1:].abs().sum(dim=1)
        doubt = torch.cat([spread * self.doubt + exact * sure, _SURE * torch.ones_like(usual)], dim=1)
        trust = torch.cat([known, given[:, 1:]], dim=1) / doubt
        slopes = slopes * trust[:, :, None]
        size = slopes.shape[2]
        told = (seen * trust)[:, :, None]
        normal = slopes.transpose(1, 2) @ slopes + torch.eye(size)
        solved = eliminate(torch.cat([normal, slopes.transpose(1, 2) @ told,
                                      torch.eye(size).expand_as(normal)], dim=2))
        mean = solved[:, :, size]
        left = (solved[:, :, size + 1:] * torch.eye(size)).sum(dim=2)
        # of the draw of the sex nothing is known
        nothing = torch.zeros_like(sex)
        return (torch.cat([nothing, mean], dim=1),
                torch.cat([nothing, 0.5 * torch.log(torch.clamp(left, min=1e-9))], dim=1))

    @torch.no_grad()
    def fit(self, measures: np.ndarray, about: np.ndarray) -> Components:
        """Learn from people (N, 93) and (N, 4); returns itself."""
        self.fit_expected(measures, about)
        people = [torch.as_tensor(array, dtype=torch.float32) for array in (measures, about)]
        weights = self.weights.double()
        deviations = self.deviation_of(*people).double() * weights
        values, axes = torch.linalg.eigh(deviations.T @ deviations / len(deviations))
        code = self.shape.code
        values, axes = values.flip(0), axes.flip(1)[:, :code]
        axes = axes * torch.sign(axes.sum(dim=0))
        left = values[code:].sum() / (COUNT - len(EXACT) - code)
        weights = torch.clamp(weights, min=1e-9)
        self.loadings.copy_(axes * torch.sqrt(values[:code]) / weights[:, None])
        self.loadings[list(EXACT)] = 0.0
        self.doubt.copy_(torch.sqrt(left) / weights)
        self.doubt[list(EXACT)] = 0.0
        self.fit_rest(measures, about)
        return self


def eliminate(rows: Tensor) -> Tensor:
    """Gauss-Jordan elimination of (B, D, D + R), its first D columns positive definite: the identity, then what
    solves. ONNX has no operator that inverts."""
    size = rows.shape[1]
    identity = torch.eye(size)
    for at in range(size):
        row = rows[:, at:at + 1] / rows[:, at:at + 1, at:at + 1]
        rows = rows - (rows[:, :, at:at + 1] - identity[:, at:at + 1]) * row
    return rows
