# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea inbetween`: what lies between an artist's keys."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..inference.devices import DEVICES
from .motions import add_keying, add_rig, check_files, frame_range, key_options
from .printing import by, progress, say, say_device, say_figures, say_notes, table, write_json

if TYPE_CHECKING:
    from .. import api

_ABOUT = ("Fill the gaps between the keys of a rig's action. The keys that are there stay as they are; new ones are of "
          "type Generated. FILE may end in .blend .glb .gltf .fbx .bvh.")


def add_verbs(verbs: argparse._SubParsersAction, every: argparse.ArgumentParser) -> None:
    """Say how it is called."""
    inbetween = verbs.add_parser("inbetween", parents=[every], help="fill the gaps between keys", description=_ABOUT)
    add_rig(inbetween)
    inbetween.add_argument("--frames", type=frame_range, default=(None, None), metavar="A-B",
                           help="between which frames keys count (default: the whole action)")
    inbetween.add_argument("--variants", "--takes", type=int, default=1, metavar="N",
                           help="more than one: as many copies of the action, each filled otherwise")
    inbetween.add_argument("--remove-generated", action="store_true",
                           help="fill nothing: take the generated keys of these frames away")
    inbetween.add_argument("--device", default="auto", choices=DEVICES, metavar="DEVICE",
                           help=f"{', '.join(DEVICES)} (default: auto)")
    inbetween.add_argument("--pack", default="", metavar="ID", help="the model to use (default: the one that ships)")
    add_keying(inbetween, "keys", "controls", "feet")
    inbetween.set_defaults(run=_inbetween)


def _inbetween(args: argparse.Namespace) -> int:
    check_files(args, [])
    from .. import api

    first, last = args.frames
    if args.remove_generated:
        removed = api.remove_generated_file(args.rig, args.out, first, last)
        write_json(args, {"removed": removed.count, "action": removed.action, "others": removed.others,
                          "files": [args.out]})
        say(args, f"removed    {removed.count:,} generated keys from {removed.action}; all others are as they were")
        if removed.others:
            say(args, f"left       {', '.join(removed.others)}: not the rig's action now; bind one and run this again")
        say(args, f"wrote      {args.out}")
        return 0
    request = api.InbetweenRequest(first=first, last=last, variants=args.variants, seed=args.seed, device=args.device,
                                   pack=args.pack, **key_options(args))
    progress(args, f"filling between the keys of {args.rig} ...")
    result = api.inbetween_file(args.rig, request, args.out)
    write_json(args, result.as_dict())
    _say_result(args, result)
    return 0


def _say_result(args: argparse.Namespace, result: api.InbetweenResult) -> None:
    say(args, f"filled     {', '.join(result.actions)}: {len(result.filled)} of {len(result.gaps)} gaps")
    for gap in result.gaps:
        if gap.why:
            say(args, f"left       frames {gap.first} to {gap.last}, as Blender interpolates them: {gap.why}")
    if len(result.actions) > 1:
        table(args, ("variant", "seed", "keys", "off by mm", "apart cm"), [
            (name, str(seed), f"{each['keys']:,.0f}", f"{each.get('key_error_mm', 0.0):.2f}",
             f"{each['apart_cm']:.1f}" if "apart_cm" in each else "")
            for name, seed, each in zip(result.actions, result.seeds, result.each, strict=True)])
    else:
        say_figures(args, result.figures if result.keys else {})
    say_notes(args, result.notes)
    say(args, f"with       {by(result)}, seed {result.seeds[0]}")
    say_device(args, result)
    say(args, f"wrote      {args.out} in {result.seconds:.2f} s")
