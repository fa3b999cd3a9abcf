# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that a motion generator is judged by, on motion whose figures are known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_walk import made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_contacts
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.rotations import quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import INDEX
from training.__main__ import main
from training.motion import generator_metrics as metrics
from training.motion.clip_player import play_clips
from training.motion.nearest_clips import nearest_cm, training_windows
from training.motion.obedience import paths
from training.motion.real_motion import Stretch
from training.motion.recogniser import Seen, see, train_recogniser


def walk(**wanted) -> Clip:
    clip = made_walk(**wanted)
    return replace(clip, contacts=find_contacts(clip))


def waving(seed: int, frames: int = 100) -> Clip:
    """Somebody who stands and swings the right arm, each in a way of their own."""
    rng = np.random.default_rng(seed)
    clip = walk(seconds=frames / 30.0 + 0.1, speed=1.0).cut(0, frames)
    rotations = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (frames, 22, 1))
    angle = 1.2 + 0.4 * np.sin(np.arange(frames) / 30.0 * rng.uniform(5.0, 8.0) + rng.uniform(0.0, 6.0))
    rotations[:, INDEX["RightArm"]] = quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), angle)
    places = np.tile([0.0, 0.0, clip.skeleton.hip_height], (frames, 1))
    return replace(clip, rotations=rotations, positions=places, contacts=np.ones((frames, 4), dtype=bool))


@pytest.fixture(scope="module")
def stretches() -> list[Stretch]:
    walks = [walk(seconds=3.0, speed=0.9 + 0.05 * i, heading=0.4 * i) for i in range(6)]
    return ([Stretch(i, clip, "walk", "", False) for i, clip in enumerate(walks)]
            + [Stretch(10 + i, waving(i), "wave", "", False) for i in range(6)])


# --- distances of distributions ---------------------------------------------------------------------------------------


def test_frechet_distance_of_normals_with_known_moments():
    """Rows whose sample moments are exactly those wanted; axes that do not commute, as in Dowson and Landau's form."""
    rng = np.random.default_rng(0)
    spreads = [np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([[1.0, -0.3], [-0.3, 3.0]])]
    means = [np.array([0.0, 1.0]), np.array([2.0, -1.0])]
    rows = []
    for mean, spread in zip(means, spreads, strict=True):
        drawn = rng.standard_normal((500, 2))
        drawn -= drawn.mean(axis=0)
        drawn = drawn @ np.linalg.inv(np.linalg.cholesky(drawn.T @ drawn / 500)).T
        rows.append(drawn @ np.linalg.cholesky(spread).T + mean)
    # of a 2x2 matrix, trace of the root is the root of trace plus twice the root of the determinant
    product = spreads[0] @ spreads[1]
    root_trace = np.sqrt(np.trace(product) + 2.0 * np.sqrt(np.linalg.det(product)))
    wanted = 8.0 + 3.0 + 4.0 - 2.0 * root_trace
    assert metrics.frechet(*rows) == pytest.approx(wanted, abs=1e-9)
    assert metrics.frechet(rows[0], rows[0]) == pytest.approx(0.0, abs=1e-9)
    # rows that are said twice weigh as much as rows with twice the weight
    twice = np.concatenate([rows[0], rows[0][:100]])
    weights = np.where(np.arange(500) < 100, 2.0, 1.0)
    assert metrics.frechet(twice, rows[1]) == pytest.approx(metrics.frechet(rows[0], rows[1], weights), abs=1e-9)


def made_seen(counts: dict[int, int], takes: int, seed: int = 0) -> Seen:
    rng = np.random.default_rng(seed)
    action = np.repeat(list(counts), list(counts.values()))
    n = len(action)
    return Seen(rng.standard_normal((n, 4)), np.full((n, 3), 1.0 / 3.0), action, rng.integers(takes, size=n),
                rng.integers(200, size=n))


def test_sets_are_thinned_to_as_many_windows_of_each_action():
    rng = np.random.default_rng(0)
    one, other = metrics.as_many([made_seen({0: 50, 1: 20}, 5), made_seen({0: 30, 1: 40, 2: 10}, 5)], rng)
    assert len(one) == len(other) == 50
    assert np.array_equal(np.bincount(one.action), [30, 20]) and np.array_equal(np.bincount(other.action), [30, 20])


