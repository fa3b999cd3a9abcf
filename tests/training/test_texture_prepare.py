# SPDX-License-Identifier: GPL-3.0-or-later
"""From pictures to an image pack: what is read out of a folder, and heights out of normal maps."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
from made_pictures import Waves, write_normals, write_picture
from PIL import Image

from blender_addon.errors import GalateaError
from training.__main__ import main as training
from training.texture.image_pack import ImagePack, Picture, join
from training.texture.looks import LOOKS, PLAIN, look_of, read_looks
from training.texture.reading import read_set
from training.texture.real_sets import MaterialSet, find_sets, sorted_by_eye
from training.texture.relief import drawn_downwards, height_slopes, integrate, levelled, normals_of, slopes


def write_index(folder, rows):
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)


def prepared(*words):
    return training(["prepare", "texture", *map(str, words)])


# --- heights out of normal maps -------------------------------------------------------------------------------------


def test_a_height_comes_back_from_its_normals():
    waves = Waves(1)
    height = integrate(slopes(waves.normals), wraps=True)
    assert np.abs(height - waves.height).max() < 1e-6


def test_a_picture_that_does_not_wrap_comes_back_too():
    waves = Waves(2)
    part = np.s_[40:211, 30:201]  # no whole number of any wave
    height = integrate(slopes(waves.normals[part]), wraps=False)
    right, up = height_slopes(height)[:, 2:-2, 2:-2]
    wanted = [slope[part][2:-2, 2:-2] - slope[part].mean() for slope in (waves.right, waves.up)]
    for found, known in zip((right, up), wanted, strict=True):
        assert np.corrcoef(found.ravel(), known.ravel())[0, 1] > 0.99
        assert abs(found.std() / known.std() - 1) < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_a_surface_itself_says_which_way_its_green_points(seed):
    surface = slopes(Waves(seed).normals)
    assert drawn_downwards(surface) is False
    assert drawn_downwards(surface * [[[1]], [[-1]]]) is True


def test_a_flat_surface_says_nothing_of_its_green():
    assert drawn_downwards(np.zeros((2, 64, 64))) is None


def test_the_longest_waves_go_and_the_others_stay():
    x = np.arange(256) / 256
    long, short = np.sin(2 * np.pi * x)[None, :], np.sin(2 * np.pi * 12 * x)[:, None]
    left = levelled(long + short, wraps=True)
    assert np.abs(left - short).max() < 0.25 and np.abs(left - short).std() < 0.3 * long.std()


def test_normals_point_as_opengl_has_them():
    ramp = np.tile(np.linspace(0, 1, 128), (128, 1))
    middle = normals_of(ramp, relief=0.5)[64, 64]
    assert middle[0] < 0 and middle[1] == 0 and np.linalg.norm(middle) == pytest.approx(1)
    up = normals_of(ramp.T[::-1], relief=0.5)[64, 64]  # higher towards the top: leans down
    assert up[1] < 0 and up[0] == 0
    assert -middle[0] / middle[2] == pytest.approx(0.5 * 128 / 127)  # half a tile over a tile


@pytest.mark.parametrize("ending", ["", "_gl", "_dx"])
@pytest.mark.parametrize("down", [False, True])
def test_heights_are_the_same_whichever_way_a_file_is_drawn(tmp_path, ending, down):
    waves = Waves(3)
    write_picture(tmp_path / "a_albedo.png", waves.albedo)
    write_normals(tmp_path / f"a_normal{ending}.png", waves.normals, green_down=down)
    found = find_sets(tmp_path).sets[0]
    read = read_set(found)
    assert found.green_down is {"": None, "_gl": False, "_dx": True}[ending]
    assert read.turned is down
    assert np.corrcoef(read.height.ravel(), waves.height.ravel())[0, 1] > 0.98
    assert read.height.std() == pytest.approx(waves.height.std(), rel=0.1)


def test_a_height_map_is_scaled_by_its_normals_unless_they_disagree(tmp_path):
    waves = Waves(4)
    write_picture(tmp_path / "a_albedo.png", waves.albedo)
    write_normals(tmp_path / "a_normal.png", waves.normals)
    write_picture(tmp_path / "a_height.png", waves.shade)
    read = read_set(find_sets(tmp_path).sets[0])
    assert read.height_from == "height, scaled by normals"
    assert read.height.std() == pytest.approx(waves.height.std(), rel=0.1)
    write_picture(tmp_path / "a_height.png", 1 - waves.shade)  # a map of depths
    assert read_set(find_sets(tmp_path).sets[0]).height_from == "normals"


def test_a_height_of_sixteen_bits_keeps_its_range(tmp_path):
    waves = Waves(4)
    write_picture(tmp_path / "a.png", waves.albedo)
    Image.fromarray((waves.shade * 65535).astype(np.uint16)).save(tmp_path / "a_disp_4k.png")
    read = read_set(find_sets(tmp_path).sets[0])
    assert np.corrcoef(read.grey.ravel(), waves.shade.ravel())[0, 1] > 0.98
    assert np.ptp(read.grey) == pytest.approx(np.ptp(waves.shade), rel=0.15)


# --- folders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [
    ("Rock030_1K-JPG_Color", "Rock030_1K-JPG_NormalGL", "Rock030_1K-JPG_Displacement", "Rock030_1K-JPG_Roughness",
     "Rock030_1K-JPG_AmbientOcclusion"),
    ("rock_wall_diff_2k", "rock_wall_nor_gl_2k", "rock_wall_disp_2k", "rock_wall_rough_2k", "rock_wall_ao_2k"),
    ("mossy rock_albedo", "mossy rock_normal", "mossy rock_height", "mossy rock_roughness", "mossy rock_ao"),
    ("rock-basecolor", "rock-normal_gl", "rock-bump", "rock-rough", "rock-occlusion"),
])
def test_the_names_that_libraries_give_are_understood(tmp_path, names):
    for name in names:
        write_picture(tmp_path / "cliff" / f"{name}.jpg", np.full((64, 64, 3), 0.5))
    found = find_sets(tmp_path)
    assert len(found.sets) == 1 and not found.left_out
    assert set(found.sets[0].maps) == {"albedo", "normal", "height", "roughness"}
    assert found.sets[0].kind == "cliff" and found.sets[0].green_down in (False, None)


def test_a_plain_folder_is_classes_and_what_is_held_back(tmp_path):
    for place in ("My Moss/a.png", "My Moss/test/b.png", "slate/grey/c.jpg", "slate/only_rough.png",
                  "slate/.cache/d.png"):
        write_picture(tmp_path / place, np.zeros((64, 64, 3)))
    (tmp_path / "slate" / "notes.txt").write_text("from the quarry")
    found = find_sets(tmp_path)
    assert {(item.name, item.kind, item.split) for item in found.sets} == {
        ("My Moss/a", "my_moss", "train"), ("My Moss/test/b", "my_moss", "test"), ("slate/grey/c", "slate", "train")}
    assert [name for name, _ in found.left_out] == ["slate/only"]
    assert "roughness" in found.left_out[0][1] and "only_albedo" in found.left_out[0][1]


def test_an_index_says_what_is_what(tmp_path):
    for name in ("a", "a_n", "b", "c", "d"):
        write_picture(tmp_path / f"{name}.png", np.full((64, 64, 3), 0.5))
    write_index(tmp_path, [
        {"file": "a.png", "class": "stone", "set": "a", "map": "albedo", "split": "test", "licence": "CC0-1.0",
         "author": "Ada", "source": "quarry"},
        {"file": "a_n.png", "class": "stone", "set": "a", "map": "normal",
         "normal_convention": "DirectX (measured)"},
        {"file": "b.png", "class": "stone", "set": "b", "map": "albedo", "licence": "CC-BY-3.0"},
        {"file": "c.png", "class": "wood_bark", "set": "c", "map": "diffuse", "licence": "MIT"},
        {"file": "d.png", "class": "fabric", "set": "ufoai__buildings-carpet009", "map": "albedo"},
        {"file": "gone.png", "class": "fabric", "set": "e", "map": "albedo"}])
    found = find_sets(tmp_path)
    stone, wood = found.sets
    assert stone == MaterialSet("a", "stone", {"albedo": tmp_path / "a.png", "normal": tmp_path / "a_n.png"}, True,
                                "test", "CC0-1.0", "quarry", "Ada")
    assert wood.kind == "wood" and set(wood.maps) == {"albedo"}
    why = dict(found.left_out)
    assert "--allow-by" in why["b"] and "border" in why["ufoai__buildings-carpet009"] and "not there" in why["e"]
    assert {item.name for item in find_sets(tmp_path, allow_by=True).sets} == {"a", "b", "c"}
    assert {item.name for item in find_sets(tmp_path, ["wood"]).sets} == {"c"}


def test_the_list_made_by_eye_gives_a_class_or_a_reason():
    assert all(bool(kind) != bool(why) for kind, why in sorted_by_eye().values())


# --- what becomes of them -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory):
    """slate with all maps, moss with an albedo alone, of several shapes."""
    tmp_path = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        waves = Waves(number)
        for name, values in (("albedo", waves.albedo), ("roughness", waves.shade)):
            write_picture(tmp_path / "in" / "slate" / f"{number}_{name}.png", values)
        write_normals(tmp_path / "in" / "slate" / f"{number}_normal.png", waves.normals)
        wide = Waves(10 + number, edge=300).albedo
        write_picture(tmp_path / "in" / "moss" / f"{number}.png", wide[:200] if number == 3 else wide)
    return tmp_path / "in"


@pytest.fixture
def folder(made_folder, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(made_folder, tmp_path / "in")


def test_a_folder_becomes_a_pack(folder, tmp_path, capsys):
    out, sheet = tmp_path / "mine.npz", tmp_path / "mine.png"
    assert prepared("--data", folder, "--out", out, "--sheet", sheet) == 0
    told = capsys.readouterr().out
    assert "moss: no picture has a map of height or roughness" in told and "8 pictures" in told
    pack = ImagePack.load(out)
    assert set(pack.classes) == {"slate", "moss"} and len(pack) == 8
    assert pack.known.all()  # what no picture of a class has is guessed
    slate, moss = pack.only(["slate"]), pack.only(["moss"])
    assert slate.tileable.all() and list(moss.tileable) == [True, True, True, False]
    for item, number in zip(slate.items, range(4), strict=True):
        maps, waves = item.maps(256) / 255, Waves(number)
        assert np.abs(maps[:3] - waves.albedo.transpose(2, 0, 1)).mean() < 0.02
        assert np.abs(maps[4] - waves.shade).mean() < 0.01
        assert np.corrcoef(maps[3].ravel(), waves.height.ravel())[0, 1] > 0.97
        assert abs(maps[3].mean() - 0.5) < 0.02 and maps[5].mean() < 0.01
    # the relief follows from the normals: at it, the slopes are those of the surface
    tall = (slate.items[0].maps(256)[3] / 255 - 0.5) * slate.looks["slate"].relief * 256
    assert tall.std() == pytest.approx(Waves(0).height.std(), rel=0.15)
    with (tmp_path / "mine.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["set"]: row for row in csv.DictReader(file)}
    assert rows["slate/0"]["height"] == "normals" and rows["moss/3"]["tileable"] == "no"
    assert Image.open(sheet).width > 400


def test_where_one_picture_lacks_a_map_the_others_have_it_is_unknown(folder, tmp_path):
    (folder / "slate" / "2_roughness.png").unlink()
    (folder / "slate" / "3_normal.png").unlink()
    assert prepared("--data", folder, "--classes", "slate", "--out", tmp_path / "a.npz") == 0
    pack = ImagePack.load(tmp_path / "a.npz")
    assert pack.classes == ("slate",)
    assert pack.known.tolist() == [[True, True, True], [True, True, True], [True, False, True], [False, True, True]]


def test_a_metal_without_a_map_is_metal_and_one_among_others_is_unknown(folder, tmp_path):
    (folder / "looks.toml").write_text("[slate]\nmetallic = true\ntile_metres = 0.25\n[moss]\nrelief = 0.1\n")
    assert prepared("--data", folder, "--out", tmp_path / "a.npz") == 0
    pack = ImagePack.load(tmp_path / "a.npz")
    assert pack.looks["slate"].metallic and pack.looks["slate"].tile_metres == 0.25
    assert pack.looks["moss"] == replace(PLAIN, relief=0.1)
    assert pack.only(["slate"]).pictures(64)[:, 5].min() > 250 and pack.only(["slate"]).known.all()
    write_picture(folder / "slate" / "1_metallic.png", np.ones((256, 256)))
    assert prepared("--data", folder, "--out", tmp_path / "a.npz") == 0
    assert ImagePack.load(tmp_path / "a.npz").only(["slate"]).known[:, 2].tolist() == [False, True, False, False]


def test_packs_are_joined(folder, tmp_path):
    baked = ImagePack((Picture.of(np.full((6, 256, 256), 0.25), "skin_0001", "skin"),), {"skin": look_of("skin")})
    baked.save(tmp_path / "baked.npz")
    assert prepared("--data", folder, "--add", tmp_path / "baked.npz", "--out", tmp_path / "all.npz") == 0
    pack = ImagePack.load(tmp_path / "all.npz")
    assert set(pack.classes) == {"skin", "slate", "moss"} and len(pack) == 9
    assert pack.looks["skin"] == LOOKS["skin"]
    assert prepared("--data", folder, "--add", tmp_path / "all.npz", "--classes", "skin,moss", "--out",
                    tmp_path / "some.npz") == 0
    assert ImagePack.load(tmp_path / "some.npz").classes == ("skin", "moss")


def test_a_pack_comes_back_as_it_was_saved(tmp_path):
    rng = np.random.default_rng(0)
    maps = np.kron(rng.random((2, 6, 16, 16)), np.ones((16, 16)))
    held = Picture.of(maps[0], "a", "x", split="test", known=(True, False, True), tileable=False, credit="Æ")
    pack = ImagePack((held, Picture.of(maps[1], "b", "y")), {"y": PLAIN, "x": replace(PLAIN, tile_metres=2.0)})
    pack.save(tmp_path / "p.npz")
    back = ImagePack.load(tmp_path / "p.npz")
    assert back == pack and back.label.tolist() == [1, 0]
    assert np.abs(back.pictures(256) / 255 - maps).max() < 0.03
    blocks = back.pictures(256).reshape(2, 6, 64, 4, 64, 4).mean(axis=(3, 5))
    assert np.abs(back.pictures(64) - blocks).max() <= 0.5
    assert len(join([pack, back])) == 2 and back.only(split="test").names == ("a",)


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "says"), [
    ("--out x.npz", "nothing to prepare"),
    ("--data nowhere --out x.npz", "there is no folder nowhere"),
    ("--data in --classes lava --out x.npz", "no pictures of the class lava"),
    ("--add in/moss/0.png --out x.npz", "is no image pack"),
    ("--add nothing.npz --out x.npz", "there is no file nothing.npz"),
    ("--data empty --out x.npz", "has no pictures to learn from"),
    ("--data few --out x.npz", "pictures of moss to train on: 2; at least 3"),
    ("--data small --out x.npz", "32 × 32 px; at least 64"),
    ("--data broken --out x.npz", "cannot be read as a picture"),
    ("--data in/moss --procedural --classes nothing --out x.npz", "no recipe for nothing"),
])
def test_what_makes_no_sense_is_one_line(folder, monkeypatch, capsys, words, says):
    home = folder.parent
    (home / "empty").mkdir()
    for number in range(3):
        if number < 2:
            write_picture(home / "few" / "moss" / f"{number}.png", np.zeros((64, 64, 3)))
        write_picture(home / "small" / "moss" / f"{number}.png", np.zeros((32, 32, 3)))
        write_picture(home / "broken" / "moss" / f"{number}.png", np.zeros((64, 64, 3)))
        (home / "broken" / "moss" / f"{number}.png").write_bytes(b"no picture")
    monkeypatch.chdir(home)
    assert prepared(*words.split()) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("training: ")]
    assert len(told) == 1 and says in told[0]
    assert not (home / "x.npz").exists()


def test_a_damaged_pack_is_one_line(tmp_path):
    pack = ImagePack((Picture.of(np.zeros((6, 256, 256)), "a", "x"),), {"x": PLAIN})
    pack.save(tmp_path / "p.npz")
    (tmp_path / "p.npz").write_bytes((tmp_path / "p.npz").read_bytes()[:900])
    with pytest.raises(GalateaError, match="damaged"):
        ImagePack.load(tmp_path / "p.npz")
    np.savez(tmp_path / "motion.npz", a=1)
    with pytest.raises(GalateaError, match="no image pack of this version"):
        ImagePack.load(tmp_path / "motion.npz")


@pytest.mark.parametrize(("text", "says"), [
    ("[moss", "cannot be read"), ("moss = 1", "must be a table"), ("[moss]\ndepth = 1", "has depth, which no look has"),
    ("[moss]\nrelief = 2.0", "between 0 and 0.5"), ("[moss]\nmetallic = 1", "true or false"),
    ("[moss]\ntile_metres = -1", "between 0.0005"), ("[moss]\nsubsurface = 3", "between 0 and 1"),
])
def test_looks_that_none_can_have_are_one_line(tmp_path, text, says):
    (tmp_path / "looks.toml").write_text(text)
    with pytest.raises(GalateaError, match=says.replace(".", r"\.")):
        read_looks(tmp_path)
