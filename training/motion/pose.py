# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose VAE: 32 numbers for a pose, read off all its joints or off a few, and poses out of any 32 numbers.

A masked variational autoencoder (after the pose prior of Pavlakos et al. 2019, VPoser): joints are left out while it is
trained, so that the encoder also completes. A pose is 22 local rotations, the hips' without their heading.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from blender_addon.motion.skeleton import CANONICAL

from .generator import sixd_to_matrix
from .inbetweener import kinematics

JOINT_COUNT = len(CANONICAL.names)


@dataclass(frozen=True)
class PoseShape:
    """The sizes of the network."""

    hidden: int = 512
    latent: int = 32

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


FULL, TINY = {}, {"hidden": 32, "latent": 8}


class PoseVae(nn.Module):
    """Local quaternions (B, 22, 4), which are known (B, 22), joints' places (B, 22, 3) in metres from the hips, which
    of those are known (B, 22) -> mean and log spread (B, Z); latent -> matrices.

    The latents are whitened where the graph is exported (`move`, `mix`), so that draws from the unit normal lie where
    poses do.
    """

    def __init__(self, shape: PoseShape):
        super().__init__()
        self.shape = shape
        width, latent = shape.hidden, shape.latent
        self.encoder = nn.Sequential(
            nn.Linear(JOINT_COUNT * 11, width), nn.LayerNorm(width), nn.ELU(), nn.Linear(width, width),
            nn.LayerNorm(width), nn.ELU(), nn.Linear(width, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, width), nn.LayerNorm(width), nn.ELU(),
                                     nn.Linear(width, width), nn.LayerNorm(width), nn.ELU(),
                                     nn.Linear(width, JOINT_COUNT * 6))
        self.register_buffer("mean", torch.zeros(JOINT_COUNT * 6))
        self.register_buffer("places", torch.zeros(JOINT_COUNT, 3))
        self.register_buffer("move", torch.zeros(latent))
        self.register_buffer("mix", torch.eye(latent))

    def encode(self, rotations: Tensor, known: Tensor, places: Tensor, placed: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log spread (B, Z) before whitening; what is not known is not looked at."""
        seen = (sixd_of(rotations).flatten(1) - self.mean).unflatten(-1, (JOINT_COUNT, 6)) * known[..., None]
        far = (places - self.places) * (2.0 * placed[..., None])  # half a metre is much
        told = torch.cat([seen.flatten(1), known, far.flatten(1), placed], dim=-1)
        mean, log_spread = self.encoder(told).chunk(2, dim=-1)
        return mean, torch.clamp(log_spread, -6.0, 2.0)

    def decode(self, latent: Tensor) -> Tensor:
        """Local rotation matrices (B, 22, 3, 3)."""
        return sixd_to_matrix((self.decoder(latent) + self.mean).unflatten(-1, (JOINT_COUNT, 6)))


def sixd_of(q: Tensor) -> Tensor:
    """Unit quaternions (..., 4) to the first two columns of their matrices, (..., 6)."""
    w, x, y, z = q.unbind(-1)
    return torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y),
                        2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], dim=-1)


def matrix_kinematics(local: Tensor) -> tuple[Tensor, Tensor]:
    """Global matrices (B, 22, 3, 3) and joint positions (B, 22, 3) from the hips, of local matrices."""
    offsets = torch.as_tensor(CANONICAL.offsets, dtype=local.dtype, device=local.device)
    turned, placed = [local[:, 0]], [torch.zeros_like(local[:, 0, :, 0])]
    for joint, parent in enumerate(CANONICAL.parents):
        if parent >= 0:
            placed.append(placed[parent] + turned[parent] @ offsets[joint])
            turned.append(turned[parent] @ local[:, joint])
    return torch.stack(turned, dim=1), torch.stack(placed, dim=1)


def joints_of(rotations: Tensor) -> Tensor:
    """Joint positions (B, 22, 3) in metres from the hips, of local quaternions (B, 22, 4)."""
    return kinematics(rotations, torch.zeros_like(rotations[:, 0, :3]))[1]


def losses(made: Tensor, rotations: Tensor, joints: Tensor, mean: Tensor, log_spread: Tensor, information: float,
           floor: float = 0.02) -> dict[str, Tensor]:
    """Joint positions in metres, rotations, and the cost of the latent: that of `floor` nats a number is free.

    made: matrices (B, 22, 3, 3) decoded; rotations, joints: what they should be.
    """
    turned, placed = matrix_kinematics(made)
    true, _ = kinematics(rotations, torch.zeros_like(rotations[:, 0, :3]))
    apart = ((placed - joints).square().sum(-1) + 1e-8).sqrt().mean()
    away = (turned[..., :2].transpose(-1, -2).flatten(-2) - sixd_of(true)).abs().mean()
    cost = 0.5 * (mean.square() + torch.exp(2.0 * log_spread) - 1.0 - 2.0 * log_spread).mean(dim=0)
    return {"joints": 10.0 * apart, "rotations": away, "latent": information * torch.clamp(cost, min=floor).sum()}


# Where an artist puts a body by its controls.
EFFECTORS = tuple(CANONICAL.names.index(name) for name in ("Head", "LeftHand", "RightHand", "LeftFoot", "RightFoot"))


def masks(batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(B, 22) twice: which joints' rotations are shown, and whose places.

    All rotations and no place in half of the poses, else a random share of either; now and then the hips' rotation and
    the places of head, hands and feet.
    """
    share = torch.rand(batch, 1, generator=generator) * 0.9 + 0.05
    known = (torch.rand(batch, JOINT_COUNT, generator=generator) < share).float()
    whole = torch.rand(batch, 1, generator=generator) < 0.5
    known = torch.where(whole, torch.ones_like(known), known)
    # never nothing at all
    first = functional.one_hot(torch.randint(JOINT_COUNT, (batch,), generator=generator), JOINT_COUNT).float()
    known = torch.where(known.sum(-1, keepdim=True) > 0, known, first)
    kind = torch.rand(batch, 1, generator=generator)
    share = torch.rand(batch, 1, generator=generator) * 0.5
    placed = (torch.rand(batch, JOINT_COUNT, generator=generator) < share).float() * (kind < 0.5)
    ends = torch.zeros(JOINT_COUNT)
    ends[list(EFFECTORS)] = 1.0
    hips = torch.zeros(JOINT_COUNT)
    hips[0] = 1.0
    controls = (kind > 0.6) & ~whole
    return (torch.where(controls, hips.expand_as(known), known),
            torch.where(controls, ends.expand_as(placed), placed * ~whole))
