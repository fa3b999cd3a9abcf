# SPDX-License-Identifier: GPL-3.0-or-later
"""The Rig panel's fields and operators: what a rig is taken for is shown, corrected, forgotten, saved and loaded."""

import bpy
import made_rigs
import pytest

import blender_addon
from blender_addon import api
from blender_addon.ui import rigs, shown, watching


@pytest.fixture
def ui(empty_scene, tmp_path, monkeypatch):
    """Galatea switched on, as an extension of no repository; the fields of the joints."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    blender_addon.register("galatea_in_tests")
    yield bpy.context.scene.galatea_joints
    blender_addon.unregister()


def look(armature) -> shown.Rig:
    return watching.read_rig(armature)


# --- what is shown --------------------------------------------------------------------------------------------------


def test_every_joint_is_shown_with_its_bone_and_why(ui):
    told = look(made_rigs.metarig())
    assert set(told.joints) == set(rigs.JOINT_NAMES)
    assert told.joints["LeftArm"].bone == "upper_arm.L" == ui.LeftArm
    assert "%" in told.joints["LeftArm"].why and told.joints["LeftArm"].mark in ("CHECKMARK", "QUESTION")
    assert told.rest_pose in ("T", "A", "down") and not told.corrected


def test_a_rig_without_bones_is_shown_with_what_it_lacks(ui):
    armature = bpy.data.objects.new("No Bones", bpy.data.armatures.new("No Bones"))
    bpy.context.scene.collection.objects.link(armature)
    told = look(armature)
    assert "No Bones" in told.problem and "LeftArm" in told.lacking and told.joints["LeftArm"].mark == "ERROR"
    assert ui.LeftArm == ""


def test_a_rig_in_edit_mode_is_a_problem_and_no_more(ui):
    armature = made_rigs.human()
    bpy.ops.object.mode_set(mode="EDIT")
    told = look(armature)
    assert "Edit Mode" in told.problem and not told.joints
    assert not bpy.ops.galatea.forget_corrections.poll()
    assert rigs.why_not(bpy.context) == "Switch to Object Mode or Pose Mode first"


# --- by hand --------------------------------------------------------------------------------------------------------


def test_a_bone_that_is_chosen_is_kept_with_the_armature(ui):
    armature = made_rigs.human()
    look(armature)
    ui.LeftToe = "LeftHand"
    assert api.corrections_of(armature) == {"LeftToe": "LeftHand"}
    assert ui.LeftToe == "LeftHand" and shown.now.rig.corrected
    assert shown.now.rig.joints["LeftToe"].mark == "GREASEPENCIL"
    ui.LeftToe = ""
    assert api.corrections_of(armature) == {"LeftToe": ""} and ui.LeftToe == ""
    assert bpy.ops.galatea.forget_corrections() == {"FINISHED"}
    assert api.corrections_of(armature) == {} and ui.LeftToe == "LeftToe" and not shown.now.rig.corrected


def test_a_bone_that_is_not_there_is_one_line_and_nothing_is_kept(ui):
    armature = made_rigs.human()
    look(armature)
    ui.LeftToe = "no such bone"
    assert "no bone 'no such bone'" in shown.now.failure.line and api.corrections_of(armature) == {}
    assert ui.LeftToe == "LeftToe"


def test_a_rig_is_corrected_joint_by_joint(ui):
    """Also where it is not understood in between."""
    armature = made_rigs.human()
    look(armature)
    ui.LeftLeg = "RightLeg"
    assert "RightLeg" in shown.now.rig.problem
    ui.RightLeg = "LeftLeg"
    told = shown.now.rig
    assert not told.problem
    assert (told.joints["LeftLeg"].bone, told.joints["RightLeg"].bone) == ("RightLeg", "LeftLeg")


def test_take_selected_bone(ui):
    armature = made_rigs.human()
    look(armature)
    assert not bpy.ops.galatea.take_bone.poll()
    bpy.ops.object.mode_set(mode="POSE")
    armature.data.bones.active = armature.data.bones["LeftFoot"]
    assert bpy.ops.galatea.take_bone(joint="LeftToe") == {"FINISHED"}
    assert api.corrections_of(armature) == {"LeftToe": "LeftFoot"}
    with pytest.raises(RuntimeError, match="there is no joint 'Tail'"):
        bpy.ops.galatea.take_bone(joint="Tail")


def test_show_bone_selects_it_in_pose_mode(ui):
    armature = made_rigs.metarig()
    look(armature)
    assert bpy.ops.galatea.show_bone(joint="LeftArm") == {"FINISHED"}
    assert bpy.context.mode == "POSE" and bpy.context.active_pose_bone.name == "upper_arm.L"
    assert [bone.name for bone in bpy.context.selected_pose_bones] == ["upper_arm.L"]
    said = rigs.ShowBone.description(bpy.context, type("Given", (), {"joint": "LeftArm"}))
    assert said.startswith("LeftArm: upper_arm.L. ") and "%" in said
    with pytest.raises(RuntimeError, match="no bone stands for Tail"):
        bpy.ops.galatea.show_bone(joint="Tail")
    assert armature.mode == "POSE"


def test_corrections_are_undone(ui):
    armature = made_rigs.human()
    look(armature)
    bpy.ops.object.mode_set(mode="POSE")
    armature.data.bones.active = armature.data.bones["LeftFoot"]
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.galatea.take_bone("EXEC_DEFAULT", True, joint="LeftToe")
    assert api.corrections_of(bpy.context.object)
    bpy.ops.ed.undo()
    assert api.corrections_of(bpy.context.object) == {}
    bpy.ops.ed.redo()
    assert api.corrections_of(bpy.context.object) == {"LeftToe": "LeftFoot"}


def test_linked_bones_are_left_alone(ui, tmp_path):
    made_rigs.human()
    path = str(tmp_path / "rig.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(path, link=True) as (_, into):
        into.objects = ["Galatea Human"]
    armature = into.objects[0]
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    look(armature)
    assert "linked from another file" in rigs.why_not(bpy.context)
    bpy.context.scene.galatea_joints.LeftToe = "LeftHand"
    assert "linked from another file" in shown.now.failure.line
    assert not bpy.ops.galatea.load_map.poll()


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_map_is_saved_and_loaded(ui, tmp_path):
    armature = made_rigs.human()
    look(armature)
    ui.LeftToe = "LeftHand"
    path = tmp_path / "map.toml"
    assert bpy.ops.galatea.save_map(filepath=str(path)) == {"FINISHED"} and path.is_file()
    bpy.ops.galatea.forget_corrections()
    assert bpy.ops.galatea.load_map(filepath=str(path)) == {"FINISHED"}
    assert ui.LeftToe == "LeftHand" and shown.now.rig.corrected


def test_a_map_that_cannot_be_read_or_written_is_one_line(ui, tmp_path):
    armature = made_rigs.human()
    look(armature)
    with pytest.raises(RuntimeError, match=r"ends in \.toml"):
        bpy.ops.galatea.save_map(filepath=str(tmp_path / "map.txt"))
    with pytest.raises(RuntimeError, match="there is no folder"):
        bpy.ops.galatea.save_map(filepath=str(tmp_path / "nowhere" / "map.toml"))
    for content in (None, "", "[[[", "joints = 3"):
        path = tmp_path / "broken.toml"
        if content is not None:
            path.write_text(content)
        with pytest.raises(RuntimeError) as error:
            bpy.ops.galatea.load_map(filepath=str(path))
        assert "unexpected" not in str(error.value) and "broken.toml" in str(error.value)
    assert api.corrections_of(armature) == {}
