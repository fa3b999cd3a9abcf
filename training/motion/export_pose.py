# SPDX-License-Identifier: GPL-3.0-or-later
"""From a training run to a model pack: `python -m training export pose-vae --run DIR --out models/NAME`."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tomli_w
import torch
from torch import Tensor, nn

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.motion.pose_prior import judge, open_pose_prior
from blender_addon.motion.skeleton import CANONICAL

from ..graph_file import tensor_table, write_graph
from .card import data_table, write_card
from .export_generator import _OUTER, round_weights
from .pose import JOINT_COUNT, PoseShape, PoseVae


class Encoder(nn.Module):
    """The encoder that ships: whitened mean and log spread."""

    def __init__(self, model: PoseVae):
        super().__init__()
        self.model = model
        self.register_buffer("back", torch.linalg.inv(model.mix))

    def forward(self, rotations: Tensor, known: Tensor, places: Tensor, placed: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log spread (B, Z)."""
        mean, log_spread = self.model.encode(rotations, known, places, placed)
        whitened = (mean - self.model.move) @ self.back.T
        variance = torch.exp(2.0 * log_spread) @ (self.back ** 2).T
        return whitened, 0.5 * torch.log(variance)


class Decoder(nn.Module):
    """The decoder that ships: whitened latent to quaternions."""

    def __init__(self, model: PoseVae):
        super().__init__()
        self.model = model
        self.register_buffer("outer", torch.tensor(_OUTER.reshape(9, 16)))
        self.register_buffer("outer_one", torch.tensor(np.eye(4, dtype=np.float32).reshape(16)))

    def forward(self, latent: Tensor) -> Tensor:
        """Local quaternions (B, 22, 4), w not negative."""
        matrix = self.model.decode(latent @ self.model.mix.T + self.model.move)
        # as in Step.rotations of export_generator
        outer = (matrix.flatten(-2) @ self.outer + self.outer_one).reshape(-1, JOINT_COUNT, 4, 4)
        best = (outer * torch.eye(4)).sum(-1).argmax(dim=-1, keepdim=True)
        column = outer.gather(2, best[..., None].expand(-1, -1, 1, 4))[:, :, 0]
        quat = column / column.square().sum(-1, keepdim=True).sqrt()
        return quat * (1.0 - 2.0 * (quat[..., :1] < 0.0).float())


def load_run(run: Path) -> tuple[PoseVae, dict, dict]:
    """The weights of a run that did best on held-out poses, what it was trained on, and their step and seconds."""
    try:
        about = json.loads((run / "corpus.json").read_text())
        saved = torch.load(run / "best.pt", map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise GalateaError(f"{run}: not a training run with weights ({type(error).__name__}); train one to its end "
                           "with `python -m training train pose-vae`") from error
    model = PoseVae(PoseShape(**saved["shape"]))
    model.load_state_dict(saved["averaged"])
    return model.eval(), about, {"step": saved["step"], "seconds": saved["seconds"]}


def export(run: Path, out: Path, limits: Sequence[str] = ()) -> None:
    """Write encoder.onnx, decoder.onnx, pack.toml and README.md into `out`; limits: weak spots, for the card."""
    model, about, training = load_run(run)
    round_weights(model)
    latent = model.shape.latent
    pose, shown, code = ["batch", JOINT_COUNT, 4], ["batch", JOINT_COUNT], ["batch", latent]
    rotations = tensor_table("rotations", pose, "local quaternions w, x, y, z; the hips' without their heading")
    examples = torch.nn.functional.normalize(torch.randn(2, JOINT_COUNT, 4), dim=-1)
    out.mkdir(parents=True, exist_ok=True)
    graphs = [
        write_graph(out, "encoder", Encoder(model), (examples, torch.ones(2, JOINT_COUNT),
                                                  torch.randn(2, JOINT_COUNT, 3), torch.ones(2, JOINT_COUNT)),
                    [rotations, tensor_table("known", shown, "1 for joints whose rotation is looked at, else 0"),
                     tensor_table("places", ["batch", JOINT_COUNT, 3], "metres from the hips, which face -Y"),
                     tensor_table("placed", shown, "1 for joints whose place is looked at, else 0")],
                    [tensor_table("mean", code, "unit normal over real poses"),
                     tensor_table("log_spread", code, "its log")]),
        write_graph(out, "decoder", Decoder(model), (torch.randn(2, latent),),
                    [tensor_table("latent", code, "a draw from the unit normal, or the encoder's mean")], [rotations]),
    ]
    content = {
        "format": 1, "id": out.name, "kind": "pose-vae", "version": "0.1.0", "title": "What poses a humanoid takes",
        "licence": "CC0-1.0", "data": data_table(about["clips"]), "graphs": graphs,
        "skeleton": {"joints": list(CANONICAL.names), "parents": list(CANONICAL.parents),
                     "offsets": np.round(CANONICAL.offsets, 6).tolist()},
        # measured below, by what ships
        "pose": {"latent": latent, "usual_error_mm": 1.0, "most_error_mm": 1.0, "most_distance": 1.0},
        "training": {"command": f"python -m training train pose-vae --data runs/motion.npz --run runs/{out.name}"
                                f" --steps {about['steps']} --seed {about['seed']}",
                     "hardware": about["hardware"], "seconds": round(training["seconds"]), "steps": training["step"],
                     "minutes": about["minutes"], "clips": sorted({clip["sha256"] for clip in about["clips"]})},
        "metrics": {},
    }
    content |= {"limits": list(limits)} if limits else {}
    (out / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    content["pose"] |= _limits(out, run)
    (out / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    write_card(out)
    size = sum(graph["bytes"] for graph in graphs)
    print(f"{out}: {size / 1e6:.1f} MB, {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters")


def _limits(out: Path, run: Path) -> dict[str, float]:
    """How far training poses are from what the model makes of them, and from the middle: beyond, a pose is doubtful."""
    prior = open_pose_prior(read_pack(out), "cpu")
    poses = np.load(run / "poses.npy").astype(np.float64)
    found = judge(prior, poses)
    return {"usual_error_mm": round(float(np.median(found.error)), 2),
            "most_error_mm": round(1.25 * float(np.quantile(found.error, 0.995)), 2),
            "most_distance": round(1.1 * float(np.quantile(found.distance, 0.999)), 3)}
