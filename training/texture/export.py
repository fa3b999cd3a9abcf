# SPDX-License-Identifier: GPL-3.0-or-later
"""From a training run to a model pack:

    python -m training export texture-generator --run runs/texture-generator --out models/texture-generator
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import tomli_w
import torch
from torch import Tensor, nn

from blender_addon.errors import GalateaError

from ..graph_file import tensor_table, write_graph
from ..motion.export_generator import round_weights
from .checkpoints import read
from .directions import find
from .looks import TEXELS_PER_TILE
from .networks import CELL, Encoder, Generator, Mapping, shape_of
from .pack_weights import tidy
from .texture_card import write_card
from .train import Networks

_RANGE = [-3.0, 3.0]  # usual steps along a direction that keep to what was learnt


class Maps(nn.Module):
    """The graph `model`: every map, held to its range."""

    def __init__(self, generator: Generator):
        super().__init__()
        self.generator = generator

    def forward(self, noise: Tensor, grain: Tensor, style: Tensor, label: Tensor) -> tuple[Tensor, ...]:
        """Albedo, normal (B, 3, H, W), roughness, metallic, height (B, 1, H, W)."""
        maps = self.generator(noise, grain, style, label).clamp(0.0, 1.0)
        height = maps[:, 3:4]
        return maps[:, :3], self.generator.normals(height, label), maps[:, 4:5], maps[:, 5:6], height


class Styles(nn.Module):
    """The graph `mapping`."""

    def __init__(self, mapping: Mapping):
        super().__init__()
        self.mapping = mapping

    def forward(self, draw: Tensor, label: Tensor, truncation: Tensor) -> Tensor:
        """Style (B, W) of draws (B, Z) from the unit normal."""
        return self.mapping(self.mapping.place(draw, label), label, truncation)


class Reader(nn.Module):
    """The graph `encoder`, which gives the draw that makes a picture's like: as `mapping` wants it."""

    def __init__(self, encoder: Encoder, mapping: Mapping):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("found_middle", mapping.middle.clone())
        self.register_buffer("back", torch.linalg.inv(mapping.root))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and log spread (B, Z) of the latent, probability of each class (B, K)."""
        mean, log_spread, kind = self.encoder(picture)
        label = (kind >= kind.amax(dim=1, keepdim=True)).float()
        back = (label @ self.back.flatten(1)).reshape(-1, *self.back.shape[1:])
        draw = (back @ (mean - label @ self.found_middle)[:, :, None])[:, :, 0]
        spread = (back.square() @ torch.exp(2.0 * log_spread)[:, :, None])[:, :, 0]
        return draw, 0.5 * torch.log(spread), torch.softmax(kind, dim=1)


def load_run(run: Path) -> tuple[Networks, dict, dict]:
    """The averaged networks of a run with each class's mean style, what it was trained on, its checkpoint's figures."""
    try:
        about = json.loads((run / "corpus.json").read_text())
    except (OSError, ValueError) as error:
        raise GalateaError(f"{run}: not a training run ({type(error).__name__}); train one with "
                           "`python -m training train texture-generator`") from error
    saved = read(run / "checkpoint.pt")
    shape = shape_of(saved["shape"])
    networks = Networks(shape, torch.zeros(shape.classes), torch.zeros(shape.classes))
    networks.load_state_dict(saved["averaged"])
    _find_centres(networks.mapping)
    return networks.eval(), about, {name: saved[name] for name in ("step", "seconds", "pictures")}


@torch.no_grad()
def _find_centres(mapping: Mapping, count: int = 4096) -> None:
    classes, latent = len(mapping.centre), mapping.layers[0].in_features - mapping.centre.shape[1]
    draws = torch.randn(count, latent, generator=torch.Generator().manual_seed(3))
    for kind in range(classes):
        label = torch.zeros(count, classes)
        label[:, kind] = 1.0
        mapping.centre[kind] = mapping(mapping.place(draws, label), label, torch.ones(count)).mean(dim=0)


def without(networks: Networks, about: dict, names: Sequence[str]) -> tuple[Networks, dict]:
    """The same networks without some classes: those that are not good enough to be offered.

    What the weights learnt from their pictures stays in them, so `about` goes on naming these.
    """
    absent = [name for name in names if name not in about["classes"]]
    kept = [i for i, name in enumerate(about["classes"]) if name not in names]
    if absent or not kept:
        raise GalateaError(f"--leave-out {','.join(names)}: the run has {', '.join(about['classes'])}, of which at "
                           "least one must stay")
    state = networks.state_dict()
    state["mapping.meaning.weight"] = state["mapping.meaning.weight"][:, kept]
    for name in ("mapping.centre", "mapping.middle", "mapping.root", "encoder.kind.weight", "encoder.kind.bias",
                 "generator.relief", "generator.regular"):
        state[name] = state[name][kept]
    fewer = Networks(replace(networks.shape, classes=len(kept)), state["generator.relief"],
                     state["generator.regular"])
    fewer.load_state_dict(state)
    classes = [about["classes"][i] for i in kept]
    return fewer.eval(), about | {"classes": classes, "trained_classes": about["classes"],
                                  "looks": {name: about["looks"][name] for name in classes}}


def export(run: Path, out: Path, limits: Sequence[str] = (), title: str = "", licence: str = "",
           data: Path | None = None, leave_out: Sequence[str] = ()) -> None:
    """Write mapping.onnx, model.onnx, encoder.onnx, pack.toml and README.md into `out`.

    limits: weak spots in words, for the card. title: one line; its classes where empty. licence: of the weights;
    unknown where empty. data is not needed here. leave_out: classes that the pack is not to offer.
    """
    del data
    networks, about, training = load_run(run)
    if leave_out:
        networks, about = without(networks, about, leave_out)
    round_weights(networks)
    shape = networks.shape
    out.mkdir(parents=True, exist_ok=True)
    graphs = [write_graph(out, name, module, examples, inputs, outputs, tidy)
              for name, module, inputs, outputs, examples in _graphs(networks)]
    directions = find(networks)
    base = about.get("base", {})  # the pack that was taught more
    content = {
        "format": 1, "id": out.name, "kind": "texture-generator", "version": "0.1.0",
        "title": title or f"Seamless materials: {', '.join(about['classes'])}",
        "licence": licence or "unknown: ask who made the pictures",
        **({"limits": list(limits)} if limits else {}),
        "data": data_table(about["pictures"]) + base.get("data", []), "graphs": graphs,
        "texture": {
            "classes": about["classes"], "latent": shape.latent, "style": shape.style, "stages": shape.stages,
            "cell": CELL, "noise_channels": shape.noise, "texels_per_tile": TEXELS_PER_TILE,
            # two convolutions a stage, at 1, 2, 4 … pixels a step, and the slopes: so far away noise may be felt
            "reach": 2 * (2 ** shape.stages - 1) + 1,
            "looks": {name: {**look, **_credit(about["pictures"], name)} for name, look in about["looks"].items()},
            "directions": [{"name": name, "range": _RANGE, "vector": [float(f"{v:.5g}") for v in vector]}
                           for name, vector in directions.items()]},
        "training": {
            "command": about.get("command") or _command(about, out.name), "hardware": about["hardware"],
            "seconds": round(training["seconds"]), "steps": training["step"], "pictures_shown": training["pictures"],
            "shape": shape.as_dict(), "crops": [edge for _, edge in about["schedule"]["crops"]],
            "pictures": sorted({p["sha256"] for p in about["pictures"]} | {*base.get("pictures", [])})},
        "metrics": {},
    }
    (out / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    write_card(out)
    size = sum(graph["bytes"] for graph in graphs)
    print(f"{out}: {size / 1e6:.1f} MB, {sum(p.numel() for p in networks.parameters()) / 1e6:.2f} M parameters")


def _command(about: dict, name: str) -> str:
    length = f"--minutes {about['schedule']['minutes']:g}" if about["schedule"]["minutes"] else \
        f"--steps {about['schedule']['steps']}"
    shares = ",".join(f"{name}={share:g}" for name, share in about["schedule"].get("often", {}).items())
    often = f"--often {shares} " if shares else ""
    return (f"python -m training train texture-generator --data runs/textures.npz --run runs/{name} {length} "
            f"--classes {','.join(about.get('trained_classes', about['classes']))} {often}--seed {about['seed']}")


def data_table(pictures: Sequence[dict]) -> list[dict]:
    """What it was trained on, for pack.toml: a row for each source and licence."""
    counted = Counter((p["source"], p["licence"]) for p in pictures)
    credits: dict[tuple, set] = {}
    for p in pictures:
        credits.setdefault((p["source"], p["licence"]), set()).update({p["credit"]} - {""})
    return [{"name": source, "licence": licence, "pictures": count,
             **({"credit": "; ".join(sorted(credits[source, licence]))} if credits[source, licence] else {})}
            for (source, licence), count in sorted(counted.items())]


def _credit(pictures: Sequence[dict], kind: str) -> dict[str, str]:
    """Whom the licence of a class's pictures wants named, if anybody."""
    owed = sorted({p["credit"] for p in pictures if p["class"] == kind and p["licence"].startswith("CC-BY")})
    return {"credit": "; ".join(owed)} if owed else {}


