# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps that tests know by heart: drawn by a formula, put on objects, and rendered to be looked at."""

import bpy
import numpy as np

from blender_addon.motion.slices import drain
from blender_addon.scene.dressing import Cloth, dress_in_slices
from blender_addon.texture.generating import TextureMaps
from blender_addon.texture.material_options import MaterialOptions
from blender_addon.texture.vocabulary import Look

TILE = 128  # pixels
LOOK = Look(tile_metres=0.5, relief=0.1)


def drawn(height: np.ndarray, relief: float = LOOK.relief) -> TextureMaps:
    """Maps of a height (H, W): normals from its slopes around the torus, everything else from its place."""
    rows, columns = height.shape
    u, v = np.meshgrid(np.arange(columns) / columns, np.arange(rows) / rows)
    right = relief * TILE * (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2.0
    upwards = relief * TILE * (np.roll(height, 1, 0) - np.roll(height, -1, 0)) / 2.0
    normal = np.stack([-right, -upwards, np.ones_like(right)], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    albedo = np.stack([0.2 + 0.6 * u, 0.9 - 0.7 * v, 0.3 + 0.2 * height], axis=2)
    roughness, metallic = 0.2 + 0.5 * v, (u > 0.5) * 1.0
    return TextureMaps(*(plane.astype(np.float32) for plane in (albedo, normal, roughness, metallic, height)))


def hill(size: int = TILE, across: float = 0.35, up: float = 0.35, width: float = 0.13) -> np.ndarray:
    """A round hill in a map that is otherwise flat; `across` from the left and `up` from below, shares of an edge."""
    u, v = np.meshgrid((np.arange(size) + 0.5) / size, 1.0 - (np.arange(size) + 0.5) / size)
    return np.exp(-((u - across) ** 2 + (v - up) ** 2) / (2.0 * width**2))


def cloth(*maps: TextureMaps, name: str = "made", look: Look = LOOK) -> Cloth:
    """Maps with seeds from 7 on."""
    metres = tuple(look.tile_metres * edge / TILE for edge in maps[0].size)
    return Cloth(name, look, metres, dict(enumerate(maps, start=7)), lambda seed: {"galatea_seed": seed})


def dress(objects, cloth: Cloth, **options):
    return drain(dress_in_slices(objects, cloth, MaterialOptions(**options)))


def shades(camera_height: float, width: float, size: int = 100, samples: int = 16) -> np.ndarray:
    """The scene from straight above, lit from +X: (size, size) brightness, row 0 at +Y."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Above", bpy.data.cameras.new("Above"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", width
    camera.location = (0.0, 0.0, camera_height)
    light = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    light.rotation_euler = (0.0, 0.8, 0.0)  # shines towards -X
    for ob in (camera, light):
        scene.collection.objects.link(ob)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", samples, False
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.view_settings.view_transform = "Raw"
    scene.render.image_settings.file_format = "OPEN_EXR"
    path = bpy.app.tempdir + "shades.exr"
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(path)
    pixels = np.empty(4 * size * size, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.batch_remove([image, camera.data, light.data])
    return pixels.reshape(size, size, 4)[::-1, :, :3].mean(axis=2)
