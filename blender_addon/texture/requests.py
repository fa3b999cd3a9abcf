# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked for of a texture generator, and whether it makes sense."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING

from ..errors import GalateaError

if TYPE_CHECKING:
    from .vocabulary import Vocabulary

MIN_SIZE, MAX_SIZE = 32, 2048  # pixels; a multiple of the pack's cell
MAX_COUNT = 1024
MAX_SEED = 2**31 - 1 - MAX_COUNT  # a custom property of a material holds 31 bits
MIXED = ("all", "coarse", "fine")


@dataclass(frozen=True)
class TextureRequest:
    """Which material to make.

    class_name: one of the pack's; "" for the class that the picture `like` is taken for. seed, count: materials with
    the seeds `seed`, `seed + 1` ... width, height: pixels, multiples of the pack's cell (32) up to 2048; a larger size
    is a larger area. variety: 1 for everything that was learnt, 0 for the class's mean. directions: {name: amount}, 1
    being a usual step. like: a picture's file, "" for none; its style and its colours are taken and the seed moves the
    layout only.
    mix_seed: another seed whose style is mixed in: mix_amount of it, from 0 to 1, into "all" of the style, or into its
    "coarse" (layout, large forms) or "fine" (colour, grain) stages. second_class: another class to go towards, by
    second_amount from 0 to 1. pack: its id, "" for the one that ships.
    """

    class_name: str = ""
    seed: int = 0
    width: int = 512
    height: int = 512
    count: int = 1
    variety: float = 1.0
    directions: Mapping[str, float] = field(default_factory=dict)
    like: str = ""
    mix_seed: int | None = None
    mix_amount: float = 0.5
    mixed: str = "all"
    second_class: str = ""
    second_amount: float = 0.5
    device: str = "auto"
    pack: str = ""


def check_texture(request: TextureRequest, known: Vocabulary) -> None:
    """GalateaError with one line for what makes no sense or is not among the pack's words."""
    for name in ("class_name", "second_class", "like", "device", "pack"):
        if not isinstance(getattr(request, name), str):
            raise GalateaError(f"{name} cannot be {getattr(request, name)!r}; give a name, in quotes")
    if not request.class_name and not request.like:
        raise GalateaError(f"name a class, or a picture that it is to be like; there are {', '.join(known.classes)}")
    for name in (request.class_name, request.second_class):
        _check_word("class", name, known.classes)
    _check("count", request.count, 1, MAX_COUNT, whole=True)
    _check("seed", request.seed, 0, MAX_SEED, whole=True)
    for name in ("width", "height"):
        pixels = getattr(request, name)
        _check(name, pixels, MIN_SIZE, MAX_SIZE, whole=True)
        if pixels % known.cell:
            raise GalateaError(f"{name} cannot be {pixels}; choose a multiple of {known.cell}, such as "
                               f"{max(pixels // known.cell, 1) * known.cell}")
    _check("variety", request.variety, 0.0, 1.0)
    if not isinstance(request.directions, Mapping):
        raise GalateaError(f"directions cannot be {request.directions!r}; give amounts by name, {{'worn': 1.0}}")
    for name, amount in request.directions.items():
        _check_word("direction", name, tuple(known.directions))
        way = known.directions[name]  # beyond its ends materials fall apart
        _check(f"the amount of {name}", amount, way.low, way.high)
    if request.mix_seed is not None:
        _check("mix_seed", request.mix_seed, 0, MAX_SEED, whole=True)
    _check("mix_amount", request.mix_amount, 0.0, 1.0)
    _check("second_amount", request.second_amount, 0.0, 1.0)
    if request.mixed not in MIXED:
        raise GalateaError(f"mixed cannot be {request.mixed!r}; choose {', '.join(MIXED)}")


def in_its_words(request: TextureRequest, known: Vocabulary) -> TextureRequest:
    """The same request with classes and directions as the pack spells them, whatever the case of their letters and
    whether they are joined by a space, a hyphen or an underscore; a word that it has not stays as it is."""
    names = {_plain(name): name for name in known.classes}
    ways = {_plain(name): name for name in known.directions}
    directions = request.directions
    if isinstance(directions, Mapping):
        directions = {ways.get(_plain(name), name): amount for name, amount in directions.items()}
    return replace(request, class_name=names.get(_plain(request.class_name), request.class_name),
                   second_class=names.get(_plain(request.second_class), request.second_class), directions=directions)


def _plain(name: object) -> object:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold()) if isinstance(name, str) else name


def seeds(request: TextureRequest) -> range:
    """The seeds of a request's materials."""
    return range(request.seed, request.seed + request.count)


def _check_word(what: str, name: object, known: Sequence[str]) -> None:
    if name and name not in known:
        plural = "classes" if what == "class" else f"{what}s"
        there = f"there are {', '.join(known)}" if known else f"this pack has no {plural}, leave it out"
        raise GalateaError(f"there is no {what} {name!r}; {there}")


def _check(name: str, value: object, low: float, high: float, whole: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
        raise GalateaError(f"{name} cannot be {value!r}; give a {'whole ' if whole else ''}number")
    if not (math.isfinite(value) and low <= value <= high):
        raise GalateaError(f"{name} cannot be {value:g}; choose between {low:g} and {high:g}")
