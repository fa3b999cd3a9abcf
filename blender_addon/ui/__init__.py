# SPDX-License-Identifier: GPL-3.0-or-later
"""Galatea in Blender's window. Thin: what is done, api.py does.

A feature is one module here, named in _FEATURES: CLASSES are its Blender classes (properties, operators, panels, in
the order they are registered), and register / unregister, where it has them, do the rest. draw() computes nothing and
imports nothing: what it shows was put into shown.py before.
"""

from . import (
    character,
    character_parts,
    character_settings,
    clothes,
    control_rig,
    device,
    human,
    inbetween,
    key_settings,
    keys,
    menus,
    motion,
    motion_panel,
    motion_settings,
    packs,
    preferences,
    reports,
    result,
    retarget,
    rig_panel,
    rigs,
    running,
    texture,
    texture_panel,
    texture_settings,
    texture_sheet,
    translations,
    watching,
)

# panels stand in the sidebar in this order
_FEATURES = (preferences, key_settings, motion_settings, texture_settings,
             character_settings, reports, rigs, rig_panel, motion, motion_panel, inbetween, retarget, keys, result,
             texture, texture_sheet, texture_panel, character, character_parts, clothes, control_rig, device, packs,
             human, running, menus, watching, translations)


def register() -> None:
    """Name everything to Blender; neither a model pack nor onnxruntime is touched."""
    import bpy

    for feature in _FEATURES:
        for kind in getattr(feature, "CLASSES", ()):
            bpy.utils.register_class(kind)
        if hasattr(feature, "register"):
            feature.register()


def unregister() -> None:
    """Take everything back, last things first."""
    import bpy

    for feature in reversed(_FEATURES):
        if hasattr(feature, "unregister"):
            feature.unregister()
        for kind in reversed(getattr(feature, "CLASSES", ())):
            bpy.utils.unregister_class(kind)
