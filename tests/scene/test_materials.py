# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures on meshes: what Blender makes of them, how large they are in the world, and that nothing is lost."""

import json
import struct

import bpy
import gltf_validator
import numpy as np
import pytest
from made_dumps import changes, dump_file
from made_maps import LOOK, TILE, cloth, drawn, dress, hill, shades
from PIL import Image

from blender_addon.errors import GalateaError
from blender_addon.scene import dressing, pictures, projection
from blender_addon.texture.material_options import MaterialOptions, check_options
from blender_addon.texture.vocabulary import Look

WAVES = drawn(hill(2 * TILE))


def plane(size: float = 2.0, uvs: bool = True, cuts: int = 0):
    bpy.ops.mesh.primitive_grid_add(size=size, x_subdivisions=cuts + 1, y_subdivisions=cuts + 1, calc_uvs=uvs)
    return bpy.context.object


def node(material, kind: str):
    return next(node for node in material.node_tree.nodes if node.type == kind)


def images(material) -> dict:
    return {node.label.lower(): node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"}


def pixels(image) -> np.ndarray:
    values = np.empty(image.size[0] * image.size[1] * image.channels, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(image.size[1], image.size[0], image.channels)[::-1]


# --- what it is -----------------------------------------------------------------------------------------------------


def test_maps_are_images_in_their_colour_spaces(empty_scene):
    ob = plane()
    dress([ob], cloth(WAVES), displacement=True)
    material = ob.active_material
    made = images(material)
    assert {name: image.colorspace_settings.name for name, image in made.items()} == {
        "albedo": "sRGB", "normal": "Non-Color", "roughness": "Non-Color", "metallic": "Non-Color",
        "height": "Non-Color"}
    assert all(image.packed_file for image in made.values())
    for name, plain in (("albedo", WAVES.albedo), ("normal", 0.5 + 0.5 * WAVES.normal),
                        ("roughness", WAVES.roughness[..., None]), ("metallic", WAVES.metallic[..., None])):
        assert np.abs(pixels(made[name])[..., :plain.shape[2]] - plain).max() < 0.51 / 255.0, name
    assert made["height"].is_float and np.abs(pixels(made["height"])[..., 0] - WAVES.height).max() < 0.51 / 65535.0


def test_the_shader_is_fed_by_them(empty_scene):
    ob = plane()
    dress([ob], cloth(WAVES))
    shader = node(ob.active_material, "BSDF_PRINCIPLED")
    fed = {name: shader.inputs[name].links[0].from_node for name in ("Base Color", "Roughness", "Metallic", "Normal")}
    assert [fed[name].image for name in ("Base Color", "Roughness", "Metallic")] == [
        images(ob.active_material)[name] for name in ("albedo", "roughness", "metallic")]
    assert fed["Normal"].type == "NORMAL_MAP" and fed["Normal"].space == "TANGENT"
    assert shader.inputs["Subsurface Weight"].default_value == 0.0
    assert not node(ob.active_material, "OUTPUT_MATERIAL").inputs["Displacement"].links
    dress([ob], cloth(WAVES, look=Look(0.02, 0.02, subsurface=0.2)))
    assert node(ob.active_material, "BSDF_PRINCIPLED").inputs["Subsurface Weight"].default_value == pytest.approx(0.2)
    assert ob.active_material["galatea_seed"] == 7


# --- how large it is ------------------------------------------------------------------------------------------------


def scale_of(ob) -> list[float]:
    """How often the picture repeats in a unit of each axis."""
    mapping = node(ob.active_material, "MAPPING")
    assert mapping.vector_type == "TEXTURE"  # divides by its scale
    return [1.0 / length for length in mapping.inputs["Scale"].default_value]


@pytest.mark.parametrize(("scale", "wanted", "expected"), [
    ((1, 1, 1), 0.0, (2.0, 2.0)),  # two metres, a picture of two tiles of half a metre
    ((3, 1, 1), 0.0, (6.0, 2.0)),
    ((1, 1, 1), 5.0, (5.0, 5.0)),
])
def test_a_tile_is_as_large_in_the_world_as_it_is_to_be(empty_scene, scale, wanted, expected):
    ob = plane()
    ob.scale = scale
    dress([ob], cloth(WAVES), tiles_per_metre=wanted)
    assert scale_of(ob)[:2] == pytest.approx(expected, rel=1e-5)


def test_round_a_cylinder_it_goes_whole_times(empty_scene):
    bpy.ops.mesh.primitive_cylinder_add(radius=0.5, depth=1.3, vertices=64, end_fill_type="NOTHING")
    ob = bpy.context.object
    dress([ob], cloth(WAVES))
    around, up = scale_of(ob)[:2]  # 3.14 m around
    assert around == pytest.approx(3.0, rel=1e-6) and up == pytest.approx(1.3, rel=0.01)


def test_a_units_length_is_measured_in_any_layout():
    """On a plane that UVs are laid on by a matrix, a unit of u is as long as the matrix's first column."""
    rng = np.random.default_rng(3)
    onto = rng.normal(size=(3, 2))
    uvs = rng.uniform(size=(200, 3, 2))
    points = uvs @ onto.T
    assert projection.unit_lengths(points, uvs) == pytest.approx(np.linalg.norm(onto, axis=0))
    uvs[:20] = 0.5  # faces that are one point in the layout, or wildly stretched, do not count
    points[20:30] *= 1e-6
    assert projection.unit_lengths(points, uvs) == pytest.approx(np.linalg.norm(onto, axis=0))
    assert projection.unit_lengths(points[:20], uvs[:20]) is None


@pytest.mark.parametrize(("add", "whole"), [
    ("primitive_torus_add", (True, True)), ("primitive_uv_sphere_add", (True, False)),
    ("primitive_plane_add", (False, False)), ("primitive_monkey_add", (False, False)),
])
def test_meshes_that_meet_themselves_are_known(empty_scene, add, whole):
    getattr(bpy.ops.mesh, add)()
    assert projection.projection_of(bpy.context.object).whole == whole


def test_pictures_that_are_not_square_are_not_stretched(empty_scene):
    ob = plane()
    dress([ob], cloth(drawn(np.tile(hill(), (1, 3)))))
    across, up, _ = scale_of(ob)
    assert across * 3 == pytest.approx(up)


def test_objects_share_a_material_where_it_lies_alike(empty_scene):
    one, other, larger = plane(), plane(), plane(4.0)
    done = dress([one, other, larger], cloth(WAVES))
    assert one.active_material == other.active_material != larger.active_material
    assert len(done.materials) == 2 and len(bpy.data.images) == 4  # a height that no node shows is none


def test_without_uvs_it_comes_from_six_sides(empty_scene):
    ob = plane(uvs=False)
    ob.scale = (1.0, 2.0, 1.0)
    done = dress([ob], cloth(WAVES))
    projections = {each.label: each.projection for each in ob.active_material.node_tree.nodes
                   if each.type == "TEX_IMAGE"}
    assert projections == {**dict.fromkeys(("Albedo", "Roughness", "Metallic", "Height"), "BOX"), "Normal": "FLAT"}
    assert scale_of(ob) == pytest.approx([1.0, 2.0, 1.0])  # of the object's metres, a picture of one
    relief = node(ob.active_material, "BUMP")
    assert relief.inputs["Distance"].default_value == pytest.approx(LOOK.relief * LOOK.tile_metres)
    assert "no UVs" in done.notes[0] and ob.data.uv_layers.active.name in done.notes[0]


def test_on_what_bends_six_sides_stay_where_they_are(empty_scene):
    ob = plane(uvs=False)
    ob.modifiers.new("Bend", "SIMPLE_DEFORM")
    dress([ob], cloth(WAVES))
    link = node(ob.active_material, "MAPPING").inputs["Vector"].links[0]
    assert link.from_socket.name == "Generated" and scale_of(ob)[:2] == pytest.approx([2.0, 2.0])


def test_a_mesh_that_got_uvs_for_files_still_has_none_of_its_own(empty_scene):
    ob = plane(uvs=False)
    dress([ob], cloth(WAVES))
    dress([ob], cloth(WAVES), tiles_per_metre=5.0)
    assert len(ob.data.uv_layers) == 1 and node(ob.active_material, "BUMP")
    ob.data.uv_layers[0].data[0].uv = (0.3, 0.3)  # somebody unwraps it
    unwrapped = [tuple(corner.uv) for corner in ob.data.uv_layers[0].data]
    done = dress([ob], cloth(WAVES))
    assert [tuple(corner.uv) for corner in ob.data.uv_layers[0].data] == unwrapped and not done.notes
    assert node(ob.active_material, "NORMAL_MAP") and scale_of(ob)[2] == 1.0


def test_an_empty_uv_map_is_left_as_it_is(empty_scene):
    ob = plane(uvs=False)
    ob.data.uv_layers.new(name="Mine", do_init=False)
    dress([ob], cloth(WAVES))
    mine, made = ob.data.uv_layers
    assert mine.name == "Mine" and not any(any(corner.uv) for corner in mine.data) and made.active_render


def cube(scale=(1.0, 0.8, 0.6)):
    """One that shows three sides to a camera above it, in metres of its own."""
    bpy.ops.mesh.primitive_cube_add(size=1.0, calc_uvs=False)
    bpy.context.object.scale = scale
    return bpy.context.object


@pytest.mark.parametrize("how", ["auto", "uv"])
@pytest.mark.parametrize("armature", [False, True])
def test_files_show_what_the_viewport_shows_on_a_mesh_without_uvs(empty_scene, tmp_path, how, armature):
    """A cube's sides are where the box is not blended: rendered from the files that came back, it is the same."""
    ob = cube()
    if armature:  # by generated coordinates; one that bends nothing
        ob.modifiers.new("Bones", "ARMATURE")
    dress([ob], cloth(drawn(hill())), projection=how)
    ob.rotation_euler = (0.6, 0.5, 0.3)
    ob.modifiers.clear()
    seen = shades(3.0, 1.6, 60, 8)
    glb, fbx = str(tmp_path / "cube.glb"), str(tmp_path / "cube.fbx")
    bpy.ops.export_scene.gltf(filepath=glb, export_format="GLB")
    assert gltf_validator.errors(glb) == []
    bpy.ops.export_scene.fbx(filepath=fbx, path_mode="COPY", embed_textures=True)
    for read, path in ((bpy.ops.import_scene.gltf, glb), (bpy.ops.import_scene.fbx, fbx)):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        read(filepath=path)
        again = shades(3.0, 1.6, 60, 8)
        # FBX files know no bumps
        least = 0.97 if path is fbx and how == "auto" else 0.995
        assert np.corrcoef(seen.ravel(), again.ravel())[0, 1] > least, path


# --- how it looks: rendered, beside a surface that really is so ------------------------------------------------------


def grey(material) -> None:
    """Leave the relief alone to be seen."""
    shader = node(material, "BSDF_PRINCIPLED")
    for name in ("Base Color", "Roughness", "Metallic"):
        for link in shader.inputs[name].links:
            material.node_tree.links.remove(link)
    shader.inputs["Roughness"].default_value, shader.inputs["Metallic"].default_value = 1.0, 0.0


def real_hill() -> np.ndarray:
    """A tile of half a metre with the hill as geometry."""
    ob = plane(0.5, cuts=TILE - 1)
    points = np.empty(3 * len(ob.data.vertices), np.float32)
    ob.data.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    across, up = points[:, 0] / 0.5 + 0.5, points[:, 1] / 0.5 + 0.5
    points[:, 2] = LOOK.relief * 0.5 * np.exp(-((across - 0.35) ** 2 + (up - 0.35) ** 2) / (2.0 * 0.13**2))
    ob.data.vertices.foreach_set("co", points.ravel())
    ob.data.polygons.foreach_set("use_smooth", np.ones(len(ob.data.polygons), bool))
    ob.data.materials.append(bpy.data.materials.new("Grey"))
    if not ob.active_material.node_tree:
        ob.active_material.use_nodes = True  # before 5.0 materials start without
    grey(ob.active_material)
    picture = shades(1.0, 0.5)
    bpy.data.objects.remove(ob)
    return picture


@pytest.mark.parametrize(("uvs", "displacement"), [(True, False), (False, False), (True, True)])
def test_the_relief_is_lit_as_if_it_were_there(empty_scene, uvs, displacement):
    """A hill's shading from a normal map, a bump node and displacement: the same light and dark as on a real one."""
    expected = real_hill()
    ob = plane(0.5 if uvs else 1.0, uvs, cuts=TILE - 1 if displacement else 0)
    dress([ob], cloth(drawn(hill())), displacement=displacement)
    grey(ob.active_material)
    if displacement:  # by itself
        relief = node(ob.active_material, "NORMAL_MAP")
        relief.inputs["Strength"].default_value = 0.0
        ob.data.polygons.foreach_set("use_smooth", np.ones(len(ob.data.polygons), bool))
    seen = shades(1.0, 0.5)
    if not uvs:  # seen from above a box starts in the object's middle, its u goes against y and its v along x
        seen = np.roll(seen, (-20, -50), (0, 1))
    here = np.s_[6:-6, 6:-6]
    light, dark = expected.max() - np.median(expected), np.median(expected) - expected.min()
    assert light > 0.1 * np.median(expected) and dark > 0.1 * np.median(expected)
    assert np.corrcoef(seen[here].ravel(), expected[here].ravel())[0, 1] > 0.98
    # 4.2 softens what bent normals show by a term that later Blenders have not
    assert np.std(seen[here]) == pytest.approx(np.std(expected[here]), rel=0.15)


# --- nothing is lost ------------------------------------------------------------------------------------------------


def slots(ob) -> list[str]:
    return [slot.material.name if slot.material else "" for slot in ob.material_slots]


def test_the_active_slot_takes_it_and_the_old_material_is_kept(empty_scene):
    ob = plane()
    for name in ("Mine", "Other"):
        ob.data.materials.append(bpy.data.materials.new(name))
    ob.active_material_index = 0
    dress([ob], cloth(WAVES))
    assert slots(ob) == ["Galatea made 7", "Other"]
    assert bpy.data.materials["Mine"].use_fake_user and not bpy.data.materials["Other"].use_fake_user


def test_what_a_seed_can_make_again_is_kept_only_when_it_was_worked_on(empty_scene):
    ob = plane()
    dress([ob], cloth(WAVES))
    first = {ob.active_material.name, *(image.name for image in images(ob.active_material).values())}
    bpy.data.images["made_7_albedo"].use_fake_user = True
    dress([ob], cloth(WAVES))
    left = {block.name for block in (*bpy.data.materials, *bpy.data.images)}
    assert left & first == {"made_7_albedo"} and len(left) == 1 + len(first)  # it goes at once, with its pictures
    second = ob.active_material
    node(second, "BSDF_PRINCIPLED").inputs["Coat Weight"].default_value = 0.5
    dress([ob], cloth(WAVES))
    assert second.use_fake_user
    third = ob.active_material
    images(third)["albedo"].pixels[0] = 0.123  # painted on
    dress([ob], cloth(WAVES))
    assert third.use_fake_user and not ob.active_material.use_fake_user


def test_slots_new_and_all(empty_scene):
    ob = plane()
    for name in ("One", "Two", "Three"):
        ob.data.materials.append(bpy.data.materials.new(name))
    dress([ob], cloth(WAVES), slots="new")
    assert slots(ob) == ["One", "Two", "Three", "Galatea made 7"] and ob.active_material_index == 3
    dress([ob], cloth(WAVES, drawn(hill())), slots="all")
    assert slots(ob) == ["Galatea made 7.001", "Galatea made 8"] * 2
    assert {face.material_index for face in ob.data.polygons} == {0}


def test_a_slot_of_the_object_stays_one(empty_scene):
    ob = plane()
    ob.data.materials.append(bpy.data.materials.new("The Mesh's"))
    ob.material_slots[0].link = "OBJECT"
    ob.material_slots[0].material = bpy.data.materials.new("Own")
    dress([ob], cloth(WAVES))
    assert ob.material_slots[0].link == "OBJECT" and slots(ob) == ["Galatea made 7"]
    assert ob.data.materials[0].name == "The Mesh's"


def test_a_mesh_that_objects_share_is_dressed_once(empty_scene):
    ob = plane()
    copy = ob.copy()
    bpy.context.scene.collection.objects.link(copy)
    copy.scale = (3.0, 3.0, 3.0)
    done = dress([ob, copy], cloth(WAVES))
    assert done.objects == (ob.name,) and len(bpy.data.materials) == 1


def test_broken_off_anywhere_the_file_is_as_it_was(empty_scene, tmp_path):
    ob = plane()
    ob.data.materials.append(bpy.data.materials.new("Mine"))
    for folder in ("", str(tmp_path / "maps")):
        count = sum(1 for _ in dressing.dress_in_slices([plane()], cloth(WAVES), MaterialOptions(folder=folder)))
        before, files = dump_file(), sorted(tmp_path.rglob("*"))
        for taken in range(1, count):
            slices = dressing.dress_in_slices([ob], cloth(WAVES), MaterialOptions(folder=folder))
            for _ in range(taken):
                next(slices)
            slices.close()
        assert changes(before, dump_file()) == [] and sorted(tmp_path.rglob("*")) == files


def test_an_error_at_the_end_takes_everything_back(empty_scene, monkeypatch, tmp_path):
    ob, other = plane(), plane()
    ob.data.materials.append(bpy.data.materials.new("Mine"))
    before = dump_file()
    put_on = dressing._put_on

    def fail(made, ob, wears, slots):
        if ob.name == other.name:
            raise MemoryError("no more of it")
        put_on(made, ob, wears, slots)

    monkeypatch.setattr(dressing, "_put_on", fail)
    for slots_wanted in ("active", "new", "all"):
        with pytest.raises(MemoryError):
            dress([ob, other], cloth(WAVES), slots=slots_wanted, folder=str(tmp_path / "maps"))
        assert changes(before, dump_file()) == [] and not list((tmp_path / "maps").iterdir())


def test_linked_objects_and_others_are_named(empty_scene, tmp_path):
    plane().name = "Elsewhere"
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(library, link=True) as (_, into):
        into.objects = ["Elsewhere"]
    linked = into.objects[0]
    bpy.context.scene.collection.objects.link(linked)
    with pytest.raises(GalateaError, match="Elsewhere is linked from another file"):
        dress([linked], cloth(WAVES))
    with pytest.raises(GalateaError, match="select a mesh"):
        dress([], cloth(WAVES))
    done = dress([linked, plane()], cloth(WAVES))
    assert done.objects == ("Grid",) and "Elsewhere is linked" in done.notes[0]


def test_a_mesh_of_another_file_is_dressed_on_the_object(empty_scene, tmp_path):
    ob = plane()
    ob.data.materials.append(bpy.data.materials.new("Theirs"))
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(library, link=True) as (_, into):
        into.meshes = ["Grid"]
    ob = bpy.data.objects.new("Mine", into.meshes[0])
    bpy.context.scene.collection.objects.link(ob)
    dress([ob], cloth(WAVES))
    assert slots(ob) == ["Galatea made 7"] and ob.material_slots[0].link == "OBJECT"
    with pytest.raises(GalateaError, match="linked from another file"):
        dress([ob], cloth(WAVES), slots="new")


# --- files ----------------------------------------------------------------------------------------------------------


def test_saved_pictures_are_never_written_over(empty_scene, tmp_path):
    ob, folder = plane(), tmp_path / "maps"
    first = dress([ob], cloth(WAVES), folder=str(folder))
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"made_7_{name}.png" for name in ("albedo", "height", "metallic", "normal", "roughness"))
    assert images(ob.active_material)["albedo"].packed_file is None
    assert np.abs(pixels(images(ob.active_material)["albedo"])[..., :3] - WAVES.albedo).max() < 0.51 / 255.0
    with Image.open(folder / "made_7_height.png") as picture:
        assert np.abs(np.array(picture, dtype=float) / 65535.0 - WAVES.height).max() < 0.51 / 65535.0
    assert dress([ob], cloth(WAVES), folder=str(folder)).files == first.files
    other = dress([ob], cloth(drawn(hill())), folder=str(folder))
    assert "made-2_7_albedo.png" in other.files[0] and len(list(folder.iterdir())) == 10


def test_a_folder_that_cannot_be_made_is_one_clear_line(empty_scene, tmp_path):
    (tmp_path / "file").write_text("")
    ob = plane()
    before = dump_file()
    with pytest.raises(GalateaError, match="cannot be written") as error:
        dress([ob], cloth(WAVES), folder=str(tmp_path / "file" / "maps"))
    assert "\n" not in str(error.value) and changes(before, dump_file()) == []


def test_a_folder_beside_a_file_that_is_nowhere_is_refused(empty_scene):
    with pytest.raises(GalateaError, match="was not saved yet"):
        dress([plane()], cloth(WAVES), folder="//textures")
    assert not bpy.data.images


def test_a_folder_beside_the_file(empty_scene, tmp_path):
    ob = plane()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    dress([ob], cloth(WAVES), folder="//textures")
    assert len(list((tmp_path / "textures").iterdir())) == 5
    assert images(ob.active_material)["albedo"].filepath.startswith("//textures")


def test_it_survives_saving_and_opening(empty_scene, tmp_path):
    ob = plane()
    dress([ob], cloth(WAVES))
    path = str(tmp_path / "dressed.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    made = images(bpy.data.objects["Grid"].active_material)
    assert np.abs(pixels(made["albedo"])[..., :3] - WAVES.albedo).max() < 0.51 / 255.0


def test_a_glb_keeps_the_maps(empty_scene, tmp_path):
    ob = plane()
    dress([ob], cloth(WAVES), tiles_per_metre=3.0)
    path = tmp_path / "dressed.glb"
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB")
    assert gltf_validator.errors(path) == []
    data = path.read_bytes()
    length, = struct.unpack("<I", data[12:16])
    content, binary = json.loads(data[20:20 + length]), data[28 + length:]

    def picture(about: dict) -> np.ndarray:
        assert about["extensions"]["KHR_texture_transform"]["scale"] == pytest.approx([3.0, 3.0])
        view = content["bufferViews"][content["images"][content["textures"][about["index"]]["source"]]["bufferView"]]
        (tmp_path / "map").write_bytes(binary[view.get("byteOffset", 0):][:view["byteLength"]])
        with Image.open(tmp_path / "map") as image:
            return np.array(image.convert("RGB"), dtype=float) / 255.0

    material = content["materials"][0]
    shader = material["pbrMetallicRoughness"]
    assert np.abs(picture(shader["baseColorTexture"]) - WAVES.albedo).max() < 1.01 / 255.0
    both = picture(shader["metallicRoughnessTexture"])
    assert np.abs(both[..., 1] - WAVES.roughness).max() < 1.01 / 255.0
    assert np.abs(both[..., 2] - WAVES.metallic).max() < 1.01 / 255.0
    assert np.abs(picture(material["normalTexture"]) - (0.5 + 0.5 * WAVES.normal)).max() < 1.01 / 255.0


# --- pictures to be like --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["RGB.png", "RGBA.png", "L.png", "RGB.jpg", "I;16.png"])
def test_pictures_of_any_format_are_read(empty_scene, tmp_path, form):
    mode, _, ending = form.partition(".")
    values = np.round(255.0 * WAVES.albedo).astype(np.uint8)
    picture = Image.fromarray(values)
    if mode == "I;16":
        picture = Image.fromarray(values[..., 0].astype(np.uint16) * 257)
    path = tmp_path / f"picture.{ending}"
    (picture if mode == "I;16" else picture.convert(mode)).save(path, quality=98)
    read = pictures.read_picture(path)
    assert read.shape == WAVES.albedo.shape and read.dtype == np.float32 and not len(bpy.data.images)
    if mode.startswith("RGB"):
        assert np.abs(read - WAVES.albedo).max() < (0.05 if ending == "jpg" else 0.51 / 255.0)
    if mode == "I;16":
        assert np.abs(read[..., 0] - values[..., 0] / 255.0).max() < 1e-4


def test_what_is_no_picture_is_one_clear_line(empty_scene, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name, told in (("text.png", "no picture that Blender can read"), ("gone.png", "there is no picture")):
        with pytest.raises(GalateaError, match=told):
            pictures.read_picture(tmp_path / name)
    assert not len(bpy.data.images)


@pytest.mark.parametrize("wrong", [{"tiles_per_metre": -1.0}, {"tiles_per_metre": float("nan")}, {"strength": "much"},
                                   {"projection": "round"}, {"slots": "some"}, {"folder": None}])
def test_options_that_make_no_sense_are_one_clear_line(wrong):
    with pytest.raises(GalateaError, match=next(iter(wrong))):
        check_options(MaterialOptions(**wrong))
