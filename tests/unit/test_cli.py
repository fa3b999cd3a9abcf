# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: exit statuses, one line for what went wrong, tables to read and JSON to compute with."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from made_packs import ACTIONS, STYLES, step_model, write_pack

from blender_addon import api
from blender_addon.cli import main
from blender_addon.errors import GalateaError, RigError
from blender_addon.inference.packs import models_folder
from blender_addon.rig.bone_map import BoneMap, Match

MODEL = step_model()
VERBS = ("motion", "retarget", "feet", "keys", "texture", "character", "clip", "rig", "packs", "doctor")
MOTION = ["motion", "--rig", "a.blend", "--action", "walk", "--out", "b.blend"]


KEYED = {"keys": 1200, "keys_every_frame": 17000, "key_error_mm": 1.9634, "foot_skate_before_cm_per_s": 12.34,
         "foot_skate_cm_per_s": 0.81}


@dataclass
class Result:
    """What api.animate_file gives, as far as the command line looks."""

    actions: tuple = ("Galatea walk 7",)
    frames: int = 192
    scale: float = 1.2
    pack: str = "motion-generator"
    pack_version: str = "0.1.0"
    provider: str = "CPUExecutionProvider"
    why_not: str = "no GPU here"
    seed: int = 7
    seconds: float = 0.5
    notes: tuple = ("the left toe is constrained",)
    figures: dict = field(default_factory=lambda: {"speed_asked": 1.30001, "speed_travelled": 1.25, **KEYED})

    def as_dict(self):
        return {"actions": list(self.actions), "provider": self.provider, "figures": self.figures}


@pytest.fixture
def asked(monkeypatch):
    """Stands in for the api: keeps what it was called with."""
    calls = []
    monkeypatch.setattr(api, "animate_file", lambda *args: calls.append(args) or Result())
    return calls


def lines(capsys):
    seen = capsys.readouterr()
    return seen.out.splitlines(), seen.err.splitlines()


# --- motion -----------------------------------------------------------------------------------------------------


def test_motion_hands_everything_to_the_api(asked, capsys, tmp_path):
    words = (
        "motion --rig hero.blend:Rig:1 --action walk:3,jump:1 --style old --seconds 4.5 --speed 1.2 --path Curve --loop"
    )
    words += " --in-place --start 11 --takes 3 --clip take.bvh --out out.glb --seed 7 --device cuda --pack mine"
    words += " --map bones.toml --keys every --tolerance 5 --controls ik --no-feet --no-hands --root own --nla"
    words += " --continue --no-cleanup"
    assert main([*words.split(), "--json", str(tmp_path / "made.json")]) == 0
    ((rig, request, out, clip),) = asked
    assert (rig, out, clip) == ("hero.blend:Rig:1", "out.glb", "take.bvh")
    assert request == api.MotionRequest(
        action="walk:3,jump:1", style="old", seconds=4.5, speed=1.2, path="Curve", loop=True, in_place=True, start=11,
        takes=3, seed=7, device="cuda", pack="mine", from_pose=True, clean_up=False,
        bone_map="bones.toml", keys="every", tolerance=5.0, controls="ik", feet=False, hands=False, root="own",
        nla=True,
    )  # fmt: skip
    assert json.loads((tmp_path / "made.json").read_text()) == Result().as_dict()
    assert os.listdir(tmp_path) == ["made.json"]
    told, errors = lines(capsys)
    assert not errors
    for part in ("Galatea walk 7", "192 frames", "speed asked 1.3,", "speed travelled 1.25", "no GPU here", "take.bvh",
                 "1,200, 7 % of 17,000", "off by 1.96 mm", "slid 12.3 cm/s while they stood, 0.8 once locked",
                 "the left toe is constrained"):
        assert part in "\n".join(told)
    assert "key error" not in "\n".join(told)


def test_motion_asks_what_a_request_asks_by_default(asked):
    assert main(MOTION) == 0
    ((_, request, _, clip),) = asked
    assert request == api.MotionRequest() and clip == ""


