# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ONNX file holds, read without the onnx package and without trusting the file.

Blender has onnxruntime but no `onnx`, and a pack is to be judged before its graph reaches onnxruntime's C++. So this
walks the protobuf wire format (https://protobuf.dev/programming-guides/encoding) with the field numbers of onnx.proto,
steps over weights by their length, and is stricter than a parser need be: what no exporter writes is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..errors import PackError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_FIELDS = 2_000_000  # a graph of ours has some thousands; bounds the time a hostile file can take
MAX_DEPTH = 16  # graphs inside graphs (If, Loop, Scan)

# TensorProto.DataType, the ones that numpy and onnxruntime share
DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip


@dataclass(frozen=True)
class Port:
    """An input or output of a graph: shape holds an int, a name, or "" for a free dimension without one."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str


@dataclass(frozen=True)
class GraphFile:
    """What the checks of a pack need to know of an ONNX file."""

    opsets: dict[str, int]  # domain ("" is ONNX's own) -> version
    operators: frozenset[tuple[str, str]]  # (domain, operator), subgraphs included
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    external: tuple[str, ...]  # tensors whose data lies outside the file
    functions: int  # model-local functions and training graphs


@dataclass
class _Found:
    """Collects facts while the file is walked."""

    data: bytes
    budget: int = MAX_FIELDS
    opsets: dict[str, int] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    initialisers: set[str] = field(default_factory=set)
    external: list[str] = field(default_factory=list)
    functions: int = 0
    graphs: int = 0


def read_onnx(data: bytes) -> GraphFile:
    """Read a serialised ONNX model. Raises PackError, and nothing else, for whatever is not one."""
    found = _Found(data)
    _model(found, 0, len(data))
    if not found.graphs or not found.opsets:
        raise _broken("it holds no graph" if found.opsets else "it names no operator set")
    return GraphFile(
        opsets=found.opsets,
        operators=frozenset(found.operators),
        # before IR version 4 every weight was listed as an input as well
        inputs=tuple(port for port in found.inputs if port.name not in found.initialisers),
        outputs=tuple(found.outputs),
        external=tuple(found.external),
        functions=found.functions,
    )


# --- the wire ---------------------------------------------------------------------------------------------------


def _broken(what: str) -> PackError:
    return PackError(f"not a sound ONNX file: {what}; export the pack again or fetch it anew")


def _varint(data: bytes, at: int, end: int, limit: int = 10) -> tuple[int, int]:
    """The number at `at` and where it ends; at most `limit` bytes, never beyond `end`."""
    value = shift = 0
    for place in range(at, min(end, at + limit)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place + 1
        shift += 7
    raise _broken("a number is cut off")


def _fields(found: _Found, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(field, wire type, start, end) for each field of the message in data[at:end]; nothing is copied.

    For VARINT `start` is the value itself. Every field costs one of the file's budget.
    """
    data = found.data
    while at < end:
        found.budget -= 1
        if found.budget < 0:
            raise _broken(f"it has more than {MAX_FIELDS} fields")
        key, at = _varint(data, at, end, 5)
        number, wire = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise _broken(f"field number {number} cannot be")
        if wire == VARINT:
            start, at = _varint(data, at, end)
            yield number, wire, start, at
            continue
        if wire == BYTES:
            length, at = _varint(data, at, end)
        elif wire == FIXED64:
            length = 8
        elif wire == FIXED32:
            length = 4
        else:
            raise _broken(f"wire type {wire} is unknown")
        start, at = at, at + length
        if at > end:
            raise _broken("it is cut off")
        yield number, wire, start, at


def _expect(wire: int, wanted: int, what: str) -> None:
    if wire != wanted:
        raise _broken(f"{what} has the wrong wire type")


def _once(seen: set[int], number: int, what: str) -> None:
    """Refuse a second value where there can be one: a parser would merge the two, which no exporter means."""
    if number in seen:
        raise _broken(f"{what} is there twice")
    seen.add(number)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _text(found: _Found, wire: int, start: int, end: int, what: str) -> str:
    _expect(wire, BYTES, what)
    if end - start > 4096:
        raise _broken(f"{what} is too long")
    try:
        return found.data[start:end].decode("utf-8")
    except UnicodeDecodeError:
        raise _broken(f"{what} is not text") from None


# --- the messages of onnx.proto ---------------------------------------------------------------------------------


def _model(found: _Found, at: int, end: int) -> None:
    for number, wire, start, stop in _fields(found, at, end):
        if number == 7:
            _expect(wire, BYTES, "the graph")
            found.graphs += 1
            _graph(found, start, stop, 0)
        elif number == 8:
            _expect(wire, BYTES, "the operator set")
            _opset(found, start, stop)
        elif number in (20, 25):  # training_info, functions: onnxruntime would run what we do not look into
            found.functions += 1
    if found.graphs > 1:
        raise _broken("it holds more than one graph")


def _opset(found: _Found, at: int, end: int) -> None:
    domain, version = "", 0
    for number, wire, start, stop in _fields(found, at, end):
        if number == 1:
            domain = _text(found, wire, start, stop, "an operator set's domain")
        elif number == 2:
            _expect(wire, VARINT, "an operator set's version")
            version = _signed(start)
    domain = _standard(domain)
    found.opsets[domain] = max(version, found.opsets.get(domain, 0))


def _standard(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain  # two names for one domain


def _graph(found: _Found, at: int, end: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _broken(f"graphs lie more than {MAX_DEPTH} deep in one another")
    for number, wire, start, stop in _fields(found, at, end):
        if number in (1, 5, 11, 12, 15):
            _expect(wire, BYTES, "a part of the graph")
        if number == 1:
            _node(found, start, stop, depth)
        elif number == 5:
            name = _tensor(found, start, stop)
            if depth == 0:
                found.initialisers.add(name)
        elif number == 15:
            _sparse_tensor(found, start, stop)
        elif depth == 0 and number == 11:
            found.inputs.append(_port(found, start, stop))
        elif depth == 0 and number == 12:
            found.outputs.append(_port(found, start, stop))


def _node(found: _Found, at: int, end: int, depth: int) -> None:
    operator = domain = ""
    for number, wire, start, stop in _fields(found, at, end):
        if number == 4:
            operator = _text(found, wire, start, stop, "an operator's name")
        elif number == 7:
            domain = _text(found, wire, start, stop, "an operator's domain")
        elif number == 5:
            _expect(wire, BYTES, "an attribute")
            _attribute(found, start, stop, depth)
    found.operators.add((_standard(domain), operator))


def _attribute(found: _Found, at: int, end: int, depth: int) -> None:
    inside: dict[int, Callable[[int, int], object]] = {
        5: lambda start, stop: _tensor(found, start, stop),
        10: lambda start, stop: _tensor(found, start, stop),
        6: lambda start, stop: _graph(found, start, stop, depth + 1),
        11: lambda start, stop: _graph(found, start, stop, depth + 1),
        22: lambda start, stop: _sparse_tensor(found, start, stop),
        23: lambda start, stop: _sparse_tensor(found, start, stop),
    }
    single: set[int] = set()
    for number, wire, start, stop in _fields(found, at, end):
        if number in inside:
            _expect(wire, BYTES, "an attribute's value")
            if number in (5, 6, 22):
                _once(single, number, "an attribute's value")
            inside[number](start, stop)


def _sparse_tensor(found: _Found, at: int, end: int) -> None:
    single: set[int] = set()
    for number, wire, start, stop in _fields(found, at, end):
        if number in (1, 2):
            _expect(wire, BYTES, "a sparse tensor's part")
            _once(single, number, "a sparse tensor's part")
            _tensor(found, start, stop)


def _tensor(found: _Found, at: int, end: int) -> str:
    """Note whether a weight's data lies outside the file; returns its name."""
    name, place, listed = "", 0, False
    for number, wire, start, stop in _fields(found, at, end):
        if number == 8:
            name = _text(found, wire, start, stop, "a weight's name")
        elif number == 13:
            listed = True
        elif number == 14:
            _expect(wire, VARINT, "a weight's place")
            if start not in (0, 1):
                raise _broken(f"a weight's place is {start}")
            place = start
    if place or listed:
        found.external.append(name)
    return name


def _port(found: _Found, at: int, end: int) -> Port:
    name, tensor = "", None
    single: set[int] = set()
    for number, wire, start, stop in _fields(found, at, end):
        if number == 1:
            name = _text(found, wire, start, stop, "an input's or output's name")
        elif number == 2:
            _expect(wire, BYTES, "a type")
            _once(single, 0, "a type")
            for kind, wire_inside, first, last in _fields(found, start, stop):
                if kind in (1, 4, 5, 7, 8, 9):  # tensor; sequence, map, opaque, sparse tensor, optional
                    _expect(wire_inside, BYTES, "a type")
                    _once(single, 1, "a type")
                    tensor = (first, last) if kind == 1 else None
    if tensor is None:
        raise _broken(f"{name or 'an input or output'} is not a tensor")
    return Port(name, *_tensor_type(found, *tensor))


def _tensor_type(found: _Found, at: int, end: int) -> tuple[tuple[int | str, ...], str]:
    """Shape and dtype of a TypeProto.Tensor."""
    dtype, shape = 0, []
    for number, wire, start, stop in _fields(found, at, end):
        if number == 1:
            _expect(wire, VARINT, "an element type")
            dtype = start & 0xFFFFFFFF
        elif number == 2:
            _expect(wire, BYTES, "a shape")
            for part, kind, first, last in _fields(found, start, stop):
                if part == 1:
                    _expect(kind, BYTES, "a dimension")
                    shape.append(_dimension(found, first, last))
    return tuple(shape), DTYPES.get(dtype, f"type {dtype}")


def _dimension(found: _Found, at: int, end: int) -> int | str:
    size: int | str = ""
    for number, wire, start, stop in _fields(found, at, end):
        if number == 1:
            _expect(wire, VARINT, "a dimension's size")
            size = _signed(start)
        elif number == 2:
            size = _text(found, wire, start, stop, "a dimension's name")
    return size
