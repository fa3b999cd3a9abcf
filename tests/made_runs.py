# SPDX-License-Identifier: GPL-3.0-or-later
"""A training run small enough for a test."""

from pathlib import Path

from training.__main__ import main

STEPS = 24


def train(prepared: Path, run: Path, *more: str) -> int:
    """Train the tiny network through the command line; returns its exit status."""
    return main(["train", "motion-generator", "--data", str(prepared), "--run", str(run), "--steps", str(STEPS),
                 "--size", "tiny", "--checkpoint-every", "4", *more])
