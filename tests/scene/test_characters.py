# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters in Blender: a clean skinned mesh on a rig that is understood, moving, dressed; all or nothing; files."""

import json

import bpy
import gltf_validator
import numpy as np
import pytest
from made_body_pack import write_body_pack
from made_dumps import changes, dump_file
from made_texture_pack import write_texture_pack

import blender_addon
from blender_addon import api, cli
from blender_addon.api import packs
from blender_addon.errors import GalateaError, RigError
from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.motion.skeleton import JOINTS
from blender_addon.scene.versions import fcurves
from blender_addon.ui import character, character_parts, shown, watching

WALK = api.CharacterRequest(seed=4, sex=0.0, stature=1.62, action="walk", seconds=1.0, motion_seed=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    return [read_pack(write_body_pack(folder / "made-bodies")), read_pack(models_folder() / "motion-generator"),
            read_pack(write_texture_pack(folder / "made-textures"))]


@pytest.fixture
def there(empty_scene, made, monkeypatch):
    """A scene with nothing in it, and packs of bodies, motion and textures."""
    for module in (api, packs):
        monkeypatch.setattr(module, "list_packs", lambda folder="": (made, []))
    return empty_scene


@pytest.fixture
def ui(there, tmp_path, monkeypatch):
    """Galatea switched on; the settings."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    blender_addon.register("galatea_in_tests")
    watching.read_packs()
    yield there.galatea_character
    blender_addon.unregister()


def objects(result):
    return bpy.data.objects[result.armature], bpy.data.objects[result.body]


def points(ob, evaluated=False):
    """(N, 3) in the world, as modelled or as the armature leaves them."""
    bpy.context.view_layer.update()
    matrix = np.array(ob.matrix_world)
    ob = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()) if evaluated else ob
    flat = np.empty(3 * len(ob.data.vertices))
    ob.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def followers(armature):
    """The bones that follow others by themselves."""
    return {bone.name for bone in armature.data.collections["Helpers"].bones}


def stature(ob):
    heights = points(ob)[:, 2]
    return heights.max() - heights.min()


def keys_of(armature):
    return [(curve.data_path, curve.array_index, [tuple(key.co) for key in curve.keyframe_points])
            for curve in fcurves(armature.animation_data.action)]


# --- what stands there ------------------------------------------------------------------------------------------------


def test_a_character_is_a_skinned_mesh_on_a_rig_that_is_understood(there):
    there.cursor.location = (1.0, 2.0, 0.5)
    result = api.create_character(api.CharacterRequest(seed=4, sex=1.0, stature=1.83, weight=80.0))
    armature, body = objects(result)
    assert bpy.context.view_layer.objects.active is armature and bpy.context.selected_objects == [armature]
    assert tuple(armature.location) == (1.0, 2.0, 0.5) and body.parent is armature
    assert body.find_armature() is armature and not armature.animation_data and result.motion is None
    assert (result.measurements["stature"], result.measurements["weightkg"]) == (1.83, 80.0)
    assert stature(body) == pytest.approx(1.83, rel=0.01)
    rig = api.describe_rig(armature)
    assert rig.family == "Galatea Character"
    assert set(rig.bones) == set(JOINTS) and not rig.missing and not rig.notes and rig.rest_pose == "A"
    assert all(match.bone == joint for joint, match in rig.matches.items())
    others = set(armature.data.bones.keys()) - set(JOINTS) - followers(armature)
    assert {f"{side}Hand{digit}{n}" for side in ("Left", "Right") for digit in ("Thumb", "Index", "Middle", "Ring",
            "Pinky") for n in (1, 2, 3)} | {"Jaw"} == others
    assert armature["galatea_character"]["asked_stature"] == 1.83
    about = armature["galatea_character"].to_dict()
    assert about["measurements"]["chestcircumference"] == result.measurements["chestcircumference"]
    json.dumps(result.as_dict())


def test_weights_as_blender_stores_them(there):
    _, body = objects(api.create_character(api.CharacterRequest()))
    counts = np.array([len(vertex.groups) for vertex in body.data.vertices])
    sums = np.array([sum(group.weight for group in vertex.groups) for vertex in body.data.vertices])
    assert counts.min() >= 1 and counts.max() <= 4 and np.abs(sums - 1.0).max() < 1e-5
    assert np.allclose(points(body), points(body, evaluated=True), atol=1e-5)


def test_the_mesh_is_closed_quads_with_uvs(there):
    _, body = objects(api.create_character(api.CharacterRequest(seed=1)))
    mesh = body.data
    assert not mesh.validate() and mesh.uv_layers.active is not None
    assert all(polygon.use_smooth for polygon in mesh.polygons)
    assert np.mean([len(polygon.vertices) == 4 for polygon in mesh.polygons]) >= 0.95
    assert len(mesh.edges) * 2 == sum(len(polygon.vertices) for polygon in mesh.polygons)


def test_elbow_and_knee_bend_the_right_way(there):
    armature, _ = objects(api.create_character(api.CharacterRequest()))
    for bone, end, axis, sign in (("LeftForeArm", "LeftHand", 1, -1), ("RightForeArm", "RightHand", 1, -1),
                                  ("LeftLeg", "LeftFoot", 1, 1), ("RightLeg", "RightFoot", 1, 1),
                                  ("LeftFoot", "LeftToe", 2, 1), ("Spine", "Head", 1, -1)):
        before = armature.pose.bones[end].head.copy()
        armature.pose.bones[bone].rotation_quaternion = (np.cos(0.4), np.sin(0.4), 0.0, 0.0)
        bpy.context.view_layer.update()
        moved = armature.pose.bones[end].head - before
        armature.pose.bones[bone].rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
        assert sign * moved[axis] > 0.02, bone


# --- moving and dressed -----------------------------------------------------------------------------------------------


def test_it_walks_in_a_material_with_its_feet_on_the_floor(there):
    result = api.create_character(api.CharacterRequest(**{**vars(WALK), "material": "stone", "material_seed": 5}))
    armature, body = objects(result)
    assert result.motion.actions == ("Galatea walk 2",) and armature.animation_data.action.name == "Galatea walk 2"
    assert body.active_material["galatea_class"] == "stone" and body.active_material["galatea_seed"] == 5
    lowest = []
    for frame in range(1, result.motion.frames + 1):
        there.frame_set(frame)
        lowest.append(points(body, evaluated=True)[:, 2].min())
    assert min(lowest) > -0.03 and max(lowest) < 0.03
    hips = [armature.pose.bones["Hips"].head.y for frame in (1, result.motion.frames)
            if there.frame_set(frame) is None]
    assert hips[1] < hips[0] - 0.3  # it got somewhere


def test_the_same_request_is_the_same_character(there):
    first, second = (objects(api.create_character(WALK)) for _ in range(2))
    assert np.array_equal(points(first[1]), points(second[1])) and keys_of(first[0]) == keys_of(second[0])


def test_it_is_ordinary_data_that_a_canonical_clip_plays_on(there, root):
    armature, _ = objects(api.create_character(api.CharacterRequest(seed=9)))
    result = api.retarget(armature, api.RetargetRequest(clips=(str(root / "tests" / "takes" / "kick.bvh"),)))
    assert armature.animation_data.action.name == result.takes[0].action and not result.missing


# --- all or nothing ---------------------------------------------------------------------------------------------------


def test_broken_off_anywhere_the_file_is_as_it_was(there):
    request = api.CharacterRequest(**{**vars(WALK), "material": "stone", "seconds": 0.3})
    bpy.ops.mesh.primitive_cube_add()
    before = dump_file()
    for until in (0.0, 0.01, 0.1, 0.3, 0.5, 0.52, 0.6, 0.88, 0.9, 0.98):
        slices = api.character_in_slices(request)
        assert any(share >= until for share in slices)
        slices.close()
        assert changes(before, dump_file()) == [], until
        assert bpy.context.object.name == "Cube" and bpy.context.object.select_get()


def test_what_nobody_has_changes_nothing(there):
    before = dump_file()
    for wrong, line in (({"stature": 3.0}, "stature 3"), ({"stature": 1.9, "weight": 40.0}, "weight 40"),
                        ({"action": "levitate"}, "no action 'levitate'")):
        with pytest.raises(GalateaError, match=line):
            api.create_character(api.CharacterRequest(**wrong))
    assert changes(before, dump_file()) == []


# --- another body -----------------------------------------------------------------------------------------------------


def test_another_body_keeps_motion_and_materials(there):
    armature, body = objects(api.create_character(WALK))
    mine = bpy.data.materials.new("Mine")
    body.active_material = mine
    body.location.x = 0.0
    old, keys = points(body), keys_of(armature)
    taller = api.CharacterRequest(seed=7, sex=1.0, stature=1.90)
    result = api.change_body(body, taller)
    assert objects(result) == (armature, body) and stature(body) == pytest.approx(1.90, rel=0.01)
    assert body.active_material is mine and armature["galatea_character"]["seed"] == 7
    assert "made again" in result.notes[0] and result.motion.seed == 2
    api_made = api.create_character(api.CharacterRequest(**{**vars(WALK), "seed": 7, "sex": 1.0, "stature": 1.90}))
    fresh, fresh_body = objects(api_made)
    assert np.allclose(points(body), points(fresh_body), atol=1e-6)
    for bone in fresh.data.bones:
        assert np.allclose(bone.matrix_local, armature.data.bones[bone.name].matrix_local, atol=1e-4), bone.name
    assert len(keys_of(armature)) == len(keys_of(fresh))
    assert [action.name for action in bpy.data.actions] == ["Galatea walk 2", "Galatea walk 2.001"]  # and fresh's
    api.change_body(armature, api.CharacterRequest(seed=4, sex=0.0, stature=1.62))
    assert np.allclose(points(body), old, atol=1e-6)
    assert [path for path, *_ in keys_of(armature)] == [path for path, *_ in keys]


def layout(ob):
    uvs = np.empty(2 * len(ob.data.loops), np.float32)
    ob.data.uv_layers.active.data.foreach_get("uv", uvs)
    return uvs


def paint(body):
    body.active_material = bpy.data.materials.new("Mine")
    body.active_material.use_nodes = True
    nodes = body.active_material.node_tree.nodes
    nodes.new("ShaderNodeTexImage").image = bpy.data.images.new("Painted", 8, 8)


def root_hair(body):
    curves = bpy.data.hair_curves.new("Mine")
    curves.surface = body
    bpy.context.collection.objects.link(bpy.data.objects.new("Mine", curves))


def move_uvs(body):
    body.data.uv_layers.active.data[0].uv = (0.5, 0.5)


@pytest.mark.parametrize(("work", "why"), [
    (None, ""), (paint, "Mine shows a picture"), (root_hair, "Mine is rooted"), (move_uvs, "not the one")])
def test_the_uv_map_is_the_bodys_own_unless_work_hangs_on_it(there, work, why):
    _, body = objects(api.create_character(api.CharacterRequest(seed=1, sex=0.0)))
    other = api.CharacterRequest(seed=2, sex=1.0, weight=110.0)
    if work:
        work(body)
    before = layout(body)
    result = api.change_body(body, other)
    _, fresh = objects(api.create_character(other))
    assert not np.array_equal(before, layout(fresh))
    assert np.array_equal(layout(body), before if work else layout(fresh))
    assert [why in note for note in result.notes] == ([True] if work else [])


def spoil_key(action):
    fcurves(action)[0].keyframe_points[0].co[1] += 0.1


@pytest.mark.parametrize(("work", "stays"), [
    (lambda action: None, False),
    (spoil_key, True),
    (lambda action: setattr(action, "use_fake_user", True), True),
    (lambda action: setattr(action, "name", "Mine"), True),
    (lambda action: action.pose_markers.new("here"), True),
    (lambda action: bpy.data.objects.new("Other", None).animation_data_create().__setattr__("action", action), True),
])
def test_an_action_that_a_body_outdates_goes_unless_somebody_has_it(there, work, stays):
    armature, _ = objects(api.create_character(WALK))
    work(armature.animation_data.action)
    name, before = armature.animation_data.action.name, keys_of(armature)
    for seed in (5, 6):
        result = api.change_body(armature, api.CharacterRequest(seed=seed, sex=1.0))
    assert len(bpy.data.actions) == 1 + stays and result.motion.actions == (armature.animation_data.action.name,)
    old = bpy.data.actions[name]
    assert (old is armature.animation_data.action) is not stays
    if stays:
        armature.animation_data.action = old
        assert keys_of(armature) == before


def test_material_and_motion_change_alone(there):
    armature, body = objects(api.create_character(WALK))
    old = points(body)
    done = api.change_motion(body, api.CharacterRequest(action="walk", seconds=1.0, motion_seed=8))
    assert armature.animation_data.action.name == "Galatea walk 8" == done.actions[0] and len(bpy.data.actions) == 1
    body.active_material_index = 2  # somebody looked at the iris
    done = api.change_material(armature, api.CharacterRequest(material="stone", material_seed=4))
    assert body.material_slots[0].material.name == done.materials[0]
    assert body.material_slots[0].material["galatea_seed"] == 4 and np.array_equal(points(body), old)
    before = dump_file()
    for change in (api.change_motion, api.change_material):
        with pytest.raises(RigError, match="select a character"):
            change(None, api.CharacterRequest(action="walk", material="stone"))
    assert changes(before, dump_file()) == []


def test_back_to_clay_and_to_rest(there):
    armature, body = objects(api.create_character(api.CharacterRequest(**{**vars(WALK), "material": "stone"})))
    _, fresh_body = objects(api.create_character(api.CharacterRequest(seed=4, sex=0.0, stature=1.62)))
    finger = armature.pose.bones["LeftHandIndex1"]
    finger.rotation_quaternion = posed = (0.8, 0.6, 0.0, 0.0)  # by hand
    there.frame_set(12)
    assert not np.allclose(points(body, evaluated=True), points(fresh_body, evaluated=True), atol=0.05)
    there_before = {image.name for image in bpy.data.images}
    clay, rest = (change(body, api.CharacterRequest()) for change in (api.change_material, api.change_motion))
    assert (clay.object, clay.now, rest.object, rest.now) == (body.name, "clay", armature.name, "at rest")
    assert not clay.notes + rest.notes and json.dumps([clay.as_dict(), rest.as_dict()])
    assert body.material_slots[0].material == fresh_body.material_slots[0].material
    assert there_before and not bpy.data.images and not bpy.data.actions  # both can be made again
    assert np.allclose(finger.rotation_quaternion, posed)
    finger.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
    there.frame_set(20)
    assert np.allclose(points(body, evaluated=True), points(fresh_body, evaluated=True), atol=1e-5)


def test_what_was_worked_on_stays_in_the_file_when_it_is_taken_off(there):
    armature, body = objects(api.create_character(api.CharacterRequest(**{**vars(WALK), "material": "stone"})))
    material, action = body.material_slots[0].material, armature.animation_data.action
    material.node_tree.nodes["Principled BSDF"].inputs["Coat Weight"].default_value = 0.5
    spoil_key(action)
    rest = api.change_motion(body, api.CharacterRequest())
    api.change_material(body, api.CharacterRequest())
    assert material.use_fake_user and action.use_fake_user and action.name in rest.notes[0]
    assert armature.animation_data.action is None and body.material_slots[0].material != material


def test_a_texture_for_all_slots_leaves_the_eyes(there):
    _, body = objects(api.create_character(api.CharacterRequest(seed=1)))
    body.data.materials.append(bpy.data.materials.new("Nails"))
    eyes = [slot.material for slot in body.material_slots][1:-1]
    texture = api.generate_texture(api.TextureRequest("stone", count=2))
    done = api.apply_texture([body], texture, api.MaterialOptions(slots="all"))
    worn = [slot.material for slot in body.material_slots]
    assert (worn[0].name, worn[-1].name) == done.materials and worn[1:-1] == eyes
    body.active_material_index = 2
    api.apply_texture([body], texture)
    assert body.material_slots[2].material.name.startswith("Galatea stone")


# --- style ------------------------------------------------------------------------------------------------------------


def test_style_is_marked_as_beyond_the_data_and_walks_on_the_floor(there):
    shape = {"limbs": -1.0, "toon": 1.0, "childlike": 0.4}
    result = api.create_character(api.CharacterRequest(**{**vars(WALK), "shape": shape}))
    armature, body = objects(result)
    about = armature["galatea_character"].to_dict()
    assert about["shape"] == shape and about["stands"] == pytest.approx(stature(body), abs=1e-4)
    assert result.measurements["stature"] == about["measurements"]["stature"] == 1.62 and stature(body) < 1.5
    assert "beyond what was measured" in about["shape_is"] and "beyond what was measured" in result.notes[0]
    lowest = []
    for frame in range(1, result.motion.frames + 1):
        there.frame_set(frame)
        lowest.append(points(body, evaluated=True)[:, 2].min())
    assert min(lowest) > -0.03 and max(lowest) < 0.03
    plain = api.change_body(armature, api.CharacterRequest(seed=4, sex=0.0, stature=1.62))
    assert stature(body) == pytest.approx(1.62, rel=0.01) and "shape" not in armature["galatea_character"]
    assert not any("beyond" in note for note in plain.notes)


@pytest.mark.parametrize("clip", ["bend", "dance", "kick", "walk"])
def test_canonical_clips_play_on_styled_bodies(there, root, clip):
    shape = {"kick": {"heroic": 1.0}, "walk": {"limbs": -1.0}, "dance": {"childlike": 1.0}, "bend": {"limbs": 1.0}}
    armature, body = objects(api.create_character(api.CharacterRequest(seed=9, shape=shape[clip])))
    result = api.retarget(armature, api.RetargetRequest(clips=(str(root / "tests" / "takes" / f"{clip}.bvh"),)))
    assert not result.missing
    first, last = map(int, armature.animation_data.action.frame_range)
    lowest = []
    for frame in range(first, last + 1, max((last - first) // 8, 1)):
        there.frame_set(frame)
        lowest.append(points(body, evaluated=True)[:, 2].min())
    assert min(lowest) > -0.06 and np.median(lowest) < 0.06, lowest


def test_a_body_that_was_worked_on_is_left_alone(there):
    armature, body = objects(api.create_character(api.CharacterRequest()))
    for spoil, line in ((lambda: body.shape_key_add(name="Basis"), "shape keys"),
                        (lambda: body.data.vertices.add(1), "other vertices"),
                        (lambda: bpy.data.objects.remove(body), "no body any more")):
        spoil()
        before = dump_file()
        with pytest.raises(RigError, match=line):
            api.change_body(armature, api.CharacterRequest(seed=2))
        assert changes(before, dump_file()) == []
    with pytest.raises(RigError, match="select a character"):
        api.change_body(None, api.CharacterRequest())


def test_broken_off_the_body_is_the_old_one(there):
    armature, _ = objects(api.create_character(WALK))
    there.frame_set(1)
    rest = {bone.name: np.array(bone.matrix_local) for bone in armature.data.bones}
    pose = {bone.name: np.array(bone.matrix) for bone in armature.pose.bones}
    before = dump_file()
    slices = api.body_in_slices(armature, api.CharacterRequest(seed=8))
    for share in slices:
        if share > 0.6:
            slices.close()
    after = dump_file()  # where bones are is as near as edit mode keeps it
    assert all(np.allclose(bone.matrix_local, rest[bone.name], atol=1e-5) for bone in armature.data.bones)
    assert all(np.allclose(bone.matrix, pose[bone.name], atol=1e-5) for bone in armature.pose.bones)
    assert [change for change in changes(before, after) if "armatures/" not in change and ".pose:" not in change] == []


def test_a_rig_out_of_sight_is_told_of(there):
    armature, body = objects(api.create_character(WALK))
    armature.hide_set(True)
    api.change_body(body, api.CharacterRequest(seed=5))
    armature.hide_viewport = True
    bpy.context.view_layer.objects.active = body
    before = dump_file()
    with pytest.raises(RigError, match="hidden from all viewports"):
        api.change_body(body, api.CharacterRequest(seed=6))
    assert changes(before, dump_file()) == []


# --- the panel --------------------------------------------------------------------------------------------------------


def test_what_is_set_is_what_is_made_and_undone_in_one_step(ui):
    ui.seed, ui.stature_given, ui.stature, ui.sex = 3, True, 1.75, 0.9
    assert ui.request().asked == {"stature": 1.75}
    bpy.ops.ed.undo_push(message="before")
    before = dump_file()
    assert bpy.ops.galatea.create_character("EXEC_DEFAULT", True) == {"FINISHED"}
    assert stature(bpy.context.object.children[0]) == pytest.approx(1.75, rel=0.01)
    assert shown.now.device.provider
    bpy.ops.ed.undo()
    assert changes(before, dump_file()) == []


def test_the_panel_hands_on_style_and_changes_parts(ui):
    ui.shape_head, ui.shape_toon, ui.seed = -0.25, 0.5, 3
    assert ui.request().shape == {"head": -0.25, "toon": 0.5}
    bpy.ops.galatea.reset_style()
    assert ui.request().shape == {}
    for operator in (character_parts.ChangeMaterial, character_parts.ChangeMotion):
        assert "Select a character" in operator.why_not(bpy.context)
    bpy.ops.galatea.create_character("EXEC_DEFAULT")
    ui.material, ui.material_seed, ui.action, ui.seconds, ui.motion_seed = "stone", 6, "walk", 0.5, 2
    assert bpy.ops.galatea.change_material("EXEC_DEFAULT", True) == {"FINISHED"}
    assert bpy.ops.galatea.change_motion("EXEC_DEFAULT", True) == {"FINISHED"}
    armature = bpy.context.object
    assert armature.animation_data.action.name == "Galatea walk 2"
    body = next(child for child in armature.children if "galatea_body" in child.data)
    assert body.material_slots[0].material["galatea_seed"] == 6
    ui.material = ui.action = ""
    assert bpy.ops.galatea.change_material("EXEC_DEFAULT", True) == {"FINISHED"}
    assert bpy.ops.galatea.change_motion("EXEC_DEFAULT", True) == {"FINISHED"}
    assert armature.animation_data.action is None and "galatea_seed" not in body.material_slots[0].material


def test_each_change_is_undone_and_done_again_in_one_step(ui):
    ui.seed, ui.action, ui.seconds, ui.shirt_worn, ui.trousers_worn = 3, "walk", 0.5, True, True
    bpy.ops.galatea.create_character("EXEC_DEFAULT", True)
    for change, asked in (("change_clothes", {"skirt_worn": True, "trousers_worn": False, "shirt_material": "stone"}),
                          ("change_clothes", {"skirt_worn": False, "shirt_worn": False}), ("change_body", {"seed": 8}),
                          ("change_motion", {"motion_seed": 4}), ("change_material", {"material": "stone"}),
                          ("change_material", {"material": ""}), ("change_motion", {"action": ""})):
        settings = bpy.context.scene.galatea_character  # undo makes new ones
        for name, value in asked.items():
            setattr(settings, name, value)
        bpy.ops.ed.undo_push(message="set")
        before = dump_file()
        assert getattr(bpy.ops.galatea, change)("EXEC_DEFAULT", True) == {"FINISHED"}
        after = dump_file()
        assert changes(before, after)
        bpy.ops.ed.undo()
        assert changes(before, dump_file()) == [], change
        bpy.ops.ed.redo()
        assert changes(after, dump_file()) == [], change


def test_change_body_is_for_characters(ui):
    assert "Select a character" in character.ChangeBody.why_not(bpy.context)
    bpy.ops.object.collection_instance_add(collection=bpy.data.collections.new("Elsewhere").name)
    assert "make a library override" in character.ChangeBody.why_not(bpy.context)
    bpy.ops.galatea.create_character("EXEC_DEFAULT")
    assert character.ChangeBody.why_not(bpy.context) == ""
    ui.stature_given, ui.stature = True, 1.9
    bpy.ops.galatea.roll_character_seed(which="motion_seed")
    assert bpy.ops.galatea.change_body("EXEC_DEFAULT", True) == {"FINISHED"}
    assert stature(bpy.context.object.children[0]) == pytest.approx(1.9, rel=0.01)
    bpy.ops.object.mode_set(mode="POSE")
    for operator in (character.ChangeBody, character.CreateCharacter):
        assert "Object Mode" in operator.why_not(bpy.context)
    shown.now.catalogue = shown.Catalogue()
    assert "no body pack" in character.CreateCharacter.why_not(bpy.context)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["glb", "blend", "fbx"])
def test_files_hold_the_character(there, tmp_path, ending):
    out = tmp_path / f"out.{ending}"
    words = f"character --seed 3 --stature 1.7 --action walk --seconds 1 --material stone --out {out} --quiet"
    assert cli.main(words.split()) == 0
    if ending == "blend":
        bpy.ops.wm.open_mainfile(filepath=str(out))
        assert all(material.users > int(material.use_fake_user) for material in bpy.data.materials)
    if ending == "glb":
        report = gltf_validator.validate(out)
        assert not gltf_validator.errors(out) and report["info"]["animationCount"] == 1
        assert report["info"]["materialCount"] >= 1 and report["info"]["hasSkins"]
    armature = api.open_rig(str(out))
    assert not api.describe_rig(armature).missing and armature.animation_data.action is not None
    body = next(ob for ob in bpy.context.scene.objects if ob.type == "MESH" and ob.find_armature() is armature)
    heights = points(body)[:, 2]
    assert heights.max() - heights.min() == pytest.approx(1.7, rel=0.01)


def test_files_that_cannot_be_written_are_told_before_any_work(there, tmp_path):
    for out in (tmp_path / "a.bvh", tmp_path / "gone" / "a.blend"):
        with pytest.raises(GalateaError):
            api.character_file(api.CharacterRequest(), out)
    assert list(tmp_path.iterdir()) == []
