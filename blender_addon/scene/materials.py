# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials of maps: a Principled BSDF with every map in its colour space, by UVs or from six sides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePath

import bpy
import numpy as np

from ..texture.generating import TextureMaps
from ..texture.material_options import MaterialOptions
from ..texture.vocabulary import Look
from .pictures import linear_of
from .projection import Projection

_BLEND = 0.25  # of a box's sides, a share of the way from one to the next
# How far red, green and blue go in skin before they come out again, and the unit of it in metres: some millimetres.
_SKIN_RADIUS, _SKIN_SCALE = (1.0, 0.37, 0.18), 0.004
_FINGERPRINT = "galatea_as_made"


def build_material(name: str, images: Mapping[str, bpy.types.Image], look: Look, projection: Projection,
                   repeats: tuple[float, float, float], relief_metres: float, options: MaterialOptions
                   ) -> bpy.types.Material:
    """A material of an image for each map. repeats: of the picture in one unit of the projection's coordinates.
    relief_metres: how far height goes from 0 to 1 in the world.

    By UVs the relief is a normal map. From six sides there are no tangents that a normal map could be turned by, so it
    is a bump node of the height; a normal map waits beside it for glTF files, which know no bumps.
    """
    material = bpy.data.materials.new(name)
    if not material.node_tree:
        material.use_nodes = True  # before 5.0 materials start without
    tree = material.node_tree
    tree.nodes.clear()
    shader, output = _node(tree, "ShaderNodeBsdfPrincipled", 0, 0), _node(tree, "ShaderNodeOutputMaterial", 320, 0)
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    coordinates = _node(tree, "ShaderNodeTexCoord", -1180, 0)
    mapping = _mapping(tree, coordinates.outputs[projection.coordinates], repeats, 0)
    wanted = ("albedo", "roughness", "metallic") + (("height",) if projection.box else ("normal",))
    wanted += ("height",) if options.displacement and not projection.box else ()
    maps = {}
    for place, kind in enumerate(wanted):
        node = _node(tree, "ShaderNodeTexImage", -680, 320 - 290 * place)
        node.label, node.image = kind.title(), images[kind]
        if projection.box:
            node.projection, node.projection_blend = "BOX", _BLEND
        tree.links.new(mapping.outputs["Vector"], node.inputs["Vector"])
        maps[kind] = node.outputs["Color"]
    for kind, socket in (("albedo", "Base Color"), ("roughness", "Roughness"), ("metallic", "Metallic")):
        tree.links.new(maps[kind], shader.inputs[socket])
    relief = _relief(tree, maps, relief_metres, options.strength)
    normal = relief.outputs["Normal"]
    if projection.box:
        normal = _beside_the_bump(tree, normal, images["normal"], coordinates, repeats, options.strength)
    tree.links.new(normal, shader.inputs["Normal"])
    if options.displacement:
        _displace(tree, maps["height"], output, relief_metres)
        material.displacement_method = "DISPLACEMENT"
    if look.subsurface:
        shader.inputs["Subsurface Weight"].default_value = look.subsurface
        shader.inputs["Subsurface Radius"].default_value = _SKIN_RADIUS
        shader.inputs["Subsurface Scale"].default_value = _SKIN_SCALE
    return material


def _node(tree: bpy.types.NodeTree, kind: str, x: float, y: float) -> bpy.types.Node:
    node = tree.nodes.new(kind)
    node.location = x, y
    return node


def _beside_the_bump(tree: bpy.types.NodeTree, bump: bpy.types.NodeSocket, image: bpy.types.Image,
                     coordinates: bpy.types.Node, repeats: tuple[float, float, float], strength: float
                     ) -> bpy.types.NodeSocket:
    """A switch between a bump, which is seen, and a normal map by UVs. Blender's glTF exporter follows a switch to its
    first image, however it is set; a bump alone would go out as if its height were a normal map."""
    mapping = _mapping(tree, coordinates.outputs["UV"], repeats, -850)
    picture, turned, switch = (_node(tree, kind, x, -850) for kind, x in (
        ("ShaderNodeTexImage", -680), ("ShaderNodeNormalMap", -330), ("ShaderNodeMix", 0)))
    picture.label, picture.image = "Normal", image
    turned.inputs["Strength"].default_value = strength
    switch.label, switch.data_type, switch.factor_mode = "0: Normal by UVs, 1: Bump", "VECTOR", "UNIFORM"
    factor, first, second = (next(socket for socket in switch.inputs if socket.identifier == name)
                             for name in ("Factor_Float", "A_Vector", "B_Vector"))
    factor.default_value = 1.0
    tree.links.new(mapping.outputs["Vector"], picture.inputs["Vector"])
    tree.links.new(picture.outputs["Color"], turned.inputs["Color"])
    tree.links.new(turned.outputs["Normal"], first)
    tree.links.new(bump, second)
    return next(socket for socket in switch.outputs if socket.identifier == "Result_Vector")


