# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of the texture generator: mapping, generator, encoder and discriminator.

The generator is fully convolutional on a torus: a field of noise, one cell for every 32 × 32 texels, becomes maps that
wrap around exactly, of any size (spatial GANs: Jetchev, Bergmann and Vollgraf 2016; periodic ones: Bergmann et al.
2017). A style scales activations and outputs are divided by what that does to their size (Karras et al. 2020), written
on activations so that a batch of styles is one plain convolution. Classes with a weave or rows learn a lattice of
32 × 32 texels that repeats: from local noise alone no network keeps step over a distance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .looks import TEXELS_PER_TILE

CELL = 32  # texels a cell of noise spans
MAPS = ("albedo", "height", "roughness", "metallic")
MAP_CHANNELS = 6  # three of albedo and one of each other
_FIELD = 16  # noise channels where the generator begins, at two by two for a cell

_activate = partial(F.leaky_relu, negative_slope=0.2)


@dataclass(frozen=True)
class TextureShape:
    """Sizes. widths: channels of the generator's stages, from 16 texels a step to 1."""

    classes: int
    latent: int = 64
    style: int = 128
    widths: tuple[int, ...] = (160, 128, 96, 64, 32)
    critic: tuple[int, ...] = (32, 64, 128, 192)
    reader: tuple[int, ...] = (32, 64, 96, 128)

    @property
    def stages(self) -> int:
        return len(self.widths)

    @property
    def noise(self) -> int:
        """Channels of a cell of noise."""
        return _FIELD * 4

    def as_dict(self) -> dict:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def shape_of(saved: dict) -> TextureShape:
    """Back from as_dict."""
    return TextureShape(**{key: tuple(value) if isinstance(value, list) else value for key, value in saved.items()})


TINY = {"latent": 8, "style": 16, "widths": (16, 12, 8, 8, 8), "critic": (8, 8, 12, 12), "reader": (8, 8, 8, 8)}


class Mapping(nn.Module):
    """From a latent and a class to a style.

    middle and root say where the encoder puts the pictures of each class: mean and Cholesky root of the covariance of
    their latents. New materials are drawn there, not from the unit normal all over (a density fitted to what was
    encoded: Ghosh et al., "From variational to deterministic autoencoders", 2020): skin comes in the colours of skin.
    """

    def __init__(self, shape: TextureShape):
        super().__init__()
        self.meaning = nn.Linear(shape.classes, shape.style, bias=False)
        self.layers = nn.ModuleList([nn.Linear(shape.latent + shape.style, shape.style),
                                     nn.Linear(shape.style, shape.style)])
        self.register_buffer("centre", torch.zeros(shape.classes, shape.style))
        self.register_buffer("middle", torch.zeros(shape.classes, shape.latent))
        self.register_buffer("root", torch.eye(shape.latent).repeat(shape.classes, 1, 1))
        keep_size(self.layers)

    def forward(self, latent: Tensor, label: Tensor, truncation: Tensor) -> Tensor:
        """(B, W) style of latents (B, Z) and class weights (B, K); truncation (B,): 0 is a class's mean style."""
        style = torch.cat([latent, self.meaning(label)], dim=1)
        for layer in self.layers:
            style = _activate(layer(style))
        centre = label @ self.centre
        return centre + truncation[:, None] * (style - centre)

    def place(self, draw: Tensor, label: Tensor) -> Tensor:
        """(B, Z) latents of class weights (B, K) for draws (B, Z) from the unit normal."""
        root = (label @ self.root.flatten(1)).reshape(-1, *self.root.shape[1:])
        return label @ self.middle + (root @ draw[:, :, None])[:, :, 0]

    @torch.no_grad()
    def notice(self, latent: Tensor, label: Tensor, share: float) -> None:
        """Let means and covariances follow the latents (B, Z) of pictures of class label (B, K), by a share."""
        for kind in torch.unique(label.argmax(dim=1)).tolist():
            own = latent[label[:, kind] > 0.5]
            square = self.root[kind] @ self.root[kind].T + torch.outer(self.middle[kind], self.middle[kind])
            square = square.lerp(own.T @ own / len(own), share)
            self.middle[kind] = self.middle[kind].lerp(own.mean(dim=0), share)
            self.root[kind] = root_of(square - torch.outer(self.middle[kind], self.middle[kind]))


