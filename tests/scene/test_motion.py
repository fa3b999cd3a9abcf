# SPDX-License-Identifier: GPL-3.0-or-later
"""generate_motion and animate_file, with a stand-in for the model: what they ask of it and what they make of it."""

import json
import os
from dataclasses import replace

import bpy
import made_rigs
import numpy as np
import pytest
from made_generator import stand_in

from blender_addon import api, home
from blender_addon.errors import GalateaError
from blender_addon.motion.bvh import read_bvh
from blender_addon.motion.resampling import resample
from blender_addon.motion.tracks import Curve
from blender_addon.scene import files, keys

AS_MADE = {"keys": "every", "clean_up": False}  # every frame of the clip, and nothing mended


@pytest.fixture
def asked(empty_scene, monkeypatch):
    """The stand-in's model: keeps what it was asked for."""
    return stand_in(monkeypatch)


@pytest.fixture
def rig_file(asked, tmp_path) -> str:
    """A .blend with a meta-rig, an action of its own, and a scene at 24 frames a second."""
    armature = made_rigs.metarig()
    made_rigs.add_skin(armature)
    armature.keyframe_insert("location", frame=1)
    bpy.context.scene.render.fps = 24
    path = tmp_path / "rig.blend"
    with files.staged(path) as there:
        bpy.ops.wm.save_as_mainfile(filepath=str(there), copy=True)
    return str(path)


# --- in the scene ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (25, 1.0), (30, 1.0), (60, 1.0), (30, 1.001)])
def test_the_scenes_frame_rate_stays_and_the_motion_keeps_its_pace(asked, fps, base):
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, base
    scene.frame_start, scene.frame_end, scene.frame_current = 5, 77, 33
    armature = made_rigs.metarig()
    result = api.generate_motion(armature, api.MotionRequest(seconds=2.0, start=10, **AS_MADE))
    assert (scene.render.fps, scene.render.fps_base) == (fps, pytest.approx(base))
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (5, 77, 33)
    clip = result.clips[0]
    assert clip.fps == 30.0 and clip.frames == 60
    assert tuple(armature.animation_data.action.frame_range) == (10, 10 + result.frames - 1)
    assert (result.frames - 1) / (fps / base) == pytest.approx((clip.frames - 1) / 30.0, abs=base / fps)
    worst = made_rigs.errors_against(armature, resample(clip, fps / base), start=10, every=7)
    assert worst["limbs"] < 0.5 and worst["pelvis"] < 1e-3, worst


def test_the_action_says_where_it_comes_from(asked):
    armature = made_rigs.metarig()
    request = api.MotionRequest(action="walk:1,run:1", style="old", seconds=2.0, speed=1.5, seed=7, in_place=True,
                                tolerance=3.0)
    result = api.generate_motion(armature, request)
    action = armature.animation_data.action
    assert action.name == "Galatea walk-run 7" == result.actions[0]
    about = {name: action[name] for name in action.keys()  # noqa: SIM118 - an action is no dictionary
             if name not in ("galatea_motion", "galatea_motion_keys")}
    made = {name: about.pop(f"galatea_figure_{name}") for name in ("keys", "keys_every_frame", "key_error_mm",
                                                                   "foot_skate_before_cm_per_s", "foot_skate_cm_per_s")}
    assert 0 < made["keys"] < made["keys_every_frame"] and made["key_error_mm"] <= 3.0
    assert about.pop("galatea_figure_path_moved_m") == 0.0
    assert 0.0 < about.pop("galatea_figure_joint_change_max_deg") < 30.0  # feet that were locked
    assert about == {
        "galatea_version": home.version(), "galatea_pack": "stand-in", "galatea_pack_version": "9.9.9",
        "galatea_licence": "CC0-1.0", "galatea_training_data": "made by hand CC0-1.0 nobody", "galatea_seed": 7,
        "galatea_provider": "CPUExecutionProvider", "galatea_threads": 1, "galatea_onnxruntime": "1.2.3",
        "galatea_action": "walk:1,run:1", "galatea_style": "old", "galatea_seconds": 2.0, "galatea_speed": 1.5,
        "galatea_path": "", "galatea_loop": False, "galatea_from_pose": False, "galatea_clean_up": True,
        "galatea_in_place": True,
        "galatea_keys": "sparse", "galatea_tolerance": 3.0, "galatea_feet": True, "galatea_hands": True,
        "galatea_controls": "auto", "galatea_root": "hips",
        "galatea_figure_speed_m_s": 1.25, "galatea_figure_skate_cm_s": 0.5,
    }
    assert asked.actions == (("walk", 1.0), ("run", 1.0)) and asked.speed == 1.5


