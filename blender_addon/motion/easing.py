# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves over time that are known in places: held there, and led smoothly from one to the next."""

from __future__ import annotations

import numpy as np

from .contacts import runs


def bridge(values: np.ndarray, known: np.ndarray, ease: int) -> np.ndarray:
    """Values (T, n) where they are known (T,), and cubics elsewhere that take them to zero and back.

    Each takes `ease` frames; where there is no time for both, one leads straight from one known stretch to the next.
    Ends agree in slope too, so what is added to a smooth curve to hold it leaves it smooth.
    """
    bridged = np.zeros_like(values)
    bridged[known] = values[known]
    places = [(first, stop - 1) for first, stop in runs(known)]
    nothing = np.zeros(values.shape[1])
    slopes = [(values[min(first + 1, last)] - values[first], values[last] - values[max(last - 1, first)])
              for first, last in places]
    for i, (first, last) in enumerate(places):
        if i == 0 or first - places[i - 1][1] > 2 * ease + 1:
            _cubic(bridged, first - ease - 1, first, nothing, nothing, values[first], slopes[i][0])
        if i + 1 < len(places) and places[i + 1][0] - last <= 2 * ease + 1:
            after = places[i + 1][0]
            _cubic(bridged, last, after, values[last], slopes[i][1], values[after], slopes[i + 1][0])
        else:
            _cubic(bridged, last, last + ease + 1, values[last], slopes[i][1], nothing, nothing)
    return bridged


def _cubic(values: np.ndarray, first: int, last: int, start: np.ndarray, start_slope: np.ndarray, end: np.ndarray,
           end_slope: np.ndarray) -> None:
    """Fill in between two frames (Hermite), which may lie outside; they themselves stay."""
    frames = np.arange(max(first + 1, 0), min(last, len(values)))
    t, length = ((frames - first) / (last - first))[:, None], last - first
    values[frames] = ((1 + 2 * t) * (1 - t) ** 2 * start + t * (1 - t) ** 2 * length * start_slope
                      + t**2 * (3 - 2 * t) * end - t**2 * (1 - t) * length * end_slope)


def distance(known: np.ndarray, ease: int) -> np.ndarray:
    """(T,) 0 in known stretches (T,), rising smoothly to 1 at `ease` frames from them."""
    at, places = np.arange(len(known)), np.flatnonzero(known)
    if not len(places):
        return np.ones(len(known))
    after = np.searchsorted(places, at)
    frames = np.minimum(np.abs(places[np.minimum(after, len(places) - 1)] - at),
                        np.abs(places[np.maximum(after - 1, 0)] - at))
    t = np.minimum(frames / ease, 1.0)
    return t * t * (3.0 - 2.0 * t)


def stretches(path: np.ndarray, first: int, stop: int, radius: float, shortest: int, gap: int
              ) -> list[tuple[int, int]]:
    """Parts of the frames from first to stop in which a path (T, n) keeps within a radius of its mean.

    Where it does not, it is cut in the two that are most alike in themselves (least squares), and up to `gap` frames
    are left out on both sides of the cut. What is shorter than `shortest` is left out, unless it touches an end.
    """
    part = path[first:stop]
    count = len(part)
    if count == 0 or (count < shortest and first > 0 and stop < len(path)):
        return []
    away = part - part.mean(axis=0)
    if np.linalg.norm(away, axis=-1).max() <= radius or count < 4:
        return [(first, stop)]
    # the spread about two means is least where the sums of the two parts, squared and shared out, are largest
    sums, number = np.cumsum(away, axis=0)[:-1], np.arange(1, count)
    cut = first + 1 + int(np.argmax(np.sum(sums**2, axis=-1) * (1.0 / number + 1.0 / (count - number))))
    left, right = min(gap, (cut - first) // 3), min(gap, (stop - cut) // 3)
    return [*stretches(path, first, cut - left, radius, shortest, gap),
            *stretches(path, cut + right, stop, radius, shortest, gap)]


def smooth(values: np.ndarray, frames: float) -> np.ndarray:
    """(T, n) averaged with their neighbours under a bell (Hann) some frames wide; the ends are held."""
    bell = hann(int(frames) // 2)
    ends = len(bell) // 2
    padded = np.concatenate([np.repeat(values[:1], ends, axis=0), values, np.repeat(values[-1:], ends, axis=0)])
    return np.stack([np.convolve(column, bell, mode="valid") for column in padded.T], axis=-1)


def envelope(values: np.ndarray, reach: int) -> np.ndarray:
    """A smooth curve (T,) nowhere below values (T,): the highest within reach, averaged over the same reach."""
    padded = np.pad(values, 2 * reach, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    return np.convolve(highest, hann(reach), mode="valid")


def released(values: np.ndarray, frames: int) -> np.ndarray:
    """Values (T, n), nowhere below zero, that fall off no quicker than from any of them to zero in so many frames."""
    eased = np.array(values)
    for later in range(1, min(frames, len(values))):
        t = later / frames
        eased[later:] = np.maximum(eased[later:], (1.0 - t * t * (3.0 - 2.0 * t)) * values[:-later])
    return eased


def blurred(values: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """(T, n) weighted mean (T,) of values (T, n) around each frame, under a Gaussian; near zero far from any weight."""
    reach = int(4 * sigma) + 1
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)

    def under_bell(column: np.ndarray) -> np.ndarray:
        return np.convolve(np.pad(column, reach), bell, mode="valid")

    total = under_bell(weight) + 0.01 * bell.sum()
    return np.stack([under_bell(column * weight) / total for column in values.T], axis=-1)


def at_least_zero(values: np.ndarray, soft: np.ndarray | float) -> np.ndarray:
    """Values, with what is below zero brought up to it; they bend within +-soft instead of at a corner."""
    soft = np.broadcast_to(soft, values.shape)
    bend = (values + soft) ** 2 / (4.0 * np.maximum(soft, 1e-12))
    return np.where(values >= soft, values, np.where(values <= -soft, 0.0, bend))


def hann(reach: int) -> np.ndarray:
    """(2 * reach + 1,) weights of a bell that sum to one."""
    bell = np.hanning(2 * reach + 3)[1:-1]
    return bell / bell.sum()
