# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of retargeted rigs: the source in the first row, a rig in each further one, the same moments below
each other.

    python tests/rig_sheets.py --jobs jobs.json --out FOLDER [--columns 8] [--rows 8]

jobs.json as judging.py takes it; one picture for each source and so many rigs. Every limb has a fin: kneecaps, the
backs of hands and feet, breastbone and nose, so that what is twisted shows. Grey sticks are bones that are nobody's
joint; the dark square is the floor, a step (0.5 m at 1.75 m) wide.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import bpy
import judged_measures as measures
import judging
import numpy as np
from mathutils import Euler

_LEFT, _RIGHT, _MIDDLE, _OTHER, _FIN, _FLOOR = (
    (0.75, 0.16, 0.12), (0.12, 0.3, 0.72), (0.55, 0.5, 0.42), (0.45, 0.45, 0.45), (0.95, 0.75, 0.1), (0.16, 0.17, 0.19))
_FINS = {"Hips": (0, -1, 0), "Spine": (0, -1, 0), "Spine1": (0, -1, 0), "Spine2": (0, -1, 0), "Neck": (0, -1, 0),
         "Head": (0, -1, 0), "Arm": (0, 0, 1), "ForeArm": (0, 0, 1), "Hand": (0, 0, 1), "UpLeg": (0, -1, 0),
         "Leg": (0, -1, 0), "Foot": (0, 0, 1), "Toe": (0, 0, 1), "Shoulder": (0, 0, 1)}
_ENDS = {"Head": ((0, 0, 0.2), 0.06), "Hand": ((0.16, 0, 0), 0.035), "Toe": ((0, -0.08, 0), 0.03)}
_VIEW = Euler((np.radians(12.0), 0.0, np.radians(-38.0))).to_matrix()
_WIDE, _HIGH = 1.25, 2.05  # metres of a picture's field


@dataclass(frozen=True)
class _Row:
    """A line of a sheet: its name, who moves, turns to the T-pose, and its other bones as (T, 2, 3) heads and tails."""

    name: str
    body: measures.Body
    pose: dict[str, np.ndarray]
    sticks: list[np.ndarray]


@dataclass
class _Shape:
    points: list
    faces: list
    colours: list

    def add(self, points: np.ndarray, faces: list[tuple[int, ...]], colour: tuple[float, ...]) -> None:
        first = len(self.points)
        self.points += list(points)
        self.faces += [tuple(first + corner for corner in face) for face in faces]
        self.colours += [(*colour, 1.0)] * len(points)


