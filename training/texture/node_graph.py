# SPDX-License-Identifier: GPL-3.0-or-later
"""A shader node tree written as arithmetic, with textures that close on the torus.

A recipe for a material reads like a formula: `height = 0.5 + 0.2 * graph.torus_noise(8)`. Every
step makes one of Blender's nodes; what comes out is a `Field`, a number or a colour at each point
of the tile. Coordinates `graph.u` (to the right) and `graph.v` (up) run from 0 to 1 over the tile.
Colours are plain sRGB numbers: a bake stores what the nodes say.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np

TURN = 2.0 * math.pi

Number: TypeAlias = "Field | float"
Colour: TypeAlias = "Field | tuple[float, float, float]"
Vector: TypeAlias = Colour
Place: TypeAlias = "tuple[Field, Field] | None"
Scale: TypeAlias = "float | tuple[float, float]"


@dataclass(frozen=True)
class Field:
    """A number or a colour at every point of the tile: an output socket of a node."""

    graph: Nodes
    socket: Any

    def __add__(self, other: Number) -> Field:
        return self.graph.math("ADD", self, other)

    def __sub__(self, other: Number) -> Field:
        return self.graph.math("SUBTRACT", self, other)

    def __mul__(self, other: Number) -> Field:
        return self.graph.math("MULTIPLY", self, other)

    def __truediv__(self, other: Number) -> Field:
        return self.graph.math("DIVIDE", self, other)

    def __mod__(self, other: Number) -> Field:
        return self.graph.math("FLOORED_MODULO", self, other)

    def __pow__(self, other: Number) -> Field:
        return self.graph.math("POWER", self, other)

    def __rsub__(self, other: Number) -> Field:
        return self.graph.math("SUBTRACT", other, self)

    def __rtruediv__(self, other: Number) -> Field:
        return self.graph.math("DIVIDE", other, self)

    def __neg__(self) -> Field:
        return self.graph.math("MULTIPLY", self, -1.0)

    def __abs__(self) -> Field:
        return self.graph.math("ABSOLUTE", self)

    __radd__ = __add__
    __rmul__ = __mul__


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


class Nodes:
    """A bpy node tree that is being written."""

    def __init__(self, tree: Any):
        self.tree = tree

    def node(self, kind: str, inputs: dict | None = None, **properties: Any) -> Any:
        """A node of a kind, its properties set, its inputs (by name or index) linked or set."""
        node = self.tree.nodes.new(kind)
        for name, value in properties.items():
            setattr(node, name, value)
        for key, value in (inputs or {}).items():
            self.put(value, node.inputs[key])
        return node

    def put(self, value: Colour | float, socket: Any) -> None:
        """Link a field to an input socket, or set the socket to a number or a colour."""
        if isinstance(value, Field):
            self.tree.links.new(value.socket, socket)
        elif socket.type == "RGBA":
            rgb = value if isinstance(value, tuple) else (value,) * 3
            socket.default_value = (*rgb, 1.0)
        else:
            socket.default_value = value

    # Arithmetic ------------------------------------------------------------------------------

    def math(
        self, operation: str, a: Number, b: Number | None = None, c: Number | None = None, clamp: bool = False
    ) -> Field:
        """One operation of the Math node on numbers or fields."""
        given = {index: value for index, value in enumerate((a, b, c)) if value is not None}
        node = self.node("ShaderNodeMath", given, operation=operation, use_clamp=clamp)
        return Field(self, node.outputs[0])

    def minimum(self, a: Number, b: Number) -> Field:
        """The smaller of two."""
        return self.math("MINIMUM", a, b)

    def maximum(self, a: Number, b: Number) -> Field:
        """The larger of two."""
        return self.math("MAXIMUM", a, b)

    def clamp(self, a: Number) -> Field:
        """Kept within 0…1."""
        return self.math("ADD", a, 0.0, clamp=True)

    def floor(self, a: Number) -> Field:
        """The whole number below."""
        return self.math("FLOOR", a)

    def fract(self, a: Number) -> Field:
        """What is left above the whole number below (0…1, also for negative numbers)."""
        return self.math("FRACT", a)

    def sin(self, a: Number) -> Field:
        """Sine of an angle in radians."""
        return self.math("SINE", a)

    def cos(self, a: Number) -> Field:
        """Cosine of an angle in radians."""
        return self.math("COSINE", a)

    def sqrt(self, a: Number) -> Field:
        """Square root; of a negative number 0."""
        return self.math("SQRT", self.math("MAXIMUM", a, 0.0))

    def greater(self, a: Number, b: Number) -> Field:
        """1 where a > b, else 0."""
        return self.math("GREATER_THAN", a, b)

    def smoothstep(self, low: Number, high: Number, a: Number) -> Field:
        """0 below low, 1 above high, a smooth step between (low > high: falling)."""
        if not isinstance(low, Field) and not isinstance(high, Field) and low > high:
            return 1.0 - self.smoothstep(high, low, a)
        inputs = {"Value": a, "From Min": low, "From Max": high, "To Min": 0.0, "To Max": 1.0}
        node = self.node("ShaderNodeMapRange", inputs, interpolation_type="SMOOTHSTEP")
        return Field(self, node.outputs[0])

    def choose(self, factor: Number, a: Number, b: Number) -> Field:
        """Numbers: a where factor is 0, b where it is 1, a blend between."""
        node = self.node("ShaderNodeMix", {0: factor, 2: a, 3: b}, data_type="FLOAT")
        return Field(self, node.outputs[0])

    # Colours and vectors ---------------------------------------------------------------------

    def mix(self, factor: Number, a: Colour, b: Colour, blend: str = "MIX") -> Field:
        """Colours (fields or tuples of three): a where factor is 0, b where it is 1.

        blend: another of the Mix node's ways, such as MULTIPLY, OVERLAY or SCREEN.
        """
        inputs = {0: factor, 6: a, 7: b}
        node = self.node("ShaderNodeMix", inputs, data_type="RGBA", blend_type=blend)
        return Field(self, node.outputs[2])

    def shade(self, colour: Colour, factor: Number) -> Field:
        """A colour made darker (factor < 1) or lighter (> 1) by a number or a field."""
        grey = self.combine(factor, factor, factor)
        node = self.node("ShaderNodeVectorMath", {0: self.colour(colour), 1: grey})
        node.operation = "MULTIPLY"
        return Field(self, node.outputs[0])

    def colour(self, value: Colour) -> Field:
        """A colour as a field."""
        return value if isinstance(value, Field) else self.combine(*value)

    def ramp(self, value: Number, stops: list, interpolation: str = "LINEAR") -> Field:
        """Colours or numbers along a value: stops [(position 0…1, colour or number), …]."""
        node = self.node("ShaderNodeValToRGB", {0: value})
        node.color_ramp.interpolation = interpolation
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(1.0)
        for element, (position, colour) in zip(elements, sorted(stops), strict=True):
            element.position = position
            rgb = colour if isinstance(colour, tuple) else (colour,) * 3
            element.color = (*rgb, 1.0)
        return Field(self, node.outputs[0])

    def combine(self, x: Number, y: Number, z: Number = 0.0) -> Field:
        """A vector or a colour of three numbers."""
        return Field(self, self.node("ShaderNodeCombineXYZ", {0: x, 1: y, 2: z}).outputs[0])

    def separate(self, vector: Field) -> tuple[Field, Field, Field]:
        """The three numbers of a vector or a colour."""
        node = self.node("ShaderNodeSeparateXYZ", {0: vector})
        return tuple(Field(self, socket) for socket in node.outputs)

    def vector(
        self, operation: str, a: Vector, b: Vector | None = None, c: Vector | None = None, output: int = 0
    ) -> Field:
        """One operation of the Vector Math node (LENGTH, DISTANCE and DOT_PRODUCT: output 1)."""
        given = {index: value for index, value in enumerate((a, b, c)) if value is not None}
        node = self.node("ShaderNodeVectorMath", operation=operation)
        for index, value in given.items():
            self.put(value, node.inputs[index])
        return Field(self, node.outputs[output])


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
        given = {"U": u, "V": v, "Columns": columns, "Rows": rows, "Jitter": jitter, "Salt": self._salt()}
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