def test_quiet_prints_nothing_but_errors(asked, capsys, monkeypatch):
    assert main([*MOTION, "--quiet"]) == 0
    assert lines(capsys) == ([], [])

    def fails(*args):
        raise RigError("a.blend holds no armature; name a file that does")

    monkeypatch.setattr(api, "animate_file", fails)
    assert main([*MOTION, "--quiet"]) == 1
    assert lines(capsys) == ([], ["galatea: a.blend holds no armature; name a file that does"])


@pytest.mark.parametrize(
    "words",
    [
        "",
        "dance",
        "motion",
        "motion --rig a.blend --action walk",
        "motion --rig a.blend --action walk --out b.blend --seconds long",
        "motion --rig a.blend --action walk --out b.blend --takes 1.5",
        "motion --rig a.blend --action walk --out b.blend --device abacus",
        "motion --rig a.blend --action walk --out b.blend --nonsense",
        "motion --rig a.blend --action walk --out b.blend --keys few",
        "motion --rig a.blend --action walk --out b.blend --controls feet",
        "motion --rig a.blend --action walk --out b.blend --root somewhere",
        "retarget --rig a.blend --out b.blend",
        "retarget --rig a.blend --clip c.bvh",
        "feet --rig a.blend --out b.blend --frames some",
        "feet --rig a.blend --out b.blend --frames 30-10",
        "feet --rig a.blend --out b.blend --nla",
        "keys --rig a.blend",
        "keys --rig a.blend --out b.blend --no-feet",
        "rig",
        "packs remember here",
        "packs list here there",
        "doctor who",
    ],
)
def test_called_wrongly(words, asked, capsys):
    assert main(words.split()) == 2
    assert not asked
    told, errors = lines(capsys)
    assert not told and errors[0].startswith("usage: galatea")


@pytest.mark.parametrize("words", ["--help", *(f"{verb} --help" for verb in VERBS)])
def test_help(words, capsys):
    assert main(words.split()) == 0
    assert "usage: galatea" in capsys.readouterr().out


def test_help_names_the_verbs_but_not_the_demo(capsys):
    main(["--help"])
    told = capsys.readouterr().out
    assert {line.split()[0] for line in told.splitlines() if line.startswith("    ")} >= set(VERBS)
    assert "demo" not in told and "==" not in told


def test_what_nobody_expected_is_one_line_and_a_hint(monkeypatch, capsys):
    def fails(*args):
        raise KeyError("a bone\nof two lines")

    monkeypatch.setattr(api, "animate_file", fails)
    monkeypatch.delenv("GALATEA_DEBUG", raising=False)
    assert main(MOTION) == 1
    told, errors = lines(capsys)
    assert not told and len(errors) == 1
    assert errors[0].startswith("galatea: unexpected KeyError") and "GALATEA_DEBUG=1" in errors[0]
    monkeypatch.setenv("GALATEA_DEBUG", "1")
    assert main(MOTION) == 1
    _, errors = lines(capsys)
    assert errors[0].startswith("Traceback") and errors[-1].startswith("galatea: unexpected KeyError")


def test_ctrl_c_is_no_traceback(monkeypatch, capsys):
    def stops(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "animate_file", stops)
    assert main(MOTION) == 1
    assert lines(capsys) == ([], ["galatea: cancelled"])


def test_json_that_cannot_be_written_is_said_before_the_work(asked, capsys, tmp_path):
    words = [*MOTION, "--json"]
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path, tmp_path / "nowhere" / "made.json", tmp_path / "file" / "made.json"):
        assert main([*words, str(wrong)]) == 1
        told, errors = lines(capsys)
        assert not told and len(errors) == 1 and ";" in errors[0]
    assert not asked
    assert os.listdir(tmp_path) == ["file"]


# --- retarget, feet, keys ----------------------------------------------------------------------------------------


@dataclass
class Take:
    """One clip that was retargeted."""

    action: str
    figures: dict = field(default_factory=lambda: dict(KEYED))


@dataclass
class Made:
    """What the other verbs' functions of the api give, as far as the command line looks."""

    takes: tuple = (Take("kick"), Take("walk"))
    action: str = "walk feet"
    bones: tuple = ("thigh.L", "shin.L")
    rig: str = "Armature"
    family: str = "Mixamo"
    missing: tuple = ("LeftToe",)
    notes: tuple = ("the root follows a curve",)
    frames: int = 240
    seconds: float = 0.5
    figures: dict = field(default_factory=lambda: dict(KEYED))

    def as_dict(self):
        return {"figures": self.figures}


