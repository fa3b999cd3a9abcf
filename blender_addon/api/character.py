# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters: people who do not exist, as a body on a rig, in a material, moving."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..character.requests import CharacterRequest, check_character
from ..motion.requests import check_request
from ..motion.slices import drain, within
from ..texture.material_options import MaterialOptions
from ..texture.requests import check_texture, in_its_words
from ..texture.vocabulary import vocabulary
from . import packs
from .changes import motion_request, remade_in_slices, same_motion, texture_request
from .clothes import (
    Worn,
    check_wear,
    materials_in_slices,
    pieces_in_slices,
    refits_in_slices,
    textures_in_slices,
    told,
)
from .materials import MaterialResult, dressing_in_slices
from .motion import MotionResult, motion_in_slices, ready_in_slices
from .texture import texture_in_slices

if TYPE_CHECKING:
    import bpy

    from ..character.body_mesh import BodyMesh

ENDINGS = (".blend", ".glb", ".gltf", ".fbx")


@dataclass(frozen=True)
class CharacterResult:
    """Who was made. armature, body: names of the objects. measurements: of ANSUR II, metres, weightkg in kilograms,
    with sex and age. motion, material: what the character does and is made of, None for nothing. clothes: what it
    wears. seconds: the time it took.
    """

    armature: str
    body: str
    measurements: dict[str, float]
    motion: MotionResult | None
    material: MaterialResult | None
    clothes: tuple[Worn, ...]
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
    request: CharacterRequest
    files: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {"request": asdict(self.request), "motion": self.motion and self.motion.as_dict(),
                        "material": self.material and self.material.as_dict(),
                        "clothes": [worn.as_dict() for worn in self.clothes]}


def create_character(request: CharacterRequest) -> CharacterResult:
    """Make a character at the 3D cursor of the open scene: a skinned mesh on an armature, selected and active.

    It is ordinary Blender data and needs Galatea no more. GalateaError with one line when the request, a pack or the
    device is not in order; the scene is then as it was.
    """
    return drain(character_in_slices(request))


def character_in_slices(request: CharacterRequest) -> Generator[float, None, CharacterResult]:
    """The same in slices: yields the share that is done, returns the result.

    The character stands in the scene as soon as there is a body; after close() or an error it is gone again.
    """
    began = time.perf_counter()
    yield from within(_check(request), 0.0, 0.02)
    drawn = yield from within(_draw(request), 0.02, 0.13)
    texture = None
    if request.material:
        texture = yield from within(texture_in_slices(texture_request(request)), 0.15, 0.15)
    textures = yield from within(textures_in_slices(request), 0.3, 0.15)
    pieces = yield from within(pieces_in_slices(request, drawn.body, drawn.measurements), 0.45, 0.05)
    from ..scene import character, clothing, skinned
    from ..scene.dressing import together
    from ..scene.superseded import sign

    yield 0.5
    if request.action:
        yield from within(ready_in_slices(motion_request(request)), 0.5, 0.0)
    with skinned.spare_meshes() as meshes:
        skins = (drawn.body, *(piece.garment for piece in pieces))
        yield from within(skinned.meshes_in_slices(skins, meshes), 0.5, 0.05)
        with (character.added(drawn.body, drawn.about, meshes[0]) as made,
              clothing.dressed(made, pieces, meshes[1:]) as worn, together() as new):
            yield 0.55
            motion, material = None, None
            if request.action:
                slices = motion_in_slices(made.armature(), motion_request(request))
                motion = yield from within(slices, 0.55, 0.35)
                sign(made.armature().animation_data.action)
            if texture is not None:
                slices = dressing_in_slices([made.body()], texture, MaterialOptions())
                material = yield from within(slices, 0.9, 0.05)
                new += material.materials
            cloths = yield from within(materials_in_slices(pieces, worn, textures, new), 0.95, 0.04)
            yield 0.99
            notes = [*drawn.notes, *(note for part in (motion, material, *cloths) if part is not None
                                     for note in part.notes)]
            return _result(request, drawn, made, motion, material, told(pieces, worn, cloths), notes, began)


def change_body(character: bpy.types.Object, request: CharacterRequest) -> CharacterResult:
    """Give a character (its armature or its mesh) the body that a request asks for; what it wears and does stays.

    Motion that Galatea made is made again for the new body; the action as it was stays in the file if a key of it was
    touched, or anything else uses it. Of the request the body alone counts.
    GalateaError with one line when it is no character of Galatea's, or its mesh was remodelled; it is then as it was.
    """
    return drain(body_in_slices(character, request))


