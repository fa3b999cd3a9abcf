# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a garment together: patches of the skin and rings of its own, hems, charts for its texture, weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .cutting import Patch
from .flattening import cut, flatten, pack, upright

OWN = -1  # what stands for the skin behind a vertex that has none
THICK = 0.0035  # metres of cloth at an edge


@dataclass(eq=False)
class Sewing:
    """A garment while it is made: points (3,), the skin behind each, quads, and which chart each quad belongs to."""

    points: list[np.ndarray] = field(default_factory=list)
    skin: list[int] = field(default_factory=list)
    faces: list[np.ndarray] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    count: int = 0

    def add(self, points: np.ndarray, skin: np.ndarray | int = OWN) -> np.ndarray:
        """Numbers of new vertices, in the shape of `points` (..., 3)."""
        flat = points.reshape(-1, 3)
        self.points.append(flat)
        self.skin.extend(np.broadcast_to(np.asarray(skin), points.shape[:-1]).ravel().tolist())
        numbers = np.arange(self.count, self.count + len(flat)).reshape(points.shape[:-1])
        self.count += len(flat)
        return numbers

    def place(self) -> np.ndarray:
        """(V, 3) all points so far."""
        return np.concatenate(self.points)

    def sew_patch(self, patch: Patch, numbers: np.ndarray, charts: dict[str, np.ndarray],
                  seams: frozenset[tuple[int, int]]) -> None:
        """Add a patch's faces. numbers: (V,) of its vertices. charts: name -> which of its quads; seams: pairs of the
        body's vertices that part in the texture."""
        for name, chosen in charts.items():
            corners = patch.faces.reshape(-1, 4, 4)[chosen]
            self.charts.append(Chart(name, self._face_numbers(corners.reshape(-1, 4)), corners[:, :, 0], numbers,
                                     frozenset(seams), patch))
            self.faces.append(numbers[corners.reshape(-1, 4)])

    def sew_rings(self, rings: np.ndarray, name: str, panels: int = 1, bent: bool = False, combed: bool = False
                  ) -> None:
        """Add the quads between closed rings of vertices (R, C), counter-clockwise seen from outside when the rings run
        counter-clockwise around the way from the first to the last. panels: into how many charts they are cut. bent:
        they are no stripes that could be rolled out. combed: their columns run straight up the texture."""
        for n, some in enumerate(np.array_split(np.arange(rings.shape[1]), panels)):
            table = rings[:, np.append(some, some[-1] + 1) % rings.shape[1]]
            quads = np.stack([table[:-1, :-1], table[:-1, 1:], table[1:, 1:], table[1:, :-1]], axis=2)
            laid = {"quads": quads.reshape(-1, 4)} if bent else {"strands" if combed else "table": table}
            self.charts.append(Chart(f"{name} {n}", self._face_numbers(quads.reshape(-1, 4)), **laid))
            self.faces.append(quads.reshape(-1, 4))

    def sew_faces(self, quads: np.ndarray, name: str, bent: bool = False) -> None:
        """Add quads (F, 4) that lie flat, or bent do not."""
        laid = {"quads": quads} if bent else {"flat": quads}
        self.charts.append(Chart(name, self._face_numbers(quads), **laid))
        self.faces.append(quads)

    def _face_numbers(self, quads: np.ndarray) -> np.ndarray:
        start = sum(map(len, self.faces))
        return np.arange(start, start + len(quads))

    def hem(self, border: np.ndarray, down: np.ndarray, out: np.ndarray, width: float | np.ndarray, name: str,
            raised: float = 0.0012, deep: float = 0.018, flip: bool = False) -> None:
        """A band with an edge as thick as cloth, rolled in, on a closed border (C,) of vertices.

        down, out: (C, 3) unit vectors over the edge and away from the body. width: metres of the band, one or one a
        vertex. raised: how far it stands off the cloth. deep: how far the inside goes back.
        """
        at, skin = self.place()[border], np.array(self.skin)[border]
        steps = [(0.0, raised)] if raised else []
        steps += [(0.5 * width, raised), (width - 0.001, raised), (width, raised - 0.0008),
                  (width, raised - THICK + 0.0008), (width - 0.001, raised - THICK), (width - deep, -THICK)]
        rows = [self.add(at + down * np.reshape(far, (-1, 1)) + out * off, skin) for far, off in steps]
        table = np.stack([border, *rows])
        table = table[:, ::-1] if flip else table
        middle = len(table) - 4
        self.sew_rings(table[: middle + 1], name)
        self.sew_rings(table[middle:], f"{name} inside")


