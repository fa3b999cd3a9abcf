# SPDX-License-Identifier: GPL-3.0-or-later
"""Any humanoid on the canonical joints: files made with known segment rotations give those rotations back."""

from dataclasses import replace

import numpy as np
import pytest
from made_humanoids import BARE, BODY, CMU, FULL, MIXAMO, PARTIAL, Humanoid
from made_steps import compass_walk, standing, turn
from made_walk import made_chaos, made_walk

from blender_addon.errors import ClipError
from blender_addon.motion.bvh import read_bvh
from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.rotations import quat_angle, quat_from_axis_angle, quat_multiply
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, MIRROR, TOWARDS
from blender_addon.rig.canonical import NEEDED, floor_height, joints_of, to_canonical

JUDGED = ("LeftHand", "RightHand", "LeftFoot", "RightFoot", "Head")
LIMBS = [f"{side}{part}" for side in ("Left", "Right") for part in ("Arm", "ForeArm", "UpLeg", "Leg")]
SCALE = 0.815 / 0.89  # canonical legs over those of the body that the files are made with
CLIPS = {"walk": made_walk(1.0), "walk that way": made_walk(1.0, heading=-2.2), "chaos": made_chaos(40, reach=1.0)}


@pytest.fixture
def canonical(tmp_path):
    """The file of a humanoid that does a clip, brought to the canonical joints."""

    def bring(humanoid: Humanoid, clip: Clip, name: str = "take.bvh"):
        path = tmp_path / "take.bvh"
        path.write_text(humanoid.write(clip))
        return to_canonical(read_bvh(path), name)

    return bring


def degrees(a, b):
    """Angles between directions (..., 3)."""
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)))


def above_floor(places):
    """Places with a height that is counted from the hips of the first frame: where the floor is, is judged apart."""
    return places - places[:1, :1] * [0.0, 0.0, 1.0]


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("kind", FULL)
def test_a_full_skeleton_gives_back_what_it_was_made_to_do(canonical, kind, clip):
    humanoid, clip = FULL[kind], CLIPS[clip]
    result = canonical(humanoid, clip)
    assert result.missing == () and result.rest == "rest pose"
    assert result.scale == pytest.approx(SCALE / humanoid.unit, rel=1e-4)
    assert result.clip.fps == pytest.approx(30.0, abs=0.01) and result.clip.skeleton is CANONICAL
    # every segment is turned away from the T-pose as it was
    assert np.degrees(quat_angle(result.clip.rotations, clip.rotations)).max() < 0.01
    # hands, feet and head are where the source has them, on a body of its proportions: 1 cm is asked for
    placed, _ = humanoid.places_of(clip)
    truth = above_floor(np.stack([placed[joint] for joint in JOINTS], axis=1) * SCALE)
    judged = [INDEX[joint] for joint in JUDGED]
    assert np.abs(above_floor(result.source_positions) - truth).max() < 1e-3
    assert np.abs(above_floor(joint_positions(result.fitted)) - truth)[:, judged].max() < 1e-3
    # on the canonical body the limbs point where the source's do, and the hip joints are in the same place
    mine = joint_positions(result.clip)
    for limb in LIMBS:
        here = mine[:, INDEX[TOWARDS[limb]]] - mine[:, INDEX[limb]]
        assert degrees(here, placed[TOWARDS[limb]] - placed[limb]).max() < 0.05
    middles = [(p[:, INDEX["LeftUpLeg"]] + p[:, INDEX["RightUpLeg"]]) / 2 for p in (mine, result.source_positions)]
    assert np.abs(middles[0] - middles[1]).max() < 1e-3


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("kind", PARTIAL)
def test_a_skeleton_that_lacks_joints_points_its_limbs_the_right_way(canonical, kind, clip):
    humanoid, clip = PARTIAL[kind], CLIPS[clip]
    result = canonical(humanoid, clip)
    assert result.missing == tuple(joint for joint in JOINTS if joint not in humanoid.names)
    placed, _ = humanoid.places_of(clip)
    mine = joint_positions(result.clip)
    for limb in LIMBS:
        if TOWARDS[limb] in placed:
            here = mine[:, INDEX[TOWARDS[limb]]] - mine[:, INDEX[limb]]
            assert degrees(here, placed[TOWARDS[limb]] - placed[limb]).max() < 0.05, limb
    missing = [INDEX[joint] for joint in result.missing]
    assert np.isnan(result.source_positions[:, missing]).all()
    assert np.isfinite(np.delete(result.source_positions, missing, axis=1)).all()
    assert np.isfinite(mine).all() and np.isfinite(joint_positions(result.fitted)).all()


