# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedural classes: which recipe makes each, how many seeds, and the bake of all of them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from training.texture import baking, recipes_organic, recipes_woven
from training.texture.node_graph import Material, NodeGraph

_HELD_OUT = 5  # every fifth seed is for testing


@dataclass(frozen=True)
class Recipe:
    """make: writes a material's nodes for one seed. count: seeds that the class is baked with."""

    make: Callable[[NodeGraph, np.random.Generator], Material]
    count: int = 130


@dataclass(frozen=True)
class Bakes:
    """pictures: uint8 (n, 6, size, size): albedo (sRGB), height, roughness, metallic. A row a picture in all.

    label: index into classes. seed: what the picture was baked from. split: 'train', or 'test' for each fifth seed.
    """

    pictures: np.ndarray
    label: np.ndarray
    seed: np.ndarray
    split: np.ndarray
    classes: tuple[str, ...]


RECIPES: dict[str, Recipe] = {
    "skin": Recipe(recipes_organic.skin),
    "scales": Recipe(recipes_organic.scales),
    "fur": Recipe(recipes_woven.fur),
    "knit": Recipe(recipes_woven.knit),
    "denim": Recipe(recipes_woven.denim),
    "leather": Recipe(recipes_organic.leather),
    "chainmail": Recipe(recipes_woven.chainmail),
    "bone": Recipe(recipes_organic.bone),
    "bark": Recipe(recipes_organic.bark),
}


def bake(name: str, seed: int, size: int = 256) -> np.ndarray:
    """One picture of a class: float32 (6, size, size), 0…1; see `baking.bake_recipe`. Empties the Blender file."""
    return baking.bake_recipe(baking.lay_out(size), RECIPES[name].make, seed)


def bake_all(
    classes: Iterable[str] | None = None,
    size: int = 256,
    progress: Callable[[int, int], None] | None = None,
    count: int | None = None,
    processes: int = 2,
) -> Bakes:
    """Bake seeds 0, 1, … of each class (all by default; `count` of each, or as many as its recipe says).

    progress(done, of all) is called after each picture. The bakes run in processes of their own: bpy has one file open
    in a process, and the caller's stays as it is.
    """
    names = tuple(classes or RECIPES)
    jobs = [(name, seed) for name in names for seed in range(count or RECIPES[name].count)]
    pictures = np.empty((len(jobs), 6, size, size), np.uint8)
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _start, (size,)) as pool:
        for done, picture in enumerate(pool.imap(_bake_one, jobs, chunksize=4)):
            pictures[done] = picture
            if progress:
                progress(done + 1, len(jobs))
    seeds = np.array([seed for _, seed in jobs])
    return Bakes(
        pictures=pictures,
        label=np.array([names.index(name) for name, _ in jobs]),
        seed=seeds,
        split=np.where(seeds % _HELD_OUT == _HELD_OUT - 1, "test", "train"),
        classes=names,
    )


_bench: baking.Bench | None = None  # of a baking process: laid out once, used for all of its pictures


def _start(size: int) -> None:
    global _bench
    _bench = baking.lay_out(size)


def _bake_one(job: tuple[str, int]) -> np.ndarray:
    name, seed = job
    return np.round(baking.bake_recipe(_bench, RECIPES[name].make, seed) * 255.0).astype(np.uint8)
