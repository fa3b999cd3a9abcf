# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of bones: Mixamo and MotionBuilder, game engines, Rigify, MakeHuman, Unity, VRM."""

from __future__ import annotations

from made_family_forms import chain, fingers, five, human, strands

HIK_ARM, HIK_LEG = "%Shoulder, %Arm, %ForeArm, %Hand", "%UpLeg, %Leg, %Foot, %ToeBase"
LOWER_CASE = (("Index", "index"), ("Middle", "middle"), ("Ring", "ring"), ("Pinky", "pinky"))
THREE = "Spine=Spine, Spine1=Spine1, Spine2=Spine2"

MIXAMO = human("Hips", THREE, "Neck", "Head", HIK_ARM, HIK_LEG) + fingers(
    "%Hand", five("%Hand*#"), "1,2,3,4") + """
HeadTop_End | Head | HeadTop > HeadTop+0,0,.02
%Toe_End | %ToeBase | ToeEnd > ToeEnd+0,-.02,0
"""
MIXAMO_PLAIN = human("Hips", THREE, "Neck", "Head", HIK_ARM, HIK_LEG) + """
HeadTop_End | Head | HeadTop > HeadTop+0,0,.02
%Eye | Head | Head+.018,-.05,.055 > Head+.018,-.06,.055
%HandIndex1 | %Hand | Knuckles > Knuckles:.5:HandEnd
%HandIndex2 | %HandIndex1 | Knuckles:.5:HandEnd > HandEnd
%Toe_End | %ToeBase | ToeEnd > ToeEnd+0,-.02,0
"""
HIK = "Reference | | Origin > Origin+0,.1,0\n" + human(
    "Hips", "Spine=Spine, Spine1=Spine1, Spine2, Spine3=Spine2", "Neck, Neck1", "Head", HIK_ARM, HIK_LEG,
            "Reference") + """
%ArmRoll | %Arm | Arm:.5:ForeArm > ForeArm
%ForeArmRoll | %ForeArm | ForeArm:.5:Hand > Hand
%UpLegRoll | %UpLeg | UpLeg:.5:Leg > Leg
%LegRoll | %Leg | Leg:.5:Foot > Foot
""" + fingers("%Hand", five("%Hand*#"))
NEURON = human("Hips", "Spine=Spine, Spine1=Spine1, Spine2, Spine3=Spine2", "Neck", "Head", HIK_ARM,
               "%UpLeg, %Leg, %Foot") + fingers("%Hand", {"Thumb": "%HandThumb#"}) + "".join(
    f"%InHand{mark} | %Hand | Hand:.2:Knuckles > {mark}\n" + fingers(f"%InHand{mark}", {mark: f"%Hand{mark}#"})
    for mark in ("Index", "Middle", "Ring", "Pinky"))

UE_ARM, UE_LEG = "clavicle_%, upperarm_%, lowerarm_%, hand_%", "thigh_%, calf_%, foot_%, ball_%"
UE_IK = """
ik_foot_root | root | Origin > Origin+0,.1,0
ik_foot_% | ik_foot_root | Foot > Toe
ik_hand_root | root | Origin > Origin+0,.1,0
ik_hand_gun | ik_hand_root | RightHand > RightKnuckles
ik_hand_% | ik_hand_gun | Hand > Knuckles
"""
UE4 = "root | | Origin > Origin+0,.1,0\n" + human(
    "pelvis", "spine_01=Spine, spine_02=Spine1, spine_03=Spine2", "neck_01", "head", UE_ARM, UE_LEG, "root") + fingers(
    "hand_%", five("*_0#_%", "thumb,index,middle,ring,pinky")) + """
lowerarm_twist_01_% | lowerarm_% | ForeArm:.6:Hand > Hand
upperarm_twist_01_% | upperarm_% | Arm > Arm:.4:ForeArm
calf_twist_01_% | calf_% | Leg:.5:Foot > Foot
thigh_twist_01_% | thigh_% | UpLeg > UpLeg:.5:Leg
""" + UE_IK
UE5 = "root | | Origin > Origin+0,.1,0\n" + human(
    "pelvis", "spine_01=Spine, spine_02, spine_03=Spine1, spine_04, spine_05=Spine2", "neck_01, neck_02", "head",
    UE_ARM, UE_LEG, "root") + "".join(
    f"{word}_metacarpal_% | hand_% | Hand:.2:{mark} > {mark}\n" + fingers(
        f"{word}_metacarpal_%", {mark: f"{word}_0#_%"})
    for mark, word in LOWER_CASE
) + fingers("hand_%", {"Thumb": "thumb_0#_%"}) + """
upperarm_twist_01_% | upperarm_% | Arm > Arm:.3:ForeArm
upperarm_twist_02_% | upperarm_% | Arm:.5:ForeArm > Arm:.8:ForeArm
upperarm_correctiveRoot_% | upperarm_% | Arm > Arm+0,0,.03
upperarm_bck_% | upperarm_correctiveRoot_% | Arm+0,.04,0 > Arm+0,.06,0
upperarm_fwd_% | upperarm_correctiveRoot_% | Arm+0,-.04,0 > Arm+0,-.06,0
lowerarm_twist_01_% | lowerarm_% | ForeArm:.7:Hand > Hand
lowerarm_twist_02_% | lowerarm_% | ForeArm:.3:Hand > ForeArm:.6:Hand
lowerarm_correctiveRoot_% | lowerarm_% | ForeArm > ForeArm+0,0,.03
thigh_twist_01_% | thigh_% | UpLeg > UpLeg:.3:Leg
thigh_twist_02_% | thigh_% | UpLeg:.5:Leg > UpLeg:.8:Leg
calf_twist_01_% | calf_% | Leg:.7:Foot > Foot
calf_twist_02_% | calf_% | Leg:.3:Foot > Leg:.6:Foot
clavicle_pec_% | spine_05 | Chest+.06,-.05,-.02 > Chest+.06,-.06,-.02
""" + UE_IK + """
interaction | root | Origin > Origin+0,.1,0
center_of_mass | root | Origin > Origin+0,.1,0
"""
GAME_ENGINE = "Root | | Origin > Origin+0,.1,0\n" + human(
    "pelvis", "spine_01=Spine, spine_02=Spine1, spine_03=Spine2", "neck_01", "head", UE_ARM, UE_LEG, "Root") + fingers(
    "hand_%", five("*_0#_%", "thumb,index,middle,ring,pinky"))

