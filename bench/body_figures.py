# SPDX-License-Identifier: GPL-3.0-or-later
"""How well bodies have the measures asked for: `python bench/body_figures.py [BODIES]`, judged by their meshes alone.

The people are drawn from models/body-vae, half of them women; the judge is tests/judging_bodies.py.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from judging_bodies import pierced, taken  # noqa: E402
from judging_joints import bent, triangles, volume, volume_kept  # noqa: E402

from blender_addon.character.body_mesh import make_body  # noqa: E402
from blender_addon.character.people import draw_people, open_people  # noqa: E402
from blender_addon.inference.packs import read_pack  # noqa: E402


def main(count: int) -> None:
    """Print the figures of `count` bodies."""
    people = open_people(read_pack(ROOT / "models" / "body-vae"))
    drawn = [person for sex in (0.0, 1.0) for person in draw_people(people, count // 2, 1, sex=sex)]
    seconds, off, cut, kept, density = [], {}, [], [], []
    for n, person in enumerate(drawn):
        start = time.perf_counter()
        mesh = make_body(person)
        seconds.append(time.perf_counter() - start)
        for name, value in taken(mesh, person).items():
            off.setdefault(name, []).append(abs(value / person[name] - 1.0))
        density.append(person["weightkg"] / (1000.0 * volume(mesh.vertices, triangles(mesh))))
        if n % 10 == 0:
            cut.append(len(pierced(mesh)) / (2 * len(mesh.faces)))
            kept.append([volume_kept(mesh, name, bent(mesh, name, 120.0)) for name in ("LeftForeArm", "LeftLeg")])
    print(f"{len(drawn)} bodies of {len(mesh.vertices)} vertices, {1000 * np.median(seconds):.0f} ms each, the first "
          f"{seconds[0]:.1f} s")
    print("measure: mean / largest difference from what was asked for, %")
    for name, values in off.items():
        print(f"  {name}: {100 * np.mean(values):.2f} / {100 * np.max(values):.2f}")
    print(f"weight over volume: {np.mean(density):.2f} kg/l, {np.min(density):.2f} to {np.max(density):.2f}")
    print(f"edges that go through the skin: {100 * np.mean(cut):.2f} %, at most {100 * np.max(cut):.2f} %")
    elbow, knee = np.min(kept, axis=0)
    print(f"volume kept at 120 degrees, at least: elbow {100 * elbow:.0f} %, knee {100 * knee:.0f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
