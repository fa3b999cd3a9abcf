# SPDX-License-Identifier: GPL-3.0-or-later
"""What the in-betweener is trained for: the losses, and what it says as poses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from blender_addon.motion.skeleton import CONTACT_JOINTS, INDEX

from .clips import FPS
from .gap_telling import inverse, rotation_vector, turn_about_z
from .inbetweener import kinematics, multiply, numbers, turned_by

_LEVEL = 4.0  # how many means hard a window must be to count half as much as its error says
_FEET = tuple(INDEX[name] for name in CONTACT_JOINTS)


def away_from_interpolation(x: dict[str, Tensor]) -> Tensor:
    """(B, T, 23, 3) what would have to be added to interpolation."""
    turns = rotation_vector(multiply(inverse(x["base"]), x["rotations"]))
    shifts = turn_about_z((x["positions"] - x["moved"])[:, :, None], -x["heading"])
    return torch.cat([turns, shifts], dim=2)


def changed(turns: Tensor, shifts: Tensor, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Rotations and hips of interpolation with the network's changes on top."""
    moved = x["moved"] + turn_about_z(shifts[:, :, None], x["heading"])[:, :, 0]
    return turned_by(x["base"], turns), moved


def place(turns: Tensor, shifts: Tensor, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """The same as global rotations and joints."""
    return kinematics(*changed(turns, shifts, x))


def gap_losses(turns: Tensor, shifts: Tensor, standing: Tensor, x: dict[str, Tensor], scale: Tensor
               ) -> dict[str, Tensor]:
    """What is judged, as shares of interpolation's error, and what makes it fit to look at.

    A window's share counts nearly by how hard it is, as in the figures, and is levelled off a little: quiet windows are
    not quite drowned by what nobody could foresee.
    """
    missing = x["missing"].float()
    turned, joints = place(turns, shifts, x)
    with torch.no_grad():
        (true_turned, even_turned), (true, even) = kinematics(torch.stack([x["rotations"], x["base"]]),
                                                              torch.stack([x["positions"], x["moved"]]))
        sides = [torch.where((q * true_turned).sum(-1, keepdim=True) < 0.0, -1.0, 1.0) for q in (turned, even_turned)]

    def over_gap(error: Tensor) -> Tensor:
        """(B,) length of the error of all joints, summed over the missing frames."""
        return ((error.flatten(2).square().sum(-1) + 1e-6).sqrt() * missing[:, -error.shape[1]:]).sum(1)

    def share_of(own: Tensor, by_interpolation: Tensor) -> Tensor:
        off, even_off = over_gap(own), over_gap(by_interpolation)
        weight = 1.0 / (even_off + _LEVEL * even_off.mean())
        return (weight * off).sum() / (weight * even_off).sum()

    places = share_of((joints - true) / scale, (even - true) / scale)
    rotations = share_of(turned * sides[0] - true_turned, even_turned * sides[1] - true_turned)
    true_velocity = torch.diff(true, dim=1)
    velocity = share_of(torch.diff(joints, dim=1) - true_velocity, torch.diff(even, dim=1) - true_velocity)

    both = x["standing"][:, 1:] * x["standing"][:, :-1] * missing[:, 1:, None]
    gone = torch.diff(joints.index_select(2, numbers(_FEET, joints.device)), dim=1)
    sliding = (gone.square().sum(-1) + 1e-6).sqrt() * FPS
    slide = (sliding * both).sum() / (both.sum() + 1.0)
    contacts = functional.binary_cross_entropy_with_logits(standing, x["standing"])
    return {"joints": places, "rotations": 0.6 * rotations, "velocity": 0.25 * velocity, "feet": 0.05 * slide,
            "contacts": 0.05 * contacts}
