# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays a story in a real Blender with its window; see window/inside.py.

Pictures of every step are kept in the folder that GALATEA_PICTURES names. Without a display a starter that brings one
is used: BLENDER_X, else a `blender-x` beside BLENDER, else xvfb-run, else the tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from window.conftest import Blender


def starter(program: str) -> list[str]:
    """The command that starts Blender with its window."""
    beside = f"{program}-x"
    if own := os.environ.get("BLENDER_X") or (beside if shutil.which(beside) else ""):
        return [own]
    xvfb = shutil.which("xvfb-run")
    if xvfb and not os.environ.get("DISPLAY"):
        return [xvfb, "-a", "-s", "-screen 0 1600x900x24", program]
    return [program]


def played(story: str, blender: Blender, archive: str, new_folder: Callable[[str], Path],
           prepare: Callable[[Path], object] = lambda folder: None) -> dict:
    """What a story saw, and the folder with its pictures. prepare: puts what the story needs into that folder."""
    folder = Path(os.environ.get("GALATEA_PICTURES") or new_folder("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "seen.json").unlink(missing_ok=True)
    prepare(folder)
    resources = new_folder("window")
    script = new_folder("scripts")  # where every Blender can see it
    for name in ("inside.py", "story_character.py", "story_panel.py", "story_pictures.py",
                 "story_texture.py"):
        shutil.copy2(Path(__file__).parent / "window" / name, script)
    arguments = ["--factory-startup", "--enable-event-simulate", "--python", str(script / "inside.py"), "--",
                 story, str(folder), archive]
    program, *before = starter(blender.program)
    done = replace(blender, program=program, resources=resources).run(*before, *arguments, cwd=script)
    told = done.stdout + done.stderr
    if "display" in told.lower() and not (folder / "seen.json").exists():
        pytest.skip("no display for Blender's window: start it under xvfb-run, or from a desktop")
    assert done.returncode == 0, told
    assert "Traceback" not in told, told
    return json.loads((folder / "seen.json").read_text()) | {"folder": folder}