RIGIFY_TRUNK = ("spine", "spine.001=Spine, spine.002=Spine1, spine.003=Spine2", "spine.004, spine.005", "spine.006")
RIGIFY_BASIC = human(*RIGIFY_TRUNK, "shoulder.%, upper_arm.%, forearm.%, hand.%",
                     "thigh.%, shin.%, foot.%, toe.%") + """
pelvis.% | spine | Hips > UpLeg+.02,-.06,.03
heel.02.% | foot.% | Heel+-.02,0,0 > Heel+.02,0,0
breast.% | spine.003 | Spine2:.5:Chest+.045,-.03,0 > Spine2:.5:Chest+.045,-.09,0
"""
RIGIFY_HUMAN = RIGIFY_BASIC + "".join(
    f"palm.0{n}.% | hand.% | Hand:.25:{mark} > {mark}\n" + fingers(f"palm.0{n}.%", {mark: f"f_{word}.0#.%"})
    + (fingers("palm.01.%", {"Thumb": "thumb.0#.%"}) if n == 1 else "")
    for n, (mark, word) in enumerate(LOWER_CASE, 1)
) + """
face | spine.006 | Head > Head+0,0,.06
nose | face | Head+0,-.06,.06 > Head+0,-.065,.05
nose.001 | nose | Head+0,-.065,.05 > Head+0,-.07,.04
jaw | face | Head+0,-.02,.0 > Head+0,-.05,-.01
chin | jaw | Head+0,-.05,-.01 > Head+0,-.055,0
ear.% | face | Head+.045,.01,.05 > Head+.05,.01,.07
ear.%.001 | ear.% | Head+.05,.01,.07 > Head+.052,.02,.06
brow.B.% | face | Head+.03,-.05,.07 > Head+.02,-.055,.072
brow.B.%.001 | brow.B.% | Head+.02,-.055,.072 > Head+.01,-.056,.07
eye.% | face | Head+.02,-.04,.06 > Head+.02,-.055,.06
cheek.T.% | face | Head+.03,-.045,.05 > Head+.02,-.055,.045
teeth.T | face | Head+0,-.05,.02 > Head+0,-.03,.02
tongue | jaw | Head+0,-.05,.01 > Head+0,-.035,.012
tongue.001 | tongue | Head+0,-.035,.012 > Head+0,-.02,.012
"""
RIGIFY_DEF = """
root | | Origin > Origin+0,.3,0 | no deform
DEF-spine | root | Hips > Spine | Hips
DEF-spine.001 | DEF-spine | Spine > Spine1 | Spine
DEF-spine.002 | DEF-spine.001 | Spine1 > Spine2 | Spine1
DEF-spine.003 | DEF-spine.002 | Spine2 > Neck | Spine2
DEF-spine.004 | DEF-spine.003 | Neck > Neck:.5:Head | Neck
DEF-spine.005 | DEF-spine.004 | Neck:.5:Head > Head
DEF-spine.006 | DEF-spine.005 | Head > HeadTop | Head
DEF-pelvis.% | DEF-spine | Hips > UpLeg+.02,-.06,.03
DEF-thigh.% | DEF-spine | UpLeg > UpLeg:.5:Leg | UpLeg
DEF-thigh.%.001 | DEF-thigh.% | UpLeg:.5:Leg > Leg
DEF-shin.% | DEF-thigh.%.001 | Leg > Leg:.5:Foot | Leg
DEF-shin.%.001 | DEF-shin.% | Leg:.5:Foot > Foot
DEF-foot.% | DEF-shin.%.001 | Foot > Toe | Foot
DEF-toe.% | DEF-foot.% | Toe > ToeEnd | Toe
DEF-shoulder.% | DEF-spine.003 | Shoulder > Arm | Shoulder
DEF-upper_arm.% | DEF-shoulder.% | Arm > Arm:.5:ForeArm | Arm
DEF-upper_arm.%.001 | DEF-upper_arm.% | Arm:.5:ForeArm > ForeArm
DEF-forearm.% | DEF-upper_arm.%.001 | ForeArm > ForeArm:.5:Hand | ForeArm
DEF-forearm.%.001 | DEF-forearm.% | ForeArm:.5:Hand > Hand
DEF-hand.% | DEF-forearm.%.001 | Hand > Knuckles | Hand
DEF-breast.% | DEF-spine.003 | Spine2:.5:Chest+.045,-.03,0 > Spine2:.5:Chest+.045,-.09,0
""" + fingers("DEF-hand.%", five("DEF-*.0#.%", "thumb,f_index,f_middle,f_ring,f_pinky"))

