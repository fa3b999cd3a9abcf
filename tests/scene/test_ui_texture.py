# SPDX-License-Identifier: GPL-3.0-or-later
"""The Texture panel without a window: what the api makes, undone in one step; choices, sliders, the sheet."""

import bpy
import pytest
from made_dumps import changes, dump_file
from made_texture_pack import CLASSES, LOOKS, write_texture_pack

import blender_addon
from blender_addon import api
from blender_addon.api import packs
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.ui import choices, shown, texture, texture_settings, texture_sheet, watching


@pytest.fixture
def ui(empty_scene, tmp_path, monkeypatch):
    """Galatea switched on, with a made texture pack; the settings of a scene with a plane in it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    pack = read_pack(write_texture_pack(tmp_path / "pack" / "made-textures"))
    for module in (api, packs):
        monkeypatch.setattr(module, "list_packs", lambda folder="": ([pack], []))
    blender_addon.register("galatea_in_tests")
    watching.read_packs()
    bpy.ops.mesh.primitive_plane_add(size=2.0)
    settings = bpy.context.scene.galatea_texture
    settings.size = "256"
    yield settings
    blender_addon.unregister()


def apply() -> set[str]:
    return bpy.ops.galatea.apply_texture("EXEC_DEFAULT", True)


def material():
    return bpy.context.object.active_material


# --- applying -------------------------------------------------------------------------------------------------------


def test_what_is_set_is_what_is_made(ui):
    ui.class_choice, ui.seed, ui.variety, ui.directions = "stone", 11, 0.5, "rougher:1.5"
    assert apply() == {"FINISHED"}
    about = {name.removeprefix("galatea_"): value for name, value in material().items()}
    assert (about["class"], about["seed"], about["variety"], about["direction_rougher"]) == ("stone", 11, 0.5, 1.5)
    assert (about["width"], about["height"], about["pack"]) == (256, 256, "made-textures")
    expected = api.generate_texture(ui.request()).maps
    image = next(node.image for node in material().node_tree.nodes if node.label == "Albedo")
    assert image.pixels[:3] == pytest.approx(expected.albedo[-1, 0].tolist(), abs=0.51 / 255.0)
    assert material().name in shown.now.dressed and shown.now.device.provider == about["provider"]


def test_undo_is_one_step(ui):
    bpy.context.object.data.materials.append(bpy.data.materials.new("Mine"))
    bpy.ops.ed.undo_push(message="before")
    before = dump_file()
    apply()
    assert changes(before, dump_file())
    bpy.ops.ed.undo()
    assert changes(before, dump_file()) == []
    bpy.ops.ed.redo()
    assert material().name == "Galatea skin 0"


def test_all_selected_meshes_are_dressed(ui):
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.camera_add()
    bpy.ops.object.select_all(action="SELECT")
    apply()
    assert all(ob.active_material for ob in bpy.data.objects if ob.type == "MESH")


def test_each_slot_gets_a_seed_of_its_own(ui):
    for name in ("One", "Two", "Three"):
        bpy.context.object.data.materials.append(bpy.data.materials.new(name))
    ui.slots, ui.seed = "each", 4
    apply()
    assert [slot.material["galatea_seed"] for slot in bpy.context.object.material_slots] == [4, 5, 6]


def test_broken_off_anywhere_the_file_is_as_it_was(ui):
    objects = [bpy.context.object]
    count = sum(1 for _ in api.material_in_slices(objects, ui.request(), ui.options()))
    bpy.ops.mesh.primitive_plane_add()
    before = dump_file()
    for taken in range(1, count - 1, max(1, count // 12)):
        slices = api.material_in_slices([bpy.context.object], ui.request(), ui.options())
        for _ in range(taken):
            if next(slices, None) is None:
                break
        else:
            slices.close()
            assert changes(before, dump_file()) == [], taken


def test_what_went_wrong_is_one_line(ui, tmp_path):
    ui.like = str(tmp_path / "gone.png")
    before = dump_file()
    with pytest.raises(RuntimeError, match="there is no picture"):
        apply()
    assert shown.now.failure and str(tmp_path) not in shown.now.failure.report and changes(before, dump_file()) == []


def test_buttons_are_grey_for_a_reason(ui):
    why = texture.ApplyTexture.why_not
    assert why(bpy.context) == ""
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Object Mode" in why(bpy.context)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.object.camera_add()
    assert "Select the meshes" in why(bpy.context)
    shown.now.catalogue = shown.Catalogue()
    for operator in (texture.ApplyTexture, texture_sheet.ShowTextures):
        assert "no texture pack" in operator.why_not(bpy.context)
    with pytest.raises(RuntimeError, match="no texture pack"):
        apply()


# --- settings -------------------------------------------------------------------------------------------------------


def test_classes_come_from_the_pack(ui):
    assert [item.identifier for item in ui.bl_rna.properties["class_choice"].enum_items_static] == []
    for name in CLASSES:
        ui.class_choice = name
        assert ui.class_name == name and ui.request().class_name == name
    ui.class_name = ""
    assert ui.class_choice == CLASSES[0] and ui.request().class_name == CLASSES[0]
    ui.class_name = "wood"
    assert ui.class_choice == "wood"  # which is missing
    with pytest.raises(RuntimeError, match="no class 'wood'"):
        apply()


def test_the_menu_tells_how_good_a_class_is(ui):
    tips = texture_settings._verdicts(shown.now.catalogue, ui)
    assert tips == dict.fromkeys(CLASSES, "Not measured")
    assert choices._items(("stone",), (tips["stone"],), "", "") == [("stone", "Stone", "Not measured", 0)]


def test_a_class_has_a_size_of_its_own(ui):
    ui.class_choice = "stone"
    assert ui.tiles == pytest.approx(1.0 / LOOKS["stone"]["tile_metres"])
    ui.tiles = 3.0
    assert ui.options().tiles_per_metre == 3.0
    ui.class_choice = "leather"
    assert ui.tiles == pytest.approx(1.0 / LOOKS["leather"]["tile_metres"]) and ui.options().tiles_per_metre == 0.0


def test_sliders_are_another_view_on_the_text(ui):
    ui.direction_0, ui.direction_1 = 0.5, -1.0
    assert texture_settings.amounts(ui.directions) == {"rougher": 1.5, "lighter": -3.0}
    assert ui.request().directions == {"rougher": 1.5, "lighter": -3.0}
    ui.directions = "rougher:-3"
    assert (ui.direction_0, ui.direction_1, ui.direction_2) == (-1.0, 0.0, 0.0)
    ui.direction_0 = 0.0
    assert ui.directions == ""
    ui.direction_7 = 1.0  # the pack has no such direction
    assert ui.directions == ""
    ui.directions = "much rougher"
    with pytest.raises(GalateaError, match="write name:amount"):
        ui.request()
    assert ui.direction_0 == 0.0
    bpy.ops.galatea.reset_directions()
    assert ui.directions == ""


def test_a_picture_says_the_class_where_none_is_chosen(ui, tmp_path):
    image = bpy.data.images.new("brown", 64, 64)
    image.pixels = [0.42, 0.25, 0.15, 1.0] * 64 * 64
    image.filepath_raw, image.file_format = str(tmp_path / "brown.png"), "PNG"
    image.save()
    bpy.data.images.remove(image)
    ui.like = str(tmp_path / "brown.png")
    assert ui.class_choice == "PLAIN" and ui.request().class_name == ""
    apply()
    assert material()["galatea_class"] == "leather"


def test_mixing_is_asked_for(ui):
    assert ui.request().mix_seed is None and ui.request().second_class == ""
    ui.mix, ui.mix_seed, ui.mixed, ui.second_choice, ui.second_amount = True, 9, "fine", "stone", 0.25
    request = ui.request()
    assert (request.mix_seed, request.mixed, request.second_class, request.second_amount) == (9, "fine", "stone", 0.25)
    assert apply() == {"FINISHED"}


def test_the_dice_change_the_seed_and_nothing_else(ui):
    before = ui.request()
    bpy.ops.galatea.roll_texture_seed()
    assert ui.seed != before.seed and ui.request() == type(before)(**{**vars(before), "seed": ui.seed})


# --- the sheet ------------------------------------------------------------------------------------------------------


def test_a_dozen_seeds_are_shown_and_one_is_picked(ui):
    ui.seed = 30
    before = dump_file()
    assert bpy.ops.galatea.show_textures("EXEC_DEFAULT") == {"FINISHED"}
    assert changes(before, dump_file()) == []
    sheet = shown.now.sheet
    assert [seed for seed, _ in sheet.pictures] == list(range(30, 42)) and sheet.current
    pictures = [tuple(texture_sheet._previews[str(place)].image_pixels_float) for place in range(12)]
    assert len(set(pictures)) == 12 and all(len(picture) == 4 * 128 * 128 for picture in pictures)
    bpy.ops.galatea.pick_texture(seed=35)
    assert ui.seed == 35 and shown.now.sheet.current
    ui.class_choice = "stone"
    assert not shown.now.sheet.current
    bpy.ops.galatea.show_textures("EXEC_DEFAULT", further=True)
    sheet = shown.now.sheet
    assert [seed for seed, _ in sheet.pictures] == list(range(42, 54)) and sheet.class_name == "stone"
