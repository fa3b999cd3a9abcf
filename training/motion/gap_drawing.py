# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches to train the in-betweener on, drawn on the device that trains: windows anywhere in the clips, mirrored, at
other tempos, with bodies put together of several and carried otherwise, turning over now and then, and keys set at
random."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .gap_corpus import GROUPS, LONGEST_GAP, UPPER, GapCorpus
from .gap_telling import CHANNELS, face_forward, inverse, rotation_vector, tell
from .gaps import PAST
from .inbetweener import multiply, numbers, turned_by
from .tumbling import tumble

_UPPER = tuple(UPPER)
_ARMS = tuple(tuple(int(joint) for joint in group) for group in GROUPS[:2])
_MEMBERS = tuple(tuple(float(channel in group) for channel in range(CHANNELS)) for group in GROUPS)


@dataclass(frozen=True)
class Variety:
    """How much more than what was captured is drawn; shares are of windows."""

    played: float = 0.7         # share played slower or quicker,
    tempos: tuple[float, float] = (0.65, 1.5)
    uneven: float = 0.2         # at a tempo that changes by up to so much on the way
    backwards: float = 0.25     # share played backwards
    mixed: float = 0.25         # share with the trunk, arms and head of another
    limbs: float = 0.15         # share of arms that are another's again
    livelier: float = 0.15      # in half, moves above the hips are larger or smaller, by about so much in logs
    carried: float = 0.7        # share in which each joint above the hips is held otherwise,
    otherwise: float = math.radians(6.0)  # by about so much
    tumbling: float = 0.1       # share that turn over, in a cartwheel, a roll or a flip
    long: float = 0.3           # share with gaps of 20 to 60 frames, beside those among the others


VARIETY = Variety()


@dataclass(frozen=True, eq=False)
class Pool:
    """A corpus on the device: rotations (N, 22, 4), positions (N, 3), contacts (N, 4), where Q sequences begin and how
    long they are, and how often a frame of each is drawn (Q,); longest: frames of the longest sequence."""

    rotations: Tensor
    positions: Tensor
    contacts: Tensor
    starts: Tensor
    lengths: Tensor
    weight: Tensor
    longest: int


def pool_of(corpus: GapCorpus, device: str) -> Pool:
    """The sequences as tensors."""
    arrays = (corpus.rotations, corpus.positions, corpus.contacts, corpus.starts[:-1], corpus.lengths, corpus.weight)
    kinds = (torch.float32, torch.float32, torch.float32, torch.int64, torch.int64, torch.float32)
    return Pool(*(torch.as_tensor(array, dtype=kind, device=device) for array, kind in zip(arrays, kinds, strict=True)),
                int(corpus.lengths.max()))


def draw_length(rng: np.random.Generator, variety: Variety = VARIETY) -> int:
    """Frames of a window: mostly for gaps of up to 50 frames, now and then for very short or very long ones."""
    kind = rng.random()
    if rng.random() < variety.long:
        missing = int(rng.integers(20, 61))
    elif kind < 0.15:
        missing = int(rng.integers(1, 10))
    elif kind < 0.92:
        missing = int(rng.integers(4, 51))
    else:
        missing = int(rng.integers(50, LONGEST_GAP + 1))
    return PAST + missing + 1


def draw(pool: Pool, length: int, batch: int, variety: Variety = VARIETY) -> dict[str, Tensor]:
    """A batch as `tell` has it, with the truth: rotations (B, T, 22, 4), positions (B, T, 3), standing (B, T, 4)."""
    length = min(length, pool.longest)
    rotations, positions, standing = draw_windows(pool, length, batch, variety)
    rotations = put_together(rotations, variety.mixed, variety.limbs)
    rotations = move_livelier(rotations, variety.livelier)
    rotations = hold_otherwise(rotations, variety.carried, variety.otherwise)
    rotations, positions, standing = tumble(rotations, positions, standing, variety.tumbling)
    rotations, positions = face_forward(functional.normalize(rotations, dim=-1), positions, min(PAST - 1, length - 2))
    known = draw_keys(length, batch, rotations.device)
    at = mistimed(known)
    told = tell(torch.gather(rotations, 1, at[:, :, None, None].expand_as(rotations)),
                torch.gather(positions, 1, at[:, :, None].expand_as(positions)), known)
    return told | {"rotations": rotations, "positions": positions, "standing": standing}


