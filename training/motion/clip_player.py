# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline that a generator has to be worth more than: training clips of an action played one after another.

Each join is inertialised (Bollo 2018): the new clip plays at once, and what it differs by from where the body was
fades out on top of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.ground_path import GroundPath
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import travelled
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.resampling import sample
from blender_addon.motion.rotations import (
    quat_about_z,
    quat_continuous,
    quat_inverse,
    quat_multiply,
    quat_rotate,
    slerp,
)
from blender_addon.motion.state_features import heading_of

_HALF_LIFE = 0.1  # seconds
_LOOK_AHEAD = 0.8  # seconds of the path that decide which way a clip is laid


def play_clips(clips: Sequence[Clip], frames: int, rng: np.random.Generator, path: GroundPath | None = None,
               pace: float = 0.0) -> Clip:
    """So many frames of clips drawn at random, mirrored or not, facing -Y at first.

    pace: metres a second along the path, made by playing clips quicker or slower; 0 plays them as they are, each
    going on the way the one before it faced.
    """
    parts: list[Clip] = []
    done = 0
    while done < frames:
        clip = clips[rng.integers(len(clips))]
        clip = mirror(clip) if rng.random() < 0.5 else clip
        if pace > 0.0:
            tempo = np.clip(pace * clip.seconds / max(travelled(clip), 1e-6), 0.5, 2.0)
            clip = sample(clip, np.arange(0.0, clip.frames - 1, tempo))
        to = None if path is None or pace == 0.0 else path.at(np.array(pace * (done / clip.fps + _LOOK_AHEAD)))[0]
        parts.append(_placed(clip, np.zeros(2), 0.0, to) if not parts else _joined(parts[-1], clip, to))
        done += clip.frames
    whole = replace(parts[0], rotations=quat_continuous(np.concatenate([part.rotations for part in parts])),
                    positions=np.concatenate([part.positions for part in parts]),
                    contacts=np.concatenate([part.contacts for part in parts]), name="clips")
    return whole.cut(0, frames)


def _joined(before: Clip, clip: Clip, to: np.ndarray | None) -> Clip:
    """A clip that goes on from where another ends; towards `to` (2,), or the way the other faced."""
    step = before.positions[-1, :2] - before.positions[-2, :2]
    clip = _placed(clip, before.positions[-1, :2] + step, heading_of(before, joint_positions(before))[-1], to)
    fade = 0.5 ** (np.arange(1, clip.frames + 1) / (_HALF_LIFE * clip.fps))
    difference = quat_multiply(before.rotations[-1], quat_inverse(clip.rotations[0]))
    still = np.broadcast_to([1.0, 0.0, 0.0, 0.0], clip.rotations.shape)
    faded = slerp(still, np.broadcast_to(difference, still.shape), np.broadcast_to(fade[:, None], still.shape[:2]))
    lift = fade * (before.positions[-1, 2] - clip.positions[0, 2])
    return replace(clip, rotations=quat_multiply(faded, clip.rotations),
                   positions=clip.positions + lift[:, None] * [0.0, 0.0, 1.0])


def _placed(clip: Clip, here: np.ndarray, heading: float, to: np.ndarray | None) -> Clip:
    """A clip that begins at a place (2,) facing a heading, or so that it ends nearest to the way to `to` (2,)."""
    own = heading_of(clip, joint_positions(clip))[0]
    if to is not None:
        gone, ahead = clip.positions[-1, :2] - clip.positions[0, :2], to - here
        own, heading = np.arctan2(gone[0], -gone[1]), np.arctan2(ahead[0], -ahead[1])
    turn = quat_about_z(np.array(heading - own))
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(turn, rotations[:, 0])
    positions = quat_rotate(turn, clip.positions - clip.positions[0] * [1.0, 1.0, 0.0])
    return replace(clip, rotations=rotations, positions=positions + [*here, 0.0])
