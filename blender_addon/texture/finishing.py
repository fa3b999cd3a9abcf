# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to maps after the graph: metal where there is none, colours that no metal has, a picture's colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .requests import TextureRequest
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .generating import Seen, TextureMaps

_NO_METAL = 0.2  # below it a class that is no metal is not metallic, and what the graph says is noise
# Metals are grey, or on the way from grey to gold and copper: the way along which chain mail's bakes differ most, and
# how far from it nine in ten of their texels are at most, in sRGB numbers.
_WARM = np.array([0.702, 0.009, -0.711], dtype=np.float32)
_ASIDE = 0.05
_BAND = 128  # rows


def finish(maps: TextureMaps, known: Vocabulary, request: TextureRequest, class_name: str, seen: Seen | None
           ) -> Iterator[None]:
    """Finish one of a request's materials in place, in slices; class_name: the one that is made.

    Where no class that goes in is a metal, metallic is 0. A metal that was learnt from Galatea's own bakes keeps to the
    colours of metals. What is like a picture has its colours as far as its style is the picture's, and not the class's
    mean, another class's or another seed's.
    """
    looks = [known.looks[class_name]]
    if request.second_class and request.second_amount:
        looks.append(known.looks[request.second_class])
    if not any(look.metallic for look in looks):
        maps.metallic[maps.metallic < _NO_METAL] = 0.0
        yield
    elif all(look.metallic and look.procedural for look in looks):
        yield from _hold_metal(maps)
    if seen is None or seen.colours is None:
        return
    share = request.variety * (1.0 - request.second_amount if request.second_class else 1.0)
    if request.mix_seed is not None and request.mixed != "coarse":
        share *= 1.0 - request.mix_amount
    yield from seen.colours.part(share).move(maps.albedo)


def _hold_metal(maps: TextureMaps) -> Iterator[None]:
    """Take from albedo, as far as it is metallic, what no metal has: blue, green and violet tints."""
    for first in range(0, len(maps.albedo), _BAND):
        rows, metal = maps.albedo[first:first + _BAND], maps.metallic[first:first + _BAND, :, None]
        tint = rows - rows.mean(axis=2, keepdims=True)
        warm = np.maximum(tint @ _WARM, 0.0)[..., None] * _WARM
        aside = tint - warm
        length = np.linalg.norm(aside, axis=2, keepdims=True)
        rows -= metal * aside * (1.0 - np.minimum(1.0, _ASIDE / np.maximum(length, _ASIDE)))
        np.clip(rows, 0.0, 1.0, out=rows)
        yield
