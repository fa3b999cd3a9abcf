# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea character`: a person who does not exist, as a body on a rig."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..character.requests import GARMENTS, SHAPES, CharacterRequest
from ..errors import GalateaError
from ..inference.devices import DEVICES
from .printing import by, check_apart, check_writable, progress, say, say_device, say_notes, write_json

# what is told of a person: name of the measurement, what people call it
_SEXES = {"female": 0.0, "woman": 0.0, "f": 0.0, "male": 1.0, "man": 1.0, "m": 1.0}
_TOLD = (("chestcircumference", "chest"), ("waistcircumference", "waist"), ("buttockcircumference", "hip"))


def add_verbs(verbs: argparse._SubParsersAction, every: argparse.ArgumentParser) -> None:
    """Say how it is called."""
    plain = CharacterRequest()
    character = verbs.add_parser(
        "character", parents=[every], help="make a character",
        description="Make a character: a skinned body on a rig, in a material and moving if wanted. What is not asked "
                    "for is left to the seed. FILE may end in .blend .glb .gltf .fbx.")
    character.add_argument("--stature", type=float, metavar="M", help="height in metres")
    character.add_argument("--weight", type=float, metavar="KG", help="in kilograms")
    character.add_argument("--sex", type=_sex, metavar="X", help="0 or female to 1 or male")
    character.add_argument("--age", type=float, metavar="YEARS", help="in years")
    character.add_argument("--variety", type=float, default=plain.variety, metavar="X",
                           help="from 0 for the likeliest such person to 1 for as varied as people are (default: "
                                "%(default)g)")
    character.add_argument("--shape", action="append", default=[], metavar="NAME=X,...",
                           help="style beyond what was measured, such as head=0.3,muscle=0.5: "
                                + ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in SHAPES.items()))
    character.add_argument("--material", default="", metavar="CLASS",
                           help="a class of textures for the skin (default: plain clay)")
    character.add_argument("--material-seed", type=int, metavar="N", help="the material's own (default: --seed)")
    character.add_argument("--clothes", default="", metavar="GARMENT,...",
                           help=f"what is worn: {', '.join(GARMENTS)} (default: nothing)")
    character.add_argument("--wear", action="append", default=[], metavar="GARMENT=CLASS",
                           help="a class of textures for a garment; may be given again (default: plain cloth)")
    character.add_argument("--clothes-seed", type=int, metavar="N", help="the clothes' own (default: --seed)")
    character.add_argument("--action", default="", help="what the character does: walk, or walk:3,jump:1,walk:3")
    character.add_argument("--style", default="", help="how it is done: one of the motion pack's styles")
    character.add_argument("--seconds", type=float, metavar="S", help=f"how long (default: {plain.seconds:g})")
    character.add_argument("--motion-seed", type=int, metavar="N", help="the motion's own (default: --seed)")
    character.add_argument("--device", default=plain.device, choices=DEVICES, metavar="DEVICE",
                           help=f"for material and motion: {', '.join(DEVICES)} (default: {plain.device})")
    character.add_argument("--pack", default="", metavar="ID", help="the body pack (default: the one that ships)")
    character.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the character goes")
    character.set_defaults(run=_character)


def _character(args: argparse.Namespace) -> int:
    check_writable(args.json)
    check_apart("", {"--out": args.out, "--json": args.json}, {})
    from .. import api

    request = _request(args)
    progress(args, "making a character ...")
    result = api.character_file(request, args.out)
    write_json(args, result.as_dict())
    about = result.measurements
    sex = {0.0: "female", 1.0: "male"}.get(about["sex"], f"sex {about['sex']:.2g}")
    say(args, f"made       {result.armature}: {about['stature']:.2f} m, {about['weightkg']:.0f} kg, {sex}, "
              f"{about['age']:.0f} years")
    say(args, "measures   " + ", ".join(f"{name} {100.0 * about[of]:.0f} cm" for of, name in _TOLD))
    if result.material is not None:
        say(args, f"material   {', '.join(result.material.materials)}, by {by(result.material.texture)}")
    for worn in result.clothes:
        made_of = f", {', '.join(worn.material.materials)}" if worn.material is not None else ", in plain colours"
        say(args, f"wears      {worn.object}{made_of}")
    if result.motion is not None:
        say(args, f"motion     {', '.join(result.motion.actions)}: {result.motion.frames} frames, by "
                  f"{by(result.motion)}")
    say_notes(args, result.notes)
    say(args, f"with       {by(result)}, seed {result.seed}")
    made_of = [material.texture for material in (result.material, *(worn.material for worn in result.clothes))
               if material is not None]
    say_device(args, *made_of, *([result.motion] if result.motion is not None else []))
    say(args, f"wrote      {args.out} in {result.seconds:.2f} s")
    return 0


def _sex(text: str) -> float:
    """0 for female to 1 for male, in a word or a number."""
    try:
        return float(_SEXES.get(text.lower(), text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither female, male nor a number from 0 to 1") from None


def _request(args: argparse.Namespace) -> CharacterRequest:
    """What was asked for; GalateaError for what is not NAME=VALUE, or is of no use without another option."""
    for needed, there, options in (("--action", args.action, ("style", "seconds", "motion_seed")),
                                   ("--material", args.material, ("material_seed",)),
                                   ("--clothes", args.clothes, ("clothes_seed", "wear"))):
        for option in options:
            if not there and getattr(args, option) not in (None, "", []):
                raise GalateaError(f"--{option.replace('_', '-')} says nothing without {needed}; give both, or neither")
    shape = {}
    for name, amount in _pairs("--shape", args.shape, "head=0.3").items():
        try:
            shape[name] = float(amount)
        except ValueError:
            raise GalateaError(f"--shape {name}={amount}: {amount} is no number; write such as {name}=0.3") from None
    return CharacterRequest(
        seed=args.seed, sex=args.sex, stature=args.stature, weight=args.weight, age=args.age, variety=args.variety,
        shape=shape, material=args.material, material_seed=args.material_seed,
        clothes=tuple(name.strip().lower() for name in args.clothes.split(",") if name.strip()),
        clothes_seed=args.clothes_seed, wear=_pairs("--wear", args.wear, "shirt=denim"), action=args.action,
        style=args.style, seconds=CharacterRequest.seconds if args.seconds is None else args.seconds,
        motion_seed=args.motion_seed, device=args.device, pack=args.pack)


def _pairs(option: str, given: list[str], such_as: str) -> dict[str, str]:
    """{name: value} of NAME=VALUE,NAME=VALUE, in one option or in several."""
    pairs: dict[str, str] = {}
    for pair in (pair.strip() for each in given for pair in each.split(",")):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise GalateaError(f"{option} {pair}: write it such as {such_as}")
        if name.lower() in pairs:
            raise GalateaError(f"{option} names {name} twice; give it once")
        pairs[name.lower()] = value
    return pairs
