# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig is taken for, by its names and its rest pose."""

import bpy
import made_rigs
import numpy as np
import pytest

from blender_addon import api, cli
from blender_addon.errors import GalateaError, RigError
from blender_addon.motion.rotations import quat_from_matrix
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, TOWARDS
from blender_addon.scene.rigs import read_rig

OWN = "Galatea Human or LAFAN1"
FAMILIES = {"human": OWN, "metarig": "Rigify meta-rig", "basic_metarig": "Rigify meta-rig", "mixamo": "Mixamo",
            "from_fbx": OWN, "turned_about": OWN}


@pytest.mark.parametrize("make", made_rigs.RIGS, ids=lambda make: make.__name__)
def test_all_22_joints_are_found(empty_scene, make):
    rig = read_rig(make())
    assert rig.family == FAMILIES[make.__name__]
    assert tuple(rig.bones) == JOINTS and rig.missing == ()


@pytest.mark.parametrize("make", made_rigs.RIGS, ids=lambda make: make.__name__)
def test_alignment_puts_the_limbs_into_the_t_pose(empty_scene, make):
    armature = make()
    rig = read_rig(armature)
    for joint in made_rigs.LIMBS:
        here = [np.array(armature.data.bones[rig.bones[j]].head_local) for j in (joint, TOWARDS[joint])]
        turned = rig.axes.T @ rig.alignment[INDEX[joint]] @ (here[1] - here[0])
        assert made_rigs.angle(turned, CANONICAL.offsets[INDEX[TOWARDS[joint]]]) < 0.05, joint
    assert np.allclose(np.linalg.det(rig.alignment), 1.0, atol=1e-6)
    assert np.allclose(rig.axes.T @ rig.axes, np.eye(3), atol=1e-6)


def test_scale_and_facing_come_from_the_rest_pose(empty_scene):
    rig = read_rig(made_rigs.from_fbx())
    assert rig.scale() == pytest.approx(100.0, rel=1e-5)
    assert np.allclose(rig.axes, [[1, 0, 0], [0, 0, 1], [0, -1, 0]], atol=1e-5)
    rig = read_rig(made_rigs.turned_about())
    assert np.allclose(rig.axes[:, 1], [-1, 0, 0], atol=1e-5)  # it faces +X, so its back is towards -X


def test_an_elbow_bent_at_rest_unbends_like_a_hinge(empty_scene):
    """The forearm's turn to the T-pose is the upper arm's and then one about the elbow's axis, without twist."""
    armature = made_rigs.mixamo()
    rig = read_rig(armature)
    upper, lower = (rig.alignment[INDEX[f"Left{part}"]] for part in ("Arm", "ForeArm"))
    hinge = quat_from_matrix(lower @ upper.T)
    heads = [np.array(armature.data.bones[rig.bones[f"Left{part}"]].head_local) for part in ("Arm", "ForeArm", "Hand")]
    bent = made_rigs.angle(heads[1] - heads[0], heads[2] - heads[1])
    assert bent > 15.0 and np.degrees(2 * np.arccos(hinge[0])) == pytest.approx(bent, abs=0.1)
    assert abs(hinge[1]) < 1e-3  # the arm lies along X in the T-pose


def test_a_rig_without_toes_neck_and_clavicles_is_understood(empty_scene):
    armature = made_rigs.human()
    gone = ("LeftToe", "RightToe", "LeftShoulder", "RightShoulder", "Spine1")
    made_rigs.edit_bones(armature, lambda bones: [_dissolve(bones, name) for name in gone])
    assert set(read_rig(armature).missing) == set(gone)


def _dissolve(bones, name):
    for child in bones[name].children:
        child.use_connect = False
        child.parent = bones[name].parent
    bones.remove(bones[name])


def _snake():
    armature = bpy.data.objects.new("Snake", bpy.data.armatures.new("Snake"))
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature

    def edit(bones):
        for i in range(6):
            bone = bones.new(f"link.{i}")
            bone.head, bone.tail = (0, i, 0), (0, i + 1, 0)
            bone.parent = bones[f"link.{i - 1}"] if i else None

    made_rigs.edit_bones(armature, edit)
    return armature