MPFB = """
root | | Hips+0,.03,0 > Hips | Hips
pelvis.% | root | Hips > UpLeg
upperleg01.% | pelvis.% | UpLeg > UpLeg:.22:Leg | UpLeg
upperleg02.% | upperleg01.% | UpLeg:.22:Leg > Leg
lowerleg01.% | upperleg02.% | Leg > Leg:.5:Foot | Leg
lowerleg02.% | lowerleg01.% | Leg:.5:Foot > Foot
foot.% | lowerleg02.% | Foot > Foot:.5:Toe | Foot
""" + "".join(f"toe{n}-1.% | foot.% | Toe+{x},0,0 > Toe:.5:ToeEnd+{x},0,0 | {'Toe' if n == 2 else ''}\n"
              f"toe{n}-2.% | toe{n}-1.% | Toe:.5:ToeEnd+{x},0,0 > ToeEnd+{x},0,0\n"
              for n, x in ((1, -0.014), (2, -0.002), (3, 0.008), (4, 0.016), (5, 0.025))) + """
spine05 | root | Hips > Spine | Spine
spine04 | spine05 | Spine > Spine1
spine03 | spine04 | Spine1 > Spine2 | Spine1
spine02 | spine03 | Spine2 > Spine2:.3:Neck
breast.% | spine02 | Spine2:.3:Neck > Spine2:.2:Chest+.055,-.1,0
spine01 | spine02 | Spine2:.3:Neck > Neck | Spine2
clavicle.% | spine01 | Shoulder > Shoulder:.55:Arm+0,0,.012 | Shoulder
shoulder01.% | clavicle.% | Shoulder:.55:Arm+0,0,.012 > Arm
upperarm01.% | shoulder01.% | Arm > Arm:.27:ForeArm | Arm
upperarm02.% | upperarm01.% | Arm:.27:ForeArm > ForeArm
lowerarm01.% | upperarm02.% | ForeArm > ForeArm:.5:Hand | ForeArm
lowerarm02.% | lowerarm01.% | ForeArm:.5:Hand > Hand
wrist.% | lowerarm02.% | Hand > Hand:.3:Knuckles | Hand
""" + fingers("wrist.%", {"Thumb": "finger1-#.%"}) + "".join(
    f"metacarpal{n}.% | wrist.% | Hand:.3:{mark} > {mark}\n" + fingers(f"metacarpal{n}.%", {mark: f"finger{n + 1}-#.%"})
    for n, mark in enumerate(("Index", "Middle", "Ring", "Pinky"), 1)) + """
neck01 | spine01 | Neck > Neck:.25:Head | Neck
neck02 | neck01 | Neck:.25:Head > Neck:.6:Head
neck03 | neck02 | Neck:.6:Head > Head
head | neck03 | Head > HeadTop | Head
jaw | head | Head+0,-.01,0 > Head+0,-.05,-.02
tongue00 | jaw | Head+0,-.03,0 > Head+0,-.02,.02
tongue01 | tongue00 | Head+0,-.02,.02 > Head+0,-.04,.02
special06.% | head | HeadTop > HeadTop+.01,-.04,-.01
special05.% | special06.% | HeadTop+.01,-.04,-.01 > Head+.018,-.06,.05
eye.% | special05.% | Head+.018,-.06,.05 > Head+.018,-.08,.05
levator02.% | head | Head+0,-.08,.04 > Head+.012,-.075,.03
levator03.% | levator02.% | Head+.012,-.075,.03 > Head+.015,-.075,.01
"""
CMU_MB = human("Hips", "LowerBack=Spine, Spine=Spine1, Spine1=Spine2", "Neck, Neck1", "Head", HIK_ARM, "") + "\n".join(
    ["^HipJoint | Hips | Hips > UpLeg",
     *chain("^HipJoint", HIK_LEG, "UpLeg > Leg, Leg > Foot, Foot > Toe, Toe > ToeEnd"),
     "^Thumb | %Hand | Thumb > ThumbEnd", "%FingerBase | %Hand | Knuckles > Knuckles:.4:HandEnd",
     "%HandIndex1 | %FingerBase | Knuckles:.4:HandEnd > HandEnd"])
