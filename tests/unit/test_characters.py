# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters without Blender: what may be asked for, the command line, the bones of a body."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from made_body_pack import write_body_pack
from made_texture_pack import write_texture_pack

from blender_addon import api
from blender_addon.api import packs
from blender_addon.character.body_mesh import make_body
from blender_addon.character.measurements import average
from blender_addon.character.requests import CharacterRequest, check_character
from blender_addon.cli import main
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.motion.skeleton import JOINTS, PARENTS
from blender_addon.rig.body_bones import bones_of

# --- requests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wrong", "line"), [
    ({"seed": -1}, "seed cannot be -1"),
    ({"seed": None}, "seed cannot be None"),
    ({"seed": 1.5}, "whole number"),
    ({"motion_seed": "7"}, "motion_seed cannot be '7'"),
    ({"material": 3}, "material cannot be 3"),
    ({"stature": float("nan")}, "stature cannot be nan"),
    ({"sex": "female"}, "sex cannot be 'female'; give a number from 0 for female to 1 for male"),
    ({"age": True}, "age cannot be True"),
    ({"variety": 3.0}, "variety cannot be 3; choose between 0 for the likeliest person and 1 for people as varied"),
    ({"variety": -0.1}, "variety cannot be -0.1; choose between 0"),
    ({"shape": {"nose": 1.0}}, "no shape 'nose'; there are head, limbs"),
    ({"shape": {"toon": -0.5}}, "the amount of toon cannot be -0.5; choose between 0 and 1"),
    ({"shape": {"head": "big"}}, "the amount of head cannot be 'big'"),
    ({"shape": 0.5}, "shape cannot be 0.5"),
    ({"clothes": "shirt"}, "clothes cannot be 'shirt'"),
    ({"clothes": ("cape",)}, "no garment 'cape'; there are trousers"),
    ({"clothes": ("shirt", "shirt")}, "clothes name shirt twice"),
    ({"wear": {"shirt": "denim"}}, "shirt of denim cannot be worn without the shirt"),
    ({"clothes": ("shirt",), "wear": {"shirt": 3}}, "material of the shirt cannot be 3"),
    ({"style": "old"}, "style old says how an action is done"),
])
def test_what_makes_no_sense_is_one_line(wrong, line):
    with pytest.raises(GalateaError, match=line):
        check_character(CharacterRequest(**wrong))


def test_what_is_not_asked_for_is_left_to_the_seed():
    check_character(CharacterRequest())
    assert CharacterRequest().asked == {}
    assert CharacterRequest(stature=1.8, sex=0.0).asked == {"sex": 0.0, "stature": 1.8}


@pytest.mark.parametrize(("wrong", "line"), [
    ({"action": "levitate"}, "there is no action 'levitate'"),
    ({"action": "walk", "style": "no such"}, "no such"),
    ({"action": "walk", "seconds": 0.0}, "seconds cannot be 0"),
    ({"material": "porridge"}, "there is no class 'porridge'"),
    ({"pack": "gone"}, "gone"),
])
def test_packs_are_asked_before_any_work(wrong, line, monkeypatch, tmp_path):
    there = [read_pack(write_body_pack(tmp_path / "made-bodies")), read_pack(models_folder() / "motion-generator"),
             read_pack(write_texture_pack(tmp_path / "made-textures"))]
    monkeypatch.setattr(packs, "list_packs", lambda folder="": (there, []))
    with pytest.raises(GalateaError, match=line):
        for share in api.character_in_slices(CharacterRequest(**wrong)):
            assert share < 0.02


# --- the command line -----------------------------------------------------------------------------------------------


