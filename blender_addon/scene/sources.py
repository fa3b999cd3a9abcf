# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips to retarget, on the canonical skeleton: from files of any kind and from other armatures."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import bpy
import numpy as np

from ..errors import ClipError, GalateaError
from ..motion.bvh import read_bvh
from ..motion.clip import Clip
from ..motion.contacts import find_standing
from ..motion.kinematics import joint_positions
from ..motion.measures import ends_apart
from ..motion.skeleton import INDEX, JOINTS
from ..motion.slices import drain
from ..motion.soles import level_soles
from ..rig.canonical import to_canonical
from ..rig.retargeting import to_canonical_body
from ..rig.rig_map import RigMap
from .files import find_armature, hushed, import_file, split_rig
from .reading import action_frames, as_clip, bones_in_slices, joint_places
from .rigs import read_rig
from .versions import bind_action, fcurves

_AT_ZERO = 0.03  # metres
_BENT = 30.0  # degrees


@dataclass(frozen=True, eq=False)
class Understood:
    """A clip on the canonical skeleton, with its name and its contacts, and what its source was taken for.

    own: the same on a skeleton of the source's proportions. places: (T, 22, 3) where the source has the joints, NaN
    where it has none. Both in metres of a body whose legs are as long as the canonical ones. skeleton: the kind of
    rig, in words. missing: the joints it lacks. rest: what was taken for its rest pose, in words.
    """

    clip: Clip
    own: Clip
    places: np.ndarray
    skeleton: str
    missing: tuple[str, ...]
    rest: str

    @cached_property
    def error_own(self) -> float:
        """Mean distance in cm of hands, feet and head from the source's, on a body of its own proportions."""
        return ends_apart(self.own, self.places)

    @cached_property
    def error_standard(self) -> float:
        """The same on the canonical body, hip joints laid over hip joints."""
        hips = [INDEX["LeftUpLeg"], INDEX["RightUpLeg"]]
        lift = (self.places[:, hips] - joint_positions(self.clip)[:, hips]).mean(axis=1)
        return ends_apart(replace(self.clip, positions=self.clip.positions + lift), self.places)


def read_clips(spec: str) -> list[Clip]:
    """The clips of FILE or FILE:ARMATURE, each with its name and its contacts; the open scene stays as it is.

    A .bvh is one clip; of a .blend it is the armature's action, of other files each action that moves its bones.
    GalateaError with one line when there is none.
    """
    return [found.clip for found in understand_clips(spec)]


def understand_clips(spec: str) -> list[Understood]:
    """The same, each with what its source was taken for."""
    path, name = split_rig(spec)
    if not path.is_file():
        raise GalateaError(f"there is no file {path}; name a clip that is there")
    if path.suffix.lower() == ".bvh":
        return [_understand_bvh(path)]
    if bpy.data.filepath and path.resolve() == Path(bpy.data.filepath).resolve():  # the open file is no guest in itself
        armature = find_armature(path.name, name)
        return [drain(_understand_in_slices(lambda: armature))]
    with _visiting(path) as actions:
        armature = find_armature(path.name, name)
        armature.data.pose_position = "POSE"
        name = armature.name
        found = list(_clips_of(armature, actions if path.suffix.lower() != ".blend" else ()))
    if not found:
        raise ClipError(f"{spec}: its armature {name} has no action; name a file with motion")
    if len(found) == 1:
        return [replace(found[0], clip=replace(found[0].clip, name=path.stem))]
    return found


def _understand_bvh(path: Path) -> Understood:
    motion = read_bvh(path)
    found = to_canonical(motion, path.name)
    # a floor that is meant to be at zero is left there: of clips in which nobody stands it is only a guess
    lift = found.floor if abs(found.floor) < _AT_ZERO else 0.0
    standing = find_standing(found.fitted)
    clip = replace(found.clip, positions=found.clip.positions + [0.0, 0.0, lift], contacts=standing, name=path.stem)
    # on the canonical skeleton feet are flat at rest, by definition
    clip = clip if set(motion.names) == set(JOINTS) else level_soles(clip, standing)
    return Understood(clip, found.fitted, found.source_positions, f"BVH, {len(motion.names)} joints", found.missing,
                      found.rest)