def _mesh():
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    bpy.context.collection.objects.link(cube)
    return cube


def _without_legs():
    armature = made_rigs.metarig()
    made_rigs.edit_bones(armature, lambda bones: [bones.remove(bones[f"thigh.{s}"]) for s in "LR"])
    return armature


def _loose_arm():
    armature = made_rigs.human()
    made_rigs.edit_bones(armature, lambda bones: setattr(bones["LeftArm"], "parent", None))
    return armature


def _in_edit_mode():
    armature = made_rigs.human()
    bpy.ops.object.mode_set(mode="EDIT")
    return armature


def _folded():
    armature = made_rigs.human()

    def edit(bones):
        for bone in bones:
            bone.use_connect = False
        for bone in bones:
            bone.head.x = bone.tail.x = 0.0
            bone.tail.y += 0.05

    made_rigs.edit_bones(armature, edit)
    return armature


@pytest.mark.parametrize(("make", "says"), [
    (lambda: None, "no armature is selected"),
    (_mesh, "Cube is not an armature but of type mesh"),
    (_snake, "no bone was found for Hips, LeftArm, LeftForeArm, LeftUpLeg and 7 more"),
    (_without_legs, "no bone was found for LeftUpLeg, LeftLeg, RightUpLeg, RightLeg"),
    (_loose_arm, r"LeftArm \(LeftArm\) hangs from nothing that carries Hips"),
    (_in_edit_mode, "in Edit Mode"),
    (_folded, "in the same place"),
])
def test_what_is_no_humanoid_is_one_clear_line(empty_scene, make, says):
    with pytest.raises(RigError, match=says) as error:
        read_rig(make())
    assert "\n" not in str(error.value)


# --- what people say of it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bone", "says"), [
    ("LeftUpLge", "Galatea Human has no bone 'LeftUpLge'; is 'LeftUpLeg' meant?"),
    ("leftarm", "has no bone 'leftarm'; is 'LeftArm' meant?"),
    ("tentacle_07", "has no bone 'tentacle_07'; give the name of one of its bones, or \"\" for none"),
])
def test_a_map_with_a_bone_that_is_not_there_is_refused_with_the_nearest(empty_scene, tmp_path, capsys, bone, says):
    armature = made_rigs.human()
    (tmp_path / "map.toml").write_text(f'format = 1\n[bones]\nHips = "Hips"\nLeftUpLeg = "{bone}"\n')
    for read in (api.map_rig, api.describe_rig, api.load_map):
        with pytest.raises(RigError) as error:
            read(armature, tmp_path / "map.toml")
        assert str(error.value).startswith("map.toml, LeftUpLeg: ") and says in str(error.value)
    with pytest.raises(RigError, match="has no bone"):
        api.correct_rig(armature, {"LeftUpLeg": bone})
    assert not api.corrections_of(armature)
    rig, out = tmp_path / "rig.blend", tmp_path / "out.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(rig))
    words = ["feet", "--rig", str(rig), "--map", str(tmp_path / "map.toml"), "--out", str(out)]
    assert cli.main(words) == 1 and says in capsys.readouterr().err and not out.exists()


def test_a_bone_with_a_prefix_is_the_nearest(empty_scene):
    with pytest.raises(RigError, match="is 'mixamorig:LeftLeg' meant"):
        api.correct_rig(made_rigs.mixamo(), {"LeftLeg": "LeftLeg"})


def test_rest_position_is_told_and_is_no_source_of_motion(empty_scene):
    armature = made_rigs.human()
    armature.data.pose_position = "REST"
    for found in (read_rig(armature), api.map_rig(armature)):
        assert any("Rest Position" in note and "Pose Position" in note for note in found.notes)
    armature.keyframe_insert("location", frame=1)
    armature.keyframe_insert("location", frame=9)
    with pytest.raises(GalateaError, match="in Rest Position, in which nothing moves: choose Pose Position"):
        api.read_motion(armature)
