# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths from curve objects, in world space and in the world of a clip."""

import bpy
import made_rigs
import numpy as np
import pytest

from blender_addon.errors import GalateaError
from blender_addon.scene.curves import read_path
from blender_addon.scene.paths import place
from blender_addon.scene.rigs import read_rig

CORNERS = [(0.0, 0.0, 0.0), (4.0, 0.0, 1.0), (4.0, -3.0, 0.0)]


def curve(kind="POLY", points=CORNERS, cyclic=False, **settings):
    data = bpy.data.curves.new("Path", "CURVE")
    data.dimensions = "3D"
    spline = data.splines.new(kind)
    if kind == "BEZIER":
        spline.bezier_points.add(len(points) - 1)
        for point, place_ in zip(spline.bezier_points, points):
            point.co = place_
            point.handle_left_type = point.handle_right_type = "AUTO"
    else:
        spline.points.add(len(points) - 1)
        for point, place_ in zip(spline.points, points):
            point.co = (*place_, 1.0)
        spline.use_endpoint_u = True
    spline.use_cyclic_u = cyclic
    for name, value in settings.items():
        setattr(data, name, value)
    made = bpy.data.objects.new("Path", data)
    bpy.context.collection.objects.link(made)
    return made


@pytest.mark.parametrize("kind", ["POLY", "BEZIER", "NURBS"])
def test_ends_are_where_the_object_puts_them(empty_scene, kind):
    made = curve(kind)
    made.location, made.rotation_euler, made.scale = (1.0, 2.0, 3.0), (0.0, 0.0, np.pi / 2), (2.0, 2.0, 2.0)
    points, cyclic = read_path("Path")
    assert not cyclic
    assert np.allclose(points[0], (1, 2, 3), atol=1e-5) and np.allclose(points[-1], (7, 10, 3), atol=1e-5)
    assert len(points) > (2 if kind == "POLY" else 24)


def test_a_bezier_circle_is_round_and_closes(empty_scene):
    bpy.ops.curve.primitive_bezier_circle_add(radius=5.0)
    points, cyclic = read_path(bpy.context.object.name)
    assert cyclic
    assert np.allclose(np.linalg.norm(points[:, :2], axis=1), 5.0, atol=0.01)


@pytest.mark.parametrize("settings", [
    {"bevel_depth": 0.2}, {"extrude": 0.5}, {"dimensions": "2D", "fill_mode": "BOTH"},
    {"bevel_factor_end": 0.3}, {"resolution_u": 1},
])
def test_a_body_on_the_curve_does_not_matter(empty_scene, settings):
    plain, _ = read_path(curve("BEZIER", [(x, y, 0.0) for x, y, _ in CORNERS]).name)
    other, _ = read_path(curve("BEZIER", [(x, y, 0.0) for x, y, _ in CORNERS], **settings).name)
    assert np.allclose(plain, other, atol=1e-4)


def test_shape_keys_count_and_other_splines_do_not(empty_scene):
    made = curve()
    made.data.splines.new("POLY").points.add(9)
    made.shape_key_add()
    made.shape_key_add().data[2].co = (9.0, -9.0, 0.0)
    made.data.shape_keys.key_blocks[1].value = 1.0
    points, _ = read_path(made.name)
    assert len(points) == 3 and np.allclose(points[-1], (9, -9, 0), atol=1e-5)


def test_nothing_is_left_behind(empty_scene):
    curve("BEZIER")
    before = [len(list(group)) for group in (bpy.data.curves, bpy.data.objects, bpy.data.meshes)]
    read_path("Path")
    assert [len(list(group)) for group in (bpy.data.curves, bpy.data.objects, bpy.data.meshes)] == before


def _mesh():
    bpy.context.collection.objects.link(bpy.data.objects.new("Path", bpy.data.meshes.new("Cube")))


@pytest.mark.parametrize(("make", "says"), [
    (lambda: None, "there is no object 'Path' to take a path from"),
    (_mesh, "Path is not a curve but of type mesh"),
    (lambda: curve(points=[(1, 1, 1)]), "no spline with two points"),
    (lambda: curve(points=[(1, 1, 1)] * 3), "has no length"),
    (lambda: bpy.context.collection.objects.link(bpy.data.objects.new("Path", bpy.data.curves.new("e", "CURVE"))),
     "no spline"),
])
def test_what_is_no_path_is_one_clear_line(empty_scene, make, says):
    make()
    with pytest.raises(GalateaError, match=says) as error:
        read_path("Path")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("make", [made_rigs.human, made_rigs.metarig, made_rigs.from_fbx, made_rigs.turned_about])
def test_the_way_follows_the_curve_in_the_world(empty_scene, make):
    """What is at x, y of a clip lands on the rig's ground under the curve, whatever the rig's place, turn and size."""
    armature = make()
    curve("BEZIER")
    world, _ = read_path("Path")
    rig = read_rig(armature)
    way = place(armature, rig, "Path")
    assert np.allclose(way.start, way.points[0])
    matrix = np.array(armature.matrix_world)
    into = np.linalg.inv(matrix)
    local = world @ into[:3, :3].T + into[:3, 3]
    up = rig.axes[:, 2]
    ground = local - np.outer(local @ up, up)
    canonical = np.column_stack([way.points, np.zeros(len(way.points))])
    back = canonical @ rig.axes.T * rig.scale() + rig.pelvis - up * (rig.pelvis @ up)
    assert np.allclose(back, ground, atol=1e-4 * rig.scale())
    ahead = np.array([np.sin(way.heading), -np.cos(way.heading)])
    step = way.points[1] - way.points[0]
    assert ahead @ step / np.linalg.norm(step) == pytest.approx(1.0, abs=1e-4)


def test_without_a_path_it_starts_where_it_stands(empty_scene):
    armature = made_rigs.turned_about()
    way = place(armature, read_rig(armature))
    assert way.points is None and way.start == (0.0, 0.0) and way.heading == 0.0
