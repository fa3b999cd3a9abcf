# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Control Rig: Rigify's controls at the joints of a character, who looks and moves as before and can go back."""

import json
import struct

import bpy
import numpy as np
import pytest
from made_body_pack import write_body_pack
from made_dumps import changes, dump_file
from mathutils import Euler, Matrix

from blender_addon import api
from blender_addon.api import packs
from blender_addon.errors import GalateaError, RigError
from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.scene import control_rig, files
from blender_addon.scene.versions import fcurves


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return [read_pack(write_body_pack(tmp_path_factory.mktemp("packs") / "made-bodies")),
            read_pack(models_folder() / "motion-generator")]


@pytest.fixture
def there(empty_scene, made, monkeypatch):
    for module in (api, packs):
        monkeypatch.setattr(module, "list_packs", lambda folder="": (made, []))
    return empty_scene


@pytest.fixture
def dancer(there):
    """Somebody who dances, away from the origin: armature and body. Rigify, which adds properties, is on already."""
    import addon_utils

    addon_utils.enable("rigify", default_set=True)
    result = api.create_character(api.CharacterRequest(seed=4, sex=0.0, action="dance", seconds=1.0))
    armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
    armature.location, armature.rotation_euler.z = (1.0, 2.0, 0.0), 0.5
    there.frame_set(1)
    return armature, body


def skin(body, frame=None):
    """(N, 3) in the world, as Blender shows it."""
    if frame is not None:
        bpy.context.scene.frame_set(frame)
    bpy.context.view_layer.update()
    shown = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    flat = np.empty(3 * len(shown.data.vertices))
    shown.data.vertices.foreach_get("co", flat)
    matrix = np.array(shown.matrix_world)
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def off(one, other):
    return np.linalg.norm(one - other, axis=1).max()


def test_what_it_does_goes_onto_the_controls_and_back_when_they_are_deleted(dancer):
    armature, body = dancer
    before = {frame: skin(body, frame) for frame in (1, 9, 20, 30)}
    action = armature.animation_data.action
    result = api.make_control_rig(body)
    rig = bpy.data.objects[result.armature]
    assert bpy.context.view_layer.objects.active is rig and bpy.context.selected_objects == [rig]
    assert rig.animation_data.action.name == result.action == f"{action.name} Controls"
    assert armature.animation_data.action is action and armature.hide_get()
    assert not [each for each in (*bpy.data.objects, *bpy.data.armatures) if "metarig" in each.name.lower()]
    assert max(off(skin(body, frame), points) for frame, points in before.items()) < 0.003
    described = api.describe_rig(rig)
    assert described.family == "Rigify" and not described.missing
    bpy.data.objects.remove(rig)
    assert max(off(skin(body, frame), points) for frame, points in before.items()) < 1e-5


def test_fingers_and_jaw_come_along_key_for_key(dancer):
    armature, body = dancer
    keyed = {"LeftHandIndex1": "f_index.01.L", "LeftHandIndex2": "f_index.02.L", "RightHandThumb1": "thumb.01.R",
             "Jaw": "jaw"}
    armature.pose.bones["LeftHandIndex2"].rotation_mode = "XYZ"
    for n, name in enumerate(keyed):
        bone = armature.pose.bones[name]
        for frame, angle in ((3, 0.1), (12, 0.6 + 0.1 * n), (24, -0.2)):
            what = "rotation_euler" if bone.rotation_mode == "XYZ" else "rotation_quaternion"
            turn = Euler((angle, 0.05 * n, 0.0))
            setattr(bone, what, turn if what == "rotation_euler" else turn.to_quaternion())
            bone.keyframe_insert(what, frame=frame)
    armature.pose.bones["RightHandPinky3"].rotation_quaternion = Euler((1.0, 0.0, 0.0)).to_quaternion()  # not keyed
    for curve in fcurves(armature.animation_data.action):
        if "LeftHandIndex1" in curve.data_path:
            curve.keyframe_points[1].interpolation = "BOUNCE"
    before = {frame: skin(body, frame) for frame in (3, 8, 12, 20)}
    rig = bpy.data.objects[api.make_control_rig(body).armature]
    assert max(off(skin(body, frame), points) for frame, points in before.items()) < 0.003
    curves = {curve.data_path.split('"')[1]: curve for curve in fcurves(rig.animation_data.action)
              if '"' in curve.data_path}
    for control in keyed.values():
        assert [point.co.x for point in curves[control].keyframe_points] == [3, 12, 24], control
    assert curves["f_index.01.L"].keyframe_points[1].interpolation == "BOUNCE"
    bpy.data.objects.remove(rig)
    assert max(off(skin(body, frame), points) for frame, points in before.items()) < 1e-5


