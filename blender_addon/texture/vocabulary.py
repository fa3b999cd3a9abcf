# SPDX-License-Identifier: GPL-3.0-or-later
"""What a texture generator knows: its classes and how they look, its directions, the sizes of its graphs' inputs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..inference.packs import Pack


@dataclass(frozen=True)
class Look:
    """What is true of a whole class.

    tile_metres: the edge of a tile (Vocabulary.texels_per_tile pixels) in the world. relief: how far height goes from 0
    to 1, as a share of that edge. lattice: its structure repeats every cell. metallic: it is a metal. subsurface: 0 to
    1, how much light goes through its skin. procedural: learnt from pictures that Galatea baked. credit: whose pictures
    it was learnt from, where they want to be named.
    """

    tile_metres: float
    relief: float
    lattice: bool = False
    metallic: bool = False
    subsurface: float = 0.0
    procedural: bool = False
    credit: str = ""


@dataclass(frozen=True)
class Direction:
    """A named way through the styles: `amount * vector`, (W,), is added to a style; 1 is a usual step. low, high: the
    amounts that look like something."""

    name: str
    vector: tuple[float, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Vocabulary:
    """The table [texture] of a pack. cell, texels_per_tile: pixels; the other numbers are sizes of tensors. reach: how
    many pixels away a number of the noise may be felt, 0 where the pack does not tell."""

    classes: tuple[str, ...]
    looks: dict[str, Look]
    directions: dict[str, Direction]
    latent: int
    style: int
    stages: int
    cell: int
    noise_channels: int
    texels_per_tile: int
    reach: int

    def metres(self, class_name: str, pixels: int) -> float:
        """How long so many pixels of a class are in the world."""
        return self.looks[class_name].tile_metres * pixels / self.texels_per_tile


def vocabulary(pack: Pack) -> Vocabulary:
    """What a texture generator's pack.toml, which was checked when it was read, says."""
    table = pack.content["texture"]
    sizes = {name: table[name] for name in ("latent", "style", "stages", "cell", "noise_channels", "texels_per_tile")}
    return Vocabulary(
        classes=tuple(table["classes"]),
        looks={name: Look(**{field.name: look[field.name] for field in fields(Look) if field.name in look})
               for name, look in table["looks"].items()},
        directions={each["name"]: Direction(each["name"], tuple(each["vector"]), *each["range"])
                    for each in table.get("directions", ())},
        reach=table.get("reach", 0), **sizes)


def verdicts(pack: Pack) -> dict[str, str]:
    """Of each class whether it is good enough, and what is weak about it: as `evaluate` measured it and as the pack's
    limits, of which one may begin with a class's name, put it."""
    measured = pack.content.get("metrics", {}).get("classes", {})
    seen = dict(line.split(": ", 1) for line in pack.content.get("limits", ()) if ": " in line)
    told = {}
    for name in pack.words("classes"):
        row = measured.get(name)
        words = "not measured" if row is None else "good enough" if row.get("ships") else "not good enough"
        stops = [stop.split(": ", 1)[0] for stop in (row or {}).get("stops", ())]  # without the figures
        weak = [*stops, *filter(None, [seen.get(name, "").rstrip(".")])]
        told[name] = words + (", but " if words == "good enough" else ": ") * bool(weak) + "; ".join(weak)
    return told
