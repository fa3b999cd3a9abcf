# SPDX-License-Identifier: GPL-3.0-or-later
"""What the in-betweener is trained on: batches as tensors, and the losses."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from blender_addon.motion.inbetween_features import rotation_vector, turn_about_z
from blender_addon.motion.rotations import quat_inverse, quat_multiply
from blender_addon.motion.skeleton import CONTACT_JOINTS, INDEX

from .clips import FPS
from .gap_corpus import Batch
from .inbetweener import kinematics, turned_by


def away_from_interpolation(batch: Batch) -> np.ndarray:
    """(B, T, 23, 3) what would have to be added to interpolation."""
    turns = rotation_vector(quat_multiply(quat_inverse(batch.told.rotations), batch.rotations))
    shifts = turn_about_z((batch.positions - batch.told.positions)[:, :, None], -batch.told.heading)
    return np.concatenate([turns, shifts], axis=2)


def tensors(batch: Batch, device: str) -> dict[str, Tensor]:
    """A batch for torch: the network's inputs by their names, and what else the losses need."""
    told, layout = batch.told, batch.told.layout
    arrays = {"features": told.features, "before": layout.before, "after": layout.after,
              "share": layout.share.astype(np.float32), "base": told.rotations.astype(np.float32),
              "moved": told.positions.astype(np.float32), "heading": told.heading.astype(np.float32),
              "missing": ~layout.known.all(axis=-1), "rotations": batch.rotations.astype(np.float32),
              "positions": batch.positions.astype(np.float32), "standing": batch.contacts}
    return {name: torch.as_tensor(array, device=device) for name, array in arrays.items()}


def place(turns: Tensor, shifts: Tensor, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Global rotations and joints of interpolation with the network's changes on top."""
    cos, sin = torch.cos(x["heading"])[..., None], torch.sin(x["heading"])[..., None]
    a, b, c = shifts.split(1, dim=-1)
    moved = x["moved"] + torch.cat([cos * a - sin * b, sin * a + cos * b, c], dim=-1)
    return kinematics(turned_by(x["base"], turns), moved)


def gap_losses(turns: Tensor, shifts: Tensor, standing: Tensor, x: dict[str, Tensor], scale: Tensor
               ) -> dict[str, Tensor]:
    """What is judged, as shares of interpolation's error, and what makes it fit to look at.

    A window's share counts by how hard it is, levelled off: one on which interpolation is much further off than on the
    batch's mean counts little more than that mean, so that quiet windows are not drowned by what nobody could foresee.
    """
    missing = x["missing"].float()
    turned, joints = place(turns, shifts, x)
    with torch.no_grad():
        true_turned, true = kinematics(x["rotations"], x["positions"])
        even_turned, even = kinematics(x["base"], x["moved"])
        sides = [torch.where((q * true_turned).sum(-1, keepdim=True) < 0.0, -1.0, 1.0) for q in (turned, even_turned)]

    def over_gap(error: Tensor) -> Tensor:
        """(B,) length of the error of all joints, summed over the missing frames."""
        return ((error.flatten(2).square().sum(-1) + 1e-6).sqrt() * missing[:, -error.shape[1]:]).sum(1)

    def share_of(own: Tensor, by_interpolation: Tensor) -> Tensor:
        off, even_off = over_gap(own), over_gap(by_interpolation)
        weight = 1.0 / (even_off + even_off.mean())
        return (weight * off).sum() / (weight * even_off).sum()

    places = share_of((joints - true) / scale, (even - true) / scale)
    rotations = share_of(turned * sides[0] - true_turned, even_turned * sides[1] - true_turned)
    true_velocity = torch.diff(true, dim=1)
    velocity = share_of(torch.diff(joints, dim=1) - true_velocity, torch.diff(even, dim=1) - true_velocity)

    feet = [INDEX[name] for name in CONTACT_JOINTS]
    both = x["standing"][:, 1:] * x["standing"][:, :-1] * missing[:, 1:, None]
    sliding = (torch.diff(joints[:, :, feet], dim=1).square().sum(-1) + 1e-6).sqrt() * FPS
    slide = (sliding * both).sum() / (both.sum() + 1.0)
    contacts = functional.binary_cross_entropy_with_logits(standing, x["standing"])
    return {"joints": places, "rotations": 0.6 * rotations, "velocity": 0.25 * velocity, "feet": 0.05 * slide,
            "contacts": 0.05 * contacts}
