# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves that Galatea makes itself, because hardly anybody gives one freely: an arm waves over people who really stand.

Legs, hips and trunk are captured, and so is an arm that hangs; the arm that waves is drawn. Its upper arm, forearm and
hand point where a few angles say, seen from the chest, and swing from side to side: the upper arm a little ahead of
the forearm, the hand dragged after it (overlapping action: Thomas and Johnston, The Illusion of Life, 1981).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.motion.clip import Clip
from blender_addon.motion.joint_limits import JointLimits, keep_within, measure_limits
from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.resampling import sample
from blender_addon.motion.rotations import (
    cross,
    normalise,
    quat_continuous,
    quat_from_axis_angle,
    quat_from_matrix,
    quat_inverse,
    quat_multiply,
    quat_rotate,
    slerp,
)
from blender_addon.motion.skeleton import ENDS, INDEX, JOINTS, MIRROR

from .clips import FPS, ClipLabel, ClipSet, together
from .standing import standing_stretches

ACTION = "wave"
_ARM = [INDEX[f"Left{part}"] for part in ("Shoulder", "Arm", "ForeArm", "Hand")]
_BESIDE = 15    # frames before the arm rises and after it hangs again
_LATER = np.array([0.0, 0.1, 0.25, 0.4])  # shares of raising or lowering by which shoulder to hand are late
_CLEAR = 0.15   # metres from the middle of the head that hand and forearm keep
_X, _Y, _Z = np.eye(3)

# Lowest and highest of what _draw draws, degrees, Hz and cycles. Upper arm: above the horizontal, ahead of the side,
# half of its swing. Forearm: outwards and ahead of the vertical, half of its swing. Hand: half of its swing.
_MANNERS = {
    "beside": (((-40, 15), (15, 45), (2, 6)), ((-8, 15), (0, 20), (20, 38)), (6, 18), (1.1, 2.1), (3, 9)),
    "close": (((-58, -32), (0, 30), (1, 4)), ((0, 18), (5, 25), (12, 22)), (14, 28), (1.5, 2.4), (3, 9)),
    "high": (((42, 58), (10, 35), (9, 16)), ((-8, 8), (0, 15), (16, 28)), (6, 16), (0.9, 1.4), (2, 6)),
}
_OFTEN = (0.55, 0.15, 0.3)


@dataclass(frozen=True)
class Wave:
    """How somebody waves with the left arm, in radians, seconds, Hz and cycles; what _MANNERS lists, and palm: how far
    it is turned outwards, shrug: of the shoulder, look: turn and tilt of the head, lean: of the chest away from the
    arm."""

    arm: tuple[float, float, float]
    forearm: tuple[float, float, float]
    hand: float
    tempo: float
    swings: int
    raising: float
    lowering: float
    palm: float
    shrug: float
    look: tuple[float, float]
    lean: float

    @property
    def frames(self) -> int:
        return 2 * _BESIDE + round((self.raising + self.swings / self.tempo + self.lowering) * FPS)


def add_waves(clips: ClipSet, count: int, seed: int = 0) -> ClipSet:
    """The set with `count` waves more, over standing stretches of its training clips, never of held-out ones.

    GalateaError when nobody stands in them.
    """
    stretches = standing_stretches(clips)
    if not stretches:
        raise GalateaError("--waves: nobody stands still for two seconds in the training clips, so there is nobody to "
                           "wave; leave it out")
    rng = np.random.default_rng(seed)
    trained = np.repeat([label.split == "train" for label in clips.labels], np.diff(clips.starts))
    limits = _of_the_arms(measure_limits(clips.rotations[trained & clips.good]))
    # a long stretch has more moments to stand in, and yet not the say over everybody else's stance
    often = np.sqrt([stop - start for _, start, stop in stretches])
    made = []
    for number in range(count):
        index, start, stop = stretches[rng.choice(len(stretches), p=often / often.sum())]
        made.append(_labelled(wave_over(clips.clip(index).cut(start, stop), limits, rng), clips.labels[index], number))
    labels, waves = zip(*made, strict=True)
    shown = np.concatenate([np.pad(np.zeros(w.frames - 2 * _BESIDE, dtype=int), _BESIDE, constant_values=-1)
                            for w in waves])
    return together(clips, ClipSet(
        labels, np.concatenate([w.rotations for w in waves]), np.concatenate([w.positions for w in waves]),
        np.concatenate([w.contacts for w in waves]), np.ones(len(shown), dtype=bool),
        np.cumsum([0] + [w.frames for w in waves]), (ACTION,), shown))


