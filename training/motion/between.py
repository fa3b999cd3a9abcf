# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights on the straight line between two networks, one of which was trained on from the other:

    python -m training between motion-inbetweener --start models/motion-inbetweener --of runs/more --share 0.7 --run RUN

What a network learnt anew costs some of what it knew. On the way back to where it began much of the old returns before
the new is gone (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import PACK_FILE, read_pack

from ..runs import read, write
from .pack_weights import load_generator, load_inbetweener
from .train_generator import told_command

_LAST = "checkpoint.pt"
_KEPT = {"motion-generator": _LAST, "motion-inbetweener": "best.pt"}  # what is exported of a run


def between(kind: str, start: Path, of: Path, share: float, folder: Path, network: int = 0) -> None:
    """Leave in `folder` a run to export: weights `share` of the way from those of `start` to the last ones of `of`.

    start: a run, or a pack, of which network says which of its several. What only training has is not in it, so there
    is no training on from it but from its pack.
    """
    if not 0.0 <= share <= 1.0:
        raise GalateaError(f"--share {share:g}: give a number from 0, the weights of --start, to 1, those of --of")
    saved = read(of / _LAST, "cpu", "name the --run folder of an earlier training")
    began, own = _began(kind, start, network), saved["averaged"]
    if {name: value.shape for name, value in began.items()} != {name: value.shape for name, value in own.items()}:
        raise GalateaError(f"{start} and {of} are networks of other sizes; name what the run was trained on from")
    mixed = {name: torch.lerp(began[name], value, share) if value.is_floating_point() else value
             for name, value in own.items()}
    try:
        about = json.loads((of / "corpus.json").read_text())
    except (OSError, ValueError) as error:
        raise GalateaError(f"{of}: not a training run ({type(error).__name__})") from error
    command = (f"python -m training between {kind} --start {start.as_posix()} --of {of.as_posix()} --share {share:g} "
               + (f"--network {network} " if network else "") + f"--run {folder.as_posix()}")
    if kind == "motion-generator":
        about["command"] = f"{told_command(about, of.as_posix())}{_beside(start, about)}`, then `{command}"
    else:
        about |= {"run": of.name, "between": command}
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / _KEPT[kind], {name: saved[name] for name in ("step", "seconds", "shape")} | {"averaged": mixed})
    (folder / "corpus.json").write_text(json.dumps(about, indent=1))
    for name in ("heldout.csv", "losses.csv"):
        if (of / name).is_file():
            (folder / name).write_bytes((of / name).read_bytes())


def _beside(start: Path, about: dict) -> str:
    """The command that a run came of, unless it is among those that came before another one."""
    path = start / "corpus.json"
    told = told_command(json.loads(path.read_text()), start.as_posix()) if path.is_file() else ""
    return f"`, beside it `{told}" if told and told not in about.get("before", {}).get("commands", []) else ""


def _began(kind: str, start: Path, network: int) -> dict[str, Tensor]:
    """The weights of a run or of a pack by name."""
    if not (start / PACK_FILE).is_file():
        saved = read(start / _KEPT[kind], "cpu", "name the --run folder of an earlier training, or a pack's")
        return saved["averaged"]
    pack = read_pack(start)
    if pack.kind != kind:
        raise GalateaError(f"{start} is a {pack.kind} pack; name a {kind}")
    model = load_generator(pack) if kind == "motion-generator" else load_inbetweener(pack, network)
    return model.state_dict()
