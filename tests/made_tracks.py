# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks that tests make, and what their curves do, reckoned apart from the code that makes curves of them."""

from __future__ import annotations

import numpy as np
from made_walk import made_walk

from blender_addon.motion.clip import Clip
from blender_addon.motion.skeleton import ENDS, JOINTS, PARENTS
from blender_addon.motion.tracks import Curve, Track, Tracks

FEET = ("LeftFoot", "LeftToe", "RightFoot", "RightToe")


def tracks_of(clip: Clip, mode: str = "QUATERNION", unit: float = 1.0) -> Tracks:
    """A clip's joints as bones with the world's axes."""
    bones = []
    for joint, name in enumerate(JOINTS):
        points = [clip.skeleton.offsets[child] for child, parent in enumerate(PARENTS) if parent == joint]
        if name in ENDS:
            points.append(np.multiply(*ENDS[name]))
        moved = clip.positions - clip.skeleton.offsets[0] if joint == 0 else None
        bones.append(Track(name, PARENTS[joint], placed(clip.skeleton.offsets[joint] / unit), mode,
                           clip.rotations[:, joint], None if moved is None else moved / unit, np.eye(3),
                           np.array(points) / unit))
    return Tracks(tuple(bones), clip.fps, unit, clip.contacts, FEET)


def noisy_walk(seconds: float = 3.0, noise: float = 0.002, seed: int = 0) -> Clip:
    """A walk with the tremor of motion capture in every joint: radians."""
    clip = made_walk(seconds=seconds)
    rng = np.random.default_rng(seed)
    rotations = clip.rotations + rng.normal(scale=noise / 2, size=clip.rotations.shape)
    rotations /= np.linalg.norm(rotations, axis=-1, keepdims=True)
    return Clip(clip.skeleton, rotations, clip.positions + rng.normal(scale=noise / 4, size=clip.positions.shape), 30.0)


