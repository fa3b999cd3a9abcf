# SPDX-License-Identifier: GPL-3.0-or-later
"""A small prepared data set of people who walk, each in a way of their own, some held out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from made_walk import made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_contacts
from blender_addon.motion.rotations import normalise, quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import JOINTS
from training.motion.clips import ClipLabel, save_clips


def made_move(number: int, seconds: float = 4.0) -> Clip:
    """A walk with every joint bent by a swing of its own, the same for one number."""
    rng = np.random.default_rng(number)
    clip = made_walk(seconds, speed=rng.uniform(0.5, 1.5), heading=rng.uniform(-3.0, 3.0))
    time = np.arange(clip.frames)[:, None] / clip.fps
    axes = normalise(rng.normal(size=(len(JOINTS), 3)))
    angles = 0.25 * np.sin(rng.uniform(2.0, 6.0, len(JOINTS)) * time + rng.uniform(0.0, 6.0, len(JOINTS)))
    swing = quat_from_axis_angle(np.broadcast_to(axes, (clip.frames, len(JOINTS), 3)), angles)
    clip = replace(clip, rotations=quat_multiply(clip.rotations, swing))
    return replace(clip, contacts=find_contacts(clip))


def prepare_moves(path: Path, train: int = 8, held: int = 2) -> Path:
    """Write a prepared file; the last clip for training shows what the first held-out one shows."""
    clips = [made_move(i) for i in range(train + held)]
    clips.append(replace(clips[train], positions=clips[train].positions + [1.0, 2.0, 0.0]))
    labels = [ClipLabel(f"move_{i}.bvh", f"{i:064x}", ("walk",) if i % 2 else ("walk", "turn"), "",
                        "val" if train <= i < train + held else "train", "", "made", "CC0-1.0")
              for i in range(len(clips))]
    save_clips(path, labels, clips, [np.ones(clip.frames, dtype=bool) for clip in clips])
    return path
