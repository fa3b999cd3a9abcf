# SPDX-License-Identifier: GPL-3.0-or-later
"""Train, stop, go on, export and evaluate a tiny in-betweener."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_inbetweener import write_inbetweener
from made_moves import made_move, prepare_moves
from made_walk import made_chaos

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack, verify_pack
from blender_addon.inference.sessions import open_session
from blender_addon.motion.bvh import write_bvh
from blender_addon.motion.inbetween_features import CHANNELS, PARTS, rotation_vector, tell, turn_about_z
from blender_addon.motion.inbetween_features import turned_by as numpys_turned_by
from blender_addon.motion.inbetweening import fill_gaps
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.rotations import quat_inverse, quat_multiply
from training.__main__ import main
from training.motion.calibrate_variants import temperature
from training.motion.clips import load_clips, save_clips
from training.motion.export_inbetweener import OUTPUTS, Window, example_inputs, load_run, round_weights
from training.motion.gap_corpus import UPPER, build_gap_corpus, drawn_weights, training_clips
from training.motion.gap_drawing import (
    VARIETY,
    Pool,
    draw,
    draw_keys,
    draw_windows,
    hold_otherwise,
    move_livelier,
    pool_of,
)
from training.motion.gap_judge import held_out_ratios, make_judge
from training.motion.gap_losses import gap_losses
from training.motion.gap_metrics import l2q
from training.motion.gap_scores import by_interpolation, by_standing_still, globals_of, score
from training.motion.gap_telling import tell as torch_tell
from training.motion.gaps import MISSING, PAST, Gaps, face_forward, gaps_of, spread_of
from training.motion.inbetweener import kinematics, meet_keys, turned_by
from training.motion.lafan1 import published_baselines
from training.motion.pack_weights import load_inbetweener
from training.motion.repeats import find_repeats

STEPS = 16


def train(moves: Path, run: Path, *more: str) -> int:
    return main(["train", "motion-inbetweener", "--data", str(moves), "--run", str(run), "--steps", str(STEPS),
                 "--size", "tiny", "--checkpoint-every", "4", *more])


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
    pack = tmp_path_factory.mktemp("packs") / "tiny-between"
    assert main(["export", "motion-inbetweener", "--run", str(trained), "--out", str(pack), "--limit", "It is tiny."]
                ) == 0
    return pack


# --- data -------------------------------------------------------------------------------------------------------


def test_a_training_clip_that_repeats_a_held_out_one_is_left_out(moves):
    clips = load_clips(moves)
    assert [clips.labels[i].file for i in find_repeats(clips)] == ["move_10.bvh"]
    assert training_clips(clips) == list(range(8))
    assert len(training_clips(clips, share=0.5)) == 4


def test_the_mirror_image_of_a_held_out_clip_is_a_repeat_too(tmp_path):
    path = prepare_moves(tmp_path / "moves.npz")
    clips = load_clips(path)
    flipped = mirror(clips.clip(8))
    at = slice(clips.starts[3], clips.starts[4])
    clips.rotations[at] = flipped.rotations
    assert 3 in find_repeats(clips)


def test_windows_begin_every_forty_frames_with_the_gap_after_the_tenth(moves):
    clips = load_clips(moves)
    gaps = {n: gaps_of(clips, [8, 9], n) for n in MISSING}
    for n, found in gaps.items():
        assert found.start.tolist() == [0, 40] * 2 and found.clip.tolist() == [8, 8, 9, 9]
        assert found.rotations.shape == (4, PAST + n + 1, 22, 4)
        assert found.known[0].all(axis=-1).sum() == PAST + 1 and not found.known[0, found.gap].any()
    # facing -Y over the origin at the tenth frame, and otherwise the clip
    joints = forward_kinematics(clips.clip(8).skeleton, gaps[30].rotations[1], gaps[30].positions[1])[1]
    real = clips.clip(8).cut(40, 81)
    true = forward_kinematics(real.skeleton, real.rotations, real.positions)[1]
    assert np.allclose(gaps[30].positions[1, PAST - 1, :2], 0.0, atol=1e-9)
    for frame in (0, 20, 40):
        apart = np.linalg.norm(joints[frame][:, None] - joints[PAST - 1][None], axis=-1)
        assert np.allclose(apart, np.linalg.norm(true[frame][:, None] - true[PAST - 1][None], axis=-1), atol=1e-6)


def test_the_truth_scores_nothing_and_the_baselines_something(moves):
    clips = load_clips(moves)
    gaps = gaps_of(clips, [8, 9], 15)
    _, spread = spread_of(clips, training_clips(clips))
    perfect = score((gaps.rotations, gaps.positions), gaps, clips.labels, spread)
    assert set(perfect) == {"mean", "mean over windows", "walk", "turn"}
    assert all(value == pytest.approx(0.0, abs=1e-6) for value in perfect["mean"].values())
    even, still = (score(way(gaps), gaps, clips.labels, spread)["mean"]
                   for way in (by_interpolation, by_standing_still))
    assert 0.0 < even["joint_cm"] < still["joint_cm"] and 0.0 < even["l2p"] < still["l2p"]


@pytest.fixture(scope="module")
def pool(moves) -> Pool:
    clips = load_clips(moves)
    return pool_of(build_gap_corpus(clips, training_clips(clips)), "cpu")


def drawn(pool: Pool, seed: int, length: int = 40, **variety: float) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return draw(pool, length, 12, replace(VARIETY, **variety))


def test_batches_are_the_same_for_one_seed(pool):
    one, same, other = (drawn(pool, seed) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.allclose(one["features"], other["features"])


def test_torch_tells_what_the_add_on_tells_and_nothing_of_what_is_missing(pool):
    batch = drawn(pool, 3)
    known = draw_keys(40, 12, torch.device("cpu"))
    hidden = (torch.where(known[..., :-1, None], batch["rotations"], torch.nan),
              torch.where(known[..., -1:], batch["positions"], torch.nan))
    told, wanted = torch_tell(*hidden, known), tell(*(part.double().numpy() for part in hidden), known.numpy())
    assert torch.isfinite(told["features"]).all()
    for name, part in PARTS.items():
        assert np.allclose(told["features"][..., part], wanted.features[..., part], atol=5e-4), name
    assert np.allclose(told["base"], wanted.rotations, atol=1e-5)
    assert np.allclose(told["moved"], wanted.positions, atol=1e-5)
    for name in ("before", "after", "share"):
        assert np.allclose(told[name], getattr(wanted.layout, name), atol=1e-6), name


def test_windows_are_stretches_of_the_clips(pool):
    """Played as captured, put together of nothing, every frame of a window is one of a clip's or of its mirror's."""
    rotations, _, _ = draw_windows(pool, 30, 12, replace(VARIETY, played=0.0, backwards=0.0))
    apart = torch.cdist(rotations[:, 7].flatten(1), pool.rotations.flatten(1))
    found = apart.argmin(dim=1)
    assert apart.amin(dim=1).max() < 1e-2  # float32, by way of a product
    assert all(torch.allclose(rotations[w, 20], pool.rotations[int(frame) + 13], atol=1e-5)
               for w, frame in enumerate(found))


def test_who_is_played_slower_moves_less_from_frame_to_frame(pool):
    slow, quick = (draw_windows(pool, 30, 64, replace(VARIETY, played=1.0, tempos=(tempo, tempo)))[1]
                   for tempo in (0.5, 2.0))
    steps = [torch.diff(positions, dim=1).norm(dim=-1).mean() for positions in (slow, quick)]
    assert steps[1] / steps[0] == pytest.approx(4.0, rel=0.25)


def test_who_holds_himself_otherwise_moves_as_before(moves):
    clips = load_clips(moves)
    rotations = torch.as_tensor(np.stack([clips.clip(i).rotations[:40] for i in range(8)]))
    torch.manual_seed(0)
    carried = hold_otherwise(rotations, 0.5, np.radians(5.0)).numpy()
    rotations = rotations.numpy()
    changed = [w for w in range(8) if not np.allclose(carried[w], rotations[w], atol=1e-6)]
    assert 0 < len(changed) < 8
    legs = [j for j in range(22) if j not in UPPER]
    assert np.allclose(carried[:, :, legs], rotations[:, :, legs], atol=1e-6)
    # what a joint was turned on by is the same in every frame, and a few degrees
    turn = rotation_vector(quat_multiply(quat_inverse(rotations[changed]), carried[changed]))[:, :, UPPER]
    assert np.allclose(turn, turn[:, :1], atol=1e-5)
    assert 3.0 < np.degrees(turn).std() < 7.0


def test_rare_actions_are_drawn_as_often_as_is_asked():
    shown, frames = [("walk",), ("walk",), ("jump",), ("jump", "kick")], np.array([1050, 850, 150, 250])
    room = frames - 50.0

    def drawn_of(name: str, even: float) -> float:
        each = drawn_weights(shown, frames, even) * room
        return sum(part for part, names in zip(each, shown, strict=True) if name in names)

    assert np.allclose(drawn_weights(shown, frames, 0.0), 1.0)
    assert drawn_of("walk", 1.0) == pytest.approx(drawn_of("jump", 1.0), rel=0.1)
    # 1800 frames against 300: halfway in between is by the root
    assert drawn_of("walk", 0.5) / drawn_of("jump", 0.5) == pytest.approx((1800.0 / 300.0) ** 0.5, rel=0.15)


def test_moves_above_the_hips_grow_and_shrink_about_their_mean(moves):
    clips = load_clips(moves)
    rotations = torch.as_tensor(np.stack([clips.clip(i % 8).rotations[:40] for i in range(32)]))
    torch.manual_seed(1)
    livelier = move_livelier(rotations, 0.5)
    legs = [j for j in range(22) if j not in UPPER]
    assert torch.equal(livelier[:, :, legs], rotations[:, :, legs])

    def extent(q: torch.Tensor) -> torch.Tensor:
        return torch.diff(q[:, :, UPPER], dim=1).norm(dim=-1).sum((1, 2))

    factor = (extent(livelier) / extent(rotations)).numpy()
    same = np.isclose(factor, 1.0, atol=1e-3).mean()
    assert 0.3 < same < 0.7 and factor.max() > 1.2 and factor.min() < 0.85
    assert np.allclose(livelier.norm(dim=-1), 1.0, atol=1e-5)


def test_keys_are_drawn_of_every_kind():
    torch.manual_seed(0)
    known = draw_keys(60, 400, torch.device("cpu")).numpy()
    assert known[:, [0, -1]].all()
    partial = (known.any(axis=2) & ~known.all(axis=2)).any(axis=1).mean()
    single = (known[:, :10].all(axis=(1, 2)) & ~known[:, 10:-1].any(axis=(1, 2))).mean()
    assert 0.1 < partial < 0.3 and 0.35 < single < 0.65


def test_held_out_ratios_are_those_of_the_figures(moves, trained):
    clips = load_clips(moves)
    _, spread = spread_of(clips, training_clips(clips))
    model = load_run(trained)[0]
    judge = make_judge(clips, "cpu")
    ratios = held_out_ratios(model, judge, torch.as_tensor(spread, dtype=torch.float32))
    gaps = gaps_of(clips, [8, 9], 15)
    told = tell(gaps.rotations, gaps.positions, gaps.known)
    with torch.no_grad():
        turns, shifts, _ = model(*(torch.as_tensor(np.asarray(part), dtype=kind) for part, kind in (
            (told.features, torch.float32), (told.layout.before, torch.int64), (told.layout.after, torch.int64),
            (told.layout.share, torch.float32))), None)
    made = (numpys_turned_by(told.rotations, turns.double().numpy()),
            told.positions + turn_about_z(shifts.double().numpy()[:, :, None], told.heading)[:, :, 0])
    own, even = (score(poses, gaps, clips.labels, spread)["mean"]["l2p"] for poses in (made, by_interpolation(gaps)))
    assert ratios[15] == pytest.approx(own / even, abs=1e-3)


# --- network ----------------------------------------------------------------------------------------------------


def test_torch_kinematics_agree_with_numpys():
    clip = made_chaos(frames=20)
    turned, placed = kinematics(torch.as_tensor(clip.rotations), torch.as_tensor(clip.positions))
    wanted_turned, wanted = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    assert np.allclose(placed.numpy(), wanted, atol=1e-9) and np.allclose(turned.numpy(), wanted_turned, atol=1e-9)


def test_torch_turns_agree_with_numpys():
    rng = np.random.default_rng(0)
    q = rng.normal(size=(50, 4))
    q /= np.linalg.norm(q, axis=-1, keepdims=True)
    vectors = rng.normal(size=(50, 3)) * rng.choice([1e-9, 1e-3, 1.0], (50, 1))
    made = turned_by(torch.as_tensor(q), torch.as_tensor(vectors)).numpy()
    assert np.allclose(made, numpys_turned_by(q, vectors), atol=1e-6)


def test_changes_are_nothing_at_keys_and_even_out_between():
    change = torch.randn(1, 7, CHANNELS, 3)
    before = torch.tensor([0, 0, 0, 0, 4, 4, 6])[None, :, None].repeat(1, 1, CHANNELS)
    after = torch.tensor([0, 4, 4, 4, 4, 6, 6])[None, :, None].repeat(1, 1, CHANNELS)
    share = torch.tensor([0.0, 0.25, 0.5, 0.75, 0.0, 0.5, 0.0])[None, :, None].repeat(1, 1, CHANNELS)
    met = meet_keys(change, before, after, share)
    assert met[:, [0, 4, 6]].abs().max() == 0.0
    assert torch.allclose(met[0, 2], change[0, 2] - (change[0, 0] + change[0, 4]) / 2.0, atol=1e-6)


# --- the command line -------------------------------------------------------------------------------------------


def rows(table: Path) -> list[list[str]]:
    with table.open(newline="") as file:
        return list(csv.reader(file))


def test_training_leaves_what_the_docs_say(trained):
    there = {path.name for path in trained.iterdir()}
    assert {"checkpoint.pt", "best.pt", "losses.csv", "heldout.csv", "corpus.json"} <= there
    about = json.loads((trained / "corpus.json").read_text())
    assert len(about["clips"]) == 8 and about["steps"] == STEPS
    held = rows(trained / "heldout.csv")
    assert held[0][:3] == ["step", "seconds", "l2p_5"] and [row[0] for row in held[1:]] == ["8", "16"]


def test_a_stopped_run_goes_on_to_the_same_weights(moves, trained, tmp_path):
    assert train(moves, tmp_path, "--stop-after", "8") == 0
    assert train(moves, tmp_path) == 0
    one, other = (torch.load(run / "checkpoint.pt", weights_only=True)["model"] for run in (trained, tmp_path))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_on_cuda_goes_on_after_a_stop(moves, tmp_path):
    assert train(moves, tmp_path, "--device", "cuda", "--stop-after", "8") == 0
    assert train(moves, tmp_path, "--device", "cuda") == 0
    held = rows(tmp_path / "heldout.csv")
    assert [row[0] for row in held[1:]] == ["8", "16"] and float(held[2][-1]) < 2.0


def test_another_schedule_in_the_same_folder_is_one_line(moves, trained, capsys):
    assert main(["train", "motion-inbetweener", "--data", str(moves), "--run", str(trained), "--steps", "99",
                 "--size", "tiny"]) == 1
    assert capsys.readouterr().err.strip().count("\n") == 0


@pytest.mark.parametrize("kind", ["run", "pack"])
def test_training_goes_on_from_a_run_or_a_pack(kind, moves, trained, exported, tmp_path):
    start, run, out = trained if kind == "run" else exported, tmp_path / "more", tmp_path / "more-pack"
    assert train(moves, run, "--start", str(start), "--rate", "1e-9") == 0
    first, more = (load_run(folder)[0].state_dict() for folder in (trained, run))
    rounded = 1e-3 if kind == "pack" else 1e-6  # a pack's large weights are stored in half precision
    assert all(torch.allclose(more[name], value, atol=rounded, rtol=rounded) for name, value in first.items()
               if not name.startswith("variant"))
    assert main(["export", "motion-inbetweener", "--run", str(run), "--out", str(out)]) == 0
    told = read_pack(out).content["training"]
    assert told["command"].count("python -m training train") == 2 and f"--start {start}" in told["command"]
    assert told["steps"] == load_run(trained)[2]["step"] + load_run(run)[2]["step"]
    times = [row[0] for row in told["curves"]["time"]]
    assert len(times) == 4 and times == sorted(times)


def test_a_pack_gives_its_network_back(trained, exported):
    model = load_run(trained)[0]
    round_weights(model)
    again = load_inbetweener(read_pack(exported)).state_dict()
    for name, value in model.state_dict().items():
        # what small biases the exporter adds up are not told apart again, their sum is the same
        assert torch.equal(again[name], value), name


def test_a_quiet_window_counts_in_the_loss():
    """Beside a window ten times as hard, halving a quiet window's error counts for more than its share of the sum."""
    x = {"missing": torch.ones(2, 4, dtype=torch.bool), "heading": torch.zeros(2, 4), "moved": torch.zeros(2, 4, 3),
         "base": torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(2, 4, 22, 4), "standing": torch.zeros(2, 4, 4)}
    x |= {"rotations": x["base"], "positions": torch.tensor([1.0, 0.0, 0.0]) * torch.tensor([0.1, 1.0])[:, None, None]
          * torch.ones(2, 4, 1)}
    still, standing = torch.zeros(2, 4, 22, 3), torch.zeros(2, 4, 4)
    loss = [gap_losses(still, torch.tensor([part, 0.0])[:, None, None] * x["positions"], standing, x, torch.ones(22, 3)
                       )["joints"].item() for part in (0.0, 0.5)]
    mean = 0.55
    weights = [1.0 / (0.1 + 4.0 * mean), 1.0 / (1.0 + 4.0 * mean)]
    assert loss[0] == pytest.approx(1.0)
    assert loss[1] == pytest.approx(1.0 - 0.5 * 0.1 * weights[0] / (0.1 * weights[0] + 1.0 * weights[1]), abs=1e-3)


