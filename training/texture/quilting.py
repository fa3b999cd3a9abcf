# SPDX-License-Identifier: GPL-3.0-or-later
"""Image quilting (Efros and Freeman 2001, "Image Quilting for Texture Synthesis and Transfer"): the classical way to
make more of a texture, as a baseline for a generator. Blocks of one picture are laid out in rows, each chosen among
those that agree with what lies already where they overlap, and cut in along the path of least difference.
"""

from __future__ import annotations

import numpy as np

BLOCK = 40     # pixels
OVERLAP = 8
_TOLERANCE = 0.1  # a block is drawn among those that differ at most so much more than the best one, as in the paper


def quilt(source: np.ndarray, size: int, rng: np.random.Generator, tileable: bool = False,
          compared: slice = slice(0, 4)) -> np.ndarray:
    """A picture (C, size, size) out of blocks of `source` (C, H, W), H and W larger than a block.

    All channels move together; the channels `compared` (by default albedo and height) say which blocks agree. With
    `tileable`, blocks may wrap around the source's edges.
    """
    source = source.astype(np.float32)
    step = BLOCK - OVERLAP
    count = max(1, -(-(size - OVERLAP) // step))
    canvas = np.zeros((len(source), count * step + OVERLAP, count * step + OVERLAP), np.float32)
    height, width = source.shape[1:]
    places = (height, width) if tileable else (height - BLOCK + 1, width - BLOCK + 1)
    wrapped = np.pad(source, ((0, 0), (0, BLOCK), (0, BLOCK)), mode="wrap")
    spectrum = np.fft.rfft2(source[compared])
    square_spectrum = np.fft.rfft2((source[compared] ** 2).sum(axis=0))
    for row in range(count):
        for column in range(count):
            y, x = row * step, column * step
            there = canvas[:, y:y + BLOCK, x:x + BLOCK]
            laid = np.zeros((BLOCK, BLOCK), bool)
            laid[:OVERLAP] |= row > 0
            laid[:, :OVERLAP] |= column > 0
            if laid.any():
                differences = _differences(spectrum, square_spectrum, there[compared], laid, (height, width))
                at = _draw(differences[:places[0], :places[1]], rng)
            else:
                at = (int(rng.integers(places[0])), int(rng.integers(places[1])))
            block = wrapped[:, at[0]:at[0] + BLOCK, at[1]:at[1] + BLOCK]
            differs = ((block - there)[compared] ** 2).sum(axis=0)
            new = np.ones((BLOCK, BLOCK), bool)
            if column:
                new &= _right_of_cut(differs[:, :OVERLAP], BLOCK)
            if row:
                new &= _right_of_cut(differs[:OVERLAP].T, BLOCK).T
            there[:, new] = block[:, new]
    return canvas[:, :size, :size]


def _differences(spectrum: np.ndarray, square_spectrum: np.ndarray, there: np.ndarray, laid: np.ndarray,
                 shape: tuple[int, int]) -> np.ndarray:
    """Sum of squared differences where `laid`, for a block that begins at each pixel of the source (wrapped around)."""
    mask = np.fft.rfft2(laid.astype(np.float32), shape)
    target = np.fft.rfft2(there * laid, shape)
    squares = np.fft.irfft2(square_spectrum * mask.conj(), shape)
    products = np.fft.irfft2((spectrum * target.conj()).sum(axis=0), shape)
    return np.clip(squares - 2.0 * products + ((there * laid) ** 2).sum(), 0.0, None)


def _draw(differences: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """A place at random among those nearly as good as the best."""
    enough = np.argwhere(differences <= differences.min() * (1.0 + _TOLERANCE) + 1e-9)
    y, x = enough[rng.integers(len(enough))]
    return int(y), int(x)


def _right_of_cut(differs: np.ndarray, width: int) -> np.ndarray:
    """Which pixels (height, width) of a block lie on or right of the cheapest path from top to bottom through its left
    overlap, `differs` (height, overlap)."""
    cost = differs.astype(np.float64)
    for y in range(1, len(cost)):
        above = np.pad(cost[y - 1], 1, constant_values=np.inf)
        cost[y] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    path = np.empty(len(cost), int)
    path[-1] = cost[-1].argmin()
    for y in range(len(cost) - 2, -1, -1):
        left = max(path[y + 1] - 1, 0)
        path[y] = left + cost[y, left:path[y + 1] + 2].argmin()
    return np.arange(width)[None, :] >= path[:, None]
