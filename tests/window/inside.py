# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a real Blender with its window: a generator stepped by a timer, a simulated mouse, pictures.

    blender --factory-startup --enable-event-simulate --python inside.py -- STORY FOLDER ZIP

STORY is a module beside this file whose `story(stage)` yields the seconds to wait. What it learnt goes to
FOLDER/seen.json, pictures to FOLDER/*.png (with ImageMagick's import, where it is there). Status 3: it failed.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

import bpy


class Stage:
    """The window: where things are, the mouse, the keys, pictures."""

    def __init__(self, folder: Path, archive: str) -> None:
        self.folder, self.archive, self.seen = folder, archive, {}
        self.at = (0, 0)

    @property
    def window(self) -> bpy.types.Window:
        return bpy.context.window_manager.windows[0]

    @property
    def area(self) -> bpy.types.Area:
        return next(area for area in self.window.screen.areas if area.type == "VIEW_3D")

    @property
    def shader(self) -> bpy.types.Area:
        return next(area for area in self.window.screen.areas if area.type == "NODE_EDITOR")

    def region(self, kind: str) -> bpy.types.Region:
        return next(region for region in self.area.regions if region.type == kind)

    def context(self, kind: str = "WINDOW"):
        """As if the mouse were in the viewport."""
        return bpy.context.temp_override(window=self.window, area=self.area, region=self.region(kind))

    def event(self, kind: str, value: str = "PRESS", **modifiers: bool) -> None:
        self.window.event_simulate(kind, value, x=self.at[0], y=self.at[1], **modifiers)

    def press(self, kind: str, **modifiers: bool) -> None:
        self.event(kind, "PRESS", **modifiers)
        self.event(kind, "RELEASE", **modifiers)

    def move(self, x: float, y: float) -> None:
        self.at = int(x), int(y)
        self.event("MOUSEMOVE", "NOTHING")

    def over_viewport(self) -> None:
        region = self.region("WINDOW")
        self.move(region.x + 0.3 * region.width, region.y + 0.5 * region.height)

    def find_button(self, command: str):
        """Move the mouse down the sidebar until it is on an operator's button: Blender copies what that would do."""
        region = self.region("UI")
        for y in range(region.y + region.height - 30, region.y + 10, -9):
            bpy.context.window_manager.clipboard = ""
            self.move(region.x + 0.45 * region.width, y)
            yield 0.06
            self.press("C", ctrl=True)
            yield 0.06
            if command in bpy.context.window_manager.clipboard:
                return
        raise AssertionError(f"no button for {command} in the sidebar")

    def click(self):
        self.event("LEFTMOUSE", "PRESS")
        yield 0.1
        self.event("LEFTMOUSE", "RELEASE")

    def open_tab(self):
        """The sidebar, wide enough, with our tab in front."""
        self.area.spaces.active.show_region_ui = True
        yield 0.5
        self.region("UI").active_panel_category = "Galatea"
        self.area.tag_redraw()
        yield 0.7

    def picture(self, name: str):
        """A picture of the screen, once all is drawn."""
        for area in self.window.screen.areas:
            area.tag_redraw()
        yield 0.6
        if program := shutil.which("import"):
            subprocess.run([program, "-window", "root", str(self.folder / f"{name}.png")], check=True)


def play(folder: Path, archive: str, story: str) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    spec = importlib.util.spec_from_file_location("story", Path(__file__).with_name(f"{story}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stage = Stage(folder, archive)
    steps = module.story(stage)
    began = time.perf_counter()

    def step() -> float | None:
        try:
            if time.perf_counter() - began > 900.0:
                raise TimeoutError("the story takes too long")
            return next(steps)
        except StopIteration:
            (folder / "seen.json").write_text(json.dumps(stage.seen, indent=1, default=str))
            bpy.ops.wm.quit_blender()
        except BaseException:  # noqa: BLE001 - Blender would go on for ever
            traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            if program := shutil.which("import"):
                subprocess.run([program, "-window", "root", str(folder / "failed.png")], check=False)
            os._exit(3)
        return None

    bpy.app.timers.register(step, first_interval=2.0, persistent=True)


bpy.context.preferences.view.show_splash = False
_story, _folder, _archive = sys.argv[sys.argv.index("--") + 1:]
play(Path(_folder), _archive, _story)
