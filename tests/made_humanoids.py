# SPDX-License-Identifier: GPL-3.0-or-later
"""Humanoids that tests make as motion capture files have them: their names, rest pose, axes, units, extra joints.

The file is written with matrices alone, from how every segment is turned away from a T-pose, so that what the
canonical clip should be is known beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blender_addon.motion.clip import Clip
from blender_addon.motion.rotations import matrix_from_quat
from blender_addon.motion.skeleton import JOINTS, PARENTS

# Somebody of other proportions than the canonical body: long legs, short arms, a curved spine, a head held forward.
_T_POSE = {
    "Hips": (0.0, 0.0, 1.00), "Spine": (0.0, 0.02, 1.09), "Spine1": (0.0, 0.03, 1.19), "Spine2": (0.0, 0.02, 1.31),
    "Neck": (0.0, 0.02, 1.47), "Head": (0.0, -0.01, 1.56), "Shoulder": (0.02, 0.0, 1.42), "Arm": (0.19, 0.0, 1.44),
    "ForeArm": (0.43, 0.0, 1.44), "Hand": (0.67, 0.0, 1.44), "UpLeg": (0.11, 0.0, 0.96), "Leg": (0.11, 0.0, 0.50),
    "Foot": (0.11, 0.0, 0.07), "Toe": (0.11, -0.16, 0.01),
}
BODY = {joint: np.array(_T_POSE[joint.removeprefix("Left").removeprefix("Right")])
        * np.where(joint.startswith("Right"), [-1.0, 1.0, 1.0], 1.0) for joint in JOINTS}
PARENT = {joint: JOINTS[parent] if parent >= 0 else "" for joint, parent in zip(JOINTS, PARENTS)}
_CHILD = {"Arm": "ForeArm", "ForeArm": "Hand", "UpLeg": "Leg", "Leg": "Foot"}
# from Blender's axes to the file's
AXES = {"Z": np.eye(3), "Y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])}


def about(axis: str, degrees: float) -> np.ndarray:
    c, s, i = np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), "xyz".index(axis)
    matrix = np.eye(3)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix[j, j] = matrix[k, k] = c
    matrix[k, j], matrix[j, k] = s, -s
    return matrix


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest rotation from a to b, by Rodrigues' formula; not for opposite ones."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    x, y, z = np.cross(a, b)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + k + k @ k / (1.0 + a @ b)


def euler(matrix: np.ndarray, order: str) -> list[float]:
    """Degrees of the three orders that files use most, each by its own formula."""
    m = matrix
    if order == "ZXY":
        turns = np.arctan2(-m[0, 1], m[1, 1]), np.arcsin(m[2, 1]), np.arctan2(-m[2, 0], m[2, 2])
    elif order == "ZYX":
        turns = np.arctan2(m[1, 0], m[0, 0]), np.arcsin(-m[2, 0]), np.arctan2(m[2, 1], m[2, 2])
    else:
        turns = np.arctan2(-m[1, 2], m[2, 2]), np.arcsin(m[0, 2]), np.arctan2(-m[0, 1], m[0, 0])
    return np.degrees(turns).tolist()


@dataclass(frozen=True)
class Humanoid:
    """One kind of skeleton.

    names: canonical joint -> its name in the file; what is not listed is not there. rest: the direction in which a
    limb points at rest where that is not the T-pose's (the left side's; the right side is its mirror image). toes_out:
    degrees. yaw: degrees by which the rest pose is turned. between: further joints, name -> (joint above, joint below,
    share of the way, degrees by which it twists). above: names of joints above the hips, at the origin.
    """

    names: dict[str, str]
    rest: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    toes_out: float = 0.0
    yaw: float = 0.0
    up: str = "Y"
    unit: float = 100.0
    order: str = "ZXY"
    between: dict[str, tuple[str, str, float, float]] = field(default_factory=dict)
    above: tuple[str, ...] = ()
    places: bool = False  # position channels on every joint

    @property
    def joints(self) -> list[str]:
        return [joint for joint in JOINTS if joint in self.names]

    def parent(self, joint: str) -> str:
        """The nearest joint above that the file has; "" for the hips."""
        above = PARENT[joint]
        return above if not above or above in self.names else self.parent(above)

    def offset(self, joint: str) -> np.ndarray:
        """From its parent in the T-pose, metres."""
        parent = self.parent(joint)
        return BODY[joint] - (BODY[parent] if parent else 0.0)

    def at_rest(self, joint: str) -> np.ndarray:
        """(3, 3) how the segment is turned in the file's rest pose, away from the T-pose."""
        side = joint[:4] if joint[:4] == "Left" else joint[:5] if joint[:5] == "Right" else ""
        part = joint[len(side):]
        own = np.eye(3)
        if part in ("Foot", "Toe"):
            own = about("z", self.toes_out if side == "Left" else -self.toes_out)
        else:
            limb = "ForeArm" if part == "Hand" else part
            if side and limb in self.rest:
                direction = np.array(self.rest[limb]) * np.where(side == "Right", [-1.0, 1.0, 1.0], 1.0)
                own = between(BODY[side + _CHILD[limb]] - BODY[side + limb], direction)
        return about("z", self.yaw) @ own

    def places_of(self, clip: Clip) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Where the joints are (T, 3) in metres, and how the segments are turned from the T-pose (T, 3, 3).

        clip gives the local rotations; its height of the hips is stretched to this body.
        """
        turned: dict[str, np.ndarray] = {}
        for index, joint in enumerate(JOINTS):
            local = matrix_from_quat(clip.rotations[:, index])
            turned[joint] = turned[PARENT[joint]] @ local if PARENT[joint] else local
        placed: dict[str, np.ndarray] = {}
        for joint in self.joints:
            parent = self.parent(joint)
            placed[joint] = placed[parent] + turned[parent] @ self.offset(joint) if parent else (
                clip.positions * BODY["Hips"][2] / clip.skeleton.hip_height)
        return placed, turned

    # --- writing ----------------------------------------------------------------------------------------------

    def write(self, clip: Clip) -> str:
        """The clip as this skeleton's BVH file."""
        placed, turned = self.places_of(clip)
        axes = AXES[self.up]
        # the file's joints, parents first: name, index of the parent, rest offset, global rotations in the file
        rows: list[tuple[str, int, np.ndarray, np.ndarray]] = []
        still = np.tile(np.eye(3), (clip.frames, 1, 1))
        for name in self.above:
            rows.append((name, len(rows) - 1, np.zeros(3), still))
        at: dict[str, int] = {}
        for joint in self.joints:
            parent = self.parent(joint)
            here = at[parent] if parent else len(rows) - 1
            offset = self.at_rest(parent) @ self.offset(joint) if parent else np.zeros(3)
            done = 0.0
            for name, (_, _, share, twist) in sorted(
                    ((n, b) for n, b in self.between.items() if b[:2] == (parent, joint)), key=lambda item: item[1][2]):
                spin = between(np.array([0.0, 0, 1]), offset) if offset[2] > -0.9 * np.linalg.norm(offset) else (
                    about("x", 180))
                swing = [spin @ about("z", twist * np.sin(0.2 * t)) @ spin.T for t in range(clip.frames)]
                rows.append((name, here, (share - done) * offset, rows[at[parent]][3] @ np.array(swing)))
                here, done = len(rows) - 1, share
            rows.append((self.names[joint], here, (1 - done) * offset, turned[joint] @ self.at_rest(joint).T))
            at[joint] = len(rows) - 1
        rows = [(name, parent, axes @ offset * self.unit, axes @ away @ axes.T) for name, parent, offset, away in rows]
        hips = placed["Hips"] @ axes.T * self.unit
        return "\n".join(["HIERARCHY", *self._joint(rows, 0), "MOTION", f"Frames: {clip.frames}",
                          f"Frame Time: {1 / clip.fps:.7f}", *self._frames(rows, hips, at["Hips"]), ""])

    def _channels(self, row: int) -> str:
        turns = " ".join(f"{axis}rotation" for axis in self.order)
        if row <= len(self.above) or self.places:
            return f"CHANNELS 6 Xposition Yposition Zposition {turns}"
        return f"CHANNELS 3 {turns}"

    def _joint(self, rows: list, row: int) -> list[str]:
        children = [i for i, (_, parent, _, _) in enumerate(rows) if parent == row]
        lines = [f"{'JOINT' if row else 'ROOT'} {rows[row][0]}", "{",
                 "OFFSET " + " ".join(f"{number:.7f}" for number in rows[row][2]), self._channels(row)]
        for child in children:
            lines += self._joint(rows, child)
        return [*lines, *([] if children else ["End Site", "{", "OFFSET 0 0 0", "}"]), "}"]

    def _frames(self, rows: list, hips: np.ndarray, at_hips: int) -> list[str]:
        order: list[int] = []

        def visit(row: int) -> None:
            order.append(row)
            for i, (_, parent, _, _) in enumerate(rows):
                if parent == row:
                    visit(i)

        visit(0)
        lines = []
        for t in range(len(hips)):
            numbers: list[float] = []
            for row in order:
                _, parent, offset, away = rows[row]
                if "position" in self._channels(row):
                    numbers += (hips[t] if row == at_hips else offset).tolist()
                numbers += euler(away[t] if parent < 0 else rows[parent][3][t].T @ away[t], self.order)
            lines.append(" ".join(f"{number:.6f}" for number in numbers))
        return lines


