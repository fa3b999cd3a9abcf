# SPDX-License-Identifier: GPL-3.0-or-later
"""Going on from what a body does already: its last moments as a generator's states, and as what feet stood on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import PackError
from .clip import Clip
from .contacts import find_standing
from .foot_lock import CLEARANCE, FootLock, lock_feet
from .resampling import sample
from .state_features import make_sequence

SECONDS = 1.0  # of what a body did that tell how it goes on


@dataclass(frozen=True, eq=False)
class Lead:
    """The last moments before a take, at the model's rate; the last frame is the one at which the take begins.

    clip: on the canonical skeleton. states: (T, S) float32, normalised. root: (T, 3) x, y in metres, heading in rad.
    """

    clip: Clip
    states: np.ndarray
    root: np.ndarray


def lead_from(clip: Clip, generator: Mapping[str, Any], fps: float) -> Lead:
    """What a clip on the canonical skeleton, at any rate, tells a generator with the pack's [generator] table.

    PackError where the pack does not say how its states are normalised.
    """
    if "state_mean" not in generator or "state_scale" not in generator:
        raise PackError("this pack cannot go on from a pose: it does not say how its states are scaled; "
                        "export it again, or start without Continue from Pose (--continue)")
    seconds = min((clip.frames - 1) / clip.fps, SECONDS)
    count = int(seconds * fps + 1e-6)
    if clip.frames > 1:
        clip = sample(clip, clip.frames - 1 - np.arange(count, -1, -1) * clip.fps / fps)
    # a body that nobody moved has stood there before
    still = max(0, round(SECONDS * fps) + 1 - clip.frames)
    clip = replace(clip, rotations=np.concatenate([np.repeat(clip.rotations[:1], still, axis=0), clip.rotations]),
                   positions=np.concatenate([np.repeat(clip.positions[:1], still, axis=0), clip.positions]),
                   fps=fps, contacts=None)
    return seen(replace(clip, contacts=find_standing(clip)), generator)


def seen(clip: Clip, generator: Mapping[str, Any]) -> Lead:
    """A clip at the model's rate, whose contacts are known, as a generator with this table is told of it."""
    made = make_sequence(clip)
    states = (made.states - np.array(generator["state_mean"])) / np.array(generator["state_scale"])
    return Lead(clip, np.clip(states, -5.0, 5.0).astype(np.float32), made.root)


def in_a_row(before: Clip, clip: Clip) -> Clip:
    """Both as one, on the same skeleton; the last frame of the one is the first of the other, and that is the one kept.

    Its contacts are nobody's."""
    return replace(clip, rotations=np.concatenate([before.rotations[:-1], clip.rotations]),
                   positions=np.concatenate([before.positions[:-1], clip.positions]), contacts=None)


def lock_feet_after(before: Clip, clip: Clip, contacts: np.ndarray, floor: float = 0.0,
                    clearance: float = CLEARANCE) -> FootLock:
    """lock_feet for a clip that goes on from another (see in_a_row): feet that stood before stand on in the same place.

    Its figures are of both."""
    earlier = before.frames - 1
    stood = find_standing(before.cut(0, earlier), floor) if earlier else contacts[:0]
    locked = lock_feet(in_a_row(before, clip), np.concatenate([stood, contacts]), floor, clearance=clearance)
    return replace(locked, clip=replace(locked.clip.cut(earlier, earlier + clip.frames), contacts=clip.contacts),
                   contacts=locked.contacts[earlier:])
