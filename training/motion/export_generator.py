# SPDX-License-Identifier: GPL-3.0-or-later
"""From a training run to a model pack: `python -m training export motion-generator --run DIR --out models/NAME`."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import tomli_w
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from blender_addon.errors import GalateaError
from blender_addon.motion import state_features as features
from blender_addon.motion.legs import joints_of_legs
from blender_addon.motion.skeleton import CANONICAL

from .calibrate import calibrate
from .card import CMU_CREDIT, data_table, write_card
from .clips import FPS
from .corpus import ONCE
from .generator import LATENT_FRAMES, TRAJECTORY_SECONDS, Generator, GeneratorShape, sixd_to_matrix
from .pack_weights import rename_initialisers
from .train_generator import told_command

OPSET = 17
WARM_UP_FRAMES = 60
# How much of its distance from the average pose the body forgets each frame. The pose is kept as a running sum, and
# what the losses of two seconds do not feel adds up over minutes: without this, knees bend backwards after one.
_LEAK = 0.003
# How far takes are held otherwise, in units of bearing.py, and stand otherwise, in those of stance.py: such that takes
# differ about as much as real ones do (the card's diversity). Runs were learnt from six clips, all alike; moves that
# have a beginning and an end differ enough by themselves.
_HELD = 1.0
_BEARING = {"run": 1.5, "dance": 0.5, "sit": 0.5, "stand": 0.5, "turn": 0.5, "jump": 0.0, "kick": 0.0, "punch": 0.0}
_STANDS = ("gesture", "idle", "laugh", "stand", "stretch", "wave")
_LEGS = joints_of_legs().ravel().tolist()  # thighs, shins, feet, toes; the left one first
_HALF_FROM = 1024  # numbers; a smaller tensor is not worth a Cast, and mean and spread of the state keep their digits


class Step(nn.Module):
    """The graph that ships: one frame for a batch, from what the caller keeps to what it keeps next.

    Inputs and outputs are those of pack.toml; a trajectory whose first facing is (0, 0) is not followed.
    """

    def __init__(self, model: Generator):
        super().__init__()
        self.model = model
        lstm = nn.LSTM(model.shape.hidden, model.shape.hidden, model.shape.layers)
        with torch.no_grad():
            for layer, trained in enumerate(model.cells):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(lstm, f"{name}_l{layer}").copy_(getattr(trained, name))
        self.lstm = lstm
        self.register_buffer("outer", torch.tensor(_OUTER.reshape(9, 16)))
        self.register_buffer("outer_one", torch.tensor(np.eye(4, dtype=np.float32).reshape(16)))

    def forward(self, state: Tensor, hidden: Tensor, cell: Tensor, root: Tensor, held: Tensor, trajectory: Tensor,
                action: Tensor, style: Tensor, latent: Tensor, fresh: Tensor) -> tuple[Tensor, ...]:
        """The outputs in the order of OUTPUTS."""
        model = self.model
        if model.shape.styles == 0:
            style = style.sum(dim=1, keepdim=True)
        meaning = model.meaning(action, style)
        follow = trajectory[:, 0, 2:].square().sum(-1, keepdim=True)
        goal = model.goal(root, trajectory, follow)
        mean, log_spread = model.latent_prior(hidden[-1], state, goal, meaning)
        held = held + fresh * (mean + latent * torch.exp(log_spread) - held)
        both, gain, shift = model.condition(meaning, held)
        signal = model.encode(state, goal, both)
        signal, (hidden, cell) = self.lstm(signal[None], (hidden, cell))
        before, began = state * model.scale + model.mean, root
        state = model.decode(state, signal[0], gain, shift)
        root = model.move(state, root)
        raw = state * model.scale + model.mean
        root = self.stood(before, began, raw, root, follow)
        return (state, hidden, cell, root, held, raw[:, features.HEIGHT.start],
                self.rotations(raw[:, features.ROTATIONS], root[:, 2]), raw[:, features.CONTACTS].clamp(0.0, 1.0))

    def stood(self, before: Tensor, began: Tensor, raw: Tensor, root: Tensor, follow: Tensor) -> Tensor:
        """Root (B, 3) such that feet which stand in both frames stay where they are: who follows no path goes where the
        feet take them, as those do whose way is reckoned from their feet (Yi et al. 2021, TransPose)."""
        stands, there, here = (before[:, features.CONTACTS], _feet(before, began), _feet(raw, root))
        stands = torch.clamp(2.0 * torch.minimum(stands, raw[:, features.CONTACTS]) - 1.0, 0.0, 1.0)
        slid = (stands[..., None] * (here - there)).sum(1) / torch.clamp(stands.sum(-1, keepdim=True), min=1.0)
        return torch.cat([root[:, :2] - slid * (1.0 - follow), root[:, 2:]], dim=-1)

    def rotations(self, sixd: Tensor, heading: Tensor) -> Tensor:
        """Local quaternions (B, 22, 4), w first and not negative, the hips' with the heading."""
        matrix = sixd_to_matrix(sixd.reshape(-1, 22, 6))
        # q qT is linear in the matrix; its column with the largest diagonal is q but for length and sign
        outer = (matrix.flatten(-2) @ self.outer + self.outer_one).reshape(-1, 22, 4, 4)
        diagonal = (outer * torch.eye(4)).sum(-1)
        best = diagonal.argmax(dim=-1, keepdim=True)
        column = outer.gather(2, best[..., None].expand(-1, -1, 1, 4))[:, :, 0]
        quat = column / column.square().sum(-1, keepdim=True).sqrt()
        w, x, y, z = quat[:, :1].unbind(-1)
        cos, sin = torch.cos(heading / 2.0)[:, None], torch.sin(heading / 2.0)[:, None]
        hips = torch.stack([cos * w - sin * z, cos * x - sin * y, cos * y + sin * x, cos * z + sin * w], dim=-1)
        quat = torch.cat([hips, quat[:, 1:]], dim=1)
        return quat * (1.0 - 2.0 * (quat[..., :1] < 0.0).float())