def _labelled(clip: Clip, base: ClipLabel, number: int) -> tuple[ClipLabel, Clip]:
    source, _, name = base.file.rpartition("/")
    data = clip.rotations.astype(np.float32).tobytes() + clip.positions.astype(np.float32).tobytes()
    licence = f"arms and head made by Galatea, CC0-1.0, over people who stand: {base.licence or 'not stated'}"
    return ClipLabel(f"waves over {source or 'own clips'}/{name} {number}", hashlib.sha256(data).hexdigest(), (ACTION,),
                     "", "train", base.subject, base.skeleton, licence), clip


def wave_over(standing: Clip, limits: JointLimits, rng: np.random.Generator) -> Clip:
    """Somebody who stands, waving with the left arm or the right, drawn until the hand keeps clear of the head.

    The wave lasts as long as it does: a stretch that is shorter is played to and fro, slower towards its ends.
    """
    if rng.random() < 0.5:
        standing = mirror(standing)
    for _ in range(30):
        wave = draw_wave(rng)
        clip, _ = keep_within(_layered(_lasting(standing, wave.frames, rng), wave, rng), limits)
        if head_clearance(clip) > _CLEAR:
            return mirror(clip) if rng.random() < 0.5 else clip
    raise GalateaError(f"{standing.name}: no wave over it keeps clear of the head; mark its frames as bad")


def draw_wave(rng: np.random.Generator) -> Wave:
    """A wave at random, in one of three manners: beside the head, close to the body, or the whole arm above it."""
    arm, forearm, hand, tempo, swings = _MANNERS[rng.choice(list(_MANNERS), p=_OFTEN)]
    arm, forearm = (tuple(np.radians(rng.uniform(*ends)) for ends in angles) for angles in (arm, forearm))
    return Wave(
        arm, forearm, np.radians(rng.uniform(*hand)), rng.uniform(*tempo), int(rng.integers(swings[0], swings[1] + 1)),
        raising=rng.uniform(0.45, 0.85), lowering=rng.uniform(0.5, 0.95), palm=np.radians(rng.uniform(-20, 25)),
        shrug=np.radians(rng.uniform(2, 8)) + 0.12 * max(arm[0], 0.0),
        look=(np.radians(rng.normal(0.0, 8.0)), np.radians(rng.normal(0.0, 4.0))),
        lean=np.radians(rng.normal(1.0, 1.5)))


def head_clearance(clip: Clip) -> float:
    """Metres between the middle line of the head and that of a forearm with its hand, at the nearest in the clip."""
    turned, places = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    far = [places[:, i] + quat_rotate(turned[:, i], np.array(ENDS[JOINTS[i]][0]) * ENDS[JOINTS[i]][1])
           for i in (INDEX["Head"], INDEX["LeftHand"], INDEX["RightHand"])]
    head = _points(places[:, INDEX["Head"]], far[0])
    apart = [np.linalg.norm(head[:, :, None] - _points(places[:, INDEX[f"{side}ForeArm"]], tip)[:, None], axis=-1).min()
             for side, tip in (("Left", far[1]), ("Right", far[2]))]
    return float(min(apart))


