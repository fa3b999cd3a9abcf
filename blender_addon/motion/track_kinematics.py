# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward kinematics of tracks: where a rig's keyed bones and what is rigid with them are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .rotations import quat_from_matrix, quat_multiply, quat_rotate
from .tracks import Track, Tracks


@dataclass(frozen=True, eq=False)
class Body:
    """Where bones are in armature space; bones are put there one after another, from the root outwards.

    turned: (B, T, 4). placed: (B, T, 3). unposed: (B, T, 4) how each would be turned if its own rotation were at rest.
    size: (B,) units of armature space for one of the bone's own.
    """

    turned: np.ndarray
    placed: np.ndarray
    unposed: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, bones: int, frames: int) -> Body:
        """A body of which no bone has been put anywhere."""
        return cls(np.zeros((bones, frames, 4)), np.zeros((bones, frames, 3)), np.zeros((bones, frames, 4)),
                   np.ones(bones))

    def hang(self, bone: int, track: Track) -> None:
        """Put a bone where those above it carry it, at rest itself."""
        size = float(np.cbrt(np.linalg.det(track.offset[:3, :3])))
        turn, to = quat_from_matrix(track.offset[:3, :3] / size), track.offset[:3, 3]
        if track.parent < 0:
            self.placed[bone], self.unposed[bone], self.size[bone] = to, turn, size
        else:
            above = self.turned[track.parent]
            self.size[bone] = size * self.size[track.parent]
            self.placed[bone] = self.placed[track.parent] + quat_rotate(above, self.size[track.parent] * to)
            self.unposed[bone] = quat_multiply(above, turn)
        self.turned[bone] = self.unposed[bone]

    def move(self, bone: int, by: np.ndarray) -> None:
        """(T, 3) along the axes of its rest frame, in its own units."""
        self.placed[bone] += quat_rotate(self.unposed[bone], self.size[bone] * by)

    def turn(self, bone: int, by: np.ndarray) -> None:
        """(T, 4) away from its rest."""
        self.turned[bone] = quat_multiply(self.unposed[bone], by)

    def follow(self, bone: int, track: Track, what: str) -> None:
        """Do what its track says for "location" or "rotation", if it says anything."""
        by = getattr(track, what)
        if by is not None:
            (self.move if what == "location" else self.turn)(bone, by)

    def pose(self, bone: int, track: Track) -> None:
        """Put a bone where those above it carry it, and let it do what its track says."""
        self.hang(bone, track)
        self.follow(bone, track, "location")
        self.follow(bone, track, "rotation")

    def places(self, bone: int, points: np.ndarray) -> Iterator[np.ndarray]:
        """(T, 3) where the bone's joint is, then each of the points (P, 3), which are given in its own units."""
        yield self.placed[bone]
        for point in points:
            yield self.placed[bone] + quat_rotate(self.turned[bone], self.size[bone] * point)


def counting_points(tracks: Tracks, bone: int) -> np.ndarray:
    """(P, 3) a bone's points and the joints of the keyed bones that it carries, in its frame."""
    carried = [track.offset[:3, 3] for track in tracks.bones if track.parent == bone and track.location is None]
    points = np.concatenate([np.reshape(tracks.bones[bone].points, (-1, 3)), np.reshape(carried, (-1, 3))])
    points = np.unique(np.round(points, 9), axis=0)
    return points[np.any(points != 0.0, axis=1)]


def upward(tracks: Tracks, bone: int) -> list[int]:
    """A bone and those above it, by their places in Tracks.bones."""
    line = []
    while bone >= 0:
        line.append(bone)
        bone = tracks.bones[bone].parent
    return line


def levels(tracks: Tracks) -> Iterator[list[int]]:
    """The bones without a parent, then those that hang from them, and so on."""
    level = [bone for bone, track in enumerate(tracks.bones) if track.parent < 0]
    while level:
        yield level
        above = set(level)
        level = [bone for bone, track in enumerate(tracks.bones) if track.parent in above]
