# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights between two networks: on the straight line, as far as is asked, with what was done told in the commands."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.motion.inbetween_features import CHANNELS, SIZE
from training.__main__ import main
from training.motion.export_generator import load_run as load_generator_run
from training.motion.export_inbetweener import load_run
from training.motion.generator import TINY as TINY_GENERATOR
from training.motion.generator import Generator, GeneratorShape
from training.motion.inbetweener import TINY, Inbetweener, InbetweenerShape
from training.motion.pack_weights import load_inbetweener


def save(folder: Path, model: nn.Module, about: dict) -> Path:
    """A run as training leaves it, but for what nobody reads here: its best weights are not its last ones."""
    folder.mkdir()
    kept = {"step": 5, "seconds": 2.0, "shape": model.shape.as_dict(), "averaged": model.state_dict()}
    torch.save(kept, folder / "checkpoint.pt")
    best = {name: value + 1.0 for name, value in model.state_dict().items()}
    torch.save(kept | {"averaged": best}, folder / "best.pt")
    (folder / "corpus.json").write_text(json.dumps(about))
    return folder


def inbetweener(seed: int, **shape: int) -> Inbetweener:
    torch.manual_seed(seed)
    return Inbetweener(InbetweenerShape(**(TINY | shape)), np.zeros(SIZE), np.ones(SIZE), np.ones((CHANNELS, 3)))


def between(kind: str, start: Path, of: Path, share: float, out: Path, *more: str) -> int:
    return main(["between", f"motion-{kind}", "--start", str(start), "--of", str(of), "--share", str(share), "--run",
                 str(out), *more])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_as_far_from_the_start_as_is_asked(tmp_path, share):
    start, of = (save(tmp_path / name, inbetweener(seed), {"steps": 9}) for seed, name in enumerate(("one", "other")))
    assert between("inbetweener", start, of, share, tmp_path / "mixed") == 0
    made, about, training = load_run(tmp_path / "mixed")
    began, went = torch.load(start / "best.pt")["averaged"], torch.load(of / "checkpoint.pt")["averaged"]
    for name, value in made.state_dict().items():
        assert torch.allclose(value, (1.0 - share) * began[name] + share * went[name], atol=1e-6), name
    assert about["run"] == "other" and f"--share {share:g}" in about["between"] and training["step"] == 5


def test_a_generator_s_commands_say_it(tmp_path):
    mean = np.zeros(GeneratorShape(2, 0).state)
    runs = []
    for seed, name in enumerate(("one", "other")):
        torch.manual_seed(seed)
        model = Generator(GeneratorShape(2, 0, **TINY_GENERATOR), mean, mean + 1.0, mean + 1.0)
        runs.append(save(tmp_path / name, model, {"command": f"python -m training train {name}", "steps": 9}))
    assert between("generator", *runs, 0.5, tmp_path / "mixed") == 0
    made, about, _ = load_generator_run(tmp_path / "mixed")
    one, other = (torch.load(run / "checkpoint.pt")["averaged"]["output.weight"] for run in runs)
    assert torch.allclose(made.output.weight, (one + other) / 2.0, atol=1e-6)
    one, other = (f"python -m training train {name}" for name in ("one", "other"))
    assert about["command"].startswith(f"{other}`, beside it `{one}`, then `python -m training between motion-gen")
    (runs[1] / "corpus.json").write_text(json.dumps({"command": other, "steps": 9, "before": {"commands": [one]}}))
    assert between("generator", *runs, 0.5, tmp_path / "again") == 0
    assert "beside it" not in load_generator_run(tmp_path / "again")[1]["command"]


def test_it_begins_with_one_of_a_packs_networks(tmp_path):
    pack = models_folder() / "motion-inbetweener"
    shape = InbetweenerShape(**read_pack(pack).content["training"]["shape"])
    of = save(tmp_path / "of", inbetweener(1, **shape.as_dict()), {"steps": 9})
    assert between("inbetweener", pack, of, 0.0, tmp_path / "second", "--network", "1") == 0
    weight = load_run(tmp_path / "second")[0].output.weight
    assert torch.equal(weight, load_inbetweener(read_pack(pack), 1).output.weight)


def test_what_makes_no_sense_is_one_line(tmp_path, capsys):
    one = save(tmp_path / "one", inbetweener(0), {"steps": 9})
    wide = save(tmp_path / "wide", inbetweener(1, hidden=24), {"steps": 9})
    for start, share, says in ((wide, 0.5, "networks of other sizes"), (one, 1.5, "a number from 0"),
                               (tmp_path / "none", 0.5, "name the --run folder"),
                               (models_folder() / "pose-vae", 0.5, "is a pose-vae pack")):
        assert between("inbetweener", start, one, share, tmp_path / "out") == 1
        told = capsys.readouterr().err.splitlines()
        assert len(told) == 1 and says in told[0]
    assert not (tmp_path / "out").exists()
