# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate Motion, and the dice for its seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import bpy

from . import device, running, shown

if TYPE_CHECKING:
    from .. import api


class GenerateMotion(running.Sliced, bpy.types.Operator):
    """Make a new action with the settings of the Galatea tab and give it to the active rig; the old one is kept"""

    bl_idname = "galatea.generate_motion"
    bl_label = "Generate Motion"
    bl_options = {"REGISTER", "UNDO"}

    def request(self, context: bpy.types.Context) -> api.MotionRequest:
        return context.scene.galatea_motion.request()

    def slices(self, rig: bpy.types.Object, request: api.MotionRequest) -> running.Slices:
        from .. import api

        return api.motion_in_slices(rig, request)

    def told(self, result: api.MotionResult) -> str:
        device.ran(result)
        shown.now.made = dict.fromkeys(result.actions, shown.Made(result.seconds, result.notes))
        return f"{', '.join(result.actions)}: {result.frames} frames in {result.seconds:.1f} s"


class RollSeed(bpy.types.Operator):
    """Choose another seed by chance, for another take"""

    bl_idname = "galatea.roll_seed"
    bl_label = "Roll Seed"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.galatea_motion.seed = random.randrange(100_000)
        return {"FINISHED"}


CLASSES = (GenerateMotion, RollSeed)
