# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes that rigs are judged by: a walk, a walk round a bend, a kick and a dance, in takes/.

The first generator made them (8 s each on the canonical skeleton, seed 3, cleaned up). They are files, so that what is
judged is how motion comes onto a rig, and not which motion the generator of the day makes.
"""

from pathlib import Path

TAKES = ("walk", "bend", "kick", "dance")
_FPS = 30
_FOLDER = Path(__file__).with_name("takes")


def make_takes(folder: Path, seconds: float = 8.0) -> dict[str, Path]:
    """Name -> BVH file of the first `seconds` of each take, at 30 fps."""
    paths = {}
    for name in TAKES:
        head, motion = (_FOLDER / f"{name}.bvh").read_text().split("MOTION\n")
        frames = motion.splitlines()[2:][:round(seconds * _FPS)]
        paths[name] = folder / f"{name}.bvh"
        paths[name].write_text(f"{head}MOTION\nFrames: {len(frames)}\nFrame Time: {1 / _FPS:.9f}\n"
                               + "\n".join(frames) + "\n")
    return paths
