# SPDX-License-Identifier: GPL-3.0-or-later
"""Galatea's preferences: which device, where packs are."""

import bpy

from .. import home
from ..inference.devices import DEVICES
from . import device, shown, watching
from .drawing import row_of

DEVICE_NAMES = {"auto": "Automatic", "cpu": "CPU", "cuda": "CUDA", "coreml": "Core ML", "directml": "DirectML",
                "openvino": "OpenVINO", "webgpu": "WebGPU", "rocm": "ROCm", "migraphx": "MIGraphX"}
DEVICE_ITEMS = tuple((name, DEVICE_NAMES.get(name, name), "What suits the model best here" if name == "auto" else
                      "What cannot run here gives way to the CPU, and says why") for name in DEVICES)


def _packs_moved(_: bpy.types.AddonPreferences, __: bpy.types.Context) -> None:
    shown.now.catalogue = None


class GalateaPreferences(bpy.types.AddonPreferences):
    """Shown under Edit > Preferences > Add-ons > Galatea."""

    bl_idname = ""  # the extension's package, once it is known

    device: bpy.props.EnumProperty(name="Device", items=DEVICE_ITEMS, description="What runs the models")
    packs_folder: bpy.props.StringProperty(
        name="Packs Folder", subtype="DIR_PATH", update=_packs_moved,
        description="A folder with model packs of your own; left empty, it is in Galatea's user folder")

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        watching.ask(context)
        layout.prop(self, "device")
        device.draw_test(layout, context)
        layout.prop(self, "packs_folder")
        there = shown.now.catalogue
        if there is not None:
            row_of(layout, "User Folder", there.user_folder)
            row_of(layout, "Your Packs", there.packs_folder)
        layout.operator("galatea.open_packs_folder", icon="FILE_FOLDER")


def of(context: bpy.types.Context) -> GalateaPreferences | None:
    """The preferences; None where there are none, as with --factory-startup --addons."""
    addon = context.preferences.addons.get(home.extension())
    return addon.preferences if addon else None


def register() -> None:
    """Blender knows preferences by the extension's package, which is not known when this file is read."""
    GalateaPreferences.bl_idname = home.extension()
    bpy.utils.register_class(GalateaPreferences)


def unregister() -> None:
    """Take the preferences back."""
    bpy.utils.unregister_class(GalateaPreferences)
