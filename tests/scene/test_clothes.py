# SPDX-License-Identifier: GPL-3.0-or-later
"""Clothes in Blender: ordinary skinned meshes with materials of their own, nothing under them shows, all or nothing.

Whether something shows is told by rays in the posed meshes that Blender's own modifiers make, frame by frame.
"""

import json
from dataclasses import dataclass

import bpy
import gltf_validator
import numpy as np
import pytest
from made_body_pack import write_body_pack
from made_dumps import changes, dump_file
from made_texture_pack import write_texture_pack
from mathutils import Matrix, Vector
from mathutils.bvhtree import BVHTree

from blender_addon import api, cli
from blender_addon.api import packs
from blender_addon.errors import GalateaError, RigError
from blender_addon.inference.packs import models_folder, read_pack

DRESSED = api.CharacterRequest(seed=4, sex=1.0, clothes=("trousers", "shirt", "boots"), clothes_seed=1)


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


def asked(**more):
    return api.CharacterRequest(**{**vars(DRESSED), **more})


def places(ob):
    flat = np.empty(3 * len(ob.data.vertices))
    ob.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def evaluated(ob):
    """Vertices (N, 3) in the world and faces (F, 4) as all modifiers leave them."""
    ob = ob.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = ob.to_mesh()
    flat, faces = np.empty(3 * len(mesh.vertices)), np.empty(4 * len(mesh.polygons), int)
    mesh.vertices.foreach_get("co", flat)
    mesh.polygons.foreach_get("vertices", faces)
    matrix = np.array(ob.matrix_world)
    ob.to_mesh_clear()
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3], faces.reshape(-1, 4)


def garments(result):
    return {worn.garment: bpy.data.objects[worn.object] for worn in result.clothes}


# --- what is made -----------------------------------------------------------------------------------------------------


def test_clothes_are_ordinary_meshes_under_the_armature(there):
    result = api.create_character(DRESSED)
    armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
    worn = garments(result)
    assert [ob.name for ob in worn.values()] == [f"{armature.name} {name}" for name in ("Trousers", "Shirt", "Boots")]
    for name, ob in worn.items():
        assert ob.parent == armature and ob.data["galatea_garment"]["name"] == name
        assert [(m.type, m.object) for m in ob.modifiers] == [("ARMATURE", armature)]
        sums = [sum(group.weight for group in vertex.groups) for vertex in ob.data.vertices]
        assert max(len(vertex.groups) for vertex in ob.data.vertices) <= 4 and np.allclose(sums, 1.0, atol=1e-5)
        assert {group.name for group in ob.vertex_groups} <= {bone.name for bone in armature.data.bones}
        assert not ob.data.validate() and ob.data.uv_layers.active is not None
        assert ob.data.materials[0] is not None and ob.data.materials[0] not in list(body.data.materials)
        assert np.allclose(places(ob), evaluated(ob)[0] - armature.matrix_world.translation, atol=1e-5)
    mask = body.modifiers["Covered"]
    assert mask.type == "MASK" and mask.vertex_group == "Covered" and mask.invert_vertex_group
    assert len(evaluated(body)[1]) < 0.6 * len(body.data.polygons)  # the mesh itself stays whole


def test_without_clothes_nothing_is_masked(there):
    body = bpy.data.objects[api.create_character(api.CharacterRequest(seed=4)).body]
    assert "Covered" not in body.modifiers and "Covered" not in body.vertex_groups


def test_a_garment_wears_a_texture_at_its_size(there):
    result = api.create_character(asked(wear={"trousers": "stone"}, clothes_seed=5))
    worn = garments(result)
    assert worn["trousers"].material_slots[0].material["galatea_class"] == "stone"
    assert worn["trousers"].material_slots[0].material["galatea_seed"] == 5
    assert [each.material is not None for each in result.clothes] == [True, False, False]
    assert "galatea_class" not in worn["shirt"].material_slots[0].material
    assert json.dumps(result.as_dict())
    with pytest.raises(GalateaError, match="velvet"):
        api.create_character(asked(wear={"shirt": "velvet"}))


# --- nothing shows ----------------------------------------------------------------------------------------------------


@dataclass
class Posed:
    """A mesh in a pose: its vertices with their normals, and how rays find it."""

    points: np.ndarray
    faces: np.ndarray

    def __post_init__(self):
        self.tree = BVHTree.FromPolygons(self.points.tolist(), self.faces.tolist())
        one, two = (self.points[self.faces[:, k + 2]] - self.points[self.faces[:, k]] for k in (0, 1))
        flat = np.repeat(np.cross(one, two), 4, axis=0)
        self.normals = np.stack([np.bincount(self.faces.ravel(), axis, len(self.points)) for axis in flat.T], axis=1)


