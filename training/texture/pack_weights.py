# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture networks back out of their pack, to train on: the graphs' tensors carry the names of the parameters."""

from __future__ import annotations

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack

from ..motion.pack_weights import _parameter as parameter
from ..motion.pack_weights import read_weights, rename_initialisers
from .networks import shape_of
from .train import Networks

# What is known of classes from their pictures, not from gradients: to be found anew.
OF_PICTURES = ("mapping.centre", "mapping.middle", "mapping.root")


def tidy(graph: onnx.ModelProto, module: nn.Module) -> None:
    """Ready a graph that was exported from `module`, in float32, for its pack.

    What follows from weights alone is computed now, and weights get the names that they have in the module.
    """
    fold(graph)
    rename_initialisers(graph, module)


def fold(graph: onnx.ModelProto) -> None:
    """Replace what is computed from constants alone by its value, in place; torch's exporter leaves sums of weights."""
    body = graph.graph
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in body.initializer}
    kept = []
    for node in body.node:
        if not all(name in known for name in node.input) or not (node.input or node.op_type == "Constant"):
            kept.append(node)
            continue
        results = ReferenceEvaluator(node).run(None, {name: known[name] for name in node.input})
        for name, value in zip(node.output, results, strict=True):
            known[name] = np.asarray(value)
    read = {name for node in kept for name in node.input} | {value.name for value in body.output}
    del body.node[:], body.initializer[:]
    body.node.extend(kept)
    body.initializer.extend(numpy_helper.from_array(np.array(value, order="C"), name)
                            for name, value in known.items() if name in read)


def load_networks(pack: Pack) -> Networks:
    """The networks of a texture-generator pack as they were exported; GalateaError when it does not name its weights.

    The discriminator is not in a pack, and OF_PICTURES stay as in new networks.
    """
    try:
        shape = shape_of(pack.content["training"]["shape"])
        named: dict[str, np.ndarray] = {}
        for name in ("mapping", "model", "encoder"):
            named |= read_weights(pack.folder / pack.graph(name).file)
    except (KeyError, TypeError) as error:
        raise GalateaError(f"pack {pack.id} does not say how its networks are built, so there is no training on from "
                           "it; export it again from its run, or take the pack that ships") from error
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise GalateaError(f"pack {pack.id} cannot be read ({error}); export or fetch it again") from error
    networks = Networks(shape, torch.zeros(shape.classes), torch.zeros(shape.classes))
    with torch.no_grad():
        for name, value in networks.state_dict().items():
            if name in OF_PICTURES:
                continue
            value.copy_(torch.from_numpy(parameter(named, name, tuple(value.shape), pack.id)))
    return networks
