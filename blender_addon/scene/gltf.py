# SPDX-License-Identifier: GPL-3.0-or-later
"""The one thing about a glTF file that Blender's exporter does not let one choose: which animation comes first."""

from __future__ import annotations

import json
import struct
from pathlib import Path

_JSON = 0x4E4F534A


def put_animation_first(path: Path, name: str) -> None:
    """Make the animation `name` the first of a .gltf or .glb file, the one that players start with."""
    if path.suffix.lower() == ".gltf":
        content = json.loads(path.read_text(encoding="utf-8"))
        if _sort(content, name):
            path.write_text(json.dumps(content, ensure_ascii=False, indent="\t"), encoding="utf-8")
        return
    data = path.read_bytes()
    magic, version, _, length, kind = struct.unpack_from("<4sIIII", data)
    content = json.loads(data[20 : 20 + length]) if magic == b"glTF" and kind == _JSON else {}
    if not _sort(content, name):
        return
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)  # chunks end on a multiple of four bytes
    rest = data[20 + length :]
    head = struct.pack("<4sIIII", magic, version, 20 + len(text) + len(rest), len(text), kind)
    path.write_bytes(head + text + rest)


def _sort(content: dict, name: str) -> bool:
    """Move the animation `name` to the front; False where it is not there or there already."""
    animations = content.get("animations", [])
    if not animations or animations[0].get("name") == name:
        return False
    animations.sort(key=lambda animation: animation.get("name") != name)
    return True
