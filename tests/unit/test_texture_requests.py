# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked for, what a pack must say, and what the command line makes of it: a clear line for each mistake."""

import copy
import json
import tomllib
from dataclasses import replace

import numpy as np
import pytest
import tomli_w
from made_texture_pack import CLASSES, write_texture_pack
from PIL import Image

from blender_addon import api, cli
from blender_addon.errors import GalateaError, PackError
from blender_addon.inference.packs import read_pack
from blender_addon.texture.requests import TextureRequest, check_texture, in_its_words, seeds
from blender_addon.texture.vocabulary import verdicts, vocabulary


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return read_pack(write_texture_pack(tmp_path_factory.mktemp("packs") / "made"))


@pytest.fixture
def found(pack, monkeypatch):
    monkeypatch.setattr(api.texture.packs, "pick_pack", lambda kind, name="": pack)
    return pack


def one_line(error):
    told = str(error.value)
    assert "\n" not in told and ";" in told, told
    return told


# --- requests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wrong", "told"), [
    ({"class_name": ""}, "name a class, or a picture"),
    ({"class_name": "mud"}, "there are skin, leather"),
    ({"class_name": 3}, "class_name"),
    ({"seed": -1}, "seed"),
    ({"seed": 0.5}, "whole number"),
    ({"seed": 2**31}, "seed"),
    ({"count": 0}, "count"),
    ({"count": True}, "count"),
    ({"width": 100}, "multiple of 32, such as 96"),
    ({"height": 33}, "multiple of 32, such as 32"),
    ({"width": 0}, "between 32 and 2048"),
    ({"height": 4096}, "between 32 and 2048"),
    ({"width": "512"}, "width"),
    ({"variety": 1.5}, "variety"),
    ({"variety": float("nan")}, "variety"),
    ({"directions": {"worn": 1.0}}, "there are rougher, lighter"),
    ({"directions": {"rougher": 100.0}}, "rougher"),
    ({"directions": {"rougher": "a lot"}}, "rougher"),
    ({"directions": ["rougher"]}, "amounts by name"),
    ({"like": None}, "like"),
    ({"mix_seed": -3}, "mix_seed"),
    ({"mix_seed": 3, "mix_amount": 2.0}, "mix_amount"),
    ({"mixed": "some"}, "all, coarse, fine"),
    ({"second_class": "mud"}, "there are skin"),
    ({"second_class": "skin", "second_amount": -0.1}, "second_amount"),
    ({"device": 1}, "device"),
])
def test_what_makes_no_sense_is_named(pack, wrong, told):
    request = TextureRequest(**{"class_name": "stone", **wrong})
    with pytest.raises(GalateaError, match=told) as error:
        check_texture(request, vocabulary(pack))
    one_line(error)


def test_what_makes_sense_passes(pack):
    known = vocabulary(pack)
    for request in (TextureRequest("stone"), TextureRequest(like="a.jpg"), TextureRequest("stone", width=32, height=96),
                    TextureRequest("skin", seed=np.int64(3), second_class="stone", second_amount=1, mix_seed=0,
                                   directions={"rougher": -2, "lighter": 0.5})):
        check_texture(request, known)
    assert list(seeds(TextureRequest("stone", seed=4, count=3))) == [4, 5, 6]


def test_a_pack_without_directions_says_so(tmp_path):
    pack = read_pack(write_texture_pack(tmp_path / "plain", directions=[]))
    assert pack.words("directions") == ()
    with pytest.raises(GalateaError, match="no directions, leave it out"):
        check_texture(TextureRequest("stone", directions={"worn": 1.0}), vocabulary(pack))


