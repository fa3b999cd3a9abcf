# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the texture generator:

    python -m training train texture-generator --data runs/textures.npz --run runs/texture-generator

Run the same command again after a stop: it goes on from the last checkpoint. Generator and discriminator are paired
(relativistic, with R1 and R2: Huang et al., "The GAN is dead; long live the GAN!", 2024). Half of each batch is made
from what the encoder reads out of real tiles and must be like them in its statistics (a VAE with a GAN, after Larsen
et al. 2016), which keeps little data from collapsing to a few materials and gives "more like this picture".
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..motion.train_generator import _hardware as hardware_of
from ..motion.train_generator import check_device
from ..runs import descend, follow, log_row, open_log
from .batches import Batch, Tiles, draw, noise_for, tiles_of
from .checkpoints import COLUMNS, resume, save
from .image_pack import ImagePack
from .looks import as_written
from .losses import against, feature_likeness, information, likeness, patch_likeness, steepness
from .networks import TINY, Discriminator, Encoder, Generator, Mapping, TextureShape, root_of
from .progress_sheets import progress_sheet


@dataclass(frozen=True)
class Schedule:
    """How long, how large, how fast; all shares are of the whole training.

    crops: edge of the crops and where each begins. penalty: of R1 and R2, from first to last. information: what a nat
    of the encoder's latents costs. like: what being unlike the picture that was read costs. often: how often a class
    is drawn, 1 where nothing is said.
    """

    steps: int
    minutes: float = 0.0
    batch: int = 16
    crops: tuple[tuple[float, int], ...] = ((0.0, 64), (0.85, 96))
    rates: tuple[float, float] = (6e-4, 1e-4)
    penalty: tuple[float, float] = (2.0, 0.4)
    penalty_every: int = 3
    like: float = 4.0
    features_like: float = 0.5
    patches_like: float = 2.0
    information: float = 3e-3
    average: float = 0.998
    remember: float = 0.995
    often: dict[str, float] = field(default_factory=dict)

    def share(self, step: int, seconds: float) -> float:
        """How much of the training is done, 0 to 1."""
        return min(1.0, seconds / (60.0 * self.minutes) if self.minutes else step / self.steps)

    def crop(self, share: float) -> int:
        """Edge of the crops in texels."""
        return [edge for begins, edge in self.crops if share >= begins][-1]

    def between(self, ends: tuple[float, float], share: float) -> float:
        """Along a cosine from one end to the other."""
        return ends[1] + (ends[0] - ends[1]) * 0.5 * (1.0 + math.cos(math.pi * share))


class Networks(torch.nn.Module):
    """All that makes pictures: what is averaged and shipped."""

    def __init__(self, shape: TextureShape, relief: Tensor, regular: Tensor):
        super().__init__()
        self.mapping = Mapping(shape)
        self.generator = Generator(shape, relief, regular)
        self.encoder = Encoder(shape)

    @property
    def shape(self) -> TextureShape:
        return self.generator.shape

    def make(self, latent: Tensor, noise: Tensor, grain: Tensor, label: Tensor) -> Tensor:
        """Maps (B, 6, H, W), the style the same in all stages."""
        style = self.mapping(latent, label, torch.ones(len(latent), device=latent.device))
        return self.generator(noise, grain, style[:, None].expand(-1, self.shape.stages, -1), label)


@dataclass
class Run:
    """Everything that a checkpoint holds."""

    networks: Networks
    averaged: Networks
    critic: Discriminator
    making: torch.optim.Optimizer
    judging: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    pictures: int = 0


def train(data: Path, folder: Path, steps: int, seed: int, device: str, size: str, checkpoint_every: int,
          stop_after: int | None, minutes: float = 0.0, classes: tuple[str, ...] = (),
          often: dict[str, float] | None = None) -> None:
    """Train or go on training on an image pack; leaves checkpoint.pt, losses.csv, corpus.json, sheets in `folder`."""
    check_device(device)
    pack = ImagePack.load(data).only(classes or None)
    schedule = Schedule(steps, minutes, often=often or {})
    if size != "full":
        schedule = replace(schedule, batch=4, crops=((0.0, 32),))
    run = begin(pack, size, seed, device)
    about = describe(pack, schedule, seed, size, device)
    go_on(run, pack, schedule, folder, about, seed, device, checkpoint_every, stop_after)


