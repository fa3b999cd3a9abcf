# SPDX-License-Identifier: GPL-3.0-or-later
"""Seamless materials out of a texture generator."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..inference.packs import Pack
from ..motion.slices import drain, within
from ..texture.requests import TextureRequest, check_texture, in_its_words, seeds
from ..texture.vocabulary import Look, Vocabulary, vocabulary
from . import packs

if TYPE_CHECKING:
    import numpy as np

    from ..inference.sessions import Session
    from ..texture.generating import Seen, TextureMaps

WAITING = 0.005  # seconds of a slice that waits for a graph: short for a window, long enough to leave the cores alone


@dataclass(frozen=True, eq=False)
class Texture:
    """One material: its seed, its maps (None where they went into files one by one), its quality figures (see
    texture/seams.py)."""

    seed: int
    maps: TextureMaps | None
    figures: dict[str, Any]


@dataclass(frozen=True, eq=False)
class TextureResult:
    """What was made. class_name: of all materials. look: what is true of that class. metres: how wide and how high the
    maps are in the world. guess: {class: probability} of the picture that they are to be like. likeness: how much of
    its pattern they have, 0 … 1 (see texture/likeness.py). notes: what is worth knowing of it. seconds: the time it
    took. figures: of the first material. files: what was written, if anything."""

    textures: tuple[Texture, ...]
    class_name: str
    look: Look
    metres: tuple[float, float]
    guess: dict[str, float]
    pack: str
    pack_version: str
    licence: str
    provider: str
    why_not: str
    onnxruntime: str
    threads: int
    seed: int
    seconds: float
    request: TextureRequest
    training_data: str
    files: tuple[str, ...] = ()
    likeness: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def maps(self) -> TextureMaps | None:
        """The first material's."""
        return self.textures[0].maps

    @property
    def figures(self) -> dict[str, Any]:
        return self.textures[0].figures

    def as_dict(self) -> dict[str, Any]:
        """For --json: everything but the maps themselves."""
        plain = ("class_name", "metres", "guess", "pack", "pack_version", "licence", "provider", "why_not",
                 "onnxruntime", "threads", "seed", "seconds", "figures", "files", "likeness", "notes")
        made = [{"seed": texture.seed, "figures": texture.figures} for texture in self.textures]
        request = {**vars(self.request), "directions": dict(self.request.directions)}
        return {**{name: getattr(self, name) for name in plain}, "look": asdict(self.look), "textures": made,
                "request": request}

    def provenance(self, seed: int) -> dict[str, str | int | float | bool]:
        """Where a material comes from, as custom properties hold it: flat, plain values."""
        from ..home import version

        request = self.request
        about: dict[str, Any] = {
            "version": version(), "pack": self.pack, "pack_version": self.pack_version, "licence": self.licence,
            "training_data": self.training_data, "seed": seed, "provider": self.provider, "threads": self.threads,
            "onnxruntime": self.onnxruntime, "class": self.class_name, "like": request.like,
            **{name: getattr(request, name) for name in ("width", "height", "variety")},
            **{f"direction_{name}": float(amount) for name, amount in request.directions.items()},
        }
        if request.mix_seed is not None:
            about |= {name: getattr(request, name) for name in ("mix_seed", "mix_amount", "mixed")}
        if request.second_class:
            about |= {name: getattr(request, name) for name in ("second_class", "second_amount")}
        return {f"galatea_{name}": value for name, value in about.items()}


def generate_texture(request: TextureRequest) -> TextureResult:
    """Make the maps of one or several materials. Nothing is changed or written: see write_texture and apply_texture.

    GalateaError with one line when the request, the picture, the pack or the device is not in order.
    """
    return drain(_slices(request, awake=False))


def texture_in_slices(request: TextureRequest) -> Generator[float, None, TextureResult]:
    """The same in slices of some hundredths of a second: yields the share that is done, returns the result.

    For windows that are to stay awake: graphs run beside, on onnxruntime's own threads, and a slice only waits a moment
    for them. close() breaks off what runs.
    """
    return _slices(request, awake=True)


def make_textures(request: TextureRequest, folder: str | Path, preview: bool = False) -> TextureResult:
    """Make materials and write them, one after another: as many as one likes, in the memory of one.

    As generate_texture and write_texture do it, but for the maps: the result names their files and holds none of them.
    """
    from ..texture.files import write_in_slices as write

    began = time.perf_counter()
    job, textures = drain(_begin(request)), []

    def made() -> Iterator[tuple[int, TextureMaps]]:
        for seed in seeds(request):
            texture = drain(_make(job, seed, awake=False))
            textures.append(replace(texture, maps=None))
            yield seed, texture.maps

    files = drain(write(Path(folder), job.class_name, made(), request.count, preview,
                        _said(job.pack.id, job.pack.version)))
    return replace(_result(job, textures, began), files=tuple(map(str, files)))


@dataclass(frozen=True, eq=False)
class _Job:
    """A request that was checked, with all that it needs open."""

    request: TextureRequest
    pack: Pack
    known: Vocabulary
    mapping: Session
    model: Session
    seen: Seen | None
    class_name: str


def _slices(request: TextureRequest, awake: bool) -> Generator[float, None, TextureResult]:
    began = time.perf_counter()
    job = yield from within(_begin(request, awake), 0.0, 0.05)
    share = 0.95 / request.count
    textures = []
    for number, seed in enumerate(seeds(request)):
        textures.append((yield from within(_make(job, seed, awake), 0.05 + share * number, share)))
    return _result(job, textures, began)


