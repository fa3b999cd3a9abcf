# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand still: on the floor, where they came down, whatever the proportions of the body.

The offline kind of foot lock: every run of contact gets a place of its own, feet ease from one place to the next while
they are in the air, the pelvis goes along where legs are too short or too long, and two-bone IK does the rest. How much
turning that takes is kept small: pelvis, leg and foot each do the part that is least trouble to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .clip import Clip
from .contacts import find_standing, floor_height, speeds, standing_heights, steady
from .easing import at_least_zero, blurred, bridge, distance, envelope, smooth
from .kinematics import forward_kinematics, local_rotations
from .legs import Legs, joints_of_legs, legs_in, reach, turn_of_foot, turned_by
from .rotations import (
    cross,
    normalise,
    quat_angle,
    quat_continuous,
    quat_from_axis_angle,
    quat_inverse,
    quat_multiply,
    quat_rotate,
)
from .skeleton import INDEX
from .standing import Feet, hold_still, standing_places

EASE = 1.0 / 6.0       # seconds: five frames at 30 fps
RADIUS = 0.12          # metres that a foot may wander within one contact before it is let go
EXTENSION = 0.99       # of the whole leg; straighter only where the clip is
_KEPT_STRAIGHT = 0.7   # of what it is straighter in the clip, how much a leg may stay so when it has to move,
_UNCHANGED = 0.01      # by about so many metres or more
_SOFT = 0.003          # metres over which the floor, and the end of a leg's reach, give way
CLEARANCE = 0.005      # metres that a foot in the air keeps from the floor
_QUICK = 1.0           # metres a second from which it is quick
_GRAZES = 0.018        # metres that a foot twice as long as people's may go into it instead of lifting the whole leg
_FOLLOWS = 0.15        # seconds: how slowly the pelvis follows the feet
_ASIDE = 0.07          # metres that it goes along the floor at most
_TILTS = 0.007         # square metres: how unwilling it is to tilt, beside a leg that would have to bend
_IN_TIME = 0.1         # seconds before and after it is needed that the pelvis comes down
_LOWEST = 0.25         # metres that it comes down at most
_TOES = 0.25           # seconds in which toes that were bent to push off are straight again
_AROUND = 3.0          # seconds of a loop before and after itself that tell how it goes on
_UP = np.array([0.0, 0.0, 1.0])
_HIPS = [INDEX["LeftUpLeg"], INDEX["RightUpLeg"]]


@dataclass(frozen=True, eq=False)
class FootLock:
    """A clip with its feet locked, and what that changed.

    contacts: (T, 4) who stands when, as it was used. skate: mean cm/s over the floor of what stands. sunk: cm that an
    ankle or toe is below the floor at worst; floated: that the lower of both is above it while one of them stands.
    lowered: metres that the pelvis went down at most (below zero: it only rose). turned: degrees that the segment which
    turned most did, toes left out.
    """

    clip: Clip
    contacts: np.ndarray
    floor: float
    skate_before: float
    skate_after: float
    sunk_before: float
    sunk_after: float
    floated_before: float
    floated_after: float
    lowered: float
    turned: float


def lock_feet(clip: Clip, contacts: np.ndarray | None = None, floor: float | None = 0.0, ease: float = EASE,
              radius: float = RADIUS, extension: float = EXTENSION, clearance: float = CLEARANCE) -> FootLock:
    """Still feet on a skeleton of 22 joints with any proportions, whose legs are about as long as CANONICAL's.

    contacts: (T, 4) bool, who stands when; the clip's own, or else found in it. floor: metres, None to find it. ease:
    seconds before and after a contact in which a foot comes to its place and leaves it. A foot that wanders further
    than `radius` metres while it stands (further for feet longer than people's) is let go in between. extension: how
    straight a leg may be made. clearance: metres that quick feet in the air keep from the floor; slower ones, and those
    that are about to come down, less. A loop stays a loop. A clip in which nothing stands or sinks comes back as it is.
    """
    floor = floor_height(clip) if floor is None else floor
    if contacts is None:
        contacts = find_standing(clip, floor) if clip.contacts is None else clip.contacts
    contacts = steady(contacts, clip.fps)
    locked = _Lock(floor, max(1, round(ease * clip.fps)), radius, extension, clearance).around(clip, contacts)
    return _report(clip, locked, contacts, floor)