def test_the_graph_says_what_torch_says(trained, exported):
    model, _, _ = load_run(trained)
    round_weights(model)
    pack = read_pack(exported)
    assert pack.kind == "motion-inbetweener" and all(finding.ok for finding in verify_pack(pack))
    session = open_session(pack, device="cpu")
    clip = made_move(3)
    known = np.zeros((2, 30, CHANNELS), dtype=bool)
    known[:, :5] = known[:, [17, 29]] = True
    known[1, 17, 3:9] = False
    told = tell(np.stack([clip.rotations[:30], clip.rotations[40:70]]),
                np.stack([clip.positions[:30], clip.positions[40:70]]), known)
    inputs = {"features": told.features, "before": told.layout.before.astype(np.int64),
              "after": told.layout.after.astype(np.int64), "share": told.layout.share.astype(np.float32),
              "latent": np.random.default_rng(0).normal(size=(2, model.shape.latent)).astype(np.float32)}
    made = session.run(inputs)
    with torch.no_grad():
        wanted = Window(model).eval()(*(torch.as_tensor(value) for value in inputs.values()))
    for name, value in zip(OUTPUTS, wanted, strict=True):
        assert np.allclose(made[name], value.numpy(), atol=2e-5), name
    assert np.abs(made["turns"][:, 17][np.broadcast_to(known[:, 17, :-1, None], (2, 22, 3))]).max() == 0.0


