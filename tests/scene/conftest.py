# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests on the bpy module, which all share one process and therefore one Blender."""

import pytest


@pytest.fixture
def empty_scene():
    """A Blender as it leaves the factory, with nothing in it; returns the scene.

    References taken before (objects, actions) are dead after it, as after opening any file.
    """
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene
