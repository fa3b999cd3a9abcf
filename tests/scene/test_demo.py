# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` leaves behind, with the pack that ships."""

import json

import bpy
import gltf_validator
import made_rigs
import numpy as np
import pytest
from PIL import Image

from blender_addon import api
from blender_addon.errors import GalateaError
from blender_addon.motion.contacts import find_standing
from blender_addon.motion.foot_lock import lock_feet
from blender_addon.rig.retargeting import fit_to_rig
from blender_addon.scene import files
from blender_addon.scene.rigs import read_rig


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out"
    return folder, api.make_demo(folder)


def test_four_files_and_no_other(demo):
    folder, result = demo
    assert sorted(path.name for path in folder.iterdir()) == ["demo.blend", "demo.glb", "demo.json", "demo.png"]
    assert sorted(result.files) == sorted(str(path) for path in folder.iterdir())
    told = json.loads((folder / "demo.json").read_text())
    assert told["actions"] == ["Galatea walk 0"] and told["frames"] == 240 and told["family"] == "Rigify meta-rig"


def test_the_glb_is_valid_skinned_and_animated(demo):
    report = gltf_validator.validate(demo[0] / "demo.glb")
    assert report["issues"]["numErrors"] == 0, report["issues"]["messages"][:3]
    assert report["info"]["animationCount"] == 1 and report["info"]["hasSkins"]
    assert report["info"]["totalVertexCount"] >= 1500


def test_in_the_blend_somebody_walks_over_the_floor(demo):
    folder, result = demo
    armature = files.open_rig(str(folder / "demo.blend"))
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (1, 240) and scene.camera is not None
    assert {"Floor", "Camera"} <= set(bpy.data.objects.keys())
    skin = next(ob for ob in armature.children if ob.type == "MESH")
    assert len(skin.data.vertices) >= 1500 and skin.find_armature() == armature
    rig = read_rig(armature)
    hips = [np.array(made_rigs.posed(armature, frame).pose.bones[rig.bones["Hips"]].head) for frame in (1, 240)]
    figures = result.figures
    assert np.linalg.norm(hips[1] - hips[0]) == pytest.approx(figures["travelled_m"] * rig.scale(), rel=0.05)
    assert hips[1][1] - hips[0][1] < -5.0  # it faces -Y and goes there
    # arms do just what the clip does; legs what it takes for feet to stand on a body with legs of its own, but for the
    # 2 mm at either end of a shin that keys were thinned by
    clip = result.clips[0]
    assert made_rigs.errors_against(armature, clip, every=40, limbs=made_rigs.ARMS)["limbs"] < 0.5
    locked = lock_feet(fit_to_rig(clip, rig), find_standing(clip)).clip
    errors = made_rigs.errors_against(armature, locked, every=7)
    assert errors["limbs"] < 0.6 and errors["turned"] < 1.0 and errors["pelvis"] < 0.002


def test_the_figure_wears_a_generated_material(demo):
    """As far as a texture pack ships; its maps are in the .blend and in the .glb."""
    folder, _ = demo
    ships = any(pack.kind == "texture-generator" for pack in api.list_packs()[0])
    armature = files.open_rig(str(folder / "demo.blend"))
    worn = next(ob for ob in armature.children if ob.type == "MESH").active_material
    assert ("galatea_class" in worn) == ships
    told = json.loads((folder / "demo.json").read_text())
    assert ("material" in told) == ships
    if ships:
        assert told["material"]["texture"]["class_name"] == worn["galatea_class"]
        images = [node.image for node in worn.node_tree.nodes if node.type == "TEX_IMAGE"]
        assert len(images) == 4 and all(image.packed_file for image in images)
        assert len(gltf_validator.validate(folder / "demo.glb")["info"]["resources"]) >= 3  # buffer, images


def test_the_picture_shows_something(demo):
    picture = np.asarray(Image.open(demo[0] / "demo.png").convert("L"), dtype=float)
    assert min(picture.shape) >= 200 and picture.std() > 10.0


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GalateaError, match="cannot be made") as error:
        api.make_demo(tmp_path / "file" / "out")
    assert "\n" not in str(error.value)
