# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting textures on objects: images, materials, slots; all of it in one step, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..errors import GalateaError
from ..texture.files import map_name, map_pixels
from ..texture.generating import MAPS, TextureMaps
from ..texture.material_options import MaterialOptions
from ..texture.png import encode_in_slices
from ..texture.vocabulary import Look
from . import box_uvs, materials
from .character import eye_slots
from .holding import held
from .mannequin import clay
from .pictures import new_image, saved_image
from .projection import Projection, projection_of


@dataclass(frozen=True, eq=False)
class Cloth:
    """What objects are dressed in: one class, for each seed the maps and where they come from (custom properties).
    metres: how wide and how high the maps are in the world."""

    class_name: str
    look: Look
    metres: tuple[float, float]
    maps: Mapping[int, TextureMaps]
    about: Callable[[int], Mapping[str, Any]]


@dataclass(frozen=True)
class Dressed:
    """What was made, and on which objects, by name. notes: what could not be done as asked. files: what was saved."""

    materials: tuple[str, ...]
    objects: tuple[str, ...]
    notes: tuple[str, ...]
    files: tuple[str, ...]


def dress_in_slices(objects: Sequence[bpy.types.Object], cloth: Cloth, options: MaterialOptions
                    ) -> Generator[float, None, Dressed]:
    """Put the material of the first seed on mesh objects, or with slots "all" those of the seeds in turn.

    Yields the share that is done; the file changes in the last slice, and until then, and after an error, it is as it
    was. A material that was in a slot before stays in the file, with a fake user where nothing else would keep it; one
    that Galatea made, nobody touched and nothing uses goes at once. GalateaError when no object can take a material.
    """
    if options.tiles_per_metre:
        stretch = 1.0 / (options.tiles_per_metre * cloth.look.tile_metres)
        metres = tuple(edge * stretch for edge in cloth.metres)
    else:
        metres = cloth.metres
    taking, notes = check_objects(objects, options.slots)
    _check_folder(options.folder)
    bpy.context.view_layer.update()  # sizes in the world
    seeds = tuple(cloth.maps)[:max(len(slots_for(ob, options.slots)) for ob in taking)]
    again, projections = [held(ob) for ob in taking], []
    for ob in again:
        projections.append(projection_of(ob(), options.projection))
        yield 0.0
    files: dict[tuple[int, str], bytes] = {}
    for number, (seed, which) in enumerate((seed, which) for seed in seeds for which in MAPS):
        parts = []
        for part in encode_in_slices(map_pixels(cloth.maps[seed], which), which == "albedo"):
            parts.append(part)
            yield number / (len(seeds) * len(MAPS))
        files[seed, which] = b"".join(parts)
    yield 1.0
    with _Making() as made:
        images = _images(made, cloth, seeds, files, options.folder)
        worn = [[made.material(cloth, seed, images[seed], projection, metres, options) for seed in seeds]
                for projection in projections]
        for ob, wears, projection in zip(again, worn, projections):
            _put_on(made, ob(), wears, options.slots)
            if projection.uvs is not None and len(projection.uvs) == len(ob().data.loops):
                made.put_uvs(ob().data, projection.uvs)
        made.keep()
    notes += dict.fromkeys(projection.note for projection in projections if projection.note)
    return Dressed(tuple(dict.fromkeys(material.name for wears in worn for material in wears)),
                   tuple(ob().name for ob in again), tuple(notes), tuple(made.files))


def put_clay(ob: bpy.types.Object) -> None:
    """Put clay into a mesh's first slot in place of what is there, which goes or stays as with dress_in_slices."""
    check_objects([ob], "first")
    with _Making() as made:
        _put_on(made, ob, [clay()], "first")
        made.keep()


@contextmanager
def together() -> Iterator[list[str]]:
    """A list for names of materials that are made in the block, for several objects, one after another: what is raised
    there takes them away again, and all images that came meanwhile."""
    made: list[str] = []
    there = {image.session_uid for image in bpy.data.images}
    try:
        yield made
    except BaseException:
        bpy.data.batch_remove([*filter(None, map(bpy.data.materials.get, made)),
                               *(image for image in bpy.data.images if image.session_uid not in there)])
        raise


def check_objects(objects: Sequence[bpy.types.Object], slots: str = "active"
                  ) -> tuple[list[bpy.types.Object], list[str]]:
    """The meshes that can take a material, one of those that share one, and a line about each object that cannot.

    GalateaError when there is none.
    """
    taking: list[bpy.types.Object] = []
    notes, shared = [], set()
    for ob in objects:
        if ob.type != "MESH":
            notes.append(f"{ob.name} is no mesh")
        elif not ob.is_editable or (not ob.data.is_editable and (slots == "new" or not ob.material_slots)):
            notes.append(f"{ob.name} is linked from another file; make a library override of it, or of its mesh")
        elif ob.data not in shared:
            taking.append(ob)
            if all(slot.link == "DATA" for slot in ob.material_slots):
                shared.add(ob.data)
    if not taking:
        raise GalateaError("; ".join(notes) or "there is nothing to put a material on; select a mesh")
    return taking, notes


def slots_for(ob: bpy.types.Object, slots: str) -> list[int]:
    """The slots of a mesh that `MaterialOptions.slots` speaks of; one that is still to be made comes after the last."""
    count = len(ob.material_slots)
    if slots == "new" or not count:
        return [count]
    if slots == "all":
        return [slot for slot in range(count) if slot not in eye_slots(ob)]
    return [0 if slots == "first" else ob.active_material_index]


