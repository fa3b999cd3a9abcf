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
from .drawing import Sidebar, wrapped

if TYPE_CHECKING:
    import traceback

    from ..motion.requests import KeyOptions

# Blender's own strings and ours may hold paths; the last part of one says enough.
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][^\\/:*?\"<>|\n\r',;()]+)+[\\/](?=[^\s\\/])")


_OWN_NAMES = ("path", "source", "clips", "bone_map", "like")  # what people named, which is nobody else's business


def fail(operator: bpy.types.Operator, error: Exception, request: KeyOptions | None = None) -> set[str]:
    """Say what went wrong and keep it for the panel; what an operator returns then."""
    operator.report({"ERROR"}, note(error, request))
    return {"CANCELLED"}


def note(error: Exception, request: KeyOptions | None = None) -> str:
    """Keep what went wrong for the panel; returns the line."""
    if isinstance(error, GalateaError):
        line = " ".join(str(error).split())
    else:
        line = f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; Copy Report and tell us"
    shown.now.failure = shown.Failure(line, _report(line, error, request))
    watching.redraw()
    return line


def clear() -> None:
    """Nothing is wrong any more."""
    shown.now.failure = None


def without_paths(text: str) -> str:
    """The text with each path cut down to its last part."""
    return _PATH.sub("…/", text.replace(str(Path.home()), "~"))


def _report(line: str, error: Exception, request: KeyOptions | None) -> str:
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
        asked = asdict(request)
        asked |= {name: "…" for name in _OWN_NAMES if asked.get(name)}
        told = (f"{name} {value!r}" for name, value in asked.items() if value not in ("", ()))
        rows.append(("Request", ", ".join(told)))
    rows.append(("Stack", "".join(f"\n  {_place(frame)}" for frame in traceback.extract_tb(error.__traceback__))))
    return without_paths("\n".join(f"{name}: {value}" for name, value in rows)) + "\n"


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    inside = path.is_relative_to(home.ROOT)
    where = path.relative_to(home.ROOT).as_posix() if inside else path.name
    return f"{where.replace('/', '.')}:{frame.lineno} {frame.name}: {frame.line or ''}"


class TroublePanel(Sidebar, bpy.types.Panel):
    """The last thing that went wrong, above all else."""

    bl_idname = "GALATEA_PT_trouble"
    bl_label = "What Went Wrong"
    bl_options = {"HIDE_HEADER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return shown.now.failure is not None

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column()
        column.alert = True
        wrapped(column, context, shown.now.failure.line, icon="ERROR")
        row = self.layout.row()
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


CLASSES = (TroublePanel, CopyReport, DismissError)
