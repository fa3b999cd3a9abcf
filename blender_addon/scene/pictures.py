# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in Blender: reading one of any format, and images that hold a map, packed or saved."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import bpy
import numpy as np

from ..errors import GalateaError
from .files import hushed


def read_picture(path: str | Path) -> np.ndarray:
    """A picture of any format that Blender reads, as (H, W, 3) float32 of sRGB numbers 0 … 1, row 0 at the top.

    Transparency is left out. GalateaError when it cannot be read; nothing of it stays in the file.
    """
    path = Path(bpy.path.abspath(str(path)))
    if not path.is_file():
        raise GalateaError(f"there is no picture {path}; name a PNG, JPEG or other image file")
    image = None
    try:
        with hushed():
            image = bpy.data.images.load(str(path))
            width, height = image.size
            pixels = np.empty(width * height * image.channels, np.float32)
            image.pixels.foreach_get(pixels)
        linear = image.is_float and image.colorspace_settings.name != "Non-Color"
    except RuntimeError as error:
        raise GalateaError(f"{path} is no picture that Blender can read; save it as PNG or JPEG") from error
    finally:
        if image is not None:
            bpy.data.images.remove(image)
    if not pixels.size:
        raise GalateaError(f"{path} is no picture that Blender can read; save it as PNG or JPEG")
    pixels = pixels.reshape(height, width, -1)[::-1]
    colours = np.repeat(pixels[..., :1], 3, axis=2) if pixels.shape[2] < 3 else pixels[..., :3]
    colours = np.clip(np.nan_to_num(colours), 0.0, 1.0)
    return np.ascontiguousarray(srgb_of(colours) if linear else colours)


def srgb_of(linear: np.ndarray) -> np.ndarray:
    """Linear light 0 … 1 as sRGB numbers (IEC 61966-2-1)."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0) ** (1.0 / 2.4) - 0.055
                    ).astype(np.float32)


def linear_of(srgb: np.ndarray) -> np.ndarray:
    """sRGB numbers 0 … 1 as linear light (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def new_image(name: str, png: bytes, size: tuple[int, int], colour: bool) -> bpy.types.Image:
    """An image with a PNG file packed in it. colour: sRGB, else numbers that no one may convert (Non-Color)."""
    image = bpy.data.images.new(name, *size)
    image.pack(data=png, data_len=len(png))
    image.source = "FILE"
    image.filepath_raw = f"//{name}.png"  # where unpacking puts it; before 5.0 FBX tells pictures apart by it
    _mark(image, colour)
    return image


def saved_image(path: Path, colour: bool) -> bpy.types.Image:
    """An image of a file on disk, named relative to the .blend where the user's preferences say so."""
    image = bpy.data.images.load(str(path.resolve()))
    _mark(image, colour)
    if bpy.data.filepath and bpy.context.preferences.filepaths.use_relative_paths:
        with suppress(ValueError):  # another drive
            image.filepath = bpy.path.relpath(image.filepath)
    return image


def _mark(image: bpy.types.Image, colour: bool) -> None:
    image.colorspace_settings.name = "sRGB" if colour else "Non-Color"
    image.alpha_mode = "NONE"