# --- families of names --------------------------------------------------------------------------------------------


def _family(trunk: dict[str, str], limbs: dict[str, str], left: str = "Left{}", right: str = "Right{}",
            all_: str = "{}") -> dict[str, str]:
    sides = {side + part: form.format(name) for side, form in (("Left", left), ("Right", right))
             for part, name in limbs.items()}
    return {joint: all_.format(name) for joint, name in (trunk | sides).items()}


_TRUNK = {name: name for name in ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")}
_LIMBS = {name: name for name in ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot")} | {"Toe": "ToeBase"}

MIXAMO = _family(_TRUNK, _LIMBS, all_="mixamorig:{}")
CMU = _family(_TRUNK | {"Spine": "LowerBack", "Spine1": "Spine", "Spine2": "Spine1"}, _LIMBS)
UNREAL = _family(
    {"Hips": "pelvis", "Spine": "spine_01", "Spine1": "spine_02", "Spine2": "spine_03", "Neck": "neck_01",
     "Head": "head"},
    {"Shoulder": "clavicle", "Arm": "upperarm", "ForeArm": "lowerarm", "Hand": "hand", "UpLeg": "thigh", "Leg": "calf",
     "Foot": "foot", "Toe": "ball"}, "{}_l", "{}_r")
DAZ = _family(
    {"Hips": "hip", "Spine": "abdomen", "Spine2": "chest", "Neck": "neck", "Head": "head"},
    {"Shoulder": "Collar", "Arm": "Shldr", "ForeArm": "ForeArm", "Hand": "Hand", "UpLeg": "Thigh", "Leg": "Shin",
     "Foot": "Foot"}, "l{}", "r{}")
BIOVISION = _family(
    {"Hips": "Hips", "Spine2": "Chest", "Neck": "Neck", "Head": "Head"},
    {"Shoulder": "Collar", "Arm": "Shoulder", "ForeArm": "Elbow", "Hand": "Wrist", "UpLeg": "Hip", "Leg": "Knee",
     "Foot": "Ankle"})
BIPED = _family(
    _TRUNK | {"Hips": "Pelvis"},
    {"Shoulder": "Clavicle", "Arm": "UpperArm", "ForeArm": "Forearm", "Hand": "Hand", "UpLeg": "Thigh", "Leg": "Calf",
     "Foot": "Foot", "Toe": "Toe0"}, "L {}", "R {}", "Bip01 {}")
BLENDER = _family(
    {"Hips": "hips", "Spine": "spine", "Spine2": "chest", "Neck": "neck", "Head": "head"},
    {"Shoulder": "shoulder", "Arm": "upper_arm", "ForeArm": "forearm", "Hand": "hand", "UpLeg": "thigh", "Leg": "shin",
     "Foot": "foot", "Toe": "toe"}, "{}.L", "{}.R")
NO_CLAVICLES = {joint: name for joint, name in MIXAMO.items() if "Shoulder" not in joint}
BARE = {joint: name for joint, name in MIXAMO.items()
        if joint not in ("Spine", "Spine1", "Neck") and not joint.endswith(("Shoulder", "Hand", "Toe"))}

A_POSE = {"Arm": (1.0, 0.0, -0.8), "ForeArm": (1.0, -0.3, -0.9)}
ARMS_DOWN = {"Arm": (0.1, 0.0, -1.0), "ForeArm": (0.05, -0.15, -1.0)}
LEGS_SPREAD = {"UpLeg": (0.35, 0.0, -1.0), "Leg": (0.35, 0.05, -1.0)}

# All joints are there in these; whatever else may differ does.
FULL = {
    "mixamo": Humanoid(MIXAMO),
    "mixamo in an A-pose, metres": Humanoid(MIXAMO, A_POSE, unit=1.0, order="XYZ"),
    "cmu": Humanoid(CMU, LEGS_SPREAD, unit=17.8, toes_out=20.0, between={
        "LHipJoint": ("Hips", "LeftUpLeg", 0.3, 0), "RHipJoint": ("Hips", "RightUpLeg", 0.3, 0),
        "Neck1": ("Neck", "Head", 0.5, 0)}),
    "unreal, Z up": Humanoid(UNREAL, A_POSE, up="Z", order="ZYX", above=("root",), between={
        "upperarm_twist_01_l": ("LeftArm", "LeftForeArm", 0.5, 40.0),
        "lowerarm_twist_01_r": ("RightForeArm", "RightHand", 0.5, -60.0)}),
    "biped, arms down": Humanoid(BIPED, ARMS_DOWN, up="Z", unit=39.37, above=("Bip01",), order="ZYX"),
    "turned to the side": Humanoid(MIXAMO, A_POSE | LEGS_SPREAD, yaw=90.0),
    "turned about, Z up": Humanoid(CMU, ARMS_DOWN, yaw=-155.0, up="Z", unit=1000.0, order="XYZ"),
    "places on every joint": Humanoid(MIXAMO, ARMS_DOWN, places=True, above=("Reference",)),
}
# Something is missing in these.
PARTIAL = {
    "daz": Humanoid(DAZ, ARMS_DOWN),
    "biovision": Humanoid(BIOVISION, A_POSE, unit=39.37),
    "blender": Humanoid(BLENDER, LEGS_SPREAD, up="Z", unit=1.0),
    "no clavicles": Humanoid(NO_CLAVICLES, yaw=40.0),
    "only what is needed": Humanoid(BARE, A_POSE),
}