@pytest.mark.parametrize("kind", PARTIAL)
def test_a_missing_joint_stands_between_or_with_its_neighbours(canonical, kind):
    result = canonical(PARTIAL[kind], CLIPS["walk"])
    mine = joint_positions(result.fitted)
    for joint in result.missing:
        if joint.startswith("Spine"):
            assert mine[0, INDEX["Hips"], 2] < mine[0, INDEX[joint], 2] < mine[0, INDEX["Head"], 2]
        elif "Shoulder" in joint or "Toe" in joint or "Hand" in joint:
            assert quat_angle(result.clip.rotations[:, INDEX[joint]], np.array([1.0, 0, 0, 0])).max() < 1e-6


def test_a_twist_along_the_way_and_further_joints_change_nothing(canonical):
    plain_one = Humanoid(MIXAMO)
    extra = replace(plain_one, between={
        "LeftArmRoll": ("LeftArm", "LeftForeArm", 0.5, 90.0), "LeftArmRoll2": ("LeftArm", "LeftForeArm", 0.8, 40.0),
        "RightUpLegRoll": ("RightUpLeg", "RightLeg", 0.5, 70.0), "Neck1": ("Neck", "Head", 0.4, 30.0),
        "LHipJoint": ("Hips", "LeftUpLeg", 0.5, 0.0)}, above=("Root", "Reference"))
    one, other = (canonical(humanoid, CLIPS["chaos"]) for humanoid in (plain_one, extra))
    assert quat_angle(one.clip.rotations, other.clip.rotations).max() < 1e-5
    assert np.abs(one.clip.positions - other.clip.positions).max() < 1e-5


def test_the_heading_is_kept(canonical):
    for heading in (-3.0, -1.0, 0.0, 2.0):
        clip = canonical(FULL["turned to the side"], made_walk(2.0, heading=heading)).clip
        gone = clip.positions[-1, :2] - clip.positions[0, :2]
        assert degrees(np.array([*gone, 0]), np.array([np.sin(heading), -np.cos(heading), 0])) < 1.0


# --- the floor ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [-3.0, 0.0, 7.0])
def test_somebody_who_stands_stands_on_the_floor(canonical, height):
    rotations = np.tile([1.0, 0, 0, 0], (30, 22, 1))
    standing = Clip(CANONICAL, rotations, np.tile([0.0, 0, 0.94 + height], (30, 1)), 30.0)
    result = canonical(Humanoid(CMU, up="Z"), standing)
    soles = joint_positions(result.clip)[:, [INDEX["LeftFoot"], INDEX["RightToe"]], 2]
    assert np.allclose(soles, [0.085, 0.02], atol=1e-3)
    assert floor_height(result.clip) == pytest.approx(0.0, abs=1e-9)


def test_a_jump_does_not_lift_the_floor(canonical):
    rotations = np.tile([1.0, 0, 0, 0], (90, 22, 1))
    # seven tenths of the time in the air
    heights = 0.94 + np.maximum(0.0, np.sin(np.linspace(0, 4 * np.pi, 90)) + 0.6)
    jumps = Clip(CANONICAL, rotations, np.column_stack([np.zeros((90, 2)), heights]), 30.0)
    soles = joint_positions(canonical(Humanoid(MIXAMO), jumps).clip)[:, INDEX["LeftFoot"], 2] - 0.085
    assert soles.min() == pytest.approx(0.0, abs=2e-3) and soles.max() == pytest.approx(SCALE * 1.6 / 0.94, rel=0.05)


