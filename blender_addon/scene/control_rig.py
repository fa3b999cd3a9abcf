# SPDX-License-Identifier: GPL-3.0-or-later
"""A control rig for a character: Rigify's human, generated at the character's own joints, which its bones then follow.

The character's armature goes on deforming the body and what it wears, helpers and all; each of its bones follows a
mark on the control rig that lies at rest as the bone does. Deleting the control rig gives back what was there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import bpy
from mathutils import Vector

from ..errors import GalateaError, RigError
from ..motion.requests import KeyOptions
from ..motion.slices import drain
from .applying import apply_in_slices
from .armatures import edit_mode
from .carrying import carry_keys, carry_pose
from .character import found
from .files import hushed
from .holding import held
from .keys import key_takes
from .metarigs import FOLLOWS, add_metarig, control_rig_of
from .reading import action_frames, as_clip, bones_in_slices
from .rigs import read_rig
from .superseded import sign

_MARK, _TURN = "GAL-", "GAL-turn-"
_FINGERS = {"Thumb": "thumb", "Index": "f_index", "Middle": "f_middle", "Ring": "f_ring", "Pinky": "f_pinky"}
_LIMBS = {"Shoulder": "shoulder", "Arm": "upper_arm", "ForeArm": "forearm", "Hand": "hand", "UpLeg": "thigh",
          "Leg": "shin", "Foot": "foot", "Toe": "toe"}
# A character's bone -> the meta-rig's.
METARIG: dict[str, str] = {
    "Hips": "spine", "Spine": "spine.001", "Spine1": "spine.002", "Spine2": "spine.003", "Neck": "spine.004",
    "Head": "spine.006", "Jaw": "jaw",
    **{f"{side}{part}": f"{name}.{side[0]}" for side in ("Left", "Right") for part, name in _LIMBS.items()},
    **{f"{side}Hand{digit}{n}": f"{name}.0{n}.{side[0]}" for side in ("Left", "Right")
       for digit, name in _FINGERS.items() for n in (1, 2, 3)},
}
_SMALL = {ours: theirs for ours, theirs in METARIG.items() if ours == "Jaw" or "Hand" in ours.removesuffix("Hand")}
# Limbs are followed as a whole: Rigify cuts their deforming bones in two and takes their twist apart, which helpers do.
_WHOLE = ("upper_arm", "forearm", "thigh", "shin")
# Rigify turns the spine below its middle about its length as the hips are; these are turned as their controls are.
_TURNED = {"Spine": "spine_fk.001", "Spine1": "spine_fk.002"}
_HEELS = {"heel.02.L": "LeftFoot", "heel.02.R": "RightFoot"}
_PALMS = {"palm.01": "Index", "palm.02": "Middle", "palm.03": "Ring", "palm.04": "Pinky"}


@dataclass(frozen=True)
class ControlRig:
    """A control rig that was made. armature: its name. character: that of who follows. action: of the controls, "" for
    none. notes: a line each."""

    armature: str
    character: str
    action: str
    notes: tuple[str, ...]


def make_control_rig(character: bpy.types.Object) -> ControlRig:
    """Make one for a character (its armature or its mesh), in the same place, selected and active.

    An action that the character has goes onto the controls as a new one; the old one is kept, and shows again once the
    control rig is deleted. RigError or GalateaError with one line when that cannot be; all is then as it was.
    """
    armature, _ = found(character)
    _check(armature)
    with _nothing_left_on_error(armature):
        rig = _generate(armature)
        motion = _motion(armature)
        _follow(armature, rig)
        carry_pose(armature, rig, _SMALL)
        action, notes = _put_onto(armature, rig, *motion) if motion else ("", ())
        _hand_over(armature, rig)
        return ControlRig(rig.name, armature.name, action, (*notes, *_unseen(armature)))


def _check(armature: bpy.types.Object) -> None:
    there = control_rig_of(armature)
    if there is not None:
        raise RigError(f"{armature.name} has a control rig already: {there.name}; delete that one to make another")
    gone = [name for name in METARIG if name not in armature.data.bones]
    if gone:
        raise RigError(f"{armature.name} has no bone {gone[0]} any more; create another character")
    if bpy.context.mode != "OBJECT":
        raise RigError("a control rig is made in Object Mode; switch to it and try again")
    if not (armature.is_editable and armature.data.is_editable):
        raise RigError(f"{armature.name} is linked from another file; make its control rig there")
    if armature.name not in bpy.context.view_layer.objects:
        raise RigError(f"{armature.name} is not in this view layer; show it and try again")


# --- Rigify's rig -----------------------------------------------------------------------------------------------------


def _generate(armature: bpy.types.Object) -> bpy.types.Object:
    """Rigify's rig for a character, at its place, with a mark for each of its bones."""
    there = {data.session_uid for data in bpy.data.armatures}
    metarig = add_metarig()
    try:
        with edit_mode():
            _align(metarig, armature)
        for name in _sided(["thumb.01", "f_index.01", "f_middle.01", "f_ring.01", "f_pinky.01"]):
            metarig.pose.bones[name].rigify_parameters.primary_rotation_axis = "X"
        jaw = metarig.pose.bones["jaw"]
        jaw.rigify_type = "basic.super_copy"
        jaw.rigify_parameters.super_copy_widget_type = "jaw"
        metarig.matrix_world = armature.matrix_world
        try:
            with hushed():
                bpy.ops.pose.rigify_generate()
        except RuntimeError as error:
            raise GalateaError(f"Rigify could not generate a rig: {str(error).strip().splitlines()[-1]}") from error
        rig = bpy.context.view_layer.objects.active
    finally:
        bpy.data.objects.remove(metarig)  # and its data, and the copy that Rigify leaves
        bpy.data.batch_remove([data for data in bpy.data.armatures if not data.users and data.session_uid not in there])
    rig.name = rig.data.name = f"{armature.name} Rig"
    rig.matrix_world = armature.matrix_world
    with edit_mode():
        _mark(rig, armature)
    marks = rig.data.collections.new("Galatea")
    marks.is_visible = False
    for name in (*(_MARK + name for name in METARIG), *(_TURN + name for name in _TURNED)):
        marks.assign(rig.data.bones[name])
    return rig


