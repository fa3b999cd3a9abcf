# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of five formats: there and back again, whole or not at all."""

import os
from pathlib import Path

import bpy
import gltf_validator
import made_rigs
import numpy as np
import pytest
from made_library import keep_in_library, show_from_library
from made_walk import made_walk

from blender_addon.errors import GalateaError, RigError
from blender_addon.motion.bvh import write_bvh
from blender_addon.motion.channels import every_frame
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.skeleton import JOINTS
from blender_addon.rig.retargeting import fit_to_rig
from blender_addon.scene import files, keys
from blender_addon.scene.posing import clip_tracks
from blender_addon.scene.rigs import read_rig

FORMATS = ("blend", "glb", "gltf", "fbx", "bvh")


def on_every_frame(armature, clip):
    rig = read_rig(armature)
    return every_frame(clip_tracks(armature, rig, fit_to_rig(clip, rig)), 1)


def walking_rig(make=made_rigs.human, fps=30, skin=True):
    bpy.context.scene.render.fps = fps
    armature = make()
    if skin:
        made_rigs.add_skin(armature)
    clip = made_walk(fps=fps)
    keys.key_takes(armature, [keys.Take("walk", on_every_frame(armature, clip))])
    return armature


def world(armature, frame, bones) -> np.ndarray:
    posed = made_rigs.posed(armature, frame)
    return np.array([posed.matrix_world @ posed.pose.bones[bone].head for bone in bones])


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("make", [made_rigs.human, made_rigs.metarig, made_rigs.from_fbx], ids=lambda m: m.__name__)
def test_there_and_back_every_bone_is_in_its_place(empty_scene, tmp_path, ending, make):
    armature = walking_rig(make)
    bones = list(read_rig(armature).bones.values())
    frames = (1, 17, 60)
    before = [world(armature, frame, bones) for frame in frames]
    path = tmp_path / f"walk.{ending}"
    with files.staged(path) as there:
        files.write_file(there, armature)
    assert path.is_file() and not [p for p in tmp_path.iterdir() if p.name.startswith(".")]

    again = files.open_rig(str(path))
    assert bpy.context.scene.render.fps / bpy.context.scene.render.fps_base == pytest.approx(30.0)
    assert tuple(read_rig(again).bones) == JOINTS
    first = again.animation_data.action.frame_range[0]
    after = [world(again, first + frame - 1, bones) for frame in frames]
    for a, b in zip(before, after):
        assert np.abs(a - b).max() < 2e-3, f"{np.abs(a - b).max(axis=1)}"


@pytest.mark.parametrize("ending", ["glb", "gltf"])
def test_gltf_is_valid_and_has_skin_and_animation(empty_scene, tmp_path, ending):
    armature = walking_rig(made_rigs.metarig)
    path = tmp_path / f"walk.{ending}"
    with files.staged(path) as there:
        files.write_file(there, armature)
    report = gltf_validator.validate(path)
    assert report["issues"]["numErrors"] == 0, report["issues"]["messages"][:3]
    assert report["info"]["animationCount"] == 1 and report["info"]["hasSkins"]


def test_a_written_clip_stands_upright_in_blenders_own_importer(empty_scene, tmp_path):
    """Every joint where the clip has it: Z up, facing -Y, the left side at +X."""
    clip = made_walk(heading=0.7)
    write_bvh(tmp_path / "take.bvh", clip)
    bpy.context.scene.render.fps = 30
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "take.bvh"), global_scale=0.01)
    armature = bpy.context.object
    places = joint_positions(clip)
    for k in (0, 20, 59):
        assert np.abs(world(armature, 1 + k, JOINTS) - places[k]).max() < 1e-4


