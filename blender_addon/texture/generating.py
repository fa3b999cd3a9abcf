# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps out of a texture generator: from a request to the inputs of its graphs, and from their outputs to maps."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DeviceError
from .finishing import finish
from .likeness import Recolouring, pattern_likeness, recolouring
from .requests import TextureRequest
from .vocabulary import Vocabulary, vocabulary

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Arrays, Session

MAPS = ("albedo", "normal", "roughness", "metallic", "height")
STRIP_PIXELS = 2048 * 640  # that are made at once: a pixel takes about 1 kB of memory meanwhile
_SAMPLE = 1  # tiles along an edge, to compare with a picture: the same to a level of 255 as two
THREADS = max(2, min(os.cpu_count() or 2, 8))  # how many there are does not change a bit of the result


@dataclass(frozen=True, eq=False)
class TextureMaps:
    """The maps of one material, float32, row 0 at the top: albedo (H, W, 3) as sRGB numbers 0 … 1, normal (H, W, 3) of
    unit length as OpenGL has it (x to the right, y up, z outwards), roughness, metallic and height (H, W), 0 … 1."""

    albedo: np.ndarray
    normal: np.ndarray
    roughness: np.ndarray
    metallic: np.ndarray
    height: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.height.shape[1], self.height.shape[0]


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture that materials are to be like: what the encoder takes it for, latent (Z,) and how likely each class is,
    (K,); itself as one tile, (T, T, 3). Then what it takes to give its colours to what the model makes of that, and how
    much of its pattern that has, 0 … 1."""

    latent: np.ndarray
    classes: np.ndarray
    tile: np.ndarray
    colours: Recolouring | None = None
    likeness: float | None = None


@dataclass(frozen=True, eq=False)
class Draws:
    """What a seed stands for, all unit normal: latent (Z,), noise (C, h, w) with a number for each cell and channel,
    grain (H, W) with one for each pixel."""

    latent: np.ndarray
    noise: np.ndarray
    grain: np.ndarray


def draw(known: Vocabulary, seed: int, width: int, height: int) -> Draws:
    """A seed's draws, in this order. Philox counts, so that a seed means the same on every machine."""
    source = np.random.Generator(np.random.Philox(seed))
    rows, columns = height // known.cell, width // known.cell
    return Draws(*(source.standard_normal(shape, dtype=np.float32)
                   for shape in ((known.latent,), (known.noise_channels, rows, columns), (height, width))))


def look_at(encoder: Session, known: Vocabulary, picture: np.ndarray) -> Seen:
    """What the encoder takes a picture for; (H, W, 3) float32, sRGB numbers 0 … 1, of any size: its central square is
    taken for one tile."""
    tile = shrink(central_square(picture), known.texels_per_tile)
    seen = encoder.run({"picture": np.ascontiguousarray(tile.transpose(2, 0, 1)[None], dtype=np.float32)})
    return Seen(seen["mean"][0], seen["class"][0], tile)


def likened_inputs(mapping: Session, known: Vocabulary, request: TextureRequest, seen: Seen) -> Arrays:
    """Inputs of the graph `model` for a sample of what a picture alone leads to, for `likened`."""
    edge = _SAMPLE * known.texels_per_tile
    plain = TextureRequest(class_name=class_of(known, request, seen), seed=request.seed, width=edge, height=edge)
    return model_inputs(mapping, known, plain, plain.seed, seen)


def likened(seen: Seen, outputs: Arrays) -> Seen:
    """A picture with what its sample tells: how colours are to be moved, and how like the pattern is."""
    made = outputs["albedo"][0].transpose(1, 2, 0).copy()
    colours = recolouring(made, seen.tile)
    deque(colours.move(made), 0)
    return replace(seen, colours=colours, likeness=pattern_likeness(made, seen.tile))


def central_square(picture: np.ndarray) -> np.ndarray:
    """The largest square in the middle of (H, W, 3)."""
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    return picture[top:top + edge, left:left + edge]


def shrink(square: np.ndarray, edge: int) -> np.ndarray:
    """(N, N, 3) as (edge, edge, 3): each pixel the mean of the area under it, or between pixels where N is smaller."""
    weights = _area_weights(len(square), edge)
    rows = np.tensordot(weights, square, axes=(1, 0))
    return np.tensordot(weights, rows, axes=(1, 1)).transpose(1, 0, 2)


def _area_weights(count: int, edge: int) -> np.ndarray:
    """(edge, count) how much of each old pixel goes into each new one; every row sums to 1."""
    borders = np.linspace(0.0, count, edge + 1)
    low, high = borders[:-1, None], borders[1:, None]
    pixels = np.arange(count)
    covered = np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0.0, None)
    return (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)


def class_weights(known: Vocabulary, request: TextureRequest, class_name: str) -> np.ndarray:
    """(K,) weights that sum to 1."""
    weights = np.zeros(len(known.classes), dtype=np.float32)
    other = request.second_amount if request.second_class else 0.0
    weights[known.classes.index(class_name)] += 1.0 - other
    if other:
        weights[known.classes.index(request.second_class)] += other
    return weights


