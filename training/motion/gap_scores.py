# SPDX-License-Identifier: GPL-3.0-or-later
"""Filled test windows in figures: per action, and as the mean over actions."""

from __future__ import annotations

import numpy as np

from blender_addon.motion.inbetween_features import interpolate, lay_out
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.skeleton import CANONICAL

from .clips import ClipLabel
from .gap_metrics import joint_cm, l2p, l2q, npss
from .gaps import PAST, Gaps

FIGURES = ("l2p", "l2q", "npss", "joint_cm")
NO_ACTION = "other"
MEANS = ("mean", "mean over windows")  # rows of a score beside the actions
Poses = tuple[np.ndarray, np.ndarray]  # rotations (W, T, 22, 4) and positions (W, T, 3) of whole windows


def by_interpolation(gaps: Gaps) -> Poses:
    """Straight lines and great arcs from the last given pose to the target."""
    return interpolate(gaps.rotations, gaps.positions, lay_out(gaps.known))


def by_standing_still(gaps: Gaps) -> Poses:
    """Zero velocity: the last given pose, held."""
    rotations, positions = np.array(gaps.rotations), np.array(gaps.positions)
    rotations[:, gaps.gap] = rotations[:, PAST - 1:PAST]
    positions[:, gaps.gap] = positions[:, PAST - 1:PAST]
    return rotations, positions


def actions_of(gaps: Gaps, labels: tuple[ClipLabel, ...]) -> dict[str, np.ndarray]:
    """Which windows (numbers) show each action; a clip with several tags counts for each of them."""
    found: dict[str, list[int]] = {}
    for window, clip in enumerate(gaps.clip):
        for action in labels[clip].actions or (NO_ACTION,):
            found.setdefault(action, []).append(window)
    return {action: np.array(windows) for action, windows in sorted(found.items())}


def globals_of(poses: Poses, gaps: Gaps) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations (W, n, 22, 4) and joint positions (W, n, 22, 3) of the missing frames."""
    rotations, positions = poses[0][:, gaps.gap], poses[1][:, gaps.gap]
    windows, frames = positions.shape[:2]
    turned, joints = forward_kinematics(CANONICAL, rotations.reshape(-1, 22, 4), positions.reshape(-1, 3))
    return turned.reshape(windows, frames, 22, 4), joints.reshape(windows, frames, 22, 3)


def score(made: Poses, gaps: Gaps, labels: tuple[ClipLabel, ...], scale: np.ndarray) -> dict[str, dict[str, float]]:
    """L2P, L2Q, NPSS and centimetres of each action and, under the names of MEANS, of the mean over actions and of all
    windows together."""
    actions = actions_of(gaps, labels)
    everything = {MEANS[1]: np.arange(len(gaps))}
    own_turned, own_joints = globals_of(made, gaps)
    turned, joints = globals_of((gaps.rotations, gaps.positions), gaps)
    each = {"l2p": l2p(own_joints, joints, scale), "l2q": l2q(own_turned, turned),
            "joint_cm": joint_cm(own_joints, joints)}
    table = {action: {"l2p": float(each["l2p"][windows].mean()), "l2q": float(each["l2q"][windows].mean()),
                      "npss": npss(own_turned[windows], turned[windows]),
                      "joint_cm": float(each["joint_cm"][windows].mean())}
             for action, windows in (everything | actions).items()}
    mean = {name: float(np.mean([table[action][name] for action in actions])) for name in FIGURES}
    return {MEANS[0]: mean, **table}


def window_errors(made: Poses, gaps: Gaps, scale: np.ndarray) -> np.ndarray:
    """(W,) L2P of each window."""
    return l2p(globals_of(made, gaps)[1], globals_of((gaps.rotations, gaps.positions), gaps)[1], scale)
