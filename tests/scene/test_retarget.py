# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of every kind onto a rig: out of files, from another armature, several at once; and nothing else changes."""

import bpy
import made_rigs
import numpy as np
import pytest
from made_dumps import dump_file
from made_library import keep_in_library, show_from_library
from made_steps import compass_walk
from made_walk import made_walk

from blender_addon import api
from blender_addon.errors import GalateaError
from blender_addon.motion.bvh import write_bvh
from blender_addon.motion.contacts import foot_positions, standing_heights
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.skeleton import INDEX
from blender_addon.scene import files
from blender_addon.scene.versions import fcurves


@pytest.fixture
def scene(empty_scene):
    empty_scene.render.fps = 30
    return empty_scene


@pytest.fixture
def bvh(tmp_path):
    path = tmp_path / "stroll.bvh"
    write_bvh(path, made_walk(2.0))
    return str(path)


def every(**wish):
    return api.RetargetRequest(**{"keys": "every", "feet": False, **wish})


def walked(clip):
    """Metres that the hips went ahead, as seen from where they were at first."""
    return float(clip.positions[0, 1] - clip.positions[-1, 1])


def worst(clip, other) -> float:
    """Metres between joints, the clips laid over each other at their first frame's place on the ground."""
    here, there = joint_positions(clip), joint_positions(other)
    apart = (here - here[:1, :1] * [1, 1, 0]) - (there - there[:1, :1] * [1, 1, 0])
    return float(np.linalg.norm(apart, axis=-1).max())


def test_a_bvh_goes_onto_a_rig_and_reads_back_as_it_was(scene, bvh):
    armature = made_rigs.metarig()
    result = api.retarget(armature, every(clips=(bvh,)))
    assert result.actions == ("stroll",) and result.frames == 60
    assert worst(api.read_motion(armature), made_walk(2.0)) < 0.01


def test_sparse_keys_are_far_fewer_and_within_the_tolerance(scene, bvh):
    armature = made_rigs.human()
    dense = api.retarget(armature, every(clips=(bvh,)))
    exact = api.read_motion(armature)
    sparse = api.retarget(armature, every(clips=(bvh,), keys="sparse", tolerance=5.0))
    assert worst(api.read_motion(armature), exact) < 0.0051
    count = {name: sum(len(curve.keyframe_points) for curve in fcurves(bpy.data.actions[name]))
             for name in (*dense.actions, *sparse.actions)}
    assert count[sparse.actions[0]] < 0.4 * count[dense.actions[0]]
    assert sparse.figures["keys"] == count[sparse.actions[0]]


@pytest.mark.parametrize("ending", [".fbx", ".glb", ".blend"])
def test_other_files_are_read_and_leave_the_scene_as_it_was(scene, bvh, tmp_path, ending):
    source = made_rigs.turned_about()
    made_rigs.add_skin(source)
    api.retarget(source, every(clips=(bvh,)))
    with files.staged(tmp_path / f"source{ending}") as there:
        files.write_file(there, source)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 24
    armature = made_rigs.metarig()
    before = dump_file()
    result = api.retarget(armature, every(clips=(str(tmp_path / f"source{ending}"),)))
    after = dump_file()
    assert set(after) - set(before) == {f"actions/{result.actions[0]}"}
    assert bpy.context.scene.render.fps == 24
    assert result.frames == pytest.approx(60 * 24 / 30, abs=1)
    assert walked(api.read_motion(armature)) == pytest.approx(walked(made_walk(2.0)), abs=0.08)


@pytest.mark.parametrize("how", ["link", "override", "instance"])
def test_a_character_out_of_a_library_is_read_and_leaves_nothing_behind(scene, bvh, tmp_path, how):
    source = made_rigs.human()
    api.retarget(source, every(clips=(bvh,)))
    source.data.pose_position = "REST"
    keep_in_library(source, tmp_path / "cast.blend")
    show_from_library(tmp_path / "cast.blend", how)
    bpy.context.scene.render.fps = 30
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    armature = made_rigs.metarig()
    before, libraries = dump_file(), len(bpy.data.libraries)
    result = api.retarget(armature, every(clips=(str(tmp_path / "shot.blend"),)))
    assert set(dump_file()) - set(before) == {f"actions/{result.actions[0]}"} and len(bpy.data.libraries) == libraries
    assert worst(api.read_motion(armature), made_walk(2.0)) < 0.01


