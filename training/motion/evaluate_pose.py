# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a pose-VAE pack: `python -m training evaluate pose-vae --data DIR --out REPORT`.

On poses of clips that it was not trained on, through the code that runs in Blender, beside principal components of as
many numbers.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tomli_w
import torch

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.motion.inbetween_features import rotation_vector
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.pose_prior import (
    PosePrior,
    complete,
    decode,
    encode,
    joint_error_mm,
    judge,
    open_pose_prior,
    random_poses,
)
from blender_addon.motion.rotations import normalise, quat_from_axis_angle, quat_from_matrix, quat_multiply
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS

from .card import POSE_FIGURES, write_card
from .clips import ClipSet
from .evaluate_inbetweener import judged_clips, prepared_clips
from .generator import sixd_to_matrix
from .pictures import Row, stick_figure_sheet
from .pose import EFFECTORS, sixd_of
from .train_pose import mirrored, poses_of

GIVEN = ("Hips", "Spine1", "LeftArm", "RightArm", "LeftUpLeg", "RightUpLeg")  # of whose rotations a pose is completed
_SAMPLES = 10_000
_TOLERANCE = np.radians(5.0)  # beyond what any training pose does
_LIMBS = ("Arm", "ForeArm", "UpLeg", "Leg")


def evaluate(data: Path, pack_folder: Path | None, out: Path, record: bool = False) -> None:
    """Write metrics.json, report.md and a contact sheet into `out`; with `record`, the figures into the pack too."""
    out.mkdir(parents=True, exist_ok=True)
    pack = read_pack(pack_folder or models_folder() / "pose-vae")
    clips = prepared_clips(data, out)
    which = judged_clips(clips, pack)
    held = poses_of(clips, which, every=3)[0].astype(np.float64)
    train = _training_poses(clips, set(pack.content["training"]["clips"]))
    prior = open_pose_prior(pack, "cpu")
    rng = np.random.default_rng(0)
    latents = encode(prior, held)
    given = np.zeros((len(held), len(JOINTS)), dtype=bool)
    given[:, [INDEX[name] for name in GIVEN]] = True
    six = np.argsort(rng.random((len(held), len(JOINTS))), axis=1)[:, :6]
    some = np.zeros_like(given)
    np.put_along_axis(some, six, True, axis=1)
    hips, ends = np.zeros_like(given), np.zeros_like(given)
    hips[:, 0] = ends[:, list(EFFECTORS)] = True
    places = forward_kinematics(CANONICAL, held, np.zeros((len(held), 3)))[1]
    drawn = random_poses(prior, _SAMPLES, seed=0)
    metrics: dict[str, float | str | list[str]] = {
        "recon_mm": float(joint_error_mm(decode(prior, latents), held).mean()),
        "recon_mm_pca": pca_error_mm(train, held, prior.latent),
        "active_units": int((encode(prior, train).var(axis=0) > 0.01).sum()),
        "valid_samples": float(within_limits(drawn, train).mean()),
        "completion_mm": float(joint_error_mm(complete(prior, held, hips, places, ends), held).mean()),
        "completion_mm_rotations": float(joint_error_mm(complete(prior, held, given), held).mean()),
        "completion_mm_mean_pose": float(joint_error_mm(_with_mean(held, given, train), held).mean()),
        "completion_mm_random_6": float(joint_error_mm(complete(prior, held, some), held).mean()),
        "doubtful_real": float(judge(prior, held).doubtful.mean()),
        "doubtful_wrong": float(judge(prior, _broken(held, rng)).doubtful.mean()),
    }
    metrics = {name: round(value, 4) for name, value in metrics.items()}
    metrics["active_units"] = int(metrics["active_units"])
    command = f"python -m training evaluate pose-vae --data {data.name} --out {out.name}"
    about = (f"{len(held)} poses of {len(which)} clips that it was not trained on, every third frame; distances are "
             "means over the joints of a body of 1.75 m. Joint limits: the range of each joint's rotation vector in "
             f"the training poses and their mirror images, 5° wider; a pose of {_SAMPLES} random ones counts when all "
             "its joints are within. PCA: of the joints' 6D rotations. A number of the latent is active when its mean "
             "varies by more than 0.01 over the training poses. Completion is given twice: as by an artist who puts a "
             "body by its controls (the hips' rotation, and where head, hands and feet are), and as by one who turns "
             "six joints.")
    metrics |= {"given_rotations": list(GIVEN), "command": command, "about": about}
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    lines = [f"| {name} | {metrics[key]:g} |" for key, name in POSE_FIGURES.items()]
    report = "\n".join(["# Poses", "", f"`{command}`", "", about, "", "| figure | value |", "|---|---|", *lines])
    (out / "report.md").write_text(report + "\n", encoding="utf-8")
    _sheet(out / "poses.png", prior, held, given, drawn)
    print(report)
    print(f"-> {out}")
    if record:
        (pack.folder / "pack.toml").write_bytes(tomli_w.dumps({**pack.content, "metrics": metrics}).encode())
        write_card(pack.folder)


