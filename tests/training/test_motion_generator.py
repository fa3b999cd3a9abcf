# SPDX-License-Identifier: GPL-3.0-or-later
"""Train, stop, go on, export and evaluate a tiny motion generator."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from made_runs import STEPS, train
from made_walk import made_walk
from onnx.reference import ReferenceEvaluator

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack, verify_pack
from blender_addon.inference.sessions import open_session
from blender_addon.motion import state_features as features
from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.rotations import quat_about_z, quat_rotate
from blender_addon.motion.state_features import integrate, make_sequence
from training.__main__ import main
from training.motion.calibrate import TEMPERATURES, narrowest
from training.motion.clips import load_clips
from training.motion.corpus import action_shares, build_corpus, draw_windows, smooth_path
from training.motion.export_generator import OUTPUTS, Step, example_inputs, load_run, round_weights
from training.motion.generator import local_joints
from training.motion.generator_losses import misnamed, no_ends, roll_out, show
from training.motion.generator_schedule import Schedule
from training.motion.liveliness import energy_apart, no_means
from training.motion.train_generator import AHEAD, _network, begin


def rows(run: Path) -> list[list[str]]:
    """losses.csv without its column of speed, which no two runs share."""
    with (run / "losses.csv").open(newline="") as file:
        return [row[:-1] for row in csv.reader(file)]


def test_features_say_where_the_body_goes():
    clip = made_walk(seconds=4.0, heading=0.7)
    clip = type(clip)(**{**vars(clip), "contacts": np.zeros((clip.frames, 4), dtype=bool)})
    sequence = make_sequence(clip)
    roots = integrate(sequence.states[1:, features.MOVE], sequence.root[0], clip.fps)
    assert np.abs(roots - sequence.root[1:]).max() < 1e-9
    # joints seen from the root, put back into the world
    local = sequence.states[:, features.POSITIONS].reshape(-1, 21, 3)
    world = quat_rotate(quat_about_z(sequence.root[:, 2])[:, None], local)
    world[..., :2] += sequence.root[:, None, :2]
    assert np.abs(world - joint_positions(clip)[:, 1:]).max() < 1e-9


def test_torch_kinematics_agree_with_numpys():
    clip = made_walk(seconds=1.0, heading=0.0)
    clip = type(clip)(**{**vars(clip), "contacts": np.zeros((clip.frames, 4), dtype=bool)})
    sequence = make_sequence(clip)
    states = torch.as_tensor(sequence.states)
    made = local_joints(states[:, features.ROTATIONS], states[:, features.HEIGHT]).numpy()
    _, wanted = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    wanted = wanted - clip.positions[:, None] * [1.0, 1.0, 0.0]
    wanted = quat_rotate(quat_about_z(-sequence.root[:, 2])[:, None], wanted)
    assert np.abs(made - wanted).max() < 1e-6


def test_windows_come_in_the_shares_asked_and_with_the_path_they_walk(prepared: Path):
    corpus = build_corpus(load_clips(prepared), seed=1)
    assert corpus.actions == ("walk",) and corpus.styles == ("brisk",)
    assert 1.1 < corpus.speed["walk"] < 1.35
    windows = draw_windows(corpus, 16, 40, 30, np.random.default_rng(0))
    again = draw_windows(corpus, 16, 40, 30, np.random.default_rng(0))
    assert np.array_equal(windows.states, again.states)
    ends = np.array([integrate(states[:, features.MOVE].astype(float), np.zeros(3), 30.0) for states in windows.states])
    assert np.abs(ends - windows.root).max() < 1e-4
    # the path asked for is the one walked, but for the sway
    assert np.abs(windows.path[:, :40, :2] - windows.root[..., :2]).max() < 0.12


def test_a_straight_path_stays_one_when_smoothed():
    line = np.linspace([0.0, 0.0, 0.3], [2.0, -4.0, 0.3], 60)
    assert np.abs(smooth_path(line) - line).max() < 1e-9


def test_held_out_clips_are_not_trained_on(prepared: Path, trained: Path):
    held = {label.sha256 for label in load_clips(prepared).labels if label.split != "train"}
    clips = json.loads((trained / "corpus.json").read_text())["clips"]
    assert len(clips) == 10
    assert not held & {clip["sha256"] for clip in clips}


def test_training_leaves_a_table_and_a_plot(trained: Path):
    table = rows(trained)
    assert table[0][0] == "step" and [row[0] for row in table[1:]] == ["10", "20"]
    assert all(np.isfinite(float(value)) for row in table[1:] for value in row)
    assert (trained / "losses.png").stat().st_size > 1000


def test_a_killed_run_goes_on_to_the_same_losses(prepared: Path, trained: Path, tmp_path: Path):
    assert train(prepared, tmp_path, "--stop-after", "14") == 0  # the last checkpoint is at 12: two steps are lost
    assert train(prepared, tmp_path) == 0
    assert rows(tmp_path)[-1] == rows(trained)[-1]
    whole, broken = (torch.load(run / "checkpoint.pt", weights_only=True) for run in (trained, tmp_path))
    assert whole["step"] == broken["step"] == STEPS
    for name, value in whole["averaged"].items():
        assert torch.equal(value, broken["averaged"][name]), name


def test_another_schedule_does_not_go_on(prepared: Path, trained: Path, capsys):
    assert main(["train", "motion-generator", "--data", str(prepared), "--run", str(trained), "--steps", "99",
                 "--size", "tiny"]) == 1
    assert f"--steps {STEPS}" in capsys.readouterr().err


def test_a_run_goes_on_from_another_ones_weights(prepared: Path, trained: Path, tmp_path: Path, capsys):
    assert train(prepared, tmp_path, "--start", str(trained), "--often", "walk=2", "--stop-after", "4") == 0
    assert "step 0 of" in capsys.readouterr().out
    before, after = (torch.load(run / "checkpoint.pt", weights_only=True) for run in (trained, tmp_path))
    assert after["step"] == 4 and after["optimiser"]["state"][0]["step"] == STEPS + 4
    # a fresh network would be nowhere near
    apart = [(before["model"][name] - after["model"][name]).abs().mean() / before["model"][name].std().clamp(min=1e-6)
             for name in ("encoder.weight", "decoder.weight", "cells.0.weight_hh")]
    assert 0.0 < max(apart) < 0.1
    command = json.loads((tmp_path / "corpus.json").read_text())["command"]
    assert "--start" in command and "--often walk=2" in command
    assert main(["export", "motion-generator", "--run", str(tmp_path), "--out", str(tmp_path / "both")]) == 0
    training = read_pack(tmp_path / "both").content["training"]
    assert training["steps"] == STEPS + 4
    assert training["command"].count("python -m training train motion-generator") == 2


@pytest.mark.parametrize(("more", "told"), [
    (("--start", "nowhere"), "--start nowhere: not a training run"),
    (("--batch", "0"), "--batch 0: give at least one window"),
    (("--often", "fly=2"), "--often fly: there is no such action")])
def test_what_cannot_be_trained_so_is_one_line(prepared: Path, tmp_path: Path, capsys, more: tuple, told: str):
    assert train(prepared, tmp_path, *more) == 1
    assert told in capsys.readouterr().err.strip().splitlines()[-1]


def test_actions_are_drawn_as_often_as_asked(prepared: Path):
    corpus = build_corpus(load_clips(prepared), seed=1)
    two = replace(corpus, actions=("walk", "hop", "sway"), minutes={"walk": 4.0, "hop": 1.0, "sway": 1.0})
    assert action_shares(two) == pytest.approx([0.2, 0.4, 0.4])
    assert action_shares(replace(two, often={"hop": 2.0})) == pytest.approx(np.array([0.2, 0.8, 0.4]) / 1.4)


def test_liveliness_tells_each_action_how_far_it_is_off():
    rng = np.random.default_rng(0)
    captured = torch.as_tensor(np.cumsum(rng.normal(0.0, 0.05, (6, 50, 22, 3)), axis=1), dtype=torch.float32)
    action = torch.zeros(6, 50, 2)
    action[:3, :, 0] = 1.0
    action[3:, :, 1] = 1.0
    means = no_means(2, 22, "cpu")
    same, _ = energy_apart(captured, action, captured, action, 30.0, means)
    assert same.item() == pytest.approx(0.0, abs=1e-6)
    # the first action at half its speed, the second as it should be: log 2 for one of two
    factors = torch.tensor([0.5, 0.5, 0.5, 1.0, 1.0, 1.0])[:, None, None, None]
    made = (captured * factors).requires_grad_()
    apart, after = energy_apart(made, action, captured, action, 30.0, means)
    assert apart.item() == pytest.approx((np.log(2.0) - 0.05) / 2.0, rel=0.02)
    apart.backward()
    assert made.grad[:3].abs().sum() > 0.0 and made.grad[3:].abs().max() < 1e-6
    assert after[[1, 3], :, 0].tolist() == [[147.0, 147.0]] * 2
    # an action of which nothing was captured, or made, is told nothing
    alone, _ = energy_apart(made[3:], action[3:], captured[:3], action[:3], 30.0, means)
    assert alone.item() == 0.0
    # what is right on the whole is right, whatever one batch did: quick and slow ones make up for each other
    _, slow = energy_apart(captured * 0.5 ** 0.5, action, captured, action, 30.0, means)
    evened, _ = energy_apart(captured * (1.0 + 0.5 * 0.95 / 0.05) ** 0.5, action, captured, action, 30.0, slow)
    assert evened.item() < 0.01


def test_a_damaged_checkpoint_is_one_line(prepared: Path, tmp_path: Path, capsys):
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    assert train(prepared, tmp_path) == 1
    assert "not a readable checkpoint" in capsys.readouterr().err.strip().splitlines()[-1]


def test_the_pack_is_whole(exported: Path):
    pack = read_pack(exported)
    assert all(finding.ok for finding in verify_pack(pack)), verify_pack(pack)
    assert pack.words("actions") == ("walk",) and pack.words("styles") == ("brisk",)
    card = (exported / "README.md").read_text()
    assert "CC0-1.0" in card and "python -m training train motion-generator" in card


def test_torch_and_onnxruntime_agree_over_300_steps(trained: Path, exported: Path):
    model, _, _ = load_run(trained)
    round_weights(model)
    step, session = Step(model).eval(), open_session(read_pack(exported))
    inputs = example_inputs(model, batch=2)
    theirs = {name: value.numpy().copy() for name, value in inputs.items()}
    worst = 0.0
    with torch.no_grad():
        for frame in range(300):
            ahead = torch.tensor([0.0, -(frame + 5) / 30.0, 0.0, -1.0]).expand(2, inputs["trajectory"].shape[1], 4)
            inputs["trajectory"], theirs["trajectory"] = ahead, ahead.numpy().copy()
            inputs["fresh"] = torch.full((2, 1), float(frame % 8 == 0))
            theirs["fresh"] = inputs["fresh"].numpy().copy()
            ours = dict(zip(OUTPUTS, step(**inputs)))
            made = session.run(theirs)
            worst = max(worst, *(float(np.abs(ours[name].numpy() - made[name]).max()) for name in OUTPUTS))
            for name in ("state", "hidden", "cell", "root", "held"):
                inputs[name], theirs[name] = ours[f"next_{name}"], made[f"next_{name}"]
    assert worst < 1e-4


def test_another_reader_runs_the_graph_alike(trained: Path, exported: Path):
    """onnx's own reference evaluator shares no code with onnxruntime or torch."""
    model, _, _ = load_run(trained)
    inputs = {name: value.numpy() for name, value in example_inputs(model, batch=3).items()}
    session = open_session(read_pack(exported))
    wanted = ReferenceEvaluator(onnx.load(exported / "model.onnx")).run(None, inputs)
    made = session.run(inputs)
    for name, value in zip(OUTPUTS, wanted, strict=True):
        assert np.abs(made[name] - value).max() < 1e-4, name
    assert np.abs(np.linalg.norm(made["rotations"], axis=-1) - 1.0).max() < 1e-5


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_any_batch_size(exported: Path, trained: Path, batch: int):
    model, _, _ = load_run(trained)
    inputs = {name: value.numpy() for name, value in example_inputs(model, batch=batch).items()}
    made = open_session(read_pack(exported)).run(inputs)
    assert made["rotations"].shape == (batch, 22, 4)


