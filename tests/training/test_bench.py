# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's baseline: the same network in PyTorch, as large as the pack's."""

from pathlib import Path

from bench import bench
from blender_addon.inference.packs import read_pack
from blender_addon.inference.sessions import open_session


def test_steps_beside_pytorch(exported: Path):
    pack = read_pack(exported)
    (name, figure), = bench.generator_steps(open_session(pack, device="cpu"), pack, batches=(2,), repeats=1,
                                            seconds=0.01)
    assert name == "generator_steps_per_s_b2" and "PyTorch eager" in figure.note
    assert figure.baseline > 0.0 and figure.ratio == figure.value / figure.baseline


def test_peak_memory_of_a_take(exported: Path):
    (name, figure), = bench.peak_memory(read_pack(exported))
    assert name == "peak_rss_mb" and figure.value > figure.baseline > 10.0
