# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of bones: MMD, Daz, Auto-Rig Pro, Character Creator, 3ds Max, motion capture files, toys."""

from __future__ import annotations

from made_family_engines import HIK_ARM, LOWER_CASE, THREE, UE4
from made_family_forms import chain, fingers, five, human, prefixed, strands

MMD_FINGERS = fingers("%手首", {"Thumb": "%親指#"}, "０,１,２") + fingers(
    "%手首", {"Index": "%人指#", "Middle": "%中指#", "Ring": "%薬指#", "Pinky": "%小指#"}, "１,２,３")
MMD = """
全ての親 | | Origin > Origin+0,0,.05
センター | 全ての親 | Hips+0,0,-.1 > Hips
グルーブ | センター | Hips+0,0,-.08 > Hips
腰 | グルーブ | Hips+0,.01,0 > Hips+0,0,-.03 | Hips
上半身 | 腰 | Spine > Spine2 | Spine
上半身2 | 上半身 | Spine2 > Neck | Spine2
首 | 上半身2 | Neck > Head | Neck
頭 | 首 | Head > HeadTop | Head
両目 | 頭 | HeadTop+0,-.1,.08 > HeadTop+0,-.12,.08
%目 | 頭 | Head+.02,-.05,.05 > Head+.02,-.06,.05
%肩P | 上半身2 | Shoulder > Shoulder+0,0,.03
%肩 | %肩P | Shoulder > Arm | Shoulder
%肩C | %肩 | Arm > Arm+0,0,.03
%腕 | %肩C | Arm > ForeArm | Arm
%腕捩 | %腕 | Arm:.6:ForeArm > ForeArm
%腕捩1 | %腕 | Arm:.25:ForeArm > Arm:.3:ForeArm
%ひじ | %腕捩 | ForeArm > Hand | ForeArm
%手捩 | %ひじ | ForeArm:.6:Hand > Hand
%手首 | %手捩 | Hand > Knuckles | Hand
%ダミー | %手首 | Knuckles > HandEnd
""" + MMD_FINGERS + """
下半身 | 腰 | Spine > Hips+0,0,-.04
腰キャンセル% | 下半身 | UpLeg > UpLeg+0,0,.03
%足 | 腰キャンセル% | UpLeg > Leg | UpLeg
%ひざ | %足 | Leg > Foot | Leg
%足首 | %ひざ | Foot > Toe | Foot
%つま先 | %足首 | Toe > ToeEnd | Toe
%足D | 腰キャンセル% | UpLeg > Leg
%ひざD | %足D | Leg > Foot
%足首D | %ひざD | Foot > Toe
%足先EX | %足首D | Toe:.2:ToeEnd > ToeEnd
%足IK親 | 全ての親 | Foot+0,0,-.045 > Foot
%足ＩＫ | %足IK親 | Foot > Foot+0,.07,0
%つま先ＩＫ | %足ＩＫ | Toe > Toe+0,0,-.03
""" + strands("下半身", "スカート_0_#", "Hips+0,-.06,0", ("Hips+0,-.1,-.08", "Hips+0,-.13,-.16")) + strands(
    "下半身", "スカート_%_#", "Hips+.07,.02,0", ("Hips+.11,.03,-.08", "Hips+.15,.04,-.16")) + strands(
    "頭", "髪_%_#", "Head+.05,.02,.08", tuple(f"Head+{x},.05,{z}" for x, z in (
        (".1", 0), (".12", -0.12), (".13", -0.24), (".14", -0.36), (".14", -0.48), (".15", -0.6))))
