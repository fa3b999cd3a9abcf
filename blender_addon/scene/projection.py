# SPDX-License-Identifier: GPL-3.0-or-later
"""How a texture lies on an object: by which coordinates, and how far one unit of them goes in the world."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy
import numpy as np

from .box_uvs import BOX_UVS, box_uvs, can_be_given, is_as_made

# What moves a mesh's surface through its own space. A texture that hung in that space would swim over it.
_DEFORMING = {"ARMATURE", "CAST", "CLOTH", "CORRECTIVE_SMOOTH", "CURVE", "DISPLACE", "HOOK", "LAPLACIANDEFORM",
              "LATTICE", "MESH_CACHE", "MESH_DEFORM", "MESH_SEQUENCE_CACHE", "SHRINKWRAP", "SIMPLE_DEFORM", "SMOOTH",
              "SOFT_BODY", "SURFACE_DEFORM", "WARP", "WAVE"}
_SAME = 1e-4  # UVs that near are taken for one
_THIN = 1e-3  # of a mesh's longest edge: what is thinner than that shows no texture there, and its UVs stay in bounds
_ENOUGH = 50_000  # triangles to measure: more would keep the window waiting and tell nothing new


@dataclass(frozen=True)
class Projection:
    """How a texture lies. coordinates: the output of a Texture Coordinate node, "UV", or "Object" and "Generated" for a
    box. metres: how far one unit of each of the three axes goes in the world. whole: of u and v, whether the mesh meets
    itself there a whole unit on, so that only whole repeats have no seam. uvs: a UV map, (loops, 2), that the mesh is
    to be given. note: what is worth knowing, or ""."""

    coordinates: str
    metres: tuple[float, float, float]
    whole: tuple[bool, bool] = (False, False)
    uvs: np.ndarray | None = field(default=None, compare=False)
    note: str = ""

    @property
    def box(self) -> bool:
        return self.coordinates != "UV"

    def repeats(self, metres: tuple[float, float]) -> tuple[float, float, float]:
        """How often a picture so many metres wide and high repeats in one unit of each axis."""
        if self.box:  # each axis is across on one side of the box and up on another
            edge = float(np.sqrt(metres[0] * metres[1]))
            return tuple(unit / edge for unit in self.metres)
        counts = [unit / edge for unit, edge in zip(self.metres[:2], metres)]
        return (*(max(1.0, float(round(count))) if whole else count for count, whole in zip(counts, self.whole)), 1.0)


def projection_of(ob: bpy.types.Object, wanted: str = "auto") -> Projection:
    """How a texture is to lie on a mesh object. wanted: "uv", "box", or "auto" for UVs where there are any.

    A mesh whose UVs have no area gets a UV map from six sides: "uv" goes by it; the others go by a box, which is
    blended from side to side, and leave the map to files of other programs.
    """
    found = _by_uvs(ob)
    if found is not None and wanted != "box":
        return found
    scale = np.abs(np.array(ob.matrix_world.to_scale()))
    coordinates, metres = "Object", tuple(scale.tolist())
    if _is_deformed(ob):
        edges = 2.0 * np.array(ob.data.texspace_size) * scale
        coordinates, metres = "Generated", tuple(np.maximum(edges, _THIN * edges.max()).tolist())
    if found is not None:
        return Projection(coordinates, metres)
    if not can_be_given(ob.data):
        return Projection(coordinates, metres, note=f"{ob.name} has no UVs and cannot be given any now: the texture "
                          "comes from six sides, and glTF and FBX files go without it")
    uvs = box_uvs(ob, coordinates, metres)
    if wanted == "uv":
        return Projection("UV", (*metres[:2], 1.0), uvs=uvs, note=f"{ob.name} had no UVs: it goes by the UV map "
                          f"“{BOX_UVS}”, cut from six sides")
    return Projection(coordinates, metres, uvs=uvs, note=f"{ob.name} has no UVs: the texture comes from six sides; its "
                      f"new UV map “{BOX_UVS}” is for glTF and FBX files")


def _is_deformed(ob: bpy.types.Object) -> bool:
    return ob.data.shape_keys is not None or any(modifier.type in _DEFORMING for modifier in ob.modifiers)


def _by_uvs(ob: bpy.types.Object) -> Projection | None:
    """By the UVs that are rendered; None where no face has any area in them, or Galatea made them."""
    mesh = ob.data
    layer = next((layer for layer in mesh.uv_layers if layer.active_render), None)
    if layer is None or not mesh.polygons or is_as_made(mesh, layer):
        return None
    uvs = np.empty(2 * len(mesh.loops), np.float32)
    layer.data.foreach_get("uv", uvs)
    uvs = uvs.reshape(-1, 2)
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3) @ np.array(ob.matrix_world.to_3x3()).T
    mesh.calc_loop_triangles()
    loops = np.empty(3 * len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("loops", loops)
    vertices = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", vertices)
    loops = loops.reshape(-1, 3)[::max(1, len(mesh.loop_triangles) // _ENOUGH)]
    lengths = unit_lengths(points[vertices[loops]], uvs[loops])
    if lengths is None:
        return None
    return Projection("UV", (*lengths, 1.0), meets_itself(vertices, uvs))


def unit_lengths(points: np.ndarray, uvs: np.ndarray) -> tuple[float, float] | None:
    """How far one unit of u and one of v go on a surface, in the units of its points: the median over its area.

    points (T, 3, 3) and uvs (T, 3, 2): corners of triangles. None where none has an area in both.
    """
    sides, steps = (np.diff(corners.astype(float), axis=1) for corners in (points, uvs))
    area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1)
    turn = steps[:, 0, 0] * steps[:, 1, 1] - steps[:, 0, 1] * steps[:, 1, 0]
    good = (area > 0.0) & (np.abs(turn) > 1e-12) & np.isfinite(turn)
    if not good.any():
        return None
    sides, steps, area, turn = sides[good], steps[good], area[good], turn[good, None]
    along_u = (sides[:, 0] * steps[:, 1, 1, None] - sides[:, 1] * steps[:, 0, 1, None]) / turn
    along_v = (sides[:, 1] * steps[:, 0, 0, None] - sides[:, 0] * steps[:, 1, 0, None]) / turn
    return tuple(_median(np.linalg.norm(along, axis=1), area) for along in (along_u, along_v))


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(summed, summed[-1] / 2.0)])


def meets_itself(vertices: np.ndarray, uvs: np.ndarray) -> tuple[bool, bool]:
    """Of u and v, whether vertices have corners that lie whole units apart in it, as round a cylinder.

    vertices (L,): of each corner. uvs (L, 2). Only corners on whole numbers count, where UVs are cut to be repeated.
    """
    met = []
    for axis in (0, 1):
        on_border = np.abs(uvs[:, axis] - np.round(uvs[:, axis])) < _SAME
        owner, along, across = vertices[on_border], np.round(uvs[on_border, axis]), uvs[on_border, 1 - axis]
        order = np.lexsort((along, np.round(across / _SAME), owner))
        owner, along, across = owner[order], along[order], across[order]
        apart = (np.diff(owner) == 0) & (np.diff(along) != 0.0) & (np.abs(np.diff(across)) < 2.0 * _SAME)
        met.append(len(np.unique(owner[1:][apart])) >= 2)  # an edge has two
    return tuple(met)