@pytest.fixture
def files_asked(monkeypatch):
    """Stands in for what opens a rig's file, works on it and writes it: keeps what it was called with."""
    calls = []
    for name in ("retarget_file", "lock_feet_file", "refit_keys_file"):
        monkeypatch.setattr(api, name, lambda *args, name=name: calls.append((name, *args)) or Made())
    return calls


def test_retarget_hands_everything_to_the_api(files_asked, capsys, tmp_path):
    words = "retarget --clip kick.bvh --clip moves.blend:Actor --rig hero.blend:Rig --out out.glb --start 11 --seed 3"
    words += " --map bones.toml --keys every --tolerance 0.5 --controls fk --no-feet --no-hands --in-place"
    words += " --root own --nla"
    assert main([*words.split(), "--json", str(tmp_path / "made.json")]) == 0
    ((_, rig, request, out),) = files_asked
    assert (rig, out) == ("hero.blend:Rig", "out.glb")
    assert request == api.RetargetRequest(
        clips=("kick.bvh", "moves.blend:Actor"), start=11, bone_map="bones.toml", keys="every", tolerance=0.5,
        controls="fk", feet=False, hands=False, in_place=True, root="own", nla=True)
    told = "\n".join(lines(capsys)[0])
    for part in ("made       kick: 240 frames", "made       walk\n", "Mixamo, without LeftToe", "1,200, 7 % of 17,000",
                 "a curve", "wrote      out.glb"):
        assert part in told
    assert json.loads((tmp_path / "made.json").read_text()) == Made().as_dict()


def test_retarget_feet_and_keys_ask_what_requests_ask_by_default(files_asked):
    for words in ("retarget --clip c.bvh", "feet", "keys"):
        assert main([*words.split(), "--rig", "a.blend", "--out", "b.blend", "--quiet"]) == 0
    assert [request for _, _, request, _ in files_asked] == [
        api.RetargetRequest(clips=("c.bvh",)), api.FeetRequest(), api.KeyOptions()]


def test_feet(files_asked, capsys):
    words = "feet --rig a.blend --out a.blend --frames 10-50 --keys every --tolerance 3 --controls ik --map m.toml"
    assert main(words.split()) == 0
    assert files_asked == [("lock_feet_file", "a.blend", api.FeetRequest(
        first=10, last=50, keys="every", tolerance=3.0, controls="ik", bone_map="m.toml"), "a.blend")]
    told = "\n".join(lines(capsys)[0])
    for part in ("walk feet: 240 frames", "slid 12.3 cm/s while they stood, 0.8 once locked", "thigh.L, shin.L; all"):
        assert part in told
    assert main(["feet", "--rig", "a.blend", "--out", "b.blend", "--frames=-20--5", "--quiet"]) == 0
    assert (files_asked[-1][2].first, files_asked[-1][2].last) == (-20, -5)


def test_keys(files_asked, capsys):
    assert main(["keys", "--rig", "a.blend", "--out", "b.blend", "--tolerance", "10"]) == 0
    assert files_asked == [("refit_keys_file", "a.blend", api.KeyOptions(tolerance=10.0), "b.blend")]
    assert "off by 1.96 mm" in "\n".join(lines(capsys)[0])


