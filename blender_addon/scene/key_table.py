# SPDX-License-Identifier: GPL-3.0-or-later
"""All keys of an action as arrays: to add some, to take some away, and to see that no others changed by a single bit.

Adding keys makes Blender move the handles of neighbours of type ALIGNED and AUTO. Here every key is written back as it
was, after Blender has had its say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np

from ..motion.tracks import Curve
from .versions import new_fcurve_in_slot, remove_fcurve, slotted_fcurves

# foreach_set takes an enumeration's numbers: bpy.types.Keyframe.interpolation, .type and .handle_left_type
CONSTANT, LINEAR, BEZIER = 0, 1, 2
KEYFRAME, GENERATED = 0, 5
_FREE, _ALIGNED = 0, 3
_EASING_AUTO, _BACK, _AMPLITUDE, _PERIOD = 0, 1.70158, 0.8, 4.1  # Blender's own for new keys
_FIELDS = {"co": np.float32, "handle_left": np.float32, "handle_right": np.float32, "back": np.float32,
           "amplitude": np.float32, "period": np.float32, "handle_left_type": np.int32, "handle_right_type": np.int32,
           "interpolation": np.int32, "easing": np.int32, "type": np.int32, "select_control_point": np.bool_,
           "select_left_handle": np.bool_, "select_right_handle": np.bool_}
_HANDLES = ("co", "handle_left_type", "handle_right_type", "handle_left", "handle_right")
_PAIRS = ("co", "handle_left", "handle_right")

Place = tuple[str, str, int]  # slot, data path, component


@dataclass(frozen=True, eq=False)
class Keys:
    """K keys: Blender's property -> (K,) or (K, 2)."""

    values: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, curve: bpy.types.FCurve) -> Keys:
        """Those of an F-curve."""
        count = len(curve.keyframe_points)
        values = {}
        for name, kind in _FIELDS.items():
            values[name] = np.empty(count * (2 if name in _PAIRS else 1), kind)
            curve.keyframe_points.foreach_get(name, values[name])
        return cls({name: each.reshape(count, 2) if name in _PAIRS else each for name, each in values.items()})

    def __len__(self) -> int:
        return len(self.values["type"])

    def __getitem__(self, chosen: np.ndarray) -> Keys:
        return Keys({name: each[chosen] for name, each in self.values.items()})

    @property
    def frames(self) -> np.ndarray:
        """(K,) where they are."""
        return self.values["co"][:, 0]

    @property
    def generated(self) -> np.ndarray:
        """(K,) which of them Galatea made."""
        return self.values["type"] == GENERATED

    def same(self, other: Keys) -> bool:
        """Whether all is the same to the last bit."""
        return len(self) == len(other) and all(self.values[name].tobytes() == other.values[name].tobytes()
                                               for name in _FIELDS)

    def with_new(self, new: Keys) -> Keys:
        """These and new ones, by frame; of what Galatea made on one frame the new one."""
        kept = self[~(self.generated & np.isin(self.frames, new.frames))]
        both = {name: np.concatenate([each, new.values[name]]) for name, each in kept.values.items()}
        return Keys(both)[np.argsort(both["co"][:, 0], kind="stable")]

    def put(self, curve: bpy.types.FCurve) -> None:
        """Make them all the keys that an F-curve has. No two of them may be within a hundredth of a frame."""
        points = curve.keyframe_points
        points.clear()
        points.add(len(self))
        self._set(curve, _FIELDS)
        curve.update()
        self._set(curve, _HANDLES)  # Blender has moved them meanwhile

    def _set(self, curve: bpy.types.FCurve, names: Iterable[str]) -> None:
        for name in names:
            curve.keyframe_points.foreach_set(name, np.ascontiguousarray(self.values[name]).ravel())


def has_generated(curve: bpy.types.FCurve) -> bool:
    """Whether an F-curve has keys that Galatea made."""
    types = np.empty(len(curve.keyframe_points), np.int32)
    curve.keyframe_points.foreach_get("type", types)
    return bool((types == GENERATED).any())


def new_keys(curve: Curve, kind: int = GENERATED, held: bool = False) -> Keys:
    """Keys for an F-curve as it was fitted. held: the last one keeps its value up to whatever key comes next."""
    points = np.column_stack([curve.frames, curve.values])
    count = len(points)
    straight = curve.left is None
    left, right = (points - [1.0 / 3.0, 0.0], points + [1.0 / 3.0, 0.0]) if straight else (curve.left, curve.right)
    before, after = points - left, right - points
    across = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
    smooth = across < 1e-4 * np.maximum(np.abs(before[:, 0] * after[:, 0]), 1e-9)
    kinds = np.where(smooth, _ALIGNED, _FREE).astype(np.int32)  # on one line they stay so when a person moves one
    way = np.full(count, LINEAR if straight else BEZIER, np.int32)
    way[-1:] = CONSTANT if held else way[-1:]
    no = np.zeros(count, np.bool_)
    return Keys({
        "co": points.astype(np.float32), "handle_left": left.astype(np.float32),
        "handle_right": right.astype(np.float32), "handle_left_type": kinds, "handle_right_type": kinds,
        "interpolation": way, "easing": np.full(count, _EASING_AUTO, np.int32), "type": np.full(count, kind, np.int32),
        "back": np.full(count, _BACK, np.float32), "amplitude": np.full(count, _AMPLITUDE, np.float32),
        "period": np.full(count, _PERIOD, np.float32), "select_control_point": no, "select_left_handle": no,
        "select_right_handle": no})


# --- a whole action -------------------------------------------------------------------------------------------------


def read_keys(action: bpy.types.Action) -> dict[Place, Keys]:
    """The keys of all F-curves of an action, of every slot."""
    return {(slot, curve.data_path, curve.array_index): Keys.of(curve) for slot, curve in slotted_fcurves(action)}


@contextmanager
def unharmed(action: bpy.types.Action) -> Iterator[None]:
    """Meanwhile no key that a person set may change or go, to the last bit; after any error the action is as it was."""
    before = read_keys(action)
    groups = _groups(action)
    try:
        yield
        after = read_keys(action)
        for place, keys in before.items():
            authored = keys[~keys.generated]
            there = after.get(place, keys[:0])
            now = there[~there.generated & np.isin(there.frames, authored.frames)]
            if len(authored) and not now.same(authored):
                raise RuntimeError(f"a key of {place[1]} was about to change")
    except BaseException:
        _restore(action, before, groups)
        raise


def _groups(action: bpy.types.Action) -> dict[Place, str]:
    return {(slot, curve.data_path, curve.array_index): curve.group.name if curve.group else ""
            for slot, curve in slotted_fcurves(action)}


def _restore(action: bpy.types.Action, before: Mapping[Place, Keys], groups: Mapping[Place, str]) -> None:
    there = set()
    for slot, curve in slotted_fcurves(action):
        place = (slot, curve.data_path, curve.array_index)
        there.add(place)
        if place not in before:
            remove_fcurve(action, curve)
        elif not Keys.of(curve).same(before[place]):
            before[place].put(curve)
    for place, keys in before.items():
        if place not in there:
            slot, path, index = place
            keys.put(new_fcurve_in_slot(action, slot, path, index, groups[place]))
