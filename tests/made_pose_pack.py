# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose-VAE pack that tests make: whatever it is shown, it answers with one pose, every joint turned about its x."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import tomli_w
from made_packs import model_of
from onnx import TensorProto, helper, numpy_helper

from blender_addon.motion.skeleton import CANONICAL, JOINTS

LATENT = 4
TURN = 0.2  # radians
_COUNT = len(JOINTS)
_PORTS = {
    "encoder": ({"rotations": ["batch", _COUNT, 4], "known": ["batch", _COUNT], "places": ["batch", _COUNT, 3],
                 "placed": ["batch", _COUNT]}, {"mean": ["batch", LATENT], "log_spread": ["batch", LATENT]}),
    "decoder": ({"latent": ["batch", LATENT]}, {"rotations": ["batch", _COUNT, 4]}),
}


def _model(name: str) -> onnx.ModelProto:
    inputs, outputs = _PORTS[name]
    pose = np.tile([np.cos(TURN / 2), np.sin(TURN / 2), 0.0, 0.0], _COUNT)
    if name == "encoder":
        weights = {"flat": np.array([-1, 4 * _COUNT]), "none": np.zeros((4 * _COUNT, LATENT), np.float32)}
        nodes = [helper.make_node("Reshape", ["rotations", "flat"], ["row"]),
                 helper.make_node("MatMul", ["row", "none"], ["mean"]),
                 helper.make_node("Neg", ["mean"], ["log_spread"])]
    else:
        weights = {"none": np.zeros((LATENT, 4 * _COUNT), np.float32), "pose": pose.astype(np.float32),
                   "deep": np.array([-1, _COUNT, 4])}
        nodes = [helper.make_node("MatMul", ["latent", "none"], ["zero"]),
                 helper.make_node("Add", ["zero", "pose"], ["row"]),
                 helper.make_node("Reshape", ["row", "deep"], ["rotations"])]
    ports = [[helper.make_tensor_value_info(port, TensorProto.FLOAT, shape) for port, shape in side.items()]
             for side in (inputs, outputs)]
    return model_of(helper.make_graph(nodes, name, *ports, [numpy_helper.from_array(array, key)
                                                            for key, array in weights.items()]))


def write_pose_pack(folder: Path) -> Path:
    """Write it; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    graphs = []
    for name, sides in _PORTS.items():
        data = _model(name).SerializeToString()
        (folder / f"{name}.onnx").write_bytes(data)
        inputs, outputs = ([{"name": port, "shape": shape, "dtype": "float32", "unit": "1"}
                            for port, shape in side.items()] for side in sides)
        graphs.append({"name": name, "file": f"{name}.onnx", "sha256": hashlib.sha256(data).hexdigest(),
                       "bytes": len(data), "opset": 17, "inputs": inputs, "outputs": outputs})
    content = {
        "format": 1, "id": "made-poses", "kind": "pose-vae", "version": "0.1.0", "title": "A pack made by a test",
        "licence": "CC0-1.0", "data": [{"name": "a formula", "licence": "CC0-1.0"}], "graphs": graphs,
        "skeleton": {"joints": list(CANONICAL.names), "parents": list(CANONICAL.parents),
                     "offsets": np.round(CANONICAL.offsets, 6).tolist()},
        "pose": {"latent": LATENT, "usual_error_mm": 10.0, "most_error_mm": 50.0, "most_distance": 2.0},
    }
    (folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    return folder