def test_several_clips_become_several_actions(scene, bvh, tmp_path):
    write_bvh(tmp_path / "quick.bvh", made_walk(1.0, speed=2.0))
    armature = made_rigs.human()
    result = api.retarget(armature, every(clips=(bvh, str(tmp_path / "quick.bvh"))))
    assert result.actions == ("stroll", "quick")
    assert armature.animation_data.action.name == "stroll"
    assert bpy.data.actions["quick"].use_fake_user


def test_another_armature_in_the_scene(scene, bvh):
    source, armature = made_rigs.mixamo(), made_rigs.metarig()
    source.name = "Source"
    api.retarget(source, every(clips=(bvh,)))
    result = api.retarget(armature, every(source="Source"))
    assert worst(api.read_motion(armature), api.read_motion(source)) < 0.01
    assert result.actions == ("stroll.001",)


def test_travel_can_have_curves_of_its_own(scene, bvh):
    """The hips then stay over one place, and what the whole does is the same."""
    armature = made_rigs.human()
    api.retarget(armature, every(clips=(bvh,)))
    exact = api.read_motion(armature)
    result = api.retarget(armature, every(clips=(bvh,), root="own"))
    curves = {(curve.data_path, curve.array_index): curve for curve in fcurves(bpy.data.actions[result.actions[0]])}
    hips = [curves['pose.bones["Hips"].location', axis] for axis in range(3)]
    assert max(np.ptp([curve.evaluate(frame) for frame in range(1, 61)]) for curve in hips) < 0.1
    assert abs(curves["location", 1].evaluate(60) - curves["location", 1].evaluate(1)) > 1.5
    assert worst(api.read_motion(armature), exact) < 0.002


def test_travel_goes_to_the_root_bone_where_there_is_one(scene, bvh):
    armature = made_rigs.human()

    def add_root(bones):
        root = bones.new("root")
        root.head, root.tail = (0, 0, 0), (0, 0.3, 0)
        bones["Hips"].parent = root

    made_rigs.edit_bones(armature, add_root)
    result = api.retarget(armature, every(clips=(bvh,), root="own"))
    paths = {curve.data_path for curve in fcurves(bpy.data.actions[result.actions[0]])}
    assert 'pose.bones["root"].location' in paths and "location" not in paths
    assert worst(api.read_motion(armature), made_walk(2.0)) < 0.01


def test_in_place_leaves_the_travel_out(scene, bvh):
    armature = made_rigs.human()
    api.retarget(armature, every(clips=(bvh,), in_place=True))
    assert abs(walked(api.read_motion(armature))) < 0.1


def test_a_strip_instead_of_the_bound_action(scene, bvh):
    armature = made_rigs.human()
    armature.keyframe_insert("location", frame=3)
    mine = armature.animation_data.action
    result = api.retarget(armature, every(clips=(bvh,), nla=True))
    strips = {strip.action.name: track.name for track in armature.animation_data.nla_tracks for strip in track.strips}
    assert set(strips) == {mine.name, *result.actions}
    scene.frame_set(30)
    hips = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["Hips"].head
    assert hips.y < -0.5  # the strip moves it


@pytest.mark.parametrize(("request_", "says"), [
    (api.RetargetRequest(), "name the clips"),
    (api.RetargetRequest(clips=("nowhere.bvh",)), "there is no file nowhere.bvh"),
    (api.RetargetRequest(clips=("clip.txt",)), "not a file that Galatea opens"),
    (api.RetargetRequest(source="Nobody"), "no armature 'Nobody'"),
    (api.RetargetRequest(source="Galatea Human"), "is the rig itself"),
    (api.RetargetRequest(clips=("x.bvh",), keys="few"), "keys cannot be 'few'; choose sparse or every"),
    (api.RetargetRequest(clips=("x.bvh",), tolerance=0.0), "tolerance cannot be 0"),
])
def test_what_makes_no_sense_is_one_line_and_changes_nothing(scene, request_, says):
    armature = made_rigs.human()
    before = dump_file()
    with pytest.raises(GalateaError, match=says):
        api.retarget(armature, request_)
    assert dump_file() == before