def _training_poses(clips: ClipSet, trained: set[str]) -> np.ndarray:
    """Poses (N, 22, 4) that the pack was trained on, mirrored ones too, for principal components and joint limits."""
    which = [i for i, label in enumerate(clips.labels) if label.sha256 in trained]
    if not which:
        raise GalateaError("none of the clips that the pack was trained on is here, and its joint limits and principal "
                           "components come from them; evaluate on the whole folder, with its index.csv")
    poses = poses_of(clips, which, every=2)[0]
    return np.concatenate([poses, mirrored(poses)]).astype(np.float64)


def pca_error_mm(train: np.ndarray, held: np.ndarray, count: int) -> float:
    """Mean joint error in mm of poses (N, 22, 4) kept as `count` principal components of their 6D rotations."""
    known, asked = (sixd_of(torch.as_tensor(p)).flatten(1).numpy() for p in (train, held))
    mean = known.mean(axis=0)
    _, axes = np.linalg.eigh((known - mean).T @ (known - mean))
    axes = axes[:, ::-1][:, :count]
    made = (asked - mean) @ axes @ axes.T + mean
    matrices = sixd_to_matrix(torch.as_tensor(made).unflatten(-1, (len(JOINTS), 6))).numpy()
    return float(joint_error_mm(quat_from_matrix(matrices), held).mean())


def within_limits(poses: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(N,) whether every joint of poses (N, 22, 4) but the hips is turned as training poses are, within 5°."""
    ranges = rotation_vector(train[:, 1:])
    turned = rotation_vector(poses[:, 1:])
    low, high = ranges.min(axis=0) - _TOLERANCE, ranges.max(axis=0) + _TOLERANCE
    return ((turned >= low) & (turned <= high)).all(axis=(1, 2))


def _with_mean(held: np.ndarray, given: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The given joints, and for the others the mean rotation of the training poses."""
    same_side = train * np.where(train[..., :1] < 0.0, -1.0, 1.0)
    return np.where(given[..., None], held, normalise(same_side.mean(axis=0)))


def _broken(held: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each pose with one limb turned by a right angle or more about an axis at random."""
    broken = np.array(held)
    joints = [INDEX[f"{side}{limb}"] for side in ("Left", "Right") for limb in _LIMBS]
    chosen = rng.choice(joints, len(held))
    turn = quat_from_axis_angle(normalise(rng.normal(size=(len(held), 3))), rng.uniform(np.pi / 2, np.pi, len(held)))
    at = np.arange(len(held))
    broken[at, chosen] = quat_multiply(broken[at, chosen], turn)
    return broken


def _sheet(path: Path, prior: PosePrior, held: np.ndarray, given: np.ndarray, drawn: np.ndarray) -> None:
    """Held-out poses above what is made of them, above what is completed from six joints; random poses below."""
    shown = np.linspace(0, len(held) - 1, 12).astype(int)
    hips, ends = np.zeros_like(given[shown]), np.zeros_like(given[shown])
    hips[:, 0] = ends[:, list(EFFECTORS)] = True
    places = forward_kinematics(CANONICAL, held[shown], np.zeros((len(shown), 3)))[1]
    rows = [("held-out poses", held[shown]), ("encoded and decoded", decode(prior, encode(prior, held[shown]))),
            ("completed from the hips' rotation and where head, hands and feet are",
             complete(prior, held[shown], hips, places, ends)),
            (f"completed from the rotations of {', '.join(GIVEN)}", complete(prior, held[shown], given[shown])),
            ("random poses", drawn[:12])]
    stick_figure_sheet(path, [Row(title, _standing(poses), JOINTS, PARENTS) for title, poses in rows], columns=12)


def _standing(poses: np.ndarray) -> np.ndarray:
    """Joint positions (N, 22, 3) of poses with their lowest joint on the floor."""
    joints = forward_kinematics(CANONICAL, poses, np.zeros((len(poses), 3)))[1]
    return joints - joints[..., 2].min(axis=1)[:, None, None] * [0.0, 0.0, 1.0]
