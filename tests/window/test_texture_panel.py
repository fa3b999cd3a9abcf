# SPDX-License-Identifier: GPL-3.0-or-later
"""The Texture panel in a real Blender with its window, used with a simulated mouse; see story_texture.py."""

import itertools
import shutil

import numpy as np
import pytest
from made_texture_pack import write_texture_pack
from PIL import Image
from window_stories import played

PICTURES = ("10-rendered", "11-sheet", "12-shader")


@pytest.fixture(scope="module")
def seen(bare_blender, archive, tmp_path_factory) -> dict:
    """What happened while story_texture.py was played."""
    return played("story_texture", bare_blender, archive, tmp_path_factory.mktemp,
                  lambda folder: write_texture_pack(folder / "packs" / "made-textures"))


def test_a_pack_of_ones_own_shows_up(seen):
    assert "made-textures" in seen["packs"]


def test_a_click_on_apply_dresses_what_is_selected(seen):
    assert set(seen["dressed"]) == {"Ball", "Galatea Human Mannequin"}
    assert all(slots[0].startswith("Galatea leather 3") for slots in seen["dressed"].values())


def test_undo_is_one_step_and_redo_brings_it_back(seen):
    assert seen["undone"] == {} and seen["redone"] == seen["dressed"]


def test_a_seed_is_picked_from_a_sheet(seen):
    assert len(seen["sheet"]) == 12 and seen["picked"] in seen["sheet"]


def test_esc_leaves_everything_as_it_was(seen):
    assert seen["cancelled"] == {}


def test_the_window_stays_awake(seen):
    for name in ("gaps", "gaps_sheet"):
        assert max(seen[name]) < 0.2, (name, seen[name])


def test_the_rendered_picture_shows_the_material(seen):
    """Where the ball is, colours vary, and red, green and blue stand to one another as in the material's mean colour;
    the sheet and the nodes have their pictures."""
    if not shutil.which("import") and not (seen["folder"] / "10-rendered.png").exists():
        pytest.skip("ImageMagick's import, which takes pictures, is not on the PATH")
    with Image.open(seen["folder"] / "10-rendered.png") as picture:
        shot = np.asarray(picture.convert("RGB"), dtype=float)
    left, top, right, bottom = seen["ball"]
    ball = shot[top:bottom, left:right]
    assert ball.std() > 3.0
    shown, mean = ball.reshape(-1, 3).mean(axis=0), seen["colour"]
    for one, other in itertools.permutations(range(3), 2):
        assert shown[one] > shown[other] or mean[one] < 1.3 * mean[other]
    assert all((seen["folder"] / f"{name}.png").stat().st_size > 20_000 for name in PICTURES)
