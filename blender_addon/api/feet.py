# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand where they stand, on any action."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..motion.requests import FeetRequest, check_options
from ..motion.slices import drain, within

if TYPE_CHECKING:
    import bpy


@dataclass(frozen=True)
class FeetResult:
    """What was made: the new action's name, the bones that got new keys, figures before and after, notes."""

    action: str
    rig: str
    family: str
    bones: tuple[str, ...]
    figures: dict[str, float]
    notes: tuple[str, ...]
    seconds: float
    frames: int
    request: FeetRequest
    files: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "actions": [self.action]}


def lock_feet(armature: bpy.types.Object, request: FeetRequest | None = None) -> FeetResult:
    """Let the feet of a rig stand still while they stand: a new action with other keys on the legs and the hips.

    All other curves are copied as they are, and the old action is kept. GalateaError with one line when the rig has no
    action or is not understood; nothing has changed then.
    """
    return drain(lock_feet_in_slices(armature, request or FeetRequest()))


def lock_feet_in_slices(armature: bpy.types.Object, request: FeetRequest) -> Generator[float, None, FeetResult]:
    """The same in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    from ..scene import applying, keys, locking
    from ..scene.holding import held

    check_options(request)
    rig = applying.read_rig_with(armature, request)
    keys.check_editable(armature)
    armature = held(armature)
    yield 0.0
    locked = yield from within(locking.lock_in_slices(armature, rig, request), 0.0, 1.0)
    return FeetResult(action=locked.action, rig=rig.armature, family=rig.family, bones=locked.bones,
                      figures=dict(locked.figures), notes=locked.notes, seconds=time.perf_counter() - began,
                      frames=locked.frames, request=request)


def lock_feet_file(rig: str, request: FeetRequest, out: str | Path) -> FeetResult:
    """Open `rig` ("FILE" or "FILE:ARMATURE") in place of what is open, lock its feet and write `out`."""
    from ..scene import files

    began = time.perf_counter()
    out = Path(out)
    check_options(request)
    files.check_target(out)
    armature = files.open_rig(rig)
    result = lock_feet(armature, request)
    with files.staged(out) as there:
        files.write_file(there, armature)
    return replace(result, seconds=time.perf_counter() - began, files=(str(out),))
