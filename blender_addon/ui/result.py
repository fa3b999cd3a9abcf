# SPDX-License-Identifier: GPL-3.0-or-later
"""The Last Result panel: where the rig's action comes from, and its figures, read from the action."""

from __future__ import annotations

import bpy

from . import shown, watching
from .drawing import Sidebar, row_of, wrapped


def _made(context: bpy.types.Context) -> bpy.types.Action | None:
    """The action of the rig in hand, when Galatea made it."""
    rig = watching.rig_in_hand(context)
    action = rig.animation_data.action if rig is not None and rig.animation_data else None
    made = action is not None and ("galatea_version" in action or "galatea_figure_keys" in action)
    return action if made else None


class ResultPanel(Sidebar, bpy.types.Panel):
    """Where the rig's action comes from, and its figures."""

    bl_idname = "GALATEA_PT_result"
    bl_label = "Last Result"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _made(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        action = _made(context)
        first, last = action.frame_range
        made = shown.now.made.get(action.name)
        column = self.layout.column(align=True)
        row_of(column, "Action", action.name)
        row_of(column, "Frames", f"{last - first + 1:.0f}")
        _draw_keys(column, action)
        _figure(column, action, "Travelled", "travelled_m", "{:.1f} m")
        _figure(column, action, "Wanted", "asked_m", "{:.1f} m")
        if made is not None:
            row_of(column, "Made In", f"{made.seconds:.1f} s")
        if "galatea_clip" in action:
            row_of(column, "Clip", str(action["galatea_clip"]))
        if "galatea_pack" in action:
            row_of(column, "Provider", str(action.get("galatea_provider", "")).removesuffix("ExecutionProvider"))
            row_of(column, "Pack", f"{action['galatea_pack']} {action.get('galatea_pack_version', '')}")
            row_of(column, "Seed", str(action.get("galatea_seed", "")))
        for note in made.notes if made is not None else ():
            wrapped(self.layout, context, note, icon="INFO")


def _draw_keys(column: bpy.types.UILayout, action: bpy.types.Action) -> None:
    """Keys and how exact they are; feet before and after."""
    keys, every = (action.get(f"galatea_figure_{name}") for name in ("keys", "keys_every_frame"))
    if keys is not None:
        row_of(column, "Keys", f"{keys:,.0f}" + (f", {100.0 * keys / every:.0f} %" if every else ""))
    _figure(column, action, "Joint Error", "key_error_mm", "{:.2f} mm")
    before, after = (action.get(f"galatea_figure_foot_skate_{name}cm_per_s") for name in ("before_", ""))
    if after is not None:
        row_of(column, "Foot Skate", f"{after:.1f} cm/s" if before is None else f"{before:.1f} → {after:.1f} cm/s")


def _figure(column: bpy.types.UILayout, action: bpy.types.Action, name: str, figure: str, form: str) -> None:
    value = action.get(f"galatea_figure_{figure}")
    if value is not None:
        row_of(column, name, form.format(value))


CLASSES = (ResultPanel,)
