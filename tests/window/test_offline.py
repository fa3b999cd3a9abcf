# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed extension in a real Blender: no connection, no file but those named and its own user folder."""

import json
from pathlib import Path

import pytest
import traced_runs

_RIG = """
import bpy
from bl_ext.user_default.galatea.blender_addon.scene import armatures
bpy.ops.wm.read_homefile(use_empty=True)
armatures.add_human()
bpy.ops.wm.save_as_mainfile(filepath={path!r})
"""

_AUDITED = """
from bl_ext.user_default.galatea.blender_addon import cli
status = cli.main({arguments!r})
import json
print("NOTED" + json.dumps(noted))
sys.exit(status)
"""


@pytest.fixture
def place(blender, tmp_path) -> Path:
    """A folder with a rig that this Blender saved."""
    for name in ("home", "temp", "out"):
        (tmp_path / name).mkdir()
    blender.python(_RIG.format(path=str(tmp_path / "rig.blend")))
    return tmp_path


def motion(place: Path) -> list[str]:
    out = place / "out"
    files = ["--out", str(out / "walk.glb"), "--clip", str(out / "walk.bvh"), "--json", str(out / "walk.json")]
    return ["motion", "--rig", str(place / "rig.blend"), "--action", "walk", "--seconds", "1", *files]


def strangers(blender, place: Path, run: traced_runs.Run) -> list[Path]:
    """What was written that Galatea may not write, and that is not Blender's and its Python's own affair."""
    user_folder = blender.resources / "extensions/.user/user_default/galatea"
    outside = run.written_outside(user_folder, place / "out", place / "temp", place / "home/.cache/thumbnails")
    extensions = blender.resources / "extensions"
    bytecode = [path for path in outside if "__pycache__" in path.parts and path.is_relative_to(extensions)]
    parents = [*user_folder.parents, place / "home/.cache"]
    return [path for path in outside if path not in bytecode and path not in parents]


def check_left(place: Path) -> None:
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert files == {"rig.blend", "out/walk.glb", "out/walk.bvh", "out/walk.json"}


@pytest.mark.skipif(bool(traced_runs.why_not()), reason=traced_runs.why_not())
def test_motion_without_a_network_as_the_system_sees_it(blender, place):
    environment = blender.environment() | {"HOME": str(place / "home"), "TMPDIR": str(place / "temp")}
    command = [blender.program, "--command", "galatea", *motion(place)]
    run = traced_runs.run(command, place, environment, program="blender")
    assert run.status == 0, run.output
    assert run.connections == ()
    assert strangers(blender, place, run) == []
    assert place / "out/walk.json" in run.written
    check_left(place)


def test_motion_as_python_sees_it(blender, place):
    told = blender.python(traced_runs.AUDIT + _AUDITED.format(arguments=motion(place)), cwd=place)
    noted = json.loads(told.partition("NOTED")[2].splitlines()[0])
    assert noted["connections"] == []
    run = traced_runs.Run(0, told, (), tuple(Path(path) for path in noted["written"]))
    assert [path for path in strangers(blender, place, run) if path.name != "nul"] == []
    check_left(place)