@dataclass(frozen=True, eq=False)
class Chart:
    """A piece of the texture: of a patch (its cage's corners, flattened), of rings (`table`, rolled out; `strands`,
    combed), of any quads (flattened), or flat as it lies."""

    name: str
    faces: np.ndarray
    corners: np.ndarray | None = None
    numbers: np.ndarray | None = None
    seams: frozenset[tuple[int, int]] = frozenset()
    patch: Patch | None = None
    table: np.ndarray | None = None
    strands: np.ndarray | None = None
    flat: np.ndarray | None = None
    quads: np.ndarray | None = None

    def laid(self, points: np.ndarray) -> np.ndarray:
        """(F, 4, 2) metres: the chart in the plane."""
        if self.table is not None:
            return _rolled_out(points[self.table])
        if self.strands is not None:
            return _combed(points[self.strands])
        if self.flat is not None:
            return points[self.flat][..., [0, 1]]
        if self.quads is not None:
            used, numbers = np.unique(self.quads, return_inverse=True)
            return _flattened(points[used], numbers.reshape(-1, 4))
        skin = self.patch.skin[self.corners]
        numbers, origin = cut(skin, self.seams)
        corners = _flattened(points[self.numbers[self.patch.own(origin)]], numbers)
        middle = corners.mean(axis=1)
        after = (corners + np.roll(corners, -1, axis=1)) / 2.0
        quads = [np.stack([corners[:, k], after[:, k], middle, after[:, k - 1]], axis=1) for k in range(4)]
        return np.stack(quads, axis=1).reshape(-1, 4, 2)


def _flattened(at: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """(F, 4, 2) quads of points (N, 3) in the plane, upright, as large as they are."""
    plane = upright(flatten(at, quads), at[:, 2])
    return plane[quads] * np.sqrt(_area(at[quads]) / abs(_flat_area(plane[quads])))


def _rolled_out(rings: np.ndarray) -> np.ndarray:
    """(F, 4, 2) rings (R, C, 3) side by side, each as long as it is, around the middle column."""
    across = np.linalg.norm(np.diff(rings, axis=1), axis=2)
    u = np.concatenate([np.zeros((len(rings), 1)), np.cumsum(across, axis=1)], axis=1)
    u -= u[:, -1:] / 2.0
    down = np.linalg.norm(np.diff(rings, axis=0), axis=2).mean(axis=1)
    v = np.concatenate([[0.0], np.cumsum(down)]) * (1.0 if rings[-1, :, 2].mean() > rings[0, :, 2].mean() else -1.0)
    table = np.stack([u, np.broadcast_to(v[:, None], u.shape)], axis=2)
    quads = np.stack([table[:-1, :-1], table[:-1, 1:], table[1:, 1:], table[1:, :-1]], axis=2)
    return quads.reshape(-1, 4, 2)


def _combed(rings: np.ndarray) -> np.ndarray:
    """(F, 4, 2) rings (R, C, 3) side by side: the middle column straight, as long as it is, the others beside it."""
    rows, columns = rings.shape[:2]
    middle, along = columns // 2, np.gradient(rings, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-12)
    step, way = np.diff(rings, axis=1), along[:, 1:] + along[:, :-1]
    way /= np.maximum(np.linalg.norm(way, axis=2, keepdims=True), 1e-12)
    ahead, down = np.sum(step * way, axis=2), np.linalg.norm(np.diff(rings[:, middle], axis=0), axis=1)
    for share in (1.0, 0.7, 0.4, 0.0):  # less askew where a quad would be mirrored
        up = share * ahead
        across = np.sqrt(np.maximum(np.sum(step**2, axis=2) - up**2, 1e-14))
        table = np.zeros((rows, columns, 2))
        table[:, 1:] = np.cumsum(np.stack([across, up], axis=2), axis=1)
        table -= table[:, middle: middle + 1].copy()
        table[1:, :, 1] += np.cumsum(down)[:, None]
        for row in range(1, rows):  # never back, where columns end askew
            table[row, :, 1] = np.maximum(table[row, :, 1], table[row - 1, :, 1] + 0.4 * down[row - 1])
        quads = np.stack([table[:-1, :-1], table[:-1, 1:], table[1:, 1:], table[1:, :-1]], axis=2).reshape(-1, 4, 2)
        one, two = quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]
        if (one[:, 0] * two[:, 1] > one[:, 1] * two[:, 0]).all():
            break
    return quads


def _area(quads: np.ndarray) -> float:
    a, b, c, d = np.moveaxis(quads, 1, 0)
    return float(np.linalg.norm(np.cross(c - a, d - b), axis=1).sum() / 2.0)


def _flat_area(quads: np.ndarray) -> float:
    """Negative where the picture is mirrored."""
    a, b, c, d = np.moveaxis(quads, 1, 0)
    one, two = c - a, d - b
    return float(np.sum(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2.0)


def lay_out(sewing: Sewing, laid: list[np.ndarray]) -> np.ndarray:
    """(F, 4, 2) texture coordinates of every corner, within 0..1, as many texels a metre in every chart.

    laid: what `Chart.laid` gives of each chart.
    """
    laid = [quads * (-1.0, 1.0) if _flat_area(quads) < 0.0 else quads for quads in laid]
    low = [quads.reshape(-1, 2).min(axis=0) for quads in laid]
    places, side = pack([np.ptp(quads.reshape(-1, 2), axis=0) for quads in laid])
    result = np.empty((sum(map(len, sewing.faces)), 4, 2))
    for chart, quads, corner, place in zip(sewing.charts, laid, low, places):
        result[chart.faces] = (quads - corner + place) / side
    return result