def shown_through(scene, armature, pairs, frames):
    """For each pair of what is under and over: the most vertices of the one that stand out of the other in a frame,
    and how far (metres).

    Only the cloth counts that is within 6 cm in the rest pose: a hand may well touch a skirt, or a foot the other leg.
    """
    objects = {ob for pair in pairs for ob in pair}
    armature.data.pose_position = "REST"
    bpy.context.view_layer.update()
    rest = {ob: Posed(*evaluated(ob)) for ob in objects}
    near = {(under, over): [n for n in np.unique(rest[under].faces)
                            if rest[over].tree.find_nearest(Vector(rest[under].points[n]), 0.05)[0] is not None]
            for under, over in pairs}
    middles = {ob: rest[ob].points[rest[ob].faces].mean(axis=1) for ob in objects}
    armature.data.pose_position = "POSE"
    found = dict.fromkeys(pairs, (0, 0.0))
    for frame in frames:
        scene.frame_set(int(frame))
        now = {ob: Posed(*evaluated(ob)) for ob in objects}
        for (under, over), some in near.items():
            out, deepest = 0, found[under, over][1]
            for n in some:
                point, away = Vector(now[under].points[n]), Vector(now[under].normals[n]).normalized()
                _, normal, face, depth = now[over].tree.ray_cast(point, -away, 0.03)
                # The outer side of cloth right behind the skin, and not behind the limb.
                behind = normal is not None and normal.dot(away) > 0.3 and depth > 0.001
                behind = behind and np.linalg.norm(middles[over][face] - rest[under].points[n]) < 0.06
                if behind and now[under].tree.ray_cast(point - 1e-4 * away, -away, depth)[0] is None:
                    out, deepest = out + 1, max(deepest, depth)
            found[under, over] = max(found[under, over][0], out), deepest
    return found


@pytest.mark.parametrize("person", [
    {"sex": 1.0, "clothes": ("trousers", "shirt", "boots"), "clothes_seed": 0},
    {"sex": 0.0, "weight": 92.0, "clothes": ("skirt", "shirt", "boots"), "clothes_seed": 2},
    {"sex": 0.0, "weight": 50.0, "clothes": ("trousers", "shirt"), "clothes_seed": 1},
], ids=["man", "stout woman", "slight woman"])
def test_nothing_shows_through_in_a_walk(there, person):
    result = api.create_character(api.CharacterRequest(seed=3, action="walk", seconds=2.0, motion_seed=6, **person))
    armature, worn = bpy.data.objects[result.armature], garments(result)
    body = bpy.data.objects[result.body]
    layers = [(worn[under], worn[over]) for under, over in (("boots", "trousers"), ("trousers", "shirt"),
                                                            ("shirt", "skirt")) if under in worn and over in worn]
    found = shown_through(there, armature, [*((body, ob) for ob in worn.values()), *layers],
                          np.linspace(1, result.motion.frames, 20))
    for (under, over), (count, deep) in found.items():
        where = under.name, over.name, count, deep
        assert count == 0 if under is body else (count <= 2 and deep < 0.01), where


def test_no_thigh_comes_through_a_skirt_in_sitting_and_running(there):
    for action in ("sit", "run"):
        result = api.create_character(api.CharacterRequest(seed=3, sex=0.0, action=action, seconds=2.0, motion_seed=6,
                                                           clothes=("skirt", "shirt"), clothes_seed=4))
        armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
        found = shown_through(there, armature, [(body, garments(result)["skirt"])],
                              np.linspace(1, result.motion.frames, 10))
        assert all(count == 0 for count, _ in found.values()), (action, found)


@pytest.mark.parametrize(("seed", "most"), [(0, 0.08), (4, 0.05), (1, 0.07)],
                         ids=["short and wide", "short and slim", "long"])  # metres
def test_a_skirt_comes_to_lie_on_the_lap(there, seed, most):
    result = api.create_character(api.CharacterRequest(seed=3, sex=0.0, clothes=("skirt", "shirt"), clothes_seed=seed))
    armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
    skirt = garments(result)["skirt"]
    rest = places(skirt)
    low = rest[:, 2] < np.quantile(rest[:, 2], 0.35)
    front = np.flatnonzero(low & (rest[:, 1] < np.median(rest[low, 1]) - 0.03))
    for side in ("Left", "Right"):
        for name, turn in (("UpLeg", -1.5), ("Leg", 1.5)):
            bone = armature.pose.bones[side + name]
            bpy.context.view_layer.update()
            at = Matrix.Translation(bone.head)
            bone.matrix = at @ Matrix.Rotation(turn, 4, "X") @ at.inverted() @ bone.matrix
    bpy.context.view_layer.update()
    skin, cloth = Posed(*evaluated(body)).tree, evaluated(skirt)[0][front]
    off = np.mean([skin.find_nearest(Vector(point))[3] for point in cloth])
    assert len(front) > 200 and off < most


