# SPDX-License-Identifier: GPL-3.0-or-later
"""How long, how fast and at which prices the motion generator is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How long, how fast, how far: so many gradient steps or, where minutes are given, so many minutes (a shared
    machine does not do the same number of steps every day). What changes goes by the share of it that is done."""

    steps: int
    minutes: float = 0.0
    batch: int = 48
    window: int = 96
    rate: float = 1e-3
    warm_up: int = 8
    information: float = 4e-3   # what a nat in a latent costs in the end
    foretold: float = 4e-3      # what a nat costs by which the prior misses a latent
    drawn: float = 0.45         # of a batch runs on drawn latents
    plain: float = 0.4          # of the windows that show a style are not told so
    going_on: float = 0.92      # how often one that keeps to its action goes on where it ended, else it begins anew
    fooling: float = 0.06       # what it is worth that the critic takes that for a capture
    lively: float = 0.3         # what it costs that joints move e times less or more than in the captures
    named: float = 0.08         # what a nat costs by which the critic takes that for another action or style
    planted: float = 4.0        # what a metre a second costs by which its feet that stand slide
    average: float = 0.999
    half: bool = True   # bfloat16 products, twice the speed on processors that have them; everything else float32

    def share(self, step: int, seconds: float) -> float:
        """0 at the start, 1 at the end."""
        return min(1.0, seconds / 60.0 / self.minutes if self.minutes else step / self.steps)

    def longest_rollout(self, share: float) -> int:
        """Frames on its own between two looks at the data: 1 at first, the whole window after two fifths.

        Each step draws a length up to it; over a long one alone, phases drift apart and an average would pay.
        """
        if share < 0.08:
            return 1
        if share > 0.4:
            return self.window
        return int(round(2 + (self.window - 2) * ((share - 0.08) / 0.32) ** 1.5))

    def latent_weight(self, share: float) -> float:
        """The cost of a nat: a tenth at first, so that the latent is found useful, full after two fifths."""
        return self.information * min(1.0, 0.1 + 2.25 * share)

    def drawn_windows(self, share: float) -> int:
        """How many of a batch run on drawn latents: none in the first quarter, while nothing good can come of them."""
        return int(round(self.batch * self.drawn)) if share >= 0.25 else 0

    def steady_windows(self, share: float) -> int:
        """How many of those keep to one action and begin where they ended the step before: two thirds, so that a batch
        has one of every action that ships."""
        return self.drawn_windows(share) * 2 // 3

    def learning_rate(self, step: int, share: float) -> float:
        """Warm up over 200 steps, then a cosine down to a hundredth."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * share))
        return self.rate * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * cosine)


@dataclass(frozen=True)
class Continued(Schedule):
    """A schedule for a network that moves already: on its own motion from the start, at a fraction of the rate."""

    rate: float = 4e-4
    average: float = 0.995  # there is less of it to average

    def longest_rollout(self, share: float) -> int:
        """The whole window."""
        return self.window

    def latent_weight(self, share: float) -> float:
        """The full cost of a nat."""
        return self.information

    def drawn_windows(self, share: float) -> int:
        """As many as there will ever be."""
        return super().drawn_windows(1.0)
