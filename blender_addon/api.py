# SPDX-License-Identifier: GPL-3.0-or-later
"""What people script against; the operators and the command line call this and nothing deeper.

Nothing here imports bpy before a function that needs it is called, so that packs can be listed and checked anywhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import GalateaError, PackError
from .inference.packs import Finding, Pack, choose_pack, find_packs, models_folder, verify_pack
from .motion.requests import MotionRequest, check_request, title

if TYPE_CHECKING:
    import bpy

    from .inference.doctor import Report
    from .inference.sessions import Session
    from .motion.clip import Clip
    from .rig.rig_map import RigMap

__all__ = [
    "DeviceTest",
    "Finding",
    "GalateaError",
    "MotionRequest",
    "MotionResult",
    "MotionTake",
    "Pack",
    "PackError",
    "add_human",
    "animate_file",
    "describe_rig",
    "doctor_report",
    "generate_motion",
    "list_packs",
    "make_demo",
    "motion_in_slices",
    "pack_folders",
    "pack_info",
    "pick_pack",
    "test_device",
    "verify_packs",
]


# --- packs ------------------------------------------------------------------------------------------------------


def pack_folders(folder: str | Path = "") -> list[Path]:
    """Where packs are looked for: `folder` alone when it is named, else the packs that ship and then the user's."""
    if folder:
        if not Path(folder).is_dir():
            raise PackError(f"there is no folder {folder}; name a folder that holds packs, or one pack")
        return [Path(folder)]
    from .home import packs_folder

    try:
        return [models_folder(), packs_folder()]
    except GalateaError:  # a home that cannot be written is no reason to hide the packs that ship
        return [models_folder()]


def list_packs(folder: str | Path = "") -> tuple[list[Pack], list[PackError]]:
    """All packs that can be read, in the order of their folders, and what is wrong with those that cannot."""
    return find_packs(pack_folders(folder))


def pick_pack(kind: str, pack: str = "", folder: str | Path = "") -> Pack:
    """The pack with the id `pack`, or the first of its kind (the one that ships) when `pack` is empty.

    Raises PackError naming the packs there are.
    """
    packs, problems = list_packs(folder)
    return choose_pack(packs, problems, kind, pack)


def pack_info(folder: str | Path = "") -> list[dict[str, Any]]:
    """Everything people ask about packs, ready for JSON: vocabulary, data and its licences, graphs, metrics."""
    packs, problems = list_packs(folder)
    if not packs:
        none = f"there is no pack in {folder or models_folder()}; name a folder that holds packs, or one pack"
        raise problems[0] if problems else PackError(none)
    return [pack.as_dict() for pack in packs]


def verify_packs(folder: str | Path = "") -> list[tuple[str, Finding]]:
    """Check every pack down to its graphs: (pack's id or folder, finding), a broken pack being a failed finding."""
    from .inference.doctor import check_opens

    packs, problems = list_packs(folder)
    if not packs and not problems:
        raise PackError(f"there is no pack in {folder or models_folder()}; name a folder that holds packs, or one pack")
    found = [("", Finding("schema", False, str(problem))) for problem in problems]
    for pack in packs:
        findings = verify_pack(pack)
        if all(finding.ok for finding in findings):
            findings += check_opens(pack)
        found += [(pack.id, finding) for finding in findings]
    return found


def doctor_report() -> Report:
    """Versions, devices, the provider that really runs, telemetry, packs and folders."""
    from .inference import doctor

    packs, problems = list_packs()
    return doctor.report(packs, problems, _blender())


@dataclass(frozen=True)
class DeviceTest:
    """What a device really did with a pack's graph. provider: the one that ran; why_not: why not the wished one."""

    wished: str
    provider: str
    why_not: str
    onnxruntime: str
    threads: int
    open_ms: float
    steps_per_second: float


def test_device(device: str = "auto", pack: str = "") -> DeviceTest:
    """Run a motion generator on a device for a moment. GalateaError when nothing runs, with the reason."""
    import numpy as np

    from .inference.sessions import open_session

    steps = 60
    session = open_session(pick_pack("motion-generator", pack), device=device)
    first = {tensor.name: np.zeros([1 if isinstance(size, str) else size for size in tensor.shape], np.float32)
             for tensor in session.graph.inputs}
    stepper = session.stepper(first, {name: f"next_{name}" for name in ("state", "hidden", "cell", "root")})
    stepper.step()
    began = time.perf_counter()
    for _ in range(steps):
        stepper.step()
    return DeviceTest(device, session.provider, session.why_not, session.version, session.threads, session.open_ms,
                      steps / (time.perf_counter() - began))


