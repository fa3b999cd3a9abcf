# SPDX-License-Identifier: GPL-3.0-or-later
"""On Windows, an onnxruntime that would crash the program is not imported; nothing of this asks Windows itself."""

import struct
import sys

import pytest

from blender_addon.errors import DeviceError
from blender_addon.inference import devices, windows_library
from blender_addon.inference.windows_library import file_version, library_problem


def made_library(major: int, minor: int) -> bytes:
    """The part of a library that says its version, among other bytes."""
    fixed = struct.pack("<6I", 0xFEEF04BD, 0x00010000, major << 16 | minor, 30133 << 16, major << 16 | minor, 0)
    return b"MZ" + bytes(1000) + struct.pack("<I", 0xFEEF04BD) + bytes(50) + fixed + bytes(100)


@pytest.fixture
def on_windows(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    there = {"version": None}
    monkeypatch.setattr(windows_library, "loaded_library", lambda: there["version"])
    return lambda *version: there.update(version=version or None)


def test_the_version_in_a_library():
    assert file_version(made_library(14, 29)) == (14, 29)
    assert file_version(b"MZ" + bytes(1000)) is None
    assert file_version(made_library(14, 29)[:1064]) is None


@pytest.mark.parametrize(
    ("library", "onnxruntime", "fits"),
    [
        ((14, 29), "1.20.1", True),  # Blender 4.2 to 5.0 with what our zip brings
        ((14, 29), "1.31.1", False),
        ((14, 34), "1.21.0", False),
        ((14, 40), "1.31.1", True),
        ((14, 44), "1.31.1", True),  # Blender 5.1 and later
        ((), "1.31.1", True),  # a Python of one's own: what Windows has is taken
    ],
)
def test_which_goes_with_which(on_windows, library, onnxruntime, fits):
    on_windows(*library)
    assert (library_problem(onnxruntime) == "") == fits


def test_elsewhere_it_is_no_matter():
    if sys.platform != "win32":
        assert library_problem("1.31.1") == ""


def test_what_does_not_fit_is_said_and_not_imported(on_windows, monkeypatch):
    on_windows(14, 29)
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.31.1")
    with pytest.raises(DeviceError) as error:
        devices.import_runtime()
    told = str(error.value)
    assert told.startswith("onnxruntime 1.31.1 is not loaded: this program runs on Microsoft's C++ library 14.29")
    assert "onnxruntime" not in sys.modules and "\n" not in told