def _begin(request: TextureRequest, awake: bool = False) -> Generator[float, None, _Job]:
    yield 0.0
    from ..inference.devices import import_runtime
    from ..inference.sessions import open_session

    pack = packs.pick_pack("texture-generator", request.pack)
    known = vocabulary(pack)
    request = in_its_words(request, known)
    check_texture(request, known)
    yield 0.1
    import numpy  # noqa: F401 - the first time in a session each of these takes a while by itself

    yield 0.2
    import_runtime()
    yield 0.3
    from ..texture import generating

    sessions = {}
    for graph in ("mapping", "model", *(["encoder"] if request.like else [])):
        # a graph that runs beside has no use for the caller's thread
        threads = generating.THREADS + (awake and graph == "model")
        sessions[graph] = open_session(pack, graph, request.device, threads)
        yield 0.7
    seen = None
    if request.like:
        seen = look_at_picture(sessions["encoder"], known, request.like)
        yield 0.8
        sample = generating.likened_inputs(sessions["mapping"], known, request, seen)
        seen = generating.likened(seen, (yield from within(_run(sessions["model"], sample, awake), 0.8, 0.1)))
    yield 0.9
    return _Job(request, pack, known, sessions["mapping"], sessions["model"], seen,
                generating.class_of(known, request, seen))


def _make(job: _Job, seed: int, awake: bool) -> Generator[float, None, Texture]:
    from ..texture import generating
    from ..texture.finishing import finish
    from ..texture.seams import figures_in_slices

    request = job.request
    inputs = generating.model_inputs(job.mapping, job.known, request, seed, job.seen)
    yield 0.05
    maps = generating.blank_maps(request.width, request.height)
    parts = generating.strips(job.known, request.width, request.height)
    for number, strip in enumerate(parts):
        some = generating.strip_inputs(job.known, inputs, strip)
        share = 0.05 + 0.8 * number / len(parts)
        outputs = yield from within(_run(job.model, some, awake), share, 0.8 / len(parts))
        generating.fill_in(maps, strip, outputs)
        yield share + 0.8 / len(parts)
    for _ in finish(maps, job.known, request, job.class_name, job.seen):
        yield 0.85
    figures = yield from within(figures_in_slices(maps), 0.85, 0.15)
    return Texture(seed, maps, figures)


def _result(job: _Job, textures: list[Texture], began: float) -> TextureResult:
    from ..texture.likeness import notes_on

    request, pack, model, seen = job.request, job.pack, job.model, job.seen
    guess = dict(zip(job.known.classes, (round(float(share), 4) for share in seen.classes))) if seen else {}
    notes = notes_on(guess, job.class_name, bool(request.class_name), seen.likeness) if seen else ()
    return TextureResult(
        textures=tuple(textures), class_name=job.class_name, look=job.known.looks[job.class_name],
        metres=tuple(job.known.metres(job.class_name, pixels) for pixels in (request.width, request.height)),
        guess=guess, pack=pack.id, pack_version=pack.version, licence=pack.licence,
        provider=model.provider, why_not=model.why_not, onnxruntime=model.version, threads=model.threads,
        seed=request.seed, seconds=time.perf_counter() - began, request=request, training_data=_data(pack),
        likeness=round(seen.likeness, 4) if seen else None, notes=notes)


def _run(model: Session, inputs: dict[str, np.ndarray], awake: bool) -> Generator[float, None, dict[str, np.ndarray]]:
    """Run a graph, beside where the window is to stay awake; yields a guess of the share that is done, returns the
    outputs."""
    if not awake:
        return model.run(inputs, frugal=True)
    began, usual = time.perf_counter(), 2e-6 * inputs["grain"].size  # seconds
    run = model.run_beside(inputs)
    try:
        while not run.done:
            time.sleep(WAITING)
            waited = time.perf_counter() - began
            yield waited / (waited + usual)
        return run.outputs()
    finally:
        run.stop()


def look_at_picture(encoder: Session, known: Vocabulary, picture: str | Path) -> Seen:
    """What the encoder takes a picture's central square for. GalateaError when it cannot be read."""
    from ..scene.pictures import read_picture
    from ..texture.generating import look_at

    return look_at(encoder, known, read_picture(picture))


def write_texture(result: TextureResult, folder: str | Path, preview: bool = False) -> TextureResult:
    """Write PNGs, `<class>_<seed>_<map>.png`, into a folder, which is made when missing; the result names them.

    Albedo in sRGB, normal (OpenGL), roughness and metallic with 8 bits, height with 16. preview: also a lit sphere,
    `<class>_<seed>_preview.png`. All files are written, or none. GalateaError when that cannot be done.
    """
    return drain(write_in_slices(result, folder, preview))


def write_in_slices(result: TextureResult, folder: str | Path, preview: bool = False
                    ) -> Generator[float, None, TextureResult]:
    """The same in slices of some hundredths of a second: yields the share that is done, returns the result."""
    from ..texture.files import write_in_slices as write

    began = time.perf_counter()
    made = [(texture.seed, texture.maps) for texture in result.textures]
    files = yield from write(Path(folder), result.class_name, made, len(made), preview,
                             _said(result.pack, result.pack_version))
    return replace(result, files=tuple(map(str, files)), seconds=result.seconds + time.perf_counter() - began)


def _said(pack: str, version: str) -> dict[str, str]:
    """What a file says of itself."""
    return {"Software": f"Galatea, {pack} {version}"}


def _data(pack: Pack) -> str:
    """What a pack was trained on, in a line."""
    return "; ".join(" ".join(str(source[key]) for key in ("name", "licence", "credit") if key in source)
                     for source in pack.data)
