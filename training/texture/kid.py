# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel inception distance between sets of pictures (Bińkowski et al. 2018, "Demystifying MMD GANs"): the unbiased
squared maximum mean discrepancy with a polynomial kernel of degree three on features of a classifier.

Features come as (n, views, D): several crops of each of n pictures. The estimate is unbiased as long as what is
compared within a side was drawn apart, so crops of one picture are never paired with each other; with one view this is
the estimator of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kid:
    """A distance, about 0 for two draws from one source (it may come out below), and its spread: the standard
    deviation over random halves of the pictures of either side."""

    value: float
    spread: float


def polynomial_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(a·b / D + 1)³ of rows (n, D) and (m, D) -> (n, m)."""
    return (a @ b.T / a.shape[1] + 1.0) ** 3


def kernel_between_pictures(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean kernel over all pairs of views of each two pictures: (n, views, D) and (m, views, D) -> (n, m)."""
    rows_a, rows_b = (x.reshape(-1, x.shape[-1]).astype(np.float64) for x in (a, b))
    kernel = polynomial_kernel(rows_a, rows_b)
    return kernel.reshape(len(a), a.shape[1], len(b), b.shape[1]).mean(axis=(1, 3))


def kid(a: np.ndarray, b: np.ndarray, splits: int = 50, seed: int = 0) -> Kid | None:
    """Distance between pictures (n, views, D) and (m, views, D); None with fewer than two pictures on a side."""
    if min(len(a), len(b)) < 2:
        return None
    within_a, within_b, between = (kernel_between_pictures(x, y) for x, y in ((a, a), (b, b), (a, b)))
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(splits):
        i, j = (rng.permutation(n)[:max(2, n // 2)] for n in (len(a), len(b)))
        values.append(_discrepancy(within_a[np.ix_(i, i)], within_b[np.ix_(j, j)], between[np.ix_(i, j)]))
    return Kid(_discrepancy(within_a, within_b, between), float(np.std(values)))


def _discrepancy(within_a: np.ndarray, within_b: np.ndarray, between: np.ndarray) -> float:
    return float(_off_diagonal(within_a) + _off_diagonal(within_b) - 2.0 * between.mean())


def _off_diagonal(kernel: np.ndarray) -> float:
    n = len(kernel)
    return (kernel.sum() - np.trace(kernel)) / (n * (n - 1))
