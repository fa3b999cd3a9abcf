# SPDX-License-Identifier: GPL-3.0-or-later
"""What rigs of known families call their joints, and what any rig may call them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from .bone_names import BoneName, take_apart, words

# Families, each with what stands for left and right, then its trunk (hips; spine from below; lowest neck; head), then
# its limbs (clavicle, upper arm, forearm, hand; thigh, shin, foot, toe). % stands for the side, what a family has not
# is left empty. Names are compared without prefixes, separators and case.
_FAMILIES = """
Mixamo: Left Right
    Hips; Spine, Spine1, Spine2; Neck; Head
    %Shoulder, %Arm, %ForeArm, %Hand; %UpLeg, %Leg, %Foot, %ToeBase
MotionBuilder: Left Right
    Hips; Spine, Spine1, Spine2, Spine3; Neck; Head
    %Shoulder, %Arm, %ForeArm, %Hand; %UpLeg, %Leg, %Foot, %ToeBase
Galatea Character: Left Right
    Hips; Spine, Spine1, Spine2; Neck; Head
    %Shoulder, %Arm, %ForeArm, %Hand; %UpLeg, %Leg, %Foot, %Toe
Galatea Human or LAFAN1: Left Right
    Hips; Spine, Spine1, Spine2; Neck; Head
    %Shoulder, %Arm, %ForeArm, %Hand; %UpLeg, %Leg, %Foot, %Toe
CMU BVH: Left Right
    Hips; LowerBack, Spine, Spine1; Neck; Head
    %Shoulder, %Arm, %ForeArm, %Hand; %UpLeg, %Leg, %Foot, %ToeBase
CMU BVH: Left Right
    Hips; lowerback, Chest, Chest2; lowerneck; Head
    %Collar, %Shoulder, %Elbow, %Wrist; %Hip, %Knee, %Ankle, %Toe
Unreal: l r
    pelvis; spine_01, spine_02, spine_03; neck_01; head
    clavicle_%, upperarm_%, lowerarm_%, hand_%; thigh_%, calf_%, foot_%, ball_%
Unreal 5: l r
    pelvis; spine_01, spine_02, spine_03, spine_04, spine_05; neck_01; head
    clavicle_%, upperarm_%, lowerarm_%, hand_%; thigh_%, calf_%, foot_%, ball_%
Rigify meta-rig: L R
    spine; spine.001, spine.002, spine.003; spine.004; spine.006
    shoulder.%, upper_arm.%, forearm.%, hand.%; thigh.%, shin.%, foot.%, toe.%
Mesh2Motion: L R
    DEF-hips; DEF-spine.001, DEF-spine.002, DEF-spine.003; DEF-neck; DEF-head
    DEF-shoulder.%, DEF-upper_arm.%, DEF-forearm.%, DEF-hand.%; DEF-thigh.%, DEF-shin.%, DEF-foot.%, DEF-toe.%
MPFB: L R
    root; spine05, spine04, spine03, spine02, spine01; neck01; head
    clavicle.%, upperarm01.%, lowerarm01.%, wrist.%; upperleg01.%, lowerleg01.%, foot.%, toe2-1.%
Unity or VRM: Left Right
    Hips; Spine, Chest, UpperChest; Neck; Head
    %Shoulder, %UpperArm, %LowerArm, %Hand; %UpperLeg, %LowerLeg, %Foot, %Toes
Bandai-Namco BVH: L R
    Hips; Spine, Chest; Neck; Head
    Shoulder_%, UpperArm_%, LowerArm_%, Hand_%; UpperLeg_%, LowerLeg_%, Foot_%, Toes_%
VRoid: L R
    Hips; Spine, Chest, UpperChest; Neck; Head
    %_Shoulder, %_UpperArm, %_LowerArm, %_Hand; %_UpperLeg, %_LowerLeg, %_Foot, %_ToeBase
