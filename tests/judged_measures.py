# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a moving rig is from the motion it was given, in terms that know nothing of rigs: joints, directions, floors.

Used by judging.py. Nothing of blender_addon is imported: what is measured must not lean on what made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

_SIDES = ("Left", "Right")
_TRUNK = ("Spine", "Spine1", "Spine2", "Neck", "Head")
_PARENT = {
    "Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Neck": "Spine2", "Head": "Neck",
    **{side + below: (side if above not in ("Spine2", "Hips") else "") + above for side in _SIDES for below, above in (
        ("Shoulder", "Spine2"), ("Arm", "Shoulder"), ("ForeArm", "Arm"), ("Hand", "ForeArm"),
        ("UpLeg", "Hips"), ("Leg", "UpLeg"), ("Foot", "Leg"), ("Toe", "Foot"))},
}
JOINTS = ("Hips", *_PARENT)
_NEXT = {side + a: side + b for side in _SIDES for a, b in (
    ("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))}
_GROUPS = {"Arm": "upper arms", "ForeArm": "forearms", "UpLeg": "thighs", "Leg": "shins", "Foot": "feet"}
_CONTACTS = tuple(side + part for side in _SIDES for part in ("Foot", "Toe"))

LEG = 0.815  # metres of thigh and shin of the canonical body, which is 1.75 m tall
_ANKLE, _TOE = 0.085, 0.02  # its joints' heights above the floor
_STANDS_LOW, _STANDS_SLOW = 0.04, 0.20  # metres over the rest height, metres a second: the source's foot stands
_FLAT = 0.015  # metres that the ankle of a foot which stands on its heel or sole may be above its rest height


@dataclass(frozen=True)
class Body:
    """Somebody moving, seen in axes of their own: x to their left at rest, y backward, z up, at 1.75 m by leg length.

    rest: joint -> (3,), the floor at z = 0. places: joint -> (T, 3), likewise. turned: joint -> (T, 3, 3) how its bone
    is turned away from its rest; without those that have no bone. fps: of the T frames. between: joint -> [(T, 3)] the
    heads of bones that lie between it and the next joint, in order, with their places at rest under rest_between.
    """

    rest: dict[str, np.ndarray]
    places: dict[str, np.ndarray]
    turned: dict[str, np.ndarray]
    fps: float
    between: dict[str, list[np.ndarray]]
    rest_between: dict[str, list[np.ndarray]]


# --- rotations ------------------------------------------------------------------------------------------------------


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Degrees between directions (..., 3)."""
    a, b = unit(a), unit(b)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)))


def shortest_turn(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(3, 3) the turn from direction a to b about the axis square to both."""
    a, b = unit(a), unit(b)
    x, y, z = np.cross(a, b)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + cross + cross @ cross / max(1.0 + a @ b, 1e-9)


def turn_up(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def size_of(turns: np.ndarray) -> np.ndarray:
    """Degrees by which rotations (..., 3, 3) turn."""
    skew = np.stack([turns[..., 2, 1] - turns[..., 1, 2], turns[..., 0, 2] - turns[..., 2, 0],
                     turns[..., 1, 0] - turns[..., 0, 1]], axis=-1)
    return np.degrees(np.arctan2(np.linalg.norm(skew, axis=-1), np.trace(turns, axis1=-2, axis2=-1) - 1.0))


def twists(turns: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Degrees (T,) by which rotations turn about an axis once the swing that moves the axis is taken out."""
    out = []
    for turn in turns:
        level = shortest_turn(turn @ axis, axis) @ turn  # keeps the axis: a turn about it
        sine = axis @ np.array([level[2, 1] - level[1, 2], level[0, 2] - level[2, 0], level[1, 0] - level[0, 1]]) / 2
        out.append(np.degrees(np.arctan2(sine, (np.trace(level) - 1.0) / 2)))
    return np.array(out)


def _summary(values: np.ndarray, digits: int = 2) -> dict[str, float]:
    values = np.abs(np.asarray(values, dtype=float)).ravel()
    return {"mean": round(float(values.mean()), digits), "p95": round(float(np.quantile(values, 0.95)), digits),
            "max": round(float(values.max()), digits)}


# --- making a body of bones -----------------------------------------------------------------------------------------


def make_body(rest: dict[str, np.ndarray], places: dict[str, np.ndarray], turned: dict[str, np.ndarray], fps: float,
              between: dict[str, list[np.ndarray]], rest_between: dict[str, list[np.ndarray]],
              stands_at_origin: bool) -> Body:
    """Bring places (any axes and unit) and turns into the body's own axes, to 1.75 m, the floor at zero.

    stands_at_origin: whether the origin's height is the floor's; else the floor of the rest pose is found by how high
    ankles are, as it is where the rest pose hangs far below the origin, and the moving places keep the origin's floor.
    """
    axes = body_axes(rest)
    scale = LEG / np.mean([np.linalg.norm(rest[s + "UpLeg"] - rest[s + "Leg"])
                           + np.linalg.norm(rest[s + "Leg"] - rest[s + "Foot"]) for s in _SIDES])

    def own(points: np.ndarray) -> np.ndarray:
        return points @ axes * scale

    rest = {joint: own(place) for joint, place in rest.items()}
    ankle = np.mean([rest[s + "Foot"][2] for s in _SIDES])
    hangs = not stands_at_origin or not -0.25 * LEG < ankle < 0.6 * LEG
    lift = np.array([0.0, 0.0, _ANKLE - ankle if hangs else 0.0])
    if hangs and stands_at_origin is False and all(s + "Toe" in rest for s in _SIDES):
        lift[2] = _TOE - np.mean([rest[s + "Toe"][2] for s in _SIDES])
    return Body(
        rest={joint: place + lift for joint, place in rest.items()},
        places={joint: own(track) for joint, track in places.items()},
        turned={joint: axes.T @ turns @ axes for joint, turns in turned.items()}, fps=fps,
        between={joint: [own(track) for track in tracks] for joint, tracks in between.items()},
        rest_between={joint: [own(place) + lift for place in listed] for joint, listed in rest_between.items()})


def body_axes(rest: dict[str, np.ndarray]) -> np.ndarray:
    """(3, 3) columns: to the left, backward, up, in the space of the rest places; up is a main axis where it can be."""
    up = unit((rest["LeftUpLeg"] + rest["RightUpLeg"] - rest["LeftFoot"] - rest["RightFoot"]) / 2)
    main = np.zeros(3)
    main[np.argmax(np.abs(up))] = np.sign(up[np.argmax(np.abs(up))])
    up = main if up @ main > 0.87 else up
    left = sum(rest["Left" + part] - rest["Right" + part] for part in ("UpLeg", "Leg", "Arm"))
    left = unit(left - up * (left @ up))
    return np.column_stack([left, np.cross(up, left), up])


def take_out_start(rig: Body, source: Body) -> Body:
    """The rig with its heading at the first frame turned to the source's, about its own first place."""
    turn = turn_up(_yaw(source)[0] - _yaw(rig)[0])
    return Body(rig.rest, {joint: track @ turn.T for joint, track in rig.places.items()},
                {joint: turn @ turns for joint, turns in rig.turned.items()}, rig.fps,
                {joint: [track @ turn.T for track in tracks] for joint, tracks in rig.between.items()},
                rig.rest_between)


def _yaw(body: Body) -> np.ndarray:
    across = body.places["LeftUpLeg"] - body.places["RightUpLeg"]
    return np.arctan2(across[:, 1], across[:, 0])


def _pelvis(body: Body) -> np.ndarray:
    return (body.places["LeftUpLeg"] + body.places["RightUpLeg"]) / 2


# --- the measures ---------------------------------------------------------------------------------------------------


def measure(rig: Body, source: Body) -> dict:
    """All figures of a rig against its source: angles in degrees, lengths in cm at 1.75 m, speeds in cm/s."""
    poses = t_pose(rig, source)
    directions = _directions(rig, source)
    return {
        "segments": {name: _summary(values) for name, values in directions.items()},
        "groups": _groups(directions),
        "twist": {joint: {**_summary(t := _twist(rig, source, poses, joint)), "offset": round(float(np.median(t)), 2)}
                  for joint in _NEXT if joint in poses and joint in rig.turned and _NEXT[joint] in rig.rest},
        "turned": {joint: _summary(size_of(np.swapaxes(source.turned[joint], 1, 2) @ rig.turned[joint]
                                           @ poses[joint].T)) for joint in poses},
        "facing": _facing(rig, source),
        "flips": _flips(rig, source),
        "kinks": _kinks(rig),
        "lengths": _lengths(rig),
        "feet": _feet(rig, source),
        "travel": _travel(rig, source),
        "read_back": _read_back(rig, source, poses),
    }


def t_pose(rig: Body, source: Body) -> dict[str, np.ndarray]:
    """Joint -> (3, 3) the turn from the rig's rest to the source's rest, where that can be told of its bones.

    Limbs along their bones, a lower limb like a hinge on the upper; hands with forearms, feet by their heading alone.
    """
    turns = {joint: np.eye(3) for joint in ("Hips", *_TRUNK)}
    for side in _SIDES:
        for upper, lower, end in (("Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot")):
            turn = np.eye(3)
            for joint, below in ((side + upper, side + lower), (side + lower, side + end)):
                if below in rig.rest:
                    here = turn @ (rig.rest[below] - rig.rest[joint])
                    turn = shortest_turn(here, source.rest[below] - source.rest[joint]) @ turn
                turns[joint] = turn
        turns[side + "Hand"] = turns[side + "ForeArm"]
        turns[side + "Foot"] = turns[side + "Toe"] = _heading_turn(rig, source, side)
    return {joint: turn for joint, turn in turns.items() if joint in rig.turned}


def _heading_turn(rig: Body, source: Body, side: str) -> np.ndarray:
    if side + "Toe" not in rig.rest:
        return np.eye(3)
    here, there = (body.rest[side + "Toe"] - body.rest[side + "Foot"] for body in (rig, source))
    return turn_up(np.arctan2(there[1], there[0]) - np.arctan2(here[1], here[0]))


def _directions(rig: Body, source: Body) -> dict[str, np.ndarray]:
    """Segment -> (T,) degrees between where it points on the rig and where it should.

    Limbs: the directions themselves. Feet and trunk: the rig's own direction at rest turned as the source turns, since
    soles are flat and a trunk stands upright at rest whatever the slant of the bones.
    """
    out = {}
    for joint, below in _NEXT.items():
        if below in rig.rest:
            out[joint] = angles(rig.places[below] - rig.places[joint], source.places[below] - source.places[joint])
    for side in _SIDES:
        if side + "Toe" in rig.rest:
            rest = _heading_turn(rig, source, side) @ (rig.rest[side + "Toe"] - rig.rest[side + "Foot"])
            out[side + "Foot"] = angles(rig.places[side + "Toe"] - rig.places[side + "Foot"],
                                        source.turned[side + "Foot"] @ rest)
    chain = [joint for joint in ("Hips", *_TRUNK) if joint in rig.rest]
    chain = chain[1:] if "Spine" in chain else chain
    for joint, below in pairwise(chain):
        rest = rig.rest[below] - rig.rest[joint]
        if np.linalg.norm(rest) > 0.01:  # two joints in one place point nowhere
            here = rig.places[below] - rig.places[joint]
            out[f"{joint}-{below}"] = angles(here, _bent_like(source, joint, below, rest))
    return out


def _bent_like(source: Body, joint: str, below: str, rest: np.ndarray) -> np.ndarray:
    """(T, 3) where a straight segment would point if it bent as the source does between two joints of the trunk.

    Without a neck the chest reaches to the head, yet what it should do is what the source's chest does.
    """
    total = np.zeros((len(source.turned["Hips"]), 3))
    below = "Neck" if below == "Head" and joint != "Neck" else below
    while below != joint:
        above = _PARENT[below]
        total += np.linalg.norm(source.rest[below] - source.rest[above]) * (source.turned[above] @ rest)
        below = above
    return total


def _groups(directions: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[np.ndarray]] = {}
    for name, values in directions.items():
        part = name.removeprefix("Left").removeprefix("Right")
        groups.setdefault(_GROUPS.get(part, "neck" if part == "Neck-Head" else "spine"), []).append(values)
    return {name: _summary(np.concatenate(values)) for name, values in groups.items()}


def _twist(rig: Body, source: Body, poses: dict[str, np.ndarray], joint: str) -> np.ndarray:
    """(T,) degrees by which a limb's bone is turned about the limb beyond what the source turns it."""
    left = np.swapaxes(source.turned[joint], 1, 2) @ rig.turned[joint] @ poses[joint].T
    return twists(left, unit(source.rest[_NEXT[joint]] - source.rest[joint]))


def _facing(rig: Body, source: Body) -> dict[str, float]:
    """Degrees about the vertical between the pelvises; while both lie there is no telling which way they face."""
    flat = np.minimum(*(np.linalg.norm(unit(b.places["LeftUpLeg"] - b.places["RightUpLeg"])[:, :2], axis=1)
                        for b in (rig, source))) > 0.5
    off = (np.degrees(_yaw(rig) - _yaw(source)) + 180.0) % 360.0 - 180.0
    if not flat.any():
        return {"mean": 0.0, "p95": 0.0, "max": 0.0, "offset": 0.0}
    return {**_summary(off[flat]), "offset": round(float(np.median(off[flat])), 2)}


def _flips(rig: Body, source: Body) -> dict[str, list[int]]:
    """Joint -> frames after which its bone turns by more than 90 degrees and the source by far less."""
    out = {}
    for joint, turns in rig.turned.items():
        there = source.turned[joint]
        here = size_of(turns[1:] @ np.swapaxes(turns[:-1], 1, 2))
        there = size_of(there[1:] @ np.swapaxes(there[:-1], 1, 2))
        frames = np.flatnonzero((here > 90.0) & (here > there + 30.0))
        if len(frames):
            out[joint] = frames.tolist()
    return out


def _kinks(rig: Body) -> dict[str, float]:
    """Limb -> the largest degrees by which bones between two of its joints leave the straight line of their rest."""
    out = {}
    for joint, tracks in rig.between.items():
        chain = [rig.places[joint], *tracks, rig.places[_NEXT[joint]]]
        rest = [rig.rest[joint], *rig.rest_between[joint], rig.rest[_NEXT[joint]]]
        whole, rest_whole = chain[-1] - chain[0], rest[-1] - rest[0]
        bent = [angles(b - a, whole) - angles(q - p, rest_whole)
                for a, b, p, q in zip(chain, chain[1:], rest, rest[1:]) if np.linalg.norm(q - p) > 0.005]
        if bent:
            out[joint] = round(float(np.abs(bent).max()), 2)
    return out


def _lengths(rig: Body) -> dict[str, float]:
    """Limb -> the largest share by which its length leaves that of the rest: a foot pulled off its shin, say."""
    out = {}
    for joint, below in {**_NEXT, **{s + "Foot": s + "Toe" for s in _SIDES}}.items():
        if below in rig.rest:
            rest = np.linalg.norm(rig.rest[below] - rig.rest[joint])
            off = np.linalg.norm(rig.places[below] - rig.places[joint], axis=1) / max(rest, 1e-9) - 1.0
            out[joint] = round(float(np.abs(off).max()), 4)
    return out


def contacts(source: Body) -> dict[str, np.ndarray]:
    """Joint -> (T,) whether the source's foot stands on the floor there: low and slow, for three frames and more."""
    out = {}
    for joint in _CONTACTS:
        if joint in source.places:
            track = source.places[joint]
            speed = np.linalg.norm(np.gradient(track, 1.0 / source.fps, axis=0), axis=1)
            stands = (track[:, 2] - source.rest[joint][2] < _STANDS_LOW) & (speed < _STANDS_SLOW)
            least = 3 if source.fps > 20.0 else 2
            out[joint] = _long_runs(stands, least)
    return out


def _long_runs(flags: np.ndarray, least: int) -> np.ndarray:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    out = np.zeros(len(flags), bool)
    for first, end in zip(edges[::2], edges[1::2]):
        out[first:end] = end - first >= least
    return out


def _feet(rig: Body, source: Body) -> dict:
    """While the source's feet stand: heights over the rest height, and sliding, of the rig and of the source.

    float and sink: how far the rig's feet are over or under the floor at most, beyond what the source's are just then.
    What slides is what a foot stands on: its toe, or its ankle while that is down and the toe is not. An ankle that
    goes up and over a toe that stands goes further the longer the foot is; it neither slides nor floats.
    """
    heights: dict[str, list] = {"rig": [], "source": []}
    slides: dict[str, list] = {"rig": [], "source": []}
    stands = {joint: flags for joint, flags in contacts(source).items() if joint in rig.places}
    for joint, flags in stands.items():
        if joint.endswith("Foot"):
            flags = flags & (source.places[joint][:, 2] - source.rest[joint][2] < _FLAT)
        borne = flags & ~stands.get(joint.replace("Foot", "Toe"), ~flags) if joint.endswith("Foot") else flags
        both = borne[1:] & borne[:-1]
        for name, body in (("rig", rig), ("source", source)):
            track = body.places[joint]
            heights[name].append((track[flags, 2] - body.rest[joint][2]) * 100.0)
            slides[name].append(np.linalg.norm(np.diff(track[:, :2], axis=0), axis=1)[both] * body.fps * 100.0)
    high = {name: np.concatenate(values) if values else np.zeros(0) for name, values in heights.items()}
    slide = {name: np.concatenate(values) if values else np.zeros(0) for name, values in slides.items()}
    if not len(slide["rig"]):
        return {"contact_frames": 0}
    over = high["rig"] - np.maximum(high["source"], 0.0)
    under = np.minimum(high["source"], 0.0) - high["rig"]
    lowest = min(float((rig.places[j][:, 2] - rig.rest[j][2]).min()) for j in _CONTACTS if j in rig.places)
    lowest_source = min(float((source.places[j][:, 2] - source.rest[j][2]).min()) for j in stands)
    return {
        "contact_frames": int(sum(flags.sum() for flags in stands.values())),
        "float_cm": round(max(float(over.max()), 0.0), 2), "sink_cm": round(max(float(under.max()), 0.0), 2),
        "highest_cm": round(float(high["rig"].max()), 2), "source_highest_cm": round(float(high["source"].max()), 2),
        "off_cm": _summary(high["rig"] - high["source"]),
        "lowest_cm": round(lowest * 100.0, 2), "source_lowest_cm": round(lowest_source * 100.0, 2),
        "slide_cm_s": round(float(slide["rig"].mean()), 2),
        "source_slide_cm_s": round(float(slide["source"].mean()), 2),
    }


def _travel(rig: Body, source: Body) -> dict[str, float]:
    """How far the pelvis comes, level with the floor, and how far off the source's way it is, apart from a constant
    distance (aside); its height likewise."""
    here, there = (_pelvis(body) for body in (rig, source))
    away = (here - there - (here - there).mean(axis=0))[:, :2]
    over = [track[:, 2] - (body.rest["LeftUpLeg"][2] + body.rest["RightUpLeg"][2]) / 2
            for track, body in ((here, rig), (there, source))]
    return {
        "rig_m": round(float(np.linalg.norm(np.diff(here[:, :2], axis=0), axis=1).sum()), 3),
        "source_m": round(float(np.linalg.norm(np.diff(there[:, :2], axis=0), axis=1).sum()), 3),
        "off_cm": _summary(np.linalg.norm(away, axis=1) * 100.0),
        "aside_cm": round(float(np.linalg.norm((here - there).mean(axis=0)[:2]) * 100.0), 2),
        "height_off_cm": _summary((over[0] - over[1]) * 100.0),
    }


def _read_back(rig: Body, source: Body, poses: dict[str, np.ndarray]) -> dict[str, float] | None:
    """The rig's turns on the source's skeleton: cm between its joints and the source's; None where some are missing."""
    if any(joint not in poses for joint in JOINTS if "Shoulder" not in joint):
        return None
    turns = {joint: rig.turned[joint] @ poses.get(joint, np.eye(3)).T for joint in rig.turned}
    places = {"Hips": np.zeros((len(turns["Hips"]), 3))}
    for joint, above in _PARENT.items():
        turn = turns.get(above, turns[_PARENT.get(above, "Hips")])  # a missing clavicle goes with the chest
        places[joint] = places[above] + turn @ (source.rest[joint] - source.rest[above])
    middle = (places["LeftUpLeg"] + places["RightUpLeg"]) / 2
    way = _pelvis(rig) - (_pelvis(rig) - _pelvis(source)).mean(axis=0)
    way[:, 2] = _pelvis(source)[:, 2]
    off = [np.linalg.norm(places[j] - middle + way - source.places[j], axis=1) for j in JOINTS]
    return _summary(np.array(off) * 100.0)


def joint_errors(back: Body, source: Body) -> dict[str, float]:
    """Cm at 1.75 m between the joints of a motion that was read back and the source's, on the same spot."""
    time, its_time = (np.arange(len(body.places["Hips"])) / body.fps for body in (source, back))
    there = {joint: np.stack([np.interp(time, its_time, axis) for axis in back.places[joint].T], axis=1)
             for joint in JOINTS}
    middle = (there["LeftUpLeg"] + there["RightUpLeg"]) / 2
    aside = (_pelvis(source) - middle).mean(axis=0) * [1.0, 1.0, 0.0]
    off = [np.linalg.norm(there[joint] + aside - source.places[joint], axis=1) for joint in JOINTS]
    return {**_summary(np.array(off) * 100.0), "aside_cm": round(float(np.linalg.norm(aside)) * 100.0, 2)}
