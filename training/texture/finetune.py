# SPDX-License-Identifier: GPL-3.0-or-later
"""Teach a texture generator materials from pictures of your own:

    python -m training finetune texture-generator --data runs/mine.npz --run runs/mine

It begins with the weights that a pack holds, not with a checkpoint, and ends with the classes of the pictures alone:
the pack that it began with is still there for its own. A class of the same name begins as what it was, another as the
mixture of classes that the pack's encoder takes its pictures for. The discriminator is not in a pack; it is made anew
and taught first, while the generator stands still.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, models_folder, read_pack

from ..motion.train_generator import check_device
from .batches import Batch, Tiles, draw, noise_for, tiles_of
from .image_pack import ImagePack
from .pack_weights import OF_PICTURES, load_networks
from .train import Networks, Run, Schedule, begin, describe, go_on, settle
from .train import _teach as teach

KIND = "texture-generator"
_CRITIC_STEPS = 150
_TINY = 32  # channels of the widest stage below which a network is one of a test's


@dataclass(frozen=True)
class Tuning(Schedule):
    """A schedule for networks that make materials already."""

    rates: tuple[float, float] = (3e-4, 1e-4)


def finetune(data: Path, pack: Path | None, folder: Path, steps: int, seed: int, device: str, checkpoint_every: int,
             stop_after: int | None, classes: tuple[str, ...] = ()) -> None:
    """Teach a pack's networks the pictures of `data`; leaves what `train` leaves in `folder`."""
    check_device(device)
    base = _read(pack or models_folder() / KIND)
    pictures = ImagePack.load(data).only(classes or None)
    networks = load_networks(base)
    tiny = networks.shape.widths[0] < _TINY
    size = "tiny" if tiny else "full"
    schedule = Tuning(steps, batch=4, crops=((0.0, 32),)) if tiny else Tuning(steps)
    tiles = tiles_of(pictures, "train")
    networks = reworded(networks, pictures, likeness_to(networks, tiles, base))
    settle(networks, tiles, "cpu")
    run = begin(pictures, size, seed, device, networks)
    if not (folder / "checkpoint.pt").is_file():
        _teach_critic(run, tiles, schedule, 4 if tiny else _CRITIC_STEPS, seed, device)
    about = describe(pictures, schedule, seed, size, device) | {
        "command": f"python -m training finetune {KIND} --data {data} --pack {base.id} --run {folder} --steps {steps} "
                   f"--seed {seed}",
        "base": {"id": base.id, "version": base.version, "data": list(base.data),
                 "pictures": base.content["training"].get("pictures", [])}}
    go_on(run, pictures, schedule, folder, about, seed, device, checkpoint_every, stop_after)


def _read(folder: Path) -> Pack:
    pack = read_pack(folder)
    if pack.kind != KIND:
        raise GalateaError(f"{folder} is a {pack.kind} pack; name a {KIND}")
    return pack


@torch.no_grad()
def likeness_to(networks: Networks, tiles: Tiles, base: Pack) -> Tensor:
    """(own classes, the pack's classes): how much each own class is like each of those, in shares of 1."""
    there = base.words("classes")
    rows = torch.zeros(len(tiles.classes), len(there))
    for kind, name in enumerate(tiles.classes):
        if name in there:
            rows[kind, there.index(name)] = 1.0
            continue
        albedo = torch.from_numpy(tiles.pictures[tiles.label == kind][:, :3]).float() / 255.0
        rows[kind] = torch.softmax(networks.encoder(albedo)[2], dim=1).mean(dim=0)
        likest = ", ".join(f"{there[i]} {rows[kind, i]:.0%}" for i in rows[kind].argsort(descending=True)[:3])
        print(f"{name} begins as {likest}")
    return rows


def reworded(networks: Networks, pictures: ImagePack, rows: Tensor) -> Networks:
    """The same networks for other classes, each the mixture `rows` (own, the pack's) of those there were.

    Where the encoder puts the pictures of a class is for `settle` to say.
    """
    looks = list(pictures.looks.values())
    other = Networks(replace(networks.shape, classes=len(looks)), torch.tensor([look.relief for look in looks]),
                     torch.tensor([float(look.lattice) for look in looks]))
    state = networks.state_dict()
    state["mapping.meaning.weight"] = state["mapping.meaning.weight"] @ rows.T
    for name in ("encoder.kind.weight", "encoder.kind.bias"):
        state[name] = rows @ state[name]
    for name in ("generator.relief", "generator.regular", *OF_PICTURES):
        state[name] = other.state_dict()[name]
    other.load_state_dict(state)
    return other


def _teach_critic(run: Run, tiles: Tiles, schedule: Schedule, steps: int, seed: int, device: str) -> None:
    """Let the discriminator learn to tell the pictures from what the generator makes as it is."""
    crop = schedule.crop(0.0)
    for step in tqdm(range(steps), desc="looking at the pictures", unit="step"):
        real = draw(tiles, schedule.batch, crop, np.random.default_rng([seed, 1, step]))
        real = Batch(*(part.to(device) for part in (real.maps, real.known, real.label)))
        source = torch.Generator().manual_seed(seed * 1_000_003 - step - 1)
        latent, noise, grain = (part.to(device) for part in
                                noise_for(run.networks.shape, schedule.batch, crop, source))
        with torch.no_grad():
            made = run.networks.make(latent, noise, grain, real.label)
        teach(run, real, made, schedule, 0.0)