def class_of(known: Vocabulary, request: TextureRequest, seen: Seen | None) -> str:
    """The class that is made: the one that was asked for, else what the picture is taken for."""
    return request.class_name or known.classes[int(np.argmax(seen.classes))]


def model_inputs(mapping: Session, known: Vocabulary, request: TextureRequest, seed: int, seen: Seen | None = None
                 ) -> Arrays:
    """Everything that the graph `model` wants to know for one of a request's materials, in a batch of one."""
    draws = draw(known, seed, request.width, request.height)
    weights = class_weights(known, request, class_of(known, request, seen))[None]
    style = _style(mapping, request, draws.latent if seen is None else seen.latent, weights)
    styles = np.repeat(style[None], known.stages, axis=1)  # (1, S, W)
    if request.mix_seed is not None:
        other = _style(mapping, request, draw(known, request.mix_seed, 0, 0).latent, weights)
        half = known.stages // 2
        stages = {"all": slice(None), "coarse": slice(half), "fine": slice(half, None)}[request.mixed]
        styles[:, stages] += np.float32(request.mix_amount) * (other - style)
    for name, amount in request.directions.items():
        styles += np.float32(amount) * np.array(known.directions[name].vector, dtype=np.float32)
    return {"noise": draws.noise[None], "grain": draws.grain[None, None], "style": styles, "class": weights}


def _style(mapping: Session, request: TextureRequest, latent: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(1, W)"""
    return mapping.run({"latent": latent[None], "class": weights,
                        "truncation": np.array([request.variety], dtype=np.float32)})["style"]


@dataclass(frozen=True)
class Strip:
    """Whole rows of pixels that are made at once: of the result from `first` to `last`, and `margin` more on both
    sides, which are felt and thrown away."""

    first: int
    last: int
    margin: int


def strips(known: Vocabulary, width: int, height: int) -> list[Strip]:
    """What is made at once: everything, or where that takes too much memory, strips that overlap as far as the graph
    reaches. They depend on the size alone, so that a seed stays a result."""
    cells, margin = height // known.cell, -(-known.reach // known.cell)
    room = STRIP_PIXELS // (width * known.cell) - 2 * margin
    if width * height <= STRIP_PIXELS or not known.reach or room < 1 or room + 2 * margin >= cells:
        return [Strip(0, height, 0)]
    borders = np.linspace(0, cells, -(-cells // room) + 1).round().astype(int) * known.cell
    return [Strip(int(first), int(last), margin * known.cell) for first, last in pairwise(borders)]


def strip_inputs(known: Vocabulary, inputs: Arrays, strip: Strip) -> Arrays:
    """The inputs that a strip is made from; what is above the first row is the last one."""
    if not strip.margin:
        return inputs
    pixels = np.arange(strip.first - strip.margin, strip.last + strip.margin) % inputs["grain"].shape[2]
    cells = pixels[::known.cell] // known.cell
    return {**inputs, "noise": inputs["noise"][:, :, cells], "grain": inputs["grain"][:, :, pixels]}


def blank_maps(width: int, height: int) -> TextureMaps:
    """Maps to be filled in."""
    return TextureMaps(**{name: np.empty((height, width, 3) if name in ("albedo", "normal") else (height, width),
                                         dtype=np.float32) for name in MAPS})


def fill_in(maps: TextureMaps, strip: Strip, outputs: Arrays) -> None:
    """Put what the graph made of a strip where it belongs. DeviceError when a device computed no numbers."""
    kept = slice(strip.margin, strip.margin + strip.last - strip.first)
    for name in MAPS:
        plane = outputs[name][0, :, kept]
        if not np.isfinite(plane.sum(dtype=np.float64)):
            raise DeviceError("the texture generator made values that are no numbers; try device cpu, or another pack")
        rows = getattr(maps, name)[strip.first:strip.last]
        rows[:] = plane.transpose(1, 2, 0) if len(plane) == 3 else plane[0]


def generate_maps(pack: Pack, request: TextureRequest, seed: int | None = None, seen: Seen | None = None
                  ) -> TextureMaps:
    """The maps of one of a request's materials, its first unless a seed is given; the request is taken as checked."""
    from ..inference.sessions import open_session

    known = vocabulary(pack)
    mapping, model = (open_session(pack, graph, request.device, THREADS) for graph in ("mapping", "model"))
    inputs = model_inputs(mapping, known, request, request.seed if seed is None else seed, seen)
    maps = blank_maps(request.width, request.height)
    for strip in strips(known, request.width, request.height):
        fill_in(maps, strip, model.run(strip_inputs(known, inputs, strip), frugal=True))
    deque(finish(maps, known, request, class_of(known, request, seen), seen), 0)
    return maps
