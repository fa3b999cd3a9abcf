# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves that Galatea makes itself look like waves, over people who stand, and are named where they come from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_walk import made_walk

from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.motion.bvh import write_bvh
from blender_addon.motion.clip import Clip
from blender_addon.motion.joint_limits import JointLimits, beyond
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.rotations import quat_from_axis_angle, quat_inverse, quat_multiply, quat_rotate
from blender_addon.motion.skeleton import INDEX, JOINTS
from training.__main__ import main
from training.motion.card import data_table
from training.motion.clips import ClipLabel, load_clips, save_clips
from training.motion.corpus import build_corpus
from training.motion.standing import standing_stretches
from training.motion.waving import head_clearance, wave_over

# Of arms, as the shipped generator's pack has them.
LIMITS = JointLimits.from_dict({
    name: ends for name, ends in read_pack(models_folder() / "motion-generator").content["generator"]["joint_limits"]
    .items() if name.endswith(("Shoulder", "Arm", "Hand"))})


def somebody_stands(seconds: float = 12.0) -> Clip:
    """Standing on straight legs, arms at the sides, swaying a little."""
    clip = made_walk(seconds=seconds)
    still = np.repeat(clip.rotations[:1], clip.frames, axis=0)
    for joint in ("LeftUpLeg", "RightUpLeg", "LeftLeg", "RightLeg", "LeftFoot", "RightFoot"):
        still[:, INDEX[joint]] = [1.0, 0.0, 0.0, 0.0]
    sway = 0.02 * np.sin(np.arange(clip.frames) / 20.0)
    still[:, INDEX["Spine"]] = quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), sway)
    places = np.tile([0.0, 0.0, 0.94], (clip.frames, 1))
    places[:, 0] = sway / 4
    return replace(clip, rotations=still, positions=places, contacts=np.ones((clip.frames, 4), dtype=bool))


@pytest.fixture(scope="module")
def waves() -> list[Clip]:
    rng = np.random.default_rng(5)
    return [wave_over(somebody_stands(), LIMITS, rng) for _ in range(8)]


