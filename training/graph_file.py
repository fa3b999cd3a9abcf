# SPDX-License-Identifier: GPL-3.0-or-later
"""A PyTorch module as a graph of a model pack: NAME.onnx, and its table for pack.toml."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from .motion.export_generator import OPSET, halve


def tensor_table(name: str, shape: list[int | str], unit: str) -> dict:
    """How pack.toml lists a float32 input or output; a word in `shape` is a size that is free."""
    return {"name": name, "shape": shape, "dtype": "float32", "unit": unit}


def write_graph(out: Path, name: str, module: nn.Module, examples: tuple[Tensor, ...], inputs: list[dict],
                outputs: list[dict], tidy: Callable[[onnx.ModelProto, nn.Module], None] | None = None) -> dict:
    """Write NAME.onnx into `out`, large weights as float16; returns its table for pack.toml.

    inputs, outputs: as tensor_table gives them. tidy: mends the graph while its weights are still float32.
    """
    file = io.BytesIO()
    free = {each["name"]: {axis: size for axis, size in enumerate(each["shape"]) if isinstance(size, str)}
            for each in (*inputs, *outputs)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), examples, file, input_names=[each["name"] for each in inputs],
                          output_names=[each["name"] for each in outputs], dynamic_axes=free, opset_version=OPSET,
                          dynamo=False, do_constant_folding=True)
    graph = onnx.load_from_string(file.getvalue())
    if tidy:
        tidy(graph, module)
    halve(graph)
    for value, declared in zip((*graph.graph.input, *graph.graph.output), (*inputs, *outputs), strict=True):
        del value.type.tensor_type.shape.dim[:]
        for size in declared["shape"]:
            dim = value.type.tensor_type.shape.dim.add()
            if isinstance(size, str):
                dim.dim_param = size
            else:
                dim.dim_value = size
    onnx.checker.check_model(graph)
    data = graph.SerializeToString()
    (out / f"{name}.onnx").write_bytes(data)
    return {"name": name, "file": f"{name}.onnx", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
            "opset": OPSET, "inputs": inputs, "outputs": outputs}
