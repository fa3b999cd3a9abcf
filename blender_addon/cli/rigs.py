# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea rig`: what a rig is taken for, bone by bone."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalateaError
from .printing import check_apart, check_writable, say, say_notes, table, write_json

if TYPE_CHECKING:
    from ..rig.bone_map import BoneMap


def add_verbs(verbs: argparse._SubParsersAction, every: argparse.ArgumentParser) -> None:
    """Say how it is called."""
    rig = verbs.add_parser(
        "rig",
        parents=[every],
        help="what a rig is taken for, bone by bone",
        description="Say which bone stands for which joint and why. FILE may end in .blend .glb .gltf .fbx .bvh.",
    )
    rig.add_argument("--rig", required=True, metavar="FILE[:ARMATURE]", help="the rig to look at")
    add_map(rig)
    rig.add_argument("--save-map", type=Path, metavar="FILE.toml", help="write the bone map, to correct and to give "
                                                                        "to --map")
    rig.set_defaults(run=_rig)


def add_map(verb: argparse.ArgumentParser) -> None:
    """The option that corrects what a rig is taken for."""
    verb.add_argument("--map", default="", metavar="FILE.toml", help="a bone map that says which bone is which joint")


def _rig(args: argparse.Namespace) -> int:
    check_writable(args.json)
    check_writable(args.save_map)
    check_apart(args.rig, {"--save-map": args.save_map, "--json": args.json}, {"--map": [args.map]})
    from .. import api

    armature = api.open_rig(args.rig)
    found = api.map_rig(armature, args.map)
    _say_bones(args, found)
    if args.save_map:
        api.save_map(armature, args.save_map, args.map)
    try:
        report = api.rig_report(armature, args.map)
    except GalateaError as error:
        # what was found is of use to somebody who is about to name the rest
        matches = {joint: asdict(match) for joint, match in found.matches.items()}
        write_json(args, {"armature": armature.name, "family": found.family, "matches": matches,
                          "missing": list(found.missing), "lacking": list(found.lacking), "notes": list(found.notes),
                          "problem": str(error)})
        say_notes(args, found.notes)
        raise
    write_json(args, report)
    _say_rig(args, report)
    say(args, f"wrote      {args.save_map}" if args.save_map else "")
    return 0


def _say_bones(args: argparse.Namespace, found: BoneMap) -> None:
    from ..motion.skeleton import JOINTS

    rows = []
    for joint in JOINTS:
        match = found.matches.get(joint)
        if match is not None:
            rows.append((joint, match.bone, f"{100.0 * match.confidence:.0f} %", match.reason))
        elif joint in found.points:
            rows.append((joint, "-", "", f"where {found.points[joint]} ends"))
        else:
            needed = "; it is needed" if joint in found.lacking else ""
            rows.append((joint, "-", "", f"no bone was found{needed}"))
    table(args, ("joint", "bone", "sure", "why"), rows)


def _say_rig(args: argparse.Namespace, report: dict[str, Any]) -> None:
    found, all_joints = len(report["matches"]), len(report["mapping"])
    below = round(report["upper_arm_below_horizontal_deg"])
    poses = {"T": "T-pose", "A": "A-pose", "down": "arms down"}
    say(args, f"rig        {report['armature']}: {report['family']}, {found} of {all_joints} joints, "
              f"{report['bones']} bones")
    say(args, f"rest pose  {poses.get(report['rest_pose'], report['rest_pose'])}, upper arms {abs(below)}° "
              f"{'above' if below < 0 else 'below'} the horizontal")
    say(args, f"faces      {_direction(report['facing_world'])}, legs {report['leg_length_world']:.3f} m long")
    say(args, f"missing    {', '.join(report['missing'])}" if report["missing"] else "")
    say_notes(args, report["notes"])


def _direction(towards: list[float]) -> str:
    """ "-Y" where it is one of the world's axes, else its three parts."""
    for axis, name in enumerate("XYZ"):
        if abs(towards[axis]) > 0.9998:  # a degree
            return f"{'-' if towards[axis] < 0.0 else '+'}{name}"
    return " ".join(f"{part:.2f}" for part in towards)
