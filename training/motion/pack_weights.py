# SPDX-License-Identifier: GPL-3.0-or-later
"""A network back out of its pack, to train on: the graph's tensors carry the names of the parameters they are.

The exporter of ONNX folds what it can: weights come transposed, an LSTM's gates in another order and its two biases in
one, all under names of its own. So tensors are told by their values, once, when the graph is written, and renamed to
say what they are: NAME, NAME.T (transposed), NAME.iofc (an LSTM's, gates in ONNX's order; one that goes both ways has
its two directions in one tensor), and NAME+NAME where equal values became one tensor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack
from blender_addon.motion.inbetween_features import CHANNELS, SIZE

from .generator import Generator, GeneratorShape
from .inbetweener import Inbetweener, InbetweenerShape

_TRANSPOSED, _GATES, _BACKWARDS = ".T", ".iofc", "_reverse"
_ORDER = [0, 3, 1, 2]  # torch has an LSTM's gates as input, forget, cell, output; ONNX as input, output, forget, cell
_Shape, _Model = TypeVar("_Shape"), TypeVar("_Model", bound=nn.Module)


def rename_initialisers(graph: onnx.ModelProto, model: nn.Module) -> None:
    """Give the tensors of a graph that was exported from `model`, still in float32, the names of its parameters."""
    names: dict[tuple, list[str]] = defaultdict(list)
    for name, value in _forms(model):
        names[_key(value)].append(name)
    new: dict[str, str] = {}
    for tensor in graph.graph.initializer:
        found = names.get(_key(numpy_helper.to_array(tensor)))
        if found:
            name = "+".join(dict.fromkeys(found))
            again = sum(other.partition("#")[0] == name for other in new.values())
            new[tensor.name] = tensor.name = f"{name}#{again}" if again else name
    for node in graph.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = new.get(name, name)


def _forms(model: nn.Module) -> Iterator[tuple[str, np.ndarray]]:
    """Every parameter and buffer of floats in all the forms that the exporter gives it."""
    state = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()
             if value.is_floating_point()}
    for name, value in state.items():
        yield name, value
        if value.ndim == 2:
            yield name + _TRANSPOSED, value.T
        if ".weight_" in name or ".bias_ih" in name:
            ways = [part for part in (name, name + _BACKWARDS) if part in state]
            yield name + _GATES, np.stack([_gates(state, part) for part in ways])


def _gates(state: dict[str, np.ndarray], name: str) -> np.ndarray:
    """An LSTM's parameter as ONNX has it, both biases one after the other."""
    parts = (name, name.replace("bias_ih", "bias_hh")) if ".bias_ih" in name else (name,)
    return np.concatenate([_reordered(state[part], _ORDER) for part in parts])


def _reordered(value: np.ndarray, order: list[int]) -> np.ndarray:
    """The four blocks of rows in another order."""
    return np.concatenate([np.split(value, 4)[block] for block in order])


def _key(value: np.ndarray) -> tuple:
    """Equal for tensors that differ in axes of size one at most."""
    return value.dtype.str, tuple(size for size in value.shape if size != 1), np.ascontiguousarray(value).tobytes()


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The named tensors of a graph in float32, by the name they have in it; those of half precision too."""
    graph = onnx.load(path).graph
    cast = {node.input[0]: node.output[0] for node in graph.node if node.op_type == "Cast"}
    weights: dict[str, np.ndarray] = {}
    for tensor in graph.initializer:
        for name in cast.get(tensor.name, tensor.name).partition("#")[0].split("+"):
            weights[name] = np.array(numpy_helper.to_array(tensor))
    return weights


def load_generator(pack: Pack) -> Generator:
    """The network of a motion-generator pack as it was exported; GalateaError when its graph does not name its weights.

    What only training has (the reader of latents) is not in a pack.
    """
    shape, weights = _read(pack, GeneratorShape)
    return _filled(Generator(shape, *(np.zeros(shape.state),) * 3), weights, ("mean", "scale", "delta"), pack)


def load_inbetweener(pack: Pack, number: int = 0) -> Inbetweener:
    """The same of a motion-inbetweener pack: of several networks the one of that number, from 0. The first alone makes
    variants; another one's layers for them are to be trained."""
    shape, weights = _read(pack, InbetweenerShape)
    weights = {name.removeprefix(f"models.{number}."): value for name, value in weights.items()}
    model = Inbetweener(shape, np.zeros(SIZE), np.ones(SIZE), np.ones((CHANNELS, 3)))
    if number:
        weights |= {name: value.numpy() for name, value in model.state_dict().items() if name.startswith("variant")}
    return _filled(model, weights, ("mean", "scale", "unit"), pack)


def _read(pack: Pack, kind: type[_Shape]) -> tuple[_Shape, dict[str, np.ndarray]]:
    """The sizes of a pack's network, and its tensors by their names."""
    try:
        return kind(**pack.content["training"]["shape"]), read_weights(pack.folder / pack.graph("model").file)
    except (KeyError, TypeError) as error:
        raise GalateaError(f"pack {pack.id} does not say how its network is built, so there is no training on from it; "
                           "export it again from its run, or take the pack that ships") from error
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise GalateaError(f"pack {pack.id} cannot be read ({error}); export or fetch it again") from error


def _filled(model: _Model, weights: dict[str, np.ndarray], buffers: tuple[str, ...], pack: Pack) -> _Model:
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *((name, getattr(model, name)) for name in buffers)]:
            value.copy_(torch.from_numpy(_parameter(weights, name, tuple(value.shape), pack.id)))
    return model


def _parameter(weights: dict[str, np.ndarray], name: str, shape: tuple[int, ...], pack: str) -> np.ndarray:
    """A parameter in torch's form out of whichever form the graph has."""
    try:
        if name in weights:
            return weights[name].astype(np.float32).reshape(shape)
        if name + _TRANSPOSED in weights:
            return weights[name + _TRANSPOSED].astype(np.float32).reshape(shape[::-1]).T.copy()
        stored = name.removesuffix(_BACKWARDS).replace("bias_hh", "bias_ih") + _GATES
        if stored in weights:
            # directions, of each its parts (the two biases, one set of weights), of each the rows of four gates
            ways = weights[stored].astype(np.float32).reshape(-1, 2 if ".bias_" in name else 1, *shape)
            rows = ways[int(name.endswith(_BACKWARDS)), int(".bias_hh" in name)]
            return _reordered(rows, [_ORDER.index(block) for block in range(4)])
    except (IndexError, ValueError):
        pass
    raise GalateaError(f"pack {pack}: its graph has no weights called {name} of the right size, so there is no "
                       "training on from it; export it again from its run, or take the pack that ships")