def test_actions_of_the_rig_all_go_along_and_the_active_one_comes_first(empty_scene, tmp_path):
    armature = walking_rig()
    keys.key_takes(armature, [keys.Take(name, on_every_frame(armature, made_walk())) for name in ("zebra", "ant")])
    path = tmp_path / "walk.glb"
    with files.staged(path) as there:
        files.write_file(there, armature)
    animations = gltf_animations(path)
    assert sorted(animations) == ["ant", "walk", "zebra"] and animations[0] == "zebra"


def gltf_animations(path: Path) -> list[str]:
    import json
    import struct

    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    return [animation["name"] for animation in json.loads(data[20 : 20 + length])["animations"]]


# --- which rig ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "file", "name"), [
    ("a.blend", "a.blend", ""), ("a.blend:Rig", "a.blend", "Rig"), ("C:\\rigs\\a.FBX", "C:\\rigs\\a.FBX", ""),
    ("C:/rigs/a.glb:left:rig", "C:/rigs/a.glb", "left:rig"), ("x.fbx:b.blend", "x.fbx:b.blend", ""),
    ("x.fbx.blend:Rig.001", "x.fbx.blend", "Rig.001"), ("/my.blend:folder/a.gltf:R", "/my.blend:folder/a.gltf", "R"),
])
def test_a_rig_is_a_file_and_a_name(text, file, name):
    assert files.split_rig(text) == (Path(file), name)


def test_of_several_armatures_the_only_humanoid_is_meant(empty_scene, tmp_path):
    made_rigs.human()
    snake = bpy.data.objects.new("Snake", bpy.data.armatures.new("SnakeData"))
    bpy.context.collection.objects.link(snake)
    assert files.find_armature("x.blend").name == "Galatea Human"
    assert files.find_armature("x.blend", "Snake") == snake and files.find_armature("x.blend", "SnakeData") == snake
    made_rigs.human().name = "Other"
    with pytest.raises(RigError, match=r"several armatures.*Galatea Human, .*Other"):
        files.find_armature("x.blend")
    with pytest.raises(RigError, match=r"no armature 'Nobody' in x.blend; it has"):
        files.find_armature("x.blend", "Nobody")


def test_a_file_without_an_armature(empty_scene, tmp_path):
    path = tmp_path / "empty.blend"
    with files.staged(path) as there:
        bpy.ops.wm.save_as_mainfile(filepath=str(there), copy=True)
    with pytest.raises(RigError, match=r"no armature in empty.blend"):
        files.open_rig(str(path))


def test_a_blend_that_was_saved_in_edit_mode_is_opened_out_of_it(empty_scene, tmp_path):
    made_rigs.human()
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "editing.blend"))
    armature = files.open_rig(str(tmp_path / "editing.blend"))
    assert armature.mode == "OBJECT" and read_rig(armature).missing == ()


def test_a_character_that_is_only_shown_is_named(empty_scene, tmp_path):
    keep_in_library(made_rigs.human(), tmp_path / "cast.blend")
    show_from_library(tmp_path / "cast.blend", "instance")
    with pytest.raises(RigError, match=r"Cast in shot.blend only shows a collection .* library override"):
        files.find_armature("shot.blend")


@pytest.mark.parametrize("name", ["none.blend", "none.glb", "notes.txt", "notes", ""])
def test_a_file_that_is_not_there_or_of_no_kind(empty_scene, tmp_path, name):
    with pytest.raises(GalateaError) as error:
        files.open_rig(str(tmp_path / name))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("content", [b"", b"hello", b"glTF\2\0\0\0", b"HIERARCHY\nROOT Hips\n{\n", b"BLENDER-v500"])
def test_a_damaged_file_is_one_clear_line(empty_scene, tmp_path, capfd, ending, content):
    path = tmp_path / f"damaged.{ending}"
    path.write_bytes(content)
    with pytest.raises(GalateaError, match="damaged") as error:
        files.open_rig(str(path))
    assert "\n" not in str(error.value)
    printed = capfd.readouterr()
    assert printed.out == "" and printed.err == ""


