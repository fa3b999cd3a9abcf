# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a filled gap is from what was there: L2P, L2Q and NPSS as on LAFAN1, and centimetres.

Definitions: Harvey et al. 2020, "Robust motion in-betweening", section 4.2, as in the evaluation that came with the
LAFAN1 data; NPSS: Gopalakrishnan et al. 2019. Everything is of the missing frames alone. W windows, T frames, J joints.
"""

from __future__ import annotations

import numpy as np

from blender_addon.motion.rotations import quat_continuous


def l2p(made: np.ndarray, true: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(W,) mean over frames of the length of the difference of all joints' positions (W, T, J, 3), each axis of each
    joint counted in its own spread over the training data, scale (J, 3). The mean cancels out."""
    apart = (made - true) / scale
    return np.sqrt(np.sum(apart ** 2, axis=(-2, -1))).mean(axis=1)


def l2q(made: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(W,) mean over frames of the length of the difference of all joints' global quaternions (W, T, J, 4).

    Not an angle: quaternions as numbers, of whose two signs each sequence keeps the one it began with.
    """
    made, true = same_signs(made, true)
    return np.sqrt(np.sum((made - true) ** 2, axis=(-2, -1))).mean(axis=1)


def same_signs(made: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both (W, T, J, 4) without jumps of sign along T, begun on the same side."""
    made, true = (np.moveaxis(quat_continuous(np.moveaxis(q, 1, 0)), 0, 1) for q in (made, true))
    flip = np.where(np.sum(made[:, :1] * true[:, :1], axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
    return made * flip, true


def npss(made: np.ndarray, true: np.ndarray) -> float:
    """Normalised power spectrum similarity of global quaternions (W, T, J, 4); 0 is the same, lower is better.

    Over the whole spectrum of every number in every window: the distance (earth mover's, in steps of frequency) between
    the shares of power, weighted by how much power the true sequence has. Power is the square of the real part
    alone, as in the evaluation that came with LAFAN1, so that figures compare.
    """
    made, true = same_signs(made, true)
    windows, frames = true.shape[:2]
    powers = [np.fft.fft(q.reshape(windows, frames, -1), axis=1).real ** 2 for q in (made, true)]
    totals = [power.sum(axis=1) for power in powers]
    shares = [np.cumsum(power / np.maximum(total, 1e-12)[:, None], axis=1)
              for power, total in zip(powers, totals, strict=True)]
    distance = np.abs(shares[0] - shares[1]).sum(axis=1)
    return float(np.average(distance, weights=totals[1]))


def joint_cm(made: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(W,) mean distance in centimetres of the joints (W, T, J, 3) from where they should be."""
    return np.linalg.norm(made - true, axis=-1).mean(axis=(1, 2)) * 100.0
