# SPDX-License-Identifier: GPL-3.0-or-later
"""The real bone names of rig families, a table each, and how a rig of the family is built.

A line of a table is `bone | parent | head > tail | joint`. % and ^ in a name stand for the side ("Left", "L" and so
on; both sides are built from one line). A place is a landmark of the body (made_bodies.py; those of the limbs without
their side), `Mark:0.3:Mark` on the way from one to another, with `+x,y,z` beside it in shares of the stature, x
outwards. The last cell is the canonical joint (limbs without their side), `no deform` for a control, or missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from made_bodies import Body


@dataclass(frozen=True)
class Make:
    """How a family is built from a table of bones (made_family_names.py says how a table is written).

    sides: what % stands for on the left and right; letters: what ^ stands for. space: a key of SPACES. unit: armature
    units for a metre. bone_axis: "along" bones point to the place that the table says; "across" as FBX files of
    other programs leave them, at a right angle to it; "up" all one way, as glTF files leave them. roll: "zero",
    "random" or "quarter" turns. upright: whether the object turns the armature space upright and to metres.
    """

    table: str
    sides: tuple[str, str]
    body: Body
    letters: tuple[str, str] = ("L", "R")
    accept: dict[str, str] = field(default_factory=dict)
    space: str = "Z"
    unit: float = 1.0
    bone_axis: str = "along"
    roll: str = "zero"
    upright: bool = True
    rotation_mode: str = "QUATERNION"
    connect: bool = False
    points: dict[str, str] = field(default_factory=dict)
    ik: tuple[tuple[str, str, str, int], ...] = ()


def fingers(parent: str, names: dict[str, str], count: int = 3, first: int = 1, thumb: int = 3) -> str:
    """Lines for fingers. names: landmark ("Thumb", "Index"...) -> bone name with # for the number along the finger."""
    lines = []
    for mark, name in names.items():
        bones = thumb if mark == "Thumb" else count
        above = parent
        for place in range(bones):
            bone = name.replace("#", str(place + first))
            lines.append(f"{bone} | {above} | {mark}:{place / bones:.3f}:{mark}End > {mark}:{(place + 1) / bones:.3f}:"
                         f"{mark}End")
            above = bone
    return "\n".join(lines) + "\n"


