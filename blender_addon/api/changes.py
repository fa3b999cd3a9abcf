# SPDX-License-Identifier: GPL-3.0-or-later
"""Another material for a character's body, another motion for its rig, or none; all else stays."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ..character.requests import CharacterRequest, check_character
from ..motion.requests import MotionRequest
from ..motion.slices import drain
from ..texture.material_options import MaterialOptions
from ..texture.requests import TextureRequest
from .materials import MaterialResult, material_in_slices
from .motion import MotionResult, motion_in_slices

if TYPE_CHECKING:
    import bpy


def motion_request(request: CharacterRequest) -> MotionRequest:
    """What a character does."""
    seed = request.seed if request.motion_seed is None else request.motion_seed
    return MotionRequest(action=request.action, style=request.style, seconds=request.seconds, seed=seed,
                         device=request.device)


def texture_request(request: CharacterRequest) -> TextureRequest:
    """What a character's body is made of."""
    seed = request.seed if request.material_seed is None else request.material_seed
    return TextureRequest(class_name=request.material, seed=seed, device=request.device)


@dataclass(frozen=True)
class PlainResult:
    """A character that was asked to be plain. object: the name of what changed. now: what it is, clay or at rest.
    notes: what is worth knowing, a line each. seconds: the time it took."""

    object: str
    now: str
    notes: tuple[str, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def change_material(character: bpy.types.Object, request: CharacterRequest) -> MaterialResult | PlainResult:
    """Give a character's body the material that a request asks for, "" for clay; of the request the material alone
    counts.

    What the body wore stays in the file where Galatea could not make it again, or anything else wears it. GalateaError
    with one line when it is no character of Galatea's; it is then as it was.
    """
    return drain(skin_in_slices(character, request))


def skin_in_slices(character: bpy.types.Object, request: CharacterRequest
                   ) -> Generator[float, None, MaterialResult | PlainResult]:
    """The same in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    check_character(request)
    from ..scene.character import found

    _, body = found(character)
    if request.material:
        return (yield from material_in_slices([body], texture_request(request), MaterialOptions(slots="first")))
    from ..scene.dressing import put_clay

    put_clay(body)
    return PlainResult(body.name, "clay", (), time.perf_counter() - began)


def change_motion(character: bpy.types.Object, request: CharacterRequest) -> MotionResult | PlainResult:
    """Let a character do what a request asks for, "" for standing at rest; of the request action, style, length and
    their seed alone count. Under a control rig it goes onto the controls.

    Its action as it was stays in the file unless Galatea made it, nobody touched it and nothing else uses it.
    GalateaError with one line when it is no character of Galatea's; it is then as it was.
    """
    return drain(doing_in_slices(character, request))


def doing_in_slices(character: bpy.types.Object, request: CharacterRequest
                    ) -> Generator[float, None, MotionResult | PlainResult]:
    """The same in slices: yields the share that is done, returns the result."""
    began = time.perf_counter()
    check_character(request)
    from ..scene.character import found
    from ..scene.metarigs import control_rig_of

    armature, _ = found(character)
    armature = control_rig_of(armature) or armature
    if not request.action:
        from ..scene.resting import put_to_rest

        return PlainResult(armature.name, "at rest", put_to_rest(armature), time.perf_counter() - began)
    animation = armature.animation_data
    start = round(animation.action.frame_range[0]) if animation is not None and animation.action is not None else 1
    return (yield from remade_in_slices(armature, replace(motion_request(request), start=start)))


# --- the action as it was ---------------------------------------------------------------------------------------------


def same_motion(armature: bpy.types.Object, device: str) -> tuple[MotionRequest | None, tuple[str, ...]]:
    """The request that makes an armature's action again, None where there is none, and what is worth knowing."""
    action = armature.animation_data.action if armature.animation_data else None
    if action is None:
        return None, ()
    if "galatea_action" not in action or action.get("galatea_from_pose"):
        return None, (f"{action.name} stays as it is, keyed for the body before: Lock Feet (panel Keys) puts its feet "
                      "on the floor again",)
    known = {field.name: action[f"galatea_{field.name}"] for field in fields(MotionRequest)
             if f"galatea_{field.name}" in action}
    plain = MotionRequest()
    known = {name: type(getattr(plain, name))(value) for name, value in known.items()}
    again = replace(MotionRequest(**known), device=device, start=round(action.frame_range[0]))
    return again, (f"{action.name} was made again for the new body",)


def remade_in_slices(armature: bpy.types.Object, request: MotionRequest) -> Generator[float, None, MotionResult]:
    """Motion in place of an armature's action, which goes if it is as Galatea made it and nothing else has it."""
    from ..scene import superseded
    from ..scene.holding import held

    rig, animation = held(armature), armature.animation_data
    old = held(animation.action) if animation is not None and animation.action is not None else None
    as_made = old is not None and superseded.may_go(old())
    motion = yield from motion_in_slices(rig(), request)
    new = rig().animation_data.action
    if as_made and superseded.is_unused(old()):
        superseded.replace_action(old(), new)
        motion = replace(motion, takes=(replace(motion.takes[0], action=new.name),))
    elif old is not None:
        motion = replace(motion, notes=(f"{old().name} was worked on or is used elsewhere; it stays in the file as it "
                                        "was", *motion.notes))
    superseded.sign(new)
    return motion