class StyledConv(nn.Module):
    """A 3 × 3 convolution on a torus: the style scales what goes in and shifts what comes out at unit size."""

    def __init__(self, into: int, out: int, style: int):
        super().__init__()
        self.scale = nn.Linear(style, into)
        self.weight = nn.Parameter(torch.randn(out, into, 3, 3) / (into * 9) ** 0.5)
        self.shift = nn.Linear(style, out)
        self.grain = nn.Parameter(torch.zeros(out))
        nn.init.zeros_(self.scale.bias)
        nn.init.zeros_(self.shift.bias)
        for linear in (self.scale, self.shift):
            nn.init.normal_(linear.weight, std=0.5 / style ** 0.5)

    def forward(self, x: Tensor, style: Tensor, grain: Tensor) -> Tensor:
        """(B, out, H, W) of x (B, into, H, W), style (B, W) and grain (B, 1, H, W)."""
        scale = 1.0 + self.scale(style)
        size = (scale.square() @ self.weight.square().sum(dim=(2, 3)).T + 1e-6).rsqrt()
        y = F.conv2d(around(x * scale[:, :, None, None]), self.weight) * size[:, :, None, None]
        return _activate(y + self.shift(style)[:, :, None, None] + self.grain[:, None, None] * grain)


class Stage(nn.Module):
    """Two convolutions at one resolution, after doubling it (all but the first)."""

    def __init__(self, into: int, out: int, style: int, step: int, first: bool):
        super().__init__()
        self.first, self.step = first, step
        self.lattice = nn.Parameter(0.3 * torch.randn(into, CELL // step, CELL // step))
        self.convs = nn.ModuleList([StyledConv(into, out, style), StyledConv(out, out, style)])

    def forward(self, x: Tensor, style: Tensor, grain: Tensor, regular: Tensor) -> Tensor:
        """Next features; grain (B, 1, H, W) at full size, regular (B,): how much of the lattice is seen."""
        if not self.first:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        x = repeat_over(x, self.lattice, regular)
        own = grain[:, :, ::self.step, ::self.step]
        for conv in self.convs:
            x = conv(x, style, own)
        return x


class Generator(nn.Module):
    """From noise and styles to maps."""

    def __init__(self, shape: TextureShape, relief: Tensor, regular: Tensor):
        """relief (K,): height range of each class as a share of a tile; regular (K,): 1 for those with a lattice."""
        super().__init__()
        self.shape = shape
        self.begin = nn.Conv2d(_FIELD, shape.widths[0], 1)
        wide = (shape.widths[0], *shape.widths)
        self.stages = nn.ModuleList([
            Stage(wide[i], wide[i + 1], shape.style, 2 ** (shape.stages - 1 - i), i == 0) for i in range(shape.stages)])
        self.end = nn.Conv2d(shape.widths[-1], MAP_CHANNELS, 1)
        self.tint = nn.Linear(shape.style, MAP_CHANNELS)  # what the whole of a material is like: its mean colour
        self.register_buffer("relief", relief.float())
        self.register_buffer("regular", regular.float())

    def forward(self, noise: Tensor, grain: Tensor, style: Tensor, label: Tensor) -> Tensor:
        """(B, 6, H, W): albedo, height, roughness, metallic; noise (B, C, H/32, W/32), style (B, S, W).

        About 0 to 1, and not held to it: a bound that training can lean on gives no gradient beyond it. What ships is.
        """
        regular = label @ self.regular
        x = self.begin(F.pixel_shuffle(noise, 2))
        for i, stage in enumerate(self.stages):
            x = stage(x, style[:, i], grain, regular)
        return 0.5 + 0.25 * (self.end(x) + self.tint(style[:, -1])[:, :, None, None])

    def normals(self, height: Tensor, label: Tensor) -> Tensor:
        """Unit normals (B, 3, H, W), OpenGL convention, of heights (B, 1, H, W)."""
        slopes = slopes_of(height, label @ self.relief)
        up = torch.cat([-slopes, torch.ones_like(height)], dim=1)
        return up / up.square().sum(dim=1, keepdim=True).sqrt()


class Encoder(nn.Module):
    """From a picture to the latent that makes its like, and its class."""

    def __init__(self, shape: TextureShape):
        super().__init__()
        wide = (3, *shape.reader)
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(wide)])
        self.mix = nn.Linear(2 * wide[-1], wide[-1])
        self.mean = nn.Linear(wide[-1], shape.latent)
        self.log_spread = nn.Linear(wide[-1], shape.latent)
        self.kind = nn.Linear(wide[-1], shape.classes)
        nn.init.constant_(self.log_spread.bias, -1.0)
        keep_size([*self.convs, self.mix])

    def forward(self, albedo: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and log spread (B, Z) of the latent and class logits (B, K), of sRGB pictures (B, 3, H, W)."""
        x = 4.0 * (albedo - 0.5)
        for conv in self.convs:
            x = _activate(conv(x))
        average = x.mean(dim=(2, 3))
        spread = ((x - average[:, :, None, None]).square().mean(dim=(2, 3)) + 1e-6).sqrt()
        x = _activate(self.mix(torch.cat([average, spread], dim=1)))
        return self.mean(x), self.log_spread(x).clamp(-6.0, 2.0), self.kind(x)


class Discriminator(nn.Module):
    """How real maps look, class by class; without a sense of place, so that wrapping around is not seen."""

    def __init__(self, shape: TextureShape, relief: Tensor):
        super().__init__()
        wide = (MAP_CHANNELS + 2 + 3, *shape.critic)
        self.convs = nn.ModuleList()
        for a, b in pairwise(wide):
            self.convs += [nn.Conv2d(a, b, 3, padding=1), nn.Conv2d(b, b, 4, stride=2, padding=1)]
        self.last = nn.Conv2d(wide[-1], wide[-1], 3, padding=1)
        self.score = nn.Linear(wide[-1], 1)
        self.kind = nn.Linear(shape.classes, wide[-1], bias=False)
        self.register_buffer("relief", relief.float())
        keep_size(self.convs)
        keep_size([self.last])

    def forward(self, maps: Tensor, known: Tensor, label: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores (B,) and the features of each level; maps (B, 6, H, W), known (B, 3): which of the last three are."""
        x = self.seen(maps, known, label)
        levels = []
        for i, conv in enumerate(self.convs):
            x = _activate(conv(x))
            if i % 2:
                levels.append(x)
        x = _activate(self.last(x)).mean(dim=(2, 3))
        kind = self.kind(label)
        return self.score(x)[:, 0] + (x * kind).sum(dim=1) / kind.shape[1] ** 0.5, levels

    def seen(self, maps: Tensor, known: Tensor, label: Tensor) -> Tensor:
        """The maps as the discriminator sees them: with slopes, and nothing of maps that a real set lacks."""
        mask = known[:, :, None, None]
        slopes = slopes_of(maps[:, 3:4], label @ self.relief)
        return torch.cat([4.0 * (maps[:, :3] - 0.5), 4.0 * (maps[:, 3:] - 0.5) * mask, 2.0 * slopes * mask[:, :1],
                          mask.expand(-1, -1, *maps.shape[2:])], dim=1)


def root_of(covariance: Tensor) -> Tensor:
    """Cholesky root (Z, Z), of a matrix made safely positive."""
    return torch.linalg.cholesky(covariance + 1e-5 * torch.eye(len(covariance), device=covariance.device))


def keep_size(layers: Iterable[nn.Module]) -> None:
    """Weights to begin with that keep signals as strong as they come in (He et al. 2015)."""
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, a=0.2)
        nn.init.zeros_(layer.bias)


