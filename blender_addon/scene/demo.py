# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of `make demo`: a Rigify human with Galatea's mannequin on a floor, in light, before a camera."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from ..errors import GalateaError
from .files import hushed, new_file
from .mannequin import add_mannequin
from .rigs import read_rig
from .sampling import sample_clip


def set_stage() -> bpy.types.Object:
    """Open an empty scene with a skinned Rigify human meta-rig in it and return the armature."""
    new_file()
    armature = _add_metarig()
    armature.name = "Galatea Demo"
    add_mannequin(armature, read_rig(armature))
    return armature


def _add_metarig() -> bpy.types.Object:
    import addon_utils

    with hushed():
        if "rigify" not in bpy.context.preferences.addons:
            addon_utils.enable("rigify", default_set=True)
        try:
            bpy.ops.object.armature_human_metarig_add()
        except AttributeError as error:
            raise GalateaError("Rigify is missing from this Blender; install it under Preferences > Add-ons") from error
    return bpy.context.object


def light_stage(armature: bpy.types.Object, frames: int) -> None:
    """Put floor, sun and camera around the way that the armature goes in its first `frames` frames."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, frames
    way = sample_clip(armature, read_rig(armature).bones["Hips"], 1, frames, scene).positions
    low, high = way.min(axis=0), way.max(axis=0)
    middle = Vector((*((low + high) / 2)[:2], 0.9))
    span = float(np.linalg.norm(high[:2] - low[:2]))
    _add_floor(middle, span + 6.0)
    _add_sun()
    _add_camera(middle, span)
    scene.frame_set(1)


def _add_floor(middle: Vector, size: float) -> None:
    bpy.ops.mesh.primitive_plane_add(size=size, location=(middle.x, middle.y, 0.0))
    floor = bpy.context.object
    floor.name = "Floor"
    material = bpy.data.materials.new("Floor")
    material.diffuse_color = (0.32, 0.34, 0.36, 1.0)
    floor.data.materials.append(material)


def _add_sun() -> None:
    bpy.ops.object.light_add(type="SUN", location=(2.0, -3.0, 5.0), rotation=(0.7, 0.25, 0.6))
    bpy.context.object.data.energy = 3.0
    bpy.context.object.data.angle = 0.1


def _add_camera(middle: Vector, span: float) -> None:
    """From the front and the side, far enough away to see the whole way."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("Camera")
    camera = bpy.data.objects.new("Camera", data)
    scene.collection.objects.link(camera)
    away = max(4.0, 1.1 * span) + 2.0
    camera.location = middle + Vector((0.85, -0.5, 0.25)).normalized() * away
    camera.rotation_euler = (middle - camera.location).to_track_quat("-Z", "Y").to_euler()
    scene.camera = camera
