# SPDX-License-Identifier: GPL-3.0-or-later
"""A body in the scene: a skinned mesh on an armature under the canonical names, ordinary Blender data both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from ..character.body_mesh import BodyMesh
from ..character.modelling import eye_parts
from ..errors import GalateaError, RigError
from ..rig.body_bones import Bones, bones_of
from .armatures import edit_mode
from .body_layout import hangs_on_layout, layout, put_layout
from .eyes import EYE_MATERIALS, eye_materials
from .helper_bones import add_helpers
from .holding import held
from .mannequin import MATERIAL, clay
from .metarigs import control_rig_of, follower_of
from .skinned import skinned

NAME = "Galatea Character"
_BODY = "galatea_body"  # custom property of a body's mesh: its number of vertices
_ABOUT = "galatea_character"  # custom property of its armature: who it is, as plain values by name


@dataclass(frozen=True)
class Character:
    """A body and what carries it, both as functions that return the object, or raise GalateaError when it is gone."""

    armature: Any
    body: Any


@dataclass(frozen=True, eq=False)
class Shape:
    """What differs from body to body. vertices: (N, 3) metres. uvs: (F, 4, 2), or None for those that are there. bones:
    name -> head, tail and Z axis."""

    vertices: np.ndarray
    uvs: np.ndarray | None
    bones: Mapping[str, tuple[Vector, Vector, Vector]]


@contextmanager
def added(body: BodyMesh, about: Mapping[str, Any], mesh: Any = None) -> Iterator[Character]:
    """Add a body and its armature at the 3D cursor, selected and active. about: what is kept with the armature. mesh:
    the body's, as a function (see skinned), where it is there already.

    What is raised in the block takes both away again, with the action that the armature then has.
    """
    context = bpy.context
    chosen = [held(ob) for ob in context.selected_objects]
    active = held(context.view_layer.objects.active) if context.view_layer.objects.active else None
    plain = {name for name in (MATERIAL, *EYE_MATERIALS) if name not in bpy.data.materials}
    armature = bpy.data.objects.new(NAME, bpy.data.armatures.new(NAME))
    made = [held(armature)]
    try:
        for ob in context.selected_objects:
            ob.select_set(False)
        armature.location = context.scene.cursor.location
        context.collection.objects.link(armature)
        armature.select_set(True)
        context.view_layer.objects.active = armature
        _add_bones(armature, bones_of(body))
        armature.show_in_front, armature.data.display_type = True, "STICK"  # the body stays to be seen
        armature[_ABOUT] = dict(about)
        made.append(held(_add_body(armature, body, mesh() if mesh else None)))
        yield Character(*made)
    except BaseException:
        for each in reversed(made):
            with suppress(GalateaError):
                _remove(each())
        for name in plain & set(bpy.data.materials.keys()):
            bpy.data.materials.remove(bpy.data.materials[name])
        for each in chosen:
            with suppress(GalateaError, RuntimeError):
                each().select_set(True)
        with suppress(GalateaError):
            context.view_layer.objects.active = active() if active else None
        raise


def _remove(ob: bpy.types.Object) -> None:
    data, action = ob.data, ob.animation_data.action if ob.animation_data else None
    bpy.data.objects.remove(ob)
    bpy.data.batch_remove([block for block in (data, action) if block is not None])


def _add_bones(armature: bpy.types.Object, bones: Bones) -> None:
    with edit_mode():
        edit = armature.data.edit_bones
        for n, name in enumerate(bones.names):
            bone, above = edit.new(name), bones.parents[n]
            bone.head, bone.tail = bones.heads[n], bones.tails[n]
            bone.align_roll(bones.bends[n])
            if above >= 0:
                bone.parent = edit[bones.names[above]]
                bone.use_connect = bool(np.allclose(bones.heads[n], bones.tails[above], atol=1e-6))
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    add_helpers(armature)


def _add_body(armature: bpy.types.Object, body: BodyMesh, mesh: bpy.types.Mesh | None
              ) -> bpy.types.Object:
    ob = skinned(armature, f"{armature.name} Body", body, mesh)
    mesh = ob.data
    for material in (clay(), *eye_materials()):
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", eye_parts())
    mesh[_BODY] = len(mesh.vertices)
    put_layout(mesh, body.uvs)
    return ob


def eye_slots(ob: bpy.types.Object) -> range:
    """The material slots of a body's eyes and brows; none of what is no body."""
    return range(1, 1 + len(EYE_MATERIALS)) if _BODY in ob.data else range(0)


# --- another body in its place ----------------------------------------------------------------------------------------