MMD_ENGLISH = """
center | | Hips+0,0,-.1 > Hips | Hips
upper body | center | Spine > Spine2 | Spine
upper body2 | upper body | Spine2 > Neck | Spine2
neck | upper body2 | Neck > Head | Neck
head | neck | Head > HeadTop | Head
eye_% | head | Head+.02,-.05,.05 > Head+.02,-.06,.05
eyes | head | HeadTop+0,0,.05 > HeadTop+0,-.02,.05
shoulder_% | upper body2 | Shoulder > Arm | Shoulder
arm_% | shoulder_% | Arm > ForeArm | Arm
arm twist_% | arm_% | Arm:.6:ForeArm > ForeArm
elbow_% | arm twist_% | ForeArm > Hand | ForeArm
wrist twist_% | elbow_% | ForeArm:.6:Hand > Hand
wrist_% | wrist twist_% | Hand > Knuckles | Hand
""" + fingers("wrist_%", {"Thumb": "thumb#_%", "Index": "fore#_%", "Middle": "middle#_%", "Ring": "third#_%",
                          "Pinky": "little#_%"}) + """
lower body | center | Spine > Hips+0,0,-.04
leg_% | lower body | UpLeg > Leg | UpLeg
knee_% | leg_% | Leg > Foot | Leg
ankle_% | knee_% | Foot > Toe | Foot
toe_% | ankle_% | Toe > ToeEnd | Toe
leg IK_% | | Foot > Foot+0,.07,0
toe IK_% | leg IK_% | Toe > Toe+0,0,-.03
"""

DAZ_FACE = """
upperTeeth | head | Head+0,-.05,.02 > Head+0,-.06,.02
lowerJaw | head | Head+0,-.01,.02 > Head+0,-.06,0
tongue01 | lowerJaw | Head+0,-.02,.01 > Head+0,-.04,.01
tongue02 | tongue01 | Head+0,-.04,.01 > Head+0,-.05,.01
%Eye | head | Head+.018,-.05,.055 > Head+.018,-.06,.055
%Ear | head | Head+.04,0,.05 > Head+.05,.01,.06
"""
DAZ_TOES = "".join(f"%{toe} | %Toe | Toe+{x},-.012,0 > Toe+{x},-.036,0\n" for toe, x in (
    ("SmallToe4", 0.022), ("SmallToe3", 0.012), ("SmallToe2", 0.003), ("SmallToe1", -0.006), ("BigToe", -0.016)))


CAPITALS = (("Index", "Index"), ("Middle", "Mid"), ("Ring", "Ring"), ("Pinky", "Pinky"))


def carpals(hand: str, form: str, finger: str) -> str:
    """Metacarpal bones with fingers on them; # in the form is their number or name."""
    return "".join(
        f"{form.replace('#', str(n))} | {hand} | Hand:.15:{mark} > {mark}\n"
        + fingers(form.replace("#", str(n)), {mark: finger.replace("*", word)})
        for n, (mark, word) in enumerate(CAPITALS, 1))