def test_halves_share_no_clip_and_an_only_clip_is_cut_in_time():
    seen = made_seen({0: 200}, 8)
    one, other = metrics.halves(seen, np.random.default_rng(1))
    assert not {*one.take} & {*other.take} and len(one) + len(other) == 200
    one, other = metrics.halves(made_seen({0: 200}, 1), np.random.default_rng(1))
    assert one.start.max() < other.start.min()


# --- the recogniser ---------------------------------------------------------------------------------------------------


def test_the_recogniser_tells_walks_from_waves_that_it_has_not_seen(stretches: list[Stretch]):
    recogniser = train_recogniser(stretches, seed=3, steps=30)
    for action, clip in (("walk", walk(seconds=3.0, speed=1.03, heading=2.0)), ("wave", waving(99))):
        seen = see(recogniser, [clip], action, [0], mirrored=True)
        assert len(seen) == 2 * len({*seen.start}) and seen.right.all(), action


def test_the_recogniser_is_seeded(stretches: list[Stretch]):
    looks = [see(train_recogniser(stretches, seed=seed, steps=3), [stretches[0].clip], "walk", [0]).features
             for seed in (1, 1, 2)]
    assert np.array_equal(looks[0], looks[1]) and not np.array_equal(looks[0], looks[2])


# --- figures of clips -------------------------------------------------------------------------------------------------


def test_nearest_windows_find_a_copy_a_mirrored_one_and_nothing_else():
    known = [walk(seconds=3.0, speed=1.0), walk(seconds=3.0, speed=1.4)]
    windows = training_windows(known)
    bent = replace(known[0], rotations=np.array(known[0].rotations))
    bent.rotations[:, INDEX["LeftArm"]] = quat_multiply(
        bent.rotations[:, INDEX["LeftArm"]], quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), np.array(0.5)))
    # a piece out of the middle, gone elsewhere and turned round: headings at the ends of a piece are smoothed otherwise
    assert nearest_cm(windows, known[1].cut(7, 80)).max() < 1.0
    assert nearest_cm(windows, known[1]).max() < 1e-6
    assert nearest_cm(windows, mirror(known[0])).max() < 1e-6
    # by hand: only the left arm differs, and where it is does not depend on the heading
    apart = joint_positions(bent) - joint_positions(known[0])
    wanted = 100.0 * np.sqrt((apart[:24:3] ** 2).sum() / (8 * 22))
    assert 1.0 < nearest_cm(windows, bent)[0] <= wanted + 1e-6


def test_path_error_of_a_body_that_is_late_and_beside_its_way():
    clip = walk(seconds=3.0, speed=1.0, heading=0.0)
    way = np.stack([np.zeros(clip.frames), -np.arange(clip.frames) / 30.0], axis=-1)
    straight = replace(clip, positions=np.column_stack([way + [0.3, 0.4], np.ones(clip.frames)]))
    then, off = metrics.path_error(straight, way)
    assert then == pytest.approx(0.5) and 0.3 <= off < 0.32


def test_paths_are_ten_metres_and_bend_as_they_say():
    for shape, points in paths("walk").items():
        steps = np.diff(points, axis=0)
        assert np.linalg.norm(steps, axis=1).sum() == pytest.approx(10.0)
        assert steps[0] @ [0.0, -1.0] > 0.0
        turned = np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])))
        if shape == "straight":
            assert np.abs(turned).max() < 1e-9
        else:
            assert np.median(np.abs(turned)) == pytest.approx(10.0 / 200 / 2.5, rel=1e-6)
            assert (turned.min() < -1e-3) == (shape == "s") and turned.max() > 1e-3


def test_jerk_of_a_cubic_and_bones_of_the_canonical_body():
    clip = walk(seconds=2.0, speed=1.0)
    still = np.tile(clip.rotations[:1], (clip.frames, 1, 1))
    seconds = np.arange(clip.frames) / 30.0
    cubic = replace(clip, rotations=still, positions=np.column_stack([seconds ** 3, 0.0 * seconds, 0.9 + 0 * seconds]))
    assert metrics.jerk(cubic) == pytest.approx(6.0, rel=1e-6)
    assert metrics.bone_error_mm(clip) < 1e-9