def body_in_slices(character: bpy.types.Object, request: CharacterRequest) -> Generator[float, None, CharacterResult]:
    """The same in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    check_character(request)
    from ..scene import character as scene
    from ..scene import clothing
    from ..scene.body_layout import hangs_on_layout

    there = scene.character_of(character)
    scene.check_reshapable(there)
    again, notes = same_motion(there.armature(), request.device)
    drawn = yield from within(_draw(request), 0.0, 0.25)
    fits = yield from within(refits_in_slices(there.armature(), drawn.body), 0.25, 0.05)
    kept = hangs_on_layout(there.body())
    if kept:
        notes = (*notes, f"{there.body().name} keeps its UV map, as {kept}")
    motion = None
    with scene.reshaped(there, scene.shape_of(drawn.body), drawn.about), clothing.refitted(fits):
        yield 0.3
        if again is not None:
            motion = yield from within(remade_in_slices(there.armature(), again), 0.3, 0.7)
            notes = (*notes, *motion.notes)
        return _result(request, drawn, there, motion, None, (), (*drawn.notes, *notes), began)


def character_file(request: CharacterRequest, out: str | Path) -> CharacterResult:
    """Make a character in an empty scene, in place of what is open, and write `out`: .blend, .glb, .gltf or .fbx.

    GalateaError with one line, before any work where that can be known; nothing is written then.
    """
    from ..scene import files

    began, out = time.perf_counter(), Path(out)
    drain(_check(request))
    files.check_target(out, ENDINGS)
    files.new_file()
    result = create_character(request)
    import bpy

    scene = bpy.context.scene
    if result.motion is not None:
        scene.frame_start, scene.frame_end = 1, result.motion.frames
    with files.staged(out) as there:
        files.write_file(there, bpy.data.objects[result.armature])
    return replace(result, seconds=time.perf_counter() - began, files=(str(out),))


# --- parts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A person: their measurements, their body, what is kept of them, what drew them, what is worth knowing."""

    measurements: dict[str, float]
    body: BodyMesh
    about: Mapping[str, Any]
    ran: Mapping[str, Any]
    notes: tuple[str, ...]


def _check(request: CharacterRequest) -> Generator[float, None, None]:
    """GalateaError before any work for what is not in order; yields, as packs take a moment to be read."""
    check_character(request)
    packs.pick_pack("body-vae", request.pack)
    yield 0.3
    if request.action:
        pack = packs.pick_pack("motion-generator")
        check_request(motion_request(request), pack.words("actions"), pack.words("styles"))
    yield 0.6
    if request.material:
        known = vocabulary(packs.pick_pack("texture-generator"))
        check_texture(in_its_words(texture_request(request), known), known)
    check_wear(request)
    yield 1.0


def _draw(request: CharacterRequest) -> Generator[float, None, _Drawn]:
    pack = packs.pick_pack("body-vae", request.pack)
    yield 0.0
    from ..inference.devices import import_runtime

    import_runtime()
    yield 0.1
    from ..character.body_mesh import make_body_in_slices
    from ..character.people import draw_people, open_people
    from ..home import version
    from ..inference.sessions import open_session

    yield 0.2
    open_session(pack, "encoder", "cpu")  # once, and one after the other
    yield 0.3
    people = open_people(pack)
    yield 0.4
    (person,) = draw_people(people, 1, request.seed, variety=request.variety, **request.asked)
    shape = {name: float(amount) for name, amount in request.shape.items() if amount}
    body = yield from within(make_body_in_slices(person, shape), 0.5, 0.5)
    yield 1.0
    session, measurements = people.decoder, {name: float(value) for name, value in person.items()}
    ran = {"pack": pack.id, "pack_version": pack.version, "licence": pack.licence, "provider": session.provider,
           "onnxruntime": session.version, "threads": session.threads}
    asked = {f"asked_{name}": value for name, value in request.asked.items()}
    about = {"version": version(), **ran, "seed": request.seed, "variety": request.variety, **asked,
             "training_data": "; ".join(" ".join(str(source[key]) for key in ("name", "licence", "credit")
                                                 if key in source) for source in pack.data),
             "measurements": measurements}
    notes = ()
    if shape:
        heights = body.vertices[:, 2]
        stands, amounts = float(heights.max() - heights.min()), ", ".join(f"{name} {shape[name]:g}" for name in shape)
        about |= {"shape": shape, "shape_is": "style beyond what was measured", "stands": stands}
        notes = (f"style beyond what was measured of anybody: {amounts}; it stands {stands:.2f} m high, the "
                 "measurements are the person's without it",)
    return _Drawn(measurements, body, about, {**ran, "why_not": session.why_not}, notes)


def _result(request: CharacterRequest, drawn: _Drawn, made: Any, motion: MotionResult | None,
            material: MaterialResult | None, clothes: tuple[Worn, ...], notes: Sequence[str],
            began: float) -> CharacterResult:
    return CharacterResult(made.armature().name, made.body().name, drawn.measurements, motion, material, clothes,
                           tuple(dict.fromkeys(notes)),
                           seed=request.seed, seconds=time.perf_counter() - began, request=request, **drawn.ran)
