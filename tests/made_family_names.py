# SPDX-License-Identifier: GPL-3.0-or-later
"""The rigs: tables of bones with the body, units and axes they come with."""

from __future__ import annotations

from made_bodies import Body
from made_family_characters import (
    ARP,
    BANDAI,
    BIOVISION,
    BIPED,
    CASCADEUR,
    CC,
    DAZ_G1,
    DAZ_G8,
    DAZ_G9,
    GALATEA,
    GODOT,
    KAYKIT,
    LAFAN,
    MESH2MOTION,
    MMD,
    MMD_ENGLISH,
    OPTITRACK,
    QUATERNIUS,
    ROBLOX,
    ROKOKO,
    SMPL,
    SMPLX,
    SYNTY,
    VALVE,
    XSENS,
)
from made_family_engines import (
    ASF,
    CMU_MB,
    GAME_ENGINE,
    HIK,
    MIXAMO,
    MIXAMO_PLAIN,
    MPFB,
    NEURON,
    RIGIFY_BASIC,
    RIGIFY_DEF,
    RIGIFY_HUMAN,
    UE4,
    UE5,
    UNITY,
    VRM1,
    VROID,
)
from made_family_forms import Make, prefixed

# Bodies that are not all one body.
HERO = Body(1.88, leg=0.535, arm=0.325, head=0.115, shoulders=0.115, arms_down=42.0, forearms_ahead=18.0, toes_out=8.0)
CHILD = Body(1.15, leg=0.45, arm=0.29, head=0.19, neck=0.04, shoulders=0.1, hips=0.055, foot=0.09, arms_down=35.0)
GIANT = Body(6.5, leg=0.47, arm=0.4, head=0.09, shoulders=0.14, hips=0.06, arms_down=30.0, forearms_ahead=20.0)
TOY = Body(1.5, leg=0.34, arm=0.3, head=0.34, neck=0.02, shoulders=0.14, hips=0.11, foot=0.1, ankle=0.08)
LONG_ARMS = Body(1.7, leg=0.42, arm=0.44, head=0.13, shoulders=0.11, arms_down=60.0, forearms_ahead=10.0)
ROBOT = Body(4.1, leg=0.375, arm=0.36, head=0.27, neck=0.075, shoulders=0.165, hips=0.155, foot=0.08, ankle=0.02)
SLIM = Body(1.58, leg=0.54, arm=0.29, head=0.145, shoulders=0.085, hips=0.045, foot=0.07, arms_down=38.0)
DOWN = Body(1.72, arms_down=82.0, forearms_down=-6.0, forearms_ahead=8.0)
LR, SIDED = ("l", "r"), ("Left", "Right")
FBX = {"space": "Y", "unit": 100.0}

