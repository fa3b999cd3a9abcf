# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a training run: real tiles, what their encodings give, and new materials, class by class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .networks import CELL, slopes_of

if TYPE_CHECKING:
    from .batches import Tiles
    from .train import Networks

_REAL, _NEW, _EDGE = 3, 6, 128
_LIGHT = (-0.55, 0.45, 0.7)  # from the left, above


@torch.no_grad()
def progress_sheet(networks: Networks, tiles: Tiles, path: Path, device: str) -> None:
    """Write a picture: a row a class: three real tiles, their likes, six new ones, each as albedo and lit."""
    shape = networks.shape
    source = torch.Generator().manual_seed(7)
    cells = _EDGE // CELL
    rows = []
    for kind in range(len(tiles.classes)):
        own = np.flatnonzero(tiles.label == kind)
        chosen = own[np.linspace(0, len(own) - 1, _REAL).astype(int)]
        real = torch.from_numpy(tiles.pictures[chosen]).float().to(device) / 255.0
        count = _REAL + _NEW
        label = torch.nn.functional.one_hot(torch.full((count,), kind), shape.classes).float().to(device)
        latent = torch.randn(count, shape.latent, generator=source).to(device)
        latent = networks.mapping.place(latent, label)
        latent[:_REAL] = networks.encoder(real[:, :3])[0]
        made = networks.make(latent, torch.randn(count, shape.noise, cells, cells, generator=source).to(device),
                             torch.randn(count, 1, _EDGE, _EDGE, generator=source).to(device), label)
        maps = torch.cat([real, made]).clamp(0.0, 1.0)
        relief = networks.generator.relief[kind].expand(len(maps))
        flat, shown = maps[:, :3], lit(maps, relief)
        rows.append(torch.cat([torch.cat(list(part), dim=2) for part in (flat, shown)], dim=1))
    sheet = torch.cat(rows, dim=1).clamp(0.0, 1.0).permute(1, 2, 0).cpu().numpy()
    Image.fromarray((sheet * 255.0).astype(np.uint8)).save(path)


def lit(maps: Tensor, relief: Tensor) -> Tensor:
    """(B, 3, H, W) sRGB: diffuse light and a highlight from the upper left."""
    slopes = slopes_of(maps[:, 3:4], relief)
    normal = torch.cat([-slopes, torch.ones_like(slopes[:, :1])], dim=1)
    normal = normal / normal.norm(dim=1, keepdim=True)
    light = maps.new_tensor(_LIGHT)
    half = light / light.norm() + maps.new_tensor((0.0, 0.0, 1.0))
    half = (half / half.norm())[:, None, None]
    falling = (normal * (light / light.norm())[:, None, None]).sum(dim=1, keepdim=True).clamp(min=0.0)
    rough = maps[:, 4:5].clamp(min=0.08)
    sharp = (2.0 / rough ** 4).clamp(max=400.0)
    shine = (normal * half).sum(dim=1, keepdim=True).clamp(min=1e-3) ** sharp * (1.0 - rough) * 0.6
    metal = maps[:, 5:6]
    base = maps[:, :3] ** 2.2
    colour = base * (0.15 + 1.1 * falling) * (1.0 - 0.6 * metal) + shine * (0.15 * (1.0 - metal) + 2.0 * metal * base)
    return colour.clamp(0.0, 1.0) ** (1.0 / 2.2)
