# SPDX-License-Identifier: GPL-3.0-or-later
"""FBX, glTF and .blend clips as BVH: Blender reads them, in a process of its own, through `galatea clip`.

Training stays free of bpy; it only needs a Python with the bpy module beside it, and without one says so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blender_addon.home import ROOT

ENDINGS = (".fbx", ".glb", ".gltf", ".blend")
_TOGETHER = 100  # files a process: Windows takes 32,000 characters of arguments


@dataclass(frozen=True)
class Converted:
    """A clip of a file, as BVH on the canonical skeleton. The rest is what `galatea clip` says of its source."""

    bvh: Path
    name: str
    skeleton: str
    missing: tuple[str, ...]
    rest: str
    error_own: float
    error_standard: float


def convert(files: Sequence[Path], folder: Path) -> dict[Path, list[Converted] | str]:
    """The clips of each file, written into `folder`; for a file that cannot be read the reason, in one line."""
    if files and importlib.util.find_spec("bpy") is None:
        return dict.fromkeys(files, f"{files[0].suffix.lower()} files are read by Blender, and this Python has no bpy "
                             "module: `pip install bpy==5.0.1`, or make BVH of them in Blender with "
                             "`blender --command galatea clip FILES --out FOLDER`")
    found: dict[Path, list[Converted] | str] = {}
    for first in range(0, len(files), _TOGETHER):
        some = files[first:first + _TOGETHER]
        there = folder / f"{first}"
        told = _run(some, there)
        if told is None and len(some) > 1:  # Blender itself broke off: find the file at which it does
            for number, file in enumerate(some):
                found |= _read(file, _run([file], folder / f"{first}-{number}"))
        else:
            for file in some:
                found |= _read(file, told)
    return found


def _run(files: Sequence[Path], folder: Path) -> dict | str | None:
    """What `galatea clip` reports, or the one line it failed with; None where it did not come to an end."""
    folder.mkdir(parents=True)
    report = folder / "clips.json"
    command = [sys.executable, "-m", "blender_addon.cli", "clip", *(str(file.resolve()) for file in files), "--out",
               str(folder.resolve()), "--json", str(report.resolve()), "--quiet"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
                          text=True, check=False)
    if report.is_file():
        return json.loads(report.read_text(encoding="utf-8"))
    lines = [line for line in done.stderr.splitlines() if line.startswith("galatea: ")]
    return lines[-1].removeprefix("galatea: ") if lines else None


def _read(file: Path, told: dict | str | None) -> dict[Path, list[Converted] | str]:
    if told is None:
        return {file: "Blender broke off while it read this file; open it in Blender and export it again"}
    if isinstance(told, str):
        return {file: told}
    source = str(file.resolve())
    why = [problem["why"] for problem in told["problems"] if problem["source"] == source]
    why = [reason.replace(source, file.name) for reason in why]
    made = [clip for clip in told["clips"] if clip["source"] == source]
    return {file: why[0] if why else [
        Converted(Path(clip["file"]), clip["name"], clip["skeleton"], tuple(clip["missing"]), clip["rest"],
                  clip["error_own_cm"], clip["error_standard_cm"]) for clip in made]}
