# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test stands on: no test reads or writes the settings of whoever runs it."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Before anything imports bpy, and handed down to the processes that tests start. The folders must exist: Blender
# silently passes over one that does not and reads the home folder instead.
_HOME = Path(tempfile.mkdtemp(prefix="galatea-tests-"))
for _variable, _name in (("BLENDER_USER_RESOURCES", "blender"), ("XDG_DATA_HOME", "data")):
    (_HOME / _name).mkdir()
    os.environ[_variable] = str(_HOME / _name)


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's folder."""
    return ROOT
