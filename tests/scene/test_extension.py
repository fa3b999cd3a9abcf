# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip that `make extension` builds, in the Blender that the bpy module is."""

import json
import subprocess
import sys
import zipfile

import pytest

from tools.build_extension import blender_tool

_INSTALL = """
import json, os, sys
import bpy

bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
package = "bl_ext.user_default.galatea"
from bl_ext.user_default.galatea.blender_addon import api, home
local = bpy.utils.user_resource("EXTENSIONS", path=".local")
seen = {
    "enabled": package in bpy.context.preferences.addons,
    "extension": home.extension(),
    "version": home.version(),
    "user_folder": str(home.user_folder()),
    "wheel": [name for _, names, _ in os.walk(local) for name in names if name.startswith("onnxruntime-")],
    "sub": api.__name__,
}
bpy.ops.extensions.package_uninstall(repo_index=1, pkg_id="galatea")
seen["after"] = package in bpy.context.preferences.addons
print("SEEN" + json.dumps(seen))
"""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archive(root, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("dist")
    tool = str(root / "tools/build_extension.py")
    return run(sys.executable, tool, "--pythons", "cp311", "--output", str(folder)).strip()


def test_the_root_as_it_is_packs_the_same_files(root, archive, tmp_path):
    """What the manifest leaves out and what `make extension` takes in are one and the same."""
    plain = tmp_path / "plain.zip"
    blender_tool("build", "--source-dir", str(root), "--output-filepath", str(plain))
    built = {name for name in zipfile.ZipFile(archive).namelist() if not name.startswith("wheels/")}
    assert set(zipfile.ZipFile(plain).namelist()) == built
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "blender_addon/home.py"} <= built


def test_numpy_is_never_brought_along(archive):
    """Blender has its own; another one breaks other add-ons."""
    wheels = [name for name in zipfile.ZipFile(archive).namelist() if name.startswith("wheels/")]
    assert len(wheels) == 1 and wheels[0].startswith("wheels/onnxruntime-")


def test_it_installs_into_bpy_and_leaves_again(archive, tmp_path):
    seen = json.loads(run(sys.executable, "-c", _INSTALL, archive).partition("SEEN")[2])
    assert seen["enabled"] and not seen["after"]
    assert seen["extension"] == "bl_ext.user_default.galatea"
    assert seen["sub"] == "bl_ext.user_default.galatea.blender_addon.api"
    assert seen["user_folder"].endswith("user_default/galatea")
    assert seen["wheel"]
