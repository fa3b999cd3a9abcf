# SPDX-License-Identifier: GPL-3.0-or-later
"""The published baselines of in-betweening, computed anew from the LAFAN1 files where somebody has them.

    python -m training evaluate motion-inbetweener --data LAFAN1 --published --out REPORT

A check of the arithmetic: zero velocity and interpolation on the files' own skeleton, axes and units, by the same
figures that judge the model (gap_metrics), against the table of Harvey et al. 2020. The data is CC BY-NC-ND: nothing is
trained on it, and it does not come with Galatea.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.motion.bvh import BvhMotion, read_bvh
from blender_addon.motion.rotations import (
    normalise,
    quat_between,
    quat_continuous,
    quat_inverse,
    quat_multiply,
    quat_rotate,
    slerp,
)

from .gap_metrics import l2p, l2q, npss
from .gaps import MISSING, OFFSET, PAST, WINDOW

PUBLISHED = {
    "zero_velocity": {"l2q": (0.56, 1.10, 1.51, 1.81), "l2p": (1.523, 3.694, 6.600, 9.329),
                      "npss": (0.0053, 0.0522, 0.2318, 0.4918)},
    "interpolation": {"l2q": (0.22, 0.62, 0.98, 1.25), "l2p": (0.373, 1.249, 2.316, 3.447),
                      "npss": (0.0023, 0.0391, 0.2013, 0.4493)},
}
_TRAIN, _TEST = ("subject1", "subject2", "subject3", "subject4"), ("subject5",)
_FORWARD = np.array([0.0, 1.0, 0.0])  # of the hips of that skeleton, in their own axes


@dataclass(frozen=True, eq=False)
class Native:
    """Windows on the files' own skeleton: local rotations (W, T, J, 4), hips (W, T, 3), Y up."""

    rotations: np.ndarray
    hips: np.ndarray
    example: BvhMotion

    def part(self, rotations: np.ndarray, hips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Global rotations and joint positions (W, T, J, ...) of poses of this skeleton."""
        turned, placed = [rotations[..., 0, :]], [hips]
        for joint, parent in enumerate(self.example.parents):
            if parent >= 0:
                placed.append(placed[parent] + quat_rotate(turned[parent], self.example.offsets[joint]))
                turned.append(quat_multiply(turned[parent], rotations[..., joint, :]))
        return np.stack(turned, axis=-2), np.stack(placed, axis=-2)


def published_baselines(data: Path, out: Path) -> dict[str, dict[str, list[float]]]:
    """Write published.json and print both tables. GalateaError where DATA has no files NAME_subjectN.bvh."""
    out.mkdir(parents=True, exist_ok=True)
    train, test = (_windows(data, *which) for which in ((_TRAIN, 50, 20), (_TEST, WINDOW, OFFSET)))
    scale = train.part(train.rotations, train.hips)[1].std(axis=(0, 1))
    found: dict[str, dict[str, list[float]]] = {way: {"l2q": [], "l2p": [], "npss": []} for way in PUBLISHED}
    for missing in MISSING:
        gap = slice(PAST, PAST + missing)
        true = test.part(test.rotations[:, gap], test.hips[:, gap])
        for way, poses in _baselines(test, missing).items():
            turned, joints = test.part(*poses)
            found[way]["l2q"].append(float(l2q(turned, true[0]).mean()))
            found[way]["l2p"].append(float(l2p(joints, true[1], scale).mean()))
            found[way]["npss"].append(npss(turned, true[0]))
    (out / "published.json").write_text(json.dumps({"windows": len(test.hips), "computed": found,
                                                    "published": PUBLISHED}, indent=1), encoding="utf-8")
    print(f"{len(test.hips)} windows of {WINDOW} frames (published: 2232), missing frames {MISSING}")
    for way, table in found.items():
        for figure, values in table.items():
            told = "  ".join(f"{v:.4f} ({p:g})" for v, p in zip(values, PUBLISHED[way][figure], strict=True))
            print(f"{way:14s} {figure:5s} {told}")
    return found


def _baselines(test: Native, missing: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    share = (np.arange(1, missing + 1) / (missing + 1))[None, :, None]
    last, target = PAST - 1, PAST + missing
    still = (np.repeat(test.rotations[:, last:PAST], missing, axis=1), np.repeat(test.hips[:, last:PAST], missing, 1))
    hips = test.hips[:, last:PAST] * (1.0 - share) + test.hips[:, target:target + 1] * share
    even = slerp(test.rotations[:, last:PAST], test.rotations[:, target:target + 1], share)
    return {"zero_velocity": still, "interpolation": (even, hips)}


def _windows(data: Path, subjects: tuple[str, ...], length: int, every: int) -> Native:
    """Windows of the subjects' files: the hips' mean over the ground at the origin, facing one way at the tenth
    frame."""
    paths = sorted(p for p in data.rglob("*.bvh") if p.stem.rpartition("_")[2] in subjects)
    if not paths:
        raise GalateaError(f"{data}: holds no file named ..._{subjects[0]}.bvh; give the folder of LAFAN1's BVH files")
    rotations, hips = [], []
    for path in paths:
        motion = read_bvh(path)
        own = quat_continuous(motion.rotations)
        for start in range(0, motion.frames - length, every):
            rotations.append(own[start:start + length])
            hips.append(motion.positions[start:start + length, 0])
    if not hips:
        raise GalateaError(f"{data}: no file of {', '.join(subjects)} has more than {length} frames")
    turned, placed = np.array(rotations), np.array(hips)
    placed = placed - placed.mean(axis=1, keepdims=True) * [1.0, 0.0, 1.0]
    ahead = normalise(quat_rotate(turned[:, PAST - 1, 0], _FORWARD) * [1.0, 0.0, 1.0])
    back = quat_inverse(quat_between(np.array([1.0, 0.0, 0.0]), ahead))[:, None]
    turned[:, :, 0] = quat_multiply(back, turned[:, :, 0])
    return Native(turned, quat_rotate(back, placed), motion)
