# SPDX-License-Identifier: GPL-3.0-or-later
"""A texture-generator pack that tests make: smooth blobs on a torus, coloured by class, seed, style and direction."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import tomli_w
from made_packs import model_of
from onnx import TensorProto, helper, numpy_helper

CLASSES = ("skin", "leather", "chainmail", "stone")
COLOURS = np.array([[0.80, 0.58, 0.48], [0.42, 0.25, 0.15], [0.62, 0.64, 0.68], [0.50, 0.50, 0.46]], np.float32)
METALLIC = np.array([0.02, 0.02, 0.90, 0.02], np.float32)  # about
LOOKS = {
    "skin": {"tile_metres": 0.02, "relief": 0.02, "lattice": False, "metallic": False, "subsurface": 0.15,
             "procedural": True},
    "leather": {"tile_metres": 0.04, "relief": 0.03, "lattice": False, "metallic": False, "subsurface": 0.0,
                "procedural": True},
    "chainmail": {"tile_metres": 0.06, "relief": 0.08, "lattice": True, "metallic": True, "subsurface": 0.0,
                  "procedural": True},
    "stone": {"tile_metres": 1.0, "relief": 0.05, "lattice": False, "metallic": False, "subsurface": 0.0,
              "procedural": False, "credit": "a formula"},
}
LATENT, STYLE, STAGES, CELL, CHANNELS, TILE = 8, 8, 5, 32, 8, 128
REACH = 32  # one pixel at each of five doublings, 16 to 1, and one for the slope
FIELDS = 4  # height, roughness, colour, metal
_K = len(CLASSES)
PORTS = {
    "mapping": ({"latent": ["B", LATENT], "class": ["B", _K], "truncation": ["B"]}, {"style": ["B", STYLE]}),
    "model": ({"noise": ["B", CHANNELS, "h", "w"], "grain": ["B", 1, "H", "W"], "style": ["B", STAGES, STYLE],
               "class": ["B", _K]},
              {"albedo": ["B", 3, "H", "W"], "normal": ["B", 3, "H", "W"], "roughness": ["B", 1, "H", "W"],
               "metallic": ["B", 1, "H", "W"], "height": ["B", 1, "H", "W"]}),
    "encoder": ({"picture": ["B", 3, TILE, TILE]},
                {"mean": ["B", LATENT], "log_spread": ["B", LATENT], "class": ["B", _K]}),
}


class _Builder:
    """Nodes and weights of a graph, put down one after another."""

    def __init__(self, seed: int = 0) -> None:
        self.rng, self.nodes, self.weights = np.random.default_rng(seed), [], {}

    def __call__(self, operator: str, inputs: str, output: str, **attributes) -> str:
        names = ["" if name == "-" else name for name in inputs.split()]
        self.nodes.append(helper.make_node(operator, names, output.split(), **attributes))
        return output

    def weight(self, name: str, value) -> str:
        value = np.asarray(value)
        self.weights[name] = value.astype(np.float32) if value.dtype.kind == "f" else value
        return name

    def drawn(self, name: str, *shape: int) -> str:
        return self.weight(name, self.rng.normal(0.0, 1.0, shape) / np.sqrt(shape[0]))

    def ring(self, name: str, output: str) -> str:
        """Pad one pixel all around with what is on the other side."""
        for axis in (2, 3):
            for part, begin, end in (("last", [-1], [2**62]), ("first", [0], [1])):
                ends = [self.weight(f"{output}{axis}{part}{key}", np.array(at))
                        for key, at in (("b", begin), ("e", end), ("a", [axis]))]
                self("Slice", f"{name} {' '.join(ends)}", f"{output}{axis}{part}")
            name = self("Concat", f"{output}{axis}last {name} {output}{axis}first", f"{output}{axis}", axis=axis)
        return name

    def column(self, name: str, output: str) -> str:
        """[B, N] as [B, N, 1, 1]."""
        self.weight("pixel", np.array([2, 3]))
        return self("Unsqueeze", f"{name} pixel", output)

    def model(self, name: str) -> onnx.ModelProto:
        inputs, outputs = ([helper.make_tensor_value_info(port, TensorProto.FLOAT, shape)
                            for port, shape in side.items()] for side in PORTS[name])
        return model_of(helper.make_graph(self.nodes, name, inputs, outputs, [
            numpy_helper.from_array(value, key) for key, value in self.weights.items()]))


def mapping_model() -> onnx.ModelProto:
    """Style: a draw's own, as far as truncation lets it, on top of its class's."""
    put = _Builder(1)
    put("MatMul", f"latent {put.drawn('of_latent', LATENT, STYLE)}", "mixed")
    put("Tanh", "mixed", "bent")
    put("Unsqueeze", f"truncation {put.weight('one', np.array([1]))}", "share")
    put("Mul", "bent share", "own")
    put("MatMul", f"class {put.weight('of_class', 0.2 * put.rng.normal(size=(_K, STYLE)))}", "mean")
    put("Add", "own mean", "style")
    return put.model("mapping")


def texture_model() -> onnx.ModelProto:
    """Five doublings of a cell's noise, smoothed around the torus and scaled by a stage's style after each."""
    put = _Builder(2)
    put("Conv", f"noise {put.weight('begin', put.rng.normal(size=(FIELDS, CHANNELS, 1, 1)) / np.sqrt(CHANNELS))}", "x0")
    put.weight("double", np.array([1.0, 1.0, 2.0, 2.0], np.float32))
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16.0
    put.weight("smooth", np.broadcast_to(kernel, (FIELDS, 1, 3, 3)).copy())
    put.weight("half", np.float32(0.5))
    put.weight("unit", np.float32(1.0))
    for stage in range(STAGES):
        put("Resize", f"x{stage} - double", f"up{stage}", mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        put("Conv", f"{put.ring(f'up{stage}', f'ring{stage}')} smooth", f"soft{stage}", group=FIELDS)
        put("Gather", f"style {put.weight(f'at{stage}', np.int64(stage))}", f"style{stage}", axis=1)
        put("MatMul", f"style{stage} {put.drawn(f'scale{stage}', STYLE, FIELDS)}", f"by{stage}")
        put("Tanh", f"by{stage}", f"tanh{stage}")
        put("Mul", f"tanh{stage} half", f"half{stage}")
        put("Add", f"half{stage} unit", f"times{stage}")
        put("Mul", f"soft{stage} {put.column(f'times{stage}', f'wide{stage}')}", f"x{stage + 1}")
    put.weight("parts", np.array([1] * FIELDS))
    put("Split", f"x{STAGES} parts", "bumps shine tint metal", axis=1)
    # the last stage's style: its first number makes rougher, its second lighter
    put.weight("two", np.array([1, 1, STYLE - 2]))
    put("Split", f"style{STAGES - 1} two", "rougher lighter others", axis=1)
    put("Mul", f"grain {put.weight('little', np.float32(0.05))}", "dust")

    put("Mul", f"bumps {put.weight('steep', np.float32(2.0))}", "steeply")
    put("Add", "steeply dust", "raised")
    put("Sigmoid", "raised", "height")
    put("Add", f"shine {put.column('rougher', 'rough')}", "shining")
    put("Sigmoid", "shining", "roughness")
    put("MatMul", f"class {put.weight('metals', 2.0 * METALLIC[:, None])}", "metals1")
    put("Mul", f"metal {put.weight('tenth', np.float32(0.1))}", "metal1")
    put("Sigmoid", "metal1", "metal2")
    put("Mul", f"metal2 {put.column('metals1', 'metals2')}", "metallic")
    put("MatMul", f"class {put.weight('colours', COLOURS)}", "colour")
    put("Add", f"tint {put.column('lighter', 'light')}", "tinted")
    put("Add", "tinted dust", "dusty")
    put("Sigmoid", "dusty", "shade")
    put("Add", "shade half", "bright")
    put("Mul", f"bright {put.column('colour', 'paint')}", "painted")
    put("Clip", f"painted {put.weight('zero', np.float32(0.0))} unit", "albedo")

    # central differences around the torus: slope to the right, slope upwards
    slopes = np.zeros((2, 1, 3, 3), np.float32)
    slopes[0, 0, 1, 0], slopes[0, 0, 1, 2] = -0.5, 0.5
    slopes[1, 0, 0, 1], slopes[1, 0, 2, 1] = 0.5, -0.5
    put("Conv", f"{put.ring('height', 'around')} {put.weight('slopes', slopes)}", "slope")
    relief = np.array([[LOOKS[name]["relief"] * TILE] for name in CLASSES], np.float32)
    put("MatMul", f"class {put.weight('reliefs', relief)}", "deep")
    put("Mul", f"slope {put.column('deep', 'deeply')}", "leaning")
    put("Neg", "leaning", "flat")
    put("Mul", "height zero", "none")
    put("Add", "none unit", "up")
    put("Concat", "flat up", "vector", axis=1)
    put("ReduceL2", "vector", "length", axes=[1], keepdims=1)
    put("Div", "vector length", "normal")
    return put.model("model")


def encoder_model() -> onnx.ModelProto:
    """A picture's mean colour: its class is the nearest, its latent whatever goes with it."""
    put = _Builder(3)
    put("ReduceMean", "picture", "mean_colour", axes=[2, 3], keepdims=0)
    put("MatMul", f"mean_colour {put.drawn('of_colour', 3, LATENT)}", "mean")
    put("Mul", f"mean {put.weight('none', np.float32(0.0))}", "log_spread")
    put("MatMul", f"mean_colour {put.weight('towards', 200.0 * COLOURS.T)}", "near")
    put("Sub", f"near {put.weight('own', 100.0 * (COLOURS**2).sum(axis=1))}", "nearness")
    put("Softmax", "nearness", "class", axis=1)
    return put.model("encoder")


