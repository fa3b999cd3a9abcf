# SPDX-License-Identifier: GPL-3.0-or-later
"""A studio's way from a folder of clips to its own actions on a rig: the commands of docs/your-own-clips.md.

Only training is cut short, and begins from a tiny network.
"""

import csv
import json
import os
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from made_moves import made_move
from made_walk import made_walk

bpy = pytest.importorskip("bpy", reason="clips that are not BVH, and rigs, need the bpy module")

import made_rigs  # noqa: E402

import blender_addon  # noqa: E402
from blender_addon.cli import main as galatea  # noqa: E402
from blender_addon.home import packs_folder  # noqa: E402
from blender_addon.inference.packs import read_pack, verify_pack  # noqa: E402
from blender_addon.motion.bvh import write_bvh  # noqa: E402
from blender_addon.motion.clip import Clip  # noqa: E402
from blender_addon.scene import files  # noqa: E402
from blender_addon.ui import motion_settings, shown, watching  # noqa: E402
from training.__main__ import main as training  # noqa: E402
from training.motion.clips import load_clips, together  # noqa: E402
from training.motion.export_generator import load_run, round_weights  # noqa: E402
from training.motion.finetune_generator import widen  # noqa: E402
from training.motion.pack_weights import load_generator  # noqa: E402

CHAIR = ("HIERARCHY\nROOT Seat\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\nEnd Site\n{\nOFFSET 0 1 0\n"
         "}\n}\nMOTION\nFrames: 1\nFrame Time: 0.033333\n0 0 0\n")


def on_the_spot(number: int) -> Clip:
    """Somebody who waves about with every joint and stays where they are."""
    clip = made_move(number, seconds=4.0)
    return Clip(clip.skeleton, clip.rotations, clip.positions * [0.0, 0.0, 1.0], clip.fps)


def make_clips(folder: Path) -> None:
    """Limps, some of them tired; bows, one as FBX; and what goes wrong: broken, no body, too little."""
    for name in ("limp/tired", "Bow", "wink"):
        (folder / name).mkdir(parents=True)
    for number in range(3):
        write_bvh(folder / "limp" / f"limp_{number}.bvh", made_move(number))
        write_bvh(folder / "Bow" / f"take {number}.bvh", on_the_spot(10 + number))
    write_bvh(folder / "limp" / "tired" / "limp.bvh", made_move(5))
    write_bvh(folder / "wink" / "wink.bvh", made_walk(seconds=1.0))
    write_bvh(folder.parent / "source.bvh", on_the_spot(20))
    files.open_file(folder.parent / "source.bvh")
    armature = files.find_armature("source.bvh")
    made_rigs.add_skin(armature)  # which is what keeps a rest pose in an FBX
    files.write_file(folder / "Bow" / "moves.fbx", armature)
    (folder / "limp" / "broken.fbx").write_bytes((folder / "Bow" / "moves.fbx").read_bytes()[:3000])
    (folder / "limp" / "chair.bvh").write_text(CHAIR)
    (folder / "segments.csv").write_text("file,first,last,action\nlimp/limp_2.bvh,0,89,limp\n")


def page_commands(root: Path, program: str) -> list[list[str]]:
    """The commands of the page that begin with a program, as words, without it."""
    page = (root / "docs" / "your-own-clips.md").read_text(encoding="utf-8")
    return [shlex.split(line) for line in re.findall(rf"^{program} (.*)$", page, flags=re.MULTILINE)]


@pytest.fixture(scope="module")
def studio(tmp_path_factory, root) -> Path:
    """A folder in which the commands of the page have been run. runs/alone and alone: the clips learnt from nothing;
    runs/mine and our-moves, among the user's packs: that taught more, from the same clips."""
    folder, home = tmp_path_factory.mktemp("studio"), Path.cwd()
    os.chdir(folder)
    try:
        make_clips(folder / "clips")
        bpy.ops.wm.read_factory_settings(use_empty=True)
        made_rigs.metarig()
        bpy.ops.wm.save_as_mainfile(filepath=str(folder / "hero.blend"))
        learn = {words[0]: words for words in page_commands(root, "python -m training")}
        assert training(learn["prepare"]) == 0
        assert training([*learn["train"], "--size", "tiny", "--steps", "20"]) == 0
        assert training(["export", "motion-generator", "--run", "runs/alone", "--out", "alone"]) == 0
        assert training([*learn["finetune"], "--pack", "alone", "--steps", "8"]) == 0
        assert training(learn["export"]) == 0
        for number, words in enumerate(page_commands(root, "galatea")):
            assert galatea([*words, "--json", f"{number}_{words[0]}.json"]) == 0
        yield folder
    finally:
        os.chdir(home)
        shutil.rmtree(packs_folder() / "our-moves", ignore_errors=True)


