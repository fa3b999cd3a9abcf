# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea motion`, `retarget`, `feet` and `keys`: what puts keys on a rig."""

from __future__ import annotations

import argparse
import re
from typing import Any

from ..inference.devices import DEVICES
from ..motion.requests import CONTROLS, KEYS, ROOTS, KeyOptions
from .printing import by, check_apart, check_writable, progress, say, say_device, say_figures, say_notes, write_json
from .rigs import add_map

_FORMATS = "FILE may end in .blend .glb .gltf .fbx .bvh."


def add_verbs(verbs: argparse._SubParsersAction, every: argparse.ArgumentParser) -> None:
    """Say how they are called."""
    _add_motion(verbs.add_parser("motion", parents=[every], help="generate motion onto a rig",
                                 description=f"Generate motion onto a rig. {_FORMATS}"))
    _add_retarget(verbs.add_parser("retarget", parents=[every], help="put clips onto a rig",
                                   description=f"Put clips onto a rig, an action for each. {_FORMATS}"))
    _add_feet(verbs.add_parser("feet", parents=[every], help="keep standing feet where they stand",
                               description=f"Keep the standing feet of a rig's action where they stand. {_FORMATS}"))
    _add_keys(verbs.add_parser("keys", parents=[every], help="fewer keys, or more, for the same motion",
                               description=f"Fit the keys of a rig's action at another tolerance. {_FORMATS}"))


def _add_motion(motion: argparse.ArgumentParser) -> None:
    add_rig(motion)
    motion.add_argument("--action", required=True, help="walk, or a list with seconds: walk:3,jump:1,walk:3")
    motion.add_argument("--style", default="", help="one of the pack's styles (see: galatea packs info)")
    motion.add_argument("--seconds", type=float, default=8.0, metavar="S", help="length (default: %(default)g)")
    motion.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="times the action's natural pace (default: %(default)g)"
    )
    motion.add_argument("--path", default="", metavar="CURVE", help="a curve object in the file to walk along")
    motion.add_argument("--loop", action="store_true", help="make the end meet the beginning")
    motion.add_argument("--continue", dest="from_pose", action="store_true",
                        help="go on from the pose and the speed that the rig has at the first frame")
    motion.add_argument("--no-cleanup", dest="clean_up", action="store_false",
                        help="leave the motion as the model makes it")
    motion.add_argument("--takes", type=int, default=1, metavar="N", help="how many variants (default: %(default)d)")
    motion.add_argument("--clip", default="", metavar="TAKE.bvh", help="also write the take on the canonical skeleton")
    motion.add_argument(
        "--device", default="auto", choices=DEVICES, metavar="DEVICE", help=f"{', '.join(DEVICES)} (default: auto)"
    )
    motion.add_argument("--pack", default="", metavar="ID", help="the model to use (default: the one that ships)")
    _add_start(motion)
    add_keying(motion, "keys", "controls", "feet", "hands", "travel", "nla")
    motion.set_defaults(run=_motion)


def _add_retarget(retarget: argparse.ArgumentParser) -> None:
    retarget.add_argument("--clip", required=True, action="append", metavar="FILE[:ARMATURE]",
                          help="a clip, or a file with several; may be given again")
    add_rig(retarget)
    _add_start(retarget)
    add_keying(retarget, "keys", "controls", "feet", "hands", "travel", "nla")
    retarget.set_defaults(run=_retarget)


def _add_feet(feet: argparse.ArgumentParser) -> None:
    add_rig(feet)
    feet.add_argument("--frames", type=frame_range, default=(None, None), metavar="A-B",
                      help="where feet are to stand (default: the whole action)")
    add_keying(feet, "keys", "controls")
    feet.set_defaults(run=_feet)


def _add_keys(keys: argparse.ArgumentParser) -> None:
    add_rig(keys, has_map=False)
    add_keying(keys, "keys")
    keys.set_defaults(run=_keys)


def add_rig(verb: argparse.ArgumentParser, has_map: bool = True) -> None:
    """The rig that is worked on, and the file it goes to."""
    verb.add_argument("--rig", required=True, metavar="FILE[:ARMATURE]", help="the rig to animate")
    verb.add_argument("--out", required=True, metavar="FILE", help="where the animated rig goes")
    if has_map:
        add_map(verb)


