# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify's human meta-rig, and whether a character follows a rig made of it."""

from __future__ import annotations

import bpy

from ..errors import GalateaError
from .files import hushed

FOLLOWS = "Control Rig"  # the name of the constraints by which a character's bones do


def control_rig_of(armature: bpy.types.Object) -> bpy.types.Object | None:
    """The control rig that a character's bones follow; None where there is none, or it is switched off."""
    pose = armature.pose.bones.get("Hips") if armature.pose else None
    return next((each.target for each in (pose.constraints if pose else ())
                 if each.name.startswith(FOLLOWS) and each.target is not None and not each.mute), None)


def follower_of(rig: bpy.types.Object) -> bpy.types.Object | None:
    """The armature whose bones follow a control rig; None where there is none."""
    if rig.type != "ARMATURE" or "rig_id" not in rig.data:
        return None
    return next((ob for ob in bpy.data.objects if ob.type == "ARMATURE" and control_rig_of(ob) == rig), None)


def add_metarig() -> bpy.types.Object:
    """Add Rigify's human meta-rig, selected and active; GalateaError when this Blender has no Rigify.

    Rigify is switched on where it is not.
    """
    import addon_utils

    with hushed():
        if "rigify" not in bpy.context.preferences.addons:
            addon_utils.enable("rigify", default_set=True)
        try:
            bpy.ops.object.armature_human_metarig_add()
        except AttributeError as error:
            raise GalateaError("Rigify is missing from this Blender; install it under Preferences > Add-ons") from error
    return bpy.context.object
