# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's figures that need Blender, on a rig of three bones."""

from bench import bench


def test_keys_of_a_small_rig():
    entries = dict(bench.keys(bones=3, frames=40, few=2, repeats=1))
    bulk, bake = entries["keys_bulk_s"], entries["keys_bake_s"]
    assert "480 keys" in bulk.note and bulk.unit == bake.unit == "s"
    assert bulk.value > 0.0 and bulk.ratio == bulk.baseline / bulk.value
    assert bake.baseline == bulk.value and bake.ratio == bake.value / bulk.value


def test_register():
    (name, figure), = bench.register_time(repeats=1)
    assert name == "register_ms" and 0.0 < figure.value < 1000.0 and figure.baseline is None
