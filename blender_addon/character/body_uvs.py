# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture coordinates of bodies: the charts of the cage cut open, laid flat for every body, and packed.

All bodies have the same charts in the same order in the picture, and everywhere as many texels to a metre; how long and
broad each chart is, is the body's. What lies on the right is the mirror image of the left.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from .cutting import finer, model
from .flattening import cut, flatten, moved_apart, pack, upright
from .loops import EAR_ROWS, HEAD, TRUNK, loops
from .modelling import refinement
from .relaxing import Chart, Shapes, relaxed, shapes, solver

_ROUNDS = 60  # for the modelled man, whom all others begin with


@dataclass(frozen=True, eq=False)
class Pattern:
    """A chart as it lies on the modelled man; of one in the middle the left half, up to the axis u = 0.

    faces, opposite: (F,) of the smooth mesh, on the left and on the right. chart: the faces in the picture. skin: (N,)
    the body's vertex at each of the chart's points. solve: what `relaxed` asks for. plane: (N,) complex, metres. gaps:
    (G, 4, 3) the shapes of what lies between fingers.
    """

    faces: np.ndarray
    opposite: np.ndarray
    chart: Chart
    skin: np.ndarray
    solve: np.ndarray
    plane: np.ndarray
    gaps: np.ndarray

    def on(self, vertices: np.ndarray) -> Shapes:
        """What the quads are on a body."""
        skin = vertices[self.skin[self.chart.quads[: len(self.faces)]]]
        return shapes(np.concatenate([skin, self.gaps]), len(self.gaps))


def texture_coordinates(vertices: np.ndarray) -> Generator[float, None, np.ndarray]:
    """(F, 4, 2) of every corner of a body's smooth mesh (N, 3), within 0..1, charts upright, none upon another.

    Yields the share that is done every few milliseconds; the first time some tenths of a second go into `pattern`.
    """
    planes = {}
    for n, name in enumerate(charts()):
        own = pattern(name)
        for plane in relaxed(own.chart, own.on(vertices), own.solve, own.plane):
            planes[name] = plane
            yield n / len(charts())
        planes[name] = _upright(name, planes[name], vertices[own.skin])
    islands = _islands(planes)
    places, side = moved_apart(*_order(), _sizes(islands))
    corners = np.zeros((len(refinement().faces), 4, 2))
    for island, place in zip(islands, places, strict=True):
        low = np.min([quads.min(axis=(0, 1)) for _, quads in island], axis=0)
        for faces, quads in island:
            corners[faces] = (quads - low + place) / side
    return corners


def charts() -> list[str]:
    """The names of those that are flattened; those on the right mirror the left."""
    return [name for name in loops().chart_names if not name.endswith(".R")]


def pattern(name: str) -> Pattern:
    """A chart ready to be laid on bodies. The first time takes up to a sixth of a second."""
    for _ in pattern_in_slices(name):
        pass
    return _patterns[name]


_patterns: dict[str, Pattern] = {}


def pattern_in_slices(name: str) -> Generator[float, None, None]:
    """Have a chart ready for `pattern`: yields every few hundredths of a second."""
    if name in _patterns:
        return
    own = loops()
    faces = np.flatnonzero(own.charts == own.chart_names.index(name))
    numbers, origin = cut(own.quads[faces], _seams())
    at = model()[origin]  # the cage's vertices come first
    plane, on_axis = upright(flatten(at, numbers), _up(name, at)), np.zeros(len(at), bool)
    yield 0.2
    if not name.endswith(".L"):
        left = at[numbers, 0].mean(axis=1) > 0.0
        on_axis[np.intersect1d(numbers[left], numbers[~left])] = True
        plane[:, 0] = np.where(on_axis, 0.0, plane[:, 0] - plane[on_axis, 0].mean())
        used, numbers = np.unique(numbers[left], return_inverse=True)
        faces, numbers, plane, on_axis = faces[left], numbers.reshape(-1, 4), plane[used], on_axis[used]
    chart, skins = _finer(faces, numbers, on_axis)
    plane = (plane @ (1.0, 1j))[chart.cage].mean(axis=1)
    between = _between_fingers(skins, seen_from=name) if name in ("hand.L", "palm.L") else np.zeros((0, 4), int)
    gaps = np.pad(_flat(plane)[between], ((0, 0), (0, 0), (0, 1)))
    shape = shapes(np.concatenate([model()[skins[chart.quads]], gaps]), len(gaps))
    chart = replace(chart, quads=np.concatenate([chart.quads, between]), gaps=len(gaps))
    yield 0.4
    solve = solver(chart, shape)
    yield 0.5
    for laid in relaxed(chart, shape, solve, plane, _ROUNDS):
        plane = laid
        yield 0.5
    _patterns[name] = Pattern((4 * faces[:, None] + np.arange(4)).ravel(), _opposite(faces), chart, skins, solve,
                              plane, gaps)


def _between_fingers(skins: np.ndarray, seen_from: str) -> np.ndarray:
    """(G, 4) quads between neighbouring fingers of a hand; skins: (N,) the body's vertices at the chart's points."""
    place = np.full(len(model()), -1)
    place[skins] = np.arange(len(skins))
    rings = [place[finer(loops().left[f"finger{n}"])] for n in range(4)]
    pairs = [(one[:, 8], two[:, 2]) for one, two in pairwise(rings)]  # the sides that face each other
    quads = np.concatenate([np.stack([one[1:], one[:-1], two[:-1], two[1:]], axis=1) for one, two in pairs])
    return quads[:, ::-1] if seen_from == "hand.L" else quads


