# SPDX-License-Identifier: GPL-3.0-or-later
"""The Packs & Device panel: which models there are, what they may be used for, what runs them."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import home
from ..errors import GalateaError
from . import device, reports, shown, watching
from .drawing import Sidebar, row_of, wrapped


class PacksPanel(Sidebar, bpy.types.Panel):
    """The device and the pack in hand."""

    bl_idname = "GALATEA_PT_packs"
    bl_label = "Packs & Device"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        watching.ask(context)
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.galatea_motion
        layout.prop(settings, "device")
        device.draw_test(layout, context)
        layout.separator()
        layout.prop(settings, "pack_choice")
        row = layout.row(align=True)
        row.operator("galatea.look_again", icon="FILE_REFRESH")
        row.operator("galatea.open_packs_folder", text="", icon="FILE_FOLDER")
        there = shown.now.catalogue
        for problem in there.problems if there else ():
            wrapped(layout, context, problem, icon="ERROR")


class CardPanel(Sidebar, bpy.types.Panel):
    """The card of the pack in hand: licence, data, who is to be thanked."""

    bl_idname = "GALATEA_PT_packs_card"
    bl_parent_id = PacksPanel.bl_idname
    bl_label = "Licence and Data"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _pack(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        pack = _pack(context)
        wrapped(layout, context, pack.title)
        column = layout.column(align=True)
        row_of(column, "Version", f"{pack.version}, {pack.megabytes:.1f} MB")
        row_of(column, "Licence", pack.licence)
        layout.label(text="Learned from")
        box = layout.box()
        for line in (*pack.data, *pack.credits):
            wrapped(box, context, line)


def _pack(context: bpy.types.Context) -> shown.Pack | None:
    there = shown.now.catalogue
    return there.generator(context.scene.galatea_motion.pack) if there else None


class LookAgain(bpy.types.Operator):
    """Look again at the rig's bones and at the folders with packs"""

    bl_idname = "galatea.look_again"
    bl_label = "Look Again"

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            watching.read_packs()
            rig = watching.rig_in_hand(context)
            if rig is not None:
                watching.read_rig(rig)
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error)
        return {"FINISHED"}


class OpenPacksFolder(bpy.types.Operator):
    """Open the folder that packs of your own go into; it is made where there is none"""

    bl_idname = "galatea.open_packs_folder"
    bl_label = "Open Packs Folder"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("There is no window to open a folder in")
        return not bpy.app.background

    def execute(self, context: bpy.types.Context) -> set[str]:
        folder = Path()
        try:
            folder = home.packs_folder()
            folder.mkdir(parents=True, exist_ok=True)
            bpy.ops.wm.path_open(filepath=str(folder))
        except GalateaError as error:
            return reports.fail(self, error)
        except (OSError, RuntimeError) as error:
            return reports.fail(self, GalateaError(f"{folder} cannot be opened: {error}; name another in Preferences"))
        return {"FINISHED"}


CLASSES = (PacksPanel, CardPanel, LookAgain, OpenPacksFolder)
