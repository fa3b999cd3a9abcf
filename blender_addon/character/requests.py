# SPDX-License-Identifier: GPL-3.0-or-later
"""What character may be asked for, and whether it makes sense."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from ..errors import GalateaError

MAX_SEED = 2**31 - 1  # what a property in Blender holds


@dataclass(frozen=True)
class CharacterRequest:
    """Which character to make.

    sex (0 female to 1 male), stature (metres), weight (kilograms), age (years): None leaves each to the seed. variety:
    0 for the likeliest such person, 1 for people as varied as real ones. material: a class of textures for the skin, ""
    for plain clay. action, style: what the character does for so many seconds; "" for nothing. material_seed,
    motion_seed: of the material and of the motion, None for `seed`. pack: the id of a body pack, "" for the one that
    ships.
    """

    seed: int = 0
    sex: float | None = None
    stature: float | None = None
    weight: float | None = None
    age: float | None = None
    variety: float = 1.0
    material: str = ""
    material_seed: int | None = None
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
    for name in ("seed", "material_seed", "motion_seed"):
        seed = getattr(request, name)
        if seed is not None or name == "seed":
            _check(name, seed, whole=True)
            if not 0 <= seed <= MAX_SEED:
                raise GalateaError(f"{name} cannot be {seed}; choose between 0 and {MAX_SEED}")
    for name, value in (*request.asked.items(), ("variety", request.variety), ("seconds", request.seconds)):
        _check(name, value)


def _check(name: str, value: object, whole: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real) or not math.isfinite(value):
        raise GalateaError(f"{name} cannot be {value!r}; give a {'whole ' if whole else ''}number")
