# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person keyed on a rig: which bones' rotations and locations, on which frames, and what is left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from ..errors import ClipError, GalateaError, RigError
from ..motion.channels import rotation_property
from ..motion.inbetween_features import CHANNELS
from ..motion.requests import InbetweenRequest
from ..motion.skeleton import INDEX
from ..rig.rig_map import RigMap
from .controls import Controls, read_controls
from .key_table import CONSTANT, Keys
from .locks import driven_channels
from .versions import is_bone_selected, own_slot, slotted_fcurves

PLACE = CHANNELS - 1  # the column of the hips' position, after those of the joints
_NAMED = 5  # bones that are left are named, the others counted
_NEAR = 0.02  # frames within which Blender takes two keys for one
Name = tuple[str, str]  # bone, "rotation" or "location"


@dataclass(frozen=True, eq=False)
class Channel:
    """A bone's rotation or location.

    prop: Blender's property. frames: component -> (K,) where people's keys are, for components with an F-curve. every:
    (K,) where there are keys of any kind. stepped: (K,) those of them after which it stays until the next. chosen: (K,)
    where keys are that are selected. left: why it is left alone, "" when it is not.
    """

    bone: str
    what: str
    mode: str
    prop: str
    frames: Mapping[int, np.ndarray]
    every: np.ndarray
    stepped: np.ndarray
    chosen: np.ndarray
    left: str

    @property
    def count(self) -> int:
        """How many components there are."""
        return 3 if self.prop in ("location", "rotation_euler") else 4

    @property
    def path(self) -> str:
        """Blender's data path."""
        return f'pose.bones["{bpy.utils.escape_identifier(self.bone)}"].{self.prop}'

    def moves(self, frame: int, way: int) -> bool:
        """Whether it is led by keys up to a frame (way: -1) or on from it (1), and does not jump."""
        beyond = self.every[(self.every - frame) * way > 0.0]
        if len(beyond) == 0:
            return False
        nearest = beyond.max() if way < 0 else beyond.min()
        leads = nearest if way < 0 else self.every[self.every < nearest].max(initial=-np.inf)
        return abs(nearest - frame) <= 1.0 or leads not in self.stepped

    @property
    def all_frames(self) -> np.ndarray:
        """(K,) where any component has a key."""
        return np.unique(np.concatenate([*self.frames.values(), np.zeros(0)]))


def check_action(armature: bpy.types.Object) -> tuple[bpy.types.Action, str]:
    """The armature's action and the identifier of its slot ("" without slots); one line when it cannot be edited."""
    animation = armature.animation_data
    if not armature.is_editable:
        raise RigError(f"{armature.name} is linked from another file; make a library override of it to animate it")
    if animation is None or animation.action is None:
        raise ClipError(f"{armature.name} has no action; key at least two poses and try again")
    if animation.use_tweak_mode:
        raise RigError(f"{armature.name} is in NLA tweak mode; leave it (Tab in the NLA editor) and try again")
    action, slot = animation.action, own_slot(armature)
    if not action.is_editable:
        raise ClipError(f"the action {action.name} is linked from another file; make it local to add keys to it")
    if slot is None:
        raise ClipError(f"{armature.name} has no slot of {action.name}; choose one in the Action Editor")
    strips = animation.use_nla and any(not track.mute and track.strips for track in animation.nla_tracks)
    if strips and (animation.action_blend_type != "REPLACE" or animation.action_influence < 1.0):
        raise ClipError(f"{action.name} is mixed with NLA strips; set its blending to Replace with an influence of 1, "
                        "or mute the tracks")
    return action, slot


def read_channels(armature: bpy.types.Object, bones: Collection[str]) -> dict[Name, Channel]:
    """The rotations and locations of bones, as the armature's action has them."""
    action, slot = check_action(armature)
    found: dict[str, dict[int, bpy.types.FCurve]] = {}
    for of, curve in slotted_fcurves(action):
        if of == slot:
            found.setdefault(curve.data_path, {})[curve.array_index] = curve
    channels = {}
    for bone in dict.fromkeys(bones):
        pose = armature.pose.bones[bone]
        for what, prop in (("rotation", rotation_property(pose.rotation_mode)), ("location", "location")):
            path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{prop}'
            driven = any(of == prop for of, _ in driven_channels(armature, bone))
            channels[bone, what] = _channel(bone, what, pose.rotation_mode, prop, found.get(path, {}), driven)
    return channels


