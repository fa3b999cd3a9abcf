# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` shows."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GalateaError, PackError
from ..motion.requests import MotionRequest
from ..texture.material_options import MaterialOptions
from ..texture.requests import TextureRequest
from ..texture.vocabulary import vocabulary
from . import packs
from .materials import MaterialResult, generate_material
from .motion import MotionResult, generate_motion

if TYPE_CHECKING:
    import bpy

# What the figure wears: the first of these that the texture pack knows. Coarser than in life, to be seen from afar.
_WEARS = (("scales", 5.0), ("knit", 8.0))
_SEED = 0


def make_demo(folder: str | Path) -> MotionResult:
    """What `make demo` shows: a Rigify human with a mannequin in a generated material, walking for eight seconds.

    Without a texture pack the mannequin is plain. Leaves demo.blend, demo.glb, demo.png (a contact sheet) and demo.json
    in `folder`, which is made when missing.
    """
    from ..scene import demo, files, render

    began = time.perf_counter()
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalateaError(f"{folder} cannot be made: {error.strerror or error}; name another folder") from error
    for name in ("demo.blend", "demo.glb"):
        files.check_target(folder / name)
    armature = demo.set_stage()
    material = _dress(armature)
    result = generate_motion(armature, MotionRequest(action="walk", seconds=8.0))
    demo.light_stage(armature, result.frames)
    for name in ("demo.blend", "demo.glb"):
        with files.staged(folder / name) as there:
            files.write_file(there, armature)
    with files.staged(folder / "demo.png") as there:
        render.contact_sheet(there, armature, demo.sheet_frames(result.frames))
    written = tuple(str(folder / f"demo.{ending}") for ending in ("blend", "glb", "png", "json"))
    result = replace(result, seconds=time.perf_counter() - began, files=written)
    with files.staged(folder / "demo.json") as there:
        told = result.as_dict() | ({"material": material.as_dict()} if material is not None else {})
        there.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return result


def _dress(armature: bpy.types.Object) -> MaterialResult | None:
    """Put a material on the meshes that an armature carries; None where there is no texture pack."""
    try:
        known = vocabulary(packs.pick_pack("texture-generator"))
    except PackError:
        return None
    name, tiles = next(((name, tiles) for name, tiles in _WEARS if name in known.classes), (known.classes[0], 0.0))
    skins = [ob for ob in armature.children if ob.type == "MESH"]
    return generate_material(skins, TextureRequest(class_name=name, seed=_SEED), MaterialOptions(tiles_per_metre=tiles))