DAZ_G8 = """
hip | | Hips > Spine | Hips
pelvis | hip | Hips+0,0,.01 > Hips+0,0,-.03
%ThighBend | pelvis | UpLeg > UpLeg:.45:Leg | UpLeg
%ThighTwist | %ThighBend | UpLeg:.45:Leg > Leg
%Shin | %ThighTwist | Leg > Foot | Leg
%Foot | %Shin | Foot > Toe | Foot
%Metatarsals | %Foot | Foot:.3:Toe > Toe
%Toe | %Metatarsals | Toe > ToeEnd | Toe
""" + DAZ_TOES + """
abdomenLower | hip | Spine > Spine1 | Spine
abdomenUpper | abdomenLower | Spine1 > Spine2 | Spine1
chestLower | abdomenUpper | Spine2 > Chest
chestUpper | chestLower | Chest:.4:Spine2 > Neck | Spine2
%Collar | chestUpper | Shoulder > Arm | Shoulder
%ShldrBend | %Collar | Arm > Arm:.45:ForeArm | Arm
%ShldrTwist | %ShldrBend | Arm:.45:ForeArm > ForeArm
%ForearmBend | %ShldrTwist | ForeArm > ForeArm:.45:Hand | ForeArm
%ForearmTwist | %ForearmBend | ForeArm:.45:Hand > Hand
%Hand | %ForearmTwist | Hand > Knuckles | Hand
""" + fingers("%Hand", {"Thumb": "%Thumb#"}) + carpals("%Hand", "%Carpal#", "%*#") + """
neckLower | chestUpper | Neck > Neck:.5:Head | Neck
neckUpper | neckLower | Neck:.5:Head > Head
head | neckUpper | Head > HeadTop | Head
""" + DAZ_FACE + """
%Pectoral | chestLower | Spine2:.6:Chest+.04,-.02,0 > Spine2:.5:Chest+.05,-.07,0
"""
DAZ_G9 = """
hip | | Hips > Spine | Hips
pelvis | hip | Hips+0,0,.01 > Hips+0,0,-.03
%_thigh | pelvis | UpLeg > Leg | UpLeg
%_thightwist1 | %_thigh | UpLeg:.3:Leg > UpLeg:.6:Leg
%_thightwist2 | %_thigh | UpLeg:.6:Leg > Leg
%_shin | %_thigh | Leg > Foot | Leg
%_foot | %_shin | Foot > Toe | Foot
%_metatarsal | %_foot | Foot:.3:Toe > Toe
%_toes | %_foot | Toe > ToeEnd | Toe
""" + "".join(f"%_{toe}toe1 | %_toes | Toe+{x},-.012,0 > Toe+{x},-.036,0\n" for toe, x in (
    ("pinky", 0.022), ("ring", 0.012), ("mid", 0.003), ("index", -0.006), ("big", -0.016))) + """
spine1 | hip | Spine > Spine1 | Spine
spine2 | spine1 | Spine1 > Spine2 | Spine1
spine3 | spine2 | Spine2 > Chest
spine4 | spine3 | Chest:.4:Spine2 > Neck | Spine2
%_pectoral | spine3 | Spine2:.6:Chest+.04,-.02,0 > Spine2:.5:Chest+.05,-.07,0
%_shoulder | spine4 | Shoulder > Arm | Shoulder
%_upperarm | %_shoulder | Arm > ForeArm | Arm
%_upperarmtwist1 | %_upperarm | Arm:.3:ForeArm > Arm:.6:ForeArm
%_upperarmtwist2 | %_upperarm | Arm:.6:ForeArm > ForeArm
%_forearm | %_upperarm | ForeArm > Hand | ForeArm
%_forearmtwist1 | %_forearm | ForeArm:.3:Hand > ForeArm:.6:Hand
%_forearmtwist2 | %_forearm | ForeArm:.6:Hand > Hand
%_hand | %_forearm | Hand > Knuckles | Hand
""" + fingers("%_hand", {"Thumb": "%_thumb#"}) + "".join(
    f"%_{word}metacarpal | %_hand | Hand:.15:{mark} > {mark}\n" + fingers(f"%_{word}metacarpal", {mark: f"%_{word}#"})
    for mark, word in (("Index", "index"), ("Middle", "mid"), ("Ring", "ring"), ("Pinky", "pinky"))) + """
neck1 | spine4 | Neck > Neck:.5:Head | Neck
neck2 | neck1 | Neck:.5:Head > Head
head | neck2 | Head > HeadTop | Head
%_eye | head | Head+.018,-.05,.055 > Head+.018,-.06,.055
%_ear | head | Head+.04,0,.05 > Head+.05,.01,.06
lowerjaw | head | Head+0,-.01,.02 > Head+0,-.06,0
tongue01 | lowerjaw | Head+0,-.02,.01 > Head+0,-.04,.01
"""
DAZ_G1 = """
hip | | Hips > Spine | Hips
pelvis | hip | Hips+0,0,.01 > Hips+0,0,-.03
%Thigh | pelvis | UpLeg > Leg | UpLeg
%Shin | %Thigh | Leg > Foot | Leg
%Foot | %Shin | Foot > Toe | Foot
%Toe | %Foot | Toe > ToeEnd | Toe
%BigToe | %Toe | Toe:.4:ToeEnd+-.01,0,0 > ToeEnd+-.01,0,0
%SmallToe1 | %Toe | Toe:.4:ToeEnd+.01,0,0 > ToeEnd+.01,0,0
abdomen | hip | Spine > Spine1 | Spine
abdomen2 | abdomen | Spine1 > Spine2 | Spine1
chest | abdomen2 | Spine2 > Neck | Spine2
%Pectoral | chest | Spine2:.6:Chest+.04,-.02,0 > Spine2:.5:Chest+.05,-.07,0
neck | chest | Neck > Head | Neck
head | neck | Head > HeadTop | Head
%Collar | chest | Shoulder > Arm | Shoulder
%Shldr | %Collar | Arm > ForeArm | Arm
%ForeArm | %Shldr | ForeArm > Hand | ForeArm
%Hand | %ForeArm | Hand > Knuckles | Hand
""" + fingers("%Hand", {"Thumb": "%Thumb#"}) + carpals("%Hand", "%Carpal#", "%*#") + DAZ_FACE.replace("lowerJaw", "jaw")

