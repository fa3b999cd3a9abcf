# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed extension in a real Blender, from its command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gltf_validator
import numpy as np
import pytest

from blender_addon.motion.bvh import read_bvh

_RIG = """
import bpy
bpy.ops.preferences.addon_enable(module="rigify")
bpy.ops.wm.read_homefile(use_empty=True)
bpy.ops.object.armature_human_metarig_add()
bpy.ops.wm.save_as_mainfile(filepath={path!r})
"""

_LOOK = """
import bpy, json
from bl_ext.user_default.galatea.blender_addon import api, home
home.user_folder()
print("SEEN" + json.dumps({"extension": home.extension(), "folder": str(home.user_folder()), "api": api.__name__}))
"""


@pytest.fixture(scope="module")
def rig(blender, tmp_path_factory) -> Path:
    """A Rigify human meta-rig, saved by the very Blender that will open it."""
    path = tmp_path_factory.mktemp("rig") / "human.blend"
    blender.python(_RIG.format(path=str(path)))
    assert path.is_file()
    return path


def motion(rig: Path, folder: Path) -> list[str]:
    options = ["--action", "walk", "--seconds", "2", "--seed", "7", "--device", "cpu"]
    outputs = ["--clip", str(folder / "take.bvh"), "--out", str(folder / "walk.glb")]
    return ["motion", "--rig", str(rig), *options, *outputs]


@pytest.mark.parametrize("start", [[], ["--factory-startup", "--addons", "bl_ext.user_default.galatea"]])
def test_it_registers_as_the_extension_it_is(blender, start):
    """From the user's preferences, and without any, as a render farm starts it."""
    done = blender.run("-b", *start, "--python-exit-code", "1", "--python-expr", _LOOK)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.partition("SEEN")[2].splitlines()[0])
    assert seen["extension"] == "bl_ext.user_default.galatea"
    assert seen["api"] == "bl_ext.user_default.galatea.blender_addon.api"
    assert Path(seen["folder"]).is_relative_to(blender.resources)


def test_help_and_exit_statuses_pass_through(blender):
    done = blender.run("--command", "galatea", "--help")
    assert done.returncode == 0 and "motion" in done.stdout
    assert blender.run("--command", "galatea", "no-such-verb").returncode == 2


@pytest.mark.parametrize("verb", [["doctor"], ["packs", "verify"]])
def test_doctor_and_packs(blender, verb):
    done = blender.run("--command", "galatea", *verb)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_motion_is_the_one_that_the_virtual_environment_makes(blender, rig, tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    done = blender.run("--command", "galatea", *motion(rig, inside))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert gltf_validator.errors(inside / "walk.glb") == []

    galatea = os.path.join(os.path.dirname(sys.executable), "galatea")
    subprocess.run([galatea, *motion(rig, outside)], check=True, capture_output=True)
    one, other = read_bvh(inside / "take.bvh"), read_bvh(outside / "take.bvh")
    np.testing.assert_allclose(one.rotations, other.rotations, atol=1e-4)
    np.testing.assert_allclose(one.positions, other.positions, atol=1e-4)


def test_a_take_is_retargeted_onto_another_rig(blender, rig, tmp_path):
    """Whose bones are shown, and whose keys are fitted again."""
    done = blender.run("--command", "galatea", *motion(rig, tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    verbs = (
        ["rig", "--rig", str(rig), "--save-map", str(tmp_path / "map.toml")],
        ["retarget", "--clip", str(tmp_path / "take.bvh"), "--rig", str(rig), "--map", str(tmp_path / "map.toml"),
         "--out", str(tmp_path / "take.blend"), "--json", str(tmp_path / "made.json")],
        ["feet", "--rig", str(tmp_path / "take.blend"), "--out", str(tmp_path / "take.blend")],
        ["keys", "--rig", str(tmp_path / "take.blend"), "--tolerance", "10", "--out", str(tmp_path / "take.fbx")],
    )
    for verb in verbs:
        done = blender.run("--command", "galatea", *verb)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout + done.stderr
    made = json.loads((tmp_path / "made.json").read_text())
    assert made["actions"] == ["take"] and made["figures"]["key_error_mm"] <= 2.0
    assert (tmp_path / "take.fbx").stat().st_size > 10_000


def test_an_unknown_action_is_one_line(blender, rig, tmp_path):
    options = ["--rig", str(rig), "--action", "levitate", "--out", str(tmp_path / "x.glb")]
    done = blender.run("--command", "galatea", "motion", *options)
    assert done.returncode == 1
    assert "levitate" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "x.glb").exists()
