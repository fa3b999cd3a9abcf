# SPDX-License-Identifier: GPL-3.0-or-later
"""The Galatea tab in a real Blender with its window, used with a simulated mouse; see story_panel.py.

Pictures of every step are kept in the folder that GALATEA_PICTURES names. Without a display a starter that brings one
is used: BLENDER_X, else a `blender-x` beside BLENDER, else xvfb-run, else the tests are skipped.
"""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

STORY = ("1-no-rig", "2-human", "3-error", "4-generated", "5-redone", "6-reopened", "7-folded", "8-packs", "9-disabled")


def starter(program: str) -> list[str]:
    """The command that starts Blender with its window."""
    beside = f"{program}-x"
    if own := os.environ.get("BLENDER_X") or (beside if shutil.which(beside) else ""):
        return [own]
    xvfb = shutil.which("xvfb-run")
    if xvfb and not os.environ.get("DISPLAY"):
        return [xvfb, "-a", "-s", "-screen 0 1600x900x24", program]
    return [program]


@pytest.fixture(scope="module")
def seen(bare_blender, archive, tmp_path_factory) -> dict:
    """What happened while story_panel.py was played."""
    folder = Path(os.environ.get("GALATEA_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    resources = tmp_path_factory.mktemp("window")
    script = tmp_path_factory.mktemp("scripts")  # where every Blender can see it
    for name in ("inside.py", "story_panel.py"):
        shutil.copy2(Path(__file__).with_name(name), script)
    arguments = ["--factory-startup", "--enable-event-simulate", "--python", str(script / "inside.py"), "--",
                 "story_panel", str(folder), archive]
    program, *before = starter(bare_blender.program)
    done = replace(bare_blender, program=program, resources=resources).run(*before, *arguments, cwd=script)
    told = done.stdout + done.stderr
    if "display" in told.lower() and not (folder / "seen.json").exists():
        pytest.skip("no display for Blender's window: start it under xvfb-run, or from a desktop")
    assert done.returncode == 0, told
    assert "Traceback" not in told, told
    return json.loads((folder / "seen.json").read_text()) | {"folder": folder}


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
