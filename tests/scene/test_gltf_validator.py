# SPDX-License-Identifier: GPL-3.0-or-later
"""The GLB judge itself: it lets Blender's own export pass and bites on a broken file."""

import json

import bpy
import gltf_validator
import pytest


@pytest.fixture
def cube_glb(empty_scene, tmp_path):
    bpy.ops.mesh.primitive_cube_add()
    path = tmp_path / "cube.glb"
    bpy.ops.export_scene.gltf(filepath=str(path))
    return path


def test_a_cube_from_blender_is_valid(cube_glb):
    report = gltf_validator.validate(cube_glb)
    assert report["issues"]["numErrors"] == 0
    assert report["info"]["totalVertexCount"] == 24
    assert gltf_validator.errors(cube_glb) == []


def test_a_cut_file_is_not(cube_glb):
    cube_glb.write_bytes(cube_glb.read_bytes()[:-40])
    assert any("GLB" in line for line in gltf_validator.errors(cube_glb))


def test_a_dangling_index_is_not(tmp_path):
    path = tmp_path / "dangling.gltf"
    path.write_text(json.dumps({"asset": {"version": "2.0"}, "scene": 3, "nodes": [{"mesh": 7}]}))
    assert len([line for line in gltf_validator.errors(path) if line.startswith("UNRESOLVED_REFERENCE")]) == 2
