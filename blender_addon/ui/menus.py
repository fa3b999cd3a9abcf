# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an animator would look: the Pose, Object, Add and Key menus, and with them F3's search."""

from __future__ import annotations

import bpy


def _generate(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.operator("galatea.generate_motion", icon="ARMATURE_DATA")


def _object(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    _generate(menu, context)
    menu.layout.operator("galatea.apply_texture", icon="MATERIAL")


def _pose(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    _generate(menu, context)
    menu.layout.operator("galatea.choose_clips")
    menu.layout.operator("galatea.fill_between_keys")
    menu.layout.operator("galatea.remove_generated_keys")
    menu.layout.operator("galatea.complete_pose")
    menu.layout.operator("galatea.lock_feet")
    menu.layout.operator("galatea.refit_keys")


def _keys(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.operator("galatea.fill_between_keys")
    menu.layout.operator("galatea.remove_generated_keys")
    menu.layout.operator("galatea.refit_keys")
    menu.layout.operator("galatea.lock_feet")


def _add_human(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator("galatea.add_human", text="Galatea Human", icon="OUTLINER_OB_ARMATURE")
    menu.layout.operator("galatea.create_character", text="Galatea Character", icon="OUTLINER_OB_ARMATURE")


_ENTRIES = (("VIEW3D_MT_pose", _pose), ("VIEW3D_MT_object", _object), ("VIEW3D_MT_armature_add", _add_human),
            ("GRAPH_MT_key", _keys), ("DOPESHEET_MT_key", _keys))


def register() -> None:
    """Add our entries."""
    for menu, entry in _ENTRIES:
        if hasattr(bpy.types, menu):
            getattr(bpy.types, menu).append(entry)


def unregister() -> None:
    """Take our entries out."""
    for menu, entry in _ENTRIES:
        if hasattr(bpy.types, menu):
            getattr(bpy.types, menu).remove(entry)
