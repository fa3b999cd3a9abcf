# SPDX-License-Identifier: GPL-3.0-or-later
"""An artist's way from a folder of pictures to materials of their own: the commands of docs/your-own-images.md.

Only training is cut short, and begins from a tiny network.
"""

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from made_pictures import Waves, write_normals, write_picture

from blender_addon.cli import main as galatea
from blender_addon.home import packs_folder
from blender_addon.inference.packs import read_pack, verify_pack
from training.__main__ import main as training
from training.motion.export_generator import round_weights
from training.texture.batches import tiles_of
from training.texture.export import load_run
from training.texture.finetune import likeness_to, reworded
from training.texture.image_pack import ImagePack
from training.texture.pack_weights import OF_PICTURES, load_networks


def make_pictures(folder: Path) -> None:
    """Slate with maps, dark; moss with an albedo alone, green."""
    for number in range(4):
        waves = Waves(number, edge=128)
        place = folder / "slate" / ("test" if number == 3 else "")
        write_picture(place / f"wall {number}_albedo.png", 0.3 * waves.albedo)
        write_normals(place / f"wall {number}_normal.png", waves.normals)
        write_picture(place / f"wall {number}_roughness.png", waves.shade)
    for number, name in enumerate(("one", "two", "three")):
        write_picture(folder / "moss" / f"{name}.jpg", Waves(10 + number, edge=128).albedo * [0.3, 1.0, 0.2])
    (folder / "looks.toml").write_text("[moss]\ntile_metres = 0.3\n")


def page_commands(root: Path, program: str) -> list[list[str]]:
    """The commands of the page that begin with a program, as words, without it."""
    page = (root / "docs" / "your-own-images.md").read_text(encoding="utf-8")
    return [shlex.split(line) for line in re.findall(rf"^{program} (.*)$", page, flags=re.MULTILINE)]


@pytest.fixture(scope="module")
def studio(tmp_path_factory, root) -> Path:
    """A folder in which the commands of the page have been run. runs/alone and alone: the pictures learnt from nothing;
    runs/mine and our-walls, among the user's packs: that taught more, from the same pictures."""
    folder, home = tmp_path_factory.mktemp("studio"), Path.cwd()
    os.chdir(folder)
    try:
        make_pictures(folder / "pictures")
        learn = {words[0]: words for words in page_commands(root, "python -m training")}
        assert training(learn["prepare"]) == 0
        assert training([*learn["train"], "--size", "tiny", "--steps", "3"]) == 0
        assert training(["export", "texture-generator", "--run", "runs/alone", "--out", "alone"]) == 0
        assert training([*learn["finetune"], "--pack", "alone", "--steps", "2"]) == 0
        assert training(learn["export"]) == 0
        for number, words in enumerate(page_commands(root, "galatea")):
            assert galatea([*words, "--json", f"{number}_{words[0]}.json"]) == 0
        yield folder
    finally:
        os.chdir(home)
        shutil.rmtree(packs_folder() / "our-walls", ignore_errors=True)


def test_the_pack_is_listed_with_its_own_classes(studio):
    pack = packs_folder() / "our-walls"
    assert all(finding.ok for finding in verify_pack(read_pack(pack)))
    told = {info["id"]: info for info in json.loads((studio / "0_packs.json").read_text())["packs"]}["our-walls"]
    assert set(told["classes"]) == {"slate", "moss"}
    assert (told["title"], told["licence"]) == ("Walls of our town", "our own")
    looks = read_pack(pack).content["texture"]["looks"]
    assert looks["moss"]["tile_metres"] == 0.3 and looks["moss"]["relief"] == 0.03
    assert 0.005 < looks["slate"]["relief"] < 0.25 and looks["slate"]["relief"] != 0.03  # out of its normal maps
    assert (pack / "README.md").read_text(encoding="utf-8").count("our own") >= 1


def test_its_materials_are_made(studio):
    moss, like = (json.loads(path.read_text()) for path in sorted(studio.glob("*_texture.json")))
    assert "our-walls" in json.dumps(moss) and "our-walls" in json.dumps(like)
    names = {path.name for path in (studio / "out" / "moss").iterdir()}
    assert {f"moss_{seed}_{name}.png" for seed in range(3, 7)
            for name in ("albedo", "normal", "roughness", "metallic", "height")} < names
    assert len(list((studio / "out" / "like").glob("*_albedo.png"))) == 1


# --- going on from a pack -------------------------------------------------------------------------------------------


def test_a_pack_holds_the_networks_it_was_made_of(studio):
    networks, _, _ = load_run(studio / "runs" / "alone")
    round_weights(networks)
    read = load_networks(read_pack(studio / "alone")).state_dict()
    for name, value in networks.state_dict().items():
        if name in OF_PICTURES:  # found anew in whatever pictures it is to learn from
            continue
        assert torch.allclose(read[name], value, atol=1e-3), name


