# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts of quads laid flat, turned upright and packed into a square.

A chart starts as a harmonic map onto a disc (Tutte 1963), which cannot fold, and is then made as rigid as possible
(Liu et al. 2008, "A local/global approach to mesh parameterization"): each triangle asks for its own shape, turned,
and one linear system gives the plane positions that agree best.
"""

from __future__ import annotations

import numpy as np

_ROUNDS = 12
_GAP = 0.012  # between charts, as a share of the square


def cut(faces: np.ndarray, seams: frozenset[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """(F, 4) numbers of a chart's own corners, which part along seams, and the vertex behind each number.

    faces: (F, 4) of the chart; seams: pairs (low, high) of vertices.
    """
    parent = list(range(faces.size))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    edges: dict[tuple[int, int], tuple[int, int]] = {}
    for f, face in enumerate(faces.tolist()):
        for k in range(4):
            a, b = 4 * f + k, 4 * f + (k + 1) % 4
            key = tuple(sorted((face[k], face[(k + 1) % 4])))
            if key in seams:
                continue
            if key in edges:
                d, c = edges[key]  # the neighbour runs along this edge the other way
                parent[root(a)], parent[root(b)] = root(c), root(d)
            else:
                edges[key] = a, b
    roots = np.array([root(item) for item in range(faces.size)])
    _, first, corners = np.unique(roots, return_index=True, return_inverse=True)
    return corners.reshape(faces.shape), faces.ravel()[first]


def flatten(points: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """(N, 2) plane positions in metres of a chart's points (N, 3)."""
    a, b, c, d = quads.T
    # Both ways of splitting each quad, so that no diagonal is preferred and mirror images match.
    triangles = np.concatenate([np.stack(t, axis=1) for t in ((a, b, c), (a, c, d), (a, b, d), (b, c, d))])
    own = _own_planes(points, triangles)
    sides = np.roll(own, -1, axis=1) - own  # (T, 3, 2) from each corner to the next
    area = sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]
    # Cotangent of the angle opposite to side k, which is at corner k + 2.
    meet = -np.sum(np.roll(sides, -1, axis=1) * np.roll(sides, -2, axis=1), axis=2)
    cotangent = np.clip(meet / np.maximum(area, 1e-12)[:, None], 0.02, 20.0)
    solve = np.linalg.inv(_laplacian(len(points), triangles, cotangent)[1:, 1:])
    plane = _disc(points, quads, triangles)
    plane *= np.sqrt(area.sum() / 4.0 / np.pi)
    for _ in range(_ROUNDS):
        now = plane[triangles]
        now = np.roll(now, -1, axis=1) - now
        turn = np.einsum("tk,tki,tkj->tij", cotangent, now, sides)
        cosine, sine = turn[:, 0, 0] + turn[:, 1, 1], turn[:, 1, 0] - turn[:, 0, 1]
        length = np.maximum(np.hypot(cosine, sine), 1e-12)
        cosine, sine = (cosine / length)[:, None], (sine / length)[:, None]
        wanted = np.stack([cosine * sides[:, :, 0] - sine * sides[:, :, 1],
                           sine * sides[:, :, 0] + cosine * sides[:, :, 1]], axis=2) * cotangent[:, :, None]
        right = np.zeros_like(plane)
        np.add.at(right, triangles, -wanted)
        np.add.at(right, np.roll(triangles, -1, axis=1), wanted)
        plane = np.concatenate([np.zeros((1, 2)), solve @ right[1:]])
    return plane


