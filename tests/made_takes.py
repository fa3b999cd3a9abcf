# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes that rigs are judged by: a walk, a walk round a bend, a kick and a dance, made by the pack that ships.

And the same four as the first generator made them (8 s each, seed 3, cleaned up), which lie in takes/. Galatea made
those, they are nobody's capture; see KEPT in scene/test_any_rig.py for who is judged by them.
"""

from pathlib import Path

import bpy

from blender_addon import api
from blender_addon.motion.bvh import write_bvh
from blender_addon.scene.armatures import add_human

TAKES = ("walk", "bend", "kick", "dance")
_BEND = ((0.0, 0.0), (0.0, -1.6), (1.0, -2.6), (2.8, -2.6))
_FOLDER = Path(__file__).with_name("takes")


def kept_takes() -> dict[str, Path]:
    """Name -> BVH file of the first generator's takes."""
    return {name: _FOLDER / f"{name}.bvh" for name in TAKES}


def make_takes(folder: Path, seconds: float = 8.0) -> dict[str, Path]:
    """Name -> BVH file on the canonical skeleton, 30 fps; the open scene is replaced."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    armature = add_human()
    paths = {}
    for name in TAKES:
        request = api.MotionRequest(action="walk" if name == "bend" else name, seconds=seconds, seed=3,
                                    path=_add_bend(seconds) if name == "bend" else "")
        paths[name] = folder / f"{name}.bvh"
        write_bvh(paths[name], api.generate_motion(armature, request).clips[0])
    return paths


def _add_bend(seconds: float) -> str:
    """A curve that a walk of so many seconds does not come to the end of; returns its name."""
    data = bpy.data.curves.new("Bend", "CURVE")
    data.dimensions = "3D"
    spline = data.splines.new("BEZIER")
    spline.bezier_points.add(len(_BEND) - 1)
    for point, (x, y) in zip(spline.bezier_points, _BEND):
        point.co = (x * seconds / 4.0, y * seconds / 4.0, 0.0)
        point.handle_left_type = point.handle_right_type = "AUTO"
    made = bpy.data.objects.new("Bend", data)
    bpy.context.collection.objects.link(made)
    return made.name
