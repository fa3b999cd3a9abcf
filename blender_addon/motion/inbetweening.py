# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill what lies between keys: by an in-betweener pack, or by plain interpolation where that is safer.

The pack's graph says what to add to interpolation, nothing at the keys; so keys are met exactly at any frame rate.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GalateaError
from .clip import Clip
from .inbetween_features import (
    CHANNELS,
    FPS,
    JOINT_COUNT,
    interpolate,
    lay_out,
    rotation_vector,
    tell,
    turn_about_z,
    turned_by,
)
from .rotations import quat_inverse, quat_multiply
from .skeleton import CANONICAL, JOINTS, MIRROR
from .slices import drain

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Session

__all__ = ["Filled", "Gap", "Speed", "fill_gaps", "fill_slices", "find_gaps", "interpolate_gaps",
           "speed_between"]

LONGEST = 120   # missing frames at 30 fps, as many as the network was trained on
_CONTEXT = 10   # moving poses that are shown on either side, where there are
_REACH = 40     # frames at 30 fps within which lone keys further away are shown
_FURTHEST = 2.5  # radians that a joint may be turned beyond interpolation; more is no motion that was learnt

Speed = tuple[np.ndarray, np.ndarray]  # of a pose: joints (22, 3) rad/s about their own axes, hips (3,) m/s


@dataclass(frozen=True)
class Gap:
    """Frames first to last of the clip, without the keys on both sides. why: it was interpolated; empty where the
    model filled it."""

    first: int
    last: int
    why: str = ""


@dataclass(frozen=True, eq=False)
class Filled:
    """The clip with its gaps filled, contacts (T, 4) where the model says that feet stand, and what was done."""

    clip: Clip
    gaps: tuple[Gap, ...]


def speed_between(clip: Clip, first: int, last: int) -> Speed:
    """How fast a clip goes from one frame to another."""
    seconds = (last - first) / clip.fps
    turn = rotation_vector(quat_multiply(quat_inverse(clip.rotations[first]), clip.rotations[last]))
    return turn / seconds, (clip.positions[last] - clip.positions[first]) / seconds


def find_gaps(known: np.ndarray) -> list[Gap]:
    """The stretches of (T, 23) between two frames at which everything is known."""
    whole = np.flatnonzero(known.all(axis=1))
    return [Gap(int(a) + 1, int(b) - 1) for a, b in pairwise(whole) if b - a > 1]


def interpolate_gaps(clip: Clip, known: np.ndarray) -> Clip:
    """Straight lines and great arcs between the keys (T, 23) of each channel; what has no key keeps what it has."""
    known = _usable(clip, known)
    rotations, positions = interpolate(clip.rotations[None], clip.positions[None], lay_out(known[None]))
    return _met(clip, known, rotations[0], positions[0])


def fill_gaps(session: Session, pack: Pack, clip: Clip, known: np.ndarray, seed: int | None = None,
              speeds: Mapping[int, Speed] | None = None, doubtful: np.ndarray | None = None) -> Filled:
    """Fill every gap of a clip of 22 joints, of any proportions and frame rate.

    known: (T, 23) which joints, and last the hips' position, are keyed at which frame; the rest of the clip is not
    read, but for channels without any key, which keep what they have. seed: a variant; None for the likeliest motion.
    speeds: how fast the body moves at the key of a frame, where that is to count instead of what is known beyond it.
    doubtful: (T,) keys that are no pose a body takes; gaps beside them are interpolated, as are those of more than 120
    frames at 30 fps. Contacts are those of the model in its gaps, False elsewhere. GalateaError for what makes no
    sense.
    """
    return drain(fill_slices(session, pack, clip, known, seed, speeds, doubtful))


def fill_slices(session: Session, pack: Pack, clip: Clip, known: np.ndarray, seed: int | None = None,
                speeds: Mapping[int, Speed] | None = None, doubtful: np.ndarray | None = None
                ) -> Generator[float, None, Filled]:
    """The same gap by gap: yields the share that is done, returns the result."""
    known = _usable(clip, known)
    base = interpolate_gaps(clip, known)
    rotations, positions = np.array(base.rotations), np.array(base.positions)
    contacts = np.zeros((clip.frames, 4), dtype=bool)
    latent = None if seed is None else np.random.default_rng(seed).standard_normal(_latents(pack))
    size = CANONICAL.leg_length / clip.skeleton.leg_length
    whole = _with_whole_ends(known)
    gaps: list[Gap] = []
    found = find_gaps(whole)
    for gap in found:
        why = _unfit(gap, clip, doubtful)
        if not why:
            window = _window(base, whole, gap, speeds or {}, size)
            turns, shifts, standing = _ask(session, window, _latents(pack), latent)
            if not np.isfinite(turns).all() or np.abs(turns).max() > _FURTHEST:
                why = "the model is out of its depth between these keys"
            else:
                at = slice(gap.first, gap.last + 1)
                rotations[at] = turned_by(rotations[at], _at_moments(turns, window.moments))
                positions[at] += _at_moments(shifts, window.moments) / size
                contacts[at] = _at_moments(standing, window.moments) > 0.5
        gaps.append(replace(gap, why=why))
        yield len(gaps) / len(found)
    return Filled(replace(_met(clip, known, rotations, positions), contacts=contacts), tuple(gaps))


