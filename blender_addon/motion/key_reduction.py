# SPDX-License-Identifier: GPL-3.0-or-later
"""Few Bezier keys instead of one on every frame, within a tolerance at the joints of the whole body.

Bones are fitted from the root outwards. Each is to bring its points (the joints below it, its ends) to where they
belong from where the bones above it, already with few keys, have put it. So what is off does not add up along a limb,
and what is measured is the place in space, not the curve.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .body_fit import SWING, BodyFit, apply_location, apply_rotation, location_problem, rotation_problem
from .channels import extra_curve, property_of
from .key_moments import turning_points
from .key_search import Problem, Solution, search
from .slices import drain
from .track_kinematics import Body, levels
from .tracks import Curve, Extra, Tracks

_MARGIN = 0.995  # Blender reckons in 32 bits
_FRAMES = 16_000  # of bones that are fitted together: some hundredths of a second a slice
_REPAIRS, _GENTLE = 8, 4
_KINDS = {"location": (location_problem, apply_location), "rotation": (rotation_problem, apply_rotation)}


@dataclass(frozen=True, eq=False)
class Reduced:
    """Curves with Bezier handles; the largest distance in millimetres in the scene, over all frames, of any joint or
    end from where it was; how many keys there are, and how many there would be on every frame."""

    curves: list[Curve]
    error_mm: float
    keys: int
    keys_every_frame: int


def reduce_keys(tracks: Tracks, tolerance_mm: float, start: int) -> Reduced:
    """Keys from frame `start` on with which no joint of the whole body is off by more than the tolerance on any frame.

    Less is allowed for feet while they stand. The first and the last frame are exact; extremes of large swings and the
    frames on which feet come down and leave have keys. The channels of a bone's rotation have keys on the same frames.
    """
    return drain(reduce_slices(tracks, tolerance_mm, start))


def reduce_slices(tracks: Tracks, tolerance_mm: float, start: int, only: Collection[str] | None = None,
                  pins: Mapping[tuple[str, str], np.ndarray] | None = None) -> Generator[float, None, Reduced]:
    """The same in slices: yields the share that is done. only: the bones that get keys, while others do exactly what
    their tracks say; None for all. pins: (bone, "rotation" or "location") -> (K,) rows of the tracks on which it gets a
    key that is exact, whatever bones above are off there."""
    tolerance = _MARGIN * tolerance_mm / 1000.0
    # an action may move nothing but the object
    curves, error = (yield from _reduce_body(tracks, tolerance, start, only, pins or {})) if tracks.bones else ([], 0.0)
    full = len(curves) * tracks.frames
    for extra in tracks.extras:
        more, missed = yield from _at(0.95, _fit_extra(extra, tolerance, tracks.fps, start))
        curves += more
        error, full = max(error, missed), full + np.size(extra.values)
    return Reduced(curves, 1000.0 * error, sum(len(curve.frames) for curve in curves), full)


def _reduce_body(tracks: Tracks, tolerance: float, start: int, only: Collection[str] | None,
                 pins: Mapping[tuple[str, str], np.ndarray]) -> Generator[float, None, tuple[list[Curve], float]]:
    """The curves of bones, and the metres in the scene that any joint is off."""
    wanted = Body.of(len(tracks.bones), tracks.frames)
    for bone, track in enumerate(tracks.bones):
        wanted.pose(bone, track)
        yield 0.05 * bone / len(tracks.bones)
    fit = BodyFit.of(tracks, wanted, tolerance / tracks.unit, only, pins)
    curves = yield from _fit_body(fit, start, 0.05, 0.8)
    for repair in range(_REPAIRS):
        faults = fit.off > fit.bound * (1.0 + 1e-6)
        if not faults.any():
            break
        fit.tighten(faults, exactly=repair >= _GENTLE)
        curves = yield from _fit_body(fit, start, 0.85 + 0.1 * repair / _REPAIRS, 0.1 / _REPAIRS)
    return curves, tracks.unit * float(fit.off.max())


def _fit_body(fit: BodyFit, start: int, share: float, width: float) -> Generator[float, None, list[Curve]]:
    """Fit every bone where those above it have come to be."""
    curves: list[Curve] = []
    done = 0
    for level in levels(fit.tracks):
        for bone in level:
            fit.made.hang(bone, fit.tracks.bones[bone])
        for what, (problem, apply) in _KINDS.items():
            for bone in level:
                if not fit.gets_keys(bone, what):
                    fit.made.follow(bone, fit.tracks.bones[bone], what)
            for group in _groups(fit, level, what):
                before = [fit.found.get((bone, what)) for bone in group]
                steps = search(problem(fit, group), None if before[0] is None else np.stack(before))
                solution = yield from _at(share + width * done / len(fit.tracks.bones), steps)
                apply(fit, group, solution)
                fit.found.update({(bone, what): row for bone, row in zip(group, solution.keyed)})
                for row, bone in enumerate(group):
                    track = fit.tracks.bones[bone]
                    curves += _curves(solution, row, start, partial(Curve, track.bone, property_of(track, what)))
        for bone in level:
            fit.measure(bone)
            done += 1
            yield share + width * done / len(fit.tracks.bones)
    return curves


def _at(share: float, steps: Generator[None, None, Any]) -> Generator[float, None, Any]:
    """The same, each step yielding the share that is done."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
        yield share


