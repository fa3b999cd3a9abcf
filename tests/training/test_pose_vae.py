# SPDX-License-Identifier: GPL-3.0-or-later
"""Train, stop, go on, export and evaluate a tiny pose VAE, and use it as the add-on does."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from made_moves import made_move, prepare_moves
from made_walk import made_chaos

from blender_addon.inference.packs import read_pack, verify_pack
from blender_addon.motion.inbetween_features import headings
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.pose_prior import (
    PosePrior,
    blend,
    complete,
    decode,
    encode,
    judge,
    nearest,
    open_pose_prior,
    random_poses,
)
from blender_addon.motion.rotations import matrix_from_quat, quat_about_z, quat_angle, quat_multiply
from blender_addon.motion.skeleton import CANONICAL
from training.__main__ import main
from training.motion.clips import load_clips
from training.motion.evaluate_pose import pca_error_mm, within_limits
from training.motion.export_pose import Decoder, Encoder, load_run, round_weights
from training.motion.pose import EFFECTORS, joints_of, masks, matrix_kinematics, sixd_of
from training.motion.train_pose import poses_of, without_heading

STEPS = 32


def train(moves: Path, run: Path, *more: str) -> int:
    return main(["train", "pose-vae", "--data", str(moves), "--run", str(run), "--steps", str(STEPS), "--size", "tiny",
                 "--checkpoint-every", "8", *more])


@pytest.fixture(scope="module")
def moves(tmp_path_factory) -> Path:
    return prepare_moves(tmp_path_factory.mktemp("moves") / "moves.npz")


@pytest.fixture(scope="module")
def trained(moves, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("run")
    assert train(moves, run) == 0
    return run


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory) -> Path:
    pack = tmp_path_factory.mktemp("packs") / "tiny-poses"
    assert main(["export", "pose-vae", "--run", str(trained), "--out", str(pack)]) == 0
    return pack


@pytest.fixture(scope="module")
def prior(exported) -> PosePrior:
    return open_pose_prior(read_pack(exported), "cpu")


@pytest.fixture(scope="module")
def poses(moves) -> np.ndarray:
    clips = load_clips(moves)
    return poses_of(clips, [8, 9], every=20)[0].astype(np.float64)


def test_poses_face_the_front_and_are_otherwise_the_clip(moves):
    clip = made_move(3)
    upright = without_heading(clip.rotations)
    assert np.abs(np.sin(headings(upright))).max() < 1e-9
    assert np.array_equal(upright[:, 1:], clip.rotations[:, 1:])
    height = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)[1][..., 2]
    assert np.allclose(forward_kinematics(clip.skeleton, upright, clip.positions)[1][..., 2], height)


def test_torch_agrees_with_numpy():
    clip = made_chaos(frames=12)
    q = torch.as_tensor(clip.rotations)
    matrices = matrix_from_quat(clip.rotations)
    assert np.allclose(sixd_of(q).numpy(), matrices[..., :2].swapaxes(-1, -2).reshape(12, 22, 6), atol=1e-9)
    wanted = forward_kinematics(clip.skeleton, clip.rotations, np.zeros((12, 3)))[1]
    assert np.allclose(joints_of(q).numpy(), wanted, atol=1e-9)
    assert np.allclose(matrix_kinematics(torch.as_tensor(matrices))[1].numpy(), wanted, atol=1e-9)


def test_some_joints_are_always_shown():
    known, placed = masks(2000, torch.Generator().manual_seed(0))
    assert (known.sum(-1) > 0).all() and 0.4 < (known.sum(-1) == 22).float().mean() < 0.6
    assert placed[known.sum(-1) == 22].any(-1).float().mean() < 0.02
    controls = (known.sum(-1) == 1) & (placed.sum(-1) == 5) & placed[:, list(EFFECTORS)].all(-1) & (known[:, 0] == 1)
    assert 0.15 < controls.float().mean() < 0.25


def test_a_stopped_run_goes_on_to_the_same_weights(moves, trained, tmp_path):
    assert train(moves, tmp_path, "--stop-after", "16") == 0
    assert train(moves, tmp_path) == 0
    one, other = (torch.load(run / "checkpoint.pt", weights_only=True)["model"] for run in (trained, tmp_path))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_graphs_say_what_torch_says(trained, exported, prior, poses):
    assert all(finding.ok for finding in verify_pack(read_pack(exported)))
    model = load_run(trained)[0]
    round_weights(model)
    with torch.no_grad():
        mean, _ = Encoder(model).eval()(torch.as_tensor(poses, dtype=torch.float32), torch.ones(len(poses), 22),
                                        torch.zeros(len(poses), 22, 3), torch.zeros(len(poses), 22))
        made = Decoder(model).eval()(mean).numpy()
    assert np.allclose(encode(prior, poses), mean.numpy(), atol=1e-4)
    assert quat_angle(decode(prior, mean.numpy()), made).max() < 1e-3


def test_latents_of_training_poses_are_unit_normal(moves, prior):
    clips = load_clips(moves)
    latents = encode(prior, poses_of(clips, list(range(8)))[0])
    assert np.abs(latents.mean(axis=0)).max() < 0.5
    assert latents.var(axis=0).max() < 1.5


def test_completing_keeps_what_is_known_and_the_heading(prior, poses):
    known = np.zeros((len(poses), 22), dtype=bool)
    known[:, [3, 7, 15]] = True
    turn = quat_about_z(np.array(1.2))
    turned = np.array(poses)
    turned[:, 0] = quat_multiply(turn, turned[:, 0])
    made = complete(prior, turned, known)
    assert np.array_equal(made[:, [3, 7, 15]], poses[:, [3, 7, 15]])
    straight = complete(prior, poses, known)
    assert np.allclose(made[:, 1:], straight[:, 1:], atol=1e-5)
    assert quat_angle(made[:, 0], quat_multiply(turn, straight[:, 0])).max() < 1e-3
    # what is not known is not looked at
    other = np.where(known[..., None], poses, made_chaos(frames=len(poses)).rotations)
    other[:, 0] = poses[:, 0]
    assert quat_angle(complete(prior, other, known)[:, 1:], straight[:, 1:]).max() < 1e-3


def test_places_are_seen_from_the_hips_whichever_way_they_face(prior, poses):
    known, placed = np.zeros((2, len(poses), 22), dtype=bool)
    known[:, 0] = placed[:, list(EFFECTORS)] = True
    turned = np.array(poses)
    turned[:, 0] = quat_multiply(quat_about_z(np.array(-2.0)), turned[:, 0])
    results = []
    for rotations in (poses, turned):
        places = forward_kinematics(CANONICAL, rotations, np.zeros((len(poses), 3)))[1]
        results.append(complete(prior, rotations, known, places, placed))
    assert quat_angle(results[0][:, 1:], results[1][:, 1:]).max() < 1e-3
    assert quat_angle(results[0], complete(prior, poses, known)).max() > 1e-3


def test_nearest_blend_and_random_poses_are_rotations(prior, poses):
    for made in (nearest(prior, poses), random_poses(prior, 50, seed=3),
                 blend(prior, poses[0], poses[-1], np.linspace(0.0, 1.0, 5))):
        assert np.allclose(np.linalg.norm(made, axis=-1), 1.0, atol=1e-5)
    assert np.array_equal(random_poses(prior, 5, seed=3), random_poses(prior, 5, seed=3))
    way = blend(prior, poses[0], poses[-1], np.array([0.0, 0.5, 1.0]))
    assert quat_angle(way[0], poses[0]).max() < 1e-3 and quat_angle(way[-1], poses[-1]).max() < 1e-3


def test_an_impossible_pose_is_further_off_than_a_real_one(prior, poses):
    real, wild = judge(prior, poses), judge(prior, made_chaos(frames=40).rotations)
    assert real.error.mean() < wild.error.mean()
    assert wild.doubtful.mean() > real.doubtful.mean()


def test_limits_and_principal_components():
    clip = made_move(1)
    train_poses = without_heading(clip.rotations)
    assert within_limits(train_poses, train_poses).all()
    assert not within_limits(without_heading(made_chaos(frames=30).rotations), train_poses).any()
    errors = [pca_error_mm(train_poses, train_poses, count) for count in (2, 8, 132)]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-3


def test_evaluation(moves, exported, tmp_path):
    assert main(["evaluate", "pose-vae", "--data", str(moves), "--pack", str(exported), "--out", str(tmp_path),
                 "--record"]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert {"recon_mm", "recon_mm_pca", "active_units", "valid_samples", "completion_mm"} <= set(metrics)
    assert (tmp_path / "poses.png").stat().st_size > 1000
    assert "reconstruction of held-out poses" in (exported / "README.md").read_text()
