# SPDX-License-Identifier: GPL-3.0-or-later
"""What character may be asked for, and whether it makes sense."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real

from ..errors import GalateaError

MAX_SEED = 2**31 - 1  # what a property in Blender holds
GARMENTS = ("trousers", "skirt", "shirt", "boots", "hair")
# Sliders of style, lowest and highest: beyond what was measured of anybody. 0 is the person as drawn.
SHAPES: dict[str, tuple[float, float]] = {
    "head": (-1.0, 1.0), "limbs": (-1.0, 1.0), "muscle": (-1.0, 1.0), "heroic": (0.0, 1.0), "childlike": (0.0, 1.0),
    "toon": (0.0, 1.0),
}


@dataclass(frozen=True)
class CharacterRequest:
    """Which character to make.

    sex (0 female to 1 male), stature (metres), weight (kilograms), age (years): None leaves each to the seed. variety:
    0 for the likeliest such person, 1 for people as varied as real ones. shape: sliders of SHAPES that carry the person
    beyond what was measured. material: a class of textures for the skin, "" for plain clay. clothes: some of GARMENTS;
    wear: {garment: class of textures}, plain where it is not named. action, style: what the character does for so many
    seconds; "" for nothing. material_seed, clothes_seed, motion_seed: of the skin's material, of the clothes and of the
    motion, None for `seed`. pack: the id of a body pack, "" for the one that ships.
    """

    seed: int = 0
    sex: float | None = None
    stature: float | None = None
    weight: float | None = None
    age: float | None = None
    variety: float = 1.0
    shape: Mapping[str, float] = field(default_factory=dict)
    material: str = ""
    material_seed: int | None = None
    clothes: tuple[str, ...] = ()
    clothes_seed: int | None = None
    wear: Mapping[str, str] = field(default_factory=dict)
    action: str = ""
    style: str = ""
    seconds: float = 8.0
    motion_seed: int | None = None
    device: str = "auto"
    pack: str = ""

    @property
    def asked(self) -> dict[str, float]:
        """What of the person is asked for."""
        given = {name: getattr(self, name) for name in ABOUT}
        return {name: value for name, value in given.items() if value is not None}


ABOUT = ("sex", "stature", "weight", "age")


def check_character(request: CharacterRequest) -> None:
    """GalateaError with one line for what makes no sense; what nobody has is told by the pack."""
    for name in ("material", "action", "style", "device", "pack"):
        if not isinstance(getattr(request, name), str):
            raise GalateaError(f"{name} cannot be {getattr(request, name)!r}; give a name, in quotes")
    for name in ("seed", "material_seed", "clothes_seed", "motion_seed"):
        seed = getattr(request, name)
        if seed is not None or name == "seed":
            _check(name, seed, whole=True)
            if not 0 <= seed <= MAX_SEED:
                raise GalateaError(f"{name} cannot be {seed}; choose between 0 and {MAX_SEED}")
    if isinstance(request.sex, str):
        raise GalateaError(f"sex cannot be {request.sex!r}; give a number from 0 for female to 1 for male")
    for name, value in (*request.asked.items(), ("variety", request.variety), ("seconds", request.seconds)):
        _check(name, value)
    if not 0.0 <= request.variety <= 1.0:
        raise GalateaError(f"variety cannot be {request.variety:g}; choose between 0 for the likeliest person and 1 "
                           "for people as varied as real ones")
    _check_shape(request.shape)
    _check_clothes(request.clothes, request.wear)
    if request.style and not request.action:
        raise GalateaError(f"style {request.style} says how an action is done; name the action too")


def _check_shape(shape: object) -> None:
    if not isinstance(shape, Mapping):
        raise GalateaError(f"shape cannot be {shape!r}; give amounts by name, {{'muscle': 0.5}}")
    for name, amount in shape.items():
        if name not in SHAPES:
            raise GalateaError(f"there is no shape {name!r}; there are {', '.join(SHAPES)}")
        _check(f"the amount of {name}", amount)
        low, high = SHAPES[name]
        if not low <= amount <= high:
            raise GalateaError(f"the amount of {name} cannot be {amount:g}; choose between {low:g} and {high:g}")


def _check_clothes(clothes: object, wear: object) -> None:
    if isinstance(clothes, str) or not isinstance(clothes, Sequence):
        raise GalateaError(f"clothes cannot be {clothes!r}; give names, ('trousers', 'shirt')")
    if not isinstance(wear, Mapping):
        raise GalateaError(f"wear cannot be {wear!r}; give classes by garment, {{'shirt': 'denim'}}")
    for name in (*clothes, *wear):
        if name not in GARMENTS:
            raise GalateaError(f"there is no garment {name!r}; there are {', '.join(GARMENTS)}")
    for name in clothes:
        if clothes.count(name) > 1:
            raise GalateaError(f"clothes name {name} twice; once is enough")
    for name, material in wear.items():
        if not isinstance(material, str) or not material:
            raise GalateaError(f"the material of the {name} cannot be {material!r}; give a class, in quotes")
        if name not in clothes:
            raise GalateaError(f"{name} of {material} cannot be worn without the {name}; name it among the clothes")


def _check(name: str, value: object, whole: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real) or not math.isfinite(value):
        raise GalateaError(f"{name} cannot be {value!r}; give a {'whole ' if whole else ''}number")
