# SPDX-License-Identifier: GPL-3.0-or-later
"""How the mannequin's skin is laid out: one closed mesh of quads whose loops follow the limbs.

The torso, neck and head are one tube of rings; arms grow from a hole in each side of it, legs share its lowest ring
and the line between them, fingers and thumb grow from the hand. Every vertex has a ray that starts inside the body;
where the ray leaves the body the vertex begins (`template.py`). Only connections and rays are made here; sizes come
from `anatomy.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np

from .anatomy import FINGERS, THUMB

AROUND = 36  # vertices of a ring of the torso; column 0 is the front, 9 the left side
LEG = 22  # column 9 is outside, 20 inside, 0 and 18 meet the other leg
ARM = 20  # column 0 is on top, 5 in front
THUMB_AROUND = 10

Key = tuple
Ray = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Cage:
    """Connections of the skin, and a ray for every vertex (reference space, metres).

    faces: (F, 4) counter-clockwise from outside. origins, directions: (V, 3). regions: (V,) index into region_names.
    mirror: (V,) the vertex opposite. charts: (F,) index into chart_names. seams: pairs (low, high) of vertices where
    a chart is cut open.
    """

    faces: np.ndarray
    origins: np.ndarray
    directions: np.ndarray
    regions: np.ndarray
    region_names: tuple[str, ...]
    mirror: np.ndarray
    charts: np.ndarray
    chart_names: tuple[str, ...]
    seams: frozenset[tuple[int, int]]


@dataclass
class _Builder:
    index: dict[Key, int] = field(default_factory=dict)
    rays: list[Ray] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    faces: list[tuple[Key, ...]] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    seams: list[tuple[Key, Key]] = field(default_factory=list)

    def vertex(self, key: Key, region: str, ray: Ray) -> Key:
        self.index[key] = len(self.rays)
        self.rays.append(ray)
        self.regions.append(region)
        return key

    def face(self, corners: Sequence[Key], chart: str, flip: bool) -> None:
        self.faces.append(tuple(reversed(corners)) if flip else tuple(corners))
        self.charts.append(chart)


@lru_cache(maxsize=1)
def cage() -> Cage:
    """The one layout that every mannequin has."""
    build = _Builder()
    _trunk(build)
    for side in ("L", "R"):
        _leg(build, side)
        _arm(build, side)
    return _finish(build)


def _finish(build: _Builder) -> Cage:
    used = sorted({build.index[key] for face in build.faces for key in face})
    renumber = {old: new for new, old in enumerate(used)}
    index = {key: renumber[i] for key, i in build.index.items() if i in renumber}
    names = tuple(dict.fromkeys(build.regions))
    charts = tuple(dict.fromkeys(build.charts))
    mirror = np.empty(len(used), np.int32)
    for key, i in index.items():
        mirror[i] = index[_mirrored(key)]
    origins, directions = (np.array([build.rays[i][k] for i in used], float) for k in range(2))
    return Cage(
        faces=np.array([[index[key] for key in face] for face in build.faces], np.int32),
        origins=origins,
        directions=directions / np.linalg.norm(directions, axis=1, keepdims=True),
        regions=np.array([names.index(build.regions[i]) for i in used], np.int8),
        region_names=names,
        mirror=mirror,
        charts=np.array([charts.index(chart) for chart in build.charts], np.int8),
        chart_names=charts,
        seams=frozenset((min(index[a], index[b]), max(index[a], index[b])) for a, b in build.seams),
    )


def _mirrored(key: Key) -> Key:
    if key[0] == "trunk":
        return ("trunk", key[1], -key[2] % AROUND)
    if key[0] == "crown":
        return ("crown", 8 - key[1], key[2])
    if key[0] == "crotch":
        return key
    return ({"L": "R", "R": "L"}[key[0]], *key[1:])


# --- pieces that every limb is made of ------------------------------------------------------------------------------


def _bridge(build: _Builder, rings: Sequence[Sequence[Key]], chart: Callable[[int, int], str], flip: bool,
            skip: frozenset[tuple[int, int]] = frozenset()) -> None:
    """Quads between neighbouring rings, but for the (row, column) in `skip`; chart names each by row and column."""
    for row, (near, far) in enumerate(pairwise(rings)):
        for k in range(len(near)):
            if (row, k) not in skip:
                following = (k + 1) % len(near)
                build.face((near[k], near[following], far[following], far[k]), chart(row, k), flip)


def _hole(rings: Sequence[Sequence[Key]], columns: range, rows: range) -> list[Key]:
    """The rim around a patch of quads, from the middle of its last row, counter-clockwise from outside."""
    around = len(rings[0])
    middle, last = (columns[0] + columns[-1] + 1) // 2, columns[-1] + 1
    left = [(rows[-1] + 1, k) for k in range(middle, columns[0], -1)]
    down = [(r, columns[0]) for r in range(rows[-1] + 1, rows[0], -1)]
    below = [(rows[0], k) for k in range(columns[0], last)]
    up = [(r, last) for r in range(rows[0], rows[-1] + 1)]
    back = [(rows[-1] + 1, k) for k in range(last, middle, -1)]
    return [rings[r][k % around] for r, k in (*left, *down, *below, *up, *back)]


def _patch(columns: range, rows: range, around: int) -> frozenset[tuple[int, int]]:
    return frozenset((r, k % around) for r in rows for k in columns)


def _cap(build: _Builder, ring: Sequence[Key], corner: int, wide: int, deep: int, axis: np.ndarray, name: Key,
         region: str, chart: Callable[[int, int], str], flip: bool) -> None:
    """Close a ring with a grid of wide x deep quads; `corner`: the ring's vertex at the grid's first corner.

    Rays of new vertices are spread between those of the ring, and bulge along `axis`.
    """
    grid = _grid(ring, corner, wide, deep)
    rays = [build.rays[build.index[key]] for key in ring]
    centre = np.mean([origin for origin, _ in rays], axis=0)
    across = {}
    for at, key in grid.items():
        direction = build.rays[build.index[key]][1]
        across[at] = direction / np.linalg.norm(direction)
    inner = [(i, j) for j in range(1, deep) for i in range(1, wide)]
    for at, direction in zip(inner, _harmonic(across, inner)):
        flat = direction - axis * (direction @ axis)
        rise = np.sqrt(max(1.0 - flat @ flat, 0.0))
        grid[at] = build.vertex((*name, *at), region, (centre, flat + axis * rise))
    for j in range(deep):
        for i in range(wide):
            corners = (grid[i, j], grid[i, j + 1], grid[i + 1, j + 1], grid[i + 1, j])
            build.face(corners, chart(i, j), flip)


def _grid(ring: Sequence[Key], corner: int, wide: int, deep: int) -> dict[tuple[int, int], Key]:
    n = len(ring)
    grid = {(i, 0): ring[(corner - i) % n] for i in range(wide + 1)}
    grid |= {(0, j): ring[(corner + j) % n] for j in range(deep + 1)}
    grid |= {(i, deep): ring[(corner + deep + i) % n] for i in range(wide + 1)}
    grid |= {(wide, j): ring[(corner - wide - j) % n] for j in range(deep + 1)}
    return grid


def _harmonic(known: dict[tuple[int, int], np.ndarray], inner: list[tuple[int, int]]) -> np.ndarray:
    """Values inside a grid, each the mean of its four neighbours."""
    at = {cell: n for n, cell in enumerate(inner)}
    matrix, right = np.eye(len(inner)) * 4.0, np.zeros((len(inner), 3))
    for n, (i, j) in enumerate(inner):
        for cell in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if cell in at:
                matrix[n, at[cell]] -= 1.0
            else:
                right[n] += known[cell]
    return np.linalg.solve(matrix, right)


def _sided(side: str, ray: Ray) -> Ray:
    sign = np.array([1.0 if side == "L" else -1.0, 1.0, 1.0])
    return ray[0] * sign, ray[1] * sign


# --- torso, neck and head -------------------------------------------------------------------------------------------

# Level rings: height in front, how much higher at the sides, where the rings dip towards the groin.
_LEVEL = [(0.822, 0.085), (0.846, 0.079), (0.870, 0.071), (0.894, 0.062), (0.918, 0.052), (0.942, 0.042),
          (0.967, 0.031), (0.993, 0.020), (1.020, 0.011), (1.047, 0.004), (1.073, 0.0), (1.098, 0.0), (1.123, 0.0),
          (1.149, 0.0), (1.176, 0.0), (1.204, 0.0), (1.232, 0.0), (1.260, 0.0), (1.286, 0.0), (1.310, 0.0),
          (1.332, 0.0)]
# Rings that fan upward over the shoulders: height of the rays' origin, and their rise in degrees.
_FAN = [(1.350, 4), (1.364, 9), (1.376, 15), (1.386, 22), (1.394, 30), (1.401, 38), (1.407, 45)]
_NECK = (1.480, 3, 30, 18)  # height of the origin; rise in front, at the sides and behind
# Rings of the head seen from its middle: rise in degrees in front, at the sides and behind.
_HEAD = [(-70, -50, -42), (-62, -46, -36), (-55, -41, -30), (-48, -36, -24), (-41, -30, -18), (-34, -24, -12),
         (-27, -18, -6), (-20, -12, 0), (-13, -6, 6), (-6, 0, 12), (1, 6, 18), (8, 13, 24), (15, 20, 30), (22, 27, 36),
         (30, 34, 42), (38, 42, 48), (46, 49, 53), (54, 56, 58)]
_HEAD_MIDDLE = np.array([0.0, -0.012, 1.595])
_ARM_COLUMNS, _ARM_ROWS = range(7, 11), range(20, 26)


def _trunk(build: _Builder) -> None:
    rings = []
    for row, rays in enumerate(_trunk_rays()):
        region = "trunk" if row < len(_LEVEL) + len(_FAN) else "head"
        rings.append([build.vertex(("trunk", row, c), region, ray) for c, ray in enumerate(rays)])
    skip = _patch(_ARM_COLUMNS, _ARM_ROWS, AROUND) | _patch(range(-11, -7), _ARM_ROWS, AROUND)
    neck = len(_LEVEL) + len(_FAN)

    def chart(row: int, column: int) -> str:
        if row >= neck:
            return "head"
        return "front" if column < 9 or column >= 27 else "back"

    _bridge(build, rings, chart, False, skip)
    _cap(build, rings[-1], 4, 8, 10, np.array([0.0, 0.0, 1.0]), ("crown",), "head", lambda i, j: "head", False)
    behind = [ring[18] for ring in rings[neck:]]
    build.seams += pairwise(behind)


def _trunk_rays() -> list[list[Ray]]:
    turn = np.arange(AROUND) * (2 * np.pi / AROUND)
    rows = []
    for height, raised in _LEVEL:
        rows.append([(np.array([0, 0, height + raised * abs(np.sin(t)) ** 1.5]), _around(t, 0.0)) for t in turn])
    for height, rise in _FAN:
        rows.append([(np.array([0.0, 0.0, height]), _around(t, rise)) for t in turn])
    middle, *tilt = np.array([0.0, 0.0, _NECK[0]]), *_NECK[1:]
    rows.append([(middle, _around(t - 0.1 * np.sin(t), _tilted(t, *tilt))) for t in turn])
    for n, tilt in enumerate(_HEAD):
        dense = min(0.15 + 0.05 * n, 0.35)  # columns crowd towards the face
        rows.append([(_HEAD_MIDDLE, _around(t - dense * np.sin(t), _tilted(t, *tilt))) for t in turn])
    return rows


def _tilted(turn: float, front: float, side: float, back: float) -> float:
    return side + (front - back) / 2 * np.cos(turn) + ((front + back) / 2 - side) * np.cos(turn) ** 2


def _around(turn: float, rise: float) -> np.ndarray:
    level, up = np.cos(np.radians(rise)), np.sin(np.radians(rise))
    return np.array([np.sin(turn) * level, -np.cos(turn) * level, up])


# --- legs and feet --------------------------------------------------------------------------------------------------

# Rings of the leg: height inside, and how much higher outside.
_LEG = [(0.800, 0.088), (0.777, 0.076), (0.753, 0.062), (0.728, 0.046), (0.702, 0.030), (0.675, 0.016), (0.648, 0.006),
        (0.620, 0.0), (0.594, 0.0), (0.571, 0.0), (0.551, 0.0), (0.533, 0.0), (0.517, 0.0), (0.503, 0.0), (0.490, 0.0),
        (0.477, 0.0), (0.463, 0.0), (0.447, 0.0), (0.428, 0.0), (0.406, 0.0), (0.382, 0.0), (0.356, 0.0), (0.330, 0.0),
        (0.303, 0.0), (0.275, 0.0), (0.246, 0.0), (0.217, 0.0), (0.189, 0.0), (0.163, 0.0), (0.141, 0.0), (0.122, 0.0)]
_HEEL = (14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84, 90)  # degrees; rings that turn around a line above the instep
_HEEL_PIVOT = np.array([0.09, -0.100, 0.125])
_TOES = (-0.118, -0.136, -0.153, -0.169, -0.184, -0.197)  # upright rings of the forefoot
_SOLE_COLUMNS = range(10, 19)


def _leg(build: _Builder, side: str) -> None:
    columns = range(19) if side == "L" else [-c % AROUND for c in range(19)]
    between = [("crotch", n) for n in range(3)]
    if side == "L":
        for key, y in zip(between, (0.035, 0.002, -0.030)):
            build.vertex(key, "trunk", (np.array([0.0, y, 0.86]), np.array([0.0, 0.0, -1.0])))
    rings = [[("trunk", 0, c) for c in columns] + between]
    turn = np.pi / 2 + (np.arange(LEG) - 9) * (2 * np.pi / LEG)
    for row, (height, raised) in enumerate(_LEG):
        rays = [(np.array([0.09, 0.0, height + raised * (0.5 + 0.5 * np.sin(t))]), _around(t, 0.0)) for t in turn]
        rings.append([build.vertex((side, "leg", row, k), f"leg.{side}", _sided(side, r)) for k, r in enumerate(rays)])
    ankle = len(rings)
    for row, rays in enumerate(_foot_rays()):
        rings.append([build.vertex((side, "foot", row, k), f"foot.{side}", _sided(side, r))
                      for k, r in enumerate(rays)])
    sole_from = ankle + 7

    def chart(row: int, column: int) -> str:
        if row < ankle - 1:
            return f"leg.{side}"
        return f"sole.{side}" if row >= sole_from and column in _SOLE_COLUMNS else f"foot.{side}"

    flip = side == "L"
    _bridge(build, rings, chart, flip)
    _cap(build, rings[-1], 7, 7, 4, np.array([0.0, -1.0, 0.0]), (side, "toes"), f"foot.{side}",
         lambda i, j: f"foot.{side}", flip)
    inner = [ring[20] for ring in rings[:ankle]]
    heel = [ring[15] for ring in rings[ankle - 1: sole_from + 1]]
    build.seams += [*pairwise(inner), *pairwise(heel)]


def _foot_rays() -> list[list[Ray]]:
    turn = (np.arange(LEG) - 3.5) * (2 * np.pi / LEG)  # 0 is the instep
    rows = []
    for angle in np.radians(_HEEL):
        away = np.array([0.0, np.cos(angle), -np.sin(angle)])  # from the pivot to the heel or sole
        near, far = 0.050, 0.130 + 0.060 * np.sin(2 * angle) ** 2
        middle, shift = _HEEL_PIVOT + away * (near + far) / 2, (far - near) / 2 - 0.034
        rows.append([(middle - away * (np.cos(t) * shift), np.array([np.sin(t), 0, 0]) - away * np.cos(t))
                     for t in turn])
    for y in _TOES:
        rows.append([(np.array([0.09 + 0.022 * np.sin(t), y, 0.017]), np.array([np.sin(t), 0.0, np.cos(t)]))
                     for t in turn])
    return rows


# --- arms and hands -------------------------------------------------------------------------------------------------

_ARM = (0.170, 0.184, 0.200, 0.218, 0.238, 0.260, 0.285, 0.311, 0.337, 0.362, 0.385, 0.405, 0.422, 0.436, 0.448, 0.460,
        0.472, 0.485, 0.500, 0.519, 0.541, 0.566, 0.592, 0.617, 0.641, 0.662, 0.680, 0.695, 0.708)
_PALM = (0.720, 0.732, 0.744, 0.756, 0.768, 0.780, 0.791)
_THUMB_COLUMNS, _THUMB_FIRST = range(4, 6), 1  # between palm rings 1 and 4


def _arm(build: _Builder, side: str) -> None:
    columns = [[("trunk", r, c if side == "L" else -c % AROUND) for c in range(AROUND)] for r in range(27)]
    rings = [_hole(columns, _ARM_COLUMNS, _ARM_ROWS)]
    turn = np.arange(ARM) * (2 * np.pi / ARM)
    for row, x in enumerate(_ARM):
        lean = 0.030 * max(0.0, 1.0 - row / 4)  # the first rings lean over the shoulder
        rays = [(np.array([x - lean * np.cos(t), 0.0, 1.42]), _across(t)) for t in turn]
        rings.append([build.vertex((side, "arm", row, k), f"arm.{side}", _sided(side, r)) for k, r in enumerate(rays)])
    wrist = len(rings)
    for row, x in enumerate(_PALM):
        flat = 0.022 * min(1.0, 0.4 + 0.2 * row)
        rays = [(np.array([x, -flat * np.sin(t), 1.419]), _across(t)) for t in turn]
        rings.append([build.vertex((side, "palm", row, k), f"hand.{side}", _sided(side, r))
                      for k, r in enumerate(rays)])
    rows = range(wrist + _THUMB_FIRST, wrist + _THUMB_FIRST + 3)
    flip = side == "R"

    def chart(row: int, column: int) -> str:
        if row < wrist - 1:
            return f"arm.{side}"
        return f"palm.{side}" if 5 <= column < 15 else f"hand.{side}"

    _bridge(build, rings, chart, flip, _patch(_THUMB_COLUMNS, rows, ARM))
    inner = [ring[10] for ring in rings[:wrist]]
    build.seams += pairwise(inner)
    _digit(build, side, "thumb", _hole(rings, _THUMB_COLUMNS, rows), _digit_rays(THUMB, THUMB_AROUND, 5, 0.42), 3)
    _fingers(build, side, rings[-1])


def _across(turn: float) -> np.ndarray:
    return np.array([0.0, -np.sin(turn), np.cos(turn)])


def _fingers(build: _Builder, side: str, ring: Sequence[Key]) -> None:
    """Four fingers of eight columns on the end of the hand, with one vertex in each web."""
    grid = _grid(ring, 4, 8, 2)
    for i in (2, 4, 6):
        before, after = (FINGERS[i // 2 - 1 + n][1] for n in range(2))
        middle = (np.array(before[0]) + np.array(after[0])) / 2
        ray = _sided(side, (middle - [0.02, 0.0, 0.0], np.array([1.0, 0.0, -0.05])))
        grid[i, 1] = build.vertex((side, "web", i), f"hand.{side}", ray)
    for n, (name, points, _) in enumerate(FINGERS):
        i = 2 * n
        around = [(i + 1, 0), (i, 0), (i, 1), (i, 2), (i + 1, 2), (i + 2, 2), (i + 2, 1), (i + 2, 0)]
        _digit(build, side, name, [grid[at] for at in around], _digit_rays(points, 8, 7, 0.24), 2)


def _digit_rays(points: tuple, around: int, count: int, first: float) -> list[list[Ray]]:
    """Rings along a digit, the last on its rounded tip; column 0 of a finger is on top, of the thumb towards them."""
    points = np.array(points)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    turn = np.arange(around) * (2 * np.pi / around) - (0.0 if around == 8 else np.pi / 2)
    rows = []
    for at in (*np.linspace(first, 1.0, count), 1.0):
        n = int(at * steps.sum() > steps[0])
        along = (points[n + 1] - points[n]) / steps[n]
        middle = points[n] + along * (at * steps.sum() - n * steps[0])
        front = np.cross(np.array([0.0, 0.0, 1.0]), along)
        front *= -np.sign(front[1]) / np.linalg.norm(front)
        top = np.cross(front, along)
        top *= np.sign(top[2])
        tilt = np.radians(42.0 if len(rows) == count else 0.0)
        rows.append([(middle, (np.cos(t) * top + np.sin(t) * front) * np.cos(tilt) + along * np.sin(tilt))
                     for t in turn])
    return rows


def _digit(build: _Builder, side: str, name: str, root: Sequence[Key], rows: list[list[Ray]], deep: int) -> None:
    region, around = f"{name}.{side}", len(root)
    rings = [root]
    for row, rays in enumerate(rows):
        rings.append([build.vertex((side, name, row, k), region, _sided(side, r)) for k, r in enumerate(rays)])
    # The back of the hand and its palm side part along the digit's sides.
    upper = range(-2, 2) if around == 8 else range(5)
    back = {k % around for k in upper}

    def chart(row: int, column: int) -> str:
        return f"hand.{side}" if column in back else f"palm.{side}"

    flip = side == "R"
    _bridge(build, rings, chart, flip)
    axis = _sided(side, (np.zeros(3), np.mean([direction for _, direction in rows[-1]], axis=0)))[1]
    axis /= np.linalg.norm(axis)
    wide = around // 2 - deep
    if around == 8:
        _cap(build, rings[-1], 1, 2, 2, axis, (side, name + "tip"), region,
             lambda i, j: f"hand.{side}" if j == 0 else f"palm.{side}", flip)
    else:
        _cap(build, rings[-1], 1, wide, deep, axis, (side, name + "tip"), region,
             lambda i, j: f"hand.{side}" if i == 0 else f"palm.{side}", flip)
