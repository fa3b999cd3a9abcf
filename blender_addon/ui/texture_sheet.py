# SPDX-License-Identifier: GPL-3.0-or-later
"""A sheet of thumbnails: what a dozen seeds look like, to pick one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from . import running, shown, texture, watching

if TYPE_CHECKING:
    import numpy as np
    from bpy.utils.previews import ImagePreviewCollection

    from .. import api

COUNT, COLUMNS = 12, 3
_previews: ImagePreviewCollection | None = None


class ShowTextures(running.Sliced, bpy.types.Operator):
    """Show what the next twelve seeds look like, as small pictures to pick from"""

    bl_idname = "galatea.show_textures"
    bl_label = "Show Variations"

    further: bpy.props.BoolProperty(
        name="Further", options={"SKIP_SAVE"},
        description="Go on after the seeds that are shown, not at the one that is chosen")

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return texture.why_no_texture(context)

    def request(self, context: bpy.types.Context) -> api.TextureRequest:
        request = context.scene.galatea_texture.request()
        there = shown.now.sheet.pictures if self.further and shown.now.sheet else ()
        seed = there[-1][0] + 1 if there else request.seed
        return replace(request, seed=min(seed, texture_limit() - COUNT))

    def subject(self, context: bpy.types.Context) -> None:
        return None

    def slices(self, subject: Any, request: api.TextureRequest) -> running.Slices:
        from .. import api

        shown.now.sheet = shown.Sheet(request.class_name)
        for number in range(COUNT):
            seed = request.seed + number
            slices = api.thumbnail_in_slices(replace(request, seed=seed))
            while True:
                try:
                    share = next(slices)
                except StopIteration as done:
                    thumbnail = done.value
                    break
                yield (number + share) / COUNT
            icon = _icon(number, thumbnail.picture)
            shown.now.sheet = shown.Sheet(thumbnail.class_name, (*shown.now.sheet.pictures, (seed, icon)))
            yield (number + 1.0) / COUNT
        return shown.now.sheet

    def told(self, result: shown.Sheet) -> str:
        return f"{len(result.pictures)} variations of {result.class_name.replace('_', ' ')}"


def texture_limit() -> int:
    """One more than the greatest seed."""
    from ..texture.requests import MAX_SEED

    return MAX_SEED + 1


def _icon(number: int, picture: np.ndarray) -> int:
    """Put (H, W, 3) of sRGB numbers into the preview at a place of the sheet; returns its icon."""
    global _previews
    import bpy.utils.previews
    import numpy as np

    if _previews is None:
        _previews = bpy.utils.previews.new()
    name = str(number)
    preview = _previews[name] if name in _previews else _previews.new(name)
    height, width = picture.shape[:2]
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = picture[::-1]
    preview.image_size = width, height
    preview.image_pixels_float.foreach_set(pixels.ravel())
    return preview.icon_id


class PickTexture(bpy.types.Operator):
    """Take the seed of this picture"""

    bl_idname = "galatea.pick_texture"
    bl_label = "Pick Texture"
    bl_options = {"REGISTER", "UNDO"}

    seed: bpy.props.IntProperty(name="Seed", min=0, description="Its seed")

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.galatea_texture.seed = self.seed
        watching.redraw()
        return {"FINISHED"}


CLASSES = (ShowTextures, PickTexture)


def unregister() -> None:
    """Forget the pictures."""
    global _previews
    if _previews is not None:
        from bpy.utils import previews

        previews.remove(_previews)
        _previews = None
