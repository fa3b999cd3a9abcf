# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets: a moving figure at chosen frames, rendered into one PNG, with nothing of the user's scene touched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

from ..errors import GalateaError, RigError
from . import versions
from .files import hushed
from .sheets import lay_out, save_png, write_text

# Light paths a pixel: few, where Blender has a denoiser, else enough for a small picture in soft light.
_SAMPLES_DENOISED, _SAMPLES = 6, 16
_TILE = 0.5  # metres, of the floor's chequers
_TURN = 38.0  # degrees off the way ahead that the camera stands
_RISE = 11.0  # degrees that it looks down
_LENS = 70.0
_BODY = (0.50, 0.43, 0.36, 1.0)


@dataclass(frozen=True)
class _Shot:
    """One picture: its frame, the figure's meshes as they are then, and the corners of the box around them."""

    frame: int
    objects: tuple[bpy.types.Object, ...]
    low: np.ndarray
    high: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        return (self.low + self.high) / 2


def contact_sheet(path: str | Path, armature: bpy.types.Object, frames: Sequence[int], columns: int = 4,
                  size: int = 256) -> None:
    """Render what `armature` moves at `frames` from the front and the side into one PNG, row by row.

    Every picture shows the frame's number and how far the figure has come; the camera goes along with it over a floor
    with half-metre chequers. size: pixels of a picture's side. The user's scene, selection, settings and data stay as
    they are. RigError when the armature moves no mesh, GalateaError when nothing can be rendered or written.
    """
    frames = [int(frame) for frame in frames]
    if not frames or columns < 1 or size < 16:
        raise GalateaError("a contact sheet needs at least one frame, one column and pictures of 16 pixels")
    with hushed(), _studio(f"{armature.name} contact sheet") as scene:
        shots = _pose(scene, armature, frames)
        pictures = _render(scene, shots, size)
    scale = max(1, size // 128)
    places = _smooth(np.array([shot.middle for shot in shots]))
    for picture, shot, place in zip(pictures, shots, places):
        write_text(picture, f"{shot.frame}", 6, 6, scale)
        write_text(picture, f"{np.linalg.norm((place - places[0])[:2]):.1f} m", 6, size - 6 - 7 * scale, scale)
    save_png(path, lay_out(pictures, columns))


# --- a studio of its own --------------------------------------------------------------------------------------------


@contextmanager
def _studio(name: str) -> Iterator[bpy.types.Scene]:
    """A scene that is gone afterwards, and with it everything that was made for it."""
    kinds = ("scenes", "collections", "objects", "meshes", "cameras", "lights", "materials", "worlds", "images",
             "armatures", "actions", "node_groups", "curves")
    kinds = tuple(kind for kind in kinds if hasattr(bpy.data, kind))
    before = {kind: {item.as_pointer() for item in getattr(bpy.data, kind)} for kind in kinds}
    scene = bpy.data.scenes.new(name)
    try:
        yield scene
    finally:
        for kind in kinds:
            made = [item for item in getattr(bpy.data, kind) if item.as_pointer() not in before[kind]]
            for item in made:
                getattr(bpy.data, kind).remove(item)


def _pose(scene: bpy.types.Scene, armature: bpy.types.Object, frames: list[int]) -> list[_Shot]:
    """The figure's meshes frozen at each frame, in the studio.

    Copies are posed, never the user's own objects: evaluating a frame writes its pose into the objects it is of.
    """
    meshes = [ob for ob in bpy.data.objects if ob.type == "MESH" and _moved_by(ob, armature)]
    if not meshes:
        raise RigError(f"{armature.name} moves no mesh to be rendered; bind one to it")
    source = _scene_of(armature)
    scene.render.fps, scene.render.fps_base = source.render.fps, source.render.fps_base
    actor = armature.copy()
    actor.matrix_world = armature.matrix_world
    copies = [ob.copy() for ob in meshes]
    for ob in (actor, *copies):
        scene.collection.objects.link(ob)
        ob.hide_viewport = ob.hide_render = False
    for copy in copies:
        if copy.parent == armature:
            copy.parent = actor
        for modifier in copy.modifiers:
            if modifier.type == "ARMATURE" and modifier.object == armature:
                modifier.object = actor
    material = _material("body", _BODY)
    shots = []
    for frame in frames:
        scene.frame_set(frame)
        graph = scene.view_layers[0].depsgraph
        frozen = [_freeze(scene, copy.evaluated_get(graph), graph, material) for copy in copies]
        corners = np.concatenate([_world_vertices(ob) for ob in frozen])
        if not np.isfinite(corners).all():
            raise GalateaError(f"{armature.name} has no finite pose at frame {frame}; look at its action")
        shots.append(_Shot(frame, tuple(frozen), corners.min(axis=0), corners.max(axis=0)))
    for ob in (actor, *copies):
        bpy.data.objects.remove(ob)
    return shots


def _moved_by(ob: bpy.types.Object, armature: bpy.types.Object) -> bool:
    return any(m.type == "ARMATURE" and m.object == armature for m in ob.modifiers) or ob.parent == armature


def _scene_of(ob: bpy.types.Object) -> bpy.types.Scene:
    return next(iter(ob.users_scene), bpy.context.scene)


def _freeze(scene: bpy.types.Scene, evaluated: bpy.types.Object, graph: bpy.types.Depsgraph,
            material: bpy.types.Material) -> bpy.types.Object:
    mesh = bpy.data.meshes.new_from_object(evaluated, depsgraph=graph)
    if not any(mesh.materials):
        mesh.materials.clear()
        mesh.materials.append(material)
    ob = bpy.data.objects.new(mesh.name, mesh)
    ob.matrix_world = evaluated.matrix_world
    ob.hide_render = True
    # Smooth shading on a few thousand quads throws hard steps where light grazes; Cycles can start shadows further out.
    versions.cycles_settings(ob).shadow_terminator_geometry_offset = 0.2
    scene.collection.objects.link(ob)
    return ob


def _world_vertices(ob: bpy.types.Object) -> np.ndarray:
    points = np.empty(len(ob.data.vertices) * 3, np.float32)
    ob.data.vertices.foreach_get("co", points)
    matrix = np.array(ob.matrix_world)
    return points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


# --- pictures -------------------------------------------------------------------------------------------------------


def _render(scene: bpy.types.Scene, shots: list[_Shot], size: int) -> list[np.ndarray]:
    middles = np.array([shot.middle for shot in shots])
    height = max(float(max((shot.high - shot.low).max() for shot in shots)), 1e-3)
    ground = min(0.0, *(float(shot.low[2]) for shot in shots))
    ground = 0.0 if ground > -0.05 * height else ground
    ahead = _way_ahead(middles, height)
    camera = _furnish(scene, middles, height, ground, ahead)
    _settings(scene, size)
    pictures = []
    # Blender's own folder for the session: Galatea writes nowhere else but where it was told to.
    with tempfile.TemporaryDirectory(dir=bpy.app.tempdir or None) as folder:
        for n, (shot, middle) in enumerate(zip(shots, _smooth(middles))):
            _aim(camera, np.array([middle[0], middle[1], ground + 0.49 * height]), height, ahead)
            for ob in shot.objects:
                ob.hide_render = False
            scene.render.filepath = str(Path(folder) / f"{n}.png")
            bpy.ops.render.render(write_still=True, scene=scene.name)
            for ob in shot.objects:
                ob.hide_render = True
            pictures.append(_read(scene.render.filepath, size))
    return pictures


def _way_ahead(middles: np.ndarray, height: float) -> np.ndarray:
    """The level direction that the figure moves in; towards -Y when it stays where it is."""
    way = (middles[-1] - middles[0]) * (1.0, 1.0, 0.0)
    length = np.linalg.norm(way)
    return way / length if length > 0.15 * height else np.array([0.0, -1.0, 0.0])


def _smooth(middles: np.ndarray) -> np.ndarray:
    """A steady way for the camera: arms and legs that swing move the figure's middle, but not its picture."""
    time = np.linspace(-1.0, 1.0, len(middles))
    degree = min(2, len(middles) - 1)
    return np.stack([np.polyval(np.polyfit(time, axis, degree), time) for axis in middles.T], axis=1)


def _aim(camera: bpy.types.Object, target: np.ndarray, height: float, ahead: np.ndarray) -> None:
    turn, rise = np.radians(_TURN), np.radians(_RISE)
    side = np.array([-ahead[1], ahead[0], 0.0])
    away = (ahead * np.cos(turn) + side * np.sin(turn)) * np.cos(rise) + np.array([0.0, 0.0, np.sin(rise)])
    distance = 1.13 * height * _LENS / 36.0
    camera.location = Vector(target + away * distance)
    camera.rotation_euler = Vector(-away).to_track_quat("-Z", "Y").to_euler()


def _furnish(scene: bpy.types.Scene, middles: np.ndarray, height: float, ground: float,
             ahead: np.ndarray) -> bpy.types.Object:
    """Floor, light and camera for figures that come through `middles`."""
    centre = middles.mean(axis=0)
    reach = float(np.abs(middles - centre).max()) + 12.0 * height
    _floor(scene, centre, reach, ground, _TILE * (height / 1.75 if not 0.5 < height < 2.6 else 1.0))
    side = np.array([-ahead[1], ahead[0], 0.0])
    for towards, energy, angle, colour in (
        (0.75 * ahead - 0.35 * side + (0.0, 0.0, 1.1), 2.7, 0.15, (1.0, 0.95, 0.88)),
        (0.20 * ahead + 1.00 * side + (0.0, 0.0, 0.6), 0.35, 0.80, (0.85, 0.92, 1.0)),
    ):
        light = bpy.data.lights.new("Light", "SUN")
        light.energy, light.angle, light.color = energy, angle, colour
        ob = bpy.data.objects.new("Light", light)
        ob.rotation_euler = Vector(towards).to_track_quat("Z", "Y").to_euler()
        scene.collection.objects.link(ob)
    world = bpy.data.worlds.new("World")
    if not world.node_tree:
        world.use_nodes = True  # before 5.0 worlds start without
    sky = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    sky.inputs["Color"].default_value = (0.80, 0.86, 0.92, 1.0)
    sky.inputs["Strength"].default_value = 0.32
    scene.world = world
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = _LENS
    camera.data.clip_end = 100.0 * max(height, 1.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def _floor(scene: bpy.types.Scene, centre: np.ndarray, reach: float, ground: float, tile: float) -> None:
    """Chequers that lie still in the world, so that travel and sliding feet show."""
    first = np.floor((centre[:2] - reach) / tile).astype(int)
    count = int(np.ceil(2 * reach / tile))
    x, y = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
    points = np.stack([(x + first[0]) * tile, (y + first[1]) * tile, np.full(x.shape, ground)], axis=-1).reshape(-1, 3)
    at = (np.arange(count)[:, None] * (count + 1) + np.arange(count)).ravel()
    mesh = bpy.data.meshes.new("Floor")
    mesh.from_pydata(points.tolist(), [], np.stack([at, at + count + 1, at + count + 2, at + 1], axis=1).tolist())
    mesh.materials.append(_material("light", (0.58, 0.60, 0.62, 1.0)))
    mesh.materials.append(_material("dark", (0.40, 0.42, 0.45, 1.0)))
    odd = np.add.outer(np.arange(count) + first[0], np.arange(count) + first[1]) % 2
    mesh.polygons.foreach_set("material_index", odd.ravel().astype(np.int32))
    scene.collection.objects.link(bpy.data.objects.new("Floor", mesh))


def _material(name: str, colour: tuple[float, float, float, float]) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    material.diffuse_color = colour
    if not material.node_tree:
        material.use_nodes = True  # before 5.0 materials start without
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = colour
    shader.inputs["Roughness"].default_value = 0.7
    return material


def _settings(scene: bpy.types.Scene, size: int) -> None:
    render = scene.render
    try:
        render.engine = "CYCLES"
    except TypeError:  # a Blender built or started without Cycles
        render.engine = "BLENDER_WORKBENCH"
    else:
        scene.cycles.device = "CPU"  # small pictures; no GPU is asked for that nobody chose
        scene.cycles.use_adaptive_sampling = False
        scene.cycles.use_denoising = _has_denoiser(scene)
        scene.cycles.samples = _SAMPLES_DENOISED if scene.cycles.use_denoising else _SAMPLES
        scene.cycles.max_bounces = 2
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.use_file_extension = True
    render.use_persistent_data = True
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGB"
    scene.view_settings.view_transform = "Standard"


def _has_denoiser(scene: bpy.types.Scene) -> bool:
    try:
        scene.cycles.denoiser = "OPENIMAGEDENOISE"
    except TypeError:  # distributions build Blender without it
        return False
    scene.cycles.denoising_use_gpu = False
    scene.cycles.denoising_prefilter = "FAST"
    return True


def _read(path: str, size: int) -> np.ndarray:
    """(size, size, 3) bytes of a rendered picture, top row first."""
    image = bpy.data.images.load(path)
    pixels = np.empty(size * size * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.round(pixels.reshape(size, size, 4)[::-1, :, :3] * 255.0).astype(np.uint8)
