# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing the skin onto the lobes: rays for a first shape, then sliding and projecting until it lies smooth.

Every vertex sees the lobes of its own limb and, close to where limbs join, those of the neighbour; further along the
skin they fade. So the thighs never melt together, nor an arm that hangs at the side into the ribs, however close they
are in space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .anatomy import lobes
from .body import REFERENCE, Body, fit_body
from .cage import cage
from .lobes import carve, join
from .skinning import part_weights
from .surface import mean_of_neighbours, neighbours, vertex_normals

_BOTH = ("trunk", "head", "neck")  # parts in the middle, modelled on the left and seen from both sides
_SEEN = {"digit": 1, "hand": 3}  # how many edges past its own region a lobe is fully seen; 5 for others
_FADE = 0.012  # metres a lobe draws back per edge beyond
_NOTHING = 0.5
# Whose rays stop at a lobe when limbs are still alone: the ankle goes on into the foot, the neck into the torso.
_ALONE = {"neck": ("head", "trunk"), "shin": ("leg", "foot"), "forearm": ("arm", "hand")}


@dataclass(frozen=True, eq=False)
class Sight:
    """Which vertices see one lobe on one side: their indices and how far the lobe draws back for each (metres)."""

    lobe: int
    part: str
    vertices: np.ndarray
    back: np.ndarray


# --- who sees what --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _steps() -> np.ndarray:
    """(V, R) edges from each vertex to each region, 20 where it is further."""
    skin = cage()
    steps = np.where(skin.regions[:, None] == np.arange(len(skin.region_names)), 0.0, 20.0)
    table, _ = neighbours()
    for _ in range(12):
        steps = np.minimum(steps, steps[table].min(axis=1) + 1.0)
    return steps


@lru_cache(maxsize=2)
def _sights(alone: bool) -> tuple[Sight, ...]:
    """What is seen while sculpting, or, when `alone`, by vertices that see only their own limb."""
    skin, steps = cage(), _steps()
    found = []
    for n, lobe in enumerate(lobes()):
        sides = ("",) if lobe.region in _BOTH else (".L", ".R")
        for side in sides:
            part = lobe.part if lobe.part in _BOTH else lobe.part + side
            region = skin.region_names.index(lobe.region + side)
            if alone:
                regions = [skin.region_names.index(name + side) for name in _ALONE.get(lobe.part, (lobe.region,))]
                vertices = np.flatnonzero(np.isin(skin.regions, regions))
                back = np.zeros(len(vertices))
            else:
                kind = "digit" if lobe.region in ("thumb", "finger1", "finger2", "finger3", "finger4") else lobe.region
                away = np.maximum(steps[:, region] - _SEEN.get(kind, 5), 0.0) * _FADE
                vertices = np.flatnonzero(away < 0.08)
                back = away[vertices]
            found.append(Sight(n, part, vertices, back))
    return tuple(found)


def distances(points: np.ndarray, body: Body, alone: bool = False) -> np.ndarray:
    """(V,) signed distance in metres of each vertex from the solid that it sees."""
    result = np.full(len(points), _NOTHING * body.size)
    places: dict[str, np.ndarray] = {}
    for sight in _sights(alone):
        lobe = lobes()[sight.lobe]
        part = body.parts[sight.part]
        if sight.part not in places:
            places[sight.part] = part.there(points)
        at = places[sight.part][sight.vertices]
        if sight.part in _BOTH and abs(lobe.origin[0]) > 1e-9:
            at = np.stack([np.sqrt(at[:, 0] ** 2 + 1e-4), at[:, 1], at[:, 2]], axis=1)
        distance = lobe.distance(at) * part.size + sight.back * body.size
        before = result[sight.vertices]
        result[sight.vertices] = (carve if lobe.carve else join)(before, distance, lobe.blend * body.size)
    return _on_the_ground(points, result, body)


@lru_cache(maxsize=1)
def _feet() -> np.ndarray:
    names = cage().region_names
    return np.flatnonzero(np.isin(cage().regions, [names.index("foot.L"), names.index("foot.R")]))


def _on_the_ground(points: np.ndarray, distance: np.ndarray, body: Body) -> np.ndarray:
    feet = _feet()
    below = body.ground - points[feet, 2]
    distance[feet] = carve(distance[feet], -below, 0.010 * body.size)
    return distance


