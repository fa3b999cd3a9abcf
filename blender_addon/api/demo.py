# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` shows."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from ..errors import GalateaError
from ..motion.requests import MotionRequest
from .motion import MotionResult, generate_motion


def make_demo(folder: str | Path) -> MotionResult:
    """What `make demo` shows: a Rigify human with a mannequin's skin, walking for eight seconds.

    Leaves demo.blend, demo.glb, demo.png (a contact sheet) and demo.json in `folder`, which is made when missing.
    """
    from ..scene import demo, files, render

    began = time.perf_counter()
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalateaError(f"{folder} cannot be made: {error.strerror or error}; name another folder") from error
    for name in ("demo.blend", "demo.glb"):
        files.check_target(folder / name)
    armature = demo.set_stage()
    result = generate_motion(armature, MotionRequest(action="walk", seconds=8.0))
    demo.light_stage(armature, result.frames)
    for name in ("demo.blend", "demo.glb"):
        with files.staged(folder / name) as there:
            files.write_file(there, armature)
    with files.staged(folder / "demo.png") as there:
        render.contact_sheet(there, armature, demo.sheet_frames(result.frames))
    written = tuple(str(folder / f"demo.{ending}") for ending in ("blend", "glb", "png", "json"))
    result = replace(result, seconds=time.perf_counter() - began, files=written)
    with files.staged(folder / "demo.json") as there:
        there.write_text(json.dumps(result.as_dict(), indent=2) + "\n", encoding="utf-8")
    return result