def armature_in_slices(armature: Callable[[], bpy.types.Object]) -> Generator[float, None, Clip]:
    """What an armature of the scene in hand does over its action, on the canonical skeleton, with its contacts.

    In slices. armature: returns the object, or raises when it is gone.
    """
    return (yield from _understand_in_slices(armature)).clip


def _understand_in_slices(armature: Callable[[], bpy.types.Object]) -> Generator[float, None, Understood]:
    rig = read_rig(armature())
    bones = yield from bones_in_slices(armature, rig, *action_frames(armature()))
    own = as_clip(armature(), rig, bones)
    standing, name = find_standing(own), armature().animation_data.action.name
    clip = replace(level_soles(to_canonical_body(own, rig), standing), contacts=standing, name=name)
    return Understood(clip, own, joint_places(rig, bones), f"{rig.family}, {len(rig.rest.names)} bones", rig.missing,
                      _rest_of(rig))


def _rest_of(rig: RigMap) -> str:
    """A file without a skin can only say how its first frame stands, which may be in the middle of a step."""
    arms = {"T": "T-pose", "A": "A-pose", "down": "arms down"}[rig.rest_pose]
    return arms + (f", a knee bent by {rig.knees_bent:.0f}°: a pose, no rest" if rig.knees_bent > _BENT else "")


def _clips_of(armature: bpy.types.Object, actions: Sequence[bpy.types.Action]) -> Iterator[Understood]:
    """The clips of an armature that may be changed: of those actions that move its bones, or of the one it has."""
    bones = {f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]' for bone in armature.data.bones}
    moving = [action for action in actions
              if any(curve.data_path.rpartition(".")[0] in bones for curve in fcurves(action))]
    if not moving:
        if armature.animation_data is not None and armature.animation_data.action is not None:
            yield drain(_understand_in_slices(lambda: armature))
        return
    for track in armature.animation_data.nla_tracks if armature.animation_data else ():
        track.mute = True
    for action in moving:
        bind_action(armature, action)
        yield drain(_understand_in_slices(lambda: armature))


# --- a file as a guest ----------------------------------------------------------------------------------------------


@contextmanager
def _visiting(path: Path) -> Iterator[list[bpy.types.Action]]:
    """Have what is in a file in a scene of its own, which is the one in hand meanwhile; afterwards all of it is gone.

    Gives the actions that came along.
    """
    before, libraries = _all_data(), {library.session_uid for library in bpy.data.libraries}
    window, home = bpy.context.window, bpy.context.window.scene
    try:
        if path.suffix.lower() == ".blend":
            window.scene = _append_scene(path)
        else:
            window.scene = bpy.data.scenes.new("Galatea")
            window.scene.render.fps, window.scene.render.fps_base = 30, 1.0
            import_file(path)
        for ob in window.scene.objects:  # their shapes are of no interest and take long
            ob.hide_viewport = ob.hide_viewport or ob.type == "MESH"
        yield [action for action in bpy.data.actions if action.session_uid not in before]
    finally:
        window.scene = home
        bpy.data.batch_remove([block for block in _blocks() if block.session_uid not in before])
        for library in [library for library in bpy.data.libraries if library.session_uid not in libraries]:
            bpy.data.libraries.remove(library)


def _append_scene(path: Path) -> bpy.types.Scene:
    """The first scene of a .blend file that has an armature; what is shown of a collection of others is in it, too."""
    try:
        with hushed(), bpy.data.libraries.load(str(path.resolve()), link=False) as (there, here):
            here.scenes = list(there.scenes)
    except OSError as error:
        raise GalateaError(f"{path} cannot be read: {error}") from error
    for scene in here.scenes:
        for whole in {ob.instance_collection for ob in scene.objects} - {None}:
            scene.collection.children.link(whole)
    with_rig = [scene for scene in here.scenes if any(ob.type == "ARMATURE" for ob in scene.objects)]
    if not with_rig:
        raise ClipError(f"there is no armature in {path.name}; name a file with a rig")
    return with_rig[0]


def _all_data() -> set[int]:
    return {block.session_uid for block in _blocks()}


def _blocks() -> Iterator[bpy.types.ID]:
    """Every data-block of the open file that can be removed."""
    for name in dir(bpy.data):
        collection = getattr(bpy.data, name)
        if name not in _KEPT and hasattr(collection, "remove"):
            yield from collection


_KEPT = ("window_managers", "workspaces", "screens", "libraries")