def test_the_table_says_what_was_understood(studio):
    with (studio / "runs" / "mine.csv").open(newline="") as file:
        table = {row["file"]: row for row in csv.DictReader(file)}
    assert len(table) == 11
    fbx = table["Bow/moves.fbx"]
    assert "bones" in fbx["skeleton"] and fbx["action"] == "bow" and float(fbx["own_cm"]) < 0.5
    assert fbx["rest"] == "T-pose"
    assert table["limp/tired/limp.bvh"]["style"] == "tired"
    assert table["limp/limp_2.bvh"]["action"] == "limp 3.0 s"
    assert "not understood as a humanoid" in table["limp/chair.bvh"]["left_out"]
    assert "broken.fbx cannot be read" in table["limp/broken.fbx"]["left_out"]
    assert table["limp/limp_0.bvh"] | {"fps": "30", "seconds": "4.0", "split": "train", "lacks": ""} == \
        table["limp/limp_0.bvh"]
    assert (studio / "runs" / "mine.png").stat().st_size > 1000


def test_an_fbx_is_the_clip_that_was_put_into_it(studio):
    clips = load_clips(studio / "runs" / "mine.npz")
    index = [label.file for label in clips.labels].index("Bow/moves.fbx")
    made, wanted = clips.clip(index), on_the_spot(20)
    assert abs(made.frames - wanted.frames) <= 1
    turned = np.abs(np.sum(made.rotations[:100] * wanted.rotations[:100], axis=-1))
    assert np.degrees(2.0 * np.arccos(np.clip(turned, 0.0, 1.0))).mean() < 3.0


def test_the_pack_is_listed_with_its_own_words(studio):
    pack = packs_folder() / "our-moves"
    assert all(finding.ok for finding in verify_pack(read_pack(pack)))
    told = {info["id"]: info for info in json.loads((studio / "0_packs.json").read_text())["packs"]}["our-moves"]
    assert set(told["actions"]) == {"limp", "bow"} and told["styles"] == ["tired"]
    assert (told["title"], told["licence"]) == ("How we move", "our own")
    # a way of walking that nobody has told us of follows paths, because the clips travel
    assert told["generator"]["natural_speed"]["limp"] > 0.5 > told["generator"]["natural_speed"]["bow"]
    assert told["generator"]["once"] == ["bow"]
    assert (pack / "README.md").read_text().count("our own") == 1


def test_its_actions_go_onto_a_rig(studio):
    one, both = (json.loads(path.read_text()) for path in sorted(studio.glob("*_motion.json")))
    assert one["pack"] == both["pack"] == "our-moves"
    assert one["frames"] == 144 and "limp" in one["actions"][0]  # six seconds at the 24 frames a second of the file
    assert (studio / "hero_limp.blend").is_file() and (studio / "hero_both.blend").is_file()


def test_the_panel_offers_its_actions(studio):
    files.open_file(studio / "hero.blend")
    blender_addon.register("galatea_in_tests")
    try:
        settings = bpy.context.scene.galatea_motion
        watching.read_packs()
        settings.pack_choice = "our-moves"
        settings.action_choice = "bow"
        settings.style_choice = "tired"
        assert (settings.pack, settings.action, settings.style) == ("our-moves", "bow", "tired")
        assert set(motion_settings._actions(shown.now.catalogue, settings)) == {"limp", "bow"}
    finally:
        blender_addon.unregister()


# --- going on from a pack -------------------------------------------------------------------------------------------


def test_a_pack_holds_the_network_it_was_made_of(studio):
    model, _, _ = load_run(studio / "runs" / "alone")
    round_weights(model)
    read, state = load_generator(read_pack(studio / "alone")), model.state_dict()
    for name, value in read.state_dict().items():
        if name != "carried":  # the export takes a little off it
            assert torch.equal(value, state[name]), name


