# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea texture --like`: a picture that Blender reads gives the style, and the class where none is named."""

import json

import numpy as np
import pytest
from made_texture_pack import COLOURS, write_texture_pack
from PIL import Image

from blender_addon import api, cli
from blender_addon.inference.packs import read_pack


@pytest.fixture
def found(tmp_path, monkeypatch):
    pack = read_pack(write_texture_pack(tmp_path / "made"))
    monkeypatch.setattr(api.texture.packs, "pick_pack", lambda kind, name="": pack)


def leather(path):
    """A wide photograph with leather in the middle and white beside it."""
    pixels = np.full((200, 600, 3), 255, np.uint8)
    pixels[:, 200:400] = np.rint(255.0 * COLOURS[1])
    Image.fromarray(pixels).save(path)
    return str(path)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp"])
def test_a_picture_is_taken_for_what_it_is(found, tmp_path, ending):
    picture, told = leather(tmp_path / f"bag{ending}"), tmp_path / "told.json"
    arguments = ["texture", "--like", picture, "--size", "64", "--device", "cpu", "--quiet", "--json", str(told)]
    assert cli.main([*arguments, "--out", str(tmp_path / "guessed")]) == 0
    content = json.loads(told.read_text())
    assert content["class_name"] == "leather" and content["guess"]["leather"] > 0.9
    assert (tmp_path / "guessed" / "leather_0_albedo.png").is_file()
    assert cli.main([*arguments, "--class", "stone", "--out", str(tmp_path / "named")]) == 0
    assert (tmp_path / "named" / "stone_0_albedo.png").is_file()


def test_a_picture_that_cannot_be_read_is_one_line(found, tmp_path, capsys):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("none.png", "text.png"):
        assert cli.main(["texture", "--like", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 1
        told = capsys.readouterr().err
        assert name in told and told.count("\n") == 1 and ";" in told
    assert not (tmp_path / "out").exists()
