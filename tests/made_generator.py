# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the motion generator in a scene: it walks straight ahead, faster for a higher seed, and keeps what it
was asked for."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_walk import made_walk

from blender_addon import api
from blender_addon.inference import sessions
from blender_addon.inference.packs import Pack
from blender_addon.motion import generating
from blender_addon.motion.skeleton import CANONICAL

PACK = Pack(Path("."), "stand-in", "motion-generator", "9.9.9", "A stand-in", "CC0-1.0",
            ({"name": "made by hand", "licence": "CC0-1.0", "credit": "nobody"},), (),
            {"fps": 30,
             "skeleton": {"joints": list(CANONICAL.names), "parents": list(CANONICAL.parents),
                          "offsets": CANONICAL.offsets.tolist()},
             "generator": {"actions": ["walk", "run"], "styles": ["old"], "warmup_frames": 10, "latent": 4,
                           "latent_frames": 8, "trajectory_seconds": [0.5, 1.0],
                           "natural_speed": {"walk": 1.2, "run": 3.0},
                           "state_mean": [0.0] * 266, "state_scale": [1.0] * 266}})
SESSION = sessions.Session(graph=None, wished="auto", provider="CPUExecutionProvider", why_not="no CUDA here",
                           version="1.2.3", threads=1, open_ms=0.0, runtime=None)


def stand_in(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put it in the place of the model; returns what it will have been asked: plan, seeds, actions, path ..."""
    seen = SimpleNamespace(plan=None, seeds=[], actions=None, path=None)
    plan_motion = generating.plan_motion

    def plan(pack, actions, style, seconds, speed, path, cyclic, *rest):
        seen.plan = plan_motion(pack, actions, style, seconds, speed, path, cyclic, *rest)
        seen.actions, seen.speed, seen.path, seen.cyclic = actions, speed, path, cyclic
        return seen.plan

    def generate_slices(session, pack, plan, seeds):
        seen.seeds += seeds
        yield 0.5
        made = [made_walk(len(plan.shown) / 30.0, speed=1.0 + seed / 10, heading=plan.heading) for seed in seeds]
        return [replace(clip, positions=clip.positions + [*plan.start, 0.0]) for clip in made]

    monkeypatch.setattr(generating, "plan_motion", plan)
    monkeypatch.setattr(generating, "generate_slices", generate_slices)
    monkeypatch.setattr(generating, "motion_figures", lambda clip, plan: {"speed_m_s": 1.25, "skate_cm_s": 0.5,
                                                                          "by_action": {"walk": 1}})
    monkeypatch.setattr(api.packs, "pick_pack", lambda kind, pack="", folder="": PACK)
    monkeypatch.setattr(sessions, "open_session", lambda pack, graph="model", device="auto", threads=1: SESSION)
    return seen
