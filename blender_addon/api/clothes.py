# SPDX-License-Identifier: GPL-3.0-or-later
"""Clothes: put on a character, in plain colours or in textures, and changed without anything else."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from ..character.requests import CharacterRequest, check_character
from ..motion.slices import drain, within
from ..texture.material_options import MaterialOptions
from ..texture.png import encode_in_slices, to_bits
from ..texture.requests import TextureRequest, check_texture, in_its_words
from ..texture.vocabulary import vocabulary
from . import packs
from .materials import MaterialResult, dressing_in_slices
from .texture import TextureResult, texture_in_slices

if TYPE_CHECKING:
    import bpy

    from ..character.body_mesh import BodyMesh
    from ..scene.clothing import Piece


@dataclass(frozen=True)
class Worn:
    """A garment that somebody wears. object: its name in the scene. material: its texture, None in plain colours."""

    garment: str
    object: str
    material: MaterialResult | None

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {"garment": self.garment, "object": self.object,
                "material": self.material and self.material.as_dict()}


@dataclass(frozen=True)
class ClothesResult:
    """What a character wears now. armature: its name. seed: of the clothes. seconds: the time it took."""

    armature: str
    clothes: tuple[Worn, ...]
    notes: tuple[str, ...]
    seed: int
    seconds: float
    request: CharacterRequest

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {"clothes": [worn.as_dict() for worn in self.clothes], "request": asdict(self.request)}


def change_clothes(character: bpy.types.Object, request: CharacterRequest) -> ClothesResult:
    """Give a character (its armature, its body or what it wears) the clothes that a request asks for, in place of
    those that it wears; of the request the clothes alone count, and without any it wears none.

    Modifiers, constraints, names and materials that people gave to a garment stay, where that is worn on; the cloth's
    material does not where the request names one. notes say what stays and what goes.
    GalateaError with one line when it is no character of Galatea's, or its mesh was remodelled; it is then as it was.
    """
    return drain(clothes_in_slices(character, request))


def clothes_in_slices(character: bpy.types.Object, request: CharacterRequest
                      ) -> Generator[float, None, ClothesResult]:
    """The same in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    check_character(request)
    check_wear(request)
    from ..character.body_mesh import make_body_in_slices
    from ..character.measurements import average
    from ..scene import character as scene
    from ..scene import clothing, skinned
    from ..scene.dressing import together

    there = scene.character_of(character)
    yield 0.0
    like = yield from within(make_body_in_slices(average(1.0)), 0.0, 0.1)
    body = clothing.wearer_of(there, like)
    yield 0.1
    textures = yield from within(textures_in_slices(request), 0.1, 0.5)
    person = scene.about(there.armature()).get("measurements", {})
    pieces = yield from within(pieces_in_slices(request, body, person), 0.6, 0.15)
    notes = clothing.notes_on(there, pieces)
    with skinned.spare_meshes() as meshes:
        yield from within(skinned.meshes_in_slices([piece.garment for piece in pieces], meshes), 0.75, 0.05)
        with clothing.dressed(there, pieces, meshes) as worn, together() as made:
            yield 0.8
            materials = yield from within(materials_in_slices(pieces, worn, textures, made), 0.8, 0.2)
    notes += [note for material in materials if material is not None for note in material.notes]
    return ClothesResult(there.armature().name, told(pieces, worn, materials), tuple(notes), clothes_seed(request),
                         time.perf_counter() - began, request)


# --- parts of a character ---------------------------------------------------------------------------------------------


def clothes_seed(request: CharacterRequest) -> int:
    """The seed that chooses cuts, colours and textures of the clothes."""
    return request.seed if request.clothes_seed is None else request.clothes_seed


def check_wear(request: CharacterRequest) -> None:
    """GalateaError for a class of textures that there is none of."""
    for name in set(request.wear.values()):
        known = vocabulary(packs.pick_pack("texture-generator"))
        check_texture(in_its_words(_texture(request, name), known), known)


