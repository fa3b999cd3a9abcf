# SPDX-License-Identifier: GPL-3.0-or-later
"""How long seamless materials take, and how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, read_pack

Timing = tuple[str, float, float | None, str, str]  # name, value, baseline, unit, note

_PEAK = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/bench"]
import bench, texture_figures
from blender_addon.inference.packs import read_pack
texture_figures.make(read_pack(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
print("RESULT", bench.peak_mb())
"""


def figures(models: Path, repeats: int = 5, sizes: tuple[int, ...] = (512, 1024)) -> Iterator[Timing]:
    """The time of all maps of a material, and of the node material that Cycles bakes; nothing without a pack."""
    folder = models / "texture-generator"
    if not folder.is_dir():
        return
    pack = read_pack(folder)
    looks = pack.content["texture"]["looks"]
    name = next((name for name, look in looks.items() if look["procedural"]), pack.words("classes")[0])
    largest = _peak(folder, name, 2048)
    for size in sizes:
        threads = make(pack, name, size)  # warm up
        took = []
        for _ in range(repeats):
            began = time.perf_counter()
            make(pack, name, size)
            took.append(time.perf_counter() - began)
        baked = _baked(name, size)
        note = (f"{name}, {size} × {size}, five maps as arrays; CPU, {threads} threads; at most "
                f"{_peak(folder, name, size):.0f} MB in a process of its own, "
                f"{largest:.0f} MB for 2048 × 2048")
        note += "; baseline: Cycles bakes the node material that the class was learnt from, four maps" if baked else (
            "; no baseline, no class was learnt from a node material")
        yield f"texture_{size}_s", median(took), baked, "s", note


def make(pack: Pack, name: str, size: int) -> int:
    """A material of a class, without files; returns how many threads made it."""
    from blender_addon.inference.sessions import open_session
    from blender_addon.texture.generating import THREADS, generate_maps
    from blender_addon.texture.requests import TextureRequest

    generate_maps(pack, TextureRequest(name, width=size, height=size, device="cpu"))
    return open_session(pack, "model", "cpu", THREADS).threads


def _baked(name: str, size: int) -> float | None:
    """Seconds that Cycles takes on all cores; None for a class that has no node material."""
    import bpy

    from training.texture import baking, procedural

    if name not in procedural.RECIPES:
        return None
    table = baking.lay_out(size)
    bpy.context.scene.render.threads = os.cpu_count() or 1
    began = time.perf_counter()
    baking.bake_recipe(table, procedural.RECIPES[name].make, 0)
    return time.perf_counter() - began


def _peak(folder: Path, name: str, size: int) -> float:
    """The most memory in MB that a fresh Python holds while it makes one."""
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", _PEAK, str(root), str(folder), name, str(size)], capture_output=True,
                          text=True, check=False)
    found = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not found:
        raise GalateaError(f"a process of the benchmark failed: {(done.stderr.strip().splitlines() or ['-'])[-1]}")
    return float(found[0])