@pytest.mark.parametrize(("words", "says"), [
    ("retarget --clip c.bvh --rig hero.blend --out c.bvh", "named for --clip and would be overwritten by --out"),
    ("retarget --clip c.bvh --rig hero.blend --out o.blend --json c.bvh", "overwritten by --json"),
    ("retarget --clip c.glb:Rig --rig hero.blend --out c.glb", "named for --clip"),
    ("retarget --clip c.bvh --rig hero.blend:A --out o.blend --json hero.blend", "is the rig"),
    ("feet --rig hero.blend --out o.blend --json o.blend", "named for --out and for --json"),
    ("feet --rig hero.blend --out o.blend --map m.toml --json m.toml", "named for --map"),
    ("keys --rig hero.blend --out o.blend --json hero.blend", "is the rig"),
    ("rig --rig hero.blend --save-map hero.blend", "is the rig"),
    ("rig --rig hero.blend --map m.toml --save-map m.toml", "named for --map"),
    ("rig --rig hero.blend --save-map m.toml --json m.toml", "named for --save-map and for --json"),
])
def test_no_verb_writes_over_what_it_reads(words, says, files_asked, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 1
    told, errors = lines(capsys)
    assert not told and len(errors) == 1 and says in errors[0]
    assert not files_asked and os.listdir(tmp_path) == []


def test_the_rig_s_own_file_may_be_written_even_when_a_clip_comes_from_it(files_asked):
    files = ["--clip", "hero.blend:Actor", "--rig", "hero.blend:Rig", "--out", "hero.blend"]
    assert main(["retarget", *files, "--quiet"]) == 0 and len(files_asked) == 1


# --- rig --------------------------------------------------------------------------------------------------------


HALF = BoneMap("unknown", {"Hips": Match("pelvis", 0.5, "the middle of the body"),
                           "Head": Match("h", 1.0, "set by hand")},
               {"LeftHand": "wrist"}, ("three tails were left out",))


@pytest.fixture
def rigs_asked(monkeypatch):
    """Stands in for the api's functions that look at a rig."""
    calls = []

    @dataclass
    class Armature:
        name: str = "Armature"

    for name, made in (("open_rig", Armature()), ("map_rig", HALF), ("save_map", None)):
        monkeypatch.setattr(api, name, lambda *args, name=name, made=made: calls.append((name, *args)) or made)
    return calls


REPORT = {"armature": "Armature", "family": "Mixamo", "mapping": dict.fromkeys("abcdefgh"), "rest_pose": "A",
          "matches": dict.fromkeys("abcdefg"), "missing": ["LeftToe"], "upper_arm_below_horizontal_deg": 41.2,
          "facing_world": [0.0, -1.0, 0.0], "leg_length_world": 0.8614, "bones": 65, "notes": ["three tails"]}


def test_rig(rigs_asked, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(api, "rig_report", lambda *args: rigs_asked.append(("rig_report", *args)) or REPORT)
    files = ["--map", "m.toml", "--save-map", str(tmp_path / "new.toml"), "--json", str(tmp_path / "rig.json")]
    assert main(["rig", "--rig", "hero.blend:Armature", *files]) == 0
    assert [call[0] for call in rigs_asked] == ["open_rig", "map_rig", "save_map", "rig_report"]
    assert rigs_asked[0] == ("open_rig", "hero.blend:Armature") and rigs_asked[1][2] == "m.toml"
    assert rigs_asked[2][2:] == (tmp_path / "new.toml", "m.toml") and rigs_asked[3][2] == "m.toml"
    told, errors = lines(capsys)
    assert not errors and len(told) > 22
    rows = {line.split()[0]: line for line in told}
    assert rows["joint"].split() == ["joint", "bone", "sure", "why"]
    assert rows["Hips"].split(maxsplit=4) == ["Hips", "pelvis", "50", "%", "the middle of the body"]
    assert rows["LeftHand"].endswith("where wrist ends") and rows["LeftArm"].endswith("found; it is needed")
    assert rows["LeftToe"].endswith("no bone was found")
    for part in ("Armature: Mixamo, 7 of 8 joints, 65 bones", "A-pose, upper arms 41° below", "faces      -Y",
                 "legs 0.861 m long", "missing    LeftToe", "note       three tails", "new.toml"):
        assert part in "\n".join(told), part
    assert json.loads((tmp_path / "rig.json").read_text()) == REPORT


def test_a_rig_that_is_not_understood_still_shows_what_was_found(rigs_asked, monkeypatch, capsys, tmp_path):
    def fails(*args):
        raise RigError("Armature is not understood as a humanoid; name its bones")

    monkeypatch.setattr(api, "rig_report", fails)
    assert main(["rig", "--rig", "a.glb", "--save-map", "m.toml", "--json", str(tmp_path / "rig.json")]) == 1
    told, errors = lines(capsys)
    assert errors == ["galatea: Armature is not understood as a humanoid; name its bones"]
    assert any(line.split()[:2] == ["Hips", "pelvis"] for line in told) and "three tails" in told[-1]
    assert "save_map" in [call[0] for call in rigs_asked]
    written = json.loads((tmp_path / "rig.json").read_text())
    assert written["matches"]["Hips"]["bone"] == "pelvis" and "not understood" in written["problem"]
    assert "LeftArm" in written["lacking"] and written["notes"] == ["three tails were left out"]


# --- packs ------------------------------------------------------------------------------------------------------


def test_packs_list(tmp_path, capsys):
    for name in ("a", "b"):
        write_pack(tmp_path / name, MODEL, id=name)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pack.toml").write_text("format = 3")
    assert main(["packs", "list", str(tmp_path), "--json", str(tmp_path / "list.json")]) == 0
    told, errors = lines(capsys)
    assert told[0].split() == ["id", "kind", "version", "licence", "size", "where"]
    size = f"{len(MODEL.SerializeToString()) / 1e6:.1f}"
    assert told[1].split() == ["a", "motion-generator", "0.1.0", "CC0-1.0", size, "MB", str(tmp_path / "a")]
    assert len(told) == 3
    assert len(errors) == 1 and str(tmp_path / "broken") in errors[0]
    written = json.loads((tmp_path / "list.json").read_text())
    assert [pack["id"] for pack in written["packs"]] == ["a", "b"] and len(written["problems"]) == 1
    assert main(["packs", str(tmp_path)]) == 0
    assert lines(capsys)[0] == told


def test_packs_info_lists_the_vocabulary(tmp_path, capsys):
    folder = write_pack(tmp_path / "made", MODEL, metrics={"walk": {"accuracy": 0.93210}})
    assert main(["packs", "info", str(folder), "--json", str(tmp_path / "info.json")]) == 0
    told = "\n".join(lines(capsys)[0])
    for part in ("walk, run, jump", "old, proud", "random numbers, CC0-1.0", "walk.accuracy 0.9321"):
        assert part in told
    (info,) = json.loads((tmp_path / "info.json").read_text())["packs"]
    assert (info["actions"], info["styles"], info["classes"]) == (ACTIONS, STYLES, [])
    toml = tomllib.loads((folder / "pack.toml").read_text())
    assert all(info[key] == value for key, value in toml.items())


def test_packs_verify(tmp_path, capsys):
    folder = write_pack(tmp_path / "made", MODEL)
    assert main(["packs", "verify", str(folder), "--json", str(tmp_path / "checks.json")]) == 0
    told, errors = lines(capsys)
    assert not errors and told[0].split() == ["pack", "check", "found"]
    assert all(line.split()[:1] == ["made"] and " ok " in line for line in told[1:])
    assert told[-1].split()[1:4] == ["opens", "ok", "CPUExecutionProvider,"]
    written = json.loads((tmp_path / "checks.json").read_text())
    assert written["ok"] and {"sha256", "operators", "opens"} <= {check["check"] for check in written["checks"]}

    with (folder / "model.onnx").open("r+b") as file:
        file.truncate(1000)
    assert main(["packs", "verify", str(folder), "--json", str(tmp_path / "checks.json")]) == 1
    told, errors = lines(capsys)
    assert sum("FAILED" in line for line in told) == 2
    assert (
        errors == [f"galatea: 2 of 3 checks failed: {errors[0].partition('failed: ')[2]}"] and "1000 bytes" in errors[0]
    )
    assert not json.loads((tmp_path / "checks.json").read_text())["ok"]


def test_packs_verify_reports_a_pack_that_cannot_even_be_read(tmp_path, capsys):
    write_pack(tmp_path / "made", MODEL)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pack.toml").write_text("format = 3")
    assert main(["packs", "verify", str(tmp_path), "--quiet"]) == 1
    told, errors = lines(capsys)
    assert not told and str(tmp_path / "broken") in errors[0]


def test_packs_where_there_are_none(tmp_path, capsys):
    assert main(["packs", "list", str(tmp_path)]) == 0
    assert lines(capsys) == ([f"no packs in {tmp_path}"], [])
    for words in (["info", str(tmp_path)], ["verify", str(tmp_path)], ["list", str(tmp_path / "nowhere")]):
        assert main(["packs", *words]) == 1
        told, errors = lines(capsys)
        assert not told and len(errors) == 1 and str(tmp_path) in errors[0]


# --- doctor -----------------------------------------------------------------------------------------------------


def test_doctor(tmp_path, capsys, monkeypatch):
    made = write_pack(tmp_path / "made", MODEL)
    monkeypatch.setattr("blender_addon.api.packs.pack_folders", lambda folder="": [made])
    assert main(["doctor", "--json", str(tmp_path / "doctor.json")]) == 0
    told, errors = lines(capsys)
    assert not errors
    rows = {row["name"]: row["value"] for row in json.loads((tmp_path / "doctor.json").read_text())["rows"]}
    assert all(any(line.startswith(name) and line.endswith(value) for line in told) for name, value in rows.items())
    manifest = tomllib.loads((Path(__file__).parents[2] / "blender_manifest.toml").read_text())
    assert rows["Galatea"] == manifest["version"]
    assert rows["Python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert rows["device cpu"] == "runs, CPUExecutionProvider"
    assert rows["pack made"].endswith("sound")


def test_doctor_finds_a_broken_pack(tmp_path, capsys, monkeypatch):
    folder = write_pack(tmp_path / "made", MODEL)
    (folder / "model.onnx").unlink()
    monkeypatch.setattr("blender_addon.api.packs.pack_folders", lambda folder="": [tmp_path])
    assert main(["doctor"]) == 1
    told, errors = lines(capsys)
    assert any("BROKEN" in line for line in told)
    assert len(errors) == 1 and errors[0].startswith("galatea: pack made: cannot read")


def test_a_home_that_cannot_be_written_hides_no_packs(monkeypatch, tmp_path):
    def fails():
        raise GalateaError("no home; make one")

    monkeypatch.setattr("blender_addon.home.user_folder", fails)
    assert api.pack_folders() == [models_folder()]


# --- doors ------------------------------------------------------------------------------------------------------


def test_packs_and_help_need_neither_blender_nor_onnxruntime(tmp_path):
    write_pack(tmp_path / "made", MODEL)
    code = f"""
import sys
from blender_addon.cli import main
assert main(["--help"]) == 0 and main(["packs", "info", {str(tmp_path)!r}]) == 0
assert main(["motion", "--rig", "a.blend"]) == 2
assert not {{"bpy", "onnxruntime"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr


def test_the_console_script(tmp_path):
    script = Path(sysconfig.get_path("scripts")) / "galatea"
    if not script.exists():
        pytest.skip("galatea is not installed here")
    done = subprocess.run([script, "packs", "list", tmp_path / "nowhere"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("galatea: there is no folder") and done.stderr.count("\n") == 1
    assert subprocess.run([script, "nothing"], capture_output=True).returncode == 2


@pytest.mark.parametrize(("more", "says"), [
    ("--out a.blend --json a.blend", "named for --out and for --json"),
    ("--out b.blend --json hero.blend", "is the rig"), ("--out b.blend --clip hero.blend", "is the rig"),
    ("--out b.blend --clip c.bvh --json c.bvh", "named for --clip and for --json"),
    ("--out ./x/../b.blend --json b.blend", "named for --out and for --json"),
])
def test_a_file_named_twice_is_refused_before_it_is_lost(tmp_path, monkeypatch, capsys, more, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "hero.blend").write_bytes(b"a rig")
    for rig in ("hero.blend", "hero.blend:Armature"):
        assert main(["motion", "--rig", rig, "--action", "walk", *more.split()]) == 1
        told = capsys.readouterr().err.strip().splitlines()
        assert len(told) == 1 and says in told[0]
    assert (tmp_path / "hero.blend").read_bytes() == b"a rig"


def test_whoever_reads_the_output_may_stop_reading(root):
    told = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3); from blender_addon.cli import main; "
                             "raise SystemExit(main(['packs', 'list']))"], cwd=root, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    told.stdout.close()
    assert told.stderr.read() == "" and told.wait() == 0