def _texture(request: CharacterRequest, name: str) -> TextureRequest:
    return TextureRequest(class_name=name, seed=clothes_seed(request), device=request.device)


def textures_in_slices(request: CharacterRequest) -> Generator[float, None, dict[str, TextureResult]]:
    """The textures of the clothes, by garment; one that several wear is made once."""
    names = list(dict.fromkeys(request.wear.values()))
    made = {}
    for n, name in enumerate(names):
        made[name] = yield from within(texture_in_slices(_texture(request, name)), n / len(names), 1.0 / len(names))
    return {garment: made[name] for garment, name in request.wear.items()}


def pieces_in_slices(request: CharacterRequest, body: BodyMesh, person: Mapping[str, float]
                     ) -> Generator[float, None, list[Piece]]:
    """The clothes for a body, not in the scene yet. person: its measurements, sex and age among them."""
    if not request.clothes:
        return []
    from ..character.garments import make_garment_in_slices
    from ..scene.clothing import Piece

    pieces, seed, sex, age = [], clothes_seed(request), person.get("sex"), person.get("age")
    for n, name in enumerate(request.clothes):
        slices = make_garment_in_slices(name, body, seed, request.clothes, sex)
        garment = yield from within(slices, n / len(request.clothes), 1.0 / len(request.clothes))
        plain, pictures = name not in request.wear, {}
        if plain and name == "hair":
            pictures = yield from _strands(seed, age)
        pieces.append(Piece(garment, seed, tuple(request.clothes), plain, sex, age, pictures))
    return pieces


def _strands(seed: int, age: float | None) -> Generator[float, None, dict[str, bytes]]:
    """PNG files of hair's strands."""
    from ..character.cloth_colours import cloth_colours
    from ..character.hair_pictures import strand_pictures

    files = {}
    for kind, picture in strand_pictures(cloth_colours("hair", seed, age)[0], seed).items():
        parts = []
        for part in encode_in_slices(to_bits(picture), kind == "albedo"):
            parts.append(part)
            yield 1.0
        files[kind] = b"".join(parts)
    return files


def materials_in_slices(pieces: Sequence[Piece], worn: Sequence[Any], textures: Mapping[str, TextureResult],
                        made: list[str]) -> Generator[float, None, list[MaterialResult | None]]:
    """Put textures on the clothes in the scene; what each got. made: where the materials' names are put."""
    done: list[MaterialResult | None] = []
    for n, (piece, each) in enumerate(zip(pieces, worn, strict=True)):
        texture = textures.get(piece.garment.name)
        done.append(None)
        if texture is not None:
            slices = dressing_in_slices([each()], texture, MaterialOptions(slots="first"))
            done[-1] = yield from within(slices, n / len(pieces), 1.0 / len(pieces))
            made += done[-1].materials
    return done


def told(pieces: Sequence[Piece], worn: Sequence[Any], materials: Sequence[MaterialResult | None]) -> tuple[Worn, ...]:
    """What is worn, for the result."""
    return tuple(Worn(piece.garment.name, each().name, material)
                 for piece, each, material in zip(pieces, worn, materials, strict=True))


def refits_in_slices(armature: bpy.types.Object, body: BodyMesh
                     ) -> Generator[float, None, list[tuple[Any, Any]]]:
    """Where the vertices of somebody's clothes go on another body: functions that return the object, and vertices."""
    from ..character.garments import make_garment_in_slices
    from ..scene.clothing import known_clothes

    fits, known = [], known_clothes(armature)
    for n, (ob, name, seed, worn, sex) in enumerate(known):
        slices = make_garment_in_slices(name, body, seed, worn, sex)
        garment = yield from within(slices, n / len(known), 1.0 / len(known))
        if len(garment.vertices) == len(ob().data.vertices):
            fits.append((ob, garment.vertices))
    return fits
