# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of `make demo`: a Rigify human with Galatea's mannequin on a floor, in light, before a camera."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from .files import new_file
from .keys import scene_fps
from .mannequin import add_mannequin
from .metarigs import add_metarig
from .rigs import read_rig
from .sampling import sample_clip


def set_stage() -> bpy.types.Object:
    """Open an empty scene with a skinned Rigify human meta-rig in it and return the armature."""
    new_file()
    armature = add_metarig()
    armature.name = "Galatea Demo"
    add_mannequin(armature, read_rig(armature))
    return armature


def light_stage(armature: bpy.types.Object, frames: int) -> None:
    """Put floor, sun and camera around the way that the armature goes in its first `frames` frames."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, frames
    way = sample_clip(armature, read_rig(armature).bones["Hips"], 1, frames, scene).positions
    low, high = way.min(axis=0), way.max(axis=0)
    low, high = np.array([*low[:2] - 0.7, 0.0]), np.array([*high[:2] + 0.7, 2.1])
    _add_floor((low + high) / 2, float(np.linalg.norm(high - low)) + 8.0)
    _add_light()
    _add_camera(low, high)
    scene.frame_set(1)


def sheet_frames(frames: int, pictures: int = 8) -> list[int]:
    """The frames that a contact sheet shows: one stride of a walk, from the middle of the motion on."""
    step = max(1, round(0.15 * scene_fps()))
    first = max(1, min(frames // 2, frames - step * (pictures - 1)))
    return [min(first + step * picture, frames) for picture in range(pictures)]


def _add_floor(middle: np.ndarray, size: float) -> None:
    bpy.ops.mesh.primitive_plane_add(size=size, location=(middle[0], middle[1], 0.0))
    floor = bpy.context.object
    floor.name = "Floor"
    material = bpy.data.materials.new("Floor")
    material.diffuse_color = (0.32, 0.34, 0.36, 1.0)
    floor.data.materials.append(material)


def _add_light() -> None:
    bpy.ops.object.light_add(type="SUN", location=(2.0, -3.0, 5.0), rotation=(0.7, 0.25, 0.6))
    bpy.context.object.data.energy = 3.0
    bpy.context.object.data.angle = 0.1
    bpy.context.scene.world = bpy.data.worlds.new("World")
    bpy.context.scene.world.color = (0.55, 0.6, 0.65)


def _add_camera(low: np.ndarray, high: np.ndarray) -> None:
    """From the left, the front and a little above, as far away as it takes to see everything between two corners."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.rotation_euler = Vector((-0.85, 0.4, -0.22)).to_track_quat("-Z", "Y").to_euler()
    bpy.context.view_layer.update()
    corners = np.array([[(low, high)[(i >> axis) & 1][axis] for axis in range(3)] for i in range(8)])
    place, _ = camera.camera_fit_coords(bpy.context.evaluated_depsgraph_get(), corners.ravel().tolist())
    camera.location = place