def test_evaluate_measures_and_records(bvh_folder: Path, exported: Path, tmp_path: Path, monkeypatch):
    from training.motion import evaluate_generator

    monkeypatch.setattr(evaluate_generator, "FULL", evaluate_generator.Effort(9.0, 2, 320, 1, recogniser_steps=9))
    before = read_pack(exported).graph("model").sha256
    assert main(["evaluate", "motion-generator", "--data", str(bvh_folder), "--pack", str(exported), "--out",
                 str(tmp_path), "--record"]) == 0
    walk = json.loads((tmp_path / "metrics.json").read_text())["actions"]["walk"]
    assert 0 < walk["survived_frames"] <= 320
    assert {"energy_ratio", "skate_cm_s", "skate_ratio", "steps_ratio"} <= set(walk)
    pack = read_pack(exported)
    assert pack.graph("model").sha256 == before
    assert pack.content["metrics"]["actions"]["walk"] == walk
    assert "| walk |" in (exported / "README.md").read_text()


def test_evaluate_refuses_clips_that_were_trained_on(bvh_folder: Path, exported: Path, tmp_path: Path, capsys):
    for file in bvh_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    index = (tmp_path / "index.csv").read_text()
    (tmp_path / "index.csv").write_text(index.replace(",train,", ",val,"))
    assert main(["evaluate", "motion-generator", "--data", str(tmp_path), "--pack", str(exported), "--out",
                 str(tmp_path / "out")]) == 1
    assert "was trained on it" in capsys.readouterr().err


