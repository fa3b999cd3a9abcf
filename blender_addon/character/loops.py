# SPDX-License-Identifier: GPL-3.0-or-later
"""How the quads of a body hang together: rings of the torso, limbs, fingers, toes and the face, and what joins them.

Only connections are made here; every body has the same. Vertices are numbered piece by piece; a piece is a table of
rings (or a few single points), on the left side and in the middle; pieces of limbs are followed by their mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

TORSO, LEG, ARM, FINGER, TOE, THUMB, EAR, EYE, BROW, MOUTH, NOSE = 24, 16, 12, 6, 8, 8, 10, 8, 8, 12, 10
# Rings of each piece; the torso's go on up the neck and the head.
BELLY, SHOULDER, NECK, FACE = 14, 8, 4, 15  # the shoulder's first five rings lie beside the arm hole
TRUNK = BELLY + SHOULDER + NECK + FACE
HEAD = BELLY + SHOULDER + NECK  # the first ring of the jaw
SIZES: dict[str, tuple[int, ...]] = {
    "trunk": (TRUNK, TORSO), "crown": (5, 5), "crotch": (3,), "mouth": (3, MOUTH), "mouth inside": (3,),
    "nose": (1, NOSE), "nose ridge": (2,), "eye": (4, EYE), "pupil": (1,), "brow": (2, BROW), "ear": (5, EAR),
    "leg": (16, LEG), "foot": (10, LEG), "toe webs": (4, 2),
    **{f"toe{n}": (2, TOE) for n in range(5)},
    "arm": (15, ARM), "palm": (5, ARM), "webs": (3,), **{f"finger{n}": (6, FINGER) for n in range(4)},
    "thumb": (6, THUMB), "thumb tip": (1,),
}
MIDDLE = ("trunk", "crown", "crotch", "mouth", "mouth inside", "nose", "nose ridge")
ARM_COLUMNS, ARM_ROWS = (5, 7), (BELLY, BELLY + 4)
MOUTH_ROWS, EYE_COLUMNS, EYE_ROWS = (HEAD + 3, HEAD + 5), (1, 3), (HEAD + 8, HEAD + 10)
NOSE_COLUMNS, NOSE_ROWS = (-1, 1), (HEAD + 5, HEAD + 8)
BROW_COLUMNS, BROW_ROWS = (1, 4), (HEAD + 10, HEAD + 11)
EAR_COLUMNS, EAR_ROWS = (6, 7), (HEAD + 5, HEAD + 9)
THUMB_COLUMNS, THUMB_ROWS = (2, 4), (0, 2)


@dataclass(frozen=True, eq=False)
class Loops:
    """The connections. quads: (F, 4), counter-clockwise from outside. charts: (F,) index into chart_names.

    left, right: piece -> vertex numbers in the piece's own shape; the same for pieces in the middle. mirror: (V,).
    """

    quads: np.ndarray
    charts: np.ndarray
    chart_names: tuple[str, ...]
    left: dict[str, np.ndarray]
    right: dict[str, np.ndarray]
    mirror: np.ndarray


@lru_cache(maxsize=1)
def loops() -> Loops:
    """The one layout that every body has."""
    left, right, count = {}, {}, 0
    for name, shape in SIZES.items():
        size = int(np.prod(shape))
        left[name] = np.arange(count, count + size).reshape(shape)
        count += size
        right[name] = left[name]
        if name not in MIDDLE:
            right[name] = left[name] + size
            count += size
    # The right-hand columns of the middle pieces run the other way round.
    columns = -np.arange(TORSO) % TORSO
    right["trunk"] = left["trunk"][:, columns]
    right["crown"] = left["crown"][:, ::-1]  # from the back to the front, from left to right
    right["mouth"] = left["mouth"][:, -np.arange(MOUTH) % MOUTH]
    right["nose"] = left["nose"][:, -np.arange(NOSE) % NOSE]
    right["mouth inside"] = left["mouth inside"][::-1]
    quads, charts = _middle(left)
    for side, own in (("L", left), ("R", right)):
        more, named = _side(own)
        quads += [face[::-1] for face in more] if side == "R" else more
        charts += [name if name == "head" else f"{name}.{side}" for name in named]
    quads = np.array(quads)
    used = np.unique(quads)
    renumber = np.full(count, -1)
    renumber[used] = np.arange(len(used))
    mirror = np.empty(count, int)
    for name in SIZES:
        mirror[left[name]], mirror[right[name]] = right[name], left[name]
    names = tuple(dict.fromkeys(charts))
    return Loops(renumber[quads], np.array([names.index(name) for name in charts]), names,
                 {name: renumber[ids] for name, ids in left.items()},
                 {name: renumber[ids] for name, ids in right.items()}, renumber[mirror[used]])


def gather(left: dict[str, np.ndarray], flip: tuple[float, ...] = (-1.0, 1.0, 1.0)) -> np.ndarray:
    """(V, K) what pieces say of their vertices, (*shape, K) each, with its mirror image on the right."""
    own = loops()
    width = next(iter(left.values())).shape[-1]
    values = np.zeros((len(own.mirror), width))
    for name, table in left.items():
        ids, theirs = own.left[name].ravel(), own.right[name].ravel()
        flat = np.asarray(table, float).reshape(-1, width)
        seen = theirs >= 0
        if name not in MIDDLE:
            values[theirs[seen]] = flat[seen] * flip
        seen = ids >= 0
        values[ids[seen]] = flat[seen]
    return values


# --- pieces ---------------------------------------------------------------------------------------------------------

Faces = tuple[list[tuple[int, ...]], list[str]]


def rim(columns: tuple[int, int], rows: tuple[int, int]) -> list[tuple[int, int]]:
    """(row, column) around a patch, from the middle of its top, down the side of its first column and up the other."""
    (first, last), (low, high) = columns, rows
    top = [(high, c) for c in range(first, last + 1)]
    middle = (len(top) - 1) // 2
    return [*top[middle::-1], *((r, first) for r in range(high - 1, low, -1)),
            *((low, c) for c in range(first, last + 1)), *((r, last) for r in range(low + 1, high)),
            *top[:middle:-1]]


def _bridge(near: np.ndarray, far: np.ndarray) -> list[tuple[int, ...]]:
    n = len(near)
    return [(near[k], near[(k + 1) % n], far[(k + 1) % n], far[k]) for k in range(n)]


def _tube(rings: list[np.ndarray], flip: bool = False) -> list[tuple[int, ...]]:
    faces = [face for near, far in pairwise(rings) for face in _bridge(near, far)]
    return [face[::-1] for face in faces] if flip else faces


def grid(ring: np.ndarray, corner: int, wide: int, deep: int) -> dict[tuple[int, int], int]:
    """The rim of a grid of wide x deep quads that closes a ring; `corner`: which of its vertices is (0, 0).

    From there the ring runs down the grid's first column: (0, 1), (0, 2), ...
    """
    n = len(ring)
    cells = {(0, j): ring[(corner + j) % n] for j in range(deep + 1)}
    cells |= {(i, deep): ring[(corner + deep + i) % n] for i in range(wide + 1)}
    cells |= {(wide, j): ring[(corner - wide - j) % n] for j in range(deep + 1)}
    cells |= {(i, 0): ring[(corner - i) % n] for i in range(wide + 1)}
    return cells


def _close(ring: np.ndarray, corner: int, wide: int, deep: int, inner: np.ndarray | None = None,
           flip: bool = False) -> list[tuple[int, ...]]:
    cells = grid(ring, corner, wide, deep)
    for i in range(1, wide):
        for j in range(1, deep):
            cells[i, j] = inner.reshape(wide - 1, deep - 1)[i - 1, j - 1]
    faces = [(cells[i, j], cells[i, j + 1], cells[i + 1, j + 1], cells[i + 1, j])
             for i in range(wide) for j in range(deep)]
    return [face[::-1] for face in faces] if flip else faces


def _middle(own: dict[str, np.ndarray]) -> Faces:
    trunk = own["trunk"]
    holes = {(r, c) for columns, rows in ((ARM_COLUMNS, ARM_ROWS), (EYE_COLUMNS, EYE_ROWS), (BROW_COLUMNS, BROW_ROWS),
                                          (EAR_COLUMNS, EAR_ROWS), ((0, 2), MOUTH_ROWS), ((0, 1), NOSE_ROWS))
             for r in range(*rows) for c in range(*columns)}
    holes |= {(r, TORSO - 1 - c) for r, c in holes}
    faces, charts = [], []
    for row, (near, far) in enumerate(pairwise(trunk)):
        for c, face in enumerate(_bridge(near, far)):
            if (row, c) in holes:
                continue
            faces.append(face)
            front = c < 6 or c >= 18
            charts.append("head" if row >= HEAD - 3 else "front" if front else "back")
    crown = _close(trunk[-1], 3, 6, 6, own["crown"][::-1].T)
    mouth = _tube([_at(trunk, rim((-2, 2), MOUTH_ROWS)), *own["mouth"]])
    mouth += _close(own["mouth"][-1], 2, 4, 2, own["mouth inside"])
    nose = _tube([_at(trunk, rim(NOSE_COLUMNS, NOSE_ROWS)), *own["nose"]])
    nose += _close(own["nose"][-1], 1, 2, 3, own["nose ridge"])
    return faces + crown + mouth + nose, charts + ["head"] * (len(crown) + len(mouth) + len(nose))


def _at(rings: np.ndarray, places: list[tuple[int, int]]) -> np.ndarray:
    return np.array([rings[r, c % rings.shape[1]] for r, c in places])


def _side(own: dict[str, np.ndarray]) -> Faces:
    faces, charts = [], []

    def add(more: list[tuple[int, ...]], chart: str | list[str]) -> None:
        faces.extend(more)
        charts.extend([chart] * len(more) if isinstance(chart, str) else chart)

    trunk = own["trunk"]
    eye, brow, ear = (_at(trunk, rim(*place)) for place in ((EYE_COLUMNS, EYE_ROWS), (BROW_COLUMNS, BROW_ROWS),
                                                            (EAR_COLUMNS, EAR_ROWS)))
    add(_tube([eye, *own["eye"]]) + _close(own["eye"][-1], 1, 2, 2, own["pupil"]), "head")
    add(_tube([brow, *own["brow"]]) + _close(own["brow"][-1], 1, 3, 1), "head")
    add(_tube([ear, *own["ear"][:2]]), "ear back")
    add(_tube(list(own["ear"][1:])) + _close(own["ear"][-1], 0, 1, 4), "ear")

    rings = [np.concatenate([trunk[0, :13], own["crotch"][::-1]]), *own["leg"], *own["foot"]]
    legs = _tube(rings, flip=True)
    sole = [7 <= k % LEG <= 13 for k in range(len(legs))]
    rows, ankle = np.arange(len(legs)) // LEG, len(own["leg"]) + 1
    add(legs, ["leg" if row < ankle else "sole" if low and row >= ankle + 3 else "foot"
               for row, low in zip(rows, sole)])
    cells = grid(rings[-1], 0, 3, 5)
    webs = own["toe webs"]
    for n in range(5):
        around = [cells[0, n], cells[0, n + 1]]
        around += [webs[n, j] if n < 4 else cells[j + 1, 5] for j in range(2)]
        around += [cells[3, n + 1], cells[3, n]]
        around += [webs[n - 1, j] if n > 0 else cells[j + 1, 0] for j in (1, 0)]
        toe = [np.array(around), *own[f"toe{n}"]]
        tube = _tube(toe, flip=True)
        add(tube + _close(toe[-1], 1, 1, 3, flip=True), f"toe{n}")

    rings = [_at(trunk, rim(ARM_COLUMNS, ARM_ROWS)), *own["arm"], *own["palm"]]
    thumb = {(r + len(own["arm"]) + 1 + THUMB_ROWS[0], c) for r in range(2) for c in range(*THUMB_COLUMNS)}
    arms = [(row, k, face) for row, (near, far) in enumerate(pairwise(rings))
            for k, face in enumerate(_bridge(near, far)) if (row, k) not in thumb]
    add([face for _, _, face in arms],
        ["arm" if row < len(own["arm"]) else "palm" if 3 <= k < 9 else "hand" for row, k, _ in arms])
    palm = own["palm"]
    add_digit = [(_at(palm, rim(THUMB_COLUMNS, THUMB_ROWS)), "thumb")]
    cells = {(j, i): ring for (j, i), ring in grid(palm[-1], 2, 4, 2).items()}
    cells |= {(i + 1, 1): own["webs"][i] for i in range(3)}
    for n in range(4):
        around = [cells[n, 0], cells[n, 1], cells[n, 2], cells[n + 1, 2], cells[n + 1, 1], cells[n + 1, 0]]
        add_digit.append((np.array(around), f"finger{n}"))
    for root, name in add_digit:
        rings = [root, *own[name]]
        tube = _tube(rings)
        if name == "thumb":
            add(tube, ["palm" if k % THUMB >= 4 else "hand" for k in range(len(tube))])
            add(_close(rings[-1], 1, 2, 2, own["thumb tip"]), ["hand", "hand", "palm", "palm"])
        else:
            add(tube, ["palm" if 1 <= k % FINGER < 4 else "hand" for k in range(len(tube))])
            add(_close(rings[-1], 0, 1, 2), ["hand", "palm"])
    return faces, charts
