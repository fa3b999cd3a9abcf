# SPDX-License-Identifier: GPL-3.0-or-later
"""The user folder outside Blender."""

import sys
import tomllib

import pytest

from blender_addon import home
from blender_addon.errors import GalateaError


def test_version_is_the_manifest_s(root):
    assert home.version() == tomllib.loads((root / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]


def test_no_extension_in_a_virtual_environment():
    assert home.extension() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_DATA_HOME is Linux's")
def test_user_folder_is_made_in_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert home.user_folder() == tmp_path / "data" / "galatea"
    assert home.user_folder().is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_DATA_HOME is Linux's")
def test_a_user_folder_that_cannot_be_made_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "data").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with pytest.raises(GalateaError, match=r"^Galatea's user folder cannot be made: .*writable$"):
        home.user_folder()
