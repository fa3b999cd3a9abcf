# SPDX-License-Identifier: GPL-3.0-or-later
"""How characters bend in Blender: by constraints alone, as the judge says, untouched by motion, in files too."""

import bpy
import judging_joints as judging
import numpy as np
import pytest
from made_body_pack import write_body_pack
from mathutils import Quaternion

from blender_addon import api
from blender_addon.api import packs
from blender_addon.character.body_mesh import make_body
from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.scene import files
from blender_addon.scene.versions import fcurves

FOLLOWERS = {side + part for side in ("Left", "Right") for part in judging.TWISTS | judging.SHARES}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return [read_pack(write_body_pack(tmp_path_factory.mktemp("packs") / "made-bodies")),
            read_pack(models_folder() / "motion-generator")]


@pytest.fixture
def someone(empty_scene, made, monkeypatch):
    """Armature, body and its mesh as it was grown."""
    for module in (api, packs):
        monkeypatch.setattr(module, "list_packs", lambda folder="": (made, []))
    result = api.create_character(api.CharacterRequest(seed=3))
    return bpy.data.objects[result.armature], bpy.data.objects[result.body], make_body(result.measurements)


def skin(body):
    bpy.context.view_layer.update()
    shown = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    flat = np.empty(3 * len(shown.data.vertices))
    shown.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def pose(armature, seed):
    """Turn bones by chance; returns the turns of joints in the world."""
    rng = np.random.default_rng(seed)
    for bone in armature.pose.bones:
        if bone.name not in FOLLOWERS:
            most = 1.6 if bone.name.endswith(("Arm", "Leg", "Hand")) else 0.3
            bone.rotation_quaternion = Quaternion(rng.normal(size=3), rng.uniform(0.0, most))
    bpy.context.view_layer.update()
    return {bone.name: np.array(bone.matrix @ bone.bone.matrix_local.inverted())[:3, :3]
            for bone in armature.pose.bones if bone.name not in FOLLOWERS}


def test_blender_bends_them_as_the_judge_does(someone):
    armature, body, mesh = someone
    for seed in range(4):
        turned = pose(armature, seed)
        assert np.abs(skin(body) - judging.skinned(mesh, turned)).max() < 2e-4, seed


def test_another_body_has_its_own_helpers(someone):
    armature, body, _ = someone
    other = api.change_body(body, api.CharacterRequest(seed=8, sex=1.0, stature=1.92))
    mesh = make_body(other.measurements)
    for name in FOLLOWERS:
        place = mesh.positions[mesh.joints.index(name)]
        assert np.allclose(armature.data.bones[name].head_local, place, atol=1e-5), name
    turned = pose(armature, 1)
    assert np.abs(skin(body) - judging.skinned(mesh, turned)).max() < 2e-4


def test_nobody_keys_them(someone, root):
    armature, _, _ = someone
    api.retarget(armature, api.RetargetRequest(clips=(str(root / "tests" / "takes" / "kick.bvh"),)))
    api.generate_motion(armature, api.MotionRequest(action="walk", seconds=0.5))
    keyed = {curve.data_path.split('"')[1] for action in bpy.data.actions for curve in fcurves(action)
             if '"' in curve.data_path}
    assert keyed and not keyed & FOLLOWERS
    assert set(api.describe_rig(armature).bones.values()) & FOLLOWERS == set()
    assert not armature.data.collections["Helpers"].is_visible


def placed(body):
    """(N, 3) where the skin is in the world."""
    there, matrix = skin(body), np.array(body.matrix_world)
    return there @ matrix[:3, :3].T + matrix[:3, 3]


@pytest.mark.parametrize(("ending", "first"), [("glb", 0), ("fbx", 1)])  # glTF begins at 0 and knows no frames
def test_files_carry_what_they_do(ending, first, someone, tmp_path):
    """On keyed frames and between them, by a reader that knows no constraints."""
    armature, body, _ = someone
    for frame, seed in ((1, 0), (5, 1), (9, 2)):
        pose(armature, seed)
        for bone in armature.pose.bones:
            if bone.name not in FOLLOWERS:
                bone.keyframe_insert("rotation_quaternion", frame=frame)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 9
    rate, shown = scene.render.fps, {}
    for frame in (3, 5, 9):
        scene.frame_set(frame)
        shown[frame] = placed(body)
    files.write_file(tmp_path / f"out.{ending}", armature)
    armature = api.open_rig(str(tmp_path / f"out.{ending}"))
    assert not any(bone.constraints for bone in armature.pose.bones)
    again = next(ob for ob in bpy.data.objects if ob.type == "MESH" and ob.find_armature() == armature)
    scene = bpy.context.scene
    for frame, before in shown.items():
        now = first + (frame - 1) * scene.render.fps / rate
        scene.frame_set(int(now), subframe=now % 1.0)
        there = placed(again)
        # faces and vertices may be numbered anew: every tenth vertex has one in its place
        nearest = [np.linalg.norm(there - point, axis=1).min() for point in before[::10]]
        assert max(nearest) < 5e-4, frame