# --- packs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "wrong", "told"), [
    (("texture",), None, "texture"),
    (("texture", "classes"), [], "classes"),
    (("texture", "classes"), ["skin", "skin"], "twice"),
    (("texture", "classes"), ["skin", "leather"], "texture.looks"),
    (("texture", "latent"), 9, "latent"),
    (("texture", "style"), 0, "style"),
    (("texture", "style"), 7, "vector"),
    (("texture", "stages"), 4, "style"),
    (("texture", "noise_channels"), 9, "noise"),
    (("texture", "cell"), 33, "power of two"),
    (("texture", "texels_per_tile"), 64, "picture"),
    (("texture", "looks", "skin"), None, "looks.skin|texture.looks"),
    (("texture", "looks", "skin", "relief"), 0.0, "relief"),
    (("texture", "looks", "skin", "tile_metres"), "2 cm", "tile_metres"),
    (("texture", "looks", "skin", "metallic"), 0, "metallic"),
    (("texture", "looks", "skin", "subsurface"), 1.5, "subsurface"),
    (("texture", "looks", "stone", "credit"), "", "credit"),
    (("texture", "directions", 0, "name"), "lighter", "twice"),
    (("texture", "directions", 0, "vector"), [1.0], "vector"),
    (("texture", "directions", 0, "range"), [1.0, 1.0], "range"),
    (("texture", "directions", 0, "range"), None, "range"),
    (("graphs", 0, "name"), "style", "none named mapping"),
    (("graphs", 1, "inputs", 0, "shape"), ["B", 8, 4, 4], "free"),
    (("graphs", 1, "outputs", 1, "shape"), ["B", 2, "H", "W"], "normal"),
    (("graphs", 1, "outputs", 2, "name"), "gloss", "its kind has"),
    (("graphs", 2, "outputs", 0, "shape"), ["B", 4], "mean"),
])
def test_what_is_wrong_with_a_pack_is_named(tmp_path, where, wrong, told):
    folder = write_texture_pack(tmp_path / "made")
    table = copy.deepcopy(tomllib.loads((folder / "pack.toml").read_text()))
    at = table
    for key in where[:-1]:
        at = at[key]
    if wrong is None:
        del at[where[-1]]
    else:
        at[where[-1]] = wrong
    (folder / "pack.toml").write_text(tomli_w.dumps(table))
    with pytest.raises(PackError, match=told) as error:
        read_pack(folder)
    one_line(error)


# --- the command line -------------------------------------------------------------------------------------------


def test_the_command_writes_maps_that_others_read(found, tmp_path):
    out, told = tmp_path / "new" / "library", tmp_path / "told.json"
    status = cli.main(["texture", "--class", "chainmail", "--seed", "7", "--count", "2", "--width", "128", "--height",
                       "64", "--preview", "--direction", "rougher=1", "--mix-seed", "3=0.25", "--second-class",
                       "skin=0.1", "--device", "cpu", "--out", str(out), "--json", str(told), "--quiet"])
    assert status == 0
    names = {f"chainmail_{seed}_{which}.png" for seed in (7, 8)
             for which in ("albedo", "normal", "roughness", "metallic", "height", "preview")}
    assert {path.name for path in out.iterdir()} == names
    content = json.loads(told.read_text())
    assert {content["pack"], content["provider"]} == {"made-textures", "CPUExecutionProvider"}
    assert content["request"]["mix_seed"] == 3 and content["request"]["mix_amount"] == 0.25
    assert content["request"]["directions"] == {"rougher": 1.0} and content["request"]["second_amount"] == 0.1
    assert sorted(content["files"]) == sorted(str(out / name) for name in names)
    assert [made["seed"] for made in content["textures"]] == [7, 8] and content["seconds"] > 0.0

    request = TextureRequest("chainmail", seed=8, width=128, height=64, directions={"rougher": 1.0}, mix_seed=3,
                             mix_amount=0.25, second_class="skin", second_amount=0.1, device="cpu")
    maps = api.generate_texture(request).maps
    modes = {"albedo": "RGB", "normal": "RGB", "roughness": "L", "metallic": "L", "height": "I;16"}
    for which, mode in modes.items():
        picture = Image.open(out / f"chainmail_8_{which}.png")
        assert (picture.mode, picture.size) == (mode, (128, 64))
        assert ("srgb" in picture.info) == (which == "albedo")
        assert picture.info["Software"] == "Galatea, made-textures 0.1.0"
        most = 65535 if which == "height" else 255
        values = np.asarray(picture) / most
        wanted = 0.5 + 0.5 * maps.normal if which == "normal" else getattr(maps, which)
        assert np.abs(values - wanted).max() <= 0.5001 / most + 1e-6
    assert Image.open(out / "chainmail_8_preview.png").mode == "RGBA"