def _channel(bone: str, what: str, mode: str, prop: str, curves: Mapping[int, bpy.types.FCurve], driven: bool
             ) -> Channel:
    frames, every, stepped, chosen = {}, [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    for index, curve in curves.items():
        keys = Keys.of(curve)
        authored = keys[~keys.generated]
        frames[index] = np.unique(_on_frames(authored.frames))
        every.append(_on_frames(keys.frames))
        stepped.append(_on_frames(keys.frames[keys.values["interpolation"] == CONSTANT]))
        chosen.append(_on_frames(authored.frames[authored.values["select_control_point"]]))
    left = next(filter(None, map(_why_left, curves.values())), "a driver has a hand in it" if driven else "")
    parts = (np.unique(np.concatenate(part)) for part in (every, stepped, chosen))
    return Channel(bone, what, mode, prop, frames, *parts, left)


def _on_frames(frames: np.ndarray) -> np.ndarray:
    """Frames of keys, whole where they are as good as whole: nothing could be keyed beside them."""
    frames = frames.astype(np.float64)
    near = np.abs(frames - np.round(frames)) < _NEAR
    return np.where(near, np.round(frames), frames)


def _why_left(curve: bpy.types.FCurve) -> str:
    if curve.lock or (curve.group is not None and curve.group.lock):
        return "its curve is locked"
    if curve.mute or (curve.group is not None and curve.group.mute):
        return "its curve is muted"
    if curve.extrapolation == "LINEAR":  # which way it goes on hangs on the keys beside the first and the last
        return "its curve goes on in a line beyond its keys"
    modifier = next((modifier for modifier in curve.modifiers if not modifier.mute), None)
    return f"its curve has a modifier ({modifier.type.replace('_', ' ').title()})" if modifier else ""


# --- what this means for the body ------------------------------------------------------------------------------------


def controls_in_use(armature: bpy.types.Object, rig: RigMap, wish: str) -> tuple[Controls, str]:
    """What takes keys, and the wish that leads to it: where nothing is wished, what has more of people's keys."""
    keyed = keyed_bones(armature)
    if wish != "auto":
        return read_controls(armature, rig, wish, keyed), wish
    ways = [(read_controls(armature, rig, each, keyed), each) for each in ("auto", "ik")]
    names = [{handle.name for handle in controls.handles if not handle.object} for controls, _ in ways]
    return ways[int(len(names[1] & keyed.keys()) > len(names[0] & keyed.keys()))]


def keyed_bones(armature: bpy.types.Object) -> dict[str, np.ndarray]:
    """Bone -> frames on which people keyed where it is or how it is turned, of all that have such keys."""
    action, slot = check_action(armature)
    paths = {f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].{prop}': bone.name for bone in armature.pose.bones
             for prop in (rotation_property(bone.rotation_mode), "location")}
    found: dict[str, list[np.ndarray]] = {}
    for of, curve in slotted_fcurves(action):
        if of == slot and curve.data_path in paths:
            keys = Keys.of(curve)
            if not keys.generated.all():
                found.setdefault(paths[curve.data_path], []).append(_on_frames(keys.frames[~keys.generated]))
    return {bone: np.unique(np.concatenate(frames)) for bone, frames in found.items()}


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be filled, on T frames from `first` on.

    known: (T, 23) which joints, and last the hips' place, are as they are. pins: channel -> frames, counted from
    `first`, on which it stays as it is; between them it may get keys. channels: those in `pins`. notes: for people.
    """

    first: int
    known: np.ndarray
    pins: Mapping[Name, np.ndarray]
    channels: Mapping[Name, Channel]
    columns: Mapping[Name, tuple[int, ...]]
    notes: tuple[str, ...]

    @property
    def frames(self) -> int:
        """T."""
        return len(self.known)

    def pinned(self, name: Name) -> np.ndarray:
        """(T,) where a channel is as it is: on its pins, and where it is left to its own curves."""
        there = self.known[:, list(self.columns[name])].all(axis=1)
        there[self.pins[name]] = True
        return there

    @property
    def goes_on(self) -> tuple[bool, bool]:
        """Whether all that is filled has keys before the first frame and after the last as well and goes from one to
        the other, so that it is known how it moves there."""
        last = self.first + self.frames - 1
        return (all(channel.moves(self.first, -1) for channel in self.channels.values()),
                all(channel.moves(last, 1) for channel in self.channels.values()))


def make_plan(armature: bpy.types.Object, controls: Controls, request: InbetweenRequest) -> Plan:
    """Which frames and channels lie between people's keys; GalateaError when nothing does."""
    units = units_of(controls)
    channels = read_channels(armature, [bone for names in units.values() for bone, _ in names])
    first, last = _range(channels, request)
    names = _chosen_bones(armature, channels, request)
    keyed: dict[int, np.ndarray] = {}
    notes = [f"{' and '.join(limb.joints)} reach for the object {limb.control}, which was left to its own keys"
             for limb in controls.limbs if limb.control.object]
    for column, of in units.items():
        mine = [channels[name] for name in of if name[0] in names]
        there = np.unique(np.concatenate([channel.all_frames for channel in mine] + [np.zeros(0)]))
        there = there[(there >= first) & (there <= last)]
        left = [channel for channel in mine if channel.left and len(channel.all_frames)]
        notes += [f"{channel.bone}: {channel.left}; its {channel.what} was left alone" for channel in left]
        if len(there) and not left:
            keyed[column] = np.unique(np.concatenate([np.floor(there), np.ceil(there)])).astype(int)
    if not keyed:
        raise ClipError(_nothing(channels, notes))
    begins, ends = min(map(min, keyed.values())), max(map(max, keyed.values()))
    if ends - begins < 2:
        raise ClipError(f"there is one key pose (frame {begins}); set another one some frames away, and fill between")
    known = np.ones((ends - begins + 1, CHANNELS), dtype=bool)
    pins: dict[Name, np.ndarray] = {}
    columns: dict[Name, tuple[int, ...]] = {}
    for column, frames in keyed.items():
        mine = [channels[name] for name in units[column] if name[0] in names and channels[name].frames]
        frames = _with_ends(frames, mine, begins, ends) - begins
        known[frames[0]:frames[-1], column] = False
        known[frames, column] = True
        for channel in mine:
            name = (channel.bone, channel.what)
            pins[name] = np.union1d(pins.get(name, frames), frames)
            columns[name] = (*columns.get(name, ()), column)
    if known.all():
        raise ClipError(f"frames {begins} to {ends} are keyed on every frame, as baked motion is, so that there is no "
                        "gap to fill; delete the keys between the poses that are to stay, and try again")
    if not (request.selected_bones or request.selected_keys):
        notes += _left(armature, pins, notes, begins, ends)
    return Plan(int(begins), known, pins, {name: channels[name] for name in pins}, columns, tuple(dict.fromkeys(notes)))


