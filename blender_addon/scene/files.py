# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening and saving files of five formats, whole or not at all."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import bpy

from ..errors import GalateaError, RigError
from ..motion.bvh import read_bvh, write_bvh
from .gltf import put_animation_first
from .rigs import read_rig
from .sampling import sample_clip

ENDINGS = (".blend", ".glb", ".gltf", ".fbx", ".bvh")
_FRESH_FPS = 30  # of a scene made for a file that has no scene of its own; what models run at
_ENDING = re.compile(r"\.(blend|glb|gltf|fbx|bvh)(:|$)", re.IGNORECASE)


# --- reading --------------------------------------------------------------------------------------------------------


def split_rig(rig: str) -> tuple[Path, str]:
    """`FILE` or `FILE:ARMATURE` as a path and a name, "" for none; the last ending that a colon or the end follows
    belongs to the file."""
    found = list(_ENDING.finditer(rig))
    if not found:
        raise GalateaError(f"{rig}: not a file that Galatea opens; it takes {' '.join(ENDINGS)}")
    stop = found[-1].start(2)
    return Path(rig[:stop]), rig[stop + 1:]


def open_rig(rig: str) -> bpy.types.Object:
    """Open the file of `FILE` or `FILE:ARMATURE` in place of what is open now and return the armature object.

    Formats other than .blend come into an empty scene. GalateaError when the file cannot be read, RigError when the
    armature is not there or more than one may be meant.
    """
    path, name = split_rig(rig)
    open_file(path)
    return find_armature(path.name, name)


def open_file(path: Path) -> None:
    """Open a .blend file, or import another format into an empty scene. GalateaError when that fails."""
    check_source(path)
    if path.suffix.lower() != ".blend":
        new_file()
        import_file(path)
        return
    try:
        with hushed():
            bpy.ops.wm.open_mainfile(filepath=str(path.resolve()), load_ui=False)
    except RuntimeError as error:
        raise GalateaError(f"{path} cannot be read: {_reason(error)}") from error
    if bpy.context.mode.startswith("EDIT"):  # a file is as it was saved; nobody at the shell can leave it
        bpy.ops.object.mode_set(mode="OBJECT")


def import_file(path: Path) -> None:
    """Import a .glb, .gltf, .fbx or .bvh file into the scene in hand. GalateaError when that fails."""
    check_source(path)
    ending = path.suffix.lower()
    if ending == ".bvh":
        motion = read_bvh(path)  # says in one line what is wrong, which Blender's importer does not
        height = float(abs(motion.offsets).sum(axis=0).max())
    try:
        with hushed():
            if ending in (".glb", ".gltf"):
                bpy.ops.import_scene.gltf(filepath=str(path))
            elif ending == ".fbx":
                bpy.ops.import_scene.fbx(filepath=str(path))
            else:
                # more than 30 units of bones are centimetres, not metres
                bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01 if height > 30.0 else 1.0,
                                        update_scene_fps=True)
    except (RuntimeError, AttributeError) as error:
        raise GalateaError(f"{path} cannot be read: {_reason(error)}") from error


def check_source(path: Path) -> None:
    """GalateaError with one line when there is no such file."""
    if not path.is_file():
        raise GalateaError(f"there is no file {path}; name a {', '.join(ENDINGS)} file")


