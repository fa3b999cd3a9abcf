# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling between keys that were set on Rigify's controls as people set them: torso, hips, chest, hands and feet."""

import bpy
import made_fills
import made_keys
import made_rigs
import numpy as np
import pytest
from made_inbetweener import write_inbetweener
from mathutils import Quaternion

from blender_addon import api
from blender_addon.inference.packs import read_pack
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.rotations import quat_angle
from blender_addon.motion.skeleton import INDEX
from blender_addon.scene import filling
from blender_addon.scene.posing import clip_tracks

X = (1.0, 0.0, 0.0)
POSES = {1: 0.0, 21: 0.2, 41: -0.1}  # frame -> radians that torso, hips and chest are bent forward by


@pytest.fixture(scope="module")
def rig_file(tmp_path_factory):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made_rigs.basic_metarig()
    bpy.ops.pose.rigify_generate()
    rig = bpy.data.objects["rig"]
    for frame, bent in POSES.items():
        key(rig, "torso", frame, (0.0, -0.3 * bent, -abs(bent) * 0.4), bent)
        key(rig, "hips", frame, None, -bent)
        key(rig, "chest", frame, None, bent)
        for name in ("foot_ik.L", "foot_ik.R", "hand_ik.L", "hand_ik.R"):
            key(rig, name, frame, (0.0, -bent, 0.0) if "hand" in name else (0.0, 0.0, 0.0), 0.0)
    path = str(tmp_path_factory.mktemp("rigify") / "rig.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    return path


def key(rig, name, frame, location, turn):
    pose = rig.pose.bones[name]
    pose.rotation_quaternion = Quaternion(X, turn)
    pose.keyframe_insert("rotation_quaternion", frame=frame)
    if location is not None:
        pose.location = location
        pose.keyframe_insert("location", frame=frame)


@pytest.fixture
def rig(rig_file, tmp_path):
    bpy.ops.wm.open_mainfile(filepath=rig_file)
    with made_fills.only_pack(read_pack(write_inbetweener(tmp_path / "made-inbetweener", turn=0.1, shift=0.02))):
        yield bpy.data.objects["rig"]


def test_chest_and_hips_are_filled_and_do_what_was_meant(rig, monkeypatch):
    meant = {}

    def and_keep(target, rig_map, clip, *others):
        meant["clip"] = clip
        return clip_tracks(target, rig_map, clip, *others)

    monkeypatch.setattr(filling, "clip_tracks", and_keep)
    authored = made_keys.all_keys()
    result = api.inbetween(rig, api.InbetweenRequest(feet=False, keys="every"))
    assert [(gap.first, gap.last, gap.why) for gap in result.gaps] == [(2, 20, ""), (22, 40, "")]
    assert made_keys.all_keys() == authored
    made = {path.split('"')[1] for _, _, path, _ in made_keys.all_keys(generated=True)}
    assert made == {"torso", "hips", "chest", "foot_ik.L", "foot_ik.R", "hand_ik.L", "hand_ik.R"}
    seen = forward_kinematics(*parts(api.read_motion(rig, 1, 41)))[0]
    wanted = forward_kinematics(*parts(meant["clip"]))[0]
    for joint, degrees in (("Hips", 1.0), ("Spine2", 3.0)):
        away = np.degrees(quat_angle(seen[:, INDEX[joint]], wanted[:, INDEX[joint]]))
        assert away.max() < degrees, (joint, away.round(1))


def parts(clip):
    return clip.skeleton, clip.rotations, clip.positions


def test_poles_that_nobody_keyed_are_not_spoken_of_but_what_is_left_is(rig):
    for frame, bent in POSES.items():
        key(rig, "tweak_spine.003", frame, (0.0, 0.1 * bent, 0.0), 0.0)
    notes = api.inbetween(rig, api.InbetweenRequest()).notes
    assert not [note for note in notes if "pole" in note or "degrees off" in note]
    assert [note for note in notes if note == "left to their own keys: tweak_spine.003"]


def test_poles_that_are_keyed_are(rig):
    for frame in POSES:
        key(rig, "thigh_ik_target.L", frame, (0.0, -0.1, 0.0), 0.0)
    notes = api.inbetween(rig, api.InbetweenRequest()).notes
    assert [note for note in notes if note.startswith("thigh_parent.L: what was filled shows where pole_vector is 1")]
    assert not [note for note in notes if note.startswith("thigh_parent.R: what was filled shows where pole")]


def test_hips_go_evenly_where_neck_and_toes_are_not_keyed(rig):
    """At 24 frames a second; every frame was taken for a key there, and brought onto a whole frame of 30."""
    assert bpy.context.scene.render.fps == 24
    api.inbetween(rig, api.InbetweenRequest(feet=False, keys="every"))
    hips = api.read_motion(rig, 1, 41).positions
    steps = np.linalg.norm(np.diff(hips[1:20], axis=0), axis=-1)
    assert np.abs(np.diff(steps, 2)).max() < 0.15 * steps.max()
