# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands and hips, soles and floor of characters who walk, by their skin as Blender deforms it."""

import bpy
import numpy as np
import pytest
from judging_moves import watch
from made_body_pack import write_body_pack
from made_rigs import metarig

from blender_addon import api
from blender_addon.api import packs
from blender_addon.inference.packs import models_folder, read_pack

BROAD = api.CharacterRequest(seed=3, sex=0.0, stature=1.62, weight=85.0)
WALK = api.MotionRequest(action="walk", seconds=2.0, seed=1)
LAUGH = api.MotionRequest(action="laugh", seconds=2.0, seed=5)  # its hands come close to the hips, by any body's


@pytest.fixture
def there(empty_scene, tmp_path, monkeypatch):
    """A scene with nothing in it, a pack of bodies and the one of motion that ships."""
    made = [read_pack(write_body_pack(tmp_path / "made-bodies")), read_pack(models_folder() / "motion-generator")]
    for module in (api, packs):
        monkeypatch.setattr(module, "list_packs", lambda folder="": (made, []))
    return empty_scene


def test_hands_of_a_broad_body_stay_out_of_its_hips(there):
    made = api.create_character(BROAD)
    armature, body = bpy.data.objects[made.armature], bpy.data.objects[made.body]
    frames = range(1, 60, 8)
    left = api.generate_motion(armature, api.MotionRequest(**{**vars(LAUGH), "hands": False}))
    before = watch(body, frames).depth.max()
    result = api.generate_motion(armature, LAUGH)
    assert before > 0.02 and watch(body, frames).depth.max() < 0.005
    assert any("hands kept clear" in note for note in result.notes) and not any("hands" in note for note in left.notes)
    assert result.figures["hand_depth_before_cm"] > 2.0 and result.figures["hand_depth_cm"] < 0.2
    assert armature.animation_data.action["galatea_hands"] and "hand_depth_cm" not in left.figures


def test_of_several_takes_the_notes_of_every_one_are_told(there):
    """What is true of one take alone stands with its action's name, as that take by itself says it."""
    armature = bpy.data.objects[api.create_character(BROAD).armature]
    asked = api.MotionRequest(**{**vars(LAUGH), "seed": 4, "takes": 3})
    alone = [api.generate_motion(armature, api.MotionRequest(**{**vars(asked), "seed": seed, "takes": 1}))
             for seed in (4, 5, 6)]
    assert len({one.notes for one in alone}) > 1
    told = api.generate_motion(armature, asked)
    for name, one in zip(told.actions, alone):
        assert all(note in told.notes or f"{name}: {note}" in told.notes for note in one.notes)
    assert len(told.notes) <= sum(len(one.notes) for one in alone)


@pytest.mark.parametrize(("stature", "weight"), [(1.55, 50.0), (1.70, 95.0), (1.92, 85.0)])
def test_soles_are_on_the_floor_however_long_the_legs(there, stature, weight):
    made = api.create_character(api.CharacterRequest(seed=5, stature=stature, weight=weight))
    api.generate_motion(bpy.data.objects[made.armature], WALK)
    lowest = watch(bpy.data.objects[made.body], range(1, 60, 4), depths=0).lowest
    assert np.abs(lowest).max() < 0.01


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
