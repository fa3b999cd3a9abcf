# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting right what a rig is taken for: bone by bone, from the viewport, from a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

import bpy

from ..errors import GalateaError
from . import reports, running, shown, watching

# What panels call the joints, by part of the body; the names are those of motion/skeleton.py, whose arrays are not
# needed to register.
_ARM = {"Shoulder": "Shoulder", "Arm": "Upper Arm", "ForeArm": "Forearm", "Hand": "Hand"}
_LEG = {"UpLeg": "Thigh", "Leg": "Shin", "Foot": "Foot", "Toe": "Toe"}
PARTS = {
    "Trunk": {"Hips": "Hips", "Spine": "Spine", "Spine1": "Spine 1", "Spine2": "Spine 2", "Neck": "Neck",
              "Head": "Head"},
    "Left Arm": {f"Left{joint}": name for joint, name in _ARM.items()},
    "Right Arm": {f"Right{joint}": name for joint, name in _ARM.items()},
    "Left Leg": {f"Left{joint}": name for joint, name in _LEG.items()},
    "Right Leg": {f"Right{joint}": name for joint, name in _LEG.items()},
}
JOINT_NAMES = tuple(joint for names in PARTS.values() for joint in names)


def why_not(context: bpy.types.Context) -> str:
    """Why the rig in hand cannot be corrected; "" when it can. That it is not understood is no reason."""
    rig = watching.rig_in_hand(context)
    if rig is None:
        return running.why_not(context)
    if rig.mode == "EDIT" or context.mode not in watching.MODES:
        return "Switch to Object Mode or Pose Mode first"
    if not rig.data.is_editable:
        return f"the bones of {rig.name} are linked from another file; correct them there"
    return ""


def correct(context: bpy.types.Context, corrections: Mapping[str, str]) -> None:
    """Keep corrections with the rig in hand and look at it again. GalateaError when that cannot be done."""
    from .. import api

    why = why_not(context)
    if why:
        raise GalateaError(why)
    rig = watching.rig_in_hand(context)
    api.correct_rig(rig, corrections)
    watching.read_rig(rig)


# --- a field for each joint -----------------------------------------------------------------------------------------


def _getter(joint: str) -> Callable[["JointFields"], str]:
    def get(_: "JointFields") -> str:
        told = shown.now.rig
        return told.joints[joint].bone if told is not None and joint in told.joints else ""

    return get


def _setter(joint: str) -> Callable[["JointFields", str], None]:
    def put(_: "JointFields", bone: str) -> None:
        try:
            correct(bpy.context, {joint: bone})
        except Exception as error:  # noqa: BLE001 - nobody would catch it: it becomes one line and a report
            reports.note(error)

    return put


class JointFields(bpy.types.PropertyGroup):
    """The bone of each joint of the rig in hand; nothing of it is kept here, but on the armature."""

    __annotations__ = {
        joint: bpy.props.StringProperty(name=joint, get=_getter(joint), set=_setter(joint),
                                        description="The bone that stands for this joint; empty for none")
        for joint in JOINT_NAMES}


class _Corrects:
    """The part of an operator that says why its button is grey."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = cls.why_not(context)
        if why:
            cls.poll_message_set(why)
        return not why

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_not(context)


class TakeBone(_Corrects, bpy.types.Operator):
    """Let the bone that is active in Pose Mode stand for this joint"""

    bl_idname = "galatea.take_bone"
    bl_label = "Take Selected Bone"
    bl_options = {"REGISTER", "UNDO"}

    joint: bpy.props.StringProperty(name="Joint", description="One of the 22 joints", options={"SKIP_SAVE"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        there = context.mode == "POSE" and context.active_pose_bone is not None
        return why_not(context) or ("" if there else "Select a bone in Pose Mode first")

    def execute(self, context: bpy.types.Context) -> set[str]:
        bone = context.active_pose_bone.name
        try:
            correct(context, {self.joint: bone})
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and a report
            return reports.fail(self, error)
        self.report({"INFO"}, f"{bone} is {self.joint} now")
        return {"FINISHED"}


class ShowBone(_Corrects, bpy.types.Operator):
    """Select the bone that stands for a joint"""

    bl_idname = "galatea.show_bone"
    bl_label = "Select Joint's Bone"
    bl_options = {"REGISTER", "UNDO"}

    joint: bpy.props.StringProperty(name="Joint", description="One of the 22 joints", options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        told = shown.now.rig
        found = told.joints.get(properties.joint) if told is not None else None
        if found is None:
            return "Select the bone that stands for a joint"
        return f"{properties.joint}: {found.bone or 'no bone'}. {found.why}" + (
            "\nClick to select it in Pose Mode" if found.bone else "")

    def execute(self, context: bpy.types.Context) -> set[str]:
        from ..scene.versions import select_bone

        rig, told = watching.rig_in_hand(context), shown.now.rig
        found = told.joints.get(self.joint) if told is not None else None
        if found is None or found.bone not in rig.data.bones:
            return reports.fail(self, GalateaError(f"no bone stands for {self.joint or 'this joint'}; choose one"))
        context.view_layer.objects.active = rig
        if rig.mode != "POSE":
            bpy.ops.object.mode_set(mode="POSE")
        for bone in rig.pose.bones:
            select_bone(bone, bone.name == found.bone)
        rig.data.bones.active = rig.data.bones[found.bone]
        return {"FINISHED"}


class ForgetCorrections(_Corrects, bpy.types.Operator):
    """Forget what was set by hand and look at the bones anew"""

    bl_idname = "galatea.forget_corrections"
    bl_label = "Understand Again"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        rig = watching.rig_in_hand(context)
        try:
            api.forget_corrections(rig)
            watching.read_rig(rig)
        except Exception as error:  # noqa: BLE001
            return reports.fail(self, error)
        return {"FINISHED"}


class _MapFile:
    """The properties with which Blender's file browser hands over a file."""

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.toml", options={"HIDDEN"})

    def path(self) -> Path:
        """What was chosen."""
        return Path(bpy.path.abspath(self.filepath))


class SaveMap(_MapFile, _Corrects, bpy.types.Operator):
    """Write which bone is which joint into a small text file, for other files and for the command line"""

    bl_idname = "galatea.save_map"
    bl_label = "Save Map..."

    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.filepath:
            self.filepath = bpy.path.clean_name(watching.rig_in_hand(context).name) + ".toml"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        whole = bpy.path.ensure_ext(self.filepath, ".toml")
        changed, self.filepath = whole != self.filepath, whole
        return changed

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        try:
            api.save_map(watching.rig_in_hand(context), self.path())
        except Exception as error:  # noqa: BLE001
            return reports.fail(self, error)
        self.report({"INFO"}, f"Wrote {self.path().name}")
        return {"FINISHED"}


class LoadMap(_MapFile, _Corrects, bpy.types.Operator):
    """Read which bone is which joint from a file, in place of what was set by hand before"""

    bl_idname = "galatea.load_map"
    bl_label = "Load Map..."
    bl_options = {"REGISTER", "UNDO"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .. import api

        rig = watching.rig_in_hand(context)
        try:
            api.load_map(rig, self.path())
            watching.read_rig(rig)
        except Exception as error:  # noqa: BLE001
            return reports.fail(self, error)
        return {"FINISHED"}


CLASSES = (JointFields, TakeBone, ShowBone, ForgetCorrections, SaveMap, LoadMap)


def register() -> None:
    """Give every scene the fields."""
    bpy.types.Scene.galatea_joints = bpy.props.PointerProperty(type=JointFields)


def unregister() -> None:
    """Take them from Blender."""
    del bpy.types.Scene.galatea_joints
