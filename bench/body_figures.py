# SPDX-License-Identifier: GPL-3.0-or-later
"""How well bodies have the measures asked for and how well they bend, judged by their meshes alone.

    python bench/body_figures.py [BODIES] [--every N] [--data DIR [--clip FILE]]

The people are drawn from models/body-vae, half of them women; the judges are tests/judging_bodies.py and
tests/judging_joints.py. N: what takes long is done for every Nth of the people, 10 if not said. DIR: the folder with
motion that training reads, FILE a clip in it that its index.csv holds out from training; with it the volume that elbows
and knees keep is taken over 20 poses of that clip, too.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from judging_bodies import open_edges, overlapping, pierced, stretched, taken, texels, unlike_mirrored  # noqa: E402
from judging_joints import bent, in_motion, skinned, triangles, volume, volume_kept  # noqa: E402

from blender_addon.character.body_mesh import BodyMesh, make_body  # noqa: E402
from blender_addon.character.loops import loops  # noqa: E402
from blender_addon.character.people import draw_people, open_people  # noqa: E402
from blender_addon.inference.packs import read_pack  # noqa: E402
from blender_addon.motion.bvh import read_bvh  # noqa: E402
from blender_addon.motion.kinematics import forward_kinematics  # noqa: E402
from blender_addon.motion.rotations import matrix_from_quat  # noqa: E402
from blender_addon.rig.canonical import to_canonical  # noqa: E402

CLIP = "cmu/135_02.bvh"  # karate: the liveliest that is held out
POSES = 20
BENDING = ("LeftForeArm", "RightForeArm", "LeftLeg", "RightLeg")


def held_out(data: Path, file: str) -> np.ndarray:
    """(POSES, 22, 3, 3) the turns of the canonical joints in poses of a clip, evenly over its length."""
    with (data / "index.csv").open(encoding="utf-8", newline="") as index:
        split = {row["file"]: row["split"] for row in csv.DictReader(index)}
    if not split.get(file, "").startswith("val"):
        raise SystemExit(f"{file} is not held out in {data / 'index.csv'}; name a clip whose split is val or val-clip")
    clip = to_canonical(read_bvh(data / file)).clip
    frames = np.linspace(0, clip.frames - 1, POSES).astype(int)
    return matrix_from_quat(forward_kinematics(clip.skeleton, clip.rotations[frames], clip.positions[frames])[0])


def skin_faults(mesh: BodyMesh) -> dict[str, float]:
    """What is wrong with a skin; nothing is 0."""
    sums, used = mesh.weights.sum(axis=1), (mesh.weights > 0.0).sum(axis=1)
    three = (np.diff(np.sort(mesh.faces, axis=1), axis=1) == 0).any(axis=1)
    return {"edges without two faces": open_edges(mesh)[0], "handles": open_edges(mesh)[1],
            "faces that are no quads, %": 100.0 * three.mean(),
            "left unlike right, mm": 1000.0 * unlike_mirrored(mesh),
            "weights that do not sum to 1, by at most": np.abs(sums - 1.0).max(),
            "vertices with more than four bones, none, or a negative weight":
                int(((used > 4) | (used == 0) | (mesh.weights < 0.0).any(axis=1)).sum())}


def evenness(mesh: BodyMesh) -> tuple[float, ...]:
    """Texels along a metre, over the mean of the skin: of the coarsest and the finest face, on how many they are more
    than 30 % off, and on what share of the skin; of the coarsest and the finest island; by how much a face is
    stretched more one way than the other, on the mean."""
    density, real = texels(mesh)
    off = (density < 0.7) | (density > 1.3)
    island = np.repeat(loops().charts, 4)  # a face of the cage became four
    means = np.bincount(island, density * real) / np.bincount(island, real)
    return (density.min(), density.max(), off.sum(), real[off].sum() / real.sum(), means.min(), means.max(),
            np.average(stretched(mesh)[0], weights=real))


def main(count: int, every: int, poses: np.ndarray) -> None:
    """Print the figures of `count` bodies; of every so many those that take long."""
    people = open_people(read_pack(ROOT / "models" / "body-vae"))
    drawn = [person for sex in (0.0, 1.0) for person in draw_people(people, count // 2, 1, sex=sex)]
    seconds, off, cut, kept, moving, density, faults, even, twice = [], {}, [], [], [], [], [], [], []
    for n, person in enumerate(drawn):
        start = time.perf_counter()
        mesh = make_body(person)
        seconds.append(time.perf_counter() - start)
        for name, value in taken(mesh, person).items():
            off.setdefault(name, []).append(abs(value / person[name] - 1.0))
        density.append(person["weightkg"] / (1000.0 * volume(mesh.vertices, triangles(mesh))))
        faults.append(skin_faults(mesh))
        even.append(evenness(mesh))
        if n % every == 0:
            twice.append(overlapping(mesh, 2048)[0])
            cut.append(len(pierced(mesh)) / (2 * len(mesh.faces)))
            kept.append([volume_kept(mesh, name, bent(mesh, name, 120.0)) for name in ("LeftForeArm", "LeftLeg")])
            for pose in poses:
                vertices = skinned(mesh, in_motion(mesh, pose))
                moving.append([volume_kept(mesh, name, vertices) for name in BENDING])
    print(f"{len(drawn)} bodies of {len(mesh.vertices)} vertices, {1000 * np.median(seconds):.0f} ms each, the first "
          f"{seconds[0]:.1f} s")
    print("measure: mean / largest difference from what was asked for, %")
    for name, values in off.items():
        print(f"  {name}: {100 * np.mean(values):.2f} / {100 * np.max(values):.2f}")
    print(f"weight over volume: {np.mean(density):.2f} kg/l, {np.min(density):.2f} to {np.max(density):.2f}")
    print("skin, worst of all bodies:")
    for name in faults[0]:
        print(f"  {name}: {max(each[name] for each in faults):.3g}")
    coarsest, finest, off_faces, off_skin, low, high, askew = np.array(even).T
    print(f"texels along a metre of a face, of the skin's mean: {coarsest.min():.2f} to {finest.max():.2f}, on the "
          f"median body {np.median(coarsest):.2f} to {np.median(finest):.2f}")
    print(f"  faces that are more than 30 % off: at most {off_faces.max():.0f} of {len(mesh.faces)} on a body, "
          f"{100 * off_skin.max():.3g} % of its skin; on the median body {np.median(off_faces):.0f}, "
          f"{100 * np.median(off_skin):.3g} %")
    print(f"  of an island: {low.min():.2f} to {high.max():.2f}")
    print(f"  stretched one way more than the other: {np.median(askew):.2f} times, at most {askew.max():.2f}, the mean "
          "of a body's skin")
    print(f"of {len(cut)} bodies:")
    print(f"texels that lie on two faces, of those on any, at most: {100 * np.max(twice):.3g} %")
    print(f"edges that go through the skin: {100 * np.mean(cut):.2f} %, at most {100 * np.max(cut):.2f} %")
    elbow, knee = np.min(kept, axis=0)
    print(f"volume kept at 120 degrees, at least: elbow {100 * elbow:.0f} %, knee {100 * knee:.0f} %")
    if moving:
        lost = np.min(np.reshape(moving, (-1, 2, 2)).min(axis=2), axis=0)
        print(f"over {len(poses)} poses of the clip, {len(kept)} bodies, at least: elbow {100 * lost[0]:.0f} %, "
              f"knee {100 * lost[1]:.0f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bodies", type=int, nargs="?", default=200, metavar="BODIES")
    parser.add_argument("--every", type=int, default=10, metavar="N")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--clip", default=CLIP, metavar="FILE")
    given = parser.parse_args()
    main(given.bodies, given.every, held_out(given.data, given.clip) if given.data else np.zeros((0, 22, 3, 3)))
