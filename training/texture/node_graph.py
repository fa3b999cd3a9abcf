# SPDX-License-Identifier: GPL-3.0-or-later
"""The node tree of one material, with textures that close on the torus.

A recipe reads like a formula: `height = 0.5 + 0.2 * graph.torus_noise(8)`. What comes out of a step
is a `Field`, a number or a colour at each point of the tile. Coordinates `graph.u` (to the right)
and `graph.v` (up) run from 0 to 1 over the tile. Colours are plain sRGB numbers: a bake stores what
the nodes say.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from training.texture.nodes import Field, Nodes, Number

TURN = 2.0 * math.pi

Place: TypeAlias = "tuple[Field, Field] | None"
Scale: TypeAlias = "float | tuple[float, float]"


@dataclass(frozen=True)
class Material:
    """What a recipe makes. albedo: colour, sRGB numbers; height, roughness, metallic: 0…1."""

    albedo: Field | tuple
    height: Field
    roughness: Field | float
    metallic: Field | float = 0.0


@dataclass(frozen=True)
class Cells:
    """Cells round scattered points, periodic on the tile (all lengths in cells).

    distance: to the nearest point. second: to the next nearest. edge: to the border between these
    two. across, up: from the nearest point to here. random: a colour of three independent numbers
    0…1, one a cell.
    """

    distance: Field
    second: Field
    edge: Field
    across: Field
    up: Field
    random: Field


class NodeGraph(Nodes):
    """The tree of one material, with the coordinates of the tile and textures that close on its torus.

    tree: a bpy node tree; what it holds is removed. rng: draws the place in noise of each texture,
    so the same seed and the same recipe give the same tree.
    """

    def __init__(self, tree: Any, rng: np.random.Generator):
        tree.nodes.clear()
        super().__init__(tree)
        self.rng = rng
        uv = self.node("ShaderNodeUVMap")
        self.u, self.v, _ = self.separate(Field(self, uv.outputs[0]))

    def torus_noise(
        self, scale: Scale, detail: float = 2.0, roughness: float = 0.5, distortion: float = 0.0, at: Place = None
    ) -> Field:
        """Seamless fractal noise, about 0.2…0.8 round 0.5.

        scale: waves a tile (one number, or (across, up) for noise that is drawn out). Each call
        is another piece of noise. at: (u, v) as of `warp`.
        """
        given = {"Detail": detail, "Roughness": roughness, "Distortion": distortion}
        return self._on_torus(_NOISE, scale, at, given)["Value"]

    def torus_voronoi(
        self, scale: Scale, feature: str = "F1", randomness: float = 1.0, at: Place = None
    ) -> Field:
        """Blender's Voronoi distance in four dimensions on the torus (feature F1, F2, DISTANCE_TO_EDGE).

        It cuts through cells of four dimensions; for cells round points of the tile: `cells`.
        """
        return self._on_torus(f"{_VORONOI} {feature}", scale, at, {"Randomness": randomness})["Value"]

    def warp(self, amount: Number, scale: Scale, detail: float = 2.0, at: Place = None) -> tuple[Field, Field]:
        """Coordinates (u, v) pushed about by noise: up to about `amount` of a tile."""
        u, v = at or (self.u, self.v)
        push = [(self.torus_noise(scale, detail) - 0.5) * 2.0 * amount for _ in range(2)]
        return u + push[0], v + push[1]

    def lattice_random(self, column: Number, row: Number, columns: int, rows: int) -> Field:
        """A colour of three random numbers 0…1 for each whole-numbered place of a lattice.

        column, row: numbers whose whole part counts; the lattice repeats after `columns` and
        `rows` places, so it closes on a tile that holds that many.
        """
        place = self.combine(self.floor(column), self.floor(row))
        return _random_at(self, place, self.combine(columns, rows, 1.0), self._salt())

    def cells(self, columns: int, rows: int, jitter: float = 1.0, at: Place = None) -> Cells:
        """Cells round points that are scattered one to each place of a lattice (2-D Voronoi).

        Periodic: the lattice of random points closes after `columns` and `rows`. jitter: 0 leaves
        the points on the lattice, 1 scatters each over its whole place. Cellular basis of Worley
        (1996), searched in the nine places around.
        """
        u, v = at or (self.u, self.v)
        salt = self._salt()
        # Borders gather where the lattice has its own: it starts anywhere, not at the tile's edge each time.
        u, v = u + salt * 0.6180340 % 1.0, v + salt * 0.7548777 % 1.0
        given = {"U": u, "V": v, "Columns": columns, "Rows": rows, "Jitter": jitter, "Salt": salt}
        found = self._grouped(_CELLS, given)
        return Cells(*(found[name] for name in _GROUPS[_CELLS].outputs))

    def _salt(self) -> float:
        """A number that tells one random lattice from another."""
        return float(self.rng.integers(1, 1 << 20))

    def _on_torus(self, name: str, scale: Scale, at: Place, given: dict) -> dict[str, Field]:
        across, up = scale if isinstance(scale, tuple) else (scale, scale)
        u, v = at or (self.u, self.v)
        offset = dict(zip("XYZW", self.rng.uniform(-20.0, 20.0, 4).tolist()))
        return self._grouped(name, {"U": u, "V": v, "Across": across, "Up": up, **offset, **given})

    def _grouped(self, name: str, given: dict) -> dict[str, Field]:
        """The outputs of a node group, which is written when it is first wanted in a file.

        Each link that is made has Blender look at the whole tree again: groups keep trees small.
        """
        import bpy

        group = bpy.data.node_groups.get(name) or _write_group(name)
        node = self.node("ShaderNodeGroup", node_tree=group)
        for key, value in given.items():
            self.put(value, node.inputs[key])
        return {socket.name: Field(self, socket) for socket in node.outputs}


# Node groups ------------------------------------------------------------------------------------


def _torus(nodes: Nodes, given: dict[str, Field]) -> tuple[Field, Field]:
    """The tile laid on a torus in four dimensions: (vector of three, fourth number).

    u and v each become a circle whose circumference is the scale across or up, so a texture in
    four dimensions closes at the tile's edges without being stretched (the flat, Clifford torus).
    """
    coordinates = []
    for place, scale in (("U", "Across"), ("V", "Up")):
        angle, radius = given[place] * TURN, given[scale] / TURN
        coordinates += [nodes.cos(angle) * radius, nodes.sin(angle) * radius]
    x, y, z, w = (axis + given[name] for axis, name in zip(coordinates, "XYZW"))
    return nodes.combine(x, y, z), w


def _noise(nodes: Nodes, given: dict[str, Field]) -> tuple[Field, ...]:
    vector, w = _torus(nodes, given)
    inputs = {"Vector": vector, "W": w, "Scale": 1.0}
    inputs |= {name: given[name] for name in ("Detail", "Roughness", "Distortion")}
    node = nodes.node("ShaderNodeTexNoise", noise_dimensions="4D")
    for key, value in inputs.items():
        nodes.put(value, node.inputs[key])
    return (Field(nodes, node.outputs[0]),)


def _voronoi(feature: str) -> Callable:
    def write(nodes: Nodes, given: dict[str, Field]) -> tuple[Field, ...]:
        vector, w = _torus(nodes, given)
        node = nodes.node("ShaderNodeTexVoronoi", voronoi_dimensions="4D", feature=feature)
        for key, value in {"Vector": vector, "W": w, "Scale": 1.0, "Randomness": given["Randomness"]}.items():
            nodes.put(value, node.inputs[key])
        return (Field(nodes, node.outputs["Distance"]),)

    return write


def _cells(nodes: Nodes, given: dict[str, Field]) -> tuple[Field, ...]:
    size = nodes.combine(given["Columns"], given["Rows"], 1.0)
    point = nodes.combine(given["U"] * given["Columns"], given["V"] * given["Rows"])
    corner = nodes.vector("FLOOR", point)
    inside = nodes.vector("SUBTRACT", point, corner)
    scatter = nodes.combine(given["Jitter"], given["Jitter"], 0.0)
    still = (1.0 - given["Jitter"]) / 2.0
    still = nodes.combine(still, still, 0.0)
    nearest = second = 9.0
    here = there = (9.0, 9.0, 0.0)  # the nearest point and the next, seen from this corner
    chosen = (0.0, 0.0, 0.0)
    for step_u, step_v in product((-1.0, 0.0, 1.0), repeat=2):
        step = (step_u, step_v, 0.0)
        random = _random_at(nodes, nodes.vector("ADD", corner, step), size, given["Salt"])
        start = nodes.vector("ADD", still, step)
        point = nodes.vector("MULTIPLY_ADD", random, scatter, start)
        distance = nodes.vector("DISTANCE", point, inside, output=1)
        first, next_one = nodes.greater(nearest, distance), nodes.greater(second, distance)
        there = nodes.mix(first, nodes.mix(next_one, there, point), here)
        here = nodes.mix(first, here, point)
        chosen = nodes.mix(first, chosen, random)
        second = nodes.minimum(second, nodes.maximum(nearest, distance))
        nearest = nodes.minimum(nearest, distance)
    between = nodes.vector("DISTANCE", here, there, output=1)
    edge = (second * second - nearest * nearest) / (between * 2.0)
    across, up, _ = nodes.separate(nodes.vector("SUBTRACT", inside, here))
    return nearest, second, edge, across, up, chosen


def _random_at(nodes: Nodes, place: Field, size: Field, salt: Number) -> Field:
    # Half a place is added before wrapping: rounding then never reaches the next place.
    middle = nodes.vector("ADD", place, (0.5, 0.5, 0.0))
    whole = nodes.vector("FLOOR", nodes.vector("WRAP", middle, size, (0.0, 0.0, 0.0)))
    node = nodes.node("ShaderNodeTexWhiteNoise", noise_dimensions="4D")
    nodes.put(whole, node.inputs["Vector"])
    nodes.put(salt, node.inputs["W"])
    return Field(nodes, node.outputs["Color"])


@dataclass(frozen=True)
class _Group:
    """A node group: its inputs (numbers), its outputs (numbers; 'Random' is a colour) and what writes it."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    write: Callable[[Nodes, dict[str, Field]], tuple[Field, ...]]


