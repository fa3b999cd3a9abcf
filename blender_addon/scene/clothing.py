# SPDX-License-Identifier: GPL-3.0-or-later
"""Clothes in the scene: each a skinned mesh under the character's armature; what they hide of the skin is masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ..character.body_mesh import BodyMesh
from ..character.cloth_colours import cloth_colours
from ..character.garments import Garment
from ..character.hair_pictures import SIZE
from ..errors import GalateaError
from .alterations import GARMENT, Altered, altered, form_of, parted, takes_another, told_before
from .brows import brows
from .character import Character
from .holding import held
from .materials import sign
from .pictures import new_image
from .skinned import skinned

COVERED = "Covered"  # the body's vertex group, and its Mask modifier, of the skin that nobody sees
_SLEEK = 0.52  # roughness of hair


@dataclass(frozen=True, eq=False)
class Piece:
    """A garment to be put on. seed: of its cut and colours. worn: all that is worn with it. plain: in plain colours;
    else its first material slot is left to be filled. sex, age: the wearer's, where they are known. pictures: PNG files
    of the albedo and the normals of what is plain but for strands."""

    garment: Garment
    seed: int
    worn: tuple[str, ...]
    plain: bool
    sex: float | None = None
    age: float | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@contextmanager
def dressed(character: Character, pieces: Sequence[Piece], meshes: Sequence[Any]) -> Iterator[list[Any]]:
    """Put clothes on a character in place of those that it wears; functions that return the objects, in order. meshes:
    of the pieces, as functions (see skinned).

    A garment that it wears already gets another mesh, so that what people added to it stays. Brows go with the hair.
    What is raised in the block gives it the old ones back.
    """
    hair = next((piece for piece in pieces if piece.garment.name == "hair"), None)
    colour = cloth_colours("hair", hair.seed, hair.age)[0] if hair else None
    name = f"Galatea brow {hair.seed}" if hair else ""
    with brows(character, name, colour), _worn(character, pieces, meshes) as made:
        yield made


@contextmanager
def _worn(character: Character, pieces: Sequence[Piece], meshes: Sequence[Any]) -> Iterator[list[Any]]:
    armature, body = character.armature(), character.body()
    there, covered = _stays(armature, pieces), _covered(body)
    old = [held(ob) for ob in clothes_of(armature) if ob not in there.values()]
    made: list[Any] = []
    changed: list[Altered] = []
    try:
        for piece, mesh in zip(pieces, meshes, strict=True):
            made.append(held(_add(armature, piece, mesh())))
            if piece.garment.name in there:
                changed.append(altered(there[piece.garment.name], made.pop()(), piece.plain))
                made.append(changed[-1].object)
        hidden = [piece.garment.covered for piece in pieces]
        _cover(body, np.unique(np.concatenate(hidden)) if hidden else None)
        yield made
    except BaseException:
        kept = [change.object for change in changed]
        for change in reversed(changed):
            change.undo()
        for each in reversed(made):
            with suppress(GalateaError):
                if each not in kept:
                    parted(each())
        with suppress(GalateaError):
            _cover(character.body(), covered)
        raise
    layer = bpy.context.view_layer
    in_hand = layer.objects.active
    for each in old:
        with suppress(GalateaError):
            lost = each() == in_hand
            parted(each())
            if lost:
                layer.objects.active = in_hand = character.armature()
                in_hand.select_set(True)
    for change in changed:
        change.keep()
    for each, piece in zip(made, pieces, strict=True):  # the names that the old ones had
        each().data.name = _name(character.armature(), piece.garment)
        if piece.garment.name not in there:
            each().name = each().data.name


def _stays(armature: bpy.types.Object, pieces: Sequence[Piece]) -> dict[str, bpy.types.Object]:
    """Of the garments that an armature carries those that are to be others, by name."""
    names, found = {piece.garment.name for piece in pieces}, {}
    for ob in clothes_of(armature):
        if ob.data[GARMENT]["name"] in names and takes_another(ob):
            found.setdefault(ob.data[GARMENT]["name"], ob)
    return found


def notes_on(character: Character, pieces: Sequence[Piece]) -> list[str]:
    """What is worth knowing before a character is dressed in other clothes: a line for what people did to the old."""
    armature, plain = character.armature(), {piece.garment.name: piece.plain for piece in pieces}
    there = _stays(armature, pieces)
    return [note for ob in clothes_of(armature) for note in
            told_before(ob, ob in there.values(), plain.get(ob.data[GARMENT]["name"], True))]


def clothes_of(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The garments that an armature carries."""
    return [ob for ob in armature.children if ob.type == "MESH" and GARMENT in ob.data]


def known_clothes(armature: bpy.types.Object
                  ) -> list[tuple[Any, str, int, tuple[str, ...], float | None]]:
    """Garments as they were made, without those that were remodelled: a function that returns the object, name, seed,
    all that is worn with it, the sex of whom it was made for."""
    known = []
    for ob in clothes_of(armature):
        about = ob.data[GARMENT]
        if len(ob.data.vertices) == about["vertices"] and ob.data.shape_keys is None and ob.data.is_editable:
            known.append((held(ob), about["name"], about["seed"], tuple(about["worn"].split(",")),
                          about.get("sex")))
    return known


