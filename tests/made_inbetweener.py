# SPDX-License-Identifier: GPL-3.0-or-later
"""An in-betweener pack that tests make: a graph whose residual on interpolation is known, zero at the keys."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import tomli_w
from made_packs import model_of
from onnx import TensorProto, helper, numpy_helper

from blender_addon.motion.inbetween_features import CHANNELS, JOINT_COUNT, SIZE
from blender_addon.motion.skeleton import CANONICAL

LATENT = 4
_WINDOW = ["batch", "frames"]
_INPUTS = {"features": ([*_WINDOW, SIZE], TensorProto.FLOAT), "before": ([*_WINDOW, CHANNELS], TensorProto.INT64),
           "after": ([*_WINDOW, CHANNELS], TensorProto.INT64), "share": ([*_WINDOW, CHANNELS], TensorProto.FLOAT),
           "latent": (["batch", LATENT], TensorProto.FLOAT)}
_OUTPUTS = {"turns": [*_WINDOW, JOINT_COUNT, 3], "shifts": [*_WINDOW, 3], "contacts": [*_WINDOW, 4]}


def inbetweener_model(turn: float = 0.3, shift: float = 0.1, per_latent: float = 0.1) -> onnx.ModelProto:
    """Joints turn about their own x by 4 share (1 - share) turn radians, the hips rise by as much of shift metres; the
    latent's sum adds per_latent of both. About x left and right are alike, so the mirror image agrees."""
    nodes = [
        helper.make_node("Sub", ["one", "share"], ["rest"]),
        helper.make_node("Mul", ["share", "rest"], ["both"]),
        helper.make_node("ReduceSum", ["latent", "axis1"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "per_latent"], ["more"]),
        helper.make_node("Add", ["more", "one"], ["size"]),
        helper.make_node("Unsqueeze", ["size", "axis2"], ["sized"]),
        helper.make_node("Mul", ["both", "sized"], ["bumps"]),
        helper.make_node("Split", ["bumps", "parts"], ["joints", "place"], axis=2),
        helper.make_node("Unsqueeze", ["joints", "axis3"], ["deep"]),
        helper.make_node("Mul", ["deep", "turn"], ["turns"]),
        helper.make_node("Mul", ["place", "shift"], ["shifts"]),
        helper.make_node("Mul", ["place", "none"], ["flat"]),
        helper.make_node("Concat", ["flat", "flat", "flat", "flat"], ["contacts"], axis=2),
    ]
    weights = {"one": np.float32(1.0), "per_latent": np.float32(per_latent), "axis1": np.array([1]),
               "axis2": np.array([2]), "axis3": np.array([3]), "parts": np.array([JOINT_COUNT, 1]),
               "turn": np.array([4.0 * turn, 0.0, 0.0], np.float32),
               "shift": np.array([0.0, 0.0, 4.0 * shift], np.float32), "none": np.float32(0.0)}
    graph = helper.make_graph(
        nodes, "window", [helper.make_tensor_value_info(name, kind, shape) for name, (shape, kind) in _INPUTS.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in _OUTPUTS.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()])
    return model_of(graph)


def write_inbetweener(folder: Path, **size: float) -> Path:
    """Write a pack of it; returns its folder."""
    data = inbetweener_model(**size).SerializeToString()
    kinds = {TensorProto.FLOAT: "float32", TensorProto.INT64: "int64"}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(data)
    content = {
        "format": 1, "id": "made-inbetweener", "kind": "motion-inbetweener", "version": "0.1.0",
        "title": "A pack made by a test", "licence": "CC0-1.0", "fps": 30,
        "data": [{"name": "a formula", "licence": "CC0-1.0"}],
        "graphs": [{
            "name": "model", "file": "model.onnx", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
            "opset": 17,
            "inputs": [{"name": name, "shape": shape, "dtype": kinds[kind], "unit": "1"}
                       for name, (shape, kind) in _INPUTS.items()],
            "outputs": [{"name": name, "shape": shape, "dtype": "float32", "unit": "1"}
                        for name, shape in _OUTPUTS.items()]}],
        "skeleton": {"joints": list(CANONICAL.names), "parents": list(CANONICAL.parents),
                     "offsets": np.round(CANONICAL.offsets, 6).tolist()},
        "inbetweener": {"latent": LATENT, "features": SIZE, "spread": [[1.0, 1.0, 1.0]] * JOINT_COUNT,
                        "spread_mean": [[0.0, 0.0, 0.0]] * JOINT_COUNT},
    }
    (folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    return folder