_NOISE, _VORONOI, _CELLS = "torus noise", "torus voronoi", "cells"
_ON_TORUS = ("U", "V", "Across", "Up", "X", "Y", "Z", "W")
_GROUPS = {
    _NOISE: _Group((*_ON_TORUS, "Detail", "Roughness", "Distortion"), ("Value",), _noise),
    _CELLS: _Group(
        ("U", "V", "Columns", "Rows", "Jitter", "Salt"),
        ("Distance", "Second", "Edge", "Across", "Up", "Random"),
        _cells,
    ),
}
_GROUPS |= {
    f"{_VORONOI} {feature}": _Group((*_ON_TORUS, "Randomness"), ("Value",), _voronoi(feature))
    for feature in ("F1", "F2", "DISTANCE_TO_EDGE")
}


def _write_group(name: str) -> Any:
    import bpy

    plan = _GROUPS[name]
    tree = bpy.data.node_groups.new(name, "ShaderNodeTree")
    tree.use_fake_user = True
    nodes = Nodes(tree)
    for title in plan.inputs:
        tree.interface.new_socket(title, in_out="INPUT", socket_type="NodeSocketFloat")
    for title in plan.outputs:
        kind = "NodeSocketColor" if title == "Random" else "NodeSocketFloat"
        tree.interface.new_socket(title, in_out="OUTPUT", socket_type=kind)
    source = nodes.node("NodeGroupInput")
    made = plan.write(nodes, {title: Field(nodes, source.outputs[title]) for title in plan.inputs})
    target = nodes.node("NodeGroupOutput")
    for title, value in zip(plan.outputs, made):
        nodes.put(value, target.inputs[title])
    return tree
