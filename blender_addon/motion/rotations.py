# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations as numpy arrays: quaternions (w, x, y, z), 3x3 matrices and Euler angles, all over leading axes."""

from __future__ import annotations

import numpy as np

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_TINY = 1e-12


def normalise(vector: np.ndarray) -> np.ndarray:
    """Unit vectors along the last axis; a zero vector stays zero."""
    vector = np.asarray(vector)
    length = np.sqrt(np.add.reduce(vector * vector, axis=-1, keepdims=True))  # as numpy's norm, without its detours
    return vector / np.maximum(length, _TINY)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cross product of vectors (..., 3); numpy's own takes several times as long over a few hundred of them."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    x = ay * bz - az * by
    product = np.empty((*x.shape, 3), dtype=x.dtype)
    product[..., 0] = x
    product[..., 1] = az * bx - ax * bz
    product[..., 2] = ax * by - ay * bx
    return product


def quat_multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The rotation that does b first, then a; (..., 4)."""
    a, b = np.asarray(a), np.asarray(b)
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    w = aw * bw - ax * bx - ay * by - az * bz
    product = np.empty((*w.shape, 4), dtype=w.dtype)
    product[..., 0] = w
    product[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    product[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    product[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return product


def quat_inverse(q: np.ndarray) -> np.ndarray:
    """The inverse of unit quaternions (..., 4)."""
    return np.asarray(q) * np.array([1.0, -1.0, -1.0, -1.0])


def quat_rotate(q: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Turn vectors (..., 3) by unit quaternions (..., 4)."""
    q, vector = np.asarray(q), np.asarray(vector)
    axis = q[..., 1:]
    twice = 2.0 * cross(axis, vector)
    return vector + q[..., :1] * twice + cross(axis, twice)


