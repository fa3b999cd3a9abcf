# SPDX-License-Identifier: GPL-3.0-or-later
"""Where somebody merely stands, whatever the arms do: upright, on straight legs, both feet on the floor and still."""

from __future__ import annotations

import numpy as np

from blender_addon.motion.easing import smooth
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.skeleton import INDEX

from .clips import FPS, ClipSet, runs
from .repeats import find_repeats

_SHORTEST = 60              # frames
_FASTEST = 0.10             # m/s of an ankle, the mean over a third of a second
_LEANS = np.radians(15.0)   # of the way from the hips to the head, off the vertical
_HIPS = 0.88, 1.0           # metres; 0.94 at rest
_ANKLE = 0.16               # metres at most; 0.085 at rest
_ALIVE = 0.003              # m/s of the hips, on average, without which it is a statue
_ANKLES = [INDEX["LeftFoot"], INDEX["RightFoot"]]


def standing_stretches(clips: ClipSet) -> list[tuple[int, int, int]]:
    """(number of the clip, first frame, frame after the last) of all standing in clips that may be trained on."""
    repeats = set(find_repeats(clips))
    found = []
    for index, label in enumerate(clips.labels):
        clip = clips.clip(index)
        if label.split != "train" or index in repeats or clip.frames < _SHORTEST:
            continue
        places = joint_positions(clip)
        moved = np.linalg.norm(np.diff(places[:, _ANKLES], axis=0, append=places[-1:, _ANKLES]), axis=-1).max(axis=-1)
        up = places[:, INDEX["Head"]] - places[:, 0]
        still = ((smooth(moved[:, None], 20.0)[:, 0] * FPS < _FASTEST) & (places[:, 0, 2] > _HIPS[0])
                 & (places[:, 0, 2] < _HIPS[1]) & (places[:, _ANKLES, 2] < _ANKLE).all(axis=-1)
                 & (up[:, 2] > np.cos(_LEANS) * np.linalg.norm(up, axis=-1))
                 & clips.good[clips.starts[index]:clips.starts[index + 1]])
        found += [(index, start, stop) for start, stop in runs(still) if stop - start >= _SHORTEST
                  and np.linalg.norm(np.diff(clip.positions[start:stop], axis=0), axis=-1).mean() * FPS > _ALIVE]
    return found