def _sided(names: list[str]) -> list[str]:
    return [f"{name}.{side}" for name in names for side in "LR"]


def _align(metarig: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Bring the meta-rig in Edit Mode to a character's joints, without what a character has not."""
    edit, bones = metarig.data.edit_bones, armature.data.bones
    gone = [bone.name for bone in edit["face"].children_recursive]
    for name in (*gone, "face", *_sided(["breast", "pelvis"])):
        edit.remove(edit[name])
    edit["spine.006"].parent = edit["spine.004"]  # one bone is the neck
    edit.remove(edit["spine.005"])
    edit.new("jaw").parent = edit["spine.006"]
    chained = [name for name in METARIG.values() if edit[name].use_connect]
    for bone in edit:
        bone.use_connect = False
    for ours, theirs in METARIG.items():
        bone = edit[theirs]
        bone.head, bone.tail = bones[ours].head_local, bones[ours].tail_local
        bone.align_roll(bones[ours].matrix_local.col[2].to_3d())
    for name in chained:
        edit[name].use_connect = True
    for side, letter in (("Left", "L"), ("Right", "R")):
        hand = bones[f"{side}Hand"]
        for palm, digit in _PALMS.items():
            bone, root = edit[f"{palm}.{letter}"], bones[f"{side}Hand{digit}1"].head_local
            bone.head, bone.tail = hand.head_local.lerp(root, 0.35), root
            bone.align_roll(hand.matrix_local.col[2].to_3d())
    for heel, foot in _HEELS.items():
        ankle, toe = bones[foot].head_local, bones[foot].tail_local
        behind, across = (ankle - toe) * Vector((1.0, 1.0, 0.0)) * 0.3, Vector((0.25 * ankle.z, 0.0, 0.0))
        middle = Vector((ankle.x, ankle.y, 0.0)) + behind
        sign = 1.0 if heel.endswith("L") else -1.0
        edit[heel].head, edit[heel].tail = middle - sign * across * 2.0, middle + sign * across * 2.0


def _mark(rig: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Bones on the rig in Edit Mode that lie as a character's do and hang from the rig's."""
    edit = rig.data.edit_bones
    carriers = [(_MARK + ours, ours, f"{'ORG' if theirs.startswith(_WHOLE) else 'DEF'}-{theirs}")
                for ours, theirs in METARIG.items()]
    for name, ours, carrier in (*carriers, *((_TURN + ours, ours, control) for ours, control in _TURNED.items())):
        bone, mark = armature.data.bones[ours], edit.new(name)
        mark.head, mark.tail = bone.head_local, bone.tail_local
        mark.align_roll(bone.matrix_local.col[2].to_3d())
        mark.parent, mark.use_deform = edit[carrier], False


# --- what follows what ------------------------------------------------------------------------------------------------


def _follow(armature: bpy.types.Object, rig: bpy.types.Object) -> None:
    for pose in armature.pose.bones:  # of one that was deleted
        for constraint in [each for each in pose.constraints if each.name.startswith(FOLLOWS) and each.target is None]:
            pose.constraints.remove(constraint)
    for name in METARIG:
        constraint = armature.pose.bones[name].constraints.new("COPY_TRANSFORMS")
        constraint.name = FOLLOWS
        constraint.target, constraint.subtarget = rig, _MARK + name
    for name in _TURNED:
        constraint = armature.pose.bones[name].constraints.new("COPY_ROTATION")
        constraint.name = FOLLOWS
        constraint.target, constraint.subtarget = rig, _TURN + name


def _motion(armature: bpy.types.Object) -> tuple[Any, ...] | None:
    """What a character does by its action, as a clip of its own body, with the action; None where it does nothing."""
    action = armature.animation_data.action if armature.animation_data else None
    if action is None:
        return None
    rig, (first, last) = read_rig(armature), action_frames(armature)
    bones = drain(bones_in_slices(held(armature), rig, first, last))
    return as_clip(armature, rig, bones), action, first


def _put_onto(armature: bpy.types.Object, rig: bpy.types.Object, clip: Any, action: bpy.types.Action, first: int
              ) -> tuple[str, tuple[str, ...]]:
    """Key on the controls a clip and what fingers and jaw do; returns the new action's name and what is worth knowing.
    """
    options = KeyOptions(feet=False, hands=False, tolerance=1.0)
    applied = drain(apply_in_slices(held(rig), read_rig(rig), clip, options, f"{action.name} Controls", first,
                                    loop=action.use_cyclic))
    made = key_takes(rig, [applied.take])[0]
    carry_keys(armature, made, _SMALL)
    sign(made)
    return made.name, (f"{made.name} has on the controls what {action.name} does", *applied.notes)


def _unseen(armature: bpy.types.Object) -> tuple[str, ...]:
    action = armature.animation_data.action if armature.animation_data else None
    return () if action is None else (f"{action.name} stays with {armature.name} and shows again when its control rig "
                                      "is deleted",)


def _hand_over(armature: bpy.types.Object, rig: bpy.types.Object) -> None:
    for ob in bpy.context.selected_objects:
        ob.select_set(False)
    rig.select_set(True)
    bpy.context.view_layer.objects.active = rig
    armature.hide_set(True)  # its bones have nothing to be posed by now


# --- all or nothing ---------------------------------------------------------------------------------------------------

_KINDS = ("objects", "armatures", "meshes", "collections", "texts", "actions")


@contextmanager
def _nothing_left_on_error(armature: bpy.types.Object) -> Iterator[None]:
    """What is raised in the block takes away what was made in it, and the armature follows nothing."""
    before = {kind: {block.session_uid for block in getattr(bpy.data, kind)} for kind in _KINDS}
    active = bpy.context.view_layer.objects.active
    chosen, active = [held(ob) for ob in bpy.context.selected_objects], held(active) if active else None
    try:
        yield
    except BaseException:
        if bpy.context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        for pose in armature.pose.bones:
            for constraint in [each for each in pose.constraints if each.name.startswith(FOLLOWS)]:
                pose.constraints.remove(constraint)
        bpy.data.batch_remove([block for kind in _KINDS for block in getattr(bpy.data, kind)
                               if block.session_uid not in before[kind]])
        for each in chosen:
            with suppress(GalateaError, RuntimeError):
                each().select_set(True)
        bpy.context.view_layer.objects.active = active() if active else None
        raise