def test_a_take_that_freezes_or_sinks_has_not_survived():
    clip = walk(seconds=4.0, speed=1.0)
    assert metrics.survived(clip) == clip.frames
    sunk = np.array(clip.positions)
    sunk[70:, 2] = -1.0
    assert metrics.survived(replace(clip, positions=sunk)) == 70
    assert metrics.survived(replace(clip, rotations=np.where(np.arange(clip.frames)[:, None, None] >= 50, np.nan,
                                                             clip.rotations))) == 50
    frozen = np.minimum(np.arange(clip.frames), 40)
    assert metrics.survived(replace(clip, rotations=clip.rotations[frozen], positions=clip.positions[frozen])) == 40


# --- clips played end to end ------------------------------------------------------------------------------------------


def test_clips_are_played_on_without_a_jump_at_the_pace_asked():
    clips = [walk(seconds=2.0, speed=1.0, heading=1.0), walk(seconds=1.5, speed=1.3, heading=-2.0)]
    played = play_clips(clips, 300, np.random.default_rng(0))
    assert played.frames == 300
    steps = np.linalg.norm(np.diff(joint_positions(played), axis=0), axis=-1).max(axis=1)
    own = max(np.linalg.norm(np.diff(joint_positions(clip), axis=0), axis=-1).max() for clip in clips)
    assert steps.max() < 2.0 * own
    at_pace = play_clips(clips, 300, np.random.default_rng(0), pace=1.1)
    far = np.linalg.norm(at_pace.positions[-1, :2] - at_pace.positions[0, :2])
    assert far == pytest.approx(11.0, rel=0.1)
    assert at_pace.positions[-1, 1] < -8.0


# --- the whole evaluation ---------------------------------------------------------------------------------------------

DESIGN_KEYS = {"actions", "accuracy_ratio", "frechet", "frechet_real", "frechet_late_ratio", "diversity_ratio",
               "jerk_ratio", "bone_error_mm", "path_error_m_per_10m", "nearest_train_ratio"}
DESIGN_ACTION_KEYS = {"survived_frames", "energy_ratio", "skate_cm_s", "skate_ratio", "skate_ratio_cleaned", "accuracy"}


def test_metrics_have_the_keys_of_the_design_for_every_way(prepared: Path, exported: Path, tmp_path: Path, monkeypatch):
    from training.motion import evaluate_generator as evaluation

    monkeypatch.setattr(evaluation, "FULL", evaluation.Effort(12.0, 2, 300, 1, recogniser_steps=20))
    assert main(["evaluate", "motion-generator", "--data", str(prepared), "--pack", str(exported), "--out",
                 str(tmp_path), "--baseline", str(exported)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    for way in (found, *found["baselines"].values()):
        assert set(way) >= DESIGN_KEYS and set(way["actions"]["walk"]) >= DESIGN_ACTION_KEYS
    assert set(found["baselines"]) == {"clips", "tiny-walk"}
    # the same pack once more is no better and no worse, and clips are never further from clips than one another
    again = found["baselines"]["tiny-walk"]
    assert all(again[name] == found[name] for name in DESIGN_KEYS)
    assert found["bone_error_mm"] < 0.01
    assert found["baselines"]["clips"]["nearest_train_ratio"] < found["nearest_train_ratio"]
    assert 0 < found["actions"]["walk"]["survived_frames"] <= 300
    for name in ("report.md", "energy.png", "frechet.png", "confusion.png"):
        assert (tmp_path / name).stat().st_size > 1000
    assert "| walk |" in (tmp_path / "report.md").read_text()


def test_sheets_with_and_without_names(prepared: Path, exported: Path, tmp_path: Path):
    command = ["evaluate", "motion-generator", "--data", str(prepared), "--pack", str(exported), "--sheets"]
    assert main([*command, "named", "--out", str(tmp_path / "named")]) == 0
    assert (tmp_path / "named" / "generated-walk.png").stat().st_size > 1000
    assert main([*command, "nameless", "--out", str(tmp_path / "nameless")]) == 0
    assert (tmp_path / "nameless" / "nameless-1.png").stat().st_size > 1000
    assert (tmp_path / "nameless" / "key.txt").read_text().startswith("1: walk")
