# SPDX-License-Identifier: GPL-3.0-or-later
"""The zips that `make extension` builds, in the Blender that the bpy module is."""

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tools import build_extension
from tools.build_extension import FLAVOURS, Flavour

PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"

_INSTALL = """
import json, os, sys
import bpy

package = "bl_ext.user_default.galatea"
seen = {}
for which, archive in zip(("first", "second"), sys.argv[1:]):
    bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
    from bl_ext.user_default.galatea.blender_addon import api, home
    home.version.cache_clear()
    local = bpy.utils.user_resource("EXTENSIONS", path=".local")
    seen[which] = {
        "enabled": package in bpy.context.preferences.addons,
        "extension": home.extension(),
        "version": home.version(),
        "user_folder": str(home.user_folder()),
        "wheels": [name for _, names, _ in os.walk(local) for name in names if name.startswith("onnxruntime")],
        "sub": api.__name__,
    }
seen["there"] = os.listdir(bpy.utils.user_resource("EXTENSIONS", path="user_default"))
bpy.ops.extensions.package_uninstall(repo_index=1, pkg_id="galatea")
seen["after"] = package in bpy.context.preferences.addons
print("SEEN" + json.dumps(seen), flush=True)
sys.stderr.flush()
os._exit(0)  # bpy 4.2 frees panels after Python has ended, and crashes
"""

# What a wheel would need beside numpy is made impossible to import.
_ALONE = """
import sys
import numpy
sys.path.insert(0, sys.argv[1])
for name in ("flatbuffers", "google", "google.protobuf", "packaging", "sympy", "coloredlogs", "onnx"):
    sys.modules[name] = None
sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry]
sys.path.insert(0, sys.argv[2])
from blender_addon.inference import devices, doctor, sessions
session, told = sessions.start(doctor.doubling_graph(), "", "cpu")
assert session.run(None, {"x": numpy.array([21.0], numpy.float32)})[0] == 42.0
print(devices.import_runtime().__file__, devices.why_not("webgpu"))
"""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def manifest_of(archive: Path) -> dict:
    return tomllib.loads(zipfile.ZipFile(archive).read("blender_manifest.toml").decode())


@pytest.fixture(scope="module")
def archive(root, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    tool = str(root / "tools/build_extension.py")
    return Path(run(sys.executable, tool, "--pythons", PYTHON, "--output", str(folder)).strip())


def test_the_root_as_it_is_packs_the_same_files(root, archive, tmp_path):
    """What the manifest leaves out and what `make extension` takes in are one and the same."""
    plain = tmp_path / "plain.zip"
    build_extension.blender_tool("build", "--source-dir", str(root), "--output-filepath", str(plain))
    built = {name for name in zipfile.ZipFile(archive).namelist() if not name.startswith("wheels/")}
    assert set(zipfile.ZipFile(plain).namelist()) == built
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "blender_addon/home.py"} <= built
    assert {name.split("/")[0] for name in built} <= {*build_extension.SHIPPED, "blender_manifest.toml"}


def test_the_wheels_are_onnxruntime_s_and_no_others(archive):
    """numpy is Blender's own; another one breaks other add-ons."""
    inside = sorted(name for name in zipfile.ZipFile(archive).namelist() if name.startswith("wheels/"))
    assert [name.split("-")[0] for name in inside] == ["wheels/onnxruntime", "wheels/onnxruntime_ep_webgpu"]
    manifest = manifest_of(archive)
    assert sorted(manifest["wheels"]) == [f"./{name}" for name in inside]
    assert manifest["platforms"] == [build_extension.this_platform()]


def test_its_wheels_and_numpy_are_all_that_running_a_model_takes(root, archive, tmp_path):
    with zipfile.ZipFile(archive) as outer:
        for name in outer.namelist():
            if name.endswith(".whl"):
                with outer.open(name) as wheel, zipfile.ZipFile(wheel) as inner:
                    inner.extractall(tmp_path)
    told = run(sys.executable, "-c", _ALONE, str(root), str(tmp_path))
    assert told.startswith(str(tmp_path)) and "not in this onnxruntime" not in told


def test_a_flavour_is_the_same_extension_with_its_name_in_the_version(root):
    """One replaces the other, and Blender's list of add-ons shows which is there."""
    text = (root / "blender_manifest.toml").read_text(encoding="utf-8")
    plain, cuda = (
        tomllib.loads(build_extension.filled_in(text, "windows-x64", FLAVOURS[name], ["some.whl"]))
        for name in ("cpu", "cuda")
    )
    assert cuda["version"] == f"{plain['version']}+cuda"
    assert plain | {"version": cuda["version"]} == cuda
    assert plain["id"] == "galatea" and plain["wheels"] == ["./wheels/some.whl"]


def test_it_installs_into_bpy_is_replaced_and_leaves_again(archive, tmp_path):
    """The second is a flavour by name alone: the wheels of the real one are 256 MB each."""
    target = build_extension.this_platform()
    other = build_extension.build(target, [PYTHON], tmp_path, Flavour("made", ("onnxruntime",)))
    assert other.name == f"{archive.stem}-made.zip"
    seen = json.loads(run(sys.executable, "-c", _INSTALL, str(archive), str(other)).partition("SEEN")[2])
    version = manifest_of(archive)["version"]
    for which, told in (("first", version), ("second", f"{version}+made")):
        assert seen[which]["enabled"] and seen[which]["wheels"]
        assert seen[which]["version"] == told
        assert seen[which]["extension"] == "bl_ext.user_default.galatea"
        assert seen[which]["sub"] == "bl_ext.user_default.galatea.blender_addon.api"
        assert seen[which]["user_folder"].endswith("user_default/galatea")
    assert [name for name in seen["there"] if "galatea" in name] == ["galatea"]
    assert not seen["after"]


def test_a_tag_that_the_platform_does_not_know_is_refused(root, tmp_path):
    text = (root / "blender_manifest.toml").read_text(encoding="utf-8")
    (tmp_path / "__init__.py").touch()
    (tmp_path / "blender_manifest.toml").write_text(text.replace('"Rigging"', '"Puppetry"'), encoding="utf-8")
    with pytest.raises(build_extension.BuildError, match="Puppetry"):
        build_extension.blender_tool("validate", str(tmp_path))
