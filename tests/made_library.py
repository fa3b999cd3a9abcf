# SPDX-License-Identifier: GPL-3.0-or-later
"""A character in a file of its own, and shots that show it from there, as studios do."""

from pathlib import Path

import bpy


def keep_in_library(armature: bpy.types.Object, path: Path) -> None:
    """Save the open file with the armature in a collection "Cast"."""
    cast = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(cast)
    for collection in list(armature.users_collection):
        collection.objects.unlink(armature)
    cast.objects.link(armature)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))


def show_from_library(path: Path, how: str) -> None:
    """Have the collection of a file in an empty scene: as a "link", an "override", or an "instance"."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(path), link=True) as (_, here):
        here.collections = ["Cast"]
    (cast,) = here.collections
    if how == "override":
        cast.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    elif how == "instance":
        empty = bpy.data.objects.new("Cast", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", cast
        bpy.context.scene.collection.objects.link(empty)
    else:
        bpy.context.scene.collection.children.link(cast)