def test_the_result_is_ready_for_json(asked):
    result = api.generate_motion(made_rigs.metarig(), api.MotionRequest(seconds=1.0, seed=3, takes=2))
    told = json.loads(json.dumps(result.as_dict()))
    assert told["actions"] == ["Galatea walk 3", "Galatea walk 4"] == [take["action"] for take in told["takes"]]
    assert told["provider"] == "CPUExecutionProvider" and told["why_not"] == "no CUDA here"
    assert told["pack"] == "stand-in" and told["seed"] == 3 and told["frames"] == result.frames
    assert told["figures"]["skate_cm_s"] == 0.5 and told["family"] == "Rigify meta-rig"
    assert asked.seeds == [3, 4]


def test_the_motion_starts_where_the_character_stands_and_faces(asked):
    armature = made_rigs.metarig()
    armature.location, armature.rotation_euler, armature.scale = (5.0, 1.0, 0.5), (0.0, 0.0, np.pi / 2), (2.0,) * 3
    result = api.generate_motion(armature, api.MotionRequest(seconds=2.0))
    assert tuple(armature.location) == (5.0, 1.0, 0.5)
    ends = []
    for frame in (1, result.frames):
        posed = made_rigs.posed(armature, frame)
        ends.append(posed.matrix_world @ posed.pose.bones["spine"].head)
    assert np.allclose(ends[0][:2], (5.0, 1.0), atol=0.2)
    gone = np.array(ends[1] - ends[0])
    assert gone[0] > 2.0 and abs(gone[1]) < 0.2  # it faces -Y, turned by a quarter: +X


def test_a_path_is_walked_in_the_rigs_own_measure(asked):
    armature = made_rigs.metarig()
    armature.location = (1.0, 0.0, 0.0)
    bpy.ops.curve.primitive_bezier_circle_add(radius=3.0, location=(0.0, 0.0, 2.0))
    bpy.context.object.name = "Ring"
    result = api.generate_motion(armature, api.MotionRequest(seconds=1.0, path="Ring"))
    scale = 1.2154
    assert asked.cyclic
    assert np.allclose(np.linalg.norm(asked.path * scale + [1.0, 0.0124], axis=1), 3.0, atol=0.02)
    assert armature.animation_data.action["galatea_path"] == "Ring" and result.request.path == "Ring"


def test_in_place_the_hips_stay_over_where_they_start(asked):
    result = api.generate_motion(made_rigs.human(), api.MotionRequest(seconds=4.0, in_place=True))
    level = result.clips[0].positions[:, :2]
    assert np.abs(level - level[0]).max() < 0.05
    assert np.ptp(result.clips[0].positions[:, 2]) > 0.02  # it still bobs


def test_a_loop_repeats(asked):
    bpy.context.scene.render.fps = 30
    armature = made_rigs.human()
    result = api.generate_motion(armature, api.MotionRequest(seconds=2.0, loop=True))
    action = armature.animation_data.action
    assert result.frames == 60 and action.use_cyclic and (action.frame_start, action.frame_end) == (1, 60)


@pytest.mark.parametrize(("wrong", "says"), [
    ({"seconds": 0.0}, "seconds cannot be 0; choose between 0.1 and 600"), ({"seconds": -3.0}, "seconds"),
    ({"seconds": 1e9}, "seconds"), ({"seconds": float("nan")}, "seconds"), ({"speed": 0.0}, "speed cannot be 0"),
    ({"speed": 100.0}, "speed"), ({"takes": 0}, "takes"), ({"takes": 10000}, "takes"), ({"seed": -1}, "seed"),
    ({"seed": 2**40}, "seed"), ({"start": 2**30}, "start"), ({"action": "moonwalk"}, "there are walk, run"),
    ({"action": ""}, "there are walk, run"), ({"action": "walk:x"}, "'x' is no number of seconds"),
    ({"action": "walk:0"}, "seconds of walk cannot be 0"), ({"action": "walk:400,run:400"}, "800 seconds"),
    ({"action": "walk:"}, "'' is no number"), ({"style": "tired"}, "no style 'tired'; there are old"),
    ({"path": "Nothing"}, "no object 'Nothing'"), ({"path": "Galatea Human"}, "not a curve but of type armature"),
])
def test_a_request_that_makes_no_sense_is_one_clear_line_and_changes_nothing(asked, wrong, says):
    armature = made_rigs.human()
    with pytest.raises(GalateaError, match=says) as error:
        api.generate_motion(armature, replace(api.MotionRequest(seconds=1.0), **wrong))
    assert "\n" not in str(error.value)
    assert len(bpy.data.actions) == 0 and armature.animation_data is None


# --- with files -----------------------------------------------------------------------------------------------------


