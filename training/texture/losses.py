# SPDX-License-Identifier: GPL-3.0-or-later
"""What the texture networks are judged by."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .networks import Discriminator

_LEVELS = 4  # of the pyramid that likeness looks at
_PATCH, _FILTERS, _PLACES = 7, 32, 1024  # texels, random filters a step, patches compared
_FAINT = 0.004  # maps that vary less than this in a band count for less


def against(other: Tensor, own: Tensor) -> Tensor:
    """The relativistic loss (Jolicoeur-Martineau 2018; Huang et al. 2024): how far scores `own` are above `other`."""
    return F.softplus(other - own).mean()


def steepness(critic: Discriminator, maps: Tensor, known: Tensor, label: Tensor) -> Tensor:
    """Mean squared gradient of the scores at maps: R1 on real ones (Mescheder 2018), R2 on made ones."""
    at = maps.detach().requires_grad_(True)
    with torch.autocast(maps.device.type, torch.bfloat16):
        score = critic(at, known, label)[0].float()
    slope, = torch.autograd.grad(score.sum(), at, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3)).mean()


def likeness(made: Tensor, real: Tensor, known: Tensor) -> Tensor:
    """How far the statistics of made maps are from those of the real ones that they are to be like (both (B, 6, H, W)).

    Means, spreads and correlations of the maps, and how much they vary at each level of a pyramid: what stays of a
    texture when it is moved (after Heeger and Bergen 1995), so it may differ in every texel. known (B, 3).
    """
    mask = torch.cat([known.new_ones(len(known), 3), known], dim=1)
    total = made.new_zeros(())
    for _ in range(_LEVELS):
        one, other = _statistics(made, mask), _statistics(real, mask)
        total = total + sum((a - b).abs().mean() for a, b in zip(one, other, strict=True)) / _LEVELS
        made, real = F.avg_pool2d(made, 2), F.avg_pool2d(real, 2)
    return total


def _statistics(maps: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of maps that are known: means (B, 6), neighbours' differences (2, B, 6), roots of covariances (B, 6, 6)."""
    maps = maps * mask[:, :, None, None]
    mean = maps.mean(dim=(2, 3))
    flat = (maps - mean[:, :, None, None]).flatten(2)
    spread = flat @ flat.transpose(1, 2) / flat.shape[2]
    spread = torch.sign(spread) * (spread.abs() + 1e-6).sqrt()  # in the units of the maps
    across = torch.stack([(maps[..., 1:] - maps[..., :-1]).abs().mean(dim=(2, 3)),
                          (maps[..., 1:, :] - maps[..., :-1, :]).abs().mean(dim=(2, 3))])
    return mean, across, spread


def feature_likeness(made: list[Tensor], real: list[Tensor]) -> Tensor:
    """The same with the discriminator's features: means and spreads of each level, as shares of their usual size."""
    total = made[0].new_zeros(())
    for one, other in zip(made, real, strict=True):
        other = other.detach()
        size = other.abs().mean() + 1e-6
        apart = (one.mean(dim=(2, 3)) - other.mean(dim=(2, 3))).abs().mean()
        spread = (one.std(dim=(2, 3)) - other.std(dim=(2, 3))).abs().mean()
        total = total + (apart + spread) / size / len(made)
    return total


def information(mean: Tensor, log_spread: Tensor) -> Tensor:
    """Nats that latents with this mean and spread (B, Z) tell beyond the unit normal, a mean over the batch."""
    return (0.5 * (mean.square() + torch.exp(2.0 * log_spread) - 1.0) - log_spread).sum(dim=1).mean()


def patch_likeness(made: Tensor, real: Tensor, known: Tensor, source: torch.Generator) -> Tensor:
    """How far the patches of made maps are distributed from those of the real ones, (B, 6, H, W) both; known (B, 3).

    The sliced Wasserstein distance between patches (Elnekave and Weiss, "Generating natural images with direct patch
    distribution matching", 2022): patches seen through random filters, both sides sorted, and compared. On the bands
    of a pyramid, each as a share of the real one's spread, so that fine structure counts as much as coarse.
    """
    mask = torch.cat([known.new_ones(len(known), 3), known], dim=1)[:, :, None, None]
    made, real = _opponent(made) * mask, _opponent(real) * mask
    total = made.new_zeros(())
    for level in range(_LEVELS):
        smaller = F.avg_pool2d(made, 2), F.avg_pool2d(real, 2)
        if level < _LEVELS - 1:
            rest = [F.interpolate(small, scale_factor=2.0, mode="bilinear") for small in smaller]
        else:
            rest = [x.mean(dim=(2, 3), keepdim=True) for x in (made, real)]
        total = total + _sliced(made - rest[0], real - rest[1], source) / _LEVELS
        made, real = smaller
    return total


def _opponent(maps: Tensor) -> Tensor:
    """Maps with lightness, red against green and yellow against blue in place of red, green and blue."""
    red, green, blue = maps[:, :3].unbind(dim=1)
    colours = [(red + green + blue) / 3.0**0.5, (red - green) / 2.0**0.5, (red + green - 2.0 * blue) / 6.0**0.5]
    return torch.cat([torch.stack(colours, dim=1), maps[:, 3:]], dim=1)


def _sliced(made: Tensor, real: Tensor, source: torch.Generator) -> Tensor:
    spread = real.detach().std(dim=(2, 3), keepdim=True, correction=0) + _FAINT
    edge = min(_PATCH, (made.shape[2] + 1) // 2)
    filters = torch.randn(_FILTERS, made.shape[1], edge, edge, generator=source).to(made.device)
    filters[::2, 3:] = 0.0  # every other one looks at the colours alone
    filters = filters / filters.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()
    both = F.conv2d(torch.cat([made / spread, real / spread]), filters).flatten(2)
    if both.shape[2] > _PLACES:
        both = both[:, :, torch.randperm(both.shape[2], generator=source)[:_PLACES].to(made.device)]
    one, other = both.sort(dim=2).values.chunk(2)
    size = other.detach().std(dim=2, keepdim=True, correction=0).mean(dim=1, keepdim=True) + 0.05
    return ((one - other).abs() / size).mean()
