# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a mannequin on a rig: a skinned mesh that fits its rest pose and follows its bones."""

from __future__ import annotations

import bpy
import numpy as np

from ..character.mannequin import Mesh, build_mannequin
from ..motion.skeleton import INDEX, JOINTS, PARENTS
from ..rig.rig_map import RigMap
from .materials import sign

MATERIAL = "Galatea Mannequin"
_CLAY = (0.50, 0.43, 0.36, 1.0)
# Legs of 0.3 to 1.6 m: with anything else the rig's units are no metres, and its size says nothing about its age.
_PEOPLE = (0.3, 1.6)


def add_mannequin(armature: bpy.types.Object, rig: RigMap) -> bpy.types.Object:
    """Make a mannequin for a rig and bind it: vertex groups, Armature modifier, parent, a neutral material.

    The mesh is built for the rest pose in armature space, so the object's place, turn and scale do not matter. Where
    joints have no bone, what they would move goes to the nearest ancestor that has one. RigError when no body fits the
    rest pose; nothing is made then.
    """
    scale, ground = _units(armature, rig)
    bones = armature.data.bones

    def canonical(points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {joint: (point - ground) @ rig.axes / scale for joint, point in points.items()}

    heads = canonical({joint: np.array(bones[name].head_local) for joint, name in rig.bones.items()})
    tails = canonical({joint: np.array(bones[name].tail_local) for joint, name in rig.bones.items()})
    body = build_mannequin(heads, tails)
    mesh = _add_mesh(body, body.vertices * scale @ rig.axes.T + ground)
    mesh.materials.append(clay())
    mannequin = bpy.data.objects.new(f"{armature.name} Mannequin", mesh)
    _add_groups(mannequin, body, rig)
    modifier = mannequin.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    mannequin.parent = armature
    for collection in armature.users_collection:
        collection.objects.link(mannequin)
    return mannequin


def _units(armature: bpy.types.Object, rig: RigMap) -> tuple[float, np.ndarray]:
    """Armature units for a metre of the body, and the point of the ground below the pelvis in armature space.

    Sizes are real where they can be a person's, because children are no small adults.
    """
    world = float(np.mean(np.abs(armature.matrix_world.to_scale())))
    real = _PEOPLE[0] < rig.leg_length * world < _PEOPLE[1]
    return (1.0 / world if real else rig.scale()), rig.origin


def _add_mesh(body: Mesh, vertices: np.ndarray) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new("Mannequin")
    mesh.from_pydata(vertices.tolist(), [], body.faces.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(body.faces), bool))
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", body.uvs.astype(np.float32).ravel())
    mesh.update()
    return mesh


def _add_groups(mannequin: bpy.types.Object, body: Mesh, rig: RigMap) -> None:
    bones = [_bone(rig, joint) for joint in body.joints]
    names = list(dict.fromkeys(bones))
    # Two joints that share a bone add up, so weights are summed by bone first.
    column = np.array([names.index(bone) for bone in bones])
    weights = np.zeros((len(body.vertices), len(names)))
    np.add.at(weights, (np.arange(len(weights))[:, None], column[body.joint_indices]), body.weights)
    for n, name in enumerate(names):
        group = mannequin.vertex_groups.new(name=name)
        for vertex in np.flatnonzero(weights[:, n]).tolist():
            group.add((vertex,), float(weights[vertex, n]), "REPLACE")


def _bone(rig: RigMap, joint: str) -> str:
    while joint not in rig.bones:
        joint = JOINTS[PARENTS[INDEX[joint]]]  # ends at the hips, which every rig map has
    return rig.bones[joint]


def clay() -> bpy.types.Material:
    """The neutral material, made when it is missing."""
    material = bpy.data.materials.get(MATERIAL)
    if material is not None:
        return material
    material = bpy.data.materials.new(MATERIAL)
    material.diffuse_color = _CLAY
    material.roughness = 0.6
    if not material.node_tree:
        material.use_nodes = True  # before 5.0 materials start without
    shader = next((node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    if shader is not None:
        shader.inputs["Base Color"].default_value = _CLAY
        shader.inputs["Roughness"].default_value = 0.6
    sign(material)  # so that it goes when nothing wears it any more
    return material
