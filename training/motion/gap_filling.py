# SPDX-License-Identifier: GPL-3.0-or-later
"""Test windows filled by a pack, with the code that runs in Blender."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blender_addon.inference.packs import Pack
from blender_addon.inference.sessions import Session
from blender_addon.motion.clip import Clip
from blender_addon.motion.inbetweening import Filled, fill_gaps
from blender_addon.motion.planting import plant_feet
from blender_addon.motion.skeleton import CANONICAL

from .clips import FPS
from .gap_scores import Poses
from .gaps import Gaps


def fill_windows(gaps: Gaps, session: Session, pack: Pack, seeds: Sequence[int] | None = None) -> list[Filled]:
    """Every window filled; seeds: of a variant for each, None for the best guess."""
    return [fill_gaps(session, pack, given, known, seed)
            for seed, (given, known) in zip(seeds or [None] * len(gaps), _given(gaps), strict=True)]


def lock_feet(gaps: Gaps, filled: Sequence[Filled]) -> list[Clip]:
    """The windows as "Fill Between Keys" leaves them unless told otherwise: with feet locked while they stand."""
    return [plant_feet(window.clip, given, known, [gap for gap in window.gaps if not gap.why])
            for window, (given, known) in zip(filled, _given(gaps), strict=True)]


def poses_of(clips: Sequence[Clip]) -> Poses:
    """Windows that are clips, together."""
    return np.array([clip.rotations for clip in clips]), np.array([clip.positions for clip in clips])


def _given(gaps: Gaps) -> list[tuple[Clip, np.ndarray]]:
    """Each window without what is missing, and the mask (T, 23) of what is known."""
    windows = []
    for rotations, positions, known in zip(gaps.rotations, gaps.positions, gaps.known, strict=True):
        given = known[:, :1]
        clip = Clip(CANONICAL, np.where(given[..., None], rotations, [1.0, 0.0, 0.0, 0.0]),
                    np.where(given, positions, 0.0), FPS)
        windows.append((clip, known))
    return windows