def _usable(clip: Clip, known: np.ndarray) -> np.ndarray:
    """Known (T, 23) in a form that can be worked on; a channel without a key counts as known throughout."""
    known = np.array(known, dtype=bool)
    if clip.skeleton.names != JOINTS or known.shape != (clip.frames, CHANNELS):
        raise GalateaError(f"in-betweening needs the {JOINT_COUNT} joints and a mask of {CHANNELS} channels a frame")
    known[:, ~known.any(axis=0)] = True
    return known


def _with_whole_ends(known: np.ndarray) -> np.ndarray:
    """Known (T, 23) with the first and the last key of all made whole: what is not keyed there holds its nearest key,
    as Blender's curves do, and so it does outside of them."""
    known = np.array(known)
    moved = ~known.all(axis=0)
    keyed = np.flatnonzero(known[:, moved].any(axis=1)) if moved.any() else np.array([0])
    known[keyed[[0, -1]]] = True
    known[:keyed[0]] = known[keyed[-1] + 1:] = False
    return known


def _met(clip: Clip, known: np.ndarray, rotations: np.ndarray, positions: np.ndarray) -> Clip:
    """The clip with new poses, the known ones left to the last bit."""
    kept = known[:, :JOINT_COUNT, None]
    rotations = np.where(kept, clip.rotations, rotations)
    # of the two quaternions for one rotation an artist's key stays as it is, and what follows it is on its side
    for frame in range(1, len(rotations)):
        away = np.sum(rotations[frame] * rotations[frame - 1], axis=-1, keepdims=True) < 0.0
        rotations[frame] *= np.where(away & ~kept[frame], -1.0, 1.0)
    positions = np.where(known[:, JOINT_COUNT:], clip.positions, positions)
    return replace(clip, rotations=rotations, positions=positions, contacts=None)


def _unfit(gap: Gap, clip: Clip, doubtful: np.ndarray | None) -> str:
    """Why the model should not be asked; empty when it may."""
    if (gap.last - gap.first + 1) * FPS / clip.fps > LONGEST + 0.5:
        return f"longer than {LONGEST / FPS:g} seconds"
    if doubtful is not None and (doubtful[gap.first - 1] or doubtful[gap.last + 1]):
        return "a key beside it is no pose that the model knows"
    return ""


@dataclass(frozen=True, eq=False)
class _Window:
    """A gap with what is around it, at 30 fps, on the model's body: see tell(). moments (n,): where in it the gap's own
    frames are."""

    rotations: np.ndarray
    positions: np.ndarray
    known: np.ndarray
    moments: np.ndarray


def _window(clip: Clip, known: np.ndarray, gap: Gap, speeds: Mapping[int, Speed], size: float) -> _Window:
    """Lay the gap and what is known around it on a grid of 30 fps on which both ends and every key inside fall.

    Between keys time is stretched by less than half a frame for it.
    """
    rate = FPS / clip.fps
    start, end = gap.first - 1, gap.last + 1
    keys = start + np.flatnonzero(known[start:end + 1].any(axis=1))
    grid = np.maximum(np.round((keys - start) * rate), 0).astype(int)
    for i in range(1, len(grid)):  # keys closer than a thirtieth of a second still get a frame each
        grid[i] = max(grid[i], grid[i - 1] + 1)
    inside = [(int(frame), int(key)) for frame, key in zip(grid, keys, strict=True)]
    everything = np.ones(CHANNELS, dtype=bool)
    entries = [(frame, *_pose(clip, key), known[key]) for frame, key in inside]
    for key, at, way in ((start, 0, -1), (end, int(grid[-1]), 1)):
        if key in speeds:
            turning, going = (np.asarray(part) * way / FPS for part in speeds[key])
            turned, place = _pose(clip, key)
            entries.append((at + way, turned_by(turned, turning), place + going, everything))
        else:
            entries += [(at + way * far, *_pose(clip, moment), everything)
                        for far, moment in _around(known, key, way, rate)]
    entries.sort(key=lambda entry: entry[0])
    first = entries[0][0]
    length = entries[-1][0] - first + 1
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (length, JOINT_COUNT, 1))
    positions, mask = np.zeros((length, 3)), np.zeros((length, CHANNELS), dtype=bool)
    for frame, turned, place, there in entries:
        rotations[frame - first], positions[frame - first], mask[frame - first] = turned, place, there
    moments = np.interp(np.arange(gap.first, gap.last + 1), keys, grid - first)
    return _Window(rotations[None], positions[None] * size, mask[None], moments)