def test_controls_of_all_parts_move_the_body_the_right_way(there):
    result = api.create_character(api.CharacterRequest(seed=9))
    body = bpy.data.objects[result.body]
    rest = skin(body)
    rig = bpy.data.objects[api.make_control_rig(body).armature]
    assert (off(skin(body), rest) < 1e-4 and rig.animation_data is None) or rig.animation_data.action is None
    bones = rig.pose.bones
    for control, part, axis, sign in (("foot_ik.L", "LeftLeg", 1, -1), ("hand_ik.L", "LeftForeArm", 1, 1)):
        knee = bpy.data.objects[result.armature].pose.bones[part]
        was = knee.head.copy()
        towards = (knee.parent.head - bones[control].head) * 0.3
        bones[control].matrix = Matrix.Translation(towards) @ bones[control].matrix
        bpy.context.view_layer.update()
        assert sign * (knee.head - was)[axis] > 0.03, (control, knee.head - was)  # it bends, and as it should
        bones[control].location = (0.0, 0.0, 0.0)
    for control in ("jaw", "head", "neck", "chest", "shoulder.R", "thumb.01_master.R"):
        bones[control].rotation_mode, bones[control].rotation_euler.x = "XYZ", 0.4
        assert off(skin(body), rest) > 0.01, control
        bones[control].rotation_euler.x = 0.0
    tip = rest[:, 0].argmax()
    bones["f_middle.01_master.L"].scale.y = 0.6  # Rigify's way to curl a finger
    curled = skin(body)
    palm = bpy.data.objects[result.armature].data.bones["LeftHandMiddle1"].matrix_local.col[2].to_3d()
    moved = np.linalg.norm(curled - rest, axis=1).argmax()
    assert (curled - rest)[moved] @ np.array(palm) > 0.01 and rest[moved, 0] > rest[tip, 0] - 0.1


def test_motion_goes_to_the_controls_from_then_on(dancer):
    armature, body = dancer
    rig = bpy.data.objects[api.make_control_rig(armature).armature]
    with pytest.raises(RigError, match=rig.name):
        api.generate_motion(armature, api.MotionRequest(action="walk", seconds=0.5))
    with pytest.raises(RigError, match="delete that"):
        api.change_body(armature, api.CharacterRequest(seed=5))
    with pytest.raises(RigError, match="has a control rig already"):
        api.make_control_rig(rig)
    api.generate_motion(rig, api.MotionRequest(action="walk", seconds=1.0))
    assert off(skin(body, 1), skin(body, 25)) > 0.3
    keyed = {curve.data_path.split('"')[1] for curve in fcurves(rig.animation_data.action) if '"' in curve.data_path}
    assert not any(name.startswith(("GAL-", "DEF-", "ORG-")) for name in keyed)


def test_clothes_and_motion_change_under_a_control_rig(dancer):
    armature, body = dancer
    api.change_clothes(armature, api.CharacterRequest(clothes=("shirt", "trousers")))
    rig = bpy.data.objects[api.make_control_rig(armature).armature]
    result = api.change_clothes(rig, api.CharacterRequest(clothes=("shirt", "skirt"), clothes_seed=3))
    shirt, skirt = (bpy.data.objects[worn.object] for worn in result.clothes)
    assert shirt.parent == skirt.parent == armature
    here = skin(skirt, 20)
    hips = (armature.matrix_world @ armature.pose.bones["Hips"].matrix).translation
    assert np.linalg.norm(here.mean(axis=0) - np.array(hips)) < 0.5  # it went where the hips are
    made = api.change_motion(body, api.CharacterRequest(action="walk", seconds=1.0))
    assert rig.animation_data.action.name == made.actions[0]
    assert off(skin(body, 1), skin(body, 25)) > 0.3
    api.change_motion(rig, api.CharacterRequest())
    rest = skin(body, 25)
    assert rig.animation_data.action is None and off(rest, skin(body, 1)) < 1e-6
    assert abs(np.ptp(rest[:, 2]) - np.ptp([vertex.co.z for vertex in body.data.vertices])) < 0.01


