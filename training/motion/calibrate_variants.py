# SPDX-License-Identifier: GPL-3.0-or-later
"""How widely an in-betweener's variants are to be drawn, found by trying it on the clips that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import tomli_w

from blender_addon.inference.packs import Pack, read_pack
from blender_addon.inference.sessions import Session, open_session

from .clips import ClipSet, load_clips
from .gap_filling import fill_windows, poses_of
from .gap_metrics import joint_cm
from .gap_scores import globals_of
from .gaps import MISSING, Gaps, gaps_of

TEMPERATURES = (1.0, 1.5, 2.0, 2.5)
_WINDOWS = 80  # of each length that are tried, each with a seed of its own


def calibrate(folder: Path, data: Path) -> None:
    """Write `temperature` into the pack in `folder`; data: the prepared clips it was trained on."""
    pack = read_pack(folder)
    table = pack.content["inbetweener"] | {"temperature": temperature(open_session(pack, "model", "cpu"), pack,
                                                                      load_clips(data))}
    (folder / "pack.toml").write_bytes(tomli_w.dumps({**pack.content, "inbetweener": table}).encode())


def temperature(session: Session, pack: Pack, clips: ClipSet) -> float:
    """How many times as widely as learnt latents are to be drawn, so that variants are as far from the best guess as
    the clips themselves are, in the mean over gaps of half a second and more.

    What is learnt of how motion differs is too little by itself: the network is sure of what it has seen.
    """
    trained = set(pack.content["training"]["clips"])
    which = [index for index, label in enumerate(clips.labels) if label.sha256 in trained]
    ratios = []
    for missing in MISSING[1:]:
        gaps = gaps_of(clips, which, missing)
        if not len(gaps):
            continue
        gaps = gaps.every(-(-len(gaps) // _WINDOWS))
        true = globals_of((gaps.rotations, gaps.positions), gaps)[1]
        guess = _joints(session, pack, gaps, None)
        apart = [joint_cm(_joints(session, _at(pack, times), gaps, range(len(gaps))), guess).mean()
                 for times in TEMPERATURES]
        ratios.append(np.array(apart) / joint_cm(guess, true).mean())
    return round(float(np.interp(1.0, np.mean(ratios, axis=0), TEMPERATURES)), 2) if ratios else 1.0


def _joints(session: Session, pack: Pack, gaps: Gaps, seeds: Sequence[int] | None) -> np.ndarray:
    """(W, n, 22, 3) of the missing frames, filled."""
    return globals_of(poses_of([window.clip for window in fill_windows(gaps, session, pack, seeds)]), gaps)[1]


def _at(pack: Pack, times: float) -> Pack:
    return replace(pack, content={**pack.content, "inbetweener": pack.content["inbetweener"] | {"temperature": times}})
