# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill what lies between keys: by an in-betweener pack, or by plain interpolation where that is safer.

The pack's graph says what to add to interpolation, nothing at the keys; so keys are met exactly at any frame rate.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GalateaError
from .clip import Clip
from .gap_windows import Gap, Window, find_gaps, window_of
from .inbetween_features import (
    CHANNELS,
    FPS,
    JOINT_COUNT,
    interpolate,
    lay_out,
    tell,
    turn_about_z,
    turned_by,
)
from .passing import Speed, pass_keys, speed_between, speeds_at
from .skeleton import JOINTS, MIRROR
from .slices import drain

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Session

__all__ = ["Filled", "Gap", "Speed", "fill_gaps", "fill_slices", "find_gaps", "interpolate_gaps",
           "speed_between"]

LONGEST = 120   # missing frames at 30 fps, as many as the network was trained on
_FURTHEST = 2.5  # radians that a joint may be turned beyond interpolation; more is no motion that was learnt
_JUMPS = 4.0    # times as fast as a frame further on


@dataclass(frozen=True, eq=False)
class Filled:
    """The clip with its gaps filled, contacts (T, 4) where the model says that feet stand, and what was done."""

    clip: Clip
    gaps: tuple[Gap, ...]


def interpolate_gaps(clip: Clip, known: np.ndarray) -> Clip:
    """Straight lines and great arcs between the keys (T, 23) of each channel; what has no key keeps what it has."""
    known = _usable(clip, known)
    rotations, positions = interpolate(clip.rotations[None], clip.positions[None], lay_out(known[None]))
    return _met(clip, known, rotations[0], positions[0])


def fill_gaps(session: Session, pack: Pack, clip: Clip, known: np.ndarray, seed: int | None = None,
              speeds: Mapping[int, Speed] | None = None, doubtful: np.ndarray | None = None,
              around: bool = False) -> Filled:
    """Fill every gap of a clip of 22 joints, of any proportions and frame rate.

    known: (T, 23) which joints, and last the hips' position, are keyed at which frame; the rest of the clip is not
    read, but for channels without any key, which keep what they have. seed: a variant; None for the likeliest motion.
    speeds: how fast the body moves at the key of a frame, where that is to count instead of what is known beyond it.
    doubtful: (T,) keys that are no pose a body takes; gaps beside them are interpolated, as are those of more than 120
    frames at 30 fps. around: the clip is what is seen in gaps that are left; those beside them begin and end as fast as
    it goes there. Lone keys are passed at one speed. Contacts are those of the model in its gaps, False elsewhere.
    GalateaError for what makes no sense.
    """
    return drain(fill_slices(session, pack, clip, known, seed, speeds, doubtful, around))


def fill_slices(session: Session, pack: Pack, clip: Clip, known: np.ndarray, seed: int | None = None,
                speeds: Mapping[int, Speed] | None = None, doubtful: np.ndarray | None = None, around: bool = False
                ) -> Generator[float, None, Filled]:
    """The same gap by gap: yields the share that is done, returns the result."""
    known = _usable(clip, known)
    base = interpolate_gaps(clip, known)
    latent = None if seed is None else _drawn(pack, seed)
    whole, given = _with_whole_ends(known), dict(speeds or {})
    gaps = [replace(gap, why=_unfit(gap, clip, doubtful)) for gap in find_gaps(whole)]
    made: dict[int, _Made] = {}
    for number, gap in enumerate(gaps):
        if not gap.why:
            answer = _ask_for(session, pack, window_of(base, whole, gap, given), latent)
            if answer is None:
                gaps[number] = replace(gap, why="the model is out of its depth between these keys")
            else:
                made[number] = answer
        yield (number + 1) / (2 * len(gaps))
    # Once it is known how the body passes the keys between filled gaps, it can be shown, and comes out nearer to life.
    passed = {gaps[number].last + 1: number for number in made
              if number + 1 in made and gaps[number + 1].first == gaps[number].last + 2}
    beside = _speeds_beside(clip, gaps, made) if around else {}
    given = beside | given
    once = _assembled(base, known, gaps, made)
    shown = speeds_at(once, [key for key in passed if key not in given]) | given
    again = sorted({number + side for number in passed.values() for side in (0, 1)}
                   | {number for number in made for key in (gaps[number].first - 1, gaps[number].last + 1)
                      if key in beside})
    for number in again:
        made[number] = _ask_for(session, pack, window_of(base, whole, gaps[number], shown), latent) or made[number]
        yield 0.5 + 0.5 * number / len(gaps)
    filled = _assembled(base, known, gaps, made)
    held = np.ones(clip.frames, dtype=bool)
    for number in made:
        held[gaps[number].first - 1:gaps[number].last + 2] = False
    return Filled(pass_keys(filled, known, held, given), tuple(gaps))