MMD: 左 右
    腰; 上半身, 上半身2; 首; 頭
    %肩, %腕, %ひじ, %手首; %足, %ひざ, %足首, %つま先
MMD: L R
    center; upper body, upper body2; neck; head
    shoulder_%, arm_%, elbow_%, wrist_%; leg_%, knee_%, ankle_%, toe_%
Daz Genesis: l r
    hip; abdomen, abdomen2, chest; neck; head
    %Collar, %Shldr, %ForeArm, %Hand; %Thigh, %Shin, %Foot, %Toe
Daz Genesis 3 or 8: l r
    hip; abdomenLower, abdomenUpper, chestLower, chestUpper; neckLower; head
    %Collar, %ShldrBend, %ForearmBend, %Hand; %ThighBend, %Shin, %Foot, %Toe
Daz Genesis 9: l r
    hip; spine1, spine2, spine3, spine4; neck1; head
    %_shoulder, %_upperarm, %_forearm, %_hand; %_thigh, %_shin, %_foot, %_toes
Daz-type BVH: l r
    hip; abdomen, chest; neck; head
    %Collar, %Shldr, %ForeArm, %Hand; %Thigh, %Shin, %Foot,
Auto-Rig Pro: l r
    root.x; spine_01.x, spine_02.x, spine_03.x; neck.x; head.x
    shoulder.%, arm_stretch.%, forearm_stretch.%, hand.%; thigh_stretch.%, leg_stretch.%, foot.%, toes_01.%
Character Creator: L R
    Hip; Waist, Spine01, Spine02; NeckTwist01; Head
    %_Clavicle, %_Upperarm, %_Forearm, %_Hand; %_Thigh, %_Calf, %_Foot, %_ToeBase
3ds Max Biped: L R
    Pelvis; Spine, Spine1, Spine2; Neck; Head
    % Clavicle, % UpperArm, % Forearm, % Hand; % Thigh, % Calf, % Foot, % Toe0
Valve biped: L R
    Pelvis; Spine, Spine1, Spine2, Spine4; Neck1; Head1
    %_Clavicle, %_UpperArm, %_Forearm, %_Hand; %_Thigh, %_Calf, %_Foot, %_Toe0
Rokoko: Left Right
    Hips; Spine, Spine2, Spine3, Spine4; Neck; Head
    %Shoulder, %Arm, %ForeArm, %Hand; %Thigh, %Shin, %Foot, %Toe
Biovision BVH: Left Right
    Hips; Chest; Neck; Head
    %Collar, %Shoulder, %Elbow, %Wrist; %Hip, %Knee, %Ankle,
SMPL: L R
    Pelvis; Spine1, Spine2, Spine3; Neck; Head
    %_Collar, %_Shoulder, %_Elbow, %_Wrist; %_Hip, %_Knee, %_Ankle, %_Foot
Xsens: Left Right
    Hips; L5, L3, T12, T8; Neck; Head
    %Shoulder, %UpperArm, %ForeArm, %Hand; %UpperLeg, %LowerLeg, %Foot, %Toe
OptiTrack: L R
    Hip; Ab, Chest; Neck; Head
    %Shoulder, %UArm, %FArm, %Hand; %Thigh, %Shin, %Foot, %Toe
Synty: L R
    Hips; Spine_01, Spine_02, Spine_03; Neck; Head
    Clavicle_%, Shoulder_%, Elbow_%, Hand_%; UpperLeg_%, LowerLeg_%, Ankle_%, Ball_%
Cascadeur: l r
    pelvis; stomach, chest; neck; head
    clavicle_%, arm_%, forearm_%, hand_%; thigh_%, calf_%, foot_%, toe_%
KayKit: l r
    hips; spine, chest; ; head
    , upperarm.%, lowerarm.%, wrist.%; upperleg.%, lowerleg.%, foot.%, toes.%
Quaternius: L R
    Body; Hips, Abdomen, Torso; Neck; Head
    Shoulder.%, UpperArm.%, LowerArm.%, Palm2.%; UpperLeg.%, LowerLeg.%, Foot.%,
