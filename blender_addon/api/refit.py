# SPDX-License-Identifier: GPL-3.0-or-later
"""Other keys for the same motion."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..motion.requests import KeyOptions, check_options
from .slices import drain, within

if TYPE_CHECKING:
    import bpy


@dataclass(frozen=True)
class RefitResult:
    """What was made: the new action's name and figures of its keys."""

    action: str
    figures: dict[str, float]
    seconds: float


def refit_keys(armature: bpy.types.Object, options: KeyOptions | None = None) -> RefitResult:
    """Give the armature's action other keys: a new action, as sparse as the options say, the old one kept.

    What Galatea made is fitted anew from the motion that it keeps with the action; what a person has edited since, or
    made, from the curves as they are. GalateaError when there is no action.
    """
    return drain(refit_in_slices(armature, options or KeyOptions()))


def refit_in_slices(armature: bpy.types.Object, options: KeyOptions) -> Generator[float, None, RefitResult]:
    """The same in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    from ..scene import refitting

    check_options(options)
    tolerance = None if options.keys == "every" else options.tolerance
    action, figures = yield from within(refitting.refit_in_slices(armature, tolerance), 0.0, 1.0)
    return RefitResult(action.name, dict(figures), time.perf_counter() - began)
