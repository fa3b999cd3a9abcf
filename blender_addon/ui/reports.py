# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong: a line to read, and a report to send that names no folder and nobody."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from .. import home
from ..errors import GalateaError
from . import shown, watching
from .drawing import wrapped

if TYPE_CHECKING:
    import traceback

    from ..motion.requests import MotionRequest

# Blender's own strings and ours may hold paths; the last part of one says enough.
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][^\\/:*?\"<>|\n\r',;()]+)+[\\/](?=[^\s\\/])")


def fail(operator: bpy.types.Operator, error: Exception, request: MotionRequest | None = None) -> set[str]:
    """Say what went wrong and keep it for the panel; what an operator returns then."""
    if isinstance(error, GalateaError):
        line = " ".join(str(error).split())
    else:
        line = f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; Copy Report and tell us"
    shown.now.failure = shown.Failure(line, _report(line, error, request))
    watching.redraw()
    operator.report({"ERROR"}, line)
    return {"CANCELLED"}


def clear() -> None:
    """Nothing is wrong any more."""
    shown.now.failure = None


def without_paths(text: str) -> str:
    """The text with each path cut down to its last part."""
    return _PATH.sub("…/", text.replace(str(Path.home()), "~"))


def _report(line: str, error: Exception, request: MotionRequest | None) -> str:
    import platform
    import traceback

    ort = sys.modules.get("onnxruntime")  # loading it is not a report's business
    device = shown.now.device or shown.Device()
    packs = shown.now.catalogue.packs if shown.now.catalogue else ()
    rows = [
        ("Error", line),
        ("Galatea", f"{home.version()} {home.extension()}"),
        ("Blender", f"{bpy.app.version_string}, Python {platform.python_version()}"),
        ("System", platform.platform()),
        ("onnxruntime", getattr(ort, "__version__", "broken") if ort else "not loaded"),
        ("Provider", device.provider + (f" ({device.why_not})" if device.why_not else "") or "none yet"),
        ("Packs", ", ".join(f"{pack.id} {pack.version}" for pack in packs) or "none read"),
    ]
    if request is not None:
        asked = asdict(request) | {"path": "a curve" if request.path else ""}
        rows.append(("Request", ", ".join(f"{name} {value!r}" for name, value in asked.items() if value != "")))
    rows.append(("Stack", "".join(f"\n  {_place(frame)}" for frame in traceback.extract_tb(error.__traceback__))))
    return without_paths("\n".join(f"{name}: {value}" for name, value in rows)) + "\n"


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    inside = path.is_relative_to(home.ROOT)
    where = path.relative_to(home.ROOT).as_posix() if inside else path.name
    return f"{where.replace('/', '.')}:{frame.lineno} {frame.name}: {frame.line or ''}"


def draw_failure(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The last thing that went wrong, where there is one."""
    failure = shown.now.failure
    if failure is None:
        return
    column = layout.column()
    column.alert = True
    wrapped(column, context, failure.line, icon="ERROR")
    row = layout.row()
    row.operator(CopyReport.bl_idname, icon="COPYDOWN")
    row.operator(DismissError.bl_idname, text="", icon="X")


class CopyReport(bpy.types.Operator):
    """Copy what went wrong, with versions and the place in the code, to the clipboard; it names no folder"""

    bl_idname = "galatea.copy_report"
    bl_label = "Copy Report"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Nothing went wrong so far")
        return shown.now.failure is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = shown.now.failure.report
        self.report({"INFO"}, "The report is in the clipboard")
        return {"FINISHED"}


class DismissError(bpy.types.Operator):
    """Take the error message away"""

    bl_idname = "galatea.dismiss_error"
    bl_label = "Dismiss Error"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Nothing went wrong so far")
        return shown.now.failure is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        clear()
        return {"FINISHED"}


CLASSES = (CopyReport, DismissError)
