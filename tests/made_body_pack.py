# SPDX-License-Identifier: GPL-3.0-or-later
"""A body-VAE pack whose graphs are formulas: latent 1 makes all larger, latent 2 all wider."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import tomli_w
from made_people import GIRTHS
from onnx import TensorProto, helper, numpy_helper

from blender_addon.character.measurements import INDEX, NAMES, WEIGHT, average

LATENT, COUNT = 3, len(NAMES)
_MEASURES, _ABOUT, _CODE = ["batch", COUNT], ["batch", 4], ["batch", LATENT]
_PORTS = {
    "encoder": ({"measures": _MEASURES, "known": _MEASURES, "about": _ABOUT, "given": _ABOUT},
                {"mean": _CODE, "log_spread": _CODE, "detail": _MEASURES}),
    "decoder": ({"latent": _CODE, "detail": _MEASURES, "about": _ABOUT, "given": _ABOUT},
                {"measures": _MEASURES, "who": _ABOUT}),
}


def _nodes(name: str) -> tuple[list, dict[str, np.ndarray]]:
    node = helper.make_node
    if name == "encoder":
        weights = {"none": np.zeros((COUNT, LATENT), np.float32), "little": np.float32([-2.0])}
        return [node("Mul", ["measures", "known"], ["told"]), node("MatMul", ["told", "none"], ["mean"]),
                node("Add", ["mean", "little"], ["log_spread"]), node("Sub", ["told", "told"], ["detail"])], weights
    # exp(log of the mean + size + girth); who: as given, else 0 and the mean's
    slopes = np.zeros((LATENT, COUNT))
    slopes[1], slopes[2] = 0.03, 0.04 * GIRTHS
    slopes[1, INDEX[WEIGHT]] = 0.07
    slopes[2, INDEX[WEIGHT]] = 0.08
    mean = average(0.5)
    weights = {"usual": np.log(mean.measured).astype(np.float32)[None], "slopes": slopes.astype(np.float32),
               "few": np.float32([0.002]), "one": np.float32([1.0]),
               "who_usual": np.float32([[0.0, mean["stature"], mean[WEIGHT], 30.0]])}
    return [node("MatMul", ["latent", "slopes"], ["moved"]), node("Mul", ["detail", "few"], ["little"]),
            node("Add", ["moved", "little"], ["away"]), node("Add", ["away", "usual"], ["logs"]),
            node("Exp", ["logs"], ["measures"]), node("Mul", ["about", "given"], ["asked"]),
            node("Sub", ["one", "given"], ["open"]), node("Mul", ["open", "who_usual"], ["filled"]),
            node("Add", ["asked", "filled"], ["who"])], weights


def _graph(name: str) -> bytes:
    nodes, weights = _nodes(name)
    ports = [[helper.make_tensor_value_info(port, TensorProto.FLOAT, shape) for port, shape in side.items()]
             for side in _PORTS[name]]
    made = helper.make_model(helper.make_graph(nodes, name, *ports, [numpy_helper.from_array(array, key) for key, array
                                                                     in weights.items()]),
                             opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made.SerializeToString()


def body_content() -> dict:
    """Its pack.toml, before the graphs are written."""
    mean = average(0.5).measured
    return {
        "format": 1, "id": "made-bodies", "kind": "body-vae", "version": "0.1.0", "title": "A pack made by a test",
        "licence": "CC0-1.0", "data": [{"name": "a formula", "licence": "CC0-1.0"}],
        "graphs": [{"name": name, "file": f"{name}.onnx", "sha256": "0" * 64, "bytes": 1, "opset": 17,
                    **{key: [{"name": port, "shape": shape, "dtype": "float32", "unit": "1"}
                             for port, shape in side.items()]
                       for key, side in zip(("inputs", "outputs"), sides, strict=True)}}
                   for name, sides in _PORTS.items()],
        "body": {"latent": LATENT, "code": 1, "model": "components", "names": list(NAMES),
                 "units": ["kg" if name == WEIGHT else "m" for name in NAMES], "mean": mean.tolist(),
                 "spread": (0.05 * mean).tolist(), "about": ["sex", "stature", "weight", "age"],
                 "ranges": {"sex": [0.0, 1.0], "stature": [1.41, 1.99], "weight": [36.0, 144.0],
                            "age": [17.0, 58.0]}},
    }


def write_body_pack(folder: Path) -> Path:
    """Write it; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = body_content()
    for table in content["graphs"]:
        data = _graph(table["name"])
        (folder / table["file"]).write_bytes(data)
        table |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    return folder
