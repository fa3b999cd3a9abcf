# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of characters, as Galatea makes them now: the pictures of docs/characters.md and the README's front.

    .venv/bin/python tools/character_sheets.py [--out docs/characters] [--only people,parts] [--quick]

Rendered by Cycles on the CPU, in a studio of grey paper. `--quick` is half as large and grainier, for a first look.
Needs bpy and Pillow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import radians
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from blender_addon import api  # noqa: E402

LARGEST = 300_000  # bytes of a picture
GAP = 6  # pixels between pictures of a sheet
PAPER = (0.26, 0.27, 0.29)
CLAY = (0.52, 0.31, 0.21)
_HAIR = {"clothes": ("hair",), "clothes_seed": 5}
LENS = 100.0  # millimetres, far enough away that faces and hands keep their proportions


@dataclass(frozen=True)
class View:
    """A camera that looks at `target`, from `turn` degrees around it (0: the front) and `rise` above, and sees so many
    metres of height there."""

    target: tuple[float, float, float]
    height: float
    turn: float = 0.0
    rise: float = 4.0


@dataclass(frozen=True)
class Quality:
    """Share of the full size, and light paths a pixel."""

    size: float = 1.0
    samples: int = 12


# --- people -----------------------------------------------------------------------------------------------------------


def person(at: tuple[float, float] = (0.0, 0.0), turn: float = 0.0, arms: float = 0.0, **asked: object
           ) -> bpy.types.Object:
    """A character that stands there, turned by so many degrees, its arms let down by so many; returns its armature."""
    made = api.create_character(api.CharacterRequest(**asked))
    armature = bpy.data.objects[made.armature]
    if not asked.get("material"):
        _skin(bpy.data.objects[made.body], _plain("Clay", CLAY, 0.55))
    armature.location, armature.rotation_euler = (*at, 0.0), (0.0, 0.0, radians(turn))
    armature.hide_render = True
    if arms:
        pose(armature, LeftArm=("Y", arms), RightArm=("Y", -arms))
    return armature


def pose(armature: bpy.types.Object, **turns: tuple[str, float]) -> None:
    """Turn bones about the body's own axes (X to its left, Y to its back, Z up) by degrees, parents first."""
    for name, (axis, degrees) in turns.items():
        bone = armature.pose.bones[name]
        bpy.context.view_layer.update()
        place = Matrix.Translation(bone.head)
        bone.matrix = place @ Matrix.Rotation(radians(degrees), 4, axis) @ place.inverted() @ bone.matrix
    bpy.context.view_layer.update()


def stand_at(armature: bpy.types.Object, frame: int, at: np.ndarray) -> None:
    """Let a moving character be over a place at a frame of the scene."""
    bpy.context.scene.frame_set(frame)
    hips = armature.matrix_world @ armature.pose.bones["Hips"].head
    armature.location += Vector((at[0] - hips.x, at[1] - hips.y, 0.0))


def _skin(body: bpy.types.Object, material: bpy.types.Material) -> None:
    body.material_slots[0].material = material  # eyes have slots of their own


# --- sheets -----------------------------------------------------------------------------------------------------------


