# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging characters that move by their skin as Blender deforms it: hands within the body, soles off the floor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

_ARMS = ("Arm", "Elbow", "Hand")
_DEEPEST = 0.12  # metres; what is further from the skin is not looked at


@dataclass(frozen=True, eq=False)
class Seen:
    """Metres. depth: for the frames that were looked at, how far any point of a hand is under the skin of all but the
    arms. hands: (T, 2, 3) the middle of each. lowest: (T,) height of the lowest point of the body."""

    depth: np.ndarray
    hands: np.ndarray
    lowest: np.ndarray

    def pulls(self, fps: float) -> np.ndarray:
        """(T - 2, 2) metres a second squared, of frames that follow each other."""
        return np.linalg.norm(np.diff(self.hands, 2, axis=0), axis=-1) * fps**2


def watch(body: bpy.types.Object, frames: Iterable[int], depths: int = 1) -> Seen:
    """A body over frames of the scene. depths: in every how many of them to look for hands in the skin, which takes
    longest; 0 for none."""
    names = [group.name for group in body.vertex_groups]
    leading = [names[max(vertex.groups, key=lambda group: group.weight).group] for vertex in body.data.vertices]
    hands = [[n for n, name in enumerate(leading) if name.startswith(f"{side}Hand")] for side in ("Left", "Right")]
    of_arms = [any(part in name for part in _ARMS) for name in leading]
    rest = [list(face.vertices) for face in body.data.polygons if not any(of_arms[n] for n in face.vertices)]
    depth, middles, lowest = [], [], []
    for n, frame in enumerate(frames):
        bpy.context.scene.frame_set(frame)
        mesh = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        flat = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", flat)
        points = flat.reshape(-1, 3)
        middles.append([points[hand].mean(axis=0) for hand in hands])
        lowest.append(points[:, 2].min())
        if depths and n % depths == 0:
            depth.append(_deepest(points, rest, [point for hand in hands for point in hand[::4]]))
    return Seen(np.array(depth), np.array(middles), np.array(lowest))


def _deepest(points: np.ndarray, faces: list[list[int]], some: list[int]) -> float:
    corners = [Vector(point) for point in points.tolist()]
    skin, worst = BVHTree.FromPolygons(corners, faces), 0.0
    for n in some:
        near, normal, _, distance = skin.find_nearest(corners[n], _DEEPEST)
        if near is not None and (corners[n] - near).dot(normal) < 0.0:
            worst = max(worst, distance)
    return worst