def around(x: Tensor) -> Tensor:
    """x (B, C, H, W) with one more texel on every side, from the other side.

    Slices and joins, and not a padding of its own: older runtimes know that only for constants.
    """
    x = torch.cat([x[:, :, -1:], x, x[:, :, :1]], dim=2)
    return torch.cat([x[:, :, :, -1:], x, x[:, :, :, :1]], dim=3)


def slopes_of(height: Tensor, relief: Tensor) -> Tensor:
    """(B, 2, H, W) slopes to the right and upwards of heights (B, 1, H, W), texels a texel; relief (B,)."""
    tall = height * (relief * TEXELS_PER_TILE)[:, None, None, None]
    right = torch.cat([tall[..., 1:], tall[..., :1]], dim=3) - torch.cat([tall[..., -1:], tall[..., :-1]], dim=3)
    up = torch.cat([tall[:, :, -1:], tall[:, :, :-1]], dim=2) - torch.cat([tall[:, :, 1:], tall[:, :, :1]], dim=2)
    return 0.5 * torch.cat([right, up], dim=1)


def repeat_over(x: Tensor, lattice: Tensor, amount: Tensor) -> Tensor:
    """x (B, C, H, W) and a lattice (C, P, P) repeated over it, times amount (B,)."""
    batch, channels, height, width = x.shape
    period = lattice.shape[1]
    tiled = x.reshape(batch, channels, height // period, period, width // period, period)
    more = (amount[:, None, None, None] * lattice)[:, :, None, :, None, :]
    return (tiled + more).reshape(batch, channels, height, width)