Roblox: Left Right
    LowerTorso; UpperTorso; ; Head
    , %UpperArm, %LowerArm, %Hand; %UpperLeg, %LowerLeg, %Foot,
Perception Neuron: Left Right
    Hips; Spine, Spine1, Spine2, Spine3; Neck; Head
    %Shoulder, %Arm, %ForeArm, %Hand; %UpLeg, %Leg, %Foot,
"""

# What tells a family from others whose joints have the same names.
_MARKS = {
    "Mixamo": r"mixamorig|HeadTop_End|^Left(Toe|Hand)_End",
    "MotionBuilder": r"^(Character\d|Reference)",
    "Galatea Character": r"^LeftElbowShare$",
    "Galatea Human or LAFAN1": r"^LeftToe$",
    "CMU BVH": r"HipJoint",
    "Perception Neuron": r"InHand(Index|Middle)",
    "Rokoko": r"Finger\dMedial",
    "Unreal 5": r"metacarpal_[lr]$|^spine_05$",
    "Rigify meta-rig": r"^(spine\.004|heel\.02\.L)$",
    "Mesh2Motion": r"^DEF-hips$",
    "VRoid": r"^J_(Bip|Sec|Adj)_",
    "Daz Genesis": r"Carpal\d|Pectoral",
    "Auto-Rig Pro": r"\.x$",
    "Character Creator": r"^CC_Base",
    "3ds Max Biped": r"^Bip\d+",
    "Valve biped": r"^ValveBiped",
    "Synty": r"IndexFinger_0|^Eyebrows$",
}

ARM, LEG = ("Shoulder", "Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot", "Toe")

# What any rig may call a joint, the likeliest first; words without side, numbers and separators.
_WORDS = {
    "Shoulder": "clavicle collar collarbone clav shoulderblade shoulder 肩",
    "Arm": "arm upperarm uparm uarm armupper shldr shldrbend armstretch armup humerus bicep biceps 腕 shoulder",
    "ForeArm": "forearm lowerarm loarm lowarm farm armlower forearmbend forearmstretch armlow elbow ulna ひじ 肘",
    "Hand": "hand wrist 手首 手 fist",
    "UpLeg": "upleg thigh upperleg uleg legupper thighbend thighstretch femur legup 太もも leg hip 足",
    "Leg": "leg shin calf lowerleg loleg lowleg leglower legstretch leglow tibia knee ひざ 膝",
    "Foot": "foot ankle feet 足首",
    "Toe": "toebase toe toes ball foottoe つま先 foot",
    "Hips": "hips hip pelvis pelvic 腰 lowertorso waist cog root center centre body グルーブ センター",
    "Neck": "neck necklower lowerneck necktwist 首",
    "Head": "head 頭 skull",
}
_TRUNK = frozenset(words("spine chest upperchest torso uppertorso abdomen back lowerback waist stomach belly 上半身"))
_CHEST = frozenset(words("chest upperchest thorax 胸"))
# Words that many a bone above the hips has too.
VAGUE_HIPS = frozenset(words("root center centre body cog グルーブ センター"))


@dataclass(frozen=True)
class NameFamily:
    """joints: canonical joint -> its name taken apart; spines: those of the column, from below."""

    name: str
    joints: Mapping[str, BoneName]
    spines: tuple[BoneName, ...]
    mark: str


@cache
def families() -> tuple[NameFamily, ...]:
    """All known families."""
    lines = [line.strip() for line in _FAMILIES.strip().splitlines()]
    return tuple(_read(*lines[k:k + 3]) for k in range(0, len(lines), 3))


def _read(first: str, trunk: str, limbs: str) -> NameFamily:
    name, sides = (cell.strip() for cell in first.split(":"))
    hips, spines, neck, head = (cell.strip() for cell in trunk.split(";"))
    joints = {joint: take_apart(bone) for joint, bone in (("Hips", hips), ("Neck", neck), ("Head", head)) if bone}
    for side, word in zip(("Left", "Right"), sides.split()):
        for part, bone in zip(ARM + LEG, re.split("[,;]", limbs)):
            if bone.strip():
                joints[side + part] = take_apart(bone.strip().replace("%", word))
    return NameFamily(name, joints, tuple(take_apart(bone.strip()) for bone in spines.split(",")), _MARKS.get(name, ""))


def recognise(names: Sequence[str], parts: Sequence[BoneName]) -> tuple[NameFamily | None, dict[str, list[int]]]:
    """The family whose names a rig bears, and joint -> bones with its name; None where no family fits.

    A family fits where nearly all of its joints are there.
    """
    known: dict[tuple[str, str, tuple[int, ...]], list[int]] = {}
    for bone, part in enumerate(parts):
        known.setdefault((part.side, part.word, part.numbers), []).append(bone)
    best, most, found = None, 0.0, {}
    every = "\n".join(names)
    for family in families():
        here = {joint: known[key] for joint, part in family.joints.items()
                if (key := (part.side, part.word, part.numbers)) in known}
        spines = sum((part.side, part.word, part.numbers) in known for part in family.spines)
        share = (len(here) + spines) / (len(family.joints) + len(family.spines))
        marked = bool(family.mark) and re.search(family.mark, every, re.MULTILINE) is not None
        worth = share + 0.01 * (len(here) + spines) + 0.05 * marked - 0.03 * (bool(family.mark) and not marked)
        if share > 0.8 and worth > most:
            best, most, found = family, worth, here
    return best, found


def by_words(parts: Sequence[BoneName]) -> dict[str, list[int]]:
    """Joint -> bones that are named for it in the usual words of any rig, the likeliest first.

    "Shoulder" is the clavicle where there is another word for the upper arm, else the upper arm; "leg" is the shin
    where there is another word for the thigh; "foot" is the toe where the ankle has a bone and the toe no other word.
    """
    known: dict[tuple[str, str], list[int]] = {}
    for bone, part in enumerate(parts):
        if not part.helper:
            known.setdefault((part.side, part.word), []).append(bone)
    for bones in known.values():
        bones.sort(key=lambda bone: (parts[bone].numbers, bone))
    found = {joint: _called(known, "", joint) for joint in ("Hips", "Neck", "Head")}
    for side in ("Left", "Right"):
        limbs = {part: _called(known, side, part) for part in ARM + LEG}
        for lower, upper in (("Shoulder", "Arm"), ("Leg", "UpLeg"), ("Foot", "Toe")):
            # a word that may mean both is the one that would go without
            shared = [bone for bone in limbs[lower] if bone in limbs[upper]]
            for bone in shared:
                keeps = upper if not [b for b in limbs[upper] if b not in shared] and (
                    lower != "Foot" or [b for b in limbs[lower] if b not in shared]) and (
                    lower != "Leg" or [b for b in limbs[lower] if b not in shared]) else lower
                limbs[lower if keeps == upper else upper].remove(bone)
        found |= {side + part: bones for part, bones in limbs.items()}
    return {joint: bones for joint, bones in found.items() if bones}


def _called(known: Mapping[tuple[str, str], list[int]], side: str, part: str) -> list[int]:
    return [bone for word in words(_WORDS[part]) for bone in known.get((side, word), [])]


def is_chest(part: BoneName) -> bool:
    """Whether a name says that the bone is the upper part of the trunk."""
    return part.word in _CHEST or (part.word == "spine" and part.numbers == (2,))


def is_trunk(part: BoneName) -> bool:
    """Whether a name says that the bone is one of the trunk's."""
    return part.word in _TRUNK


def is_neck(part: BoneName) -> bool:
    """Whether a name says that the bone is one of the neck's."""
    return part.word in words(_WORDS["Neck"])
