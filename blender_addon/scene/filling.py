# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill between a person's keys on any rig: new keys of type GENERATED inside the gaps, all others as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from ..errors import GalateaError
from ..motion.channels import rotation_quaternions
from ..motion.curve_cuts import changed, cut_curve, cut_tracks
from ..motion.hinges import nearest_free
from ..motion.inbetweening import Gap, fill_slices
from ..motion.kinematics import joint_positions
from ..motion.meeting import goes_round, is_written_like, meet_locations, meet_rotations, written_like
from ..motion.planting import plant_feet
from ..motion.pose_prior import PosePrior, doubtful_keys
from ..motion.requests import InbetweenRequest
from ..motion.slices import within
from ..motion.tracks import Curve, Tracks
from ..rig.rig_map import RigMap
from .applying import curves_in_slices
from .holding import held
from .key_table import Keys, new_keys, unharmed
from .keyed_channels import Channel, Name, Plan, check_action, controls_in_use, keyed_bones, make_plan
from .keyed_motion import KeyedMotion, forget_generated, read_keyed
from .limbs_off import limbs_off
from .met_feet import hold_feet_up
from .posing import clip_tracks
from .versions import Binding, new_fcurve_in_slot, slotted_fcurves

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Session

_ALIKE = 1.0  # centimetres that joints of two variants are apart on average, or people see no difference

Slices = Generator[float, None, Any]
Place = tuple[str, int]  # data path, component


@dataclass(frozen=True, eq=False)
class Models:
    """What fills: an open in-betweener, and a pose VAE that knows what is no pose, where there is one."""

    pack: Pack
    session: Session
    prior: PosePrior | None = None


@dataclass(frozen=True, eq=False)
class Filling:
    """Keys for an action: place -> keys. gaps in frames of the scene. figures and notes for people. joints: (N, 22, 3)
    where they come to be in the N frames that were filled, in metres of a rig of canonical size."""

    keys: Mapping[Place, Keys]
    gaps: tuple[Gap, ...]
    figures: Mapping[str, float]
    notes: tuple[str, ...]
    joints: np.ndarray = field(default_factory=lambda: np.zeros((0, 22, 3)))


@dataclass(frozen=True, eq=False)
class Done:
    """What became of it: the actions' names, the first one bound, and what was filled into each."""

    actions: tuple[str, ...]
    fillings: tuple[Filling, ...]
    frames: int


def fill_in_slices(armature: Callable[[], bpy.types.Object], rig: RigMap, request: InbetweenRequest, models: Models,
                   about: Mapping[str, Any]) -> Slices:
    """Fill the gaps between the keys of the armature's action; yields the share done, returns Done.

    One variant goes into the action itself, several into copies of it, of which the first is bound and the others kept.
    The scene changes in the last slice; until then, and after close() or an error, all is as it was. about: what is
    kept with the actions.
    """
    action, slot = check_action(armature())
    again = held(action)
    controls, wish = controls_in_use(armature(), rig, request.controls)
    plan = make_plan(armature(), controls, request)
    yield 0.02
    own = yield from within(read_keyed(armature, rig, controls, plan), 0.02, 0.28)
    plan = _left_to_turn(plan, own)
    doubtful = doubtful_keys(models.prior, own.clip.rotations, plan.known) if models.prior else None
    fillings = []
    for variant in range(request.variants):
        seed = request.seed + variant
        share = 0.65 / request.variants
        steps = _fill(armature, rig, request, models, plan, own, doubtful, seed or None, wish)
        fillings.append((yield from within(steps, 0.3 + variant * share, share)))
    fillings = _compared(fillings)
    if all(not filling.keys for filling in fillings):
        return Done((again().name,), tuple(fillings), plan.frames)
    if request.variants == 1:
        _put(again(), slot, plan, fillings[0], about | {"seed": request.seed})
        names = (again().name,)
    else:
        names = _put_copies(armature(), again(), slot, plan, fillings, about, request.seed)
    return Done(names, tuple(fillings), plan.frames)


