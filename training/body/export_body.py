# SPDX-License-Identifier: GPL-3.0-or-later
"""From a training run to a model pack: `python -m training export body-vae --run DIR --out models/NAME`.

What ships is the VAE where it is better than principal components by a twentieth on people set aside for judging, both
at predicting from stature, weight and sex and at telling a body again from its code; else principal components, by the
same graphs, with the VAE's beside them for whoever wants to compare.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import tomli_w
import torch
from torch import Tensor, nn

from blender_addon.character.measurements import NAMES, WEIGHT
from blender_addon.errors import GalateaError

from ..graph_file import tensor_table as tensor
from ..graph_file import write_graph
from ..motion.export_generator import round_weights
from .bodies import AGES, ASKED, COUNT, Bodies, BodyShape
from .body_card import write_card
from .body_vae import BodyVae
from .components import Components
from .survey import ABOUT

BETTER = 0.95  # of principal components' error: the VAE ships below
ANSUR = {"name": "ANSUR II (US Army Anthropometric Survey, 2012)", "licence": "public domain (US Army)",
         "url": "https://www.openlab.psu.edu/ansur2/"}


class Encoder(nn.Module):
    """A graph: what is known of a body to where its latent lies."""

    def __init__(self, model: Bodies):
        super().__init__()
        self.model = model
        if isinstance(model, BodyVae):
            self.register_buffer("back", model.back)

    def forward(self, measures: Tensor, known: Tensor, about: Tensor, given: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and log spread (B, Z) of the latent, mean (B, 93) of the detail."""
        if isinstance(self.model, BodyVae):
            return self.model.encode(measures, known, about, given, self.back)
        return self.model.encode(measures, known, about, given)


class Decoder(nn.Module):
    """A graph: latent, detail and what is asked for to a body."""

    def __init__(self, model: Bodies):
        super().__init__()
        self.model = model

    def forward(self, latent: Tensor, detail: Tensor, about: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Measures (B, 93) and who it is (B, 4)."""
        return self.model.decode(latent, detail, about, given)


def load_run(run: Path) -> tuple[BodyVae, Components, dict, dict]:
    """The VAE's weights that did best, the principal components, what they learnt from, and step and seconds."""
    try:
        about = json.loads((run / "corpus.json").read_text())
        saved = torch.load(run / "best.pt", map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{run}: not a training run with weights ({type(error).__name__}); train one to its end "
                           "with `python -m training train body-vae`") from error
    shape = BodyShape(**saved["shape"])
    vae, components = BodyVae(shape), Components(shape)
    vae.load_state_dict(saved["vae"])
    components.load_state_dict(saved["components"])
    return vae.eval(), components.eval(), about, {"step": saved["step"], "seconds": saved["seconds"],
                                                  "judged": saved["judged"]}


def vae_is_better(judged: dict) -> bool:
    """Whether both errors {"vae": mm, "pca": mm} of people to judge on are a twentieth smaller with the VAE."""
    return all(judged[name]["vae"] <= BETTER * judged[name]["pca"] for name in ("predicted_mm", "recon_mm"))


def export(run: Path, out: Path, limits: Sequence[str] = ()) -> None:
    """Write encoder.onnx, decoder.onnx, pack.toml and README.md into `out`; limits: weak spots, for the card."""
    vae, components, about, training = load_run(run)
    for model in (vae, components):
        round_weights(model)
    ships = vae_is_better(training["judged"])
    out.mkdir(parents=True, exist_ok=True)
    graphs = _graphs(out, vae if ships else components)
    if not ships:
        graphs += _graphs(out, vae, "vae_")
    content = {
        "format": 1, "id": out.name, "kind": "body-vae", "version": "0.1.0",
        "title": "How the measurements of a body belong together", "licence": "CC0-1.0",
        "data": [ANSUR | {"people": about["people"], "women": about["women"]}], "graphs": graphs,
        "body": {"latent": vae.shape.latent, "code": vae.shape.code, "model": "vae" if ships else "components",
                 "names": list(NAMES), "units": ["kg" if name == WEIGHT else "m" for name in NAMES],
                 "mean": about["mean"], "spread": about["spread"], "about": list(ABOUT),
                 "ranges": {"sex": [0.0, 1.0], **about["ranges"], "age": list(AGES)}},
        "training": {"command": f"python -m training train body-vae --data runs/bodies.npz --run runs/{out.name}"
                                f" --steps {about['steps']} --seed {about['seed']}",
                     "hardware": about["hardware"], "seconds": round(training["seconds"]), "steps": training["step"],
                     "people": about["people"], "women": about["women"], "judges": about["judges"],
                     "judged": training["judged"]},
        "metrics": {},
    }
    content |= {"limits": list(limits)} if limits else {}
    (out / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    write_card(out)
    size = sum(graph["bytes"] for graph in graphs)
    print(f"{out}: {size / 1e3:.0f} kB; the decoder is " + ("the VAE's" if ships else "principal components', which "
          "the VAE does not beat by a twentieth"))


def _graphs(out: Path, model: Bodies, prefix: str = "") -> list[dict]:
    """Write both graphs of a model; their tables for pack.toml."""
    code, measures, asked = (["batch", size] for size in (model.shape.latent, COUNT, ASKED))
    told = [tensor("about", asked, "sex 0 (female) to 1 (male), stature in m, weight in kg, age in years"),
            tensor("given", asked, "1 for what of it is asked for, else 0")]
    body = tensor("measures", measures, "metres, weightkg in kg")
    example = torch.tensor([[0.0, 1.7, 70.0, 30.0], [1.0, 1.8, 80.0, 40.0]])
    some = torch.exp(torch.randn(2, COUNT))
    return [
        write_graph(out, prefix + "encoder", Encoder(model),
                     (some, torch.ones(2, COUNT), example, torch.ones(2, ASKED)),
                     [body, tensor("known", measures, "1 for measures that are looked at, else 0"), *told],
                     [tensor("mean", code, "of the latent"), tensor("log_spread", code, "its log"),
                      tensor("detail", measures, "the likeliest")]),
        write_graph(out, prefix + "decoder", Decoder(model),
                     (torch.randn(2, model.shape.latent), torch.randn(2, COUNT), example, torch.ones(2, ASKED)),
                     [tensor("latent", code, "a draw from the unit normal, or the encoder's mean"),
                      tensor("detail", measures, "what the code does not say: a draw from the unit normal, or zeros"),
                      *told],
                     [body, tensor("who", asked, "about, with what was not asked for filled in")]),
    ]