def test_a_file_is_animated_and_its_old_action_kept(rig_file, tmp_path):
    out = tmp_path / "walk.blend"
    result = api.animate_file(rig_file, api.MotionRequest(seconds=2.0, seed=7, **AS_MADE), out, tmp_path / "take.bvh")
    assert sorted(os.listdir(tmp_path)) == ["rig.blend", "take.bvh", "walk.blend"]
    assert result.files == (str(out), str(tmp_path / "take.bvh"))
    armature = files.open_rig(str(out))
    assert bpy.context.scene.render.fps == 24
    assert armature.animation_data.action.name == "Galatea walk 7"
    assert len(bpy.data.actions) == 2
    worst = made_rigs.errors_against(armature, resample(result.clips[0], 24.0), every=10)
    assert worst["limbs"] < 0.5 and worst["pelvis"] < 1e-3
    take = read_bvh(tmp_path / "take.bvh")
    assert take.fps == pytest.approx(30.0) and take.frames == 60


def test_takes_have_clips_of_their_own(rig_file, tmp_path):
    api.animate_file(rig_file, api.MotionRequest(seconds=1.0, takes=3), tmp_path / "walk.glb", tmp_path / "take.bvh")
    assert sorted(os.listdir(tmp_path)) == ["rig.blend", "take.bvh", "take_2.bvh", "take_3.bvh", "walk.glb"]
    clips = {(tmp_path / name).read_text() for name in os.listdir(tmp_path) if name.endswith(".bvh")}
    assert len(clips) == 3


def test_the_same_seed_gives_the_same_files(rig_file, tmp_path):
    for name in ("a", "b"):
        api.animate_file(rig_file, api.MotionRequest(seconds=1.0), tmp_path / f"{name}.glb", tmp_path / f"{name}.bvh")
    for ending in ("glb", "bvh"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize(("rig", "wrong", "out", "clip", "says"), [
    ("rig.blend", {"seconds": -1.0}, "walk.glb", "take.bvh", "seconds cannot be"),
    ("rig.blend", {"action": "fly"}, "walk.glb", "take.bvh", "no action 'fly'"),
    ("rig.blend", {"path": "metarig"}, "walk.glb", "take.bvh", "not a curve"),
    ("rig.blend", {}, "walk.obj", "take.bvh", "the ending says the format"),
    ("rig.blend", {}, "none/walk.glb", "take.bvh", "there is no folder"),
    ("rig.blend", {}, "walk.glb", "none/take.bvh", "there is no folder"),
    ("rig.blend", {}, "walk.glb", "take.glb", "ends in .bvh"),
    ("rig.blend", {}, "take.bvh", "take.bvh", "give them two names"),
    ("rig.blend:Nobody", {}, "walk.glb", "take.bvh", "no armature 'Nobody'"),
    ("none.blend", {}, "walk.glb", "take.bvh", "there is no file"),
])
def test_what_goes_wrong_leaves_no_file(rig_file, tmp_path, rig, wrong, out, clip, says):
    with pytest.raises(GalateaError, match=says) as error:
        api.animate_file(str(tmp_path / rig), replace(api.MotionRequest(seconds=1.0), **wrong), tmp_path / out,
                         tmp_path / clip)
    assert "\n" not in str(error.value) and os.listdir(tmp_path) == ["rig.blend"]


def test_a_file_that_cannot_be_written_at_the_end_takes_the_clip_with_it(rig_file, tmp_path, monkeypatch):
    def fail(path, armature):
        path.write_bytes(b"half")
        raise GalateaError("cannot be written: the disc is full")

    monkeypatch.setattr(files, "write_file", fail)
    with pytest.raises(GalateaError, match="disc is full"):
        api.animate_file(rig_file, api.MotionRequest(seconds=1.0), tmp_path / "walk.glb", tmp_path / "take.bvh")
    assert os.listdir(tmp_path) == ["rig.blend"]


def test_keys_in_bulk_beat_keyframe_insert_and_bake(empty_scene):
    """A sixtieth of the bench's size; the bench has the real figures."""
    import time

    armature = made_rigs.human()
    rotating = [bone.name for bone in armature.pose.bones]
    frames, still = np.arange(500), np.ones(500)
    curves = [Curve(name, "rotation_quaternion", index, frames, still) for name in rotating for index in range(4)]
    took = []
    for _ in range(3):  # the quickest: what else the machine does is not to be measured
        began = time.perf_counter()
        keys.key_takes(armature, [keys.Take("bulk", curves)])
        took.append(time.perf_counter() - began)
    bulk = min(took) / len(rotating)
    armature.animation_data.action = None
    bone = armature.pose.bones["Head"]
    began = time.perf_counter()
    for frame in range(500):
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    assert (time.perf_counter() - began) / bulk > 20.0
