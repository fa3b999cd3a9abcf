# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes for bones to be right: problems for the key search, measured by where joints and ends come to be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from .channels import rotation_quaternions, rotation_values, still_channels, track_values
from .easing import distance
from .key_moments import standing, swing, turning_points
from .key_search import Problem, Solution
from .rotations import normalise, quat_from_axis_angle, quat_inverse, quat_multiply, quat_rotate
from .track_kinematics import Body, counting_points, upward
from .tracks import Tracks

# How thick a bone is, of its length and of the body's: a turn about its own axis moves skin though it moves no joint.
_GIRTH, _BODY_GIRTH = 0.25, 0.03
_MOVING = 0.5  # the share of the tolerance that a bone's place may use up, if it turns as well
_GIVES_IN = 0.1  # seconds before and after a pin in which a bone stops making up for what those above it are off
SWING = 4.0  # keys are kept where something turns back by more than so many times the tolerance


@dataclass(frozen=True, eq=False)
class BodyFit:
    """What is known and found so far about a body, lengths in units of armature space.

    tolerance: as given. points: for each bone (P, 3) what counts on it, in its own units. girth: the least thickness of
    a bone. wanted, made: the body as it is and with few keys. bound: (B, T) how far a bone's joint and points may be
    off. allowed: by property the same for the search, less where it turned out that others need it. asked: (B, T) keys
    that must be there; exact: by property (B, T) those that are to be what the tracks say, to the last bit. off: (B, T)
    what came out. found: (T,) keys, by bone and property.
    """

    tracks: Tracks
    only: Collection[str] | None
    tolerance: float
    points: tuple[np.ndarray, ...]
    girth: float
    wanted: Body
    made: Body
    bound: np.ndarray
    allowed: dict[str, np.ndarray]
    asked: np.ndarray
    exact: dict[str, np.ndarray]
    off: np.ndarray
    found: dict[tuple[int, str], np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, tracks: Tracks, wanted: Body, tolerance: float, only: Collection[str] | None,
           pins: Mapping[tuple[str, str], np.ndarray]) -> BodyFit:
        """Nothing found yet. wanted: the body posed by its tracks. only: the bones that get keys, None for all. pins:
        (bone, property) -> (K,) frames on which it has a key and is as its track says."""
        bones, frames = len(tracks.bones), tracks.frames
        points = tuple(counting_points(tracks, bone) for bone in range(bones))
        first = np.array([place[0] for bone in range(bones) for place in wanted.places(bone, points[bone])])
        asked, share = standing(tracks)
        bound = tolerance * share
        turning = np.array([track.rotation is not None for track in tracks.bones])[:, None]
        allowed = {"location": bound * np.where(turning, _MOVING, 1.0), "rotation": bound.copy()}
        exact = {what: np.zeros((bones, frames), dtype=bool) for what in allowed}
        for bone, track in enumerate(tracks.bones):
            for what, there in exact.items():
                there[bone, pins.get((track.bone, what), [])] = True
        return cls(tracks, only, tolerance, points, _BODY_GIRTH * float(np.ptp(first, axis=0).max()), wanted,
                   Body.of(bones, frames), bound, allowed, asked, exact, np.zeros((bones, frames)))

    def gets_keys(self, bone: int, what: str) -> bool:
        """Whether a bone's "location" or "rotation" is fitted."""
        track = self.tracks.bones[bone]
        if getattr(track, what) is None or still_channels(track, what).all():
            return False
        return self.only is None or track.bone in self.only

    def measure(self, bone: int) -> None:
        """Note how far a bone with few keys is off."""
        both = zip(*(body.places(bone, self.points[bone]) for body in (self.made, self.wanted)))
        self.off[bone] = np.max([np.linalg.norm(made - wanted, axis=1) for made, wanted in both], axis=0)

    def tighten(self, faults: np.ndarray, exactly: bool) -> None:
        """Allow less on faulty frames (B, T) for what carries a faulty bone; exactly: ask for all keys around them."""
        for bone in np.flatnonzero(faults.any(axis=1)):
            frames, around = faults[bone], faults[bone].copy()
            around[1:] |= frames[:-1]
            around[:-1] |= frames[1:]
            self.allowed["location"][bone, frames] *= 0.5
            for above in upward(self.tracks, bone):
                if above != bone:
                    for allowed in self.allowed.values():
                        allowed[above, frames] *= 0.5
                if exactly:
                    self.asked[above] |= around


