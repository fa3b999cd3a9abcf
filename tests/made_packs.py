# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs that tests make: small untrained graphs with the tensors of the real ones, and pack.toml to match."""

import copy
import hashlib
from pathlib import Path

import numpy as np
import onnx
import tomli_w
from onnx import TensorProto, helper, numpy_helper

ACTIONS, STYLES = ["walk", "run", "jump"], ["old", "proud"]
SECONDS_AHEAD = [0.33, 0.67, 1.0]
JOINTS = 22
FEEDBACK = {"state": "next_state", "hidden": "next_hidden", "cell": "next_cell", "root": "next_root"}


def step_model(hidden: int = 16, layers: int = 2, latent: int = 4, state: int = 12, seed: int = 0) -> onnx.ModelProto:
    """A motion generator's graph with random weights: one LSTM step for a batch B, state in and out."""
    rng = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {"rows": np.array([0, -1]), "first": np.array([0]), "second": np.array([1])}
    nodes = []

    def node(operator: str, inputs: str, outputs: str, **attributes) -> None:
        nodes.append(
            helper.make_node(operator, ["" if n == "-" else n for n in inputs.split()], outputs.split(), **attributes)
        )

    def weight(name: str, *shape: int) -> None:
        weights[name] = rng.normal(0, 0.2, shape).astype(np.float32)

    known = state + len(SECONDS_AHEAD) * 4 + len(ACTIONS) + len(STYLES) + latent + 3
    weight("w_in", known, hidden)
    node("Reshape", "trajectory rows", "ahead")
    node("Concat", "state ahead action style latent root", "known", axis=1)
    node("MatMul", "known w_in", "mixed")
    node("Unsqueeze", "mixed first", "x0")
    each = [f"{which}{layer}" for which in "hc" for layer in range(layers)]
    weights["layers"] = np.ones(layers, np.int64)
    node("Split", "hidden layers", " ".join(each[:layers]), axis=0)
    node("Split", "cell layers", " ".join(each[layers:]), axis=0)
    for layer in range(layers):
        for name, inner in (("w", hidden), ("r", hidden)):
            weight(f"{name}{layer}", 1, 4 * hidden, inner)
        weight(f"b{layer}", 1, 8 * hidden)
        gates = f"x{layer} w{layer} r{layer} b{layer} - h{layer} c{layer}"
        node("LSTM", gates, f"y{layer} nh{layer} nc{layer}", hidden_size=hidden)
        node("Squeeze", f"y{layer} second", f"x{layer + 1}")
    node("Concat", " ".join(f"nh{layer}" for layer in range(layers)), "next_hidden", axis=0)
    node("Concat", " ".join(f"nc{layer}" for layer in range(layers)), "next_cell", axis=0)
    parts = [state, 3, 1, JOINTS * 4, 4]
    weight("w_out", hidden, sum(parts))
    weights |= {"parts": np.array(parts), "quats": np.array([0, JOINTS, 4]), "flat": np.array([-1])}
    node("Squeeze", f"x{layers} first", "last")
    node("MatMul", "last w_out", "out")
    node("Split", "out parts", "next_state moved high turned touching", axis=1)
    node("Add", "root moved", "next_root")
    node("Reshape", "high flat", "height")
    node("Reshape", "turned quats", "rotations")
    node("Sigmoid", "touching", "contacts")

    inputs, outputs = step_shapes(hidden, layers, latent, state)
    graph = helper.make_graph(
        nodes,
        "step",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return model_of(graph)


def step_shapes(hidden: int = 16, layers: int = 2, latent: int = 4, state: int = 12) -> tuple[dict, dict]:
    """Inputs and outputs of step_model by name."""
    carried = {"state": ["B", state], "hidden": [layers, "B", hidden], "cell": [layers, "B", hidden], "root": ["B", 3]}
    wished = {"trajectory": ["B", len(SECONDS_AHEAD), 4], "action": ["B", len(ACTIONS)], "style": ["B", len(STYLES)]}
    made = {"height": ["B"], "rotations": ["B", JOINTS, 4], "contacts": ["B", 4]}
    return {**carried, **wished, "latent": ["B", latent]}, {f"next_{name}": at for name, at in carried.items()} | made


def model_of(graph: onnx.GraphProto, opset: int = 17, **extra) -> onnx.ModelProto:
    """The graph as a model of Galatea's opset."""
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, **extra)


def step_inputs(batch: int, seed: int = 1, **sizes: int) -> dict[str, np.ndarray]:
    """Random inputs for step_model."""
    rng = np.random.default_rng(seed)
    shapes, _ = step_shapes(**sizes)
    return {
        name: rng.normal(size=[batch if size == "B" else size for size in shape]).astype(np.float32)
        for name, shape in shapes.items()
    }


def pack_table(model: onnx.ModelProto, latent: int = 4) -> dict:
    """pack.toml for a model made by step_model, whose bytes are model.SerializeToString()."""
    data = model.SerializeToString()
    return {
        "format": 1,
        "id": "made",
        "kind": "motion-generator",
        "version": "0.1.0",
        "title": "A pack made by a test",
        "licence": "CC0-1.0",
        "data": [{"name": "random numbers", "licence": "CC0-1.0"}],
        "graphs": [
            {
                "name": "model",
                "file": "model.onnx",
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
                "opset": 17,
                "inputs": [_port(value) for value in model.graph.input],
                "outputs": [_port(value) for value in model.graph.output],
            }
        ],
        "fps": 30,
        "skeleton": {
            "joints": [f"Joint{number}" for number in range(JOINTS)],
            "parents": list(range(-1, JOINTS - 1)),
            "offsets": [[0.0, 0.0, 0.1]] * JOINTS,
        },
        "generator": {
            "actions": list(ACTIONS),
            "styles": list(STYLES),
            "latent": latent,
            "warmup_frames": 10,
            "latent_frames": 16,
            "trajectory_seconds": list(SECONDS_AHEAD),
            "natural_speed": {"walk": 1.3, "run": 3.0, "jump": 0.5},
        },
    }


def _port(value: onnx.ValueInfoProto) -> dict:
    shape = [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
    return {"name": value.name, "shape": shape, "dtype": "float32", "unit": "1"}


def write_pack(folder: Path, model: onnx.ModelProto | None = None, **changes) -> Path:
    """Write a pack that is in order, but for `changes` to pack.toml's top level; returns its folder."""
    model = model or step_model()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "pack.toml").write_bytes(tomli_w.dumps(copy.deepcopy(pack_table(model)) | changes).encode())
    return folder
