# SPDX-License-Identifier: GPL-3.0-or-later
"""How maps become a material on a mesh, and whether that makes sense."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from ..errors import GalateaError

SLOTS = ("active", "first", "new", "all")
PROJECTIONS = ("auto", "uv", "box")
MAX_TILES_PER_METRE = 10_000.0
MAX_STRENGTH = 10.0


@dataclass(frozen=True)
class MaterialOptions:
    """How a texture is put on a mesh.

    tiles_per_metre: in the world; a tile has Vocabulary.texels_per_tile pixels. 0 for the size that the class has.
    projection: "uv" by the mesh's UVs, which are cut from six sides where there are none, "box" from six sides and
    blended between them, "auto" by UVs where there are any. strength: of the relief
    in the shading, 1 as it was learnt. displacement: move the surface itself, too, where it is subdivided enough.
    slots: "active" and "first" put the material into that slot (made where there is none), "new" into a slot more,
    "all" into every slot but those of a character's eyes and brows; several textures go into them in turn. folder:
    where the pictures are saved as PNG; "" packs them into the .blend file.
    """

    tiles_per_metre: float = 0.0
    projection: str = "auto"
    strength: float = 1.0
    displacement: bool = False
    slots: str = "active"
    folder: str = ""


def check_options(options: MaterialOptions) -> None:
    """GalateaError with one line for what makes no sense."""
    _check("tiles_per_metre", options.tiles_per_metre, MAX_TILES_PER_METRE)
    _check("strength", options.strength, MAX_STRENGTH)
    for name, known in (("projection", PROJECTIONS), ("slots", SLOTS)):
        if getattr(options, name) not in known:
            raise GalateaError(f"{name} cannot be {getattr(options, name)!r}; choose {', '.join(known)}")
    if not isinstance(options.folder, str):
        raise GalateaError(f"folder cannot be {options.folder!r}; give its path, in quotes")


def _check(name: str, value: object, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise GalateaError(f"{name} cannot be {value!r}; give a number")
    if not 0.0 <= value <= high:
        raise GalateaError(f"{name} cannot be {value:g}; choose between 0 and {high:g}")