def test_too_little_data_is_one_line(tmp_path: Path, capsys):
    from blender_addon.motion.bvh import write_bvh

    (tmp_path / "data" / "walk").mkdir(parents=True)
    write_bvh(tmp_path / "data" / "walk" / "a.bvh", made_walk(seconds=1.0))
    main(["prepare", "motion", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "x.npz")])
    capsys.readouterr()
    assert train(tmp_path / "x.npz", tmp_path / "run") == 1
    assert "15 seconds" in capsys.readouterr().err


def test_a_missing_file_is_one_line(tmp_path: Path, capsys):
    assert train(tmp_path / "none.npz", tmp_path / "run") == 1
    assert "not a prepared data set" in capsys.readouterr().err
    with pytest.raises(GalateaError):
        load_clips(tmp_path / "none.npz")


def test_steady_windows_are_of_all_actions_in_turn_and_led_as_when_generating(prepared: Path):
    corpus = build_corpus(load_clips(prepared), seed=1)
    number = np.arange(len(corpus.action)) // 7 % 3  # no window shows one action alone
    three = replace(corpus, actions=("walk", "hop", "sway"), once=("hop",), action=number,
                    minutes={"walk": 4.0, "hop": 1.0, "sway": 1.0}, speed={"walk": 1.2, "hop": 0.0, "sway": 0.0})
    for seed in range(4):
        rng = np.random.default_rng(seed)
        windows = draw_windows(three, 8, 32, AHEAD, rng, 5)
        shown = show(windows, 1, Schedule(10, batch=8, window=32, drawn=1.0), 1.0, rng, "cpu")
        assert shown.action[:5].argmax(-1).tolist() == [[0] * 32, [1] * 32, [2] * 32, [0] * 32, [1] * 32]
        assert shown.follow[:5, 0].tolist() == [1.0, 0.0, 0.0, 1.0, 0.0]
        assert shown.action[5:].argmax(-1).unique().numel() == 3
        assert np.allclose(shown.shows.numpy(), windows.action)


