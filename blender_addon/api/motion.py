# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion out of a generator pack, onto a rig."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalateaError
from ..inference.packs import Pack
from ..motion.requests import MotionRequest, check_request, title
from ..motion.slices import drain, within
from . import packs

SPARE_SECONDS = 4.0  # that are made beyond a loop's length, for it to choose from

if TYPE_CHECKING:
    import bpy

    from ..inference.sessions import Session
    from ..motion.clip import Clip


@dataclass(frozen=True)
class MotionTake:
    """One take: its action's name, its seed, its clip on the canonical skeleton at the model's rate, its figures."""

    action: str
    seed: int
    clip: Clip
    figures: dict[str, Any]


@dataclass(frozen=True)
class MotionResult:
    """What was made. seconds: the time it took. frames: the scene's, of each take. figures: of the first take.

    scale: metres in the scene for each metre of the figures, which speak of a body 1.75 m tall; a rig with longer legs
    goes further.
    """

    takes: tuple[MotionTake, ...]
    rig: str
    family: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    pack: str
    pack_version: str
    licence: str
    provider: str
    why_not: str
    onnxruntime: str
    threads: int
    seed: int
    seconds: float
    frames: int
    scale: float
    request: MotionRequest
    files: tuple[str, ...] = ()  # what was written, if anything

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(take.action for take in self.takes)

    @property
    def clips(self) -> tuple[Clip, ...]:
        return tuple(take.clip for take in self.takes)

    @property
    def figures(self) -> dict[str, Any]:
        return self.takes[0].figures

    def as_dict(self) -> dict[str, Any]:
        """For --json: everything but the clips themselves."""
        plain = ("rig", "family", "missing", "notes", "pack", "pack_version", "licence", "provider", "why_not",
                 "onnxruntime", "threads", "seed", "seconds", "frames", "scale", "figures", "files")
        takes = [{"action": take.action, "seed": take.seed, "figures": take.figures} for take in self.takes]
        return {"actions": list(self.actions), **{name: getattr(self, name) for name in plain},
                "takes": takes, "request": asdict(self.request)}


def generate_motion(armature: bpy.types.Object, request: MotionRequest) -> MotionResult:
    """Generate motion onto a rig in the open scene: a new action for each take, the first one active.

    The motion starts where the armature stands and the way it faces, or at the start of the path, or with
    request.from_pose in the pose, at the place and with the speed that the rig has at the first frame. The scene's
    frame rate stays and the motion is resampled to it. The rig's old action is kept. GalateaError with one line when
    the rig, the request, the pack or the device is not in order; the scene is then as it was.
    """
    return drain(motion_in_slices(armature, request))


def motion_in_slices(armature: bpy.types.Object, request: MotionRequest) -> Generator[float, None, MotionResult]:
    """The same in slices of some hundredths of a second: yields the share that is done, returns the result.

    For windows that are to stay awake. The scene changes in the last slice; until then, and after close() or an
    error, it is as it was. What the armature is deleted for meanwhile, or undone, ends in a GalateaError.
    """
    began = time.perf_counter()
    yield from _imports_in_slices()
    from ..inference.devices import import_runtime
    from ..inference.sessions import open_session
    from ..motion import generating
    from ..motion.cleaning import clean_up_in_slices
    from ..motion.continuing import lead_from
    from ..motion.placing import in_place
    from ..rig.retargeting import to_canonical_body
    from ..scene import applying, continuing, keys, paths
    from ..scene.holding import held

    pack = packs.pick_pack("motion-generator", request.pack)
    parts = check_request(request, pack.words("actions"), pack.words("styles"))
    rig = applying.read_rig_with(armature, request)
    keys.check_editable(armature)
    way = paths.place(armature, rig, request.path)
    armature = held(armature)
    yield 0.0
    import_runtime()
    yield 0.0
    session = open_session(pack, device=request.device)
    yield 0.0
    generator, before, lead = pack.content["generator"], None, None
    if request.from_pose:
        before = yield from within(continuing.moments_before_in_slices(armature, rig, request.start), 0.0, 0.05)
        lead = lead_from(to_canonical_body(before, rig), generator, pack.content["fps"])
    plan = generating.plan_motion(pack, parts, request.style, request.seconds, request.speed, way.points, way.cyclic,
                                  way.start, way.heading, SPARE_SECONDS if request.loop else 0.0, lead)
    unfollowed = (f"{title(parts)} keeps no pace of its own: it begins where the path {request.path!r} does, but does "
                  "not follow it",) if plan.led and not plan.speed.any() else ()
    seeds = [request.seed + take for take in range(request.takes)]
    options = replace(request, feet=request.feet and request.clean_up, hands=request.hands and request.clean_up)
    clips, figures, made = [], [], []
    for take, seed in enumerate(seeds):
        done, share = 0.05 + 0.85 * take / len(seeds), 0.85 / len(seeds)
        # one at a time, so that a take is the same bits alone and among others
        (clip,) = yield from within(generating.generate_slices(session, pack, plan, [seed]), done, 0.65 * share)
        cleaning = clean_up_in_slices(clip, plan, generator, options.feet, request.loop, not request.clean_up)
        cleaned = yield from within(cleaning, done + 0.65 * share, 0.05 * share)
        clip = cleaned.clip
        figures.append(generating.motion_figures(clip, plan) | cleaned.figures)
        yield done + 0.7 * share
        slices = applying.apply_in_slices(armature, rig, clip, options, f"Galatea {title(parts)} {seed}",
                                          request.start, request.loop, before=before)
        made.append((yield from within(slices, done + 0.7 * share, 0.3 * share)))
        # sliding is told from what the model made to what the rig does
        figures[-1] |= made[-1].figures | {name: value for name, value in cleaned.figures.items() if "before" in name}
        clips.append(in_place(clip, request.loop) if request.in_place else clip)
    takes = [replace(applied.take, provenance=_provenance(request, pack, session, seed, told))
             for applied, seed, told in zip(made, seeds, figures)]
    actions = yield from within(keys.key_takes_in_slices(armature(), takes, request.nla), 0.9, 0.1)
    return MotionResult(
        takes=tuple(MotionTake(action.name, *rest) for action, *rest in zip(actions, seeds, clips, figures)),
        rig=rig.armature, family=rig.family, missing=rig.missing,
        notes=_notes([action.name for action in actions], [applied.notes for applied in made]) + unfollowed,
        pack=pack.id, pack_version=pack.version, licence=pack.licence,
        provider=session.provider, why_not=session.why_not, onnxruntime=session.version, threads=session.threads,
        seed=request.seed, seconds=time.perf_counter() - began, frames=takes[0].frames,
        scale=paths.scene_scale(armature(), rig), request=request,
    )


