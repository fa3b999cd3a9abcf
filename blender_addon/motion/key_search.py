# SPDX-License-Identifier: GPL-3.0-or-later
"""Where curves need keys: more wherever they miss, then away with every key that is not missed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .bezier_fit import between, evaluate, fit, with_slopes

# How far off a key, in what is allowed, the curve through its neighbours may pass for it to be tried without the key.
_HOPE = 6.0
# To try without keys as long as they are more than this share of all.
_WORTH = 0.01
# Channels that move by less than this share of what is allowed are constant.
_CONSTANT = 0.02


@dataclass(frozen=True, eq=False)
class Problem:
    """R rows of curves, bones with C channels each, over T frames.

    wanted: (C, R, T) channel values. misfit: from values (C, R, T) to (R, T), how far they are off in what is allowed:
    1 is just right. scale: (R,) roughly the misfit of a unit of the channels. asked: (R, T) keys that must be there;
    exact: those of them that are to be as wanted. still: (C, R) channels that stay as they are wanted on every frame,
    whatever the keys. unit: values at keys are brought to length 1, as quaternions are.
    """

    wanted: np.ndarray
    misfit: Callable[[np.ndarray], np.ndarray]
    scale: np.ndarray
    asked: np.ndarray
    still: np.ndarray
    unit: bool = False
    exact: np.ndarray | None = None

    @cached_property
    def samples(self) -> np.ndarray:
        """(2, C, R, T) what is wanted on frames, and with what slopes."""
        return with_slopes(self.wanted)


@dataclass(frozen=True, eq=False)
class Solution:
    """keyed: (R, T) bool. keys: (2, C, K) values and slopes a frame. values: (C, R, T). misfit: (R, T). constant:
    (C, R) channels that need no more than one key; still: that get none."""

    keyed: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    misfit: np.ndarray
    constant: np.ndarray
    still: np.ndarray


def search(problem: Problem, keyed: np.ndarray | None = None) -> Generator[None, None, Solution]:
    """Few keys with which no row is off by more than is allowed anywhere, a step of the search a slice.

    The first and the last frame of a row are exact. keyed: (R, T) keys that were found for nearly the same problem and
    stay. A misfit that keys on all frames around it do not mend is left.
    """
    needed = problem.asked.copy() if keyed is None else problem.asked | keyed
    needed[:, [0, -1]] = True
    solution = _solve(problem, needed)
    yield
    while (more := _halfway(solution)).any():
        solution = _solve(problem, solution.keyed | more)
        yield
    while np.sum(tried := _dispensable(problem, solution, needed)) > _WORTH * np.sum(solution.keyed):
        fewer = _solve(problem, solution.keyed & ~tried)
        yield
        while (faults := (fewer.misfit > 1.0) & (solution.misfit <= 1.0)).any():
            missed = tried & _near(solution.keyed, faults)
            if not missed.any():
                missed = tried & faults.any(axis=1, keepdims=True)
            needed |= missed
            tried &= ~missed
            fewer = _solve(problem, solution.keyed & ~tried)
            yield
        solution = fewer
    return solution


def _solve(problem: Problem, keyed: np.ndarray) -> Solution:
    pinned = np.zeros_like(keyed) if problem.exact is None else problem.exact.copy()
    pinned[:, [0, -1]] = True
    keys = fit(keyed, problem.samples, pinned)
    if problem.unit:
        keys = keys / np.linalg.norm(keys[0], axis=0)
    values = evaluate(keyed, keys)
    constant = np.ptp(problem.wanted, axis=2) * problem.scale < _CONSTANT
    values = np.where(constant[..., None], problem.wanted[..., :1], values)
    values = np.where(problem.still[..., None], problem.wanted, values)
    return Solution(keyed, keys, values, problem.misfit(values), constant, problem.still)


def _halfway(solution: Solution) -> np.ndarray:
    """(R, T) new keys, one in the middle of each segment that misses somewhere, its two keys included."""
    at = np.flatnonzero(solution.keyed)
    missing = _counts(solution.misfit > 1.0, at[:-1], at[1:]) > 0
    split = missing & (np.diff(at) > 1)
    return _marked(solution.keyed.shape, (at[:-1][split] + at[1:][split]) // 2)


def _dispensable(problem: Problem, solution: Solution, needed: np.ndarray) -> np.ndarray:
    """(R, T) keys to be tried without: those that the curve through their neighbours comes near to, and of several in a
    row the one that it comes nearest to."""
    at = np.flatnonzero(solution.keyed)
    values, slopes = solution.keys
    length = (at[2:] - at[:-2]).astype(np.float64)
    a, b, c, d = between((at[1:-1] - at[:-2]) / length, length)
    without = a * values[:, :-2] + b * slopes[:, :-2] + c * values[:, 2:] + d * slopes[:, 2:]
    off = np.linalg.norm(without - values[:, 1:-1], axis=0) * problem.scale[at[1:-1] // solution.keyed.shape[1]]
    off[needed.ravel()[at[1:-1]] | (off > _HOPE)] = np.inf
    padded = np.pad(off, 2, constant_values=np.inf)
    neighbours = [padded[shift:shift + len(off)] for shift in range(5)]
    least = np.isfinite(off) & (off < neighbours[0]) & (off < neighbours[1])
    least &= (off <= neighbours[3]) & (off <= neighbours[4])
    return _marked(solution.keyed.shape, at[1:-1][least])


def _near(keyed: np.ndarray, faults: np.ndarray) -> np.ndarray:
    """(R, T) the keys that are not more than two keys away from a fault."""
    at = np.flatnonzero(keyed)
    padded = np.pad(at, 2, mode="edge")
    return _marked(keyed.shape, at[_counts(faults, padded[:-4], padded[4:]) > 0])


def _counts(flags: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """How many flags are set from each first to each last place, both counted along all rows."""
    before = np.concatenate([[0], np.cumsum(flags.ravel())])
    return before[last + 1] - before[first]


def _marked(shape: tuple[int, ...], places: np.ndarray) -> np.ndarray:
    """True at places counted along all rows."""
    marked = np.zeros(shape, dtype=bool)
    marked.ravel()[places] = True
    return marked