def made_chain(frames: int, seed: int, mode: str = "QUATERNION", jump: bool = False) -> Tracks:
    """Four bones in a row with rest frames turned any way, the last of a space half as large; the first one moves too,
    along axes of its own. jump: in the middle everything is elsewhere all at once."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 30.0
    bones = []
    for bone in range(4):
        offset = placed(rng.uniform(-0.4, 0.4, 3), turned_any_way(rng))
        offset[:3, :3] *= 0.5 if bone == 3 else 1.0
        swings = [rng.normal() + rng.uniform(0.1, 0.6) * np.sin(rng.uniform(1.0, 6.0) * time + rng.uniform(0.0, 6.0))
                  for _ in range(4)]
        rotation = np.column_stack(swings) + [1.0, 0.0, 0.0, 0.0] + rng.normal(scale=1e-3, size=(frames, 4))
        location = 0.3 * np.sin(np.outer(time, rng.uniform(0.5, 4.0, 3))) if bone == 0 else None
        if jump:
            rotation[frames // 2:] = rotation[frames // 2:, [1, 2, 3, 0]]
            if location is not None:
                location[frames // 2:] += 3.0
        rotation /= np.linalg.norm(rotation, axis=1, keepdims=True)
        signs = np.where(np.sum(rotation[1:] * rotation[:-1], axis=1) < 0.0, -1.0, 1.0)
        rotation[1:] *= np.cumprod(signs)[:, None]
        bones.append(Track(f"bone {bone}", bone - 1, offset, mode, rotation, location, 1.5 * turned_any_way(rng),
                           rng.uniform(-0.3, 0.3, (2, 3))))
    return Tracks(tuple(bones), 30.0, 0.8)


def turned_any_way(rng: np.random.Generator) -> np.ndarray:
    """(3, 3)"""
    matrix = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return matrix * np.sign(np.linalg.det(matrix))


def placed(at: np.ndarray, turned: np.ndarray | None = None) -> np.ndarray:
    """(4, 4)"""
    matrix = np.eye(4)
    matrix[:3, 3] = at
    if turned is not None:
        matrix[:3, :3] = turned
    return matrix


# --- what curves do ---------------------------------------------------------------------------------------------------


def channel_values(curves: list[Curve], tracks: Tracks, start: int) -> dict[tuple[str, str], dict[int, np.ndarray]]:
    """(bone, property) -> component -> (T,) what the curves are on every frame."""
    frames = np.arange(start, start + tracks.frames)
    found: dict[tuple[str, str], dict[int, np.ndarray]] = {}
    for curve in curves:
        found.setdefault((curve.bone, curve.what), {})[curve.index] = curve_values(curve, frames)
    return found


def curve_values(curve: Curve, at: np.ndarray) -> np.ndarray:
    """A curve at frames, its keys and handles being 32 bits long; beyond its ends it stays as it is there."""
    frames, values = curve.frames.astype(np.float32), np.asarray(curve.values, np.float32)
    if curve.left is None or len(frames) == 1:
        return np.interp(at, frames, values)
    left, right = np.asarray(curve.left, np.float32), np.asarray(curve.right, np.float32)
    inside = np.clip(np.asarray(at, dtype=np.float64), frames[0], frames[-1])
    of = np.clip(np.searchsorted(frames, inside, side="right") - 1, 0, len(frames) - 2)
    corners = np.stack([np.column_stack([frames[of], values[of]]), right[of], left[of + 1],
                        np.column_stack([frames[of + 1], values[of + 1]])]).astype(np.float64)
    low, high = np.zeros(len(inside)), np.ones(len(inside))
    for _ in range(60):  # the place on the Bezier segment whose frame is asked for
        middle = (low + high) / 2
        before = _bezier(corners[..., 0], middle) < inside
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return _bezier(corners[..., 1], high)


def _bezier(corners: np.ndarray, t: np.ndarray) -> np.ndarray:
    while len(corners) > 1:
        corners = corners[:-1] * (1.0 - t) + corners[1:] * t
    return corners[0]


def places(tracks: Tracks, curves: list[Curve] | None = None, start: int = 1) -> np.ndarray:
    """(T, N, 3) metres in the scene, where all joints and points are, by matrices; by the tracks or by curves."""
    found = {} if curves is None else channel_values(curves, tracks, start)
    matrices, out = [], []
    for track in tracks.bones:
        local = np.tile(np.eye(4), (tracks.frames, 1, 1))
        if track.location is not None:
            local[:, :3, 3] = track.location
        if track.rotation is not None:
            local[:, :3, :3] = matrix_of("QUATERNION", track.rotation)
        for (bone, what), channels in found.items():
            if bone == track.bone and what == "location":
                values = np.stack([channels[i] for i in range(3)], axis=1)
                local[:, :3, 3] = values @ np.linalg.inv(track.location_axes).T
            elif bone == track.bone:
                local[:, :3, :3] = matrix_of(track.mode, np.stack([channels[i] for i in sorted(channels)], axis=1))
        above = np.eye(4) if track.parent < 0 else matrices[track.parent]
        matrices.append(above @ track.offset @ local)
        points = np.concatenate([np.zeros((1, 3)), track.points])
        out.append(np.einsum("tij,pj->tpi", matrices[-1][:, :3, :3], points) + matrices[-1][:, None, :3, 3])
    return tracks.unit * np.concatenate(out, axis=1)


def matrix_of(mode: str, values: np.ndarray) -> np.ndarray:
    """(T, 3, 3) as Blender turns a bone by the values (T, n) of its rotation channels."""
    if mode == "QUATERNION":
        w, x, y, z = (values / np.linalg.norm(values, axis=1, keepdims=True)).T
        cross = _cross(np.stack([x, y, z], axis=1))
        return np.eye(3) + 2 * w[:, None, None] * cross + 2 * cross @ cross
    if mode == "AXIS_ANGLE":
        cross = _cross(values[:, 1:] / np.linalg.norm(values[:, 1:], axis=1, keepdims=True))
        angle = values[:, 0, None, None]
        return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    matrix = np.eye(3)
    for axis in mode:  # the first one turns first
        unit = np.eye(3)["XYZ".index(axis)]
        about = np.tile(unit, (len(values), 1))
        turn = matrix_of("AXIS_ANGLE", np.column_stack([values[:, "XYZ".index(axis)], about]))
        matrix = turn @ matrix
    return matrix


def _cross(axis: np.ndarray) -> np.ndarray:
    x, y, z = axis.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
