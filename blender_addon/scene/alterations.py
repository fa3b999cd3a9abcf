# SPDX-License-Identifier: GPL-3.0-or-later
"""What people did to a garment that Galatea made, and another garment in its place that loses none of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..errors import GalateaError
from .holding import held
from .materials import is_as_made, put_away

GARMENT = "galatea_garment"  # custom property of a garment's mesh: name, seed, all that is worn with it, sex, vertices


def form_of(vertices: np.ndarray) -> str:
    """What tells whether vertices (N, 3) were moved since."""
    return hashlib.sha1(np.asarray(vertices, np.float32).tobytes()).hexdigest()[:16]


def takes_another(ob: bpy.types.Object) -> bool:
    """Whether a garment's object can have another mesh and wear it as it was worn."""
    bound = any(modifier.type == "ARMATURE" and modifier.object == ob.parent for modifier in ob.modifiers)
    return bound and ob.is_editable and ob.mode == "OBJECT"


def own_materials(ob: bpy.types.Object) -> dict[int, bpy.types.Material]:
    """{slot of a garment's mesh: material} for those that Galatea cannot make again."""
    return {slot: material for slot, material in enumerate(ob.data.materials)
            if material is not None and not is_as_made(material)}


def worked_on(ob: bpy.types.Object) -> list[str]:
    """What people did to a garment's mesh, in words; it goes with the mesh."""
    mesh, about = ob.data, ob.data[GARMENT]
    places = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", places)
    remodelled = len(mesh.vertices) != about["vertices"] or about.get("form", form_of(places)) != form_of(places)
    groups = [group.name for group in ob.vertex_groups if group.name not in ob.parent.data.bones]
    return [word for word, there in (("another shape", remodelled), ("shape keys", mesh.shape_keys is not None),
                                     ("UV maps", len(mesh.uv_layers) > 1), ("colours", len(mesh.color_attributes) > 0),
                                     (", ".join(groups), bool(groups))) if there]


def added_to(ob: bpy.types.Object) -> list[str]:
    """What people added to a garment's object, by name: modifiers, constraints, materials, work on its mesh."""
    modifiers = [modifier.name for modifier in ob.modifiers
                 if not (modifier.type == "ARMATURE" and modifier.object == ob.parent)]
    return [*modifiers, *(constraint.name for constraint in ob.constraints),
            *(material.name for material in own_materials(ob).values()), *worked_on(ob)]


@dataclass(frozen=True)
class Altered:
    """A garment's object with another mesh, and what it takes to give it back the old one."""

    object: Any
    before: Any  # its old mesh
    slots: tuple[tuple[str, bpy.types.Material | None], ...]
    keeps: bool  # whether people worked on the old mesh

    def undo(self) -> None:
        """Give it back the mesh and the materials that it had."""
        with suppress(GalateaError):
            ob, made = self.object(), self.object().data
            ob.data = self.before()
            for slot, (link, material) in zip(ob.material_slots, self.slots):
                slot.link = link
                if link == "OBJECT":
                    slot.material = material
            worn = [material for material in made.materials if material is not None]
            bpy.data.meshes.remove(made)
            for material in dict.fromkeys(worn):
                put_away(material)

    def keep(self) -> None:
        """Put away what it had: of the mesh and its materials what Galatea can make again, and nothing uses."""
        with suppress(GalateaError):
            mesh = self.before()
            worn = [material for material in mesh.materials if material is not None]
            if self.keeps:
                mesh.use_fake_user |= mesh.users == 0
            elif mesh.users == 0:
                bpy.data.meshes.remove(mesh)
            for material in dict.fromkeys(worn):
                put_away(material)


def altered(ob: bpy.types.Object, fresh: bpy.types.Object, plain: bool) -> Altered:
    """Give a garment's object the mesh of a fresh one, which goes; modifiers, constraints, children, name and people's
    own materials stay, but for the cloth's where it is not to be plain."""
    own = own_materials(ob)
    slots = tuple((slot.link, slot.material) for slot in ob.material_slots)
    done = Altered(held(ob), held(ob.data), slots, bool(worked_on(ob)))
    made, spare = fresh.data, []
    bpy.data.objects.remove(fresh)
    for slot, material in own.items():
        if slot >= len(made.materials):
            made.materials.append(material)
        elif slot or plain:
            spare.append(made.materials[slot])
            made.materials[slot] = material
    ob.data = made
    for material in filter(None, spare):
        put_away(material)
    return done


def parted(ob: bpy.types.Object) -> None:
    """Take a garment out of the file, with what Galatea can make again of its mesh and materials; what hangs from it
    hangs from the armature then, in the same place."""
    mesh, keeps, above = ob.data, bool(worked_on(ob)), ob.parent
    for child in ob.children:
        place = child.matrix_world.copy()
        child.parent, child.matrix_world = above, place
    worn = [slot.material for slot in ob.material_slots if slot.material is not None]
    worn += [material for material in mesh.materials if material is not None]
    bpy.data.objects.remove(ob)
    if mesh.users == 0 and not keeps:
        bpy.data.meshes.remove(mesh)
    elif mesh.users == 0:
        mesh.use_fake_user = True
    for material in dict.fromkeys(worn):
        put_away(material)


def told_before(ob: bpy.types.Object, stays: bool, plain: bool) -> Iterator[str]:
    """What is worth knowing before a garment is another one, or with stays False is none any more: a line each."""
    if not stays:
        if there := added_to(ob):
            yield f"{ob.name} goes with what was added to it ({', '.join(there)}); undo brings it back"
        return
    if there := worked_on(ob):
        yield f"{ob.name} was worked on ({', '.join(there)}): its mesh as it was stays in the file"
    for slot, material in own_materials(ob).items():
        if slot or plain:
            yield f"{material.name} stays on {ob.name}"