def found(ob: bpy.types.Object | None) -> tuple[bpy.types.Object, bpy.types.Object]:
    """Armature and body of the character that an object is, or belongs to, or that follows it as its control rig.
    RigError with one line when it is none."""
    armature = ob.find_armature() if ob is not None and ob.type == "MESH" else ob
    if armature is not None and _ABOUT not in armature:
        armature = follower_of(armature) or armature
    if armature is None or armature.type != "ARMATURE" or _ABOUT not in armature:
        raise RigError("select a character that Galatea made; Create Character makes one")
    bodies = [child for child in armature.children if child.type == "MESH" and _BODY in child.data]
    if not bodies:
        raise RigError(f"{armature.name} has no body any more; create another character")
    return armature, bodies[0]


def character_of(ob: bpy.types.Object | None) -> Character:
    """The character that an object is the armature, the mesh or the control rig of. RigError with one line when it is
    none, or its mesh is no longer one that Galatea knows its way about."""
    armature, body = found(ob)
    mesh = body.data
    if len(mesh.vertices) != mesh[_BODY]:
        raise RigError(f"{body.name} has other vertices than it was made with, so clothes and another body would not "
                       "fit it; create another character")
    if not (armature.data.is_editable and mesh.is_editable):
        raise RigError(f"{armature.name} is linked from another file; change it there")
    return Character(held(armature), held(body))


def check_reshapable(character: Character) -> None:
    """RigError with one line when another body cannot be put into a character's mesh and bones."""
    armature, body = character.armature(), character.body()
    if body.data.shape_keys is not None:
        raise RigError(f"{body.name} has shape keys, which another body would spoil; create another character")
    leader = control_rig_of(armature)
    if leader is not None:
        raise RigError(f"{armature.name} follows {leader.name}, which was made for the body it has; delete that, "
                       "make the change and then another control rig")


def about(armature: bpy.types.Object) -> dict[str, Any]:
    """Who a character is: what was kept with it."""
    return armature[_ABOUT].to_dict()


def shape_of(body: BodyMesh) -> Shape:
    """What a body would give a character."""
    bones = bones_of(body)
    vectors = zip(*(map(Vector, each) for each in (bones.heads, bones.tails, bones.bends)), strict=True)
    return Shape(body.vertices, body.uvs, dict(zip(bones.names, vectors, strict=True)))


@contextmanager
def reshaped(character: Character, shape: Shape, about: Mapping[str, Any]) -> Iterator[None]:
    """Give a character another body: its vertices, its UV map unless something hangs on that, and the rest of its
    bones; all else stays. What is raised in the block gives it its old one back. RigError when a bone is missing or
    hidden; nothing is changed then."""
    armature, mesh = character.armature(), character.body().data
    gone = [name for name in shape.bones if name not in armature.data.bones]
    if gone:
        raise RigError(f"{armature.name} has no bone {gone[0]} any more; create another character")
    if len(mesh.vertices) != len(shape.vertices):
        raise RigError(f"{character.body().name} was made by another Galatea; create another character")
    if not _may_be_edited(armature):
        raise RigError(f"{armature.name} is hidden from all viewports or excluded from this view layer; show it for as "
                       "long as its body is changed")
    old = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", old)
    old_about = armature[_ABOUT].to_dict()
    old_uvs = None
    if hangs_on_layout(character.body()):
        shape = replace(shape, uvs=None)
    else:
        old_uvs = layout(mesh)
    old_bones = _put(character, shape, about)
    try:
        yield
    except BaseException:
        with suppress(GalateaError):
            _put(character, Shape(old.reshape(-1, 3), old_uvs, old_bones), old_about)
        raise


def _may_be_edited(armature: bpy.types.Object) -> bool:
    layer = bpy.context.view_layer
    if armature.name not in layer.objects:
        return False
    active = layer.objects.active
    layer.objects.active = armature
    may = bpy.ops.object.mode_set.poll()
    layer.objects.active = active
    return may


def _put(character: Character, shape: Shape, about: Mapping[str, Any]) -> dict[str, tuple[Vector, Vector, Vector]]:
    """Give a character a shape; returns how its bones were."""
    armature, body, layer = character.armature(), character.body(), bpy.context.view_layer
    active = layer.objects.active
    layer.objects.active = armature
    before = {}
    with edit_mode():
        bones = armature.data.edit_bones
        for name in shape.bones:
            bone = bones[name]
            before[name] = bone.head.copy(), bone.tail.copy(), bone.z_axis.copy()
        for name, (head, tail, _) in shape.bones.items():
            bones[name].head, bones[name].tail = head, tail
        for name, (_, _, bend) in shape.bones.items():  # once no neighbour moves any more
            bones[name].align_roll(bend)
    layer.objects.active = active
    body.data.vertices.foreach_set("co", np.asarray(shape.vertices, np.float32).ravel())
    if shape.uvs is not None:
        put_layout(body.data, shape.uvs)
    body.data.update()
    armature[_ABOUT] = dict(about)
    return before
