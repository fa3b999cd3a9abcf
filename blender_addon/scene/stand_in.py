# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of an armature in a scene of its own: posed and evaluated to learn how a rig works, the user's left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from .handles import Handle

_FOLLOWERS = ("IK", "COPY_ROTATION", "COPY_TRANSFORMS", "COPY_LOCATION")  # what objects with keys are followed by
_FOLLOWED = (("target", "subtarget"), ("pole_target", "pole_subtarget"))


@contextmanager
def _unheard() -> Iterator[None]:
    """Other add-ons are not told of updates meanwhile: they look after the scene that the user has open."""
    lists = bpy.app.handlers.depsgraph_update_pre, bpy.app.handlers.depsgraph_update_post
    kept = [list(each) for each in lists]
    for each in lists:
        each.clear()
    try:
        yield
    finally:
        for each, functions in zip(lists, kept):
            each.extend(functions)


class StandIn:
    """The armature and the objects that its constraints follow, copied without their actions but with their drivers.

    Blender evaluates a scene of two or three objects in a few milliseconds at most, whatever else is open. Use it as a
    context; all copies are gone afterwards. Matrices are (4, 4), in the armature's space.
    """

    def __init__(self, armature: bpy.types.Object):
        self._source = armature

    def __enter__(self) -> StandIn:
        self._made: list[bpy.types.ID] = []
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _build(self) -> None:
        self.scene = bpy.data.scenes.new("Galatea stand-in")
        self._made.append(self.scene)
        self.scene.frame_current = bpy.context.scene.frame_current
        self.armature = self._copy(self._source)
        if self.armature.data.pose_position == "REST":
            self.armature.data = self.armature.data.copy()
            self._made.append(self.armature.data)
            self.armature.data.pose_position = "POSE"
        self.objects: dict[str, bpy.types.Object] = {}
        for constraint in (each for bone in self.armature.pose.bones for each in bone.constraints):
            for what, part in _FOLLOWED if constraint.type in _FOLLOWERS else ():
                target = getattr(constraint, what, None)
                if target is not None and target != self.armature and not getattr(constraint, part):
                    setattr(constraint, what, self._object(target))
        self.update()
        self._place = {bone.name: k for k, bone in enumerate(self.armature.pose.bones)}

    def _copy(self, source: bpy.types.Object) -> bpy.types.Object:
        copy = source.copy()
        self._made.append(copy)
        copy.hide_viewport = False
        if copy.animation_data is not None:
            copy.animation_data.use_tweak_mode = False
            copy.animation_data.use_nla = False
            copy.animation_data.action = None
        self.scene.collection.objects.link(copy)
        return copy

    def _object(self, source: bpy.types.Object) -> bpy.types.Object:
        if source.name not in self.objects:
            self.objects[source.name] = copy = self._copy(source)
            if copy.parent == self._source:
                copy.parent = self.armature
        return self.objects[source.name]

    def _remove(self) -> None:
        for kind, home in ((bpy.types.Object, bpy.data.objects), (bpy.types.Armature, bpy.data.armatures),
                           (bpy.types.Scene, bpy.data.scenes)):
            for made in [made for made in self._made if isinstance(made, kind)]:
                home.remove(made)
        self._made = []

    # --- posing ---

    def pose(self, handle: Handle) -> bpy.types.PoseBone | bpy.types.Object:
        """What holds a handle's location, rotation and scale."""
        return self.objects[handle.name] if handle.object else self.armature.pose.bones[handle.name]

    def set(self, handle: Handle, location: np.ndarray | None = None, rotation: np.ndarray | None = None) -> None:
        """Give a handle a location (3,) and a rotation (4,), each as it is where None; its scale stays."""
        pose = self.pose(handle)
        if rotation is not None:
            kept = pose.location.copy(), pose.scale.copy()
            pose.matrix_basis = Quaternion(rotation).to_matrix().to_4x4()
            pose.location, pose.scale = kept
        if location is not None:
            pose.location = location

    def update(self) -> None:
        """Let Blender evaluate what was set."""
        self.armature.update_tag()
        layer = self.scene.view_layers[0]
        with _unheard():
            layer.update()
        self._evaluated = self.armature.evaluated_get(layer.depsgraph)
        self._graph = layer.depsgraph

    # --- looking ---

    def constraints(self, bone: str) -> bpy.types.bpy_prop_collection:
        """A bone's constraints as evaluated, what drives their influence having had its say."""
        return self._evaluated.pose.bones[bone].constraints

    def frames(self, handles: Iterable[Handle]) -> np.ndarray:
        """(N, 4, 4) where Blender has handles."""
        flat = np.empty(16 * len(self._place), np.float32)
        self._evaluated.pose.bones.foreach_get("matrix", flat)
        bones = flat.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
        return np.array([self._object_frame(handle) if handle.object else bones[self._place[handle.name]]
                         for handle in handles]).reshape(-1, 4, 4)

    def _object_frame(self, handle: Handle) -> np.ndarray:
        there = self.objects[handle.name].evaluated_get(self._graph)
        return np.array(self._evaluated.matrix_world.inverted() @ there.matrix_world, dtype=np.float64)

    def unposed(self, handle: Handle, frame: np.ndarray, own_constraints: bool) -> tuple[np.ndarray, np.ndarray]:
        """Where a handle would be with its own channels at rest (4, 4), and what its location moves it along (3, 3).

        frame: where it is (4, 4). own_constraints: whether it has some that move it, else the bone above it tells all
        (which holds for a bone that a solver moves, too).
        """
        if handle.object:
            basis = np.array(self.objects[handle.name].matrix_basis)
            rest = frame @ np.linalg.inv(basis)
            return rest, rest[:3, :3]
        pose = self.armature.pose.bones[handle.name]
        posed = self._from_above(pose)
        rest = np.array(posed(Matrix.Identity(4)))
        axes = np.column_stack([np.array(posed(Matrix.Translation(axis)))[:3, 3] - rest[:3, 3] for axis in np.eye(3)])
        if own_constraints:
            own = frame @ np.linalg.inv(np.array(posed(pose.matrix_basis)))
            return own @ rest, own[:3, :3] @ axes
        return rest, axes

    def _from_above(self, pose: bpy.types.PoseBone) -> Callable[[Matrix], Matrix]:
        """From a bone's own channels to where the bones above it take it, by Blender's rules of inheritance."""
        bone, above = pose.bone, pose.parent
        if above is None:
            return lambda basis: bone.convert_local_to_pose(basis, bone.matrix_local)
        there = self._evaluated.pose.bones[above.name].matrix
        return lambda basis: bone.convert_local_to_pose(basis, bone.matrix_local, parent_matrix=there,
                                                        parent_matrix_local=above.bone.matrix_local)
