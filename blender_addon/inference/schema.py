# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of pack.toml, by kind: what must be there, of which type, and what must agree with what (docs/pack.md)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ..errors import PackError
from .onnx_file import DTYPES

FORMAT = 1
KINDS = ("motion-generator", "motion-inbetweener", "texture-generator", "pose-vae", "body-vae")

Table = dict[str, Any]


def check_schema(content: Table) -> None:
    """Check the whole of a pack.toml. Raises PackError with one line: which key, what is wrong, what it should be."""
    number = content.get("format")
    if number != FORMAT:
        newer = isinstance(number, int) and number > FORMAT
        mend = "update Galatea" if newer else f"it must say format = {FORMAT}"
        raise PackError(f"format is {number!r}; this Galatea reads format {FORMAT}, {mend}")
    _match(content, "id", r"[a-z0-9][a-z0-9._-]*", "small letters, digits and hyphens")
    _match(content, "version", r"\d+\.\d+\.\d+\S*", "three numbers such as 0.1.0")
    for key in ("title", "licence"):
        _text(content, key)
    kind = _text(content, "kind")
    if kind not in KINDS:
        raise PackError(f"kind {kind} is unknown; it must be one of {', '.join(KINDS)}")
    for index, source in enumerate(_tables(content, "data")):
        _text(source, "name", f"data[{index}].")
        _text(source, "licence", f"data[{index}].")
    graphs = _tables(content, "graphs")
    for index, graph in enumerate(graphs):
        _graph(graph, f"graphs[{index}].")
    _distinct([graph["name"] for graph in graphs], "graphs", "names")
    for key in ("training", "metrics"):
        if not isinstance(content.get(key, {}), dict):
            raise _wrong(key, "a table")
    CHECKS[kind](content)


# --- one kind ---------------------------------------------------------------------------------------------------


def _motion_generator(content: Table) -> None:
    """The tables of a motion generator agree with one another and with its graph's tensors."""
    _count(content, "fps", 1, 1000)
    joints = _skeleton(content)
    generator = _table(content, "generator")
    actions = _words(generator, "actions", "generator.")
    styles = _words(generator, "styles", "generator.", empty=True)
    latent = _count(generator, "latent", 0, 4096, "generator.")
    _count(generator, "warmup_frames", 0, 10_000, "generator.")
    _count(generator, "latent_frames", 1, 10_000, "generator.")
    ahead = _numbers(generator, "trajectory_seconds", "generator.", above=0.0)
    if not ahead or sorted(set(ahead)) != ahead:
        raise _wrong("generator.trajectory_seconds", "rising seconds, at least one")
    speeds = _table(generator, "natural_speed", "generator.")
    for action in actions:
        _number(speeds, action, "generator.natural_speed.", above=-1e-9)
    for action, learnt in generator.get("speed_range", {}).items():
        if action not in actions or not _is_range(learnt):
            raise _wrong(f"generator.speed_range.{action}", "[slowest, quickest] in metres a second, for an action")

    for name in ("temperature", "bearing", "stance"):
        for action, times in generator.get(name, {}).items():
            if action not in actions or not _is_number(times) or not 0.0 <= times <= 10.0:
                raise _wrong(f"generator.{name}.{action}", "a number from 0 to 10, for an action")
    for name in ("cyclic", "once"):
        if not set(generator.get(name, ())) <= set(actions):
            raise _wrong(f"generator.{name}", "actions of generator.actions")

    limits = _table(generator, "joint_limits", "generator.") if "joint_limits" in generator else {}
    for joint, ends in limits.items():
        if joint not in content["skeleton"]["joints"] or not _is_box(ends):
            raise _wrong(f"generator.joint_limits.{joint}", "six degrees for one of the joints, lowest and highest of "
                                                            "three numbers")

    shapes = _shapes(_named_graph(content, "model"))
    batch, size = (*shapes.get("state", ()), None, None)[:2]
    for name in ("state_mean", "state_scale"):
        if name in generator and len(_numbers(generator, name, "generator.")) != size:
            raise _wrong(f"generator.{name}", f"as many numbers as the state has, {size}")
    inputs = {
        "state": [batch, None],
        "hidden": [None, batch, None],
        "cell": [None, batch, None],
        "root": [batch, 3],
        "trajectory": [batch, len(ahead), 4],
        "action": [batch, len(actions)],
        "style": [batch, len(styles)],
        "latent": [batch, latent],
    }
    carried = ["state", "hidden", "cell", "root"]
    if "held" in shapes:  # a latent that is drawn where the body's state expects it; packs of 0.1 lack it
        inputs |= {"held": [batch, latent], "fresh": [batch, 1]}
        carried.append("held")
    outputs = {f"next_{name}": shapes.get(name, []) for name in carried}
    outputs |= {"height": [batch], "rotations": [batch, joints, 4], "contacts": [batch, 4]}
    _same_tensors(content, "model", inputs, outputs)


