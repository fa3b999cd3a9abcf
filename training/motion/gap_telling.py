# SPDX-License-Identifier: GPL-3.0-or-later
"""What an in-betweener sees of a window with gaps, on torch tensors: the same numbers as `tell` of the add-on's
`motion/inbetween_features.py` gives, which says what each of them means, on the device that trains."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from blender_addon.motion.inbetween_features import CHANNELS, FPS, JOINT_COUNT, SPEED_FADES

from .inbetweener import kinematics, multiply, numbers

_NEAR, _LONGEST = (1.5, 5.0, 15.0), 120.0
_LEVEL = (1.0, 1.0, 0.0)  # what of a place is along the ground


def at_frames(values: Tensor, frames: Tensor) -> Tensor:
    """values (B, T, C, n) at frames (B, T, C)."""
    return torch.gather(values, 1, frames[..., None].expand(*frames.shape, values.shape[-1]))


def lay_out(known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Frames of the keys before and after, and the share of the way, each (B, T, C), of known (B, T, C)."""
    frames = known.shape[1]
    at = torch.arange(frames, device=known.device)[None, :, None]
    before = torch.where(known, at, -1).cummax(dim=1).values
    after = torch.where(known, at, frames).flip(1).cummin(dim=1).values.flip(1)
    before, after = torch.where(before < 0, after, before), torch.where(after >= frames, before, after)
    return before, after, (at - before) / (after - before).clamp(min=1)


