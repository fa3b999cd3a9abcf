# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped generator on an MPFB human in Blender: what is asked of sequences, loops and paths, seen by where the
bones are."""

import bpy
import made_rigs
import numpy as np
import pytest
from made_families import family

from blender_addon import api
from blender_addon.scene.rigs import read_rig

# Metres a second squared that 99 of 100 joints in 100 frames of the training clips stay below.
USUAL = 36.1


@pytest.fixture
def human(empty_scene):
    bpy.context.scene.render.fps = 30
    return made_rigs.family_rig(family("mpfb default"))


def joints(armature, frames: int) -> np.ndarray:
    """(T, J, 3) metres: where the mapped bones begin in the world, the hips first."""
    bones = list(read_rig(armature).bones.values())
    found = []
    for frame in range(1, frames + 1):
        posed = made_rigs.posed(armature, frame)
        found.append([posed.matrix_world @ posed.pose.bones[name].head for name in bones])
    return np.array(found)


def second_differences(places: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.diff(places, n=2, axis=0), axis=-1) * 900.0


def test_no_pop_where_actions_meet(human):
    result = api.generate_motion(human, api.MotionRequest(action="walk:3,jump:1,walk:3,wave:2", seed=1))
    assert result.frames == 270
    pulled = second_differences(joints(human, 270)) / result.scale
    for join in (90, 120, 210):
        assert pulled[join - 11:join + 10].max() < USUAL, f"at {join}"


@pytest.mark.parametrize("action", ["walk", "dance", "wave"])
def test_nobody_sees_where_a_loop_begins_again(human, action):
    """The step over the seam is no larger than the loop's own 95th percentile, in pose and in velocity."""
    result = api.generate_motion(human, api.MotionRequest(action=action, seconds=3.0, loop=True, keys="every", seed=2))
    assert result.frames == 90
    places = joints(human, 90)
    local = places - places[:, :1] * [1.0, 1.0, 0.0]
    assert np.abs(local[-1] - local[0]).max() < 0.002  # it turns no further either
    steps, changes = np.diff(places, axis=0), second_differences(places)
    seam = np.linalg.norm(steps[0] - steps[-1], axis=-1) * 900.0
    assert seam.max() <= np.percentile(changes.max(axis=1), 95)
    assert np.percentile(seam, 90) <= np.percentile(changes, 95)
    gone = np.linalg.norm(places[-1, 0, :2] - places[0, 0, :2])
    assert gone > 2.0 if action == "walk" else gone < 0.01


@pytest.mark.parametrize("bend", [0.0, 1.2], ids=["straight", "S"])
def test_a_path_is_kept_to_at_the_pace_that_was_asked_for(human, bend):
    down = np.linspace(0.0, 8.0, 60)
    points = np.column_stack([bend * np.sin(2.0 * np.pi * down / 8.0), -down])
    curve = bpy.data.curves.new("Way", "CURVE")
    curve.dimensions = "3D"
    spline = curve.splines.new("POLY")
    spline.points.add(len(points) - 1)
    for point, (x, y) in zip(spline.points, points, strict=True):
        point.co = (x, y, 0.0, 1.0)
    bpy.context.collection.objects.link(bpy.data.objects.new("Way", curve))
    result = api.generate_motion(human, api.MotionRequest(action="walk", seconds=6.0, path="Way", keys="every"))
    hips = joints(human, result.frames)[:, 0, :2]
    dense = np.column_stack([np.interp(np.linspace(0, 59, 6000), np.arange(60), column) for column in points.T])
    ahead = dense[-1] + np.linspace(0.0, 3.0, 300)[:, None] * (dense[-1] - dense[-2]) / np.linalg.norm(
        dense[-1] - dense[-2])
    beside = np.linalg.norm(hips[:, None] - np.concatenate([dense, ahead])[None], axis=-1).min(axis=1)
    assert beside.max() < 0.5
    assert result.figures["travel_ratio"] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(("action", "follows"), [("walk", True), ("wave", False), ("wave:1,walk:1", True)])
def test_a_path_that_is_not_followed_is_said_so(human, action, follows):
    bpy.ops.curve.primitive_bezier_circle_add(radius=3.0)
    bpy.context.object.name = "Ring"
    result = api.generate_motion(human, api.MotionRequest(action=action, seconds=2.0, path="Ring"))
    assert any("'Ring'" in note for note in result.notes) != follows
    hips = result.clips[0].positions
    gone = np.linalg.norm(hips[-1, :2] - hips[0, :2])
    assert gone > 0.4 if follows else gone < 0.2
