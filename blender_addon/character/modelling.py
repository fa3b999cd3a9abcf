# SPDX-License-Identifier: GPL-3.0-or-later
"""A body's skin: the cage of all pieces, made smooth."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .extremities import foot, hand
from .face import head
from .figure import Figure
from .limbs import arm_rings, leg_rings
from .loops import ARM_COLUMNS, ARM_ROWS, EAR_COLUMNS, EAR_ROWS, HEAD, SIZES, TORSO, gather, loops, rim
from .relief import heights, modelled_man, raise_skin
from .subdivision import Subdivision, subdivision
from .torso import crotch, trunk_rings


@lru_cache(maxsize=1)
def refinement() -> Subdivision:
    """The step from the cage to the smooth mesh."""
    return subdivision(loops().quads)


def cage_points(figure: Figure) -> np.ndarray:
    """(V, 3) where the cage's vertices lie on the skin, metres."""
    trunk = trunk_rings(figure)
    top = head(figure)
    hole = np.array([trunk[r, c] for r, c in rim(ARM_COLUMNS, ARM_ROWS)])
    pieces = top | {"trunk": _under_the_jaw(np.concatenate([trunk, top["trunk"]])), "crotch": crotch(figure, trunk[0]),
                    "leg": leg_rings(figure), "arm": arm_rings(figure, hole)}
    return _softened(gather(pieces | foot(figure) | hand(figure)))


def _under_the_jaw(rings: np.ndarray) -> np.ndarray:
    """Rings of the trunk (TRUNK, TORSO, 3) with the neck's last half-way to the jaw, however thick the neck is."""
    share = np.zeros((TORSO, 1))
    share[1:8, 0] = 0.2, 0.5, 0.8, 1.0, 0.9, 0.6, 0.2
    share = np.maximum(share, share[-np.arange(TORSO)])
    rings[HEAD - 1] += ((rings[HEAD - 2] + rings[HEAD]) / 2.0 - rings[HEAD - 1]) * share
    return rings


@lru_cache(maxsize=1)
def _seams() -> np.ndarray:
    """(V, 1) how much a vertex of the cage is smoothed where pieces meet."""
    share = {name: np.zeros((*shape, 1)) for name, shape in SIZES.items()}
    share["trunk"][0] = share["crotch"][:] = share["leg"][0] = 1.0
    share["trunk"][1] = share["leg"][1] = 0.8
    share["trunk"][2] = share["leg"][2] = 0.4
    for r, c in rim(ARM_COLUMNS, ARM_ROWS):
        share["trunk"][r, [c, -c]] = 0.9
    share["trunk"][ARM_ROWS[0]: ARM_ROWS[1], [4, 8, 16, 20]] = 0.3
    share["arm"][:2] = np.array([0.9, 0.5])[:, None, None]
    share["trunk"][HEAD - 1] = 0.6
    share["trunk"][HEAD - 1: HEAD + 1, 5:20] = 0.8
    return gather(share, (1.0,))


@lru_cache(maxsize=1)
def _followed() -> np.ndarray:
    """(V, 1) how closely the skin keeps to the cage's points: little where they turn sharply."""
    share = {name: np.ones((*shape, 1)) for name, shape in SIZES.items()}
    for name, value in (("ear", 0.7), ("mouth", 0.95), ("mouth inside", 0.0), ("eye", 0.9), ("brow", 0.9),
                        ("nose", 0.8)):
        share[name][:] = value
    for n in range(4):  # round fingertips
        share[f"finger{n}"][-1] = 0.4
    share["trunk"][EAR_ROWS[0]: EAR_ROWS[1] + 1, [*EAR_COLUMNS, *(-c for c in EAR_COLUMNS)]] = 0.5
    return gather(share, (1.0,))


def _softened(points: np.ndarray) -> np.ndarray:
    edges, count = refinement().edges, refinement().valence
    for n in range(24):  # without shrinking (Taubin 1995)
        around = np.stack([np.bincount(edges.ravel(), points[edges[:, ::-1].ravel(), k], len(points))
                           for k in range(3)], axis=1) / count
        points = points + (around - points) * _seams() * (0.60, -0.62)[n % 2]
    return points