def _motion_inbetweener(content: Table) -> None:
    """An in-betweener: a window at once, each joint and the position of the hips a channel with keys of its own."""
    _count(content, "fps", 1, 1000)
    joints = _skeleton(content)
    table = _table(content, "inbetweener")
    latent = _count(table, "latent", 0, 4096, "inbetweener.")
    features = _count(table, "features", 1, 100_000, "inbetweener.")
    times = table.get("temperature", 1.0)
    if not _is_number(times) or not 0.0 <= times <= 10.0:
        raise _wrong("inbetweener.temperature", "a number from 0 to 10")
    for key in ("spread", "spread_mean"):
        points = table.get(key)
        if not isinstance(points, list) or len(points) != joints or not all(map(_is_point, points)):
            raise _wrong(f"inbetweener.{key}", f"{joints} times [x, y, z] in metres")
    batch, frames = (_shapes(_named_graph(content, "model")).get("features") or [None, None])[:2]
    window = [batch, frames]
    inputs = {name: [*window, joints + 1] for name in ("before", "after", "share")}
    inputs |= {"features": [*window, features], "latent": [batch, latent]}
    outputs = {"turns": [*window, joints, 3], "shifts": [*window, 3], "contacts": [*window, 4]}
    _same_tensors(content, "model", inputs, outputs)


def _pose_vae(content: Table) -> None:
    """A pose VAE: an encoder of poses with some joints left out, and a decoder."""
    joints = _skeleton(content)
    table = _table(content, "pose")
    latent = _count(table, "latent", 1, 4096, "pose.")
    for key in ("usual_error_mm", "most_error_mm", "most_distance"):
        _number(table, key, "pose.", above=0.0)
    batch = (_shapes(_named_graph(content, "encoder")).get("rotations") or [None])[0]
    _same_tensors(content, "encoder", {"rotations": [batch, joints, 4], "known": [batch, joints],
                                       "places": [batch, joints, 3], "placed": [batch, joints]},
                  {"mean": [batch, latent], "log_spread": [batch, latent]})
    batch = (_shapes(_named_graph(content, "decoder")).get("latent") or [None])[0]
    _same_tensors(content, "decoder", {"latent": [batch, latent]}, {"rotations": [batch, joints, 4]})


def _body_vae(content: Table) -> None:
    """A body VAE: from a latent, details and what is asked for to measurements, and from some measurements back."""
    table = _table(content, "body")
    latent = _count(table, "latent", 1, 4096, "body.")
    names, about = (_words(table, key, "body.") for key in ("names", "about"))
    units = table.get("units")
    if not isinstance(units, list) or len(units) != len(names) or not set(units) <= {"m", "kg"}:
        raise _wrong("body.units", "m or kg for each of body.names")
    for key in ("mean", "spread"):
        if len(_numbers(table, key, "body.", above=0.0)) != len(names):
            raise _wrong(f"body.{key}", f"as many numbers as there are names, {len(names)}")
    ranges = _table(table, "ranges", "body.")
    for name in about:
        ends = ranges.get(name)
        if not isinstance(ends, list) or len(ends) != 2 or not all(map(_is_number, ends)) or ends[0] >= ends[1]:
            raise _wrong(f"body.ranges.{name}", "[lowest, highest] that can be asked for")
    batch = (_shapes(_named_graph(content, "encoder")).get("measures") or [None])[0]
    measures, asked = [batch, len(names)], [batch, len(about)]
    _same_tensors(content, "encoder", {"measures": measures, "known": measures, "about": asked, "given": asked},
                  {"mean": [batch, latent], "log_spread": [batch, latent], "detail": measures})
    batch = (_shapes(_named_graph(content, "decoder")).get("latent") or [None])[0]
    measures, asked = [batch, len(names)], [batch, len(about)]
    _same_tensors(content, "decoder", {"latent": [batch, latent], "detail": measures, "about": asked, "given": asked},
                  {"measures": measures, "who": asked})


