# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps as small TOML files that people can read, mend and share.

    format = 1
    rig = "Armature"

    [bones]
    Hips = "pelvis"
    LeftToe = ""      # a joint that shall have no bone

Joints that a file does not name are found as if there were no file.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from ..errors import RigError
from ..motion.skeleton import JOINTS
from .bone_map import BoneMap

_FORMAT = 1
_HEAD = """\
# Which bone of a rig moves which joint of the body, for Galatea.
# Change what is wrong: the name of a bone, or "" for a joint that shall have none.
# Joints whose line is left out are found by Galatea.
"""


def write_map(path: str | Path, bone_map: BoneMap, rig_name: str) -> None:
    """Write a map, each joint with the reason for its bone; RigError when the file cannot be written."""
    lines = [_HEAD, f"format = {_FORMAT}", f"rig = {_quoted(rig_name)}", "", "[bones]"]
    for joint in JOINTS:
        match = bone_map.matches.get(joint)
        line = f"{joint} = {_quoted(match.bone if match else '')}"
        lines.append(f"{line}  # {match.confidence:.2f}, {match.reason}" if match else line)
    try:
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise RigError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from error


def read_map(path: str | Path) -> dict[str, str]:
    """Joint -> bone, "" for none, as `map_bones` takes corrections; RigError with one line for anything else."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RigError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise RigError(f"{path}: is not text; a bone map is a small TOML file") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RigError(f"{path}: is not TOML: {error}") from error
    if data.get("format") != _FORMAT:
        raise RigError(f"{path}: is no bone map that this Galatea knows; it should say `format = {_FORMAT}`")
    bones = data.get("bones")
    if not isinstance(bones, dict):
        raise RigError(f"{path}: has no table [bones]; put the lines `joint = \"bone\"` below one")
    for joint, bone in bones.items():
        if joint not in JOINTS:
            raise RigError(f"{path}: {joint!r} is no joint; the joints are {', '.join(JOINTS)}")
        if not isinstance(bone, str):
            raise RigError(f"{path}: {joint} should be the name of a bone in quotes, or \"\" for none")
    return dict(bones)


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for the one control character that JSON lets pass."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