# --- problems, and what comes of them ---------------------------------------------------------------------------------


def location_problem(fit: BodyFit, group: list[int]) -> Problem:
    """Each bone's joint where it belongs, from where the bones above it have put it."""
    made, size, axes = fit.made, fit.made.size[group, None, None], _location_axes(fit, group)
    away = quat_rotate(quat_inverse(made.unposed[group]), fit.wanted.placed[group] - made.placed[group]) / size
    still, own = _own_channels(fit, group, "location")
    exact = fit.exact["location"][group]
    wanted = np.where(still[..., None], own, _given_in(fit, exact, np.einsum("rij,rtj->irt", axes, away), own))
    allowed = fit.allowed["location"][group] / size[..., 0]
    least = SWING * fit.tolerance / size[:, 0, 0]
    turns = [turning_points(channel, least, fit.tracks.fps) for channel in wanted]
    there = np.linalg.inv(axes)

    def misfit(values: np.ndarray) -> np.ndarray:
        return np.linalg.norm(np.einsum("rij,jrt->irt", there, values - wanted), axis=0) / allowed

    asked = np.any([fit.asked[group], exact, *turns], axis=0)
    return Problem(wanted, misfit, 1.0 / allowed.mean(axis=1), asked, still, exact=exact)


def rotation_problem(fit: BodyFit, group: list[int]) -> Problem:
    """Each bone's points where they belong, and the bone itself turned as it was as nearly as that allows.

    A small turn that brings points p_i by d (the way their joint is off) comes from least squares of the points' ways:
    (sum |p|^2 - p p^T) turn = sum p x d, the thickness of the bone counting as points of its own.
    """
    mode, wanted, made = fit.tracks.bones[group[0]].mode, fit.wanted, fit.made
    points = _padded([made.size[bone] * fit.points[bone] for bone in group])
    reach = np.linalg.norm(points, axis=-1).max(axis=1)
    girth = np.maximum(_GIRTH * reach, fit.girth)
    turned = quat_multiply(quat_inverse(made.unposed[group]), wanted.turned[group])
    missing = quat_rotate(quat_inverse(wanted.turned[group]), wanted.placed[group] - made.placed[group])
    places = quat_rotate(turned[:, :, None], points[:, None] + missing[:, :, None])  # (R, T, P, 3)

    squares = np.einsum("rpi,rpi->r", points, points) + 2.0 * points.shape[1] * girth**2
    inertia = squares[:, None, None] * np.eye(3) - np.einsum("rpi,rpj->rij", points, points)
    lever = np.cross(points.sum(axis=1)[:, None], missing)
    aim = np.linalg.solve(inertia[:, None], lever[..., None])[..., 0]
    aimed = quat_multiply(turned, quat_from_axis_angle(normalise(aim), np.linalg.norm(aim, axis=-1)))
    still, own = _own_channels(fit, group, "rotation")
    channels = rotation_values(aimed.swapaxes(0, 1), mode, like=own.transpose()).transpose()
    exact = fit.exact["rotation"][group]
    channels = np.ascontiguousarray(np.where(still[..., None], own, _given_in(fit, exact, channels, own)))

    allowed = fit.allowed["rotation"][group]
    asked = fit.asked[group] | exact | turning_points(swing(turned), SWING * fit.tolerance / np.maximum(reach, girth),
                                              fit.tracks.fps)
    scale = (2.0 if mode == "QUATERNION" else 1.0) * np.maximum(reach, girth) / allowed.mean(axis=1)
    return Problem(channels, _misplaced(mode, points, places, turned, girth, allowed), scale, asked, still,
                   unit=mode == "QUATERNION", exact=exact)