@dataclass(frozen=True)
class _Lock:
    """floor, radius and clearance in metres, ease in frames, extension as a share."""

    floor: float
    ease: int
    radius: float
    extension: float
    clearance: float

    def around(self, clip: Clip, contacts: np.ndarray) -> Clip:
        """The clip locked; one that is a loop as the middle of itself, before and after itself."""
        if not _is_loop(clip):
            return self.once(clip, contacts)
        more = min(clip.frames - 1, round(_AROUND * clip.fps))
        longer = _in_a_row(clip, more)
        contacts = np.array(contacts)
        contacts[0] = contacts[-1] = contacts[0] | contacts[-1]  # one moment: no repetition is to differ from another
        contacts = np.concatenate([contacts[-1 - more:-1], contacts, contacts[1:more + 1]])
        locked = self.once(longer, contacts)
        if locked is longer:
            return clip
        return replace(locked.cut(more, more + clip.frames), contacts=clip.contacts)

    def once(self, clip: Clip, contacts: np.ndarray) -> Clip:
        """The same clip when there is nothing to do."""
        everything, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
        legs, feet = legs_in(everything, placed), Feet.of(clip.skeleton)
        turned = hold_still(legs.feet, contacts, feet, self.ease, clip.fps)
        standing, target, on_toe = standing_places(legs.ankles, turned, contacts, feet, self.floor, self.radius,
                                                   self.ease, clip.fps)
        if not standing.any() and feet.lowest(legs.ankles, legs.feet).min() >= self.floor:
            return clip
        away = np.stack([distance(standing[:, side], self.ease) for side in range(2)], axis=1)
        least = self.floor + CLEARANCE * away

        sunk = least - feet.lowest(legs.ankles, turned)
        clip = _tilt_pelvis(clip, everything, legs, standing, target, sunk)
        everything, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
        legs = legs_in(everything, placed)
        shift = _follow(standing, target - legs.ankles, clip.fps)[:, None]
        turned, target = self._roll(legs, turned, target, target - legs.ankles - shift, standing, on_toe, feet)
        shift[..., 2] -= self._shortage(legs, target - shift - legs.hips, standing, clip.fps)[:, None]

        hips, ankles = legs.hips + shift, legs.ankles + shift
        ankles = ankles + self._bridged(target - ankles, standing)
        quick = np.minimum(speeds(ankles, clip.fps) / _QUICK, 1.0)
        least = least + (self.clearance - CLEARANCE) * away * smooth(quick, self.ease)
        turned, ankles = _clear(legs, ankles, turned, feet, least, standing, _SOFT * away)
        ankles = self._within_reach(legs, hips, ankles, _SOFT * away)
        return _posed(clip, everything, legs, hips, ankles, turned, shift[:, 0], feet, self.floor)

    def _bridged(self, values: np.ndarray, standing: np.ndarray) -> np.ndarray:
        """(T, 2, 3) as they are for feet that stand (T, 2), eased to zero for others."""
        return np.stack([bridge(values[:, side], standing[:, side], self.ease) for side in range(2)], axis=1)

    def _roll(self, legs: Legs, turned: np.ndarray, target: np.ndarray, wanted: np.ndarray, standing: np.ndarray,
              on_toe: np.ndarray, feet: Feet) -> tuple[np.ndarray, np.ndarray]:
        """Rotations of the feet (T, 2, 4) that take over a part of what is wanted (T, 2, 3) of the legs while they
        are on their toes, and where the ankles should be then, with the toes where they were."""
        lever = quat_rotate(turned, feet.to_toe)
        turns = turn_of_foot(legs, lever, wanted) * on_toe[..., None]
        # no further than until the heel is down
        rise = feet.to_toe[:, 2] - lever[..., 2]
        falls = rise - feet.to_toe[:, 2] + quat_rotate(turned_by(turns, turned), feet.to_toe)[..., 2]
        share = np.clip(rise, 0.0, None) / np.maximum(falls, 1e-9)
        turns = turns * np.where(falls > 0.0, np.minimum(share, 1.0), 1.0)[..., None]
        turned = turned_by(self._bridged(turns, standing), turned)
        return turned, target + lever - quat_rotate(turned, feet.to_toe)

    def _shortage(self, legs: Legs, away: np.ndarray, standing: np.ndarray, fps: float) -> np.ndarray:
        """(T,) metres that the pelvis must come down, in time and no further than it must, for both legs to reach.

        away: (T, 2, 3) from hips to where the ankles should be.
        """
        longest = self._longest(legs, legs.hips + away)
        apart = np.minimum(np.hypot(away[..., 0], away[..., 1]), 0.95 * longest)
        short = np.where(standing, -away[..., 2] - np.sqrt(longest**2 - apart**2), 0.0)
        return envelope(np.clip(short.max(axis=1), 0.0, _LOWEST), max(1, round(_IN_TIME * fps)))

    def _longest(self, legs: Legs, ankles: np.ndarray) -> np.ndarray:
        """(T, 2) metres that a leg may be long: nearly all of it, or about as long as the clip has it.

        ankles: (T, 2, 3) where they are wanted, seen from the hips of `legs`. The knee of a leg that is straight all
        but a little pops for next to nothing; so unless it may stay as it is, it has to bend a little more.
        """
        usual = self.extension * legs.whole
        changes = np.minimum(np.linalg.norm(ankles - legs.ankles, axis=-1) / _UNCHANGED, 1.0)
        kept = 1.0 - (1.0 - _KEPT_STRAIGHT) * changes * changes * (3.0 - 2.0 * changes)
        return usual + kept * np.maximum(np.linalg.norm(legs.ankles - legs.hips, axis=-1) - usual, 0.0)

    def _within_reach(self, legs: Legs, hips: np.ndarray, ankles: np.ndarray, soft: np.ndarray) -> np.ndarray:
        """Ankles (T, 2, 3) no further from the hips than a leg may be long."""
        away, longest = ankles - hips, self._longest(legs, ankles - hips + legs.hips)
        apart = np.linalg.norm(away, axis=-1)
        return hips + away * ((longest - at_least_zero(longest - apart, soft)) / np.maximum(apart, 1e-9))[..., None]


