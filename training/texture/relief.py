# SPDX-License-Identifier: GPL-3.0-or-later
"""Heights from normal maps: slopes, the convention they were drawn in, and their integral.

A slope is a rise over a run in pixels, to the right (x) and up the picture (y). A height is in pixels until it is
divided by the relief that 0 … 1 stands for.
"""

from __future__ import annotations

import numpy as np

from .looks import TEXELS_PER_TILE

# Steeper than this is a mistake of compression rather than a surface: 76 degrees.
_STEEPEST = 4.0
# Waves longer than a tile over this are taken out of heights: they are the wall's, not the material's.
_LONGEST = 2.0
# One reading of the green channel must have so much more curl than the other to be called wrong.
_DECISIVE = 1.15


def slopes(normals: np.ndarray) -> np.ndarray:
    """(2, H, W) slopes to the right and upwards, of normals (H, W, 3) in −1 … 1, +Y up; lengths do not matter."""
    up = np.maximum(normals[..., 2], 1e-3)
    return np.clip(-np.stack([normals[..., 0], normals[..., 1]]) / up, -_STEEPEST, _STEEPEST)


def drawn_downwards(surface: np.ndarray) -> bool | None:
    """Whether slopes (2, H, W) were read from a map whose green points down (DirectX), None when it cannot be told.

    The slopes of a surface have no curl; with one sign wrong they have.
    """
    right, up = surface
    if min(right.std(), up.std()) < 1e-3:
        return None
    along_up, along_right = -np.gradient(right, axis=0), np.gradient(up, axis=1)
    as_read, turned = np.mean((along_up - along_right) ** 2), np.mean((along_up + along_right) ** 2)
    if max(as_read, turned) < _DECISIVE * min(as_read, turned):
        return None
    return bool(turned < as_read)


def integrate(surface: np.ndarray, wraps: bool) -> np.ndarray:
    """(H, W) height in pixels, with mean 0, whose slopes are nearest to those given (2, H, W), in the least squares.

    Solved by Fourier transform: R. T. Frankot and R. Chellappa, "A Method for Enforcing Integrability in Shape from
    Shading Algorithms", IEEE PAMI 10 (4), 1988. A picture that does not wrap around is continued by its mirror image.
    Its slope as a whole is left out.
    """
    right, up = surface - surface.mean(axis=(1, 2), keepdims=True)
    down = -up
    rows, columns = right.shape
    if not wraps:
        right = np.block([[right, -right[:, ::-1]], [right[::-1], -right[::-1, ::-1]]])
        down = np.block([[down, down[:, ::-1]], [-down[::-1], -down[::-1, ::-1]]])
    across = 2j * np.pi * np.fft.rfftfreq(right.shape[1])[None, :]
    along = 2j * np.pi * np.fft.fftfreq(right.shape[0])[:, None]
    power = np.abs(across) ** 2 + np.abs(along) ** 2
    power[0, 0] = 1
    spectrum = -(across * np.fft.rfft2(right) + along * np.fft.rfft2(down)) / power
    spectrum[0, 0] = 0
    height = np.fft.irfft2(spectrum, right.shape)[:rows, :columns]
    return height - height.mean()


def levelled(height: np.ndarray, wraps: bool) -> np.ndarray:
    """A height (H, W) of one tile without its longest waves, about 0; these are also what normal maps know least of."""
    rows, columns = height.shape
    whole = height if wraps else np.block([[height, height[:, ::-1]], [height[::-1], height[::-1, ::-1]]])
    waves = np.hypot(np.fft.fftfreq(whole.shape[0])[:, None] * rows, np.fft.rfftfreq(whole.shape[1])[None, :] * columns)
    kept = 1 - np.exp(-(waves / _LONGEST) ** 2)
    return np.fft.irfft2(np.fft.rfft2(whole) * kept, whole.shape)[:rows, :columns]


def height_slopes(height: np.ndarray) -> np.ndarray:
    """(2, H, W) slopes of a height (H, W) in pixels by central differences, wrapping around."""
    right = (np.roll(height, -1, axis=1) - np.roll(height, 1, axis=1)) / 2
    up = (np.roll(height, 1, axis=0) - np.roll(height, -1, axis=0)) / 2
    return np.stack([right, up])


def agreement(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """How much `one` (any shape) must be multiplied to come nearest to `other`, and their correlation about 0."""
    square = float(np.sum(one * one))
    both, product = np.sqrt(square * np.sum(other * other)), float(np.sum(one * other))
    return (product / square if square else 0.0), (float(product / both) if both else 0.0)


def normals_of(height: np.ndarray, relief: float, texels_per_tile: int = TEXELS_PER_TILE) -> np.ndarray:
    """(H, W, 3) unit normals, +Y up, of a height map (H, W) in 0 … 1 that wraps around."""
    right, up = height_slopes(height) * relief * texels_per_tile
    normals = np.stack([-right, -up, np.ones_like(right)], axis=-1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)
