# SPDX-License-Identifier: GPL-3.0-or-later
"""Galatea in Blender; imports nothing at the top, so that the rooms without bpy import anywhere."""

_command = None  # what bpy gave for the `galatea` command, to hand back


def register(package: str) -> None:
    """Switch Galatea on for the extension `package` (such as "bl_ext.user_default.galatea").

    Only names things to Blender: neither onnxruntime nor a model pack is touched before the first use.
    """
    global _command
    import bpy

    from . import home, ui

    home.set_extension(package)
    ui.register()
    _command = bpy.utils.register_cli_command("galatea", _run_command)


def unregister() -> None:
    """Switch Galatea off and leave nothing of it in Blender."""
    global _command
    import bpy

    from . import home, ui

    if _command is not None:
        bpy.utils.unregister_cli_command(_command)
        _command = None
    ui.unregister()
    home.set_extension("")


def _run_command(arguments: list[str]) -> int:
    """`blender --command galatea ARGUMENTS`; returns the exit status."""
    from . import cli

    return cli.main(arguments)