# --- all or nothing, and again ----------------------------------------------------------------------------------------


def test_another_body_takes_its_clothes_along(there):
    result = api.create_character(DRESSED)
    worn = garments(result)
    before = {name: places(ob) for name, ob in worn.items()}
    other = asked(seed=8, sex=0.0, stature=1.60)
    api.change_body(bpy.data.objects[result.armature], other)
    fresh = garments(api.create_character(other))
    for name, ob in worn.items():
        assert not np.allclose(places(ob), before[name], atol=1e-3)
        assert np.allclose(places(ob), places(fresh[name]), atol=2e-5), name
    again = dump_file()
    slices = api.body_in_slices(worn["shirt"], DRESSED)
    for share in slices:
        if share >= 0.3:
            slices.close()
    assert [line for line in changes(again, dump_file()) if "meshes/" in line] == []


def test_another_person_keeps_the_cut_of_her_hair(there):
    result = api.create_character(asked(clothes=("hair",), sex=0.0))
    hair = garments(result)["hair"]
    before, faces = places(hair), len(hair.data.polygons)
    api.change_body(bpy.data.objects[result.armature], asked(seed=8, sex=1.0, stature=1.85))
    moved = places(hair)
    assert len(hair.data.polygons) == faces and not np.allclose(moved, before, atol=1e-2)
    top = places(bpy.data.objects[result.body])[:, 2].max()
    assert 0.0 < moved[:, 2].max() - top < 0.12


def test_a_remodelled_garment_is_left_as_it_is(there):
    result = api.create_character(DRESSED)
    shirt = garments(result)["shirt"]
    shirt.data.vertices.add(1)
    before = places(shirt)
    api.change_body(shirt, asked(seed=8, sex=0.0))
    assert np.array_equal(places(shirt), before)


def test_other_clothes_in_place_of_the_old(there):
    result = api.create_character(asked(action="walk", seconds=0.5))
    armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
    action, skin, hidden = armature.animation_data.action, places(body), len(evaluated(body)[1])
    again = api.change_clothes(body, asked(clothes=("skirt", "shirt"), clothes_seed=9))
    names = {child.name.removeprefix(armature.name) for child in armature.children}
    assert names == {" Body", " Skirt", " Shirt"}
    assert [worn.garment for worn in again.clothes] == ["skirt", "shirt"] and again.seed == 9
    assert armature.animation_data.action is action and np.array_equal(places(body), skin)
    assert len(evaluated(body)[1]) > hidden  # legs and feet are seen again
    assert not [mesh for mesh in bpy.data.meshes if mesh.users == 0 and "Boots" in mesh.name]
    assert not [material for material in bpy.data.materials if material.users == 0]
    fresh = garments(api.create_character(asked(clothes=("skirt", "shirt"), clothes_seed=9)))
    for worn in again.clothes:
        assert np.allclose(places(bpy.data.objects[worn.object]), places(fresh[worn.garment]), atol=2e-5)
    assert json.dumps(again.as_dict())
    api.change_clothes(armature, asked(clothes=(), wear={}, clothes_seed=None))
    assert list(armature.children) == [body] and len(evaluated(body)[1]) == len(body.data.polygons)


def test_brows_are_plain_again_without_hair_though_no_plain_ones_were_saved(there):
    result = api.create_character(asked(clothes=("hair",), clothes_seed=2))
    body = bpy.data.objects[result.body]
    assert body.material_slots[4].material.name != "Galatea Brow"
    assert "Galatea Brow" not in bpy.data.materials  # nobody has them
    api.change_clothes(bpy.data.objects[result.armature], asked(clothes=(), clothes_seed=None))
    assert body.material_slots[4].material.name == "Galatea Brow"