def draw(jobs: list[dict], folder: Path, columns: int = 8, rows: int = 8, pixels: int = 180) -> list[Path]:
    """Write the sheets; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for source in dict.fromkeys(str(job["source"]) for job in jobs):
        body = judging._read_source(Path(source), 1)
        count = len(body.places["Hips"])
        frames = np.linspace(0.06 * count, 0.96 * count, columns).astype(int)
        all_rows = [_read_rig(job, body) for job in jobs if str(job["source"]) == source]
        here = _Row("the source", body, measures.t_pose(body, body), [])
        for n in range(0, len(all_rows), rows):
            path = folder / f"{Path(source).stem}_{n // rows + 1}.png"
            _render([here, *all_rows[n:n + rows]], frames, path, pixels)
            paths.append(path)
    return paths


def _read_rig(job: dict, source: measures.Body) -> _Row:
    bpy.ops.wm.open_mainfile(filepath=str(job["result"]), load_ui=False)
    ((rig, _),) = judging._read_rigs([job], len(source.places["Hips"]), source.fps)
    armature = bpy.data.objects[job["armature"]]
    bones, _ = judging._bone_map(job["map"])
    others = [bone for bone in armature.data.bones if bone.use_deform and bone.name not in bones.values()]
    start = job.get("start", judging._first_frame(armature))
    step = bpy.context.scene.render.fps / bpy.context.scene.render.fps_base / source.fps
    frames = [start + n * step for n in range(len(source.places["Hips"]))]
    (posed,) = judging._pose_over_time([armature], frames, [[bone.name for bone in others]])
    rest = {joint: np.array(armature.data.bones[bone].head_local) for joint, bone in bones.items()}
    axes = measures.body_axes(rest)
    scale = np.linalg.norm(rig.rest["LeftLeg"] - rig.rest["LeftUpLeg"]) / np.linalg.norm(
        rest["LeftLeg"] - rest["LeftUpLeg"])
    sticks = [np.stack([posed[bone.name][:, :3, 3], posed[bone.name][:, :3, 3] + posed[bone.name][:, :3, 1]
                        * bone.length], axis=1) @ axes * scale for bone in others]
    return _Row(job.get("name", job["armature"]), rig, measures.t_pose(rig, source), sticks)


def _figure(row: _Row, frame: int, shape: _Shape, at: np.ndarray) -> None:
    """One figure at one moment, its pelvis over the middle of its field."""
    body = row.body
    view = np.array(_VIEW)
    middle = (body.places["LeftUpLeg"][frame] + body.places["RightUpLeg"][frame]) / 2 * [1.0, 1.0, 0.0]
    smaller = min(1.0, 1.6 / body.rest["Head"][2]) if "Head" in body.rest else 1.0  # long bodies on short legs fit too

    def put(points: np.ndarray) -> np.ndarray:
        return (np.asarray(points) - middle) @ view.T * smaller + at

    for joint, bone_turn in body.turned.items():
        part = joint.removeprefix("Left").removeprefix("Right")
        head = body.places[joint][frame]
        turn = bone_turn[frame] @ row.pose.get(joint, np.eye(3)).T  # from the T-pose
        tail, width = _end(body, joint, frame, turn)
        colour = _LEFT if joint.startswith("Left") else _RIGHT if joint.startswith("Right") else _MIDDLE
        fin = turn @ np.array(_FINS[part], dtype=float)
        side = measures.unit(np.cross(tail - head, fin)) * width
        front = measures.unit(np.cross(side, tail - head)) * width
        thick = head + 0.25 * (tail - head)
        corners = np.array([head, thick + side, thick + front, thick - side, thick - front, tail])
        faces = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 1), (5, 2, 1), (5, 3, 2), (5, 4, 3), (5, 1, 4)]
        shape.add(put(corners), faces, colour)
        high = 3.0 if part == "Head" else 2.0
        shape.add(put(np.array([thick, thick + measures.unit(fin) * width * high, head + 0.7 * (tail - head)])),
                  [(0, 1, 2)], _FIN)
    for stick in row.sticks:
        head, tail = stick[frame]
        across = measures.unit(np.cross(tail - head, [0.3, 0.9, 0.2])) * 0.008
        shape.add(put(np.array([head - across, head + across, tail])), [(0, 1, 2)], _OTHER)
    floor = np.array([(-0.25, -0.25, 0), (0.25, -0.25, 0), (0.25, 0.25, 0), (-0.25, 0.25, 0)])
    shape.add(floor @ view.T * smaller + at, [(0, 1, 2, 3)], _FLOOR)


def _end(body: measures.Body, joint: str, frame: int, turn: np.ndarray) -> tuple[np.ndarray, float]:
    """Where a joint's segment ends, and how thick it is drawn."""
    side = "Left" if joint.startswith("Left") else "Right" if joint.startswith("Right") else ""
    part = joint.removeprefix(side)
    chain = ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")
    if part in _ENDS:
        offset = np.array(_ENDS[part][0]) * (-1.0 if side == "Right" else 1.0, 1.0, 1.0)
        return body.places[joint][frame] + turn @ offset, _ENDS[part][1]
    if part in chain:
        below = next((name for name in chain[chain.index(part) + 1:] if name in body.places
                      and np.linalg.norm(body.rest[name] - body.rest[joint]) > 0.01), None)
    else:
        below = side + {"Shoulder": "Arm", "Arm": "ForeArm", "ForeArm": "Hand", "UpLeg": "Leg", "Leg": "Foot",
                        "Foot": "Toe"}[part]
    if below is None or below not in body.places:
        return body.places[joint][frame] + turn @ [0.0, 0.0 if part in chain else -0.1, 0.1], 0.03
    return body.places[below][frame], 0.065 if part in ("UpLeg", *chain[:4]) else 0.045


def _render(rows: list[_Row], frames: np.ndarray, path: Path, pixels: int) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    shape = _Shape([], [], [])
    for y, row in enumerate(rows):
        for x, frame in enumerate(frames):
            _figure(row, int(frame), shape, np.array([x * _WIDE, 0.0, -y * _HIGH]))
        _write(row.name, np.array([-0.48 * _WIDE, -3.0, -y * _HIGH + 1.78]))
    mesh = bpy.data.meshes.new("Figures")
    mesh.from_pydata([tuple(point) for point in shape.points], [], shape.faces)
    colours = mesh.color_attributes.new("Colour", "FLOAT_COLOR", "POINT")
    colours.data.foreach_set("color", np.array(shape.colours, np.float32).ravel())
    scene.collection.objects.link(bpy.data.objects.new("Figures", mesh))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    width, height = len(frames) * _WIDE, len(rows) * _HIGH
    camera.data.type, camera.data.ortho_scale, camera.data.clip_end = "ORTHO", max(width, height), 100.0
    camera.location = ((len(frames) - 1) * _WIDE / 2, -20.0, 1.9 - height / 2)
    camera.rotation_euler = (np.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.color_type, scene.display.shading.light = "VERTEX", "STUDIO"
    scene.display.shading.show_backface_culling = False
    scene.view_settings.view_transform = "Standard"
    scene.world = bpy.data.worlds.new("World")
    scene.world.color = (0.8, 0.8, 0.8)
    scene.display.shading.background_type = "WORLD"
    scene.render.resolution_x, scene.render.resolution_y = int(width / _WIDE * pixels), int(height / _WIDE * pixels)
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _write(text: str, at: np.ndarray) -> None:
    curve = bpy.data.curves.new("Text", "FONT")
    curve.body, curve.size = text, 0.13
    written = bpy.data.objects.new("Text", curve)
    written.location, written.rotation_euler = at, (np.pi / 2, 0.0, 0.0)
    bpy.context.scene.collection.objects.link(written)


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", required=True, metavar="JSON")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rows", type=int, default=8)
    given = parser.parse_args()
    for path in draw(json.loads(Path(given.jobs).read_text(encoding="utf-8")), given.out, given.columns, given.rows):
        print(path)


if __name__ == "__main__":
    main()
