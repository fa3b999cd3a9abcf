# SPDX-License-Identifier: GPL-3.0-or-later
"""How motion becomes keys, kept in the scene, for every button that makes some."""

from typing import Any

import bpy

from ..motion.requests import MAX_FRAME, MAX_TOLERANCE, MIN_TOLERANCE, FeetRequest, KeyOptions

_PLAIN = KeyOptions()
_KEYS = (("sparse", "Sparse", "Curves with as few keys as the tolerance allows, to be edited by hand"),
         ("every", "Every Frame", "A key on every frame"))
_CONTROLS = (("auto", "As Built", "The controls that move the limbs as the rig is set now"),
             ("fk", "FK", "Forward kinematics: the limbs' own controls"),
             ("ik", "IK", "Inverse kinematics: the controls of hands and feet"))
_ROOTS = (("hips", "In the Hips", "The hips carry the way over the ground"),
          ("own", "Own Curves", "The way over the ground has curves of its own, on the rig's root bone or the object"))


class KeySettings(bpy.types.PropertyGroup):
    """What the Keys panel shows; `bpy.context.scene.galatea_keys` in scripts."""

    keys: bpy.props.EnumProperty(name="Keys", items=_KEYS, default=_PLAIN.keys, description="How many keys there are")
    tolerance: bpy.props.FloatProperty(
        name="Tolerance (mm)", default=_PLAIN.tolerance, min=MIN_TOLERANCE, max=MAX_TOLERANCE, soft_max=20.0, step=10,
        precision=1, description="How far any joint may be off with sparse keys, in millimetres of the scene")
    feet: bpy.props.BoolProperty(name="Lock Feet", default=_PLAIN.feet,
                                 description="Keep standing feet where they stand")
    hands: bpy.props.BoolProperty(name="Clear Hands", default=_PLAIN.hands,
                                  description="Keep the hands of a Galatea Character out of its hips and thighs")
    in_place: bpy.props.BoolProperty(name="In Place", description="Stay over the same spot, as on a treadmill")
    root: bpy.props.EnumProperty(name="Travel", items=_ROOTS, default=_PLAIN.root,
                                 description="What carries the character over the ground")
    controls: bpy.props.EnumProperty(name="Controls", items=_CONTROLS, default=_PLAIN.controls,
                                     description="What is keyed on a rig with inverse kinematics")
    nla: bpy.props.BoolProperty(name="NLA Strip",
                                description="Add a track in the NLA editor instead of making the action the active one")
    some_frames: bpy.props.BoolProperty(name="Only Frames", description="Lock feet in a part of the action")
    first: bpy.props.IntProperty(name="First", default=1, min=-MAX_FRAME, max=MAX_FRAME, description="First frame")
    last: bpy.props.IntProperty(name="Last", default=250, min=-MAX_FRAME, max=MAX_FRAME, description="Last frame")

    def options(self) -> dict[str, Any]:
        """These settings as fields of the api's requests."""
        return {"keys": self.keys, "tolerance": round(self.tolerance, 4), "feet": self.feet,
                "hands": self.hands, "in_place": self.in_place, "root": self.root, "controls": self.controls,
                "nla": self.nla}

    def feet_request(self) -> FeetRequest:
        """What Lock Feet asks for; what the way over the ground is in stays as it is."""
        first, last = (self.first, self.last) if self.some_frames else (None, None)
        return FeetRequest(first=first, last=last, keys=self.keys, tolerance=round(self.tolerance, 4),
                           controls=self.controls)

    def refit_options(self) -> KeyOptions:
        """What Refit Keys asks for."""
        return KeyOptions(keys=self.keys, tolerance=round(self.tolerance, 4))


CLASSES = (KeySettings,)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.galatea_keys = bpy.props.PointerProperty(type=KeySettings)


def unregister() -> None:
    """Take them from Blender; what files hold stays in them."""
    del bpy.types.Scene.galatea_keys
