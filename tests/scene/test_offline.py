# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea motion` tries no connection and writes nothing but what was named: traced down to the system's calls."""

import json
import os
import subprocess
import sys
from pathlib import Path

import bpy
import made_rigs
import pytest
import traced_runs

# bpy 4.2, the module, frees panels (glTF export's are enough) after Python has ended, and crashes.
ENDS = (0, -11) if bpy.app.version < (4, 3) else (0,)
GALATEA = [sys.executable, "-c", "from blender_addon import cli; raise SystemExit(cli.main())"]
_AUDITED = """
from blender_addon import cli
status = cli.main(sys.argv[1:])
import json
print("NOTED" + json.dumps(noted))
raise SystemExit(status)
"""


@pytest.fixture
def place(tmp_path, empty_scene, root) -> Path:
    """A folder with a rig, and one each for all that a program could take for its own: home, settings, data, temp."""
    made_rigs.human()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "rig.blend"))
    for name in ("home", "data", "blender", "temp", "out"):
        (tmp_path / name).mkdir()
    return tmp_path


def environment(place: Path, root: Path) -> dict[str, str]:
    """Nothing of this process's own but where programs are; no bytecode beside the sources."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    folders = {"HOME": "home", "USERPROFILE": "home", "XDG_DATA_HOME": "data", "LOCALAPPDATA": "data",
               "BLENDER_USER_RESOURCES": "blender", "TMPDIR": "temp", "TEMP": "temp"}
    return kept | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"} | {
        name: str(place / folder) for name, folder in folders.items()
    }


def motion(place: Path) -> list[str]:
    out = place / "out"
    files = ["--out", str(out / "walk.glb"), "--clip", str(out / "walk.bvh"), "--json", str(out / "walk.json")]
    return ["motion", "--rig", str(place / "rig.blend"), "--action", "walk", "--seconds", "1", *files]


def may_write(place: Path) -> list[Path]:
    """The user folder and the files named, with the unfinished ones beside them; what Blender itself needs to start."""
    blenders = [place / "temp", place / "blender", place / "home/.cache/thumbnails"]
    return [place / "data/galatea", place / "out", *blenders]


def check_left(place: Path) -> None:
    """What is there afterwards: the files named, and no other in any folder."""
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert files == {"rig.blend", "out/walk.glb", "out/walk.bvh", "out/walk.json"}


@pytest.mark.skipif(bool(traced_runs.why_not()), reason=traced_runs.why_not())
def test_motion_without_a_network_as_the_system_sees_it(place, root):
    run = traced_runs.run([*GALATEA, *motion(place)], place, environment(place, root))
    assert run.status in ENDS, run.output
    assert run.connections == ()
    assert set(run.written_outside(*may_write(place))) <= {place / "home/.cache"}
    assert place / "out/walk.json" in run.written
    check_left(place)


def test_motion_as_python_sees_it(place, root):
    command = [sys.executable, "-c", traced_runs.AUDIT + _AUDITED, *motion(place)]
    done = subprocess.run(command, cwd=place, env=environment(place, root), capture_output=True, text=True,
                          timeout=300)
    assert done.returncode in ENDS, done.stderr
    noted = json.loads(done.stdout.partition("NOTED")[2])
    assert noted["connections"] == []
    written = [Path(path) for path in noted["written"]]
    run = traced_runs.Run(0, "", (), tuple(written))
    assert run.written_outside(*may_write(place), Path(os.devnull)) == []
    check_left(place)


_STRAY = """
import os, socket, sys
for kind, address in ((socket.SOCK_STREAM, ("192.0.2.1", 80)), (socket.SOCK_DGRAM, ("192.0.2.2", 53))):
    one = socket.socket(socket.AF_INET, kind)
    one.settimeout(1)
    try:
        one.connect(address)
    except OSError:
        pass
folder = os.open(sys.argv[1], os.O_RDONLY)
os.mkdir("made", dir_fd=folder)
os.rename("made", "moved", src_dir_fd=folder, dst_dir_fd=folder)
open("relative.txt", "w").close()
open(os.path.join(sys.argv[1], "named.txt"), "a").close()
open(sys.executable).close()
"""


@pytest.mark.skipif(bool(traced_runs.why_not()), reason=traced_runs.why_not())
def test_the_trace_misses_nothing(tmp_path):
    """A program that does what Galatea must not do is found out, call by call."""
    there, cwd = tmp_path / "there", tmp_path / "cwd"
    there.mkdir()
    cwd.mkdir()
    run = traced_runs.run([sys.executable, "-c", _STRAY, there], cwd, dict(os.environ))
    assert run.status == 0, run.output
    assert "192.0.2.1" in run.connections[0] and "192.0.2.2" in run.connections[1]
    wanted = {there / "made", there / "moved", there / "named.txt", cwd / "relative.txt"}
    assert set(run.written_outside()) == wanted
    assert set(run.written_outside(cwd, there / "made")) == {there / "moved", there / "named.txt"}