def _own_planes(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T, 3, 2) each triangle laid into its own plane, seen from outside."""
    a, b, c = points[triangles.T]
    x = (b - a) / np.maximum(np.linalg.norm(b - a, axis=1, keepdims=True), 1e-12)
    normal = np.cross(b - a, c - a)
    y = np.cross(normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-18), x)
    place = np.stack([a - a, b - a, c - a], axis=1)
    return np.stack([np.sum(place * x[:, None], axis=2), np.sum(place * y[:, None], axis=2)], axis=2)


def _laplacian(count: int, triangles: np.ndarray, weights: np.ndarray) -> np.ndarray:
    matrix = np.zeros((count, count))
    a, b, w = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel(), weights.ravel()
    np.add.at(matrix, (a, b), -w)
    np.add.at(matrix, (b, a), -w)
    np.add.at(matrix, (a, a), w)
    np.add.at(matrix, (b, b), w)
    return matrix


def _disc(points: np.ndarray, quads: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(N, 2) the chart on the unit disc: its border on the circle, every other point the mean of its neighbours."""
    border = _border(quads)
    steps = np.linalg.norm(points[np.roll(border, -1)] - points[border], axis=1)
    angle = 2.0 * np.pi * (np.cumsum(steps) - steps) / steps.sum()
    plane = np.zeros((len(points), 2))
    plane[border] = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inside = np.setdiff1d(np.arange(len(points)), border)
    matrix = _laplacian(len(points), triangles, np.ones(triangles.shape))
    plane[inside] = np.linalg.solve(matrix[np.ix_(inside, inside)], -matrix[np.ix_(inside, border)] @ plane[border])
    return plane


def _border(quads: np.ndarray) -> np.ndarray:
    """The chart's outline, counter-clockwise."""
    following = {}
    edges = {(int(a), int(b)) for quad in quads for a, b in zip(quad, np.roll(quad, -1))}
    for a, b in edges:
        if (b, a) not in edges:
            following[a] = b
    start = min(following)
    loop = [start]
    while following[loop[-1]] != start:
        loop.append(following[loop[-1]])
    return np.array(loop)


def upright(plane: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(N, 2) the plane turned so that `up` (N,) grows upward."""
    plane = plane - plane.mean(axis=0)
    x, y = plane.T @ (up - up.mean())
    length = np.hypot(x, y)
    return plane @ np.array([[y, x], [-x, y]]) / length


def pack(sizes: list[np.ndarray], first: int = 1) -> tuple[list[np.ndarray], float]:
    """Charts into the smallest square of a few tried: their lower left corners, and the square's side.

    first: which come first, the broadest, 0, or the tallest, 1.
    """
    area = np.sqrt(sum(float(np.prod(size)) for size in sizes))
    tried = [_fill(sizes, side, first) for side in area * np.linspace(1.0, 1.5, 51)]
    return min(tried, key=lambda packed: packed[1])


def _fill(sizes: list[np.ndarray], side: float, first: int) -> tuple[list[np.ndarray], float]:
    """The broadest or tallest chart first, each as low as it goes on what already lies there, and then as far left."""
    cell, gap = side / 256, side * _GAP
    skyline = np.full(256, gap)
    places = [np.zeros(2)] * len(sizes)
    for n in sorted(range(len(sizes)), key=lambda n: -sizes[n][first]):
        wide = min(int(np.ceil((sizes[n][0] + gap) / cell)), 253)
        below = np.lib.stride_tricks.sliding_window_view(skyline[3:], wide).max(axis=1)
        at = int(np.argmin(below)) + 3
        places[n] = np.array([at * cell, below[at - 3]])
        skyline[at: at + wide] = below[at - 3] + sizes[n][1] + gap
    right = max(place[0] + size[0] for place, size in zip(places, sizes)) + gap
    return places, float(max(side, right, skyline.max()))


def moved_apart(places: np.ndarray, sizes: np.ndarray, others: list[np.ndarray] | np.ndarray
                ) -> tuple[np.ndarray, float]:
    """Charts of other sizes in the order of some that were packed: their lower left corners, and the square's side.

    places, sizes, others: (N, 2). A chart beside another stays beside it, one above it above it; all go as far down and
    to the left as that lets them. Where that wastes much room they are packed anew.
    """
    gap = 1.2 * np.sqrt(np.prod(others, axis=1).sum()) * _GAP
    apart = places[None] - (places + sizes)[:, None]  # (N, N, 2) from the first's end to the second's start
    along = np.argmax(apart, axis=2)
    result = np.full((len(places), 2), gap)
    for axis in range(2):
        for n in np.argsort(places[:, axis], kind="stable"):
            before = (along[:, n] == axis) & (apart[:, n, axis] >= 0.0)
            if before.any():
                result[n, axis] = np.max(result[before, axis] + others[before, axis]) + gap
    side = float(np.max(result + others) + gap)
    anew = pack(list(others), 0)
    return (np.array(anew[0]), anew[1]) if anew[1] < 0.85 * side else (result, side)
