# SPDX-License-Identifier: GPL-3.0-or-later
"""The Retarget panel: clips from files, or what another armature of the scene does."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..errors import GalateaError
from ..motion.requests import MAX_FRAME, RetargetRequest
from . import running, shown
from .drawing import Sidebar

if TYPE_CHECKING:
    from .. import api

_ENDINGS = (".bvh", ".fbx", ".glb", ".gltf", ".blend")


def _is_armature(_: "RetargetSettings", block: bpy.types.Object) -> bool:
    return block.type == "ARMATURE"


class RetargetSettings(bpy.types.PropertyGroup):
    """What the Retarget panel shows; `bpy.context.scene.galatea_retarget` in scripts."""

    source: bpy.props.PointerProperty(
        name="From", type=bpy.types.Object, poll=_is_armature,
        description="Another armature of this scene, whose action is put onto the rig in hand")
    start: bpy.props.IntProperty(
        name="Start Frame", default=1, min=-MAX_FRAME, max=MAX_FRAME, soft_min=0, description="Frame of the first key")

    def request(self, clips: tuple[str, ...] = ()) -> RetargetRequest:
        """These settings as api.py wants them, for files or else for the other armature."""
        source = "" if clips or self.source is None else self.source.name
        if not clips and not source:
            raise GalateaError("nothing to retarget is chosen; choose clips, or an armature of this scene")
        return RetargetRequest(clips=clips, source=source, start=self.start, **self.id_data.galatea_keys.options())


class _Files:
    """The properties with which Blender's file browser hands over what was chosen."""

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})

    def clips(self) -> tuple[str, ...]:
        """The paths of the files."""
        folder = Path(bpy.path.abspath(self.directory))
        return tuple(str(folder / file.name) for file in self.files if file.name)


class RetargetMotion(_Files, running.Sliced, bpy.types.Operator):
    """Put what another armature does, or clips from files, onto the rig: a new action each, the old one is kept"""

    bl_idname = "galatea.retarget_motion"
    bl_label = "Retarget Motion"
    bl_options = {"REGISTER", "UNDO"}

    starts_with = "Reading the clips"

    def request(self, context: bpy.types.Context) -> "api.RetargetRequest":
        return context.scene.galatea_retarget.request(self.clips())

    def slices(self, rig: bpy.types.Object, request: "api.RetargetRequest") -> running.Slices:
        from .. import api

        return api.retarget_in_slices(rig, request)

    def told(self, result: "api.RetargetResult") -> str:
        shown.now.made = dict.fromkeys(result.actions, shown.Made(result.seconds, result.notes))
        return f"{', '.join(result.actions)}: {running.key_words(result.figures)}"


class ChooseClips(_Files, running.OnRig, bpy.types.Operator):
    """Choose clips (.bvh .fbx .glb .gltf .blend) and put each onto the rig in hand, as an action of its own"""

    bl_idname = "galatea.choose_clips"
    bl_label = "Retarget Files..."

    filter_glob: bpy.props.StringProperty(default=";".join(f"*{ending}" for ending in _ENDINGS), options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        files = [{"name": file.name} for file in self.files]
        try:
            bpy.ops.galatea.retarget_motion("INVOKE_DEFAULT", directory=self.directory, files=files)
        except RuntimeError as error:  # it has reported already, and to whom it may concern
            self.report({"ERROR"}, shown.now.failure.line if shown.now.failure else str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class RetargetPanel(Sidebar, bpy.types.Panel):
    """Where the motion comes from."""

    bl_idname = "GALATEA_PT_retarget"
    bl_label = "Retarget"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.galatea_retarget
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.enabled = shown.now.progress is None
        column.prop(settings, "start")
        column.operator(ChooseClips.bl_idname, icon="FILEBROWSER")
        column.separator()
        column.prop(settings, "source")
        row = layout.column()
        row.enabled = settings.source is not None
        running.draw_button(row, RetargetMotion, "ARMATURE_DATA")


CLASSES = (RetargetSettings, RetargetMotion, ChooseClips, RetargetPanel)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.galatea_retarget = bpy.props.PointerProperty(type=RetargetSettings)


def unregister() -> None:
    """Take them from Blender; what files hold stays in them."""
    del bpy.types.Scene.galatea_retarget
