# SPDX-License-Identifier: GPL-3.0-or-later
"""Constraints kept on or off throughout an action: by their influence, or by what drives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import bpy
import numpy as np

from ..motion.tracks import Extra
from .stand_in import StandIn

_TRIED = (0.0, 1.0)  # what switches between FK and IK go from and to


def settle(stand: StandIn, settings: Sequence[Extra]) -> None:
    """Give the stand-in what is kept throughout."""
    for extra in settings:
        _give(stand.armature, extra.path, extra.values)
    if settings:
        stand.update()


def keep_influence(stand: StandIn, bone: str, constraint: str, influence: float) -> Extra | None:
    """What has to be kept for a bone's constraint to have an influence of 0 or 1; None when nothing does it.

    A driven influence is left to its driver: the property that this reads is what people switch with. The stand-in has
    it afterwards.
    """
    escaped = [bpy.utils.escape_identifier(name) for name in (bone, constraint)]
    path = 'pose.bones["{}"].constraints["{}"].'.format(*escaped)
    driver = next((each for each in _drivers(stand) if each.data_path == path + "influence"), None)
    if driver is None:
        found = Extra(path + "influence", np.array([influence]), group=bone)
        settle(stand, [found])
        return found
    for switch in _read_by(driver, stand.armature):
        before = _get(stand.armature, switch)
        for value in _TRIED:
            _give(stand.armature, switch, [value])
            stand.update()
            if abs(stand.constraints(bone)[constraint].influence - influence) < 1e-3:
                return Extra(switch, np.array([value]), group=bone)
        _give(stand.armature, switch, [before])
        stand.update()
    return None


def _drivers(stand: StandIn) -> Sequence[bpy.types.FCurve]:
    animation = stand.armature.animation_data
    return animation.drivers if animation else ()


def _read_by(driver: bpy.types.FCurve, armature: bpy.types.Object) -> Iterator[str]:
    """The custom properties of the armature object and its bones that a driver reads."""
    for variable in driver.driver.variables:
        target = variable.targets[0]
        if variable.type == "SINGLE_PROP" and target.id == armature and target.data_path.endswith('"]'):
            yield target.data_path


def _holder(owner: bpy.types.Object, path: str) -> tuple[bpy.types.bpy_struct, str, bool]:
    """What has the property at the end of a path, the property's name, and whether it is a custom one."""
    if path.endswith('"]'):
        holder, _, name = path[:-2].rpartition('["')
        return (owner.path_resolve(holder) if holder else owner), name, True
    holder, _, name = path.rpartition(".")
    return owner.path_resolve(holder), name, False


def _get(owner: bpy.types.Object, path: str) -> float:
    holder, name, custom = _holder(owner, path)
    return holder[name] if custom else getattr(holder, name)


def _give(owner: bpy.types.Object, path: str, values: Sequence[float]) -> None:
    holder, name, custom = _holder(owner, path)
    value = values if len(values) > 1 else type(_get(owner, path))(values[0])
    if custom:
        holder[name] = value
    else:
        setattr(holder, name, value)