def _around(known: np.ndarray, key: int, way: int, rate: float) -> list[tuple[int, float]]:
    """Whole poses beyond a key, `way` -1 before or 1 after it: how many frames at 30 fps away, and when in the clip.

    Moving poses where the frames beside it are known too; else the lone whole keys within reach.
    """
    whole = known.all(axis=1)
    run = key
    while 0 <= run + way < len(whole) and whole[run + way]:
        run += way
    count = min(int(abs(run - key) * rate + 1e-6), _CONTEXT - (way < 0))
    if count:
        return [(far, key + way * far / rate) for far in range(1, count + 1)]
    others = np.flatnonzero(whole)
    others = others[(others - key) * way > 0]
    found = [(int(round(abs(other - key) * rate)), float(other)) for other in others]
    return list({far: (far, other) for far, other in reversed(found) if 0 < far <= _REACH}.values())


def _pose(clip: Clip, moment: float) -> tuple[np.ndarray, np.ndarray]:
    """The pose at a moment, between two frames of the clip if need be."""
    near = int(np.floor(moment + 1e-6))
    share = moment - near
    if abs(share) < 1e-6:
        return clip.rotations[near], clip.positions[near]
    both = np.ones((1, 2, CHANNELS), dtype=bool)
    layout = replace(lay_out(both), share=np.full((1, 2, CHANNELS), share), after=np.ones((1, 2, CHANNELS), dtype=int),
                     before=np.zeros((1, 2, CHANNELS), dtype=int))
    rotations, positions = interpolate(clip.rotations[None, near:near + 2], clip.positions[None, near:near + 2], layout)
    return rotations[0, 0], positions[0, 0]


def _latents(pack: Pack) -> int:
    return pack.content["inbetweener"]["latent"]


_FLIP_TURN, _FLIP_SHIFT = np.array([1.0, -1.0, -1.0]), np.array([-1.0, 1.0, 1.0])
_FLIP_ROTATION = np.array([1.0, 1.0, -1.0, -1.0])


def _ask(session: Session, window: _Window, size: int, latent: np.ndarray | None
         ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turns (T, 22, 3), shifts (T, 3) in the world and contacts (T, 4) for a window.

    The window and its mirror image are both shown, and the mean of what comes back is taken: left and right are treated
    alike, and it is nearer to the truth. A latent (size,) is asked for apart, and what it changes is added.
    """
    sides = list(MIRROR)
    told = [tell(window.rotations, window.positions, window.known),
            tell(window.rotations[:, :, sides] * _FLIP_ROTATION, window.positions * _FLIP_SHIFT,
                 window.known[:, :, [*sides, CHANNELS - 1]])]
    latents = np.zeros((2, size))
    if latent is not None:
        told, latents = [*told, told[0]], np.concatenate([latents, latent[None]])
    made = session.run({
        "features": np.concatenate([t.features for t in told]),
        "before": np.concatenate([t.layout.before for t in told]).astype(np.int64),
        "after": np.concatenate([t.layout.after for t in told]).astype(np.int64),
        "share": np.concatenate([t.layout.share for t in told]).astype(np.float32),
        "latent": latents.astype(np.float32),
    })
    turns, shifts, standing = (made[name].astype(np.float64) for name in ("turns", "shifts", "contacts"))
    turn = (turns[0] + turns[1][:, sides] * _FLIP_TURN) / 2.0
    shift = (shifts[0] + shifts[1] * _FLIP_SHIFT) / 2.0
    stands = (standing[0] + standing[1][:, [2, 3, 0, 1]]) / 2.0
    if latent is not None:
        turn, shift = turn + turns[2] - turns[0], shift + shifts[2] - shifts[0]
    return turn, turn_about_z(shift[:, None], told[0].heading[0])[:, 0], stands


def _at_moments(values: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Rows (T, ...) at moments (n,) between them: by a cubic (Catmull-Rom) where the moments are no whole frames."""
    whole = np.round(moments).astype(int)
    if np.abs(moments - whole).max() < 1e-6:
        return values[whole]
    ended = np.concatenate([values[:1], values, values[-1:]])
    near = np.clip(np.floor(moments + 1e-9).astype(int), 0, len(values) - 2)
    t = (moments - near).reshape(-1, *[1] * (values.ndim - 1))
    a, b, c, d = (ended[near + i] for i in range(4))
    return b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
