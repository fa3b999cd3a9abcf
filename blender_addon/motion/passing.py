# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a body goes at its keys, and lone keys that it passes at one speed: as it comes, so it goes on.

Gaps are filled one at a time, so what is made on one side of a key knows nothing of how quick the other side leaves it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from .clip import Clip
from .inbetween_features import JOINT_COUNT, lay_out, rotation_vector, turned_by
from .rotations import quat_inverse, quat_multiply

Speed = tuple[np.ndarray, np.ndarray]  # of a pose: joints (22, 3) rad/s about their own axes, hips (3,) m/s
_REACH = 0.25  # seconds on either side of a key in which speeds are brought together


def speed_between(clip: Clip, first: int, last: int) -> Speed:
    """How fast a clip goes from one frame to another."""
    seconds = (last - first) / clip.fps
    turn = rotation_vector(quat_multiply(quat_inverse(clip.rotations[first]), clip.rotations[last]))
    return turn / seconds, (clip.positions[last] - clip.positions[first]) / seconds


def speeds_at(clip: Clip, keys: Collection[int]) -> dict[int, Speed]:
    """How fast a clip passes keys with at least two frames on both sides: the mean of how it comes and how it goes."""
    coming, going = _ways(clip)
    mean = (coming + going) * (clip.fps / 2.0)
    return {key: (mean[key, :JOINT_COUNT], mean[key, JOINT_COUNT]) for key in keys}


def pass_keys(clip: Clip, known: np.ndarray, held: np.ndarray, speeds: Mapping[int, Speed]) -> Clip:
    """The clip with one speed at each lone key of each channel, as known (T, 23) says, instead of one on either side.

    What is known stays as it is, and so does all on frames that are held (T,). Both sides of a key meet at the speed
    that takes least bending (the energy of the two cubics that are added), nearer to the one whose next key is nearer;
    at keys in `speeds` each side meets that speed instead, and keys beside held frames are left alone.
    """
    before, after = _neighbours(known)
    beside = np.zeros(held.shape, dtype=bool)
    beside[1:-1] = held[:-2] | held[2:]
    lone = known & (before >= 0) & (after >= 0) & ~beside[:, None]
    wanted = np.full((*known.shape, 3), np.nan)
    for key, (turning, going) in speeds.items():
        lone[key] = known[key] & ((before[key] >= 0) | (after[key] >= 0)) & ~held[key]
        wanted[key] = np.concatenate([turning, [going]]) / clip.fps
    frames, channels = np.nonzero(lone)
    if len(frames) == 0:
        return clip
    reach = max(2, round(_REACH * clip.fps))
    lengths = [np.where(there < 0, 0, np.minimum(np.abs(there - frames), reach))
               for there in (keys[frames, channels] for keys in (before, after))]
    for _ in range(2):  # on few frames a cubic is not quite as steep as its slope says
        added = _bends(_ways(clip), frames, channels, lengths, wanted[frames, channels])
        added[known | held[:, None]] = 0.0
        turned = turned_by(clip.rotations, added[:, :JOINT_COUNT])
        rotations = np.where(known[:, :JOINT_COUNT, None] | held[:, None, None], clip.rotations, turned)
        clip = replace(clip, rotations=rotations, positions=clip.positions + added[:, JOINT_COUNT])
    return clip


def _bends(ways: tuple[np.ndarray, np.ndarray], frames: np.ndarray, channels: np.ndarray, lengths: list[np.ndarray],
           wanted: np.ndarray) -> np.ndarray:
    """(T, 23, 3) what brings both ways of keys to one: N keys on frames (N,) of channels (N,), each bent over so many
    frames before and after it. wanted: (N, 3) a speed a frame, nan where it is what takes least bending."""
    left, right = (length[:, None] for length in lengths)
    coming, going = (way[frames, channels] for way in ways)
    speed = np.where(np.isnan(wanted), (coming * right + going * left) / (left + right), wanted)
    added = np.zeros_like(ways[0])
    for side, length, lack in ((-1, left, speed - coming), (1, right, speed - going)):
        for far in range(1, int(length.max())):
            inside = far < length[:, 0]
            share = (1.0 - far / length[inside]) ** 2  # Hermite's cubic: a slope at the key, none at its other end
            added[frames[inside] + side * far, channels[inside]] += side * far * share * lack[inside]
    return added


def _ways(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """(T, 23, 3) twice: by how much each channel moves a frame as it comes to a frame and as it goes on from there,
    reckoned from two steps on that side alone; rotation vectors and, last, the hips' position."""
    turns = rotation_vector(quat_multiply(quat_inverse(clip.rotations[:-1]), clip.rotations[1:]))
    steps = np.concatenate([turns, np.diff(clip.positions, axis=0)[:, None]], axis=1)
    padded = np.concatenate([steps[:1], steps[:1], steps, steps[-1:], steps[-1:]])
    last = clip.frames
    return 1.5 * padded[1:last + 1] - 0.5 * padded[:last], 1.5 * padded[2:last + 2] - 0.5 * padded[3:last + 3]


def _neighbours(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 23) twice: the keys before and after each frame of each channel, -1 where there is none or no gap to it."""
    layout = lay_out(known[None])
    before, after = (np.full(known.shape, -1) for _ in range(2))
    before[1:] = np.where(~known[:-1] & (layout.before[0, :-1] < np.arange(len(known) - 1)[:, None]),
                          layout.before[0, :-1], -1)
    after[:-1] = np.where(~known[1:] & (layout.after[0, 1:] > np.arange(1, len(known))[:, None]),
                          layout.after[0, 1:], -1)
    return before, after
