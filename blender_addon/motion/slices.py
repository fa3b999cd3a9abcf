# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work in slices: generators that yield the share that is done and return a result."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any


def drain(slices: Generator[float, None, Any]) -> Any:
    """Run slices to their end and return what they return."""
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


def within(slices: Generator[float, None, Any], first: float, width: float) -> Generator[float, None, Any]:
    """A part of the work: its shares from 0 to 1 as shares of the whole; what it returns."""
    with closing(slices):  # at once, not when memory is collected: it puts back what it changed
        while True:
            try:
                share = next(slices)
            except StopIteration as done:
                return done.value
            yield first + width * share