def _left_to_turn(plan: Plan, own: KeyedMotion) -> Plan:
    """The plan without stretches in which somebody keyed full turns: what is between is as they have it."""
    known, notes = np.array(plan.known), list(plan.notes)
    for (bone, what), channel in plan.channels.items():
        if what != "rotation":
            continue
        values = own.values[bone, what]
        for start, end in pairwise(plan.pins[bone, what]):
            if goes_round(values[start], values[end], channel.mode):
                known[start:end + 1, list(plan.columns[bone, what])] = True
                notes.append(f"{bone} turns further than the short way between frames {plan.first + start} and "
                             f"{plan.first + end}; it was left to its keys there")
    return replace(plan, known=known, notes=tuple(dict.fromkeys(notes)))


# --- one variant ----------------------------------------------------------------------------------------------------


def _fill(armature: Callable[[], bpy.types.Object], rig: RigMap, request: InbetweenRequest, models: Models, plan: Plan,
          own: KeyedMotion, doubtful: np.ndarray | None, seed: int | None, wish: str) -> Slices:
    """The keys of one variant; nothing in the scene is changed."""
    filled = yield from within(fill_slices(models.session, models.pack, own.clip, plan.known, seed, own.speeds,
                                           doubtful, around=True), 0.0, 0.4)
    gaps = tuple(replace(gap, first=gap.first + plan.first, last=gap.last + plan.first) for gap in filled.gaps)
    made = [gap for gap in filled.gaps if not gap.why]
    if not made:
        return Filling({}, gaps, {"keys": 0}, plan.notes)
    clip = own.onto_carriers(rig, filled.clip, plan.known)
    there = own.in_world(rig, clip)
    if request.feet:
        there = plant_feet(there, own.clip, plan.known, made)
        clip = own.as_controls_do(rig, there)
    yield 0.45
    tracks = clip_tracks(armature(), rig, clip, wish, keyed_bones(armature()))
    otherwise = _set_otherwise(armature(), tracks)
    notes = (*plan.notes, *_told(tracks, plan), *otherwise)
    tracks = hold_feet_up(tracks, _met(tracks, plan, own), there, plan, own, rig)
    yield 0.57
    if not otherwise:
        notes += tuple(limbs_off(armature(), rig, own, tracks, there, made, plan.first))
    yield 0.6
    keys: dict[Place, Keys] = {}
    error = 0.0
    stretches = _joined(made)
    for number, gap in enumerate(stretches):
        part = cut_tracks(tracks, gap.first - 1, gap.last + 2)
        pins = {name: frames[(frames >= gap.first) & (frames <= gap.last)] - gap.first + 1
                for name, frames in plan.pins.items()}
        slices = curves_in_slices(part, request, gap.first - 1, pins=pins)
        curves, figures = yield from within(slices, 0.6 + 0.4 * number / len(stretches), 0.4 / len(stretches))
        error = max(error, figures["key_error_mm"])
        for place, found in _between_pins(curves, plan, own, gap):
            keys[place] = keys[place].with_new(found) if place in keys else found
    figures = {"keys": sum(map(len, keys.values())), "keys_every_frame": _places_between(plan, made, keys),
               "key_error_mm": error}
    return Filling(keys, gaps, figures, notes, joint_positions(clip)[_inside(made)])


def _joined(gaps: Sequence[Gap]) -> list[Gap]:
    """Gaps with those joined between which there is one key: curves are to pass it at one speed."""
    joined: list[Gap] = []
    for gap in gaps:
        beside = joined and joined[-1].last == gap.first - 2
        joined.append(Gap(joined.pop().first if beside else gap.first, gap.last))
    return joined


def _inside(gaps: Sequence[Gap]) -> np.ndarray:
    """The frames of gaps."""
    return np.concatenate([np.arange(gap.first, gap.last + 1) for gap in gaps])


def _compared(fillings: Sequence[Filling]) -> list[Filling]:
    """Variants with figures of how far their joints are from those of the first, in centimetres, and a line in the
    first for any that hardly differ."""
    told: list[Filling] = []
    alike = []
    for number, filling in enumerate(fillings):
        away = [100.0 * float(np.linalg.norm(filling.joints - other.joints, axis=-1).mean()) for other in told
                if filling.joints.shape == other.joints.shape and len(filling.joints)]
        if away:
            filling = replace(filling, figures={**filling.figures, "apart_cm": round(away[0], 2)})
            alike += [f"variants {1 + int(np.argmin(away))} and {1 + number} hardly differ: by {min(away):.1f} cm on "
                      "average; keys further apart leave more room"] if min(away) < _ALIKE else []
        told.append(filling)
    return [replace(told[0], notes=(*told[0].notes, *alike)), *told[1:]]


