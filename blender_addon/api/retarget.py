# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips onto a rig, and what a rig does as a clip."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalateaError, RigError
from ..motion.requests import RetargetRequest, check_retarget
from ..motion.slices import drain, within

if TYPE_CHECKING:
    import bpy

    from ..motion.clip import Clip


@dataclass(frozen=True)
class RetargetTake:
    """One clip on the rig: its action's name, the clip on the canonical skeleton, figures of keys and feet."""

    action: str
    clip: Clip
    figures: dict[str, float]


@dataclass(frozen=True)
class RetargetResult:
    """What was made. seconds: the time it took. frames: the scene's, of the first take. notes: what could not be done
    as asked, a line each. files: what was written, if anything."""

    takes: tuple[RetargetTake, ...]
    rig: str
    family: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    frames: int
    request: RetargetRequest
    files: tuple[str, ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(take.action for take in self.takes)

    @property
    def figures(self) -> dict[str, float]:
        return self.takes[0].figures

    def as_dict(self) -> dict[str, Any]:
        """For --json: everything but the clips themselves."""
        plain = ("rig", "family", "missing", "notes", "seconds", "frames", "figures", "files")
        return {"actions": list(self.actions), **{name: getattr(self, name) for name in plain},
                "takes": [{"action": take.action, "figures": take.figures} for take in self.takes],
                "request": asdict(self.request)}


def retarget(armature: bpy.types.Object, request: RetargetRequest) -> RetargetResult:
    """Put clips onto a rig in the open scene: a new action for each, the first one active, the old one kept.

    GalateaError with one line when a clip, the rig or the request is not in order; the scene is then as it was.
    """
    return drain(retarget_in_slices(armature, request))


def retarget_in_slices(armature: bpy.types.Object, request: RetargetRequest
                       ) -> Generator[float, None, RetargetResult]:
    """The same in slices: yields the share that is done, returns the result. Reading a file is one slice."""
    began = time.perf_counter()
    from ..scene import applying, keys, sources
    from ..scene.holding import held

    check_retarget(request)
    rig = applying.read_rig_with(armature, request)
    keys.check_editable(armature)
    armature = held(armature)
    yield 0.0
    clips = []
    for spec in request.clips:
        clips += sources.read_clips(spec)
        yield 0.2 * len(clips) / (len(clips) + len(request.clips))
    if request.source:
        source = held(_source(request.source, armature()))
        clips.append((yield from within(sources.armature_in_slices(source), 0.0, 0.3)))
    made = []
    for number, clip in enumerate(clips):
        share = 0.6 / len(clips)
        slices = applying.apply_in_slices(armature, rig, clip, request, clip.name, request.start)
        made.append((yield from within(slices, 0.3 + number * share, share)))
    takes = [replace(applied.take, provenance=_provenance(clip, applied.figures)) for clip, applied in zip(clips, made)]
    actions = yield from within(keys.key_takes_in_slices(armature(), takes, request.nla), 0.9, 0.1)
    return RetargetResult(
        takes=tuple(RetargetTake(action.name, clip, dict(applied.figures))
                    for action, clip, applied in zip(actions, clips, made)),
        rig=rig.armature, family=rig.family, missing=rig.missing, notes=made[0].notes,
        seconds=time.perf_counter() - began, frames=takes[0].frames, request=request)


def _source(name: str, target: bpy.types.Object) -> bpy.types.Object:
    import bpy

    source = bpy.context.scene.objects.get(name)
    if source is None or source.type != "ARMATURE":
        raise RigError(f"there is no armature {name!r} in this scene; name the one whose action is to be taken")
    if source == target:
        raise RigError(f"{name} is the rig itself; choose another armature to take the action from")
    return source


def _provenance(clip: Clip, figures: Mapping[str, float]) -> dict[str, str | float]:
    """Where an action comes from, as custom properties hold it: flat, plain values."""
    from ..home import version

    return {"galatea_version": version(), "galatea_clip": clip.name,
            **{f"galatea_figure_{name}": value for name, value in figures.items()}}


def retarget_file(rig: str, request: RetargetRequest, out: str | Path) -> RetargetResult:
    """Open `rig` ("FILE" or "FILE:ARMATURE") in place of what is open, put the clips onto it and write `out`."""
    from ..scene import files

    began = time.perf_counter()
    out = Path(out)
    check_retarget(request)
    files.check_target(out)
    for spec in request.clips:
        files.check_source(files.split_rig(spec)[0])
    if out.suffix.lower() == ".bvh" and request.nla:
        raise GalateaError(f"{out} holds the active action, not NLA tracks; choose another ending, or bind the action")
    armature = files.open_rig(rig)
    result = retarget(armature, request)
    if out.suffix.lower() == ".bvh" and len(result.takes) > 1:
        raise GalateaError(f"{out} holds one clip, not {len(result.takes)}; choose another ending")
    with files.staged(out) as there:
        files.write_file(there, armature)
    return replace(result, seconds=time.perf_counter() - began, files=(str(out),))


def read_motion(armature: bpy.types.Object, first: int | None = None, last: int | None = None) -> Clip:
    """What a rig does from frame `first` to `last` (its action's, where None), on the canonical skeleton."""
    from ..rig.retargeting import to_canonical_body
    from ..scene import reading, rigs

    rig = rigs.read_rig(armature)
    if first is None or last is None:
        frames = reading.action_frames(armature)
        first, last = (frames[0] if first is None else first), (frames[1] if last is None else last)
    return to_canonical_body(reading.read_motion(armature, rig, first, last), rig)
