# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture coordinates: the charts of the cage cut open along their seams, flattened and packed into the unit square.

Right-hand charts are mirror images of the left. Every mannequin has the coordinates of the reference body, so that what
is painted for one fits another.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .cage import cage
from .flattening import cut, flatten, pack, upright
from .sculpting import reference_vertices

# Where more texels are wanted than elsewhere.
_DENSER = {"head": 1.5, "hand": 1.25, "palm": 1.25}


@lru_cache(maxsize=1)
def texture_coordinates() -> np.ndarray:
    """(F, 4, 2) coordinates of every face corner, within 0..1, upright charts, none upon another."""
    skin = cage()
    vertices = reference_vertices()
    result = np.zeros((len(skin.faces), 4, 2))
    flat: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for n, name in enumerate(skin.chart_names):
        if name.endswith(".R"):
            continue
        faces = np.flatnonzero(skin.charts == n)
        corners, origin = cut(skin.faces[faces], skin.seams)
        plane = flatten(vertices[origin], corners)
        plane = upright(plane, _up(name, vertices[origin])) * _DENSER.get(name.split(".")[0], 1.0)
        flat[name] = faces, plane[corners]
        if name.endswith(".L"):
            flat[name[:-1] + "R"] = _mirrored(faces, plane[corners])
    names = [name for name in skin.chart_names if name in flat]
    placed, side = pack([np.ptp(flat[name][1].reshape(-1, 2), axis=0) for name in names])
    for name, corner in zip(names, placed):
        faces, uv = flat[name]
        result[faces] = (uv - uv.reshape(-1, 2).min(axis=0) + corner) / side
    return result


# --- charts ---------------------------------------------------------------------------------------------------------


def _mirrored(faces: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The faces opposite, and the chart's mirror image on their corners."""
    skin = cage()
    opposite = _opposite_faces()[faces]
    theirs = skin.mirror[skin.faces[opposite]]
    match = np.argmax(skin.faces[faces][:, None, :] == theirs[:, :, None], axis=2)
    return opposite, np.take_along_axis(uv, match[:, :, None], axis=1) * (-1.0, 1.0)


@lru_cache(maxsize=1)
def _opposite_faces() -> np.ndarray:
    skin = cage()
    own, other = (np.sort(faces, axis=1) for faces in (skin.faces, skin.mirror[skin.faces]))
    result = np.empty(len(own), np.intp)
    result[np.lexsort(other.T)] = np.lexsort(own.T)
    return result


# --- laying out -----------------------------------------------------------------------------------------------------


def _up(name: str, points: np.ndarray) -> np.ndarray:
    """(N,) what should grow upward in the picture: heads and shoulders, fingers, toes."""
    kind = name.split(".")[0]
    if kind in ("foot", "sole"):
        return -points[:, 1]
    if kind in ("hand", "palm"):
        return np.abs(points[:, 0])
    return -np.abs(points[:, 0]) if kind == "arm" else points[:, 2]
