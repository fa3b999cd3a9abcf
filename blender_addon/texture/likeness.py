# SPDX-License-Identifier: GPL-3.0-or-later
"""How like a picture a material is, and giving it the picture's colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

SURE, OVERLAP = 0.7, 0.6  # a class's probability and a pattern's likeness below which people are told
GAIN = 3.0  # times the contrast that was made: more would show what is only noise
_NOISE = 1.0 / 255.0  # of a picture in eight bits
_BAND = 256  # rows
_OCTAVES, _DIRECTIONS = 7, 4
_LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


@dataclass(frozen=True, eq=False)
class Recolouring:
    """Gives materials a picture's colours, in sRGB numbers. matrix (3, 3): what becomes of how far a colour is from the
    material's mean. shift (3,): what is added to the mean, so that what steers a material moves it all the same."""

    matrix: np.ndarray
    shift: np.ndarray

    def part(self, share: float) -> Recolouring:
        """The same for a share of the way, 0 to 1."""
        return Recolouring(np.eye(3) + share * (self.matrix - np.eye(3)), share * self.shift)

    def move(self, albedo: np.ndarray) -> Iterator[None]:
        """Recolour (H, W, 3) float32 in place, some rows at a time; it stays within 0 … 1."""
        middle = albedo.mean(axis=(0, 1), dtype=np.float64)
        matrix = self.matrix.T.astype(np.float32)
        offset = (middle + self.shift - self.matrix @ middle).astype(np.float32)
        for first in range(0, len(albedo), _BAND):
            rows = albedo[first:first + _BAND]
            rows[:] = np.clip(rows @ matrix + offset, 0.0, 1.0)
            yield


def recolouring(made: np.ndarray, wanted: np.ndarray) -> Recolouring:
    """What gives a material the mean colour and the colours' spread of a picture; both (H, W, 3), sRGB numbers.

    The linear map that moves colours least (Pitié and Kokaram, "The linear Monge-Kantorovitch linear colour mapping",
    2007); no contrast grows more than GAIN times.
    """
    spread, aim = (np.cov(each.reshape(-1, 3).T) + _NOISE**2 * np.eye(3) for each in (made, wanted))
    root, back = _power(spread, 0.5), _power(spread, -0.5)
    matrix = back @ _power(root @ aim @ root, 0.5) @ back
    gains, axes = np.linalg.eigh(0.5 * (matrix + matrix.T))
    matrix = axes @ np.diag(np.minimum(gains, GAIN)) @ axes.T
    return Recolouring(matrix, wanted.mean(axis=(0, 1)) - made.mean(axis=(0, 1)))


def _power(symmetric: np.ndarray, exponent: float) -> np.ndarray:
    values, axes = np.linalg.eigh(symmetric)
    return axes @ np.diag(np.maximum(values, 1e-12) ** exponent) @ axes.T


def pattern_likeness(made: np.ndarray, wanted: np.ndarray) -> float:
    """How much of the contrast of two pictures lies at the same sizes and in the same directions, 0 … 1.

    made (H, W, 3), a picture that repeats, of whole tiles; wanted (N, N, 3), one tile. It is the overlap of their power
    spectra, in octaves of four directions each: which sizes and directions there are stays when a texture is moved.
    """
    edge = len(wanted)
    tiles = [made[top:top + edge, left:left + edge] for top in range(0, made.shape[0], edge)
             for left in range(0, made.shape[1], edge)]
    found = np.mean([_spectrum(tile) for tile in tiles], axis=0)
    return float(np.minimum(found, _spectrum(wanted)).sum())


def _spectrum(square: np.ndarray) -> np.ndarray:
    """Shares of the power by octave and direction, of (N, N, 3) that need not repeat."""
    edge = len(square)
    window = np.hanning(edge + 2)[1:-1]
    plane = square @ _LUMA
    plane = (plane - plane.mean()) * np.outer(window, window)
    power = np.abs(np.fft.rfft2(plane - plane.mean())) ** 2 + _NOISE**2 * np.sum(np.outer(window, window) ** 2)
    down, across = np.fft.fftfreq(edge, 1.0 / edge)[:, None], np.fft.rfftfreq(edge, 1.0 / edge)[None]
    octave = np.log2(np.maximum(np.hypot(down, across), 1.0)) + 0.5
    direction = np.round(np.arctan2(down, across) / (np.pi / _DIRECTIONS)).astype(int) % _DIRECTIONS
    place = np.minimum(octave.astype(int), _OCTAVES - 1) * _DIRECTIONS + direction
    sums = np.bincount(place.ravel(), power.ravel(), minlength=_OCTAVES * _DIRECTIONS)
    return sums / sums.sum()


def notes_on(guess: Mapping[str, float], class_name: str, named: bool, likeness: float) -> tuple[str, ...]:
    """What is worth knowing of a material like a picture, a line each. guess: what the picture may be, {class:
    probability}. class_name: what was made of it, and whether somebody named that. likeness: see pattern_likeness."""
    notes, likely = [], sorted(guess, key=lambda name: -guess[name])[:2]
    shown = " or ".join(f"{name} ({guess[name]:.0%})" for name in likely)
    if not named and guess[class_name] < SURE and len(likely) > 1:
        notes.append(f"what the picture shows is not sure: {shown}; name a class to decide it")
    if named and likely[0] != class_name and guess[likely[0]] >= SURE:
        notes.append(f"the picture looks like {likely[0]} ({guess[likely[0]]:.0%}), and {class_name} was asked for")
    if likeness < OVERLAP:
        notes.append(f"the picture's colours come over, its pattern does not (an overlap of {likeness:.0%}): perhaps "
                     f"it is none of {', '.join(guess)}")
    return tuple(notes)