Island = list[tuple[np.ndarray, np.ndarray]]  # faces (F,) and their corners (F, 4, 2), one or two times


def _islands(planes: dict[str, np.ndarray]) -> list[Island]:
    """What lies together in the picture: both halves of a chart in the middle, otherwise left and right by themselves.
    """
    islands = []
    for name, plane in planes.items():
        own = pattern(name)
        quads = _flat(plane)[own.chart.quads[: len(own.faces)]]
        left = own.faces, quads
        right = own.opposite, quads[:, [0, 3, 2, 1]] * (-1.0, 1.0)
        islands += [[left], [right]] if name.endswith(".L") else [[left, right]]
    return islands


def _sizes(islands: list[Island]) -> np.ndarray:
    """(I, 2) metres."""
    return np.array([np.ptp(np.concatenate([quads for _, quads in island]).reshape(-1, 2), axis=0)
                     for island in islands])


@lru_cache(maxsize=1)
def _order() -> tuple[np.ndarray, np.ndarray]:
    """(I, 2) where the modelled man's islands lie, and (I, 2) how large they are, metres."""
    sizes = _sizes(_islands({name: pattern(name).plane for name in charts()}))
    return np.array(pack(list(sizes), 0)[0]), sizes


def _flat(plane: np.ndarray) -> np.ndarray:
    return np.stack([plane.real, plane.imag], axis=1)


def _upright(name: str, plane: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(N,) complex; halves are upright as they are, as their axis is."""
    if not name.endswith(".L"):
        return plane
    return upright(_flat(plane), _up(name, at)) @ (1.0, 1j)


def _finer(faces: np.ndarray, numbers: np.ndarray, on_axis: np.ndarray) -> tuple[Chart, np.ndarray]:
    """The chart of the smooth mesh, and (N,) the body's vertices at its points, of some faces of the cage (F,) whose
    corners have numbers (F, 4) in their own chart; on_axis: (C,)."""
    sides = np.stack([numbers, np.roll(numbers, -1, axis=1)], axis=2).reshape(-1, 2)
    ends, side = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    side, middle = side.reshape(-1, 4) + len(on_axis), len(on_axis) + len(ends) + np.arange(len(faces))
    quads = np.stack([np.stack([numbers[:, k], side[:, k], middle, side[:, k - 1]], axis=1) for k in range(4)], axis=1)
    cage = np.concatenate([np.repeat(np.arange(len(on_axis))[:, None], 4, axis=1), ends[:, [0, 0, 1, 1]], numbers])
    skins = np.empty(len(cage), int)
    skins[quads] = refinement().faces.reshape(-1, 4, 4)[faces]
    return Chart(quads.reshape(-1, 4), 0, cage, on_axis[cage].all(axis=1)), skins


def _opposite(faces: np.ndarray) -> np.ndarray:
    """(4 F,) the faces of the smooth mesh on the other side of those of some faces of the cage (F,); where their
    corners run 0, 1, 2, 3 theirs mirror 0, 3, 2, 1."""
    own = loops()
    find = {tuple(sorted(quad)): n for n, quad in enumerate(own.quads.tolist())}
    mirrored = own.mirror[own.quads[faces]]
    opposite = np.array([find[tuple(sorted(quad))] for quad in mirrored.tolist()])
    corner = np.argmax(own.quads[opposite][:, None, :] == mirrored[:, :, None], axis=2)
    return (4 * opposite[:, None] + corner).ravel()


@lru_cache(maxsize=1)
def _seams() -> frozenset[tuple[int, int]]:
    """Where charts are cut open: behind the head, from the ears down, inside arms and legs, at the heel and toes."""
    left, trunk, crown = loops().left, loops().left["trunk"], loops().left["crown"]
    lines = [[*trunk[HEAD - 3: TRUNK, 12], *crown[:3, 2]]]
    lines += [list(trunk[HEAD - 3: EAR_ROWS[0] + 1, column]) for column in (7, -7)]
    for own in (left, loops().right):
        legs = np.concatenate([own["leg"], own["foot"]])
        ankle = len(own["leg"])
        lines += [[own["crotch"][1], *legs[: ankle + 1, 14]], list(legs[ankle: ankle + 4, 10])]
        lines += [[own["foot"][9, 12 - n], *own[f"toe{n}"][:, 4]] for n in range(5)]
        lines += [[trunk[EAR_ROWS[0], 6 if own is left else -6], *own["ear"][:2, 4]]]
        lines += [[trunk[14, 6 if own is left else -6], *own["arm"][:, 6]]]
    pairs = [pair for line in lines for pair in pairwise(int(vertex) for vertex in line)]
    return frozenset((min(pair), max(pair)) for pair in pairs)


def _up(name: str, points: np.ndarray) -> np.ndarray:
    """(N,) what should grow upward in the picture: heads and shoulders, fingertips, toes."""
    kind = name.split(".")[0]
    if kind.startswith(("foot", "sole", "toe")):
        return -points[:, 1]
    return -points[:, 2] if kind in ("hand", "palm") else points[:, 2]
