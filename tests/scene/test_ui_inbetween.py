# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill Between Keys and Remove Generated Keys without a window: what the api makes, undone in one step."""

import bpy
import made_keys
import made_rigs
import pytest
from made_dumps import changes, dump_file
from made_inbetweener import write_inbetweener

import blender_addon
from blender_addon import api
from blender_addon.api import packs
from blender_addon.inference.packs import read_pack
from blender_addon.ui import running, shown, watching


@pytest.fixture
def ui(empty_scene, tmp_path, monkeypatch):
    """Galatea switched on, with a stub for the in-betweener; the scene, in it a rig with three key poses."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    pack = read_pack(write_inbetweener(tmp_path / "pack" / "made-inbetweener"))
    for module in (api, packs):
        monkeypatch.setattr(module, "list_packs", lambda folder="": ([pack], []))
    blender_addon.register("galatea_in_tests")
    watching.read_packs()
    armature = made_rigs.human()
    bpy.context.view_layer.objects.active = armature
    for frame, turn in ((1, 0.0), (16, 0.4), (31, -0.2)):
        for bone in armature.pose.bones:
            bone.rotation_quaternion = (1.0, turn / 4.0, 0.0, 0.0)
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    bpy.context.scene.frame_set(1)
    yield bpy.context.scene
    blender_addon.unregister()


def test_gaps_are_filled_and_emptied_again_each_in_one_step(ui):
    action = bpy.context.object.animation_data.action
    authored = made_keys.all_keys()
    bpy.ops.ed.undo_push(message="before")
    before = dump_file()
    assert bpy.ops.galatea.fill_between_keys("EXEC_DEFAULT", True) == {"FINISHED"}
    told = shown.now.filled[action.name]
    assert (told.gaps, told.left) == (2, ()) and told.keys == sum(map(len, made_keys.all_keys(True).values()))
    assert made_keys.all_keys() == authored and changes(before, dump_file())
    bpy.ops.ed.undo()
    assert changes(before, dump_file()) == []
    bpy.ops.ed.redo()
    assert bpy.ops.galatea.remove_generated_keys() == {"FINISHED"}
    assert not made_keys.all_keys(True) and made_keys.all_keys() == authored
    assert not shown.now.filled


def test_cancelled_halfway_it_leaves_nothing(ui):
    before = dump_file()
    slices = api.inbetween_in_slices(bpy.context.object, ui.galatea_inbetween.request())
    for _ in range(40):
        next(slices)
    slices.close()
    assert changes(before, dump_file()) == []


def test_a_button_is_grey_for_a_reason(ui):
    fill = blender_addon.ui.inbetween.FillBetweenKeys
    assert fill.why_not(bpy.context) == ""
    bpy.context.object.animation_data_clear()
    assert "no action" in fill.why_not(bpy.context)
    assert "no pose pack" in blender_addon.ui.inbetween.CompletePose.why_not(bpy.context)


def test_what_went_wrong_is_one_line(ui):
    ui.galatea_inbetween.some_frames, ui.galatea_inbetween.first, ui.galatea_inbetween.last = True, 20, 10
    with pytest.raises(RuntimeError, match="nothing lies between"):
        bpy.ops.galatea.fill_between_keys("EXEC_DEFAULT")
    assert shown.now.failure and running._run is None