def new_file() -> None:
    """Replace what is open by an empty scene at the rate that models run at; add-ons and preferences stay."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True, load_ui=False)
    bpy.context.scene.render.fps = _FRESH_FPS
    bpy.context.scene.render.fps_base = 1.0


def find_armature(file: str, name: str = "") -> bpy.types.Object:
    """The armature object called `name` (or whose data is), or the only one, or the only humanoid; else RigError."""
    armatures = [ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE"]
    listed = ", ".join(ob.name for ob in armatures)
    if not armatures:
        for ob in bpy.context.scene.objects:
            if ob.instance_collection and any(there.type == "ARMATURE" for there in ob.instance_collection.all_objects):
                raise RigError(f"{ob.name} in {file} only shows a collection with an armature in it; make a library "
                               "override of it (Object > Library Override > Make), or name the file that it is from")
        raise RigError(f"there is no armature in {file}; name a file with a rig")
    if name:
        named = [ob for ob in armatures if ob.name == name] or [ob for ob in armatures if ob.data.name == name]
        if not named:
            raise RigError(f"there is no armature {name!r} in {file}; it has {listed}")
        return named[0]
    if len(armatures) == 1:
        return armatures[0]
    humanoid = []
    for armature in armatures:
        with suppress(RigError):
            read_rig(armature)
            humanoid.append(armature)
    if len(humanoid) != 1:
        raise RigError(f"there are several armatures in {file}; name one as {file}:ARMATURE, with {listed}")
    return humanoid[0]


# --- writing --------------------------------------------------------------------------------------------------------


def check_target(path: Path, endings: tuple[str, ...] = ENDINGS) -> None:
    """Make sure, before any work, that a file can be written at `path`; GalateaError with one line when not."""
    if path.suffix.lower() not in endings:
        raise GalateaError(f"{path}: the ending says the format; name a file that ends in {' '.join(endings)}")
    if path.is_dir():
        raise GalateaError(f"{path} is a folder; name a file in it")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise GalateaError(f"there is no folder {path.parent}; make it, or write {path.name} elsewhere")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise GalateaError(f"{path} cannot be written ({error.strerror or error}); name a folder you may write to"
                           ) from error


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A name to write to in place of `path`; what was written is moved there when the block ends well, else removed.

    The files that an exporter writes beside its own (a .gltf's buffers) come along.
    """
    folder = Path(tempfile.mkdtemp(prefix=".galatea-", dir=path.resolve().parent))
    # A .blend holds paths relative to itself, so it is written into the very folder that it will be in.
    temporary = folder.with_suffix(".blend") if path.suffix.lower() == ".blend" else folder / path.name
    try:
        yield temporary
        _check_whole(temporary, path)
        if temporary.parent == folder:
            for file in sorted(folder.iterdir()):
                os.replace(file, path.resolve().parent / file.name)
        else:
            os.replace(temporary, path)
    except OSError as error:
        raise GalateaError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".blend").unlink(missing_ok=True)


_ZSTD, _ZSTD_TABLE = bytes.fromhex("28b52ffd"), bytes.fromhex("b1ea928f")
_FBX_END = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")


def _check_whole(written: Path, path: Path) -> None:
    """GalateaError when a file was cut off: on a full disk Blender's own writers can end without a word."""
    data = written.read_bytes()
    whole = {
        # its last block is ENDB; compressed it ends in the table that zstd's seekable format puts last
        ".blend": lambda: b"ENDB" in data[-64:] or (data[:4] == _ZSTD and data[-4:] == _ZSTD_TABLE),
        ".glb": lambda: data[:4] == b"glTF" and int.from_bytes(data[8:12], "little") == len(data),
        ".gltf": lambda: _buffers_whole(written, data),
        ".fbx": lambda: data.endswith(_FBX_END),
    }.get(path.suffix.lower(), lambda: bool(data))
    if not whole():
        raise GalateaError(f"{path} was cut off while it was written; is the disk full? What was there before is kept")


def _buffers_whole(written: Path, data: bytes) -> bool:
    """Blender writes the one buffer of a .gltf beside it."""
    try:
        needed = sum(buffer["byteLength"] for buffer in json.loads(data).get("buffers", []))
    except ValueError:
        return False
    beside = written.with_suffix(".bin")
    return needed == 0 or (beside.is_file() and beside.stat().st_size >= needed)


