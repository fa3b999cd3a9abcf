# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to fit few keys to a long motion of a whole rig, fingers and all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import numpy as np

from blender_addon.motion.key_reduction import reduce_keys
from blender_addon.motion.rotations import quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import CANONICAL, ENDS, INDEX, JOINTS, PARENTS
from blender_addon.motion.tracks import Track, Tracks

Timing = tuple[str, float, str, str]  # name, value, unit, note
_TREMOR = 0.003  # radians, as motion capture has it


def figures(frames: int = 3000, repeats: int = 3, tolerance: float = 2.0) -> Iterator[Timing]:
    """Name, value, unit and note of each figure."""
    tracks = made_body(frames)
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        made = reduce_keys(tracks, tolerance, 1)
        took.append(time.perf_counter() - began)
    yield "reduce_3000_s", median(took), "s", (
        f"{len(tracks.bones)} bones × {frames:,} frames within {tolerance:g} mm: {made.keys:,} keys instead of "
        f"{made.keys_every_frame:,} ({made.keys / made.keys_every_frame:.0%}), {made.error_mm:.2f} mm off at most")


def made_body(frames: int) -> Tracks:
    """65 bones, a person with fingers and some on the head, who walks with a tremor: every joint on axes of its own."""
    rng = np.random.default_rng(0)
    hands = [(INDEX[f"{side}Hand"], sign) for side, sign in (("Left", 1.0), ("Right", -1.0))]
    bones = [_track(name, PARENTS[joint], CANONICAL.offsets[joint], _ends(joint), rng, frames, 0.5)
             for joint, name in enumerate(JOINTS)]
    for hand, sign in hands:
        for finger in range(5):
            above, offset = hand, np.array([0.09 * sign, 0.02 * finger - 0.04, 0.0])
            for link in range(3):
                name = f"{JOINTS[hand]} {finger} {link}"
                bones.append(_track(name, above, offset, np.array([[0.03 * sign, 0.0, 0.0]]), rng, frames, 0.3))
                above, offset = len(bones) - 1, np.array([0.03 * sign, 0.0, 0.0])
    while len(bones) < 65:
        bones.append(_track(f"lock {len(bones)}", INDEX["Head"], rng.normal(scale=0.05, size=3),
                            rng.normal(scale=0.05, size=(1, 3)), rng, frames, 0.2))
    return Tracks(tuple(bones), 30.0, 1.0)


def _track(name: str, parent: int, offset: np.ndarray, points: np.ndarray, rng: np.random.Generator, frames: int,
           reach: float) -> Track:
    """A bone that swings about two axes at paces of its own."""
    place = np.eye(4)
    place[:3, 3] = offset
    phase = 2.0 * np.pi * np.arange(frames) / 30.0
    turns = [quat_from_axis_angle(axis, reach * np.sin(rng.uniform(0.3, 1.2) * phase + rng.uniform(0.0, 6.0))
                                  + rng.normal(scale=_TREMOR, size=frames)) for axis in np.eye(3)[:2]]
    location = None
    if parent < 0:
        location = np.column_stack([0.0 * phase, -0.2 * phase, 0.03 * np.sin(phase)])
    return Track(name, parent, place, "QUATERNION", quat_multiply(*turns), location, np.eye(3), points)


def _ends(joint: int) -> np.ndarray:
    """(P, 3) where its children begin, or where it ends."""
    found = [CANONICAL.offsets[child] for child, parent in enumerate(PARENTS) if parent == joint]
    if JOINTS[joint] in ENDS:
        found.append(np.multiply(*ENDS[JOINTS[joint]]))
    return np.array(found)
