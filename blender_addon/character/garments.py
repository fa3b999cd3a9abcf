# SPDX-License-Identifier: GPL-3.0-or-later
"""Clothes for any body: faces, texture coordinates and weights are the same on all, vertices follow the body's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..errors import GalateaError
from .body_mesh import BodyMesh, positions
from .body_weights import INFLUENCES, JOINTS, influences
from .boots import sew_boots
from .cutting import model
from .relief import modelled_man
from .requests import GARMENTS
from .sewing import OWN, Sewing, lay_out
from .shirts import sew_shirt
from .skirts import sew_skirt
from .tailoring import Cut, Wearer
from .trousers import sew_trousers

_SEW = dict(zip(GARMENTS, (sew_trousers, sew_skirt, sew_shirt, sew_boots), strict=True))
_LONG = {"trousers": 0.75, "skirt": 0.5, "shirt": 0.4, "boots": 0.4}  # how often a cut is the long one
_ROUNDS = 2  # of smoothing weights
_NEAR = 8  # vertices of the skin that a vertex without one of its own takes its weights from


@dataclass(frozen=True, eq=False)
class Garment:
    """A skinned mesh of quads that is worn, in its body's rest pose.

    vertices: (N, 3) metres. faces: (F, 4), counter-clockwise from outside. uvs: (F, 4, 2) per face corner, 0..1.
    joints: names that joint_indices point to, the body's. joint_indices: (N, 4), largest weight first. weights:
    (N, 4), rows sum to 1. covered: (K,) the body's vertices that nobody sees under it.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    uvs: np.ndarray
    joints: tuple[str, ...]
    joint_indices: np.ndarray
    weights: np.ndarray
    covered: np.ndarray


def make_garment(name: str, body: BodyMesh, seed: int = 0) -> Garment:
    """One of `requests.GARMENTS` for a body; the seed chooses its cut. GalateaError when there is no such garment."""
    if name not in _SEW:
        raise GalateaError(f"there is no garment {name!r}; there are {', '.join(GARMENTS)}")
    cut = cut_of(name, seed)
    kept = _kept(name, cut)
    wearer = Wearer(body.vertices, dict(zip(body.joints, body.positions)))
    return Garment(name, _SEW[name](wearer, cut).sewing.place(), kept.faces.copy(), kept.uvs.copy(), body.joints,
                   kept.joint_indices.copy(), kept.weights.copy(), kept.covered.copy())


def cut_of(name: str, seed: int) -> Cut:
    """The cut that a seed chooses: long or short, slim, regular or wide."""
    random = np.random.default_rng((seed, GARMENTS.index(name)))
    return Cut(float(random.random() < _LONG[name]), float(random.integers(3)) / 2.0)


@lru_cache(maxsize=24)
def _kept(name: str, cut: Cut) -> Garment:
    """A garment on the modelled man: what is the same on every body."""
    figure = modelled_man()
    at = positions(figure)
    sewn = _SEW[name](Wearer(model(), dict(zip(JOINTS, at))), cut)
    points, faces = sewn.sewing.place(), np.concatenate(sewn.sewing.faces)
    dense = _skin_weights(points, np.array(sewn.sewing.skin))
    if sewn.shares is not None:
        own = sewn.shares(points, dict(zip(JOINTS, dense.T)))
        dense = np.stack([own.get(joint, np.zeros(len(points))) for joint in JOINTS], axis=1)
    indices, weights = _strongest(_smooth(dense, faces))
    return Garment(name, points, faces, lay_out(sewn.sewing), JOINTS, indices, weights, np.sort(sewn.covered))


def _skin_weights(points: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """(V, J) the weights of the skin behind each vertex, or of what is near where there is none behind."""
    indices, weights = influences()
    dense = np.zeros((len(weights), len(JOINTS)))
    np.put_along_axis(dense, indices.astype(np.intp), weights, axis=1)
    result = dense[behind]
    for some in np.array_split(np.flatnonzero(behind == OWN), 16):
        away = np.linalg.norm(points[some, None] - model()[None], axis=2)
        near = np.argpartition(away, _NEAR, axis=1)[:, :_NEAR]
        share = 1.0 / (np.take_along_axis(away, near, axis=1) + 0.005)
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
