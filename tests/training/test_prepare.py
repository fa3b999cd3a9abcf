# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of BVH files becomes a prepared file, and what is wrong is said."""

from pathlib import Path

import numpy as np
from made_walk import made_walk

from blender_addon.motion.bvh import write_bvh
from blender_addon.motion.kinematics import joint_positions
from training.__main__ import main
from training.motion.clips import load_clips


def test_clips_arrive_with_their_labels(prepared: Path):
    clips = load_clips(prepared)
    assert len(clips) == 12
    assert [label.split for label in clips.labels].count("val") == 2
    assert {label.style for label in clips.labels} == {"", "brisk"}
    assert all(len(label.sha256) == 64 for label in clips.labels)


def test_joints_are_where_they_were_written(prepared: Path):
    clips = load_clips(prepared)
    for index in range(10):
        wanted = joint_positions(made_walk(seconds=3.0, speed=0.9 + 0.05 * index, heading=0.3 * index))
        made = joint_positions(clips.clip(index))
        # the floor is found from the feet, so only the height may differ, by one number for the whole clip
        apart = made - wanted
        assert np.abs(apart - apart.mean(axis=(0, 1))).max() < 1e-3
        assert np.abs(apart.mean(axis=(0, 1))[:2]).max() < 1e-3


def test_bad_frames_are_masked(prepared: Path):
    clips = load_clips(prepared)
    bad = ~clips.good[clips.starts[3]:clips.starts[4]]
    assert list(np.flatnonzero(bad)) == [70, 71, 72]
    assert [stretch.frames for stretch in clips.stretches(3, 10)] == [70, 17]


def test_the_table_says_what_was_left_out(bvh_folder: Path, tmp_path: Path, capsys):
    assert main(["prepare", "motion", "--data", str(bvh_folder), "--out", str(tmp_path / "x.npz")]) == 0
    told = capsys.readouterr().out
    assert "12 clips" in told
    assert "left out: 1" in told
    assert "broken.bvh" in told


def test_folder_names_are_actions_without_an_index(tmp_path: Path):
    (tmp_path / "data" / "Hopping").mkdir(parents=True)
    write_bvh(tmp_path / "data" / "Hopping" / "a.bvh", made_walk(seconds=1.0))
    assert main(["prepare", "motion", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "x.npz")]) == 0
    assert load_clips(tmp_path / "x.npz").labels[0].actions == ("hopping",)


def test_nothing_usable_is_one_line(tmp_path: Path, capsys):
    for data, word in ((tmp_path / "none", "no such folder"), (tmp_path, "holds no .bvh")):
        assert main(["prepare", "motion", "--data", str(data), "--out", str(tmp_path / "x.npz")]) == 1
        told = capsys.readouterr().err.strip().splitlines()
        assert len(told) == 1 and word in told[0]
    assert not (tmp_path / "x.npz").exists()