def _feet(raw: Tensor, root: Tensor) -> Tensor:
    """(B, 4, 2) metres over the ground of CONTACT_JOINTS, out of the rotations of states (B, S) as they are, and roots:
    the joints' places in a state are foretold beside them, and jitter."""
    turns = sixd_to_matrix(raw[:, features.ROTATIONS].reshape(-1, len(CANONICAL.names), 6)[:, [0, *_LEGS]])
    hips = turns[:, :1]
    thighs = hips @ turns[:, 1:3]
    shins = thighs @ turns[:, 3:5]
    ankles = hips @ _offset(_LEGS[:2]) + thighs @ _offset(_LEGS[2:4]) + shins @ _offset(_LEGS[4:6])
    toes = ankles + shins @ turns[:, 5:7] @ _offset(_LEGS[6:])
    x, y, _ = torch.stack([ankles, toes], dim=2).reshape(-1, 4, 3).unbind(-1)
    cos, sin = torch.cos(root[:, 2:]), torch.sin(root[:, 2:])
    return torch.stack([cos * x - sin * y + root[:, :1], sin * x + cos * y + root[:, 1:2]], dim=-1)


def _offset(joints: list[int]) -> Tensor:
    """(2, 3, 1) metres of joints from their parents."""
    return torch.tensor(CANONICAL.offsets[joints], dtype=torch.float32)[..., None]


def _outer_product() -> np.ndarray:
    """(3, 3, 4, 4): the part of 4 q qT, but for the unit matrix, that each element of a rotation matrix gives."""
    table = np.zeros((3, 3, 4, 4), dtype=np.float32)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        table[i, i, 0, 0] = 1.0
        for d in range(3):
            table[i, i, d + 1, d + 1] = 1.0 if d == i else -1.0
        table[k, j, 0, i + 1] = table[k, j, i + 1, 0] = 1.0
        table[j, k, 0, i + 1] = table[j, k, i + 1, 0] = -1.0
        for a, b in ((j, k), (k, j)):
            table[a, b, j + 1, k + 1] = table[a, b, k + 1, j + 1] = 1.0
    return table


_OUTER = _outer_product()


def load_run(run: Path) -> tuple[Generator, dict, dict]:
    """The averaged model of a run, what it was trained on, and its checkpoint's figures."""
    try:
        about = json.loads((run / "corpus.json").read_text())
        saved = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{run}: not a training run with a checkpoint ({type(error).__name__}); train one with "
                           "`python -m training train motion-generator`") from error
    size = GeneratorShape(**saved["shape"])
    model = Generator(size, *(np.zeros(size.state),) * 3)
    model.load_state_dict(saved["averaged"])
    model.carried *= 1.0 - _LEAK
    return model.eval(), about, {"step": saved["step"], "seconds": saved["seconds"]}


