# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig does by people's keys alone, as Blender evaluates it: read on a stand-in, so that nothing moves meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ..motion.clip import Clip
from ..motion.inbetweening import Speed, interpolate_gaps, speed_between
from ..motion.limb_ends import bend_to_ends
from ..motion.rotations import quat_continuous, quat_from_matrix, quat_inverse, quat_multiply
from ..rig.hanging import orthonormal
from ..rig.rig_map import RigMap
from .handles import Controls, Handle, Limb
from .key_table import Keys, has_generated
from .keyed_channels import Channel, Name, Plan
from .keys import scene_fps
from .reading import as_clip, joint_places
from .stand_in import StandIn
from .versions import Binding, slotted_fcurves

_SLICE = 0.05  # seconds that are read in a slice
_MOVES = 1e-4  # of a bone's matrix: less is no motion


@dataclass(frozen=True, eq=False)
class KeyedMotion:
    """clip: on the rig's own skeleton, in the world, seen from where the armature object is at first. speeds: how fast
    it goes at its first and last frame, where keys beyond them say so. values: channel -> (T, n) as keyed. carried:
    (T, 4, 4) what brings the body from there to where its controls are at rest, in armature space: the object's own
    motion and that of bones above, which get no keys, taken away. lead: (4, 4) where such bones bring it from there
    now. limbs: those that are left to solvers."""

    clip: Clip
    speeds: Mapping[int, Speed]
    values: Mapping[Name, np.ndarray]
    carried: np.ndarray
    lead: np.ndarray
    limbs: tuple[Limb, ...]

    @property
    def feet(self) -> tuple[str, str]:
        """What the left and the right leg reach for, "" where they reach for nothing that takes keys."""
        ends = {limb.joints[-1]: limb.control.name for limb in self.limbs if not limb.control.object}
        return ends.get("LeftLeg", ""), ends.get("RightLeg", "")

    def as_controls_do(self, rig: RigMap, clip: Clip) -> Clip:
        """A clip in the world as the rig's controls have to do it."""
        return _moved(rig, clip, self.carried)

    def in_world(self, rig: RigMap, clip: Clip) -> Clip:
        """What the rig's controls do as a clip in the world."""
        return _moved(rig, clip, np.linalg.inv(self.carried))

    def onto_controls(self, rig: RigMap) -> np.ndarray:
        """(T, 4, 4) what brings points of a clip in the world to where controls are now, in armature space."""
        by = self.lead @ self.carried
        by[:, :3, :3] = orthonormal(by[:, :3, :3])
        place = np.eye(4)
        place[:3, :3], place[:3, 3] = rig.scale() * rig.axes, rig.origin
        return by @ place

    def onto_carriers(self, rig: RigMap, filled: Clip, known: np.ndarray) -> Clip:
        """What was filled in the world as the rig's controls have to do it, with what carries them moving as it does.

        Only what was added to interpolation counts: a character in a car goes where the car goes.
        """
        straight = interpolate_gaps(self.clip, known)
        base = interpolate_gaps(self.as_controls_do(rig, self.clip), known)
        added = quat_multiply(quat_inverse(straight.rotations[:, 0]), filled.rotations[:, 0])
        turns = rig.axes.T @ orthonormal(self.carried[:, :3, :3]) @ rig.axes
        rotations = np.array(filled.rotations)
        rotations[:, 0] = quat_continuous(quat_multiply(base.rotations[:, 0], added))
        shifts = (turns @ (filled.positions - straight.positions)[..., None])[..., 0]
        return replace(filled, rotations=rotations, positions=base.positions + shifts)


def _moved(rig: RigMap, clip: Clip, by: np.ndarray) -> Clip:
    """A clip moved and turned as a whole, by (T, 4, 4) in armature space."""
    turns, moves = orthonormal(by[:, :3, :3]), by[:, :3, 3]
    here = rig.axes.T @ turns @ rig.axes
    shift = (turns @ rig.origin + moves - rig.origin) @ rig.axes / rig.scale()
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_continuous(quat_multiply(quat_from_matrix(here), rotations[:, 0]))
    return replace(clip, rotations=rotations, positions=(here @ clip.positions[..., None])[..., 0] + shift)


