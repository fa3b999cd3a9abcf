# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete a pose: what is keyed or selected stays, the rest of the body follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ..errors import GalateaError
from ..motion.channels import property_of, rotation_property, rotation_values
from ..motion.clip import Clip
from ..motion.contacts import foot_positions, standing_heights
from ..motion.kinematics import joint_positions
from ..motion.meeting import written_like
from ..motion.pose_prior import PosePrior, complete
from ..motion.skeleton import INDEX, JOINTS, TOWARDS
from ..motion.tracks import Curve, Track, Tracks
from ..rig.rig_map import RigMap
from .controls import read_controls
from .handles import Controls, Handle
from .key_table import KEYFRAME, Keys, new_keys, unharmed
from .keyed_channels import PLACE, Channel, Name, check_action, controls_in_use, read_channels, units_of
from .keys import scene_fps
from .posing import clip_tracks
from .reading import as_clip
from .stand_in import StandIn
from .versions import is_bone_selected, new_fcurve_in_slot, slotted_fcurves

_NEXT = {joint: INDEX[TOWARDS[joint]] for joint in JOINTS if joint in TOWARDS}


@dataclass(frozen=True, eq=False)
class Completed:
    """bones: those that were posed. known: how many joints the others follow from. keyed: whether keys were set."""

    bones: tuple[str, ...]
    known: int
    keyed: bool
    notes: tuple[str, ...]


def complete_pose(armature: bpy.types.Object, rig: RigMap, prior: PosePrior, selected: bool, wish: str) -> Completed:
    """Pose the bones that are not keyed on the scene's frame (nor selected, where `selected` counts).

    Where some are keyed, or keys are set automatically, the others get keys, too: of the ordinary kind, since the pose
    is the artist's. GalateaError when nothing is known, or everything is.
    """
    has_action = armature.animation_data is not None and armature.animation_data.action is not None
    controls, wish = _controls(armature, rig, wish, has_action)
    units = units_of(controls)
    names = list(dict.fromkeys(bone for of in units.values() for bone, _ in of))
    channels = read_channels(armature, names) if has_action else {}
    frame = bpy.context.scene.frame_current
    held = {name for name, channel in channels.items() if np.isin(frame, channel.all_frames)}
    if selected:
        held |= {(bone, what) for bone in names if is_bone_selected(armature.pose.bones[bone])
                 for what in ("rotation", "location")}
    known = np.array([any(name in held for name in units.get(column, ())) for column in range(len(JOINTS))])
    if not known.any():
        raise GalateaError("nothing is known of the pose: key the bones that are right on this frame, or select them")
    clip = _now(armature, rig)
    turned, placed = known.copy(), _placed(controls, held)
    turned[[INDEX[joint] for joint in controls.solved]] = False  # how a solver bends a limb follows from where it ends
    places = joint_positions(clip) - clip.positions[:, None]
    made = replace(clip, rotations=complete(prior, clip.rotations, turned[None], places, placed[None]))
    if not (known[INDEX["Hips"]] or placed.any() or any(name in held for name in units[PLACE])):
        made = _on_floor(made)
    tracks = clip_tracks(armature, rig, made, wish)
    posed = {(track.bone, what): values for track in tracks.bones for what, values in _channel_values(armature, track)
             if (track.bone, what) not in held and _of_unknown(units, known, (track.bone, what))
             and not (has_action and channels[track.bone, what].left)}
    if not posed:
        raise GalateaError("all bones of the pose are keyed or selected; there is nothing to complete")
    before = {name: _set(armature, name, values) for name, values in posed.items()}
    keyed = has_action and (any(np.isin(frame, channel.all_frames) for channel in channels.values())
                            or bpy.context.scene.tool_settings.use_keyframe_insert_auto)
    try:
        if keyed:
            _key(armature, tracks, posed, channels, frame)
    except BaseException:
        for name, values in before.items():
            _set(armature, name, values)
        raise
    return Completed(tuple(dict.fromkeys(bone for bone, _ in posed)), int(known.sum()), keyed, tracks.notes)