def _graphs(networks: Networks) -> list[tuple[str, nn.Module, list[dict], list[dict], tuple[Tensor, ...]]]:
    """Name, module, inputs, outputs and example inputs of each graph."""
    shape = networks.shape
    weights = tensor_table("class", ["batch", shape.classes], "weights over the classes, that sum to 1")
    example = torch.eye(shape.classes)[:1].repeat(2, 1)
    size, cells = ["height_px", "width_px"], ["rows", "columns"]
    units = {"albedo": "sRGB, 0 to 1", "normal": "unit vectors, OpenGL convention",
             "height": "0 to 1, of the class's relief"}
    outputs = [tensor_table(name, ["batch", 3 if name in ("albedo", "normal") else 1, *size], units.get(name, "0 to 1"))
               for name in ("albedo", "normal", "roughness", "metallic", "height")]
    return [
        ("mapping", Styles(networks.mapping),
         [tensor_table("latent", ["batch", shape.latent], "a draw from the unit normal"), weights,
          tensor_table("truncation", ["batch"], "1 for full variety, 0 for the class's mean")],
         [tensor_table("style", ["batch", shape.style], "for the graph model")],
         (torch.randn(2, shape.latent), example, torch.ones(2))),
        ("model", Maps(networks.generator),
         [tensor_table("noise", ["batch", shape.noise, *cells], f"unit normal, {CELL} texels a cell"),
          tensor_table("grain", ["batch", 1, *size], "unit normal"),
          tensor_table("style", ["batch", shape.stages, shape.style], "of the graph mapping, a stage each"),
          weights], outputs,
         (torch.randn(2, shape.noise, 2, 3), torch.randn(2, 1, 2 * CELL, 3 * CELL),
          torch.randn(2, shape.stages, shape.style), example)),
        ("encoder", Reader(networks.encoder, networks.mapping),
         [tensor_table("picture", ["batch", 3, TEXELS_PER_TILE, TEXELS_PER_TILE], "one tile, sRGB, 0 to 1")],
         [tensor_table("mean", ["batch", shape.latent], "of the latent"),
          tensor_table("log_spread", ["batch", shape.latent], "its log"),
          tensor_table("class", ["batch", shape.classes], "probability")],
         (torch.rand(2, 3, TEXELS_PER_TILE, TEXELS_PER_TILE),)),
    ]