def _nothing(channels: Mapping[Name, Channel], notes: Sequence[str]) -> str:
    """Why nothing can be filled."""
    if any(len(channel.every) for channel in channels.values()) and not any(
            len(channel.all_frames) for channel in channels.values()):
        return ("all keys there are generated, so that there is nothing to fill between; set keys of your own, or make "
                "some of these yours (Key > Keyframe Type > Keyframe)")
    return "; ".join(["nothing that could be filled is keyed there", *dict.fromkeys(notes)])


def _left(armature: bpy.types.Object, pins: Collection[Name], notes: Sequence[str], begins: int, ends: int
          ) -> Iterator[str]:
    """A line for what is keyed there as well but is not filled, where none says so yet: fingers, faces, props."""
    filled = {bone for bone, _ in pins}
    names = [bone for bone, frames in keyed_bones(armature).items()
             if bone not in filled and not any(note.startswith(f"{bone}: ") for note in notes)
             and ((frames >= begins) & (frames <= ends)).sum() > 1]
    if names:
        more = len(names) - _NAMED
        yield f"left to their own keys: {', '.join(names[:_NAMED])}{f' and {more} more bones' if more > 0 else ''}"


def units_of(controls: Controls) -> dict[int, list[Name]]:
    """Column (a joint's, or PLACE) -> the channels that decide what the joint does, or where the hips are."""
    units: dict[int, list[Name]] = {}
    carriers = {handle.name for handle in controls.carriers if not handle.object}
    for handle, joint in controls.turning.items():
        if not handle.object:
            mine = units.setdefault(INDEX[joint], [])
            mine.append((handle.name, "rotation"))
            if handle.name not in carriers:
                mine.append((handle.name, "location"))
    units[PLACE] = [(name, "location") for name in carriers]
    for limb in controls.limbs:
        ends = [handle for handle in (limb.control, limb.pole_control) if handle is not None and not handle.object]
        for joint in limb.joints:
            units.setdefault(INDEX[joint], []).extend((handle.name, what) for handle in ends
                                                      for what in ("rotation", "location"))
    return units


def _range(channels: Mapping[Name, Channel], request: InbetweenRequest) -> tuple[float, float]:
    """First and last frame of which keys count."""
    ends = [-np.inf if request.first is None else request.first, np.inf if request.last is None else request.last]
    if request.selected_keys:
        chosen = np.concatenate([channel.chosen for channel in channels.values()] + [np.zeros(0)])
        chosen = chosen[(chosen >= ends[0]) & (chosen <= ends[1])]
        if len(chosen) == 0:
            raise GalateaError("no key is selected; select some in the Dope Sheet, or fill between all")
        ends = [chosen.min(), chosen.max()]
    return float(ends[0]), float(ends[1])


def _chosen_bones(armature: bpy.types.Object, channels: Mapping[Name, Channel], request: InbetweenRequest) -> set[str]:
    names = {bone for bone, _ in channels}
    if request.selected_bones:
        names = {name for name in names if is_bone_selected(armature.pose.bones[name])}
        if not names:
            raise GalateaError("no bone that the body moves by is selected; select some in Pose Mode, or fill all")
    if request.selected_keys:
        names &= {bone for (bone, _), channel in channels.items() if len(channel.chosen)}
    return names


def _with_ends(frames: np.ndarray, channels: Sequence[Channel], begins: int, ends: int) -> np.ndarray:
    """Frames with those on which everything begins and ends, where nothing but these keys leads there and from there.

    A curve keeps its first key's value before it: so what has its first key late can move from the beginning on, from
    the pose that it has there.
    """
    every = np.concatenate([channel.all_frames for channel in channels])
    early = [begins] if every.min() >= frames[0] else []
    late = [ends] if every.max() <= frames[-1] else []
    return np.unique(np.concatenate([early, frames, late])).astype(int)