def test_a_file_that_is_no_humanoid_leaves_nothing_behind(scene, tmp_path):
    bpy.ops.object.armature_add()
    bpy.context.object.keyframe_insert("location", frame=1)
    with files.staged(tmp_path / "stick.glb") as there:
        files.write_file(there, bpy.context.object)
    armature = made_rigs.human()
    before = dump_file()
    with pytest.raises(GalateaError, match="not understood as a humanoid"):
        api.retarget(armature, every(clips=(str(tmp_path / "stick.glb"),)))
    assert dump_file() == before


def test_a_file_without_an_action_is_one_line(scene, tmp_path):
    with files.staged(tmp_path / "still.glb") as there:
        files.write_file(there, made_rigs.human())
    with pytest.raises(GalateaError, match="has no action"):
        api.retarget(made_rigs.metarig(), every(clips=(str(tmp_path / "still.glb"),)))


def test_a_clip_out_of_the_rigs_own_file(scene, bvh, tmp_path):
    source, armature = made_rigs.human(), made_rigs.metarig()
    source.name = "Source"
    api.retarget(source, every(clips=(bvh,)))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "both.blend"))
    result = api.retarget(armature, every(clips=(f"{tmp_path / 'both.blend'}:Source",)))
    assert result.frames == 60 and worst(api.read_motion(armature), api.read_motion(source)) < 0.01


def test_a_walk_on_a_treadmill_keeps_its_feet(scene, tmp_path):
    """Where the hips stay, standing feet run backwards: to hold them would stop the walk."""
    walk = made_walk(3.0)
    walk.positions[:, 1] = 0.0
    for side in ("Left", "Right"):
        walk.rotations[:, INDEX[f"{side}Leg"]] = [1.0, 0.0, 0.0, 0.0]  # stiff legs sweep the floor
    write_bvh(tmp_path / "treadmill.bvh", walk)
    result = api.retarget(made_rigs.human(), every(clips=(str(tmp_path / "treadmill.bvh"),), feet=True))
    assert any("treadmill" in note for note in result.notes)


def test_a_floor_that_drifts_in_the_clip_is_level_on_the_rig(scene, tmp_path):
    walk = compass_walk()
    walk.positions[:, 2] += np.linspace(0.0, 0.4, walk.frames)
    write_bvh(tmp_path / "drifts.bvh", walk)
    armature = made_rigs.human()
    result = api.retarget(armature, every(clips=(str(tmp_path / "drifts.bvh"),), feet=True))
    assert any("its floor rose by 4" in note or "its floor rose by 3" in note for note in result.notes), result.notes
    clip = api.read_motion(armature)
    lowest = (foot_positions(clip)[..., 2] - standing_heights(clip.skeleton)).min(axis=1)
    assert np.abs(lowest).max() < 0.03


def test_feet_of_a_toy_stand_as_still_as_the_source_s(scene, bvh):
    """Short thighs and long shins slide when angles alone are kept; the hips' travel is scaled by leg length."""
    armature = made_rigs.human()

    def shorten(bones):
        for side in ("Left", "Right"):
            for name in (f"{side}Leg", f"{side}Foot", f"{side}Toe"):
                bones[name].head.z -= 0.0
            bones[f"{side}Leg"].head.z += 0.12

    made_rigs.edit_bones(armature, shorten)
    result = api.retarget(armature, every(clips=(bvh,), feet=True))
    assert result.figures["foot_skate_cm_per_s"] <= result.figures["foot_skate_before_cm_per_s"]
    clip = api.read_motion(armature)
    assert joint_positions(clip)[:, INDEX["LeftFoot"], 2].min() > 0.05
