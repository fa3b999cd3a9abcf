# SPDX-License-Identifier: GPL-3.0-or-later
"""A shader node tree written as arithmetic, with textures that close on the torus.

A recipe for a material reads like a formula: `height = 0.5 + 0.2 * graph.torus_noise(8)`. Every
step makes one of Blender's nodes; what comes out is a `Field`, a number or a colour at each point
of the tile. Coordinates `graph.u` (to the right) and `graph.v` (up) run from 0 to 1 over the tile.
Colours are plain sRGB numbers: a bake stores what the nodes say.
"""

from __future__ import annotations

import math
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

    graph: NodeGraph
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


class NodeGraph:
    """A node tree that is being written.

    tree: a bpy node tree; what it holds is removed. rng: draws the place in noise of each texture,
    so the same seed and the same recipe give the same tree.
    """

    def __init__(self, tree: Any, rng: np.random.Generator):
        tree.nodes.clear()
        self.tree = tree
        self.rng = rng
        uv = self.node("ShaderNodeUVMap")
        self.u, self.v, _ = self.separate(Field(self, uv.outputs[0]))

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

    # Textures that close on the torus --------------------------------------------------------

    def torus(self, scale: Scale, at: Place = None) -> tuple[Field, Field]:
        """The tile laid on a torus in four dimensions: (vector of three, fourth number).

        u and v each become a circle whose circumference is `scale` (one number, or one each for u
        and v), so a texture in four dimensions closes at the tile's edges without being stretched
        (the flat, or Clifford, torus). at: (u, v) to use in place of the tile's own.
        """
        across, up = scale if isinstance(scale, tuple) else (scale, scale)
        u, v = at or (self.u, self.v)
        place = self.rng.uniform(-20.0, 20.0, 4)
        angles = (u * TURN, u * TURN, v * TURN, v * TURN)
        radii = (across / TURN, across / TURN, up / TURN, up / TURN)
        waves = ("COSINE", "SINE", "COSINE", "SINE")
        x, y, z, w = (
            self.math("MULTIPLY_ADD", self.math(wave, angle), radius, float(offset))
            for wave, angle, radius, offset in zip(waves, angles, radii, place, strict=True)
        )
        return self.combine(x, y, z), w

    def torus_noise(
        self, scale: Scale, detail: float = 2.0, roughness: float = 0.5, distortion: float = 0.0, at: Place = None
    ) -> Field:
        """Seamless fractal noise, about 0.2…0.8 round 0.5.

        scale: waves a tile (one number, or (across, up) for noise that is drawn out). Each call
        is another piece of noise. at: (u, v) as of `warp`.
        """
        vector, w = self.torus(scale, at)
        inputs = {
            "Vector": vector,
            "W": w,
            "Scale": 1.0,
            "Detail": detail,
            "Roughness": roughness,
            "Distortion": distortion,
        }
        node = self.node("ShaderNodeTexNoise", inputs, noise_dimensions="4D")
        return Field(self, node.outputs[0])

    def torus_voronoi(
        self, scale: Scale, feature: str = "F1", randomness: float = 1.0, at: Place = None, output: str = "Distance"
    ) -> Field:
        """Blender's Voronoi in four dimensions on the torus (F1, F2, DISTANCE_TO_EDGE).

        It cuts through cells of four dimensions; for cells round points of the tile: `cells`.
        """
        vector, w = self.torus(scale, at)
        inputs = {"Vector": vector, "W": w, "Scale": 1.0, "Randomness": randomness}
        node = self.node(
            "ShaderNodeTexVoronoi", inputs, voronoi_dimensions="4D", feature=feature
        )
        return Field(self, node.outputs[output])

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
        return self._random_at(place, columns, rows, self._salt())

    def cells(self, columns: int, rows: int, jitter: float = 1.0, at: Place = None) -> Cells:
        """Cells round points that are scattered one to each place of a lattice (2-D Voronoi).

        Periodic: the lattice of random points closes after `columns` and `rows`. jitter: 0 leaves
        the points on the lattice, 1 scatters each over its whole place. Cellular basis of Worley
        (1996), searched in the nine places around.
        """
        u, v = at or (self.u, self.v)
        point = self.combine(u * columns, v * rows)
        corner = self.vector("FLOOR", point)
        inside = self.vector("SUBTRACT", point, corner)
        salt = self._salt()
        nearest = second = 9.0
        here = there = (9.0, 9.0, 0.0)  # the nearest point and the next, seen from this corner
        chosen = (0.0, 0.0, 0.0)
        still = (1.0 - jitter) / 2.0
        for step_u, step_v in product((-1, 0, 1), repeat=2):
            place = self.vector("ADD", corner, (step_u, step_v, 0.0))
            random = self._random_at(place, columns, rows, salt)
            start = (step_u + still, step_v + still, 0.0)
            point = self.vector("MULTIPLY_ADD", random, (jitter, jitter, 0.0), start)
            distance = self.vector("DISTANCE", point, inside, output=1)
            first, next_one = self.greater(nearest, distance), self.greater(second, distance)
            there = self.mix(first, self.mix(next_one, there, point), here)
            here = self.mix(first, here, point)
            chosen = self.mix(first, chosen, random)
            second = self.minimum(second, self.maximum(nearest, distance))
            nearest = self.minimum(nearest, distance)
        between = self.vector("DISTANCE", here, there, output=1)
        edge = (second * second - nearest * nearest) / (between * 2.0)
        across, up, _ = self.separate(self.vector("SUBTRACT", inside, here))
        return Cells(nearest, second, edge, across, up, chosen)

    def _salt(self) -> float:
        """A number that tells one random lattice from another."""
        return float(self.rng.integers(1, 1 << 20))

    def _random_at(self, place: Field, columns: int, rows: int, salt: float) -> Field:
        # Half a place is added before wrapping: rounding then never reaches the next place.
        middle = self.vector("ADD", place, (0.5, 0.5, 0.0))
        wrapped = self.vector("WRAP", middle, (columns, rows, 1.0), (0.0, 0.0, 0.0))
        whole = self.vector("FLOOR", wrapped)
        node = self.node("ShaderNodeTexWhiteNoise", noise_dimensions="4D")
        self.put(whole, node.inputs["Vector"])
        self.put(salt, node.inputs["W"])
        return Field(self, node.outputs["Color"])