def apply_location(fit: BodyFit, group: list[int], solution: Solution) -> None:
    """Move the bones as their few keys do."""
    axes = np.linalg.inv(_location_axes(fit, group))
    for bone, by in zip(group, np.einsum("rij,jrt->rti", axes, solution.values)):
        fit.made.move(bone, by)


def apply_rotation(fit: BodyFit, group: list[int], solution: Solution) -> None:
    """Turn the bones as their few keys do."""
    turns = rotation_quaternions(np.moveaxis(solution.values, 0, -1), fit.tracks.bones[group[0]].mode)
    for bone, by in zip(group, turns):
        fit.made.turn(bone, by)


def _misplaced(mode: str, points: np.ndarray, places: np.ndarray, turned: np.ndarray, girth: np.ndarray,
               allowed: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Of channel values (C, R, T) how far points (R, P, 3) and skin are from their places, in what is allowed."""
    points = np.moveaxis(points, 0, 2)[..., None]  # (P, 3, R, 1)
    places = np.ascontiguousarray(np.moveaxis(places, (2, 3), (0, 1)))  # (P, 3, R, T)
    turned = np.ascontiguousarray(np.moveaxis(turned, -1, 0))
    girth = girth[:, None]

    def misfit(values: np.ndarray) -> np.ndarray:
        if mode != "QUATERNION":
            values = np.moveaxis(rotation_quaternions(np.moveaxis(values, 0, -1), mode), -1, 0)
        length = np.sum(values * values, axis=0)
        w, x, y, z = values
        twice = 2.0 / length
        matrix = np.array([
            [1.0 - twice * (y * y + z * z), twice * (x * y - w * z), twice * (x * z + w * y)],
            [twice * (x * y + w * z), 1.0 - twice * (x * x + z * z), twice * (y * z - w * x)],
            [twice * (x * z - w * y), twice * (y * z + w * x), 1.0 - twice * (x * x + y * y)]])
        squares = (2.0 * girth) ** 2 * np.maximum(1.0 - np.sum(values * turned, axis=0) ** 2 / length, 0.0)
        for (px, py, pz), place in zip(points, places):
            off = matrix[:, 0] * px + matrix[:, 1] * py + matrix[:, 2] * pz - place
            squares = np.maximum(squares, np.sum(off * off, axis=0))
        return np.sqrt(squares) / allowed

    return misfit


def _given_in(fit: BodyFit, exact: np.ndarray, wanted: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Channels (C, R, T) as they are wanted, towards pins, exact (R, T), more and more what the tracks say, own."""
    if not exact.any():
        return wanted
    ease = max(2, round(_GIVES_IN * fit.tracks.fps))
    share = np.stack([distance(pinned, ease) for pinned in exact])
    return own + (wanted - own) * share


def _own_channels(fit: BodyFit, group: list[int], what: str) -> tuple[np.ndarray, np.ndarray]:
    """(C, R) which channels get no keys, and (C, R, T) the values by the tracks."""
    tracks = [fit.tracks.bones[bone] for bone in group]
    still = np.stack([still_channels(track, what) for track in tracks], axis=1)
    return still, np.stack([dict(track_values(track))[what].T for track in tracks], axis=1)


def _location_axes(fit: BodyFit, group: list[int]) -> np.ndarray:
    """(R, 3, 3)"""
    return np.stack([fit.tracks.bones[bone].location_axes for bone in group])


def _padded(points: list[np.ndarray]) -> np.ndarray:
    """(R, P, 3) as many points for every bone, some of them repeatedly; the joint itself where there is none."""
    most = max(1, *map(len, points))
    rows = [row if len(row) else np.zeros((1, 3)) for row in points]
    return np.stack([row[np.minimum(np.arange(most), len(row) - 1)] for row in rows])
