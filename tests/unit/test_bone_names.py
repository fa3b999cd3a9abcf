# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone names taken apart into side, word and numbers, as all programs write them."""

import pytest

from blender_addon.rig.bone_names import BoneName, shared_ends, take_apart
from blender_addon.rig.families import by_words, families, recognise


@pytest.mark.parametrize("name, side, word, numbers", [
    ("Hips", "", "hips", ()), ("mixamorig:LeftUpLeg", "Left", "upleg", ()),
    ("mixamorig5_RightToeBase", "Right", "toe", ()),
    ("upperarm_l", "Left", "upperarm", ()), ("lThigh", "Left", "thigh", ()), ("rForeArm", "Right", "forearm", ()),
    ("thigh.R", "Right", "thigh", ()), ("left_shoulder", "Left", "shoulder", ()), ("R_Hand", "Right", "hand", ()),
    ("Bip01 L Forearm", "Left", "forearm", ()), ("Bip01_L_Forearm", "Left", "forearm", ()),
    ("Bip001 Spine1", "", "spine", (1,)), ("Character1:RightFoot", "Right", "foot", ()),
    ("Character1_RightFoot", "Right", "foot", ()), ("spine_03", "", "spine", (3,)), ("lowerback", "", "lowerback", ()),
    ("root", "", "root", ()), ("LEFT HAND", "Left", "hand", ()), ("ribs", "", "ribs", ()),
    ("Lattice", "", "lattice", ()),
    ("J_Bip_L_UpperArm", "Left", "upperarm", ()), ("J_Bip_C_UpperChest", "", "upperchest", ()),
    ("CC_Base_L_Thigh", "Left", "thigh", ()), ("DEF-upper_arm.L.001", "Left", "upperarm", (1,)),
    ("ValveBiped.Bip01_R_Calf", "Right", "calf", ()), ("Neo_LeftLeg", "Left", "leg", ()),
    ("rig|ns:armL", "Left", "arm", ()),
    ("左ひざ", "Left", "ひざ", ()), ("ひざ.R", "Right", "ひざ", ()), ("左人指３", "Left", "人指", (3,)),
    ("上半身2", "", "上半身", (2,)), ("lhand", "Left", "hand", ()), ("rightupleg", "Right", "upleg", ()),
    ("leftUpperLeg", "Left", "upperleg", ()), ("LUArm", "Left", "uarm", ()), ("toe2-1.L", "Left", "toe", (2, 1)),
    ("L5", "", "l", (5,)), ("T12", "", "t", (12,)), ("c_thigh.l_x", "Left", "thigh", ()), ("ring", "", "ring", ()),
    ("leg", "", "leg", ()), ("Rump", "", "rump", ()), ("spine_01.x", "", "spine", (1,)), ("", "", "", ()),
])
def test_names(name, side, word, numbers):
    assert take_apart(name) == BoneName(side, word, numbers, False)


@pytest.mark.parametrize("name", [
    "左足ＩＫ", "ik_foot_l", "hand_ik.L", "PoleTarget.L", "ORG-thigh.L", "MCH-thigh.L", "upperarm_twist_01_l",
    "LeftLegRoll",
    "CC_Base_L_UpperarmTwist01", "HeadTop_End", "Bip001 HeadNub", "head_leaf", "Weapon_R", "control-foot-roll.l",
    "左腕捩",
])
def test_helpers(name):
    assert take_apart(name).helper


@pytest.mark.parametrize("names, ends", [
    (["Hips", "Spine", "LeftArm"], ((), ())),
    (["rig_Hips", "rig_Spine", "rig_LeftArm"], (("rig",), ())),
    (["NPC-12 Hips", "NPC-12 L Arm", "NPC-12 R Arm"], (("npc", "12"), ())),
    (["Hips.001", "L_Arm.001", "R_Arm.001"], ((), ("001",))),
    (["Hips_jnt", "L_Arm_jnt", "R_Arm_jnt", "prop"], ((), ("jnt",))),
    (["LeftHandIndex1", "LeftHandIndex2", "LeftHandMiddle1"], ((), ())),
    ([], ((), ())),
])
def test_what_most_names_share(names, ends):
    assert shared_ends(names) == ends


@pytest.mark.parametrize("names, joints", [
    (["L_shoulder", "L_elbow"], {"LeftArm": "L_shoulder", "LeftForeArm": "L_elbow"}),
    (["L_shoulder", "L_arm"], {"LeftShoulder": "L_shoulder", "LeftArm": "L_arm"}),
    (["L_collar", "L_shoulder"], {"LeftShoulder": "L_collar", "LeftArm": "L_shoulder"}),
    (["leg.R", "knee.R"], {"RightUpLeg": "leg.R", "RightLeg": "knee.R"}),
    (["thigh.R", "leg.R"], {"RightUpLeg": "thigh.R", "RightLeg": "leg.R"}),
    (["hip.R", "leg.R"], {"RightUpLeg": "hip.R", "RightLeg": "leg.R"}),
    (["hip", "hip.L", "hip.R"], {"Hips": "hip", "LeftUpLeg": "hip.L", "RightUpLeg": "hip.R"}),
    (["ankle.L", "foot.L"], {"LeftFoot": "ankle.L", "LeftToe": "foot.L"}),
    (["foot.L", "toe.L"], {"LeftFoot": "foot.L", "LeftToe": "toe.L"}),
    (["foot.L"], {"LeftFoot": "foot.L"}),
    (["ik_hand_l", "hand_l"], {"LeftHand": "hand_l"}),
])
def test_words_that_may_mean_two_joints(names, joints):
    found = by_words([take_apart(name) for name in names])
    assert {joint: names[bones[0]] for joint, bones in found.items()} == joints


def test_families_are_told_apart_and_nothing_is_made_up():
    assert len({family.name for family in families()}) >= 28
    names = ["a", "b", "c"]
    assert recognise(names, [take_apart(name) for name in names]) == (None, {})