@pytest.mark.parametrize("axis, angle", [((1.0, 0, 0), 90.0), ((1.0, 0, 0), -90.0), ((0, 1.0, 0), 85.0)],
                         ids=["on the back or front", "the other way", "on a side"])
@pytest.mark.parametrize("up", ["Y", "Z"])
def test_a_clip_that_lies_on_the_floor_from_end_to_end(canonical, up, axis, angle):
    """Up is where the rest pose has it, not where the head is."""
    clip = made_chaos(40, reach=0.2)
    down = np.broadcast_to(quat_from_axis_angle(np.array(axis), np.radians(angle)), (40, 4))
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(down, rotations[:, 0])
    lying = Clip(CANONICAL, rotations, np.tile([0.0, 0, 0.12], (40, 1)), 30.0)
    result = canonical(Humanoid(MIXAMO, up=up), lying)
    assert result.rest == "rest pose"
    assert np.degrees(quat_angle(result.clip.rotations, rotations)).max() < 0.01
    placed = joint_positions(result.clip)
    assert np.abs(placed[:, INDEX["Head"], 2] - placed[:, INDEX["Hips"], 2]).max() < 0.4


# --- rest poses that nobody stands in -----------------------------------------------------------------------------

SITTING = {"UpLeg": (0.1, -1.0, 0.0), "Leg": (0.1, 0.0, -1.0)}


@pytest.mark.parametrize("up", ["Y", "Z"])
def test_a_sitting_rest_pose_gives_way_to_a_frame_that_stands(canonical, up):
    clip = made_walk(1.0)
    rotations = np.array(clip.rotations)
    rotations[7] = [1.0, 0, 0, 0]  # a T-pose among the frames, as captures often begin with
    clip = replace(clip, rotations=rotations)
    result = canonical(Humanoid(MIXAMO, SITTING, up=up, yaw=30.0), clip)
    assert result.rest == "frame 7"
    assert np.degrees(quat_angle(result.clip.rotations, rotations)).max() < 0.05


LEGS_ALONG_X = {"UpLeg": (1.0, 0.0, 0.0), "Leg": (1.0, 0.0, 0.0)}


@pytest.mark.parametrize("up", ["Y", "Z"])
def test_feet_are_known_from_where_they_stand_not_from_the_frame_that_stands_best(canonical, up):
    """The frame that passes for the rest pose has one foot on its way; elsewhere both are flat."""
    walk = compass_walk()
    steps = np.concatenate([0.6 * np.sin(np.linspace(0.0, np.pi, 30)), np.zeros(walk.frames)])
    stepping = standing(30)
    for joint, share in (("RightUpLeg", -0.3), ("RightLeg", 0.5), ("RightFoot", 1.0)):
        stepping = turn(stepping, joint, share * steps[:30])
    clip = replace(walk, rotations=np.concatenate([stepping.rotations[8:16], walk.rotations]),
                   positions=np.concatenate([stepping.positions[8:16], walk.positions]))
    result = canonical(Humanoid(MIXAMO, LEGS_ALONG_X, up=up), clip)
    assert result.rest.startswith("frame ") and int(result.rest[6:]) < 8
    assert np.degrees(quat_angle(result.clip.rotations, clip.rotations)).max() < 2.0


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FULL | PARTIAL)
def test_every_family_is_understood_joint_by_joint(tmp_path, kind):
    humanoid = (FULL | PARTIAL)[kind]
    path = tmp_path / "take.bvh"
    path.write_text(humanoid.write(made_walk(0.1)))
    motion = read_bvh(path)
    assert {joint: motion.names[index] for joint, index in joints_of(motion).items()} == humanoid.names


