# SPDX-License-Identifier: GPL-3.0-or-later
"""From a training run to a model pack: `python -m training export motion-inbetweener --run DIR --out models/NAME`."""

from __future__ import annotations

import csv
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
from torch import Tensor, nn

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.motion.inbetween_features import CHANNELS, JOINT_COUNT, SIZE
from blender_addon.motion.skeleton import CANONICAL

from .calibrate_variants import calibrate
from .card import data_table, write_card
from .clips import FPS
from .export_generator import OPSET, halve, round_weights
from .inbetweener import Inbetweener, InbetweenerShape, Together, network_of
from .pack_weights import rename_initialisers

INPUTS = ("features", "before", "after", "share", "latent")
OUTPUTS = ("turns", "shifts", "contacts")


class Window(nn.Module):
    """The graph that ships: a window at once, contacts as probabilities."""

    def __init__(self, model: Inbetweener | Together):
        super().__init__()
        self.model = model

    def forward(self, features: Tensor, before: Tensor, after: Tensor, share: Tensor, latent: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """The outputs in the order of OUTPUTS."""
        turns, shifts, contacts = self.model(features, before, after, share, latent)
        return turns, shifts, torch.sigmoid(contacts)


def load_run(run: Path) -> tuple[Inbetweener, dict, dict]:
    """The weights of a run that did best on held-out clips, what it was trained on, and their step and seconds."""
    try:
        about = json.loads((run / "corpus.json").read_text())
        saved = torch.load(run / "best.pt", map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{run}: not a training run with weights ({type(error).__name__}); train one with "
                           "`python -m training train motion-inbetweener`") from error
    return network_of(saved).eval(), about, {"step": saved["step"], "seconds": saved["seconds"]}


def export(run: Path, out: Path, limits: Sequence[str] = (), compare: Sequence[Path] = (),
           others: Sequence[Path] = (), data: Path | None = None) -> None:
    """Write model.onnx, pack.toml and README.md into `out`.

    limits: its weak spots in words, compare: runs on a share of the clips, both for the card. others: runs of the same
    size whose networks go into the graph too; it says the mean. data: the prepared clips it was trained on; with them,
    it is found out how widely its variants are to be drawn (calibrate_variants.py).
    """
    model, about, training = _with_what_came_before(run, out.name)
    about["curves"]["data"] = [by_data(other) for other in compare]
    if others:
        beside = [_with_what_came_before(other, other.name, about.get("start")) for other in others]
        model = Together([model, *(other for other, _, _ in beside)])
        about["command"] += "".join(f"`, beside it `{told['command']}" for _, told, _ in beside)
        training = {name: training[name] + sum(other[name] for *_, other in beside) for name in training}
    round_weights(model)
    graph = to_onnx(model)
    out.mkdir(parents=True, exist_ok=True)
    graph_bytes = graph.SerializeToString()
    (out / "model.onnx").write_bytes(graph_bytes)
    content = pack_content(model, about, training, graph_bytes, out.name)
    content |= {"limits": list(limits)} if limits else {}
    (out / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    if data:
        calibrate(out, data)
    write_card(out)
    millions = sum(weights.numel() for weights in model.parameters()) / 1e6
    print(f"{out}: {len(graph_bytes) / 1e6:.1f} MB, {millions:.2f} M parameters")


def _with_what_came_before(run: Path, name: str, told: str | None = None) -> tuple[Inbetweener, dict, dict]:
    """A run as `load_run` has it, with its curve and command, and those of the one that it went on from, unless that is
    told already."""
    model, about, training = load_run(run)
    about |= {"curves": {"time": by_time(run)}, "command": _command(about, name)}
    if about.get("start") and about["start"] != told:
        about, training = _after_another(Path(about["start"]), about, training)
    return model, about, training


def _after_another(start: Path, about: dict, training: dict) -> tuple[dict, dict]:
    """How a run came about that went on from another one, or from a pack: what was done for both, added up."""
    if (start / "pack.toml").is_file():
        told = read_pack(start).content["training"]
        command, rows = told["command"], told["curves"].get("time", [])
        trained = {"step": told["steps"], "seconds": told["seconds"]}
    else:
        _, other, trained = load_run(start)
        command, rows = _command(other, start.name), by_time(start)
    began = trained["seconds"] / 60.0
    later = [[round(minutes + began, 1), *ratios] for minutes, *ratios in about["curves"]["time"]]
    about |= {"curves": about["curves"] | {"time": rows + later}, "command": f"{command}`, then `{about['command']}"}
    return about, {name: training[name] + trained[name] for name in training}


def by_time(run: Path, rows: int = 12) -> list[list[float]]:
    """Minutes of training and the held-out ratios of L2P at each length, at about `rows` moments."""
    with (run / "heldout.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    chosen = sorted({*np.linspace(0, len(table) - 1, rows).astype(int)}) if table else []
    return [[round(float(table[i]["seconds"]) / 60.0, 1), *_ratios(table[i])] for i in chosen]


def by_data(run: Path) -> list[float]:
    """Minutes of clips that a run was trained on, and the best held-out ratios it came to."""
    with (run / "heldout.csv").open(newline="") as file:
        best = min(csv.DictReader(file), key=lambda row: float(row["mean"]))
    return [json.loads((run / "corpus.json").read_text())["minutes"], *_ratios(best)]


def _ratios(row: dict[str, str]) -> list[float]:
    return [round(float(value), 3) for name, value in row.items() if name.startswith("l2p_")]


def example_inputs(model: Inbetweener | Together, batch: int, frames: int) -> dict[str, Tensor]:
    """Inputs of the right shapes: random features, a gap from the first frame to the last."""
    draw = torch.Generator().manual_seed(0)
    keys = torch.zeros(batch, frames, CHANNELS, dtype=torch.int64)
    share = torch.linspace(0.0, 1.0, frames)[None, :, None].repeat(batch, 1, CHANNELS)
    return {"features": torch.randn(batch, frames, SIZE, generator=draw), "before": keys,
            "after": keys + frames - 1, "share": share,
            "latent": torch.randn(batch, model.shape.latent, generator=draw)}


def to_onnx(model: Inbetweener | Together) -> onnx.ModelProto:
    """The network as an ONNX graph with free batch size and length, its large weights stored as float16."""
    inputs = example_inputs(model, 2, 5)
    free = {name: {0: "batch", 1: "frames"} for name in (*inputs, *OUTPUTS)} | {"latent": {0: "batch"}}
    file = io.BytesIO()
    with warnings.catch_warnings():
        # the newer exporter cannot do a bidirectional LSTM of free length, so the older one stays until it can
        warnings.simplefilter("ignore")
        torch.onnx.export(Window(model).eval(), tuple(inputs.values()), file, input_names=list(inputs),
                          output_names=list(OUTPUTS), dynamic_axes=free, opset_version=OPSET, dynamo=False,
                          do_constant_folding=True)
    graph = onnx.load_from_string(file.getvalue())
    rename_initialisers(graph, model)
    halve(graph)
    listed = tensors(model.shape)
    for value in (*graph.graph.input, *graph.graph.output):
        kind = "inputs" if value in graph.graph.input else "outputs"
        dims = next(tensor["shape"] for tensor in listed[kind] if tensor["name"] == value.name)
        del value.type.tensor_type.shape.dim[:]
        for size in dims:
            dim = value.type.tensor_type.shape.dim.add()
            if isinstance(size, str):
                dim.dim_param = size
            else:
                dim.dim_value = size
    onnx.checker.check_model(graph)
    return graph


def tensors(shape: InbetweenerShape) -> dict[str, list[dict]]:
    """Inputs and outputs of the graph as pack.toml lists them."""
    window = ["batch", "frames"]
    inputs = [("features", [*window, SIZE], "float32", "of tell() in blender_addon/motion/inbetween_features.py"),
              ("before", [*window, CHANNELS], "int64", "frame of each channel's key before"),
              ("after", [*window, CHANNELS], "int64", "frame of each channel's key after"),
              ("share", [*window, CHANNELS], "float32", "of the way from key to key"),
              ("latent", ["batch", shape.latent], "float32",
               "zeros: the likeliest; unit normal draws, times temperature: variants")]
    outputs = [("turns", [*window, JOINT_COUNT, 3], "float32", "rad about the joint's own axes, on interpolation"),
               ("shifts", [*window, 3], "float32", "metres of the hips as the body is turned, on interpolation"),
               ("contacts", [*window, 4], "float32", "LeftFoot, LeftToe, RightFoot, RightToe, probability")]
    return {kind: [{"name": name, "shape": dims, "dtype": dtype, "unit": unit} for name, dims, dtype, unit in rows]
            for kind, rows in (("inputs", inputs), ("outputs", outputs))}


def pack_content(model: Inbetweener | Together, about: dict, training: dict, data: bytes, name: str) -> dict:
    """pack.toml as a dictionary."""
    return {
        "format": 1, "id": name, "kind": "motion-inbetweener", "version": "0.3.0",
        "title": "Motion between the keys of a humanoid", "licence": "CC0-1.0", "fps": int(FPS),
        "data": data_table(about["clips"]),
        "graphs": [{"name": "model", "file": "model.onnx", "sha256": hashlib.sha256(data).hexdigest(),
                    "bytes": len(data), "opset": OPSET, **tensors(model.shape)}],
        "skeleton": {"joints": list(CANONICAL.names), "parents": list(CANONICAL.parents),
                     "offsets": np.round(CANONICAL.offsets, 6).tolist()},
        "inbetweener": {"latent": model.shape.latent, "features": SIZE,
                        "spread": [[round(v, 6) for v in row] for row in about["spread"]],
                        "spread_mean": [[round(v, 6) for v in row] for row in about["spread_mean"]]},
        "training": {
            "command": about["command"],
            "hardware": about["hardware"], "seconds": round(training["seconds"]), "steps": training["step"],
            "minutes": about["minutes"], "shape": model.shape.as_dict(),
            "networks": len(model.models) if isinstance(model, Together) else 1, "curves": about.get("curves", {}),
            "clips": sorted({clip["sha256"] for clip in about["clips"]})},
        "metrics": {},
    }


def _command(about: dict, name: str) -> str:
    minutes = about.get("schedule_minutes")
    length = f"--minutes {minutes:g}" if minutes else f"--steps {about['steps']}"
    start = f" --start {about['start']} --rate {about['rate']:g}" if about.get("start") else ""
    start += f" --network {about['network']}" if about.get("network") else ""
    device = "" if about["device"] == "cpu" else f" --device {about['device']}"
    after = f"`, then `{about['between']}" if about.get("between") else ""
    return (f"python -m training train motion-inbetweener --data runs/motion.npz --run "
            f"runs/{about.get('run', name)}{start} {length} "
            f"--seed {about['seed']}{device}{after}")
