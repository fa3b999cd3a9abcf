# SPDX-License-Identifier: GPL-3.0-or-later
"""Girths of a body as a tape takes them on its skin, and a figure widened until they are those asked for.

A tape lies along the convex outline of a level cut. Where each is taken follows ANSUR II's manual as far as a mesh
allows: see `girths`. The survey's upper arms and forearms are flexed; at rest they are RELAXED times as thick.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import lru_cache

import numpy as np

from .body_weights import JOINTS, influences
from .figure import ARM_DOWN, Figure
from .helper_joints import helper_places
from .loops import loops
from .modelling import refinement, skin

RELAXED = {"bicepscircumferenceflexed": 0.93, "forearmcircumferenceflexed": 0.96}
# Widths of a figure, and the measurements that they answer for.
GIRTHS: dict[str, str] = {
    "chest": "chestcircumference", "waist": "waistcircumference", "hip": "buttockcircumference",
    "neck": "neckcircumference", "thigh": "thighcircumference", "knee": "lowerthighcircumference",
    "calf": "calfcircumference", "ankle": "anklecircumference", "upper arm": "bicepscircumferenceflexed",
    "forearm": "forearmcircumferenceflexed", "wrist": "wristcircumference",
}
_ROUNDS = 8
_HANGING = np.radians(7.0)
_ELBOW, _AT_ELBOW = (7, 8), 0.56  # the rings of the arm around the elbow, and how far it is from one to the other
_HALFWAY = JOINTS.index("LeftShoulderShare")
_FROM_ARM = [n for n, name in enumerate(JOINTS) if name.startswith(("LeftArm", "LeftElbow", "LeftForeArm", "LeftHand"))]


def fit_in_slices(figure: Figure) -> Generator[float, None, Figure]:
    """The figure with widths for which its skin has the girths that were asked for; yields the share that is done."""
    for done in range(_ROUNDS):
        yield done / _ROUNDS
        points = skin(figure)
        found = girths(points, figure)
        widths = {}
        for width, measure in GIRTHS.items():
            asked = figure.measured[measure] * RELAXED.get(measure, 1.0)
            widths[width] = float(np.clip(figure.factor(width) * asked / found[measure], 0.5, 2.0))
        asked = figure.measured["bideltoidbreadth"]
        hanging = with_arms_down(points, figure)
        breadth = shoulders(hanging, figure)
        widths["shoulder"] = float(np.clip(figure.factor("shoulder") * (asked / breadth) ** 2, 0.75, 1.3))
        shift = float(np.clip(figure.shift + 0.25 * (asked - breadth) / figure.size, -0.040, 0.030))
        longer = figure.measured["acromionradialelength"] - upper_arm(hanging, figure)
        reach = float(np.clip(figure.reach + longer, -0.05 * figure.size, 0.05 * figure.size))
        figure = figure.widened(widths, shift, reach)
    return figure


def with_arms_down(points: np.ndarray, figure: Figure) -> np.ndarray:
    """(N, 3) a skin whose left arm hangs `_HANGING` from the vertical."""
    indices, weights = influences()
    turn, shoulder = np.pi / 2.0 - ARM_DOWN - _HANGING, figure.joints["LeftArm"]
    halfway = helper_places(figure.joints)["LeftShoulderShare"]
    hanging = points.copy()
    for joints, pivot, angle in ((_FROM_ARM, shoulder, turn), ([_HALFWAY], halfway, turn / 2.0)):
        share = np.sum(weights * np.isin(indices, joints), axis=1)[:, None]
        cosine, sine = np.cos(angle), np.sin(angle)
        turned = (points - pivot) @ np.array([[cosine, 0.0, -sine], [0.0, 1.0, 0.0], [sine, 0.0, cosine]]) + pivot
        hanging += (turned - points) * share
    return hanging


def shoulders(hanging: np.ndarray, figure: Figure) -> float:
    """Breadth in metres over the deltoids of a skin with its arms down."""
    beside = hanging[:, 2] > figure.joints["LeftArm"][2] - 0.12 * figure.size
    return 2.0 * float(hanging[beside, 0].max())


def upper_arm(hanging: np.ndarray, figure: Figure) -> float:
    """From acromion to radiale in metres, of a skin with its arms down: from the upper line of the shoulder, as far out
    as the acromia are, to the outside of the elbow."""
    edges = _edges("shoulder")[0]
    half = figure.measured["biacromialbreadth"] / 2.0
    first, second = hanging[edges[(hanging[edges, 0] < half).sum(axis=1) == 1].T]
    share = ((half - first[:, 0]) / (second[:, 0] - first[:, 0]))[:, None]
    line = first * (1.0 - share) + second * share
    above, below = hanging[loops().left["arm"][_ELBOW, 0]]
    return float(np.linalg.norm(line[np.argmax(line[:, 2])] - (above + (below - above) * _AT_ELBOW)))


def girths(points: np.ndarray, figure: Figure) -> dict[str, float]:
    """Measurement -> girth in metres of a skin (N, 3) that was made for a figure; arms and legs on the left."""
    m, joints, size = figure.measured, figure.joints, figure.size
    up = np.array([0.0, 0.0, 1.0])
    neck = joints["Head"] - joints["Neck"]
    arm, fore = joints["LeftForeArm"] - joints["LeftArm"], joints["LeftHand"] - joints["LeftForeArm"]

    def level(part: str, height: float) -> float:
        return tape(points, part, np.array([0.0, 0.0, height]), up)

    def across(part: str, start: np.ndarray, way: np.ndarray, shares: tuple[float, ...],
               choose: Callable[..., float], alone: bool = False) -> float:
        return choose(tape(points, part, start + way * share, way, alone) for share in shares)

    knee, ankle = m["kneeheightmidpatella"], m["lateralmalleolusheight"]
    return {
        "chestcircumference": level("torso", m["chestheight"]),
        "waistcircumference": level("torso", m["waistheightomphalion"]),
        "buttockcircumference": level("hips", m["buttockheight"]),
        "neckcircumference": across("torso", joints["Neck"], neck, (0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60), min,
                                    alone=True),
        "thighcircumference": level("leg", m["crotchheight"] - 0.030 * size),
        "lowerthighcircumference": level("leg", knee + 0.050 * size),
        "calfcircumference": max(level("leg", ankle + (knee - ankle) * share) for share in (0.60, 0.66, 0.72)),
        "anklecircumference": min(level("leg", ankle + (knee - ankle) * share) for share in (0.09, 0.14, 0.19)),
        "bicepscircumferenceflexed": across("arm", joints["LeftArm"], arm, (0.50, 0.58, 0.66), max),
        "forearmcircumferenceflexed": across("arm", joints["LeftForeArm"], fore, (0.15, 0.22, 0.30), max),
        "wristcircumference": across("arm", joints["LeftForeArm"], fore, (0.92, 0.96), min),
    }


def tape(points: np.ndarray, part: str, through: np.ndarray, normal: np.ndarray, alone: bool = False) -> float:
    """Length in metres of the convex outline of a part's cut by a plane.

    alone: of several lines that the plane cuts only that which is nearest to `through`: a neck without the chin.
    """
    edges, faces = _edges(part)
    side = (points - through) @ normal < 0.0
    cut = side[edges[:, 0]] != side[edges[:, 1]]
    if alone:
        cut = _line(cut, faces, np.linalg.norm(points[edges].mean(axis=1) - through, axis=1))
    first, second = points[edges[cut].T]
    a, b = (first - through) @ normal, (second - through) @ normal
    share = (a / (a - b))[:, None]
    return _outline(first * (1.0 - share) + second * share, normal)


def _line(cut: np.ndarray, faces: np.ndarray, away: np.ndarray) -> np.ndarray:
    """(E,) the cut edges of the line that begins at the nearest; faces: (F, 4) their edges, away: (E,)."""
    if not cut.any():
        return cut
    faces = faces[cut[faces].any(axis=1)]
    reached, count = np.arange(len(cut)) == np.argmin(np.where(cut, away, np.inf)), 0
    while reached.sum() > count:
        count = reached.sum()
        reached[faces[reached[faces].any(axis=1)]] = True
        reached &= cut
    return reached


def _outline(points: np.ndarray, normal: np.ndarray) -> float:
    """Length of the convex hull of points in a plane (Andrew 1979)."""
    if len(points) < 3:
        return 1e-6
    normal = normal / np.linalg.norm(normal)
    x = np.cross(normal, (0.0, 1.0, 0.0) if abs(normal[1]) < 0.9 else (1.0, 0.0, 0.0))
    x /= np.linalg.norm(x)
    flat = np.stack([points @ x, points @ np.cross(normal, x)], axis=1)
    flat = flat[np.lexsort(flat.T[::-1])].tolist()
    hull: list[list[float]] = []
    for half in (flat, flat[::-1]):
        start = len(hull)
        for point in half:
            while len(hull) > start + 1 and _turn(hull[-2], hull[-1], point) <= 0.0:
                hull.pop()
            hull.append(point)
        hull.pop()
    corners = np.array(hull)
    return float(np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1).sum())


def _turn(a: list[float], b: list[float], c: list[float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@lru_cache(maxsize=8)
def _edges(part: str) -> tuple[np.ndarray, np.ndarray]:
    """(E, 2) edges of the smooth mesh that belong to a part: torso, hips (with both legs), leg, arm or shoulder (torso
    and arm) on the left; and (F, 4) which of them its faces have."""
    own = loops()
    of = {"torso": [("trunk", own.left)], "leg": [("leg", own.left), ("foot", own.left), ("trunk", own.left),
                                                  ("crotch", own.left)],
          "hips": [(name, side) for name in ("trunk", "crotch", "leg") for side in (own.left, own.right)],
          "arm": [("arm", own.left), ("palm", own.left)], "shoulder": [("trunk", own.left), ("arm", own.left)]}[part]
    chosen = np.zeros((len(own.mirror), 1))
    for name, side in of:
        ids = side[name]
        chosen[ids[ids >= 0]] = 1.0
    inside = refinement().refine(chosen)[:, 0] > 0.5
    faces = refinement().faces
    faces = faces[inside[faces].all(axis=1)]
    ends = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    edges, numbers = np.unique(ends, axis=0, return_inverse=True)
    return edges, numbers.reshape(-1, 4)
