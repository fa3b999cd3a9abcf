# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of what a texture generator makes, beside real tiles, and a page of what is not good enough."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

from blender_addon.inference.packs import Pack
from blender_addon.texture.sphere import preview_sphere

from .features import Lighting, light
from .image_pack import ImagePack
from .looks import TEXELS_PER_TILE

_SEEDS = 16
_GAP = 16
_TILING = 256  # pixels of the material that is laid three by three
_SPHERES = 3


def draw_sheets(data: Path, pack_folder: Path | None, out: Path, limits: Sequence[str] = ()) -> None:
    """<class>.jpg for every class of a pack and not_good_enough.md into `out`.

    Each: 16 seeds and as many real training tiles, lit from the side; a material of 256 px laid three by three; spheres
    of four tiles; the maps of one. limits: weak spots in words, for the page.
    """
    from .evaluate import texture_pack

    pictures, pack = ImagePack.load(data), texture_pack(pack_folder)
    out.mkdir(parents=True, exist_ok=True)
    for name in tqdm(pack.words("classes"), desc="drawing", unit="class"):
        class_sheet(pack, name, pictures).save(out / f"{name}.jpg", quality=85)
    write_page(pack, out, limits)
    print(f"-> {out}")


def write_page(pack: Pack, out: Path, limits: Sequence[str] = ()) -> None:
    """not_good_enough.md: why classes are not good enough, or what is weak about them.

    Reasons come from the figures in `out`, else from those in the pack, from the pack's limits and from `limits`:
    sentences that begin with a class and a colon, or speak of all.
    """
    words = [*pack.content.get("limits", ()), *limits]
    (out / "not_good_enough.md").write_text(weaknesses(pack, _figures(pack, out), words), encoding="utf-8")


def class_sheet(pack: Pack, name: str, pictures: ImagePack) -> Image.Image:
    """The sheet of one class."""
    from .evaluate import make, planes

    look = pack.content["texture"]["looks"][name]
    lighting = Lighting(look["relief"], True, look.get("metallic", False))
    tiles = [light(planes(make(pack, name, seed, TEXELS_PER_TILE)), lighting, True) for seed in range(_SEEDS)]
    large = make(pack, name, 0, _TILING)
    # `light` takes a picture's edge for a tile's: a larger area has the same relief in pixels
    lit = light(planes(large), Lighting(look["relief"] * TEXELS_PER_TILE / _TILING, True, lighting.metallic), True)
    spheres = [on_grey(preview_sphere(make(pack, name, seed, 4 * TEXELS_PER_TILE))) for seed in range(_SPHERES)]
    maps = [large.albedo, 0.5 + 0.5 * large.normal, *(np.dstack([plane] * 3) for plane in (
        large.roughness, large.metallic, large.height))]
    top = beside(titled(f"{name}: seeds 0 to {_SEEDS - 1}", grid(tiles, 4)),
                 titled("real, to learn from", grid(_real(pictures, name), 4)))
    middle = beside(titled("seed 0, 256 px, three by three", np.tile(lit, (3, 3, 1))),
                    titled("spheres of four tiles", grid(spheres, 1)))
    bottom = titled("albedo, normal, roughness, metallic, height of seed 0", grid([plane[:192, :192] for plane in maps],
                                                                                 5))
    return Image.fromarray((np.clip(below(top, middle, bottom), 0.0, 1.0) * 255.0).round().astype(np.uint8))


def _real(pictures: ImagePack, name: str) -> list[np.ndarray]:
    """Training tiles, spread over all there are, lit where their height is known."""
    if name not in pictures.classes:
        return [np.ones((TEXELS_PER_TILE, TEXELS_PER_TILE, 3))]
    own = pictures.only([name], "train")
    chosen = np.unique(np.linspace(0, len(own) - 1, min(_SEEDS, len(own))).round().astype(int))
    tiles = []
    for i in chosen:
        item = own.items[i]
        maps = item.maps(TEXELS_PER_TILE) / np.float32(255.0)
        lighting = Lighting(pictures.looks[name].relief, all(item.known), pictures.looks[name].metallic)
        tiles.append(light(maps, lighting, item.tileable) if item.known[0] else maps[:3].transpose(1, 2, 0))
    return tiles


# --- the page of reasons --------------------------------------------------------------------------------------------


def _figures(pack: Pack, out: Path) -> dict[str, Any]:
    """Figures by class: measured just now, else those in the pack."""
    measured = out / "metrics.json"
    if measured.is_file():
        return json.loads(measured.read_text(encoding="utf-8"))["classes"]
    return tomllib.loads((pack.folder / "pack.toml").read_text(encoding="utf-8")).get("metrics", {}).get("classes", {})


def weaknesses(pack: Pack, figures: dict[str, Any], words: Sequence[str]) -> str:
    """Markdown: for each class that has something against it, "this class is not good enough because" and what."""
    lines = ["# What is not good enough", "", f"{pack.id} {pack.content['version']}. Reasons come from the figures and "
             "from looking at the sheets.", ""]
    names = [*pack.words("classes"), *(name for name in figures if name not in pack.words("classes"))]
    general = [each for each in words if each.partition(":")[0] not in names]
    for name in names:
        row = figures.get(name, {})
        own = [each.partition(":")[2].strip() for each in words if each.partition(":")[0] == name]
        stops, weak = row.get("stops", []), [*row.get("weak", []), *own]
        if not stops and not weak:
            continue
        verdict = "is not good enough because" if stops else "is good enough by the rule, but"
        lines += [f"## {name}", "", f"This class {verdict}", "", *(f"- {each}" for each in [*stops, *weak]), "",
                  *([f"![{name}]({name}.jpg)", ""] if name in pack.words("classes") else [])]
    return "\n".join([*lines, *(["## All classes", "", *(f"- {each}" for each in general), ""] if general else [])])


# --- laying out -----------------------------------------------------------------------------------------------------


def grid(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Pictures (H, W, 3) of one size in rows, two white pixels apart; what is missing in the last row is white."""
    blank = np.ones_like(pictures[0])
    filled = [*pictures, *[blank] * (-len(pictures) % columns)]
    rows = [beside(*filled[i:i + columns], gap=2) for i in range(0, len(filled), columns)]
    return below(*rows, gap=2)


def on_grey(picture: np.ndarray) -> np.ndarray:
    """(H, W, 4) before a dark wall, (H, W, 3)."""
    return picture[..., 3:] * picture[..., :3] + (1.0 - picture[..., 3:]) * 0.22


def titled(words: str, picture: np.ndarray) -> np.ndarray:
    """With a line of words above."""
    line = Image.new("RGB", (picture.shape[1], 18), "white")
    ImageDraw.Draw(line).text((0, 3), words, fill="black")
    return np.vstack([np.asarray(line) / 255.0, picture])


def beside(*pictures: np.ndarray, gap: int = _GAP) -> np.ndarray:
    """Side by side, tops in line."""
    tall = max(len(picture) for picture in pictures)
    parts = [np.pad(picture, ((0, tall - len(picture)), (0, gap), (0, 0)), constant_values=1.0)
             for picture in pictures]
    return np.hstack(parts)[:, :-gap]


def below(*pictures: np.ndarray, gap: int = _GAP) -> np.ndarray:
    """One above the other, left edges in line."""
    wide = max(picture.shape[1] for picture in pictures)
    parts = [np.pad(picture, ((0, gap), (0, wide - picture.shape[1]), (0, 0)), constant_values=1.0)
             for picture in pictures]
    return np.vstack(parts)[:-gap]