def test_a_rest_pose_that_nobody_stands_in_leaves_it_to_the_names(tmp_path):
    """All bones in one place, as some files have them: their frames hold the places."""
    path = tmp_path / "take.bvh"
    path.write_text(Humanoid(MIXAMO, places=True).write(made_walk(0.1)))
    motion = read_bvh(path)
    nowhere = replace(motion, offsets=np.zeros_like(motion.offsets), ends=motion.ends * 0.0)
    assert {joint: motion.names[index] for joint, index in joints_of(nowhere).items()} == MIXAMO


def test_joints_that_are_named_alike_are_told_apart(tmp_path):
    path = tmp_path / "take.bvh"
    path.write_text(Humanoid(MIXAMO, between={"Roll": ("LeftArm", "LeftForeArm", 0.5, 0.0),
                                              "Bend": ("RightArm", "RightForeArm", 0.5, 0.0)}).write(made_walk(0.1)))
    path.write_text(path.read_text().replace("Bend", "Roll"))
    motion = read_bvh(path)
    assert {joint: motion.names[index] for joint, index in joints_of(motion).items()} == MIXAMO


# --- what is no humanoid ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("joint", NEEDED[1:])  # the hips are what carries the rest, whatever their name
def test_what_is_missing_is_named(tmp_path, joint):
    names = {**MIXAMO, joint: "mixamorig:Thing"}
    if joint.endswith("Arm") and not joint.endswith("ForeArm"):
        del names[joint.replace("Arm", "Shoulder")]  # which would be taken for the upper arm, as some families call it
    path = tmp_path / "odd.bvh"
    path.write_text(Humanoid(names).write(made_walk(0.1)))
    motion = read_bvh(path)
    nowhere = replace(motion, offsets=np.zeros_like(motion.offsets))  # or it would be found by its place
    with pytest.raises(ClipError) as caught:
        to_canonical(nowhere, "odd.bvh")
    message = str(caught.value)
    assert message.startswith("odd.bvh: not understood as a humanoid, no joint found for ") and joint in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("joint", NEEDED)
def test_a_joint_that_is_named_oddly_is_found_by_its_place(tmp_path, joint):
    names = {**MIXAMO, joint: "mixamorig:Thing"}
    path = tmp_path / "odd.bvh"
    path.write_text(Humanoid(names).write(made_walk(0.1)))
    motion = read_bvh(path)
    assert {found: motion.names[index] for found, index in joints_of(motion).items()} == names


def test_a_chair_is_no_humanoid(tmp_path):
    path = tmp_path / "chair.bvh"
    legs = "".join(f"JOINT leg{i}\n{{\nOFFSET {i} 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
                   "End Site\n{\nOFFSET 0 -1 0\n}\n}\n" for i in range(4))
    path.write_text("HIERARCHY\nROOT seat\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n" + legs
                    + "}\nMOTION\nFrames: 1\nFrame Time: 0.1\n" + "0 " * 15 + "\n")
    with pytest.raises(ClipError) as caught:
        to_canonical(read_bvh(path), "chair.bvh")
    assert len(str(caught.value).splitlines()) == 1
    assert all(joint in str(caught.value) for joint in NEEDED)


def test_a_body_without_size_is_no_humanoid(tmp_path):
    path = tmp_path / "point.bvh"
    path.write_text(Humanoid(MIXAMO, unit=0.0).write(made_walk(0.1)))
    with pytest.raises(ClipError, match=r"point\.bvh: .*no length"):
        to_canonical(read_bvh(path), "point.bvh")


def test_the_made_body_is_symmetric_and_unlike_the_canonical_one():
    """Otherwise these tests would prove less than they say."""
    rest = np.array([BODY[joint] for joint in JOINTS])
    assert np.allclose(rest[list(MIRROR)] * [-1, 1, 1], rest)
    assert np.linalg.norm(rest - CANONICAL.rest_positions, axis=-1).mean() > 0.03
    assert set(NEEDED) - {"LeftForeArm", "RightForeArm"} <= set(BARE)
