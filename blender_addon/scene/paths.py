# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a motion goes: from the place and facing of a rig, or along a curve, in the clip's own world."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..errors import RigError
from ..rig.rig_map import RigMap
from .curves import read_path


@dataclass(frozen=True, eq=False)
class Way:
    """The way of a motion on the ground of a clip's world: metres at canonical size, the rig's rest place at 0, 0.

    points: (N, 2), or None without a path. cyclic: the path closes. start: (2,). heading: radians about Z, 0 is -Y.
    """

    points: np.ndarray | None
    cyclic: bool
    start: tuple[float, float]
    heading: float


def place(armature: bpy.types.Object, rig: RigMap, path: str = "") -> Way:
    """The way from where `armature` stands, or along the curve object `path` from its start.

    Everything is relative to the armature's own place, turn and size, which the keys leave alone; a path is projected
    to the ground that the armature stands on. GalateaError when there is no such path.
    """
    if not path:
        return Way(None, False, (0.0, 0.0), 0.0)
    world, cyclic = read_path(path)
    matrix = np.array(armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
    if abs(np.linalg.det(matrix[:3, :3])) < 1e-15:
        raise RigError(f"{armature.name} is scaled to nothing, so no path leads through its world; give it a size")
    into = np.linalg.inv(matrix)
    points = rig.to_canonical(world @ into[:3, :3].T + into[:3, 3])[:, :2]
    ahead = points[1] - points[0]
    return Way(points, cyclic, (float(points[0, 0]), float(points[0, 1])), float(np.arctan2(ahead[0], -ahead[1])))


def scene_scale(armature: bpy.types.Object, rig: RigMap) -> float:
    """Metres in the scene for a metre of a clip on the canonical skeleton."""
    matrix = np.array(armature.matrix_world)[:3, :3]
    return float(rig.scale() * np.cbrt(abs(np.linalg.det(matrix))))