def test_what_it_did_on_the_controls_goes_with_another_motion_unless_somebody_touched_it(dancer):
    armature, body = dancer
    rig = bpy.data.objects[api.make_control_rig(armature).armature]
    own, copied = armature.animation_data.action, rig.animation_data.action.name
    made = api.change_motion(body, api.CharacterRequest(action="walk", seconds=0.5))
    assert copied not in bpy.data.actions and own.name in bpy.data.actions
    assert not [note for note in made.notes if "was worked on" in note]
    bpy.data.objects.remove(rig)
    rig = bpy.data.objects[api.make_control_rig(armature).armature]
    touched = rig.animation_data.action
    next(iter(fcurves(touched))).keyframe_points[0].co.y += 0.1
    made = api.change_motion(body, api.CharacterRequest(action="walk", seconds=0.5))
    assert touched.name in bpy.data.actions and made.notes[0].startswith(f"{touched.name} was worked on")


def test_another_control_rig_after_one_that_was_deleted(dancer):
    armature, _ = dancer
    bpy.data.objects.remove(bpy.data.objects[api.make_control_rig(armature).armature])
    rig = api.make_control_rig(armature).armature
    with pytest.raises(RigError, match=f"follows {rig}"):
        api.change_body(armature, api.CharacterRequest(seed=5))
    names = [constraint.name for constraint in armature.pose.bones["Hips"].constraints]
    assert names == ["Control Rig"]


@pytest.mark.parametrize(("ending", "first"), [("glb", 0), ("fbx", 2)])  # importers count frames their own way
def test_files_carry_what_the_controls_do(there, tmp_path, ending, first):
    result = api.create_character(api.CharacterRequest(seed=3))
    armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
    rig = bpy.data.objects[api.make_control_rig(armature).armature]
    api.generate_motion(rig, api.MotionRequest(action="kick", seconds=1.0))
    there.frame_start, there.frame_end = 1, 24
    shown = {frame: skin(body, frame) for frame in (9, 17)}
    files.write_file(tmp_path / f"out.{ending}", armature)
    if ending == "glb":
        data = (tmp_path / "out.glb").read_bytes()
        length, = struct.unpack("<I", data[12:16])
        assert len(json.loads(data[20:20 + length])["animations"]) == 1
    rate = there.render.fps
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    files.import_file(tmp_path / f"out.{ending}")
    again, scene = bpy.data.objects[result.body], bpy.context.scene
    for frame, before in shown.items():
        now = first + (frame - 1) * scene.render.fps / rate
        scene.frame_set(int(now), subframe=now % 1.0)
        points = skin(again)
        assert max(np.linalg.norm(points - point, axis=1).min() for point in before[::20]) < 5e-4, frame


@pytest.mark.parametrize("broken", ["add_metarig", "_mark", "_put_onto", "_hand_over"])
def test_broken_off_anywhere_all_is_as_it_was(dancer, monkeypatch, broken):
    def fail(*_, **__):
        raise GalateaError("broken off")

    monkeypatch.setattr(control_rig, broken, fail)
    before = dump_file()
    with pytest.raises(GalateaError, match="broken off"):
        api.make_control_rig(dancer[0])
    assert changes(before, dump_file()) == []


def test_undone_in_one_step(dancer):
    import blender_addon

    blender_addon.register("galatea_in_tests")
    try:
        bpy.ops.ed.undo_push(message="before")
        before = dump_file()
        assert bpy.ops.galatea.make_control_rig("EXEC_DEFAULT", True) == {"FINISHED"}
        assert len([ob for ob in bpy.data.objects if ob.type == "ARMATURE"]) == 2
        bpy.ops.ed.undo()
        assert changes(before, dump_file()) == []
    finally:
        blender_addon.unregister()