def _met(tracks: Tracks, plan: Plan, own: KeyedMotion) -> Tracks:
    """Tracks that meet what is keyed; components without a curve of their own stay as they are."""
    bones = []
    for track in tracks.bones:
        rotation, location, still = track.rotation, track.location, track.still
        turning, moving = plan.channels.get((track.bone, "rotation")), plan.channels.get((track.bone, "location"))
        if rotation is not None and turning is not None:
            values = own.values[track.bone, "rotation"]
            still |= _without_curve(turning)
            locked = np.array([(turning.prop, index) in still for index in range(turning.count)])
            if turning.count == 3 and locked.any():
                rotation = nearest_free(rotation, track.mode, locked, values[0])
            pinned = plan.pinned((track.bone, "rotation"))
            rotation = meet_rotations(rotation, rotation_quaternions(values, track.mode), pinned)
        if location is not None and moving is not None:
            still |= _without_curve(moving)
            values = own.values[track.bone, "location"] @ np.linalg.inv(track.location_axes).T
            location = meet_locations(location, values, plan.pinned((track.bone, "location")))
        bones.append(replace(track, rotation=rotation, location=location, still=frozenset(still)))
    return replace(tracks, bones=tuple(bones), extras=())


def _without_curve(channel: Channel) -> frozenset[tuple[str, int]]:
    """Components of Euler angles and locations that nobody animates."""
    if channel.count == 4:
        return frozenset()
    return frozenset((channel.prop, index) for index in range(channel.count) if index not in channel.frames)


def _between_pins(curves: Sequence[Curve], plan: Plan, own: KeyedMotion, gap: Gap) -> Iterator[tuple[Place, Keys]]:
    """The keys of fitted curves that belong into the stretches between what is keyed in a gap.

    On the frames beside a key that is there they are exact, so that its handles bend nothing that is seen; and a
    component that has no key on a frame where others have one gets it, as it is there anyway.
    """
    grouped: dict[Name, dict[int, Curve]] = {}
    for curve in curves:
        what = "location" if curve.what == "location" else "rotation"
        if (curve.bone, what) in plan.channels:
            grouped.setdefault((curve.bone, what), {})[curve.index] = curve
    for name, components in grouped.items():
        channel, values = plan.channels[name], own.values[name]
        pins = plan.pins[name]
        pins = pins[(pins >= gap.first - 1) & (pins <= gap.last + 1)]
        free = ~plan.pinned(name)
        stretches = [(start, end) for start, end in pairwise(pins) if end - start > 1 and free[start + 1]]
        for start, end in stretches:
            yield from _stretch(channel, components, values, int(start), int(end), plan.first)
        for pin in dict.fromkeys(pin for stretch in stretches for pin in stretch):
            for index in components:
                frame = pin + plan.first
                if not np.isin(frame, channel.frames.get(index, [])):
                    curve = Curve(channel.bone, channel.prop, index, np.array([frame]), values[pin, [index]])
                    yield (channel.path, index), new_keys(curve)


def _stretch(channel: Channel, components: Mapping[int, Curve], values: np.ndarray, start: int, end: int, first: int
             ) -> Iterator[tuple[Place, Keys]]:
    """Keys between two frames on which a channel is as it is, written the way it is written there."""
    scale, offset = np.ones(channel.count), np.zeros(channel.count)
    jumps = False
    if channel.what == "rotation":
        there = [np.array(values[pin], dtype=np.float64) for pin in (start, end)]
        for made, pin in zip(there, (start, end)):
            for index, curve in components.items():
                made[index] = cut_curve(curve, pin, pin).values[0]
        scale, offset = written_like(there[0], channel.mode, values[start])
        jumps = not is_written_like(scale * there[1] + offset, channel.mode, values[end])
    for index, curve in components.items():
        part = changed(cut_curve(curve, start + 1, end - 1), scale[index], offset[index])
        handles = [None if side is None else side + [first, 0.0] for side in (part.left, part.right)]
        part = replace(part, frames=part.frames + first, left=handles[0], right=handles[1])
        yield (channel.path, index), new_keys(part, held=jumps)


