# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Blender with the built extension in it: $BLENDER, else `blender` on the PATH, else all is skipped."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Blender:
    """One Blender program with settings of its own."""

    program: str
    resources: Path

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
        """Run it to its end; its output is text, its exit status is the caller's to judge."""
        command = [self.program, *arguments]
        return subprocess.run(command, env=self.environment(), cwd=cwd, capture_output=True, text=True, check=False)

    def environment(self) -> dict[str, str]:
        """The variables to start it with."""
        # Only the Blender is wanted: what make's virtual environment exports would lead its own Python astray.
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
        return kept | {"BLENDER_USER_RESOURCES": str(self.resources)}

    def python(self, code: str, cwd: Path | None = None) -> str:
        """Run Python in it without a window and return what it printed."""
        done = self.run("-b", "--python-exit-code", "1", "--python-expr", code, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def bare_blender(tmp_path_factory: pytest.TempPathFactory) -> Blender:
    """A Blender as it comes."""
    named = os.environ.get("BLENDER", "")
    program = shutil.which(named or "blender")
    if program is None:
        why = f"BLENDER={named} is no program" if named else "no `blender` on the PATH"
        pytest.skip(f"{why}: nothing was tried in a real Blender (make window-test BLENDER=/path/to/blender)")
    # A Blender whose settings folder does not exist silently reads the home folder's.
    return Blender(program, tmp_path_factory.mktemp("blender"))


@pytest.fixture(scope="session")
def archive(root: Path, bare_blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The extension's zip, built for that Blender's Python."""
    told = bare_blender.python("import sys; print('TAG', 'cp%d%d' % sys.version_info[:2])")
    tag = told.partition("TAG ")[2].split()[0]
    tool = str(root / "tools/build_extension.py")
    dist = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, tool, "--pythons", tag, "--output", str(dist)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


@pytest.fixture(scope="session")
def blender(bare_blender: Blender, archive: str) -> Blender:
    """A Blender with the extension installed."""
    done = bare_blender.run("--command", "extension", "install-file", "-r", "user_default", "-e", archive)
    assert done.returncode == 0, done.stdout + done.stderr
    return bare_blender