def five(form: str) -> dict[str, str]:
    """Finger names of the usual English kind; * in the form stands for the finger."""
    return {finger: form.replace("*", finger) for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky")}


MIXAMO = """
Hips | | Hips > Spine | Hips
Spine | Hips | Spine > Spine1 | Spine
Spine1 | Spine | Spine1 > Spine2 | Spine1
Spine2 | Spine1 | Spine2 > Neck | Spine2
Neck | Spine2 | Neck > Head | Neck
Head | Neck | Head > HeadTop | Head
HeadTop_End | Head | HeadTop > HeadTop+0,0,.02
%Shoulder | Spine2 | Shoulder > Arm | Shoulder
%Arm | %Shoulder | Arm > ForeArm | Arm
%ForeArm | %Arm | ForeArm > Hand | ForeArm
%Hand | %ForeArm | Hand > Knuckles | Hand
""" + fingers("%Hand", five("%Hand*#"), 4, thumb=4) + """
%UpLeg | Hips | UpLeg > Leg | UpLeg
%Leg | %UpLeg | Leg > Foot | Leg
%Foot | %Leg | Foot > Toe | Foot
%ToeBase | %Foot | Toe > ToeEnd | Toe
%Toe_End | %ToeBase | ToeEnd > ToeEnd+0,-.02,0
"""


def prefixed(table: str, prefix: str) -> str:
    """A table whose bones all have a prefix."""
    lines = []
    for line in filter(str.strip, table.splitlines()):
        bone, parent, rest = line.split("|", 2)
        lines.append(f"{prefix}{bone} | {prefix if parent.strip() else ''}{parent.strip()} |{rest}")
    return "\n".join(lines)


UE4 = """
root | | Origin > Origin+0,.1,0
pelvis | root | Hips > Spine | Hips
spine_01 | pelvis | Spine > Spine1 | Spine
spine_02 | spine_01 | Spine1 > Spine2 | Spine1
spine_03 | spine_02 | Spine2 > Neck | Spine2
clavicle_% | spine_03 | Shoulder > Arm | Shoulder
upperarm_% | clavicle_% | Arm > ForeArm | Arm
lowerarm_% | upperarm_% | ForeArm > Hand | ForeArm
hand_% | lowerarm_% | Hand > Knuckles | Hand
""" + fingers("hand_%", {f: f"{f.lower()}_0#_%" for f in five("")}) + """
lowerarm_twist_01_% | lowerarm_% | ForeArm:.6:Hand > Hand
upperarm_twist_01_% | upperarm_% | Arm > Arm:.4:ForeArm
neck_01 | spine_03 | Neck > Head | Neck
head | neck_01 | Head > HeadTop | Head
thigh_% | pelvis | UpLeg > Leg | UpLeg
calf_% | thigh_% | Leg > Foot | Leg
calf_twist_01_% | calf_% | Leg:.5:Foot > Foot
foot_% | calf_% | Foot > Toe | Foot
ball_% | foot_% | Toe > ToeEnd | Toe
thigh_twist_01_% | thigh_% | UpLeg > UpLeg:.5:Leg
ik_foot_root | root | Origin > Origin+0,.1,0
ik_foot_% | ik_foot_root | Foot > Toe
ik_hand_root | root | Origin > Origin+0,.1,0
ik_hand_gun | ik_hand_root | RightHand > RightKnuckles
ik_hand_% | ik_hand_gun | Hand > Knuckles
"""

RIGIFY_BASIC = """
spine | | Hips > Spine | Hips
spine.001 | spine | Spine > Spine1 | Spine
spine.002 | spine.001 | Spine1 > Spine2 | Spine1
spine.003 | spine.002 | Spine2 > Neck | Spine2
spine.004 | spine.003 | Neck > Neck:.5:Head | Neck
spine.005 | spine.004 | Neck:.5:Head > Head
spine.006 | spine.005 | Head > HeadTop | Head
shoulder.% | spine.003 | Shoulder > Arm | Shoulder
upper_arm.% | shoulder.% | Arm > ForeArm | Arm
forearm.% | upper_arm.% | ForeArm > Hand | ForeArm
hand.% | forearm.% | Hand > Knuckles | Hand
pelvis.% | spine | Hips > UpLeg+.02,-.06,.03
thigh.% | spine | UpLeg > Leg | UpLeg
shin.% | thigh.% | Leg > Foot | Leg
foot.% | shin.% | Foot > Toe | Foot
toe.% | foot.% | Toe > ToeEnd | Toe
heel.02.% | foot.% | Heel+-.02,0,0 > Heel+.02,0,0
breast.% | spine.003 | Spine2:.5:Chest+.045,-.03,0 > Spine2:.5:Chest+.045,-.09,0
"""

DAZ_G8 = """
hip | | Hips > Spine | Hips
pelvis | hip | Hips+0,0,.01 > Hips+0,0,-.03
%ThighBend | pelvis | UpLeg > UpLeg:.45:Leg | UpLeg
%ThighTwist | %ThighBend | UpLeg:.45:Leg > Leg
%Shin | %ThighTwist | Leg > Foot | Leg
%Foot | %Shin | Foot > Toe | Foot
%Metatarsals | %Foot | Foot:.3:Toe > Toe
%Toe | %Metatarsals | Toe > ToeEnd | Toe
%SmallToe4 | %Toe | Toe+.022,-.01,0 > Toe+.022,-.03,0
%SmallToe3 | %Toe | Toe+.012,-.012,0 > Toe+.012,-.034,0
%SmallToe2 | %Toe | Toe+.003,-.014,0 > Toe+.003,-.036,0
%SmallToe1 | %Toe | Toe+-.006,-.016,0 > Toe+-.006,-.04,0
%BigToe | %Toe | Toe+-.016,-.016,0 > Toe+-.016,-.045,0
abdomenLower | hip | Spine > Spine1 | Spine
abdomenUpper | abdomenLower | Spine1 > Spine2 | Spine1
chestLower | abdomenUpper | Spine2 > Chest
chestUpper | chestLower | Chest > Neck | Spine2
%Collar | chestUpper | Shoulder > Arm | Shoulder
%ShldrBend | %Collar | Arm > Arm:.45:ForeArm | Arm
%ShldrTwist | %ShldrBend | Arm:.45:ForeArm > ForeArm
%ForearmBend | %ShldrTwist | ForeArm > ForeArm:.45:Hand | ForeArm
%ForearmTwist | %ForearmBend | ForeArm:.45:Hand > Hand
%Hand | %ForearmTwist | Hand > Knuckles | Hand
""" + fingers("%Hand", {"Thumb": "%Thumb#"}) + "".join(
    f"%Carpal{n} | %Hand | Hand > {mark}\n" + fingers(f"%Carpal{n}", {mark: f"%{word}#"})
    for n, (mark, word) in enumerate((("Index", "Index"), ("Middle", "Mid"), ("Ring", "Ring"), ("Pinky", "Pinky")), 1)
) + """
neckLower | chestUpper | Neck > Neck:.5:Head | Neck
neckUpper | neckLower | Neck:.5:Head > Head
head | neckUpper | Head > HeadTop | Head
upperTeeth | head | Head+0,-.05,.02 > Head+0,-.06,.02
lowerJaw | head | Head+0,-.01,.02 > Head+0,-.06,0
tongue01 | lowerJaw | Head+0,-.02,.01 > Head+0,-.04,.01
tongue02 | tongue01 | Head+0,-.04,.01 > Head+0,-.05,.01
%Eye | head | Head+.018,-.05,.055 > Head+.018,-.06,.055
%Ear | head | Head+.04,0,.05 > Head+.05,.01,.06
%Pectoral | chestLower | Spine2:.6:Chest+.04,-.02,0 > Spine2:.5:Chest+.05,-.07,0
"""

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
""" + fingers("%手首", {"Thumb": "%親指#"}, first=0) + fingers(
    "%手首", {"Index": "%人指#", "Middle": "%中指#", "Ring": "%薬指#", "Pinky": "%小指#"}) + """
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
スカート_0_0 | 下半身 | Hips+0,-.06,0 > Hips+0,-.1,-.08
スカート_0_1 | スカート_0_0 | Hips+0,-.1,-.08 > Hips+0,-.13,-.16
スカート_%_0 | 下半身 | Hips+.07,.02,0 > Hips+.11,.03,-.08
スカート_%_1 | スカート_%_0 | Hips+.11,.03,-.08 > Hips+.15,.04,-.16
髪_%_0 | 頭 | Head+.05,.02,.08 > Head+.1,.04,0
髪_%_1 | 髪_%_0 | Head+.1,.04,0 > Head+.12,.05,-.15
髪_%_2 | 髪_%_1 | Head+.12,.05,-.15 > Head+.13,.06,-.3
"""

MAKES: dict[str, Make] = {
    "mixamo": Make(prefixed(MIXAMO, "mixamorig:"), ("Left", "Right"), Body(1.8), unit=100.0, space="Y",
                   bone_axis="along", roll="random"),
    "unreal 4": Make(UE4, ("l", "r"), Body(1.83, leg=0.53, arms_down=45.0, forearms_ahead=25.0, toes_out=8.0),
                     unit=100.0, bone_axis="across", roll="quarter"),
    "rigify basic": Make(RIGIFY_BASIC, ("L", "R"), Body(1.96, arms_down=15.0, forearms_ahead=12.0), connect=True),
    "daz genesis 8": Make(DAZ_G8, ("l", "r"), Body(1.73, arms_down=45.0, spread=6.0), unit=100.0, space="Y",
                          accept={"Spine2": "chestLower", "Neck": "neckUpper"}, rotation_mode="YZX"),
    "mmd": Make(MMD, ("左", "右"), Body(1.58, leg=0.54, arms_down=38.0, foot=0.07), unit=12.5, roll="random",
                accept={"Hips": "腰 | 下半身 | センター | グルーブ", "Toe": "%足先EX"}),
}