@dataclass
class Result:
    """What api.character_file gives, as far as the command line looks."""

    armature: str = "Galatea Character"
    measurements: dict = None
    motion: object = field(default_factory=lambda: SimpleNamespace(
        actions=("Galatea walk 7",), frames=90, pack="m", pack_version="1", provider="CPU", why_not="no GPU here"))
    material: object = None
    clothes: tuple = ()
    notes: tuple = ("the left toe is constrained",)
    pack: str = "body-vae"
    pack_version: str = "0.1.0"
    provider: str = "CPUExecutionProvider"
    why_not: str = ""
    seed: int = 7
    seconds: float = 1.5

    def as_dict(self):
        return {"armature": self.armature}


@pytest.fixture
def asked(monkeypatch):
    """Stands in for the api: keeps what it was called with."""
    calls = []
    monkeypatch.setattr(api, "character_file",
                        lambda *args: calls.append(args) or Result(measurements=dict(average(0.0))))
    return calls


def test_the_command_hands_everything_to_the_api(asked, capsys, tmp_path):
    words = ("character --stature 1.75 --weight 70 --sex 0.5 --age 40 --variety 0.5 --material skin --material-seed 2 "
             "--action walk --style old --seconds 4 --motion-seed 3 --device cpu --pack mine --seed 7 "
             "--shape head=0.3,Muscle=-0.5 --shape toon=1 --clothes Trousers,shirt --wear trousers=denim "
             "--wear shirt=knit --clothes-seed 5")
    out, told = tmp_path / "out.glb", tmp_path / "told.json"
    assert main([*words.split(), "--out", str(out), "--json", str(told)]) == 0
    ((request, where),) = asked
    assert where == out and request == CharacterRequest(
        seed=7, sex=0.5, stature=1.75, weight=70.0, age=40.0, variety=0.5, material="skin", material_seed=2,
        shape={"head": 0.3, "muscle": -0.5, "toon": 1.0}, clothes=("trousers", "shirt"), clothes_seed=5,
        wear={"trousers": "denim", "shirt": "knit"}, action="walk", style="old", seconds=4.0, motion_seed=3,
        device="cpu", pack="mine")
    assert json.loads(told.read_text()) == {"armature": "Galatea Character"}
    lines = capsys.readouterr().out
    for part in ("1.63 m, 68 kg", "chest 95 cm, waist 86 cm, hip 102 cm", "90 frames", "no GPU here", "constrained"):
        assert part in lines
    assert lines.count("no GPU here") == 1 and "\ndevice     no GPU here\n" in lines
    assert "Provider" not in lines and "body-vae 0.1.0 on CPU, seed 7" in lines


@pytest.mark.parametrize(("word", "sex"), [("female", 0.0), ("Male", 1.0), ("woman", 0.0), ("0.3", 0.3)])
def test_sex_in_a_word(asked, tmp_path, word, sex):
    assert main(["character", "--sex", word, "--out", str(tmp_path / "a.blend"), "--quiet"]) == 0
    assert asked[0][0].sex == sex


@pytest.mark.parametrize(("sex", "word"), [(0.0, "female"), (1.0, "male"), (0.3, "sex 0.3")])
def test_sex_is_told_in_a_word_too(monkeypatch, capsys, tmp_path, sex, word):
    monkeypatch.setattr(api, "character_file", lambda *args: Result(measurements=dict(average(sex)) | {"sex": sex}))
    assert main(["character", "--out", str(tmp_path / "a.blend")]) == 0
    assert f" kg, {word}, " in capsys.readouterr().out


def test_a_sex_that_is_none_is_told_in_words(asked, capsys, tmp_path):
    assert main(["character", "--sex", "elf", "--out", str(tmp_path / "a.blend")]) == 2
    assert "--sex: 'elf' is neither female, male nor a number from 0 to 1" in capsys.readouterr().err and not asked


def test_nothing_asked_is_a_request_by_default(asked, tmp_path):
    assert main(["character", "--out", str(tmp_path / "a.blend"), "--quiet"]) == 0
    assert asked[0][0] == CharacterRequest()


