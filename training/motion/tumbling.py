# SPDX-License-Identifier: GPL-3.0-or-later
"""Cartwheels, rolls and flips that Galatea makes itself, out of whatever a body does: hardly any are captured freely.

A window's body turns over about a level axis, its limbs spread like a wheel's spokes or tucked in on the way. It rolls
over whatever of it is lowest, which stays where it is on the floor, as hands and feet do in a cartwheel; in a flip it
leaves the floor. Whoever goes over on the hands leads with trunk and one leg, and the other leg stays behind, on the
floor for as long as it can. Arms, legs and timing are drawn at random, so what is learnt is how a body that turns over
goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from blender_addon.motion.skeleton import INDEX

from .clips import FPS
from .gap_telling import inverse, slerp
from .inbetweener import kinematics, multiply, rotate, turned_by

# Degrees about the joints' own axes, in a body turned to -Y whose rest is a T: what a spoke's or a ball's pose is, and
# by how much it is drawn otherwise.
_SPREAD = {"Arm": (0.0, -78.0, 0.0), "UpLeg": (0.0, -38.0, 0.0), "Neck": (-15.0, 0.0, 0.0)}
_SPLIT = {"Arm": (0.0, -80.0, 0.0), "LeftUpLeg": (-40.0, 0.0, 0.0), "RightUpLeg": (35.0, 0.0, 0.0),
          "Neck": (-15.0, 0.0, 0.0)}
_TUCKED = {"Arm": (0.0, 10.0, -75.0), "ForeArm": (0.0, 0.0, -60.0), "UpLeg": (-105.0, 0.0, 0.0),
           "Leg": (105.0, 0.0, 0.0), "Spine": (22.0, 0.0, 0.0), "Spine1": (18.0, 0.0, 0.0), "Neck": (30.0, 0.0, 0.0)}
_LOOSE = 18.0             # degrees by which each of these joints is drawn otherwise
_SECONDS = (0.7, 1.6)     # that a turn takes
_HELD = 0.3               # of it, in which limbs go there, and in which they come back
_BEHIND = (50.0, 100.0)   # degrees by which a leg stays behind at first, and the other one gets there before
_AHEAD = (10.0, 70.0)     # by which the trunk leads at first, and comes up last
_SPOKES = 3               # of the four kinds of poses, which go over on the hands
_LIFT = 0.7               # metres at most that a flip rises
_NEAR = 0.03              # metres by which something may be higher than the lowest and still carry

_Draw = Callable[[float, float], Tensor]


def tumble(rotations: Tensor, positions: Tensor, standing: Tensor, share: float) -> tuple[Tensor, Tensor, Tensor]:
    """Windows (B, T, 22, 4), (B, T, 3), (B, T, 4), about a share of them turning over; these come first."""
    count = int(len(rotations) * share + float(torch.rand(())))
    if not count:
        return rotations, positions, standing
    turned, moved, weight = _turned_over(rotations[:count], positions[:count])
    stands = standing[:count] * (weight < 0.05)[..., None]
    return tuple(torch.cat([one, rest[count:]]) for one, rest in
                 ((turned, rotations), (moved, positions), (stands, standing)))


def _turned_over(rotations: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same windows turning over once, and how far (B, T) from 0 to 1 they have gone into the pose of it."""
    batch, frames = positions.shape[:2]
    device = rotations.device

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(batch, 1, device=device)

    length = draw(*_SECONDS) * FPS
    # a window may begin in the middle of it, or end there; in half of them it begins in what is given before a gap
    begin = torch.where(draw(0.0, 1.0) < 0.5, draw(-0.5, 1.0) * (frames - 0.5 * length), draw(-0.35, 0.2) * length)
    way = ((torch.arange(frames, device=device) - begin) / length).clamp(0.0, 1.0)
    angle = 2.0 * math.pi * (way - draw(0.5, 1.0) * torch.sin(2.0 * math.pi * way) / (2.0 * math.pi))
    angle = angle * torch.where(torch.rand(batch, 1, device=device) < 0.5, -1.0, 1.0)
    weight = _eased(way / _HELD) * _eased((1.0 - way) / _HELD)

    kind = torch.randint(4, (batch,), device=device)
    posed = slerp(rotations, _drawn_poses(kind)[:, None].expand_as(rotations),
                  _held(batch, device) * (weight * draw(0.6, 1.0))[..., None])
    aside = draw(0.0, 2.0 * math.pi)
    axis = torch.stack([torch.cos(aside), torch.sin(aside), torch.zeros_like(aside)], dim=-1)
    ahead = _leads(angle, way, draw) * (kind < _SPOKES).to(angle.dtype)[:, None, None]
    own = rotate(inverse(posed[:, :, 0]), axis.expand(-1, frames, -1))
    turns = ahead[..., None] * own[:, :, None]
    turns[:, :, 0] = angle[..., None] * axis
    posed = multiply(turned_by(torch.zeros_like(posed) + _still(device), turns), posed)
    return posed, _rolled(rotations, posed, positions, way, draw), weight