def _texture_generator(content: Table) -> None:
    """A texture generator: from a latent and a class to a style, from styles and noise to maps, and from a picture
    back."""
    table = _table(content, "texture")
    classes = len(_words(table, "classes", "texture."))
    latent, style = (_count(table, key, 1, 4096, "texture.") for key in ("latent", "style"))
    stages, channels = (_count(table, key, 1, 1024, "texture.") for key in ("stages", "noise_channels"))
    cell, tile = (_count(table, key, 1, 2048, "texture.") for key in ("cell", "texels_per_tile"))
    if cell & cell - 1:
        raise _wrong("texture.cell", "a power of two")
    if "reach" in table:
        _count(table, "reach", 0, 4096, "texture.")
    looks = _table(table, "looks", "texture.")
    if set(looks) != set(table["classes"]):
        raise _wrong("texture.looks", "a table for each of texture.classes and no other")
    for name in table["classes"]:
        _look(_table(looks, name, "texture.looks."), f"texture.looks.{name}.")
    directions = _tables(table, "directions", "texture.") if table.get("directions", []) != [] else []
    for index, direction in enumerate(directions):
        where = f"texture.directions[{index}]."
        _text(direction, "name", where)
        if len(_numbers(direction, "vector", where)) != style:
            raise _wrong(where + "vector", f"as many numbers as a style has, {style}")
        ends = direction.get("range")
        if not isinstance(ends, list) or len(ends) != 2 or not all(map(_is_number, ends)) or ends[0] >= ends[1]:
            raise _wrong(where + "range", "[lowest, highest] useful amount")
    _distinct([direction["name"] for direction in directions], "texture.directions", "names")

    batch = (_shapes(_named_graph(content, "mapping")).get("latent") or [None])[0]
    _same_tensors(content, "mapping", {"latent": [batch, latent], "class": [batch, classes], "truncation": [batch]},
                  {"style": [batch, style]})
    shapes = _shapes(_named_graph(content, "model"))
    batch = (shapes.get("noise") or [None])[0]
    pixels = [batch, 1, None, None]
    _same_tensors(content, "model", {"noise": [batch, channels, None, None], "grain": pixels,
                                     "style": [batch, stages, style], "class": [batch, classes]},
                  {"albedo": [batch, 3, None, None], "normal": [batch, 3, None, None], "roughness": pixels,
                   "metallic": pixels, "height": pixels})
    for name in ("noise", "grain"):
        if not all(isinstance(size, str) for size in shapes[name][2:]):
            raise PackError(f"graph model's {name} is {shapes[name]}; its height and width must be free")
    batch = (_shapes(_named_graph(content, "encoder")).get("picture") or [None])[0]
    _same_tensors(content, "encoder", {"picture": [batch, 3, tile, tile]},
                  {"mean": [batch, latent], "log_spread": [batch, latent], "class": [batch, classes]})


def _look(look: Table, where: str) -> None:
    """What is said of a class of materials."""
    _number(look, "tile_metres", where, above=0.0)
    _number(look, "relief", where, above=0.0)
    for key in ("lattice", "metallic", "procedural"):
        if type(look.get(key)) is not bool:
            raise _wrong(where + key, "true or false")
    if not 0.0 <= _number(look, "subsurface", where) <= 1.0:
        raise _wrong(where + "subsurface", "a number from 0 to 1")
    if "credit" in look:
        _text(look, "credit", where)


def _shapes(graph: Table) -> dict[str, list[int | str]]:
    return {tensor["name"]: tensor["shape"] for tensor in graph["inputs"] + graph["outputs"]}


def _same_tensors(content: Table, name: str, inputs: Table, outputs: Table) -> None:
    """The graph called `name` has these inputs and outputs, by name and shape."""
    graph = _named_graph(content, name)
    for key, wanted in (("inputs", inputs), ("outputs", outputs)):
        there = {tensor["name"]: tensor["shape"] for tensor in graph[key]}
        if set(there) != set(wanted):
            raise PackError(f"graph {name} has the {key} {', '.join(there)}; its kind has {', '.join(wanted)}")
        for tensor, need in wanted.items():
            if not _agree(there[tensor], need):
                told = ", ".join("?" if size is None else str(size) for size in need)
                raise PackError(f"graph {name}'s {tensor} is {there[tensor]}; by the pack's tables it must be [{told}]")


def _agree(shape: list[int | str], wanted: list[int | str | None]) -> bool:
    """None agrees with any size."""
    return len(shape) == len(wanted) and all(need in (None, size) for size, need in zip(shape, wanted, strict=True))