PARTS = ("eye white", "eye iris", "eye pupil", "brow")


@lru_cache(maxsize=1)
def eye_parts() -> np.ndarray:
    """(F,) what the smooth mesh's faces are: 0 skin, otherwise 1 more than the place in PARTS; lashes are brow."""
    own, quads = loops(), refinement().quads
    parts = np.zeros((len(quads), 4), np.int32)
    for side in (own.left, own.right):
        edge, iris, middle = side["eye"][2], side["eye"][3], side["pupil"]
        inside = np.isin(quads, np.concatenate([edge, iris, middle])).all(axis=1)
        parts[inside] = 1
        parts[inside & ~np.isin(quads, edge).any(axis=1)] = 2
        parts[quads == middle[0]] = 3  # of the four quads of each, those at the middle
        parts[np.isin(quads, side["brow"]).all(axis=1)] = 4
        upper = side["eye"][1:3, [6, 7, 0, 1, 2]]
        parts[np.isin(quads, upper).all(axis=1)] = 4
    return parts.ravel()


def skin(figure: Figure) -> np.ndarray:
    """(N, 3) vertices of the smooth mesh with its relief, metres."""
    points = _smooth(figure)
    return raise_skin(points, vertex_normals(points), _relief(), figure)


@lru_cache(maxsize=1)
def modelled_points() -> np.ndarray:
    """(V, 3) where the cage's vertices come to lie on the modelled man's skin."""
    return skin(modelled_man())[: len(loops().mirror)]


def _smooth(figure: Figure) -> np.ndarray:
    step = refinement()
    points = step.refine(step.through(cage_points(figure), _followed()))
    for middle, around, corners, between in _pupils():
        away = points[around] - points[middle]
        reach = np.linalg.norm(away, axis=1, keepdims=True)
        points[around] = points[middle] + away * (reach.mean() / reach)  # round, whatever the lids do to the iris
        reach = np.linalg.norm(points[corners] - points[middle], axis=1)
        away = points[between] - points[middle]
        reach = (reach + np.roll(reach, -1)) / 2.0 / np.linalg.norm(away, axis=1)
        points[between] = points[middle] + away * reach[:, None]
    return points


@lru_cache(maxsize=1)
def _pupils() -> tuple[tuple[int, np.ndarray, np.ndarray, np.ndarray], ...]:
    """Of each eye the middle of the pupil and the (8,) vertices of the smooth mesh around it, the (8,) corners of the
    iris and the (8,) vertices that each has after it."""
    step, count, found = refinement(), len(loops().mirror), []
    number = {(int(a), int(b)): count + n for n, (a, b) in enumerate(step.edges)}
    for side in (loops().left, loops().right):
        middle, corners = int(side["pupil"][0]), side["eye"][3]
        around = np.setdiff1d(step.faces[(step.faces == middle).any(axis=1)], middle)
        between = [number[min(a, b), max(a, b)] for a, b in zip(corners.tolist(), np.roll(corners, -1).tolist())]
        found.append((middle, around, corners, np.array(between)))
    return tuple(found)


@lru_cache(maxsize=1)
def _relief() -> np.ndarray:
    raised, faces = heights(_smooth(modelled_man())), refinement().faces
    # No narrower than the large quads of trunk and limbs can show, or it looks like cracks.
    wide = refinement().refine(gather({name: np.full((*shape, 1), float(name in ("trunk", "crotch", "leg", "arm")))
                                       for name, shape in SIZES.items()}, (1.0,)))
    middle, count = raised[faces].mean(axis=1), np.bincount(faces.ravel(), minlength=len(raised))
    around = np.stack([np.bincount(faces.ravel(), np.repeat(column, 4), len(raised)) for column in middle.T], axis=1)
    return raised + (around / count[:, None] - raised) * wide


def vertex_normals(points: np.ndarray) -> np.ndarray:
    """(N, 3) unit normals of the smooth mesh, outward, weighted by the area of the faces around."""
    faces = refinement().faces
    a, b, c, d = points[faces.T]
    flat = np.cross(c - a, d - b)
    normals = np.stack([np.bincount(faces.ravel(), np.repeat(axis, 4), len(points)) for axis in flat.T], axis=1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
