# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether generated pictures repeat training pictures, and how varied they are: distances of features.

A picture is described by the mean of its features over crops at several places, so that a copy that was moved over the
torus is found as well as one that was not.
"""

from __future__ import annotations

import numpy as np


def descriptions(features: np.ndarray) -> np.ndarray:
    """One row for each picture: (n, views, D) -> (n, D)."""
    return features.mean(axis=1, dtype=np.float64)


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distances of rows (n, D) and (m, D) -> (n, m)."""
    squares = (a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1)[None, :] - 2.0 * a @ b.T
    return np.sqrt(np.clip(squares, 0.0, None))


def nearest(features: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Distance (n,) of each picture (n, views, D) from the nearest of the training pictures (m, views, D)."""
    return distances(descriptions(features), descriptions(training)).min(axis=1)


def diversity(features: np.ndarray) -> float:
    """Mean distance between two of the pictures (n, views, D), n ≥ 2."""
    apart = distances(*(descriptions(features),) * 2)
    return float(apart[np.triu_indices(len(apart), 1)].mean())


def nearest_figures(made: np.ndarray, held_out: np.ndarray, training: np.ndarray) -> dict[str, float]:
    """nearest_ratio: how far made pictures are from their nearest training picture, as a share of how far held-out
    ones are (medians); too_near: how many lie nearer than every held-out one; nearest_ratio_least: the nearest of the
    made against the nearest of the held-out."""
    own, real = nearest(made, training), nearest(held_out, training)
    return {"nearest_ratio": float(np.median(own) / max(np.median(real), 1e-9)),
            "nearest_ratio_least": float(own.min() / max(real.min(), 1e-9)),
            "too_near": int((own < real.min()).sum())}
