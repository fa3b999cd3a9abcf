# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin on real rigs, and contact sheets of it that leave no trace in the scene."""

import dataclasses
import math

import bpy
import made_rigs
import numpy as np
import pytest
from PIL import Image

from blender_addon.errors import GalateaError, RigError
from blender_addon.motion.skeleton import JOINTS
from blender_addon.scene.mannequin import MATERIAL, add_mannequin
from blender_addon.scene.render import contact_sheet
from blender_addon.scene.rigs import read_rig
from blender_addon.scene.sheets import lay_out, save_png, write_text
from blender_addon.scene.versions import bind_action, new_action, new_fcurve


def vertices(ob, evaluated=False):
    """World positions, as modelled or as the modifiers leave them."""
    if evaluated:
        ob = ob.evaluated_get(bpy.context.evaluated_depsgraph_get())
    else:
        bpy.context.view_layer.update()
    points = np.empty(len(ob.data.vertices) * 3)
    ob.data.vertices.foreach_get("co", points)
    matrix = np.array(ob.matrix_world)
    return points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def group(ob, bone):
    """Which vertices follow a bone by more than nine tenths."""
    index = ob.vertex_groups[bone].index
    return np.array([any(g.group == index and g.weight > 0.9 for g in v.groups) for v in ob.data.vertices])


@pytest.mark.parametrize("make", made_rigs.RIGS, ids=lambda make: make.__name__)
def test_it_fits_and_follows_every_kind_of_rig(empty_scene, make):
    armature = make()
    rig = read_rig(armature)
    ob = add_mannequin(armature, rig)
    assert ob.parent == armature and ob.find_armature() == armature and set(ob.users_scene) == {empty_scene}
    assert [g.name for g in ob.vertex_groups] == list(rig.bones.values())
    assert [m.type for m in ob.modifiers] == ["ARMATURE"]
    assert ob.data.uv_layers.active is not None and all(p.use_smooth for p in ob.data.polygons)
    assert ob.active_material.name == MATERIAL
    for vertex in ob.data.vertices:
        assert len(vertex.groups) <= 4 and sum(g.weight for g in vertex.groups) == pytest.approx(1.0, abs=1e-5)
    rest, posed = vertices(ob), vertices(ob, evaluated=True)
    assert np.allclose(rest, posed, atol=1e-4)  # the rest pose leaves the mesh where it was made
    world = np.array(armature.matrix_world)
    unit = rig.scale() * float(np.mean(armature.matrix_world.to_scale()))
    for joint in ("LeftHand", "RightHand", "Head"):
        at = world[:3, :3] @ np.array(armature.data.bones[rig.bones[joint]].head_local) + world[:3, 3]
        near = np.linalg.norm(rest[group(ob, rig.bones[joint])] - at, axis=1)
        assert near.min() < 0.12 * unit and near.max() < 0.28 * unit, joint
    assert len(ob.data.vertices) >= 1500


def test_the_mesh_follows_its_bones(empty_scene):
    armature = made_rigs.metarig()
    ob = add_mannequin(armature, read_rig(armature))
    rest = vertices(ob)
    hand, foot = group(ob, "hand.L"), group(ob, "foot.R")
    assert hand.sum() > 100 and foot.sum() > 50
    bone = armature.pose.bones["forearm.L"]
    bone.rotation_mode = "XYZ"
    bone.rotation_euler = (0.0, 0.0, math.radians(80.0))
    posed = vertices(ob, evaluated=True)
    moved = np.linalg.norm(posed - rest, axis=1)
    assert np.isfinite(posed).all()
    assert moved[hand].min() > 0.15 and moved[foot].max() < 1e-4
    deform = np.array(armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["hand.L"].matrix
                      @ armature.data.bones["hand.L"].matrix_local.inverted())
    assert np.allclose(posed[hand], rest[hand] @ deform[:3, :3].T + deform[:3, 3], atol=1e-3)


def test_what_has_no_bone_follows_the_nearest_that_has(empty_scene):
    armature = made_rigs.human()
    rig = read_rig(armature)
    gone = ("LeftToe", "RightToe", "Spine1", "LeftShoulder", "RightShoulder", "LeftHand", "Neck", "Head")
    rig = _without(rig, *gone)
    ob = add_mannequin(armature, rig)
    assert {g.name for g in ob.vertex_groups} == set(JOINTS) - set(gone)
    rest = vertices(ob)
    assert group(ob, "Spine2")[rest[:, 2] > 1.65].all()
    assert group(ob, "LeftForeArm")[rest[:, 0] > 0.75].all()
    assert all(sum(g.weight for g in v.groups) == pytest.approx(1.0, abs=1e-5) for v in ob.data.vertices)


def test_it_stands_on_the_ground_as_tall_as_the_rig(empty_scene):
    armature = made_rigs.from_fbx()
    ob = add_mannequin(armature, read_rig(armature))
    height = vertices(ob)[:, 2]
    assert height.min() == pytest.approx(0.0, abs=2e-3) and height.max() == pytest.approx(1.75, abs=0.03)


def test_one_material_for_all(empty_scene):
    armature = made_rigs.human()
    first, second = (add_mannequin(armature, read_rig(armature)) for _ in range(2))
    assert first.active_material == second.active_material and first.data != second.data


