# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that reach for targets which meet people's keys: not brought through the floor by keys out of a leg's reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..motion.clip import Clip
from ..motion.meeting import held_up
from ..motion.planting import points_of_feet
from ..motion.rotations import matrix_from_quat, quat_inverse, quat_multiply, quat_rotate
from ..motion.track_kinematics import Body, upward
from ..motion.tracks import Tracks
from ..rig.rig_map import RigMap
from .keyed_channels import Plan
from .keyed_motion import KeyedMotion


def hold_feet_up(made: Tracks, met: Tracks, clip: Clip, plan: Plan, own: KeyedMotion, rig: RigMap) -> Tracks:
    """Tracks that meet keys, the targets of feet lifted where meeting them brings feet lower: see held_up.

    made: what they were before. clip: what was made, in the world, where feet are as they are meant to be.
    """
    onto, points = own.onto_controls(rig), points_of_feet(clip)
    up = onto[:, :3, 2] / np.linalg.norm(onto[:, :3, 2], axis=-1, keepdims=True)
    bones = list(met.bones)
    for side, name in enumerate(own.feet):
        place = next((k for k, track in enumerate(bones) if track.bone == name and track.location is not None), None)
        if place is None or (name, "location") not in plan.channels:
            continue
        before, after = (_posed(tracks, place) for tracks in (made, met))
        turned = quat_multiply(after.turned[place], quat_inverse(before.turned[place]))
        heights = []
        for point in np.moveaxis(points[:, side], 1, 0):
            there = (onto @ np.append(point, np.ones((len(point), 1)), axis=1)[..., None])[:, :3, 0]
            then = after.placed[place] + quat_rotate(turned, there - before.placed[place])
            heights.append([np.sum(each * up, axis=-1) / rig.scale() for each in (there, then)])
        lift = held_up(*np.moveaxis(heights, 0, -1), plan.pinned((name, "location")))
        axes = np.swapaxes(matrix_from_quat(after.unposed[place]), -1, -2)
        by = (axes @ (rig.scale() * lift[:, None] * up)[..., None])[..., 0] / after.size[place]
        bones[place] = replace(bones[place], location=bones[place].location + by)
    return replace(met, bones=tuple(bones))


def _posed(tracks: Tracks, bone: int) -> Body:
    """Where a bone, and those above it, are."""
    body = Body.of(len(tracks.bones), tracks.frames)
    for each in reversed(upward(tracks, bone)):
        body.pose(each, tracks.bones[each])
    return body