@contextmanager
def refitted(fits: Sequence[tuple[Any, np.ndarray]]) -> Iterator[None]:
    """Move vertices (N, 3) of garments, given as functions; what is raised in the block moves them back."""
    again = [(ob, _places(ob()), ob().data[GARMENT].get("form", "")) for ob, _ in fits]
    for ob, vertices in fits:
        _put(ob(), vertices, form_of(vertices))
    try:
        yield
    except BaseException:
        for ob, before, form in again:
            with suppress(GalateaError):
                _put(ob(), before, form)
        raise


def wearer_of(character: Character, like: BodyMesh) -> BodyMesh:
    """The body as it stands in the scene. like: any body, for what is the same in all."""
    bones = character.armature().data.bones
    at = {name: np.array(bones[name].head_local) if name in bones else place
          for name, place in zip(like.joints, like.positions)}
    return BodyMesh(_places(character.body()).astype(float), like.faces, like.uvs, like.joints,
                    np.array(list(at.values())), like.joint_indices, like.weights)


# --- objects ----------------------------------------------------------------------------------------------------------


def _name(armature: bpy.types.Object, garment: Garment) -> str:
    return f"{armature.name} {garment.name.title()}"


def _add(armature: bpy.types.Object, piece: Piece, mesh: bpy.types.Mesh) -> bpy.types.Object:
    garment = piece.garment
    ob = skinned(armature, _name(armature, garment), garment, mesh)
    mesh.polygons.foreach_set("material_index", garment.trim.astype(np.int32))
    mesh[GARMENT] = {"name": garment.name, "seed": piece.seed, "worn": ",".join(piece.worn),
                     "vertices": len(garment.vertices), "form": form_of(garment.vertices)
                     } | ({} if piece.sex is None else {"sex": piece.sex})
    cloth, trim = cloth_colours(garment.name, piece.seed, piece.age)
    plain = f"Galatea {garment.name} {piece.seed}"
    mesh.materials.append(_material(plain, cloth, piece.pictures) if piece.plain else None)
    if garment.trim.any():
        mesh.materials.append(_material(f"Galatea {garment.name} trim {piece.seed}", trim))
    return ob


def _material(name: str, colour: tuple[float, float, float], pictures: Mapping[str, bytes] | None = None
              ) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*colour, 1.0)
    material.roughness = 0.8
    if not material.node_tree:
        material.use_nodes = True  # before 5.0 materials start without
    shader = next((node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    if shader is not None:
        shader.inputs["Base Color"].default_value = (*colour, 1.0)
        shader.inputs["Roughness"].default_value = 0.8
        if pictures:
            shader.inputs["Roughness"].default_value = _SLEEK
            _show(material.node_tree, shader, pictures, name)
    sign(material)
    return material


def _show(tree: bpy.types.NodeTree, shader: bpy.types.Node, pictures: Mapping[str, bytes], name: str) -> None:
    """Link pictures of the albedo and the normals to a shader."""
    nodes = {}
    for n, (kind, png) in enumerate(pictures.items()):
        nodes[kind] = tree.nodes.new("ShaderNodeTexImage")
        nodes[kind].location = -700, 300 - 300 * n
        nodes[kind].image = new_image(f"{name} {kind}", png, (SIZE, SIZE), kind == "albedo")
    relief = tree.nodes.new("ShaderNodeNormalMap")
    relief.location = -300, -100
    tree.links.new(nodes["albedo"].outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(nodes["normal"].outputs["Color"], relief.inputs["Color"])
    tree.links.new(relief.outputs["Normal"], shader.inputs["Normal"])


def _places(ob: bpy.types.Object) -> np.ndarray:
    """(N, 3) where a mesh has its vertices."""
    places = np.empty(3 * len(ob.data.vertices), np.float32)
    ob.data.vertices.foreach_get("co", places)
    return places.reshape(-1, 3)


def _put(ob: bpy.types.Object, vertices: np.ndarray, form: str) -> None:
    ob.data.vertices.foreach_set("co", np.asarray(vertices, np.float32).ravel())
    ob.data[GARMENT]["form"] = form
    ob.data.update()


# --- skin under clothes -----------------------------------------------------------------------------------------------


def _covered(body: bpy.types.Object) -> np.ndarray | None:
    """The body's vertices that are masked, None where there is no mask."""
    group = body.vertex_groups.get(COVERED)
    if group is None:
        return None
    return np.array([vertex.index for vertex in body.data.vertices
                     if any(each.group == group.index for each in vertex.groups)], int)


def _cover(body: bpy.types.Object, vertices: np.ndarray | None) -> None:
    """Hide some of the body's vertices and the faces at them, or with None show all."""
    group, mask = body.vertex_groups.get(COVERED), body.modifiers.get(COVERED)
    if vertices is None:
        if group is not None:
            body.vertex_groups.remove(group)
        if mask is not None and mask.type == "MASK":
            body.modifiers.remove(mask)
        return
    if group is not None:
        body.vertex_groups.remove(group)
    group = body.vertex_groups.new(name=COVERED)
    group.add(vertices.tolist(), 1.0, "REPLACE")
    if mask is None or mask.type != "MASK":
        mask = body.modifiers.new(COVERED, "MASK")
    mask.vertex_group, mask.invert_vertex_group = COVERED, True
