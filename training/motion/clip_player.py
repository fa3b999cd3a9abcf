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
_TAIL = 40  # frames that say which way the body faces
_LOOK_AHEAD = 0.8  # seconds of the path that decide which way a clip is laid


def play_clips(clips: Sequence[Clip], frames: int, rng: np.random.Generator, path: GroundPath | None = None,
               pace: float = 0.0) -> Clip:
    """So many frames of clips drawn at random, mirrored or not, facing -Y at first.

    pace: metres a second along the path, made by playing clips quicker or slower; 0 plays them as they are, each
    going on the way the one before it faced.
    """
    played: Clip | None = None
    while played is None or played.frames < frames:
        clip = clips[rng.integers(len(clips))]
        clip = mirror(clip) if rng.random() < 0.5 else clip
        if pace > 0.0:
            tempo = np.clip(pace * clip.seconds / max(travelled(clip), 1e-6), 0.5, 2.0)
            clip = sample(clip, np.arange(0.0, clip.frames - 1, tempo))
        played = _append(played, clip, path, pace)
    return played.cut(0, frames)


def _append(played: Clip | None, clip: Clip, path: GroundPath | None, pace: float) -> Clip:
    heading = heading_of(clip, joint_positions(clip))
    if played is None:
        here, wanted = np.zeros(2), 0.0
    else:
        step = played.positions[-1, :2] - played.positions[-2, :2] if played.frames > 1 else np.zeros(2)
        here = played.positions[-1, :2] + step
        tail = played.cut(max(0, played.frames - _TAIL), played.frames)
        wanted = heading_of(tail, joint_positions(tail))[-1]
    own = heading[0]
    if path is not None and pace > 0.0:
        done = 0.0 if played is None else played.frames / played.fps * pace
        to = path.at(np.array(done + _LOOK_AHEAD * pace))[0] - here
        way = clip.positions[-1, :2] - clip.positions[0, :2]
        own, wanted = np.arctan2(way[0], -way[1]), np.arctan2(to[0], -to[1])
    turn = quat_about_z(np.array(wanted - own))
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(turn, rotations[:, 0])
    positions = quat_rotate(turn, clip.positions - clip.positions[0] * [1.0, 1.0, 0.0])
    positions[:, :2] += here
    if played is None:
        return replace(clip, rotations=rotations, positions=positions, name="clips")
    fade = 0.5 ** (np.arange(1, clip.frames + 1) / (_HALF_LIFE * clip.fps))
    difference = quat_multiply(played.rotations[-1], quat_inverse(rotations[0]))
    still = np.broadcast_to([1.0, 0.0, 0.0, 0.0], rotations.shape)
    rotations = quat_multiply(slerp(still, np.broadcast_to(difference, rotations.shape),
                                    np.broadcast_to(fade[:, None], rotations.shape[:2])), rotations)
    positions[:, 2] += fade * (played.positions[-1, 2] - positions[0, 2])
    return replace(played, rotations=quat_continuous(np.concatenate([played.rotations, rotations])),
                   positions=np.concatenate([played.positions, positions]),
                   contacts=np.concatenate([played.contacts, clip.contacts]))
