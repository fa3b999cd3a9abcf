# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Galatea is at home: the extension it runs as, its version, and the one folder it may write to."""

import os
import sys
from functools import cache
from pathlib import Path

from .errors import GalateaError

ROOT = Path(__file__).resolve().parent.parent  # the extension's folder, or the checkout's
_extension = ""


def set_extension(package: str) -> None:
    """Remember the package that Blender registered Galatea as; "" when it is switched off."""
    global _extension
    _extension = package


def extension() -> str:
    """Return the extension's package, the key of its preferences; "" outside an extension (a virtual environment)."""
    return _extension


@cache
def version() -> str:
    """Return Galatea's version, as blender_manifest.toml states it."""
    import tomllib  # when Blender starts it is not needed

    with open(ROOT / "blender_manifest.toml", "rb") as file:
        return tomllib.load(file)["version"]


def user_folder() -> Path:
    """Return the folder for the user's own packs and settings, made when missing.

    In Blender the folder that belongs to the extension, else the platform's data folder.
    Raises GalateaError when it cannot be made.
    """
    try:
        if _extension.startswith("bl_ext."):
            import bpy

            return Path(bpy.utils.extension_path_user(_extension, create=True))
        folder = _data_folder() / "galatea"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    except OSError as error:
        raise GalateaError(f"Galatea's user folder cannot be made: {error}; make it or its parent writable") from error


def preference(name: str, default: str) -> str:
    """Return one of the extension's preferences; `default` where there are none, as in a virtual environment."""
    if not _extension:
        return default
    import bpy

    addon = bpy.context.preferences.addons.get(_extension)  # none with --factory-startup --addons
    return getattr(addon.preferences, name, default) if addon else default


def packs_folder() -> Path:
    """Return the folder of the user's own packs: the one named in the preferences, else that in the user folder."""
    named = preference("packs_folder", "")
    if not named:
        return user_folder() / "packs"
    import bpy

    return Path(bpy.path.abspath(named))


def _data_folder() -> Path:
    """Return where this platform keeps the data of a user's programs."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
