# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea texture`: seamless materials as PNG maps."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from ..errors import GalateaError
from ..inference.devices import DEVICES
from ..texture.requests import MIXED, TextureRequest
from .printing import by, check_writable, progress, say, say_device, say_notes, short, write_json


def add_verbs(verbs: argparse._SubParsersAction, every: argparse.ArgumentParser) -> None:
    """Say how it is called."""
    plain = TextureRequest()
    texture = verbs.add_parser(
        "texture", parents=[every], help="make seamless materials",
        description="Make seamless materials, five PNG maps each: FOLDER/<class>_<seed>_<map>.png.")
    texture.add_argument("--class", dest="class_name", default="", metavar="CLASS",
                         help="one of the pack's classes (see: galatea packs info)")
    texture.add_argument("--like", default="", metavar="IMAGE", help="a picture whose style and colours are taken")
    texture.add_argument("--size", type=int, metavar="PX", help=f"width and height (default: {plain.width})")
    texture.add_argument("--width", type=int, metavar="PX", help="a multiple of 32, up to 2048")
    texture.add_argument("--height", type=int, metavar="PX", help="the same")
    texture.add_argument("--count", type=int, default=plain.count, metavar="N",
                         help="how many, with one seed after another (default: %(default)d)")
    texture.add_argument("--variety", type=float, default=plain.variety, metavar="X",
                         help="1 for everything that was learnt, 0 for the class's mean (default: %(default)g)")
    texture.add_argument("--direction", type=direction, action="append", default=[], metavar="NAME=AMOUNT",
                         help="go so far in one of the pack's directions; may be given again")
    texture.add_argument("--mix-seed", type=mixed_seed, default=(None, plain.mix_amount), metavar="SEED[=AMOUNT]",
                         help=f"mix in another seed's style, 0 to 1 of it (default: {plain.mix_amount:g})")
    texture.add_argument("--mixed", choices=MIXED,
                         help=f"what of the style it is mixed into (default: {plain.mixed})")
    texture.add_argument("--second-class", type=direction, default=("", plain.second_amount), metavar="CLASS=AMOUNT",
                         help="go towards another class, 0 to 1 of the way")
    texture.add_argument("--preview", action="store_true", help="also write a lit sphere of each")
    texture.add_argument("--device", default=plain.device, choices=DEVICES, metavar="DEVICE",
                         help=f"{', '.join(DEVICES)} (default: {plain.device})")
    texture.add_argument("--pack", default="", metavar="ID", help="the model to use (default: the one that ships)")
    texture.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made when it is missing")
    texture.set_defaults(run=_texture, parser=texture)


def direction(text: str) -> tuple[str, float]:
    """ "worn=1.5" as ("worn", 1.5)."""
    name, equals, amount = text.partition("=")
    try:
        if name.strip() and equals:
            return name.strip(), float(amount)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no name with an amount; write it as NAME=0.5")


def mixed_seed(text: str) -> tuple[int, float]:
    """ "7=0.3" as (7, 0.3); "7" with the usual amount."""
    seed, equals, amount = text.partition("=")
    try:
        return int(seed), float(amount) if equals else TextureRequest().mix_amount
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; write it as 7, or 7=0.3") from None


def request_of(args: argparse.Namespace) -> TextureRequest:
    """What the arguments ask for. GalateaError where two of them contradict each other."""
    if args.size is not None and (args.width or args.height):
        raise GalateaError("--size is the width and the height; give it alone, or --width and --height")
    if args.mixed is not None and args.mix_seed[0] is None:
        raise GalateaError("--mixed says what of another seed's style is mixed in; name that seed with --mix-seed")
    plain = TextureRequest()
    size = plain.width if args.size is None else args.size
    directions = dict(args.direction)
    if len(directions) < len(args.direction):
        raise GalateaError("a direction is given twice; give each once")
    return TextureRequest(
        class_name=args.class_name, seed=args.seed, width=size if args.width is None else args.width,
        height=size if args.height is None else args.height, count=args.count, variety=args.variety,
        directions=directions, like=args.like, mix_seed=args.mix_seed[0], mix_amount=args.mix_seed[1],
        mixed=args.mixed or plain.mixed, second_class=args.second_class[0], second_amount=args.second_class[1],
        device=args.device, pack=args.pack)


def _texture(args: argparse.Namespace) -> int:
    _check_folder(args.out)
    if args.json is None or args.out.is_dir() or args.json.absolute().parent != args.out.absolute():
        check_writable(args.json)  # else it is written into the folder that is made
    from .. import api

    request = request_of(args)
    progress(args, f"making {request.count} of {request.class_name or 'what the picture shows'} ...")
    result = api.make_textures(request, args.out, args.preview)
    write_json(args, result.as_dict())
    wide, high = result.metres
    pixels = f"{request.width} × {request.height} pixels"
    say(args, f"made       {result.class_name}: {request.count} with {pixels}, {wide:g} × {high:g} m")
    if result.guess:
        likely = sorted(result.guess.items(), key=lambda pair: -pair[1])[:3]
        say(args, f"picture    looks like {', '.join(f'{name} ({share:.0%})' for name, share in likely)}")
    say(args, f"figures    {_told(result.figures)}")
    say_notes(args, result.notes)
    say(args, f"with       {by(result)}, seed {result.seed}")
    say_device(args, result)
    say(args, f"wrote      {len(result.files)} files to {args.out} in {result.seconds:.2f} s")
    return 0


def _told(figures: dict[str, Any]) -> str:
    constant = f", constant: {', '.join(figures['constant'])}" if figures["constant"] else ""
    return (f"seam {short(figures['seam_max'])} of the strongest lines inside, normals off unit length by "
            f"{short(figures['normal_error'])}{constant}")


def _check_folder(folder: Path) -> None:
    """GalateaError before any work when maps cannot be written there."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise GalateaError(f"{there} is a file; name a folder for the maps")
    if not os.access(there, os.W_OK):
        raise GalateaError(f"nothing can be written into {there}; choose another folder or mend its permissions")