def _check_folder(folder: str) -> None:
    """GalateaError for a folder beside a file that is nowhere yet."""
    if folder.startswith("//") and not bpy.data.filepath:
        raise GalateaError(f"the folder {folder} is beside the .blend file, which was not saved yet; save it, or name "
                           "another folder")


def _images(made: _Making, cloth: Cloth, seeds: Sequence[int], files: Mapping[tuple[int, str], bytes], folder: str
            ) -> dict[int, dict[str, bpy.types.Image]]:
    """{seed: {map: image}}, packed or saved."""
    images: dict[int, dict[str, bpy.types.Image]] = {}
    for seed in seeds:
        images[seed] = {}
        paths = made.save(Path(bpy.path.abspath(folder)), cloth.class_name, seed,
                          {which: files[seed, which] for which in MAPS}) if folder else {}
        for which in MAPS:
            colour = which == "albedo"
            if folder:
                image = saved_image(paths[which], colour)
            else:
                image = new_image(map_name(cloth.class_name, seed, which).removesuffix(".png"), files[seed, which],
                                  cloth.maps[seed].size, colour)
            made.blocks.append(image)
            images[seed][which] = image
    return images


def _put_on(made: _Making, ob: bpy.types.Object, wears: Sequence[bpy.types.Material], slots: str) -> None:
    """Put materials into an object's slots."""
    for number, slot in enumerate(slots_for(ob, slots)):
        if slot == len(ob.material_slots):
            made.add_slot(ob, wears[0])
        else:
            made.fill_slot(ob, slot, wears[number % len(wears)])


class _Making:
    """What has been made and changed so far, to be taken back when the rest fails."""

    def __init__(self) -> None:
        self.blocks: list[bpy.types.ID] = []
        self.files: list[str] = []
        self._materials: dict[tuple[Any, ...], bpy.types.Material] = {}
        self._undo: list[Callable[[], None]] = []
        self._replaced: list[bpy.types.Material] = []
        self._kept = False

    def __enter__(self) -> _Making:
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept:
            return
        for undo in reversed(self._undo):
            undo()
        for block in reversed(self.blocks):
            bpy.data.batch_remove([block])

    def keep(self) -> None:
        """All went well. What was in the slots and is nowhere now is kept, but for what a seed can make again."""
        self._kept = True
        bpy.data.batch_remove([block for block in self.blocks if block.users == 0])  # maps that no node shows
        for material in dict.fromkeys(self._replaced):
            materials.put_away(material)

    def material(self, cloth: Cloth, seed: int, images: Mapping[str, bpy.types.Image], projection: Projection,
                 metres: tuple[float, float], options: MaterialOptions) -> bpy.types.Material:
        """A seed's material for a projection: one for all objects on which it lies alike."""
        repeats = projection.repeats(metres)
        key = (seed, projection.coordinates, *(round(count, 4) for count in repeats))
        if key not in self._materials:
            tile = cloth.look.tile_metres * metres[0] / cloth.metres[0]
            material = materials.build_material(f"Galatea {cloth.class_name} {seed}", images, cloth.look, projection,
                                                repeats, cloth.look.relief * tile, options)
            self.blocks.append(material)
            materials.show_in_solid(material, cloth.maps[seed])
            for name, value in cloth.about(seed).items():
                material[name] = value
            materials.sign(material)
            self._materials[key] = material
        return self._materials[key]

    def add_slot(self, ob: bpy.types.Object, material: bpy.types.Material) -> None:
        """Give an object one slot more and choose it."""
        mesh, active = ob.data, ob.active_material_index
        mesh.materials.append(material)
        ob.active_material_index = len(ob.material_slots) - 1

        def undo() -> None:
            mesh.materials.pop(index=len(mesh.materials) - 1)
            ob.active_material_index = active

        self._undo.append(undo)

    def fill_slot(self, ob: bpy.types.Object, number: int, material: bpy.types.Material) -> None:
        """Put a material into a slot in place of another."""
        slot = ob.material_slots[number]
        old, link = slot.material, slot.link
        if link == "DATA" and not ob.data.is_editable:  # the mesh is another file's, the object is not
            slot.link = "OBJECT"
        slot.material = material

        def undo() -> None:
            slot = ob.material_slots[number]
            slot.material = old if slot.link == link else None
            slot.link = link

        self._undo.append(undo)
        if old is not None:
            self._replaced.append(old)

    def put_uvs(self, mesh: bpy.types.Mesh, uvs: np.ndarray) -> None:
        """Give a mesh a UV map from six sides."""
        self._undo.append(box_uvs.put_box_uvs(mesh, uvs))

    def save(self, folder: Path, class_name: str, seed: int, files: Mapping[str, bytes]) -> dict[str, Path]:
        """Write a seed's maps into a folder, which is made when missing; returns {map: path}.

        A file of that name that holds something else belongs to another material: the new ones get a number then.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            number = 1
            while True:
                name = class_name if number == 1 else f"{class_name}-{number}"
                paths = {which: folder / map_name(name, seed, which) for which in files}
                if all(not path.exists() or path.read_bytes() == files[which] for which, path in paths.items()):
                    break
                number += 1
            for which, path in paths.items():
                if not path.exists():
                    self._undo.append(lambda path=path: path.unlink(missing_ok=True))
                    path.write_bytes(files[which])
                self.files.append(str(path))
        except OSError as error:
            raise GalateaError(f"{error.filename or folder} cannot be written: {error.strerror or error}; choose "
                               "another folder, or pack the pictures into the file") from error
        return paths