def export(run: Path, out: Path, limits: Sequence[str] = (), title: str = "", licence: str = "",
           data: Path | None = None) -> None:
    """Write model.onnx, pack.toml and README.md into `out`.

    limits: its weak spots in words, for the card. title: one line; its actions where empty. licence: of the weights;
    unknown where empty. data: the prepared clips it was trained on; with them, it is calibrated (calibrate.py).
    """
    model, about, training = load_run(run)
    round_weights(model)
    graph = to_onnx(Step(model).eval())
    out.mkdir(parents=True, exist_ok=True)
    graph_bytes = graph.SerializeToString()
    (out / "model.onnx").write_bytes(graph_bytes)
    content = pack_content(model, about, training, graph_bytes, out.name)
    content |= {"title": title or f"Motion for a humanoid: {', '.join(about['actions'])}"}
    content |= {"licence": licence or "unknown: ask who made the clips"}
    content |= {"limits": list(limits)} if limits else {}
    (out / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    if data:
        calibrate(out, data)
    write_card(out)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{out}: {len(graph_bytes) / 1e6:.1f} MB, {parameters / 1e6:.2f} M parameters")


def round_weights(model: nn.Module) -> None:
    """Round what ships as float16, so that torch computes with the very weights of the graph."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() >= _HALF_FROM:
                parameter.copy_(parameter.half().float())


def example_inputs(model: Generator, batch: int) -> dict[str, Tensor]:
    """Inputs to start with: nothing known yet, the first action, straight ahead on the spot."""
    shape = model.shape
    state = torch.zeros(shape.layers, batch, shape.hidden)
    facing = torch.tensor([0.0, -1.0, 0.0, -1.0]).expand(batch, len(TRAJECTORY_SECONDS), 4).clone()
    return {
        "state": torch.zeros(batch, shape.state), "hidden": state, "cell": state.clone(),
        "root": torch.zeros(batch, 3), "held": torch.zeros(batch, shape.latent), "trajectory": facing,
        "action": torch.eye(shape.actions)[:1].repeat(batch, 1), "style": torch.zeros(batch, shape.styles),
        "latent": torch.randn(batch, shape.latent, generator=torch.Generator().manual_seed(0)),
        "fresh": torch.ones(batch, 1),
    }


OUTPUTS = ("next_state", "next_hidden", "next_cell", "next_root", "next_held", "height", "rotations", "contacts")


def to_onnx(step: Step) -> onnx.ModelProto:
    """The step as an ONNX graph with a free batch size, its large weights stored as float16."""
    inputs = example_inputs(step.model, batch=2)
    free = {name: {1 if name in ("hidden", "cell") else 0: "batch"} for name in inputs}
    free |= {name: {1 if name in ("next_hidden", "next_cell") else 0: "batch"} for name in OUTPUTS}
    file = io.BytesIO()
    with warnings.catch_warnings():
        # the newer exporter fixes the sizes of LSTM outputs (pytorch 191855), so the older one stays until it does not
        warnings.simplefilter("ignore")
        torch.onnx.export(step, tuple(inputs.values()), file, input_names=list(inputs), output_names=list(OUTPUTS),
                          dynamic_axes=free, opset_version=OPSET, dynamo=False, do_constant_folding=True)
    graph = onnx.load_from_string(file.getvalue())
    rename_initialisers(graph, step.model)
    halve(graph)
    _declare_shapes(graph, step.model.shape)
    onnx.checker.check_model(graph)
    return graph


def halve(model: onnx.ModelProto) -> None:
    """Store large float32 weights as float16 with a Cast; onnxruntime folds it when the graph is opened."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _HALF_FROM:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name + "_half")
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], name=f"cast_{tensor.name}",
                                      to=TensorProto.FLOAT))
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)


def _declare_shapes(model: onnx.ModelProto, shape: GeneratorShape) -> None:
    """Write the outputs' true shapes; the exporter leaves some open."""
    declared = tensors(shape)
    for value in (*model.graph.input, *model.graph.output):
        dims = declared["inputs" if value in model.graph.input else "outputs"][value.name]["shape"]
        del value.type.tensor_type.shape.dim[:]
        for size in dims:
            dim = value.type.tensor_type.shape.dim.add()
            if isinstance(size, str):
                dim.dim_param = size
            else:
                dim.dim_value = size


