# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses that are begun and want to be completed."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..errors import GalateaError
from ..motion.requests import CONTROLS, PoseRequest
from . import packs

if TYPE_CHECKING:
    import bpy


@dataclass(frozen=True)
class PoseResult:
    """What was posed. bones: those that were. known: how many joints they follow from. keyed: whether they got keys."""

    bones: tuple[str, ...]
    known: int
    keyed: bool
    frame: int
    rig: str
    family: str
    notes: tuple[str, ...]
    pack: str
    pack_version: str
    licence: str
    provider: str
    why_not: str
    onnxruntime: str
    seconds: float
    request: PoseRequest

    @property
    def figures(self) -> dict[str, float]:
        """How many joints were known, and how many bones were posed."""
        return {"known_joints": self.known, "posed_bones": len(self.bones)}

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def complete_pose(armature: bpy.types.Object, request: PoseRequest | None = None) -> PoseResult:
    """Pose what is not keyed on the scene's frame (nor selected, where that is asked for) so that it goes with what is.

    Keys are set where others are keyed on the frame or Blender sets keys by itself; those that are there stay as they
    are. GalateaError with one line when nothing is known of the pose, or the rig or the pack is not in order.
    """
    import bpy

    from ..motion.pose_prior import open_pose_prior
    from ..scene import completing, keys, rigs

    began = time.perf_counter()
    request = request or PoseRequest()
    if request.controls not in CONTROLS:
        raise GalateaError(f"controls cannot be {request.controls!r}; choose {' or '.join(CONTROLS)}")
    pack = packs.pick_pack("pose-vae", request.pack)
    rig = rigs.read_rig(armature, rigs.read_map_for(armature, request.bone_map) if request.bone_map else None)
    keys.check_editable(armature)
    prior = open_pose_prior(pack, request.device)
    done = completing.complete_pose(armature, rig, prior, request.selected, request.controls)
    session = prior.encoder
    return PoseResult(
        bones=done.bones, known=done.known, keyed=done.keyed, frame=bpy.context.scene.frame_current, rig=rig.armature,
        family=rig.family, notes=(*rig.notes, *done.notes), pack=pack.id, pack_version=pack.version,
        licence=pack.licence, provider=session.provider, why_not=session.why_not, onnxruntime=session.version,
        seconds=time.perf_counter() - began, request=request)