def test_steady_windows_keep_to_their_action_and_go_on_where_they_ended(prepared: Path):
    corpus = build_corpus(load_clips(prepared), seed=1)
    schedule = Schedule(10, batch=12, window=32, drawn=0.5, going_on=1.0, half=False)
    run = begin(_network(corpus, 1, "tiny"), "tiny", 1, "cpu")
    ends = no_ends(run.model, schedule.steady_windows(1.0))
    assert len(ends) == 4
    made = []
    for step in range(2):
        rng = np.random.default_rng(step)
        windows = draw_windows(corpus, 12, 32, AHEAD, rng, len(ends))
        shown = show(windows, 1, schedule, 1.0, rng, "cpu")
        assert (shown.action[:4] == shown.action[:4, :1]).all()
        assert shown.goes_on[:, 0].tolist() == [1.0] * 4 + [0.0] * 8
        made.append(roll_out(run.model, run.reader, shown, ends, schedule, 1.0))
        ends = made[-1].ends
    first, second = (part.states.detach() for part in made)
    step = (first[:4, 1:] - first[:4, :-1]).abs().amax()
    assert (second[:4, 0] - first[:4, -1]).abs().max() <= 1.5 * step
    # the others begin elsewhere
    assert (second[4:, 0] - first[4:, -1]).abs().amax(-1).min() > 1.5 * step


