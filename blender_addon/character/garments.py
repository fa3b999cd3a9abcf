# SPDX-License-Identifier: GPL-3.0-or-later
"""Clothes for any body: faces, texture coordinates and weights are the same on all, vertices follow the body's."""

from __future__ import annotations

from collections.abc import Collection, Generator
from dataclasses import dataclass

import numpy as np

from ..errors import GalateaError
from .body_mesh import BodyMesh, positions
from .body_weights import INFLUENCES, JOINTS, influences
from .boots import sew_boots
from .cutting import model
from .hair import grown_in_slices, sew_hair
from .loops import loops
from .relief import modelled_man
from .requests import GARMENTS
from .sewing import OWN, lay_out
from .shirts import sew_shirt
from .skirts import sew_skirt
from .tailoring import Cut, Wearer, mixed
from .trousers import sew_trousers

_SEW = dict(zip(GARMENTS, (sew_trousers, sew_skirt, sew_shirt, sew_boots, sew_hair), strict=True))
_LONG = {"trousers": 0.75, "skirt": 0.5, "shirt": 0.4, "boots": 0.4, "hair": 0.5}  # how often a cut is the long one
# Charts of the second colour.
_TRIM = {"shirt": ("collar", "cuff"), "skirt": ("waistband",), "boots": ("sole",), "hair": ("tie",)}
_LONG_HAIR = (0.85, 0.12)  # the same of women's and of men's hair
_ROUNDS = 2  # of smoothing weights
_NEAR = 6  # vertices of the skin that a vertex without one of its own takes its weights from


@dataclass(frozen=True, eq=False)
class Garment:
    """A skinned mesh of quads that is worn, in its body's rest pose.

    vertices: (N, 3) metres. faces: (F, 4), counter-clockwise from outside. uvs: (F, 4, 2) per face corner, 0..1.
    joints: names that joint_indices point to, the body's. joint_indices: (N, 4), largest weight first. weights:
    (N, 4), rows sum to 1. trim: (F,) which faces are of the second colour. covered: (K,) the body's vertices that
    nobody sees under it.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    uvs: np.ndarray
    joints: tuple[str, ...]
    joint_indices: np.ndarray
    weights: np.ndarray
    trim: np.ndarray
    covered: np.ndarray


def make_garment(name: str, body: BodyMesh, seed: int = 0, worn: Collection[str] = (), sex: float | None = None
                 ) -> Garment:
    """One of `requests.GARMENTS` for a body; the seed chooses its cut.

    worn: all that is worn with it: a shirt is tucked into a skirt. sex: the wearer's, where it is known: more women
    than men have long hair. GalateaError when there is no such garment.
    """
    slices = make_garment_in_slices(name, body, seed, worn, sex)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


def make_garment_in_slices(name: str, body: BodyMesh, seed: int = 0, worn: Collection[str] = (),
                           sex: float | None = None) -> Generator[float, None, Garment]:
    """The same in slices of some hundredths of a second: yields the share that is done, returns the garment."""
    if name not in _SEW:
        raise GalateaError(f"there is no garment {name!r}; there are {', '.join(GARMENTS)}")
    cut = cut_of(name, seed, worn, sex)
    if (name, cut) not in _kept:
        _kept[name, cut] = yield from _on_model(name, cut)
    kept = _kept[name, cut]
    yield 0.8
    wearer = Wearer(body.vertices, dict(zip(body.joints, body.positions)))
    return Garment(name, _SEW[name](wearer, cut).sewing.place(), kept.faces.copy(), kept.uvs.copy(), body.joints,
                   kept.joint_indices.copy(), kept.weights.copy(), kept.trim.copy(), kept.covered.copy())


def cut_of(name: str, seed: int, worn: Collection[str] = (), sex: float | None = None) -> Cut:
    """The cut that a seed chooses: long or short; slim, regular or wide."""
    random = np.random.default_rng((seed, GARMENTS.index(name)))
    often = _LONG[name] if name != "hair" or sex is None else mixed(_LONG_HAIR, min(max(sex, 0.0), 1.0))
    length, fit = float(random.random() < often), float(random.integers(3)) / 2.0
    return Cut(length, fit, name == "shirt" and "skirt" in worn)


_kept: dict[tuple[str, Cut], Garment] = {}


def _on_model(name: str, cut: Cut) -> Generator[float, None, Garment]:
    """A garment on the modelled man: what is the same on every body."""
    at = positions(modelled_man())
    yield 0.0
    if name == "hair":
        yield from grown_in_slices(cut)
    sewn = _SEW[name](Wearer(model(), dict(zip(JOINTS, at))), cut)
    points, faces = sewn.sewing.place(), np.concatenate(sewn.sewing.faces)
    yield 0.2
    dense = _skin_weights(points, np.array(sewn.sewing.skin))
    if sewn.shares is not None:
        own = sewn.shares(points, dict(zip(JOINTS, dense.T)))
        dense = np.stack([own.get(joint, np.zeros(len(points))) for joint in JOINTS], axis=1)
    yield 0.4
    indices, weights = _strongest(_smooth(dense, faces))
    trim = np.zeros(len(faces), bool)
    for chart in sewn.sewing.charts:
        trim[chart.faces] = chart.name.startswith(_TRIM.get(name, "-"))
    laid = []
    for n, chart in enumerate(sewn.sewing.charts):
        laid.append(chart.laid(points))
        yield 0.5 + 0.3 * n / len(sewn.sewing.charts)
    uvs = lay_out(sewn.sewing, laid)
    return Garment(name, points, faces, uvs, JOINTS, indices, weights, trim, np.sort(sewn.covered))


def _skin_weights(points: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """(V, J) the weights of the skin behind each vertex, or of what is near where there is none behind."""
    indices, weights = influences()
    dense = np.zeros((len(weights), len(JOINTS)))
    np.put_along_axis(dense, indices.astype(np.intp), weights, axis=1)
    result = dense[behind]
    skin = model()[: len(loops().mirror)]  # the cage's vertices are enough
    for some in np.array_split(np.flatnonzero(behind == OWN), 16):
        square = ((skin**2).sum(axis=1) - 2.0 * points[some] @ skin.T + (points[some] ** 2).sum(axis=1)[:, None])
        near = np.argpartition(square, _NEAR, axis=1)[:, :_NEAR]
        share = 1.0 / (np.sqrt(np.maximum(np.take_along_axis(square, near, axis=1), 0.0)) + 0.005)
        result[some] = np.einsum("vn,vnj->vj", share / share.sum(axis=1, keepdims=True), dense[near])
    return result


def _smooth(weights: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, J) weights a little smoother over the cloth."""
    sides = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2)
    edges = np.unique(np.sort(sides, axis=1), axis=0)
    count = np.bincount(edges.ravel(), minlength=len(weights))[:, None]
    for _ in range(_ROUNDS):
        around = np.stack([np.bincount(edges.ravel(), column[edges[:, ::-1].ravel()], len(weights))
                           for column in weights.T], axis=1) / count
        weights = (weights + around) / 2.0
    return weights


def _strongest(dense: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-dense, axis=1, kind="stable")[:, :INFLUENCES]
    kept = np.take_along_axis(dense, order, axis=1)
    kept[kept < 0.004] = 0.0
    return order.astype(np.int32), kept / kept.sum(axis=1, keepdims=True)