def _share(batch: int, share: float, device: torch.device, *more: int) -> Tensor:
    """(B, ...) True for about that share."""
    return torch.rand(batch, *more, device=device) < share


def draw_windows(pool: Pool, length: int, batch: int, variety: Variety) -> tuple[Tensor, Tensor, Tensor]:
    """Rotations, positions and contacts of windows anywhere in sequences that are long enough at their tempo."""
    device = pool.weight.device
    frame = torch.arange(length, device=device, dtype=torch.float32)
    slow, quick = variety.tempos
    tempo = torch.where(_share(batch, variety.played, device), slow + (quick - slow) * torch.rand(batch, device=device),
                        1.0)[:, None]
    path = tempo * frame
    if variety.uneven:
        waves = (0.5 + 1.5 * torch.rand(batch, 1, device=device)) * 2.0 * math.pi / max(length, 30)
        phase = torch.rand(batch, 1, device=device) * 2.0 * math.pi
        strength = variety.uneven * torch.rand(batch, 1, device=device) * (tempo != 1.0)
        path = path + tempo * strength / waves * (torch.cos(phase) - torch.cos(waves * frame + phase))
    path = torch.where(_share(batch, variety.backwards, device, 1), path[:, -1:] - path, path)
    path = path.clamp(min=0.0)
    path = path * ((pool.longest - 1.01) / path.amax(dim=1, keepdim=True)).clamp(max=1.0)  # no window is too long
    needed = path.amax(dim=1).ceil().long() + 1
    room = (pool.lengths - needed[:, None] + 1).clamp(min=0)
    edges = torch.cumsum(room * pool.weight, dim=1)
    drawn = torch.rand(batch, 1, device=device) * edges[:, -1:] * (1.0 - 1e-6)  # never the very end, by rounding
    sequence = torch.searchsorted(edges, drawn, right=True)[:, 0].clamp(max=len(pool.lengths) - 1)
    free = torch.gather(room, 1, sequence[:, None])[:, 0]
    first = pool.starts[sequence] + (torch.rand(batch, device=device) * free).long().clamp(max=free - 1)
    lower = path.floor()
    share = path - lower
    lower = first[:, None] + lower.long()
    upper = torch.minimum(lower + 1, (first + needed - 1)[:, None])
    a, b = pool.rotations[lower], pool.rotations[upper]
    b = torch.where((a * b).sum(-1, keepdim=True) < 0.0, -b, b)
    # frames running are so near that a straight line between quaternions does
    rotations = functional.normalize(a + (b - a) * share[..., None, None], dim=-1)
    positions = torch.lerp(pool.positions[lower], pool.positions[upper], share[..., None])
    return rotations, positions, pool.contacts[torch.where(share < 0.5, lower, upper)]


def put_together(rotations: Tensor, mixed: float, limbs: float) -> Tensor:
    """A share `mixed` of the windows (B, T, 22, 4) get the trunk, arms and head of another, a share `limbs` an arm:
    more combinations than were captured."""
    batch, device = len(rotations), rotations.device
    rotations = rotations.clone()
    for share, part in ((mixed, _UPPER), *((limbs, arm) for arm in _ARMS)):
        joints = numbers(part, device)
        own, other = rotations[:, :, joints], rotations[torch.randperm(batch, device=device)][:, :, joints]
        rotations[:, :, joints] = torch.where(_share(batch, share, device, 1, 1, 1), other, own)
    return rotations


