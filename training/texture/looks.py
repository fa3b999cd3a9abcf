# SPDX-License-Identifier: GPL-3.0-or-later
"""What a class of materials looks like apart from its maps: how large a tile is in the world, how deep its relief."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path

from blender_addon.errors import GalateaError
from blender_addon.texture.vocabulary import Look

# A tile is a square of so many pixels in training, and the edge that `tile_metres` and `relief` speak of.
TEXELS_PER_TILE = 128
LOOKS_FILE = "looks.toml"


LOOKS: dict[str, Look] = {
    "skin": Look(0.02, 0.020, subsurface=0.15, procedural=True),
    "scales": Look(0.08, 0.060, lattice=True, subsurface=0.05, procedural=True),
    "fur": Look(0.06, 0.060, subsurface=0.05, procedural=True),
    "knit": Look(0.06, 0.060, lattice=True, procedural=True),
    "denim": Look(0.02, 0.030, lattice=True, procedural=True),
    "leather": Look(0.04, 0.030, procedural=True),
    "chainmail": Look(0.06, 0.080, lattice=True, metallic=True, procedural=True),
    "bone": Look(0.10, 0.020, subsurface=0.10, procedural=True),
    "bark": Look(0.40, 0.080, procedural=True),
    "stone": Look(1.00, 0.050),
    "metal": Look(0.80, 0.010, metallic=True),
    "wood": Look(0.80, 0.030),
    "scifi_panel": Look(1.00, 0.060),
    "patterns": Look(0.50, 0.010),
    "fabric": Look(0.20, 0.020),
}
PLAIN = Look(0.50, 0.030)  # of a class never heard of


def look_of(name: str, own: dict[str, Look] | None = None) -> Look:
    """The look of a class: the user's own, the one that is known, or a modest one for a class never heard of."""
    return (own or {}).get(name) or LOOKS.get(name) or PLAIN


def as_written(looks: dict[str, Look]) -> dict[str, dict[str, float | bool]]:
    """Looks for a file. Whom to credit follows from the pictures, where a pack is written."""
    return {name: {key: value for key, value in asdict(look).items() if key != "credit"}
            for name, look in looks.items()}


def read_looks(folder: Path) -> dict[str, Look]:
    """What a user's looks.toml says of classes (a table a class, Look's fields, each optional).

    GalateaError when it cannot be read or says what no look can be.
    """
    file = folder / LOOKS_FILE
    if not file.is_file():
        return {}
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GalateaError(f"{file} cannot be read: {error}") from error
    return {name: _look(file, name, table) for name, table in tables.items()}


def _look(file: Path, name: str, table: object) -> Look:
    fields = {"tile_metres": float, "relief": float, "lattice": bool, "metallic": bool, "subsurface": float}
    if not isinstance(table, dict):
        raise GalateaError(f"{file}: {name} must be a table, such as [{name}]")
    for key, value in table.items():
        if key not in fields:
            raise GalateaError(f"{file}: [{name}] has {key}, which no look has; there are {', '.join(fields)}")
        right = isinstance(value, bool) if fields[key] is bool else (
            isinstance(value, int | float) and not isinstance(value, bool))
        if not right:
            raise GalateaError(f"{file}: {key} of [{name}] must be "
                               f"{'true or false' if fields[key] is bool else 'a number'}, not {value!r}")
    known = look_of(name)
    look = Look(**{**{key: getattr(known, key) for key in fields}, **table})
    if not 0.0005 <= look.tile_metres <= 1000:
        raise GalateaError(f"{file}: tile_metres of [{name}] must lie between 0.0005 and 1000, not {look.tile_metres}")
    if not 0 < look.relief <= 0.5:
        raise GalateaError(f"{file}: relief of [{name}] must lie between 0 and 0.5, not {look.relief}")
    if not 0 <= look.subsurface <= 1:
        raise GalateaError(f"{file}: subsurface of [{name}] must lie between 0 and 1, not {look.subsurface}")
    return look
