# SPDX-License-Identifier: GPL-3.0-or-later
"""How far hands get into the body, and soles off the floor, when characters move; by their skin as Blender deforms it.

    python bench/walk_figures.py [BODIES] [--actions walk,run,stand,dance] [--seconds 3]

Hands: under the skin at worst, as motion comes (--no-hands) and kept clear, and how hard they are pulled.
Soles: height of the lowest point of the body, over the frames of the first action, a walk.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from judging_moves import watch  # noqa: E402

from blender_addon import api  # noqa: E402

ASKED = ({"sex": 0.0, "stature": 1.62, "weight": 95.0}, {"sex": 1.0, "stature": 1.95, "weight": 78.0},
         {"sex": 0.0, "stature": 1.52, "weight": 48.0}, {"sex": 1.0, "stature": 1.78, "weight": 120.0})


def main(count: int, actions: list[str], seconds: float) -> None:
    """Print a line for every body and action, and the worst of all."""
    lowest, before, after, harder = [], [], [], []
    for seed in range(count):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.context.scene.render.fps = fps = 30
        asked = ASKED[seed] if seed < len(ASKED) else {"sex": float(seed % 2)}
        made = api.create_character(api.CharacterRequest(seed=seed, **asked))
        armature, body = bpy.data.objects[made.armature], bpy.data.objects[made.body]
        who = f"{made.measurements['stature']:.2f} m {made.measurements['weightkg']:4.0f} kg"
        for action in actions:
            plain = api.MotionRequest(action=action, seconds=seconds, seed=seed, hands=False)
            result = api.generate_motion(armature, plain)
            frames = range(1, result.frames + 1)
            left = watch(body, frames, depths=3)
            api.generate_motion(armature, api.MotionRequest(action=action, seconds=seconds, seed=seed))
            kept = watch(body, frames, depths=3)
            pulls = [np.percentile(seen.pulls(fps), 99) for seen in (left, kept)]
            before.append(left.depth.max())
            after.append(kept.depth.max())
            harder.append(pulls[1] / pulls[0])
            if action == actions[0]:
                lowest.append(kept.lowest)
            print(f"{who} {action:6} hands {100 * before[-1]:5.2f} cm deep, kept clear {100 * after[-1]:5.2f} cm; "
                  f"99 % of pulls below {pulls[0]:5.1f} and {pulls[1]:5.1f} m/s2", flush=True)
        print(f"{who} {actions[0]:6} lowest point {100 * lowest[-1].min():5.2f} .. {100 * lowest[-1].max():5.2f} cm",
              flush=True)
    heights = 100 * np.concatenate(lowest)
    print(f"{count} bodies: hands {100 * max(before):.1f} cm deep at worst, kept clear {100 * max(after):.2f} cm; "
          f"pulls {100 * (max(harder) - 1):+.0f} % at worst, {100 * (np.mean(harder) - 1):+.0f} % in the mean; lowest "
          f"point {heights.min():.2f} .. {heights.max():.2f} cm off the floor")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bodies", nargs="?", type=int, default=10, metavar="BODIES")
    parser.add_argument("--actions", default="walk,run,stand,dance")
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    main(given.bodies, given.actions.split(","), given.seconds)
