# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures on objects of the open scene."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..motion.slices import drain, within
from ..texture.material_options import MaterialOptions, check_options
from ..texture.requests import TextureRequest
from .texture import TextureResult, texture_in_slices

if TYPE_CHECKING:
    import bpy
    import numpy as np

THUMBNAIL = 128  # pixels along an edge


@dataclass(frozen=True)
class MaterialResult:
    """What was put on objects. materials, objects: their names; objects share a material where it lies alike on them.
    notes: what could not be done as asked, and what is worth knowing of the texture. files: the pictures that were
    saved. seconds: the time it took, with the texture's where that was made along with it."""

    texture: TextureResult
    materials: tuple[str, ...]
    objects: tuple[str, ...]
    notes: tuple[str, ...]
    files: tuple[str, ...]
    options: MaterialOptions
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For --json: everything but the maps themselves."""
        plain = ("materials", "objects", "notes", "files", "seconds")
        return {**{name: getattr(self, name) for name in plain}, "options": asdict(self.options),
                "texture": self.texture.as_dict()}


def apply_texture(objects: Sequence[bpy.types.Object], texture: TextureResult, options: MaterialOptions | None = None
                  ) -> MaterialResult:
    """Put a texture on mesh objects as a material: by their UVs, which stay as they are, or from six sides.

    Of several materials in the result the first is taken, or with options.slots "all" one after another for the slots.
    What was in a slot before stays in the file. GalateaError with one line when no object can take a material or a
    picture cannot be saved; the scene is then as it was.
    """
    return drain(dressing_in_slices(objects, texture, options or MaterialOptions()))


def generate_material(objects: Sequence[bpy.types.Object], request: TextureRequest,
                      options: MaterialOptions | None = None) -> MaterialResult:
    """Make a texture and put it on mesh objects: generate_texture and apply_texture in one."""
    return drain(material_in_slices(objects, request, options or MaterialOptions()))


def material_in_slices(objects: Sequence[bpy.types.Object], request: TextureRequest, options: MaterialOptions
                       ) -> Generator[float, None, MaterialResult]:
    """The same in slices of some hundredths of a second: yields the share that is done, returns the result. The scene
    changes in the last; after close() or an error it is as it was."""
    check_options(options)
    from ..scene import dressing
    from ..scene.holding import held

    dressing.check_objects(objects, options.slots)
    again = [held(ob) for ob in objects]
    texture = yield from within(texture_in_slices(request), 0.0, 0.7)
    return (yield from within(dressing_in_slices([ob() for ob in again], texture, options), 0.7, 0.3))


def count_slots(objects: Sequence[bpy.types.Object], slots: str) -> int:
    """How many textures mesh objects have a use for with `MaterialOptions.slots`."""
    from ..scene.dressing import slots_for

    return max((len(slots_for(ob, slots)) for ob in objects), default=1)


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A small picture of a material: (H, W, 3) of sRGB numbers, one tile lit from the side."""

    class_name: str
    seed: int
    picture: np.ndarray


def thumbnail_in_slices(request: TextureRequest) -> Generator[float, None, Thumbnail]:
    """What a request's seed looks like, one tile of it, in slices: yields the share that is done."""
    from ..texture.sphere import lit_tile

    texture = yield from texture_in_slices(replace(request, width=THUMBNAIL, height=THUMBNAIL, count=1))
    return Thumbnail(texture.class_name, texture.seed, lit_tile(texture.maps))


def dressing_in_slices(objects: Sequence[bpy.types.Object], texture: TextureResult, options: MaterialOptions
                       ) -> Generator[float, None, MaterialResult]:
    """apply_texture in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    check_options(options)
    from ..scene import dressing

    def about(seed: int) -> dict[str, Any]:
        figures = next(made.figures for made in texture.textures if made.seed == seed)
        return {**texture.provenance(seed), "galatea_figure_seam_max": figures["seam_max"]}

    cloth = dressing.Cloth(texture.class_name, texture.look, texture.metres,
                           {made.seed: made.maps for made in texture.textures}, about)
    done = yield from dressing.dress_in_slices(objects, cloth, options)
    return MaterialResult(texture, done.materials, done.objects, (*texture.notes, *done.notes), done.files, options,
                          texture.seconds + time.perf_counter() - began)
