# SPDX-License-Identifier: GPL-3.0-or-later
"""What the project says about itself in several places is the same in all of them."""

import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def manifest() -> dict:
    return tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_one_version(manifest, project):
    newest = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert manifest["version"] == project["version"] == newest[1]


def test_one_licence_for_the_code_and_one_for_the_models(manifest, project):
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later", "SPDX:CC0-1.0"]
    assert project["license"] == "GPL-3.0-or-later"
    packs = [tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "models").glob("*/pack.toml")]
    assert {pack["licence"] for pack in packs} <= {"CC0-1.0"}
    assert "Version 3, 29 June 2007" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_platform_s_rules_for_texts(manifest):
    assert len(manifest["tagline"]) <= 64
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert len(text) <= 64 and text[-1].isalnum(), text


def test_no_network_and_no_wheels_in_git(manifest):
    """The wheels are listed in the copy that `make extension` builds, one for each platform."""
    assert set(manifest["permissions"]) == {"files"}
    assert "wheels" not in manifest


def test_every_dependency_is_pinned(project):
    requirements = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    assert not [line for line in requirements if not re.match(r"[\w.-]+==[\w.]+( *;|$)", line)]


def test_the_npm_lock_names_no_registry():
    lock = json.loads((ROOT / "tests/gltf/package-lock.json").read_text(encoding="utf-8"))
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert packages and all("integrity" in entry and "resolved" not in entry for entry in packages)
