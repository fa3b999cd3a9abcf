# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs of training share: files that are whole, a log that goes on after a stop, one step downhill."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor, nn

from blender_addon.errors import GalateaError


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint, in place of the last one only once it is whole."""
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)


def read(path: Path, device: str | torch.device = "cpu", otherwise: str = "delete it to begin again"
         ) -> dict[str, Any]:
    """What a checkpoint holds; GalateaError, which says what to do otherwise, when it cannot be read."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{path}: not a readable checkpoint ({type(error).__name__}); {otherwise}") from error


def open_log(path: Path, columns: Sequence[str], step: int) -> TextIO:
    """A table with a row now and then, the step first; without the rows after the step that training goes on from."""
    kept: list[str] = []
    if path.is_file() and step:
        kept = [row for row in path.read_text().splitlines()[1:] if int(row.split(",")[0]) <= step]
    file = path.open("w", newline="\n")
    file.write("\n".join([",".join(columns), *kept]) + "\n")
    file.flush()
    return file


def log_row(file: TextIO, row: Sequence[object]) -> None:
    """Write a row of such a table, at once."""
    file.write(",".join(map(str, row)) + "\n")
    file.flush()


def descend(optimiser: torch.optim.Optimizer, loss: Tensor, model: nn.Module, longest: float, step: int) -> None:
    """One step against the gradient of a loss, which is cut to a length; GalateaError when it is not finite."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), longest)
    if not torch.isfinite(norm):
        raise GalateaError(f"training step {step}: the gradient is not finite; run the command again to go on from the "
                           "last checkpoint")
    optimiser.step()


@torch.no_grad()
def follow(averaged: nn.Module, model: nn.Module, step: int, most: float) -> None:
    """Let averaged weights go after a model's: `most` of them stays in a step, and less in the first ones."""
    decay = min(most, (1.0 + step) / (10.0 + step))
    for slow, fast in zip(averaged.parameters(), model.parameters(), strict=True):
        slow.lerp_(fast, 1.0 - decay)