def quat_from_axis_angle(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Unit axes (..., 3) and angles in radians (...) to quaternions (..., 4)."""
    half = np.asarray(angle)[..., None] / 2.0
    axis = np.broadcast_to(axis, (*half.shape[:-1], 3))
    return np.concatenate([np.cos(half), np.sin(half) * axis], axis=-1)


def quat_about_z(angle: np.ndarray) -> np.ndarray:
    """Turns about the vertical, radians (...) to quaternions (..., 4)."""
    return quat_from_axis_angle(np.array([0.0, 0.0, 1.0]), np.asarray(angle))


def quat_to_axis_angle(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit axes (..., 3) and angles in [0, pi] (...); the axis of no rotation is Y, as Blender has it."""
    q = np.where(np.asarray(q)[..., :1] < 0.0, -np.asarray(q), q)
    sine = np.linalg.norm(q[..., 1:], axis=-1)
    axis = np.where(sine[..., None] > _TINY, q[..., 1:] / np.maximum(sine, _TINY)[..., None], np.array([0.0, 1.0, 0.0]))
    return axis, 2.0 * np.arctan2(sine, q[..., 0])


def quat_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest rotation that turns directions a (..., 3) to b (..., 3); half a turn for opposite ones."""
    a, b = np.broadcast_arrays(normalise(np.asarray(a, float)), normalise(np.asarray(b, float)))
    w = 1.0 + np.sum(a * b, axis=-1)
    # opposite directions: any axis across a will do
    other = np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    across = normalise(cross(a, other))
    opposite = (w < 1e-9)[..., None]
    q = np.concatenate([w[..., None], cross(a, b)], axis=-1)
    half_turn = np.concatenate([np.zeros_like(w)[..., None], across], axis=-1)
    return normalise(np.where(opposite, half_turn, q))


def quat_continuous(q: np.ndarray) -> np.ndarray:
    """Flip signs along axis 0 so that each quaternion is the nearer of the two to the one before it."""
    q = np.array(q, dtype=np.float64)
    if len(q) > 1:
        flips = np.where(np.sum(q[1:] * q[:-1], axis=-1) < 0.0, -1.0, 1.0)
        q[1:] *= np.cumprod(flips, axis=0)[..., None]
    return q


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Spherical interpolation the shorter way; a, b (..., 4), t (...) in 0..1."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    dot = np.sum(a * b, axis=-1, keepdims=True)
    b, dot = np.where(dot < 0.0, -b, b), np.minimum(np.abs(dot), 1.0)
    t = np.asarray(t, float)[..., None]
    angle = np.arccos(dot)
    near = angle < 1e-5
    sine = np.where(near, 1.0, np.sin(angle))
    wa = np.where(near, 1.0 - t, np.sin((1.0 - t) * angle) / sine)
    wb = np.where(near, t, np.sin(t * angle) / sine)
    return normalise(wa * a + wb * b)


def quat_angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle in radians between unit quaternions (..., 4), 0 to pi."""
    difference = quat_multiply(quat_inverse(a), b)
    return 2.0 * np.arctan2(np.linalg.norm(difference[..., 1:], axis=-1), np.abs(difference[..., 0]))


def matrix_from_quat(q: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4) to rotation matrices (..., 3, 3)."""
    w, x, y, z = np.moveaxis(np.asarray(q), -1, 0)
    return np.stack([
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ], axis=-1).reshape(*np.shape(w), 3, 3)


def quat_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) to unit quaternions (..., 4).

    The outer product of a quaternion with itself is linear in the matrix; its column with the largest diagonal is the
    quaternion up to length and sign, exact near every angle (Bar-Itzhack 2000, without the eigenvalue search).
    """
    m = np.asarray(matrix, dtype=np.float64)
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    outer = np.empty((*m.shape[:-2], 4, 4))
    outer[..., 0, 0] = 1.0 + trace
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        outer[..., i + 1, i + 1] = 1.0 + 2.0 * m[..., i, i] - trace
        outer[..., 0, i + 1] = outer[..., i + 1, 0] = m[..., k, j] - m[..., j, k]
        outer[..., j + 1, k + 1] = outer[..., k + 1, j + 1] = m[..., j, k] + m[..., k, j]
    best = np.argmax(np.diagonal(outer, axis1=-2, axis2=-1), axis=-1)
    column = np.take_along_axis(outer, best[..., None, None], axis=-1)[..., 0]
    return normalise(np.where(column[..., :1] < 0.0, -column, column))


def frame_from_axes(primary: np.ndarray, secondary: np.ndarray) -> np.ndarray:
    """Orthonormal matrices (..., 3, 3) whose columns are primary, the part of secondary across it, and their cross."""
    x = normalise(np.asarray(primary, float))
    y = np.asarray(secondary, float)
    y = normalise(y - np.sum(x * y, axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def euler_to_quat(angles: np.ndarray, order: str) -> np.ndarray:
    """Angles (..., 3) in radians, in the order they are listed; 'ZXY' means Rz @ Rx @ Ry, as BVH channels have it."""
    q = None
    for i, axis in enumerate(order.upper()):
        turn = quat_from_axis_angle(np.eye(3)["XYZ".index(axis)], np.asarray(angles)[..., i])
        q = turn if q is None else quat_multiply(q, turn)
    return q


def quat_to_euler(q: np.ndarray, order: str) -> np.ndarray:
    """Angles (..., 3) in radians with q = R[order[0]](a0) @ R[order[1]](a1) @ R[order[2]](a2); three distinct axes.

    At gimbal lock the last angle is 0. The middle angle lies within a quarter turn of 0.
    """
    i, j, k = ("XYZ".index(axis) for axis in order.upper())
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    m = matrix_from_quat(q)
    middle = np.arcsin(np.clip(sign * m[..., i, k], -1.0, 1.0))
    locked = np.abs(m[..., i, k]) > 1.0 - 1e-9
    free = np.arctan2(-sign * m[..., j, k], m[..., k, k])
    first = np.where(locked, np.arctan2(sign * m[..., k, j], m[..., j, j]), free)
    last = np.where(locked, 0.0, np.arctan2(-sign * m[..., i, j], m[..., i, i]))
    return np.stack([first, middle, last], axis=-1)


def euler_continuous(angles: np.ndarray) -> np.ndarray:
    """Of the two Euler triples and their full turns, the one nearest to the frame before, along axis 0.

    (a, b, c) and (a + pi, pi - b, c + pi) are the same rotation for three distinct axes.
    """
    same = np.array(angles, dtype=np.float64)
    other = same + np.pi
    other[..., 1] = np.pi - same[..., 1]
    # seen from either triple the way to its like is as long and so is the way to its unlike: only changes are counted
    to_same, to_other = (np.abs(_wrapped(next_ - same[:-1])).sum(axis=-1) for next_ in (same[1:], other[1:]))
    changed = np.cumsum(to_other < to_same - 1e-9, axis=0) % 2 == 1
    same[1:] = np.where(changed[..., None], other[1:], same[1:])
    return np.unwrap(same, axis=0)


def _wrapped(angle: np.ndarray) -> np.ndarray:
    """The same angles within half a turn of 0."""
    return angle - 2.0 * np.pi * np.round(angle / (2.0 * np.pi))
