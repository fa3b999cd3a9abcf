# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth cubic curves through few keys, fitted by least squares to a value on every frame.

With its handles a third of the way to the next key a Bezier segment is a plain cubic in time. So keys with a value and
one slope each are a cubic Hermite spline, and all values and slopes together follow from one linear system with two
unknowns a key (splines by least squares: de Boor, A Practical Guide to Splines, ch. XIV).

The rows of several bones lie one after another on one line of frames. The first and the last frame of each row carry
keys, so nothing passes from one row to the next.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# How much slopes count beside values. Without them curves through keys on neighbouring frames, which noise asks for,
# would swing in between.
_SLOPES = 0.02
_STEEP = 4.0  # a slope is no more than so many times the smaller step on its two sides
_PINNED = 1e9


def with_slopes(values: np.ndarray) -> np.ndarray:
    """(2, ..., T) values (..., T) on frames and slopes a frame, which say how curves go on between frames.

    A slope is the mean of the steps before and after, but not much more than the smaller of them: it knows nothing of a
    jump on the next frame.
    """
    steps = np.diff(values, axis=-1)
    if steps.shape[-1] == 0:
        return np.stack([values, np.zeros_like(values)])
    before, after = np.insert(steps, 0, steps[..., 0], axis=-1), np.append(steps, steps[..., -1:], axis=-1)
    most = _STEEP * np.minimum(np.abs(before), np.abs(after))
    return np.stack([values, np.clip((before + after) / 2.0, -most, most)])


def fit(keyed: np.ndarray, wanted: np.ndarray, pinned: np.ndarray) -> np.ndarray:
    """Values and slopes a frame, (2, C, K), of the smooth curves with keys at `keyed` that are nearest to `wanted`.

    keyed: (R, T) bool, R rows of T frames, the first and the last of each keyed, K keys in all. wanted: (2, C, R, T)
    with_slopes() of the values of C channels a row. pinned: (R, T) bool, keys whose value is to be the wanted one.
    """
    at, of, u, length = _segments(keyed)
    values, slopes = wanted.reshape(2, wanted.shape[1], -1)
    both = zip(between(u, length[of]), _derivatives(u, length[of]))
    right = np.stack([np.add.reduceat(polynomial * values + _SLOPES * derivative * slopes, at, axis=1)
                      for polynomial, derivative in both])
    lengths, which = np.unique(length, return_inverse=True)
    gram = np.stack([_products(int(frames)) for frames in lengths], axis=-1)[..., which]

    # a key's unknowns meet those of the segment before it and of the one after it
    diagonal, vector = gram[:2, :2].copy(), right[:2].copy()
    diagonal[:, :, 1:] += gram[2:, 2:, :-1]
    vector[:, :, 1:] += right[2:, :, :-1]
    held = np.where(pinned.ravel()[at], _PINNED, 0.0)
    diagonal[0, 0] += held
    vector[0] += held * values[:, at]
    return _solve(diagonal, gram[:2, 2:, :-1], vector)


def evaluate(keyed: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(C, R, T) the curves' values on every frame; keyed and keys as for and from fit()."""
    _, of, u, length = _segments(keyed)
    a, b, c, d = between(u, length[of])
    after = np.minimum(of + 1, keys.shape[2] - 1)
    values = a * keys[0][:, of] + b * keys[1][:, of] + c * keys[0][:, after] + d * keys[1][:, after]
    return values.reshape(-1, *keyed.shape)


def between(u: np.ndarray, length: np.ndarray) -> np.ndarray:
    """(4, N) the Hermite polynomials at u (0 to 1) of segments of so many frames: for value and slope at the key
    before, value and slope at the key after."""
    v = 1.0 - u
    return np.stack([(1.0 + 2.0 * u) * v * v, length * u * v * v, u * u * (1.0 + 2.0 * v), -length * u * u * v])


def _derivatives(u: np.ndarray, length: np.ndarray) -> np.ndarray:
    """(4, N) by how much the same change a frame."""
    v = 1.0 - u
    down = -6.0 * u * v / length
    return np.stack([down, v * (v - 2.0 * u), -down, u * (u - 2.0 * v)])


def _segments(keyed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where the K keys are, which one each of N frames follows and how far (0 to 1) on the way to the next, and K
    lengths in frames."""
    at = np.flatnonzero(keyed)
    of = np.cumsum(keyed.ravel()) - 1
    length = np.diff(at, append=at[-1] + 1).astype(np.float64)
    return at, of, (np.arange(keyed.size) - at[of]) / length[of], length


@lru_cache(maxsize=10_000)
def _products(frames: int) -> np.ndarray:
    """(4, 4) what the unknowns at both ends of a segment have to do with each other: sums over its frames, the last
    left out, of the products of two polynomials."""
    u, length = np.arange(frames) / frames, np.full(frames, float(frames))
    values, slopes = between(u, length), _derivatives(u, length)
    return values @ values.T + _SLOPES * slopes @ slopes.T


def _solve(diagonal: np.ndarray, beside: np.ndarray, right: np.ndarray) -> np.ndarray:
    """x (2, C, K) of a symmetric block tridiagonal system, by cyclic reduction (Hockney 1965).

    diagonal: (2, 2, K); beside: (2, 2, K - 1) the blocks right of them; right: (2, C, K). Every other unknown is put
    in terms of its neighbours, which leaves a system of half the size.
    """
    if diagonal.shape[2] == 1:
        return _times(_inverse(diagonal), right)
    inverse, odd = _inverse(diagonal[..., 1::2]), right[..., 1::2]
    to_odd, to_even = beside[..., 0::2], beside[..., 1::2]
    inner = to_even.shape[2]  # how many of the odd ones have an even one after them
    before, after = slice(0, inverse.shape[2]), slice(1, inner + 1)
    above = _times(to_odd, inverse)
    below = _times(_turned(to_even), inverse[..., :inner])
    half, vector = diagonal[..., 0::2].copy(), right[..., 0::2].copy()
    half[..., before] -= _times(above, _turned(to_odd))
    half[..., after] -= _times(below, to_even)
    vector[..., before] -= _times(above, odd)
    vector[..., after] -= _times(below, odd[..., :inner])
    evens = _solve(half, -_times(above[..., :inner], to_even), vector)

    odd = odd - _times(_turned(to_odd), evens[..., before])
    odd[..., :inner] -= _times(to_even, evens[..., after])
    x = np.empty_like(right)
    x[..., 0::2], x[..., 1::2] = evens, _times(inverse, odd)
    return x


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products of matrices (2, 2, K) and (2, n, K)."""
    return a[:, 0, None] * b[None, 0] + a[:, 1, None] * b[None, 1]


def _turned(a: np.ndarray) -> np.ndarray:
    """Transposed matrices (2, 2, K)."""
    return a.swapaxes(0, 1)


def _inverse(a: np.ndarray) -> np.ndarray:
    """Inverses of matrices (2, 2, K)."""
    return np.array([[a[1, 1], -a[0, 1]], [-a[1, 0], a[0, 0]]]) / (a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])