def _mapping(tree: bpy.types.NodeTree, coordinates: bpy.types.NodeSocket, repeats: tuple[float, float, float], y: float
             ) -> bpy.types.Node:
    """How large the picture is: as a texture's own size and not as a point's, which is what Blender's FBX exporter
    takes any Mapping node for; its glTF exporter knows both."""
    node = _node(tree, "ShaderNodeMapping", -980, y)
    node.vector_type = "TEXTURE"
    node.inputs["Scale"].default_value = [1.0 / count if count else 1.0 for count in repeats]
    tree.links.new(coordinates, node.inputs["Vector"])
    return node


def _relief(tree: bpy.types.NodeTree, maps: Mapping[str, bpy.types.NodeSocket], metres: float, strength: float
            ) -> bpy.types.Node:
    """The node whose Normal the shader takes."""
    if "normal" in maps:
        node = _node(tree, "ShaderNodeNormalMap", -330, -460)
        node.space = "TANGENT"
        node.inputs["Strength"].default_value = strength
        tree.links.new(maps["normal"], node.inputs["Color"])
        return node
    node = _node(tree, "ShaderNodeBump", -330, -460)
    node.inputs["Strength"].default_value = 1.0  # a share, which ends at 1: the user's goes into the distance
    node.inputs["Distance"].default_value = metres * strength
    tree.links.new(maps["height"], node.inputs["Height"])
    return node


def _displace(tree: bpy.types.NodeTree, height: bpy.types.NodeSocket, output: bpy.types.Node, metres: float) -> None:
    node = _node(tree, "ShaderNodeDisplacement", 80, -560)
    node.space = "WORLD"  # metres are metres, whatever the object's scale
    node.inputs["Midlevel"].default_value = 0.5
    node.inputs["Scale"].default_value = metres
    tree.links.new(height, node.inputs["Height"])
    tree.links.new(node.outputs["Displacement"], output.inputs["Displacement"])


def show_in_solid(material: bpy.types.Material, maps: TextureMaps) -> None:
    """Give a material the maps' mean colour, roughness and metal for the viewport's solid shading."""
    some = np.s_[::max(1, maps.size[1] // 128), ::max(1, maps.size[0] // 128)]
    material.diffuse_color = (*linear_of(maps.albedo[some]).mean(axis=(0, 1)).tolist(), 1.0)
    material.roughness = float(maps.roughness[some].mean())
    material.metallic = float(maps.metallic[some].mean())


# --- whether somebody worked on it ----------------------------------------------------------------------------------


def sign(material: bpy.types.Material) -> None:
    """Remember how a material was made, for is_as_made."""
    material[_FINGERPRINT] = _fingerprint(material)


def is_as_made(material: bpy.types.Material) -> bool:
    """Whether Galatea made a material and nobody changed its nodes or painted on its images since: its seed is then
    all that it takes to make it again."""
    animated = material.animation_data or (material.node_tree and material.node_tree.animation_data)
    return not animated and material.get(_FINGERPRINT, "") == _fingerprint(material)


def is_spare(material: bpy.types.Material) -> bool:
    """Whether nothing uses a material, and Galatea can make it again."""
    return (material.users == 0 and material.library is None and material.name.startswith("Galatea")
            and is_as_made(material))


def put_away(material: bpy.types.Material) -> None:
    """Take a material that was replaced out of the file, with those of its images that nothing else has, where it is
    spare; with a fake user it stays where nothing else would keep it."""
    if not is_spare(material):
        material.use_fake_user |= material.users == 0
        return
    images = {node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE" and node.image is not None}
    bpy.data.materials.remove(material)
    bpy.data.batch_remove([image for image in images if image.users == 0])


def _fingerprint(material: bpy.types.Material) -> str:
    told = hashlib.sha1()
    for node in material.node_tree.nodes if material.node_tree else ():
        values = [_plain(socket.default_value) for socket in node.inputs if hasattr(socket, "default_value")]
        told.update(repr((node.bl_idname, node.mute, values)).encode())
        image = getattr(node, "image", None)
        if image is not None:
            packed = image.packed_file
            told.update(repr((image.name, image.is_dirty, image.colorspace_settings.name)).encode())
            told.update(packed.data if packed else PurePath(image.filepath).name.encode())
    for link in material.node_tree.links if material.node_tree else ():
        told.update(repr((link.from_node.name, link.from_socket.name, link.to_node.name, link.to_socket.name)).encode())
    return told.hexdigest()


def _plain(value: object) -> object:
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value