def begin(pack: ImagePack, size: str, seed: int, device: str, networks: Networks | None = None) -> Run:
    """A run that has not begun, with fresh networks or those given."""
    torch.manual_seed(seed)
    looks = list(pack.looks.values())
    relief, regular = (torch.tensor([float(value) for value in values])
                       for values in zip(*((look.relief, look.lattice) for look in looks)))
    if networks is None:
        networks = Networks(TextureShape(len(looks), **(TINY if size != "full" else {})), relief, regular)
    shape = networks.shape
    averaged = Networks(shape, relief, regular)
    averaged.load_state_dict(networks.state_dict())
    networks, averaged, critic = (net.to(device).to(memory_format=torch.channels_last)
                                  for net in (networks, averaged, Discriminator(shape, relief)))
    first = Schedule(1).rates[0]
    return Run(networks, averaged.eval(), critic, torch.optim.Adam(networks.parameters(), lr=first, betas=(0.0, 0.99)),
               torch.optim.Adam(critic.parameters(), lr=first, betas=(0.0, 0.99)))


def go_on(run: Run, pack: ImagePack, schedule: Schedule, folder: Path, about: dict, seed: int, device: str,
          checkpoint_every: int, stop_after: int | None) -> None:
    """Train to the end of the schedule, or as far as stop_after says."""
    folder.mkdir(parents=True, exist_ok=True)
    tiles = tiles_of(pack, "train", schedule.often)
    resume(run, folder / "checkpoint.pt", about)
    (folder / "corpus.json").write_text(json.dumps(about, indent=1))
    print(f"{len(tiles.label)} pictures of {', '.join(tiles.classes)}; step {run.step}", flush=True)
    began = time.monotonic() - run.seconds
    last = math.inf if stop_after is None else run.step + stop_after
    with open_log(folder / "losses.csv", COLUMNS, run.step) as log, tqdm(
            initial=run.step, total=schedule.steps or None, unit="step", mininterval=30.0) as bar:
        while (share := schedule.share(run.step, run.seconds)) < 1.0 and run.step < last:
            figures = train_step(run, tiles, schedule, share, seed, device)
            run.step += 1
            run.pictures += schedule.batch
            run.seconds = time.monotonic() - began
            bar.update()
            ended = schedule.share(run.step, run.seconds) >= 1.0
            if run.step % 48 == 1 or ended:  # a step with penalties among them
                log_row(log, [run.step, *(f"{value:.5f}" for value in figures.values()), round(run.seconds)])
            if ended:
                settle(run.averaged, tiles, device)
            if run.step % checkpoint_every == 0 or ended or run.step == last:
                save(run, folder / "checkpoint.pt", about)
                progress_sheet(run.averaged, tiles, folder / "progress.png", device)