def test_a_second_run_writes_the_same_bytes(found, tmp_path):
    for folder in ("one", "two"):
        assert cli.main(["texture", "--class", "skin", "--size", "64", "--device", "cpu", "--quiet", "--out",
                         str(tmp_path / folder)]) == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_command_tells_what_it_made(found, tmp_path, capsys):
    assert cli.main(["texture", "--class", "skin", "--size", "64", "--device", "cpu", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "64 × 64 pixels, 0.01 × 0.01 m" in told and "seam" in told and " on CPU, seed 0" in told


@pytest.mark.parametrize(("arguments", "status", "told"), [
    (["--class", "mud"], 1, ", ".join(CLASSES)),
    ([], 1, "name a class"),
    (["--class", "skin", "--size", "100"], 1, "multiple of 32"),
    (["--class", "skin", "--size", "64", "--width", "32"], 1, "give it alone"),
    (["--class", "skin", "--direction", "rougher"], 2, "NAME=0.5"),
    (["--class", "skin", "--direction", "rougher=x"], 2, "NAME=0.5"),
    (["--class", "skin", "--direction", "rougher=1", "--direction", "rougher=2"], 1, "twice"),
    (["--class", "skin", "--second-class", "stone"], 2, "NAME=0.5"),
    (["--class", "skin", "--mix-seed", "two"], 2, "no seed"),
    (["--class", "skin", "--mixed", "some"], 2, "coarse"),
    (["--class", "skin", "--mixed", "coarse"], 1, "name that seed with --mix-seed"),
    (["--class", "skin", "--size", "large"], 2, "--size: 'large' is no whole number"),
    (["--class", "skin", "--variety", "some"], 2, "--variety: 'some' is no number"),
    (["--class", "skin", "--count", "0"], 1, "count"),
    (["--class", "skin", "--json", "/no/such/folder/a.json"], 1, "no folder"),
])
def test_mistakes_are_one_line_and_leave_nothing(found, tmp_path, capsys, arguments, status, told):
    assert cli.main(["texture", *arguments, "--out", str(tmp_path / "out")]) == status
    error = capsys.readouterr().err
    assert told in error and (status == 2 or error.count("\n") == 1)
    assert not (tmp_path / "out").exists()


def test_words_are_known_however_they_are_written(found, tmp_path):
    told = tmp_path / "out" / "told.json"  # in the folder that is made
    arguments = ["--class", " Chainmail", "--second-class", "STONE=0.5", "--direction", "Rougher=1", "--size", "32"]
    assert cli.main(["texture", *arguments, "--device", "cpu", "--out", str(told.parent), "--json", str(told)]) == 0
    request = json.loads(told.read_text())["request"]
    assert (request["class_name"], request["second_class"], request["directions"]) == (
        "chainmail", "stone", {"rougher": 1.0})
    assert (told.parent / "chainmail_0_albedo.png").is_file()
    known = replace(vocabulary(found), classes=("moss_leaf_plant",))
    assert in_its_words(TextureRequest("Moss Leaf-Plant"), known).class_name == "moss_leaf_plant"


def test_without_what_is_needed_it_says_so(capsys):
    assert cli.main(["texture", "--class", "skin"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "galatea texture: error: --out must be given"


def test_a_file_in_the_way_is_said_before_the_work(found, tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    assert cli.main(["texture", "--class", "skin", "--out", str(tmp_path / "out")]) == 1
    assert "is a file" in capsys.readouterr().err and (tmp_path / "out").read_text() == "mine"


def test_what_fails_midway_leaves_what_was_there(found, tmp_path, monkeypatch):
    from blender_addon.texture import files

    before = tmp_path / "skin_0_albedo.png"
    before.write_text("mine")
    made = []

    def fail(*arguments):
        made.append(arguments)
        if len(made) == 4:
            raise OSError(28, "No space left on device", "disk")
        yield b"half"

    monkeypatch.setattr(files, "encode_in_slices", fail)
    result = api.generate_texture(TextureRequest("skin", width=32, height=32, device="cpu"))
    with pytest.raises(GalateaError, match="No space left on device; choose another folder"):
        api.write_texture(result, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["skin_0_albedo.png"] and before.read_text() == "mine"


def test_packs_info_tells_classes_and_directions(pack, tmp_path, capsys):
    told = tmp_path / "told.json"
    assert cli.main(["packs", "info", str(pack.folder), "--json", str(told)]) == 0
    shown = capsys.readouterr().out
    assert "skin, leather, chainmail, stone" in shown and "rougher (-3 to 3)" in shown
    assert "stone: not measured" in shown
    info = json.loads(told.read_text())["packs"][0]
    assert info["classes"] == list(CLASSES) and info["directions"] == ["rougher", "lighter"]


def test_verdicts_are_the_packs_own_words(tmp_path):
    folder = write_texture_pack(tmp_path / "made")
    content = tomllib.loads((folder / "pack.toml").read_text())
    content["limits"] = ["Made by a formula.", "leather: rows where cells should be.", "stone: too smooth."]
    stop = "it is nearer to stone than to itself: KID 0.3, where real ones have 0.1"
    content["metrics"] = {"classes": {
        "skin": {"ships": True, "stops": []}, "stone": {"ships": True, "stops": []},
        "leather": {"ships": False, "stops": [stop]}}}
    (folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    assert verdicts(read_pack(folder)) == {
        "skin": "good enough", "stone": "good enough, but too smooth", "chainmail": "not measured",
        "leather": "not good enough: it is nearer to stone than to itself; rows where cells should be"}
