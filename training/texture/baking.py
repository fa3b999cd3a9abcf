# SPDX-License-Identifier: GPL-3.0-or-later
"""Bakes node materials to pictures in a headless Blender (the bpy module), raw numbers as the nodes say them.

A tile is a plane of one metre whose UVs fill 0…1. The material's nodes feed an Emission shader, and Cycles bakes EMIT
with one sample a texel: light, view transform and colour spaces have no part in it. Two bakes a picture: the albedo,
then height, roughness and metallic packed as one colour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.texture.node_graph import Material, NodeGraph


@dataclass(frozen=True)
class Bench:
    """What stays from bake to bake: the plane, its material and the picture that is baked into."""

    material: Any
    image: Any
    size: int  # px of the pictures that come out


def lay_out(size: int) -> Bench:
    """Empty the file and set up a plane to bake a size × size picture of it."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode = "FIXED"
    scene.render.threads = 1  # a bake is short: two processes do more than two threads
    scene.cycles.device = "CPU"
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.render.bake.margin = 0
    scene.render.bake.use_clear = False
    bpy.ops.mesh.primitive_plane_add(size=1.0)
    plane = bpy.context.object
    material = bpy.data.materials.new("tile")
    if material.node_tree is None:  # before Blender 5
        material.use_nodes = True
    plane.data.materials.append(material)
    image = bpy.data.images.new("tile", size, size, alpha=False, float_buffer=True)
    image.colorspace_settings.name = "Non-Color"
    return Bench(material, image, size)


def bake_recipe(bench: Bench, recipe: Callable[[NodeGraph, np.random.Generator], Material], seed: int) -> np.ndarray:
    """One picture of a recipe: float32 (6, size, size) within 0…1, the first row on top.

    Channels: albedo red, green, blue (sRGB), height, roughness, metallic. The same seed bakes the same numbers.
    """
    tree = bench.material.node_tree
    rng = np.random.default_rng(seed)
    graph = NodeGraph(tree, rng)
    made = recipe(graph, rng)
    emission = graph.node("ShaderNodeEmission")
    output = graph.node("ShaderNodeOutputMaterial")
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    tree.nodes.active = graph.node("ShaderNodeTexImage", image=bench.image)
    surface = graph.combine(made.height, made.roughness, made.metallic)
    return np.concatenate([_bake(bench, graph, emission, colour) for colour in (made.albedo, surface)])


def _bake(bench: Bench, graph: NodeGraph, emission: Any, colour: Any) -> np.ndarray:
    import bpy

    graph.put(colour, emission.inputs["Color"])
    bpy.context.scene.cycles.seed = 0
    bpy.ops.object.bake(type="EMIT")
    texels = np.empty(bench.size * bench.size * 4, np.float32)
    bench.image.pixels.foreach_get(texels)
    picture = np.clip(texels, 0.0, 1.0).reshape(bench.size, bench.size, 4)
    return picture[::-1, :, :3].transpose(2, 0, 1)  # Blender's first row is the lowest