def test_a_pack_of_two_says_their_mean_and_the_first_ones_variants(moves, trained, tmp_path):
    other, pack = tmp_path / "other", tmp_path / "two"
    assert train(moves, other, "--seed", "2") == 0
    assert main(["export", "motion-inbetweener", "--run", str(trained), "--with", str(other), "--out", str(pack)]) == 0
    models = [load_run(run)[0] for run in (trained, other)]
    for model in models:
        round_weights(model)
    session = open_session(read_pack(pack), device="cpu")
    inputs = example_inputs(models[0], 2, 30)
    still = inputs | {"latent": torch.zeros_like(inputs["latent"])}

    def said(values: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
        return session.run({name: value.numpy() for name, value in values.items()})

    with torch.no_grad():
        one, two = (Window(model).eval()(*still.values()) for model in models)
        varied = Window(models[0]).eval()(*inputs.values())
    for part, name in enumerate(("turns", "shifts")):
        mean = (one[part] + two[part]).numpy() / 2.0
        assert np.allclose(said(still)[name], mean, atol=2e-5) and np.abs(mean).max() > 1e-3
        assert np.allclose(said(inputs)[name] - said(still)[name], (varied[part] - one[part]).numpy(), atol=2e-5)
    told = read_pack(pack).content["training"]
    assert told["networks"] == 2 and told["command"].count("python -m training train") == 2
    for number, model in enumerate(models):
        again = load_inbetweener(read_pack(pack), number).state_dict()
        assert all(torch.equal(again[name], value) for name, value in model.state_dict().items()
                   if number == 0 or not name.startswith("variant"))
    with pytest.raises(GalateaError, match="no weights called"):
        load_inbetweener(read_pack(pack), 2)


def test_zeros_are_the_best_guess_and_draws_are_variants(exported):
    pack = read_pack(exported)
    session = open_session(pack, device="cpu")
    clip = made_move(3)
    known = np.zeros((clip.frames, CHANNELS), dtype=bool)
    known[[*range(10), 40, 90]] = True
    guess, again = (fill_gaps(session, pack, clip, known).clip for _ in range(2))
    one, other = (fill_gaps(session, pack, clip, known, seed=seed).clip for seed in (1, 2))
    assert np.array_equal(guess.rotations, again.rotations)
    assert not np.array_equal(one.rotations, other.rotations)
    for made in (guess, one, other):
        assert np.array_equal(made.rotations[[0, 9, 40, 90]], clip.rotations[[0, 9, 40, 90]])


def test_variants_are_drawn_as_widely_as_clips_differ_from_the_guess(moves, tmp_path):
    """What a graph of a formula adds grows with the latent alone: half of it wants twice the temperature."""
    clips = load_clips(moves)
    found = []
    for name, per_latent in (("much", 5.0), ("half", 2.5), ("next-to-nothing", 1e-3)):
        pack = read_pack(write_inbetweener(tmp_path / name, turn=0.05, shift=0.02, per_latent=per_latent))
        pack = replace(pack, content=pack.content | {"training": {"clips": [clips.labels[0].sha256]}})
        found.append(temperature(open_session(pack, device="cpu"), pack, clips))
    assert 1.0 < found[0] < 1.25 and found[1] == pytest.approx(2.0 * found[0], rel=0.03) and found[2] == 2.5


def test_evaluation_of_a_prepared_file(moves, exported, tmp_path):
    assert main(["evaluate", "motion-inbetweener", "--data", str(moves), "--pack", str(exported), "--out",
                 str(tmp_path), "--record"]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert set(metrics["mean"]) == {"5", "15", "30", "45"} and metrics["windows"] == 4
    assert set(metrics["actions"]) == {"walk", "turn"}
    # every window walks, and half of them turn as well
    assert metrics["mean_over_windows"] == metrics["actions"]["walk"]
    for n in metrics["mean"].values():
        assert {"zero_velocity", "interpolation", "model", "ratio_l2p"} <= set(n)
        assert set(n["model"]) == {"l2p", "l2q", "npss", "joint_cm"}
        assert n["ratio_l2p"] == pytest.approx(n["model"]["l2p"] / n["interpolation"]["l2p"], abs=1e-3)
    assert set(metrics["locked"]) == set(metrics["mean"])
    assert {"model_cm", "locked_cm", "skate_model", "skate_locked"} <= set(metrics["lone_keys"]["30"])
    for picture in ("lengths.png", "frames.png", "best_median_worst.png", "report.md"):
        assert (tmp_path / picture).stat().st_size > 500
    card = (exported / "README.md").read_text()
    assert "| model / interpolation |" in card and "It is tiny." in card and "With feet locked after it" in card
    assert read_pack(exported).content["metrics"]["windows"] == 4


def test_evaluation_of_any_folder_of_bvhs(exported, tmp_path):
    data = tmp_path / "data" / "hop"
    data.mkdir(parents=True)
    write_bvh(data / "a.bvh", made_move(20))
    write_bvh(data / "short.bvh", made_move(21, seconds=1.0))
    assert main(["evaluate", "motion-inbetweener", "--data", str(tmp_path / "data"), "--pack", str(exported), "--out",
                 str(tmp_path / "report")]) == 0
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    # the clip of thirty frames has room for gaps of five and fifteen
    assert metrics["windows_by_length"] == {"5": 3, "15": 3, "30": 2, "45": 2}
    assert list(metrics["actions"]) == ["hop"]


def test_a_held_out_clip_that_was_trained_on_is_refused(moves, exported, tmp_path, capsys):
    clips = load_clips(moves)
    cheating = replace(clips.labels[9], sha256=clips.labels[0].sha256)
    save_clips(tmp_path / "x.npz", [*clips.labels[:9], cheating], [clips.clip(i) for i in range(10)],
               [np.ones(clips.clip(i).frames, dtype=bool) for i in range(10)])
    assert main(["evaluate", "motion-inbetweener", "--data", str(tmp_path / "x.npz"), "--pack", str(exported), "--out",
                 str(tmp_path / "report")]) == 1
    assert "was trained on it" in capsys.readouterr().err


def test_the_published_baselines_arithmetic_on_files_named_as_lafan1(tmp_path, capsys):
    data = tmp_path / "lafan"
    data.mkdir()
    for number in range(1, 6):
        write_bvh(data / f"walk1_subject{number}.bvh", made_move(number, seconds=5.0))
    found = published_baselines(data, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "published.json").read_text())["windows"] == 3
    # the same windows on the canonical skeleton: the axes and units of the file make no difference to L2Q and NPSS
    clip = made_move(5, seconds=5.0)
    starts = [0, 40, 80]
    for at, missing in enumerate(MISSING):
        cuts = [clip.cut(start, start + PAST + missing + 1) for start in starts]
        poses = face_forward(np.array([c.rotations for c in cuts]), np.array([c.positions for c in cuts]), PAST - 1)
        gaps = Gaps(missing, *poses, np.zeros(3), np.array(starts))
        true = globals_of((gaps.rotations, gaps.positions), gaps)
        even, still = (globals_of(way(gaps), gaps) for way in (by_interpolation, by_standing_still))
        assert found["interpolation"]["l2q"][at] == pytest.approx(l2q(even[0], true[0]).mean(), rel=0.02)
        assert found["zero_velocity"]["l2q"][at] == pytest.approx(l2q(still[0], true[0]).mean(), rel=0.02)
        assert found["interpolation"]["l2p"][at] < found["zero_velocity"]["l2p"][at]
    assert "0.373" in capsys.readouterr().out


def test_published_baselines_without_the_files_is_one_line(tmp_path, capsys):
    assert main(["evaluate", "motion-inbetweener", "--data", str(tmp_path), "--published", "--out",
                 str(tmp_path / "out")]) == 1
    assert "subject1.bvh" in capsys.readouterr().err