def slerp(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Great arcs, the shorter way: a, b (..., 4), share (...)."""
    dot = (a * b).sum(-1, keepdim=True)
    b, angle = torch.where(dot < 0.0, -b, b), torch.arccos(dot.abs().clamp(max=1.0))
    share = share[..., None]
    near = angle < 1e-3
    sine = torch.where(near, 1.0, torch.sin(angle))
    wa = torch.where(near, 1.0 - share, torch.sin((1.0 - share) * angle) / sine)
    wb = torch.where(near, share, torch.sin(share * angle) / sine)
    return functional.normalize(wa * a + wb * b, dim=-1)


def inverse(q: Tensor) -> Tensor:
    """The inverse of unit quaternions (..., 4)."""
    return torch.cat([q[..., :1], -q[..., 1:]], dim=-1)


def rotation_vector(q: Tensor) -> Tensor:
    """Unit quaternions (..., 4) to axis times angle (..., 3), the shorter way."""
    q = torch.where(q[..., :1] < 0.0, -q, q)
    sine = q[..., 1:].norm(dim=-1, keepdim=True)
    return q[..., 1:] * torch.where(sine > 1e-7, 2.0 * torch.atan2(sine, q[..., :1]) / sine.clamp(min=1e-7), 2.0)


def about_z(angle: Tensor) -> Tensor:
    """Turns about the vertical by radians (...), as quaternions (..., 4)."""
    zero = torch.zeros_like(angle)
    return torch.stack([torch.cos(0.5 * angle), zero, zero, torch.sin(0.5 * angle)], dim=-1)


def turn_about_z(vectors: Tensor, angle: Tensor) -> Tensor:
    """Vectors (..., N, 3) turned by angles (...)."""
    cos, sin = torch.cos(angle)[..., None], torch.sin(angle)[..., None]
    x, y, z = vectors.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y, z], dim=-1)


def headings(rotations: Tensor) -> Tensor:
    """(B, T) radians by which the hips of (B, T, 22, 4) are turned about the vertical."""
    return 2.0 * torch.atan2(rotations[..., 0, 3], rotations[..., 0, 0])


def face_forward(rotations: Tensor, positions: Tensor, frame: int) -> tuple[Tensor, Tensor]:
    """Windows (B, T, ...) turned so that the hips face -Y at `frame`, above the origin there."""
    angle = -headings(rotations[:, frame])
    hips = multiply(about_z(angle)[:, None].expand(-1, rotations.shape[1], -1), rotations[:, :, 0])
    away = positions - positions[:, frame:frame + 1] * numbers(_LEVEL, positions.device)
    return torch.cat([hips[:, :, None], rotations[:, :, 1:]], dim=2), turn_about_z(away, angle)


def tell(rotations: Tensor, positions: Tensor, known: Tensor) -> dict[str, Tensor]:
    """rotations (B, T, 22, 4), positions (B, T, 3), known (B, T, 23) -> features, before, after and share for the
    network; base and moved, which are interpolation; heading (B, T) and missing (B, T)."""
    frames = known.shape[1]
    before, after, share = lay_out(known)
    turned = slerp(at_frames(rotations, before[..., :JOINT_COUNT]), at_frames(rotations, after[..., :JOINT_COUNT]),
                   share[..., :JOINT_COUNT])
    hips = positions[:, :, None]
    one, other = (at_frames(hips, keys[..., JOINT_COUNT:])[:, :, 0] for keys in (before, after))
    moved = one + (other - one) * share[..., JOINT_COUNT:]
    heading = headings(turned)
    places = kinematics(turned, moved)[1]
    ground = (moved * numbers(_LEVEL, moved.device))[:, :, None]

    upright = torch.cat([multiply(about_z(-heading), turned[:, :, 0])[:, :, None], turned[:, :, 1:]], dim=2)
    w, x, y, z = upright.unbind(-1)
    columns = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y),
                           2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], dim=-1)

    last, following, _ = lay_out(known.any(dim=-1, keepdim=True))
    keyed = [at_frames(places, keys.expand(-1, -1, JOINT_COUNT)) for keys in (last, following)]
    velocity = torch.gradient(places, dim=1)[0] * FPS
    seen = turn_about_z(torch.cat([places - ground, velocity, *(far - ground for far in keyed)], dim=2), -heading)

    at = torch.arange(frames, device=known.device)[None, :, None]
    since, until = ((at - last).abs().clamp(max=_LONGEST).float(), (following - at).abs().clamp(max=_LONGEST).float())
    length = (since + until).clamp(min=1.0)
    way = since / length
    curves = torch.cat([since * (1.0 - way) ** 2 * torch.exp(-since / fade) for fade in SPEED_FADES]
                       + [-until * way ** 2 * torch.exp(-until / fade) for fade in SPEED_FADES], dim=-1)
    time = [way, way * (1.0 - way) * 4.0, torch.log1p(since) / 3.0, torch.log1p(until) / 3.0,
            torch.log1p(length) / 3.0, ((since > 0) & (until > 0)).float()]
    time += [torch.exp(-gap / near) for near in _NEAR for gap in (since, until)]
    marks = [torch.gather(known, 1, keys.expand(-1, -1, CHANNELS)) for keys in (last, following)]
    speeds = _speeds_at_keys(known, before, after, turned, moved, heading)
    features = torch.cat([columns.flatten(2), seen.flatten(2), *(speed.flatten(2) for speed in speeds), known.float(),
                          *(mark.float() for mark in marks), curves, *time], dim=-1)
    return {"features": features, "before": before, "after": after, "share": share, "base": turned, "moved": moved,
            "heading": heading, "missing": ~known.all(dim=-1)}


def _speeds_at_keys(known: Tensor, before: Tensor, after: Tensor, turned: Tensor, moved: Tensor, heading: Tensor
                    ) -> list[Tensor]:
    """How much quicker than interpolation each channel is at the keys on both sides, a frame: (B, T, 23, 3) twice."""
    frames = known.shape[1]
    turns = rotation_vector(multiply(inverse(turned[:, :-1]), turned[:, 1:]))
    step = functional.pad(torch.cat([turns, torch.diff(moved, dim=1)[:, :, None]], dim=2), (0, 0, 0, 0, 1, 0))
    able = functional.pad(known[:, 1:] & known[:, :-1], (0, 0, 1, 0))
    outside = ~known & (after > before)
    even = at_frames(step, (before + 1).clamp(max=frames - 1))
    later = (after + 1).clamp(max=frames - 1)
    found = []
    for keys, allowed in ((before, True), (later, after + 1 < frames)):
        speed = (at_frames(step, keys) - even) * (outside & torch.gather(able, 1, keys) & allowed)[..., None]
        shift = turn_about_z(speed[:, :, JOINT_COUNT:], -heading)
        found.append(torch.cat([speed[:, :, :JOINT_COUNT], shift], dim=2))
    return found
