# SPDX-License-Identifier: GPL-3.0-or-later
"""What motion is wanted, kept in the scene."""

from collections.abc import Sequence

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
from .choices import choice
from .preferences import DEVICE_ITEMS

_DEVICES = (("PREFERENCES", "As in Preferences", "The device that the preferences name"), *DEVICE_ITEMS)


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
    pack_choice: choice("pack", _packs, "The One That Ships", name="Pack",
                        description="The model that makes the motion")
    action_choice: choice("action", _actions, name="Action", description="What the character does")
    style_choice: choice("style", _styles, "Plain", name="Style", description="How the character does it")
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