def _leads(angle: Tensor, way: Tensor, draw: _Draw) -> Tensor:
    """(B, T, 22) radians about the axis by which trunk and legs are ahead of the hips, below zero behind them."""
    behind, ahead = (torch.deg2rad(draw(*ends)) for ends in (_BEHIND, _AHEAD))
    whole = 2.0 * math.pi
    gone, left = angle.abs(), whole - angle.abs()
    side = torch.sign(angle)
    last = -side * torch.minimum(gone, behind) * _eased((0.45 - way) / 0.25)
    first = side * torch.minimum(left, behind) * _eased((way - 0.55) / 0.25)
    trunk = side * (torch.minimum(gone, ahead) * _eased((0.45 - way) / 0.25)
                    - torch.minimum(left, ahead) * _eased((way - 0.55) / 0.25)) / 3.0
    other = torch.rand_like(draw(0.0, 1.0)) < 0.5
    legs = torch.where(other, last, first), torch.where(other, first, last)
    leads = torch.zeros(*way.shape, len(INDEX), device=way.device)
    for name, lead in (("Spine", trunk), ("Spine1", trunk), ("Spine2", trunk), ("LeftUpLeg", legs[0]),
                       ("RightUpLeg", legs[1])):
        leads[..., INDEX[name]] = lead
    return leads


def _rolled(rotations: Tensor, posed: Tensor, positions: Tensor, way: Tensor, draw: _Draw) -> Tensor:
    """(B, T, 3) where the hips are: above whatever is lowest, which stays where it is while the body turns over it."""
    before, after = (kinematics(part, torch.zeros_like(positions))[1] for part in (rotations, posed))
    floor = positions[..., 2] + before[..., 2].amin(-1)
    lowest = after[..., 2].amin(-1, keepdim=True)
    carries = torch.exp(-(after[..., 2] - lowest) / _NEAR)
    carries = carries / carries.sum(-1, keepdim=True)
    step = -(torch.diff(after[..., :2], dim=1) * carries[:, 1:, :, None]).sum(2)
    turning = ((way > 0.0) & (way < 1.0)).to(step.dtype)[:, 1:, None]
    step = torch.diff(positions[..., :2], dim=1) * (1.0 - turning) + step * turning * draw(0.8, 1.1)[..., None]
    level = positions[:, :1, :2] + functional.pad(torch.cumsum(_smooth(step), dim=1), (0, 0, 1, 0))
    lift = draw(-_LIFT, _LIFT).clamp(min=0.0) * 4.0 * way * (1.0 - way)
    return torch.cat([level, (floor + lift + _smooth(-lowest)[..., 0])[..., None]], dim=-1)


def _drawn_poses(kind: Tensor) -> Tensor:
    """(B, 22, 4) of a body that is spread, split or tucked, by number (B,), each a little otherwise."""
    angles = torch.tensor([_angles(pose) for pose in (_SPREAD, _SPREAD, _SPLIT, _TUCKED)], device=kind.device)[kind]
    told = (angles != 0.0).any(-1, keepdim=True)
    angles = torch.deg2rad(angles + _LOOSE * torch.randn_like(angles) * told)
    return turned_by(_still(kind.device).expand(*angles.shape[:2], 4), angles)


def _still(device: torch.device) -> Tensor:
    return torch.tensor([1.0, 0.0, 0.0, 0.0], device=device)


def _angles(pose: dict[str, tuple[float, float, float]]) -> list[list[float]]:
    """(22, 3): what is said of one side or of both, mirrored on the right."""
    table = [[0.0, 0.0, 0.0] for _ in INDEX]
    for name, (x, y, z) in pose.items():
        for side, mirrored in (("", 1.0), ("Left", 1.0), ("Right", -1.0)):
            if side + name in INDEX:
                table[INDEX[side + name]] = [x, mirrored * y, mirrored * z]
    return table


def _held(batch: int, device: torch.device) -> Tensor:
    """(B, 1, 22) which joints take the pose: limbs always, the trunk in half of them; never the hips, which turn."""
    limbs = torch.tensor([float(any(part in name for part in ("Arm", "Leg"))) for name in INDEX], device=device)
    trunk = torch.tensor([float(any(part in name for part in ("Spine", "Neck"))) for name in INDEX], device=device)
    return limbs + trunk * (torch.rand(batch, 1, 1, device=device) < 0.5)


def _eased(share: Tensor) -> Tensor:
    share = share.clamp(0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def _smooth(values: Tensor) -> Tensor:
    """(B, T, n) over five frames; what carries changes from one moment to the next."""
    kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=values.device) / 16.0
    rows = functional.pad(values.transpose(1, 2), (2, 2), mode="replicate")
    return functional.conv1d(rows.flatten(0, 1)[:, None], kernel[None, None])[:, 0].unflatten(
        0, (values.shape[0], values.shape[2])).transpose(1, 2)
