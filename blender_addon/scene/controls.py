# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones of a rig take keys: the mapped ones, what they follow, or what their limbs reach for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import bpy

from ..errors import RigError
from ..rig.rig_map import RigMap
from .following import followed_controls
from .handles import Chain, Controls
from .metarigs import control_rig_of
from .rigify import rigify_controls
from .stand_in import StandIn


def read_controls(armature: bpy.types.Object, rig: RigMap, wish: str = "auto", keyed: Collection[str] | None = None
                  ) -> Controls:
    """What takes keys on a rig. wish: "auto" as it is built, "fk" with its solvers off, "ik" on what they reach for;
    "now" as it is switched at present, which is what an action that is bound needs. keyed: bones that people keyed,
    where nothing but these gets keys; None where all do.

    RigError in one line when a solver is in the way that cannot be switched off.
    """
    with StandIn(armature) as stand:
        return controls_of(stand, rig, wish, {}, keyed)


def controls_of(stand: StandIn, rig: RigMap, wish: str, off: Mapping[Chain, str],
                keyed: Collection[str] | None = None) -> Controls:
    """The same, with a stand-in at hand. off: solvers not to be left on, and why. RigError in one line, too, for a
    character that follows a control rig."""
    leader = control_rig_of(stand.armature)
    if leader is not None:
        raise RigError(f"{rig.armature} follows its control rig; select {leader.name} to animate it")
    return rigify_controls(stand, rig, wish, keyed) or followed_controls(stand, rig, wish, off)