def write_file(path: Path, armature: bpy.types.Object) -> None:
    """Write the open scene in the format of `path`'s ending; .bvh holds `armature` alone, at its active action.

    The other formats hold every action of the armature; in glTF, whose players start with the first, the active one
    comes first. Where a character follows a control rig, which knows nothing of its actions, glTF and FBX files hold
    one animation, of the scene's frames, in which it moves as one sees it. Use within `staged`. GalateaError when
    Blender cannot write it.
    """
    write = {".blend": _write_blend, ".glb": _write_gltf, ".gltf": _write_gltf, ".fbx": _write_fbx}
    animation = armature.animation_data
    action = animation.action.name if animation and animation.action else ""
    try:
        if path.suffix.lower() == ".bvh":
            _write_bvh(path, armature)
        else:
            with hushed():
                write[path.suffix.lower()](path)
        if write.get(path.suffix.lower()) is _write_gltf:
            put_animation_first(path, action)
    except (RuntimeError, AttributeError) as error:
        raise GalateaError(f"{path.name} cannot be written: {_reason(error)}") from error


def _write_blend(path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, check_existing=False)


def _write_gltf(path: Path) -> None:
    """Masks are applied, so that skin under clothes stays away; where there are shape keys, that is not to be had."""
    meshes = [ob for ob in bpy.context.scene.objects if ob.type == "MESH"]
    masked = any(modifier.type == "MASK" for ob in meshes for modifier in ob.modifiers)
    bpy.ops.export_scene.gltf(
        filepath=str(path), check_existing=False,
        export_format="GLB" if path.suffix.lower() == ".glb" else "GLTF_SEPARATE",
        use_active_scene=True, export_skins=True,
        export_apply=masked and not any(ob.data.shape_keys for ob in meshes),
        export_animations=True, export_animation_mode="SCENE" if _is_led() else "ACTIONS",
        export_anim_scene_split_object=False,
        export_frame_range=False, export_force_sampling=True, export_anim_slide_to_zero=True,
    )


def _write_fbx(path: Path) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path), check_existing=False, add_leaf_bones=False, path_mode="COPY", embed_textures=True,
        bake_anim=True, bake_anim_use_nla_strips=False, bake_anim_use_all_actions=not _is_led(),
        bake_anim_simplify_factor=0.0,
    )


def _is_led() -> bool:
    """Whether a character in the scene follows a control rig."""
    from .metarigs import control_rig_of  # which needs this module

    return any(control_rig_of(ob) is not None for ob in bpy.context.scene.objects if ob.type == "ARMATURE")


def _write_bvh(path: Path, armature: bpy.types.Object) -> None:
    animation = armature.animation_data
    if animation is None or animation.action is None:
        raise GalateaError(f"{armature.name} has no action to write as BVH")
    bone = armature.data.bones[read_rig(armature).bones["Hips"]]
    root = bone.parent_recursive[-1] if bone.parent else bone
    first, last = (round(frame) for frame in animation.action.frame_range)
    write_bvh(path, sample_clip(armature, root.name, first, last, bpy.context.scene))


# --- Blender's own words --------------------------------------------------------------------------------------------


def _reason(error: RuntimeError | AttributeError) -> str:
    """The last line of what an operator reported, without Blender's prefix."""
    if isinstance(error, AttributeError):  # there is no such operator
        return "the add-on for this format is switched off; switch it on in Blender's preferences"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return re.sub(r"^(Error: )+", "", lines[-1]) if lines else "Blender does not say why"


@contextmanager
def hushed() -> Iterator[None]:
    """Keep what Blender and its importers print out of the command's own output; errors come as exceptions."""
    _flush()
    saved = [os.dup(1), os.dup(2)]
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            try:
                with redirect_stdout(nowhere), redirect_stderr(nowhere):
                    yield
            finally:
                _flush()
    finally:
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for handle in saved:
            os.close(handle)


def _flush() -> None:
    """Send on what Python and Blender (whose buffers are C's) have printed so far."""
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)
