# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions on tracks of the NLA editor."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from .versions import Binding, put_in_strip_slot


def add_strips(actions: Sequence[tuple[bpy.types.Object, bpy.types.Action]]) -> None:
    """Put each action on a track of its own, named after it, above those that its object has.

    An action that was bound would hide them: it goes onto a track first, as Blender's own Push Down does. Should
    anything fail everything is as it was.
    """
    before = {owner: Binding.of(owner) for owner, _ in actions}
    made: list[tuple[bpy.types.Object, bpy.types.NlaTrack]] = []
    try:
        for owner, binding in before.items():
            owner.animation_data_create()
            if binding.action is not None:
                made.append((owner, _strip(owner, binding.action)))
                owner.animation_data.action = None
        for number, (owner, action) in enumerate(actions):
            made.append((owner, _strip(owner, action)))
            # further takes wait: of two that play at once only the upper one would show
            made[-1][1].mute = any(other == owner for other, _ in actions[:number])
    except BaseException:
        for owner, track in reversed(made):
            owner.animation_data.nla_tracks.remove(track)
        for owner, binding in before.items():
            binding.bind(owner)
        raise


def _strip(owner: bpy.types.Object, action: bpy.types.Action) -> bpy.types.NlaTrack:
    tracks = owner.animation_data.nla_tracks
    below = len(tracks) > 0
    track = tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, int(action.frame_range[0]), action)
    put_in_strip_slot(strip, owner, action)
    if below:  # until it begins, what lies below shows: a take may go on from that
        strip.extrapolation = "HOLD_FORWARD"
    return track
