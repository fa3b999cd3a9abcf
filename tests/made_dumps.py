# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a file holds, as plain values, so that before and after can be compared."""

from typing import Any

import bpy

from blender_addon.scene.versions import fcurves

# the window's own, what is counted anew, and what says nothing of a file
_LEFT_OUT = {"screens", "window_managers", "workspaces", "brushes", "palettes", "fonts", "libraries", "version",
             "is_saved", "is_dirty", "all_ids"}
_NO_STATE = {"session_uid", "is_evaluated", "is_runtime_data", "tag", "rna_type", "is_missing", "is_embedded_data",
             "dimensions", "bound_box",  # these two follow the evaluation, when it comes
             "use_nodes"}


def dump_file() -> dict[str, dict[str, Any]]:
    """"objects/Cube" -> the values of its properties, for every data-block, and the state of the view layer."""
    told = {}
    bpy.context.view_layer.update()
    for name in bpy.data.bl_rna.properties.keys():  # noqa: SIM118 - no dictionary
        blocks = getattr(bpy.data, name)
        if name not in _LEFT_OUT and hasattr(blocks, "foreach_get"):
            told |= {f"{name}/{block.name_full}": dump_block(block) for block in blocks}
    layer = bpy.context.view_layer
    active = layer.objects.active
    told["view layer"] = {
        "active": active.name_full if active else None, "mode": bpy.context.mode,
        "selected": sorted(ob.name_full for ob in layer.objects if ob.select_get()),
        "visible": sorted(ob.name_full for ob in layer.objects if ob.visible_get()),
    }
    return told


def dump_block(block: bpy.types.ID) -> dict[str, Any]:
    """A data-block's own values, those of its bones, its keys, its custom properties."""
    told = _values(block)
    if getattr(block, "animation_data", None):
        told["animation"] = _values(block.animation_data)
    if isinstance(block, bpy.types.Object) and block.pose:
        told["pose"] = {bone.name: _values(bone) for bone in block.pose.bones}
    if isinstance(block, bpy.types.Object):
        told["modifiers"] = [_values(modifier) for modifier in block.modifiers]
    if isinstance(block, bpy.types.Action):
        told["keys"] = [(curve.data_path, curve.array_index, [tuple(key.co) for key in curve.keyframe_points])
                        for curve in fcurves(block)]
    if isinstance(block, bpy.types.Scene) and hasattr(block, "galatea_motion"):
        told["motion"] = _values(block.galatea_motion)
    # groups are other add-ons' settings, and ours before 5.0, which are told above
    custom = {key: block[key] for key in block.keys()}  # noqa: SIM118
    told["custom"] = {key: value for key, value in custom.items() if isinstance(value, int | float | str)}
    return told


def _values(owner: Any) -> dict[str, Any]:
    return {prop.identifier: _value(getattr(owner, prop.identifier, None), prop)
            for prop in owner.bl_rna.properties if prop.identifier not in _NO_STATE}


def _value(value: Any, prop: bpy.types.Property) -> Any:
    if prop.type == "COLLECTION":
        return len(value) if value is not None else 0
    if prop.type == "POINTER":
        return getattr(value, "name_full", None) or getattr(value, "identifier", None) if value else None
    if isinstance(value, int | float | str | bool | None):
        return value
    return str(value)


def changes(before: dict, after: dict) -> list[str]:
    """What differs, a line each."""
    lines = [f"{name}: {'gone' if name in before else 'new'}" for name in before.keys() ^ after.keys()]
    for name in before.keys() & after.keys():
        one, other = before[name], after[name]
        lines += [f"{name}.{key}: {one.get(key)!r} -> {other.get(key)!r}"[:300] for key in one.keys() | other.keys()
                  if one.get(key) != other.get(key)]
    return lines