def _groups(fit: BodyFit, level: list[int], what: str) -> Iterator[list[int]]:
    """Bones that are fitted together: with the same kind of channels, and not too many."""
    alike: dict[str, list[int]] = {}
    for bone in level:
        if fit.gets_keys(bone, what):
            alike.setdefault(property_of(fit.tracks.bones[bone], what) + fit.tracks.bones[bone].mode, []).append(bone)
    size = max(1, _FRAMES // fit.tracks.frames)
    for bones in alike.values():
        for first in range(0, len(bones), size):
            yield bones[first:first + size]


def _curves(solution: Solution, row: int, start: int, curve: Callable[..., Curve]) -> Iterator[Curve]:
    """What was found for a row as F-curves; handles reach a third of the way, which makes each segment a cubic in time.

    curve: makes one, from the component, frames, values and handles.
    """
    rows = np.flatnonzero(solution.keyed) // solution.keyed.shape[1]
    values, slopes = solution.keys[:, :, rows == row]
    at = start + np.flatnonzero(solution.keyed[row])
    reach = np.diff(at) / 3.0 if len(at) > 1 else np.ones(1)
    before, after = np.append(reach[0], reach), np.append(reach, reach[-1])
    before, after = before[:len(at)], after[-len(at):]
    for index in np.flatnonzero(~solution.still[:, row]):
        few = slice(0, 1 if solution.constant[index, row] else None)
        slope = 0.0 if solution.constant[index, row] else slopes[index]
        left = np.column_stack([at - before, values[index] - slope * before])
        right = np.column_stack([at + after, values[index] + slope * after])
        yield curve(int(index), at[few], values[index][few], left[few], right[few])


def _fit_extra(extra: Extra, tolerance: float, fps: float, start: int
               ) -> Generator[None, None, tuple[list[Curve], float]]:
    """Keys of something that is no bone's transform, and by how many metres they move it wrongly."""
    rows = np.atleast_2d(np.asarray(extra.values, dtype=np.float64))
    if np.ndim(extra.values) == 1:
        return [extra_curve(extra, index, np.array([start]), value) for index, value in enumerate(rows.T)], 0.0
    wanted = np.ascontiguousarray(rows.T[:, None])
    scale = np.full(1, extra.reach / tolerance)
    turns = [turning_points(channel, SWING / scale, fps) for channel in wanted]
    still = np.zeros((len(wanted), 1), dtype=bool)

    def misfit(values: np.ndarray) -> np.ndarray:
        return np.linalg.norm(values - wanted, axis=0) * scale

    solution = yield from search(Problem(wanted, misfit, scale, np.any(turns, axis=0), still))
    curves = _curves(solution, 0, start, partial(extra_curve, extra))
    return list(curves), tolerance * float(solution.misfit.max())
