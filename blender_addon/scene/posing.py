# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clip means for a rig: what its controls do, as tracks that become keys, and whether the rig then does it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import bpy

from ..errors import RigError
from ..motion.clip import Clip
from ..motion.skeleton import INDEX, JOINTS, PARENTS
from ..motion.tracks import Tracks
from ..rig.bone_map import REQUIRED
from ..rig.rig_map import RigMap
from .controls import controls_of
from .handles import Chain, Controls
from .locks import driven_channels, free_axes
from .looking import Seen, look
from .solving import Solution, Wanted, wanted_poses
from .stand_in import StandIn
from .switches import settle
from .tracking import make_tracks
from .wiring import Wiring, find_wiring

_TOLD = 3.0  # degrees off on average: people are told
_GIVEN_UP, _TWISTED = 6.0, 40.0  # a solver that was left on is switched off: by directions, by rotations
_UNMOVED = 25.0  # a bone that is bent by something else is not keyed at all


def clip_tracks(armature: bpy.types.Object, rig: RigMap, clip: Clip, controls: str = "auto",
                keyed: Collection[str] | None = None) -> Tracks:
    """What takes keys on `armature`, one row a frame, when the rig does what `clip` does.

    clip: on the rig's own skeleton (rig.retargeting.fit_to_rig). controls: "auto" keys a rig as it is built, "fk"
    switches its solvers off, "ik" keeps to their targets, "now" leaves all switches as they are. keyed: see
    read_controls. Rotations are without
    jumps and leave locked channels as they are now; what takes no keys stays as it is posed now. RigError in one line
    when a joint that is needed cannot be moved.
    """
    off: dict[Chain, str] = {}
    while True:
        with StandIn(armature) as stand:
            reading = controls_of(stand, rig, controls, off, keyed)
            settle(stand, reading.settings)
            wiring = find_wiring(stand, rig, reading)
            wanted = wanted_poses(armature, rig, clip, wiring.lead)
            done, seen = _solved(armature, stand, rig, reading, wiring, wanted)
        worse = _given_up(reading, seen) if controls == "auto" else {}
        if worse.keys() <= off.keys():  # none, or what nothing switches off
            break
        off |= worse
    notes = (*reading.notes, *_shortcomings(armature, rig, reading, done, seen))
    return make_tracks(armature, rig, reading, wiring, done, clip, notes)


def _solved(armature: bpy.types.Object, stand: StandIn, rig: RigMap, controls: Controls, wiring: Wiring, wanted: Wanted
            ) -> tuple[Solution, Seen]:
    """What the controls do, and what comes of it. Poles are put once more where solvers bend limbs away from them."""
    done = Solution(armature, rig, controls, wiring, wanted)
    done.solve({})
    seen = look(stand, rig, controls, done)
    swivels = {limb: seen.swivels[limb.chain] for limb in controls.limbs if seen.swivels.get(limb.chain) is not None}
    if not swivels:
        return done, seen
    again = Solution(armature, rig, controls, wiring, wanted)
    again.solve(swivels)
    then = look(stand, rig, controls, again)
    better = {limb: swivel for limb, swivel in swivels.items() if then.mean(limb.joints) < seen.mean(limb.joints)}
    if len(better) == len(swivels):
        return again, then
    done = Solution(armature, rig, controls, wiring, wanted)
    done.solve(better)
    return done, look(stand, rig, controls, done)


def _given_up(controls: Controls, seen: Seen) -> dict[Chain, str]:
    """The solvers that do not do what they should, and by how much; what hangs from their limbs is judged later."""
    far = {}
    for limb in controls.limbs:
        off, turned = seen.mean(limb.joints), seen.mean(limb.joints, seen.turned)
        if off > _GIVEN_UP or turned > _TWISTED:
            far[limb] = f"with it they are {max(off, turned):.0f} degrees off"
    return {limb.chain: why for limb, why in far.items()
            if not any(above in other.joints for other in far if other is not limb for above in _above(limb.joints[0]))}


def _above(joint: str) -> Iterator[str]:
    """The joints above one."""
    place = PARENTS[INDEX[joint]]
    while place >= 0:
        yield JOINTS[place]
        place = PARENTS[place]


def _shortcomings(armature: bpy.types.Object, rig: RigMap, controls: Controls, done: Solution, seen: Seen) -> list[str]:
    """What could not be met, a line each; RigError for a joint that is needed and does something else altogether."""
    notes, told = [], set()
    for handle, short in done.short.items():
        if short.mean() > _TOLD and not handle.object:
            driven = driven_channels(armature, handle.name)
            axes = free_axes(armature.pose.bones[handle.name], driven)
            what = "driven" if driven else "locked"
            notes.append(f"{handle} turns about {axes or 'no axis'}: its {what} axes were left as they are, "
                         f"{short.mean():.0f} degrees off")
            told.add(controls.turning[handle])
    for limb in controls.limbs:
        off = seen.mean(limb.joints)
        if off > _TOLD:
            notes.append(f"{' and '.join(rig.bones[joint] for joint in limb.joints)} are {off:.0f} degrees off: the "
                         f"constraint {limb.chain.constraint!r} of {limb.chain.owner} does as well as it can")
        told.update(limb.joints)
    for joint, bone in rig.bones.items():
        off, above = seen.off[joint].mean(), (joint, *_above(joint))
        if off < _TOLD or told.intersection(above) or joint not in controls.turning.values():
            continue
        why = next((controls.bends[each] for each in above if each in controls.bends), "")
        if why and joint in REQUIRED and off > _UNMOVED:
            raise RigError(f"{rig.armature} cannot be keyed: {bone} ({joint}) follows {why}; mute that constraint, or "
                           "name the bone that controls it")
        notes.append(f"{bone} is {off:.0f} degrees off: {why or 'something that is not understood'} has a hand in it")
    return notes


def carrying_bone(armature: bpy.types.Object, rig: RigMap) -> bpy.types.Bone | None:
    """The lowest bone that the whole body hangs from and that may be moved: the hips, or a bone above them.

    By the hierarchy of bones alone. A connected bone ignores its location; where trunk and legs part above the hips (as
    in MikuMikuDance's models) the bone that both hang from carries them.
    """
    hips = armature.data.bones[rig.bones["Hips"]]
    body = [armature.data.bones[rig.bones[joint]] for joint in _HANGING if joint in rig.bones]
    for bone in (hips, *hips.parent_recursive):
        whole = all(bone == other or bone in other.parent_recursive for other in body)
        if whole and (bone.parent is None or not bone.use_connect):
            return bone
    return hips if hips.parent is None or not hips.use_connect else None


_HANGING = ("Spine", "LeftUpLeg", "RightUpLeg", "LeftArm", "RightArm")  # from whatever carries a body