# --- shaping --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def reference_vertices() -> np.ndarray:
    """(V, 3) the mannequin in the T-pose of the canonical skeleton, metres."""
    skin = cage()
    body = fit_body(REFERENCE)
    reach = np.full(len(skin.origins), 0.02)
    for _ in range(26):
        reach -= np.clip(distances(skin.origins + skin.directions * reach[:, None], body, alone=True), -0.05, 0.05)
        reach = np.clip(reach, 0.002, 0.25)
    vertices = skin.origins + skin.directions * reach[:, None]
    return settle(vertices, body, 24, True, _slide())


def settle(vertices: np.ndarray, body: Body, rounds: int, symmetric: bool, slide: np.ndarray,
           deep: np.ndarray | None = None) -> np.ndarray:
    """Slide vertices to even distances and bring them onto the solid.

    slide: (V,) how freely each vertex slides. deep: (V,) metres; what lies much deeper than that in the solid, in the
    fold between two limbs, stays where it is: outward may be another way there than it seems.
    """
    vertices = vertices.copy()
    for n in range(rounds + 3):
        normals = vertex_normals(vertices)
        step = distances(vertices, body)
        if deep is not None:
            step *= np.exp(-(np.minimum(step, 0.0) / (deep * body.size)) ** 2)
        vertices -= normals * np.clip(step, -0.015 * body.size, 0.015 * body.size)[:, None] * 0.9
        if n < rounds:
            pull = mean_of_neighbours(vertices) - vertices
            pull -= normals * np.sum(pull * normals, axis=1, keepdims=True)
            vertices += pull * slide[:, None]
        if symmetric:
            mirrored = vertices[cage().mirror] * (-1.0, 1.0, 1.0)
            vertices = (vertices + mirrored) / 2
    return vertices


@lru_cache(maxsize=1)
def _slide() -> np.ndarray:
    """(V,) how freely each vertex slides: 0.6 where a limb joins the torso, little elsewhere, least on fingers."""
    names = np.array([name.split(".")[0] for name in cage().region_names])
    fingers = np.char.startswith(names, "finger")
    steps = np.sort(_steps()[:, ~fingers], axis=1)[:, 1]
    slide = 0.12 + 0.48 * np.clip(1.0 - (steps - 1.0) / 5.0, 0.0, 1.0)
    hand = np.isin(names, ("hand", "thumb"))[cage().regions]
    return np.where(fingers[cage().regions], 0.03, np.where(hand, np.minimum(slide, 0.25), slide)) * np.clip(
        _steps()[:, fingers].min(axis=1) / 4.0, 0.1, 1.0)


def sculpt(body: Body, symmetric: bool) -> np.ndarray:
    """(V, 3) the mannequin on a body, metres."""
    reference = reference_vertices()
    weights = part_weights(reference)
    vertices = np.zeros_like(reference)
    for part, weight in weights.items():
        some = np.flatnonzero(weight)
        place = body.parts[part].back(reference[some] * ((-1.0, 1.0, 1.0) if part.endswith(".R") else 1.0))
        vertices[some] += weight[some, None] * place
    # Carried to another pose the skin folds where limbs meet, and there the solid is no guide: it fills the armpit of
    # a hanging arm. There the skin is smoothed without shrinking (Taubin 1995), and follows the solid elsewhere.
    joins = np.clip(2.0 * _slide() - 0.3, 0.0, 1.0)
    for n in range(12):
        pull = mean_of_neighbours(vertices) - vertices
        vertices += pull * joins[:, None] * (0.60, -0.62)[n % 2]
    vertices = settle(vertices, body, 6, symmetric, 0.1 * (1.0 - joins), 0.012 - 0.006 * joins)
    fold = np.clip(-distances(vertices, body) / (0.004 * body.size) - 0.25, 0.0, 1.0)[:, None]
    for _ in range(2):  # its rim too
        fold = np.maximum(fold, 0.7 * fold[neighbours()[0]].max(axis=1))
    for _ in range(14):
        vertices += (mean_of_neighbours(vertices) - vertices) * fold * 0.8
    return vertices
