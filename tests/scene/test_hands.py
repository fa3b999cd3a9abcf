# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands and hips of characters who walk, by their skin: the mesh as Blender deforms it, and its own nearest points."""

import bpy
import numpy as np
import pytest
from made_body_pack import write_body_pack
from made_rigs import metarig
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from blender_addon import api
from blender_addon.api import packs
from blender_addon.inference.packs import models_folder, read_pack

BROAD = api.CharacterRequest(seed=3, sex=0.0, stature=1.62, weight=85.0)
WALK = api.MotionRequest(action="walk", seconds=2.0, seed=1)
ARMS = ("Arm", "Elbow", "Hand")


@pytest.fixture
def there(empty_scene, tmp_path, monkeypatch):
    """A scene with nothing in it, a pack of bodies and the one of motion that ships."""
    made = [read_pack(write_body_pack(tmp_path / "made-bodies")), read_pack(models_folder() / "motion-generator")]
    for module in (api, packs):
        monkeypatch.setattr(module, "list_packs", lambda folder="": (made, []))
    return empty_scene


def deepest(body, frames):
    """Metres that any point of a hand is under the skin of all but the arms at worst."""
    names = [group.name for group in body.vertex_groups]
    leading = [names[max(vertex.groups, key=lambda group: group.weight).group] for vertex in body.data.vertices]
    hands = [n for n, name in enumerate(leading) if name.startswith(("LeftHand", "RightHand"))][::4]
    of_arms = [any(part in name for part in ARMS) for name in leading]
    thick = [list(face.vertices) for face in body.data.polygons if not any(of_arms[n] for n in face.vertices)]
    worst = 0.0
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        mesh = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        flat = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", flat)
        points = [Vector(point) for point in flat.reshape(-1, 3).tolist()]
        skin = BVHTree.FromPolygons(points, thick)
        for hand in hands:
            near, normal, _, distance = skin.find_nearest(points[hand], 0.12)
            if near is not None and (points[hand] - near).dot(normal) < 0.0:
                worst = max(worst, distance)
    return worst


def test_hands_of_a_broad_body_stay_out_of_its_hips(there):
    made = api.create_character(BROAD)
    armature, body = bpy.data.objects[made.armature], bpy.data.objects[made.body]
    frames = range(1, 60, 8)
    left = api.generate_motion(armature, api.MotionRequest(**{**vars(WALK), "hands": False}))
    before = deepest(body, frames)
    result = api.generate_motion(armature, WALK)
    assert before > 0.02 and deepest(body, frames) < 0.005
    assert any("hands kept clear" in note for note in result.notes) and not any("hands" in note for note in left.notes)
    assert result.figures["hand_depth_before_cm"] > 2.0 and result.figures["hand_depth_cm"] < 0.2
    assert armature.animation_data.action["galatea_hands"] and "hand_depth_cm" not in left.figures


def test_clothes_that_hang_on_it_count(there):
    made = api.create_character(BROAD)
    armature, body = bpy.data.objects[made.armature], bpy.data.objects[made.body]
    bare = api.generate_motion(armature, WALK)
    coat = body.copy()
    coat.data = body.data.copy()
    outward = np.empty(3 * len(coat.data.vertices), np.float32)
    coat.data.vertices.foreach_get("normal", outward)
    skin = np.empty_like(outward)
    coat.data.vertices.foreach_get("co", skin)
    coat.data.vertices.foreach_set("co", skin + 0.03 * outward)
    there.collection.objects.link(coat)
    dressed = api.generate_motion(armature, WALK)
    assert dressed.figures["hand_depth_before_cm"] > bare.figures["hand_depth_before_cm"] + 1.0


def test_other_rigs_are_left_alone(there):
    result = api.generate_motion(metarig(), WALK)
    assert "hand_depth_cm" not in result.figures and not any("hands" in note for note in result.notes)
