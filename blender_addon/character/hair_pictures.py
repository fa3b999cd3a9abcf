# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of strands for hair in plain colours: they run up the picture, as hair's texture coordinates do."""

from __future__ import annotations

import numpy as np

SIZE = 512  # pixels
_BANDS = 7  # how often strands change along the picture
_CONTRAST, _SLOPE = 0.30, 0.55


def strand_pictures(colour: tuple[float, float, float], seed: int) -> dict[str, np.ndarray]:
    """{"albedo": sRGB, "normal": of tangent space}, (SIZE, SIZE, 3) of 0..1, for hair of a linear colour."""
    strands = _strands(np.random.default_rng((seed, 8)))
    light = np.exp(_CONTRAST * strands)[..., None]
    warm = 1.0 + 0.03 * strands[..., None] * np.array([1.0, 0.0, -1.0])  # where light gets through
    linear = np.clip(np.array(colour) * light * warm, 0.0, 1.0)
    albedo = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    slope = -_SLOPE * (np.roll(strands, -1, axis=1) - np.roll(strands, 1, axis=1)) / 2.0
    normal = np.stack([slope, np.zeros_like(slope), np.ones_like(slope)], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return {"albedo": albedo.astype(np.float32), "normal": ((normal + 1.0) / 2.0).astype(np.float32)}


def _strands(random: np.random.Generator) -> np.ndarray:
    """(SIZE, SIZE) how light each place is, -2 to 2 or so: threads of several widths that fade along the picture."""
    total = np.zeros((SIZE, SIZE))
    along = np.linspace(0.0, _BANDS, SIZE, endpoint=False)
    for wide, share in ((2, 0.55), (5, 0.6), (14, 0.45), (40, 0.35)):
        grains = random.normal(size=(_BANDS, SIZE))
        kernel = np.hanning(2 * wide + 1)
        padded = np.concatenate([grains[:, -wide:], grains, grains[:, :wide]], axis=1)
        bands = np.stack([np.convolve(row, kernel, "valid") for row in padded])
        bands /= bands.std()
        low = along.astype(int)
        blend = (along - low)[:, None]
        blend = blend * blend * (3.0 - 2.0 * blend)
        total += share * (bands[low] * (1.0 - blend) + bands[(low + 1) % _BANDS] * blend)
    return np.clip(total, -2.2, 2.2)
