# SPDX-License-Identifier: GPL-3.0-or-later
"""What textures are measured against: features of real training and held-out pictures and of quilted ones, by class."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .features import Lighting, Network, Seen, see
from .image_pack import ImagePack
from .looks import TEXELS_PER_TILE
from .quilting import quilt

FEWEST = 8    # training pictures of a class that others are compared with and told apart from
VIEWS = 2     # crops of each picture
QUILTED = 24  # pictures of each class
MOST = 128    # training pictures of a class


@dataclass(frozen=True, eq=False)
class RealClass:
    """One class: how its pictures are lit, features of training, held-out and quilted pictures, how many pictures there
    are to train on and held out."""

    name: str
    procedural: bool
    lighting: Lighting
    train: Seen
    held_out: Seen
    quilted: Seen
    train_count: int
    held_out_count: int


def real_classes(pictures: ImagePack, network: Network, out: Path) -> dict[str, RealClass]:
    """Every class of an image pack, by name. The features are kept in `out`, for the next time."""
    found = {}
    for name in tqdm(pictures.classes, desc="real", unit="class"):
        train, held_out = (pictures.only([name], split) for split in ("train", "test"))
        chosen = _choice(len(train), MOST)
        lighting = lighting_of(pictures, name)
        shown = [train.items[i].sha256 for i in chosen], [item.sha256 for item in held_out.items]
        key = hashlib.sha256(repr((shown, lighting, VIEWS, QUILTED)).encode()).hexdigest()[:12]
        kept = out / "features" / f"{name}-{key}.npz"
        seen = _read(kept)
        if seen is None:
            maps = train.pictures(TEXELS_PER_TILE)[chosen] / np.float32(255.0)
            tileable, known = train.tileable[chosen], train.known[chosen, 0]
            seen = (see(network, maps, lighting, VIEWS, tileable, known),
                    see(network, held_out.pictures(TEXELS_PER_TILE) / np.float32(255.0), lighting, VIEWS,
                        held_out.tileable, held_out.known[:, 0], seed=1),
                    _see_quilted(network, maps, lighting, tileable, known))
            _write(kept, seen)
        found[name] = RealClass(name, pictures.looks[name].procedural, lighting, *seen, len(train), len(held_out))
    return found


def lighting_of(pictures: ImagePack, name: str) -> Lighting:
    """Roughness and metallic count where all pictures of a class with a height have them."""
    own = pictures.only([name])
    known = own.known[own.known[:, 0]]
    look = pictures.looks[name]
    return Lighting(look.relief, bool(len(known) and known.all()), look.metallic)


def _see_quilted(network: Network, maps: np.ndarray, lighting: Lighting, tileable: np.ndarray, known: np.ndarray
                 ) -> Seen:
    """Quilted pictures, each out of one training picture; those with a known height first, so that some can be lit."""
    if not len(maps):
        return see(network, maps, lighting, VIEWS)
    rng = np.random.default_rng(2)
    order = rng.permutation(len(maps))
    order = np.concatenate([order[known[order]], order[~known[order]]])
    sources = order[np.arange(QUILTED) % len(order)]
    made = np.stack([quilt(maps[i], TEXELS_PER_TILE, rng, bool(tileable[i])) for i in sources])
    return see(network, made, lighting, VIEWS, np.zeros(len(made), bool), known[sources], seed=3)


def _choice(count: int, most: int) -> np.ndarray:
    """Indices of at most so many pictures, spread evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.zeros(0, int)


def _read(path: Path) -> tuple[Seen, Seen, Seen] | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as file:
        return tuple(Seen(file[f"{part}_albedo"], file[f"{part}_lit"]) for part in _PARTS)


def _write(path: Path, seen: Sequence[Seen]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".part.npz")
    np.savez(whole, **{f"{part}_{view}": getattr(own, view)
                       for part, own in zip(_PARTS, seen, strict=True) for view in ("albedo", "lit")})
    whole.replace(path)


_PARTS = ("train", "held_out", "quilted")