def _blender() -> str:
    try:
        import bpy
    except Exception as error:  # noqa: BLE001 - its library can fail to load in many ways; the rest works without it
        return f"not here ({' '.join(str(error).split())}); packs and doctor work without it"
    return f"{bpy.app.version_string}{'' if bpy.app.binary_path else ', as a Python module'}"


# --- rigs -------------------------------------------------------------------------------------------------------


def describe_rig(armature: bpy.types.Object | None) -> RigMap:
    """What a rig is taken for: its family, which bone is which joint, what is missing. RigError when it is none."""
    from .scene import rigs

    return rigs.read_rig(armature)


def add_human(mannequin: bool = True) -> bpy.types.Object:
    """Add Galatea's own armature at the 3D cursor, with a mannequin's skin, and return it, selected and active."""
    from .scene.armatures import add_human as add_armature
    from .scene.mannequin import add_mannequin

    armature = add_armature()
    if mannequin:
        add_mannequin(armature, describe_rig(armature))
    return armature


# --- motion -----------------------------------------------------------------------------------------------------

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
        plain = ("rig", "family", "missing", "pack", "pack_version", "licence", "provider", "why_not", "onnxruntime",
                 "threads", "seed", "seconds", "frames", "scale", "figures", "files")
        takes = [{"action": take.action, "seed": take.seed, "figures": take.figures} for take in self.takes]
        return {"actions": list(self.actions), **{name: getattr(self, name) for name in plain},
                "takes": takes, "request": asdict(self.request)}


def generate_motion(armature: bpy.types.Object, request: MotionRequest) -> MotionResult:
    """Generate motion onto a rig in the open scene: a new action for each take, the first one active.

    The motion starts where the armature stands and the way it faces, or at the start of the path; the scene's frame
    rate stays and the motion is resampled to it. The rig's old action is kept. GalateaError with one line when the
    rig, the request, the pack or the device is not in order; the scene is then as it was.
    """
    slices = motion_in_slices(armature, request)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


def motion_in_slices(armature: bpy.types.Object, request: MotionRequest) -> Generator[float, None, MotionResult]:
    """The same in slices of some hundredths of a second: yields the share that is done, returns the result.

    For windows that are to stay awake. The scene changes in the last slice; until then, and after close() or an
    error, it is as it was. What the armature is deleted for meanwhile, or undone, ends in a GalateaError.
    """
    began = time.perf_counter()
    yield from _imports_in_slices()
    from .inference.devices import import_runtime
    from .inference.sessions import open_session
    from .motion import generating
    from .motion.placing import in_place
    from .motion.resampling import resample
    from .scene import keys, paths, rigs
    from .scene.holding import held

    pack = pick_pack("motion-generator", request.pack)
    parts = check_request(request, pack.words("actions"), pack.words("styles"))
    rig = rigs.read_rig(armature)
    keys.check_editable(armature)
    way = paths.place(armature, rig, request.path)
    armature = held(armature)
    fps = keys.scene_fps()
    yield 0.0
    import_runtime()
    yield 0.0
    session = open_session(pack, device=request.device)
    yield 0.0
    plan = generating.plan_motion(pack, parts, request.style, request.seconds, request.speed, way.points, way.cyclic,
                                  way.start, way.heading)
    seeds = [request.seed + take for take in range(request.takes)]
    clips, figures, takes = [], [], []
    for take, seed in enumerate(seeds):
        done = 0.9 * take / len(seeds)
        # one at a time, so that a take is the same bits alone and among others
        (clip,) = yield from _within(generating.generate_slices(session, pack, plan, [seed]), done, 0.8 / len(seeds))
        done += 0.8 / len(seeds)
        yield done
        figures.append(generating.motion_figures(clip, plan))
        yield done
        clip = generating.close_loop(clip) if request.loop else clip
        clips.append(in_place(clip) if request.in_place else clip)
        yield done
        resampled = resample(clips[-1], fps)
        yield done
        channels = keys.clip_channels(armature(), rig, resampled)
        about = _provenance(request, pack, session, seed, figures[-1])
        takes.append(keys.Take(f"Galatea {title(parts)} {seed}", channels, request.loop, about))
        yield done
    made = yield from _within(keys.key_takes_in_slices(armature(), takes, request.start), 0.9, 0.1)
    return MotionResult(
        takes=tuple(MotionTake(action.name, *rest) for action, *rest in zip(made, seeds, clips, figures)),
        rig=rig.armature, family=rig.family, missing=rig.missing,
        pack=pack.id, pack_version=pack.version, licence=pack.licence,
        provider=session.provider, why_not=session.why_not, onnxruntime=session.version, threads=session.threads,
        seed=request.seed, seconds=time.perf_counter() - began, frames=takes[0].frames,
        scale=paths.scene_scale(armature(), rig), request=request,
    )


