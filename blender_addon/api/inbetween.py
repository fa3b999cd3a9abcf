# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies between an artist's keys."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..motion.requests import InbetweenRequest, check_inbetween
from ..motion.slices import drain, within
from . import packs

if TYPE_CHECKING:
    import bpy

    from ..motion.pose_prior import PosePrior


@dataclass(frozen=True)
class FilledGap:
    """Frames first to last between two key poses. why: what kept the model from filling it, so that it stayed as
    Blender interpolates it; "" where it was filled."""

    first: int
    last: int
    why: str = ""


@dataclass(frozen=True)
class RemovedKeys:
    """How many generated keys went, from which action, and the file's other actions that have some still."""

    count: int
    action: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class InbetweenResult:
    """What was made. actions: those that were filled, the first one active; the rig's own where one variant was asked
    for. gaps: what became of each. keys: how many are new in the first. figures: of its keys. seeds: of the variants.
    frames: the scene's, from the first key to the last. each: of every action its figures, in their order, with
    "apart_cm" for those after the first: how far joints are from where the first has them, on average."""

    actions: tuple[str, ...]
    gaps: tuple[FilledGap, ...]
    keys: int
    figures: dict[str, float]
    rig: str
    family: str
    notes: tuple[str, ...]
    pack: str
    pack_version: str
    licence: str
    provider: str
    why_not: str
    onnxruntime: str
    threads: int
    seeds: tuple[int, ...]
    seconds: float
    frames: int
    request: InbetweenRequest
    files: tuple[str, ...] = ()
    each: tuple[dict[str, float], ...] = ()

    @property
    def filled(self) -> tuple[FilledGap, ...]:
        """The gaps that the model filled."""
        return tuple(gap for gap in self.gaps if not gap.why)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def inbetween(armature: bpy.types.Object, request: InbetweenRequest | None = None) -> InbetweenResult:
    """Fill the gaps between the keys of a rig's action: new keys of type GENERATED, none of the others changes.

    Keys of type GENERATED that lie between them from before are replaced. A gap that is not for the model (see
    `gaps[].why`) stays as Blender interpolates it. GalateaError with one line when the rig, its action, the pack or the
    request is not in order; the scene is then as it was.
    """
    return drain(inbetween_in_slices(armature, request or InbetweenRequest()))


def inbetween_in_slices(armature: bpy.types.Object, request: InbetweenRequest
                        ) -> Generator[float, None, InbetweenResult]:
    """The same in slices: yields the share that is done, returns the result. The scene changes in the last; after
    close() or an error it is as it was."""
    began = time.perf_counter()
    check_inbetween(request)
    pack = packs.pick_pack("motion-inbetweener", request.pack)
    yield 0.0
    from ..inference.devices import import_runtime
    from ..inference.sessions import open_session
    from ..scene import applying, filling, rigs
    from ..scene.holding import held

    rigs.check_armature(armature)
    rig = applying.read_rig_with(armature, request)
    armature = held(armature)
    yield 0.0
    import_runtime()
    yield 0.0
    session = open_session(pack, device=request.device)
    models = filling.Models(pack, session, _pose_prior(request.device))
    yield 0.0
    about = {"pack": pack.id, "pack_version": pack.version, "licence": pack.licence, "provider": session.provider}
    done = yield from within(filling.fill_in_slices(armature, rig, request, models, about), 0.0, 1.0)
    first = done.fillings[0]
    return InbetweenResult(
        actions=done.actions, gaps=tuple(FilledGap(gap.first, gap.last, gap.why) for gap in first.gaps),
        keys=int(first.figures["keys"]), figures=dict(first.figures), rig=rig.armature, family=rig.family,
        notes=(*rig.notes, *first.notes), pack=pack.id, pack_version=pack.version, licence=pack.licence,
        provider=session.provider, why_not=session.why_not, onnxruntime=session.version, threads=session.threads,
        seeds=tuple(request.seed + variant for variant in range(request.variants)),
        seconds=time.perf_counter() - began, frames=done.frames, request=request,
        each=tuple(dict(filling.figures) for filling in done.fillings))


def _pose_prior(device: str) -> PosePrior | None:
    """What knows of poses what is one, where that pack is there."""
    from ..motion.pose_prior import open_pose_prior

    try:
        return open_pose_prior(packs.pick_pack("pose-vae"), device)
    except PackError:
        return None


def inbetween_file(rig: str, request: InbetweenRequest, out: str | Path) -> InbetweenResult:
    """Open `rig` ("FILE" or "FILE:ARMATURE") in place of what is open, fill between its keys and write `out`."""
    from ..scene import files

    began = time.perf_counter()
    out = Path(out)
    check_inbetween(request)
    packs.pick_pack("motion-inbetweener", request.pack)
    files.check_target(out)
    armature = files.open_rig(rig)
    result = inbetween(armature, request)
    with files.staged(out) as there:
        files.write_file(there, armature)
    return replace(result, seconds=time.perf_counter() - began, files=(str(out),))


def remove_generated(armature: bpy.types.Object, first: int | None = None, last: int | None = None,
                     selected_bones: bool = False, force: bool = False) -> int:
    """Take the keys of type GENERATED out of a rig's action, from frame `first` to `last`, on all bones or the selected
    ones; returns how many went. All other keys stay as they are.

    GalateaError when there are none, and for an action of nothing else, which would be empty, unless forced.
    """
    from ..scene import generated, rigs

    rigs.check_armature(armature)
    return generated.remove_generated(armature, first, last, selected_bones, force)


def remove_generated_file(rig: str, out: str | Path, first: int | None = None, last: int | None = None,
                          force: bool = False) -> RemovedKeys:
    """Open `rig` ("FILE" or "FILE:ARMATURE") in place of what is open, take its generated keys out and write `out`."""
    from ..scene import files, generated

    out = Path(out)
    files.check_target(out)
    armature = files.open_rig(rig)
    count = remove_generated(armature, first, last, force=force)
    with files.staged(out) as there:
        files.write_file(there, armature)
    action = armature.animation_data.action
    return RemovedKeys(count, action.name, generated.other_actions(action))