def ready_in_slices(request: MotionRequest) -> Generator[float, None, None]:
    """Load what a request's motion begins with, for callers in whose window nothing new is to be drawn yet."""
    yield from _imports_in_slices()
    from ..inference.devices import import_runtime
    from ..inference.sessions import open_session

    import_runtime()
    yield 0.5
    open_session(packs.pick_pack("motion-generator", request.pack), device=request.device)
    yield 1.0


def _imports_in_slices() -> Generator[float, None, None]:
    """The first time in a session each of these takes a while by itself."""
    yield 0.0
    import numpy  # noqa: F401

    yield 0.0
    from ..motion import generating  # noqa: F401

    yield 0.0
    from ..scene import applying, paths  # noqa: F401

    yield 0.0


def animate_file(rig: str, request: MotionRequest, out: str | Path, clip: str | Path = "") -> MotionResult:
    """Open `rig` ("FILE" or "FILE:ARMATURE") in place of what is open, generate onto it and write `out`.

    `clip` names a .bvh for the take on the canonical skeleton; further takes are numbered beside it. All files are
    written, or none. GalateaError with one line, before any work where that can be known.
    """
    from ..motion.bvh import write_bvh
    from ..scene import files

    began = time.perf_counter()
    out, clip = Path(out), Path(clip) if clip else None
    pack = packs.pick_pack("motion-generator", request.pack)
    check_request(request, pack.words("actions"), pack.words("styles"))
    files.check_target(out)
    clips = [clip.with_stem(clip.stem + (f"_{take + 1}" if take else "")) for take in range(request.takes)
             ] if clip else []
    for path in clips:
        files.check_target(path, (".bvh",))
    if out in clips:
        raise GalateaError(f"{out} is named for the rig and for the clip; give them two names")
    if files.split_rig(rig)[0].resolve() in [path.resolve() for path in clips]:
        raise GalateaError(f"{rig} would be overwritten by the clip; give the clip another name")
    if out.suffix.lower() == ".bvh" and request.nla:
        raise GalateaError(f"{out} holds the active action, not NLA tracks; choose another ending, or bind the action")
    if out.suffix.lower() == ".bvh" and request.takes > 1:
        raise GalateaError(f"{out} holds one take, not {request.takes}; choose another ending, or name a clip")
    armature = files.open_rig(rig)
    result = generate_motion(armature, request)
    with ExitStack() as stack:
        for path, made in zip(clips, result.clips):
            write_bvh(stack.enter_context(files.staged(path)), made)
        files.write_file(stack.enter_context(files.staged(out)), armature)
    return replace(result, seconds=time.perf_counter() - began, files=(str(out), *map(str, clips)))


def _notes(actions: list[str], notes: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What people should know of several takes: what holds for all of them once, the others by the action's name."""
    common = tuple(note for note in notes[0] if all(note in others for others in notes))
    return common + tuple(f"{action}: {note}" for action, told in zip(actions, notes) for note in told
                          if note not in common)


def _provenance(request: MotionRequest, pack: Pack, session: Session, seed: int,
                figures: dict[str, Any]) -> dict[str, str | int | float | bool]:
    """Where an action comes from, as custom properties hold it: flat, plain values."""
    from ..home import version

    data = "; ".join(" ".join(str(source[key]) for key in ("name", "licence", "credit") if key in source)
                     for source in pack.data)
    about: dict[str, Any] = {
        "version": version(), "pack": pack.id, "pack_version": pack.version, "licence": pack.licence,
        "training_data": data, "seed": seed, "provider": session.provider, "threads": session.threads,
        "onnxruntime": session.version,
        **{name: getattr(request, name) for name in ("action", "style", "seconds", "speed", "path", "loop", "from_pose",
                                                     "clean_up", "in_place", "keys", "tolerance", "feet", "hands",
                                                     "controls", "root")},
        **{f"figure_{name}": value for name, value in figures.items() if isinstance(value, str | int | float)},
    }
    return {f"galatea_{name}": value for name, value in about.items()}