def _places_between(plan: Plan, gaps: Sequence[Gap], keys: Mapping[Place, Keys]) -> int:
    """How many keys there would be on every frame."""
    total = 0
    for name, channel in plan.channels.items():
        free = ~plan.pinned(name)
        frames = sum(int(free[gap.first:gap.last + 1].sum()) for gap in gaps)
        total += frames * sum((channel.path, index) in keys for index in range(channel.count))
    return total


def _told(tracks: Tracks, plan: Plan) -> list[str]:
    """What people should know of how the rig took it: what concerns bones that were filled, or could not be."""
    names = "|".join(re.escape(bone) for bone, _ in plan.channels)
    of_these = re.compile(rf"(?<![\w.-])({names})(?![\w-])")  # shoulder.L, but not DEF-shoulder.L
    told = [note for note in tracks.notes if of_these.search(note) or "was left as it is" in note]
    return [note for note in told if "got the keys" not in note and "while this action plays" not in note]


def _set_otherwise(armature: bpy.types.Object, tracks: Tracks) -> list[str]:
    """Switches that stand otherwise than what was filled needs; nobody's but the artist's to turn."""
    found: dict[tuple[str, float, float], list[str]] = {}
    for extra in tracks.extras:
        if not extra.owner and np.ndim(extra.values) == 1:
            now = np.atleast_1d(armature.path_resolve(extra.path))
            switch = extra.path.rpartition("[")[2].strip(']"')
            # how far neck and head follow makes up for itself: they meet their keys all the same
            if np.abs(now - extra.values).max() > 0.01 and not switch.endswith("_follow"):
                found.setdefault((switch, float(extra.values[0]), float(now[0])), []).append(extra.group)
    return [f"what was filled shows where {switch} of {', '.join(holders)} is {wanted:g}; it is {now:g} now"
            for (switch, wanted, now), holders in found.items()]


# --- into actions ---------------------------------------------------------------------------------------------------


def _put(action: bpy.types.Action, slot: str, plan: Plan, filling: Filling, about: Mapping[str, Any]) -> None:
    """Write the keys into an action, in place of those of an earlier filling; all of them or nothing."""
    properties = {name: value for name, value in action.items() if name.startswith("galatea_inbetween")}
    try:
        with unharmed(action):
            forget_generated(action, slot, plan)
            there = {(curve.data_path, curve.array_index): curve for of, curve in slotted_fcurves(action) if of == slot}
            groups = {channel.path: channel.bone for channel in plan.channels.values()}
            for (path, index), keys in filling.keys.items():
                curve = there.get((path, index))
                if curve is None:
                    curve = new_fcurve_in_slot(action, slot, path, index, groups[path])
                old = Keys.of(curve)
                old.with_new(keys).put(curve)
            for name, value in {**about, **filling.figures}.items():
                action[f"galatea_inbetween_{name}"] = value
    except BaseException:
        for name in [name for name, _ in action.items() if name.startswith("galatea_inbetween")]:
            del action[name]
        for name, value in properties.items():
            action[name] = value
        raise


def _put_copies(armature: bpy.types.Object, action: bpy.types.Action, slot: str, plan: Plan,
                fillings: Sequence[Filling], about: Mapping[str, Any], seed: int) -> tuple[str, ...]:
    """A copy of the action for each variant; the first is bound, the others and the action itself are kept."""
    made: list[Callable[[], bpy.types.Action]] = []
    before = Binding.of(armature)
    try:
        for number, filling in enumerate(fillings):
            copy = held(action.copy())
            made.append(copy)
            copy().name = f"{action.name} variant {number + 1}"
            _put(copy(), slot, plan, filling, about | {"seed": seed + number})
        replace(before, number=made[0]().session_uid).bind(armature)
        for kept in (action, *(copy() for copy in made[1:])):
            kept.use_fake_user |= kept.users == 0
    except BaseException:
        before.bind(armature)
        for copy in made:
            with suppress(GalateaError):
                bpy.data.actions.remove(copy())
        raise
    return tuple(copy().name for copy in made)