ARP = """
root.x | | Hips > Spine | Hips
spine_01.x | root.x | Spine > Spine1 | Spine
spine_02.x | spine_01.x | Spine1 > Spine2 | Spine1
spine_03.x | spine_02.x | Spine2 > Neck | Spine2
neck.x | spine_03.x | Neck > Head | Neck
head.x | neck.x | Head > HeadTop | Head
jawbone.x | head.x | Head+0,-.02,.0 > Head+0,-.05,-.01
c_eye.% | head.x | Head+.02,-.04,.06 > Head+.02,-.055,.06
shoulder.% | spine_03.x | Shoulder > Arm | Shoulder
arm_stretch.% | shoulder.% | Arm > ForeArm | Arm
arm_twist.% | arm_stretch.% | Arm > Arm:.4:ForeArm
forearm_stretch.% | arm_stretch.% | ForeArm > Hand | ForeArm
forearm_twist.% | forearm_stretch.% | ForeArm:.5:Hand > Hand
hand.% | forearm_stretch.% | Hand > Knuckles | Hand
""" + fingers("hand.%", {"Thumb": "thumb#.%"}) + "".join(
    f"{word}1_base.% | hand.% | Hand:.2:{mark} > {mark}\n" + fingers(f"{word}1_base.%", {mark: f"{word}#.%"})
    for mark, word in LOWER_CASE) + """
c_breast_01.% | spine_02.x | Spine2:.5:Chest+.045,-.03,0 > Spine2:.5:Chest+.045,-.09,0
thigh_stretch.% | root.x | UpLeg > Leg | UpLeg
thigh_twist.% | thigh_stretch.% | UpLeg > UpLeg:.4:Leg
leg_stretch.% | thigh_stretch.% | Leg > Foot | Leg
leg_twist.% | leg_stretch.% | Leg:.5:Foot > Foot
foot.% | leg_stretch.% | Foot > Toe | Foot
toes_01.% | foot.% | Toe > ToeEnd | Toe
"""
CC = """
RL_BoneRoot | | Origin > Origin+0,.1,0
CC_Base_Hip | RL_BoneRoot | Hips > Spine | Hips
CC_Base_Pelvis | CC_Base_Hip | Hips+0,0,.005 > Hips+0,0,-.03
CC_Base_^_Thigh | CC_Base_Pelvis | UpLeg > Leg | UpLeg
CC_Base_^_ThighTwist01 | CC_Base_^_Thigh | UpLeg > UpLeg:.5:Leg
CC_Base_^_ThighTwist02 | CC_Base_^_ThighTwist01 | UpLeg:.5:Leg > Leg
CC_Base_^_Calf | CC_Base_^_Thigh | Leg > Foot | Leg
CC_Base_^_CalfTwist01 | CC_Base_^_Calf | Leg > Leg:.5:Foot
CC_Base_^_CalfTwist02 | CC_Base_^_CalfTwist01 | Leg:.5:Foot > Foot
CC_Base_^_KneeShareBone | CC_Base_^_Calf | Leg > Leg+0,-.03,0
CC_Base_^_Foot | CC_Base_^_Calf | Foot > Toe | Foot
CC_Base_^_ToeBaseShareBone | CC_Base_^_Foot | Toe > ToeEnd
CC_Base_^_ToeBase | CC_Base_^_Foot | Toe > ToeEnd | Toe
""" + "".join(f"CC_Base_^_{toe}1 | CC_Base_^_ToeBase | Toe+{x},-.012,0 > Toe+{x},-.036,0\n" for toe, x in (
    ("PinkyToe", 0.022), ("RingToe", 0.012), ("MidToe", 0.003), ("IndexToe", -0.006), ("BigToe", -0.016))) + """
CC_Base_Waist | CC_Base_Hip | Spine > Spine1 | Spine
CC_Base_Spine01 | CC_Base_Waist | Spine1 > Spine2 | Spine1
CC_Base_Spine02 | CC_Base_Spine01 | Spine2 > Neck | Spine2
CC_Base_^_RibsTwist | CC_Base_Spine02 | Spine2:.8:Chest+.06,-.02,0 > Spine2:.7:Chest+.06,-.05,0
CC_Base_^_Breast | CC_Base_^_RibsTwist | Spine2:.7:Chest+.06,-.05,0 > Spine2:.7:Chest+.06,-.08,0
CC_Base_NeckTwist01 | CC_Base_Spine02 | Neck > Neck:.5:Head | Neck
CC_Base_NeckTwist02 | CC_Base_NeckTwist01 | Neck:.5:Head > Head
CC_Base_Head | CC_Base_NeckTwist02 | Head > HeadTop | Head
CC_Base_FacialBone | CC_Base_Head | Head > Head+0,0,.03
CC_Base_UpperJaw | CC_Base_FacialBone | Head+0,-.02,.02 > Head+0,-.05,.02
CC_Base_JawRoot | CC_Base_FacialBone | Head+0,-.02,.01 > Head+0,-.05,0
CC_Base_Tongue01 | CC_Base_JawRoot | Head+0,-.03,.01 > Head+0,-.04,.01
CC_Base_^_Eye | CC_Base_FacialBone | Head+.02,-.05,.05 > Head+.02,-.06,.05
CC_Base_^_Clavicle | CC_Base_Spine02 | Shoulder > Arm | Shoulder
CC_Base_^_Upperarm | CC_Base_^_Clavicle | Arm > ForeArm | Arm
CC_Base_^_UpperarmTwist01 | CC_Base_^_Upperarm | Arm > Arm:.5:ForeArm
CC_Base_^_UpperarmTwist02 | CC_Base_^_UpperarmTwist01 | Arm:.5:ForeArm > ForeArm
CC_Base_^_Forearm | CC_Base_^_Upperarm | ForeArm > Hand | ForeArm
CC_Base_^_ForearmTwist01 | CC_Base_^_Forearm | ForeArm > ForeArm:.5:Hand
CC_Base_^_ForearmTwist02 | CC_Base_^_ForearmTwist01 | ForeArm:.5:Hand > Hand
CC_Base_^_ElbowShareBone | CC_Base_^_Forearm | ForeArm > ForeArm+0,.03,0
CC_Base_^_Hand | CC_Base_^_Forearm | Hand > Knuckles | Hand
""" + fingers("CC_Base_^_Hand", five("CC_Base_^_*#", "Thumb,Index,Mid,Ring,Pinky"))
BIPED = human("Bip001 Pelvis", "Bip001 Spine=Spine, Bip001 Spine1=Spine1, Bip001 Spine2=Spine2", "Bip001 Neck",
              "Bip001 Head", "", "Bip001 ^ Thigh, Bip001 ^ Calf, Bip001 ^ Foot, Bip001 ^ Toe0", "Bip001")
