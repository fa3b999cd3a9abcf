# SPDX-License-Identifier: GPL-3.0-or-later
"""The Character panel in a real Blender with its window, used with a simulated mouse; see story_character.py."""

import shutil

import pytest
from window_stories import played


@pytest.fixture(scope="module")
def seen(bare_blender, archive, tmp_path_factory) -> dict:
    """What happened while story_character.py was played."""
    return played("story_character", bare_blender, archive, tmp_path_factory.mktemp)


def test_a_click_makes_the_person_that_was_asked_for(seen):
    name, stature, action = seen["made"]
    assert (name, action) == ("Galatea Character", "Galatea walk 3") and stature == pytest.approx(1.66, rel=0.01)


def test_undo_is_one_step(seen):
    assert seen["undone"] == {}


def test_another_body_keeps_the_motion(seen):
    name, stature, action = seen["changed"]
    assert name == "Galatea Character" and stature == pytest.approx(1.85, rel=0.01)
    assert action.startswith("Galatea walk 3")


def test_another_motion_keeps_the_body(seen):
    name, stature, action = seen["moved"]
    assert (name, action) == ("Galatea Character", "Galatea walk 4") and stature == pytest.approx(1.85, rel=0.01)


def test_other_clothes_are_undone_in_one_step(seen):
    assert seen["worn"] == [f"Galatea Character {name}" for name in ("Body", "Boots", "Hair", "Shirt", "Trousers")]
    assert seen["undressed"] == {}


def test_the_window_stays_awake(seen):
    """Between two ticks of a timer; what Blender takes to draw its window by itself is not ours to shorten."""
    for name in ("gaps_first", "gaps", "gaps_change", "gaps_clothes"):
        assert max(seen[name]) - seen["drawn"] < 0.2, (name, seen[name], seen["drawn"])


def test_esc_leaves_everything_as_it_was(seen):
    assert seen["cancelled"] == {}


def test_there_is_a_picture(seen):
    if shutil.which("import") or list(seen["folder"].glob("*.png")):
        assert (seen["folder"] / "20-character.png").stat().st_size > 20_000
