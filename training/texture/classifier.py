# SPDX-License-Identifier: GPL-3.0-or-later
"""A small classifier of materials: logistic regression on features of real training pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

_PENALTY = 1e-3  # on squared weights of features of unit spread
_STEPS = 100


@dataclass(frozen=True, eq=False)
class Classifier:
    """Names of its classes, and what it multiplies features with: logits = (x − mean) / spread @ weights + bias."""

    classes: tuple[str, ...]
    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def named(self, features: np.ndarray) -> np.ndarray:
        """Indices (n, views) of the classes that each view of pictures (n, views, D) is taken for."""
        return (((features - self.mean) / self.spread) @ self.weights + self.bias).argmax(axis=-1)

    def shares(self, features: np.ndarray) -> np.ndarray:
        """Of the views of all pictures (n, views, D), what share is taken for each class: (classes,), sum 1."""
        return np.bincount(self.named(features).ravel(), minlength=len(self.classes)) / features[..., 0].size


def train_classifier(pictures: Mapping[str, np.ndarray]) -> Classifier:
    """Learn to tell classes from features (n, views, D) of each; every class counts alike, however many pictures it
    has. Deterministic. With fewer than two classes there is nothing to tell apart, and it knows none."""
    if len(pictures) < 2:
        return Classifier((), *(np.zeros(0, np.float32),) * 4)
    classes = tuple(pictures)
    rows = np.concatenate([x.reshape(-1, x.shape[-1]) for x in pictures.values()]).astype(np.float32)
    counts = np.array([x.shape[0] * x.shape[1] for x in pictures.values()])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    inputs = torch.from_numpy((rows - mean) / spread)
    label = torch.from_numpy(np.repeat(np.arange(len(classes)), counts))
    share = torch.from_numpy(np.repeat(1.0 / counts / len(classes), counts).astype(np.float32))
    weights = torch.zeros(rows.shape[1], len(classes), requires_grad=True)
    bias = torch.zeros(len(classes), requires_grad=True)
    search = torch.optim.LBFGS([weights, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def price() -> torch.Tensor:
        search.zero_grad()
        wrong = torch.nn.functional.cross_entropy(inputs @ weights + bias, label, reduction="none")
        total = (share * wrong).sum() + _PENALTY * (weights ** 2).sum()
        total.backward()
        return total

    search.step(price)
    return Classifier(classes, mean, spread, weights.detach().numpy(), bias.detach().numpy())
