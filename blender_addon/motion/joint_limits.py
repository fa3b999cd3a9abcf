# SPDX-License-Identifier: GPL-3.0-or-later
"""How far joints bend and twist in real motion, and a soft end of the way for those that go further.

Every joint's turn is split into a twist about its own segment and the swing of the segment (swing-twist, after Grassia
1998: the swing as a rotation vector across the segment). Each of the three numbers has a lowest and a highest value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .clip import Clip
from .rotations import (
    cross,
    normalise,
    quat_continuous,
    quat_from_axis_angle,
    quat_inverse,
    quat_multiply,
    quat_to_axis_angle,
)
from .skeleton import CANONICAL, ENDS, INDEX, JOINTS, MIRROR, TOWARDS

PERCENTILE = 0.5            # of the data lie beyond each end
MARGIN = np.radians(5.0)    # and so much further is nobody stopped
_SOFT = np.radians(3.0)     # how far beyond an end the way goes on, slower and slower
_NEVER_BACK = np.radians(1.0)  # a knee or an elbow is straight at zero; more than this is backwards


@dataclass(frozen=True, eq=False)
class JointLimits:
    """lower, upper: (22, 3) radians for each of JOINTS: swing about two axes across the segment, twist about it.

    The hips, whose turn is that of the whole body, have none: -inf and inf.
    """

    lower: np.ndarray
    upper: np.ndarray

    def as_dict(self) -> dict[str, list[float]]:
        """For pack.toml's [generator.joint_limits]: for each joint six degrees, the lowest and highest of the three
        numbers one after another; `LeftLeg = [-1.0, 146.2, -11.3, 26.0, -24.1, 9.4]`."""
        pairs = np.degrees(np.stack([self.lower, self.upper], axis=-1)).reshape(len(JOINTS), 6)
        return {name: [round(float(value), 1) for value in pairs[INDEX[name]]] for name in JOINTS[1:]}

    @classmethod
    def from_dict(cls, table: Mapping[str, Sequence[float]]) -> JointLimits:
        """What as_dict gave; joints that it does not name have no limits."""
        pairs = np.full((len(JOINTS), 3, 2), [-np.inf, np.inf])
        for name, values in table.items():
            if name in INDEX:
                pairs[INDEX[name]] = np.radians(np.reshape(values, (3, 2)))
        return cls(pairs[..., 0], pairs[..., 1])


def measure_limits(rotations: np.ndarray) -> JointLimits:
    """Limits that real motion keeps: local rotations (N, 22, 4) of the canonical skeleton, frames of good capture.

    From the PERCENTILE lowest to the PERCENTILE highest, and MARGIN further; both sides of the body share their data,
    mirrored. Knees and elbows never bend backwards, whatever the data say.
    """
    both = np.concatenate([rotations, np.asarray(rotations)[:, MIRROR] * [1.0, 1.0, -1.0, -1.0]])
    bends = swing_twist(both)
    lower, upper = (np.percentile(bends, percent, axis=0) for percent in (PERCENTILE, 100.0 - PERCENTILE))
    lower, upper = lower - MARGIN, upper + MARGIN
    for side in ("Left", "Right"):
        knee, elbow = INDEX[f"{side}Leg"], INDEX[f"{side}ForeArm"]
        lower[knee, 0] = max(lower[knee, 0], -_NEVER_BACK)
        upper[elbow, 1] = min(upper[elbow, 1], _NEVER_BACK)
    lower[0], upper[0] = -np.inf, np.inf
    return JointLimits(lower, upper)


def keep_within(clip: Clip, limits: JointLimits) -> tuple[Clip, float]:
    """The clip with joints that go too far brought back to a little beyond the end, without a corner; and the share of
    its frames in which there are any.

    What lies within stays the same bits; where nothing goes too far the clip itself comes back.
    """
    bends = swing_twist(clip.rotations)
    kept = np.array(bends)
    # a twist counts from the middle of its range on, and through full turns: it must not leap from end to end
    limited = np.isfinite(limits.lower[:, 2])
    middle = np.where(limited, np.where(limited, limits.lower[:, 2], 0.0) + limits.upper[:, 2], 0.0) / 2.0
    twist = np.unwrap(bends[..., 2], axis=0)
    twist -= 2.0 * np.pi * np.round((np.median(twist, axis=0) - middle) / (2.0 * np.pi))
    kept[..., 2] = twist
    over = np.maximum(kept - limits.upper, 0.0) - np.maximum(limits.lower - kept, 0.0)
    gone = over != 0.0
    if not gone.any():
        return clip, 0.0
    ends = np.where(over > 0.0, limits.upper, limits.lower)
    kept = np.where(gone, ends + _SOFT * np.tanh(over / _SOFT), kept)
    frames, joints = np.nonzero(gone.any(axis=-1))
    rotations = np.array(clip.rotations)
    rotations[frames, joints] = _turns(kept[frames, joints], joints)
    share = float(gone.any(axis=(1, 2)).mean())
    return replace(clip, rotations=quat_continuous(rotations)), share


def beyond(clip: Clip, limits: JointLimits) -> np.ndarray:
    """(T, 22) radians by which the joints are further than the limits at worst, 0 within them."""
    bends = swing_twist(clip.rotations)
    return np.maximum(np.maximum(bends - limits.upper, limits.lower - bends), 0.0).max(axis=-1)


def swing_twist(rotations: np.ndarray) -> np.ndarray:
    """(T, 22, 3) radians of local rotations (T, 22, 4): swing about two axes across each segment, twist about it.

    The first of the axes across is X, or Y for segments along X; the second is across both.
    """
    q = np.where(rotations[..., :1] < 0.0, -np.asarray(rotations), rotations)
    along = np.sum(q[..., 1:] * _ALONG, axis=-1)
    twist = normalise(np.concatenate([q[..., :1], along[..., None] * _ALONG], axis=-1))
    axis, angle = quat_to_axis_angle(quat_multiply(q, quat_inverse(twist)))
    swing = axis * angle[..., None]
    return np.stack([np.sum(swing * _FIRST, axis=-1), np.sum(swing * _SECOND, axis=-1),
                     2.0 * np.arctan2(along, q[..., 0])], axis=-1)


def _turns(bends: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """(N, 4) local rotations from (N, 3) as swing_twist has them, of joints (N,) by index."""
    swing = bends[:, :1] * _FIRST[joints] + bends[:, 1:2] * _SECOND[joints]
    turned = quat_from_axis_angle(normalise(swing), np.linalg.norm(swing, axis=-1))
    return quat_multiply(turned, quat_from_axis_angle(_ALONG[joints], bends[:, 2]))


def _along() -> np.ndarray:
    """(22, 3) unit vectors along the segments at rest."""
    return normalise(np.array([
        CANONICAL.offsets[INDEX[TOWARDS[name]]] if name in TOWARDS else ENDS[name][0] for name in JOINTS]))


_ALONG = _along()
_FIRST = normalise(np.where(np.abs(_ALONG[:, :1]) > 0.9, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]))
_SECOND = cross(_ALONG, _FIRST)
