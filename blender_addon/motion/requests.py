# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked for, and whether it makes sense: motion from a model, from a clip, and how it becomes keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from ..errors import GalateaError

MIN_SECONDS, MAX_SECONDS = 0.1, 600.0
MIN_SPEED, MAX_SPEED = 0.05, 5.0
MAX_TAKES = 64
MAX_SEED = 2**31 - 1 - MAX_TAKES  # a custom property of an action holds 31 bits
MAX_FRAME = 1_048_574  # Blender's own

Parts = tuple[tuple[str, float | None], ...]  # actions one after another, with seconds where they were given


KEYS = ("sparse", "every")
CONTROLS = ("auto", "fk", "ik")
ROOTS = ("hips", "own")
MIN_TOLERANCE, MAX_TOLERANCE = 0.1, 200.0  # millimetres


@dataclass(frozen=True, kw_only=True)
class KeyOptions:
    """How a motion becomes keys on a rig.

    keys: "sparse" (Bezier curves within `tolerance`) or "every" frame. tolerance: millimetres that any joint may be off
    in the scene. feet: keep standing feet where they stand. hands: keep those of a character that Galatea made out of
    its hips and thighs. controls: on a rig with IK, "fk", "ik" or as it is built, "auto". in_place: without horizontal
    travel. root: the travel is in the "hips", or has curves of its "own" on the rig's root bone or the armature object.
    nla: put each take on an NLA track instead of binding its action. bone_map: a file of corrections to the bone map,
    "" for what is stored on the armature.
    """

    keys: str = "sparse"
    tolerance: float = 2.0
    feet: bool = True
    hands: bool = True
    controls: str = "auto"
    in_place: bool = False
    root: str = "hips"
    nla: bool = False
    bone_map: str = ""


def check_options(options: KeyOptions) -> None:
    """GalateaError with one line for what makes no sense."""
    for name, there in (("keys", KEYS), ("controls", CONTROLS), ("root", ROOTS)):
        if getattr(options, name) not in there:
            raise GalateaError(f"{name} cannot be {getattr(options, name)!r}; choose {' or '.join(there)}")
    _check("tolerance", options.tolerance, MIN_TOLERANCE, MAX_TOLERANCE)


@dataclass(frozen=True)
class MotionRequest(KeyOptions):
    """What to generate, and how it becomes keys (see KeyOptions).

    action: one of the pack's, or a list with seconds, "walk:3,jump:1,walk:3". style: one of the pack's, "" for its
    plain one. seconds: the length where the list does not say. speed: times the action's natural pace. path: the name
    of a curve object to walk along. loop: the end meets the beginning. start: the first frame. from_pose: go on from
    the pose and the speed that the rig has at that frame. clean_up: after the model has made it, lead it back to its
    path, smooth where actions meet, lock the feet (see feet) and keep joints within their limits. takes: how many
    variants; they have the seeds `seed`, `seed + 1` ... pack: its id, "" for the one that ships.
    """

    action: str = "walk"
    style: str = ""
    seconds: float = 8.0
    speed: float = 1.0
    path: str = ""
    loop: bool = False
    start: int = 1
    from_pose: bool = False
    clean_up: bool = True
    takes: int = 1
    seed: int = 0
    device: str = "auto"
    pack: str = ""


@dataclass(frozen=True)
class RetargetRequest(KeyOptions):
    """Which clips a rig is to do, and how they become keys (see KeyOptions).

    clips: files (.bvh .fbx .glb .gltf .blend, or FILE:ARMATURE), an action for each clip in them. source: the name of
    another armature in the scene, whose action is taken instead of files. start: the first frame.
    """

    clips: tuple[str, ...] = ()
    source: str = ""
    start: int = 1


@dataclass(frozen=True)
class FeetRequest(KeyOptions):
    """Which frames of a rig's action are to get standing feet, and how they become keys (see KeyOptions).

    first, last: frames, None for the action's own.
    """

    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class InbetweenRequest(KeyOptions):
    """Which gaps between a rig's keys are to be filled, and how that becomes keys (see KeyOptions).

    first, last: frames, None for the first and the last key. selected_bones: those that are selected in Pose Mode
    alone. selected_keys: from the first selected key to the last, on the bones that have some. seed: 0 for the
    likeliest motion, any other for a variant. variants: more than one makes as many copies of the action, with one seed
    after another, instead of filling the action itself.
    """

    first: int | None = None
    last: int | None = None
    selected_bones: bool = False
    selected_keys: bool = False
    seed: int = 0
    variants: int = 1
    device: str = "auto"
    pack: str = ""


