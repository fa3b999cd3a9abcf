# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures for how artists key: lone poses with nothing moving beside them, every so many frames."""

from __future__ import annotations

import numpy as np

from blender_addon.inference.packs import Pack
from blender_addon.inference.sessions import Session
from blender_addon.motion.clip import Clip
from blender_addon.motion.inbetween_features import CHANNELS
from blender_addon.motion.inbetweening import fill_gaps, interpolate_gaps
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import foot_skate
from blender_addon.motion.planting import plant_feet

from .clips import ClipSet

EVERY = (10, 15, 30)  # frames from key to key
_SHORTEST, _LONGEST = 65, 400


def lone_keys(clips: ClipSet, which: list[int], session: Session, pack: Pack) -> dict[str, dict[str, float]]:
    """Joint error in cm of what is between the keys, mean over frames, and foot skate in cm/s, mean over clips; locked:
    the model's with feet locked after it, as the operator does."""
    stretches = [s.cut(0, min(s.frames, _LONGEST)) for i in which for s in clips.stretches(i, _SHORTEST)]
    return {str(every): _figures(stretches, every, session, pack) for every in EVERY} if stretches else {}


def _figures(stretches: list[Clip], every: int, session: Session, pack: Pack) -> dict[str, float]:
    errors: dict[str, list[np.ndarray]] = {"interpolation": [], "model": [], "locked": []}
    skate: dict[str, list[float]] = {"real": [], "interpolation": [], "model": [], "locked": []}
    for clip in stretches:
        known = np.zeros((clip.frames, CHANNELS), dtype=bool)
        known[::every] = True
        last = np.flatnonzero(known.any(axis=1))[-1] + 1
        clip, known = clip.cut(0, last), known[:last]
        between = ~known.all(axis=1)
        filled = fill_gaps(session, pack, clip, known)
        made = {"interpolation": interpolate_gaps(clip, known), "model": filled.clip,
                "locked": plant_feet(filled.clip, clip, known, [gap for gap in filled.gaps if not gap.why])}
        true = joint_positions(clip)
        skate["real"].append(foot_skate(clip))
        for way, filled in made.items():
            errors[way].append(np.linalg.norm(joint_positions(filled) - true, axis=-1)[between].mean(axis=1))
            skate[way].append(foot_skate(filled))
    cm = {way: float(np.concatenate(values).mean() * 100.0) for way, values in errors.items()}
    row = {f"{way}_cm": value for way, value in cm.items()} | {"ratio": cm["model"] / max(cm["interpolation"], 1e-9)}
    row |= {f"skate_{way}": float(np.mean(values)) for way, values in skate.items()}
    return {name: round(value, 3) for name, value in row.items()}