def _speeds_beside(clip: Clip, gaps: Sequence[Gap], made: Collection[int]) -> dict[int, Speed]:
    """How fast a clip passes the keys between gaps that were made and gaps that were left, on the side of the latter;
    not where it jumps, as curves do that step from pose to pose."""
    found = {}
    for number, (gap, after) in enumerate(pairwise(gaps)):
        key = gap.last + 1
        if after.first == key + 1 and (number in made) != (number + 1 in made):
            way = 1 if number in made else -1
            near, far = (speed_between(clip, *sorted((key + way * step, key + way * (step + 1)))) for step in (0, 1))
            if all(np.abs(a).max() < _JUMPS * (np.abs(b).max() + 0.1) for a, b in zip(near, far)):
                found[key] = near
    return found


def _assembled(base: Clip, known: np.ndarray, gaps: Sequence[Gap], made: Mapping[int, _Made]) -> Clip:
    """Interpolation and what the model adds to it in gaps, by their numbers, with contacts there."""
    rotations, positions = np.array(base.rotations), np.array(base.positions)
    contacts = np.zeros((base.frames, 4), dtype=bool)
    for number, answer in made.items():
        at = slice(gaps[number].first, gaps[number].last + 1)
        rotations[at] = turned_by(rotations[at], answer.turns)
        positions[at] += answer.shifts
        contacts[at] = answer.standing > 0.5
    return replace(_met(base, known, rotations, positions), contacts=contacts)


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


def _drawn(pack: Pack, seed: int) -> np.ndarray:
    """The latent of a variant: as widely as it takes for variants to differ as real motion does."""
    times = pack.content["inbetweener"].get("temperature", 1.0)
    return times * np.random.default_rng(seed).standard_normal(_latents(pack))


def _latents(pack: Pack) -> int:
    return pack.content["inbetweener"]["latent"]


_FLIP_TURN, _FLIP_SHIFT = np.array([1.0, -1.0, -1.0]), np.array([-1.0, 1.0, 1.0])
_FLIP_ROTATION = np.array([1.0, 1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class _Made:
    """What the model adds to interpolation in a gap of n frames: turns (n, 22, 3) in radians, shifts (n, 3) in metres
    of the clip; standing (n, 4): how likely it is that feet stand."""

    turns: np.ndarray
    shifts: np.ndarray
    standing: np.ndarray


def _ask_for(session: Session, pack: Pack, window: Window, latent: np.ndarray | None) -> _Made | None:
    """What the model makes of a gap, on the gap's own frames; None where it is out of its depth."""
    turns, shifts, standing = _ask(session, window, _latents(pack), latent)
    if not np.isfinite(turns).all() or np.abs(turns).max() > _FURTHEST:
        return None
    known = window.known[0]
    return _Made(_at_moments(turns, window.moments, known[:, :JOINT_COUNT, None]),
                 _at_moments(shifts, window.moments, known[:, JOINT_COUNT:]) / window.size,
                 _at_moments(standing, window.moments, np.zeros((len(standing), 1), dtype=bool)))


def _ask(session: Session, window: Window, size: int, latent: np.ndarray | None
         ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turns (T, 22, 3), shifts (T, 3) in the world and contacts (T, 4) for a window.

    The window and its mirror image are both shown, and the mean of what comes back is taken: left and right are treated
    alike, and it is nearer to the truth. A latent (size,) is asked for apart, and what it changes is added.
    """
    sides = list(MIRROR)
    poses = window.known.all(axis=-1)
    told = [tell(window.rotations, window.positions, window.known, poses),
            tell(window.rotations[:, :, sides] * _FLIP_ROTATION, window.positions * _FLIP_SHIFT,
                 window.known[:, :, [*sides, CHANNELS - 1]], poses)]
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


def _at_moments(values: np.ndarray, moments: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Rows (T, ...) at moments (n,) between them: by a cubic (Catmull-Rom) where the moments are no whole frames.

    Where it is known what comes out (T, ...), at keys, there is a corner in them: from each side a cubic goes there as
    if it went on as it comes, so that it is seen how fast that is, and keys can be passed at one speed.
    """
    whole = np.round(moments).astype(int)
    if np.abs(moments - whole).max() < 1e-6:
        return values[whole]
    ended, cornered = (np.concatenate([rows[:1], rows, rows[-1:]]) for rows in (values, known))
    near = np.clip(np.floor(moments + 1e-9).astype(int), 0, len(values) - 2)
    t = (moments - near).reshape(-1, *[1] * (values.ndim - 1))
    a, b, c, d = (ended[near + i] for i in range(4))
    first, last = (cornered[near + i] for i in (1, 2))
    a, d = (np.where(first, np.where(last, 2.0 * b - c, 3.0 * (b - c) + d), a),
            np.where(last, np.where(first, 2.0 * c - b, 3.0 * (c - b) + a), d))
    return b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
