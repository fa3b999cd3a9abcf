# SPDX-License-Identifier: GPL-3.0-or-later
"""How long motion takes, from the plan to a clip that is cleaned up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from statistics import median

from blender_addon.inference.packs import Pack
from blender_addon.inference.sessions import Session, open_session
from blender_addon.motion.cleaning import clean_up
from blender_addon.motion.generating import MotionPlan, generate, plan_motion

Timing = tuple[str, float, float, str, str]  # name, value, baseline, unit, note


def figures(session: Session, pack: Pack, repeats: int = 5, seconds: float = 10.0) -> Iterator[Timing]:
    """Takes of the pack's walk, else of its first action, straight ahead: one, and 32 at once."""
    plan = plan_of(pack, seconds)
    wide = open_session(pack, device="cpu", threads=min(2, os.cpu_count() or 1))  # which pays off for a batch
    for warm in (session, wide):
        make(warm, pack, plan, [0])
    one = median(_timed(session, pack, plan, [0]) for _ in range(repeats))
    many = median(_timed(wide, pack, plan, range(32)) for _ in range(max(1, repeats // 2)))
    yield "motion_10s_ms_b1", one, 1e3 * seconds, "ms", (
        f"a take of {seconds:g} s, cleaned up; {session.provider}, {session.threads} thread; baseline: the time it "
        "plays")
    yield "motion_10s_ms_b32", many, 32 * one, "ms", (
        f"32 takes as one batch, cleaned up; {wide.provider}, {wide.threads} threads; baseline: 32 times one")


def plan_of(pack: Pack, seconds: float) -> MotionPlan:
    """So many seconds, straight ahead."""
    actions = pack.words("actions")
    action = "walk" if "walk" in actions else actions[0]
    return plan_motion(pack, ((action, None),), "", seconds, 1.0, None, False, (0.0, 0.0), 0.0)


def make(session: Session, pack: Pack, plan: MotionPlan, seeds: Sequence[int]) -> None:
    """Finished clips, as a batch."""
    for clip in generate(session, pack, plan, seeds, together=True):
        clean_up(clip, plan, pack.content["generator"])


def _timed(session: Session, pack: Pack, plan: MotionPlan, seeds: Sequence[int]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    make(session, pack, plan, seeds)
    return 1e3 * (time.perf_counter() - began)