def test_what_a_window_seems_to_show_is_held_against_what_was_asked():
    asked = torch.zeros(2, 6, 5)  # three actions, two styles
    asked[0, :, 1] = asked[0, :, 4] = 1.0
    asked[1, :3, 0] = asked[1, 3:, 2] = 1.0  # two actions, half of the time each, without a style
    logits = torch.log(torch.tensor([[0.2, 0.7, 0.1, 0.6, 0.4], [0.5, 0.1, 0.4, 0.5, 0.5]]))
    by_hand = -(np.log(0.7) + np.log(0.4) + 0.5 * np.log(0.5) + 0.5 * np.log(0.4)) / 2.0
    assert misnamed(logits, asked, 3).item() == pytest.approx(by_hand, rel=1e-5)


def test_a_run_whose_critic_named_nothing_can_be_gone_on_from(trained: Path, prepared: Path, tmp_path: Path, capsys):
    former = tmp_path / "former"
    former.mkdir()
    (former / "corpus.json").write_text((trained / "corpus.json").read_text())
    saved = torch.load(trained / "checkpoint.pt", weights_only=True)
    saved["critic"] = {name: value for name, value in saved["critic"].items() if "names" not in name}
    torch.save(saved, former / "checkpoint.pt")
    assert train(prepared, tmp_path / "next", "--start", str(former), "--stop-after", "4") == 0, capsys.readouterr().err
    assert (tmp_path / "next" / "checkpoint.pt").is_file()


def test_latents_are_drawn_no_wider_than_it_takes():
    far = [0.9, 0.5, 0.3, 0.12, 0.05, 0.0, 0.4]  # how far the energy is from the clips', from the narrowest draw on
    assert narrowest(far) == TEMPERATURES[3]
    assert narrowest([0.02, *far[1:]]) == TEMPERATURES[0]
    assert narrowest([0.9, 0.7, 0.5, 0.4, 0.35, 0.2, 0.0]) == TEMPERATURES[-1]
