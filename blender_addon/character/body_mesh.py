# SPDX-License-Identifier: GPL-3.0-or-later
"""A body from measurements: one closed, smooth skin of quads with texture coordinates, joints and weights."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import GalateaError
from .body_uvs import charts, pattern_in_slices, texture_coordinates
from .body_weights import JOINTS, influences
from .extremities import digit_joints
from .figure import LEVELS, Figure
from .fitting import fit_in_slices
from .helper_joints import helper_places
from .loops import loops
from .measurements import CORE, SEX
from .modelling import modelled_points, refinement, skin
from .styles import restyled, restyled_figure

_FLIP = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class BodyMesh:
    """A skinned mesh of quads in an A-pose, facing -Y on the ground z = 0, its left at +X.

    vertices: (N, 3) metres. faces: (F, 4) vertex indices, counter-clockwise from outside. uvs: (F, 4, 2) per face
    corner, 0..1. joints: names that joint_indices point to: the canonical 22, the jaw, three a digit and those
    that follow others (`helper_joints`). positions: (J, 3) metres. joint_indices: (N, 4), largest weight first.
    weights: (N, 4), rows sum to 1, unused ones are 0.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uvs: np.ndarray
    joints: tuple[str, ...]
    positions: np.ndarray
    joint_indices: np.ndarray
    weights: np.ndarray


def make_body(measurements: Mapping[str, float], shape: Mapping[str, float] | None = None) -> BodyMesh:
    """The body of somebody with these measurements (metres, by ANSUR II's names; "sex" from 0, female, to 1, male).

    shape: sliders of `requests.SHAPES` that carry it beyond what was measured; see `styles`. Faces and weights are the
    same for every body, so that shapes blend; texture coordinates are the body's own. GalateaError when a measurement
    of `measurements.CORE` is missing or no length.
    """
    slices = make_body_in_slices(measurements, shape)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


def make_body_in_slices(measurements: Mapping[str, float], shape: Mapping[str, float] | None = None
                        ) -> Generator[float, None, BodyMesh]:
    """The same in slices of some hundredths of a second: yields the share that is done, returns the body."""
    asked = {}
    for name in (*CORE, "buttockheight", SEX):
        if name not in measurements:
            raise GalateaError(f"a body needs its {name}; take `measurements.average()` and change what is known")
        value = float(measurements[name])
        if not np.isfinite(value) or (value <= 0.0 and name != SEX):
            raise GalateaError(f"a body's {name} is a number above 0, not {value:g}")
        asked[name] = value
    for low, high in pairwise((*LEVELS, "stature")):
        if asked[low] >= asked[high]:
            raise GalateaError(f"a body's {low} ({asked[low]:g} m) is above its {high} ({asked[high]:g} m); give both")
    shape = {name: amount for name, amount in (shape or {}).items() if amount}
    yield 0.0
    refinement()  # what is the same for all bodies, worked out once
    yield 0.0
    modelled_points()
    yield 0.0
    indices, weights = influences()
    yield 0.0
    for name in charts():
        for _ in pattern_in_slices(name):
            yield 0.0
    figure = restyled_figure(Figure(asked, min(max(asked[SEX], 0.0), 1.0)), shape)
    figure = yield from fit_in_slices(figure)
    vertices, places = skin(figure), positions(figure)
    if shape:
        pupils = vertices[[side["pupil"][0] for side in (loops().left, loops().right)]]
        vertices, places = restyled(vertices, JOINTS, places, (indices, weights), pupils, shape)
    uvs = yield from texture_coordinates(vertices)
    return BodyMesh(vertices, refinement().faces.copy(), uvs, JOINTS, places, indices.copy(), weights.copy())


def positions(figure: Figure) -> np.ndarray:
    """(J, 3) where a figure's joints are, in the order of JOINTS, metres."""
    left = figure.joints | digit_joints(figure)
    left |= helper_places(left)
    return np.array([left[name] if name in left else left[name.replace("Right", "Left")] * _FLIP for name in JOINTS])