def move_livelier(rotations: Tensor, spread: float) -> Tensor:
    """In half of the windows (B, T, 22, 4) joints above the hips turn further from their mean pose, or less far."""
    batch, upper = len(rotations), numbers(_UPPER, rotations.device)
    above = rotations[:, :, upper]
    same_side = torch.where((above * above[:, :1]).sum(-1, keepdim=True) < 0.0, -above, above)
    mean = functional.normalize(same_side.sum(1, keepdim=True), dim=-1).expand_as(above)
    factor = torch.exp(spread * torch.randn(batch, 1, 1, 1, device=rotations.device))
    larger = turned_by(mean, rotation_vector(multiply(inverse(mean), above)) * factor)
    rotations = rotations.clone()
    rotations[:, :, upper] = torch.where(_share(batch, 0.5, rotations.device, 1, 1, 1), larger, above)
    return rotations


def hold_otherwise(rotations: Tensor, share: float, angle: float) -> Tensor:
    """In a share of the windows (B, T, 22, 4) each joint above the hips is turned on by something of its own, the same
    throughout, by about an angle in radians: as if another person, who holds himself otherwise, moved so. Legs stay:
    feet that stand would slide."""
    batch, device = len(rotations), rotations.device
    above = numbers(tuple(float(joint in _UPPER) for joint in range(CHANNELS - 1)), device)
    turn = angle * torch.randn(batch, 1, CHANNELS - 1, 3, device=device) * above[:, None]
    turn = turn * _share(batch, share, device, 1, 1, 1)
    return turned_by(rotations, turn.expand(*rotations.shape[:3], 3))


def draw_keys(length: int, batch: int, device: torch.device) -> Tensor:
    """(B, T, 23) what is known: mostly one gap as in the test, else few keys far apart, whole or of parts of the body.

    The first and the last frame are always whole.
    """
    at = torch.arange(length, device=device)[None]
    kind = torch.rand(batch, 1, device=device)
    most = min(PAST, length - 2)
    # one gap: moving poses before it and, less often, after it
    past = torch.where(_share(batch, 0.85, device, 1), PAST, torch.randint(1, PAST + 1, (batch, 1), device=device))
    some = numbers((2, 2, 3, 10), device)[torch.randint(4, (batch, 1), device=device)]
    after = torch.where(_share(batch, 0.8, device, 1), 1, some)
    past = past.clamp(max=most)
    gap = (at < past) | (at >= torch.maximum(length - after, past + 1))
    # keys at random
    rate = 1.0 / (4.0 + 36.0 * torch.rand(batch, 1, device=device))
    keys = torch.rand(batch, length, device=device) < rate
    early = _share(batch, 0.5, device, 1) & (at < most)
    whole = torch.where(kind < 0.65, gap, keys | early)[..., None].repeat(1, 1, CHANNELS)
    # partial keys: some of the groups are not keyed there, or whole limbs are animated already
    partial = (kind >= 0.82)[..., None]
    member = numbers(_MEMBERS, device)
    dropped = (_share(batch, 0.5, device, length, len(GROUPS)).float() @ member > 0.0) & keys[..., None]
    limbs = (_share(batch, 0.3, device, 1, len(GROUPS)) & _share(batch, 0.25, device, 1, 1)).float() @ member > 0.0
    known = (whole & ~(partial & dropped)) | (partial & limbs)
    known[:, 0] = known[:, -1] = True
    return known


def mistimed(known: Tensor) -> Tensor:
    """(B, T) which frame is really shown: in a few windows the whole keys inside come a frame or two early or late, as
    an artist's do."""
    batch, length, _ = known.shape
    at = torch.arange(length, device=known.device).expand(batch, length)
    whole = known.all(dim=-1)
    alone = torch.zeros_like(whole)
    alone[:, 1:-1] = whole[:, 1:-1] & ~(whole[:, :-2] | whole[:, 2:])
    shift = torch.randint(-2, 3, (batch, length), device=known.device) * _share(batch, 0.15, known.device, 1)
    return torch.where(alone, (at + shift).clamp(0, length - 1), at)