def train_step(run: Run, tiles: Tiles, schedule: Schedule, share: float, seed: int, device: str) -> dict[str, float]:
    """One step of the discriminator, one of generator and encoder; the losses by name."""
    rng = np.random.default_rng([seed, run.step])
    source = torch.Generator().manual_seed(seed * 1_000_003 + run.step)
    crop = schedule.crop(share)
    real = draw(tiles, schedule.batch, crop, rng)
    real = Batch(*(part.to(device) for part in (real.maps.contiguous(memory_format=torch.channels_last), real.known,
                                                real.label)))
    latent, noise, grain = (part.to(device) for part in noise_for(run.networks.shape, schedule.batch, crop, source))
    read = torch.arange(schedule.batch, device=device) % 2 == 0  # every other is to be like a real one
    _set_rate(run, schedule.between(schedule.rates, share))

    with torch.autocast(torch.device(device).type, torch.bfloat16):
        mean, log_spread, kind = run.networks.encoder(real.maps[:, :3])
    mean, log_spread = mean.float(), log_spread.float()
    found = mean + latent * torch.exp(log_spread)
    run.networks.mapping.notice(found.detach(), real.label, 1.0 - schedule.remember)
    given = torch.where(read[:, None], found, run.networks.mapping.place(latent, real.label))
    with torch.autocast(torch.device(device).type, torch.bfloat16):
        made = run.networks.make(given, noise, grain, real.label).float()

    taught = _teach(run, real, made.detach(), schedule, share)

    with torch.autocast(torch.device(device).type, torch.bfloat16):
        run.critic.requires_grad_(False)
        score, seen = run.critic(made, real.known, real.label)
        with torch.no_grad():
            real_score, real_seen = run.critic(real.maps, real.known, real.label)
        run.critic.requires_grad_(True)
    parts = {
        "fooling": against(real_score.float(), score.float()),
        "like": schedule.like * likeness(made[read], real.maps[read], real.known[read]),
        "patches": schedule.patches_like * patch_likeness(made[read], real.maps[read], real.known[read], source),
        "seen_like": schedule.features_like * feature_likeness([level[read].float() for level in seen],
                                                               [level[read].float() for level in real_seen]),
        "information": schedule.information * information(mean, log_spread),
        "kind": 0.1 * torch.nn.functional.cross_entropy(kind.float(), real.label.argmax(dim=1)),
    }
    loss = sum(parts.values())
    descend(run.making, loss, run.networks, 10.0, run.step)
    _average(run, schedule)
    return {**taught, **{name: value.item() for name, value in parts.items()}}


def _teach(run: Run, real: Batch, made: Tensor, schedule: Schedule, share: float) -> dict[str, float]:
    """One step of the discriminator; its penalties now and then, as many times as strong (Karras et al. 2020)."""
    with torch.autocast(real.maps.device.type, torch.bfloat16):
        real_score = run.critic(real.maps, real.known, real.label)[0].float()
        score = run.critic(made, real.known, real.label)[0].float()
    loss = against(score, real_score)
    steep = loss.new_zeros(())
    if run.step % schedule.penalty_every == 0:
        steep = sum(steepness(run.critic, maps, real.known, real.label) for maps in (real.maps, made))
        weight = 0.5 * schedule.between(schedule.penalty, share) * schedule.penalty_every
        loss = loss + weight * steep
    run.judging.zero_grad(set_to_none=True)
    loss.backward()
    run.judging.step()
    return {"judging": against(score, real_score).item(), "apart": (real_score - score).mean().item(),
            "steep": steep.item()}


def _set_rate(run: Run, rate: float) -> None:
    for optimiser, share in ((run.making, 1.0), (run.judging, 1.0)):
        for group in optimiser.param_groups:
            group["lr"] = rate * share


@torch.no_grad()
def _average(run: Run, schedule: Schedule) -> None:
    follow(run.averaged, run.networks, run.step, schedule.average)
    run.averaged.mapping.middle.copy_(run.networks.mapping.middle)
    run.averaged.mapping.root.copy_(run.networks.mapping.root)


@torch.no_grad()
def settle(networks: Networks, tiles: Tiles, device: str) -> None:
    """Say exactly where the encoder puts the training pictures of each class: middle and root of the mapping."""
    mapping = networks.mapping
    for kind in range(len(tiles.classes)):
        parts = torch.from_numpy(tiles.pictures[tiles.label == kind][:, :3]).split(64)
        found = [networks.encoder(part.to(device).float() / 255.0)[:2] for part in parts]
        mean, log_spread = (torch.cat(each) for each in zip(*found, strict=True))
        away = mean - mean.mean(dim=0)
        own = torch.exp(2.0 * log_spread).mean(dim=0)
        mapping.middle[kind] = mean.mean(dim=0)
        mapping.root[kind] = root_of(away.T @ away / len(mean) + torch.diag(own))


def describe(pack: ImagePack, schedule: Schedule, seed: int, size: str, device: str) -> dict:
    """What the card says of the run."""
    own = pack.only(split="train")
    return {"seed": seed, "size": size, "device": device, "hardware": hardware_of(device),
            "schedule": asdict(schedule), "classes": list(pack.classes),
            "looks": as_written(pack.looks),
            "pictures": [{"name": item.name, "class": item.kind, "source": item.source, "licence": item.licence,
                          "credit": item.credit, "sha256": item.sha256} for item in own.items]}
