# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that differs between Blender 4.2 and 5.2; no other module asks for a version."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

# --- actions and F-curves: slots and channelbags came in 4.4, `action.fcurves` went in 5.0 --------------------------


def new_action(owner: bpy.types.ID, name: str) -> bpy.types.Action:
    """Make an action with a slot of the owner's name where there are slots, and return it; it is not bound yet."""
    action = bpy.data.actions.new(name)
    if hasattr(action, "slots"):
        action.slots.new(owner.id_type, owner.name)
    else:
        action.id_root = owner.id_type  # what exporters look for; being bound would set it, too
    return action


def bind_action(owner: bpy.types.ID, action: bpy.types.Action) -> None:
    """Make `action` the active one of `owner`, in the action's slot for it (made when it has none)."""
    animation = owner.animation_data_create()
    animation.action = action
    if hasattr(action, "slots"):
        animation.action_slot = _slot_for(owner, action) or action.slots.new(owner.id_type, owner.name)


@dataclass(frozen=True)
class Binding:
    """Which action an owner has, in which slot, so that it can be bound again as it was."""

    fresh: bool  # there was no animation data at all
    number: int  # the action's for this session, which undo and renaming leave alone; 0 for none
    slot: str
    last_slot: str

    @classmethod
    def of(cls, owner: bpy.types.ID) -> Binding:
        animation = owner.animation_data
        action = animation and animation.action
        slot = getattr(animation, "action_slot", None)
        return cls(animation is None, action.session_uid if action else 0, slot.identifier if slot else "",
                   getattr(animation, "last_slot_identifier", ""))

    @property
    def action(self) -> bpy.types.Action | None:
        return next((action for action in bpy.data.actions if action.session_uid == self.number), None)

    def bind(self, owner: bpy.types.ID) -> None:
        """Bind again what was bound; animation data that was not there goes."""
        if self.fresh:
            owner.animation_data_clear()
            return
        animation, action = owner.animation_data, self.action
        animation.action = action
        if hasattr(animation, "action_slot"):
            if action is not None:
                animation.action_slot = action.slots.get(self.slot) if self.slot else None
            animation.last_slot_identifier = self.last_slot


def own_slot(owner: bpy.types.ID) -> str | None:
    """The identifier of the slot that an owner has in its action; "" where there are no slots, None for no slot."""
    animation = owner.animation_data
    if not hasattr(animation, "action_slot"):
        return ""
    return animation.action_slot.identifier if animation.action_slot else None


def _slot_for(owner: bpy.types.ID, action: bpy.types.Action) -> object:
    animation = owner.animation_data
    if animation.action_slot is not None:  # Blender chose one when the action was assigned
        return animation.action_slot
    return next((s for s in action.slots if s.target_id_type == owner.id_type and s.name_display == owner.name), None)


def new_fcurve(action: bpy.types.Action, path: str, index: int, group: str) -> bpy.types.FCurve:
    """Make an F-curve in an action's first slot; `group` is the channel group it is listed under."""
    if hasattr(action, "fcurves"):
        return action.fcurves.new(path, index=index, action_group=group)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(action.slots[0], ensure=True).fcurves.new(path, index=index, group_name=group)


def fcurves(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """Return all F-curves of an action, of every slot."""
    return [curve for _, curve in slotted_fcurves(action)]


def slotted_fcurves(action: bpy.types.Action) -> list[tuple[str, bpy.types.FCurve]]:
    """Return all F-curves of an action, each with the identifier of its slot; "" where there are no slots."""
    if not hasattr(action, "slots"):
        return [("", curve) for curve in action.fcurves]
    names = {slot.handle: slot.identifier for slot in action.slots}
    return [(names.get(bag.slot_handle, ""), curve) for bag in _channelbags(action) for curve in bag.fcurves]


def _channelbags(action: bpy.types.Action) -> list[bpy.types.ActionChannelbag]:
    return [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]


def new_fcurve_in_slot(action: bpy.types.Action, slot: str, path: str, index: int, group: str) -> bpy.types.FCurve:
    """Make an F-curve in the slot with an identifier, listed under a channel group."""
    if not hasattr(action, "slots"):
        return action.fcurves.new(path, index=index, action_group=group)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    bag = strip.channelbag(action.slots[slot], ensure=True)
    curve = bag.fcurves.new(path, index=index)
    curve.group = bag.groups.get(group) or bag.groups.new(group)
    return curve


def remove_fcurve(action: bpy.types.Action, curve: bpy.types.FCurve) -> None:
    """Take an F-curve out of an action, whichever slot it belongs to."""
    if not hasattr(action, "slots"):
        action.fcurves.remove(curve)
        return
    for bag in _channelbags(action):
        if any(curve == other for other in bag.fcurves):
            bag.fcurves.remove(curve)
            return


def put_in_strip_slot(strip: bpy.types.NlaStrip, owner: bpy.types.ID, action: bpy.types.Action) -> None:
    """Let an NLA strip play the slot of its action that is its owner's, where there are slots."""
    if hasattr(strip, "action_slot") and strip.action_slot is None:
        fitting = [slot for slot in action.slots if slot.target_id_type in (owner.id_type, "UNSPECIFIED")]
        strip.action_slot = fitting[0] if fitting else None


# --- Cycles' settings of an object: its own property group until 4.2, some of them on the object since ----------------


def cycles_settings(ob: bpy.types.Object) -> bpy.types.Object | bpy.types.bpy_struct:
    """Return what holds an object's shadow_terminator_geometry_offset."""
    return ob if hasattr(ob, "shadow_terminator_geometry_offset") else ob.cycles


# --- bone selection: on the bone until 4.5, on the pose bone from 5.0 -----------------------------------------------


def select_bone(bone: bpy.types.PoseBone, select: bool = True) -> None:
    """Select a pose bone or take it out of the selection."""
    holder = bone if hasattr(bone, "select") else bone.bone
    holder.select = select


def is_bone_selected(bone: bpy.types.PoseBone) -> bool:
    """Return whether a pose bone is selected."""
    return (bone if hasattr(bone, "select") else bone.bone).select