def people(quality: Quality) -> Image.Image:
    """24 bodies, by seed; stature and weight of some are asked for, the others are as the seeds have them."""
    asked = [{"stature": 1.52, "weight": 47.0, "sex": 0.0}, {"stature": 1.62, "weight": 95.0, "sex": 0.0},
             {"stature": 1.78, "weight": 62.0, "sex": 0.0}, {"stature": 1.68, "weight": 66.0, "sex": 1.0},
             {"stature": 1.78, "weight": 120.0, "sex": 1.0}, {"stature": 1.95, "weight": 80.0, "sex": 1.0}]
    wanted = [{"seed": seed, "sex": float(seed % 2)} | (asked[seed // 4] if seed % 4 == 3 else {})
              for seed in range(24)]
    rows = []
    for first in range(0, 24, 8):
        _empty_studio()
        for n, each in enumerate(wanted[first:first + 8]):
            person((0.98 * (n - 3.5), 0.0), turn=-10.0, arms=26.0, clothes=("hair",), clothes_seed=each["seed"],
                   **each)
        rows.append([_render(View((0.0, 0.0, 0.98), 2.14), (1600, 430), quality)])
    return _sheet(rows)


def sides(quality: Quality) -> Image.Image:
    """A woman and a man from eight sides."""
    rows = []
    for sex in (0.0, 1.0):
        _empty_studio()
        for n in range(8):
            person((0.95 * (n - 3.5), 0.0), turn=45.0 * n, arms=26.0, seed=5, sex=sex, variety=0.5, **_HAIR)
        rows.append([_render(View((0.0, 0.0, 0.90), 1.95), (1600, 410), quality)])
    return _sheet(rows)


def parts(quality: Quality) -> Image.Image:
    """Close-ups of one body: head, hands, foot, bent joints."""
    pictures = []

    def shoot(view: View) -> None:
        pictures.append(_render(view, (400, 400), quality))

    _empty_studio()
    armature = person(seed=5, sex=0.0, variety=0.5, clothes=("hair",), clothes_seed=8)  # a bun, which leaves ears bare
    head, hand, foot = (_place(armature, name) for name in ("Head", "LeftHandMiddle1", "LeftToe"))
    for turn in (0.0, 40.0, 90.0, 180.0):
        shoot(View((0.0, head[1] - 0.02, head[2] + 0.08), 0.36, turn))
    shoot(View(hand, 0.26, 30.0, 35.0))
    shoot(View(hand, 0.26, -160.0, -25.0))
    shoot(View((foot[0], foot[1] + 0.06, 0.05), 0.34, 40.0, 25.0))
    shoot(View((foot[0], foot[1] + 0.06, 0.06), 0.34, 100.0, 8.0))
    _empty_studio()
    armature = person(seed=6, sex=1.0, variety=0.5, **_HAIR)
    pose(armature, LeftArm=("Y", -30.0), LeftForeArm=("Z", -100.0), RightShoulder=("Y", 22.0), RightArm=("Y", 93.0),
         LeftUpLeg=("X", -85.0), LeftLeg=("X", 100.0))
    elbow, knee, shoulder = (_place(armature, name) for name in ("LeftForeArm", "LeftLeg", "RightArm"))
    shoot(View(elbow, 0.55, -15.0, 30.0))
    shoot(View(knee, 0.62, 75.0, 5.0))
    shoot(View(shoulder, 0.62, -10.0))
    shoot(View(shoulder, 0.62, 170.0))
    return _sheet([pictures[n:n + 4] for n in range(0, len(pictures), 4)])


def walking(quality: Quality) -> Image.Image:
    """Three dressed characters who walk, at four moments of two steps."""
    rows = []
    _empty_studio()
    cast = _walkers()
    for frames in ((30, 38), (46, 54)):
        rows.append([])
        for frame in frames:
            for n, armature in enumerate(cast):
                stand_at(armature, frame, 1.0 * (n - 1) * _aside(35.0))
            rows[-1].append(_render(View((0.0, 0.0, 0.92), 2.05, 35.0), (800, 500), quality))
    return _sheet(rows)


def styles(quality: Quality) -> Image.Image:
    """One person, and the same with each slider of style far up or down."""
    shapes = [{}, {"head": 0.6}, {"limbs": 0.7}, {"limbs": -0.7}, {"muscle": 1.0}, {"heroic": 1.0}, {"childlike": 1.0},
              {"toon": 1.0}]
    _empty_studio()
    for n, shape in enumerate(shapes):
        person((0.98 * (n - 3.5), 0.0), turn=-10.0, arms=26.0, seed=7, sex=1.0, variety=0.4, shape=shape,
               clothes=("trousers", "shirt", "hair"), clothes_seed=17)
    return _sheet([[_render(View((0.0, 0.0, 1.0), 2.2), (1600, 450), quality)]])


def hair(quality: Quality) -> Image.Image:
    """Six people, each with another cut, from three sides."""
    rows = []
    for sex, seeds in ((1.0, (18, 23, 36)), (0.0, (6, 13, 20))):
        rows.append([])
        for seed in seeds:
            _empty_studio()
            armature = person(seed=seed + 1, sex=sex, age=35.0, clothes=("shirt", "hair"), clothes_seed=seed)
            head = _place(armature, "Head")
            rows[-1] += [_render(View((0.0, head[1] - 0.01, head[2] + 0.03), 0.42, turn), (176, 210), quality)
                         for turn in (-25.0, 90.0, 150.0)]
    return _sheet(rows)


def front(quality: Quality) -> Image.Image:
    """The README's: three walkers in generated materials, one of them nearer, on a floor of tiles."""
    _empty_studio()
    cast = _walkers()
    frame = _striding(cast)
    for armature, at in zip(cast, ((-0.95, 0.55), (0.0, -0.6), (1.05, 0.75))):
        stand_at(armature, frame, at[0] * _aside(30.0) + at[1] * _aside(120.0))
    _tiles()
    return _render(View((0.0, 0.0, 0.88), 2.25, 30.0, 3.0), (1200, 600), quality)


def _striding(cast: list[bpy.types.Object]) -> int:
    """The frame at which the one whose feet are nearest to each other has them furthest apart."""
    strides = {}
    for frame in range(24, 72, 4):
        bpy.context.scene.frame_set(frame)
        strides[frame] = min((each.pose.bones["LeftFoot"].head - each.pose.bones["RightFoot"].head).length
                             for each in cast)
    return max(strides, key=strides.get)


def _walkers() -> list[bpy.types.Object]:
    walk = {"action": "walk", "seconds": 3.0, "material": "skin"}
    trousers = {"clothes": ("trousers", "shirt", "boots", "hair")}
    return [person(seed=5, sex=0.0, variety=0.5, clothes=("skirt", "shirt", "boots", "hair"), clothes_seed=21,
                   motion_seed=1, wear={"skirt": "scales", "shirt": "knit", "boots": "leather"}, **walk),
            person(seed=7, sex=1.0, variety=0.5, clothes_seed=22, motion_seed=2,
                   wear={"trousers": "denim", "shirt": "knit", "boots": "leather"}, **trousers, **walk),
            person(seed=11, sex=0.0, stature=1.64, weight=88.0, clothes_seed=23, motion_seed=3,
                   wear={"trousers": "denim", "shirt": "scales", "boots": "leather"}, **trousers, **walk)]


SHEETS = {"people": people, "sides": sides, "parts": parts, "walking": walking, "styles": styles, "hair": hair,
          "front": front}


# --- the studio -------------------------------------------------------------------------------------------------------


def _empty_studio() -> None:
    """An empty file with a sky, to be rendered by Cycles; what was open is gone."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    sky = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    sky.inputs["Color"].default_value, sky.inputs["Strength"].default_value = (0.72, 0.82, 1.0, 1.0), 0.34
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.use_denoising, scene.cycles.max_bounces = "CPU", True, 3
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    scene.view_settings.view_transform, scene.view_settings.look = "AgX", "AgX - Medium High Contrast"


def _lit(view: View) -> Iterator[bpy.types.Object]:
    """Lights that go with the camera: a key from the upper left, and one from behind on the other side."""
    for name, turn, rise, strength, angle, colour in (("Key", -38.0, 48.0, 3.4, 12.0, (1.0, 0.95, 0.88)),
                                                      ("Rim", 135.0, 30.0, 2.4, 10.0, (0.85, 0.92, 1.0))):
        light = bpy.data.lights.new(name, "SUN")
        light.energy, light.angle, light.color = strength, radians(angle), colour
        ob = bpy.data.objects.new(name, light)
        ob.rotation_euler = _towards(view.turn + turn, rise).to_track_quat("Z", "Y").to_euler()
        yield ob


def _paper(view: View) -> bpy.types.Object:
    """A sweep of paper: a floor that rises behind what is looked at, so that there is no horizon."""
    along = np.concatenate([[-30.0], np.linspace(5.0, 11.0, 25)])
    rise = np.where(along > 5.0, 6.0 - np.sqrt(np.maximum(36.0 - (along - 5.0) ** 2, 0.0)), 0.0)
    along, rise = np.append(along, 11.0), np.append(rise, 40.0)
    points = [(x, y, z) for y, z in zip(along, rise) for x in (-40.0, 40.0)]
    mesh = bpy.data.meshes.new("Paper")
    mesh.from_pydata(points, [], [(n, n + 1, n + 3, n + 2) for n in range(0, len(points) - 2, 2)])
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
    mesh.materials.append(_plain("Paper", PAPER, 0.9))
    ob = bpy.data.objects.new("Paper", mesh)
    ob.location, ob.rotation_euler = (*view.target[:2], 0.0), (0.0, 0.0, radians(view.turn))
    return ob


def _tiles() -> None:
    """A floor of tiles a hair above the paper."""
    count, edge = 24, 0.6
    x, y = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
    points = np.stack([(x - count / 2) * edge, (y - count / 2) * edge, np.full(x.shape, 0.0005)], axis=-1)
    at = (np.arange(count)[:, None] * (count + 1) + np.arange(count)).ravel()
    mesh = bpy.data.meshes.new("Tiles")
    mesh.from_pydata(points.reshape(-1, 3).tolist(), [],
                     np.stack([at, at + count + 1, at + count + 2, at + 1], axis=1).tolist())
    for name, colour in (("Light", (0.30, 0.31, 0.33)), ("Dark", (0.20, 0.21, 0.23))):
        mesh.materials.append(_plain(name, colour, 0.35))
    mesh.polygons.foreach_set("material_index", (np.add.outer(np.arange(count), np.arange(count)) % 2).ravel())
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Tiles", mesh))


def _aside(turn: float) -> np.ndarray:
    """(2,) to the right over the ground, for who looks from there."""
    return np.array([np.cos(radians(turn)), np.sin(radians(turn))])


def _towards(turn: float, rise: float) -> Vector:
    """From the target to who looks at it."""
    turn, rise = radians(turn), radians(rise)
    return Vector((np.sin(turn) * np.cos(rise), -np.cos(turn) * np.cos(rise), np.sin(rise)))


def _render(view: View, size: tuple[int, int], quality: Quality) -> Image.Image:
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens, camera.data.sensor_fit, camera.data.sensor_height = LENS, "VERTICAL", 24.0
    away = _towards(view.turn, view.rise)
    camera.location = Vector(view.target) + away * (view.height * LENS / 24.0)
    camera.rotation_euler = away.to_track_quat("Z", "Y").to_euler()
    made = [camera, _paper(view), *_lit(view)]
    for ob in made:
        scene.collection.objects.link(ob)
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = (round(edge * quality.size) for edge in size)
    scene.cycles.samples = quality.samples
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "picture.png")
        bpy.ops.render.render(write_still=True)
        picture = Image.open(scene.render.filepath).convert("RGB")
    for ob in made:
        bpy.data.objects.remove(ob)
    return picture


def _place(armature: bpy.types.Object, bone: str) -> tuple[float, float, float]:
    bpy.context.view_layer.update()
    return tuple(armature.matrix_world @ armature.pose.bones[bone].head)


def _plain(name: str, colour: tuple[float, float, float], roughness: float) -> bpy.types.Material:
    material = bpy.data.materials.get(name)
    if material is not None:
        return material
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value, shader.inputs["Roughness"].default_value = (*colour, 1.0), roughness
    return material


# --- pictures ---------------------------------------------------------------------------------------------------------


def _sheet(rows: list[list[Image.Image]]) -> Image.Image:
    """Rows of pictures, those of a row of one height."""
    widths = [sum(picture.width for picture in row) + GAP * (len(row) - 1) for row in rows]
    heights = [row[0].height for row in rows]
    sheet = Image.new("RGB", (max(widths), sum(heights) + GAP * (len(rows) - 1)), "white")
    top = 0
    for row, height in zip(rows, heights):
        left = 0
        for picture in row:
            sheet.paste(picture, (left, top))
            left += picture.width + GAP
        top += height + GAP
    return sheet


def _save(picture: Image.Image, path: Path) -> None:
    """As a JPEG as good as LARGEST allows."""
    for quality in (88, 82, 76, 70, 60):
        picture.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size < LARGEST:
            return


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "characters", metavar="FOLDER")
    parser.add_argument("--only", default="", metavar="SHEETS", help=f"some of {','.join(SHEETS)}")
    parser.add_argument("--quick", action="store_true", help="half as large, grainier")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(SHEETS)
    if unknown := [name for name in names if name not in SHEETS]:
        parser.error(f"there is no sheet {unknown[0]}; choose from {', '.join(SHEETS)}")
    given.out.mkdir(parents=True, exist_ok=True)
    for name in names:
        began = time.perf_counter()
        _save(SHEETS[name](Quality(0.5, 8) if given.quick else Quality()), given.out / f"{name}.jpg")
        print(f"{given.out / name}.jpg in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
