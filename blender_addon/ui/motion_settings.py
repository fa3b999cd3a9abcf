# SPDX-License-Identifier: GPL-3.0-or-later
"""What motion is wanted, kept in the scene."""

from collections.abc import Callable, Sequence
from functools import cache

import bpy

from ..errors import GalateaError
from ..motion.requests import (
    MAX_FRAME,
    MAX_SECONDS,
    MAX_SEED,
    MAX_SPEED,
    MAX_TAKES,
    MIN_SECONDS,
    MIN_SPEED,
    MotionRequest,
)
from . import device, shown
from .preferences import DEVICE_ITEMS

_DEVICES = (("PREFERENCES", "As in Preferences", "The device that the preferences name"), *DEVICE_ITEMS)

# --- choices out of a pack ------------------------------------------------------------------------------------------
# A choice is stored as a word, not as its place in a list: other packs have other lists, and a pack may be gone.


@cache  # Blender keeps no text of its own for these items: they have to stay
def _items(words: tuple[str, ...], stored: str, plain: str) -> list[tuple[str, str, str, int]]:
    named = [(word or "PLAIN", word.replace("_", " ").title() or plain, "", at) for at, word in enumerate(words)]
    if stored not in words:  # of a pack that is not here, or before the packs were read
        named.append((stored, f"{stored.replace('_', ' ').title()} (missing)" if words else stored, "",
                      len(named)))
    return named


Words = Callable[[shown.Catalogue, "MotionSettings"], Sequence[str]]


def _choice(stored: str, words_of: Words, plain: str = "",
            **about: str) -> bpy.props.EnumProperty:
    """A menu of words that is kept in the text property `stored`."""

    def words(settings: "MotionSettings") -> tuple[str, ...]:
        return tuple(words_of(shown.now.catalogue or shown.Catalogue(), settings))

    def items(settings: "MotionSettings", context: bpy.types.Context | None) -> list[tuple[str, str, str, int]]:
        return _items(words(settings), getattr(settings, stored), plain)

    def get(settings: "MotionSettings") -> int:
        word, there = getattr(settings, stored), words(settings)
        return there.index(word) if word in there else len(there)

    def put(settings: "MotionSettings", at: int) -> None:
        there = words(settings)
        if at < len(there):
            setattr(settings, stored, there[at])

    return bpy.props.EnumProperty(items=items, get=get, set=put, **about)


def _actions(catalogue: shown.Catalogue, settings: "MotionSettings") -> Sequence[str]:
    pack = catalogue.generator(settings.pack)
    return pack.actions if pack else ()


def _styles(catalogue: shown.Catalogue, settings: "MotionSettings") -> Sequence[str]:
    pack = catalogue.generator(settings.pack)
    return ("", *pack.styles) if pack else ("",)


def _packs(catalogue: shown.Catalogue, settings: "MotionSettings") -> Sequence[str]:
    return ("", *(pack.id for pack in catalogue.packs if pack.kind == "motion-generator"))


def _is_curve(_: "MotionSettings", block: bpy.types.Object) -> bool:
    return block.type == "CURVE"


class MotionSettings(bpy.types.PropertyGroup):
    """What the Motion panel shows and Generate Motion reads; `bpy.context.scene.galatea_motion` in scripts."""

    pack: bpy.props.StringProperty(name="Pack", description="Id of the pack; empty for the one that ships")
    action: bpy.props.StringProperty(name="Action", default="walk", description="One of the pack's actions")
    style: bpy.props.StringProperty(name="Style", description="One of the pack's styles; empty for the plain one")
    pack_choice: _choice("pack", _packs, "The One That Ships", name="Pack",
                         description="The model that makes the motion")
    action_choice: _choice("action", _actions, name="Action", description="What the character does")
    style_choice: _choice("style", _styles, "Plain", name="Style", description="How the character does it")
    sequence: bpy.props.StringProperty(
        name="Sequence", description="Several actions one after another, each with its seconds: walk:3,jump:1,walk:3. "
                                     "Left empty, the one action above is done")
    seconds: bpy.props.FloatProperty(
        name="Length", default=8.0, min=MIN_SECONDS, max=MAX_SECONDS, soft_max=60.0, step=50, precision=1,
        unit="TIME_ABSOLUTE", description="How long each take is, where no sequence says so")
    speed: bpy.props.FloatProperty(
        name="Speed", default=1.0, min=MIN_SPEED, max=MAX_SPEED, soft_min=0.5, soft_max=2.0, step=5, precision=2,
        description="Times the natural pace of the action")
    seed: bpy.props.IntProperty(
        name="Seed", min=0, max=MAX_SEED, description="The same seed and settings give the same motion again")
    path: bpy.props.PointerProperty(
        name="Path", type=bpy.types.Object, poll=_is_curve,
        description="A curve to walk along; without one, straight ahead from where the rig stands")
    loop: bpy.props.BoolProperty(name="Loop", description="Let the end meet the beginning")
    from_pose: bpy.props.BoolProperty(
        name="Continue from Pose", description="Go on from the pose, the place and the speed that the rig has at the "
                                               "first frame, instead of starting afresh")
    start: bpy.props.IntProperty(
        name="Start Frame", default=1, min=-MAX_FRAME, max=MAX_FRAME, soft_min=0, description="Frame of the first key")
    takes: bpy.props.IntProperty(
        name="Takes", default=1, min=1, max=MAX_TAKES, soft_max=8,
        description="How many variants, each an action of its own; they have one seed after another")
    device: bpy.props.EnumProperty(name="Device", items=_DEVICES, description="What runs the model")

    def request(self) -> MotionRequest:
        """These settings as api.py wants them; GalateaError when the path is no longer there."""
        if self.path is not None and self.path.name not in self.id_data.objects:
            raise GalateaError(f"the path {self.path.name} is no longer in this scene; choose another, or none")
        return MotionRequest(
            action=self.sequence.strip() or self.action, style=self.style, seconds=round(self.seconds, 4),
            speed=round(self.speed, 4), path=self.path.name if self.path else "", loop=self.loop,
            from_pose=self.from_pose and not self.loop, start=self.start, takes=self.takes, seed=self.seed,
            device=device.wished(self.device), pack=self.pack, **self.id_data.galatea_keys.options())


CLASSES = (MotionSettings,)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.galatea_motion = bpy.props.PointerProperty(type=MotionSettings)


def unregister() -> None:
    """Take them from Blender; what files hold stays in them."""
    del bpy.types.Scene.galatea_motion
