# SPDX-License-Identifier: GPL-3.0-or-later
"""A path from a curve object."""

from __future__ import annotations

import bpy
import numpy as np

from ..errors import GalateaError

_RESOLUTION = 24  # points a segment, so that a bend of 10 m radius is followed within a centimetre


def read_path(name: str) -> tuple[np.ndarray, bool]:
    """The points (N, 3) of a curve object in world space, in the order they are walked, and whether it closes.

    Bezier, NURBS and poly splines, with the object's transform and the curve's modifiers and shape keys; the first
    spline counts. GalateaError when there is no such object, it is no curve, or it has no length.
    """
    curve = bpy.data.objects.get(name)
    curves = sorted(ob.name for ob in bpy.data.objects if ob.type == "CURVE")
    there = f"curves here: {', '.join(curves[:6])}" if curves else "add one with Add > Curve"
    if curve is None:
        raise GalateaError(f"there is no object {name!r} to take a path from; {there}")
    if curve.type != "CURVE":
        raise GalateaError(f"{name} is not a curve but of type {curve.type.lower()}, so it is no path; {there}")
    splines = [spline for spline in curve.data.splines if len(spline.points) + len(spline.bezier_points) > 1]
    if not splines:
        raise GalateaError(f"the curve {name} has no spline with two points or more, so it is no path")
    points = _evaluated(curve)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    if steps.sum() < 1e-6:
        raise GalateaError(f"the curve {name} has no length, so it is no path")
    return points[np.concatenate([[True], steps > 1e-9])], splines[0].use_cyclic_u


def _evaluated(curve: bpy.types.Object) -> np.ndarray:
    """(N, 3) the polyline that Blender draws for the first spline, in world space."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    evaluated = curve.evaluated_get(depsgraph)
    matrix = np.array(evaluated.matrix_world)
    data = evaluated.to_curve(depsgraph, apply_modifiers=True).copy()
    bare = bpy.data.objects.new("Galatea path", data)
    try:
        _keep_line_only(data)
        mesh = bare.to_mesh()
        local = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", local.ravel())
        edges = {edge.vertices[:] for edge in mesh.edges}
        bare.to_mesh_clear()
    finally:
        evaluated.to_curve_clear()
        bpy.data.objects.remove(bare)
        bpy.data.curves.remove(data)
    last = next((i for i in range(1, len(local)) if (i, i + 1) not in edges and (i - 1, i) in edges), 0)
    first = last
    while (first - 1, first) in edges:
        first -= 1
    return local[first:last + 1].astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def _keep_line_only(data: bpy.types.Curve) -> None:
    """Take away the body that a bevel or extrusion gives the curve, and make it fine."""
    data.dimensions = "3D"
    data.bevel_depth = data.extrude = data.offset = 0.0
    data.bevel_object = data.taper_object = None
    data.bevel_factor_start, data.bevel_factor_end = 0.0, 1.0
    data.resolution_u = max(data.resolution_u, _RESOLUTION)
    for spline in data.splines:
        spline.resolution_u = max(spline.resolution_u, _RESOLUTION)
