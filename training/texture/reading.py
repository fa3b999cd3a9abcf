# SPDX-License-Identifier: GPL-3.0-or-later
"""One material's picture files as maps of 256 px, with what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from blender_addon.errors import GalateaError
from blender_addon.texture.seams import seam_ratio

from .image_pack import EDGE
from .looks import Look
from .real_sets import MaterialSet
from .relief import agreement, drawn_downwards, height_slopes, integrate, levelled, slopes

_LEAST = 64        # px of the shorter edge
_SEAM = 1.2        # a JPEG's own edges stand out by so much where a picture does repeat
_AGREE = 0.5       # correlation above which a height map and a normal map show the same surface
_DEEPEST = 0.25    # relief that is still a surface rather than a mistake
_FLATTEST = 0.005
_ROUGHNESS = 0.65
_GUESSED = {"height": 0.12, "roughness": 0.05}  # of 0 … 1, for a picture's usual light and dark


@dataclass(frozen=True, eq=False)
class Read:
    """albedo (256, 256, 3) sRGB 0 … 1; roughness, metallic (256, 256) or None.

    height: (256, 256) in pixels about 0, from files that give its scale; or grey: (256, 256) about 0, −1 … 1, without
    one; or neither. tileable: it wraps around. height_from: in words. turned: its normal map's green pointed down.
    """

    item: MaterialSet
    albedo: np.ndarray
    roughness: np.ndarray | None
    metallic: np.ndarray | None
    height: np.ndarray | None
    grey: np.ndarray | None
    tileable: bool
    height_from: str = ""
    turned: bool = False


def read_set(item: MaterialSet) -> Read:
    """Read the files of a set; GalateaError when one cannot be read or is too small."""
    albedo, square = _picture(item.maps["albedo"], "RGB")
    other = {name: _picture(path, "RGB" if name == "normal" else "L")[0]
             for name, path in item.maps.items() if name != "albedo"}
    grey = albedo.mean(axis=2)
    tileable = square and max(seam_ratio(grey, 0), seam_ratio(grey, 1)) <= _SEAM
    height, words, turned = None, "", False
    if "normal" in other:
        surface, turned = _upright(slopes(other["normal"] * 2 - 1), item.green_down)
        height, words = integrate(surface, tileable), "normals"
        if "height" in other:
            scale, alike = agreement(height_slopes(other["height"])[:, 1:-1, 1:-1], surface[:, 1:-1, 1:-1])
            if alike > _AGREE:
                height, words = scale * other["height"], "height, scaled by normals"
    flat = other.get("height") if height is None else None
    height, flat = (None if one is None else levelled(one, tileable) for one in (height, flat))
    return Read(item, albedo, other.get("roughness"), other.get("metallic"), height, flat, tileable,
                words or ("height" if flat is not None else ""), turned)


def typical_relief(heights: list[np.ndarray]) -> float:
    """The relief that holds nine in ten of these heights in pixels, to two digits, within reason."""
    ranges = [np.ptp(np.percentile(height, (1, 99))) / EDGE for height in heights]
    return float(f"{np.clip(np.percentile(ranges, 90), _FLATTEST, _DEEPEST):.2g}")


def lacking(members: list[Read]) -> set[str]:
    """Those of height, roughness and metallic that no picture of a class has."""
    there = {"height": any(one.height is not None or one.grey is not None for one in members),
             "roughness": any(one.roughness is not None for one in members),
             "metallic": any(one.metallic is not None for one in members)}
    return {name for name, known in there.items() if not known}


def to_maps(read: Read, look: Look, absent: set[str]) -> tuple[np.ndarray, tuple[bool, bool, bool]]:
    """Maps (6, 256, 256) in 0 … 1 and which of height, roughness and metallic are known.

    absent: what no picture of its class has. That is guessed, and the guess is learnt: dark is deep and rough, and a
    class is metallic or not as its look says. What only some lack stays unknown, and is learnt from the others.
    """
    light = levelled(read.albedo.mean(axis=2), read.tileable)
    light = light / (light.std() + 0.02)
    depth, dullness = (amount if name in absent else 0.0 for name, amount in _GUESSED.items())
    if read.height is not None:
        height = 0.5 + read.height / (EDGE * look.relief)
    else:
        height = 0.5 + (depth * light if read.grey is None else read.grey)
    rough = _ROUGHNESS - dullness * light if read.roughness is None else read.roughness
    metal = np.full((EDGE, EDGE), float(look.metallic)) if read.metallic is None else read.metallic
    maps = np.concatenate([read.albedo.transpose(2, 0, 1), np.stack([height, rough, metal])])
    known = (read.height is not None or read.grey is not None or "height" in absent,
             read.roughness is not None or "roughness" in absent,
             read.metallic is not None or "metallic" in absent or not look.metallic)
    return np.clip(maps, 0, 1), known


def _upright(surface: np.ndarray, said: bool | None) -> tuple[np.ndarray, bool]:
    """Slopes with green pointing up, and whether they had to be turned. The slopes themselves are asked before what
    is said of them: libraries are wrong about it more often than a surface is."""
    down = drawn_downwards(surface)
    down = bool(said) if down is None else down
    return (surface * np.array([1, -1])[:, None, None] if down else surface), down


def _picture(path: Path, mode: str) -> tuple[np.ndarray, bool]:
    """(256, 256) or (256, 256, 3) in 0 … 1 of the square in the middle, and whether that is the whole picture."""
    try:
        with Image.open(path) as opened:
            picture = _eight_bits(opened).convert(mode)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise GalateaError(f"{path.name} cannot be read as a picture ({error})") from error
    edge = min(picture.size)
    if edge < _LEAST:
        raise GalateaError(f"{path.name} is {picture.width} × {picture.height} px; at least {_LEAST} are needed")
    left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
    whole = picture.width == picture.height
    # a mean of pixels reaches over no edge, so what wraps around still does
    smaller = picture.resize((EDGE, EDGE), Image.BOX if edge >= EDGE else Image.BICUBIC,
                             box=(left, top, left + edge, top + edge))
    return np.asarray(smaller, dtype=np.float64) / 255, whole


def _eight_bits(picture: Image.Image) -> Image.Image:
    """16-bit and floating-point greys as 8-bit ones, which Pillow's convert would clip; see-through parts on grey."""
    if picture.mode.startswith("I"):
        values = np.asarray(picture, dtype=np.float64)
        return Image.fromarray(np.round(values / (257 if values.max() > 255 else 1)).clip(0, 255).astype(np.uint8))
    if picture.mode == "F":
        return Image.fromarray(np.round(np.asarray(picture) * 255).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, (128, 128, 128, 255))
        ground.alpha_composite(picture.convert("RGBA"))
        return ground
    return picture
