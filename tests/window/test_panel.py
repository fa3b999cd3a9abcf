# SPDX-License-Identifier: GPL-3.0-or-later
"""The Galatea tab in a real Blender with its window, used with a simulated mouse; see story_panel.py."""

import shutil

import pytest
from window_stories import played

STORY = ("1-no-rig", "2-human", "3-error", "4-generated", "5-redone", "6-reopened", "7-folded", "8-packs", "9-disabled")


@pytest.fixture(scope="module")
def seen(bare_blender, archive, tmp_path_factory) -> dict:
    """What happened while story_panel.py was played."""
    return played("story_panel", bare_blender, archive, tmp_path_factory.mktemp)


def test_it_is_installed_and_leaves_nothing(seen):
    assert seen["installed"] and seen["uninstalled"] and seen["left"] == []


def test_a_click_on_generate_makes_keys(seen):
    assert seen["action"] == "Galatea walk 0" and seen["keys"] == [1, 192]
    assert seen["keys_60s"] == [1, 1440]


def test_undo_is_one_step_and_redo_brings_it_back(seen):
    assert seen["undone"] == {} and seen["redone"] == "Galatea walk 0"


def test_other_keys_standing_feet_and_clips_are_one_step_each(seen):
    assert seen["refit"].startswith("Galatea walk 0") and seen["feet"].startswith("Galatea walk 0 feet")
    assert seen["retarget"].startswith("clip")
    assert seen["undone_refit"] == seen["undone_feet"] == seen["undone_retarget"] == {}


def test_esc_leaves_everything_as_it_was(seen):
    assert seen["cancelled"] == {} and seen["cancelled_late"] == {}


def test_another_file_breaks_it_off(seen):
    assert seen["reloaded"] is False


def test_switching_off_breaks_it_off(seen):
    assert seen["disabled"] == 0


def test_the_window_stays_awake(seen):
    """Between two ticks of a timer, while sixty seconds are made; the first time in a session has more to load."""
    for name in ("gaps_60s", "gaps_60s_esc", "gaps_60s_late_esc", "gaps_8s", "gaps_refit", "gaps_feet",
                 "gaps_retarget"):
        assert max(seen[name]) < 0.2, (name, seen[name])


def test_drawing_computes_nothing(seen):
    assert set(seen["draw_ms"]) >= {"GALATEA_PT_rig", "GALATEA_PT_motion", "GALATEA_PT_result", "GALATEA_PT_packs"}
    assert sum(seen["draw_ms"].values()) < 1.0, seen["draw_ms"]


def test_settings_survive_save_and_load(seen):
    assert seen["reopened"] == ["run", "zombie", 77, True, "Galatea walk 0.001"]


def test_every_step_has_its_picture(seen):
    if shutil.which("import") or list(seen["folder"].glob("*.png")):
        assert all((seen["folder"] / f"{name}.png").stat().st_size > 20_000 for name in STORY)
