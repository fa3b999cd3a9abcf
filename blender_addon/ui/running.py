# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators whose work comes in slices: at once from a script, in a window on a timer, with progress and Esc."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface

from . import reports, shown, watching

_TICK = 0.01  # seconds between two turns of ours
_TURN = 0.03  # seconds that a turn may begin another slice in
_REDRAW = 0.1  # seconds between two looks at how far it is: drawing may take longer than a turn
# With these one looks around in the viewport, which does no harm meanwhile.
_LOOKING = {"MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "WHEELINMOUSE", "WHEELOUTMOUSE", "TRACKPADPAN",
            "TRACKPADZOOM", "MOUSEROTATE", "MOUSEMOVE", "INBETWEEN_MOUSEMOVE", "NDOF_MOTION"}

Slices = Generator[float, None, Any]


def why_not(context: bpy.types.Context) -> str:
    """Why the rig in hand cannot be worked on now; "" when it can, as far as can be told without looking closely."""
    if shown.now.progress is not None:
        return "Motion is being made; Esc cancels it"
    rig = watching.rig_in_hand(context)
    if rig is None:
        active = context.active_object
        if active is None:
            return "Select the rig to animate"
        return watching.only_shown(active) or f"{active.name} is no armature; select the rig to animate"
    if rig.mode == "EDIT" or context.mode not in watching.MODES:
        return "Switch to Object Mode or Pose Mode first"
    if not rig.is_editable:
        return f"{rig.name} is linked from another file; make a library override of it to animate it"
    told = watching.known(rig)
    return told.problem if told else ""


def why_no_action(context: bpy.types.Context) -> str:
    """The same for what is done to an action."""
    why = why_not(context)
    if why:
        return why
    rig = watching.rig_in_hand(context)
    there = rig.animation_data is not None and rig.animation_data.action is not None
    return "" if there else f"{rig.name} has no action yet"


class OnRig:
    """The part of an operator that says why its button is grey."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = cls.why_not(context)
        if why:
            cls.poll_message_set(why)
        return not why

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_not(context)


class Sliced(OnRig):
    """An operator for long work. It says what is asked for, what to do, and what to tell of the result."""

    starts_with = ""  # a line for what takes long at the beginning and cannot be broken off

    def request(self, context: bpy.types.Context) -> Any:
        """The api's request for what the panels are set to."""
        raise NotImplementedError

    def subject(self, context: bpy.types.Context) -> Any:
        """What it is done to."""
        return watching.rig_in_hand(context)

    def slices(self, subject: Any, request: Any) -> Slices:
        """The api's function in slices."""
        raise NotImplementedError

    def told(self, result: Any) -> str:
        """A line about the result; what else is to be remembered of it is remembered here."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        from ..motion.slices import drain

        request = None
        try:
            request = self.request(context)
            result = drain(self.slices(self.subject(context), request))
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error, request)
        return self._done(context, result)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        global _run
        if bpy.app.background or context.window is None:
            return self.execute(context)
        request = None
        try:
            request = self.request(context)
            slices = self.slices(self.subject(context), request)
        except Exception as error:  # noqa: BLE001
            return reports.fail(self, error, request)
        reports.clear()
        _run = _Run(self, slices, request, context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if _run is None:
            return {"CANCELLED"}
        if event.type == "ESC" and event.value == "PRESS":
            stop()
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
            stop()
            return reports.fail(self, error, request)
        if result is None:
            return {"RUNNING_MODAL"}
        stop()
        return self._done(context, result)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender's own reasons: another file, the end."""
        stop()

    def _done(self, context: bpy.types.Context, result: Any) -> set[str]:
        # Undo keeps what is there when we return: the pose that the new action makes, not the one before it.
        context.view_layer.update()
        reports.clear()
        self.report({"INFO"}, self.told(result))
        watching.redraw()
        return {"FINISHED"}


class _Run:
    """Work that is being done in a window. Not kept in the operator: switching Galatea off has to reach it."""

    def __init__(self, operator: Sliced, slices: Slices, request: Any, context: bpy.types.Context) -> None:
        self.slices, self.request = slices, request
        self._timer = context.window_manager.event_timer_add(_TICK, window=context.window)
        context.window_manager.progress_begin(0.0, 100.0)
        shown.now.running = operator.bl_idname
        self._told = 0.0
        self._tell(0.0, operator.starts_with)
        self._waits = bool(operator.starts_with)  # for the line to be seen

    def go_on(self) -> Any | None:
        """One turn; the result once it is there."""
        if self._waits:
            self._waits = False
            return None
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
        shown.now.progress, shown.now.running = None, ""
        manager = bpy.context.window_manager
        manager.event_timer_remove(self._timer)
        manager.progress_end()
        for workspace in bpy.data.workspaces:
            workspace.status_text_set(None)
        watching.redraw()

    def _tell(self, share: float, line: str = "") -> None:
        shown.now.progress = share
        if time.perf_counter() < self._told + _REDRAW:
            return
        self._told = time.perf_counter()
        manager = bpy.context.window_manager
        manager.progress_update(100.0 * share)
        if bpy.context.workspace is not None:
            bpy.context.workspace.status_text_set(
                f"Galatea: {pgettext_iface(line) if line else f'{100.0 * share:.0f} %'}  |  Esc: cancel")
        watching.redraw()


_run: _Run | None = None


def stop() -> None:
    """Break off what is being done; nothing of it stays."""
    global _run
    if _run is not None:
        run, _run = _run, None
        run.stop()


def draw_button(layout: bpy.types.UILayout, operator: type[Sliced], icon: str, scale: float = 1.0, **more: Any) -> None:
    """An operator's button; while it runs, how far it is."""
    row = layout.row()
    row.scale_y = scale
    if shown.now.running.endswith(operator.bl_idname.rpartition(".")[2]) and shown.now.progress is not None:
        text = pgettext_iface("{:.0f} %, Esc cancels").format(100.0 * shown.now.progress)
        row.progress(factor=shown.now.progress, text=text)
    else:
        row.operator(operator.bl_idname, icon=icon, **more)


def key_words(figures: dict[str, float]) -> str:
    """What a result says of its keys and feet, in a few words for the status bar."""
    words = []
    if "keys" in figures:
        words.append(f"{figures['keys']:,.0f} keys, {figures.get('key_error_mm', 0.0):.1f} mm off at most")
    if "foot_skate_before_cm_per_s" in figures:
        words.append(f"feet slide {figures['foot_skate_cm_per_s']:.1f} cm/s, "
                     f"before {figures['foot_skate_before_cm_per_s']:.1f}")
    return "; ".join(words)


def unregister() -> None:
    """Break off what is being done."""
    stop()