BIPED = "Bip001 | | Hips+0,.004,0 > Hips+0,.05,0\n" + BIPED + "\n".join(chain(
    "Bip001 Neck", "Bip001 ^ Clavicle, Bip001 ^ UpperArm, Bip001 ^ Forearm, Bip001 ^ Hand",
    "Shoulder > Arm, Arm > ForeArm, ForeArm > Hand, Hand > Knuckles")) + "\n" + fingers(
    "Bip001 ^ Hand", {"Thumb": "Bip001 ^ Finger0#", "Index": "Bip001 ^ Finger1#", "Middle": "Bip001 ^ Finger2#"},
    ",1,2") + """
Bip001 HeadNub | Bip001 Head | HeadTop > HeadTop+0,0,.03
Bip001 ^ Toe0Nub | Bip001 ^ Toe0 | ToeEnd > ToeEnd+0,-.02,0
Bip001 Footsteps | Bip001 | Origin > Origin+0,.1,0
Bip001 Prop1 | Bip001 | RightHandEnd > RightHandEnd+0,-.2,0
"""
VALVE = prefixed(human("Pelvis", "Spine=Spine, Spine1=Spine1, Spine2, Spine4=Spine2", "Neck1", "Head1",
                       "^_Clavicle, ^_UpperArm, ^_Forearm, ^_Hand", "^_Thigh, ^_Calf, ^_Foot, ^_Toe0") + fingers(
    "^_Hand", {"Thumb": "^_Finger0#", "Index": "^_Finger1#", "Middle": "^_Finger2#", "Ring": "^_Finger3#",
               "Pinky": "^_Finger4#"}, ",1,2"), "ValveBiped.Bip01_") + """
ValveBiped.Anim_Attachment_^H | ValveBiped.Bip01_^_Hand | Knuckles > Knuckles+0,-.03,0
ValveBiped.forward | ValveBiped.Bip01_Head1 | Head+0,-.06,.06 > Head+0,-.09,.06
"""

