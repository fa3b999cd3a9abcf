# SPDX-License-Identifier: GPL-3.0-or-later
"""Small data that the tests make: two people who walk, written as BVH, prepared, and a tiny model trained on them."""

import csv
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch; `make test` installs it")
torch.set_num_threads(1)  # tiny networks are quicker on one core, and the two may be busy

from made_runs import train  # noqa: E402
from made_walk import carried, made_walk  # noqa: E402

from blender_addon.motion.bvh import write_bvh  # noqa: E402
from training.__main__ import main  # noqa: E402


@pytest.fixture(scope="session")
def bvh_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve walks at several paces, the last two held out, and one file that is not understood."""
    folder = tmp_path_factory.mktemp("clips")
    rows = []
    for i in range(12):
        pace = 0.9 + 0.05 * i
        write_bvh(folder / f"walk_{i:02d}.bvh", carried(made_walk(seconds=3.0, speed=pace, heading=0.3 * i), i))
        rows.append({"file": f"walk_{i:02d}.bvh", "action_tags": "walk", "style": "brisk" if i % 2 else "",
                     "split": "train" if i < 10 else "val", "license": "CC0-1.0",
                     "bad_frame_ranges_0based": "70-72" if i == 3 else ""})
    (folder / "broken.bvh").write_text("HIERARCHY\nROOT Hips\n{\n")
    rows.append({"file": "broken.bvh", "action_tags": "walk", "split": "train"})
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="session")
def prepared(bvh_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared") / "motion.npz"
    assert main(["prepare", "motion", "--data", str(bvh_folder), "--out", str(out),
                 "--sheet", str(out.with_suffix(".png"))]) == 0
    return out


@pytest.fixture(scope="session")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    assert train(prepared, run) == 0
    return run


@pytest.fixture(scope="session")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pack = tmp_path_factory.mktemp("packs") / "tiny-walk"
    assert main(["export", "motion-generator", "--run", str(trained), "--out", str(pack)]) == 0
    return pack
