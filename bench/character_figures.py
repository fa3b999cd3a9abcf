# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a character takes: drawn, modelled, skinned, put onto a rig, walking and dressed."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

Timing = tuple[str, float, str, str]  # name, value, unit, note


def figures(repeats: int = 3) -> Iterator[Timing]:
    """Name, value, unit and note of each figure, one after another."""
    from blender_addon import api

    def seconds(**asked: object) -> list[float]:
        return [api.create_character(api.CharacterRequest(seed=seed, **asked)).seconds for seed in range(repeats)]

    first, *_ = plain = seconds()
    yield "character_s", median(plain), "s", f"a skinned body on a rig, in plain clay; the first {first:.2f} s"
    yield "character_walking_s", median(seconds(action="walk", seconds=8.0)), "s", (
        "the same with 8 s of walking on it, feet locked, few keys")
    yield "character_dressed_s", median(seconds(clothes=("trousers", "shirt", "boots", "hair"))), "s", (
        "the body in trousers, shirt, boots and hair, of cuts that were not made before")
    try:
        classes = api.pick_pack("texture-generator").content["texture"]["classes"]
    except api.PackError:
        return
    yield "character_maps_s", median(seconds(action="walk", seconds=8.0, material=classes[0])), "s", (
        f"the same in a material of 512 pixels, {classes[0]}")
