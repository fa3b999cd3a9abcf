# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH in and out: small files with answers worked out by hand, every whitespace style, every kind of damage."""

import itertools
import random
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_walk import made_chaos, made_walk

from blender_addon.errors import ClipError
from blender_addon.motion.bvh import read_bvh, write_bvh
from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.rotations import quat_angle, quat_rotate
from blender_addon.motion.skeleton import ENDS, INDEX, JOINTS
from blender_addon.rig.canonical import to_canonical

# Two bones of 10 along X from a root that may move; the end is 5 further up.
ARM = """HIERARCHY
ROOT shoulder
{
  OFFSET 0.0 0.0 0.0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT elbow
  {
    OFFSET 10.0 0.0 0.0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT hand
    {
      OFFSET 10.0 0.0 0.0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0.0 5.0 0.0
      }
    }
  }
}
MOTION
Frames: 3
Frame Time: 0.0333333
0 0 0  0 0 0  0 0 0  0 0 0
1 2 3  90 0 0  0 0 0  0 0 0
0 0 0  90 0 0  0 0 90  0 0 0
"""
ARM_PLACES = [
    [[0, 0, 0], [10, 0, 0], [20, 0, 0]],
    [[1, 2, 3], [1, 12, 3], [1, 22, 3]],  # X turned to Y about Z
    # at the elbow Rz(90) @ Ry(90): X goes to -Z, which a turn about Z leaves
    [[0, 0, 0], [0, 10, 0], [0, 10, -10]],
]


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes, name: str = "clip.bvh"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def places(motion):
    return motion.forward()[1]


# --- files by hand ----------------------------------------------------------------------------------------------


def test_an_arm_by_hand(written):
    motion = read_bvh(written(ARM))
    assert motion.names == ("shoulder", "elbow", "hand") and motion.parents == (-1, 0, 1)
    assert motion.fps == 30.0 and motion.frames == 3
    assert np.allclose(motion.offsets, [[0, 0, 0], [10, 0, 0], [10, 0, 0]])
    assert np.allclose(motion.ends[2], [0, 5, 0]) and np.isnan(motion.ends[:2]).all()
    assert np.allclose(places(motion), ARM_PLACES)


STYLES = {
    "tabs": lambda text: text.replace("  ", "\t"),
    "carriage returns and newlines": lambda text: text.replace("\n", "\r\n"),
    "old Macintosh": lambda text: text.replace("\n", "\r"),
    "brace on the line of its joint": lambda text: text.replace("\n{", " {").replace("\n  {", " {"),
    "braces with company": lambda text: text.replace("{\n", "{ ").replace("}\n", "}").replace("}MOTION", "}\nMOTION"),
    "no indentation": lambda text: "\n".join(line.strip() for line in text.splitlines()),
    "trailing blanks": lambda text: text.replace("\n", " \t \n"),
    "empty lines": lambda text: text.replace("\n", "\n\n"),
    "no newline at the end": lambda text: text.rstrip(),
    "byte order mark": lambda text: "\ufeff" + text,
    "capitals": lambda text: text.upper(),
    "small letters": lambda text: text.lower(),
    "numbers with exponents": lambda text: text.replace("10.0", "1.0e+01").replace("90", "+9E1"),
    "frame on several lines": lambda text: text.replace("  0 0 0", "\n0 0 0"),
    "space before the colon": lambda text: text.replace("Frames:", "Frames :").replace("Time: ", "Time:\t"),
}


@pytest.mark.parametrize("style", STYLES)
def test_whitespace_and_spelling(written, style):
    text = STYLES[style](ARM)
    assert text != ARM
    motion = read_bvh(written(text))
    assert [name.lower() for name in motion.names] == ["shoulder", "elbow", "hand"]
    assert motion.fps == 30.0 and np.allclose(motion.ends[2], [0, 5, 0])
    assert np.allclose(places(motion), ARM_PLACES)


