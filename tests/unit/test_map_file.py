# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps come back from their files as they were, and files that are none are refused in one line."""

import tomllib

import pytest
from made_families import FAMILIES, family
from made_families import renamed as with_names

from blender_addon.errors import RigError
from blender_addon.motion.skeleton import JOINTS
from blender_addon.rig.map_file import read_map, write_map
from blender_addon.rig.mapping import map_bones


@pytest.mark.parametrize("name", FAMILIES)
def test_a_map_comes_back(tmp_path, name):
    rig = family(name)
    bone_map = map_bones(rig.rest)
    write_map(tmp_path / "map.toml", bone_map, name)
    back = read_map(tmp_path / "map.toml")
    assert back == {joint: bone_map.bones.get(joint, "") for joint in JOINTS}
    assert tomllib.loads((tmp_path / "map.toml").read_text("utf-8"))["rig"] == name
    # what was read is set by hand from then on, "" included
    assert map_bones(rig.rest, back).bones == bone_map.bones


def test_bone_names_of_any_kind(tmp_path):
    odd = ['a "quoted" bone', "back\\slash", "tab\there", "new\nline", "null\x01\x7f", "左足ＩＫ", "#", "é" * 30]
    rig = family("galatea human")
    rig = with_names(rig, dict(zip(rig.names, odd)))
    bone_map = map_bones(rig.rest, {joint: bone for joint, bone in rig.truth.items() if bone in odd})
    write_map(tmp_path / "map.toml", bone_map, 'the "rig"\n')
    assert read_map(tmp_path / "map.toml") == bone_map.bones


def test_a_map_written_by_hand(tmp_path):
    (tmp_path / "map.toml").write_text('\ufeffformat = 1\n[bones]\nHips = "pelvis"  # mine\nLeftToe = ""\n', "utf-8")
    assert read_map(tmp_path / "map.toml") == {"Hips": "pelvis", "LeftToe": ""}


@pytest.mark.parametrize("text, told", [
    ('format = 1\n[bones]\nPelvis = "hips"\n', "'Pelvis' is no joint; the joints are Hips, Spine,"),
    ("format = 1\n[bones]\nHips = 3\n", 'Hips should be the name of a bone in quotes, or "" for none'),
    ('format = 2\n[bones]\nHips = "a"\n', "it should say `format = 1`"),
    ('[bones]\nHips = "a"\n', "it should say `format = 1`"),
    ("format = 1\n", "has no table [bones]"),
    ("format = 1\nbones = 3\n", "has no table [bones]"),
    ("Hips: pelvis", "is not TOML"),
    ("", "it should say `format = 1`"),
])
def test_what_is_no_map_is_told_in_one_line(tmp_path, text, told):
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(RigError) as caught:
        read_map(tmp_path / "map.toml")
    assert told in str(caught.value) and len(str(caught.value).splitlines()) == 1
    assert "map.toml" in str(caught.value)


def test_files_that_cannot_be_read_or_written(tmp_path):
    (tmp_path / "map.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.toml", tmp_path, tmp_path / "map.toml"):
        with pytest.raises(RigError) as caught:
            read_map(path)
        assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(RigError, match="cannot be written"):
        write_map(tmp_path / "no" / "map.toml", map_bones(family("mixamo").rest), "rig")