LAFAN = human("Hips", THREE, "Neck", "Head", HIK_ARM, "%UpLeg, %Leg, %Foot, %Toe")
BANDAI = "joint_Root | | Origin > Origin+0,.1,0\n" + human(
    "Hips", "Spine=Spine, Chest=Spine2", "Neck", "Head", "Shoulder_%, UpperArm_%, LowerArm_%, Hand_%",
    "UpperLeg_%, LowerLeg_%, Foot_%, Toes_%", "joint_Root")
ROKOKO = human("Hips", "Spine=Spine, Spine2=Spine1, Spine3, Spine4=Spine2", "Neck", "Head",
               "%Shoulder, %Arm, %ForeArm, %Hand", "%Thigh, %Shin, %Foot, %Toe") + fingers(
    "%Hand", five("%Finger*#", "1,2,3,4,5"), "Proximal,Medial,Distal,Tip") + """
%ToeTip | %Toe | ToeEnd > ToeEnd+0,-.02,0
"""
BIOVISION = human("Hips", "Chest=Spine", "Neck", "Head", "%Collar, %Shoulder, %Elbow, %Wrist", "%Hip, %Knee, %Ankle")
SMPL = human("Pelvis", "Spine1=Spine, Spine2=Spine1, Spine3=Spine2", "Neck", "Head",
             "^_Collar, ^_Shoulder, ^_Elbow, ^_Wrist", "^_Hip, ^_Knee, ^_Ankle, ^_Foot") + """
^_Hand | ^_Wrist | Knuckles > HandEnd
"""
SMPLX = "root | | Origin > Origin+0,.1,0\n" + human(
    "pelvis", "spine1=Spine, spine2=Spine1, spine3=Spine2", "neck", "head",
    "%_collar, %_shoulder, %_elbow, %_wrist", "%_hip, %_knee, %_ankle, %_foot", "root") + fingers(
    "%_wrist", five("%_*#", "thumb,index,middle,ring,pinky")) + """
jaw | head | Head+0,-.01,.01 > Head+0,-.05,0
%_eye_smplhf | head | Head+.02,-.05,.05 > Head+.02,-.06,.05
"""
XSENS = human("Hips", "L5=Spine, L3=Spine1, T12, T8=Spine2", "Neck", "Head",
              "%Shoulder, %UpperArm, %ForeArm, %Hand", "%UpperLeg, %LowerLeg, %Foot, %Toe")
OPTITRACK = human("Hip", "Ab=Spine, Chest=Spine2", "Neck", "Head", "^Shoulder, ^UArm, ^FArm, ^Hand",
                  "^Thigh, ^Shin, ^Foot, ^Toe")

