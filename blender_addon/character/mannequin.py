# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin: one closed skin with texture coordinates and weights, fitted to any humanoid's rest pose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .body import BODY_JOINTS, Body, fit_body
from .cage import cage
from .sculpting import reference_vertices, sculpt
from .skinning import INFLUENCES, joint_weights
from .unwrapping import texture_coordinates


@dataclass(frozen=True, eq=False)
class Mesh:
    """A skinned mesh of quads.

    vertices: (V, 3) metres, in the frame of the joints it was made for. faces: (F, 4) vertex indices,
    counter-clockwise from outside. uvs: (F, 4, 2) per face corner, 0..1. joints: names that joint_indices point to.
    joint_indices: (V, 4), largest weight first. weights: (V, 4), rows sum to 1, unused ones are 0.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uvs: np.ndarray
    joints: tuple[str, ...]
    joint_indices: np.ndarray
    weights: np.ndarray


def build_mannequin(joints: Mapping[str, np.ndarray], tails: Mapping[str, np.ndarray] | None = None) -> Mesh:
    """A mannequin for a body at rest in a T-pose, an A-pose or between, facing -Y on the ground z = 0.

    joints: rest positions (3,) in metres by canonical joint name; see `body.fit_body` for which may be missing.
    tails: where bones end, by joint; heads and hands follow them. The same input gives the same mesh, bit for bit; the
    faces, texture coordinates and weights are the same for every body. RigError when no body fits.
    """
    middle = _middle(joints)
    body = fit_body({name: np.asarray(at, float) - middle for name, at in joints.items()},
                    {name: np.asarray(at, float) - middle for name, at in (tails or {}).items()})
    indices, weights = _influences()
    return Mesh(
        vertices=sculpt(body, _is_symmetric(body)) + middle,
        faces=cage().faces.copy(),
        uvs=texture_coordinates().copy(),
        joints=BODY_JOINTS,
        joint_indices=indices.copy(),
        weights=weights.copy(),
    )


def _middle(joints: Mapping[str, np.ndarray]) -> np.ndarray:
    """(3,) the point of the ground below the pelvis, or the origin where there is no telling."""
    hips = [np.asarray(joints[name], float) for name in ("LeftUpLeg", "RightUpLeg") if name in joints]
    middle = np.mean(hips, axis=0) * (1.0, 1.0, 0.0) if len(hips) == 2 else np.zeros(3)
    return middle if np.isfinite(middle).all() else np.zeros(3)


def _is_symmetric(body: Body) -> bool:
    return all(
        np.allclose(body.joints[name.replace("Left", "Right")], at * (-1.0, 1.0, 1.0), rtol=0.0, atol=1e-5 * body.size)
        for name, at in body.joints.items() if not name.startswith("Right")
    )


@lru_cache(maxsize=1)
def _influences() -> tuple[np.ndarray, np.ndarray]:
    """(V, 4) indices into BODY_JOINTS and (V, 4) weights, largest first."""
    weights = joint_weights(reference_vertices())
    order = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    return order.astype(np.int32), np.take_along_axis(weights, order, axis=1)