DIRECTIONS = [{"name": "rougher", "vector": [1.0] + [0.0] * (STYLE - 1), "range": [-3.0, 3.0]},
              {"name": "lighter", "vector": [0.0, 1.0] + [0.0] * (STYLE - 2), "range": [-3.0, 3.0]}]


def write_texture_pack(folder: Path, **changes) -> Path:
    """Write a pack that is in order, but for `changes` to the table [texture]; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    graphs = []
    for name, file, model in (("mapping", "mapping.onnx", mapping_model()), ("model", "model.onnx", texture_model()),
                              ("encoder", "encoder.onnx", encoder_model())):
        data = model.SerializeToString()
        (folder / file).write_bytes(data)
        inputs, outputs = ([{"name": port, "shape": shape, "dtype": "float32", "unit": "1"}
                            for port, shape in side.items()] for side in PORTS[name])
        graphs.append({"name": name, "file": file, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
                       "opset": 17, "inputs": inputs, "outputs": outputs})
    content = {
        "format": 1, "id": "made-textures", "kind": "texture-generator", "version": "0.1.0",
        "title": "A pack made by a test", "licence": "CC0-1.0", "data": [{"name": "a formula", "licence": "CC0-1.0"}],
        "graphs": graphs,
        "texture": {"classes": list(CLASSES), "latent": LATENT, "style": STYLE, "stages": STAGES, "cell": CELL,
                    "noise_channels": CHANNELS, "texels_per_tile": TILE, "reach": REACH, "looks": LOOKS,
                    "directions": DIRECTIONS} | changes,
    }
    (folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    return folder
