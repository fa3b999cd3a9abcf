# SPDX-License-Identifier: GPL-3.0-or-later
"""Galatea's entry as a Blender extension: the repository's root is the extension's folder."""


def register() -> None:
    """Blender calls this when the extension is switched on."""
    from . import blender_addon

    # Preferences and the user folder belong to the extension's own package, which only this file can name.
    blender_addon.register(__package__)


def unregister() -> None:
    """Blender calls this when the extension is switched off."""
    from . import blender_addon

    blender_addon.unregister()
