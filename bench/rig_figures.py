# SPDX-License-Identifier: GPL-3.0-or-later
"""How long rigs take: to be understood, to be keyed with a long clip, and with few keys."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import bpy

FRAMES = 3000
Timing = tuple[str, float, str, str]  # name, value, unit, note


def figures(repeats: int = 5) -> Iterator[Timing]:
    """Name, value, unit and note of each figure, one after another."""
    import bpy

    from blender_addon import api

    armature = _metarig()
    bones = len(armature.data.bones)
    yield "rig_map_ms", 1e3 * median(_timed(api.describe_rig, armature) for _ in range(repeats)), "ms", (
        f"Rigify's human meta-rig, {bones} bones, read and mapped")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "long.bvh"
        _write_long_clip(clip)
        for name, keys, what in (("retarget_3000_s", "every", "a key on every frame"),
                                 ("retarget_3000_sparse_s", "sparse", "few keys, 2 mm")):
            bpy.context.scene.render.fps = 30
            request = api.RetargetRequest(clips=(str(clip),), keys=keys)
            yield name, median(_timed(api.retarget, armature, request) for _ in range(3)), "s", (
                f"a BVH of {FRAMES:,} frames read, retargeted to {bones} bones, feet locked, keyed: {what}")


def _timed(work: object, *arguments: object) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def _metarig() -> bpy.types.Object:
    import addon_utils
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_human_metarig_add()
    return bpy.context.object


def _write_long_clip(path: Path) -> None:
    """Somebody who walks by formula, with a tremble, so that there is something to fit on every frame."""
    from blender_addon.motion.bvh import write_bvh
    from blender_addon.motion.clip import Clip
    from blender_addon.motion.rotations import quat_from_axis_angle
    from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS

    rng = np.random.default_rng(0)
    phase = 2.0 * np.pi * 0.9 * np.arange(FRAMES) / 30.0
    angles = 0.01 * rng.standard_normal((FRAMES, len(JOINTS)))
    for sign, side in ((1.0, "Left"), (-1.0, "Right")):
        angles[:, INDEX[f"{side}UpLeg"]] += 0.4 * sign * np.sin(phase)
        angles[:, INDEX[f"{side}Leg"]] += 0.35 + 0.35 * np.sin(phase + (0.0 if sign > 0 else np.pi) - 1.2)
        angles[:, INDEX[f"{side}Arm"]] -= 0.3 * sign * np.sin(phase)
    rotations = quat_from_axis_angle(np.array([1.0, 0.0, 0.0]), angles)
    positions = np.column_stack([np.zeros(FRAMES), -1.2 * np.arange(FRAMES) / 30.0, 0.93 + 0.02 * np.cos(2 * phase)])
    write_bvh(path, Clip(CANONICAL, rotations, positions, 30.0))
