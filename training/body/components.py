# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline of the body VAE: principal components, with the same graphs.

Principal components of the deviations, weighted by the root of how many millimetres each is. With everything normal
and linear, the encoder is exact for any measurements that are known.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .bodies import COUNT, EXACT, Bodies, BodyShape, conditioned


class Components(Bodies):
    """Deviations are a linear map of the code."""

    def __init__(self, shape: BodyShape):
        super().__init__(shape)
        self.loadings = nn.Parameter(torch.zeros(COUNT, shape.code), requires_grad=False)  # spreads a number

    def deviations(self, code: Tensor, sex: Tensor, asked: Tensor) -> Tensor:
        """See Bodies."""
        return code @ self.loadings.T

    def encode(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The mean and log spread of the normal that is left of the latent, given what is known, and of the detail
        the mean."""
        sex, seen, known = self.seen(measures, known, about, given)
        usual = self.between(self.usual, sex)
        spread = torch.clamp(self.between(self.spread, sex), min=1e-6)
        mix = self.between(self.mix, sex)
        away = (seen - torch.cat([usual, self.expectation(sex, usual)], dim=1)) / torch.cat(
            [torch.ones_like(usual), spread], dim=1)
        # what is seen, in spreads, is linear in the latent and the detail
        slopes = torch.cat([
            torch.nn.functional.pad(mix, (0, self.shape.code + COUNT)),
            torch.cat([self.between(self.expected, sex)[:, 1:].transpose(1, 2) @ mix / spread[:, :, None],
                       torch.cat([self.loadings, self.rest.T], dim=1) + 0.0 * spread[:, :, None]], dim=2)], dim=1)
        mean, left = conditioned(slopes, away, known)
        cut = 3 + self.shape.code
        # of the draw of the sex nothing is known
        nothing = torch.zeros_like(sex)
        return (torch.cat([nothing, mean[:, :cut]], dim=1),
                torch.cat([nothing, 0.5 * torch.log(left[:, :cut])], dim=1), mean[:, cut:])

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
        weights = torch.clamp(weights, min=1e-9)
        self.loadings.copy_(axes * torch.sqrt(values[:code]) / weights[:, None])
        self.loadings[list(EXACT)] = 0.0
        self.fit_rest(measures, about)
        return self