@pytest.mark.parametrize(("words", "line"), [
    ("--style old", "--style says nothing without --action"),
    ("--seconds 4", "--seconds says nothing without --action"),
    ("--material-seed 4", "--material-seed says nothing without --material"),
    ("--wear shirt=denim", "--wear says nothing without --clothes"),
    ("--shape head", "--shape head: write it such as head=0.3"),
    ("--shape head=big", "big is no number"),
    ("--shape head=1,head=0", "--shape names head twice"),
])
def test_options_that_say_nothing_are_told(asked, capsys, tmp_path, words, line):
    assert main(["character", *words.split(), "--out", str(tmp_path / "a.blend")]) == 1
    assert line in capsys.readouterr().err and not asked


def test_files_that_cannot_be_are_refused(asked, capsys, tmp_path):
    one = str(tmp_path / "a.blend")
    assert main(["character", "--out", one, "--json", one]) == 1
    assert "give them two names" in capsys.readouterr().err and not asked
    assert main(["character"]) == 2


# --- bones ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bones():
    return bones_of(make_body(average(0.5)))


def test_bones_hang_together_as_the_canonical_skeleton(bones):
    place = {name: n for n, name in enumerate(bones.names)}
    assert bones.names[:22] == JOINTS
    for joint, parent in zip(JOINTS, PARENTS, strict=True):
        above = bones.parents[place[joint]]
        assert above == (-1 if parent < 0 else place[JOINTS[parent]])
    assert all(parent < n for n, parent in enumerate(bones.parents))
    for name in ("LeftHandThumb1", "RightHandPinky1"):
        assert bones.names[bones.parents[place[name]]] == f"{name.split('Hand')[0]}Hand"
    assert bones.names[bones.parents[place["RightHandIndex3"]]] == "RightHandIndex2"
    assert bones.names[bones.parents[place["Jaw"]]] == "Head"


def test_bones_have_a_length_and_bend_across_it(bones):
    along = bones.tails - bones.heads
    assert np.linalg.norm(along, axis=1).min() > 0.01
    assert np.allclose(np.linalg.norm(bones.bends, axis=1), 1.0, atol=1e-3)
    across = np.linalg.norm(np.cross(bones.bends, along), axis=1) / np.linalg.norm(along, axis=1)
    assert across.min() > 0.5, bones.names[int(across.argmin())]


def test_bones_mirror_each_other(bones):
    place = {name: n for n, name in enumerate(bones.names)}
    for name in bones.names:
        other = place[name.replace("Left", "Right")]
        for each in (bones.heads, bones.tails, bones.bends):
            assert np.allclose(each[other] * (-1.0 if name.startswith("Left") else 1.0, 1.0, 1.0), each[place[name]],
                               atol=1e-4), name


@pytest.mark.parametrize("digit", ["Thumb", "Index", "Middle", "Ring", "Pinky"])
def test_a_positive_turn_closes_the_hand(bones, digit):
    """Turning a digit's first bone about its X axis brings its tip nearer to the middle of the palm."""
    place = {name: n for n, name in enumerate(bones.names)}
    hand, knuckle = bones.heads[place["LeftHand"]], bones.heads[place["LeftHandMiddle1"]]
    first = place[f"LeftHand{digit}1"]
    tip, root, bend = bones.tails[place[f"LeftHand{digit}3"]], bones.heads[first], bones.bends[first]
    along = bones.tails[first] - root
    along /= np.linalg.norm(along)
    up = bend - (bend @ along) * along
    up /= np.linalg.norm(up)
    reach, angle = tip - root, np.radians(60.0)
    flat, high = reach @ along, reach @ up
    rest = reach - flat * along - high * up
    turned = root + rest + (flat * np.cos(angle) - high * np.sin(angle)) * along + (
        flat * np.sin(angle) + high * np.cos(angle)) * up
    palm = (hand + knuckle) / 2.0 + 0.02 * bones.bends[place["LeftHandMiddle1"]]
    assert np.linalg.norm(turned - palm) < np.linalg.norm(tip - palm) - 0.005