@pytest.fixture(scope="module")
def waving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared file of two who stand, one held out, with six waves."""
    folder = tmp_path_factory.mktemp("standing")
    clip = somebody_stands()
    write_bvh(folder / "a.bvh", clip)
    write_bvh(folder / "held.bvh", replace(clip, rotations=quat_multiply(clip.rotations, quat_from_axis_angle(
        np.array([0.0, 0.0, 1.0]), np.full(len(JOINTS), 0.2)))))
    (folder / "index.csv").write_text(
        "file,action_tags,split,licence\na.bvh,stand,train,CC-BY\nheld.bvh,stand,val,CC0\n")
    out = folder / "motion.npz"
    assert main(["prepare", "motion", "--data", str(folder), "--out", str(out), "--waves", "6"]) == 0
    return out


def seen_from_the_body(clip: Clip) -> np.ndarray:
    """(T, 22, 3) joints as the chest sees them."""
    return quat_rotate(quat_inverse(clip.rotations[:, :1]), joint_positions(clip) - clip.positions[:, None])


def test_one_hand_is_raised_and_goes_to_and_fro(waves: list[Clip]):
    for clip in waves:
        places = seen_from_the_body(clip)
        heights = {side: places[:, INDEX[f"{side}Hand"], 2] for side in ("Left", "Right")}
        side = max(heights, key=lambda name: heights[name].max())
        other = "Right" if side == "Left" else "Left"
        assert heights[side].max() > 0.40, "as high as the collar bones at least"
        assert heights[other].max() < 0.10, "the other arm hangs"
        for end in (0, -1):
            assert heights[side][end] < 0.10
        # counted in turns of the hand from side to side, while it is up
        up = heights[side] > heights[side].max() - 0.25
        across = (places[:, INDEX[f"{side}Hand"]] - places[:, INDEX[f"{side}ForeArm"]])[up, 0]
        turns = np.flatnonzero(np.diff(np.sign(np.diff(across))) != 0)
        swings = np.abs(np.diff(across[turns]))
        assert (swings > 0.08).sum() >= 3, "at least three swings of eight centimetres"
        tempo = 30.0 / (2.0 * np.median(np.diff(turns[np.r_[swings > 0.08, False]])))
        assert 0.6 < tempo < 3.0


def test_it_can_be_done_by_a_body(waves: list[Clip]):
    for clip in waves:
        assert np.degrees(beyond(clip, LIMITS).max()) < 4.0
        assert head_clearance(clip) > 0.15
        turned = 2.0 * np.arccos(np.clip(np.abs((clip.rotations[1:] * clip.rotations[:-1]).sum(-1)), 0.0, 1.0))
        assert np.degrees(turned.max()) < 30.0, "nothing leaps from frame to frame"


def test_legs_and_hips_are_those_of_the_person_who_stands(waves: list[Clip]):
    base = somebody_stands()
    below = [INDEX[name] for name in JOINTS if name.endswith(("Leg", "Foot", "Toe")) or name in ("Hips", "Spine")]
    for clip in waves:
        apart = []
        for person in (base, mirror(base)):
            moment = np.abs(clip.positions[:, None] - person.positions).sum(-1).argmin(1)
            cosines = (clip.rotations[:, below] * person.rotations[moment][:, below]).sum(-1)
            apart.append(1.0 - np.abs(cosines).min())
        assert min(apart) < 1e-3


@pytest.mark.parametrize(("joint", "lift"), [("LeftUpLeg", 0.0), ("LeftUpLeg", -0.6), ("Hips", 0.5)])
def test_only_who_stands_on_the_floor_stands(tmp_path: Path, joint: str, lift: float):
    """A thigh raised, or a box under the feet: nobody to wave."""
    clip = somebody_stands(4.0)
    rotations, positions = np.array(clip.rotations), np.array(clip.positions)
    if joint == "Hips":
        positions[:, 2] += lift
    else:
        rotations[:, INDEX[joint]] = quat_from_axis_angle(np.array([1.0, 0.0, 0.0]), np.full(clip.frames, lift))
        knee = quat_from_axis_angle(np.array([1.0, 0.0, 0.0]), np.full(clip.frames, -2.0 * lift))
        rotations[:, INDEX["LeftLeg"]] = knee
    label = ClipLabel("a", "0" * 64, ("stand",), "", "train", "", "", "")
    save_clips(tmp_path / "x.npz", [label], [replace(clip, rotations=rotations, positions=positions)],
               [np.ones(clip.frames, dtype=bool)])
    assert standing_stretches(load_clips(tmp_path / "x.npz")) == ([] if lift else [(0, 0, clip.frames)])


def test_prepare_adds_them_over_training_clips_alone(waving: Path):
    clips = load_clips(waving)
    made = [label for label in clips.labels if label.actions == ("wave",)]
    assert len(clips) == 8 and len(made) == 6
    assert all(label.split == "train" and "a.bvh" in label.file for label in made)
    assert len({label.sha256 for label in made}) == 6
    number = clips.actions.index("wave")
    for index in range(2, 8):
        shown = clips.action[clips.starts[index]:clips.starts[index + 1]]
        assert (shown[:15] == -1).all() and (shown[-15:] == -1).all() and (shown[15:-15] == number).all()
    corpus = build_corpus(clips, seed=0)
    assert corpus.minutes["wave"] > 0.25


def test_the_card_says_who_made_them_over_whom(waving: Path):
    clips = [{"file": label.file, "licence": label.licence} for label in load_clips(waving).labels]
    rows = {row["name"]: row for row in data_table(clips)}
    assert rows["waves over own clips"]["clips"] == 6
    assert "made by Galatea, CC0-1.0" in rows["waves over own clips"]["licence"]
    assert "CC-BY" in rows["waves over own clips"]["licence"]


def test_the_same_seed_makes_the_same_waves():
    one, again, other = (wave_over(somebody_stands(), LIMITS, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.rotations, again.rotations)
    assert one.frames != other.frames or not np.array_equal(one.rotations, other.rotations)


def test_nobody_to_wave_is_one_line(bvh_folder: Path, tmp_path: Path, capsys):
    assert main(["prepare", "motion", "--data", str(bvh_folder), "--out", str(tmp_path / "x.npz"), "--waves", "3"]) == 1
    assert "nobody stands still" in capsys.readouterr().err.strip().splitlines()[-1]
