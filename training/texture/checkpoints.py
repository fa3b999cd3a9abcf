# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training run of textures leaves on disk, so that it can go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blender_addon.errors import GalateaError

from .. import runs

if TYPE_CHECKING:
    from .train import Run

COLUMNS = ("step", "judging", "apart", "steep", "fooling", "like", "patches", "seen_like", "information", "kind",
           "seconds")
_PARTS = ("networks", "averaged", "critic", "making", "judging")


def save(run: Run, path: Path, about: dict) -> None:
    """Write a checkpoint, in place of the last one only once it is whole."""
    runs.write(path, {**{name: getattr(run, name).state_dict() for name in _PARTS}, "step": run.step,
                      "seconds": run.seconds, "pictures": run.pictures, "shape": run.networks.shape.as_dict(),
                      "classes": about["classes"]})


def resume(run: Run, path: Path, about: dict) -> None:
    """Take up a checkpoint where there is one; GalateaError when it is of another training."""
    if not path.is_file():
        return
    saved = read(path)
    if saved["shape"] != run.networks.shape.as_dict() or saved["classes"] != about["classes"]:
        raise GalateaError(f"{path}: was trained with other sizes or classes; use another --run folder")
    for name in _PARTS:
        getattr(run, name).load_state_dict(saved[name])
    run.step, run.seconds, run.pictures = saved["step"], saved["seconds"], saved["pictures"]


def read(path: Path) -> dict:
    """What a checkpoint holds; GalateaError when it cannot be read."""
    return runs.read(path, otherwise="train one with `python -m training train texture-generator`")