def _imports_in_slices() -> Generator[float, None, None]:
    """The first time in a session each of these takes a while by itself."""
    yield 0.0
    import numpy  # noqa: F401

    yield 0.0
    from .motion import generating  # noqa: F401

    yield 0.0
    from .scene import keys, paths, rigs  # noqa: F401

    yield 0.0


def _within(slices: Generator[float, None, Any], first: float, width: float) -> Generator[float, None, Any]:
    """A part of the work: its shares from 0 to 1 as shares of the whole; what it returns."""
    with closing(slices):  # at once, not when memory is collected: it puts back what it changed
        while True:
            try:
                share = next(slices)
            except StopIteration as done:
                return done.value
            yield first + width * share


def animate_file(rig: str, request: MotionRequest, out: str | Path, clip: str | Path = "") -> MotionResult:
    """Open `rig` ("FILE" or "FILE:ARMATURE") in place of what is open, generate onto it and write `out`.

    `clip` names a .bvh for the take on the canonical skeleton; further takes are numbered beside it. All files are
    written, or none. GalateaError with one line, before any work where that can be known.
    """
    from .motion.bvh import write_bvh
    from .scene import files

    began = time.perf_counter()
    out, clip = Path(out), Path(clip) if clip else None
    pack = pick_pack("motion-generator", request.pack)
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
    if out.suffix.lower() == ".bvh" and request.takes > 1:
        raise GalateaError(f"{out} holds one take, not {request.takes}; choose another ending, or name a clip")
    armature = files.open_rig(rig)
    result = generate_motion(armature, request)
    with ExitStack() as stack:
        for path, made in zip(clips, result.clips):
            write_bvh(stack.enter_context(files.staged(path)), made)
        files.write_file(stack.enter_context(files.staged(out)), armature)
    return replace(result, seconds=time.perf_counter() - began, files=(str(out), *map(str, clips)))


def make_demo(folder: str | Path) -> MotionResult:
    """What `make demo` shows: a Rigify human with a mannequin's skin, walking for eight seconds.

    Leaves demo.blend, demo.glb, demo.png (a contact sheet) and demo.json in `folder`, which is made when missing.
    """
    from .scene import demo, files, render

    began = time.perf_counter()
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalateaError(f"{folder} cannot be made: {error.strerror or error}; name another folder") from error
    for name in ("demo.blend", "demo.glb"):
        files.check_target(folder / name)
    armature = demo.set_stage()
    result = generate_motion(armature, MotionRequest(action="walk", seconds=8.0))
    demo.light_stage(armature, result.frames)
    for name in ("demo.blend", "demo.glb"):
        with files.staged(folder / name) as there:
            files.write_file(there, armature)
    with files.staged(folder / "demo.png") as there:
        render.contact_sheet(there, armature, demo.sheet_frames(result.frames))
    written = tuple(str(folder / f"demo.{ending}") for ending in ("blend", "glb", "png", "json"))
    result = replace(result, seconds=time.perf_counter() - began, files=written)
    with files.staged(folder / "demo.json") as there:
        there.write_text(json.dumps(result.as_dict(), indent=2) + "\n", encoding="utf-8")
    return result


def _provenance(request: MotionRequest, pack: Pack, session: Session, seed: int,
                figures: dict[str, Any]) -> dict[str, str | int | float | bool]:
    """Where an action comes from, as custom properties hold it: flat, plain values."""
    from .home import version

    data = "; ".join(" ".join(str(source[key]) for key in ("name", "licence", "credit") if key in source)
                     for source in pack.data)
    about: dict[str, Any] = {
        "version": version(), "pack": pack.id, "pack_version": pack.version, "licence": pack.licence,
        "training_data": data, "seed": seed, "provider": session.provider, "threads": session.threads,
        "onnxruntime": session.version,
        **{name: getattr(request, name) for name in ("action", "style", "seconds", "speed", "path", "loop",
                                                     "in_place")},
        **{f"figure_{name}": value for name, value in figures.items() if isinstance(value, str | int | float)},
    }
    return {f"galatea_{name}": value for name, value in about.items()}
