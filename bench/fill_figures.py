# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to fill between keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

MISSING, PAST = 45, 10
Timing = tuple[str, float, float, str, str]  # name, value, baseline, unit, note


def figures(models: Path, repeats: int = 31) -> Iterator[Timing]:
    """The time of a gap of 45 frames with ten poses before it and one after it; nothing where there is no pack."""
    from blender_addon.inference.packs import read_pack
    from blender_addon.inference.sessions import open_session
    from blender_addon.motion.inbetween_features import CHANNELS
    from blender_addon.motion.inbetweening import fill_gaps, interpolate_gaps

    folder = models / "motion-inbetweener"
    if not folder.is_dir():
        return
    pack = read_pack(folder)
    session = open_session(pack, device="cpu", threads=1)
    clip = _clip(PAST + MISSING + 1)
    known = np.zeros((clip.frames, CHANNELS), dtype=bool)
    known[:PAST] = known[-1] = True
    fill_gaps(session, pack, clip, known)  # warm up
    took, plain = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        fill_gaps(session, pack, clip, known)
        between = time.perf_counter()
        interpolate_gaps(clip, known)
        took.append(between - began)
        plain.append(time.perf_counter() - between)
    yield "inbetween_45_ms", 1e3 * median(took), 1e3 * median(plain), "ms", (
        f"a gap of {MISSING} frames, features and the model on the pose and on its mirror image; {session.provider}, "
        f"{session.threads} thread; baseline: interpolation alone, ratio: how many times longer the model takes")


def _clip(frames: int) -> object:
    """Somebody who swings arms and legs."""
    from blender_addon.motion.clip import Clip
    from blender_addon.motion.rotations import quat_from_axis_angle
    from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS

    angles = np.zeros((frames, len(JOINTS)))
    phase = 2.0 * np.pi * 0.9 * np.arange(frames) / 30.0
    for sign, side in ((1.0, "Left"), (-1.0, "Right")):
        angles[:, INDEX[f"{side}UpLeg"]] = 0.4 * sign * np.sin(phase)
        angles[:, INDEX[f"{side}Arm"]] = -0.3 * sign * np.sin(phase)
    positions = np.column_stack([np.zeros(frames), -1.2 * np.arange(frames) / 30.0, np.full(frames, 0.93)])
    return Clip(CANONICAL, quat_from_axis_angle(np.array([1.0, 0.0, 0.0]), angles), positions, 30.0)
