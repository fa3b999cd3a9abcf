# SPDX-License-Identifier: GPL-3.0-or-later
"""Directions in the space of styles that change one thing one can name: rougher, lighter, coarser ...

A property is measured on many made materials and regressed on their styles; a direction is the likeliest change of
style that raises it by one usual step (the covariance of styles times the slope, so that it stays among styles that
occur; the idea of linear directions is that of Shen et al., InterFaceGAN, 2020). Each class's own mean is taken out
first, so that "rougher" does not mean "stone".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .batches import noise_for

if TYPE_CHECKING:
    from .train import Networks

NAMES = ("lighter", "warmer", "colourful", "contrast", "rougher", "deeper", "coarser")
_EDGE, _BATCH = 96, 16
_RIDGE = 0.05  # of the mean variance of a style's numbers


def measure(maps: Tensor) -> Tensor:
    """(B, 7) what NAMES speak of, of maps (B, 6, H, W)."""
    albedo, height, rough = maps[:, :3], maps[:, 3], maps[:, 4]
    grey = (albedo * albedo.new_tensor((0.299, 0.587, 0.114))[:, None, None]).sum(dim=1)
    colour = albedo.amax(dim=1) - albedo.amin(dim=1)
    spread = height.std(dim=(1, 2)) + 1e-4
    steps = (height - height.roll(1, 1)).square() + (height - height.roll(1, 2)).square()
    coarse = torch.log(spread / (0.5 * steps.mean(dim=(1, 2)).sqrt() + 1e-5))
    return torch.stack([grey.mean(dim=(1, 2)), (albedo[:, 0] - albedo[:, 2]).mean(dim=(1, 2)), colour.mean(dim=(1, 2)),
                        grey.std(dim=(1, 2)), rough.mean(dim=(1, 2)), spread, coarse], dim=1)


@torch.no_grad()
def sample(networks: Networks, kind: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Styles (count, W) of a class and what was measured on their maps (count, 7)."""
    shape = networks.shape
    source = torch.Generator().manual_seed(seed)
    styles, found = [], []
    for _ in range(0, count, _BATCH):
        latent, noise, grain = noise_for(shape, _BATCH, _EDGE, source)
        label = torch.zeros(_BATCH, shape.classes)
        label[:, kind] = 1.0
        style = networks.mapping(networks.mapping.place(latent, label), label, torch.ones(_BATCH))
        maps = networks.generator(noise, grain, style[:, None].expand(-1, shape.stages, -1), label).clamp(0.0, 1.0)
        styles.append(style.numpy())
        found.append(measure(maps).numpy())
    return np.concatenate(styles), np.concatenate(found)


def find(networks: Networks, count: int = 160, seed: int = 5) -> dict[str, np.ndarray]:
    """A vector (W,) for each name: adding it to a style raises what it names by one usual step of a class."""
    styles, found = [], []
    for kind in range(networks.shape.classes):
        own, values = sample(networks, kind, count, seed + kind)
        styles.append(own - own.mean(axis=0))
        found.append((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-6))
    style, value = np.concatenate(styles), np.concatenate(found)
    spread = style.T @ style / len(style)
    slopes = np.linalg.solve(spread + _RIDGE * np.trace(spread) / len(spread) * np.eye(len(spread)),
                             style.T @ value / len(style))
    along = spread @ slopes
    return {name: along[:, i] / (slopes[:, i] @ along[:, i]) for i, name in enumerate(NAMES)}
