# SPDX-License-Identifier: GPL-3.0-or-later
"""What the texture generator is shown: random crops of real tiles, and noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from blender_addon.errors import GalateaError

from .image_pack import ImagePack
from .looks import TEXELS_PER_TILE
from .networks import CELL, TextureShape


@dataclass(frozen=True)
class Tiles:
    """Real materials. pictures: uint8 (n, 6, 128, 128); label (n,); known (n, 3); tileable, lattice (n,) bool.

    often: (K,) the share of each class in what is drawn.
    """

    pictures: np.ndarray
    label: np.ndarray
    known: np.ndarray
    tileable: np.ndarray
    lattice: np.ndarray
    classes: tuple[str, ...]
    often: np.ndarray


def tiles_of(pack: ImagePack, split: str, often: Mapping[str, float] | None = None) -> Tiles:
    """The pictures of a split; GalateaError when a class has none to train on.

    often: how often a class is drawn beside the others, by name; 1 where nothing is said.
    """
    own = pack.only(split=split)
    label = own.label
    for i, name in enumerate(pack.classes):
        if split == "train" and not (label == i).any():
            raise GalateaError(f"class {name} has no picture to train on; add some, or leave it out with --classes")
    lattice = np.array([look.lattice for look in pack.looks.values()], dtype=bool)
    often = dict(often or {})
    if unknown := set(often) - set(pack.classes):
        raise GalateaError(f"--often {', '.join(sorted(unknown))}: the classes are {', '.join(pack.classes)}")
    weights = np.array([often.get(name, 1.0) for name in pack.classes])
    return Tiles(own.pictures(TEXELS_PER_TILE), label, own.known, own.tileable, lattice[label], pack.classes,
                 weights / weights.sum())


@dataclass(frozen=True)
class Batch:
    """maps (B, 6, N, N) in 0…1, known (B, 3), label (B, K)."""

    maps: Tensor
    known: Tensor
    label: Tensor


def draw(tiles: Tiles, count: int, crop: int, rng: np.random.Generator) -> Batch:
    """Random crops, every class in its share; mirrored half the time where there is no weave.

    A tileable picture is rolled first, so that its edges are nothing special.
    """
    kinds = len(tiles.classes)
    marks = (rng.random() + np.arange(count)) / count  # evenly spaced, so that a batch has all classes
    label = np.minimum(np.searchsorted(np.cumsum(tiles.often), marks, side="right"), kinds - 1)
    maps = np.empty((count, tiles.pictures.shape[1], crop, crop), np.uint8)
    chosen = np.empty(count, np.int64)
    free = tiles.pictures.shape[2] - crop
    for place, kind in enumerate(label):
        which = chosen[place] = rng.choice(np.flatnonzero(tiles.label == kind))
        picture = tiles.pictures[which]
        if tiles.tileable[which]:
            picture = np.roll(picture, rng.integers(0, picture.shape[1], 2), axis=(1, 2))
        top, left = rng.integers(0, free + 1, 2)
        picture = picture[:, top:top + crop, left:left + crop]
        maps[place] = picture[:, :, ::-1] if not tiles.lattice[which] and rng.random() < 0.5 else picture
    return Batch(torch.from_numpy(maps).float() / 255.0, torch.from_numpy(tiles.known[chosen]).float(),
                 torch.nn.functional.one_hot(torch.from_numpy(label), kinds).float())


def noise_for(shape: TextureShape, count: int, crop: int, source: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Latents (B, Z), noise (B, C, crop / 32, crop / 32) and grain (B, 1, crop, crop)."""
    cells = crop // CELL
    return (torch.randn(count, shape.latent, generator=source),
            torch.randn(count, shape.noise, cells, cells, generator=source),
            torch.randn(count, 1, crop, crop, generator=source))
