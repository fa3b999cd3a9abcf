# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows: whether onnxruntime may be loaded beside the Microsoft C++ library that the running program brought along.

A program has one msvcp140.dll, the one it came with. Blender up to 5.0 comes with Visual Studio 2019's (14.29), which
does not know the mutexes of onnxruntime 1.21 and later: loading fails with "DLL initialization routine failed", or the
first lock reads address 0 and the program is gone. So it is asked before the import.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from functools import cache
from pathlib import Path

FIRST_OF_ITS_KIND = (1, 21)  # onnxruntime built for the newer library
ENOUGH = (14, 40)  # 14.26, 14.32 and 14.34 fail, 14.40 and 14.44 do


def library_problem(onnxruntime: str) -> str:
    """Say why onnxruntime of this version ("1.31.1") must not be imported here; empty where it may be."""
    if sys.platform != "win32" or _numbers(onnxruntime) < FIRST_OF_ITS_KIND:
        return ""
    there = loaded_library()
    if there is None or there >= ENOUGH:
        return ""
    return f"this program runs on Microsoft's C++ library {there[0]}.{there[1]}, and it needs {ENOUGH[0]}.{ENOUGH[1]}"


@cache
def loaded_library() -> tuple[int, int] | None:
    """The version of the msvcp140.dll that this process has loaded; None when it has none, or it cannot be read."""
    kernel = ctypes.WinDLL("kernel32")
    kernel.GetModuleHandleW.restype = ctypes.c_void_p
    kernel.GetModuleFileNameW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32]
    module = kernel.GetModuleHandleW("msvcp140.dll")
    path = ctypes.create_unicode_buffer(32768)
    if not module or not kernel.GetModuleFileNameW(module, path, len(path)):
        return None
    try:
        return file_version(Path(path.value).read_bytes())
    except OSError:
        return None


def file_version(library: bytes) -> tuple[int, int] | None:
    """The first two numbers of the version written in a Windows library (its VS_FIXEDFILEINFO); None without one."""
    start = library.find(struct.pack("<II", 0xFEEF04BD, 0x00010000))
    if start < 0 or start + 12 > len(library):
        return None
    (both,) = struct.unpack_from("<I", library, start + 8)
    return both >> 16, both & 0xFFFF


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
