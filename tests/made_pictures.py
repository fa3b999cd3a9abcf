# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of materials whose surface is known: waves that wrap around, with their slopes by calculus."""

from pathlib import Path

import numpy as np
from PIL import Image


class Waves:
    """A surface of a few sine waves over a square of `edge` px; height and slopes in px."""

    def __init__(self, seed: int, edge: int = 256, depth: float = 4.0):
        rng = np.random.default_rng(seed)
        across, down = (np.arange(edge) / edge)[None, :], (np.arange(edge) / edge)[:, None]
        self.height, self.right, self.up = np.zeros((3, edge, edge))
        for _ in range(6):
            i, j = rng.integers(4, 9), rng.choice([-1, 1]) * rng.integers(4, 9)
            phase, tall = 2 * np.pi * (i * across + j * down) + rng.uniform(0, 2 * np.pi), depth * rng.uniform(0.3, 1)
            self.height += tall * np.sin(phase)
            self.right += tall * np.cos(phase) * 2 * np.pi * i / edge
            self.up -= tall * np.cos(phase) * 2 * np.pi * j / edge  # rows count downwards
        self.edge, self.colour = edge, rng.uniform(0.2, 0.8, 3)

    @property
    def shade(self) -> np.ndarray:
        """0 … 1, light where it is high."""
        return 0.5 + 0.45 * self.height / np.abs(self.height).max()

    @property
    def normals(self) -> np.ndarray:
        """(edge, edge, 3), OpenGL convention."""
        normals = np.dstack([-self.right, -self.up, np.ones_like(self.up)])
        return normals / np.linalg.norm(normals, axis=2, keepdims=True)

    @property
    def albedo(self) -> np.ndarray:
        """(edge, edge, 3) in 0 … 1."""
        grain = np.random.default_rng(5).uniform(-0.05, 0.05, (self.edge, self.edge, 1))
        return np.clip(self.shade[..., None] * self.colour + grain, 0, 1)


def write_picture(path: Path, values: np.ndarray) -> None:
    """Values (H, W) or (H, W, 3) in 0 … 1 as a picture of eight bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.round(values * 255).astype(np.uint8)).save(path)


def write_normals(path: Path, normals: np.ndarray, green_down: bool = False) -> None:
    """A normal map; green_down: as DirectX has it."""
    write_picture(path, 0.5 + 0.5 * normals * ([1, -1, 1] if green_down else [1, 1, 1]))
