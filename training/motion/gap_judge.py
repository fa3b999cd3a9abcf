# SPDX-License-Identifier: GPL-3.0-or-later
"""The held-out windows while the in-betweener trains: told once, kept on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from blender_addon.errors import GalateaError

from .clips import ClipSet
from .gap_losses import place
from .gap_scores import actions_of
from .gap_telling import tell
from .gaps import MISSING, PAST, Gaps, gaps_of
from .inbetweener import Inbetweener, kinematics


@dataclass(frozen=True, eq=False)
class Windows:
    """Those of one length: x as `tell` has it, true (W, n, 22, 3) joints of the missing frames, and rows (A, W): how
    much a window counts in the mean of each action."""

    x: dict[str, Tensor]
    true: Tensor
    rows: Tensor

    def l2p(self, joints: Tensor, scale: Tensor) -> Tensor:
        """L2P of joints (W, T, 22, 3), the mean over actions; see gap_metrics."""
        made = joints[:, PAST:PAST + self.true.shape[1]]
        return (self.rows @ ((made - self.true) / scale).square().sum((-2, -1)).sqrt().mean(1)).mean()


def make_windows(gaps: Gaps, clips: ClipSet, device: str) -> Windows:
    """Windows as tensors."""
    rotations, positions = (torch.as_tensor(part, dtype=torch.float32, device=device)
                            for part in (gaps.rotations, gaps.positions))
    actions = list(actions_of(gaps, clips.labels).values())
    rows = np.zeros((len(actions), len(gaps)), dtype=np.float32)
    for row, windows in zip(rows, actions, strict=True):
        row[windows] = 1.0 / len(windows)
    return Windows(tell(rotations, positions, torch.as_tensor(gaps.known, device=device)),
                   kinematics(rotations, positions)[1][:, gaps.gap], torch.as_tensor(rows, device=device))


def make_judge(clips: ClipSet, device: str) -> dict[int, Windows]:
    """The held-out clips' test windows, of every length there are some of."""
    held = [i for i, label in enumerate(clips.labels) if label.split != "train"]
    judge = {n: make_windows(gaps, clips, device) for n in MISSING if len(gaps := gaps_of(clips, held, n))}
    if not judge:
        raise GalateaError("no clip is held out to judge on; mark some in the column `split` of index.csv")
    return judge


@torch.no_grad()
def held_out_ratios(model: Inbetweener, judge: dict[int, Windows], scale: Tensor) -> dict[int, float]:
    """L2P as ratios to interpolation's, means over actions, at every length."""
    model.eval()
    found = {}
    for n, windows in judge.items():
        x = windows.x
        turns, shifts, _ = model(x["features"], x["before"], x["after"], x["share"], None)
        found[n] = windows.l2p(place(turns, shifts, x)[1], scale) / windows.l2p(kinematics(x["base"], x["moved"])[1],
                                                                               scale)
    return {n: float(ratio) for n, ratio in found.items()}