def tensors(shape: GeneratorShape) -> dict[str, dict[str, dict]]:
    """Inputs and outputs of the graph as pack.toml lists them, by name."""
    memory = [shape.layers, "batch", shape.hidden]
    kept = {
        "state": (["batch", shape.state], "normalised; zeros to begin with"),
        "hidden": (memory, "zeros to begin with"),
        "cell": (memory, "zeros to begin with"),
        "root": (["batch", 3], "x, y in metres; heading in radians about Z, 0 facing -Y"),
        "held": (["batch", shape.latent], "the latent that holds; zeros to begin with"),
    }
    inputs = kept | {
        "trajectory": (["batch", len(TRAJECTORY_SECONDS), 4],
                       "wanted x, y in metres and facing dx, dy in the world; facing 0, 0 is not followed"),
        "action": (["batch", shape.actions], "weights that sum to 1"),
        "style": (["batch", shape.styles], "weights; zeros for none"),
        "latent": (["batch", shape.latent], "a draw from the unit normal, heard where fresh"),
        "fresh": (["batch", 1], f"1 in the first of every {LATENT_FRAMES} frames, else 0"),
    }
    outputs = {f"next_{name}": kept[name] for name in kept} | {
        "height": (["batch"], "of the hips, metres"),
        "rotations": (["batch", 22, 4], "local quaternions w, x, y, z; the hips' in the world"),
        "contacts": (["batch", 4], "LeftFoot, LeftToe, RightFoot, RightToe, probability"),
    }
    return {kind: {name: {"name": name, "shape": dims, "dtype": "float32", "unit": unit}
                   for name, (dims, unit) in table.items()} for kind, table in
            (("inputs", inputs), ("outputs", outputs))}


def pack_content(model: Generator, about: dict, training: dict, data: bytes, name: str) -> dict:
    """pack.toml as a dictionary."""
    listed = tensors(model.shape)
    base = about.get("base", {})  # the pack that was taught more
    own = sorted({clip["sha256"] for clip in about["clips"]})
    base_data = base.get("data", []) if not {*base.get("clips", [])} <= {*own} else []
    before = about.get("before", {})  # the runs that this one went on from
    return {
        "format": 1, "id": name, "kind": "motion-generator", "version": "0.4.0",
        "title": "", "licence": "", "fps": int(FPS),
        "data": data_table(about["clips"]) + base_data,
        "graphs": [{"name": "model", "file": "model.onnx", "sha256": hashlib.sha256(data).hexdigest(),
                    "bytes": len(data), "opset": OPSET, "inputs": list(listed["inputs"].values()),
                    "outputs": list(listed["outputs"].values())}],
        "skeleton": {"joints": list(CANONICAL.names), "parents": list(CANONICAL.parents),
                     "offsets": np.round(CANONICAL.offsets, 6).tolist()},
        "generator": {"actions": about["actions"], "styles": about["styles"], "latent": model.shape.latent,
                      "warmup_frames": WARM_UP_FRAMES, "latent_frames": LATENT_FRAMES,
                      "cyclic": [a for a in about["actions"] if about["speed"][a] > 0.0],
                      "bearing": {a: _BEARING.get(a, _HELD) for a in about["actions"]},
                      "stance": {a: _BEARING.get(a, _HELD) for a in about["actions"] if a in _STANDS},
                      "once": [a for a in about["actions"] if a in about.get("once", ONCE)],
                      "state_mean": numbers(model.mean), "state_scale": numbers(model.scale),
                      "trajectory_seconds": [round(s, 6) for s in TRAJECTORY_SECONDS],
                      "natural_speed": {a: round(s, 3) for a, s in about["speed"].items()},
                      "joint_limits": about["joint_limits"]},
        "training": {
            "command": "`, then `".join([*before.get("commands", ()), told_command(about, f"runs/{name}")]),
            "hardware": about.get("hardware", "unknown"),
            "seconds": round(training["seconds"] + before.get("seconds", 0.0)),
            "steps": training["step"] + before.get("steps", 0), "shape": model.shape.as_dict(),
            "clips": sorted({*own, *base.get("clips", [])})},
        "metrics": {},
    }


def numbers(values: Tensor) -> list[float]:
    """For a table, with the digits that float32 has."""
    return [float(f"{value:.7g}") for value in values.tolist()]


__all__ = ["CMU_CREDIT", "Step", "example_inputs", "export", "halve", "load_run", "round_weights", "to_onnx"]