# --- whole or not at all --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_a_writer_that_fails_leaves_what_was_there(empty_scene, tmp_path, monkeypatch, ending):
    path = tmp_path / f"walk.{ending}"
    path.write_bytes(b"of yesterday")
    with pytest.raises(ValueError), files.staged(path) as there:
        there.write_bytes(b"half")
        raise ValueError
    assert path.read_bytes() == b"of yesterday" and os.listdir(tmp_path) == [path.name]


def test_a_disc_that_is_full_is_one_clear_line(tmp_path):
    path = tmp_path / "walk.glb"
    with pytest.raises(GalateaError, match=r"walk.glb cannot be written: No space left"), files.staged(path):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", ["blend", "glb", "gltf", "fbx"])
def test_a_file_that_blender_cut_off_does_not_replace_the_one_there(empty_scene, tmp_path, ending):
    """On a full disk Blender's writers may end as if all were well."""
    armature = walking_rig()
    path = tmp_path / f"walk.{ending}"
    path.write_bytes(b"of yesterday")
    with pytest.raises(GalateaError, match="is the disk full"), files.staged(path) as there:
        files.write_file(there, armature)
        cut = there.with_suffix(".bin") if ending == "gltf" else there
        os.truncate(cut, cut.stat().st_size - 100)
    assert path.read_bytes() == b"of yesterday" and os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("compress", [False, True])
def test_a_blend_is_known_to_be_whole_compressed_or_not(empty_scene, tmp_path, compress):
    path = tmp_path / "walk.blend"
    with files.staged(path) as there:
        bpy.ops.wm.save_as_mainfile(filepath=str(there), copy=True, compress=compress)
    assert path.is_file()


def test_a_rig_with_its_hips_at_the_origin_stands_on_the_ground(empty_scene, tmp_path):
    """As motion capture files have it: the rest pose hangs below the ground by the length of its legs."""
    write_bvh(tmp_path / "clip.bvh", made_walk())
    armature = files.open_rig(str(tmp_path / "clip.bvh"))
    clip = made_walk(seconds=1.0)
    keys.key_takes(armature, [keys.Take("walk", on_every_frame(armature, clip))])
    wanted = joint_positions(clip)
    for frame in (1, 15, 30):
        made = world(armature, frame, JOINTS)
        assert np.abs(made[:, 2] - wanted[frame - 1, :, 2]).max() < 0.02


@pytest.mark.parametrize(("name", "says"), [
    ("walk.obj", "the ending says the format"), ("walk", "the ending says the format"),
    ("none/walk.glb", "there is no folder"), ("folder.glb", "is a folder"), ("/proc/walk.glb", "cannot be written"),
])
def test_a_target_that_cannot_be_written_is_known_before_the_work(tmp_path, name, says):
    (tmp_path / "folder.glb").mkdir()
    with pytest.raises(GalateaError, match=says) as error:
        files.check_target(tmp_path / name)
    assert "\n" not in str(error.value) and os.listdir(tmp_path) == ["folder.glb"]


def test_a_blend_keeps_its_relative_paths(empty_scene, tmp_path):
    """A picture beside the rig is still found from a result in another folder."""
    (tmp_path / "rig").mkdir()
    (tmp_path / "out").mkdir()
    picture = bpy.data.images.new("made", 4, 4)
    picture.filepath_raw, picture.file_format = str(tmp_path / "rig" / "skin.png"), "PNG"
    picture.save()
    picture.use_fake_user = True
    armature = walking_rig()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "rig" / "rig.blend"))
    bpy.data.images["made"].filepath = "//skin.png"
    bpy.ops.wm.save_mainfile()
    path = tmp_path / "out" / "walk.blend"
    with files.staged(path) as there:
        files.write_file(there, armature)
    files.open_file(path)
    assert Path(bpy.path.abspath(bpy.data.images["made"].filepath)).resolve() == tmp_path / "rig" / "skin.png"
