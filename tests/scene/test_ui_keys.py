# SPDX-License-Identifier: GPL-3.0-or-later
"""Retarget Motion, Lock Feet and Refit Keys without a window: what the api makes, undone in one step."""

import bpy
import made_rigs
import pytest
from made_dumps import changes, dump_file
from made_walk import made_walk

import blender_addon
from blender_addon import api
from blender_addon.motion.bvh import write_bvh
from blender_addon.scene.versions import fcurves
from blender_addon.ui import running, shown


@pytest.fixture
def ui(empty_scene, tmp_path, monkeypatch):
    """Galatea switched on, as an extension of no repository; the scene."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    blender_addon.register("galatea_in_tests")
    yield bpy.context.scene
    blender_addon.unregister()


def keys_of(action) -> list:
    return [(curve.data_path, curve.array_index, [tuple(key.co) for key in curve.keyframe_points])
            for curve in fcurves(action)]


def walking(armature):
    """Give an armature two seconds of generated walk."""
    bpy.context.view_layer.objects.active = armature
    api.generate_motion(armature, api.MotionRequest(seconds=2.0, feet=False))
    return armature.animation_data.action


def undone_in_one_step(call) -> None:
    bpy.ops.ed.undo_push(message="before")
    before = dump_file()
    assert call("EXEC_DEFAULT", True) == {"FINISHED"}
    assert changes(before, dump_file())
    bpy.ops.ed.undo()
    assert changes(before, dump_file()) == []
    bpy.ops.ed.redo()


# --- retarget -------------------------------------------------------------------------------------------------------


def test_files_become_actions(ui, tmp_path):
    armature = made_rigs.metarig()
    for name in ("one", "two"):
        write_bvh(tmp_path / f"{name}.bvh", made_walk(1.0))
    ui.galatea_retarget.start = 11
    files = [{"name": "one.bvh"}, {"name": "two.bvh"}]
    assert bpy.ops.galatea.retarget_motion(directory=str(tmp_path), files=files) == {"FINISHED"}
    assert sorted(action.name for action in bpy.data.actions) == ["one", "two"]
    action = armature.animation_data.action
    assert action.name == "one" and action["galatea_clip"] == "one" and action.frame_range[0] == 11.0
    assert action["galatea_figure_keys"] > 0
    made = keys_of(action)
    clips = tuple(str(tmp_path / f"{name}.bvh") for name in ("one", "two"))
    api.retarget(armature, api.RetargetRequest(clips=clips, start=11))
    assert keys_of(armature.animation_data.action) == made


def test_another_armature_is_followed_in_one_undo_step(ui):
    source = made_rigs.human()
    walking(source)
    armature = made_rigs.metarig()
    ui.galatea_retarget.source = source
    undone_in_one_step(bpy.ops.galatea.retarget_motion)
    armature = bpy.context.object
    assert armature.animation_data.action["galatea_clip"].startswith("Galatea walk")


def test_the_file_browser_hands_over_what_was_chosen(ui, tmp_path):
    armature = made_rigs.human()
    write_bvh(tmp_path / "one.bvh", made_walk(0.5))
    done = bpy.ops.galatea.choose_clips(directory=str(tmp_path), files=[{"name": "one.bvh"}])
    assert done == {"FINISHED"} and armature.animation_data.action.name == "one"


def test_what_cannot_be_retargeted_is_one_line(ui, tmp_path):
    armature = made_rigs.human()
    before = dump_file()
    with pytest.raises(RuntimeError, match="nothing to retarget is chosen"):
        bpy.ops.galatea.retarget_motion()
    with pytest.raises(RuntimeError, match="there is no file"):
        bpy.ops.galatea.retarget_motion(directory=str(tmp_path), files=[{"name": "gone.bvh"}])
    assert str(tmp_path) not in shown.now.failure.report
    (tmp_path / "broken.bvh").write_text("HIERARCHY\nnothing")
    with pytest.raises(RuntimeError, match=r"broken\.bvh"):
        bpy.ops.galatea.retarget_motion(directory=str(tmp_path), files=[{"name": "broken.bvh"}])
    assert changes(before, dump_file()) == []
    ui.galatea_retarget.source = armature
    with pytest.raises(RuntimeError, match="is the rig itself"):
        bpy.ops.galatea.retarget_motion()
    assert len(bpy.data.actions) == 0


def test_the_file_browser_shows_what_can_be_read(ui):
    shown_files = bpy.ops.galatea.choose_clips.get_rna_type().properties["filter_glob"].default
    assert set(shown_files.split(";")) == {"*.bvh", "*.fbx", "*.glb", "*.gltf", "*.blend"}


# --- feet and keys --------------------------------------------------------------------------------------------------


def test_lock_feet_copies_the_action(ui):
    armature = made_rigs.human()
    old = walking(armature)
    before = keys_of(old)
    undone_in_one_step(bpy.ops.galatea.lock_feet)
    new = bpy.context.object.animation_data.action
    old = next(action for action in bpy.data.actions if action != new)
    assert keys_of(old) == before and old.users
    assert new["galatea_figure_foot_skate_cm_per_s"] <= new["galatea_figure_foot_skate_before_cm_per_s"]


def test_refit_keys_at_another_tolerance(ui):
    armature = made_rigs.human()
    old = walking(armature)
    ui.galatea_keys.tolerance = 20.0
    before = keys_of(old)
    undone_in_one_step(bpy.ops.galatea.refit_keys)
    new = bpy.context.object.animation_data.action
    old = next(action for action in bpy.data.actions if action != new)
    assert keys_of(old) == before
    assert sum(len(keys) for *_, keys in keys_of(new)) < sum(len(keys) for *_, keys in before)
    assert new["galatea_figure_key_error_mm"] <= 20.0
    assert new["galatea_figure_keys"] == sum(len(keys) for *_, keys in keys_of(new))


def test_an_action_that_moves_the_object_alone_is_fitted_too(ui):
    armature = made_rigs.human()
    for frame in (1, 9):
        armature.location.x = frame
        armature.keyframe_insert("location", frame=frame)
    for _ in range(2):
        assert bpy.ops.galatea.refit_keys() == {"FINISHED"}
    bpy.context.scene.frame_set(9)
    assert armature.location.x == pytest.approx(9.0, abs=0.002)


def test_why_they_are_grey(ui):
    armature = made_rigs.human()
    assert "has no action yet" in running.why_no_action(bpy.context)
    assert not bpy.ops.galatea.lock_feet.poll() and not bpy.ops.galatea.refit_keys.poll()
    walking(armature)
    assert bpy.ops.galatea.lock_feet.poll() and bpy.ops.galatea.refit_keys.poll()
    shown.now.progress = 0.5
    assert not any(getattr(bpy.ops.galatea, name).poll() for name in
                   ("lock_feet", "refit_keys", "retarget_motion", "choose_clips", "generate_motion"))


@pytest.mark.parametrize("make", ["retarget", "feet", "refit"])
def test_broken_off_anywhere_the_file_is_as_it_was(ui, make, tmp_path):
    armature = made_rigs.human()
    walking(armature)
    write_bvh(tmp_path / "one.bvh", made_walk(2.0))
    start = {
        "retarget": lambda: api.retarget_in_slices(
            armature, api.RetargetRequest(clips=(str(tmp_path / "one.bvh"),))),
        "feet": lambda: api.lock_feet_in_slices(armature, api.FeetRequest()),
        "refit": lambda: api.refit_in_slices(armature, api.KeyOptions(tolerance=8.0)),
    }[make]
    bpy.context.scene.frame_set(7)
    before = dump_file()
    slices = start()
    count = 0
    while True:  # how many there are
        try:
            next(slices)
            count += 1
        except StopIteration:
            break
    bpy.data.actions.remove(armature.animation_data.action)
    armature.animation_data.action = bpy.data.actions[0]
    before = dump_file()
    for taken in {*range(0, count + 1, max(1, count // 12)), count - 1, count}:
        slices = start()
        for _ in range(taken):
            next(slices)
        slices.close()
        assert changes(before, dump_file()) == [], (make, taken)