def test_more_words_leave_the_old_ones_as_they_were(studio):
    model = load_generator(read_pack(studio / "alone"))
    wider = widen(model, 5, 3, seed=0)
    assert wider.shape.actions == 5 and wider.shape.styles == 3
    assert torch.equal(wider.action.weight[:, :2], model.action.weight)
    assert torch.equal(wider.style.weight[:, :1], model.style.weight)
    assert torch.isfinite(wider.action.weight).all()


def test_finetuning_adds_words_and_keeps_the_old(studio, tmp_path, capsys):
    style = tmp_path / "clips" / "stomp" / "angry"
    style.mkdir(parents=True)
    for number in range(3):
        write_bvh(style / f"{number}.bvh", made_move(30 + number))
    run, npz, out, pack = tmp_path / "more", tmp_path / "more.npz", tmp_path / "our-stomps", studio / "alone"
    assert training(["prepare", "motion-generator", "--data", str(tmp_path / "clips"), "--out", str(npz)]) == 0
    tune = ["finetune", "motion-generator", "--data", str(npz), "--pack", str(pack), "--run", str(run), "--steps", "8",
            "--checkpoint-every", "4", "--often", "stomp=2"]
    assert training([*tune, "--stop-after", "5"]) == 0
    assert "so that it is kept: " in capsys.readouterr().out
    assert training(tune) == 0
    assert training(["export", "motion-generator", "--run", str(run), "--out", str(out)]) == 0
    before, made = read_pack(pack), read_pack(out)
    assert all(finding.ok for finding in verify_pack(made))
    assert made.words("actions") == (*before.words("actions"), "stomp")
    assert made.words("styles") == ("tired", "angry")
    assert made.licence == "unknown: ask who made the clips"
    # what the old pack was made of is what this one is made of, too, and what it made itself is no source
    assert {source["name"] for source in made.data} == {"stomp/angry", *(source["name"] for source in before.data)}
    assert set(before.content["training"]["clips"]) < set(made.content["training"]["clips"])
    told = made.content["training"]
    assert told["command"].startswith(before.content["training"]["command"])
    assert told["command"].endswith("--steps 8 --often stomp=2 --seed 1")
    assert told["steps"] == before.content["training"]["steps"] + 8
    old, new = load_generator(before), load_generator(made)
    assert torch.equal(old.mean, new.mean) and torch.equal(old.scale, new.scale)
    assert not torch.equal(old.encoder.weight, new.encoder.weight)


def test_sets_of_clips_come_together(studio):
    one = load_clips(studio / "runs" / "mine.npz")
    both = together(one, one)
    assert len(both) == 2 * len(one) and both.actions == one.actions
    assert np.array_equal(both.clip(len(one) + 3).rotations, one.clip(3).rotations)
    assert np.array_equal(both.action[len(one.action):], one.action)


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "says"), [
    ("export motion-generator --run runs/alone --out Our_Moves!", "cannot be a pack's id"),
    ("export motion-generator --run runs/alone --out a/b --user", "give a name alone"),
    ("export motion-generator --run runs/alone --out motion-generator --user", "id of a pack that ships"),
    ("finetune motion-generator --data runs/mine.npz --pack MODELS/pose-vae --run x", "is a pose-vae pack"),
    ("finetune motion-generator --data runs/mine.npz --pack none --run x", "none holds no pack.toml"),
    ("finetune motion-generator --data runs/mine.npz --pack alone --run x --once boast", "there is no such action"),
    ("finetune motion-generator --data runs/mine.npz --pack alone --run x --often boast=2", "there is no such action"),
    ("prepare motion-generator --data runs --out x.npz", "holds no .bvh, .fbx, .glb, .gltf or .blend file"),
])
def test_what_makes_no_sense_is_one_line(studio, root, capsys, words, says):
    assert training([word.replace("MODELS", str(root / "models")) for word in words.split()]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and says in told[0]


def test_too_little_of_everything_is_one_line(studio, tmp_path, capsys):
    (tmp_path / "clips" / "wink").mkdir(parents=True)
    write_bvh(tmp_path / "clips" / "wink" / "a.bvh", made_walk(seconds=2.0))
    npz = tmp_path / "x.npz"
    assert training(["prepare", "motion-generator", "--data", str(tmp_path / "clips"), "--out", str(npz)]) == 0
    capsys.readouterr()
    assert training(["finetune", "motion-generator", "--data", str(npz), "--pack", str(studio / "alone"), "--run",
                     str(tmp_path / "run")]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and "15 seconds" in told[0] and "wink (4 s)" in told[0]