def test_names_with_blanks_digits_and_the_word_motion(written):
    text = ARM.replace("shoulder", "Bip01 L  UpperArm").replace("elbow", "MOTION:arm_2").replace("hand", "HIERARCHY.é")
    assert read_bvh(written(text)).names == ("Bip01 L UpperArm", "MOTION:arm_2", "HIERARCHY.é")


@pytest.mark.parametrize("order", ["".join(order) for order in itertools.permutations("XYZ")])
def test_any_order_of_rotation_channels(written, order):
    """The channels are applied as they are listed: Rz Rx Ry for 'Zrotation Xrotation Yrotation'."""
    channels = " ".join(f"{axis}rotation" for axis in order)
    text = ARM.replace("CHANNELS 3 Zrotation Xrotation Yrotation", f"CHANNELS 3 {channels}")
    turns = dict(zip("XYZ", (25.0, -40.0, 70.0)))
    text = text.replace("90 0 0  0 0 90", "0 0 0  " + " ".join(str(turns[axis]) for axis in order))
    expected = np.eye(3)
    for axis in order:
        c, s, i = np.cos(np.radians(turns[axis])), np.sin(np.radians(turns[axis])), "XYZ".index(axis)
        matrix = np.zeros((3, 3))
        matrix[i, i] = 1
        j, k = (i + 1) % 3, (i + 2) % 3
        matrix[j, j] = matrix[k, k] = c
        matrix[k, j], matrix[j, k] = s, -s
        expected = expected @ matrix
    hand = places(read_bvh(written(text)))[2, 2]
    assert np.allclose(hand, np.array([10, 0, 0]) + expected @ [10, 0, 0])


def test_rotations_before_positions_and_positions_out_of_order(written):
    text = ARM.replace("Xposition Yposition Zposition Zrotation Xrotation Yrotation",
                       "Zrotation Yposition Xrotation Zposition Yrotation Xposition")
    text = text.replace("1 2 3  90 0 0", "90 2 0 3 0 1").replace("0 0 0  90 0 0  0 0 90", "90 0 0 0 0 0  0 0 90")
    assert np.allclose(places(read_bvh(written(text))), ARM_PLACES)


def test_positions_on_every_joint_replace_its_offset(written):
    text = ARM.replace("CHANNELS 3 Z", "CHANNELS 6 Xposition Yposition Zposition Z")
    text = text[:text.index("0 0 0  0 0 0")].replace("Frames: 3", "Frames: 2")
    text += "0 0 0 0 0 0  10 0 0 0 0 0  10 0 0 0 0 0\n"
    text += "0 0 0 0 0 0  12 0 0 90 0 0  0 0 7 0 0 0\n"
    assert np.allclose(places(read_bvh(written(text))), [[[0, 0, 0], [10, 0, 0], [20, 0, 0]],
                                                        [[0, 0, 0], [12, 0, 0], [12, 0, 7]]])


def test_one_position_channel_moves_one_axis_only(written):
    text = ARM.replace("    CHANNELS 3 Zrotation Xrotation Yrotation\n    JOINT",
                       "    CHANNELS 4 Yposition Zrotation Xrotation Yrotation\n    JOINT")
    text = text.replace("Frames: 3", "Frames: 1")
    text = text[:text.index("0 0 0  0 0 0")] + "0 0 0 0 0 0  4 0 0 0  0 0 0\n"
    assert np.allclose(places(read_bvh(written(text))), [[[0, 0, 0], [10, 4, 0], [20, 4, 0]]])


def test_a_joint_without_channels_or_with_one_keeps_to_its_parent(written):
    text = ARM.replace("    CHANNELS 3 Zrotation Xrotation Yrotation\n    JOINT", "    JOINT").replace(
        "      CHANNELS 3 Zrotation Xrotation Yrotation", "      CHANNELS 1 Xrotation")
    text = text.replace("Frames: 3", "Frames: 1")
    text = text[:text.index("0 0 0  0 0 0")] + "0 0 0 90 0 0  45\n"
    motion = read_bvh(written(text))
    assert np.allclose(places(motion), [[[0, 0, 0], [0, 10, 0], [0, 20, 0]]])
    assert np.allclose(motion.rotations[0, 2], [np.cos(np.pi / 8), np.sin(np.pi / 8), 0, 0])


