# SPDX-License-Identifier: GPL-3.0-or-later
"""A shader node tree written as arithmetic: each step on a `Field` makes one of Blender's nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Number: TypeAlias = "Field | float"
Colour: TypeAlias = "Field | tuple[float, float, float]"
Vector: TypeAlias = Colour


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
