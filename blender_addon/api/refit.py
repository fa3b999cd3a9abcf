# SPDX-License-Identifier: GPL-3.0-or-later
"""Other keys for the same motion."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..motion.requests import KeyOptions, check_options
from ..motion.slices import drain, within

if TYPE_CHECKING:
    import bpy


@dataclass(frozen=True)
class RefitResult:
    """What was made: the new action's name and figures of its keys. files: what was written, if anything."""

    action: str
    rig: str
    figures: dict[str, float]
    seconds: float
    request: KeyOptions
    files: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "actions": [self.action]}


def refit_keys(armature: bpy.types.Object, options: KeyOptions | None = None) -> RefitResult:
    """Give the armature's action other keys: a new action, as sparse as the options say, the old one kept.

    What Galatea made is fitted anew from the motion that it keeps with the action; what a person has edited since, or
    made, from the curves as they are. GalateaError when there is no action.
    """
    return drain(refit_in_slices(armature, options or KeyOptions()))


def refit_in_slices(armature: bpy.types.Object, options: KeyOptions) -> Generator[float, None, RefitResult]:
    """The same in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    from ..scene import refitting, rigs

    check_options(options)
    rigs.check_armature(armature)
    name = armature.name
    tolerance = None if options.keys == "every" else options.tolerance
    action, figures = yield from within(refitting.refit_in_slices(armature, tolerance), 0.0, 1.0)
    return RefitResult(action.name, name, dict(figures), time.perf_counter() - began, options)


def refit_keys_file(rig: str, options: KeyOptions, out: str | Path) -> RefitResult:
    """Open `rig` ("FILE" or "FILE:ARMATURE") in place of what is open, re-fit its keys and write `out`."""
    from ..scene import files

    began = time.perf_counter()
    out = Path(out)
    check_options(options)
    files.check_target(out)
    armature = files.open_rig(rig)
    result = refit_keys(armature, options)
    with files.staged(out) as there:
        files.write_file(there, armature)
    return replace(result, seconds=time.perf_counter() - began, files=(str(out),))