def test_a_root_that_only_turns_stands_at_its_offset(written):
    text = ARM.replace("6 Xposition Yposition Zposition Z", "3 Z").replace("OFFSET 0.0 0.0 0.0", "OFFSET 0 90 0", 1)
    text = text[:text.index("0 0 0  0 0 0")].replace("Frames: 3", "Frames: 1") + "0 0 0  0 0 0  0 0 0\n"
    assert np.allclose(places(read_bvh(written(text)))[0, 0], [0, 90, 0])


@pytest.mark.parametrize("written_as, fps", [
    ("0.0333333", 30), ("0.033333", 30), (".0083333", 120), ("0.04166667", 24), ("1", 1), ("0.016667", 60),
    ("0.04", 25), ("0.0417083", 23.976), ("0.0333667", 29.97),
])
def test_frame_times_are_rounded_ones(written, written_as, fps):
    assert read_bvh(written(ARM.replace("0.0333333", written_as))).fps == pytest.approx(fps, abs=0.01)


# --- damage -----------------------------------------------------------------------------------------------------

SIX = "Xposition Yposition Zposition Zrotation Xrotation Yrotation"
DAMAGE = {
    "empty": ("", "not a BVH"),
    "something else": ("solid cube\nfacet normal 0 0 1\n", "not a BVH"),
    "binary": (bytes(random.Random(1).randbytes(4096)), "not a BVH"),
    "zeros": (bytes(1000), "not a BVH"),
    "UTF-16": (ARM.encode("utf-16"), "not a BVH"),
    "junk in front": ("junk\n" + ARM, "not a BVH"),
    "no motion": (ARM[:ARM.index("MOTION")], "MOTION is missing"),
    "no hierarchy": (ARM[ARM.index("MOTION"):], "HIERARCHY or MOTION is missing"),
    "no joints": ("HIERARCHY\nMOTION\nFrames: 1\nFrame Time: 0.03\n0\n", "no joints"),
    "no frames": (ARM[:ARM.index("0 0 0  0 0 0")], "no frames"),
    "zero frames": (ARM.replace("Frames: 3", "Frames: 0"), "no frames"),
    "negative frames": (ARM.replace("Frames: 3", "Frames: -3"), "no frames"),
    "huge frame count": (ARM.replace("Frames: 3", "Frames: 99999999999999"), "cannot be right"),
    "endless frame count": (ARM.replace("Frames: 3", "Frames: " + "9" * 5000), "'Frames:'"),
    "large frame count": (ARM.replace("Frames: 3", "Frames: 900000"), "10800000 numbers, the file has 36"),
    "frames not a number": (ARM.replace("Frames: 3", "Frames: three"), "'Frames:'"),
    "frames without colon": (ARM.replace("Frames: 3", "Frames 3"), "'Frames:'"),
    "frames missing": (ARM.replace("Frames: 3\n", ""), "'Frames:'"),
    "frame time missing": (ARM.replace("Frame Time: 0.0333333\n", ""), "'Frame Time:'"),
    "frame time of nothing": (ARM.replace("0.0333333", "0"), "cannot be right"),
    "frame time of NaN": (ARM.replace("0.0333333", "nan"), "cannot be right"),
    "frame time of a minute": (ARM.replace("0.0333333", "60"), "cannot be right"),
    "negative frame time": (ARM.replace("0.0333333", "-0.0333333"), "cannot be right"),
    "NaN": (ARM.replace("1 2 3", "1 nan 3"), "frame 1 holds NaN"),
    "infinity": (ARM.replace("1 2 3", "1 inf 3"), "frame 1 holds NaN, infinity"),
    "absurdly far": (ARM.replace("1 2 3", "1 1e300 3"), "frame 1 holds"),
    "Windows' NaN": (ARM.replace("1 2 3", "1 -1.#IND 3"), "not a number"),
    "a word": (ARM.replace("1 2 3", "1 two 3"), "not a number"),
    "one very long word": (ARM.replace("1 2 3", "1 " + "x" * 100_000 + " 3"), "not a number"),
    "a number too few": (ARM.rstrip()[:-2], "need 36 numbers, the file has 35"),
    "a number too many": (ARM + "7\n", "need 36 numbers, the file has 37"),
    "a frame too few": (ARM[:ARM.index("0 0 0  90")], "need 36 numbers, the file has 24"),
    "a frame too many": (ARM + "0 0 0  0 0 0  0 0 0  0 0 0\n", "need 36 numbers, the file has 48"),
    "no channels at the root": (ARM.replace(f"  CHANNELS 6 {SIX}\n", ""), "shoulder lacks rotation channels"),
    "a channel missing at the root": (ARM.replace(f"6 {SIX}", f"5 {SIX.removesuffix(' Yrotation')}"),
                                      "shoulder lacks rotation channels"),
    "channels missing at a joint": (ARM.replace("      CHANNELS 3 Zrotation Xrotation Yrotation\n", ""),
                                    "need 27 numbers, the file has 36"),
    "channel count wrong": (ARM.replace("CHANNELS 6", "CHANNELS 5"), "CHANNELS says 5 and lists 6"),
    "channel count no number": (ARM.replace("CHANNELS 6", "CHANNELS six"), "CHANNELS says six"),
    "channels without anything": (ARM.replace(f"CHANNELS 6 {SIX}", "CHANNELS"), "damaged"),
    "unknown channel": (ARM.replace("Xposition", "Wposition"), "unknown channel wposition"),
    "empty axis": (ARM.replace("Xposition", "position"), "unknown channel position"),
    "the same rotation twice": (ARM.replace("Zrotation Xrotation Yrotation", "Zrotation Xrotation Zrotation", 1),
                                "same channel twice"),
    "the same position twice": (ARM.replace("Yposition", "Xposition"), "same channel twice"),
    "two roots": (ARM.replace("MOTION", ARM[ARM.index("ROOT"):ARM.index("MOTION")] + "MOTION"), "second ROOT"),
    "a root within": (ARM.replace("JOINT elbow", "ROOT elbow"), "second ROOT"),
    "no root": (ARM.replace("ROOT", "JOINT"), "wrong place"),
    "a joint outside": (ARM.replace("MOTION", "JOINT lost\n{\nOFFSET 0 0 0\n}\nMOTION"), "wrong place"),
    "a joint in an end site": (ARM.replace("OFFSET 0.0 5.0 0.0", "JOINT x\n{\nOFFSET 0 0 0\n}"), "wrong place"),
    "channels in an end site": (ARM.replace("OFFSET 0.0 5.0 0.0", "CHANNELS 1 Xrotation"), "not understood"),
    "an offset outside": ("HIERARCHY\nOFFSET 0 0 0\n" + ARM[10:], "outside"),
    "a brace too few": (ARM.replace("}\nMOTION", "MOTION"), "cut off"),
    "a brace too many": (ARM.replace("MOTION", "}\nMOTION"), "outside"),
    "a brace of nobody": (ARM.replace("MOTION", "{\n}\nMOTION"), "outside"),
    "a second brace": (ARM.replace("{", "{{", 1), "not understood"),
    "no braces": (ARM.replace("{", ""), "where a brace should open"),
    "an offset of two": (ARM.replace("OFFSET 10.0 0.0 0.0", "OFFSET 10.0 0.0", 1), "not three numbers"),
    "an offset of four": (ARM.replace("OFFSET 10.0 0.0 0.0", "OFFSET 10.0 0.0 0.0 0.0", 1), "not three numbers"),
    "an offset of words": (ARM.replace("OFFSET 10.0", "OFFSET ten"), "not three numbers"),
    "an offset of NaN": (ARM.replace("OFFSET 10.0", "OFFSET nan"), "not three numbers"),
    "a misspelt word": (ARM.replace("CHANNELS 3", "CHANELS 3", 1), "CHANELS is not understood"),
    "cut within the hierarchy": (ARM[:ARM.index("JOINT hand")], "MOTION is missing"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_one_line_that_names_the_file(written, kind):
    content, says = DAMAGE[kind]
    path = written(content, "take 7.bvh")
    with pytest.raises(ClipError) as caught:
        read_bvh(path)
    told = str(caught.value)
    assert told.startswith(f"{path}: ") and len(told.splitlines()) == 1 and len(told) < len(str(path)) + 200
    assert says in told


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    for path in (tmp_path / "none.bvh", tmp_path):
        with pytest.raises(ClipError, match="cannot be read") as caught:
            read_bvh(path)
        assert str(path) in str(caught.value)


# --- fuzz: whatever becomes of a file, it is read or there is one ClipError -----------------------------------------

FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A short clip on all 22 joints, as bytes."""
    path = tmp_path_factory.mktemp("whole") / "walk.bvh"
    write_bvh(path, made_walk(seconds=0.1))
    return path.read_bytes()


def read_or_refused(path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        motion = read_bvh(path)
        assert np.isfinite(motion.rotations).all() and np.isfinite(motion.positions).all()
        to_canonical(motion, path.name)
    except ClipError as error:
        assert len(str(error).splitlines()) == 1 and path.name in str(error)


@FUZZ
@given(share=st.floats(0, 1), from_start=st.booleans())
def test_cut_anywhere(tmp_path, whole, share, from_start):
    at = int(share * len(whole))
    read_or_refused(tmp_path / "cut.bvh", whole[:at] if from_start else whole[at:])


@FUZZ
@given(data=st.data())
def test_bytes_changed_anywhere(tmp_path, whole, data):
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        # the hierarchy is a fifth of the file and the more fragile part
        at = data.draw(st.integers(0, len(whole) - 1) | st.integers(0, len(whole) // 5))
        changed[at] = data.draw(st.sampled_from(b"\x00\n {}-.e0919XYZ:\xff") | st.integers(0, 255))
    read_or_refused(tmp_path / "changed.bvh", bytes(changed))


@FUZZ
@given(data=st.data())
def test_words_swapped_dropped_or_doubled(tmp_path, whole, data):
    words = whole.decode().split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words) - 1) | st.integers(0, 300))
        other = data.draw(st.integers(0, len(words) - 1) | st.integers(0, 300))
        what = data.draw(st.sampled_from(["swap", "drop", "double", "nan", "huge", "brace"]))
        if what == "swap":
            words[at], words[other] = words[other], words[at]
        else:
            words[at] = {"drop": "", "double": f"{words[at]} {words[at]}", "nan": "nan", "huge": "1e308",
                         "brace": "}"}[what]
    read_or_refused(tmp_path / "words.bvh", " ".join(words).encode())


@FUZZ
@given(st.binary(max_size=300), st.sampled_from([b"", b"HIERARCHY\n", b"HIERARCHY\nROOT a\n{\n"]),
       st.sampled_from([b"", b"\nMOTION\nFrames: 1\nFrame Time: 0.03\n", b"\nMOTION\n"]))
def test_anything_at_all(tmp_path, junk, before, after):
    read_or_refused(tmp_path / "junk.bvh", before + junk + after + junk)


# --- writing ----------------------------------------------------------------------------------------------------

# from Blender's frame to that of BVH importers: Y up, +Z where the character looks, centimetres
to_file = partial(np.matmul, np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]) * 100.0)


@pytest.mark.parametrize("clip", [made_walk(), made_walk(heading=2.5), made_chaos(frames=80)],
                         ids=["walk", "turned", "chaos"])
def test_what_is_written_is_read_again(tmp_path, clip):
    write_bvh(tmp_path / "out.bvh", clip)
    motion = read_bvh(tmp_path / "out.bvh")
    assert motion.fps == 30.0 and motion.frames == clip.frames
    order = [motion.names.index(name) for name in JOINTS]
    turned, placed = motion.forward()
    expected_turned, expected = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    assert np.allclose(placed[:, order], to_file(expected[..., None])[..., 0], atol=1e-3)
    for axis in np.eye(3):
        seen = quat_rotate(turned[:, order], to_file(axis) / 100.0)
        assert np.allclose(seen, to_file(quat_rotate(expected_turned, axis)[..., None])[..., 0] / 100.0, atol=1e-6)


def test_written_angles_do_not_jump(tmp_path):
    """Importers interpolate the angles: none may leap by half a turn between frames."""
    write_bvh(tmp_path / "out.bvh", made_chaos(frames=300, reach=2.0))
    rows = (tmp_path / "out.bvh").read_text().split("Frame Time")[1].splitlines()[1:]
    angles = np.array([row.split() for row in rows], dtype=float)[:, 3:]
    assert np.abs(np.diff(angles, axis=0)).max() < 90.0


def test_the_form_that_the_design_gives(tmp_path):
    write_bvh(tmp_path / "out.bvh", made_walk(seconds=0.2))
    text = (tmp_path / "out.bvh").read_text()
    joints = [line.split()[1] for line in text.splitlines() if line.split()[0] in ("ROOT", "JOINT")]
    assert sorted(joints) == sorted(JOINTS) and text.startswith("HIERARCHY\nROOT Hips\n")
    assert text.split("OFFSET", 2)[1].split()[:3] == ["0.000000"] * 3  # the root's place is in its channels alone
    assert text.count("CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation") == 1
    assert text.count("CHANNELS 3 Zrotation Xrotation Yrotation") == 21
    assert "Frame Time: 0.03333333\n" in text and "\nFrames: 6\n" in text and "-0.000000" not in text
    assert text.count("End Site") == len(ENDS)


def test_a_person_in_the_file_is_upright_and_faces_z(tmp_path):
    clip = made_walk(seconds=4.0)
    write_bvh(tmp_path / "out.bvh", clip)
    motion = read_bvh(tmp_path / "out.bvh")
    at = {name: i for i, name in enumerate(motion.names)}
    _, placed = motion.forward()
    assert 150 < placed[0, at["Head"], 1] < 170  # centimetres
    assert placed[-1, 0, 2] - placed[0, 0, 2] == pytest.approx(1.2 * 4.0 * 100, rel=0.02)  # ahead is +Z
    assert placed[0, at["LeftArm"], 0] > placed[0, at["RightArm"], 0]
    assert np.allclose(motion.offsets[at["LeftLeg"]], [0, -41, 0])


def test_written_and_read_and_brought_to_the_canonical_joints_it_is_the_same_clip(tmp_path):
    clip = made_walk(seconds=3.0, heading=0.7)
    write_bvh(tmp_path / "out.bvh", clip)
    again = to_canonical(read_bvh(tmp_path / "out.bvh"), "out")
    assert again.missing == () and again.rest == "rest pose" and again.scale == pytest.approx(0.01, rel=1e-4)
    assert quat_angle(again.clip.rotations, clip.rotations).max() < 1e-4
    away = joint_positions(again.clip) - joint_positions(clip)
    assert np.ptp(away[:, INDEX["Head"]], axis=0).max() < 1e-4  # but for the floor, which is set anew
    assert np.abs(away[..., :2]).max() < 1e-4


def test_two_writes_are_the_same_bytes(tmp_path):
    for name in ("a.bvh", "b.bvh"):
        write_bvh(tmp_path / name, made_walk())
    assert (tmp_path / "a.bvh").read_bytes() == (tmp_path / "b.bvh").read_bytes()
