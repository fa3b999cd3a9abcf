# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what panels show up to date: asked for while drawing, looked up afterwards on a timer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import bpy
from bpy.app.handlers import persistent

from .. import home
from ..errors import GalateaError
from ..texture.vocabulary import verdicts
from . import shown

if TYPE_CHECKING:
    from .. import api
    from ..rig.bone_map import BoneMap

_SOON = 0.02  # seconds
SURE = 0.75  # a confidence below it is shown as a question
_stale = True  # the rig may have changed
_wanted: tuple[int, ...] | None = None  # the key of the rig that a panel wants to know about
_DRAWN_IN = (("VIEW_3D", "UI"), ("NODE_EDITOR", "UI"), ("PREFERENCES", "WINDOW"))  # types of areas and their regions
MODES = {"OBJECT": "Object Mode", "POSE": "Pose Mode"}


def rig_in_hand(context: bpy.types.Context) -> bpy.types.Object | None:
    """The armature that is active, or that deforms what is active; else None."""
    active = context.active_object
    if active is None or active.type == "ARMATURE":
        return active
    return active.find_armature()


def only_shown(active: bpy.types.Object | None) -> str:
    """A line for an object that shows a collection, such as one linked from another file, in place of what is in it."""
    if active is None or active.instance_collection is None:
        return ""
    return f"{active.name} only shows a collection; make a library override of it (Object menu) to get at what is in it"


def key_of(rig: bpy.types.Object) -> tuple[int, ...]:
    """What tells one rig from another, and from itself in another state."""
    return (rig.session_uid, rig.data.session_uid, len(rig.data.bones), rig.mode == "EDIT", rig.is_editable)


def known(rig: bpy.types.Object) -> shown.Rig | None:
    """What the rig was taken for, when that was looked up already."""
    return None if _stale else last_known(rig)


def last_known(rig: bpy.types.Object) -> shown.Rig | None:
    """The same, also when it is about to be looked up again: for panels, which are not to flicker."""
    told = shown.now.rig
    return told if told is not None and told.key == key_of(rig) else None


def ask(context: bpy.types.Context) -> None:
    """Have everything looked up that a panel needs and that is not known; cheap, for draw()."""
    global _wanted
    rig = rig_in_hand(context)
    missing = rig is not None and known(rig) is None
    if missing:
        _wanted = key_of(rig)
    if (missing or shown.now.catalogue is None) and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=_SOON)


def mark_stale() -> None:
    """The rig may be another one than it was."""
    global _stale
    _stale = True


def read_packs() -> shown.Catalogue:
    """Look through the pack folders, now."""
    from .. import api

    packs, problems = api.list_packs()
    try:
        user_folder, packs_folder = str(home.user_folder()), str(home.packs_folder())
    except GalateaError as error:
        user_folder = packs_folder = ""
        problems = [*problems, error]
    shown.now.catalogue = shown.Catalogue(tuple(map(_shown_pack, packs)), tuple(map(str, problems)), user_folder,
                                          packs_folder)
    redraw()
    return shown.now.catalogue


def read_rig(rig: bpy.types.Object) -> shown.Rig:
    """Look at a rig, now."""
    from .. import api

    global _stale
    told = None
    try:
        told = _of_map(rig, api.map_rig(rig))
        told = replace(told, rest_pose=api.describe_rig(rig).rest_pose)
    except GalateaError as error:
        told = replace(told, problem=str(error)) if told else shown.Rig(key_of(rig), problem=str(error))
    shown.now.rig, _stale = told, False
    redraw()
    return told


def _of_map(rig: bpy.types.Object, found: BoneMap) -> shown.Rig:
    from .. import api

    by_hand = api.corrections_of(rig)
    lacking = tuple(joint for joint in found.lacking if joint not in found.points)
    joints = {}
    for joint in (*found.matches, *found.missing):
        match, end = found.matches.get(joint), found.points.get(joint)
        mark = "GREASEPENCIL" if joint in by_hand else "REMOVE"
        if match is not None:
            sure = "CHECKMARK" if match.confidence >= SURE else "QUESTION"
            joints[joint] = shown.Joint(match.bone, mark if joint in by_hand else sure,
                                        f"{100.0 * match.confidence:.0f} %, {match.reason}")
        elif end is not None:
            joints[joint] = shown.Joint("", "DOT", f"where {end} ends")
        else:
            why = "set to none by hand" if joint in by_hand else "no bone was found"
            joints[joint] = shown.Joint("", "ERROR" if joint in lacking else mark, why)
    return shown.Rig(key_of(rig), found.family, "", joints, found.missing, lacking, found.notes, bool(by_hand))


def redraw() -> None:
    """Draw all sidebars and preferences again, and no viewport, which may take long."""
    for manager in bpy.data.window_managers:
        for window in manager.windows:
            for area in window.screen.areas:
                for region in area.regions:
                    if (area.type, region.type) in _DRAWN_IN:
                        region.tag_redraw()


def _look() -> float | None:
    """One thing at a time, so that the window stays awake."""
    global _wanted
    if shown.now.catalogue is None:
        read_packs()
        return _SOON
    wanted, _wanted = _wanted, None
    if wanted is not None:
        rig = next((ob for ob in bpy.data.objects if ob.session_uid == wanted[0]), None)
        if rig is not None and rig.type == "ARMATURE":
            read_rig(rig)
    return None


def _shown_pack(pack: api.Pack) -> shown.Pack:
    sources = tuple(f"{source['name']}: {source['licence']}" for source in pack.data)
    credits = tuple(dict.fromkeys(source["credit"] for source in pack.data if source.get("credit")))
    pace = pack.content.get("generator", {}).get("natural_speed", {})
    textures = pack.content.get("texture", {})
    tiles = {name: textures["looks"][name]["tile_metres"] for name in textures.get("classes", ())}
    directions = tuple(shown.Direction(each["name"], *each["range"]) for each in textures.get("directions", ()))
    return shown.Pack(pack.id, pack.kind, pack.title, pack.version, pack.licence, pack.bytes / 1e6, sources, credits,
                      pack.words("actions"), pack.words("styles"), dict(pace), tiles, directions,
                      {name: f"{told[:1].upper()}{told[1:]}" for name, told in verdicts(pack).items()} if tiles else {})


@persistent
def _after_update(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    # an armature's bones were edited; or, where the rig stood in its own way, a constraint may have been switched off
    told = shown.now.rig
    if depsgraph.id_type_updated("ARMATURE") or (told and told.problem and depsgraph.id_type_updated("OBJECT")):
        mark_stale()


@persistent
def _after_undo(*_: object) -> None:
    mark_stale()


@persistent
def _after_load(*_: object) -> None:
    mark_stale()
    shown.now.rig = shown.now.failure = shown.now.progress = None
    shown.now.made.clear()
    shown.now.filled.clear()
    shown.now.dressed.clear()


_HANDLERS = (("depsgraph_update_post", _after_update), ("undo_post", _after_undo), ("redo_post", _after_undo),
             ("load_post", _after_load))


def register() -> None:
    """Watch Blender's data."""
    for when, handler in _HANDLERS:
        getattr(bpy.app.handlers, when).append(handler)


def unregister() -> None:
    """Watch no longer."""
    for when, handler in _HANDLERS:
        if handler in getattr(bpy.app.handlers, when):
            getattr(bpy.app.handlers, when).remove(handler)
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
    shown.forget()
    mark_stale()
