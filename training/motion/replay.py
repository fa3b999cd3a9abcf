# SPDX-License-Identifier: GPL-3.0-or-later
"""What a generator does by itself, as clips to train on beside others.

A network that learns something new forgets what it no longer sees. Clips it once learnt from may not be at hand, but it
can make motion like them; trained on that too, it keeps what it could (pseudo-rehearsal, Robins 1995).
"""

from __future__ import annotations

from collections.abc import Sequence

from blender_addon.inference.packs import Pack
from blender_addon.inference.sessions import open_session
from blender_addon.motion.clip import Clip
from blender_addon.motion.generating import generate, plan_motion

from .clips import ClipLabel

_SECONDS = 13.0
_TAKES = 4  # of each action
_END = 30   # frames at the end of a take, in which what happens once has given way to standing
SUBJECT = "replayed"  # what the labels of such clips say of who is seen


def replay(pack: Pack, actions: Sequence[str], seed: int) -> tuple[list[ClipLabel], list[Clip]]:
    """Some takes of each of a pack's actions that are named, and one of the first of them in each style."""
    session = open_session(pack, device="cpu")
    wanted = [(action, "", _TAKES) for action in actions]
    wanted += [(actions[0], style, 1) for style in pack.words("styles")] if actions else []
    labels, clips = [], []
    for action, style, takes in wanted:
        plan = plan_motion(pack, ((action, None),), style, _SECONDS, 1.0, None, False, (0.0, 0.0), 0.0)
        for clip in generate(session, pack, plan, range(seed, seed + takes), together=True):
            labels.append(ClipLabel(f"{pack.id}/{len(labels):03d}_{action}", "", (action,), style, "train", SUBJECT,
                                    "canonical", pack.licence))
            clips.append(clip.cut(0, clip.frames - _END))
    return labels, clips