def _add_start(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--start", type=int, default=1, metavar="FRAME", help="first frame (default: %(default)d)")


def add_keying(verb: argparse.ArgumentParser, *wanted: str) -> None:
    """The options that say how a motion becomes keys: those that mean something to a verb."""
    plain = KeyOptions()
    if "keys" in wanted:
        verb.add_argument("--keys", default=plain.keys, choices=KEYS,
                          help="as few as the tolerance allows, or one on every frame (default: %(default)s)")
        verb.add_argument("--tolerance", type=float, default=plain.tolerance, metavar="MM",
                          help="how far any joint may be off with sparse keys (default: %(default)g)")
    if "controls" in wanted:
        verb.add_argument("--controls", default=plain.controls, choices=CONTROLS,
                          help="what to key on a rig with IK (default: %(default)s, as it is built)")
    if "feet" in wanted:
        verb.add_argument("--no-feet", dest="feet", action="store_false", help="leave the feet as they come")
    if "hands" in wanted:
        verb.add_argument("--no-hands", dest="hands", action="store_false",
                          help="leave the hands where they come, within a character's hips or not")
    if "travel" in wanted:
        verb.add_argument("--in-place", action="store_true", help="leave the hips where they are")
        verb.add_argument("--root", default=plain.root, choices=ROOTS,
                          help="where the travel is keyed: in the hips, or as curves of its own (default: %(default)s)")
    if "nla" in wanted:
        verb.add_argument("--nla", action="store_true", help="add NLA tracks instead of binding an action")


_OPTIONS = ("keys", "tolerance", "controls", "feet", "hands", "in_place", "root", "nla")


def key_options(args: argparse.Namespace) -> dict[str, Any]:
    """A request's key options, out of those that the verb has."""
    given = {name: getattr(args, name) for name in _OPTIONS if hasattr(args, name)}
    return given | {"bone_map": getattr(args, "map", "")}


def frame_range(text: str) -> tuple[int, int]:
    """ "10-50" as (10, 50); frames may be negative."""
    found = re.fullmatch(r"\s*(-?\d+)\s*-\s*(-?\d+)\s*", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} are no frames; write them as 10-50")
    first, last = map(int, found.groups())
    if first > last:
        raise argparse.ArgumentTypeError(f"{text} ends before it begins")
    return first, last


def check_files(args: argparse.Namespace, clips_read: list[str], clip_written: str = "") -> None:
    """GalateaError before any work when a file cannot be written, or would be lost."""
    check_writable(args.json)
    written = {"--out": args.out, "--clip": clip_written, "--json": args.json}
    check_apart(args.rig, written, {"--clip": clips_read, "--map": [getattr(args, "map", "")]})


# --- verbs ------------------------------------------------------------------------------------------------------


def _motion(args: argparse.Namespace) -> int:
    check_files(args, [], args.clip)
    from .. import api

    request = api.MotionRequest(
        action=args.action, style=args.style, seconds=args.seconds, speed=args.speed, path=args.path, loop=args.loop,
        from_pose=args.from_pose, clean_up=args.clean_up, start=args.start, takes=args.takes, seed=args.seed,
        device=args.device, pack=args.pack, **key_options(args))
    progress(args, f"making {args.seconds:g} s of {args.action} for {args.rig} ...")
    result = api.animate_file(args.rig, request, args.out, args.clip)
    write_json(args, result.as_dict())
    say(args, f"made       {', '.join(result.actions)}: {result.frames} frames, on a rig {result.scale:.2f} times "
              "the size of the body in the figures")
    if len(result.actions) > 1:
        say(args, f"of these   {result.actions[0]} (every take's own figures are in --json):")
    say_figures(args, result.figures)
    say_notes(args, result.notes)
    say(args, f"with       {by(result)}, seed {result.seed}")
    say_device(args, result)
    say(args, f"wrote      {', '.join(filter(None, (args.out, args.clip)))} in {result.seconds:.2f} s")
    return 0


def _retarget(args: argparse.Namespace) -> int:
    check_files(args, args.clip)
    from .. import api

    request = api.RetargetRequest(clips=tuple(args.clip), start=args.start, **key_options(args))
    progress(args, f"putting {', '.join(args.clip)} onto {args.rig} ...")
    result = api.retarget_file(args.rig, request, args.out)
    write_json(args, result.as_dict())
    for number, take in enumerate(result.takes):
        say(args, f"made       {take.action}" + (f": {result.frames} frames" if number == 0 else ""))
        say_figures(args, take.figures)
    say(args, f"rig        {result.rig}: {result.family}" + _left_still(result.missing))
    say_notes(args, result.notes)
    say(args, f"wrote      {args.out} in {result.seconds:.2f} s")
    return 0


def _feet(args: argparse.Namespace) -> int:
    check_files(args, [])
    from .. import api

    first, last = args.frames
    request = api.FeetRequest(first=first, last=last, **key_options(args))
    progress(args, f"locking the feet of {args.rig} ...")
    result = api.lock_feet_file(args.rig, request, args.out)
    write_json(args, result.as_dict())
    say(args, f"made       {result.action}: {result.frames} frames")
    say_figures(args, result.figures)
    say(args, f"new keys   {', '.join(result.bones)}; all other curves are as they were")
    say_notes(args, result.notes)
    say(args, f"wrote      {args.out} in {result.seconds:.2f} s")
    return 0


def _keys(args: argparse.Namespace) -> int:
    check_files(args, [])
    from .. import api

    progress(args, f"fitting the keys of {args.rig} ...")
    result = api.refit_keys_file(args.rig, api.KeyOptions(**key_options(args)), args.out)
    write_json(args, result.as_dict())
    say(args, f"made       {result.action}")
    say_figures(args, result.figures)
    say(args, f"wrote      {args.out} in {result.seconds:.2f} s")
    return 0


def _left_still(missing: tuple[str, ...]) -> str:
    return f", without {', '.join(missing)}" if missing else ""
