# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion generator's step as it is recorded on a CUDA device, held against the same step taken one by one.

Skipped where there is no such device.
"""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from training.motion.clips import load_clips
from training.motion.corpus import build_corpus, draw_windows
from training.motion.generator_losses import no_ends, show
from training.motion.generator_schedule import Continued
from training.motion.generator_step import LOSSES, RecordedStep, Run, learn
from training.motion.train_generator import AHEAD, _network, begin

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
SCHEDULE = Continued(100, batch=8, window=32, half=False)


def test_what_is_recorded_learns_as_what_is_not(prepared: Path):
    corpus = build_corpus(load_clips(prepared), seed=1)
    runs = [begin(_network(corpus, 1, "tiny"), "tiny", 1, "cuda") for _ in range(2)]
    for run in runs:
        run.ends = no_ends(run.model, SCHEDULE.steady_windows(1.0))
    windows = draw_windows(corpus, SCHEDULE.batch, SCHEDULE.window, AHEAD, np.random.default_rng(0))
    shown = show(windows, runs[0].model.shape.styles, SCHEDULE, 1.0, np.random.default_rng(0), "cuda")
    recorded = RecordedStep(runs[0], SCHEDULE)
    recorded(shown, 1.0, 0.004, 0.9)
    level_with(runs[1], runs[0])
    for step in range(3):
        sums = []
        for run, act in ((runs[0], recorded), (runs[1], lambda *asked: learn(runs[1], asked[0], SCHEDULE, *asked[1:]))):
            run.sums.zero_()
            torch.manual_seed(step)
            act(shown, 1.0, 0.004, 0.9)
            sums.append(run.sums.tolist())
        assert np.isfinite(sums[0]).all()
        assert sums[0][LOSSES.index("critic")] > 0.0
        # draws are not alike, everything else is
        assert np.abs(np.subtract(*sums)).max() < 0.15 * np.abs(sums).max()
    for one, other in zip(runs[0].model.parameters(), runs[1].model.parameters(), strict=True):
        assert (one - other).abs().max() < 1e-2


def level_with(run: Run, other: Run) -> None:
    """Give a run all that another has learnt."""
    for name in ("model", "reader", "averaged", "critic", "optimiser", "critic_optimiser"):
        getattr(run, name).load_state_dict(copy.deepcopy(getattr(other, name).state_dict()))
    run.moved.copy_(other.moved)
    run.ends.copy_(other.ends)