MAKES: dict[str, Make] = {
    "galatea human": Make(GALATEA, SIDED, Body(), roll="random"),
    "mixamo": Make(prefixed(MIXAMO, "mixamorig:"), SIDED, Body(1.8), roll="random", **FBX),
    "mixamo without prefix": Make(MIXAMO_PLAIN, SIDED, LONG_ARMS, space="Y", bone_axis="up"),
    "mixamo numbered": Make(prefixed(MIXAMO_PLAIN, "mixamorig9:"), SIDED, CHILD, bone_axis="across", **FBX),
    "motionbuilder": Make(prefixed(HIK, "Character1_"), SIDED, Body(1.78, spread=4.0), roll="quarter", **FBX),
    "perception neuron": Make(NEURON, SIDED, Body(1.7), space="Y", unit=100.0, rotation_mode="YXZ"),
    "unreal 4": Make(UE4, LR, HERO, unit=100.0, bone_axis="across", roll="quarter"),
    "unreal 5": Make(UE5, LR, Body(1.8, leg=0.53, arms_down=50.0, forearms_ahead=25.0, toes_out=6.0), unit=100.0,
                     bone_axis="across", roll="random"),
    "makehuman game engine": Make(GAME_ENGINE, LR, Body(1.68, arms_down=47.0), roll="random"),
    "rigify basic": Make(RIGIFY_BASIC, ("L", "R"), Body(1.96, arms_down=15.0, forearms_ahead=12.0), connect=True),
    "rigify human": Make(RIGIFY_HUMAN, ("L", "R"), Body(1.96, arms_down=30.0, forearms_ahead=12.0), connect=True),
    "rigify deform": Make(RIGIFY_DEF, ("L", "R"), Body(1.7, arms_down=35.0, forearms_ahead=10.0), connect=True),
    "mpfb default": Make(MPFB, ("L", "R"), Body(1.67, arms_down=49.0, forearms_ahead=30.0, spread=5.0, toes_out=6.0),
                         rotation_mode="XYZ", accept={
        "Spine": "spine04", "Spine1": "spine04 | spine02", "Spine2": "spine02", "Toe": "toe1-1.% | toe3-1.%",
        "Shoulder": "shoulder01.%", "Neck": "neck02"}),
    "makehuman cmu": Make(CMU_MB, SIDED, Body(1.66, arms_down=40.0), roll="random", accept={"Spine1": "Spine"}),
    "unity": Make(UNITY, SIDED, GIANT, space="Y", bone_axis="up"),
    "vroid": Make(VROID, ("L", "R"), Body(1.55, leg=0.56, head=0.15, hips=0.045, foot=0.07), space="Y", bone_axis="up"),
    "vrm 1": Make(VRM1, ("left", "right"), SLIM, space="Z, facing +Y"),
    "mmd": Make(MMD, ("左", "右"), SLIM, unit=12.5, roll="random", accept={
        "Hips": "センター | グルーブ", "UpLeg": "%足D", "Leg": "%ひざD", "Foot": "%足首D", "Toe": "%足先EX"}),
    "mmd in english": Make(MMD_ENGLISH, ("L", "R"), Body(1.52, leg=0.52, head=0.17, arms_down=40.0, foot=0.07),
                           unit=12.5),
    "daz genesis 1": Make(DAZ_G1, LR, Body(1.8, toes_out=10.0), rotation_mode="XZY", **FBX),
    "daz genesis 8": Make(DAZ_G8, LR, Body(1.73, arms_down=45.0, spread=6.0), rotation_mode="YZX", **FBX,
                          accept={"Spine2": "chestLower", "Neck": "neckUpper"}),
    "daz genesis 9": Make(DAZ_G9, LR, Body(1.76, arms_down=38.0, spread=5.0), **FBX,
                          accept={"Spine2": "spine3", "Neck": "neck2"}),
    "auto-rig pro": Make(ARP, LR, Body(1.82, arms_down=33.0, forearms_ahead=12.0), rotation_mode="XYZ"),
    "character creator": Make(CC, SIDED, HERO, bone_axis="across", roll="random", **FBX),
    "3ds max biped": Make(BIPED, SIDED, DOWN, space="X", unit=39.37, accept={"Hips": "Bip001"}),
    "valve": Make(VALVE, SIDED, Body(1.82, arms_down=65.0, forearms_ahead=15.0), space="Z, facing +X", unit=39.37),
    "cmu bvh": Make(ASF, SIDED, Body(1.75, spread=20.0), space="Y", unit=17.8),
    "lafan": Make(LAFAN, SIDED, Body(1.75), **FBX),
    "bandai": Make(BANDAI, ("L", "R"), Body(1.7), rotation_mode="ZXY", **FBX),
    "rokoko": Make(ROKOKO, SIDED, Body(1.75, spread=4.0), **FBX),
    "biovision": Make(BIOVISION, SIDED, DOWN, space="Y", unit=39.37, accept={"Spine": "-", "Spine2": "Chest | -"}),
    "smpl": Make(SMPL, SIDED, Body(1.7, spread=3.0), space="Y", roll="random"),
    "smpl-x": Make(SMPLX, ("left", "right"), Body(1.7, spread=10.0, arms_down=8.0), space="Y", bone_axis="up"),
    "xsens": Make(XSENS, SIDED, Body(1.79), space="Y", unit=100.0, rotation_mode="YXZ"),
    "optitrack": Make(OPTITRACK, SIDED, Body(1.73), space="Y", unit=1000.0),
    "synty": Make(SYNTY, ("L", "R"), TOY, roll="quarter", **FBX),
    "cascadeur": Make(CASCADEUR, LR, HERO, **FBX),
    "mesh2motion": Make(MESH2MOTION, LR, Body(1.8), bone_axis="up", space="Y"),
    "quaternius": Make(QUATERNIUS, ("L", "R"), ROBOT, points={"Toe": "Foot.%"}, ik=(
        ("LowerLeg.%", "Foot.%", "PoleTarget.%", 2),)),
    "kaykit": Make(KAYKIT, LR, TOY, accept={"Spine1": "chest", "Spine2": "-", "Hand": "hand.%"}),
    "roblox": Make(ROBLOX, SIDED, Body(1.5, leg=0.42, arm=0.3, head=0.2, neck=0.01, shoulders=0.17, hips=0.08),
                   space="Y", accept={"Hips": "HumanoidRootPart"}),
    "godot": Make(GODOT, SIDED, GIANT, space="Y", bone_axis="up"),
}