def _points(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(T, 8, 3) from one end (T, 3) to the other."""
    return one[:, None] + np.linspace(0.0, 1.0, 8)[:, None] * (other - one)[:, None]


def _of_the_arms(limits: JointLimits) -> JointLimits:
    arms = np.zeros((len(JOINTS), 1), dtype=bool)
    arms[[*_ARM, *(MIRROR[joint] for joint in _ARM)]] = True
    return JointLimits(np.where(arms, limits.lower, -np.inf), np.where(arms, limits.upper, np.inf))


def _lasting(standing: Clip, frames: int, rng: np.random.Generator) -> Clip:
    """So many frames of it, from anywhere in it."""
    if standing.frames > frames:
        start = int(rng.integers(standing.frames - frames))
        return standing.cut(start, start + frames)
    way = standing.frames - 1
    phase = rng.uniform(0.0, 2.0 * np.pi) + np.arange(frames) * 2.0 / way  # never quicker than it was
    return sample(standing, way * (0.5 - 0.5 * np.cos(phase)))


def _layered(clip: Clip, wave: Wave, rng: np.random.Generator) -> Clip:
    """The wave over a clip as long as it."""
    rotations = np.array(clip.rotations)
    hanging = _hangs(clip)
    for side, joints in (("Left", _ARM), ("Right", [MIRROR[joint] for joint in _ARM])):
        if not hanging[side]:  # it holds or shows something: it hangs as arms do
            arm = _hanging_arm(clip.frames, rng)
            rotations[:, joints] = arm if side == "Left" else arm * [1.0, 1.0, -1.0, -1.0]
    t = (np.arange(clip.frames) - _BESIDE) / FPS
    lowers = wave.raising + wave.swings / wave.tempo
    late = _LATER[:, None]
    raised = _eased(t / wave.raising - late * 0.6) * (1.0 - _eased((t - lowers) / wave.lowering - late * 0.5))
    # cycles go a little quicker and slower, wider and narrower
    cycle = 2.0 * np.pi * wave.tempo * (t - 0.7 * wave.raising) + 0.35 * _wander(t, rng)
    swing = raised[2] ** 2 * (1.0 + 0.15 * _wander(t, rng))
    arm = _waving_arm(wave, cycle, swing, rng)
    for number, joint in enumerate(_ARM):
        rotations[:, joint] = slerp(rotations[:, joint], arm[:, number], raised[number])
    turns = {"Spine1": (_Y, -0.5 * wave.lean), "Spine2": (_Y, -0.5 * wave.lean), "Neck": (_Z, 0.5 * wave.look[0]),
             "Head": (_Z, 0.5 * wave.look[0])}
    early = _eased(t / wave.raising + 0.2) * (1.0 - _eased((t - lowers) / wave.lowering - 0.3))
    for joint, (axis, angle) in turns.items():
        _turn(rotations, joint, axis, early * angle)
    _turn(rotations, "Head", _Y, early * wave.look[1])
    return replace(clip, rotations=quat_continuous(normalise(rotations)))


def _turn(rotations: np.ndarray, joint: str, axis: np.ndarray, angle: np.ndarray) -> None:
    own = rotations[:, INDEX[joint]]
    rotations[:, INDEX[joint]] = quat_multiply(own, quat_from_axis_angle(axis, angle))


def _hangs(clip: Clip) -> dict[str, bool]:
    """Whether an arm hangs at the side throughout: the hand no higher than a hand's breadth above the hips."""
    places = joint_positions(clip)
    return {side: bool((places[:, INDEX[f"{side}Hand"], 2] < places[:, 0, 2] + 0.08).all())
            for side in ("Left", "Right")}


def _waving_arm(wave: Wave, cycle: np.ndarray, swing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, 4, 4) local rotations of _ARM, raised; cycle (T,): the phase, swing (T,): 0 still, 1 its full width."""
    above = wave.arm[0] - wave.arm[2] * swing * np.sin(cycle + 0.5) + 0.03 * _wander(cycle, rng)
    ahead = wave.arm[1] + 0.04 * _wander(cycle, rng)
    out = wave.forearm[0] + wave.forearm[2] * swing * np.sin(cycle) + 0.03 * _wander(cycle, rng)
    lean = wave.forearm[1] + 0.04 * _wander(cycle, rng)
    dragged = out + wave.hand * swing * np.sin(cycle - 0.9)
    upper = np.stack([np.cos(above) * np.cos(ahead), -np.cos(above) * np.sin(ahead), np.sin(above)], axis=-1)
    forearm, hand = (np.stack([np.sin(angle) * np.cos(lean), -np.sin(lean), np.cos(angle) * np.cos(lean)], axis=-1)
                     for angle in (out, dragged))
    palm = wave.palm + 0.05 * _wander(cycle, rng)
    back = np.stack([np.sin(palm), np.cos(palm), 0.0 * palm], axis=-1)
    return _arm(upper, forearm, hand, back, np.full(len(cycle), wave.shrug))


def _hanging_arm(frames: int, rng: np.random.Generator) -> np.ndarray:
    """(frames, 4, 4) local rotations of _ARM, at the side, hardly moving."""
    t = np.arange(frames) / FPS
    out, ahead, bent = rng.uniform(0.06, 0.16), rng.uniform(-0.08, 0.08), rng.uniform(0.15, 0.35)
    ahead = ahead + 0.015 * _wander(0.5 * t, rng)
    upper = normalise(np.stack([np.full(frames, out), -ahead, np.full(frames, -1.0)], axis=-1))
    forearm = normalise(np.stack([np.full(frames, 0.5 * out), -ahead - bent, np.full(frames, -1.0)], axis=-1))
    back = np.stack([np.ones(frames), np.full(frames, -rng.uniform(0.0, 0.8)), np.zeros(frames)], axis=-1)
    return _arm(upper, forearm, forearm, back, np.zeros(frames))


def _arm(upper: np.ndarray, forearm: np.ndarray, hand: np.ndarray, back: np.ndarray, shrug: np.ndarray) -> np.ndarray:
    """(T, 4, 4) local rotations of _ARM from where its parts point (T, 3), seen from the chest, where the back of the
    hand faces (T, 3), and how far the shoulder is raised (T,). The elbow is a hinge; half of the forearm's twist is
    its own, the rest the hand's."""
    shoulder = quat_from_axis_angle(_Y, -shrug)
    bent = forearm - np.sum(forearm * upper, axis=-1, keepdims=True) * upper
    above = _frame(upper, -bent)
    elbow = quat_from_axis_angle(_Z, -np.arccos(np.clip(np.sum(forearm * upper, axis=-1), -1.0, 1.0)))
    turned = _frame(hand, cross(back, hand))
    relative = quat_multiply(quat_inverse(quat_multiply(above, elbow)), turned)
    twist = np.arctan2(relative[:, 1], relative[:, 0])  # half of it
    return np.stack([shoulder, quat_multiply(quat_inverse(shoulder), above),
                     quat_multiply(elbow, quat_from_axis_angle(_X, twist)),
                     quat_multiply(quat_from_axis_angle(_X, -twist), relative)], axis=1)


def _frame(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """(T, 4) rotations that take X along and Y to the side of `across`, both (T, 3)."""
    side = normalise(across - np.sum(across * along, axis=-1, keepdims=True) * along)
    return quat_from_matrix(np.stack([along, side, cross(along, side)], axis=-1))


def _eased(t: np.ndarray) -> np.ndarray:
    """0 before 0, 1 after 1, and the way of least jerk between (Flash and Hogan 1985)."""
    t = np.clip(t, 0.0, 1.0)
    return t ** 3 * (10.0 - 15.0 * t + 6.0 * t * t)


def _wander(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A number that wanders about zero, by one or so, as nobody repeats a movement exactly."""
    rates, phases = rng.uniform(0.15, 0.9, (3, 1)), rng.uniform(0.0, 2.0 * np.pi, (3, 1))
    return np.sin(rates * t + phases).sum(axis=0) * np.sqrt(2.0 / 3.0)


__all__ = ["ACTION", "Wave", "add_waves", "draw_wave", "head_clearance", "wave_over"]