def _skeleton(content: Table) -> int:
    """Check [skeleton]: joints, parents and offsets, parents first; returns how many joints."""
    skeleton = _table(content, "skeleton")
    joints = _words(skeleton, "joints", "skeleton.")
    parents, offsets = skeleton.get("parents"), skeleton.get("offsets")
    good = isinstance(parents, list) and len(parents) == len(joints) and all(type(parent) is int for parent in parents)
    if not good or any(not (-1 if joint == 0 else 0) <= parent < max(joint, 0) for joint, parent in enumerate(parents)):
        raise _wrong("skeleton.parents", f"{len(joints)} numbers, -1 first and then each joint's parent before it")
    if not isinstance(offsets, list) or len(offsets) != len(joints) or not all(map(_is_point, offsets)):
        raise _wrong("skeleton.offsets", f"{len(joints)} times [x, y, z] in metres")
    return len(joints)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and 0.0 < value[0] <= value[1]


def _is_box(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 6 and all(map(_is_number, value))
            and all(low <= high for low, high in zip(value[::2], value[1::2], strict=True)))


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(_is_number(number) for number in value)


CHECKS: dict[str, Callable[[Table], None]] = {
    "motion-generator": _motion_generator,
    "motion-inbetweener": _motion_inbetweener,
    "pose-vae": _pose_vae,
    "body-vae": _body_vae,
    "texture-generator": _texture_generator,
}


# --- every kind -------------------------------------------------------------------------------------------------


def _graph(graph: Table, where: str) -> None:
    _text(graph, "name", where)
    # a bare file name, so that no pack can have a file outside its folder read
    _match(graph, "file", r"[A-Za-z0-9][A-Za-z0-9._-]*\.onnx", "the name of an .onnx file beside pack.toml", where)
    _match(graph, "sha256", r"[0-9a-fA-F]{64}", "64 hexadecimal digits", where)
    _count(graph, "bytes", 1, 1 << 40, where)
    _count(graph, "opset", 1, 1000, where)
    for key in ("inputs", "outputs"):
        tensors = _tables(graph, key, where)
        for index, tensor in enumerate(tensors):
            _port(tensor, f"{where}{key}[{index}].")
        _distinct([tensor["name"] for tensor in tensors], where + key, "names")


def _port(tensor: Table, where: str) -> None:
    _text(tensor, "name", where)
    if tensor.get("dtype") not in DTYPES.values():
        raise _wrong(where + "dtype", "a type such as float32")
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not all(_is_size(size) for size in shape):
        raise _wrong(where + "shape", "a list of sizes, with a name for each that is free")
    if not isinstance(tensor.get("unit", ""), str):
        raise _wrong(where + "unit", "text")


def _is_size(size: Any) -> bool:
    return bool(size) if isinstance(size, str) else type(size) is int and size >= 0


def _named_graph(content: Table, name: str) -> Table:
    for graph in content["graphs"]:
        if graph["name"] == name:
            return graph
    raise PackError(f"graphs has none named {name}; a {content['kind']} needs it")


# --- values -----------------------------------------------------------------------------------------------------


def _wrong(key: str, wanted: str) -> PackError:
    return PackError(f"{key} is missing or wrong; it must be {wanted}")


def _text(table: Table, key: str, where: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _wrong(where + key, "one line of text")
    return value


def _match(table: Table, key: str, pattern: str, wanted: str, where: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise _wrong(where + key, wanted)
    return value


def _table(table: Table, key: str, where: str = "") -> Table:
    value = table.get(key)
    if not isinstance(value, dict):
        raise _wrong(where + key, f"a table [{where}{key}]")
    return value


def _tables(table: Table, key: str, where: str = "") -> list[Table]:
    value = table.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise _wrong(where + key, f"at least one table [[{key}]]")
    return value


def _words(table: Table, key: str, where: str = "", empty: bool = False) -> list[str]:
    value = table.get(key)
    good = isinstance(value, list) and all(isinstance(word, str) and word.strip() for word in value)
    if not good or not (value or empty):
        raise _wrong(where + key, "a list of names")
    _distinct(value, where + key, "names")
    return value


def _distinct(names: list[str], key: str, what: str) -> None:
    if len(set(names)) != len(names):
        raise PackError(f"{key} has {what} twice; each must be there once")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _number(table: Table, key: str, where: str = "", above: float = -math.inf) -> float:
    value = table.get(key)
    if not _is_number(value) or value <= above:
        raise _wrong(where + key, "a number" if above < 0 else f"a number above {above:g}")
    return float(value)


def _numbers(table: Table, key: str, where: str = "", above: float = -math.inf) -> list[float]:
    value = table.get(key)
    if not isinstance(value, list) or not all(_is_number(number) and number > above for number in value):
        raise _wrong(where + key, f"a list of numbers above {above:g}")
    return [float(number) for number in value]


def _count(table: Table, key: str, least: int, most: int, where: str = "") -> int:
    value = table.get(key)
    if type(value) is not int or not least <= value <= most:
        raise _wrong(where + key, f"a whole number from {least} to {most}")
    return value