def test_the_graph_makes_what_the_network_makes(studio):
    """What was folded in the graph is still the same sum."""
    networks, _, _ = load_run(studio / "runs" / "alone")
    shape, rng = networks.shape, np.random.default_rng(0)
    given = {"noise": (2, shape.noise, 2, 3), "grain": (2, 1, 64, 96), "style": (2, shape.stages, shape.style)}
    given = {name: rng.standard_normal(size).astype(np.float32) for name, size in given.items()}
    given["class"] = np.eye(shape.classes, dtype=np.float32)[[0, 1]]
    albedo = onnxruntime.InferenceSession(studio / "alone" / "model.onnx").run(["albedo"], given)[0]
    with torch.no_grad():
        maps = networks.generator(*(torch.from_numpy(given[name]) for name in ("noise", "grain", "style", "class")))
    assert np.abs(albedo - maps[:, :3].clamp(0, 1).numpy()).max() < 2e-2  # weights are halved


def test_other_classes_begin_as_mixtures_of_the_old(studio):
    base = read_pack(studio / "alone")
    pictures = ImagePack.load(studio / "runs" / "mine.npz")
    renamed = ImagePack(tuple(item.__class__(**{**vars(item), "kind": "lichen" if item.kind == "moss" else item.kind})
                              for item in pictures.items), {"lichen": pictures.looks["moss"],
                                                            "slate": pictures.looks["slate"]})
    networks = load_networks(base)
    rows = likeness_to(networks, tiles_of(renamed, "train"), base)
    slate = base.words("classes").index("slate")
    assert torch.allclose(rows.sum(dim=1), torch.ones(2))
    assert rows[1].tolist() == [float(i == slate) for i in range(2)]  # it was there
    wider = reworded(networks, renamed, rows)
    latent = torch.randn(3, networks.shape.latent)
    old, new = (net.mapping(latent, row.expand(3, -1), torch.ones(3))
                for net, row in ((networks, rows[0]), (wider, torch.tensor([1.0, 0.0]))))
    assert torch.allclose(old, new, atol=1e-5)
    assert wider.generator.relief.tolist() == pytest.approx([look.relief for look in renamed.looks.values()])


def test_finetuning_goes_on_after_a_stop_and_names_what_it_began_with(studio, tmp_path):
    run, out = tmp_path / "more", tmp_path / "our-moss"
    tune = ["finetune", "texture-generator", "--data", "runs/mine.npz", "--classes", "moss", "--pack", "alone",
            "--run", str(run), "--steps", "3"]
    assert training([*tune, "--stop-after", "2"]) == 0
    assert training(tune) == 0
    assert training(["export", "texture-generator", "--run", str(run), "--out", str(out)]) == 0
    before, made = read_pack(studio / "alone"), read_pack(out)
    assert all(finding.ok for finding in verify_pack(made))
    assert made.words("classes") == ("moss",)
    assert made.licence == "unknown: ask who made the pictures"
    assert "finetune texture-generator" in made.content["training"]["command"]
    assert set(before.content["training"]["pictures"]) <= set(made.content["training"]["pictures"])
    assert not torch.equal(load_networks(before).generator.end.weight, load_networks(made).generator.end.weight)


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "says"), [
    ("finetune texture-generator --data runs/mine.npz --pack MODELS/pose-vae --run x", "is a pose-vae pack"),
    ("finetune texture-generator --data runs/mine.npz --pack none --run x", "none holds no pack.toml"),
    ("finetune texture-generator --data runs/mine.npz --pack alone --classes lava --run x", "there is no class lava"),
    ("finetune texture-generator --data pictures/moss/one.jpg --pack alone --run x", "is no image pack"),
    ("train texture-generator --data nothing.npz --run x", "there is no file nothing.npz"),
    ("export texture-generator --run nowhere --out x", "not a training run"),
    ("prepare motion --out x.npz", "--data FOLDER"),
])
def test_what_makes_no_sense_is_one_line(studio, root, capsys, words, says):
    assert training([word.replace("MODELS", str(root / "models")) for word in words.split()]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and says in told[0]


def test_a_pack_whose_graph_does_not_name_its_weights_is_one_line(studio, root, tmp_path, capsys):
    pack = shutil.copytree(studio / "alone", tmp_path / "alone")
    text = (pack / "pack.toml").read_text(encoding="utf-8")
    (pack / "pack.toml").write_text(re.sub(r"(?m)^latent = 8$", "latent = 9", text), encoding="utf-8")
    assert training(["finetune", "texture-generator", "--data", "runs/mine.npz", "--pack", str(pack), "--run",
                     str(tmp_path / "run")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
