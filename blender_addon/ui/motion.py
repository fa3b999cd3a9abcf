# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate Motion, at once or in slices on a timer, and the dice for its seed."""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

import bpy

from . import device, reports, shown, watching

if TYPE_CHECKING:
    from .. import api

_TICK = 0.01  # seconds between two turns of ours
_TURN = 0.03  # seconds that a turn may begin another slice in
# With these one looks around in the viewport, which does no harm meanwhile.
_LOOKING = {"MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "WHEELINMOUSE", "WHEELOUTMOUSE", "TRACKPADPAN",
            "TRACKPADZOOM", "MOUSEROTATE", "MOUSEMOVE", "INBETWEEN_MOUSEMOVE", "NDOF_MOTION"}


def _why_not(context: bpy.types.Context) -> str:
    """Why no motion can be made now; "" when it can, as far as can be told without looking closely."""
    if shown.now.progress is not None:
        return "Motion is being made; Esc cancels it"
    rig = watching.rig_in_hand(context)
    if rig is None:
        active = context.active_object
        return f"{active.name} is no armature; select the rig to animate" if active else "Select the rig to animate"
    if rig.mode == "EDIT" or context.mode not in watching.MODES:
        return "Switch to Object Mode or Pose Mode first"
    if not rig.is_editable:
        return f"{rig.name} is linked from another file; make a library override of it to animate it"
    told = watching.known(rig)
    return told.problem if told else ""


class GenerateMotion(bpy.types.Operator):
    """Make a new action with the settings of the Galatea tab and give it to the active rig; the old one is kept"""

    bl_idname = "galatea.generate_motion"
    bl_label = "Generate Motion"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = _why_not(context)
        if why:
            cls.poll_message_set(why)
        return not why

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        request = None
        try:
            request = context.scene.galatea_motion.request()
            result = api.generate_motion(watching.rig_in_hand(context), request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error, request)
        return self._done(result)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        global _run
        if bpy.app.background or context.window is None:
            return self.execute(context)
        from .. import api

        request = None
        try:
            request = context.scene.galatea_motion.request()
            slices = api.motion_in_slices(watching.rig_in_hand(context), request)
        except Exception as error:  # noqa: BLE001
            return reports.fail(self, error, request)
        reports.clear()
        _run = _Run(slices, request, context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if _run is None:
            return {"CANCELLED"}
        if event.type == "ESC" and event.value == "PRESS":
            _stop()
            self.report({"INFO"}, "Cancelled; everything is as it was")
            return {"CANCELLED"}
        if event.type in _LOOKING:
            return {"PASS_THROUGH"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        request = _run.request
        try:
            result = _run.go_on()
        except Exception as error:  # noqa: BLE001
            _stop()
            return reports.fail(self, error, request)
        if result is None:
            return {"RUNNING_MODAL"}
        _stop()
        return self._done(result)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender's own reasons: another file, the end."""
        _stop()

    def _done(self, result: api.MotionResult) -> set[str]:
        device.ran(result)
        reports.clear()
        shown.now.took = dict.fromkeys(result.actions, result.seconds)
        watching.redraw()
        self.report({"INFO"}, f"{', '.join(result.actions)}: {result.frames} frames in {result.seconds:.1f} s")
        return {"FINISHED"}


class _Run:
    """Motion that is being made in a window. Not kept in the operator: switching Galatea off has to reach it."""

    def __init__(self, slices: Generator[float, None, api.MotionResult], request: api.MotionRequest,
                 context: bpy.types.Context) -> None:
        self.slices, self.request = slices, request
        self._timer = context.window_manager.event_timer_add(_TICK, window=context.window)
        context.window_manager.progress_begin(0.0, 100.0)
        self._tell(0.0)

    def go_on(self) -> api.MotionResult | None:
        """One turn; the result once it is there."""
        until = time.perf_counter() + _TURN
        try:
            while time.perf_counter() < until:
                share = next(self.slices)
        except StopIteration as done:
            return done.value
        self._tell(share)
        return None

    def stop(self) -> None:
        """Put everything away; what is not finished is taken back."""
        self.slices.close()
        shown.now.progress = None
        manager = bpy.context.window_manager
        manager.event_timer_remove(self._timer)
        manager.progress_end()
        for workspace in bpy.data.workspaces:
            workspace.status_text_set(None)
        watching.redraw()

    def _tell(self, share: float) -> None:
        shown.now.progress = share
        manager = bpy.context.window_manager
        manager.progress_update(100.0 * share)
        if bpy.context.workspace is not None:
            bpy.context.workspace.status_text_set(f"Galatea: {100.0 * share:.0f} %  |  Esc: cancel")
        watching.redraw()


_run: _Run | None = None


def _stop() -> None:
    global _run
    if _run is not None:
        run, _run = _run, None
        run.stop()


class RollSeed(bpy.types.Operator):
    """Choose another seed by chance, for another take"""

    bl_idname = "galatea.roll_seed"
    bl_label = "Roll Seed"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.galatea_motion.seed = random.randrange(100_000)
        return {"FINISHED"}


CLASSES = (GenerateMotion, RollSeed)


def unregister() -> None:
    """Break off what is being made."""
    _stop()
