# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a generated take fit to be used: one thing after another, each small where the model did well.

The way over the ground comes first, because feet follow it; then seams: where the take goes on from a pose, where one
action gives way to the next, and the ends of a loop. The feet are locked after those, since every change of the way or
of the hips would make them slide again, and the foot lock keeps a loop a loop. Joints that go too far come last.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .clip import Clip
from .contacts import find_standing
from .continuing import in_a_row, lock_feet_after
from .foot_lock import lock_feet
from .inertialising import inertialise
from .joining import smooth_joins
from .joint_limits import JointLimits, keep_within
from .looping import close_loop, heading, meet_ends
from .path_keeping import keep_to_path
from .planning import MotionPlan
from .rotations import quat_about_z, quat_angle, quat_multiply, quat_rotate
from .skeleton import INDEX
from .slices import drain
from .soles import level_soles

_CLEARANCE = 0.03  # metres: 19 of 20 feet in real walks keep more from the floor while they are quick
_TOES = [INDEX["LeftToe"], INDEX["RightToe"]]  # they turn up a lot without anybody seeing it


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A take after all that was wanted, and figures of what that changed; plain numbers by name."""

    clip: Clip
    figures: Mapping[str, float] = field(default_factory=dict)


def clean_up(clip: Clip, plan: MotionPlan, generator: Mapping[str, Any], feet: bool = True, loop: bool = False,
             raw: bool = False) -> Cleaned:
    """A take as the model made it (see generating.generate), made ready.

    generator: the pack's table of that name; its joint limits hold where it has some. feet: lock those that stand.
    loop: close it, out of what the plan has to spare. raw: leave out all but what was asked for: going on from a pose
    and the loop. The first pose of a take that goes on from one is that one, whatever else is done.
    """
    return drain(clean_up_in_slices(clip, plan, generator, feet, loop, raw))


def clean_up_in_slices(clip: Clip, plan: MotionPlan, generator: Mapping[str, Any], feet: bool = True,
                       loop: bool = False, raw: bool = False) -> Generator[float, None, Cleaned]:
    """The same in slices: yields the share that is done, returns what clean_up does."""
    figures: dict[str, float] = {}
    made = clip
    if not raw:
        clip, figures["path_moved_m"] = _on_path(clip, plan)
    if plan.lead is not None:
        clip = inertialise(clip, plan.lead.clip)
    if not raw:
        clip = _joined(clip, plan)
    yield 0.2
    if loop:
        clip, told = _looped(clip, plan)
        made, figures = clip, figures | told
    yield 0.3
    if feet and not raw:
        clip, told = _feet_locked(clip, plan)
        clip, figures = meet_ends(clip) if loop else clip, figures | told
    yield 0.9
    if not raw and generator.get("joint_limits"):
        limits = JointLimits.from_dict(generator["joint_limits"])
        clip, figures["beyond_limits_share"] = keep_within(clip, limits)
    if plan.lead is not None:
        clip = inertialise(clip, plan.lead.clip)  # feet that were locked, and limits, are not quite where it was
    if not raw:
        changes = quat_angle(made.rotations, clip.rotations)
        figures["joint_change_max_deg"] = float(np.degrees(np.delete(changes, _TOES, axis=1).max()))
    return Cleaned(clip, {name: round(value, 4) for name, value in figures.items()})


def _on_path(clip: Clip, plan: MotionPlan) -> tuple[Clip, float]:
    """Led back to the path at the frames of the take at which there is one."""
    shown = np.clip(np.round(plan.shown).astype(int), 0, plan.frames - 1)
    began = 0.0 if plan.lead is None else plan.path.nearest(plan.start, 0.0, plan.path.lengths[-1])
    return keep_to_path(clip, plan.path, plan.speed[shown] > 0.0, began)


def _joined(clip: Clip, plan: MotionPlan) -> Clip:
    """Smoothed where actions meet, the one before the take among them."""
    if plan.lead is None:
        return smooth_joins(clip, plan.joins)
    before = plan.lead.clip
    earlier = before.frames - 1
    row = smooth_joins(in_a_row(before, clip), [earlier, *(earlier + join for join in plan.joins)])
    return inertialise(row.cut(earlier, row.frames), before)


def _looped(clip: Clip, plan: MotionPlan) -> tuple[Clip, dict[str, float]]:
    """The best part of the take, as long as was asked for, placed where the take was to begin."""
    still = not (plan.speed > 0.0).any()
    begins = 0 if plan.led else plan.spare  # on a path it begins where the path does
    found = close_loop(clip, clip.frames - plan.spare, begins, straight=not plan.led, still=still)
    clip = found.clip if plan.led else _moved_to(found.clip, clip)
    return clip, {"loop_left_out_s": found.first / clip.fps, "loop_tempo": found.tempo,
                  "loop_apart_cm": found.left_cm, "loop_turned_deg": found.turned, "loop_moved_m": found.moved}


def _feet_locked(clip: Clip, plan: MotionPlan) -> tuple[Clip, dict[str, float]]:
    """Feet that stand stay where they stand; of a take that goes on from something, they have stood there already."""
    contacts = find_standing(clip)
    clip = level_soles(clip, contacts)
    before = None if plan.lead is None else plan.lead.clip
    locked = (lock_feet(clip, contacts, clearance=_CLEARANCE) if before is None else
              lock_feet_after(before, clip, contacts, clearance=_CLEARANCE))
    # they are seen better than foretold
    return replace(locked.clip, contacts=None), {"foot_skate_before_cm_per_s": locked.skate_before,
                                                 "foot_skate_cm_per_s": locked.skate_after}


def _moved_to(clip: Clip, like: Clip) -> Clip:
    """The clip with its first frame over the place at which another's is, and facing the same way."""
    turn = quat_about_z(heading(like.rotations[:1, 0])[0] - heading(clip.rotations[:1, 0])[0])
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(turn, rotations[:, 0])
    level = np.array([1.0, 1.0, 0.0])
    positions = quat_rotate(turn, clip.positions - clip.positions[0] * level) + like.positions[0] * level
    return replace(clip, rotations=rotations, positions=positions)
