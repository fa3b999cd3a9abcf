# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion out of files of any kind as BVH: what is written is what the rig did, and what cannot be read is said."""

import json

import bpy  # noqa: F401 - before made_rigs, which needs what it brings
import made_rigs
import numpy as np
import pytest
from made_dumps import dump_file
from made_walk import made_walk

from blender_addon import api
from blender_addon.cli import main
from blender_addon.motion.bvh import read_bvh, write_bvh
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.skeleton import JOINTS
from blender_addon.rig.canonical import to_canonical
from blender_addon.scene import files


def worst(path, clip) -> float:
    """Metres between the joints of a file and a clip's, laid over each other on the ground at their first frames."""
    here, there = joint_positions(to_canonical(read_bvh(path)).clip), joint_positions(clip)
    apart = (here - here[:1, :1] * [1, 1, 0]) - (there - there[:1, :1] * [1, 1, 0])
    return float(np.linalg.norm(apart - apart.mean(axis=(0, 1)), axis=-1).max())


@pytest.fixture
def walked(empty_scene, tmp_path):
    """A rig with two actions, a walk and a quicker one: the armature, to be written to a file of any kind."""
    empty_scene.render.fps = 30
    for name, speed in (("stroll", 1.2), ("stride", 1.7)):
        write_bvh(tmp_path / f"{name}.bvh", made_walk(2.0, speed=speed))
    armature = made_rigs.metarig()
    made_rigs.add_skin(armature)
    clips = tuple(str(tmp_path / f"{name}.bvh") for name in ("stroll", "stride"))
    api.retarget(armature, api.RetargetRequest(clips=clips, keys="every", feet=False))
    return armature


def written(armature, path):
    with files.staged(path) as there:
        files.write_file(there, armature)
    return path


@pytest.mark.parametrize("ending", [".fbx", ".glb"])
def test_each_action_of_a_file_becomes_a_bvh(walked, tmp_path, ending):
    source = written(walked, tmp_path / f"moves{ending}")
    before = dump_file()
    result = api.convert_clips([str(source)], tmp_path / "out")
    assert dump_file() == before
    assert len(result.clips) == 2 and not result.problems
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        clip.file.rpartition("/")[2] for clip in result.clips)
    for clip in result.clips:
        speed = 1.7 if "stride" in clip.file else 1.2
        motion = read_bvh(clip.file)
        assert set(motion.names) == set(JOINTS)
        assert (clip.frames, clip.fps) == (motion.frames, motion.fps) == (60, 30.0)
        assert worst(clip.file, made_walk(2.0, speed=speed)) < 0.02
        assert "Rigify" in clip.skeleton
        assert clip.error_own_cm < 0.1 and 0.0 < clip.error_standard_cm < 10.0


def test_the_clips_of_one_file_are_numbered(walked, tmp_path):
    source = written(walked, tmp_path / "moves.glb")
    assert main(["clip", str(source), "--out", str(tmp_path / "take.bvh"), "--quiet"]) == 0
    assert (tmp_path / "take.bvh").is_file() and (tmp_path / "take_2.bvh").is_file()


def test_files_of_a_kind_and_one_that_is_broken(walked, tmp_path, capsys):
    source = written(walked, tmp_path / "moves.fbx")
    broken = tmp_path / "broken.fbx"
    broken.write_bytes(source.read_bytes()[:4000])
    there = tmp_path / "there"
    assert main(["clip", str(broken), str(source), str(tmp_path / "stroll.bvh"), "--out", str(there), "--json",
                 str(tmp_path / "made.json")]) == 1
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1 and "1 of 3 files" in told.err
    made = json.loads((tmp_path / "made.json").read_text())
    assert len(made["clips"]) == 3 and made["problems"][0]["source"] == str(broken)
    assert worst(there / "stroll.bvh", made_walk(2.0)) < 1e-3
    assert "left out" in told.out and "stroll.bvh" in told.out


def test_of_files_with_one_name_none_is_lost(tmp_path):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        write_bvh(tmp_path / folder / "a.bvh", made_walk(1.0))
    result = api.convert_clips([str(tmp_path / folder / "a.bvh") for folder in ("one", "other")], tmp_path / "out")
    assert len(set(result.files)) == 2


@pytest.mark.parametrize(("sources", "out", "says"), [
    (["none.bvh"], "out", "there is no file"),
    (["notes.txt"], "out", "not a file that Galatea opens"),
    (["chair.bvh"], "out", "not understood as a humanoid"),
    (["walk.bvh", "walk.bvh"], "a.bvh", "name a folder"),
    (["walk.bvh"], "none/out", "no folder"),
    (["walk.bvh"], "walk.bvh", "would be overwritten"),
    (["walk.bvh"], ".", "would be overwritten"),
    (["chair.bvh", "none.bvh"], "out", "2 of 2 files"),
])
def test_what_makes_no_sense_is_one_line(tmp_path, monkeypatch, capsys, sources, out, says):
    monkeypatch.chdir(tmp_path)
    write_bvh(tmp_path / "walk.bvh", made_walk(1.0))
    (tmp_path / "notes.txt").write_text("walk")
    (tmp_path / "chair.bvh").write_text(
        "HIERARCHY\nROOT Seat\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\nEnd Site\n{\nOFFSET 0 1 0\n"
        "}\n}\nMOTION\nFrames: 1\nFrame Time: 0.033333\n0 0 0\n")
    before = (tmp_path / "walk.bvh").read_bytes()
    assert main(["clip", *sources, "--out", out]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and says in told[0]
    assert (tmp_path / "walk.bvh").read_bytes() == before
    assert not list((tmp_path / "out").glob("*.bvh"))


def test_a_file_that_knows_no_rest_pose_says_so(empty_scene, tmp_path):
    write_bvh(tmp_path / "walk.bvh", made_walk(2.0))
    files.open_file(tmp_path / "walk.bvh")
    armature = files.find_armature("walk.bvh")
    written(armature, tmp_path / "bare.fbx")  # without a skin an FBX keeps no rest, and the first frame is taken for it
    made_rigs.add_skin(armature)
    written(armature, tmp_path / "skinned.fbx")
    result = api.convert_clips([str(tmp_path / f"{name}.fbx") for name in ("bare", "skinned")], tmp_path / "out")
    assert [clip.rest for clip in result.clips] == ["arms down, a knee bent by 39°: a pose, no rest", "T-pose"]
