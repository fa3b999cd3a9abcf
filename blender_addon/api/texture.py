# SPDX-License-Identifier: GPL-3.0-or-later
"""Seamless materials out of a texture generator."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalateaError
from ..inference.packs import Pack
from ..motion.slices import drain, within
from ..texture.requests import MaterialOptions, TextureRequest, check_texture, seeds
from ..texture.vocabulary import Look, vocabulary
from . import packs

if TYPE_CHECKING:
    import bpy
    import numpy as np

    from ..inference.sessions import Session
    from ..texture.generating import Seen, TextureMaps

WAITING = 0.005  # seconds of a slice that waits for a graph: short for a window, long enough to leave the cores alone


@dataclass(frozen=True, eq=False)
class Texture:
    """One material: its seed, its maps, its quality figures (see texture/seams.py)."""

    seed: int
    maps: TextureMaps
    figures: dict[str, Any]


@dataclass(frozen=True, eq=False)
class TextureResult:
    """What was made. class_name: of all materials. look: what is true of that class. metres: how wide and how high the
    maps are in the world. guess: {class: probability} of the picture that they are to be like. seconds: the time it
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

    @property
    def maps(self) -> TextureMaps:
        """The first material's."""
        return self.textures[0].maps

    @property
    def figures(self) -> dict[str, Any]:
        return self.textures[0].figures

    def as_dict(self) -> dict[str, Any]:
        """For --json: everything but the maps themselves."""
        plain = ("class_name", "metres", "guess", "pack", "pack_version", "licence", "provider", "why_not",
                 "onnxruntime", "threads", "seed", "seconds", "figures", "files")
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


def _slices(request: TextureRequest, awake: bool) -> Generator[float, None, TextureResult]:
    began = time.perf_counter()
    yield 0.0
    from ..inference.devices import import_runtime
    from ..inference.sessions import open_session
    from ..texture import generating
    from ..texture.seams import figures_in_slices

    pack = packs.pick_pack("texture-generator", request.pack)
    known = vocabulary(pack)
    check_texture(request, known)
    yield 0.0
    import_runtime()
    yield 0.0
    sessions = {}
    for graph in ("mapping", "model", *(["encoder"] if request.like else [])):
        sessions[graph] = open_session(pack, graph, request.device, generating.THREADS)
        yield 0.01
    seen = look_at_picture(sessions["encoder"], request.like) if request.like else None
    class_name = generating.class_of(known, request, seen)
    yield 0.02
    made, model = [], sessions["model"]
    for number, seed in enumerate(seeds(request)):
        first, width = 0.02 + 0.98 * number / request.count, 0.98 / request.count
        inputs = generating.model_inputs(sessions["mapping"], known, request, seed, seen)
        outputs = (yield from within(_waiting(model, inputs, request), first, 0.8 * width)) if awake else (
            model.run(inputs))
        maps = generating.maps_of(outputs)
        yield first + 0.85 * width
        figures = yield from within(figures_in_slices(maps), first + 0.85 * width, 0.15 * width)
        made.append(Texture(seed, maps, figures))
    look = known.looks[class_name]
    shares = [] if seen is None else [round(float(share), 4) for share in seen.classes]
    return TextureResult(
        textures=tuple(made), class_name=class_name, look=look,
        metres=(known.metres(class_name, request.width), known.metres(class_name, request.height)),
        guess=dict(zip(known.classes, shares)),
        pack=pack.id, pack_version=pack.version, licence=pack.licence, provider=model.provider, why_not=model.why_not,
        onnxruntime=model.version, threads=model.threads, seed=request.seed, seconds=time.perf_counter() - began,
        request=request, training_data=_data(pack))


def _waiting(model: Session, inputs: dict[str, np.ndarray], request: TextureRequest
             ) -> Generator[float, None, dict[str, np.ndarray]]:
    """Run a graph beside; yields a guess of the share that is done, returns the outputs."""
    began, usual = time.perf_counter(), 3.0 * request.width * request.height / 1024**2
    run = model.run_beside(inputs)
    try:
        while not run.done:
            time.sleep(WAITING)
            waited = time.perf_counter() - began
            yield waited / (waited + usual)
        return run.outputs()
    finally:
        run.stop()


def look_at_picture(encoder: Session, picture: str | Path) -> Seen:
    """What the encoder takes a picture's central square for. GalateaError when it cannot be read."""
    from ..scene.pictures import read_picture
    from ..texture.generating import look_at

    return look_at(encoder, read_picture(picture))


def write_texture(result: TextureResult, folder: str | Path, preview: bool = False) -> TextureResult:
    """Write PNGs, `<class>_<seed>_<map>.png`, into a folder, which is made when missing; the result names them.

    Albedo in sRGB, normal (OpenGL), roughness and metallic with 8 bits, height with 16. preview: also a lit sphere,
    `<class>_<seed>_preview.png`. All files are written, or none. GalateaError when that cannot be done.
    """
    from ..texture.files import write_maps

    began = time.perf_counter()
    files = write_maps(Path(folder), result.class_name, [(made.seed, made.maps) for made in result.textures], preview)
    return replace(result, files=tuple(map(str, files)), seconds=result.seconds + time.perf_counter() - began)


def apply_texture(objects: Sequence[bpy.types.Object], result: TextureResult, options: MaterialOptions | None = None
                  ) -> list[bpy.types.Material]:
    """Put the first material of a result on objects; see MaterialOptions. Returns the materials that were made.

    GalateaError with one line when an object can have no material; nothing is changed then.
    """
    from ..scene import materials

    if not objects:
        raise GalateaError("there is nothing to put the material on; select objects that have a surface")
    return materials.apply_texture(objects, result, options or MaterialOptions())


def _data(pack: Pack) -> str:
    """What a pack was trained on, in a line."""
    return "; ".join(" ".join(str(source[key]) for key in ("name", "licence", "credit") if key in source)
                     for source in pack.data)