SYNTY = "Root | | Origin > Origin+0,.1,0\n" + human(
    "Hips", "Spine_01=Spine, Spine_02=Spine1, Spine_03=Spine2", "Neck", "Head",
    "Clavicle_%, Shoulder_%, Elbow_%, Hand_%", "UpperLeg_%, LowerLeg_%, Ankle_%, Ball_%", "Root") + fingers(
    "Hand_%", {"Thumb": "Thumb_0#_%", "Index": "IndexFinger_0#_%", "Middle": "Finger_0#_%"}) + """
Toes_% | Ball_% | ToeEnd > ToeEnd+0,-.02,0
Eyes | Head | Head+0,-.05,.05 > Head+0,-.06,.05
Eyebrows | Head | Head+0,-.05,.07 > Head+0,-.06,.07
Jaw | Head | Head+0,-.01,.01 > Head+0,-.05,0
"""
CASCADEUR = "root | | Origin > Origin+0,.1,0\n" + human(
    "pelvis", "stomach=Spine, chest=Spine2", "neck", "head", "clavicle_%, arm_%, forearm_%, hand_%",
    "thigh_%, calf_%, foot_%, toe_%", "root") + fingers("hand_%", five("*_#_%", "thumb,index,middle,ring,pinky")) + """
weapon_% | hand_% | Knuckles > Knuckles+0,-.3,0
"""
MESH2MOTION = UE4.split("lowerarm_twist_01")[0] + """
head_leaf | head | HeadTop > HeadTop+0,0,.03
ball_leaf_% | ball_% | ToeEnd > ToeEnd+0,-.03,0
"""
QUATERNIUS = """
Bone | | Origin > Origin+0,0,.15
Foot.% | Bone | Foot > Toe | Foot
Body | Bone | Hips > Spine | Hips
Hips | Body | Hips+0,.01,.01 > Spine1 | Spine
Abdomen | Hips | Spine1 > Spine2 | Spine1
Torso | Abdomen | Spine2 > Neck | Spine2
Neck | Torso | Neck > Head | Neck
Head | Neck | Head > HeadTop | Head
Shoulder.% | Torso | Shoulder:.8:Arm > Arm | Shoulder
UpperArm.% | Shoulder.% | Arm > ForeArm | Arm
LowerArm.% | UpperArm.% | ForeArm > Hand | ForeArm
Palm2.% | LowerArm.% | Hand > Middle | Hand
Middle1.% | Palm2.% | Middle > Middle:.5:MiddleEnd
Palm1.% | LowerArm.% | Hand > Index
Index1.% | Palm1.% | Index > Index:.5:IndexEnd
Palm3.% | LowerArm.% | Hand > Ring
Ring1.% | Palm3.% | Ring > Ring:.5:RingEnd
Thumb.% | LowerArm.% | Thumb > Thumb:.5:ThumbEnd
Thumb2.% | Thumb.% | Thumb:.5:ThumbEnd > ThumbEnd
UpperLeg.% | Body | UpLeg > Leg | UpLeg
LowerLeg.% | UpperLeg.% | Leg > Foot | Leg
PoleTarget.% | Bone | Leg+0,-.4,0 > Leg+0,-.4,.06
"""
KAYKIT = "root | | Origin > Origin+0,0,.15\n" + human(
    "hips", "spine=Spine, chest=Spine2", "", "head", ", upperarm.%, lowerarm.%, wrist.%",
    "upperleg.%, lowerleg.%, foot.%, toes.%", "root") + """
hand.% | wrist.% | Hand:.7:Knuckles > HandEnd
handslot.% | hand.% | HandEnd+0,0,-.03 > HandEnd+0,-.05,-.03
kneeIK.% | root | Leg+0,-.4,0 > Leg+0,-.6,0
control-toe-roll.% | root | ToeEnd > Heel
control-heel-roll.% | control-toe-roll.% | Heel > Toe
control-foot-roll.% | control-heel-roll.% | Toe > Foot
heelIK.% | control-foot-roll.% | Foot > Foot+0,.1,0
IK-foot.% | control-foot-roll.% | Foot > Toe
IK-toe.% | control-heel-roll.% | Heel > Toe
elbowIK.% | root | ForeArm+0,.4,0 > ForeArm+0,.6,0
handIK.% | root | Hand > Hand+.2,0,0
"""
ROBLOX = "HumanoidRootPart | | Hips+0,0,.02 > Hips+0,.1,.02\n" + human(
    "LowerTorso", "UpperTorso=Spine", "", "Head", ", %UpperArm, %LowerArm, %Hand", "%UpperLeg, %LowerLeg, %Foot",
    "HumanoidRootPart")
GODOT = "Root | | Origin > Origin+0,.1,0\n" + human(
    "Hips", "Spine=Spine, Chest=Spine1, UpperChest=Spine2", "Neck", "Head",
    "%Shoulder, %UpperArm, %LowerArm, %Hand", "%UpperLeg, %LowerLeg, %Foot, %Toes", "Root")
GALATEA = human("Hips", THREE, "Neck", "Head", "%Shoulder, %Arm, %ForeArm, %Hand", "%UpLeg, %Leg, %Foot, %Toe")