ASF = CMU_MB.replace("^HipJoint | Hips | Hips > UpLeg", "^HipJoint | Hips | Hips+0,.001,0 > UpLeg")

UNITY = "Root | | Origin > Origin+0,.1,0\n" + human(
    "Hips", "Spine=Spine, Chest=Spine1, UpperChest=Spine2", "Neck", "Head",
    "%Shoulder, %UpperArm, %LowerArm, %Hand", "%UpperLeg, %LowerLeg, %Foot, %Toes", "Root") + fingers(
    "%Hand", five("%*#", "Thumb,Index,Middle,Ring,Little"), "Proximal,Intermediate,Distal")
VROID = "Root | | Origin > Origin+0,.1,0\n" + human(
    "J_Bip_C_Hips", "J_Bip_C_Spine=Spine, J_Bip_C_Chest=Spine1, J_Bip_C_UpperChest=Spine2", "J_Bip_C_Neck",
    "J_Bip_C_Head", "J_Bip_%_Shoulder, J_Bip_%_UpperArm, J_Bip_%_LowerArm, J_Bip_%_Hand",
    "J_Bip_%_UpperLeg, J_Bip_%_LowerLeg, J_Bip_%_Foot, J_Bip_%_ToeBase", "Root") + fingers(
    "J_Bip_%_Hand", five("J_Bip_%_*#", "Thumb,Index,Middle,Ring,Little")) + """
J_Adj_%_FaceEye | J_Bip_C_Head | Head+.02,-.05,.05 > Head+.02,-.06,.05
J_Sec_%_Bust1 | J_Bip_C_UpperChest | Chest+.04,-.02,-.04 > Chest+.045,-.06,-.045
J_Sec_%_Bust2 | J_Sec_%_Bust1 | Chest+.045,-.06,-.045 > Chest+.045,-.08,-.045
""" + strands("J_Bip_C_Head", "J_Sec_Hair#_01", "Head+0,.06,.08", ("Head+0,.07,0", "Head+0,.07,-.08", "Head+0,.07,-.15")
) + strands("J_Bip_C_Head", "J_Sec_%_Hair#_02", "Head+.05,.02,.08", (
    "Head+.06,.02,0", "Head+.06,.02,-.08", "Head+.06,.02,-.16", "Head+.06,.02,-.24")) + strands(
    "J_Bip_C_Hips", "J_Sec_%_SkirtBack#_01", "Hips+.04,.06,0", (
        "Hips+.06,.08,-.1", "Hips+.07,.1,-.2", "Hips+.08,.11,-.25")
) + strands("J_Bip_%_UpperLeg", "J_Sec_%_SkirtSide#_01", "UpLeg+.04,0,0", ("UpLeg+.07,0,-.1", "UpLeg+.09,0,-.2"))
VRM1 = human("hips", "spine=Spine, chest=Spine1, upperChest=Spine2", "neck", "head",
             "%Shoulder, %UpperArm, %LowerArm, %Hand", "%UpperLeg, %LowerLeg, %Foot, %Toes") + fingers(
    "%Hand", five("%*#", "Thumb,Index,Middle,Ring,Little"), "Proximal,Intermediate,Distal",
    "Metacarpal,Proximal,Distal") + """
%Eye | head | Head+.02,-.05,.05 > Head+.02,-.06,.05
jaw | head | Head+0,-.03,.01 > Head+0,-.05,0
"""