@dataclass(frozen=True)
class PoseRequest:
    """How a pose is to be completed. selected: bones that are selected count as right, beside those that are keyed on
    the scene's frame. controls and bone_map as in KeyOptions."""

    selected: bool = False
    controls: str = "auto"
    bone_map: str = ""
    device: str = "auto"
    pack: str = ""


def check_inbetween(request: InbetweenRequest) -> None:
    """GalateaError with one line for what makes no sense."""
    check_options(request)
    for name in ("device", "pack"):
        if not isinstance(getattr(request, name), str):
            raise GalateaError(f"{name} cannot be {getattr(request, name)!r}; give a name, in quotes")
    _check("variants", request.variants, 1, MAX_TAKES, whole=True)
    _check("seed", request.seed, 0, MAX_SEED, whole=True)
    ends = [frame for frame in (request.first, request.last) if frame is not None]
    for frame in ends:
        _check("a frame", frame, -MAX_FRAME, MAX_FRAME, whole=True)
    if len(ends) == 2 and ends[0] >= ends[1]:
        raise GalateaError(f"nothing lies between the frames {ends[0]} and {ends[1]}; give a first and a later last")


def check_retarget(request: RetargetRequest) -> None:
    """GalateaError with one line for what makes no sense."""
    check_options(request)
    if isinstance(request.clips, str):
        raise GalateaError(f"clips cannot be {request.clips!r}; give a list of files, even of one")
    _check("start", request.start, -MAX_FRAME, MAX_FRAME, whole=True)
    if bool(request.clips) == bool(request.source):
        raise GalateaError("name the clips, or the armature in the scene whose action is to be taken")


def check_request(request: MotionRequest, actions: Sequence[str], styles: Sequence[str]) -> Parts:
    """Return the request's actions as parts; GalateaError for what makes no sense or is not among the pack's words."""
    check_options(request)
    for name in ("action", "style", "path", "device", "pack"):
        if not isinstance(getattr(request, name), str):
            raise GalateaError(f"{name} cannot be {getattr(request, name)!r}; give a name, in quotes")
    _check("seconds", request.seconds, MIN_SECONDS, MAX_SECONDS)
    _check("speed", request.speed, MIN_SPEED, MAX_SPEED)
    _check("takes", request.takes, 1, MAX_TAKES, whole=True)
    _check("seed", request.seed, 0, MAX_SEED, whole=True)
    _check("start", request.start, -MAX_FRAME, MAX_FRAME, whole=True)
    if request.loop and request.from_pose:
        raise GalateaError("a loop begins with its own end, not with the pose that the rig is in; choose one of them")
    parts = tuple(_part(text.strip(), actions) for text in request.action.split(","))
    total = sum(seconds or 0.0 for _, seconds in parts)
    if total > MAX_SECONDS:
        raise GalateaError(f"{request.action} makes {total:g} seconds; choose no more than {MAX_SECONDS:g} in all")
    if request.style and request.style not in styles:
        there = f"there are {', '.join(styles)}" if styles else "this pack has none, leave it out"
        raise GalateaError(f"there is no style {request.style!r}; {there}")
    return parts


def title(parts: Parts) -> str:
    """What an action is called after: "walk", "walk-jump-walk"."""
    names = [name for name, _ in parts]
    return "-".join(names if len(names) < 4 else [*names[:3], "etc"])


def _check(name: str, value: float, low: float, high: float, whole: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
        raise GalateaError(f"{name} cannot be {value!r}; give a {'whole ' if whole else ''}number")
    if not (math.isfinite(value) and low <= value <= high):
        raise GalateaError(f"{name} cannot be {value:g}; choose between {low:g} and {high:g}")


def _part(text: str, actions: Sequence[str]) -> tuple[str, float | None]:
    """ "walk:3" as ("walk", 3.0), "walk" as ("walk", None)."""
    name, colon, length = (word.strip() for word in text.partition(":"))
    if name not in actions:
        raise GalateaError(f"there is no action {name!r}; there are {', '.join(actions)}")
    if not colon:
        return name, None
    try:
        seconds = float(length)
    except ValueError:
        raise GalateaError(f"{text}: {length!r} is no number of seconds; write {name}:3") from None
    _check(f"the seconds of {name}", seconds, MIN_SECONDS, MAX_SECONDS)
    return name, seconds
