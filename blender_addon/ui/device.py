# SPDX-License-Identifier: GPL-3.0-or-later
"""The device: what ran, why not another, and a button to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import home
from ..errors import DeviceError, GalateaError
from . import reports, shown, watching
from .drawing import row_of, wrapped

if TYPE_CHECKING:
    from .. import api


def wished(own: str = "PREFERENCES") -> str:
    """The device to use: a scene's own, else the preferences', else auto."""
    return home.preference("device", "auto") if own == "PREFERENCES" else own


def ran(result: api.MotionResult | api.DeviceTest, steps_per_second: float = 0.0) -> None:
    """Remember what really ran."""
    shown.now.device = shown.Device(result.provider, result.why_not, result.onnxruntime, steps_per_second)


class TestDevice(bpy.types.Operator):
    """Run a model for a moment on the chosen device and say what really ran it"""

    bl_idname = "galatea.test_device"
    bl_label = "Test Device"

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        settings = getattr(context.scene, "galatea_motion", None)
        try:
            test = api.test_device(wished(settings.device if settings else "PREFERENCES"))
        except GalateaError as error:
            if isinstance(error, DeviceError):
                shown.now.device = shown.Device(problem=str(error))
            return reports.fail(self, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error)
        ran(test, test.steps_per_second)
        reports.clear()
        watching.redraw()
        self.report({"INFO"}, f"{test.provider}, {test.steps_per_second:.0f} steps/s")
        return {"FINISHED"}


def draw_test(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button, and what it or the last motion found."""
    layout.operator(TestDevice.bl_idname, icon="PLAY")
    told = shown.now.device
    if told is None:
        return
    if told.problem:
        wrapped(layout, context, told.problem, icon="ERROR")
        return
    column = layout.column(align=True)
    row_of(column, "Really Used", told.provider.removesuffix("ExecutionProvider"))
    row_of(column, "onnxruntime", told.onnxruntime)
    if told.steps_per_second:
        row_of(column, "Speed", f"{told.steps_per_second:.0f} steps/s")
    if told.why_not:
        wrapped(layout, context, told.why_not, icon="INFO")


CLASSES = (TestDevice,)
