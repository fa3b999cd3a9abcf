# SPDX-License-Identifier: GPL-3.0-or-later
"""Training clips that show what a held-out clip shows: the same capture, come by another way under another name."""

from __future__ import annotations

import numpy as np

from blender_addon.motion.mirroring import mirror

from .clips import ClipSet

_EVERY = 10  # frames
# Two files of one capture, brought here from two skeletons, are 0.05 to 0.07 apart, and two takes of one person
# walking 0.2 or more (length of the difference of all quaternions but the hips').
_SAME = 0.12


def find_repeats(clips: ClipSet) -> list[int]:
    """Numbers of the training clips that repeat a held-out clip, or its mirror image."""
    train = [i for i, label in enumerate(clips.labels) if label.split == "train"]
    held = [i for i, label in enumerate(clips.labels) if label.split != "train"]
    if not train or not held:
        return []
    looks = np.concatenate([_look(clips.rotations[clips.starts[i]:clips.starts[i + 1]]) for i in held]
                           + [_look(mirror(clips.clip(i)).rotations) for i in held])
    squares = (looks ** 2).sum(axis=1)
    repeats = []
    for index in train:
        own = _look(clips.rotations[clips.starts[index]:clips.starts[index + 1]])[::_EVERY]
        apart = (own ** 2).sum(axis=1)[:, None] - 2.0 * own @ looks.T + squares
        if np.median(np.sqrt(np.maximum(apart.min(axis=1), 0.0))) < _SAME:
            repeats.append(index)
    return repeats


def _look(rotations: np.ndarray) -> np.ndarray:
    """(T, 84) quaternions of every joint but the hips, w not negative."""
    rotations = rotations[:, 1:]
    return (rotations * np.where(rotations[..., :1] < 0.0, -1.0, 1.0)).reshape(len(rotations), -1).astype(np.float32)
