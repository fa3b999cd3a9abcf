# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of BVH files becomes a prepared file, and what is wrong is said."""

import csv
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from made_walk import carried, made_walk

from blender_addon.motion.bvh import write_bvh
from blender_addon.motion.kinematics import joint_positions
from training.__main__ import main
from training.motion import conversion, prepare
from training.motion.clips import load_clips
from training.motion.conversion import Converted


def test_clips_arrive_with_their_labels(prepared: Path):
    clips = load_clips(prepared)
    assert len(clips) == 12
    assert [label.split for label in clips.labels].count("val") == 2
    assert {label.style for label in clips.labels} == {"", "brisk"}
    assert all(len(label.sha256) == 64 for label in clips.labels)


def test_joints_are_where_they_were_written(prepared: Path):
    clips = load_clips(prepared)
    for index in range(10):
        wanted = joint_positions(carried(made_walk(3.0, speed=0.9 + 0.05 * index, heading=0.3 * index), index))
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


def test_folders_are_actions_and_those_in_them_styles(tmp_path: Path, capsys):
    data = tmp_path / "data"
    for folder in ("Side Step/Old Man/take 1", "throw", "."):
        (data / folder).mkdir(parents=True, exist_ok=True)
        write_bvh(data / folder / "a.bvh", made_walk(seconds=1.0))
    assert main(["prepare", "motion-generator", "--data", str(data), "--out", str(tmp_path / "x.npz")]) == 0
    clips = load_clips(tmp_path / "x.npz")
    assert [(label.actions, label.style) for label in clips.labels] == [
        (("side_step",), "old_man"), ((), ""), (("throw",), "")]
    # throwing is left out of data that come with tags; who names a folder so wants it
    assert set(clips.actions) == {"side_step", "throw"}
    assert "without an action, so no generator learns from them: 1, such as a.bvh" in capsys.readouterr().out


def test_the_table_says_of_every_clip_what_was_understood(bvh_folder: Path, tmp_path: Path, capsys):
    (tmp_path / "data").mkdir()
    for name in ("walk_03.bvh", "broken.bvh"):
        (tmp_path / "data" / name).write_bytes((bvh_folder / name).read_bytes())
    with (tmp_path / "data" / "index.csv").open("w") as file:
        file.write("file,action,style,split,licence\nwalk_03.bvh,walk,brisk,val,CC0-1.0\nbroken.bvh,walk,,,\n")
    (tmp_path / "data" / "segments.csv").write_text("file,first,last,action\nwalk_03.bvh,0,29,stroll\n")
    assert main(["prepare", "motion", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "x.npz")]) == 0
    with (tmp_path / "x.csv").open(newline="") as file:
        broken, walk = csv.DictReader(file)
    assert walk | {"own_cm": "", "standard_cm": ""} == {
        "file": "walk_03.bvh", "skeleton": "22 joints", "lacks": "", "rest": "rest pose", "fps": "30", "seconds": "3.0",
        "action": "stroll 1.0 s", "style": "brisk", "split": "val", "own_cm": "", "standard_cm": "", "bad_frames": "0",
        "left_out": ""}
    assert float(walk["own_cm"]) < 0.01
    assert "cut off" in broken["left_out"] or "MOTION" in broken["left_out"]
    assert load_clips(tmp_path / "x.npz").labels[0].licence == "CC0-1.0"
    told = capsys.readouterr().out
    assert "stroll 1.0 s" in told and "broken.bvh: " in told


def test_without_blender_its_files_are_left_out_and_the_others_read(tmp_path: Path, capsys, monkeypatch):
    (tmp_path / "data" / "walk").mkdir(parents=True)
    write_bvh(tmp_path / "data" / "walk" / "a.bvh", made_walk(seconds=1.0))
    (tmp_path / "data" / "walk" / "b.fbx").write_bytes(b"whatever")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["prepare", "motion", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "x.npz")]) == 0
    told = capsys.readouterr().out
    assert "walk/b.fbx: .fbx files are read by Blender, and this Python has no bpy module" in told


@pytest.fixture
def moves(tmp_path: Path) -> Path:
    """A folder with files that Blender reads."""
    folder = tmp_path / "data" / "walk"
    folder.mkdir(parents=True)
    for name in ("moves.glb", "take.fbx", "worse.fbx"):
        (folder / name).write_bytes(name.encode())
    return tmp_path / "data"


def converted(bvh: Path, name: str) -> Converted:
    write_bvh(bvh, made_walk(seconds=1.0))
    return Converted(bvh, name, "Mixamo, 65 bones", ("LeftToe",), "T-pose", 0.1, 4.0)


def test_a_file_may_hold_several_clips(moves: Path, tmp_path: Path, monkeypatch):
    made = {moves / "walk" / "moves.glb": [converted(tmp_path / f"{name}.bvh", name) for name in ("Stroll", "March")],
            moves / "walk" / "take.fbx": [converted(tmp_path / "take.bvh", "take")],
            moves / "walk" / "worse.fbx": "worse.fbx cannot be read"}
    monkeypatch.setattr(prepare, "convert", lambda files, folder: {file: made[file] for file in files})
    assert main(["prepare", "motion", "--data", str(moves), "--out", str(tmp_path / "x.npz")]) == 0
    labels = load_clips(tmp_path / "x.npz").labels
    assert [label.file for label in labels] == ["walk/moves.glb:Stroll", "walk/moves.glb:March", "walk/take.fbx"]
    assert {(label.actions, label.skeleton) for label in labels} == {(("walk",), "Mixamo, 65 bones")}
    assert labels[0].sha256 == labels[1].sha256 == hashlib.sha256(b"moves.glb").hexdigest()
    # an index may name one of them, and what is not there is said
    (moves / "index.csv").write_text("file,action\nwalk/moves.glb:March,march\nwalk/moves.glb:Run,run\n")
    assert main(["prepare", "motion", "--data", str(moves), "--out", str(tmp_path / "x.npz")]) == 0
    assert [label.file for label in load_clips(tmp_path / "x.npz").labels] == ["walk/moves.glb:March"]
    assert "has no clip Run; it has Stroll, March" in (tmp_path / "x.csv").read_text()


def test_a_file_at_which_blender_breaks_off_takes_no_other_with_it(moves: Path, tmp_path: Path, monkeypatch):
    files = sorted((moves / "walk").iterdir())

    def run(some: list[Path], folder: Path) -> dict | None:
        if len(some) > 1 or some[0].name == "worse.fbx":
            return None
        clip = {"source": str(some[0].resolve()), "file": "a.bvh", "name": "a", "skeleton": "made", "missing": [],
                "rest": "T-pose", "error_own_cm": 0.0, "error_standard_cm": 1.0}
        return {"clips": [clip], "problems": []}

    monkeypatch.setattr(conversion, "_run", run)
    found = conversion.convert(files, tmp_path)
    assert [len(found[file]) for file in files[:2]] == [1, 1]
    assert "broke off" in found[files[2]]