def _without(rig, *joints):
    matches = {joint: match for joint, match in rig.matches.items() if joint not in joints}
    return dataclasses.replace(rig, map=dataclasses.replace(rig.map, matches=matches))


def test_nothing_is_made_when_no_body_fits(empty_scene):
    armature = made_rigs.human()
    rig = read_rig(armature)
    before = listing()
    with pytest.raises(RigError):
        add_mannequin(armature, _without(rig, "LeftLeg"))
    assert listing() == before


# --- contact sheets -------------------------------------------------------------------------------------------------


def listing():
    """All data, by kind and name, and how often each is used."""
    found = {}
    for name in dir(bpy.data):
        items = getattr(bpy.data, name)
        if isinstance(items, bpy.types.bpy_prop_collection):
            found[name] = sorted((item.name, item.users) for item in items if isinstance(item, bpy.types.ID))
    return found


def state(scene, armature):
    """What a person sees of their scene: frame, settings, selection, poses, visibility."""
    plain = {}
    for owner in (scene, scene.render, scene.cycles, scene.view_settings, scene.render.image_settings):
        for prop in owner.bl_rna.properties:
            # use_nodes says on reading that it is going away
            if prop.type in ("INT", "FLOAT", "BOOLEAN", "ENUM", "STRING") and prop.identifier != "use_nodes":
                value = getattr(owner, prop.identifier)
                plain[owner.bl_rna.identifier, prop.identifier] = tuple(value) if _is_array(prop) else value
    seen = [(ob.name, ob.select_get(), ob.hide_get(), ob.hide_render, tuple(map(tuple, ob.matrix_world)),
             ob.animation_data and ob.animation_data.action and ob.animation_data.action.name)
            for ob in scene.objects]
    poses = [(bone.name, tuple(map(tuple, bone.matrix_basis))) for bone in armature.pose.bones]
    return plain, seen, poses, bpy.context.view_layer.objects.active.name, bpy.context.scene.name


def _is_array(prop):
    return getattr(prop, "is_array", False)


@pytest.fixture
def walker(empty_scene):
    """A human with a mannequin that goes forward and swings a leg."""
    armature = made_rigs.human()
    add_mannequin(armature, read_rig(armature))
    action = new_action(armature, "walk")
    bind_action(armature, action)
    hips, leg = armature.pose.bones["Hips"], armature.pose.bones["LeftUpLeg"]
    leg.rotation_mode = "XYZ"
    for path, index, ends in ((hips.path_from_id("location"), 2, (0.0, 1.5)),
                              (leg.path_from_id("rotation_euler"), 0, (-0.5, 0.5))):
        curve = new_fcurve(action, path, index, "walk")
        for frame, value in zip((1, 31), ends):
            curve.keyframe_points.insert(frame, value)
    return armature


def test_a_sheet_shows_every_frame_and_leaves_no_trace(walker, empty_scene, tmp_path):
    empty_scene.frame_set(7)
    walker.pose.bones["RightArm"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)  # not keyed: a frame change must not come
    bpy.context.view_layer.update()
    before = listing(), state(empty_scene, walker)
    contact_sheet(tmp_path / "sheet.png", walker, (1, 16, 31), columns=2, size=64)
    after = listing(), state(empty_scene, walker)
    assert after[0] == before[0]
    assert after[1] == before[1]
    picture = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert picture.shape == (2 * 64 + 12, 2 * 64 + 12, 3)
    cells = [picture[4:68, 4:68], picture[4:68, 72:136], picture[72:136, 4:68]]
    assert all(cell.std() > 12.0 for cell in cells)
    assert picture[72:136, 72:136].min() > 240  # no fourth picture
    assert np.abs(cells[0].astype(int) - cells[2]).mean() > 3.0
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_a_hidden_and_disabled_figure_is_shown_all_the_same(walker, tmp_path):
    for ob in (walker, *walker.children):
        ob.hide_render = ob.hide_viewport = True
        ob.hide_set(True)
    contact_sheet(tmp_path / "sheet.png", walker, [1], size=48)
    picture = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(float)
    middle = picture[20:40, 22:32]
    assert (middle[..., 0] - middle[..., 2]).max() > 15.0  # clay is warmer than floor and sky


def test_a_rig_without_mesh_and_a_file_that_cannot_be_written(walker, tmp_path):
    before = listing()
    with pytest.raises(GalateaError, match="cannot be written"):
        contact_sheet(tmp_path / "no" / "sheet.png", walker, [1], size=32)
    with pytest.raises(GalateaError, match="at least one frame"):
        contact_sheet(tmp_path / "sheet.png", walker, [])
    assert listing() == before
    bare = made_rigs.human()
    before = listing()
    with pytest.raises(RigError, match="moves no mesh"):
        contact_sheet(tmp_path / "sheet.png", bare, [1])
    assert listing() == before and not list(tmp_path.iterdir())


def test_sheets_are_laid_out_and_saved(tmp_path):
    pictures = [np.full((10, 20, 3), shade, np.uint8) for shade in (10, 20, 30)]
    write_text(pictures[0], "-12.5 m", 1, 1)
    sheet = lay_out(pictures, 5)
    assert sheet.shape == (18, 3 * 24 + 4, 3)
    save_png(tmp_path / "sheet.png", sheet)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "sheet.png")), sheet)
    assert (sheet[5, 5:11] == 10).all() and (sheet[8, 5:10] == 30).all()  # the minus is a bar in the fourth row
