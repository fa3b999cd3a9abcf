# SPDX-License-Identifier: GPL-3.0-or-later
"""What a generator keeps and what it needs, found by trying it: paces it travels at, and how widely to draw latents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import tomli_w

from blender_addon.inference.packs import Pack, read_pack
from blender_addon.inference.sessions import Session, open_session
from blender_addon.motion.clip import Clip
from blender_addon.motion.generating import generate, plan_motion
from blender_addon.motion.measures import energy, foot_skate, travelled

from .clips import ClipSet, load_clips

# Wider than that, takes differ more than people do; narrower, they are all one.
TEMPERATURES = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
_WORTH = 0.15  # how much nearer to the training clips' energy, as a share, a wider draw must bring it
_CREEPS = 0.7  # cm/s that feet slide which hardly show it
_SEEDS, _SECONDS = 12, 12.0
_SHORTEST = 30  # frames of a clip whose energy says something


def calibrate(folder: Path, data: Path) -> None:
    """Write `speed_range` and `temperature` into the pack in `folder`; data: the prepared clips it was trained on."""
    pack = read_pack(folder)
    session = open_session(pack, device="cpu")
    generator = dict(pack.content["generator"])
    generator["temperature"] = temperatures(session, pack, load_clips(data))
    pack = replace(pack, content={**pack.content, "generator": generator})
    generator["speed_range"] = kept_paces(session, pack)
    (folder / "pack.toml").write_bytes(tomli_w.dumps({**pack.content, "generator": generator}).encode())


def temperatures(session: Session, pack: Pack, clips: ClipSet) -> dict[str, float]:
    """How many times the learnt spread the latents of each action are to be drawn with, so that it moves as much as its
    training clips do: what few clips show, a model is too sure of. No wider than that takes: feet slide the more, and
    actions are taken for others. Those that travel are left at 1: their feet would slide. So would feet of those who
    stay in one place: they are drawn no wider than leaves them at rest."""
    trained = set(pack.content["training"]["clips"])
    found = {}
    for action, natural in pack.content["generator"]["natural_speed"].items():
        real = [clip for index, label in enumerate(clips.labels) if label.sha256 in trained
                for name, clip in clips.segments(index, _SHORTEST) if name == action]
        if natural > 0.0 or not real:
            found[action] = 1.0
            continue
        wanted = np.average([energy(clip) for clip in real], weights=[clip.frames for clip in real])
        stays = action in pack.content["generator"].get("stance", ())
        away = []
        for temperature in TEMPERATURES:
            takes = _takes(session, pack, action, temperature)
            if stays and away and np.mean([foot_skate(clip) for clip in takes]) > _CREEPS:
                break
            away.append(abs(np.log(np.mean([energy(clip) for clip in takes]) / wanted)))
        found[action] = narrowest(away)
    return found


def narrowest(away: Sequence[float]) -> float:
    """The least of the first TEMPERATURES that is about as good as the best of them: how far away each leaves the
    logarithm of the energy."""
    return TEMPERATURES[int(np.argmax(np.asarray(away) <= min(away) + _WORTH))]


def _takes(session: Session, pack: Pack, action: str, temperature: float) -> list[Clip]:
    generator = {**pack.content["generator"], "temperature": {action: temperature}}
    hot = replace(pack, content={**pack.content, "generator": generator})
    plan = plan_motion(hot, ((action, None),), "", _SECONDS, 1.0, None, False, (0.0, 0.0), 0.0)
    return generate(session, hot, plan, range(_SEEDS), together=True)


def kept_paces(session: Session, pack: Pack) -> dict[str, list[float]]:
    """The slowest and quickest pace in m/s, around the natural one, that each action travels at to within 5 %.

    Tried in tenths of the natural pace from 0.3 to 1.8 of it, two seeds of 15 s each.
    """
    generator = {name: value for name, value in pack.content["generator"].items() if name != "speed_range"}
    free = replace(pack, content={**pack.content, "generator": generator})
    ranges = {}
    for action, natural in generator["natural_speed"].items():
        if natural == 0.0:
            continue
        kept = []
        for tenths in range(3, 19):
            plan = plan_motion(free, ((action, None),), "", 15.0, tenths / 10, None, False, (0.0, 0.0), 0.0)
            ratios = [travelled(clip) / plan.metres for clip in generate(session, free, plan, range(2), together=True)]
            kept.append(max(abs(ratio - 1.0) for ratio in ratios) < 0.05)
        low = high = 7  # the natural pace itself
        while low > 0 and kept[low - 1]:
            low -= 1
        while high < len(kept) - 1 and kept[high + 1]:
            high += 1
        ranges[action] = [round(natural * (low + 3) / 10, 3), round(natural * (high + 3) / 10, 3)]
    return ranges