def read_keyed(armature: Callable[[], bpy.types.Object], rig: RigMap, controls: Controls, plan: Plan
               ) -> Generator[float, None, KeyedMotion]:
    """Read all frames of a plan without the keys that Galatea made between its pins; yields the share done."""
    names, above = list(rig.bones.values()), _above(armature(), controls)
    rest = np.array([armature().data.bones[name].matrix_local if name else np.eye(4) for name in above])
    seen, frames = [], plan.frames + 2  # one more at either end
    while len(seen) < frames:
        with _on_keys(armature(), plan) as stand:
            until = time.perf_counter() + _SLICE
            while len(seen) < frames and (time.perf_counter() < until or len(seen) % 6):
                seen.append(_seen(stand, plan.first - 1 + len(seen), names, above, plan.channels))
        yield len(seen) / frames
    bones, worlds, aboves = (np.array(part) for part in list(zip(*seen))[:3])
    with StandIn(armature()) as stand:
        now = stand.frames([Handle(name) for name in above[:1] if name])
    lead = now[0] @ np.linalg.inv(rest[0]) if len(now) else np.eye(4)
    objects = np.linalg.inv(worlds[1:2]) @ worlds
    bones = objects[:, None] @ bones
    clip = replace(as_clip(armature(), rig, bones), fps=scene_fps())
    clip = bend_to_ends(clip, [limb.joints for limb in controls.limbs], joint_places(rig, bones))
    values = {name: np.array([row[3][name] for row in seen[1:-1]]) for name in plan.channels}
    speeds = {frame: speed_between(clip, there, there + 1)
              for frame, there, known in zip((0, plan.frames - 1), (0, plan.frames), plan.goes_on) if known}
    carried = _back(aboves, rest) @ np.linalg.inv(objects)
    return KeyedMotion(clip.cut(1, plan.frames + 1), speeds, values, carried[1:-1], lead, controls.limbs)


@contextmanager
def _on_keys(armature: bpy.types.Object, plan: Plan) -> Iterator[StandIn]:
    """A stand-in that plays the armature's action as people keyed it."""
    binding = Binding.of(armature)
    action = binding.action.copy()
    try:
        forget_generated(action, binding.slot, plan)
        with StandIn(armature) as stand:
            animation = stand.armature.animation_data
            animation.use_nla = armature.animation_data.use_nla
            replace(binding, fresh=False, number=action.session_uid).bind(stand.armature)
            for name, copy in stand.objects.items():
                there = Binding.of(bpy.data.objects[name])
                if not there.fresh:
                    there.bind(copy)
            yield stand
    finally:
        bpy.data.actions.remove(action)


def forget_generated(action: bpy.types.Action, slot: str, plan: Plan) -> None:
    """Take away the keys that Galatea made between the pins of a plan; a curve of its own keeps what pins it down."""
    spans = {channel.path: plan.pins[name] + plan.first for name, channel in plan.channels.items()}
    for of, curve in slotted_fcurves(action):
        if of == slot and curve.data_path in spans and has_generated(curve):
            pins = spans[curve.data_path]
            keys = Keys.of(curve)
            gone = keys.generated & (keys.frames > pins[0] - 0.5) & (keys.frames < pins[-1] + 0.5)
            if keys.generated.all():
                gone &= ~np.isin(keys.frames, pins)
            if gone.any():
                keys[~gone].put(curve)


def _seen(stand: StandIn, frame: int, names: Collection[str], above: Collection[str], channels: Mapping[Name, Channel]
          ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[Name, np.ndarray]]:
    """Bones' matrices, the object's, those of the bones above, and channel values, at a frame."""
    stand.scene.frame_set(frame)
    there = stand.armature.evaluated_get(stand.scene.view_layers[0].depsgraph)
    bones = there.pose.bones
    values = {name: np.array(getattr(bones[channel.bone], channel.prop)) for name, channel in channels.items()}
    return (np.array([bones[name].matrix for name in names]), np.array(there.matrix_world),
            np.array([bones[name].matrix if name else np.eye(4) for name in above]), values)


def _above(armature: bpy.types.Object, controls: Controls) -> list[str]:
    """The bones, themselves without keys, that what takes keys hangs from, the carrier's first; "" for none."""
    handles = [handle.name for handle in controls.handles if not handle.object]
    found = []
    for name in handles:
        line = [bone.name for bone in armature.data.bones[name].parent_recursive]
        if name == handles[0] or not set(line) & set(handles):
            found.append(next((each for each in line if each not in handles), ""))
    return list(dict.fromkeys(found))


def _back(above: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(T, 4, 4) what takes away how the first of N bones above (T, N, 4, 4) carries the body from its rest (N, 4, 4).

    Others may be carried by what is keyed, as poles are that go with the torso; but where one stays behind altogether,
    as feet do that hang from nothing, nothing is taken away.
    """
    if not above.shape[1]:
        return np.tile(np.eye(4), (len(above), 1, 1))
    moves = np.abs(above - above[:1]).max(axis=(0, 2, 3)) > _MOVES
    back = rest[0] @ np.linalg.inv(above[:, 0])
    return back if moves.all() or not moves[0] else np.broadcast_to(back[:1], back.shape)