def _controls(armature: bpy.types.Object, rig: RigMap, wish: str, has_action: bool) -> tuple[Controls, str]:
    if has_action:
        return controls_in_use(armature, rig, wish)
    return read_controls(armature, rig, wish), wish


def _placed(controls: Controls, held: set[Name]) -> np.ndarray:
    """(22,) the joints that are where they should be: the ends of limbs whose IK target is known."""
    placed = np.zeros(len(JOINTS), dtype=bool)
    for limb in controls.limbs:
        if limb.alone and any((limb.control.name, what) in held for what in ("rotation", "location")):
            placed[_NEXT[limb.joints[-1]]] = True
    return placed


def _now(armature: bpy.types.Object, rig: RigMap) -> Clip:
    """The pose as it is shown."""
    with StandIn(armature) as stand:
        bones = stand.frames([Handle(name) for name in rig.bones.values()])
    return replace(as_clip(armature, rig, bones[None]), fps=scene_fps())


def _on_floor(clip: Clip) -> Clip:
    """The pose with its lower foot on the floor."""
    lowest = (foot_positions(clip)[..., 2] - standing_heights(clip.skeleton)).min()
    return replace(clip, positions=clip.positions - [0.0, 0.0, lowest])


def _of_unknown(units: Mapping[int, list[Name]], known: np.ndarray, name: Name) -> bool:
    columns = [column for column, names in units.items() if name in names]
    return any(column == PLACE or not known[column] for column in columns)


def _channel_values(armature: bpy.types.Object, track: Track) -> list[tuple[str, np.ndarray]]:
    """What a track's channels are at its one frame, written as the bone's are now; locked ones as they are."""
    found = []
    for what, rows in (("rotation", track.rotation), ("location", track.location)):
        if rows is None:
            continue
        prop = property_of(track, what)
        now = np.array(getattr(armature.pose.bones[track.bone], prop), dtype=np.float64)
        if what == "rotation":
            values = rotation_values(rows, track.mode)[0]
            scale, offset = written_like(values, track.mode, now)
            values = scale * values + offset
        else:
            values = (rows @ track.location_axes.T)[0]
        still = [(prop, index) in track.still for index in range(len(values))]
        found.append((what, np.where(still, now, values)))
    return found


def _set(armature: bpy.types.Object, name: Name, values: np.ndarray) -> np.ndarray:
    """Give a bone's location or rotation channel values; returns those that it had."""
    pose = armature.pose.bones[name[0]]
    prop = "location" if name[1] == "location" else rotation_property(pose.rotation_mode)
    before = np.array(getattr(pose, prop))
    setattr(pose, prop, values)
    return before


def _key(armature: bpy.types.Object, tracks: Tracks, posed: Mapping[Name, np.ndarray], channels: Mapping[Name, Channel],
         frame: int) -> None:
    """Ordinary keys for what was posed; all others stay as they are."""
    action, slot = check_action(armature)
    still = {track.bone: track.still for track in tracks.bones}
    with unharmed(action):
        there = {(curve.data_path, curve.array_index): curve for of, curve in slotted_fcurves(action) if of == slot}
        for name, values in posed.items():
            channel = channels[name]
            for index, value in enumerate(values):
                if (channel.prop, index) in still[channel.bone]:
                    continue
                curve = there.get((channel.path, index))
                if curve is None:
                    curve = new_fcurve_in_slot(action, slot, channel.path, index, channel.bone)
                made = Curve(channel.bone, channel.prop, index, np.array([frame]), np.array([value]),
                             np.array([[frame - 1.0, value]]), np.array([[frame + 1.0, value]]))
                Keys.of(curve).with_new(new_keys(made, kind=KEYFRAME)).put(curve)