def test_hair_has_strands_and_brows_go_with_it(there):
    shared = api.create_character(api.CharacterRequest(seed=1))
    result = api.create_character(asked(clothes=("hair",), clothes_seed=2))
    armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
    hair = garments(result)["hair"]
    material, brow = hair.material_slots[0].material, body.material_slots[4].material
    pictures = [node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"]
    assert [tuple(image.size) for image in pictures] == [(512, 512)] * 2
    assert all(image.packed_file for image in pictures)
    assert [image.colorspace_settings.name for image in pictures] == ["sRGB", "Non-Color"]
    assert brow != bpy.data.objects[shared.body].material_slots[4].material
    assert all(0.0 < b < h for b, h in zip(brow.diffuse_color[:3], material.diffuse_color[:3]))
    names = {image.name for image in pictures} | {material.name, brow.name}
    again = api.change_clothes(armature, asked(clothes=("hair",), clothes_seed=6, wear={"hair": "stone"}))
    assert [worn.material is not None for worn in again.clothes] == [True]
    api.change_clothes(armature, asked(clothes=(), clothes_seed=None))
    assert body.material_slots[4].material == bpy.data.objects[shared.body].material_slots[4].material
    assert not names & {data.name for data in (*bpy.data.images, *bpy.data.materials)}


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_no_skull_comes_through_hair_in_a_run_with_the_head_turned(there, seed):
    result = api.create_character(api.CharacterRequest(
        seed=seed, weight=(None, 110.0, 52.0, None)[seed], shape=({}, {}, {"childlike": 1.0}, {"toon": 1.0})[seed],
        action="run", seconds=1.0, motion_seed=2, clothes=("hair",)))
    armature, body = bpy.data.objects[result.armature], bpy.data.objects[result.body]
    hair = garments(result)["hair"]
    found = shown_through(there, armature, [(body, hair)], (3, 12, 25))
    armature.animation_data_clear()
    for name, turn in (("Neck", 0.35), ("Head", 0.9)):
        armature.pose.bones[name].matrix_basis = Matrix.Rotation(turn, 4, "Y")
    nose = body.data.vertices[int(np.argmin(places(body)[:, 1]))].co
    bpy.context.view_layer.update()
    turned = armature.pose.bones["Head"].matrix @ armature.data.bones["Head"].matrix_local.inverted() @ nose
    assert abs(turned.x) > 0.05  # to one side
    for more in (found, shown_through(there, armature, [(body, hair)], (1,))):
        assert all(count == 0 for count, _ in more.values()), more


def worked_on(result):
    """A dressed character that somebody worked on: modifiers, materials, a brooch; the materials."""
    worn = garments(result)
    shirt, trousers = worn["shirt"], worn["trousers"]
    shirt.name = "Favourite Shirt"
    shirt.modifiers.new("Thicker", "SOLIDIFY").thickness = 0.003
    shirt.constraints.new("LIMIT_SCALE").name = "Never Larger"
    own, edited = bpy.data.materials.new("My Print"), shirt.data.materials[1]
    shirt.data.materials[0] = own
    edited.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (1.0, 0.0, 0.0, 1.0)
    trousers.modifiers.new("Rounder", "SUBSURF")
    brooch = bpy.data.objects.new("Brooch", None)
    bpy.context.scene.collection.objects.link(brooch)
    brooch.parent, brooch.location = trousers, (0.1, 0.2, 0.3)
    bpy.context.view_layer.update()
    return own, edited, brooch


def test_what_people_added_to_a_garment_stays(there):
    result = api.create_character(DRESSED)
    worn, before = garments(result), bpy.data.objects[result.body]
    own, edited, brooch = worked_on(result)
    plain = worn["boots"].data.materials[0].name
    place, faces = brooch.matrix_world.copy(), {name: len(ob.data.polygons) for name, ob in worn.items()}
    again = api.change_clothes(before, asked(clothes=("shirt", "boots", "skirt"), clothes_seed=9))
    shirt = bpy.data.objects["Favourite Shirt"]
    assert shirt == worn["shirt"] == garments(again)["shirt"] and shirt.data["galatea_garment"]["seed"] == 9
    assert [modifier.name for modifier in shirt.modifiers] == ["Armature", "Thicker"]
    assert shirt.constraints[0].name == "Never Larger" and len(shirt.data.polygons) != faces["shirt"]
    assert list(shirt.data.materials) == [own, edited]
    assert plain not in bpy.data.materials and not [mesh for mesh in bpy.data.meshes if mesh.users == 0]
    assert brooch.parent == shirt.parent and np.allclose(brooch.matrix_world, place, atol=1e-6)
    notes = "\n".join(again.notes)
    assert "My Print stays on Favourite Shirt" in notes and f"{edited.name} stays" in notes
    assert "Trousers goes with what was added to it (Rounder); undo brings it back" in notes
    fresh = garments(api.create_character(asked(clothes=("shirt", "boots", "skirt"), clothes_seed=9)))["shirt"]
    assert np.allclose(places(shirt), places(fresh), atol=2e-5)
    assert [group.name for group in shirt.vertex_groups] == [group.name for group in fresh.vertex_groups]
    there.frame_set(1)
    again = api.change_clothes(shirt, asked(clothes=("shirt",), wear={"shirt": "stone"}))  # asked for by name
    assert shirt.data.materials[0]["galatea_class"] == "stone" and own.use_fake_user
    assert shirt.data.materials[1] == edited and not again.notes[0].startswith("My Print")
    api.change_clothes(shirt, asked(clothes=()))
    assert edited.use_fake_user and not [image for image in bpy.data.images if image.name.startswith("stone")]


def test_a_garment_that_was_sculpted_stays_in_the_file(there):
    result = api.create_character(DRESSED)
    shirt, trousers = garments(result)["shirt"], garments(result)["trousers"]
    shirt.data.vertices[7].co.z += 0.02
    trousers.vertex_groups.new(name="Pinned").add([3, 4], 1.0, "REPLACE")
    sculpted, pinned = shirt.data, trousers.data
    again = api.change_clothes(shirt, asked(clothes_seed=9))
    assert shirt.data != sculpted and sculpted.use_fake_user and pinned.use_fake_user
    assert "another shape" in again.notes[0] + again.notes[1] and "Pinned" in again.notes[0] + again.notes[1]
    assert not api.change_clothes(shirt, asked(clothes_seed=10)).notes
    api.change_body(shirt, asked(seed=8))
    assert not api.change_clothes(shirt, asked(clothes_seed=11)).notes  # it was moved, by Galatea


def test_brows_that_somebody_worked_on_stay(there):
    result = api.create_character(asked(clothes=("hair",), clothes_seed=2))
    body = bpy.data.objects[result.body]
    brow = body.material_slots[4].material
    brow.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.1
    api.change_clothes(body, asked(clothes=("hair",), clothes_seed=6))
    assert body.material_slots[4].material == brow


def test_broken_off_everything_is_as_it_was(there):
    result = api.create_character(DRESSED)
    shirt = garments(result)["shirt"]
    worked_on(result)
    before = dump_file()
    for until in (0.0, 0.1, 0.5, 0.8, 0.9):
        slices = api.clothes_in_slices(shirt, asked(clothes=("boots", "shirt", "hair", "skirt"),
                                                    wear={"skirt": "stone", "shirt": "stone"}))
        assert any(share >= until for share in slices)
        slices.close()
        assert changes(before, dump_file()) == [], until
    with pytest.raises(RigError, match="select a character"):
        api.change_clothes(None, DRESSED)
    with pytest.raises(GalateaError, match="cape"):
        api.change_clothes(shirt, asked(clothes=("cape",)))
    assert changes(before, dump_file()) == []


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["glb", "fbx", "blend"])
def test_files_hold_the_clothes_and_no_skin_under_them(there, tmp_path, ending):
    path = tmp_path / f"dressed.{ending}"
    code = cli.main(["character", "--seed", "4", "--sex", "1", "--clothes", "trousers,shirt,boots,hair", "--action",
                     "walk", "--seconds", "0.5", "--out", str(path), "--json", str(tmp_path / "made.json"), "--quiet"])
    assert code == 0
    told = json.loads((tmp_path / "made.json").read_text())
    assert [worn["garment"] for worn in told["clothes"]] == ["trousers", "shirt", "boots", "hair"]
    whole = 12_400
    if ending == "glb":
        assert gltf_validator.errors(path) == []
        bpy.ops.wm.read_homefile(use_empty=True)
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif ending == "fbx":
        bpy.ops.wm.read_homefile(use_empty=True)
        bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        bpy.ops.wm.open_mainfile(filepath=str(path))
    meshes = {ob.name: ob for ob in bpy.data.objects if ob.type == "MESH" and ob.parent is not None}
    assert len(meshes) == 5
    (hair,) = (ob for name, ob in meshes.items() if name.endswith("Hair"))
    nodes = hair.data.materials[0].node_tree.nodes
    assert sorted(tuple(node.image.size) for node in nodes if node.type == "TEX_IMAGE") == [(512, 512)] * 2
    for name, ob in meshes.items():
        assert any(modifier.type == "ARMATURE" for modifier in ob.modifiers), name
    body = next(ob for name, ob in meshes.items() if name.endswith("Body"))
    if ending == "blend":
        assert len(body.data.vertices) > whole
    else:
        assert len(body.data.vertices) < 0.7 * whole