def _clear(legs: Legs, ankles: np.ndarray, turned: np.ndarray, feet: Feet, least: np.ndarray, standing: np.ndarray,
           soft: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, 2, 4) and ankles (T, 2, 3) of feet that keep at least so high (T, 2) while they do not stand.

    What only the toe needs, foot and leg do together.
    """
    graze = least - _GRAZES * np.clip(feet.size - 1.0, 0.0, 1.0)
    ankle, toe = (height - graze for height in feet.heights(ankles, turned))
    lowest = np.minimum(ankle, toe)
    for_toe = at_least_zero(lowest, soft) - lowest - (at_least_zero(ankle, soft) - ankle)
    for_toe = np.where(standing, 0.0, for_toe)[..., None] * _UP
    turned = turned_by(turn_of_foot(legs, quat_rotate(turned, feet.to_toe), for_toe), turned)
    lowest = feet.lowest(ankles, turned) - graze
    return turned, ankles + np.where(standing, 0.0, at_least_zero(lowest, soft) - lowest)[..., None] * _UP


def _posed(clip: Clip, everything: np.ndarray, legs: Legs, hips: np.ndarray, ankles: np.ndarray, turned: np.ndarray,
           shift: np.ndarray, feet: Feet, floor: float) -> Clip:
    """The clip with its legs leading to ankles (T, 2, 3), its feet turned so (T, 2, 4), its pelvis shifted (T, 3).

    everything: (T, 22, 4) how its joints are turned until then."""
    slow = max(1, round(_TOES * clip.fps))
    tips = feet.tips_up(legs.tips, feet.heights(ankles, turned)[1] - floor, _SOFT, slow)
    everything = np.array(everything)
    for pair, rotations in zip(joints_of_legs(), (*reach(legs, hips, ankles), turned, tips), strict=True):
        everything[:, pair] = rotations
    return replace(clip, rotations=quat_continuous(local_rotations(clip.skeleton, everything)),
                   positions=clip.positions + shift)


# --- pelvis -------------------------------------------------------------------------------------------------------


def _follow(standing: np.ndarray, wanted: np.ndarray, fps: float) -> np.ndarray:
    """(T, 3) metres that the pelvis slowly follows what is wanted of standing feet (T, 2, 3), so that knees keep their
    bend."""
    weight = standing.sum(axis=1).astype(np.float64)
    mean = np.sum(standing[..., None] * wanted, axis=1) / np.maximum(weight, 1.0)[:, None]
    follow = blurred(mean, weight, _FOLLOWS * fps)
    level = np.maximum(np.hypot(follow[:, 0], follow[:, 1]), 1e-9)
    follow[:, :2] *= (_ASIDE * np.tanh(level / _ASIDE) / level)[:, None]
    return follow


def _tilt_pelvis(clip: Clip, everything: np.ndarray, legs: Legs, standing: np.ndarray, target: np.ndarray,
                 sunk: np.ndarray) -> Clip:
    """The pelvis tilted sideways where one foot must go down and the other up, which wide hips make them do.

    sunk: (T, 2) metres that each foot is too low in the air. The height and the tilt that leave the least to the legs
    (least squares, blurred over time as _follow does). All other segments stay turned as they are.
    """
    across = legs.hips - legs.hips.mean(axis=1, keepdims=True)
    turned = np.array(everything)
    lateral = quat_rotate(turned[:, 0], np.array([1.0, 0.0, 0.0])) * [1.0, 1.0, 0.0]
    arm = np.sum(across * normalise(lateral)[:, None], axis=-1)
    wanted = np.where(standing, (target - legs.ankles)[..., 2], 0.0)
    weight = 1.0 * standing
    for _ in range(2):  # how low a foot in the air is depends on the height that standing feet ask for
        sums = [weight, weight * arm, weight * arm**2, weight * wanted, weight * wanted * arm]
        count, lever, square, down, torque = blurred(np.stack([s.sum(axis=1) for s in sums], axis=-1),
                                                     np.ones(clip.frames), _FOLLOWS * clip.fps).T
        count, square = count + 0.02, square + _TILTS
        determinant = count * square - lever**2
        height, tilt = (square * down - lever * torque) / determinant, (count * torque - lever * down) / determinant
        low = np.where(standing, 0.0, np.maximum(sunk - height[:, None], 0.0))
        wanted = np.where(standing, wanted, sunk)
        weight = standing + np.minimum(low / 0.02, 1.0)
    middle = clip.skeleton.offsets[_HIPS].mean(axis=0)
    positions = clip.positions + quat_rotate(turned[:, 0], middle)
    axis = normalise(cross(lateral, _UP))
    turned[:, 0] = quat_multiply(quat_from_axis_angle(axis, tilt), turned[:, 0])
    return replace(clip, rotations=quat_continuous(local_rotations(clip.skeleton, turned)),
                   positions=positions - quat_rotate(turned[:, 0], middle))


# --- loops --------------------------------------------------------------------------------------------------------


def _is_loop(clip: Clip) -> bool:
    """Whether the last pose is the first one, further on: same height, lean and limbs."""
    if clip.frames < 8:
        return False
    turn, move = _further_on(clip)
    again = np.array(clip.rotations[0])
    again[0] = quat_multiply(turn, again[0])
    return bool(quat_angle(again, clip.rotations[-1]).max() < np.radians(0.5) and abs(move[2]) < 0.002)


def _further_on(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """The turn about the vertical (4,) and the move (3,), after it, from the first frame to the last."""
    difference = quat_multiply(clip.rotations[-1, 0], quat_inverse(clip.rotations[0, 0]))
    turn = normalise(difference * [1.0, 0.0, 0.0, 1.0])
    return turn, clip.positions[-1] - quat_rotate(turn, clip.positions[0])


def _in_a_row(clip: Clip, more: int) -> Clip:
    """A loop with so many frames of itself before and after it."""
    turn, move = _further_on(clip)
    back = quat_inverse(turn)
    rotations = [np.array(clip.rotations[-1 - more:-1]), clip.rotations, np.array(clip.rotations[1:more + 1])]
    rotations[0][:, 0] = quat_multiply(back, rotations[0][:, 0])
    rotations[2][:, 0] = quat_multiply(turn, rotations[2][:, 0])
    positions = [quat_rotate(back, clip.positions[-1 - more:-1] - move), clip.positions,
                 quat_rotate(turn, clip.positions[1:more + 1]) + move]
    return replace(clip, rotations=quat_continuous(np.concatenate(rotations)), positions=np.concatenate(positions),
                   contacts=None)


# --- figures ------------------------------------------------------------------------------------------------------


def _report(before: Clip, after: Clip, contacts: np.ndarray, floor: float) -> FootLock:
    feet, toes = joints_of_legs()[2:]
    poses = [forward_kinematics(clip.skeleton, clip.rotations, clip.positions) for clip in (before, after)]
    (skate, sunk, floated), (skates, sinks, floats) = (
        _figures(placed[:, np.column_stack([feet, toes]).ravel()], before, contacts, floor) for _, placed in poses)
    turned = quat_angle(*(np.delete(rotations, toes, axis=1) for rotations, _ in poses))
    return FootLock(after, contacts, floor, skate, skates, sunk, sinks, floated, floats,
                    float((before.positions - after.positions)[:, 2].max()), float(np.degrees(turned.max())))


def _figures(places: np.ndarray, clip: Clip, contacts: np.ndarray, floor: float) -> tuple[float, float, float]:
    """Skate in cm/s, worst sinking and worst floating in cm, of ankles and toes (T, 4, 3), the left ones first."""
    height = (places[..., 2] - standing_heights(clip.skeleton) - floor) * 100.0
    slide = np.linalg.norm(np.diff(places[..., :2], axis=0), axis=-1) * clip.fps * 100.0
    stays = contacts[1:] & contacts[:-1]
    stands = contacts.reshape(-1, 2, 2).any(axis=2)
    lower = height.reshape(-1, 2, 2).min(axis=2)
    return (float(slide[stays].mean()) if stays.any() else 0.0, float(np.maximum(-height, 0.0).max()),
            float(np.maximum(lower[stands], 0.0).max()) if stands.any() else 0.0)
